"""Shades: the order of tints, and how the level of a character becomes a colour.

Where a terminal has no colours to shade with, levels are told by weight and underline. Knows
nothing of widgets; reads neither tape nor corpus.
"""

from dataclasses import dataclass
from enum import Enum

from rich.color import Color as TerminalColour
from rich.style import Style
from textual.color import BLACK, WHITE, Color

from charlm_tui.reply.tints import DIVERGING, LEVELS, EngineTint, Tint, tint_named
from charlm_tui.tui.oklab import even, linear

FULLEST = 0.9  # how much of its hue the outermost level has
GROUND = 0.6  # how much of its hue a level has that lies behind the text
LEGIBLE = 4.5  # contrast of the text at least, as the WCAG have it
FADE_LEVELS = 8  # from a new character's colour to the settled one


class CorpusTint(Enum):
    """A tint that no tape knows; the value is its name as it is shown."""

    RECITAL = "recital"


Tinting = Tint | EngineTint | CorpusTint
"""What the text on the screen can be tinted by."""


def after(tinting: Tinting, corpus: bool) -> Tinting:
    """Return the next tint, around the end; the corpus' is the last, where there is a corpus."""
    every = [*Tint, *EngineTint, *(CorpusTint if corpus else ())]
    return every[(every.index(tinting) + 1) % len(every)] if tinting in every else Tint.PLAIN


def tinting_named(name: str) -> Tinting:
    """Return a tint that needs no corpus by its name.

    Raises:
        SettingsError: there is none of that name.
    """
    asked = {tint.value: tint for tint in EngineTint}
    return asked.get(name.lower()) or tint_named(name)


@dataclass(frozen=True, slots=True)
class Ramp:
    """The colours from the lowest level over the middle one to the highest, in even steps."""

    low: Style
    middle: Style
    high: Style

    def shades(self, coloured: bool) -> list[Style]:
        """Return a style for each level.

        Args:
            coloured: whether the terminal can shade; if not, or if the colours are its own,
                levels are told by weight and underline.
        """
        colours = [colour_of(style.color) for style in (self.low, self.middle, self.high)]
        low, middle, high = colours
        if not coloured or low is None or middle is None or high is None:
            weights = [
                Style(dim=True),
                Style(),
                Style(bold=True),
                Style(bold=True, underline=True),
            ]
            return [weights[level * len(weights) // LEVELS] for level in range(LEVELS)]
        return [Style(color=it.rich_color) for it in even([low, middle, high], LEVELS)]

    def grounds(self, plain: Style, coloured: bool) -> list[Style]:
        """Return a style for each level with its colour behind the text, where a space has it, too.

        Args:
            plain: the text and the ground without a tint.
            coloured: whether the terminal can shade; if not, or if the colours are its own,
                levels are told by underline, bold and reverse.
        """
        ground, text = colour_of(plain.bgcolor), colour_of(plain.color)
        hues = [colour_of(style.color) for style in (self.low, self.middle, self.high)]
        if not coloured or ground is None or text is None or None in hues:
            weights = [
                Style(underline=True),
                Style(underline=True, bold=True),
                Style(reverse=True),
                Style(reverse=True, bold=True),
            ]
            return [weights[level * len(weights) // LEVELS] for level in range(LEVELS)]
        corners = [ground.blend(hue, GROUND) for hue in hues if hue is not None]
        behind = even(corners, LEVELS)
        return [Style(color=_legible(text, it).rich_color, bgcolor=it.rich_color) for it in behind]


@dataclass(frozen=True, slots=True)
class Diverging:
    """The colours of the outermost levels, and the text and the ground of the middle one."""

    negative: Style
    neutral: Style
    positive: Style

    def shades(self, coloured: bool) -> list[Style]:
        """Return a style for each of `DIVERGING` levels, the lowest first.

        Args:
            coloured: whether the terminal can shade; if not, or if the colours are its own, what
                is below zero is underlined and what is above it bold, twice as much at the ends.
        """
        ground, text = colour_of(self.neutral.bgcolor), colour_of(self.neutral.color)
        below, above = colour_of(self.negative.color), colour_of(self.positive.color)
        if not coloured or ground is None or text is None or below is None or above is None:
            weights = [
                Style(underline=True, italic=True),
                Style(underline=True),
                Style(dim=True),
                Style(bold=True),
                Style(bold=True, reverse=True),
            ]
            return [weights[level * len(weights) // DIVERGING] for level in range(DIVERGING)]
        one, other = (ground.blend(hue, FULLEST) for hue in (below, above))
        half = DIVERGING // 2 + 1
        behind = [*even([one, ground], half), *even([ground, other], half)[1:]]
        return [Style(color=_legible(text, it).rich_color, bgcolor=it.rich_color) for it in behind]


def fade(fresh: Style, settled: Style) -> list[Style]:
    """Return styles from fresh to settled; only one where the colours are the terminal's own."""
    start, end = colour_of(fresh.color), colour_of(settled.color)
    if start is None or end is None:
        return [settled]
    return [
        settled + Style(color=start.blend(end, level / (FADE_LEVELS - 1)).rich_color)
        for level in range(FADE_LEVELS)
    ]


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours, from 1 to 21, as the WCAG 2.1 define it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def colour_of(colour: TerminalColour | None) -> Color | None:
    """Return a colour that is known; None if it is the terminal's own, or there is none."""
    if colour is None or colour.triplet is None:
        return None
    return Color.from_rich_color(colour)


def _legible(text: Color, behind: Color) -> Color:
    if contrast(text, behind) >= LEGIBLE:
        return text
    return max((BLACK, WHITE), key=lambda each: contrast(each, behind))


def _luminance(colour: Color) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
