"""What a conversation tells, written into a terminal one after the other.

Turns updates into lines and streamed text; decides nothing, and starts nothing.
"""

from charlm_tui.engine.model_info import greeting
from charlm_tui.repl.keys import command_rows, key_rows
from charlm_tui.repl.printer import Printer
from charlm_tui.repl.status import closing
from charlm_tui.reply.tints import Tint, levels, tint_named
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.in_words import WORDS, InWords
from charlm_tui.session.models import models_in_words
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import (
    HelpWanted,
    ModelsWanted,
    Noticed,
    Phase,
    Said,
    Shared,
    StateChanged,
    TextAdded,
    TurnRemoved,
    TurnRewound,
    TurnStarted,
    Update,
    ViewWanted,
)

MOST_REPEATED = 2_000  # characters of a reply that are written again where it branches
_AT_REST = (Phase.IDLE, Phase.DOWN, Phase.LOADING)


class Teller:
    """Writes what a conversation tells.

    Args:
        conversation: that tells.
        printer: that writes.
        tint: of the text.
    """

    def __init__(self, conversation: Conversation, printer: Printer, tint: Tint) -> None:
        self.tint = tint
        """What the text is tinted by, from the next character on."""
        self.typed = False
        """Whether the seed of the next turn stands in the terminal already."""
        self._conversation = conversation
        self._printer = printer
        self._turn: Turn | None = None  # that text is added to
        self._open = False  # whether its reply has no closing line yet
        self._greeted = ""  # sha256 of the model that was told last

    def show(self, update: Update) -> None:
        """Write what the conversation tells."""
        match update:
            case TextAdded(text=text):
                self._add(text)
            case TurnStarted(turn=turn):
                self._begin(turn)
            case TurnRewound(turn=turn, length=length):
                self._rewind(turn, length)
            case TurnRemoved(turn=turn):
                self._turn, self._open = self._conversation.turn, False
                self._printer.line("notice", f"undone: {turn.seed or 'the empty seed'}")
            case Shared(line=line):
                self._printer.raw(line)
            case HelpWanted():
                self._printer.table(("command", "what it does"), command_rows())
                self._printer.raw("")
                self._printer.table(("in the prompt", "streaming", "what it does"), key_rows())
            case ModelsWanted():
                model = self._conversation.model
                found = models_in_words("" if model is None else model.path)
                self._printer.table(("/model", "what it is"), found)
            case ViewWanted(view="tint", argument=name) if name.lower() != WORDS:
                self.tint_by(name)
            case ViewWanted(view=view) if view not in ("tint", *InWords.VIEWS):
                sentence = f"/{view} opens a screen of the app, and this is the chat"
                self._printer.line("error", sentence)
            case Said(sentence=sentence):
                self._printer.line("notice", sentence)
            case Noticed(sentence=sentence, error=error):
                self._printer.line("error" if error else "notice", sentence)
            case StateChanged():
                self._follow()

    def tint_by(self, name: str) -> None:
        """Tint what comes by what is named, or by the next that it can be tinted by."""
        self.tint = tint_named(name) if name else self.tint.following
        words = f"tint: {self.tint.value}"
        if self._conversation.busy:
            self._printer.aside(words)
        else:
            self._printer.line("notice", words)

    def _add(self, text: str) -> None:
        turn = self._turn
        assert turn is not None
        self._open = True
        self._stream(turn, len(turn.tape) - len(text), text)

    def _stream(self, turn: Turn, start: int, text: str) -> None:
        """Write the text of a reply from character `start` on."""
        tinted = self.tint is not Tint.PLAIN
        shades = levels(self.tint, turn.tape, start, start + len(text)) if tinted else b""
        self._printer.stream(text, shades)

    def _begin(self, turn: Turn) -> None:
        self._turn, self._open = turn, True
        if not self.typed:
            self._printer.line("seed", turn.seed)
        self.typed = False

    def _rewind(self, turn: Turn, length: int) -> None:
        """Write what is left of a reply again: what stands in the terminal stays there."""
        self._turn, self._open = turn, True
        self._printer.line("seed", f"{turn.seed}  ‹{turn.shown + 1}/{len(turn.replies)}›")
        start = max(0, length - MOST_REPEATED)
        if start:
            self._printer.aside(f"{start:,} characters before")
        self._stream(turn, start, turn.text(start, length))

    def _follow(self) -> None:
        """Take over the state of the conversation: greet a new model, close a reply at its end."""
        it = self._conversation
        if it.model is not None and it.model.sha256 != self._greeted:
            self._greeted = it.model.sha256
            if len(it.models) == 1:  # of one that came in place of another, a notice tells
                self._printer.line("notice", f"{greeting(it.model)}; /help tells what can be done")
        if self._open and self._turn is not None and it.state in _AT_REST:
            self._open = False
            self._printer.line("notice", closing(self._turn))
