"""One text in columns beside each other, each tinted by a unit of the model.

A line-API widget: a frame costs what its visible lines cost. Owns wrapping and the scroll position,
which the columns have in common; what a column shows is given to it.
"""

from array import array
from bisect import bisect_right
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from charlm_tui.text import wrap
from charlm_tui.tui.paint import tinted
from charlm_tui.tui.shades import Diverging

MOST_COLUMNS = 4
HEAD = 2  # lines above the text: a column's name and scale, what it tells
OVER = 2  # cells that a line may hang over its edge: a space, and the mark of a newline
GAP = 1  # cells between two columns
NARROWEST = 16  # cells of a column, where there are several
PARTS = " · "


class Column(NamedTuple):
    """A unit, and what it does."""

    name: str
    levels: bytes = b""
    """One a character; none if they are not known yet."""
    limit: float = 1.0
    """What the outermost levels stand for."""
    bounded: bool = True
    """Whether nothing is beyond that."""
    tells: tuple[tuple[str, float], ...] = ()
    """Features and correlations with them, the largest first."""
    pinned: bool = False
    current: bool = False
    """Whether keys change it."""


def room(width: int) -> int:
    """Return how many columns there is room for."""
    return max(1, min(MOST_COLUMNS, (width + GAP) // (NARROWEST + GAP)))


def pitch(width: int, count: int) -> int:
    """Return the cells from the start of one of so many columns to the next one's."""
    return (width + GAP) // count


def lines_of(text: str, width: int, count: int) -> list[str]:
    """Break a text for so many columns beside each other."""
    return list(wrap(text, max(1, pitch(width, count) - GAP - OVER)))


class UnitText(ScrollView, can_focus=False):
    """Columns with a head each.

    Args:
        text: of all of them.
        place: number of a character that is in sight at first.

    | component class | what |
    | :- | :- |
    | `unit-text--neutral` | the text, where it has no tint |
    | `unit-text--negative`, `unit-text--positive` | the colours of the outermost levels |
    | `unit-text--name` | the name of a unit |
    | `unit-text--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "unit-text--neutral",
        "unit-text--negative",
        "unit-text--positive",
        "unit-text--name",
        "unit-text--muted",
    }
    ALLOW_SELECT: ClassVar[bool] = False

    columns: reactive[tuple[Column, ...]] = reactive(())
    """What is shown, from left to right."""
    marked: reactive[int | None] = reactive(None)
    """Place of the character in the text that is marked."""

    def __init__(self, text: str, place: int) -> None:
        super().__init__()
        self._text = text
        self._place = place
        self._lines: list[str] = []
        self._starts = array("Q")
        self._wrapped: tuple[int, int] = (0, 1)  # width and columns that it is wrapped for
        self._strips: LRUCache[int, Strip] = LRUCache(256)
        self._styles: dict[str, Style] = {}
        self._shades: list[Style] = []

    # Laying out.

    def show_text(self, text: str, place: int) -> None:
        """Show another text, with a character of it in sight; its columns are as they were."""
        self._text, self._place = text, place
        self._lines, self._wrapped = [], (0, 1)
        self._lay_out()

    @property
    def room(self) -> int:
        """How many columns there is room for."""
        return room(self.scrollable_content_region.width)

    @property
    def _pitch(self) -> int:
        """Cells from a column's start to the next one's."""
        return pitch(*self._wrapped)

    def watch_columns(self) -> None:
        self._strips.clear()
        self._lay_out()
        self.refresh()

    def watch_marked(self) -> None:
        """Mark another character, and have it in sight."""
        self._strips.clear()
        if self.marked is not None and self._lines:
            row = bisect_right(self._starts, self.marked) - 1
            if not self._top <= row < self._top + self.page:
                self.scroll_to(y=max(0, row - self.page // 2), animate=False, immediate=True)
        self.refresh()

    def on_resize(self) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        """Wrap again if the width has changed; what is read stays in its place."""
        wrapped = (self.scrollable_content_region.width, max(1, len(self.columns)))
        if wrapped == self._wrapped or not wrapped[0]:
            return
        first = not self._lines
        top = self._place if first else self._starts[min(self._top, len(self._starts) - 1)]
        self._wrapped = wrapped
        self._lines = lines_of(self._text, *wrapped)
        self._starts, start = array("Q"), 0
        for line in self._lines:
            self._starts.append(start)
            start += len(line)
        self._strips.clear()
        self.virtual_size = Size(wrapped[0], HEAD + len(self._lines))
        row = bisect_right(self._starts, top) - 1
        if first:  # in the middle, so that what leads to it is seen
            row = max(0, row - self.page // 2)
        self.scroll_to(y=row, animate=False, immediate=True, force=True)
        self.refresh()

    @property
    def page(self) -> int:
        """How many lines of text are in sight."""
        return max(1, self.size.height - HEAD)

    @property
    def _top(self) -> int:
        """The number of the first line in sight."""
        return int(self.scroll_offset.y)

    # Drawing.

    def notify_style_update(self) -> None:
        """Forget the colours of the theme that was in force."""
        super().notify_style_update()
        self._styles = {}
        self._strips.clear()

    def _take_styles(self) -> None:
        self._styles = {
            part: self.get_component_rich_style(f"unit-text--{part}")
            for part in ("neutral", "negative", "positive", "name", "muted")
        }
        coloured = not self.app.no_color and self.app.console.color_system not in (None, "standard")
        ends = (self._styles[part] for part in ("negative", "neutral", "positive"))
        neutral = self._styles["neutral"]
        self._shades = [neutral + shade for shade in Diverging(*ends).shades(coloured)]

    def render_line(self, y: int) -> Strip:
        if not self._styles:
            self._take_styles()
        width = self.size.width
        if y < HEAD:
            heads = (self._draw_name if y == 0 else self._draw_tells for _ in self.columns)
            parts = [head(column) for head, column in zip(heads, self.columns, strict=True)]
            return self._beside(parts).adjust_cell_length(width, self.rich_style)
        line = self._top + y - HEAD
        if line >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        strip = self._strips.get(line)
        if strip is None:
            strip = self._strip(line).adjust_cell_length(width, self.rich_style)
            self._strips[line] = strip
        return strip

    def _strip(self, line: int) -> Strip:
        text, start = self._lines[line], self._starts[line]
        plain = self._styles["neutral"]
        if not self.columns:
            return Strip(tinted(text, b"", self._shades, plain))
        return self._beside(
            [
                self._marked(text, start, column.levels[start : start + len(text)])
                for column in self.columns
            ]
        )

    def _marked(self, text: str, start: int, levels: bytes) -> list[Segment]:
        """Draw a line of a column, with the character that is marked, if it is there."""
        plain, shades = self._styles["neutral"], self._shades
        at = -1 if self.marked is None else self.marked - start
        if not 0 <= at < len(text):
            return tinted(text, levels, shades, plain)
        mark = Style(reverse=True)
        return [
            *tinted(text[:at], levels[:at], shades, plain),
            *(
                Segment(each.text, (each.style or plain) + mark)
                for each in tinted(text[at : at + 1], levels[at : at + 1], shades, plain)
            ),
            *tinted(text[at + 1 :], levels[at + 1 :], shades, plain),
        ]

    def _beside(self, parts: list[list[Segment]]) -> Strip:
        """Put columns beside each other."""
        plain = self.rich_style
        return Strip.join([Strip(part).adjust_cell_length(self._pitch, plain) for part in parts])

    def _draw_name(self, column: Column) -> list[Segment]:
        """Draw a unit's name and its scale, in as many words as have room."""
        width, muted = self._pitch - GAP, self._styles["muted"]
        mark = ("▸" if column.current else " ") + column.name + (" •" if column.pinned else "")
        name = Segment(mark, self._styles["name"])
        if not column.levels:
            return [name, Segment(" …", muted)]
        low, high = (f"{sign}{column.limit:.3g}" for sign in "-+")
        if not column.bounded:
            low, high = f"≤{low}", f"≥{high}"
        word = "  bounded" if column.bounded else "  not bounded"
        # Where the ground has no colours, there is to be something that can be underlined.
        sample = " " if self._shades[0].bgcolor != self._shades[-1].bgcolor else "a"
        for step, said in ((1, word), (1, ""), (2, ""), (3, ""), (6, "")):
            scale = [Segment(sample, shade) for shade in self._shades[::step]]
            head = [
                name,
                Segment(f" {low} ", muted),
                *scale,
                Segment(f" {high}{said}", muted),
            ]
            if sum(segment.cell_length for segment in head) <= width:
                return head
        return [name, Segment(f" ±{column.limit:.3g}{'' if column.bounded else '+'}", muted)]

    def _draw_tells(self, column: Column) -> list[Segment]:
        """Draw what a unit tells, as much as has room; the first of it in any case."""
        width, line = self._pitch - GAP - 1, ""
        for title, value in column.tells:
            figure = f" {value:+.2f}"
            if not line and len(title + figure) > width:
                title = f"{title[: max(0, width - len(figure) - 1)]}…"
            more = f"{line}{PARTS if line else ''}{title}{figure}"
            if line and len(more) > width:
                break
            line = more
        return [Segment(f" {line}", self._styles["muted"])]
