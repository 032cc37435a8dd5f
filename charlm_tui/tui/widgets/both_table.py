"""What two models say is likely at one place of a text, in two columns.

Draws what it is given. Symbols that stand together are one row: where one model keeps case and the
other does not, a letter and its capital.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.session.against import Likely
from charlm_tui.text import begun, cells
from charlm_tui.tui.widgets.next_character import name

GAP = 2  # cells between the columns
LABEL = 9  # cells of what a row is of
FIGURE = 7  # cells of a probability
MOST_SYMBOLS = 3  # that are named of those that stand together


class Sides(NamedTuple):
    """What is shown: of a model, and of another one."""

    names: tuple[str, str]
    likely: tuple[Sequence[Likely], Sequence[Likely]]
    """The most likely first."""


class BothTable(Widget, can_focus=False):
    """A column for each model: symbols, bars, probabilities; what stands there is marked.

    | component class | what |
    | :- | :- |
    | `both-table--name` | the name of a model |
    | `both-table--own`, `both-table--other` | the bars of each model |
    | `both-table--stands` | what stands there |
    | `both-table--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"both-table--{part}" for part in ("name", "own", "other", "stands", "muted")
    }
    ALLOW_SELECT: ClassVar[bool] = False

    sides: reactive[Sides | None] = reactive(None)
    words: reactive[str] = reactive("")
    """What is said where nothing is known."""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self.sides is None:
            said = [Segment(self.words if y == 0 else "", self._style("muted"))]
            return Strip(said).adjust_cell_length(width, self.rich_style)
        room = (width - GAP) // 2
        parts = []
        for number, bar in enumerate(("own", "other")):
            cells_ = self._head(number, room) if y == 0 else self._row(number, y - 1, room, bar)
            parts.append(Strip(cells_).adjust_cell_length(room + GAP, self.rich_style))
        return Strip.join(parts).adjust_cell_length(width, self.rich_style)

    def _head(self, number: int, room: int) -> list[Segment]:
        assert self.sides is not None
        return [Segment(begun(f"{self.sides.names[number]} says", room), self._style("name"))]

    def _row(self, number: int, row: int, room: int, bar: str) -> list[Segment]:
        assert self.sides is not None
        likely = self.sides.likely[number]
        stands = next((rank for rank, each in enumerate(likely) if each.stands), 0)
        last = self.size.height - 2
        rank = stands if row == last and stands > last else row  # what stands there is in sight
        if rank >= len(likely):
            return []
        each = likely[rank]
        style = self._style("stands") if each.stands else self.rich_style
        most = likely[0].probability or 1.0
        wide = min(LABEL, room // 3)
        length = max(0, room - wide - FIGURE)
        filled = round(each.probability / most * length)
        return [
            Segment(label(each, wide), style),
            Segment("█" * filled, self._style(bar)),
            Segment(" " * (length - filled), self.rich_style),
            Segment(f"{each.probability * 100:6.1f}%"[:FIGURE], style),
        ]

    def _style(self, part: str) -> Style:
        return self.rich_style + self.get_component_rich_style(f"both-table--{part}")


def label(each: Likely, room: int) -> str:
    """Return what a row is of, in so many cells: its symbols, with a mark where they stand."""
    names = [name(symbol) for symbol in each.symbols[:MOST_SYMBOLS]]
    while len(names) > 1 and cells(" ".join(names)) > room - 2:
        names.pop()
    shown = begun(("•" if each.stands else " ") + " ".join(names), room - 1)
    return shown + " " * (room - cells(shown))
