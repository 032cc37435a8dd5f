"""Which units a lens shows: those that stay beside each other, and those ranked by what they cause.

State alone: draws nothing and asks nobody.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from charlm_tui.engine.insight_protocol import CauseTold
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.text import visible
from charlm_tui.tui.widgets.unit_text import MOST_COLUMNS
from charlm_tui.tui.widgets.what_if_table import bits

SPACE = "␣"  # as a symbol in a list


@dataclass(slots=True)
class Pins:
    """Units beside each other: up to four that stay, and one that changes."""

    current: int = 0
    """The unit that keys change."""
    pinned: list[int] = field(default_factory=list)

    @property
    def room(self) -> bool:
        """Whether the current unit can be pinned, or is."""
        return self.current in self.pinned or len(self.pinned) < MOST_COLUMNS

    def toggle(self) -> None:
        """Pin or unpin the current unit; there is room for it."""
        if self.current in self.pinned:
            self.pinned.remove(self.current)
        else:
            self.pinned.append(self.current)

    def columns(self, room: int) -> list[int]:
        """Return the units that are shown; the current one is always among them.

        Args:
            room: for how many there is.
        """
        every = list(self.pinned)
        if self.current not in every:
            every.append(self.current)
        kept = every[: min(room, MOST_COLUMNS)]
        if self.current not in kept:
            kept[-1] = self.current
        return kept


class Caused(NamedTuple):
    """How far a unit moves the prediction of the marked character, and towards what."""

    unit: int
    bits: float
    symbol: str
    """The character that gains most."""
    gain: float
    """How much it gains, from 0 to 1."""

    @property
    def written(self) -> str:
        """The figure of a row: bits, and the character."""
        symbol = SPACE if self.symbol == " " else visible(self.symbol, "⏎")
        return f"{bits(self.bits)}→{symbol}"

    @property
    def words(self) -> str:
        """What is told of it in a line."""
        towards = describe_symbol(self.symbol)
        return f"moves it {bits(self.bits)} bits, most towards {towards} {self.gain:+.2f}"


@dataclass(slots=True)
class CauseRanking:
    """The units by what they cause at the character that is marked.

    Attributes:
        on: whether it is what is listed.
        mean: whether a unit is set to its mean over the text, and not to zero.
        place: number of the character in the reply.
        told: what the engine has told of it; None until then.
    """

    on: bool = False
    mean: bool = False
    place: int = 0
    told: CauseTold | None = None

    def ask(self, place: int) -> None:
        """Take note that another character, or another value, was asked about."""
        self.place, self.told = place, None

    def take(self, told: CauseTold) -> bool:
        """Take in an answer; return whether it is to what was asked last, and still wanted."""
        if not self.on or (told.place, told.mean) != (self.place, self.mean):
            return False
        self.told = told
        return True

    @property
    def sentence(self) -> str:
        """What is to be said in place of the units: why there are none."""
        if self.told is None:
            return "asking the model what its units cause"
        return self.told.sentence

    @property
    def value(self) -> str:
        """What a unit is set to, in words."""
        return "its mean" if self.mean else "zero"

    def units(self, symbols: Sequence[str]) -> list[Caused]:
        """Return what the units cause, the most first.

        Args:
            symbols: of the model, by id.
        """
        if self.told is None or self.told.sentence:
            return []
        columns = (
            array("I", self.told.units),
            array("f", self.told.bits),
            (symbols[index] for index in array("H", self.told.towards)),
            array("f", self.told.gains),
        )
        return [Caused(*row) for row in zip(*columns, strict=True)]
