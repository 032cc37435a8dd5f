"""How a number of the tape becomes a shade of the text.

Few levels, so that neighbours of one shade are drawn as one segment. Where a terminal has no
colours to shade with, levels are told by weight and underline. Knows nothing of widgets.
"""

from array import array
from dataclasses import dataclass
from enum import Enum

from rich.style import Style
from textual.color import Color

from charlm_tui.session.tape import Tape

LEVELS = 12


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


_FULL = {Tint.SURPRISAL: 8.0, Tint.ENTROPY: 4.5, Tint.TEMPERATURE: 1.5}
"""The value that has the highest level: bits, bits, and a temperature."""


def levels(tint: Tint, tape: Tape, start: int, stop: int) -> bytes:
    """Give the level, below `LEVELS`, of each character from `start` to `stop`."""
    column: array[float]
    match tint:
        case Tint.PLAIN:
            return bytes(stop - start)
        case Tint.SURPRISAL:
            column = tape.surprisal_bits(start, stop)
        case Tint.ENTROPY:
            column = tape.entropy_bits(start, stop)
        case Tint.TEMPERATURE:
            column = tape.temperature(start, stop)
    scale, most = LEVELS / _FULL[tint], LEVELS - 1
    return bytes([min(int(value * scale), most) if value > 0 else 0 for value in column])


@dataclass(frozen=True, slots=True)
class Ramp:
    """The colours from the lowest level over the middle one to the highest."""

    low: Style
    middle: Style
    high: Style

    def shades(self, coloured: bool) -> list[Style]:
        """Give a style for each level.

        Args:
            coloured: whether the terminal can shade; if not, or if the colours are its own,
                levels are told by weight and underline.
        """
        colours = [_colour(style) for style in (self.low, self.middle, self.high)]
        low, middle, high = colours
        if not coloured or low is None or middle is None or high is None:
            weights = [
                Style(dim=True),
                Style(),
                Style(bold=True),
                Style(bold=True, underline=True),
            ]
            return [weights[level * len(weights) // LEVELS] for level in range(LEVELS)]
        half = (LEVELS - 1) / 2
        return [
            Style(
                color=(
                    low.blend(middle, level / half)
                    if level <= half
                    else middle.blend(high, level / half - 1)
                ).rich_color
            )
            for level in range(LEVELS)
        ]


def _colour(style: Style) -> Color | None:
    if style.color is None or style.color.triplet is None:
        return None
    return Color.from_rich_color(style.color)
