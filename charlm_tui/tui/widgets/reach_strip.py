"""How far back one character looks, as a strip over the text before it: what is read, what matters.

Each column is a character of the window, as they stand in the text; above it is what was likely had
the model read from there on, below it how far the prediction moves if another stood there. Where
the window is wider than the strip its rest stands below, in a band of its own. Draws what it is
given.
"""

from array import array
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.text import cells, fitting, visible
from charlm_tui.tui.widgets.next_character import name
from charlm_tui.tui.widgets.what_if_table import bits, chance

BARS = " ▁▂▃▄▅▆▇█"
NOTCH = "▲"
TICKS = 10  # depths between two numbers on the axis
LEAST = 0.05  # of a bar's full height: what is more is seen


class Look(NamedTuple):
    """One character, and what the last 1, 2, … characters before it do to it: [d - 1] of each."""

    before: str
    """The window, as it stands in the text: before[-d] is the character d before it."""
    here: str
    """The character that stands there."""
    probability: "array[float]"
    """Of that character, after the last d characters."""
    others: Sequence[str]
    """The most likely other character."""
    other_probability: "array[float]"
    settled: int
    """The depth from which on its surprisal stays within 0.1 bit."""
    influence: "array[float]"
    """Bits that the prediction moves if the character d before it is another; none yet if empty."""
    every: bool = False
    """Whether that is the mean over all other symbols, not by a space alone."""


def settled_words(look: Look) -> str:
    """Say where a character settles, and after what: ``settled after 3: ` th` ``."""
    said = visible(look.before[-look.settled :], "⏎")
    return f"settled after {look.settled}: `{said}`"


def bars(values: Sequence[float], full: float, rows: int) -> list[str]:
    """Return columns of bars as lines, the highest first; what is not nothing is seen.

    Args:
        values: of the columns, from 0 on.
        full: the value of a bar of full height.
        rows: lines.
    """
    eighths = [
        0 if value <= full * LEAST / rows else max(1, min(8 * rows, round(value / full * rows * 8)))
        for value in values
    ]
    return [
        "".join(BARS[min(max(each - 8 * level, 0), 8)] for each in eighths)
        for level in reversed(range(rows))
    ]


