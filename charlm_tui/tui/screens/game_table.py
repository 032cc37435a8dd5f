"""What every game on the screen has: a text to play with, a number, and the games before.

Owns how the text is read, in a thread, and when a result is handed on. Does not know what is
played.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual.message import Message
from textual.widgets import Label

from charlm_tui.controls.controls import new_rng_seed, warmer
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.errors import CharlmError
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.game import Source, Wanted, source_of_file
from charlm_tui.session.updates import StateChanged, Update
from charlm_tui.text import capitalised, fitting, visible
from charlm_tui.tui.screens.overlay import Overlay

MOST_PAST = 10  # games that were played before, of those that are shown
GONE = "the engine stopped; the game waits for the next one"


@dataclass
class GameEnded(Message):
    """A game was played to its end: it is to be kept."""

    line: str
    facts: dict[str, Any]


@dataclass
class PastWanted(Message):
    """Somebody wants to see the games that were played."""

    most: int
    then: Callable[[Sequence[str]], None]
    """Takes their lines, the newest first."""


@dataclass
class SourceRead(Message):
    """The text to play with is there; posted from the thread that has read it."""

    source: Source


@dataclass
class SourceRefused(Message):
    """The text cannot be played with; posted from the thread that has tried."""

    sentence: str


class GameTable(Overlay[None]):
    """A game over the studio.

    Args:
        conversation: whose model plays.
        wanted: which game.
        corpus: that passages are drawn from; None if there is none.
    """

    CSS_PATH = "../game.tcss"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("game", "its number: the same text, model, number and length give the same game again"),
        ("held out", "the part of the corpus that the model was not trained on"),
        ("temperature", "at which the model plays: 0 is its best, more is bolder and worse"),
    )

    def __init__(self, conversation: Conversation, wanted: Wanted, corpus: Path | None) -> None:
        super().__init__()
        self._conversation = conversation
        self._wanted = wanted
        self._text = wanted.file if wanted.file is not None else corpus
        self._model: ModelLoaded | None = conversation.model
        self._source: Source | None = None
        self._number = new_rng_seed() if wanted.number is None else wanted.number
        self._temperature = wanted.temperature
        self._asked: int | None = None  # number of what is asked of the engine
        self._past: list[str] = []  # lines of the games before
        self._note = "reading the text"

    def on_mount(self) -> None:
        self.post_message(PastWanted(MOST_PAST, self._take_past))
        self.run_worker(self._read, thread=True, group="game")
        self.draw()

    def _read(self) -> None:
        """Read the text; runs in a thread."""
        model, text = self._model, self._text
        try:
            assert model is not None
            vocabulary = Vocabulary(model.symbols, model.case)
            if self._wanted.file is not None:
                source = source_of_file(self._wanted.file, vocabulary)
            else:
                from charlm_tui.recital.corpus import source as source_of

                source = source_of(model.card, vocabulary, text, {})
        except CharlmError as error:
            self.post_message(SourceRefused(str(error)))
        else:
            self.post_message(SourceRead(source))

    def on_source_read(self, message: SourceRead) -> None:
        message.stop()
        self._source = message.source
        self._begin()

    def on_source_refused(self, message: SourceRefused) -> None:
        message.stop()
        self._note = capitalised(message.sentence)
        self.draw()

    def _begin(self) -> None:
        """Deal a game, and ask the engine for its share."""
        self._drop()
        self._note = ""
        try:
            self.deal()
        except CharlmError as error:
            self._note = capitalised(str(error))
        else:
            self._ask()
        self.draw()
        self.refresh_bindings()

    def _ask(self) -> None:
        self._drop()
        # The model that the game was dealt for: the engine has it, whichever replies now.
        if self._conversation.model is not None and self._model is not None:
            self._asked = self.ask(self._model)

    def _drop(self) -> None:
        if self._asked is not None:
            self._conversation.requests.dismiss(self._asked)
        self._asked = None

    def _take_past(self, lines: Sequence[str]) -> None:
        newer = [it for it in self._past if it not in lines]  # played while they were looked up
        self._past = [*newer, *lines][:MOST_PAST]
        if self.present:
            self.draw()

    def keep(self, line: str, facts: dict[str, Any]) -> None:
        """Hand a result on, and list it first of the games before."""
        self._past = [line, *self._past][:MOST_PAST]
        self.post_message(GameEnded(line, facts))

    def title_of(self, name: str) -> None:
        """Say which game it is, of which text, and what is wrong if something is."""
        label, source = self.query_one("#game-title", Label), self._source
        if self._note:
            label.update(visible(f"{name}: {self._note}", ""))
            return
        text = "" if source is None else f" · {source.name}"
        note = f", {source.note}" if source is not None and source.note else ""
        width = self.size.width - label.gutter.width
        label.update(fitting(width, f"{name}{text}{note}", f"{name}{text}", name))

    # What a game is.

    def deal(self) -> None:
        """Begin the game of the number of now.

        Raises:
            GameError: the text is too short.
        """
        raise NotImplementedError

    def ask(self, model: ModelLoaded) -> int:
        """Ask the engine for its share; return the id."""
        raise NotImplementedError

    @property
    def told_all(self) -> bool:
        """Whether the engine has given its share."""
        raise NotImplementedError

    def draw(self) -> None:
        """Show how the game stands."""
        raise NotImplementedError

    @property
    def line(self) -> str:
        """The result to share; nothing if there is none yet."""
        raise NotImplementedError

    # What the conversation tells.

    def told(self, update: Update) -> None:
        """Show what the conversation tells."""
        if not isinstance(update, StateChanged) or self._source is None or self.told_all:
            return
        if self._conversation.model is None:
            self._asked, self._note = None, capitalised(GONE)
            self.draw()
        elif self._asked is None:  # a new engine is there
            self._note = ""
            self._ask()
            self.draw()

    # Keys.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        match action, parameters:
            case "again", _ if self._source is None:
                return "there is no text to play with"
            case "share", _ if not self.line:
                return "there is no result yet"
            case "turn", (int() as steps,) if warmer(self._temperature, steps) == self._temperature:
                return "that is as far as it goes by key; --temperature takes any"
        return ""

    def action_leave(self) -> None:
        """Leave; the engine forgets what was asked."""
        self._drop()
        self.dismiss(None)

    def action_again(self) -> None:
        """Begin another game."""
        self._number = new_rng_seed()
        self._begin()

    def action_share(self) -> None:
        """Copy the result as a line."""
        self.app.copy_to_clipboard(self.line)
        self.say(f"Copied: {self.line}")

    def action_turn(self, steps: int) -> None:
        """Change the temperature at which the model plays."""
        self._temperature = warmer(self._temperature, steps)
        self.turned()

    def turned(self) -> None:
        """Take in that the model plays at another temperature."""
        if self._source is not None:
            self._ask()
        self.draw()
        self.refresh_bindings()
