"""What is asked for the lens, for what if and of reach, and which answers are wanted."""

from array import array

import pytest

from charlm_tui.engine.insight_protocol import (
    Dismissed,
    InfluenceRequested,
    InfluenceTold,
    LensRequested,
    Progressed,
    ReachRequested,
    ReachTold,
    SettlingRequested,
    SettlingTold,
    WhatIfRequested,
)
from charlm_tui.engine.protocol import ModelLoaded, Request
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.tape import Columns
from charlm_tui.session import requests
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


@pytest.mark.parametrize(
    ("settings", "window"),
    [
        (SETTINGS, "edte"),  # the window is 4
        (Settings(depth=2), "te"),
        (Settings(depth=40), "\nbeforeseedte"),
        (Settings(carry=True), "edte"),  # a carried context has no depths
    ],
)
def test_reach_and_influence_are_asked_of_the_window_before_a_character(
    settings: Settings, window: str
) -> None:
    it, turn = Asked(), turn_of("seed", "text", "before")
    it.requests.reach(turn, 2, settings)
    it.requests.influence(turn, 2, settings)
    it.requests.influence(turn, 2, settings, every=True)
    one, two, three = it.sent
    assert isinstance(one, ReachRequested)
    assert isinstance(two, InfluenceRequested)
    assert isinstance(three, InfluenceRequested)
    assert [text_of(each.read) for each in (one, two, three)] == [window] * 3
    assert (SYMBOLS[one.drawn], two.every, three.every) == ("x", False, True)
    assert {each.model for each in (one, two, three)} == {MODEL.sha256}


def test_settling_is_asked_of_the_reply_with_as_much_before_it_as_a_window_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    it, turn = Asked(), turn_of("seed", "text")
    assert it.requests.settling(turn, SETTINGS) == (1, 0)
    assert it.requests.settling(turn, Settings(depth=2), 3) == (2, 3)
    monkeypatch.setattr(requests, "MOST_SHOWN", 3)
    assert it.requests.settling(turn, Settings(depth=40)) == (3, 1)
    asked = [each for each in it.sent if isinstance(each, SettlingRequested)]
    assert [(text_of(each.read), each.start, each.depth) for each in asked] == [
        ("seedtext", 4, 4),
        ("ext", 2, 2),
        ("\nseedtext", 6, 40),
    ]


def test_answers_of_reach_are_told_for_as_long_as_they_are_wanted() -> None:
    it, turn = Asked(), turn_of("seed", "text")
    numbers = [
        it.requests.reach(turn, 1, SETTINGS),
        it.requests.influence(turn, 1, SETTINGS),
        it.requests.settling(turn, SETTINGS).number,
    ]
    answers = [kind(each) for kind, each in zip(KINDS, numbers, strict=True)]
    for answer in (*answers, ReachTold(99)):
        it.requests.answered(answer)
    assert it.told == [InsightGained(each) for each in answers]
    for number in numbers:
        it.requests.dismiss(number)
    for answer in answers:
        it.requests.answered(answer)
    assert len(it.told) == 3


KINDS = (ReachTold, InfluenceTold, SettlingTold)
