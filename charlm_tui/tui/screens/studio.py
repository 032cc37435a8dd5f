"""The main screen: the conversation, the panels beside it, the status, the prompt.

Turns what a conversation tells into what is seen, and keys into commands. Decides nothing itself.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.events import Resize
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widget import MountError

from charlm_tui.controls.controls import PRESETS, Controls, new_rng_seed
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.lm.errors import CharlmError, SettingsError
from charlm_tui.reply.tints import Tint, levels
from charlm_tui.session.commands import COMMANDS, Command
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.knobs import KNOBS
from charlm_tui.session.sweep import temperature_now
from charlm_tui.session.turns import Reply, Turn
from charlm_tui.session.typed import run_line, take_line
from charlm_tui.session.updates import (
    DistributionKnown,
    HelpWanted,
    Noticed,
    ReplyMeasured,
    SeedDreamt,
    SeedReturned,
    SeedWaiting,
    Shared,
    State,
    StateChanged,
    TextAdded,
    TurnRemoved,
    TurnRewound,
    TurnStarted,
    Update,
)
from charlm_tui.tui.document import Block
from charlm_tui.tui.keys import ACTS, KEYS, LEAST_WANTED, anywhere_bindings, plain_bindings
from charlm_tui.tui.rates import Rates
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.shades import CorpusTint, Tinting, after
from charlm_tui.tui.widgets.status import Status
from charlm_tui.tui.widgets.transcript import Transcript

if TYPE_CHECKING:  # what the first paint does without is imported after it
    from charlm_tui.tui.recital_meter import CorpusOpened, CorpusRefused, Meter
    from charlm_tui.tui.widgets.control_panel import ControlPanel
    from charlm_tui.tui.widgets.next_character import NextCharacter
    from charlm_tui.tui.widgets.prompt import Prompt
    from charlm_tui.tui.widgets.ribbon import Ribbon
    from charlm_tui.tui.widgets.sidebar import Sidebar

RATE_FRAMES_PER_S = 4
PANEL_FRAMES_PER_S = 8  # at which the panels follow the stream: as fast as they can be read
PLAY_FRAMES_PER_S = 30  # at which a recorded reply comes
PLACEHOLDER = "Type a seed, Enter to send"
EDITING = "Type what is to stand there instead; Enter goes on from it, Esc leaves it"
_KNOBS = {knob.id: knob for knob in KNOBS}


class ConversationText(Transcript):
    """The transcript, with the keys of the commands on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *plain_bindings(),
        Binding("i", "screen.to_prompt", "Prompt", show=False, id="transcript.prompt"),
        Binding("enter", "screen.enter", "Prompt", show=False, id="transcript.enter"),
        Binding("question_mark", "screen.help", "Help", show=False, id="transcript.help"),
    ]


