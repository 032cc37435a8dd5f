"""One character under several settings, a line each: what would be drawn, and how far that is away.

Draws rows that it is given, the one of now first; as many columns as have room.
"""

import math
from array import array
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.engine.insight_protocol import WhatIfRow
from charlm_tui.text import cells
from charlm_tui.tui.widgets.next_character import name

SHORT = 96  # cells of the table below which titles are short
BAR = 12  # cells of a bar, and of the gap behind it
LEAST_BESIDE_BAR = 12  # cells for symbols that a bar leaves
BARS_ACROSS = ("", *"▏▎▍▌▋▊▉")  # by eighths of a cell
LEAST = 8  # cells for symbols, before columns make room for them
TINY = 0.0001  # bits
_SHORTER = (
    ("now, temperature ", "now T"),
    ("temperature ", "temp "),
    ("half the depth, ", "depth "),
    ("twice the depth, ", "depth "),
    ("a window of ", "depth "),
)


class Comparison(NamedTuple):
    """What is shown."""

    symbols: Sequence[str]
    """Of the vocabulary, in id order."""
    drawn: int
    """Id of the character that stands there."""
    rows: tuple[WhatIfRow, ...]
    """That of now first."""


class _Figure(NamedTuple):
    head: str
    of: Callable[[WhatIfRow, WhatIfRow], str]
    """Of a row and the one of now."""


def bits(value: float) -> str:
    """Return a number of bits in as few cells as tell what matters of it."""
    if math.isinf(value):
        return "∞"
    if value <= 0:
        return "0"
    if value < TINY:
        return f"< {TINY}"
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def _own(row: WhatIfRow, now: WhatIfRow) -> str:
    """Return the distance of the model's own distributions, where the context is another."""
    same = (row.settings.depth, row.settings.carry) == (now.settings.depth, now.settings.carry)
    return "·" if same else bits(row.model_kl_bits)


_FIGURES = (
    _Figure("p", lambda row, _: chance(row.probability)),
    _Figure("entropy", lambda row, _: f"{row.entropy_bits:.2f}"),
    _Figure("JS", lambda row, _: bits(row.js_bits)),
    _Figure("KL", lambda row, _: bits(row.kl_bits)),
    _Figure("own KL", _own),
)
_HEADS = ("most likely, %", "likely, %", "%")
_LEAST_WANTED = ("entropy", "own KL", "KL", "JS")  # the first one makes room first


class WhatIfTable(Widget, can_focus=False):
    """A row a line, below a line of heads.

    | component class | what |
    | :- | :- |
    | `what-if-table--now` | the row of the settings in force |
    | `what-if-table--symbol` | a symbol that can be drawn |
    | `what-if-table--drawn` | the one that stands there |
    | `what-if-table--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "what-if-table--now",
        "what-if-table--symbol",
        "what-if-table--drawn",
        "what-if-table--muted",
    }
    ALLOW_SELECT: ClassVar[bool] = False

    comparison: reactive[Comparison | None] = reactive(None, layout=True)

    def get_content_height(self, *_: object) -> int:
        return 1 + len(self.comparison.rows) if self.comparison is not None else 0

    def render_line(self, y: int) -> Strip:
        comparison, plain, width = self.comparison, self.rich_style, self.size.width
        if comparison is None or y > len(comparison.rows):
            return Strip.blank(width, plain)
        gap = "  " if width >= SHORT else " "
        titles = [_title(row, width >= SHORT) for row in comparison.rows]
        left = max(map(len, titles)) + 2 + len(gap)
        figures = _fitting(comparison.rows, width - left, len(gap))
        room = max(0, width - left - sum(size + len(gap) for _, size in figures))
        bar = BAR if room >= LEAST_BESIDE_BAR + BAR else 0
        room -= bar
        muted = plain + self.get_component_rich_style("what-if-table--muted")
        if y == 0:
            heads = "".join(gap + figure.head.rjust(size) for figure, size in figures)
            after = next((each for each in _HEADS if len(each) <= room), "").ljust(room)
            line = [Segment(" " * left + after + " " * bar + heads, muted)]
        else:
            row, now = comparison.rows[y - 1], comparison.rows[0]
            base = plain
            if y == 1:
                base += self.get_component_rich_style("what-if-table--now")
            mark = "▸ " if y == 1 else "  "
            told = "".join(gap + figure.of(row, now).rjust(size) for figure, size in figures)
            line = [
                Segment((mark + titles[y - 1]).ljust(left), base),
                *self._symbols(comparison, row, room),
                self._bar(comparison, row, bar),
                Segment(told, base),
            ]
        return Strip(line).adjust_cell_length(width, plain)

    def _bar(self, comparison: Comparison, row: WhatIfRow, width: int) -> Segment:
        """Draw how likely the character is that stands there; the most likely has a whole bar.

        Args:
            comparison: of the rows.
            row: one of them.
            width: in cells, with the gap behind it; 0 is no bar.
        """
        style = self.rich_style + self.get_component_rich_style("what-if-table--symbol")
        most = max(each.probability for each in comparison.rows) or 1.0
        eighths = round(row.probability / most * (width - 1) * 8) if width else 0
        eighths = max(eighths, 1) if row.probability and width else eighths
        bar = "█" * (eighths // 8) + BARS_ACROSS[eighths % 8]
        return Segment(bar.ljust(width), style)

    def _symbols(self, comparison: Comparison, row: WhatIfRow, room: int) -> list[Segment]:
        """Draw the most likely symbols, as many as have room."""
        plain = self.rich_style
        symbol, drawn, muted = (
            plain + self.get_component_rich_style(f"what-if-table--{part}")
            for part in ("symbol", "drawn", "muted")
        )
        after = array("f", row.after)
        line: list[Segment] = []
        left = room
        for index in sorted(range(len(after)), key=lambda i: -after[i]):
            word, share = name(comparison.symbols[index]), f" {share_of(after[index])} "
            size = cells(word) + len(share)
            if not after[index] or size > left + 1:  # the space at the end may miss
                break
            line.append(Segment(word, drawn if index == comparison.drawn else symbol))
            line.append(Segment(share[: left - cells(word)], muted))
            left -= size
        return [*line, Segment(" " * max(0, left), plain)]


def share_of(probability: float) -> str:
    """Return a probability in hundredths, short."""
    if probability < 0.005:
        return "<1"
    return ">99" if 0.995 <= probability < 1 else f"{probability * 100:.0f}"


def chance(probability: float) -> str:
    """Return a probability in hundredths; it is 0 only if it is nothing."""
    if 0 < probability < 0.0005:
        return "<0.1%"
    return f"{probability * 100:.1f}%"


def _title(row: WhatIfRow, whole: bool) -> str:
    """Return what a row is; that of now names its temperature, which the others differ from."""
    title = row.title
    if title == "now":
        title = f"now, temperature {row.settings.temperature:.2f}"
    if not whole:
        for long, short in _SHORTER:
            title = title.replace(long, short)
    return title


def _fitting(rows: Sequence[WhatIfRow], width: int, gap: int) -> list[tuple[_Figure, int]]:
    """Return the columns of figures that leave room for symbols, and the cells of each."""
    sizes = [
        (figure, max(len(figure.head), *(len(figure.of(row, rows[0])) for row in rows)))
        for figure in _FIGURES
    ]
    for least in _LEAST_WANTED:
        if sum(size + gap for _, size in sizes) + LEAST <= width:
            break
        sizes = [(figure, size) for figure, size in sizes if figure.head != least]
    return sizes
