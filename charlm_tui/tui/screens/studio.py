"""The main screen: the conversation, the panels beside it, the status, the prompt.

Turns what a conversation tells into what is seen, and keys into commands. Decides nothing itself.
"""

import math
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.css.query import NoMatches
from textual.events import Resize
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.widget import MountError

from charlm_tui.controls.controls import Controls
from charlm_tui.errors import CommandError
from charlm_tui.reply.tints import Tint
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import (
    HelpWanted,
    ModelsWanted,
    Phase,
    ReplyMeasured,
    Said,
    SeedDreamt,
    SeedReturned,
    Shared,
    StateChanged,
    Update,
    ViewWanted,
)
from charlm_tui.text import capitalised
from charlm_tui.tui import keys
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.dialogs import Dialogs
from charlm_tui.tui.hindered import HinderedScreen
from charlm_tui.tui.key_names import key_of
from charlm_tui.tui.live import Furniture, Live
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.shades import Tinting, after, tinting_named
from charlm_tui.tui.situation import Situation
from charlm_tui.tui.view import ConversationView
from charlm_tui.tui.welcome import EXAMPLES, welcome
from charlm_tui.tui.widgets.conversation_text import ConversationText
from charlm_tui.tui.widgets.status import Status
from charlm_tui.tui.widgets.transcript import Transcript

TWICE_S = 2.0  # within which a second Ctrl+C quits

if TYPE_CHECKING:  # what the first paint does without is imported after it
    from charlm_tui.session.game import Wanted
    from charlm_tui.tui.branching import Branching
    from charlm_tui.tui.entry import Entry
    from charlm_tui.tui.recital_meter import CorpusOpened, CorpusRefused
    from charlm_tui.tui.widgets.control_panel import ControlPanel
    from charlm_tui.tui.widgets.next_character import NextCharacter
    from charlm_tui.tui.widgets.prompt import Prompt


