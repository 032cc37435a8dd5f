"""Held units and causes in the engine's process, against the same without one."""

from array import array
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import (
    CauseRequested,
    CauseTold,
    Dismissed,
    LensOpened,
    LensRequested,
    Progressed,
    UnitRequested,
    UnitTold,
    WhatIfRequested,
    WhatIfTold,
)
from charlm_tui.engine.jobs import BEST_UNITS, Insight
from charlm_tui.engine.model_info import Units
from charlm_tui.engine.protocol import (
    Acknowledged,
    DrawRequested,
    GenerationEnded,
    GenerationFailed,
    Inspected,
    InspectRequested,
    LanesGenerated,
    LanesRequested,
)
from charlm_tui.lm.cause import Causes, causes
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Generation
from charlm_tui.lm.held import Held, Holds
from charlm_tui.lm.lens import Activations, activations
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.whatif import WhatIf, what_if
from tests.support.engines import Driver, start

HELD = (Held("c", 52, 3.0), Held("h", 7, -1.0))
PLAIN = Settings(1.0, rng_seed=5)
SETTINGS = replace(PLAIN, held=HELD)
LENGTH = 60


@pytest.fixture(scope="module")
def model(model_path: Path) -> OnnxModel:
    return OnnxModel(model_path)


@pytest.fixture(scope="module")
def read(model: OnnxModel) -> "array[int]":
    vocabulary = model.contract.vocabulary
    return array("H", [vocabulary.start_symbol, *vocabulary.encode("the spirit of the ")])


@pytest.fixture
def driver(model_path: Path) -> Iterator[Driver]:
    driver = Driver(model_path)
    loaded = driver.load()
    assert loaded.states == (("h", 128), ("c", 128))
    yield driver
    driver.engine.close()


def directly(
    model: OnnxModel, read: "array[int]", settings: Settings, length: int = LENGTH
) -> list[int]:
    sampler = Sampler(len(model.contract.vocabulary))
    generation = Generation(open_context(model, settings), sampler, settings, read)
    return [int(index) for index in generation.draw(length).ids]


@pytest.mark.parametrize("carry", [False, True])
def test_a_held_reply_is_drawn_and_continued_as_without_a_process(
    driver: Driver, model: OnnxModel, read: "array[int]", carry: bool
) -> None:
    """The second request reads what was held again, and the third lets everything go."""
    held, loose = replace(SETTINGS, carry=carry), replace(PLAIN, carry=carry)
    sampler = Sampler(len(model.contract.vocabulary))
    source = Generation(open_context(model, held), sampler, held, read)
    expected = [int(index) for index in source.draw(40).ids]
    source.change(loose)
    expected += [int(index) for index in source.draw(20).ids]
    assert expected != directly(model, read, loose)
    holds: Holds = ((len(read), HELD),)
    ids = array("H")
    for number, (first, end, settings) in enumerate(
        ((0, 25, held), (25, 40, held), (40, 60, loose))
    ):
        before = array("H", [*read, *ids])
        request = DrawRequested(
            number + 1,
            first,
            before.tobytes(),
            b"",
            Controls(settings, speed=0.0, length=end),
            holds=holds if first else (),
        )
        driver.engine.send(request)
        ids.extend(driver.rest(first))
    assert ids.tolist() == expected


def test_twins_share_their_random_numbers_and_differ_in_what_is_held(
    driver: Driver, model: OnnxModel, read: "array[int]"
) -> None:
    each = (SETTINGS, PLAIN)
    controls = Controls(PLAIN, speed=0.0, length=LENGTH)
    content = read.tobytes()
    driver.engine.send(LanesRequested(1, 0, (content,) * 2, (b"",) * 2, each, controls))
    lanes = [array("H"), array("H")]
    while not isinstance(event := driver.next(), GenerationEnded):
        assert isinstance(event, LanesGenerated)
        for lane, columns in zip(lanes, event.lanes, strict=True):
            lane.frombytes(columns.ids)
        driver.engine.send(Acknowledged(1, len(lanes[0])))
    assert [lane.tolist() for lane in lanes] == [directly(model, read, it) for it in each]
    assert lanes[0][:2] == lanes[1][:2]
    assert lanes[0] != lanes[1]


def test_what_is_asked_of_a_held_reply_reads_what_was_held(
    driver: Driver, model: OnnxModel, read: "array[int]"
) -> None:
    ids = array("H", [*read, *directly(model, read, SETTINGS, 30)])
    holds: Holds = ((len(read), HELD),)
    content = ids.tobytes()
    [logits] = open_context(model, SETTINGS).read(ids, holds)

    driver.engine.send(InspectRequested(1, content, b"", SETTINGS, 30, holds=holds))
    inspected = driver.next()
    assert isinstance(inspected, Inspected)
    weights = np.exp(logits - logits.max())
    own = array("f", inspected.model)
    np.testing.assert_allclose(own, weights / weights.sum(), atol=1e-5)

    driver.engine.send(LensRequested(2, content, 1, SETTINGS, holds=holds))
    while not isinstance(event := driver.next(), LensOpened):
        assert isinstance(event, Progressed)
    number = Units(event.tensors).named("c[52]")
    driver.engine.send(UnitRequested(2, number))
    told = driver.next()
    assert isinstance(told, UnitTold)
    assert len(set(told.levels[len(read) - 1 :])) == 1  # held
    assert len(set(told.levels[: len(read) - 1])) > 1
    *_, states = activations(model, ids, 1, len(ids), SETTINGS, holds=holds)
    assert isinstance(states, Activations)

    driver.engine.send(WhatIfRequested(3, content, ids[-1], SETTINGS, b"", 0, holds=holds))
    while not isinstance(event := driver.next(), WhatIfTold):
        assert isinstance(event, Progressed)
    *_, compared = what_if(model, ids, ids[-1], SETTINGS, (), holds=holds)
    assert isinstance(compared, WhatIf)
    after = array("f", event.rows[0].after)
    np.testing.assert_allclose(after, compared.rows[0].after, atol=1e-5)


