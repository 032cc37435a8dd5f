"""Every knob, one below the other, for keys and the mouse.

Shows what a conversation's knobs stand at; turning one is the conversation's affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.controls.controls import PRESETS
from charlm_tui.lm.settings import RULES
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.knobs import KNOBS
from charlm_tui.tui.hindered import Hindered, list_edge

LABEL = 13  # cells of a row's title
DIAL_MOST = 1.5  # temperature at the dial's right end
TURNS = "turns"  # id of the row that is no knob


@dataclass(frozen=True, slots=True)
class KnobRow:
    """One control as it is shown."""

    id: str
    title: str
    value: str
    idle: str
    """Why it has no effect, or nothing."""
    turns: bool = True
    """Whether it can be turned: else its value is typed."""


@dataclass(frozen=True, slots=True)
class Panel:
    """All that the panel shows."""

    rows: Sequence[KnobRow]
    temperature: float


def panel_of(conversation: Conversation) -> Panel:
    """Return what the panel shows of a conversation."""
    it = conversation
    turns = KnobRow(TURNS, "Conversation", "continued" if it.continues else "fresh", "")
    rows = [
        KnobRow(
            each.id,
            each.row.short or each.row.title,
            each.shown(it),
            each.idle(it),
            each.row.turns,
        )
        for each in KNOBS
    ]
    rules = [row for each, row in zip(KNOBS, rows, strict=True) if each.row.field in RULES]
    others = [row for row in rows if row not in rules]  # those that all replies have come first
    return Panel((*others, turns, *rules), it.temperature.now)


class ControlPanel(Hindered, Widget, can_focus=True):
    """Rows of controls below a dial of the temperature.

    | component class | what |
    | :- | :- |
    | `control-panel--dial` | the dial's hand |
    | `control-panel--preset` | the notebook's temperatures on it |
    | `control-panel--value` | what a control stands at |
    | `control-panel--chosen` | the row that keys turn |
    | `control-panel--muted` | what is less important, or has no effect |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "control-panel--dial",
        "control-panel--preset",
        "control-panel--value",
        "control-panel--chosen",
        "control-panel--muted",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False, id="controls.up"),
        Binding("down,j", "move(1)", "Down", show=False, id="controls.down"),
        Binding("left,h,minus", "turn(-1)", "Less", id="controls.less"),
        Binding("right,l,plus", "turn(1)", "More", id="controls.more"),
        Binding("enter", "type", "Type a value", id="controls.type"),
        Binding("escape", "leave", "Back", id="controls.leave"),
    ]

    panel: reactive[Panel] = reactive(Panel((), 0.5), repaint=False)
    chosen: reactive[int] = reactive(0)
    """Number of the row that keys turn."""

    @dataclass
    class Turned(Message):
        """A control was turned by some steps."""

        knob: str
        steps: int

    @dataclass
    class TypeWanted(Message):
        """A value is to be typed."""

        knob: str

    @dataclass
    class Dialled(Message):
        """A temperature was clicked on the dial."""

        temperature: float

    @dataclass
    class Left(Message):
        """The panel is not needed any more."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(id=id)
        self.border_title = "Controls"
        self._styles: dict[str, Style] = {}

    @property
    def _first(self) -> int:
        """The first row in sight: where there is not room for all, the chosen one is seen."""
        return max(0, self.chosen - max(1, self.size.height - 1) + 1)

    def validate_chosen(self, chosen: int) -> int:
        return min(max(chosen, 0), max(0, len(self.panel.rows) - 1))

    def watch_panel(self, before: Panel, after: Panel) -> None:
        """Draw the lines again that have changed; turning a control changes two."""
        if len(before.rows) != len(after.rows):
            self.refresh()
            return
        lines = [
            number + 1 - self._first
            for number, rows in enumerate(zip(before.rows, after.rows, strict=True))
            if rows[0] != rows[1]
        ]
        lines = [line for line in lines if 1 <= line < self.size.height]
        if before.temperature != after.temperature:
            lines.append(0)
        if lines:
            self.refresh(*(Region(0, line, self.size.width, 1) for line in lines))

    # What a person does.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        match action, parameters:
            case "move", (int() as steps,):
                return list_edge(steps, self.chosen, len(self.panel.rows))
            case "turn", _ if self.panel.rows and not self.panel.rows[self.chosen].turns:
                return "its value is typed: Enter"
        return ""

    def action_move(self, steps: int) -> None:
        """Go to another row."""
        self.chosen += steps

    def action_turn(self, steps: int) -> None:
        """Turn the chosen control."""
        self.post_message(self.Turned(self.panel.rows[self.chosen].id, steps))

    def action_type(self) -> None:
        """Type a value for the chosen control."""
        row = self.panel.rows[self.chosen]
        self.post_message(self.Turned(row.id, 1) if row.id == TURNS else self.TypeWanted(row.id))

    def action_leave(self) -> None:
        """Go back."""
        self.post_message(self.Left())

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        if offset.y == 0:
            share = offset.x / max(1, self.size.width - 1)
            nearest = min(PRESETS, key=lambda preset: abs(preset / DIAL_MOST - share))
            near = abs(nearest / DIAL_MOST - share) * self.size.width < 1
            value = nearest if near else round(share * DIAL_MOST * 20) / 20
            self.post_message(self.Dialled(value))
            return
        number = offset.y - 1 + self._first
        if number < len(self.panel.rows):
            self.chosen = number
            row = self.panel.rows[number]
            if not row.turns:
                self.action_type()
            elif offset.x == LABEL:
                self.action_turn(-1)
            elif offset.x == LABEL + 3 + len(row.value):
                self.action_turn(1)
            elif row.id == TURNS or event.chain == 2:
                self.action_type()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        self._scroll(event, -1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        self._scroll(event, 1)

    def _scroll(self, event: MouseScrollDown | MouseScrollUp, steps: int) -> None:
        event.stop()
        offset = event.get_content_offset(self)
        if offset is not None and offset.y <= len(self.panel.rows):
            self.chosen = max(0, offset.y - 1) + self._first
            self.action_turn(steps)

    # Drawing.

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles = {}

    def render_line(self, y: int) -> Strip:
        if not self._styles:
            self._styles = {
                part: self.get_component_rich_style(f"control-panel--{part}")
                for part in ("dial", "preset", "value", "chosen", "muted")
            } | {"plain": self.rich_style}
        width = self.size.width
        segments = self._dial(width) if y == 0 else self._row(y - 1 + self._first)
        return Strip(segments).adjust_cell_length(width, self._styles["plain"])

    def _dial(self, width: int) -> list[Segment]:
        """Draw the scale of the temperature, from 0 to 1.5, with the presets and the hand."""
        styles, most = self._styles, width - 1
        hand = round(min(self.panel.temperature / DIAL_MOST, 1.0) * most)
        presets = {round(preset / DIAL_MOST * most) for preset in PRESETS}
        cells = []
        for x in range(width):
            if x == hand:
                cells.append(("●", "dial"))
            elif x in presets:
                cells.append(("┴", "preset"))
            else:
                cells.append(("━", "dial") if x < hand else ("─", "muted"))
        return [
            Segment(glyph * len(list(run)), styles["plain"] + styles[part])
            for (glyph, part), run in groupby(cells)
        ]

    def _row(self, number: int) -> list[Segment]:
        if number >= len(self.panel.rows):
            return []
        row = self.panel.rows[number]
        plain, styles = self._styles["plain"], self._styles
        if self.has_focus and number == self.chosen:
            plain = plain + styles["chosen"]
        muted = plain + styles["muted"]
        return [
            Segment(row.title[:LABEL].ljust(LABEL), muted if row.idle else plain),
            Segment("◂ " if row.turns else "  ", muted),
            Segment(row.value, muted if row.idle else plain + styles["value"]),
            Segment(" ▸" if row.turns else "  ", muted),
            Segment(f"  {row.idle}" if row.idle else "", muted),
            Segment(" " * self.size.width, plain),
        ]
