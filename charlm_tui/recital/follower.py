"""Following what a conversation shows: the reply of one turn, whatever ways it takes.

Owns how far that reply has been read, and puts what is known of it into figures. Is told when a
reply is rewound, and takes new characters from the turn itself, for as long as it is given; so
whoever shows nothing of it may leave it alone. Knows no screen.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from charlm_tui.recital.index import Index
from charlm_tui.recital.recital import Passage, Recital
from charlm_tui.recital.words import goes_on, last_word
from charlm_tui.reply.tints import LEVELS
from charlm_tui.session.turns import Turn

AT_ONCE = 500  # characters that are read between two looks at the clock: half a millisecond
TOLD = 200  # characters of a passage that are told; of a longer one the middle is left out
NEWEST = 2  # unknown words that are told
LONGEST_WORD = 40  # characters of a word that are told
CHANCE_MATCH = 10  # characters that nearly every text has in common with a corpus: level 0
LONGEST_MATCH = 60  # from here on: the highest level
_LEVELS = bytes(
    0
    if length <= CHANCE_MATCH
    else 1 + (length - CHANCE_MATCH - 1) * (LEVELS - 2) // (LONGEST_MATCH - CHANCE_MATCH - 1)
    for length in range(LONGEST_MATCH + 1)
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of a reply."""

    length: int
    """Characters of the reply that were read."""
    passage: Passage
    """The longest that stands in the corpus."""
    text: str
    """Of the passage; of a long one its ends, with … between them."""
    passage_words: int
    """Whole ones in the passage."""
    corpus_length: int
    """Characters."""
    words: int
    """Of the reply, that have ended."""
    unknown_words: int
    newest_unknown: tuple[str, ...]
    """The newest first."""

    @property
    def share(self) -> float:
        """The passage's, of the reply."""
        return self.passage.length / self.length if self.length else 0.0

    @property
    def unknown_share(self) -> float:
        """Of the words."""
        return self.unknown_words / self.words if self.words else 0.0


class Following:
    """Reads the reply of one turn after the other.

    Args:
        index: of the corpus.
        clock: monotonic, in seconds.
    """

    def __init__(self, index: Index, clock: Callable[[], float] = time.perf_counter) -> None:
        self.index = index
        self.turn: Turn | None = None
        """Whose reply was read."""
        self._clock = clock
        self._recital = Recital(index)

    def rewind(self, turn: Turn, length: int) -> None:
        """Take in that only the first `length` characters of a turn's reply are as they were."""
        if turn is self.turn and length < len(self._recital):
            self._recital.rewind(length)

    def follow(self, turn: Turn | None, for_s: float) -> bool:
        """Read what there is of a turn's reply, for about `for_s` seconds at the most.

        Returns:
            whether all of it has been read.
        """
        if turn is not self.turn:
            self.turn, self._recital = turn, Recital(self.index)
        if turn is None:
            return True
        until = self._clock() + for_s
        length = len(turn.tape)
        while (done := len(self._recital)) < length:
            self._recital.follow(turn.text(done, min(done + AT_ONCE, length)))
            if self._clock() >= until:
                break
        return len(self._recital) >= length

    @property
    def findings(self) -> Findings | None:
        """What is known of what was read; None if nothing was."""
        recital, turn = self._recital, self.turn
        if turn is None or not len(recital):
            return None
        passage = recital.longest
        words, unknown = recital.words
        return Findings(
            len(recital),
            passage,
            _passage_text(turn, passage),
            _whole_words(recital, turn, passage),
            len(self.index),
            words,
            unknown,
            tuple(_word_before(turn, end) for end in recital.newest_unknown(NEWEST)),
        )


def _passage_text(turn: Turn, passage: Passage) -> str:
    start, stop = passage.start, passage.start + passage.length
    if passage.length <= TOLD:
        return turn.text(start, stop)
    half = TOLD // 2
    return turn.text(start, start + half) + "…" + turn.text(stop - half, stop)


def _whole_words(recital: Recital, turn: Turn, passage: Passage) -> int:
    """Count the words of a passage; neither one that began before it, nor one that continues."""
    start = passage.start
    count = recital.words_between(start, start + passage.length)
    before = max(0, start - 2)  # a letter, and a joint after it
    cut = goes_on(turn.text(before, start + 2), start - before)
    return max(0, count - 1) if cut else count


def _word_before(turn: Turn, end: int) -> str:
    """Return the word of a reply that ends at a character."""
    start = max(0, end - LONGEST_WORD)
    word = last_word(turn.text(start, end))
    return f"…{word}" if start and len(word) == LONGEST_WORD else word


def recital_levels(index: Index, turn: Turn, start: int, stop: int) -> bytes:
    """Return the level, below `LEVELS`, of characters `start` to `stop` of a turn's reply.

    It is that of the longest passage which ends with the character and stands in the corpus.
    """
    before = min(start, LONGEST_MATCH)  # what is longer has the same level
    recital = Recital(index)
    recital.follow(turn.text(start - before, stop))
    return bytes(
        [_LEVELS[min(length, LONGEST_MATCH)] for length in recital.lengths(before).tolist()]
    )