def test_a_unit_that_the_model_has_not_fails_the_reply_alone(
    driver: Driver, model: OnnxModel, read: "array[int]"
) -> None:
    driver.engine.send(start(5, held=(Held("c9", 1, 1.0),)))
    failed = driver.next()
    assert isinstance(failed, GenerationFailed)
    assert "the model has no unit c9[1]; its units are h[0] to h[127], c[0] to" in failed.sentence
    driver.engine.send(
        DrawRequested(2, 0, read.tobytes(), b"", Controls(SETTINGS, speed=0.0, length=LENGTH))
    )
    assert driver.reply() == directly(model, read, SETTINGS)


# Causes.


def opened(driver: Driver, number: int, ids: "array[int]") -> None:
    driver.engine.send(LensRequested(number, ids.tobytes(), 1, PLAIN))
    while not isinstance(driver.next(), LensOpened):
        pass


@pytest.mark.parametrize("mean", [False, True])
def test_causes_are_those_of_the_model(
    driver: Driver, model: OnnxModel, read: "array[int]", mean: bool
) -> None:
    opened(driver, 1, read)
    part, holds = read[:-3], ((2, HELD),)
    driver.engine.send(CauseRequested(1, 9, part.tobytes(), holds, mean))
    told = driver.next()
    assert isinstance(told, CauseTold)
    values = None
    if mean:
        *_, states = activations(model, read, 1, len(read), PLAIN)
        assert isinstance(states, Activations)
        values = {name: each.mean(axis=0) for name, each in states.states.items()}
    *_, found = causes(model, part, holds, values)
    assert isinstance(found, Causes)
    assert (told.number, told.place, told.mean) == (1, 9, mean)
    units, bits = array("I", told.units), array("f", told.bits)
    assert len(units) == BEST_UNITS
    assert list(bits) == sorted(bits, reverse=True)
    assert list(bits) == pytest.approx(found.bits[list(units)].tolist(), abs=1e-5)
    assert bits[0] == pytest.approx(found.bits.max(), abs=1e-5)
    assert array("H", told.towards)[:5].tolist() == found.towards[list(units)[:5]].tolist()
    assert array("f", told.gains).tolist() == pytest.approx(found.gains[list(units)], abs=1e-5)


def answers(insight: Insight, model: OnnxModel, request: CauseRequested) -> list[object]:
    return [it for it in insight.begin(request, model) if it is not None]


def test_only_the_last_character_that_was_asked_for_is_told(
    model: OnnxModel, read: "array[int]"
) -> None:
    insight, content = Insight(), read.tobytes()
    assert [*insight.begin(LensRequested(1, content, 1, PLAIN), model)]
    first = insight.begin(CauseRequested(1, 3, content), model)
    assert next(first) is None
    [told] = answers(insight, model, CauseRequested(1, 4, content))
    assert isinstance(told, CauseTold)
    assert told.place == 4
    assert list(first) == []  # somebody has moved on


def test_only_the_lens_that_is_open_is_told_of(model: OnnxModel, read: "array[int]") -> None:
    insight, content = Insight(), read.tobytes()
    for number in (1, 2):
        assert [*insight.begin(LensRequested(number, content, 1, PLAIN), model)]
    assert answers(insight, model, CauseRequested(1, 3, content, mean=True)) == []
    assert len(answers(insight, model, CauseRequested(2, 3, content, mean=True))) == 1


def test_a_lens_that_is_closed_causes_nothing(model: OnnxModel, read: "array[int]") -> None:
    insight = Insight()
    request = CauseRequested(1, 3, read.tobytes(), mean=True)
    assert list(insight.begin(request, model)) == []  # it was never opened
    assert isinstance(
        [*insight.begin(LensRequested(1, read.tobytes(), 1, PLAIN), model)][-1], LensOpened
    )
    slices = insight.begin(request, model)
    assert next(slices) is None
    insight.dismiss(1)
    assert list(slices) == []


def test_a_dismissed_lens_is_not_asked(driver: Driver, read: "array[int]") -> None:
    opened(driver, 1, read)
    driver.engine.send(Dismissed(1))
    driver.engine.send(CauseRequested(1, 3, read.tobytes(), mean=True))
    assert driver.before_an_answer() == []


def test_without_a_lens_units_are_set_to_zero_until_it_is_dismissed(
    model: OnnxModel, read: "array[int]"
) -> None:
    insight, request = Insight(), CauseRequested(1, 3, read.tobytes(), ((2, HELD),))
    [told] = answers(insight, model, request)
    *_, found = causes(model, read, request.holds)
    assert isinstance(told, CauseTold)
    assert isinstance(found, Causes)
    units = array("I", told.units).tolist()
    assert array("f", told.bits).tolist() == pytest.approx(found.bits[units], abs=1e-5)
    slices = insight.begin(request, model)
    assert next(slices) is None
    insight.dismiss(1)
    assert list(slices) == []
