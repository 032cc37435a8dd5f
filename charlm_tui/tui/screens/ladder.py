"""One seed, replies side by side: the notebook's demonstration, live.

At several temperatures, or by several models, such as the epochs of a run. Shows the replies of a
ladder and lets one of them be taken. What a ladder is, the conversation knows.
"""

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Click, Resize
from textual.reactive import var
from textual.widgets import Label

from charlm_tui.reply.tints import Tint, levels
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.obstacles import no_step_of_a_lane
from charlm_tui.session.turns import Reply
from charlm_tui.session.updates import LanesAdded, Noticed, Phase, StateChanged, Update
from charlm_tui.text import fitting, visible
from charlm_tui.tui.document import Block
from charlm_tui.tui.keys import label_now
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.legend import Legend
from charlm_tui.tui.widgets.transcript import Transcript

NARROWEST = 26  # cells of a lane; where there is not room for all beside each other, they stack
FRAME = 6  # cells of a lane's upper edge that are not its title's
TITLES_PER_S = 4  # at which they follow the stream
SEED = 200  # characters of the seed that can be in the line above
_MARKS = {Phase.STREAMING: "▶", Phase.PAUSED: "‖", Phase.LOADING: "…"}
_LEAST_WANTED = ("ladder.slower", "ladder.stop", "ladder.go-on", "ladder.lane")
_LANE = Binding.Group("Lane", compact=True)
_TEMPERATURE = Binding.Group("Temp", compact=True)
_SPEED = Binding.Group("Speed", compact=True)


class LaneText(Transcript, can_focus=False):
    """One reply of the ladder."""

    def __init__(self, lane: int) -> None:
        super().__init__(id=f"lane-{lane}")
        self.lane = lane

    def on_click(self, event: Click) -> None:
        event.stop()
        if isinstance(self.screen, LadderScreen):
            self.screen.chosen = self.lane


