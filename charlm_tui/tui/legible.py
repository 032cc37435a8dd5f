"""Colours that can be read in every theme: what is too like its ground is moved away from it."""

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import BLACK, WHITE, Color
from textual.filter import LineFilter

from charlm_tui.tui.shades import LEGIBLE, colour_of, contrast

SEEN = 3.0  # contrast of what is no text at least, as the WCAG have it
MOST_CONTRAST = 21.0  # of black and white
_STEPS = 20  # from a colour to black or white
_KEPT = 4096  # styles


class Legible(LineFilter):
    """Sees to it that every text has a contrast of 4.5 at least, and all else one of 3.

    Colours that are the terminal's own, of which nothing is known, are left as they are; so are
    blocks on another ground than the widget's: two bars in one cell, or the end of a scroll bar.
    """

    _background: Color | None = None
    _fine: dict[Style, bool]

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments of a line in colours that can be read.

        It is called for every line of every frame, and nearly all of them are as they should be:
        those cost a look into a table, and what holds only a few is not made again.
        """
        if background is not self._background:
            self._background, self._fine = background, _fine(background)
        known = self._fine
        changed: list[Segment] | None = None
        for number, (text, style, control) in enumerate(segments):
            if style is None:
                continue
            fine = known.get(style)
            if fine is None:
                if len(known) >= _KEPT:
                    known.clear()
                fine = known[style] = _contrast(style, background) >= LEGIBLE
            if fine or text.isspace():
                continue
            seen = _style(style, _is_text(text), _is_block(text), background)
            if seen is not style:
                changed = changed or list(segments)
                changed[number] = Segment(text, seen, control)
        return segments if changed is None else changed


@lru_cache(_KEPT)
def _fine(background: Color) -> dict[Style, bool]:  # noqa: ARG001  (it is the key)
    """Return which styles can be read on a ground, as far as they were met."""
    return {}


def legible(colour: Color, behind: Color, least: float = LEGIBLE) -> Color:
    """Return the colour nearest to one that has a contrast to what is behind it."""
    end = max((BLACK, WHITE), key=lambda each: contrast(each, behind))
    for step in range(_STEPS):
        nearer = colour.blend(end, step / _STEPS)
        if contrast(nearer, behind) >= least:
            return nearer
    return end


def _is_text(text: str) -> bool:
    return any(char.isalnum() for char in text)


def _is_block(text: str) -> bool:
    return all("\u2580" <= char <= "\u259f" for char in text)


def _contrast(style: Style, background: Color) -> float:
    """Return the contrast of what is written in a style; the largest where nothing is known."""
    colour, behind = colour_of(style.color), colour_of(style.bgcolor) or background
    if colour is None or behind.ansi is not None:
        return MOST_CONTRAST
    return contrast(colour, behind)


@lru_cache(_KEPT)
def _style(style: Style, is_text: bool, is_block: bool, background: Color) -> Style:
    colour, behind = colour_of(style.color), colour_of(style.bgcolor) or background
    if is_block and behind.rgb != background.rgb:
        return style
    least = LEGIBLE if is_text else SEEN
    if colour is None or _contrast(style, background) >= least:
        return style
    return style + Style(color=legible(colour, behind, least).rich_color)
