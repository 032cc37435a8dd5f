"""What the model thinks: every symbol's probability at one character, before and after settings.

Draws a distribution that it is given; with the focus, one of the symbols can be picked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.text import cells, fitting, visible
from charlm_tui.tui.hindered import Hindered, list_edge

NAMES = {"\n": "newline", " ": "space", "\t": "tab", "\u00a0": "nbsp"}
HEAD = 2  # lines above the bars
LABEL = 8  # cells of a symbol's name
FIGURES = 13  # cells of the two probabilities
_CHOOSE = Binding.Group("Choose", compact=True)


@dataclass(frozen=True, slots=True)
class View:
    """What is shown.

    Attributes:
        symbols: of the vocabulary, in id order.
        model: probabilities of the model's own, one a symbol.
        after: those after truncation and temperature.
        drawn: id of the character that stands there; None if there is none yet.
        selected: whether a person has selected it; if not, it is the newest one.
        ruled: probabilities of the model's own under the rules; empty where they change nothing.
        cost_bits: what the rules cost: the divergence of those from the model's own.
        verb: how it is said what stands there.
    """

    symbols: Sequence[str]
    model: Sequence[float]
    after: Sequence[float]
    drawn: int | None
    selected: bool
    ruled: Sequence[float] = ()
    cost_bits: float = 0.0
    verb: str = "drew"

    @property
    def ranked(self) -> list[int]:
        """Return the ids, the most likely first."""
        return sorted(range(len(self.symbols)), key=lambda i: -self.model[i])


def entropy_bits(probabilities: Sequence[float]) -> float:
    """Return the entropy of a distribution, in bits (Shannon, 1948)."""
    return -sum(p * math.log2(p) for p in probabilities if p > 0) or 0.0


def name(symbol: str) -> str:
    """Return how a symbol is called: itself, or a word if it cannot be seen."""
    return NAMES.get(symbol, visible(symbol, ""))


class NextCharacter(Hindered, Widget, can_focus=True):
    """Bars of the most likely symbols, of two halves each.

    The upper half is the model's own probability, the lower what the settings make of it.

    | component class | what |
    | :- | :- |
    | `next-character--model` | the model's own probability |
    | `next-character--after` | the one after truncation and temperature |
    | `next-character--drawn` | the symbol that was drawn |
    | `next-character--picked` | the symbol that Enter picks |
    | `next-character--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "next-character--model",
        "next-character--after",
        "next-character--drawn",
        "next-character--picked",
        "next-character--muted",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", key_display="↑", group=_CHOOSE, id="next.up"),
        Binding("down,j", "move(1)", "Down", key_display="↓", group=_CHOOSE, id="next.down"),
        Binding("home,g", "move(-999)", "First", show=False, id="next.first"),
        Binding("end,G", "move(999)", "Last", show=False, id="next.last"),
        Binding("enter", "pick", "Take this one", id="next.pick"),
        Binding("escape", "leave", "Back", id="next.leave"),
    ]

    view: reactive[View | None] = reactive(None)
    cursor: reactive[int] = reactive(0)
    """Rank of the symbol that Enter picks."""

    @dataclass
    class Picked(Message):
        """A symbol is to stand at the selected character."""

        id: int

    @dataclass
    class Left(Message):
        """Nothing was picked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(id=id)
        self.border_title = "Next character"
        self._top = 0
        self._ranked: list[int] = []
        self._most = 1.0  # probability of the longest bar
        self._styles: dict[str, Style] = {}

    def watch_view(self, view: View | None) -> None:
        self._ranked = view.ranked if view is not None else []
        self._most = max((*view.model, *view.after), default=0.0) or 1.0 if view else 1.0
        self.cursor = min(self.cursor, max(0, len(self._ranked) - 1))
        if view is None or not view.selected:
            self._top = self.cursor = 0
        self.border_title = "Selected character" if view and view.selected else "Next character"

    def validate_cursor(self, cursor: int) -> int:
        return min(max(cursor, 0), max(0, len(self._ranked) - 1))

    def watch_cursor(self) -> None:
        rows = max(1, self._rows)
        self._top = min(max(self._top, self.cursor - rows + 1), self.cursor)
        self.refresh()

    @property
    def _rows(self) -> int:
        return self.size.height - HEAD

    # What a person does.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        match action, parameters:
            case "move" | "pick", _ if self.view is None:
                return "it is not known yet what was likely"
            case "pick", _ if self.view is not None and not self.view.selected:
                return "select a character of the text first: Esc, then ←"
            case "move", (int() as steps,):
                return list_edge(steps, self.cursor, len(self._ranked))
        return ""

    def action_move(self, steps: int) -> None:
        """Go to another symbol."""
        self.cursor += steps

    def action_pick(self) -> None:
        """Take the symbol at the cursor."""
        if self._ranked:
            self.post_message(self.Picked(self._ranked[self.cursor]))

    def action_leave(self) -> None:
        """Pick nothing."""
        self.post_message(self.Left())

    def on_focus(self) -> None:
        if self.view is not None and self.view.drawn in self._ranked:
            self.cursor = self._ranked.index(self.view.drawn)

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEAD or self.view is None or not self.view.selected:
            return
        rank = self._top + offset.y - HEAD
        if rank < len(self._ranked):
            self.cursor = rank
            self.action_pick()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self._top = max(0, min(self._top + 2, len(self._ranked) - self._rows))
        self.refresh()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self._top = max(0, self._top - 2)
        self.refresh()

    # Drawing.

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles = {}

    def render_line(self, y: int) -> Strip:
        if not self._styles:
            self._styles = {
                part: self.get_component_rich_style(f"next-character--{part}")
                for part in ("model", "after", "drawn", "picked", "muted")
            } | {"plain": self.rich_style}
        width = self.size.width
        segments = self._line(y, width)
        return Strip(segments).adjust_cell_length(width, self._styles["plain"])

    def _line(self, y: int, width: int) -> list[Segment]:
        view, styles, plain = self.view, self._styles, self._styles["plain"]
        if view is None:
            return [Segment("nothing drawn yet" if y == 0 else "", plain + styles["muted"])]
        if y == 0:
            return self._head(view, width)
        if y == 1:
            room = max(LABEL + 1, width - FIGURES)
            cost = f"rules {view.cost_bits:.2f} bits" if view.ruled else ""
            return [
                Segment(fitting(room, cost, cost[:-5], "").ljust(room), plain + styles["muted"]),
                Segment(" model", plain + styles["model"]),
                Segment("  after", plain + styles["after"]),
            ]
        rank = self._top + y - HEAD
        if rank >= len(self._ranked):
            return []
        index = self._ranked[rank]
        picked = self.has_focus and rank == self.cursor
        drawn = index == view.drawn
        label = ("▸" if picked else "•" if drawn else " ") + name(view.symbols[index])
        label += " " * (LABEL - cells(label))
        base = plain + styles["picked"] if picked else plain
        own, after = view.model[index], view.after[index]
        return [
            Segment(label, base + styles["drawn"] if drawn else base),
            *_bar(own / self._most, after / self._most, width - LABEL - FIGURES, styles, base),
            Segment(f"{own * 100:6.1f}", base),
            Segment(f"{after * 100:6.1f}%" if after else _absent(view, index), base),
        ]

    def _head(self, view: View, width: int) -> list[Segment]:
        """Tell the entropies and what was drawn, in as many words as have room."""
        own, after = entropy_bits(view.model), entropy_bits(view.after)
        plain = self._styles["plain"]
        muted = plain + self._styles["muted"]
        head = [
            Segment(f"{own:.2f}", plain),
            Segment(" → ", muted),
            Segment(f"{after:.2f}", plain),
        ]
        if view.drawn is None:
            return [*head, Segment(" bits", muted)]
        drawn = Segment(name(view.symbols[view.drawn]), plain + self._styles["drawn"])
        chance = view.model[view.drawn]
        bits = f" {-math.log2(chance):.1f}" if chance > 0 else ""
        forms = [(f" bits · {view.verb} ", " bits"), (" bits · ", " bits"), (" · ", "")]
        for between, unit in forms:
            line = [
                *head,
                Segment(between, muted),
                drawn,
                Segment(bits + unit if bits else "", muted),
            ]
            if sum(segment.cell_length for segment in line) <= width:
                break
        return line


def _absent(view: View, index: int) -> str:
    """Return what stands for the probability of a symbol that cannot be drawn."""
    taken = view.ruled and not view.ruled[index] and view.model[index]
    return "   rule" if taken else "      ·"


def _bar(
    own: float, after: float, width: int, styles: dict[str, Style], base: Style
) -> list[Segment]:
    """Draw two bars in one line: the upper half of each cell is one, the lower half the other.

    Args:
        own: share of the width that the one takes.
        after: share that the other takes.
        width: cells of a whole bar.
        styles: of both.
        base: of the line.
    """
    upper, lower = round(own * width), round(after * width)
    if not upper and own > 0.005:
        upper = 1
    if not lower and after > 0.005:
        lower = 1
    both = min(upper, lower)
    segments = []
    model, settled = styles["model"], styles["after"]
    if both:
        colours = settled.color is not None and settled.color != model.color
        glyph = "▀" if colours else "█"
        segments.append(Segment(glyph * both, base + model + Style(bgcolor=settled.color)))
    if upper > both:
        segments.append(Segment("▀" * (upper - both), base + model))
    if lower > both:
        segments.append(Segment("▄" * (lower - both), base + settled))
    rest = max(0, width - max(upper, lower))
    return [*segments, Segment(" " * rest, base)]
