"""The main screen: the conversation, the status, the prompt.

Turns what a conversation tells into what is seen, and keys into commands. Decides nothing itself.
"""

import time
from collections import deque
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer

from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.controls import Controls
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.messages import ModelLoaded
from charlm_tui.session.updates import (
    Noticed,
    SeedDreamt,
    SeedReturned,
    SeedWaiting,
    State,
    StateChanged,
    TextAdded,
    TurnStarted,
    Update,
)
from charlm_tui.tui.keys import anywhere_bindings, help_rows, plain_bindings
from charlm_tui.tui.screens.help import HelpScreen
from charlm_tui.tui.widgets.prompt import Prompt
from charlm_tui.tui.widgets.status import Status
from charlm_tui.tui.widgets.transcript import Block, Transcript

RATE_S = 1.0  # over which characters per second are counted
RATE_FRAMES_PER_S = 4
PLACEHOLDER = "Type a seed, Enter to send"


class ConversationText(Transcript):
    """The transcript, with the keys of the commands on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *plain_bindings(),
        Binding("i,enter", "screen.to_prompt", "Prompt", show=False, id="transcript.prompt"),
        Binding("question_mark", "screen.help", "Help", show=False, id="transcript.help"),
    ]


class StudioScreen(Screen[None]):
    """The conversation above, one line of status, the prompt below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", id="app.help", tooltip="Every key", priority=True),
        *anywhere_bindings(),
        Binding("escape", "to_transcript", "To the text", show=False, id="app.to-transcript"),
        Binding("ctrl+q", "app.quit", "Quit", id="app.quit", priority=True),
    ]
    AUTO_FOCUS: ClassVar[str] = "#prompt"

    state: reactive[State] = reactive(State.LOADING)
    """Of the conversation."""
    controls: reactive[Controls] = reactive(Controls)
    """In force."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation
        self._arrivals: deque[tuple[float, int]] = deque()  # (when, characters)
        self._waiting: Block | None = None  # the seed that waits for the model
        self._acknowledging = False

    def compose(self) -> ComposeResult:
        yield ConversationText(id="transcript")
        yield Status().data_bind(StudioScreen.state, StudioScreen.controls)
        yield Prompt(id="prompt")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._rate_timer = self.set_interval(1 / RATE_FRAMES_PER_S, self._count, pause=True)
        self.query_one(Prompt).placeholder = PLACEHOLDER
        self._follow()

    @property
    def transcript(self) -> Transcript:
        return self.query_one("#transcript", Transcript)

    def show(self, update: Update) -> None:
        """Show what the conversation tells."""
        match update:
            case TextAdded(text=text):
                # What was said in between, if anything, stays where it was said.
                if self.transcript.blocks[-1].kind != "reply":
                    self.transcript.add("reply")
                self.transcript.append(text)
                self._arrivals.append((time.monotonic(), len(text)))
                if not self._acknowledging:
                    self._acknowledging = True
                    self.call_after_refresh(self._acknowledge)
            case TurnStarted(turn=turn):
                self.transcript.add("seed", turn.seed)
                self.transcript.to_end()
            case SeedWaiting(text=text):  # the status says that the model is loading
                if text:
                    self._waiting = self.transcript.add("seed", text)
            case SeedReturned(text=text):
                self.query_one(Prompt).give_back(text)
            case SeedDreamt(text=text):
                prompt = self.query_one(Prompt)
                prompt.offer(text)
                prompt.focus()
            case Noticed(sentence=sentence, error=error):
                self.transcript.add("error" if error else "notice", sentence)
            case StateChanged():
                self._follow()

    def _acknowledge(self) -> None:
        """Tell the engine that what has come is drawn."""
        self._acknowledging = False
        self._conversation.shown()

    def _follow(self) -> None:
        """Take over the state of the conversation."""
        before, self.state = self.state, self._conversation.state
        if self._waiting is not None and self.state is not State.LOADING:
            # It is shown anew, as the model reads it, when its turn starts.
            self.transcript.take_away(self._waiting)
            self._waiting = None
        self.controls = self._conversation.controls
        self.transcript.speed = self.controls.speed
        self.transcript.live = self._conversation.busy
        model = self._conversation.model
        if model is not None:
            self._greet(model)
        if self.state is not State.STREAMING:
            self._rate_timer.pause()
            self.query_one(Status).shown_per_s = None
        elif before is not State.STREAMING:
            self._arrivals.clear()
            self._stream_start_s = time.monotonic()
            self._rate_timer.resume()
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

    def _count(self) -> None:
        """Show how many characters a second have come of late."""
        now = time.monotonic()
        while self._arrivals and now - self._arrivals[0][0] > RATE_S:
            self._arrivals.popleft()
        over = min(RATE_S, now - self._stream_start_s)
        self.query_one(Status).shown_per_s = sum(n for _, n in self._arrivals) / max(over, 0.05)

    # Keys.

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        message.stop()
        self.transcript.to_end()
        if not self._conversation.send(message.text):
            message.prompt.give_back(message.text)

    def action_command(self, command: str) -> None:
        """Run a command of the session."""
        COMMANDS[command].run(self._conversation)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "command":
            return COMMANDS[str(parameters[0])].available(self._conversation)
        return True

    def action_to_transcript(self) -> None:
        """Leave the prompt for the transcript."""
        self.transcript.focus()

    def action_to_prompt(self) -> None:
        """Go back to the prompt."""
        self.query_one(Prompt).focus()

    def action_help(self) -> None:
        """Show every key."""
        self.app.push_screen(HelpScreen(help_rows()))
