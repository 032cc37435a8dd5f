"""What the text of a reply can be tinted by, and the level that each of its characters has.

Few levels, so that neighbours of one level are one span wherever they are drawn. The colours of the
levels in exported files are fixed: a file looks the same wherever it was made. Reads a tape; knows
nothing of widgets or of an app's theme.
"""

import math
from array import array
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from charlm_tui.lm.errors import SettingsError
from charlm_tui.reply.tape import Tape

LEVELS = 12
DIVERGING = 13
"""Levels of what can be negative: the middle one is about zero."""
FULL_RATIO_BITS = 6.0
"""The log-likelihood ratio of a character from which on it has an outermost level."""


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


class EngineTint(Enum):
    """A tint that the engine is asked for; the value is its name as it is shown."""

    REACH = "reach"


def tint_named(name: str) -> Tint:
    """Return a tint by its name.

    Raises:
        SettingsError: there is none of that name.
    """
    try:
        return Tint(name.lower())
    except ValueError:
        names = ", ".join(tint.value for tint in (*Tint, *EngineTint))
        raise SettingsError(f"the tint must be one of {names}, not {name!r:.40}") from None


FULL_SCALE = {Tint.SURPRISAL: 8.0, Tint.ENTROPY: 4.5, Tint.TEMPERATURE: 1.5}
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
    scale, most = LEVELS / FULL_SCALE[tint], LEVELS - 1
    return bytes(
        [
            int(min(value * scale, most)) if value > 0 else 0  # no number is above a NaN
            for value in column(tint, tape, start, stop)
        ]
    )


def ratio_levels(ratio_bits: Iterable[float]) -> bytes:
    """Return the level, below `DIVERGING`, of each log-likelihood ratio in bits.

    The middle one is of what is within half a bit or so: the range is cut into equal parts.
    """
    middle, scale = DIVERGING // 2, DIVERGING / 2 / FULL_RATIO_BITS
    return bytes([middle + round(max(-middle, min(middle, each * scale))) for each in ratio_bits])


def unmeasured(tint: Tint, tape: Tape) -> bool:
    """Return whether a tint has nothing to show: none of its values is a number."""
    return all(math.isnan(value) for value in column(tint, tape))


class Sheet(NamedTuple):
    """The colours of an exported file; ink has a contrast of 4.5 to 1 and more on all of them."""

    paper: str
    ink: str
    faint: str
    """Of what is said beside the text; on paper alone."""
    shades: tuple[str, ...]
    """What lies behind the text, from the lowest level to the highest."""


LIGHT = Sheet(
    "#ffffff",
    "#1c1c1c",
    "#6a6a6a",
    (
        *("#ffffff", "#fff7e0", "#ffefc0", "#ffe69e", "#ffdc7f", "#ffcc77"),
        *("#febb6f", "#fcab68", "#fa9a60", "#f78959", "#f47751", "#f0644a"),
    ),
)
DARK = Sheet(
    "#14161a",
    "#ece9e4",
    "#a3a19d",
    (
        *("#14161a", "#1f1c1b", "#2a221c", "#35291d", "#412f1d", "#4d351c"),
        *("#593c1a", "#664119", "#76431e", "#854622", "#954827", "#a5492b"),
    ),
)

GLOWS = (
    None,
    (90, 128, 200),
    (102, 128, 186),
    (113, 128, 171),
    (124, 127, 157),
    (134, 125, 142),
    (144, 123, 127),
    (154, 121, 111),
    (164, 118, 95),
    (174, 115, 77),
    (183, 111, 54),
    (192, 106, 16),
)
"""Colours of the text in a terminal, legible on black and on white: equally light, from blue to
orange, in even steps. None is the terminal's own."""

DIVERGING_GLOWS = (
    *((20, 118, 255), (46, 122, 236), (70, 126, 214), (90, 128, 192), (104, 128, 170)),
    (116, 128, 150),
    None,
    *((150, 128, 104), (168, 124, 84), (186, 118, 60), (202, 110, 36), (216, 102, 16)),
    (228, 92, 0),
)
"""The same for what can be negative, the lowest level first."""

assert len(DIVERGING_GLOWS) == DIVERGING
assert len(LIGHT.shades) == len(DARK.shades) == len(GLOWS) == LEVELS


def legend(tint: Tint) -> tuple[str, str]:
    """Return the words at both ends of a tint's scale."""
    unit = "" if tint is Tint.TEMPERATURE else " bits"
    return f"{tint.value} 0", f"{FULL_SCALE[tint]:g}{unit} or more"
