"""A line with a knob on it: one place of several, as many of them as there are by now."""

from typing import ClassVar

from rich.segment import Segment
from textual.events import MouseDown
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget


class Slider(Widget):
    """The line; a click goes to the place that is nearest.

    | component class | what |
    | :- | :- |
    | `slider--knob` | the knob |
    | `slider--to-come` | places that are not there yet |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"slider--knob", "slider--to-come"}
    ALLOW_SELECT: ClassVar[bool] = False

    count: reactive[int] = reactive(1)
    """Places, at least one."""
    ready: reactive[int] = reactive(0)
    """Of the first of them, how many are there."""
    at: reactive[int] = reactive(0)
    """The place of the knob."""

    class Clicked(Message):
        """A place was clicked that is there."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def _cell(self, place: int) -> int:
        return place * (self.size.width - 1) // max(1, self.count - 1)

    def on_mouse_down(self, event: MouseDown) -> None:
        if self.ready:
            places = range(self.ready)
            self.post_message(
                self.Clicked(min(places, key=lambda it: abs(self._cell(it) - event.x)))
            )

    def render_line(self, y: int) -> Strip:
        width, plain = self.size.width, self.rich_style
        if y or not width:
            return Strip.blank(width, plain)
        knob = plain + self.get_component_rich_style("slider--knob")
        faint = plain + self.get_component_rich_style("slider--to-come")
        cell, there = self._cell(self.at), self._cell(max(0, self.ready - 1))
        line = [
            Segment("━" * cell, knob),
            Segment("●", knob),
            Segment("━" * (there - cell), plain),
            Segment("·" * (width - 1 - max(cell, there)), faint),
        ]
        return Strip(line).adjust_cell_length(width, plain)
