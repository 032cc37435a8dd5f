"""What is asked for the lens and for what if, and which answers are wanted."""

from array import array

import pytest

from charlm_tui.engine.protocol import (
    Dismissed,
    LensRequested,
    ModelLoaded,
    Progressed,
    Request,
    WhatIfRequested,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.tape import Columns
from charlm_tui.session.requests import Requests
from charlm_tui.session.turns import Author, Reply, Turn
from charlm_tui.session.updates import InsightGained, Update
from tests.support.engines import RUNTIME, SYMBOLS

SETTINGS = Settings(0.5)
MODEL = ModelLoaded("fake.onnx", "fake", "0" * 64, SYMBOLS, "lower", 4, {}, RUNTIME)


class Asked:
    """What was asked and told."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.told: list[Update] = []
        self.requests = Requests(self.sent.append, self.told.append, self.told.append)


def turn_of(seed: str, text: str, before: str = "") -> Turn:
    vocabulary = Vocabulary(SYMBOLS, "lower")
    author = Author(MODEL, vocabulary, seed, array("H", vocabulary.encode(before)))
    turn = Turn(7, [Reply(author)])
    floats = array("f", [1.0] * len(text)).tobytes()
    ids = array("H", vocabulary.encode(text)).tobytes()
    turn.tape.append(Columns(ids, floats, floats, floats), SETTINGS)
    return turn


def text_of(ids: bytes) -> str:
    return "".join(SYMBOLS[i] for i in array("H", ids))


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        (SETTINGS, "ore" + "seedtext"),  # the window is 4: three before the first that is shown
        (Settings(depth=1), "seedtext"),
        (Settings(depth=40), "\nbefore" + "seedtext"),
        (Settings(carry=True), "\nbefore" + "seedtext"),
    ],
)
def test_a_lens_shows_the_turn_and_reads_as_far_back_as_its_context_does(
    settings: Settings, read: str
) -> None:
    it = Asked()
    lens = it.requests.lens(turn_of("seed", "text", "before"), settings)
    [request] = it.sent
    assert isinstance(request, LensRequested)
    assert text_of(request.read) == read
    assert read[request.start :] == lens.text == "seedtext"
    assert lens.first == -len("seed")


def test_what_if_reads_all_that_lies_before_whatever_the_context() -> None:
    it = Asked()
    it.requests.what_if(turn_of("seed", "text", "before"), 2, Settings(depth=1))
    [request] = it.sent
    assert isinstance(request, WhatIfRequested)
    assert text_of(request.read) == "\nbeforeseedte"
    assert SYMBOLS[request.drawn] == "x"


def test_answers_are_told_for_as_long_as_they_are_wanted() -> None:
    it = Asked()
    turn = turn_of("seed", "text")
    first = it.requests.lens(turn, SETTINGS).number
    second = it.requests.what_if(turn, 1, SETTINGS)
    for number in (first, second, 99):
        it.requests.answered(Progressed(number, 10))
    assert it.told == [InsightGained(Progressed(number, 10)) for number in (first, second)]
    it.requests.dismiss(first)
    it.requests.dismiss(first)
    assert it.sent.count(Dismissed(first)) == 1
    it.requests.answered(Progressed(first, 20))
    assert len(it.told) == 2


def test_of_an_engine_that_is_gone_nothing_is_wanted_any_more() -> None:
    it = Asked()
    lens = it.requests.lens(turn_of("seed", "text"), SETTINGS)
    it.requests.forget()
    it.requests.answered(Progressed(lens.number, 10))
    it.requests.dismiss(lens.number)
    assert (it.told, len(it.sent)) == ([], 1)
    assert it.requests.lens(turn_of("seed", "text"), SETTINGS).number != lens.number
