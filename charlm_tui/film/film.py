"""What a film is: of each epoch a reply, and how surprising a passage is that was not trained on.

Free of numpy: a front end has a film, and another process makes it.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tints import LEVELS

LENGTH = 400  # characters of a reply
LEARNED_BITS = 1.0
"""A character is learned with the first epoch after which its surprisal stays below this."""
LOWEST = 3  # level of what is learned with the first epoch, which has to be seen as well
NEVER = 2**16 - 1
"""Stands for the epoch where a character is not learned."""


class KeptEpoch(NamedTuple):
    """An epoch of a run, or a part of one, whose model file is there."""

    name: str
    """Its number, with its part behind a point if it is cut into parts."""
    place: float
    """Epochs that are trained by then."""
    file: str
    bits: float | None
    """That it was measured to have per character; None if it was not measured."""


class HeldOut(NamedTuple):
    """Where the part of a text is that a run was not trained on."""

    corpus: str
    """Path of the text."""
    sha256: str
    """Of its bytes."""
    characters: int
    """At its end, that are held out."""
    lower: bool
    """Whether it was read in lower case."""
    window: int
    """Characters that a model reads before it is asked for one."""


class Passage(NamedTuple):
    """A stretch of text that was not trained on, or why there is none."""

    text: str = ""
    before: str = ""
    """What is read before it, which was not trained on either."""
    sentence: str = ""
    """Why there is none, if there is none."""


class Order(NamedTuple):
    """What is to be filmed."""

    name: str
    """Of the run."""
    keep: str
    """Path of the file in which the film is kept."""
    epochs: tuple[KeptEpoch, ...]
    """At least one."""
    seed: str
    settings: Settings
    passage: Passage | HeldOut
    measured_on: str = ""
    """What the epochs' bits were measured on."""
    notice: str = ""
    """What is to be told of it, if anything."""
    length: int = LENGTH


class Shot(NamedTuple):
    """What is filmed of an epoch."""

    text: str
    """Its reply."""
    surprisal_bits: bytes
    """float32, one for each character of the passage."""


def evenly(epochs: Sequence[KeptEpoch], most: int) -> Sequence[KeptEpoch]:
    """Return at most `most` of some epochs, the first and the last among them."""
    last = len(epochs) - 1
    if last < most:
        return epochs
    return [epochs[at * last // (most - 1)] for at in range(most)]


class Film:
    """A film, or as much of it as there is.

    Args:
        order: what is filmed.
    """

    def __init__(self, order: Order) -> None:
        self.order = order
        self.passage = Passage()
        self.shots: list[Shot] = []
        """Of the first epochs."""
        self.learned = array("H")
        """Of each character of the passage, the number of the epoch that it is learned with, as
        far as the shots tell; `NEVER` if it is not."""

    @property
    def complete(self) -> bool:
        """Whether every epoch is there."""
        return len(self.shots) == len(self.order.epochs)

    def begin(self, passage: Passage) -> None:
        """Take in the passage, before any shot."""
        assert not self.shots
        self.passage = passage
        self.learned = array("H", [NEVER]) * len(passage.text)

    def add(self, shot: Shot) -> None:
        """Take in the shot of the next epoch."""
        number, learned = len(self.shots), self.learned
        for at, bits in enumerate(array("f", shot.surprisal_bits)):
            if not bits < LEARNED_BITS:
                learned[at] = NEVER
            elif learned[at] == NEVER:
                learned[at] = number
        self.shots.append(shot)

    def levels(self, number: int) -> bytes:
        """Return a level for each character of the passage, as it is after an epoch.

        0 is not learned by then; `LOWEST` to `LEVELS - 1` tell with which epoch, in their order.
        """
        of_epoch = self.epoch_levels()
        return bytes([of_epoch[each] if each <= number else 0 for each in self.learned])

    def known(self, number: int) -> int:
        """Return how many characters of the passage are learned by an epoch."""
        return sum(each <= number for each in self.learned)

    def epoch_levels(self) -> Sequence[int]:
        """Return the level that tells of each epoch."""
        count, steps = len(self.order.epochs), LEVELS - 1 - LOWEST
        return [LOWEST + number * steps // max(1, count - 1) for number in range(count)]
