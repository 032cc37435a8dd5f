"""One engine with several models: a file that is replaced, and what names which of them."""

import gc
import threading
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from charlm_tui.engine.insight_protocol import (
    LensOpened,
    LensRequested,
    Progressed,
    WhatIfRequested,
    WhatIfTold,
)
from charlm_tui.engine.protocol import (
    Event,
    GenerationFailed,
    Inspected,
    InspectRequested,
    LoadBesideRequested,
    LoadedBeside,
    LoadFailed,
    ModelLoaded,
    ReloadRequested,
    Remade,
    RemakeRequested,
    Request,
    Scored,
    ScoreRequested,
    UseRequested,
)
from charlm_tui.engine.worker import MOST_MODELS
from charlm_tui.lm import limits
from charlm_tui.lm.limits import StepWatch
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.reply.tape_file import Recording
from tests.support.engines import BOUND_S, RUNTIME, START, Driver, start
from tests.support.models import SYMBOLS, put

TEXT = array("H", range(20)).tobytes()
SETTINGS = Settings(0.8, rng_seed=5)
LENGTH = 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return put(tmp_path / "m.onnx", 1)


@pytest.fixture
def driver(path: Path) -> Iterator[Driver]:
    driver = Driver(path)
    yield driver
    driver.engine.close()


def reload(driver: Driver, path: Path) -> ModelLoaded:
    driver.engine.send(ReloadRequested(str(path)))
    return driver.load()


def reply(driver: Driver, number: int, model: str = "") -> list[int]:
    driver.engine.send(start(LENGTH, request_id=number)._replace(model=model))
    return driver.reply()


def test_a_reply_is_of_the_model_that_it_names_and_by_itself_of_the_newest(
    driver: Driver, path: Path
) -> None:
    first = driver.load()
    before = reply(driver, 1)
    put(path, 2)
    second = reload(driver, path)
    assert first.sha256 != second.sha256
    assert first.file != second.file
    assert second.at_hand == (first.sha256, second.sha256)
    after = reply(driver, 2)
    assert after != before
    assert reply(driver, 3, first.sha256) == before
    assert reply(driver, 4, second.sha256) == after


def test_a_reply_that_is_drawn_goes_on_with_its_model(driver: Driver, path: Path) -> None:
    first = driver.load()
    whole = reply(driver, 1)
    driver.engine.send(start(LENGTH, speed=100.0, request_id=2))
    begun = driver.batch()
    put(path, 2)
    driver.engine.send(ReloadRequested(str(path)))
    ids, loaded = array("H", begun.columns.ids), None
    driver.acknowledge(begun)
    while len(ids) < LENGTH or loaded is None:
        event = driver.next()
        if isinstance(event, ModelLoaded):
            loaded = event
        elif not isinstance(event, type(begun)):
            continue
        else:
            ids.frombytes(event.columns.ids)
            driver.acknowledge(event)
    assert ids.tolist() == whole
    assert loaded.at_hand == (first.sha256, loaded.sha256)


@pytest.mark.parametrize("content", [b"", b"damaged" * 100, None])
def test_a_file_that_is_refused_changes_nothing(
    driver: Driver, path: Path, content: bytes | None
) -> None:
    driver.load()
    before = reply(driver, 1)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    driver.engine.send(ReloadRequested(str(path)))
    failed = driver.next()
    assert isinstance(failed, LoadFailed)
    assert str(path) in failed.sentence
    assert "\n" not in failed.sentence
    assert reply(driver, 2) == before


def test_the_last_few_are_kept_and_one_that_is_not_is_named(driver: Driver, path: Path) -> None:
    loaded = [driver.load()]
    for rng_seed in range(2, MOST_MODELS + 2):
        put(path, rng_seed)
        loaded.append(reload(driver, path))
    assert loaded[-1].at_hand == tuple(each.sha256 for each in loaded[1:])
    driver.engine.send(start(LENGTH, request_id=1)._replace(model=loaded[0].sha256))
    failed = driver.next()
    assert isinstance(failed, GenerationFailed)
    assert "no longer at hand" in failed.sentence
    assert reply(driver, 2, loaded[1].sha256)


