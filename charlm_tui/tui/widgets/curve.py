"""Losses of training runs over epochs or time, as a plot of characters.

plotext draws it: axes, ticks and braille points in 30 ms, and it is drawn again only where there is
something new. It is imported with the first plot, 0.1 s after the first paint.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.cache import LRUCache
from textual.color import Color
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

LEAST_WIDTH, LEAST_HEIGHT = 24, 6  # below which there is nothing to be seen
POINTS_A_CELL = 2
MOST_TICKS = 8
MARKS = ("braille", "+", "x", "o", "·")
"""What lines are drawn with, one after the other, and those that matter less, without colours."""
KEPT = 64  # plots: a mark that moves to and fro has each drawn once
EPOCHS, SECONDS = "epochs", "seconds"  # what a plot is over


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot."""

    name: str
    places: tuple[float, ...]
    bits: tuple[float, ...]
    faint: bool = False
    """Whether it matters less than others."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn."""

    lines: tuple[Line, ...] = ()
    levels: tuple[tuple[str, float], ...] = ()
    """Names and bits to compare with, each a level line."""
    across: str = EPOCHS
    mark: float | None = None
    """A place that is marked by an upright line."""


class Curve(Widget):
    """A plot of bits per character; drawn again where it, or the size, is another.

    | component class | what |
    | :- | :- |
    | `curve--1` to `curve--4` | lines, one after the other |
    | `curve--faint` | lines that matter less, and levels |
    | `curve--mark` | the place that is marked |
    """

    COLOURS = 4
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"curve--{number}" for number in range(1, COLOURS + 1)), "curve--faint", "curve--mark"
    }  # fmt: skip
    ALLOW_SELECT: ClassVar[bool] = False

    plot: reactive[Plot] = reactive(Plot())

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  (Textual's)
        super().__init__(id=id)
        self._drawn: LRUCache[object, list[Strip]] = LRUCache(KEPT)  # lines, by what for

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        blank = Strip.blank(width, self.rich_style)
        if width < LEAST_WIDTH or height < LEAST_HEIGHT or not any(self.plot.lines):
            return blank
        key = (self.plot, width, height, self.app.theme)
        lines = self._drawn.get(key)
        if lines is None:
            lines = self._drawn[key] = self._draw(width, height)
        return lines[y] if y < len(lines) else blank

    def _draw(self, width: int, height: int) -> list[Strip]:
        import plotext

        plotext.clear_figure()
        plotext.limit_size(False, False)  # to a terminal, which it would ask for its size
        plotext.plot_size(width, height)
        plotext.theme("clear")
        plotext.xlabel(self.plot.across)
        number = 0
        for line in self.plot.lines:
            if not line.bits:
                continue
            number += not line.faint
            places, bits = thinned(line.places, line.bits, POINTS_A_CELL * width)
            colour = self._colour("faint" if line.faint else str((number - 1) % self.COLOURS + 1))
            mark = (
                "braille"
                if not self.app.no_color
                else MARKS[-1 if line.faint else (number - 1) % self.COLOURS]
            )
            plotext.plot(places, bits, marker=mark, label=line.name, color=colour)
        last = max((line.places[-1] for line in self.plot.lines if line.places), default=1.0)
        for words, bits_ in self.plot.levels:
            plotext.hline(bits_, self._colour("faint"))
            plotext.text(words, last, bits_, alignment="right", color=self._colour("faint"))
        if self.plot.mark is not None:
            plotext.vline(self.plot.mark, self._colour("mark"))
        if self.plot.across == EPOCHS:
            step = max(1, math.ceil(last / MOST_TICKS))
            plotext.xticks(list(range(step, math.floor(last) + 1, step)))
        text = Text.from_ansi(plotext.build())
        text.no_wrap = True
        lines = text.split("\n", allow_blank=True)
        return [
            Strip(line.render(self.app.console)).apply_style(self.rich_style)
            .adjust_cell_length(width, self.rich_style)
            for line in lines
        ]  # fmt: skip

    def _colour(self, name: str) -> tuple[int, int, int]:
        style = self.get_component_rich_style(f"curve--{name}")
        colour = style.color and Color.from_rich_color(style.color)
        return (colour.r, colour.g, colour.b) if colour else (128, 128, 128)


def thinned(
    places: Sequence[float], bits: Sequence[float], most: int
) -> tuple[Sequence[float], Sequence[float]]:
    """Return at most so many points of a line, its ends among them."""
    count = len(places)
    if count <= most:
        return places, bits
    kept = [round(index * (count - 1) / (most - 1)) for index in range(most)]
    return [places[index] for index in kept], [bits[index] for index in kept]
