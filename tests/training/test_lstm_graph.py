"""The step as tf2onnx makes it, held against one that is built node by node."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.training.cells import ACTIVATIONS, LayerWeights
from charlm_tui.training.network import StepWeights
from charlm_tui.training.onnx_export import convert
from tests.support.lstm_graph import lstm_step

SYMBOLS, WINDOW = "\n abcdefgh", 7


def random_weights(units: tuple[int, ...], activation: str, gate: str) -> StepWeights:
    rng = np.random.default_rng(3)

    def array(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    entries = (len(SYMBOLS), *units)
    layers = tuple(
        LayerWeights(
            array(below, 4 * size), array(size, 4 * size), array(4 * size), activation, gate
        )
        for below, size in zip(entries, units, strict=False)
    )
    return StepWeights(layers, array(units[-1], len(SYMBOLS)), array(len(SYMBOLS)))


def declared(model: onnx.ModelProto) -> dict[str, tuple[int, list[str | int]]]:
    """Return type and axes of every input and output."""
    return {
        it.name: (
            it.type.tensor_type.elem_type,
            [axis.dim_param or axis.dim_value for axis in it.type.tensor_type.shape.dim],
        )
        for it in [*model.graph.input, *model.graph.output]
    }


def logits_after(model: onnx.ModelProto, path: Path, ids: list[int]) -> np.ndarray:
    """Return the logits after each of some characters, from a rolling window."""
    path.write_bytes(model.SerializeToString())
    context = RollingWindow(OnnxModel(path), depth=WINDOW)
    context.reset()
    return np.array([context.feed(index)[0].copy() for index in ids])


@pytest.mark.parametrize(
    ("units", "activation", "gate"),
    [
        ((6,), "tanh", "sigmoid"),
        ((6, 5, 4), "tanh", "sigmoid"),
        ((6,), "relu", "hard_sigmoid"),
        ((5, 4), "linear", "hard_sigmoid of Keras 2"),
    ],
)
def test_what_tf2onnx_makes_is_the_step_that_is_built_by_hand(
    units: tuple[int, ...], activation: str, gate: str, tmp_path: Path
) -> None:
    weights = random_weights(units, activation, gate)
    metadata = to_metadata(Vocabulary(SYMBOLS, "lower"), WINDOW, {"name": "by hand"})
    converted, built = convert(weights, metadata), lstm_step(weights, metadata)
    onnx.checker.check_model(built, full_check=True)
    assert declared(built) == declared(converted)
    ids = np.random.default_rng(4).integers(0, len(SYMBOLS), 3 * WINDOW).tolist()
    by_hand = logits_after(built, tmp_path / "built.onnx", ids)
    np.testing.assert_allclose(
        logits_after(converted, tmp_path / "converted.onnx", ids), by_hand, rtol=1e-5, atol=1e-5
    )
    assert np.abs(by_hand[0] - by_hand[-1]).max() > 0.01  # the step has a memory


def test_every_activation_can_be_built_by_hand() -> None:
    metadata = to_metadata(Vocabulary(SYMBOLS, "lower"), WINDOW, {"name": "by hand"})
    for kind in ACTIVATIONS:
        onnx.checker.check_model(lstm_step(random_weights((3,), kind, kind), metadata))
