"""Scores against the records that the same model makes when it draws the text."""

from pathlib import Path

import numpy as np
import pytest

from charlm_tui.lm.context import RollingWindow, open_context
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.generation import Generation, Lanes, prefixed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.scoring import Scores, reach, score, surprisal_by_depth
from charlm_tui.lm.settings import Settings


@pytest.fixture
def tiny(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


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


@pytest.mark.parametrize("length", [13, 90])
def test_the_surprisal_after_each_number_of_characters_is_that_of_a_window_of_so_many(
    length: int, tiny: OnnxModel
) -> None:
    """Every entry against a window of its own, whose logits are read directly."""
    ids = np.random.default_rng(3).integers(0, len(tiny.contract.vocabulary), length).tolist()
    found = surprisal_by_depth(tiny, ids)
    depth = tiny.contract.window
    assert found.shape == (length - depth, depth)
    for at in range(depth, length):
        for count in range(1, depth + 1):
            logits = RollingWindow(tiny, count).read(ids[at - count : at])[0].astype(float)
            nats = np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[ids[at]]
            assert found[at - depth, count - 1] == pytest.approx(nats / np.log(2), abs=1e-4)


def test_a_text_without_a_whole_window_before_a_character_has_no_surprisal_by_depth(
    tiny: OnnxModel,
) -> None:
    assert surprisal_by_depth(tiny, [1] * 12).shape == (0, 12)
    assert surprisal_by_depth(tiny, [1] * 12, depth=5).shape == (7, 5)


@pytest.mark.parametrize(
    ("surprisal", "depth"),
    [
        ([5.0, 3.0, 2.5, 2.05, 2.0], 4),
        ([2.05, 3.0, 2.0, 2.0, 2.0], 3),  # back again is not there for good
        ([2.0, 2.0, 2.0, 2.0, 2.0], 1),
        ([2.0, 2.0, 2.0, 2.2, 2.0], 5),
        ([7.0], 1),
    ],
)
def test_reach_is_the_depth_from_which_on_surprisal_stays_near_that_of_the_full_window(
    surprisal: list[float], depth: int
) -> None:
    assert reach(np.array(surprisal)) == depth
    assert reach(np.array([surprisal, surprisal[-1:] * len(surprisal)])).tolist() == [depth, 1]
