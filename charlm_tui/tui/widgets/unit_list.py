"""Units in the order of a ranking, with a bar each, of which one is shown in the text."""

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

NAME = 10  # cells of a unit's name
FIGURE = 7  # cells of what it is ranked by
Rows = tuple[tuple[str, float, str], ...]
"""(Name, value, how it is written) of units."""


class UnitList(Widget, can_focus=False):
    """Names of units and what they are ranked by, the best first.

    | component class | what |
    | :- | :- |
    | `unit-list--negative`, `unit-list--positive` | bars of negative and other values |
    | `unit-list--chosen` | the unit that is shown |
    | `unit-list--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "unit-list--negative",
        "unit-list--positive",
        "unit-list--chosen",
        "unit-list--muted",
    }
    ALLOW_SELECT: ClassVar[bool] = False

    rows: reactive[Rows] = reactive(())
    """The best first."""
    chosen: reactive[int | None] = reactive(None)
    """Which of them is shown; None if it is another."""

    @dataclass
    class Picked(Message):
        """A unit of the list is to be shown."""

        rank: int

    def __init__(self) -> None:
        super().__init__()
        self._first = 0  # the first one in sight

    def watch_rows(self) -> None:
        self._first = 0
        self.watch_chosen(self.chosen)

    def watch_chosen(self, chosen: int | None) -> None:
        height = max(1, self.size.height)
        if chosen is not None:
            self._first = min(max(self._first, chosen - height + 1), chosen)
        self.refresh()

    def on_resize(self) -> None:
        self.watch_chosen(self.chosen)

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and self._first + offset.y < len(self.rows):
            self.post_message(self.Picked(self._first + offset.y))

    def on_mouse_scroll_down(self) -> None:
        self._scroll(2)

    def on_mouse_scroll_up(self) -> None:
        self._scroll(-2)

    def _scroll(self, lines: int) -> None:
        most = max(0, len(self.rows) - self.size.height)
        self._first = min(max(self._first + lines, 0), most)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        plain, width, rank = self.rich_style, self.size.width, self._first + y
        if not self.rows and y == 0:
            muted = plain + self.get_component_rich_style("unit-list--muted")
            return Strip([Segment("no unit tells it", muted)]).adjust_cell_length(width, plain)
        if rank >= len(self.rows):
            return Strip.blank(width, plain)
        name, value, written = self.rows[rank]
        base = plain
        if rank == self.chosen:
            base += self.get_component_rich_style("unit-list--chosen")
        sign = "negative" if value < 0 else "positive"
        bar = base + Style(color=self.get_component_rich_style(f"unit-list--{sign}").color)
        most = max(1, width - NAME - FIGURE - 1)
        cells = max(1, round(min(abs(value), 1.0) * most))
        mark = "▸" if rank == self.chosen else " "
        return Strip(
            [
                Segment(f"{mark}{name}".ljust(NAME), base),
                Segment(f"{written} ".rjust(FIGURE + 1), base),
                Segment("━" * cells, bar),
            ]
        ).adjust_cell_length(width, base)
