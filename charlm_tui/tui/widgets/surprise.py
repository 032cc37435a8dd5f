"""Surprise over time: the surprisal of the newest characters as a sparkline, and the mean of all.

Reads a tape at its end, whatever its length.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.reply.tape import Tape

MOST_BITS = 8.0  # at the top of the chart
BARS = " ▁▂▃▄▅▆▇█"
UNKNOWN = "·"  # a character is there, and was not measured
ACROSS = 4  # characters that a column has at the most, once the reply is longer than the chart


@dataclass(frozen=True, slots=True)
class Course:
    """What is shown."""

    columns: Sequence[float]
    """Mean surprisal in bits of each column, the newest last; NaN where it was not measured."""
    each: int
    """Characters in a column."""
    mean_bits: float | None
    """Of the whole reply, per character; None if not all of it was measured."""
    length: int


def per_column(length: int, width: int) -> int:
    """Return how many characters a column stands for: 1, 2 or 4."""
    each = 1
    while each < ACROSS and length > each * width:
        each *= 2
    return each


def course_of(tape: Tape, width: int) -> Course:
    """Return what a chart of some width shows of a tape: its end."""
    length = len(tape)
    each = per_column(length, width)
    # Columns begin at multiples of their size, so that they stand still as text comes.
    first = max(0, (length // each - width + 1) * each)
    bits = tape.surprisal_bits(first)
    columns = [
        sum(part) / len(part) for part in (bits[i : i + each] for i in range(0, len(bits), each))
    ]
    return Course(columns, each, tape.mean_bits, length)


NOTHING = Course((), 1, None, 0)
"""What is shown where there is no reply."""


class Surprise(Widget):
    """A sparkline of two lines below the mean.

    | component class | what |
    | :- | :- |
    | `surprise--bar` | the surprisal |
    | `surprise--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"surprise--bar", "surprise--muted"}

    course: reactive[Course] = reactive(NOTHING)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(id=id)
        self.border_title = "Surprise"

    def render_line(self, y: int) -> Strip:
        plain = self.rich_style
        muted = plain + self.get_component_rich_style("surprise--muted")
        width, course = self.size.width, self.course
        if y == 0:
            if course.mean_bits is None:
                words = "bits per character" if not course.length else "not measured yet"
                segments = [Segment(words, muted)]
            else:
                each = f", {course.each} a column" if course.each > 1 else ""
                segments = [
                    Segment(f"{course.mean_bits:.2f}", plain + Style(bold=True)),
                    Segment(f" bits/char over {course.length:,}{each}", muted),
                ]
        else:
            bar = plain + self.get_component_rich_style("surprise--bar")
            rows = self.size.height - 1
            level = rows - y  # whole cells below this line
            text = "".join(_cell(bits, level, rows) for bits in course.columns[-width:])
            segments = [Segment(text, bar)]
        return Strip(segments).adjust_cell_length(width, plain)


def _cell(bits: float, level: int, rows: int) -> str:
    if math.isnan(bits):
        return UNKNOWN if level == 0 else " "
    eighths = round(min(bits / MOST_BITS, 1.0) * rows * 8) - level * 8
    if level == 0:
        eighths = max(eighths, 1)  # a character is there, however sure the model was
    return BARS[min(max(eighths, 0), 8)]