class StudioScreen(Screen[None]):
    """The conversation and the panels, one line of status, the prompt below.

    The text is there at the first paint, the prompt, the keys and the panels with the next. What
    is typed until then the app keeps.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help", tooltip="Every key", priority=True),
        *anywhere_bindings(),
        Binding("ctrl+r", "recall", "Recall", show=False, id="app.recall", priority=True),
        Binding("escape", "back", "To the text", show=False, id="app.to-transcript"),
        Binding("ctrl+q", "app.quit", "Quit", id="app.quit", priority=True),
    ]
    AUTO_FOCUS: ClassVar[str] = ""  # the prompt takes the focus when it is there

    state: var[State] = var(State.LOADING)
    """Of the conversation."""
    controls: var[Controls] = var(Controls)
    """In force."""
    continues: var[bool] = var(False)
    """Whether a new seed goes on with the conversation."""
    tinted: var[Tinting] = var[Tinting](Tint.PLAIN)
    """What the text is tinted by."""

    @dataclass
    class Painted(Message):
        """The first paint is done."""

    @dataclass
    class Furnished(Message):
        """All of the screen is there."""

    @dataclass
    class Typed(Message):
        """Something was typed and sent."""

        text: str

    @dataclass
    class HistoryWanted(Message):
        """Somebody wants to see what was kept."""

    def __init__(self, conversation: Conversation, setup: Setup) -> None:
        super().__init__()
        self._setup = setup
        self._conversation = conversation
        self._corpus = (
            setup.corpus
        )  # what Keras has downloaded is found when the screen is furnished
        self._rates = Rates()
        self._waiting: Block | None = None  # the seed that waits for the model
        self._acknowledging = False
        self._turn: Turn | None = None  # that text is added to
        self._count = 0  # characters of its reply that are shown
        self._newest: DistributionKnown | None = None
        self._stale = False  # whether it is none, and is to be asked for
        self._sidebar: Sidebar | None = None  # not before the screen is furnished
        self._ribbon: Ribbon | None = None
        self._meter: Meter | None = None
        self._prompt: Prompt | None = None
        self._editing: tuple[Turn, int] | None = None
        self._offered: list[bool | None] = []  # what could be done when the footer was made

    def compose(self) -> ComposeResult:
        with Horizontal(id="desk"):
            yield ConversationText(id="transcript")
        yield Status().data_bind(StudioScreen.state, StudioScreen.controls, StudioScreen.continues)

    def on_mount(self) -> None:
        if not self.is_attached:  # the app was left before there was anything
            return
        self._rate_timer = self.set_interval(1 / RATE_FRAMES_PER_S, self._rate, pause=True)
        self._panel_timer = self.set_interval(
            1 / PANEL_FRAMES_PER_S, self._follow_stream, pause=True
        )
        self._play_timer = self.set_interval(
            1 / PLAY_FRAMES_PER_S, self._conversation.advance, pause=True
        )
        self.transcript.animated = self._setup.animated
        self.set_reactive(StudioScreen.tinted, self._setup.tint)
        self._tint(self._setup.tint)
        self.add_class("-bare")
        self.call_after_refresh(self._furnish)

    async def _furnish(self) -> None:
        """Bring in what the first paint did without, unless the app is left meanwhile."""
        try:
            await self._bring_in()
        except (MountError, NoMatches):
            if self.is_attached:
                raise

    async def _bring_in(self) -> None:
        await self._mount_prompt()  # what comes of the next line may need it
        self.post_message(self.Painted())
        from charlm_tui.session.seeds import keras_corpus
        from charlm_tui.tui.recital_meter import Meter
        from charlm_tui.tui.widgets.recital import RecitalPanel
        from charlm_tui.tui.widgets.ribbon import Ribbon
        from charlm_tui.tui.widgets.sidebar import Sidebar

        self._corpus = self._corpus or keras_corpus()
        sidebar = Sidebar(self._setup.panels, () if self._corpus is not None else ("recital",))
        # Parsed only now: it takes a tenth of the time to the first paint.
        self.app.stylesheet.read(Path(__file__).parent.parent / "panels.tcss")
        with self.app.batch_update():
            self.app.refresh_css(animate=False)
            await self.query_one("#desk").mount(sidebar)
            ribbon = Ribbon()
            ribbon.display = False
            await self.mount(ribbon, after="#desk")
            self._sidebar, self._ribbon = sidebar, ribbon
            self._meter = Meter(
                self,
                self._conversation,
                self.transcript,
                sidebar.query_one(RecitalPanel),
                self._corpus,
                "recital" in self._setup.panels,
                self.show,
            )
            sidebar.fit(self.size.width, self.size.height)
            self._follow()
        self.post_message(self.Furnished())

    async def _mount_prompt(self) -> None:
        from charlm_tui.tui.widgets.keys_line import KeysLine
        from charlm_tui.tui.widgets.prompt import Prompt

        prompt = Prompt(id="prompt")
        prompt.placeholder = PLACEHOLDER
        with self.app.batch_update():
            await self.mount(prompt)
            await self.mount(KeysLine(LEAST_WANTED))
            self.remove_class("-bare")
            self._prompt = prompt
            prompt.focus()

    @property
    def prompt(self) -> "Prompt":
        """Where seeds are typed; not before the screen is furnished."""
        assert self._prompt is not None
        return self._prompt

    def on_resize(self, event: Resize) -> None:
        if self._sidebar is not None:
            self._sidebar.fit(event.size.width, event.size.height)
            self.call_after_refresh(self._follow_stream)

    @property
    def furnished(self) -> bool:
        """Whether all of the screen is there."""
        return self._sidebar is not None

    @property
    def transcript(self) -> Transcript:
        return self.query_one("#transcript", Transcript)

    # What the conversation tells.

    def show(self, update: Update) -> None:
        """Show what the conversation tells."""
        for screen in self.app.screen_stack:
            if isinstance(screen, Overlay):
                screen.show(update)
        match update:
            case TextAdded(text=text, draw_s=draw_s, given=given):
                self._add_text(text)
                if self._conversation.streaming:
                    self._stale = False  # what is possible comes with it
                if not given:
                    self._rates.came(time.monotonic(), len(text), draw_s)
                if not self._acknowledging:
                    self._acknowledging = True
                    self.call_after_refresh(self._acknowledge)
            case DistributionKnown():
                self._know(update)
            case TurnStarted(turn=turn):
                self._turn, self._count = turn, 0
                self._forget_newest()
                self._mark(self.transcript.add("seed", turn.seed, turn), turn)
                self.transcript.to_end()
            case TurnRewound(turn=turn, length=length):
                self._rewind(turn, length)
            case TurnRemoved(turn=turn):
                self._remove(turn)
            case Shared(line=line):
                self.app.copy_to_clipboard(line)
                self.notify(f"A line of {len(line):,} characters is in the clipboard.")
            case HelpWanted():
                self.action_help()
            case SeedWaiting(text=text):  # the status says that the model is loading
                if text:
                    self._waiting = self.transcript.add("seed", text)
            case SeedReturned(text=text):
                self.prompt.give_back(text)
            case SeedDreamt(text=text):
                self._offer(text)
            case Noticed(sentence=sentence, error=error):
                self.transcript.add("error" if error else "notice", sentence)
            case ReplyMeasured():
                self._tint(self.tinted)
                self._follow_stream()
            case StateChanged():
                self._follow()

    def _add_text(self, text: str) -> None:
        # What was said in between, if anything, stays where it was said.
        last = self.transcript.blocks[-1] if self.transcript.blocks else None
        if last is None or last.kind != "reply" or last.source is not self._turn:
            self.transcript.add("reply", source=self._turn, first=self._count)
        self._count += len(text)
        self.transcript.append(text)

    def _rewind(self, turn: Turn, length: int) -> None:
        """Take away what is no longer shown of a turn's reply, and all after it."""
        blocks = [block for block in self.transcript.blocks if block.source is turn]
        seed, last = blocks[0], blocks[0]
        for block in blocks[1:]:
            if block.first <= length:
                last = block
        self.transcript.cut(last, last.length if last is seed else length - last.first)
        self._turn, self._count = turn, length
        self._forget_newest()
        self._stop_editing(turn, length)
        self._mark(seed, turn)
        if self._meter is not None:
            self._meter.rewound(turn, length)
        self.transcript.to_end()

    def _remove(self, turn: Turn) -> None:
        """Take away a turn that was the last one."""
        blocks = self.transcript.blocks
        first = next(i for i, block in enumerate(blocks) if block.source is turn)
        if first:
            self.transcript.cut(blocks[first - 1], blocks[first - 1].length)
        else:
            self.transcript.clear()
        self._stop_editing(turn, 0)
        self._turn = self._conversation.turn
        self._count = len(self._turn.tape) if self._turn is not None else 0
        self._forget_newest()

    def _mark(self, seed: Block, turn: Turn) -> None:
        self.transcript.mark(seed, _siblings(turn))

    def _acknowledge(self) -> None:
        """Tell the engine that what has come is drawn."""
        self._acknowledging = False
        self._conversation.shown()

    def _know(self, known: DistributionKnown) -> None:
        turn = self._conversation.turn
        if not known.asked:
            self._newest, self._stale = known, False
        elif self._selected == (known.turn, known.number):
            self._show_distribution(known)
        elif known.turn is turn and known.number == len(turn.tape) - 1 and self._newest is None:
            self._newest = known._replace(asked=False)
            self._show_newest()

    def _forget_newest(self) -> None:
        """Forget what was possible at a character that is no longer the newest one shown."""
        self._newest, self._stale = None, True

    def _show_newest(self) -> None:
        """Show what was possible at the newest character, unless another one is selected."""
        if self._selected is not None:
            return
        if self._stale and self._sidebar is not None and "next" in self._sidebar.shown:
            self._stale = not self._conversation.inspect_last()
        self._show_distribution(self._newest)

    def _show_distribution(self, known: DistributionKnown | None) -> None:
        if self._sidebar is not None:
            self._sidebar.show_distribution(known, self._conversation.model)

    def _follow(self) -> None:
        """Take over the state of the conversation."""
        before, self.state = self.state, self._conversation.state
        if self._waiting is not None and self.state is not State.LOADING:
            # It is shown anew, as the model reads it, when its turn starts.
            self.transcript.take_away(self._waiting)
            self._waiting = None
        changed = self.controls.settings != self._conversation.controls.settings
        speed = self.controls.speed
        self.controls = self._conversation.controls
        self.continues = self._conversation.continues
        self.transcript.speed = self.controls.speed
        self.transcript.live = self._conversation.busy
        model = self._conversation.model
        if model is None:
            self._stale = self._newest is None  # the engine that was asked is gone
        else:
            self._greet(model)
            if self._meter is not None:
                self._meter.use(model)
        status = self.query_one(Status)
        turn = self._conversation.turn
        status.sibling = _siblings(turn) if turn is not None else ""
        moving = (State.STREAMING, State.PLAYING)
        if self.state is State.PLAYING or self._conversation.sweep.active:
            self._play_timer.resume()
        else:
            self._play_timer.pause()
        if self.state not in moving:
            self._rate_timer.pause()
            self._panel_timer.pause()
            status.shown_per_s = status.made_per_s = None
        elif before is not self.state or speed != self.controls.speed:
            self._rates.begin()
            status.shown_per_s = status.made_per_s = None
            self._rate_timer.resume()
            self._panel_timer.resume()
        if self._sidebar is not None:
            self._sidebar.show_controls(self._conversation)
        self._follow_stream()
        if changed and self._selected is not None:
            self._conversation.inspect(*self._selected)
        self._offer_keys()

    def _offer_keys(self) -> None:
        """Let the line of keys show what can be done now, if that is another than before."""
        offered = [self.check_action("command", (key.command,)) for key in KEYS if key.anywhere]
        offered += [self.check_action(act.action.partition("(")[0], ()) for act in ACTS]
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def _greet(self, model: ModelLoaded) -> None:
        self.query_one(Status).model = model.name
        if not self.transcript.blocks:
            bits = model.card.get("held_out_bits_per_character")
            score = f", {bits:.2f} bits per character" if isinstance(bits, float) else ""
            about = str(model.card.get("architecture", "a model"))
            self.transcript.add(
                "notice", f"{model.name}: {about}{score}; it knows {len(model.symbols)} characters"
            )

    def _rate(self) -> None:
        """Show how many characters a second have come of late, and how fast they were made."""
        status = self.query_one(Status)
        status.shown_per_s = self._rates.shown_per_s(time.monotonic())
        status.made_per_s = self._rates.made_per_s

    def _follow_stream(self) -> None:
        """Let the status and the panels show what is newest."""
        temperature = self.query_one(Status).temperature = temperature_now(self._conversation)
        tape = self._turn.tape if self._turn is not None else None
        if self._sidebar is not None:
            self._sidebar.show_surprise(tape)
        if self._sidebar is not None and self.controls.settings.moving:
            self._sidebar.show_controls(self._conversation)  # the dial moves
        if self._ribbon is not None:
            self._ribbon.follow(tape, temperature)
        if self._meter is not None:
            self._meter.look()
        self._show_newest()

    # Keys.

    def on_prompt_submitted(self, message: "Prompt.Submitted") -> None:
        message.stop()
        self.transcript.to_end()
        message.prompt.prompts.add(message.text)
        self.post_message(self.Typed(message.text))
        if self._editing is not None:
            (turn, number), text = self._editing, message.text
            self._edit(None)
            if text and not self._type_over(turn, number, text):
                message.prompt.give_back(text)
        else:
            self._told(partial(self._take, message))

    def _take(self, message: "Prompt.Submitted") -> None:
        if not take_line(self._conversation, message.text, commands=False):
            message.prompt.give_back(message.text)

    def action_command(self, command: str) -> None:
        """Run a command of the session."""
        self.run_command(COMMANDS[command])

    def run_command(self, command: Command) -> None:
        """Run a command, or ask for what it needs first."""
        if not command.argument:
            self._told(partial(command.run, self._conversation, ""))
        elif command.id in _KNOBS:
            self.ask_for(command.id)
        else:
            self._ask(f"{command.title}. {command.help}", partial(command.run, self._conversation))

    def _told(self, act: Callable[[], object]) -> None:
        """Do something, and show the sentence if it cannot be done."""
        try:
            act()
        except CharlmError as error:
            self.show(Noticed(_sentence(str(error)), error=True))

    def _ask(self, question: str, answer: Callable[[str], object], value: str = "") -> None:
        from charlm_tui.tui.screens.ask import ask

        ask(self.app, question, answer, value)

    def action_command_line(self) -> None:
        """Let a command be typed, as in the REPL."""
        self._ask("A command, such as temp 0.7.", partial(run_line, self._conversation))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tell what can be done now: the footer and the keys follow it."""
        it = self._conversation
        match action:
            case "command":
                return COMMANDS[str(parameters[0])].available(it)
            case "alternatives" | "edit" | "redraw":
                return self._selected is not None and it.tree.can_branch(self._selected[0])
            case "lens":
                turn = self._turn_at_hand
                return turn is not None and it.can_look(turn)
            case "what_if":
                at = self._selected
                return at is not None and it.tree.can_branch(at[0]) and at[1] < len(at[0].tape)
            case "walk":
                turn = self._turn_at_hand
                return turn is not None and len(turn.replies) > 1
            case "copy" | "tint":
                return bool(it.turns)
            case "ladder" | "own_ladder":
                return it.can_start
            case "history":
                return self._setup.history is not None
            case "corpus_seed":
                return it.model is not None and self._corpus is not None
        return True

    def action_back(self) -> None:
        """Leave the prompt for the transcript; there, select nothing."""
        if self._editing is not None:
            self._edit(None)
        elif self.transcript.has_focus:
            self.transcript.selection = None
        self.transcript.focus()

    def action_to_prompt(self) -> None:
        """Go back to the prompt."""
        self.prompt.focus()

    def action_enter(self) -> None:
        """Go to the selected character's alternatives; without one, to the prompt."""
        if self._selected is not None:
            self.action_alternatives()
        else:
            self.action_to_prompt()

    def action_ladder(self) -> None:
        """Let one seed go on at the notebook's temperatures, side by side."""
        self._told(lambda: self._climb(PRESETS))

    def action_own_ladder(self) -> None:
        """Let temperatures be typed for a ladder."""

        def answer(text: str) -> None:
            try:
                temperatures = [float(word) for word in text.replace(",", " ").split()]
            except ValueError:
                raise SettingsError(
                    f"the temperatures are {text!r:.40} where 2 to 8 numbers are expected; "
                    "give them, such as: 0.2 0.5 1.0"
                ) from None
            self._climb(temperatures)

        self._ask("Two to eight temperatures.", answer, " ".join(map(str, PRESETS)))

    def _climb(self, temperatures: Sequence[float]) -> None:
        """Begin a ladder on what stands in the prompt, else on the last seed."""
        from charlm_tui.tui.screens.ladder import LadderScreen

        if self.app.screen is not self:  # one that is there already has the conversation's lanes
            return
        it, prompt = self._conversation, self.prompt
        seed = prompt.text or (it.turn.seed if it.turn is not None else "")
        if it.ladder.climb(seed, temperatures):
            prompt.clear()
            tint = self.tinted if isinstance(self.tinted, Tint) else Tint.PLAIN  # lanes have tapes
            levels = None if tint is Tint.PLAIN else partial(_lane_levels, tint)
            self.app.push_screen(LadderScreen(it, levels), self._leave_ladder)

    def _leave_ladder(self, _: None) -> None:
        self.transcript.focus()

    def action_lens(self) -> None:
        """Look at the reply through the units of the model."""
        from charlm_tui.tui.screens.lens import LensScreen

        turn = self._turn_at_hand
        if turn is not None:
            place = self._selected[1] if self._selected is not None else None
            self.app.push_screen(LensScreen(self._conversation, turn, place))

    def action_what_if(self) -> None:
        """Compare settings at the selected character."""
        from charlm_tui.tui.screens.what_if import WhatIfScreen

        if self._selected is not None:
            self.app.push_screen(WhatIfScreen(self._conversation, *self._selected))

    def action_history(self) -> None:
        """Find a reply that was kept."""
        self.post_message(self.HistoryWanted())

    def action_recall(self) -> None:
        """Search in what was typed."""
        from charlm_tui.tui.screens.recall import RecallScreen

        def take(text: str | None) -> None:
            if text is not None:
                self._offer(text)

        self.app.push_screen(RecallScreen(self.prompt.prompts), take)

    def action_help(self) -> None:
        """Show every key."""
        from charlm_tui.tui.keys import help_rows
        from charlm_tui.tui.screens.help import HelpScreen

        rows = help_rows({})
        if self._setup.keymap:
            from charlm_tui.tui.catalog import (
                bindings,  # all the app: no more than the keymap needs
            )

            rows = help_rows(self._setup.keymap, bindings())
        self.app.push_screen(HelpScreen(rows))

    # The selected character, and other ways from it.

    @property
    def _selected(self) -> tuple[Turn, int] | None:
        """The turn and the number of the selected character."""
        selection = self.transcript.selection
        if selection is None or not isinstance(selection.block.source, Turn):
            return None
        return selection.block.source, selection.block.first + selection.cursor

    @property
    def _turn_at_hand(self) -> Turn | None:
        """The turn of the selected character, else the last one."""
        return self._selected[0] if self._selected is not None else self._conversation.turn

    def on_transcript_selected(self) -> None:
        if self._selected is None:
            self._show_newest()
        else:
            self._stale = self._stale or self._newest is None  # only the last question is answered
            self._conversation.inspect(*self._selected)
        self._offer_keys()

    def on_transcript_followed(self, message: Transcript.Followed) -> None:
        self.query_one(Status).more = not message.at_end

    def select_last(self) -> None:
        """Go to the last character of the text, from where arrows lead to any other."""
        self.transcript.focus()
        self.transcript.action_go(-1, 0)

    def load_prompts(self, newest_first: Iterable[str]) -> None:
        """Let what was typed in other sessions be recalled."""
        self.prompt.prompts.load(newest_first)

    def action_alternatives(self) -> None:
        """Go to the selected character's alternatives."""
        self._go_to("next")

    def _go_to(self, panel: str) -> None:
        if self._sidebar is not None and (widget := self._sidebar.force(panel)) is not None:
            widget.focus()

    def on_next_character_picked(self, message: "NextCharacter.Picked") -> None:
        if self._selected is None:
            return
        turn, number = self._selected
        self._leave_panel()
        if list(turn.tape.ids(number, number + 1)) == [message.id]:
            self.notify("That is what stands there already.")
            return
        self.transcript.selection = None
        self._conversation.tree.branch(turn, number, [message.id])

    def on_next_character_left(self) -> None:
        self._leave_panel()

    def on_control_panel_left(self) -> None:
        self._leave_panel()

    def _leave_panel(self) -> None:
        self.transcript.focus()
        if self._sidebar is not None:
            self._sidebar.force(None)

    def action_edit(self) -> None:
        """Type over the text from the selected character on."""
        self._edit(self._selected)

    def _edit(self, place: tuple[Turn, int] | None) -> None:
        self._editing = place
        prompt = self.prompt
        prompt.placeholder = EDITING if place is not None else PLACEHOLDER
        prompt.set_class(place is not None, "-editing")
        if place is not None:
            prompt.focus()

    def _stop_editing(self, turn: Turn, length: int) -> None:
        """Stop typing over a character, if a turn has only `length` of those it was among."""
        if self._editing is None:
            return
        edited, number = self._editing
        if edited not in self._conversation.turns or (edited is turn and number >= length):
            self._edit(None)
            self.notify("The character to type over is no longer shown.", severity="warning")

    def _type_over(self, turn: Turn, number: int, text: str) -> bool:
        if self._conversation.model is None:
            return False
        vocabulary = turn.vocabulary
        fitted = vocabulary.fit(text)
        if not fitted.text:
            self.show(Noticed(f"nothing was typed over: {fitted.notice}", error=True))
            return False
        self.transcript.selection = None
        taken = self._conversation.tree.branch(turn, number, vocabulary.encode(fitted.text))
        if taken and fitted.notice:
            self.show(Noticed(fitted.notice))
        return taken

    def action_redraw(self) -> None:
        """Take another way from the selected character, with other random numbers."""
        if self._selected is not None:
            turn, number = self._selected
            self.transcript.selection = None
            self._conversation.tree.branch(turn, number, rng_seed=new_rng_seed())

    def action_walk(self, steps: int) -> None:
        """Show a sibling of the reply."""
        turn = self._turn_at_hand
        if turn is not None:
            self.transcript.selection = None
            self._conversation.tree.walk(turn, steps)

    def action_copy(self) -> None:
        """Copy the selection, or the whole reply."""
        turn = self._conversation.turn
        text = self.transcript.selected_text()
        if not text and turn is not None:
            text = turn.text()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {len(text):,} character{'s' * (len(text) != 1)}.")

    # What is shown.

    def action_tint(self) -> None:
        """Tint the text by the next thing that it can be tinted by."""
        self.tinted = after(self.tinted, self._meter is not None and self._meter.ready)

    def watch_tinted(self, tinted: Tinting) -> None:
        if self.is_mounted:
            self._tint(tinted)
            self.notify(f"Tint: {tinted.value}.", timeout=2)

    def _tint(self, tinted: Tinting) -> None:
        if isinstance(tinted, CorpusTint):
            self.transcript.tint(self._meter.levels if self._meter is not None else None)
        else:
            self.transcript.tint(None if tinted is Tint.PLAIN else partial(_levels, tinted))

    def action_panels(self) -> None:
        """Fold the panels away, or unfold them."""
        if self._sidebar is not None:
            self._sidebar.cycle()
        self._follow_stream()

    def action_panel(self, panel: str) -> None:
        """Show or hide one panel."""
        if self._sidebar is not None:
            self._sidebar.toggle(panel)
            if panel == "recital" and self._meter is not None:
                self._meter.marking = panel in self._sidebar.shown
        self._follow_stream()

    def on_corpus_opened(self, message: "CorpusOpened") -> None:
        if self._meter is not None:
            self._meter.opened(message)
            self._tint(self.tinted)

    def on_corpus_refused(self, message: "CorpusRefused") -> None:
        if self._meter is not None:
            self._meter.refused(message)

    # The controls.

    def action_turn_controls(self) -> None:
        """Go to the controls."""
        self._go_to("controls")

    def on_control_panel_turned(self, message: "ControlPanel.Turned") -> None:
        if message.knob in _KNOBS:
            _KNOBS[message.knob].turn(self._conversation, message.steps)
        else:
            self._conversation.toggle_continue()

    def on_control_panel_dialled(self, message: "ControlPanel.Dialled") -> None:
        self._conversation.set_temperature(message.temperature)

    def on_control_panel_type_wanted(self, message: "ControlPanel.TypeWanted") -> None:
        self.ask_for(message.knob)

    def ask_for(self, knob: str) -> None:
        """Let a value be typed for a knob."""
        chosen = _KNOBS[knob]
        words = f"{chosen.row.title}. {chosen.row.help}"
        value = chosen.offered(self._conversation)
        self._ask(words, partial(chosen.type, self._conversation), value)

    # Seeds.

    def _offer(self, text: str) -> None:
        prompt = self.prompt
        prompt.offer(text)
        prompt.focus()

    def action_seed_file(self) -> None:
        """Put a file's text into the prompt."""
        from charlm_tui.session.seeds import read_seed

        def answer(path: str) -> None:
            self._offer(read_seed(Path(path.strip()).expanduser()))

        self._ask("A text file, whose text is to be the seed.", answer)

    def action_corpus_seed(self) -> None:
        """Put a passage of the corpus into the prompt."""
        from charlm_tui.session.seeds import passage

        model, corpus = self._conversation.model, self._corpus
        if model is not None and corpus is not None:
            rng = random.Random(new_rng_seed())
            self._told(lambda: self._offer(passage(corpus, model.window, rng)))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _siblings(turn: Turn) -> str:
    """Give which of its siblings a turn's reply is, if it has any."""
    return f"‹{turn.shown + 1}/{len(turn.replies)}›" if len(turn.replies) > 1 else ""


def _lane_levels(tint: Tint, block: Block, start: int, stop: int) -> bytes:
    """Give the tint levels of characters of a ladder's block."""
    reply = block.source
    assert isinstance(reply, Reply)
    return levels(tint, reply.tape, start, stop)


def _levels(tint: Tint, block: Block, start: int, stop: int) -> bytes:
    """Give the tint levels of characters of a block."""
    turn = block.source
    assert isinstance(turn, Turn)
    return levels(tint, turn.tape, block.first + start, block.first + stop)
