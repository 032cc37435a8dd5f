"""Two models on one text, asked of an engine's process, against the models asked directly."""

from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from charlm_tui.engine.insight_protocol import (
    AgainstRequested,
    AgainstTold,
    BothRequested,
    BothTold,
    Progressed,
)
from charlm_tui.engine.jobs import Insight
from charlm_tui.engine.protocol import Event, LoadBesideRequested, LoadedBeside
from charlm_tui.lm.alignment import Alignment
from charlm_tui.lm.comparison import Comparison, compare
from charlm_tui.lm.context import open_context
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import probabilities
from charlm_tui.lm.settings import Settings
from tests.conftest import ROOT
from tests.support.engines import START, Driver

TEXT = 'The bird on the wall sang: "why?" & nobody asked. ' * 4


@pytest.fixture(scope="module")
def models(model_path: Path) -> tuple[OnnxModel, OnnxModel]:
    return OnnxModel(model_path), OnnxModel(ROOT / "models" / "shakespeare.onnx")


@pytest.fixture
def driver(models: tuple[OnnxModel, OnnxModel]) -> Iterator[Driver]:
    own, other = models
    driver = Driver(own.path)
    driver.load()
    driver.engine.send(LoadBesideRequested((str(other.path),)))
    assert isinstance(driver.next(), LoadedBeside)
    yield driver
    driver.engine.close()


def request(models: tuple[OnnxModel, OnnxModel], settings: Settings) -> AgainstRequested:
    alignment = Alignment([model.contract.vocabulary for model in models])
    aligned = alignment.align(TEXT)
    columns = [each.tobytes() for each in (*aligned.ids, *alignment.groups)]
    return AgainstRequested(3, *columns, settings, models[0].sha256, models[1].sha256)


def answer(driver: Driver) -> Event:
    """Take in the next answer; progress grows until it comes."""
    percents = [0]
    while isinstance(event := driver.next(), Progressed):
        assert event.percent > percents[-1]
        percents.append(event.percent)
    return event


@pytest.mark.parametrize("settings", [Settings(), Settings(carry=True)])
def test_the_figures_of_a_text_and_of_a_place_are_those_of_the_models(
    driver: Driver, models: tuple[OnnxModel, OnnxModel], settings: Settings
) -> None:
    alignment = Alignment([model.contract.vocabulary for model in models])
    aligned = alignment.align(TEXT)
    driver.engine.send(request(models, settings))
    told = answer(driver)
    assert isinstance(told, AgainstTold)
    *_, found = compare(models, alignment, aligned, settings)
    assert isinstance(found, Comparison)
    assert (told.number, told.sentence) == (3, "")
    for scores, surprisal, entropy in zip(
        found.scores,
        (told.surprisal_bits, told.other_surprisal_bits),
        (told.entropy_bits, told.other_entropy_bits),
        strict=True,
    ):
        np.testing.assert_array_equal(np.frombuffer(surprisal, np.float32), scores.surprisal_bits)
        np.testing.assert_array_equal(np.frombuffer(entropy, np.float32), scores.entropy_bits)

    place = len(aligned.text) - 1
    read = [
        array("H", [model.contract.vocabulary.start_symbol, *ids[:place]])
        for model, ids in zip(models, aligned.ids, strict=True)
    ]
    shas = (models[0].sha256, models[1].sha256)
    driver.engine.send(BothRequested(4, read[0].tobytes(), read[1].tobytes(), settings, *shas))
    both = answer(driver)
    assert isinstance(both, BothTold)
    columns = (both.probabilities, both.other_probabilities)
    for number, (model, column) in enumerate(zip(models, columns, strict=True)):
        logits = open_context(model, settings).read(read[number])
        chances = np.frombuffer(column, np.float32)
        np.testing.assert_allclose(chances, probabilities(logits[0]), atol=1e-6)
        groups = np.array(alignment.groups[number])
        chance = chances[groups == groups[aligned.ids[number][place]]].sum()
        bits = found.scores[number].surprisal_bits[place]
        assert -np.log2(chance) == pytest.approx(bits, abs=1e-4)


def test_a_model_that_is_not_at_hand_is_said_in_a_sentence(
    driver: Driver, models: tuple[OnnxModel, OnnxModel]
) -> None:
    for asked, kind in (
        (request(models, Settings())._replace(other="f" * 64), AgainstTold),
        (BothRequested(3, START, START, Settings(), "f" * 64, models[1].sha256), BothTold),
    ):
        driver.engine.send(asked)
        told = driver.next()
        assert isinstance(told, kind)
        assert told.number == 3
        assert "no longer at hand" in told.sentence


def test_nothing_more_is_told_once_it_is_dismissed(models: tuple[OnnxModel, OnnxModel]) -> None:
    insight = Insight()
    for asked in (
        request(models, Settings()),
        BothRequested(3, START * 70, START * 70, Settings(), "", ""),
    ):
        slices = insight.begin(asked, *models)
        next(slices)
        insight.dismiss(asked.number)
        assert list(slices) == []
