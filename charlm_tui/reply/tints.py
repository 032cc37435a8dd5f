"""What the text of a reply can be tinted by, and the level that each of its characters has.

Few levels, so that neighbours of one level are one span wherever they are drawn. Reads a tape;
knows nothing of colours, widgets or files.
"""

import math
from array import array
from enum import Enum

from charlm_tui.reply.tape import Tape

LEVELS = 12
DIVERGING = 13
"""Levels of what can be negative: the middle one is about zero."""


class Tint(Enum):
    """What the text is tinted by; the value is its name as it is shown."""

    PLAIN = "plain"
    SURPRISAL = "surprisal"
    ENTROPY = "entropy"
    TEMPERATURE = "temperature"

    @property
    def following(self) -> "Tint":
        """The next one, around the end."""
        every = list(Tint)
        return every[(every.index(self) + 1) % len(every)]


FULL = {Tint.SURPRISAL: 8.0, Tint.ENTROPY: 4.5, Tint.TEMPERATURE: 1.5}
"""The value from which on a character has the highest level: bits, bits, and a temperature."""


def column(tint: Tint, tape: Tape, start: int = 0, stop: int | None = None) -> "array[float]":
    """Return what a tint shows of characters `start` to `stop`, float32; empty for plain text."""
    match tint:
        case Tint.PLAIN:
            return array("f")
        case Tint.SURPRISAL:
            return tape.surprisal_bits(start, stop)
        case Tint.ENTROPY:
            return tape.entropy_bits(start, stop)
        case Tint.TEMPERATURE:
            return tape.temperature(start, stop)


def levels(tint: Tint, tape: Tape, start: int, stop: int) -> bytes:
    """Return the level, below `LEVELS`, of each character from `start` to `stop`.

    What was not measured (NaN) has level 0.
    """
    if tint is Tint.PLAIN:
        return bytes(stop - start)
    scale, most = LEVELS / FULL[tint], LEVELS - 1
    return bytes(
        [
            int(min(value * scale, most)) if value > 0 else 0  # no number is above a NaN
            for value in column(tint, tape, start, stop)
        ]
    )


def unmeasured(tint: Tint, tape: Tape) -> bool:
    """Return whether a tint has nothing to show: none of its values is a number."""
    return all(math.isnan(value) for value in column(tint, tape))
