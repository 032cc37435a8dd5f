"""The example of docs/model-file.md: weights as PyTorch has them, written as a model file."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import probabilities
from docs.export_pytorch import export_lstm

SYMBOLS, UNITS, SIZE = list("\nabCdefg"), 5, 4


def state_dict(layers: int, entries: int) -> dict[str, Any]:
    """Weights with PyTorch's names, shapes and order of gates."""
    rng = np.random.default_rng(8)

    def array(*shape: int) -> Any:
        return rng.normal(0, 0.6, shape).astype(np.float32)

    state = {"linear.weight": array(len(SYMBOLS), UNITS), "linear.bias": array(len(SYMBOLS))}
    if entries != len(SYMBOLS):
        state["embedding.weight"] = array(len(SYMBOLS), entries)
    for layer in range(layers):
        below = entries if layer == 0 else UNITS
        state[f"lstm.weight_ih_l{layer}"] = array(4 * UNITS, below)
        state[f"lstm.weight_hh_l{layer}"] = array(4 * UNITS, UNITS)
        state[f"lstm.bias_ih_l{layer}"] = array(4 * UNITS)
        state[f"lstm.bias_hh_l{layer}"] = array(4 * UNITS)
    return state


def predicted(state: dict[str, Any], layers: int, ids: list[int]) -> Any:
    """Return what `nn.LSTM` computes, from the formula of its documentation, in float64."""
    table = state.get("embedding.weight", np.eye(len(SYMBOLS)))
    sequence = [table[index].astype(float) for index in ids]

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    for layer in range(layers):
        weights = [state[f"lstm.{kind}_l{layer}"] for kind in ("weight_ih", "bias_ih", "weight_hh")]
        w_ih, b_ih, w_hh = (it.astype(float) for it in weights)
        h = c = np.zeros(UNITS)
        above = []
        for x in sequence:
            gates = w_ih @ x + b_ih + w_hh @ h + state[f"lstm.bias_hh_l{layer}"]
            i, f, g, o = np.split(gates, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            above.append(h)
        sequence = above
    logits = state["linear.weight"].astype(float) @ sequence[-1] + state["linear.bias"]
    return np.exp(logits) / np.exp(logits).sum()


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("entries", [len(SYMBOLS), SIZE])
def test_the_app_gets_what_pytorch_computes(layers: int, entries: int, tmp_path: Path) -> None:
    state, path = state_dict(layers, entries), tmp_path / "torch.onnx"
    embedding = "embedding" if entries == SIZE else None
    export_lstm(state, SYMBOLS, 6, path, embedding=embedding, name="mine")
    model = OnnxModel(path)
    assert model.contract.name == "mine"
    assert model.contract.vocabulary.case == "preserve"
    ids = np.random.default_rng(0).integers(0, len(SYMBOLS), 20).tolist()
    window = RollingWindow(model, 6)
    window.read(ids)
    expected = predicted(state, layers, ids[-6:])
    np.testing.assert_allclose(probabilities(window.logits)[0], expected, atol=1e-6)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not here")
def test_pytorch_itself_computes_that_formula() -> None:
    torch: Any = importlib.import_module("torch")
    state = state_dict(2, SIZE)
    lstm = torch.nn.LSTM(SIZE, UNITS, 2, batch_first=True)
    lstm.load_state_dict(
        {key[5:]: torch.tensor(it) for key, it in state.items() if key.startswith("lstm.")}
    )
    ids = [3, 1, 4, 1, 5]
    top = lstm(torch.tensor(state["embedding.weight"][ids])[None])[0][0, -1].detach().numpy()
    logits = state["linear.weight"] @ top + state["linear.bias"]
    theirs = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(theirs, predicted(state, 2, ids), atol=1e-6)
