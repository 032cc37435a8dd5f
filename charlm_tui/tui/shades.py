"""How the level of a character's tint becomes a shade of the text.

Where a terminal has no colours to shade with, levels are told by weight and underline. Knows
nothing of widgets.
"""

from dataclasses import dataclass

from rich.style import Style
from textual.color import Color

from charlm_tui.reply.tints import LEVELS


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