def test_one_that_comes_back_is_the_newest_and_kept_once(driver: Driver, path: Path) -> None:
    first = driver.load()
    put(path, 2)
    second = reload(driver, path)
    put(path, 1)
    third = reload(driver, path)
    assert third.sha256 == first.sha256
    assert third.at_hand == (second.sha256, first.sha256)


def recording(sha256: str, ids: list[int]) -> Recording:
    tape, ones = Tape(), array("f", [1.0] * len(ids)).tobytes()
    tape.append(Columns(array("H", ids).tobytes(), ones, ones, ones), Settings(1.0, rng_seed=5))
    text = "".join(SYMBOLS[index] for index in ids)
    return Recording("tiny", sha256, RUNTIME, "", text, tape)


def question(number: int, model: str, ids: list[int]) -> list[Request]:
    """Everything that is asked of a model but to draw."""
    return [
        InspectRequested(number, START, b"", SETTINGS, model=model),
        ScoreRequested(number, TEXT, SETTINGS, model),
        LensRequested(number, TEXT, 1, SETTINGS, model),
        WhatIfRequested(number, TEXT, 3, SETTINGS, b"", 0, model),
        RemakeRequested(number, recording(model, ids)),
    ]


KINDS = (Inspected, Scored, LensOpened, WhatIfTold, Remade)


def answers(driver: Driver, number: int, model: str, ids: list[int]) -> list[Event]:
    found = []
    for request in question(number, model, ids):
        driver.engine.send(request)
        while isinstance(event := driver.next(), Progressed):
            pass
        found.append(event._replace(number=0))
    assert [type(event) for event in found] == list(KINDS)
    return found


def test_all_that_is_asked_of_a_model_is_answered_by_the_one_that_is_named(
    driver: Driver, path: Path
) -> None:
    first = driver.load().sha256
    ids = reply(driver, 1)
    before = answers(driver, 1, first, ids)
    put(path, 2)
    second = reload(driver, path).sha256
    assert answers(driver, 2, first, ids) == before
    others = answers(driver, 3, second, reply(driver, 2))
    assert all(one != other for one, other in zip(before[:-1], others[:-1], strict=True))
    for remade in (before[-1], others[-1]):
        assert isinstance(remade, Remade)
        assert remade.differs_at is None


def test_who_watches_the_steps_of_a_model_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LOOK_S", 0.01)
    before = set(threading.enumerate())
    watch = StepWatch(1.0)
    (thread,) = set(threading.enumerate()) - before
    assert thread.is_alive()
    del watch
    gc.collect()
    thread.join(BOUND_S)
    assert not thread.is_alive()


def beside(driver: Driver, paths: list[Path]) -> LoadedBeside:
    driver.engine.send(LoadBesideRequested(tuple(map(str, paths))))
    event = driver.next()
    assert isinstance(event, LoadedBeside)
    return event


def test_models_beside_the_one_in_use_leave_it_the_last(
    driver: Driver, path: Path, tmp_path: Path
) -> None:
    first = driver.load()
    others = [put(tmp_path / f"{number}.onnx", number) for number in (2, 3)]
    told = beside(driver, [*others, path])
    assert not told.sentence
    assert [model.path for model in told.models] == [*map(str, others), str(path)]
    second, third, _ = (model.sha256 for model in told.models)
    assert told.at_hand == (second, third, first.sha256)
    assert reply(driver, 1) == reply(driver, 2, first.sha256) != reply(driver, 3, third)


def test_if_one_of_them_is_refused_none_is_there(driver: Driver, tmp_path: Path) -> None:
    driver.load()
    told = beside(driver, [put(tmp_path / "2.onnx", 2), tmp_path / "none.onnx"])
    assert "none.onnx" in told.sentence
    assert not told.models
    other = beside(driver, [put(tmp_path / "3.onnx", 3)])
    assert len(other.at_hand) == 2


def test_the_one_in_use_is_kept_longest(driver: Driver, path: Path, tmp_path: Path) -> None:
    first = driver.load()
    chosen = beside(driver, [put(tmp_path / "chosen.onnx", 100)]).models[0].sha256
    driver.engine.send(UseRequested(chosen))
    for number in range(2, MOST_MODELS + 2):
        told = beside(driver, [put(path, number)])
        assert told.at_hand[-1] == chosen
    assert first.sha256 not in told.at_hand
    assert len(told.at_hand) == MOST_MODELS