class StudioScreen(HinderedScreen, Screen[None]):
    """The conversation and the panels, one line of status, the prompt below.

    The text is there at the first paint, the prompt, the keys and the panels with the next. What
    is typed until then the app keeps.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "open('help')", "Help", id="app.help", tooltip="Every key", priority=True),
        *keys.anywhere_bindings(),
        Binding("ctrl+r", "open('recall')", "Recall", show=False, id="app.recall", priority=True),
        Binding("escape", "back", "Keys", id="app.to-transcript", tooltip="To the text"),
        Binding("ctrl+p", "app.command_palette", "Commands", id="app.palette", priority=True),
        Binding("ctrl+c", "interrupt", "Stop", show=False, id="app.interrupt", priority=True),
        Binding("ctrl+q", "app.quit", "Quit", id="app.quit", priority=True),
    ]
    AUTO_FOCUS: ClassVar[str] = ""  # the prompt takes the focus when it is there

    state: var[Phase] = var(Phase.LOADING)
    """Of the conversation."""
    controls: var[Controls] = var(Controls)
    """In force."""
    continues: var[bool] = var(False)
    """Whether a new seed continues the conversation."""
    tinted: var[Tinting] = var[Tinting](Tint.PLAIN)
    """What the text is tinted by."""

    class Painted(Message):
        """The first paint is done."""

    class Furnished(Message):
        """All of the screen is there."""

    @dataclass
    class Typed(Message):
        """Something was typed and sent."""

        text: str

    class HistoryWanted(Message):
        """Somebody wants to see what was kept."""

    def __init__(self, conversation: Conversation, setup: Setup) -> None:
        super().__init__()
        self._setup = setup
        self._conversation = conversation
        self._corpus = setup.corpus  # one that Keras has downloaded is found after the first paint
        text = ConversationText(id="transcript")
        self._view = ConversationView(conversation, text, partial(welcome, setup))
        self._furniture: Furniture | None = None  # not before it is furnished
        self._entry: Entry | None = None
        self.set_reactive(StudioScreen.controls, conversation.controls)  # right at the first paint
        self.set_reactive(StudioScreen.continues, conversation.continues)
        self._interrupted_s = -math.inf  # when Ctrl+C had nothing to stop
        self._offered: list[bool] = []  # what could be done when the footer was made

    def compose(self) -> ComposeResult:
        with Horizontal(id="desk"):
            yield self.transcript
        yield Status().data_bind(StudioScreen.state, StudioScreen.controls, StudioScreen.continues)

    def on_mount(self) -> None:
        if not self.is_attached:  # the app was left before there was anything
            return
        it, view, status = self._conversation, self._view, self.query_one(Status)
        self._live = Live(self, it, view, status, self.show)
        self._dialogs = Dialogs(self.app, it, view, self._setup, self.show)
        status.resume_key = key_of(self._setup.keymap, "command.pause", status.resume_key)
        status.end_key = key_of(self._setup.keymap, "transcript.end", status.end_key)
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

        if self._setup.visit is None:
            self._corpus = self._corpus or keras_corpus()
        # Parsed only now: it takes a tenth of the time to the first paint.
        self.app.stylesheet.read(Path(__file__).parent.parent / "panels.tcss")
        with self.app.batch_update():
            self.app.refresh_css(animate=False)
            self._furniture = await self._live.furnish(self._setup, self._corpus)
            self._dialogs.corpus = self._corpus
            self._furniture.sidebar.fit(self.size.width, self.size.height)
            self._tint(self.tinted)
            self.show(StateChanged())
        self.post_message(self.Furnished())

    async def _mount_prompt(self) -> None:
        from charlm_tui.tui.branching import Branching
        from charlm_tui.tui.entry import Entry
        from charlm_tui.tui.widgets.keys_line import KeysLine
        from charlm_tui.tui.widgets.prompt import Prompt

        visit, examples = self._setup.visit, EXAMPLES if self._setup.first_run else ()
        prompt = Prompt(examples, models=visit.models if visit else None, id="prompt")
        branching = Branching(self._conversation, self._view, prompt)
        with self.app.batch_update():
            label = partial(keys.label_now, self._conversation)
            await self.mount(prompt, KeysLine(keys.LEAST_WANTED, label))
            self.remove_class("-bare")
            self._entry = Entry(self._conversation, prompt, branching, self._dialogs.attempt)
            self._dialogs.entry = self._entry
            prompt.focus()

    @property
    def entry(self) -> "Entry":
        """What is typed; not before the screen is furnished."""
        assert self._entry is not None
        return self._entry

    @property
    def prompt(self) -> "Prompt":
        """Where seeds are typed; not before the screen is furnished."""
        return self.entry.prompt

    @property
    def branching(self) -> "Branching":
        """Other ways from the selected character; not before the screen is furnished."""
        return self.entry.branching

    @property
    def furniture(self) -> Furniture:
        """The panels; not before the screen is furnished."""
        assert self._furniture is not None
        return self._furniture

    def on_resize(self, event: Resize) -> None:
        if self._furniture is not None:
            self._furniture.sidebar.fit(event.size.width, event.size.height)
            self.call_after_refresh(self._live.follow_stream)

    @property
    def furnished(self) -> bool:
        """Whether all of the screen is there."""
        return self._furniture is not None

    @property
    def transcript(self) -> Transcript:
        return self._view.transcript

    @property
    def situation(self) -> Situation:
        """What decides which acts can be done now."""
        return Situation(
            self._conversation,
            self._view.selected,
            self._setup.history is not None,
            self._corpus is not None,
        )

    # What the conversation tells.

    def show(self, update: Update) -> None:
        """Show what the conversation tells."""
        for screen in self.app.screen_stack:
            if isinstance(screen, Overlay):
                screen.show(update)
        self._view.show(update)
        if self._entry is not None:
            self.branching.show(update)
        if isinstance(update, StateChanged):
            it = self._conversation
            self.state, self.controls, self.continues = it.state, it.controls, it.continues
        self._live.show(update)
        match update:
            case Shared(line=line):
                self.app.copy_to_clipboard(line)
                self.notify(f"A line of {len(line):,} characters is in the clipboard.")
            case Said(sentence=sentence):
                self.notify(capitalised(sentence))
            case HelpWanted():
                self.action_open("help")
            case ModelsWanted():
                self._dialogs.models()
            case ViewWanted(view=view, argument=argument):
                self._view_wanted(view, argument)
            case SeedReturned(text=text):
                self.entry.give_back(text)
            case SeedDreamt(text=text):
                self.entry.offer(text)
            case ReplyMeasured():
                self._tint(self.tinted)
                self._live.follow_stream()
            case StateChanged():
                self._offer_keys()

    def _view_wanted(self, view: str, argument: str) -> None:
        """Open what a command names.

        Raises:
            CharlmError: it cannot be opened now, or not with such an argument.
        """
        act = next(act for act in ACTS if view in (act.id, act.slash))
        if obstacle := act.obstacle(self.situation):
            raise CommandError(f"/{view} has nothing to act on right now: {obstacle}")
        _, action, parameters = parse(act.action)
        if view == "tint" and argument:
            self.tinted = tinting_named(argument)
        elif argument:
            self._dialogs.open(view, argument)
        else:
            getattr(self, f"action_{action}")(*parameters)

    def _offer_keys(self) -> None:
        """Redraw the line of keys if what can be done has changed."""
        before, self._offered = self._offered, keys.offered(self.situation)
        if before != self._offered:
            self.refresh_bindings()

    # Keys.

    def say(self, sentence: str) -> None:
        """Say something in the status line."""
        self.query_one(Status).say(sentence)

    def on_prompt_submitted(self, message: "Prompt.Submitted") -> None:
        message.stop()
        self.transcript.to_end()
        if self.entry.take(message.text):
            self.post_message(self.Typed(message.text))

    def action_command(self, command: str) -> None:
        """Run a command of the session, or ask for what it needs first."""
        self._dialogs.run(COMMANDS[command])

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        return keys.obstacle_of(self.situation, action, parameters)

    def action_back(self) -> None:
        """Leave the prompt for the transcript; there, select nothing."""
        if self.branching.typing_over:
            self.branching.cancel()
        elif self.furniture.sidebar.over:
            self.furniture.sidebar.close()
            return
        elif self.transcript.has_focus and self.transcript.selection is None:
            self.notify("Nothing is selected; i or Enter goes to the prompt.")
        elif self.transcript.has_focus:
            self.transcript.selection = None
        self.transcript.focus()

    def action_interrupt(self) -> None:
        """Copy what is selected; else stop what is running, or clear the prompt; twice, quit."""
        if self.prompt.selected_text and self.prompt.has_focus:
            self.prompt.action_copy()
        elif self.transcript.selection is not None:
            self.action_copy()
        elif not COMMANDS["stop"].obstacle(self._conversation):
            self.action_command("stop")
        elif self.prompt.text:
            self.prompt.clear()
        elif time.monotonic() - self._interrupted_s < TWICE_S:
            self.app.exit()
        else:
            self._interrupted_s = time.monotonic()
            self.notify("Ctrl+C again quits.", timeout=TWICE_S)

    def action_to_prompt(self) -> None:
        """Go back to the prompt."""
        self.prompt.focus()

    def action_enter(self) -> None:
        """Go to the selected character's alternatives; without one, to the prompt."""
        if self._view.selected is not None:
            self.action_go_to("next")
        else:
            self.action_to_prompt()

    def action_open(self, what: str) -> None:
        """Open a question or a screen, by its name."""
        self._dialogs.open(what)

    def open_game(self, wanted: "Wanted") -> None:
        """Open a game that was wanted before there was a screen."""
        self._dialogs.play(wanted)

    def action_history(self) -> None:
        """Find a reply that was kept."""
        self.post_message(self.HistoryWanted())

    # The selected character, and other ways from it.

    def on_transcript_selected(self) -> None:
        if not self.is_attached:  # the app was left before there was anything
            return
        self._live.follow_selection()
        self._offer_keys()

    def on_descendant_focus(self) -> None:
        self.query_one(Status).reading = self.transcript.has_focus

    def on_transcript_followed(self, message: Transcript.Followed) -> None:
        self.query_one(Status).more = not message.at_end

    def select_last(self) -> None:
        """Go to the last character of the text, from where arrows lead to any other."""
        self.transcript.focus()
        self.transcript.action_go(-1, 0)

    def action_go_to(self, panel: str) -> None:
        """Go to a panel, whatever the room: the selected character's alternatives, say."""
        self.furniture.sidebar.open(panel).focus()

    def on_next_character_picked(self, message: "NextCharacter.Picked") -> None:
        if self._view.selected is not None:
            self.on_next_character_left()
            self.branching.pick(message.id)

    def on_next_character_left(self) -> None:
        self.transcript.focus()
        self.furniture.sidebar.close()

    on_control_panel_left = on_next_character_left

    def action_branch(self, way: str) -> None:
        """Take another way from the selected character: `begin` types over it, `redraw` draws."""
        getattr(self.branching, way)()

    def action_walk(self, steps: int) -> None:
        """Show a sibling of the reply."""
        turn = self.situation.turn
        if turn is not None:
            self.transcript.selection = None
            self._conversation.tree.walk(turn, steps)

    def action_copy(self) -> None:
        """Copy the selection, or the whole reply."""
        text = self._view.text_to_copy()
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {len(text):,} character{'s' * (len(text) != 1)}.")

    # What is shown.

    def action_tint(self) -> None:
        """Tint the text by the next thing that it can be tinted by."""
        self.tinted = after(self.tinted, self.furniture.meter.ready)

    def watch_tinted(self, tinted: Tinting) -> None:
        if self.is_mounted:
            self._tint(tinted)

    def _tint(self, tinted: Tinting) -> None:
        room = self._furniture
        self._view.tint(tinted, room.tint(tinted) if room is not None else None)

    def action_panels(self) -> None:
        """Fold the panels away, or unfold them."""
        self.furniture.sidebar.cycle()
        self._live.follow_stream()

    def action_panel(self, panel: str) -> None:
        """Show or hide one panel."""
        self.furniture.toggle(panel)
        self._live.follow_stream()

    def on_corpus_opened(self, message: "CorpusOpened") -> None:
        self.furniture.meter.opened(message)
        self._tint(self.tinted)

    def on_corpus_refused(self, message: "CorpusRefused") -> None:
        self.furniture.meter.refused(message)

    # The controls.

    def on_control_panel_turned(self, message: "ControlPanel.Turned") -> None:
        self._dialogs.turn(message.knob, message.steps)

    def on_control_panel_dialled(self, message: "ControlPanel.Dialled") -> None:
        self._conversation.temperature.set(message.temperature)

    def on_control_panel_type_wanted(self, message: "ControlPanel.TypeWanted") -> None:
        self._dialogs.value(message.knob)
