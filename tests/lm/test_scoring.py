"""Scores against the records that the same model makes when it draws the text."""

from pathlib import Path

import numpy as np
import pytest

from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.lm.settings import Settings


def scores_of(model: OnnxModel, ids: list[int], settings: Settings, lanes: int) -> Scores:
    *_, scores = score(model, ids, settings, lanes)
    assert isinstance(scores, Scores)
    return scores


@pytest.mark.parametrize(
    "context", [{}, {"depth": 1}, {"depth": 7}, {"depth": 61}, {"carry": True}]
)
@pytest.mark.parametrize("lanes", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [1, 59, 700])
def test_scores_are_the_records_of_the_same_text(
    model_path: Path, context: dict[str, int], lanes: int, length: int
) -> None:
    model = OnnxModel(model_path)
    vocabulary = model.contract.vocabulary
    settings = Settings(1.0, 3, **context)
    generation = Generation(
        open_context(model, settings), Sampler(len(vocabulary)), settings, prefixed(vocabulary, [])
    )
    batch = generation.draw(length)
    scores = scores_of(model, batch.ids.tolist(), settings, lanes)
    np.testing.assert_allclose(scores.surprisal_bits, batch.surprisal_bits, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(scores.entropy_bits, batch.entropy_bits, rtol=1e-5, atol=1e-5)


def test_progress_grows_to_the_whole_text(model_path: Path) -> None:
    model = OnnxModel(model_path)
    *steps, _ = score(model, [1, 2, 3] * 300, Settings())
    assert steps == sorted(steps)
    assert steps[-1] == 900


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("lanes", [2, 4])
def test_lanes_draw_what_each_would_draw_alone(
    model_path: Path, lanes: int, truncated: bool
) -> None:
    model = OnnxModel(model_path, threads=2)
    vocabulary = model.contract.vocabulary
    sampler = Sampler(len(vocabulary))
    read = prefixed(vocabulary, vocabulary.encode("the "))
    every = [
        Settings(0.25 + 0.25 * lane, lane, mirostat=1.5 if truncated and lane % 2 else 0.0)
        for lane in range(lanes)
    ]
    side_by_side = Lanes(open_context(model, every[0], lanes), every, [read] * lanes)
    drawn = [side_by_side.draw(part) for part in (1, 200, 99)]
    for lane, settings in enumerate(every):
        alone = Generation(open_context(OnnxModel(model_path), settings), sampler, settings, read)
        whole = alone.draw(300)
        ids = np.concatenate([batches[lane].ids for batches in drawn])
        assert ids.tolist() == whole.ids.tolist()
        surprisal = np.concatenate([batches[lane].surprisal_bits for batches in drawn])
        np.testing.assert_allclose(surprisal, whole.surprisal_bits, rtol=1e-5, atol=1e-5)


def test_a_model_whose_logits_are_no_numbers_is_an_error() -> None:
    from tests.support.fakes import NanModel

    with pytest.raises(ModelOutputError):
        list(score(NanModel(), [0, 1], Settings()))
