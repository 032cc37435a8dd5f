"""The text around a character: what is read at all is underlined, what matters has a ground.

A few lines, with the character in sight. Draws what it is given.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.reply.tints import LEVELS
from charlm_tui.text import fitting, runs, visible, wrap
from charlm_tui.tui.shades import Ramp
from charlm_tui.tui.widgets.what_if_table import bits

LONGEST = 2000  # characters before the one that is looked at, and after it, that can be in sight
BELOW = 3  # one of so many lines is below that of the character


class Marked(NamedTuple):
    """A text and what is marked in it."""

    text: str
    place: int
    """Number of the character that is looked at."""
    read: int = 0
    """How many characters before it are read at all."""
    influence: Sequence[float] = ()
    """Bits, of the characters 1, 2, … before it."""


def influence_levels(influence: Sequence[float]) -> list[int]:
    """Return the level, below `LEVELS`, of each bits of influence; the most is the highest."""
    most = max(influence, default=0.0)
    if most <= 0:
        return [0] * len(influence)
    return [round(max(0.0, each) / most * (LEVELS - 1)) for each in influence]


class ReachText(Widget, can_focus=False):
    """A line of words and the text below it.

    | component class | what |
    | :- | :- |
    | `reach-text--here` | the character that is looked at |
    | `reach-text--plain` | the text |
    | `reach-text--low`, `--middle`, `--high` | the shades of influence |
    | `reach-text--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"reach-text--{part}" for part in ("here", "plain", "low", "middle", "high", "muted")
    }
    ALLOW_SELECT: ClassVar[bool] = False

    marked: reactive[Marked] = reactive(Marked("", 0))

    def render_line(self, y: int) -> Strip:
        it, width = self.marked, self.size.width
        muted, plain = self._style("muted"), self._style("plain")
        if y == 0:
            most = bits(max(it.influence, default=0.0))
            said = fitting(
                width,
                "underlined: read at all (reach); coloured: matters (influence), "
                f"{most} bits at most",
                f"underlined: read at all; coloured: matters, {most} bits at most",
                "underlined: read; coloured: matters",
            )
            return Strip([Segment(said, muted)]).adjust_cell_length(width, self.rich_style)
        begin = max(0, it.place - LONGEST)
        lines: list[str] = []
        starts: list[int] = []
        start = begin
        for line in wrap(it.text[begin : it.place + LONGEST], max(1, width - 2)):
            lines.append(line)
            starts.append(start)
            start += len(line)
        here = max(row for row, first in enumerate(starts) if first <= it.place)
        room = self.size.height - 1
        top = max(0, min(here - room + 1 + room // BELOW, len(lines) - room))
        row = top + y - 1
        if row >= len(lines):
            return Strip.blank(width, self.rich_style)
        segments = self._line(it, lines[row], starts[row], plain)
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _line(self, it: Marked, line: str, start: int, plain: Style) -> list[Segment]:
        levels = influence_levels(it.influence)
        # Levels, then whether it is read; the character itself is apart from all.
        keys = []
        for place in range(start, start + len(line)):
            back = it.place - place
            level = levels[back - 1] if 0 < back <= len(levels) else 0
            keys.append(-1 if back == 0 else 2 * level + (0 < back <= it.read))
        grounds = self._grounds(plain)
        segments = []
        for first, end in runs(keys, 0, len(line)):
            key = keys[first]
            style = self._style("here") if key < 0 else plain
            if key > 1:
                style = plain + grounds[key // 2]
            if key > 0 and key % 2:
                style += Style(underline=True)
            segments.append(Segment(visible(line[first:end], "⏎"), style))
        return segments

    def _grounds(self, plain: Style) -> list[Style]:
        coloured = not self.app.no_color and self.app.console.color_system not in (None, "standard")
        ramp = Ramp(self._style("low"), self._style("middle"), self._style("high"))
        grounds = ramp.grounds(plain, coloured)
        if grounds[0].bgcolor is not None:
            return grounds
        # Without colours influence is told by weight, as what is read is underlined.
        weights = [Style(), Style(bold=True), Style(reverse=True), Style(bold=True, reverse=True)]
        return [weights[level * len(weights) // LEVELS] for level in range(LEVELS)]

    def _style(self, part: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"reach-text--{part}")
