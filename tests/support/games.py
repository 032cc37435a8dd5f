"""Games on the screen: a corpus to play with, and an engine that answers."""

from array import array
from pathlib import Path
from typing import TypeVar

from charlm_tui.engine.insight_protocol import (
    GuessesRequested,
    GuessesTold,
    PassagesRequested,
    PassagesTold,
)
from charlm_tui.tui.screens.game import GameScreen
from charlm_tui.tui.screens.quiz import QuizScreen
from tests.support.engines import SYMBOLS
from tests.support.studio import Studio

LINE = "a bird on an old wall sang to no one in the rain, and slowly evening came.\n"
NUMBER = 4711
Request = TypeVar("Request", GuessesRequested, PassagesRequested)


def corpus(folder: Path, lines: int = 20) -> Path:
    """Write a corpus of our own words, which every test's model knows."""
    path = folder / "walls.txt"
    path.write_text(LINE * lines)
    return path


def game_of(it: Studio) -> GameScreen:
    assert isinstance(it.app.screen, GameScreen)
    return it.app.screen


def quiz_of(it: Studio) -> QuizScreen:
    assert isinstance(it.app.screen, QuizScreen)
    return it.app.screen


def guesses_told(request: GuessesRequested, rank: int = 2) -> GuessesTold:
    """Return an answer in which the right guess is always the one of a rank."""
    places = len(array("H", request.text))
    row = [0.5, *[0.5 / (len(SYMBOLS) - 1)] * (len(SYMBOLS) - 1)]
    floats = array("f", row * places).tobytes()
    ranks = array("I", [rank] * places).tobytes()
    drawn = array("I", [rank + 1] * places).tobytes()
    bits = array("f", [1.5] * places).tobytes()
    return GuessesTold(request.number, floats, floats, ranks, drawn, bits)


async def begun(it: Studio) -> GameScreen:
    """Wait for a game that was opened, and answer for the model."""
    asked = await _asked(it, GuessesRequested)
    it.engine.say(guesses_told(asked))
    await it.until(lambda: game_of(it).result, "the model's guesses are there")
    return game_of(it)


async def quizzed(it: Studio) -> QuizScreen:
    """Wait for a quiz that was opened, and write the model's passages."""
    asked = await _asked(it, PassagesRequested)
    ids = array("H", [SYMBOLS.index("e")] * asked.length).tobytes()
    it.engine.say(PassagesTold(asked.number, (ids,) * len(asked.seeds)))
    await it.until(lambda: quiz_of(it)._quiz, "the passages are there")
    return quiz_of(it)


async def _asked(it: Studio, kind: type[Request]) -> Request:
    found: list[Request] = []

    def asked() -> bool:
        found[:] = [each for each in it.engine.requests if isinstance(each, kind)]
        return bool(found)

    await it.until(asked, "the model was asked")
    return found[-1]
