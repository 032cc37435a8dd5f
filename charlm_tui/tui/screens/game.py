"""Shannon's game on the screen: a hidden passage is guessed by keys, beside what the model guesses.

Every key that writes something is a guess, so what else can be done has keys that write nothing.
What a guess is worth `charlm_tui.session.game` knows, and how the model guesses the engine.
"""

from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Key, Resize
from textual.widgets import Label, Static

from charlm_tui.engine.insight_protocol import GuessesTold
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.game import (
    Answer,
    Game,
    Opponent,
    Result,
    Row,
    hide,
    settings_of_game,
)
from charlm_tui.session.updates import InsightGained, Update
from charlm_tui.text import capitalised, cells, visible
from charlm_tui.tui.hindered import edge
from charlm_tui.tui.screens.game_table import GameTable
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.next_character import NextCharacter, View, name

HIDDEN = "·"  # in place of a character
WIDE = 76  # cells of the screen from which the model's guesses stand beside the text
GIVEN_UP = "given up"
_TEMPERATURE = Binding.Group("Temp", compact=True)


class GameScreen(GameTable):
    """The passage, the wrong guesses, the figures, and what the model guessed."""

    HELP: ClassVar[str] = "game"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        *GameTable.WORDS,
        ("guesses", "for a character, in the mean; the right one counts, too"),
        ("bits", "the bounds that Shannon's formulas put on the entropy of a character"),
        ("at its best", "the model guesses the most likely character first"),
        ("itself", "the model's mean surprisal at the same places: no guessing needed"),
        ("give up", "the character is told, and counts as the last guess of all"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="game.leave"),
        Binding("f1", "help", "Help", show=False, id="game.help"),
        Binding("ctrl+g", "give_up", "Give up", id="game.give-up"),
        Binding("ctrl+o", "guesses", "Model's guesses", id="game.guesses"),
        Binding("f2", "turn(-1)", "Cooler", group=_TEMPERATURE, id="game.cooler"),
        Binding("f3", "turn(1)", "Warmer", group=_TEMPERATURE, id="game.warmer"),
        Binding("ctrl+n", "again", "New game", id="game.again"),
        Binding("ctrl+s", "share", "Share", id="game.share"),
        Binding("down", "scroll(1)", "Down", show=False, id="game.down"),
        Binding("up", "scroll(-1)", "Up", show=False, id="game.up"),
    ]

    AUTO_FOCUS: ClassVar[str] = ""  # every key is the screen's

    def compose(self) -> ComposeResult:
        yield Label("", id="game-title", markup=False)
        with Horizontal(id="game-desk"):
            with VerticalScroll(id="game-page", can_focus=False):
                yield Static(id="game-text", markup=False)
                yield Static(id="game-wrong", markup=False)
                yield Static(id="game-figures", markup=False)
                yield Static(id="game-past", markup=False)
            panel = NextCharacter(id="game-guesses")
            panel.can_focus = False
            panel.display = False
            yield panel
        yield KeysLine(("game.cooler", "game.share", "game.again", "game.guesses"))

    _game: Game | None = None
    _opponent: Opponent | None = None
    _told: GuessesTold | None = None
    _kept = False  # whether the result was handed on

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < WIDE, "-narrow")
        self.call_after_refresh(self.draw)

    # The game.

    def deal(self) -> None:
        """Begin the game of the number of now."""
        self._game = self._opponent = self._told = None
        self._kept = False
        model, source = self._model, self._source
        assert model is not None
        assert source is not None
        hidden = hide(source, self._number, self._wanted.length)
        self._game = Game(hidden, Vocabulary(model.symbols, model.case), self._number)

    def ask(self, model: ModelLoaded) -> int:
        """Ask how the model guesses the passage."""
        assert self._game is not None
        it = self._conversation
        settings = settings_of_game(it.controls.settings, self._temperature, self._number)
        return it.requests.guesses(model, self._game.hidden, settings)

    @property
    def told_all(self) -> bool:
        """Whether the model's guesses are there."""
        return self._opponent is not None or self._game is None

    @property
    def result(self) -> Result | None:
        """The game as far as it was played, once the model's guesses are there."""
        if self._game is None or self._opponent is None or self._source is None:
            return None
        return Result(self._game, self._opponent, self._source.name)

    @property
    def line(self) -> str:
        """The result to share."""
        result = self.result
        return "" if result is None or result.person is None else result.line

    def told(self, update: Update) -> None:
        """Show what the conversation tells."""
        match update:
            case InsightGained(answer=GuessesTold() as told) if told.number == self._asked:
                self._take(told)
            case _:
                super().told(update)

    def _take(self, told: GuessesTold) -> None:
        self._drop()
        if told.sentence:
            self._note = capitalised(told.sentence)
        else:
            assert self._model is not None
            self._told = told
            self._opponent = Opponent(
                Path(self._model.path).name,
                self._temperature,
                array("I", told.ranks),
                array("I", told.drawn_ranks),
                array("f", told.surprisal_bits),
            )
        self._look_whether_it_ended()
        self.draw()

    def _look_whether_it_ended(self) -> None:
        result = self.result
        if result is not None and result.game.ended and not self._kept:
            self._kept = True
            self.keep(result.line, result.facts)
        self.refresh_bindings()

    # What is typed.

    def on_key(self, event: Key) -> None:
        typed = "\n" if event.key == "enter" else event.character
        if typed is None or not (typed == "\n" or typed.isprintable()):
            return
        event.stop()
        if self._game is None:
            self.say(self._note or "The text is not there yet")
        elif self._game.ended:
            self.say("The game has ended: New game begins another")
        else:
            self._guess(self._game, typed)

    def _guess(self, game: Game, typed: str) -> None:
        answer = game.guess(typed)
        if answer is Answer.RIGHT:
            self._look_whether_it_ended()
        elif answer in (Answer.REPEATED, Answer.UNKNOWN):
            self.say(f"‘{name(visible(typed))}’ is {answer.value}")
        self.draw()
        self.refresh_bindings()

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        game = self._game
        if action == "give_up":
            if game is None:
                return "there is nothing to guess yet"
            return "the game has ended" if game.ended else ""
        if action == "turn" and game is not None and game.ended:
            return "the game has ended"
        if action == "scroll":
            page = self.query_one("#game-page")
            return edge(int(str(parameters[0])) < 0, page.scroll_offset.y, page.max_scroll_y)
        return super().obstacle(action, parameters)

    def action_give_up(self) -> None:
        """Have the next character told."""
        assert self._game is not None
        self._game.give_up()
        self._look_whether_it_ended()
        self.draw()

    def action_scroll(self, lines: int) -> None:
        """Scroll the page by some lines."""
        self.query_one("#game-page").scroll_relative(y=lines, animate=False)

    def action_guesses(self) -> None:
        """Show or hide what the model guessed for the last character that is known."""
        panel = self.query_one(NextCharacter)
        panel.display = not panel.display
        self.call_after_refresh(self.draw)

    # What is seen.

    def draw(self) -> None:
        """Show how the game stands."""
        game = self._game
        self.title_of(f"Shannon's game {self._number}")
        self.query_one("#game-text", Static).update(self._passage())
        wrong = " ".join(name(each) for each in game.wrong) if game is not None else ""
        self.query_one("#game-wrong", Static).update(f"not {wrong}" if wrong else "")
        self.query_one("#game-figures", Static).update(self._figures())
        past = "\n".join(visible(line, "") for line in self._past)
        self.query_one("#game-past", Static).update(f"Last games\n{past}" if past else "")
        self._show_guesses()

    def _passage(self) -> Text:
        """Return what is known before the passage, what was found of it, and dots for the rest."""
        game, text = self._game, Text()
        if game is None:
            return text
        text.append(visible(game.hidden.before, "⏎"), "dim")
        for symbol, solved in zip(game.found, game.solved, strict=True):
            text.append(visible(symbol, "⏎"), "bold reverse" if solved.given_up else "bold")
        left = len(game.hidden.text) - len(game.solved)
        if left:
            text.append(HIDDEN, "reverse")
            text.append(HIDDEN * (left - 1))
        return text

    def _figures(self) -> Text:
        game, result = self._game, self.result
        if game is None:
            return Text()
        known, of = len(game.solved), len(game.hidden.text)
        heads = f"{known:,} of {of:,} characters"
        if result is None:
            return Text(f"{heads}\nthe model is still guessing" if not self._note else heads)
        width = self.query_one("#game-figures").content_size.width
        forms = (_table(result.rows, short) for short in (False, True))
        lines = next((it for it in forms if max(map(cells, it)) <= width), ())
        lines = lines or [f"{row.short} {row.bits}" for row in result.rows]
        return Text("\n".join([heads, *lines, result.alphabets]))

    def _show_guesses(self) -> None:
        panel, game, told = self.query_one(NextCharacter), self._game, self._told
        if game is None or told is None or not game.solved:
            panel.view = None
            return
        count, place = len(game.vocabulary), len(game.solved) - 1
        of_place = slice(4 * count * place, 4 * count * (place + 1))
        panel.view = View(
            game.vocabulary.symbols,
            array("f", told.probability[of_place]),
            array("f", told.tempered[of_place]),
            game.vocabulary.encode(game.hidden.text[place])[0],
            selected=True,
            verb="it was",
        )
        panel.border_title = "The model's guesses"


def _table(rows: Iterable[Row], short: bool) -> list[str]:
    """Return the figures in columns."""
    table = [(visible(row.short if short else row.who, ""), row.guesses, row.bits) for row in rows]
    first, second = (max(cells(each[i]) for each in table) for i in (0, 1))
    return [
        f"{who}{' ' * (first - cells(who))}  {guesses}{' ' * (second - cells(guesses))}  {bits}"
        for who, guesses, bits in table
    ]
