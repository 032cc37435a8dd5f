"""The neuron lens and what if in the engine's process, against the same without one."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from charlm_tui.controls.controls import PRESETS
from charlm_tui.engine.insight_protocol import (
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
    CharactersGenerated,
    Event,
    GenerationEnded,
    InspectRequested,
)
from charlm_tui.lm.features import FEATURES
from charlm_tui.lm.lens import (
    Activations,
    activations,
    by_variance,
    correlations,
    ranked,
    scale_of,
    unit_levels,
)
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.whatif import WhatIf, what_if
from charlm_tui.reply.tints import DIVERGING
from tests.support.engines import START, Driver, start

TEXT = (
    'a bird on the old wall sang to no one in the rain; we heard it, and said: "why?"\n'
    "nobody asked why it was there, and slowly evening came - quiet, grey, without wind\n"
)
SETTINGS = Settings(0.5, rng_seed=5)


@pytest.fixture(scope="module")
def model(model_path: Path) -> OnnxModel:
    return OnnxModel(model_path)


@pytest.fixture(scope="module")
def ids(model: OnnxModel) -> "array[int]":
    vocabulary = model.contract.vocabulary
    return array("H", [vocabulary.start_symbol, *vocabulary.encode(vocabulary.fit(TEXT * 3).text)])


@pytest.fixture
def driver(model_path: Path) -> Iterator[Driver]:
    driver = Driver(model_path)
    driver.load()
    yield driver
    driver.engine.close()


def directly(model: OnnxModel, ids: "array[int]", first: int, settings: Settings) -> Activations:
    *_, read = activations(model, ids, first, len(ids), settings)
    assert isinstance(read, Activations)
    return read


def opened(driver: Driver, number: int) -> tuple[list[int], LensOpened]:
    """Take in a lens: how far it was, as it went, and what was told."""
    percents = []
    while not isinstance(event := driver.next(), LensOpened):
        assert isinstance(event, Progressed)
        assert event.number == number
        percents.append(event.percent)
    return percents, event


@pytest.mark.parametrize("carry", [False, True])
def test_a_lens_tells_what_the_model_says_when_it_is_asked_directly(
    driver: Driver, model: OnnxModel, ids: "array[int]", carry: bool
) -> None:
    settings = Settings(0.5, rng_seed=5, carry=carry)
    first = 70
    driver.engine.send(LensRequested(3, ids.tobytes(), first, settings))
    percents, lens = opened(driver, 3)
    assert percents == sorted(set(percents))
    assert percents[-1] == 100
    assert len(percents) > 3
    read = directly(model, ids, first, settings)
    assert lens.tensors == tuple((name, of.shape[1]) for name, of in read.states.items())
    units = Units(lens.tensors)
    text = model.contract.vocabulary.decode(ids[first:])
    values = np.array([feature.of(text) for feature in FEATURES])
    for number in (0, 1, units.total // 2, units.total - 1):
        unit = read.units[number]
        assert units.name(number) == f"{unit.tensor}[{unit.index}]"
        driver.engine.send(UnitRequested(3, number))
        told = driver.next()
        assert isinstance(told, UnitTold)
        scale = scale_of(read.states[unit.tensor])
        assert (told.number, told.unit, told.limit, told.bounded) == (3, number, *scale)
        assert told.levels == unit_levels(read.of(unit), scale.limit)
        assert max(told.levels) < DIVERGING
        for shown, predicts in ((told.reads, False), (told.predicts, True)):
            expected = correlations(read, values, predicts)[unit.tensor][:, unit.index]
            assert array("f", shown).tolist() == pytest.approx(expected.tolist(), abs=1e-5)


def test_its_rankings_are_those_of_the_lens(
    driver: Driver, model: OnnxModel, ids: "array[int]"
) -> None:
    driver.engine.send(LensRequested(1, ids.tobytes(), 1, SETTINGS))
    _, lens = opened(driver, 1)
    read = directly(model, ids, 1, SETTINGS)
    text = model.contract.vocabulary.decode(ids[1:])
    numbers = {unit: number for number, unit in enumerate(read.units)}
    assert [each.title for each in lens.rankings] == ["variance", *(f.title for f in FEATURES)]
    variance, *others = lens.rankings
    assert array("I", variance.reads).tolist() == [
        numbers[each.unit] for each in by_variance(read, BEST_UNITS)
    ]
    values = np.array([feature.of(text) for feature in FEATURES])
    for predicts in (False, True):
        expected = ranked(correlations(read, values, predicts), most=BEST_UNITS)
        for feature, told in zip(FEATURES, others, strict=True):
            by = array("f", told.predicts_by if predicts else told.reads_by)
            best = expected[feature.id]
            assert by.tolist() == pytest.approx([each.value for each in best], abs=1e-5)
            units = array("I", told.predicts if predicts else told.reads)
            assert set(units[:10]) == {numbers[each.unit] for each in best[:10]}


def test_a_lens_that_is_dismissed_is_forgotten_and_the_next_one_is_its_own(
    driver: Driver, ids: "array[int]"
) -> None:
    driver.engine.send(LensRequested(1, ids.tobytes(), 1, SETTINGS))
    opened(driver, 1)
    driver.engine.send(Dismissed(1))
    driver.engine.send(UnitRequested(1, 0))  # there is nothing to tell it from
    driver.engine.send(LensRequested(2, ids.tobytes(), 1, SETTINGS))
    driver.engine.send(Dismissed(2))
    driver.engine.send(LensRequested(4, ids[:30].tobytes(), 10, SETTINGS))
    event = driver.next()
    while isinstance(event, Progressed) and event.number == 2:  # it was on its way
        event = driver.next()
    while isinstance(event, Progressed):
        assert event.number == 4
        event = driver.next()
    assert isinstance(event, LensOpened)
    assert event.number == 4
    driver.engine.send(UnitRequested(4, 5))
    told = driver.next()
    assert isinstance(told, UnitTold)
    assert len(told.levels) == 20


def test_no_states_are_kept_of_a_lens_that_was_closed(model: OnnxModel, ids: "array[int]") -> None:
    insight = Insight()
    for number in (1, 2):
        *_, told = insight.begin(LensRequested(number, ids.tobytes(), 1, SETTINGS), model)
        assert isinstance(told, LensOpened)
        assert insight.unit(UnitRequested(number, 3)) is not None
    assert insight.unit(UnitRequested(1, 3)) is None
    insight.dismiss(1)
    assert insight.unit(UnitRequested(2, 3)) is not None
    insight.dismiss(2)
    assert insight.unit(UnitRequested(2, 3)) is None
    assert insight._kept is None
    slices = insight.begin(LensRequested(3, ids.tobytes(), 1, SETTINGS), model)
    next(slices)
    insight.dismiss(3)
    assert list(slices) == []


@pytest.mark.parametrize("carried_from", [0, 100])
def test_what_if_tells_what_the_model_says_when_it_is_asked_directly(
    driver: Driver, model: OnnxModel, ids: "array[int]", carried_from: int
) -> None:
    settings = Settings(0.7, rng_seed=5, top_p=0.9, mirostat=1.5, carry=carried_from > 0)
    since = array("f", [1.0, 3.0, 0.5])
    read, drawn = ids[:-1], ids[-1]
    driver.engine.send(
        WhatIfRequested(9, read.tobytes(), drawn, settings, since.tobytes(), carried_from)
    )
    percents = []
    while not isinstance(event := driver.next(), WhatIfTold):
        assert isinstance(event, Progressed)
        percents.append(event.percent)
    assert percents[-1] == 100
    assert event.number == 9
    *_, found = what_if(model, read, drawn, settings, PRESETS, since, carried_from)
    assert isinstance(found, WhatIf)
    assert [row.title for row in event.rows] == [row.title for row in found.rows]
    for told, row in zip(event.rows, found.rows, strict=True):
        assert told.settings == row.settings
        assert told.after == row.after.astype(np.float32).tobytes()
        assert told[3:] == (
            row.after_entropy_bits, row.probability, row.js_bits, row.kl_bits, row.model_kl_bits,
        )  # fmt: skip


def test_a_reply_goes_on_while_a_lens_is_opened_and_both_are_as_if_alone(
    driver: Driver, ids: "array[int]"
) -> None:
    driver.engine.send(start(300))
    alone = driver.reply()
    driver.engine.send(LensRequested(1, ids.tobytes(), 1, SETTINGS))
    _, lens = opened(driver, 1)
    driver.engine.send(Dismissed(1))
    driver.engine.send(start(300, request_id=2))
    reply = array("H")
    told: list[Event] = []
    first = driver.batch()
    reply.frombytes(first.columns.ids)
    # The first batches are not acknowledged: the engine has nothing to draw, and time for a lens.
    driver.engine.send(LensRequested(2, ids.tobytes(), 1, SETTINGS))
    ended = False
    while not ended or not any(isinstance(each, LensOpened) for each in told):
        event = driver.next()
        if isinstance(event, CharactersGenerated):
            assert event.first == len(reply)
            reply.frombytes(event.columns.ids)
        elif isinstance(event, GenerationEnded):
            ended = True
        else:
            told.append(event)
        if any(isinstance(each, LensOpened) for each in told) or isinstance(
            event, CharactersGenerated
        ):
            driver.engine.send(Acknowledged(2, len(reply)))
    assert reply.tolist() == alone
    [again] = [each for each in told if isinstance(each, LensOpened)]
    assert again == lens._replace(number=2)


def test_units_are_told_in_mid_stream(driver: Driver, ids: "array[int]") -> None:
    driver.engine.send(LensRequested(1, ids.tobytes(), 1, SETTINGS))
    opened(driver, 1)
    driver.engine.send(start(0))
    first = driver.batch()
    driver.engine.send(UnitRequested(1, 7))
    driver.acknowledge(first)
    while not isinstance(event := driver.next(), UnitTold):
        assert isinstance(event, CharactersGenerated)
        driver.acknowledge(event)
    assert event.unit == 7


def test_what_is_asked_before_and_after_is_answered_too(driver: Driver, ids: "array[int]") -> None:
    driver.engine.send(WhatIfRequested(1, ids.tobytes(), 3, SETTINGS, b"", 0))
    driver.engine.send(WhatIfRequested(2, ids.tobytes(), 3, SETTINGS, b"", 0))
    driver.engine.send(Dismissed(1))
    driver.engine.send(LensRequested(3, START, 0, SETTINGS))
    driver.engine.send(InspectRequested(4, START, b"", SETTINGS))
    told = []
    while not told or not isinstance(told[-1], LensOpened):
        event = driver.next()
        if not isinstance(event, Progressed):
            told.append(event)
    numbers = [(type(each).__name__, each.number) for each in told if isinstance(each, tuple)]
    assert ("WhatIfTold", 2) in numbers
    assert ("Inspected", 4) in numbers
    assert numbers[-1] == ("LensOpened", 3)