class ReachStrip(Widget, can_focus=False):
    """A band of lines for as many characters as have room in the width.

    | component class | what |
    | :- | :- |
    | `reach-strip--read` | what is read until it settles, and how likely the character is then |
    | `reach-strip--beyond` | the same of what lies before that |
    | `reach-strip--other` | the best other character |
    | `reach-strip--matters` | influence |
    | `reach-strip--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"reach-strip--{part}" for part in ("read", "beyond", "other", "matters", "muted")
    }
    ALLOW_SELECT: ClassVar[bool] = False

    look: reactive[Look | None] = reactive(None, layout=True)
    rows: reactive[int] = reactive(1, layout=True)
    """Lines of a bar; of one, the other characters have none."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Strip] = []
        self._drawn: tuple[object, ...] = ()  # what the lines were made for

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        if self.look is None:
            return 0
        return len(self._bands(width)) * (self._height + 1) - 1

    @property
    def _height(self) -> int:
        """Lines of a band."""
        return 2 * self.rows + (8 if self.rows > 1 else 5)

    def _pitch(self, look: Look) -> int:
        """Return the cells of a column: the widest character's."""
        return max(cells(glyph(char)) for char in look.before)

    def _bands(self, width: int) -> list[tuple[int, int]]:
        """Return (first, last) depth of each band, the nearest first."""
        assert self.look is not None
        size, most = len(self.look.before), max(1, width // self._pitch(self.look))
        return [(first, min(size, first + most - 1)) for first in range(1, size + 1, most)]

    def notify_style_update(self) -> None:
        """Forget the colours of the theme that was in force."""
        super().notify_style_update()
        self._drawn = ()

    def render_line(self, y: int) -> Strip:
        width, look = self.size.width, self.look
        if look is None:
            return Strip.blank(width, self.rich_style)
        key = (look, width, self.rows)
        if key != self._drawn:
            self._drawn, self._lines = key, []
            for band in self._bands(width):
                if self._lines:
                    self._lines.append(Strip.blank(width, self.rich_style))
                self._lines += self._band(look, *band, width)
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return self._lines[y]

    def _band(self, look: Look, first: int, last: int, width: int) -> list[Strip]:
        """Draw the characters `first` to `last` before the one that is looked at."""
        plain, muted = self.rich_style, self._style("muted")
        depths = range(last, first - 1, -1)  # as they stand in the text
        pitch = self._pitch(look)

        def words(*forms: str) -> list[Segment]:
            return [Segment(fitting(width, *forms), plain)]

        def columns(line: str, *styles: str) -> list[Segment]:
            """Draw a line of a character a column: what is read at all, and what lies before."""
            beyond = sum(depth > look.settled for depth in depths)
            parts = (line[:beyond], styles[-1]), (line[beyond:], styles[0])
            return [
                Segment("".join(_column(char, pitch) for char in part), self._style(style))
                for part, style in parts
            ]

        own = [look.probability[depth - 1] for depth in depths]
        full = max(*look.probability, *look.other_probability)  # one scale for both, in every band
        lines = [words(*_read_words(look, last))]
        lines += [columns(line, "read", "beyond") for line in bars(own, full, self.rows)]
        others = "".join(look.others[depth - 1] for depth in depths)
        if self.rows > 1:
            likely = [look.other_probability[depth - 1] for depth in depths]
            lines.append(words(*_other_words(look, last)))
            lines += [columns(line, "other") for line in bars(likely, full, 1)]
            lines.append(columns(others, "other"))
        lines.append(columns("".join(look.before[-depth] for depth in depths), "read", "beyond"))
        lines.append(self._notch(look, first, last, width))
        lines.append(words(*_matters_words(look)))
        moved = [look.influence[depth - 1] if look.influence else 0.0 for depth in depths]
        most = max(look.influence, default=0.0) or 1.0
        lines += [columns(line, "matters") for line in bars(moved, most, self.rows)]
        lines.append([Segment(_axis(first, last, pitch), muted)])
        return [Strip(line).adjust_cell_length(width, plain) for line in lines]

    def _style(self, part: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"reach-strip--{part}")

    def _notch(self, look: Look, first: int, last: int, width: int) -> list[Segment]:
        """Draw the notch where it settles, with words on the side that has room for them."""
        if not first <= look.settled <= last:
            return [Segment("", self.rich_style)]
        pitch = self._pitch(look)
        left = (last - look.settled) * pitch
        said = settled_words(look)
        style = self._style("read")
        if left + 2 + cells(said) <= width:
            return [Segment(" " * left + f"{NOTCH} {said}", style)]
        if cells(said) + 1 <= left:
            return [Segment(said.rjust(left - 1) + f" {NOTCH}", style)]
        short = f"{look.settled}"
        right = f"{NOTCH} {short}" if left + 2 + len(short) <= width else f"{NOTCH}"
        return [Segment(" " * left + right, style)]


def glyph(char: str) -> str:
    """Return what is drawn for a character in a strip: something that takes a cell, or two."""
    shown = visible(char, "⏎")
    return shown if cells(shown) else "·"


def _column(char: str, pitch: int) -> str:
    shown = glyph(char)
    return shown + " " * (pitch - cells(shown))


def _read_words(look: Look, last: int) -> tuple[str, ...]:
    here, size = f"‘{name(look.here)}’", len(look.before)
    figure = chance(look.probability[size - 1])
    more = "" if last < size else f" {size}"  # else another band has the rest
    return (
        f"read at all: how likely {here} is after the last 1, 2, …{more} characters; "
        f"after all {figure}",
        f"read at all: {here} after 1, 2, …{more} characters, at last {figure}",
        f"read at all: {here}, at last {figure}",
    )


def _other_words(look: Look, last: int) -> tuple[str, ...]:
    symbol, figure = name(look.others[last - 1]), chance(look.other_probability[last - 1])
    return (
        f"the best other character, and how likely that is: at last ‘{symbol}’ {figure}",
        f"the best other one: at last ‘{symbol}’ {figure}",
        f"best other: ‘{symbol}’ {figure}",
    )


def _matters_words(look: Look) -> tuple[str, ...]:
    if not look.influence:
        return ("matters: …",)
    how = "any other symbol stood there, in the mean" if look.every else "a space stood there"
    most = max(range(len(look.influence)), key=look.influence.__getitem__)
    symbol, far = name(look.before[-most - 1]), bits(look.influence[most])
    short = "the mean over all symbols" if look.every else "for a space"
    return (
        f"matters: bits that the prediction moves if {how}; ‘{symbol}’, {most + 1} before: {far}",
        f"matters: bits if {how}; ‘{symbol}’: {far}",
        f"matters: bits, {short}; ‘{symbol}’: {far}",
        f"matters: ‘{symbol}’ {far} bits",
    )


def _axis(first: int, last: int, pitch: int) -> str:
    """Return a line with the number of each tenth depth below its column, and of the first one."""
    line = [" "] * ((last - first + 1) * pitch)
    for depth in sorted({first, last, *range(TICKS, last + 1, TICKS)}):
        number, place = str(depth), (last - depth) * pitch
        end = place + len(number)
        free = all(cell == " " for cell in line[max(0, place - 1) : end + 1])
        if depth >= first and end <= len(line) and free:
            line[place:end] = number
    return "".join(line)
