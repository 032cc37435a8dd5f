"""The temperature that was in force, as a ribbon under the text; there only where it moves."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.reply.tape import Tape
from charlm_tui.tui.widgets.surprise import BARS

LABEL = 22  # cells at the left
MOST_CHARACTERS = 16  # characters that a cell has, at the most


@dataclass(frozen=True, slots=True)
class Warmth:
    """What is shown."""

    cells: Sequence[float]
    """Mean temperature of the characters of each cell, the newest last."""
    now: float
    """In force; what comes next is drawn with it."""
    lowest: float
    highest: float


def warmth_of(tape: Tape, width: int, now: float) -> Warmth | None:
    """Return what a ribbon of some width shows of a tape's end; None if nothing has moved.

    Args:
        tape: of the reply; temperatures that it does not know are NaN.
        width: in cells.
        now: the temperature in force.
    """
    length = len(tape)
    each = 1
    while each < MOST_CHARACTERS and length > each * width:
        each *= 2
    first = max(0, (length // each - width + 1) * each)
    column = tape.temperature(first)
    known = [temperature for temperature in column if not math.isnan(temperature)]
    if not known:
        return None
    lowest, highest = min(known), max(known)
    if f"{lowest:.2f}" == f"{highest:.2f}":  # as they are told
        return None
    cells = [
        sum(part) / len(part)
        for part in (column[i : i + each] for i in range(0, len(column), each))
    ]
    heights = {_height(cell, lowest, highest) for cell in cells if not math.isnan(cell)}
    return Warmth(cells, now, lowest, highest) if len(heights) > 1 else None


class Ribbon(Widget):
    """One line: the temperature of now, its range, and its course.

    | component class | what |
    | :- | :- |
    | `ribbon--bar` | the course |
    | `ribbon--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"ribbon--bar", "ribbon--muted"}

    warmth: reactive[Warmth | None] = reactive(None)

    def watch_warmth(self, warmth: Warmth | None) -> None:
        self.display = warmth is not None

    def follow(self, tape: Tape | None, now: float) -> None:
        """Show the end of a tape, if there is one, and the temperature in force."""
        width = max(self.screen.size.width - 2 - LABEL, 8)
        self.warmth = None if tape is None else warmth_of(tape, width, now)

    @property
    def course(self) -> str:
        """The bars of what is shown, from its lowest temperature to its highest."""
        it = self.warmth
        return "" if it is None else "".join(_cell(at, it.lowest, it.highest) for at in it.cells)

    def render_line(self, y: int) -> Strip:
        plain, warmth = self.rich_style, self.warmth
        if warmth is None or y:
            return Strip.blank(self.size.width, plain)
        muted = plain + self.get_component_rich_style("ribbon--muted")
        bar = plain + self.get_component_rich_style("ribbon--bar")
        span = f"{warmth.lowest:.2f}–{warmth.highest:.2f}"
        return Strip(
            [
                Segment(f"temp {warmth.now:.2f} ", plain),
                Segment(f"{span} ".ljust(LABEL - 10), muted),
                Segment(self.course, bar),
            ]
        ).adjust_cell_length(self.size.width, plain)


def _cell(temperature: float, lowest: float, highest: float) -> str:
    """Draw a temperature as a bar; nothing where it is not known."""
    return " " if math.isnan(temperature) else BARS[_height(temperature, lowest, highest)]


def _height(temperature: float, lowest: float, highest: float) -> int:
    """Return how high the bar of a temperature is, in the range that is shown."""
    return 1 + round((temperature - lowest) / (highest - lowest) * (len(BARS) - 2))
