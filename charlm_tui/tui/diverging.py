"""How a level about zero becomes a colour behind the text: one hue below, one above, none between.

Where a terminal has no colours to shade with, the side is told by underline and by weight. Knows
nothing of widgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.color import Color as TerminalColour
from rich.segment import Segment
from rich.style import Style
from textual.color import BLACK, WHITE, Color

from charlm_tui.reply.tints import DIVERGING
from charlm_tui.text import runs, visible

FULLEST = 0.9  # how much of its hue the outermost level has
LEGIBLE = 4.5  # contrast of the text at least, as the WCAG have it


@dataclass(frozen=True, slots=True)
class Diverging:
    """The colours of the outermost levels, and the text and the ground of the middle one."""

    negative: Style
    neutral: Style
    positive: Style

    def shades(self, coloured: bool) -> list[Style]:
        """Give a style for each of `DIVERGING` levels, the lowest first.

        Args:
            coloured: whether the terminal can shade; if not, or if the colours are its own, what
                is below zero is underlined and what is above it bold, twice as much at the ends.
        """
        ground, text = _colour(self.neutral.bgcolor), _colour(self.neutral.color)
        below, above = _colour(self.negative.color), _colour(self.positive.color)
        if not coloured or ground is None or text is None or below is None or above is None:
            weights = [
                Style(underline=True, italic=True),
                Style(underline=True),
                Style(dim=True),
                Style(bold=True),
                Style(bold=True, reverse=True),
            ]
            return [weights[level * len(weights) // DIVERGING] for level in range(DIVERGING)]
        middle = DIVERGING // 2
        shades = []
        for level in range(DIVERGING):
            hue = above if level > middle else below
            behind = ground.blend(hue, FULLEST * abs(level - middle) / middle)
            shades.append(Style(color=_legible(text, behind).rich_color, bgcolor=behind.rich_color))
        return shades


def contrast(one: Color, other: Color) -> float:
    """Give the contrast of two colours, from 1 to 21, as the WCAG 2.1 define it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def drawn(line: str) -> str:
    """Give what is drawn of a line: its newline is seen, since units tell it too."""
    return visible(line, "⏎")


def tinted(line: str, levels: bytes, shades: Sequence[Style], plain: Style) -> list[Segment]:
    """Draw a line in the shades of its characters, neighbours of one level together.

    Args:
        line: of a text.
        levels: one a character; none if they are not known yet.
        shades: by level.
        plain: the style of what is not known.
    """
    if not levels:
        return [Segment(drawn(line), plain)]
    return [
        Segment(drawn(line[begin:end]), shades[levels[begin]])
        for begin, end in runs(levels, 0, len(line))
    ]


def _legible(text: Color, behind: Color) -> Color:
    if contrast(text, behind) >= LEGIBLE:
        return text
    return max((BLACK, WHITE), key=lambda each: contrast(each, behind))


def _luminance(colour: Color) -> float:
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _colour(colour: TerminalColour | None) -> Color | None:
    if colour is None or colour.triplet is None:
        return None
    return Color.from_rich_color(colour)
