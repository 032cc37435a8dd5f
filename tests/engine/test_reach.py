"""How far back characters look, asked of an engine's process, against the model asked directly."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from charlm_tui.engine.insight_protocol import (
    Dismissed,
    InfluenceRequested,
    InfluenceTold,
    Progressed,
    ReachRequested,
    ReachTold,
    SettlingRequested,
    SettlingTold,
)
from charlm_tui.engine.jobs import Insight
from charlm_tui.engine.protocol import (
    Acknowledged,
    CharactersGenerated,
    Event,
    GenerationEnded,
    LoadRequested,
    Request,
)
from charlm_tui.engine.worker import Worker
from charlm_tui.lm.influence import influence, mean_influence
from charlm_tui.lm.limits import NO_LIMITS
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.reach import Reach, Settling, reach, settling
from tests.support.engines import START, Driver, start

TEXT = (
    'a bird on the old wall sang to no one in the rain; we heard it, and said: "why?"\n'
    "nobody asked why it was there, and slowly evening came - quiet, grey, without wind\n"
)
WINDOW = 60


@pytest.fixture(scope="module")
def model(model_path: Path) -> OnnxModel:
    return OnnxModel(model_path)


@pytest.fixture(scope="module")
def ids(model: OnnxModel) -> "array[int]":
    vocabulary = model.contract.vocabulary
    return array("H", [vocabulary.start_symbol, *vocabulary.encode(TEXT * 3)])


@pytest.fixture
def driver(model_path: Path) -> Iterator[Driver]:
    driver = Driver(model_path)
    driver.load()
    yield driver
    driver.engine.close()


def answer(driver: Driver) -> Event:
    """Take in the next answer; progress grows until it comes."""
    percents = [0]
    while isinstance(event := driver.next(), Progressed):
        assert event.percent > percents[-1]
        percents.append(event.percent)
    return event


def test_the_reach_of_a_character_is_what_the_model_says_when_it_is_asked_directly(
    driver: Driver, model: OnnxModel, ids: "array[int]"
) -> None:
    read = ids[-WINDOW - 1 : -1]
    driver.engine.send(ReachRequested(7, read.tobytes(), ids[-1]))
    told = answer(driver)
    assert isinstance(told, ReachTold)
    *_, found = reach(model, read, ids[-1])
    assert isinstance(found, Reach)
    assert (told.number, told.settled, told.sentence) == (7, found.settled, "")
    assert array("H", told.other).tolist() == found.other.tolist()
    assert array("f", told.probability).tolist() == pytest.approx(found.probability.tolist())
    likely = array("f", told.other_probability).tolist()
    assert likely == pytest.approx(found.other_probability.tolist())


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("length", [1, 9, WINDOW])
def test_influence_is_what_the_model_says_when_it_is_asked_directly(
    driver: Driver, model: OnnxModel, ids: "array[int]", every: bool, length: int
) -> None:
    read = ids[-length:]
    driver.engine.send(InfluenceRequested(8, read.tobytes(), every))
    told = answer(driver)
    assert isinstance(told, InfluenceTold)
    *_, found = (mean_influence if every else influence)(model, read)
    assert isinstance(found, np.ndarray)
    assert (told.number, told.every, told.sentence) == (8, every, "")
    np.testing.assert_allclose(array("f", told.bits), found, rtol=1e-4, atol=1e-6)


def test_settling_is_what_the_model_says_when_it_is_asked_directly(
    driver: Driver, model: OnnxModel, ids: "array[int]"
) -> None:
    driver.engine.send(SettlingRequested(9, ids.tobytes(), 40, WINDOW))
    told = answer(driver)
    assert isinstance(told, SettlingTold)
    *_, found = settling(model, ids, 40, WINDOW)
    assert isinstance(found, Settling)
    assert array("I", told.depths).tolist() == found.depths.tolist()


def test_a_model_that_is_not_at_hand_is_said_in_a_sentence(driver: Driver) -> None:
    for request, kind in (
        (ReachRequested(1, START, 0, "f" * 64), ReachTold),
        (InfluenceRequested(2, START, model="f" * 64), InfluenceTold),
        (SettlingRequested(3, START, 1, 4, "f" * 64), SettlingTold),
    ):
        driver.engine.send(request)
        told = driver.next()
        assert isinstance(told, kind)
        assert told.number == request.number
        assert "no longer at hand" in told.sentence


def test_a_character_does_not_wait_for_a_text(driver: Driver, ids: "array[int]") -> None:
    driver.engine.send(SettlingRequested(1, (ids * 8).tobytes(), 1, WINDOW))
    driver.engine.send(ReachRequested(2, ids[-WINDOW:].tobytes(), 0))
    driver.engine.send(InfluenceRequested(3, ids[-WINDOW:].tobytes()))
    told: list[Event] = []
    while len(told) < 3:
        if not isinstance(event := driver.next(), Progressed):
            told.append(event)
    assert [it.number for it in told if isinstance(it, ReachTold | InfluenceTold)] == [2, 3]
    assert isinstance(told[-1], SettlingTold)


def test_nothing_more_is_told_once_it_is_dismissed(model: OnnxModel, ids: "array[int]") -> None:
    insight = Insight()
    for request in (
        SettlingRequested(1, ids.tobytes(), 1, WINDOW),
        InfluenceRequested(2, ids[-WINDOW:].tobytes(), every=True),
        ReachRequested(3, ids[-WINDOW:].tobytes(), 0),
    ):
        slices = insight.begin(request, model)
        next(slices)
        insight.dismiss(request.number)
        assert list(slices) == []


def test_a_dismissed_text_makes_room_in_the_engine(driver: Driver, ids: "array[int]") -> None:
    driver.engine.send(SettlingRequested(1, (ids * 60).tobytes(), 1, WINDOW))
    driver.engine.send(Dismissed(1))
    driver.engine.send(SettlingRequested(2, ids[:70].tobytes(), 1, WINDOW))
    told = driver.next()
    while isinstance(told, Progressed):
        told = driver.next()
    assert isinstance(told, SettlingTold)
    assert told.number == 2


def test_looking_back_changes_no_character_of_a_reply(driver: Driver, ids: "array[int]") -> None:
    driver.engine.send(start(300))
    alone = driver.reply()
    driver.engine.send(start(300, request_id=2))
    drawn, answered = array("H"), 0
    while not isinstance(event := driver.next(), GenerationEnded):
        if isinstance(event, CharactersGenerated):
            drawn.frombytes(event.columns.ids)
            driver.acknowledge(event)
            driver.engine.send(ReachRequested(9, ids[-WINDOW:].tobytes(), 0))
            driver.engine.send(InfluenceRequested(10, ids[-WINDOW:].tobytes()))
        answered += isinstance(event, ReachTold | InfluenceTold)
    assert drawn.tolist() == alone
    while not answered:
        answered += isinstance(driver.next(), ReachTold | InfluenceTold)


class Eager:
    """A pipe whose other end acknowledges every batch at once: a reply never waits."""

    def __init__(self, *requests: Request) -> None:
        self._requests = [*requests]
        self.told: list[Event] = []

    def interrupted(self) -> bool:
        return False

    def get(self, timeout_s: float | None) -> Request | None:  # noqa: ARG002  (as an inbox has it)
        if self._requests:
            return self._requests.pop(0)
        last = self.told[-1]
        if isinstance(last, InfluenceTold | GenerationEnded):
            raise EOFError
        if isinstance(last, CharactersGenerated):
            return Acknowledged(last.request_id, last.first + last.columns.characters)
        return None

    def send(self, event: Event) -> None:
        self.told.append(event)


def test_one_character_is_looked_at_while_a_reply_never_waits(
    model_path: Path, ids: "array[int]"
) -> None:
    window = ids[-WINDOW:].tobytes()
    pipe = Eager(
        LoadRequested(str(model_path), NO_LIMITS),
        start(10**5),
        ReachRequested(1, window, 0),
        InfluenceRequested(2, window),
    )
    with pytest.raises(EOFError):
        Worker(pipe, pipe).run()  # type: ignore[arg-type]
    kinds = [type(each) for each in pipe.told]
    assert kinds[-1] is InfluenceTold
    assert ReachTold in kinds
    assert 1 < kinds.count(CharactersGenerated) < 30
