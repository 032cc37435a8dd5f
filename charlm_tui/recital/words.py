"""What a word is, and how many of a text's words a corpus has.

The rule is one for the corpus and for replies: letters, joined by single apostrophes and hyphens
between letters (`don't`, `self-love`, but two words in `will--power`); digits and underscores are
no letters; upper and lower case are the same word.
"""

import re
from array import array
from bisect import bisect_right

_LETTER = r"[^\W\d_]"
_JOINTS = "-'’‐"
_WORD = re.compile(rf"{_LETTER}+(?:[{_JOINTS}]{_LETTER}+)*")


def words_of(text: str) -> frozenset[str]:
    """Return every word of a text once, case-folded."""
    # Not `findall`, which would keep all other threads waiting until it has ended.
    return frozenset([word.casefold() for word in {it.group() for it in _WORD.finditer(text)}])


def goes_on(text: str, place: int) -> bool:
    """Return whether a word stands on both sides of a place in a text."""
    return any(word.start() < place < word.end() for word in _WORD.finditer(text))


def last_word(text: str) -> str:
    """Return the last word of a text as it stands there; empty if it has none."""
    return max(((word.end(), word.group()) for word in _WORD.finditer(text)), default=(0, ""))[1]


class WordCount:
    """Counts the words of a text that grows.

    A word counts when it has ended: when a character has come that cannot belong to it.

    Args:
        known: words, case-folded.
    """

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known
        self._length = 0
        self._parts: list[str] = []  # of the word that has not ended, but for what is in `_tail`
        self._tail = ""  # its last letter, and a joint after it that may yet be the word's end
        self._ends = array("q")
        self._unknown_ends = array("q")

    @property
    def total(self) -> int:
        """How many words there are."""
        return len(self._ends)

    @property
    def unknown(self) -> int:
        """How many of them are not known."""
        return len(self._unknown_ends)

    def between(self, start: int, stop: int) -> int:
        """Return how many words end after character `start` and no later than `stop`."""
        return bisect_right(self._ends, stop) - bisect_right(self._ends, start)

    def newest_unknown(self, most: int) -> list[int]:
        """Return where the newest words end that are not known, the newest first."""
        return self._unknown_ends[-1 : -most - 1 : -1].tolist()

    def read(self, text: str) -> None:
        """Count on; takes time for these characters only, however long a word is."""
        first = self._length - len(self._tail)
        text = self._tail + text
        end = None
        for match in _WORD.finditer(text):
            word, end = match.group(), match.end()
            if match.start():
                self._parts.clear()
            if end == len(text) or (end == len(text) - 1 and text[end] in _JOINTS):
                self._parts.append(word[:-1])
                self._tail = text[end - 1 :]
                break
            self._ends.append(first + end)
            if "".join((*self._parts, word)).casefold() not in self._known:
                self._unknown_ends.append(first + end)
            self._parts.clear()
        else:
            self._parts.clear()
            self._tail = ""
        self._length = first + len(text)

    def rewind(self, length: int, text: str) -> None:
        """Go back to the first `length` characters.

        Args:
            length: no more than have been read.
            text: all of those characters.
        """
        settled = bisect_right(self._ends, length - 2)  # a letter and a joint before the end
        del self._ends[settled:]
        start = self._ends[-1] if settled else 0
        del self._unknown_ends[bisect_right(self._unknown_ends, start) :]
        self._length, self._tail = start, ""
        self._parts.clear()
        self.read(text[start:length])