class LadderScreen(Overlay[None]):
    """As many columns as there are lanes.

    Args:
        conversation: has just begun a ladder.
        tint: of the replies.
    """

    CSS_PATH = "../ladder.tcss"
    HELP: ClassVar[str] = "ladder"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("lane", "a reply of its own; all lanes have one seed and one RNG seed"),
        ("bits", "the mean surprisal of a lane's characters: low is predictable"),
        ("take it", "continue this lane, by its model at its temperature; the others stay"),
        ("back", "leave, with all settings as they are; every lane stays as a sibling"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "choose(-1)", "Lane", key_display="←", group=_LANE, id="ladder.lane"),
        Binding(
            "right,l", "choose(1)", "Lane", key_display="→", group=_LANE, id="ladder.next-lane"
        ),
        *(
            Binding(
                str(number),
                f"choose_number({number})",
                show=False,
                tooltip=f"Go to lane {number}.",
                id=f"ladder.{number}",
            )
            for number in range(1, 9)
        ),
        Binding(
            "minus,down,f2", "turn(-1)", "Cooler", key_display="-", group=_TEMPERATURE,
            id="ladder.cooler",
        ),
        Binding(
            "plus,equals_sign,up,f3", "turn(1)", "Warmer", key_display="+", group=_TEMPERATURE,
            id="ladder.warmer",
        ),
        Binding("enter", "pick", "Take it", id="ladder.pick"),
        Binding("space,f4", "command('pause')", "Pause", key_display="space", id="ladder.pause"),
        Binding("s,ctrl+s", "command('stop')", "Stop", key_display="s", id="ladder.stop"),
        Binding("g,ctrl+g", "command('go-on')", "Continue", key_display="g", id="ladder.go-on"),
        Binding(
            "less_than_sign,comma,f8", "command('slower')", "Slower", key_display="<",
            group=_SPEED, id="ladder.slower",
        ),
        Binding(
            "greater_than_sign,full_stop,f9", "command('faster')", "Faster", key_display=">",
            group=_SPEED, id="ladder.faster",
        ),
        Binding("escape", "back", "Back", id="ladder.back"),
        Binding("f1", "help", "Help", show=False, id="ladder.help"),
    ]  # fmt: skip

    chosen: var[int] = var(0)
    """The lane that keys change, and that is taken."""

    def __init__(self, conversation: Conversation, tint: Tint = Tint.PLAIN) -> None:
        super().__init__()
        self._conversation = conversation
        self._tint = tint
        self._acknowledging = False
        self._lanes = [LaneText(lane) for lane in range(len(conversation.ladder.temperatures))]

    def compose(self) -> ComposeResult:
        turn = self._conversation.turn
        seed = "" if turn is None else visible(turn.seed[-SEED:], "⏎")
        yield Label(f"❯ {seed}", id="ladder-seed", markup=False)
        with Container(id="lanes"):
            yield from self._lanes
        legend = Legend()
        legend.set_reactive(Legend.tint, self._tint)
        yield legend
        yield Label("", id="ladder-notice", markup=False)
        yield KeysLine(_LEAST_WANTED, partial(label_now, self._conversation))

    def on_mount(self) -> None:
        turn = self._conversation.turn
        assert turn is not None
        for lane, reply in zip(self._lanes, turn.replies, strict=True):
            block = lane.add("reply", source=reply)
            if len(reply.tape):  # came while the screen was made
                lane.append(reply.text())
            assert block.source is reply
            lane.tint(None if self._tint is Tint.PLAIN else partial(_levels, self._tint))
        # A title draws its whole lane: as often as it can be read.
        self._title_timer = self.set_interval(1 / TITLES_PER_S, self._title_lanes, pause=True)
        self._follow()
        self.call_after_refresh(self._title_lanes)  # once the lanes have a width
        self.call_after_refresh(self._acknowledge)

    def on_resize(self, event: Resize) -> None:
        count = len(self._lanes)
        columns = max(1, min(count, event.size.width // NARROWEST))
        rows = -(-count // columns)
        self.query_one("#lanes").styles.grid_size_columns = -(-count // rows)

    # What the conversation tells.

    def told(self, update: Update) -> None:
        """Show what the conversation tells; what has come before is shown when it is mounted."""
        match update:
            case LanesAdded(texts=texts):
                for lane, text in zip(self._lanes, texts, strict=True):
                    lane.append(text)
                if not self._acknowledging:
                    self._acknowledging = True
                    self.call_after_refresh(self._acknowledge)
            case Noticed(sentence=sentence):
                self.query_one("#ladder-notice", Label).update(visible(sentence, ""))
            case StateChanged():
                self._follow()

    def _acknowledge(self) -> None:
        self._acknowledging = False
        self._conversation.shown()

    def _follow(self) -> None:
        it = self._conversation
        for lane in self._lanes:
            lane.speed = it.controls.speed
            lane.live = it.busy
        self._title_lanes()
        if it.state is Phase.STREAMING:
            self._title_timer.resume()
        else:
            self._title_timer.pause()
        self.refresh_bindings()

    def _title_lanes(self) -> None:
        """Say of each lane what its temperature is, and how surprising it has been."""
        it, turn = self._conversation, self._conversation.turn
        if turn is None or len(it.ladder.temperatures) != len(self._lanes):
            return
        mark = _MARKS.get(it.state, "■")
        names = [visible(reply.author.model.file_name, "") for reply in turn.replies]
        by_models = len({reply.author.model.sha256 for reply in turn.replies}) > 1
        for number, (lane, reply) in enumerate(zip(self._lanes, turn.replies, strict=True)):
            length = len(reply.tape)
            mean = reply.tape.mean_bits
            bits = f" · {mean:.2f} bits" if mean is not None else ""
            warmth = f"{it.ladder.temperatures[number]:.2f}"
            whose = f" · {names[number]}" if by_models else ""
            lane.border_title = fitting(
                lane.outer_size.width - FRAME,
                f"{number + 1}{whose} · temp {warmth}",
                f"{number + 1}{whose} {warmth}",
                f"{number + 1}{whose}",
            )
            lane.border_subtitle = f"{mark} {length:,}{bits}"

    def watch_chosen(self, chosen: int) -> None:
        for number, lane in enumerate(self._lanes):
            lane.set_class(number == chosen, "-chosen")

    # Keys.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        match action, parameters:
            case "command", (str() as command,):
                return COMMANDS[command].obstacle(self._conversation)
            case "turn", (int() as steps,):
                return no_step_of_a_lane(self._conversation, self.chosen, steps)
            case "choose_number", (int() as number,):
                if number > len(self._lanes):
                    return f"there are {len(self._lanes)} lanes"
                return "that lane is chosen already" if number == self.chosen + 1 else ""
        return ""

    def action_command(self, command: str) -> None:
        """Run a command of the session."""
        COMMANDS[command].run(self._conversation, "")

    def action_choose(self, steps: int) -> None:
        """Go to another lane."""
        self.chosen = (self.chosen + steps) % len(self._lanes)

    def action_choose_number(self, number: int) -> None:
        """Go to a lane by its number."""
        self.chosen = number - 1

    def action_turn(self, steps: int) -> None:
        """Change the temperature of the chosen lane."""
        self._conversation.ladder.warm(self.chosen, steps)

    def action_back(self) -> None:
        """Leave; the lanes stay as siblings, and the settings as they are."""
        self.dismiss(None)
        self._conversation.ladder.keep(self.chosen)

    def action_pick(self) -> None:
        """Continue with the chosen lane; the others stay as its siblings."""
        self.dismiss(None)
        self._conversation.ladder.pick(self.chosen)


def _levels(tint: Tint, block: Block, start: int, stop: int) -> bytes:
    """Return the tint levels of characters of a lane's block."""
    reply = block.source
    assert isinstance(reply, Reply)
    return levels(tint, reply.tape, start, stop)
