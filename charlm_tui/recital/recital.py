"""Following one reply through a corpus as it streams.

Owns what is known of the reply: how much of it stands in the corpus, and where. Only characters of
the reply count: a passage that the seed begins and the reply continues begins at the reply's
first character. Takes the reply's text as the model gave it, and knows no tape.
"""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.recital.index import Index
from charlm_tui.recital.words import WordCount


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive characters of a reply that stand in the corpus, too."""

    start: int
    """Characters of the reply before it."""
    length: int
    corpus_start: int
    """Characters of the corpus before it, at one of the places where it stands."""


class Recital:
    """How much of a reply a corpus has, kept up character by character.

    One to two microseconds a character, and about 12 bytes of memory.
    """

    def __init__(self, index: Index) -> None:
        self.index = index
        self._codes = {symbol: code for code, symbol in enumerate(index.symbols)}
        self._texts: list[str] = []
        self._lengths = array("i")
        self._places = array("i")  # in the corpus, after the match
        self._words = WordCount(index.words)
        self._longest = (0, 0)  # how long, and characters of the reply up to its end

    def __len__(self) -> int:
        return len(self._lengths)

    def follow(self, text: str) -> None:
        """Continue with the next characters of the reply; takes time for these only."""
        if not text:
            return
        corpus, step = self.index.codes, self.index.step
        place, length = self._state
        lengths: list[int] = []
        places: list[int] = []
        for code in map(self._codes.get, text):
            if corpus[place] == code:
                place += 1
                length += 1
            elif code is None:
                length = 0
            else:
                place, length = step(place, length, code)
            lengths.append(length)
            places.append(place)
        if (best := max(lengths)) > self._longest[0]:
            self._longest = (best, len(self) + lengths.index(best) + 1)
        self._lengths.fromlist(lengths)
        self._places.fromlist(places)
        self._texts.append(text)
        self._words.read(text)

    def rewind(self, length: int) -> None:
        """Go back to the first `length` characters, as if no others had come.

        Takes time for all of them, if little: 0.1 ms for 100,000.
        """
        assert 0 <= length <= len(self)
        text = "".join(self._texts)[:length]
        self._texts = [text] if text else []
        del self._lengths[length:], self._places[length:]
        self._words.rewind(length, text)
        if self._longest[1] > length:
            lengths = self.lengths()
            end = int(lengths.argmax()) if length else 0
            self._longest = (int(lengths[end]), end + 1) if length else (0, 0)

    @property
    def longest(self) -> Passage:
        """The longest passage of the reply that the corpus has, the first of its length.

        Of length 0 if there is none.
        """
        length, end = self._longest
        return (
            Passage(end - length, length, self._places[end - 1] - length)
            if length
            else Passage(0, 0, 0)
        )

    def lengths(self, start: int = 0, stop: int | None = None) -> NDArray[np.int32]:
        """Return the matching statistics of characters `start` to `stop`.

        Returns:
            int32 [stop - start]: how long the longest passage is that ends with that character and
            stands in the corpus; 0 for a character that the corpus does not have.
        """
        return np.array(self._lengths[start:stop], np.int32)

    @property
    def words(self) -> tuple[int, int]:
        """How many words have ended (`words` says what a word is), and how many are unknown."""
        return self._words.total, self._words.unknown

    @property
    def unknown_share(self) -> float:
        """The share of words that the corpus does not have, from 0 to 1; 0 of no words."""
        total, unknown = self.words
        return unknown / total if total else 0.0

    def words_between(self, start: int, stop: int) -> int:
        """Return how many words end after character `start` and no later than `stop`."""
        return self._words.between(start, stop)

    def newest_unknown(self, most: int) -> list[int]:
        """Return where the newest unknown words end, `most` at the most, the newest first."""
        return self._words.newest_unknown(most)

    @property
    def _state(self) -> tuple[int, int]:
        return (self._places[-1], self._lengths[-1]) if self._lengths else (0, 0)
