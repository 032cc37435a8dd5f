"""Shannon's game and corpus or model on the screen."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.history.games import games
from charlm_tui.history.store import Store
from charlm_tui.lm.settings import Settings
from charlm_tui.session.game import Wanted
from charlm_tui.tui.app import CharlmApp
from charlm_tui.tui.screens.game import HIDDEN, GameScreen
from charlm_tui.tui.screens.quiz import QuizScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.next_character import NextCharacter
from tests.support.games import NUMBER, begun, corpus, game_of, quizzed
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

SIZE = (100, 30)
KEYS = {"\n": "enter", " ": "space", ",": "comma", ".": "full_stop"}


@asynccontextmanager
async def played(
    model: Path, folder: Path, wanted: Wanted
) -> AsyncIterator[tuple[CharlmApp, Studio]]:
    """Open a game at once, with the real engine."""
    setup = Setup(corpus=corpus(folder), history=folder / "h.db", game=wanted)
    app = CharlmApp(str(model), ProcessEngine, Controls(Settings(0.5)), setup=setup)
    async with app.run_test(size=SIZE) as pilot:
        assert isinstance(pilot, Pilot)
        yield app, Studio(app, pilot, [])


def shown(it: Studio, part: str) -> str:
    return str(it.app.screen.query_one(f"#{part}", Static).content)


def said(it: Studio) -> str:
    line = it.app.screen.query_one(KeysLine).said
    return "" if line is None else line.plain


def kept(folder: Path) -> list[dict[str, object]]:
    with closing(Store(folder / "h.db")) as store:
        return [it.facts for it in games(store)]


async def test_a_game_is_played_to_its_end_beside_the_model_and_kept(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    wanted = Wanted(NUMBER, length=6, temperature=0.5)
    async with played(tiny_model_path, tmp_path, wanted) as (app, it):
        await it.until(lambda: isinstance(app.screen, GameScreen), "the game is there")
        await it.until(lambda: game_of(it).result, "the model has guessed")
        game = game_of(it).result.game
        assert shown(it, "game-text").endswith(HIDDEN * 6)
        for number, char in enumerate(game.hidden.text):
            if number == 0:
                await it.press("q")
                assert shown(it, "game-wrong") == "not q"
            await it.press("ctrl+g" if number == 1 else KEYS.get(char, char))
        assert game.ended
        assert game.ranks == [2, len(game.vocabulary), 1, 1, 1, 1]
        assert HIDDEN not in shown(it, "game-text")
        figures = shown(it, "game-figures")
        for words in ("6 of 6", "you", "tiny.onnx at its best", "temperature 0.5", "Shannon's"):
            assert words in figures
        line = game_of(it).line
        await it.press("ctrl+s")
        assert app.clipboard == line
        assert line.endswith(f"· walls.txt · game {NUMBER}")
        assert shown(it, "game-past") == f"Last games\n{line}"
        await it.press("a")
        assert "New game begins another" in said(it)
        await it.press("ctrl+n")
        await it.until(lambda: game_of(it).result, "another game is there")
        assert game_of(it).result.game.number != NUMBER
        await it.press("escape")
        await it.until(lambda: len(app.screen_stack) == 1, "the game was left")
    [facts] = kept(tmp_path)
    assert (facts["line"], facts["ranks"], facts["given_up"]) == (line, game.ranks, [1])


async def test_a_quiz_is_answered_and_the_corpus_is_the_judge(
    tiny_model_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    wanted = Wanted(NUMBER, temperature=1.0, quiz=True)
    async with played(tiny_model_path, tmp_path, wanted) as (app, it):
        await it.until(lambda: isinstance(app.screen, QuizScreen), "the quiz is there")
        screen = app.screen
        assert isinstance(screen, QuizScreen)
        await it.until(lambda: screen._quiz, "the passages are there")
        quiz = screen._quiz
        assert quiz is not None
        for number, passage in enumerate(quiz.shown):
            assert shown(it, "quiz-text").startswith(f"{number + 1} of 5")
            await it.press("c" if passage.of_corpus else "m")
        await it.until(lambda: screen._longest, "the corpus was looked at")
        await it.settled()
        page = shown(it, "quiz-text")
        assert page.startswith("5 of 5 right")
        lengths = dict(zip(quiz.shown, screen._longest, strict=True))
        assert all((length == 160) == it.of_corpus for it, length in lengths.items())
        assert page.count("160 of 160 in the corpus word for word") == sum(
            it.of_corpus for it in quiz.shown
        )
        await it.press("y")
        assert app.clipboard == quiz.line
    [facts] = kept(tmp_path)
    assert (facts["kind"], facts["right"]) == ("quiz", 5)
    assert json.dumps(facts) == json.dumps(quiz.facts)


async def test_every_printable_key_is_a_guess_and_the_models_own_are_shown_on_demand(
    tmp_path: Path,
) -> None:
    async with studio(SIZE, setup=Setup(corpus=corpus(tmp_path), animated=False)) as it:
        await it.load()
        await it.pilot.press("escape", "E")
        await it.until(lambda: isinstance(it.app.screen, GameScreen), "the game is there")
        screen = await begun(it)
        game = screen.result.game
        for key in ("question_mark", "h", "i", "1", "minus"):
            await it.press(key)
            assert isinstance(it.app.screen, GameScreen)
        first = game.hidden.text[0]
        await it.press(first.upper())  # the model knows small letters alone
        assert game.found == first
        panel = screen.query_one(NextCharacter)
        assert not panel.display
        await it.press("ctrl+o")
        assert panel.display
        await it.until(lambda: panel.view, "what the model thought is shown")
        assert panel.view is not None
        assert panel.view.symbols[panel.view.drawn] == first
        asked = len(it.engine.requests)
        await it.press("f3")
        assert len(it.engine.requests) > asked  # the model guesses at another temperature
        assert screen._temperature == 0.55


async def test_a_game_waits_for_the_engine_and_goes_on_with_the_next_one(tmp_path: Path) -> None:
    async with studio(SIZE, setup=Setup(corpus=corpus(tmp_path), animated=False)) as it:
        await it.load()
        await it.pilot.press("escape", "Q")
        await it.until(lambda: isinstance(it.app.screen, QuizScreen), "the quiz is there")
        await it.until(lambda: it.app.screen._asked is not None, "the model was asked")
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "another engine was started")
        await it.until(lambda: "engine stopped" in shown(it, "game-title"), "it is said")
        it.engine.load()
        screen = await quizzed(it)
        await it.press("c")
        assert screen._quiz is not None
        assert len(screen._quiz.answers) == 1


async def test_without_a_corpus_the_key_says_how_to_give_one() -> None:
    async with studio(SIZE) as it:
        await it.load()
        await it.pilot.press("escape", "E")
        assert "there is no corpus: give --corpus" in it.status.lower()
        await it.pilot.press("i", *"/quiz", "space", "1", "2", "enter")
        sentence = "/quiz has nothing to act on right now: there is no corpus: give --corpus"
        await it.until(lambda: it.blocks and sentence in it.blocks[-1][1], "it is said")


async def test_a_text_that_cannot_be_read_is_told_in_the_title(tmp_path: Path) -> None:
    setup = Setup(corpus=tmp_path / "gone.txt", animated=False)
    async with studio(SIZE, setup=setup) as it:
        await it.load()
        await it.pilot.press("escape", "E")
        await it.until(lambda: isinstance(it.app.screen, GameScreen), "the game is there")
        await it.until(lambda: "gone.txt is no file" in shown(it, "game-title"), "it is said")
        await it.press("a")
        assert "gone.txt is no file" in said(it)
        await it.press("ctrl+n")
        assert "no text to play with" in said(it)
