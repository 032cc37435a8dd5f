"""How far a model file may be from the formula, and on which text the two are compared."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import probabilities
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.training import parity as parity_room
from charlm_tui.training import reference
from charlm_tui.training.cells import LayerWeights
from charlm_tui.training.checkpoint import checkpoint_path
from charlm_tui.training.corpus import windows
from charlm_tui.training.encoder import Ids
from charlm_tui.training.errors import ParityError
from charlm_tui.training.network import StepWeights
from charlm_tui.training.onnx_export import convert
from charlm_tui.training.parity import (
    FACTOR,
    TOLERANCE,
    check_parity,
    checked_windows,
    compare,
    drawn_text,
    parity_text,
)
from tests.training.conftest import Trained, invoke

WINDOW = 8


def some_probabilities(rows: int = 200) -> np.ndarray[Any, Any]:
    return probabilities(np.random.default_rng(0).normal(0, 2, (rows, 9)))


def test_equal_probabilities_have_parity() -> None:
    given = some_probabilities()
    parity = compare(given, given)
    assert (parity.windows, parity.largest_difference) == (200, 0)


def test_a_difference_within_the_tolerance_is_reported() -> None:
    ours = some_probabilities()
    theirs = ours.copy()
    theirs[7, 2] += 4e-6
    assert compare(ours, theirs).largest_difference == pytest.approx(4e-6)


def test_one_changed_probability_is_refused_with_the_measured_figure() -> None:
    ours = some_probabilities()
    theirs = ours.copy()
    theirs[150, 4] += 2.5e-5
    with pytest.raises(
        ParityError, match=r"differs from the formula by 2\.50e-05 in a probability where at most 1"
    ):
        compare(ours, theirs)


def test_a_probability_that_is_no_number_is_refused() -> None:
    ours = some_probabilities()
    ours[3, 3] = np.nan
    with pytest.raises(ParityError, match="differs from the formula by nan"):
        compare(ours, some_probabilities())


def test_another_best_character_is_refused_where_it_is_clear() -> None:
    """Each probability within the tolerance, and yet the two best change places."""
    theirs = np.full((5, 4), 0.25)
    theirs[2, 1] += 1.1e-5
    ours = theirs.copy()
    ours[2, 1] -= 0.9e-5
    ours[2, 0] += 0.9e-5
    with pytest.raises(
        ParityError, match="prefers another character than the formula after 1 of 5"
    ):
        compare(ours, theirs)


def test_another_best_character_is_no_matter_where_two_are_as_good_as_equal() -> None:
    theirs = np.full((5, 4), 0.25)
    theirs[2, 1] += 0.9e-5
    ours = theirs.copy()
    ours[2, 0] += 0.95e-5
    assert ours[2].argmax() != theirs[2].argmax()
    assert compare(ours, theirs).windows == 5


@pytest.mark.parametrize("length", [9, 500, 1007, 1008, 1500, 20_000])
def test_a_short_text_is_checked_on_the_windows_of_the_long_one_that_it_is_taken_from(
    length: int,
) -> None:
    """What goes to the process that converts is small, however large the text is."""
    ids = np.random.default_rng(2).integers(0, 256, length).astype(np.uint8)
    short = parity_text(ids, WINDOW)
    assert len(short) <= min(length, 1000 + 10 * WINDOW)
    np.testing.assert_array_equal(checked_windows(short, WINDOW), checked_windows(ids, WINDOW))


def test_more_is_allowed_where_float32_itself_loses_more() -> None:
    """A factor of what the formula loses in float32, of its largest loss and of its mean."""
    exact = some_probabilities()
    single = exact + np.where(exact == exact.max(axis=1, keepdims=True), 1e-4, 0)
    ours = exact.copy()
    ours[7, 2] += 0.9 * FACTOR * 1e-4
    parity = compare(ours, exact, single)
    assert parity.largest_difference == pytest.approx(0.9 * FACTOR * 1e-4)
    assert parity.float32_difference == pytest.approx(1e-4)
    ours[7, 2] += 0.2 * FACTOR * 1e-4
    with pytest.raises(ParityError, match=r"in a probability where at most 1e-03 is expected \(f"):
        compare(ours, exact, single)


def test_what_is_off_everywhere_is_refused_though_no_window_is_further_off_than_one_may_be() -> (
    None
):
    exact = some_probabilities()
    single, ours = exact.copy(), exact.copy()
    single[3, 3] += 1e-3  # in one window float32 loses much, in the others nothing
    ours[:, 4] += 5e-4  # less than ten times as much
    with pytest.raises(ParityError, match=r"by 5\.00e-04 in the median window where at"):
        compare(ours, exact, single)


def test_a_text_that_is_drawn_is_what_the_network_writes(trained: Trained) -> None:
    """Likelier to it than characters at random are, and the same each time."""
    weights = StepWeights.of(trained.run.network)
    text = drawn_text(weights, 3, WINDOW)
    np.testing.assert_array_equal(text, drawn_text(weights, 3, WINDOW))
    symbols = len(trained.corpus.vocabulary)
    at_random = np.random.default_rng(0).integers(0, symbols, len(text))

    def nats(ids: Ids) -> float:
        every = windows(ids.astype(np.int32), WINDOW)
        given = reference.predict(weights, every[:, :-1])
        return -float(np.log(given[np.arange(len(every)), every[:, -1]]).mean())

    assert nats(text) + 1 < nats(at_random)


def hot_weights(scale: float = 1.0) -> StepWeights:
    """Weights as large as long training at a high rate leaves them: rounding is amplified."""
    rng = np.random.default_rng(7)

    def array(deviation: float, *shape: int) -> np.ndarray[Any, Any]:
        return rng.normal(0, deviation * scale, shape).astype(np.float32)

    layer = LayerWeights(array(3, 30, 256), array(1.5, 64, 256), array(1, 256))
    return StepWeights((layer,), array(3, 64, 30), array(1, 30))


def test_a_network_with_large_weights_converts_and_one_wrong_weight_is_seen(
    tmp_path: Path,
) -> None:
    """Where float32 itself is far more than the tolerance off."""
    weights, path, window = hot_weights(0.5), tmp_path / "hot.onnx", 40
    symbols = Vocabulary([chr(97 + at) for at in range(30)])
    path.write_bytes(convert(weights, to_metadata(symbols, window, {})).SerializeToString())
    text = drawn_text(weights, 0, window)
    found = check_parity(OnnxModel(path), weights, text)
    assert found.float32_difference > 3 * TOLERANCE
    assert found.largest_difference > 3 * TOLERANCE
    other = weights.out_bias.copy()
    other[3] += 0.05
    with pytest.raises(ParityError):
        check_parity(OnnxModel(path), StepWeights(weights.layers, weights.out, other), text)


@pytest.mark.long
def test_a_check_that_fails_after_an_epoch_never_ends_the_run(
    tiny_corpus_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each epoch is told of; what is refused at the end can be continued, and then is written."""
    out = tmp_path / "mine.onnx"
    size = ("--units", "6", "--window", "8", "--epochs", "2", "--corpus", tiny_corpus_path)
    with monkeypatch.context() as patch:
        patch.setattr(parity_room, "TOLERANCE", 0)
        patch.setattr(parity_room, "FACTOR", 0)
        refused = invoke("--out", out, *size)
    assert refused.exit_code == 1
    text = " ".join(refused.stderr.split())
    assert "epoch 2/2" in text
    assert text.count(f"warning: {out} is not written: the exported model differs from the") == 2
    assert not out.exists()
    assert checkpoint_path(out).exists()
    assert invoke("--out", out, "--resume").exit_code == 0
    assert OnnxModel(out).contract.card["epochs"] == 2
