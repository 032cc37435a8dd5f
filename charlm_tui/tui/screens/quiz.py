"""Corpus or model? Five passages on the screen, and what stands in the corpus, afterwards.

What is asked and answered `charlm_tui.session.quiz` knows; the engine writes, `recital` judges.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Label, Static

from charlm_tui.engine.insight_protocol import PassagesTold
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.errors import CharlmError
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.game import settings_of_game
from charlm_tui.session.quiz import (
    PASSAGE,
    Planned,
    Quiz,
    plan,
    settings_of_passages,
    written,
)
from charlm_tui.session.updates import InsightGained, Update
from charlm_tui.text import capitalised, visible
from charlm_tui.tui.screens.game_table import GameTable
from charlm_tui.tui.widgets.keys_line import KeysLine

_SAYS = Binding.Group("It is of the", compact=True)
_TEMPERATURE = Binding.Group("Temp", compact=True)
_WHOSE = {True: "corpus", False: "model"}


@dataclass
class Judged(Message):
    """How much of each passage stands in the corpus; posted from the thread that has counted."""

    quiz: Quiz
    longest: Sequence[int]


class QuizScreen(GameTable):
    """One passage after the other, and at the end all of them with whose they are."""

    HELP: ClassVar[str] = "quiz"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        *GameTable.WORDS,
        ("corpus", "the passage stands in the text as it is"),
        ("model", "the model has written it, after a seed from the text that is not shown"),
        ("word for word", "the longest part of a passage that stands in the corpus"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="quiz.leave"),
        Binding("f1", "help", "Help", show=False, id="quiz.help"),
        Binding("c", "answer(True)", "Corpus", key_display="c", id="quiz.corpus"),
        Binding("m", "answer(False)", "Model", key_display="m", id="quiz.model"),
        Binding(
            "minus,underscore,f2", "turn(-1)", "Cooler", key_display="-", group=_TEMPERATURE,
            id="quiz.cooler",
        ),
        Binding(
            "plus,equals_sign,f3", "turn(1)", "Warmer", key_display="+", group=_TEMPERATURE,
            id="quiz.warmer",
        ),
        Binding("n,ctrl+n", "again", "New quiz", id="quiz.again"),
        Binding("y,ctrl+s", "share", "Share", id="quiz.share"),
    ]  # fmt: skip

    _plan: tuple[Planned, ...] = ()
    _quiz: Quiz | None = None
    _longest: Sequence[int] = ()

    def compose(self) -> ComposeResult:
        yield Label("", id="game-title", markup=False)
        with VerticalScroll(id="game-page"):
            yield Static(id="quiz-text", markup=False)
            yield Static(id="game-past", markup=False)
        yield KeysLine(("quiz.cooler", "quiz.share", "quiz.again"))

    # The quiz.

    def deal(self) -> None:
        """Begin the quiz of the number of now."""
        assert self._source is not None
        self._quiz, self._longest, self._plan = None, (), ()
        self._plan = plan(self._source, self._number)

    def ask(self, model: ModelLoaded) -> int:
        """Ask the model to write its passages."""
        it = self._conversation
        seeds = [each.before for each in self._plan if not each.of_corpus]
        settings = settings_of_game(it.controls.settings, self._temperature, self._number)
        each = settings_of_passages(settings, len(seeds))
        return it.requests.passages(model, seeds, each, PASSAGE)

    @property
    def told_all(self) -> bool:
        """Whether the model has written its passages."""
        return self._quiz is not None or not self._plan

    @property
    def line(self) -> str:
        """The result to share."""
        return self._quiz.line if self._quiz is not None and self._quiz.ended else ""

    def turned(self) -> None:
        """Have the passages written again at another temperature."""
        self._quiz = None
        super().turned()

    def told(self, update: Update) -> None:
        """Show what the conversation tells."""
        match update:
            case InsightGained(answer=PassagesTold() as told) if told.number == self._asked:
                self._take(told)
            case _:
                super().told(update)

    def _take(self, told: PassagesTold) -> None:
        self._drop()
        assert self._model is not None
        assert self._source is not None
        if told.sentence:
            self._note = capitalised(told.sentence)
        else:
            decode = Vocabulary(self._model.symbols, self._model.case).decode
            shown = written(self._plan, [decode(array("H", ids)) for ids in told.passages])
            name = Path(self._model.path).name
            self._quiz = Quiz(shown, self._number, name, self._temperature, self._source.name)
        self.draw()
        self.refresh_bindings()

    def _judge(self, quiz: Quiz, path: Path, model: ModelLoaded) -> None:
        """Count how much of each passage stands in the corpus; runs in a thread."""
        from platformdirs import user_cache_path

        from charlm_tui.recital import Recital, open_index

        try:
            vocabulary = Vocabulary(model.symbols, model.case)
            index = open_index(path, vocabulary, user_cache_path("charlm-tui"))
        except CharlmError:  # it was there a moment ago: nobody judges
            return
        longest = []
        for each in quiz.shown:
            recital = Recital(index)
            recital.follow(each.text)
            longest.append(recital.longest.length)
        self.post_message(Judged(quiz, longest))

    def on_judged(self, message: Judged) -> None:
        message.stop()
        if message.quiz is self._quiz:
            self._longest = message.longest
            self.draw()

    # Keys.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        quiz = self._quiz
        if action == "answer":
            if quiz is None:
                return "the passages are not there yet"
            return "the quiz has ended: New quiz begins another" if quiz.ended else ""
        if action == "turn" and quiz is not None and quiz.answers:
            return "the quiz has begun"
        return super().obstacle(action, parameters)

    def action_answer(self, of_corpus: bool) -> None:
        """Say whose the passage is."""
        quiz = self._quiz
        assert quiz is not None
        quiz.answer(of_corpus)
        if quiz.ended:
            self.keep(quiz.line, quiz.facts)
            text, model = self._text, self._model
            if text is not None and model is not None:
                self.run_worker(lambda: self._judge(quiz, text, model), thread=True, group="judge")
        self.draw()
        self.refresh_bindings()

    # What is seen.

    def draw(self) -> None:
        """Show how the quiz stands."""
        quiz = self._quiz
        self.title_of(f"Corpus or model? Game {self._number} · temperature {self._temperature:g}")
        self.query_one("#quiz-text", Static).update(self._page(quiz))
        past = "\n".join(visible(line, "") for line in self._past)
        self.query_one("#game-past", Static).update(f"Last games\n{past}" if past else "")

    def _page(self, quiz: Quiz | None) -> Text:
        if quiz is None:
            return Text("" if self._note else "the model is writing")
        if not quiz.ended:
            number = len(quiz.answers)
            text = Text()
            text.append(f"{number + 1} of {len(quiz.shown)}\n\n", "dim")
            text.append(visible(quiz.shown[number].text, "⏎"))
            return text
        text = Text()
        text.append(f"{quiz.right} of {len(quiz.shown)} right\n\n", "bold")
        for number, (shown, said) in enumerate(zip(quiz.shown, quiz.answers, strict=True)):
            right = "right" if said == shown.of_corpus else f"wrong, you said {_WHOSE[said]}"
            judged = ""
            if self._longest:
                of = f"{self._longest[number]:,} of {len(shown.text):,}"
                judged = f" · {of} in the corpus word for word"
            text.append(f"{number + 1} of the {_WHOSE[shown.of_corpus]}: {right}{judged}\n", "bold")
            text.append(f"{visible(shown.text, '⏎')}\n\n")
        return text
