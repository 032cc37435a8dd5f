"""The cells: the formula, Keras' own layers and the app's rolling window say the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.generation import Generation
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler, probabilities
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.training import reference
from charlm_tui.training.card import architecture
from charlm_tui.training.cells import ACTIVATIONS, GATES, Cell, HiddenWeights, LayerWeights
from charlm_tui.training.network import StepWeights, count_parameters, predictor
from charlm_tui.training.onnx_export import check_nodes, convert, export
from charlm_tui.training.tf_process import _pack, _unpack

SYMBOLS, WINDOW = "\n abcdefgh", 7
KINDS: list[tuple[Cell, bool]] = [
    ("LSTM", False),
    ("GRU", False),
    ("GRU", True),
    ("SimpleRNN", False),
]
BOUNDED = {"tanh", "sigmoid", "hard_sigmoid"}
KERAS_3 = sorted(set(ACTIVATIONS) - {"hard_sigmoid of Keras 2"})


def random_layer(
    rng: np.random.Generator,
    entries: int,
    units: int,
    kind: tuple[Cell, bool],
    activation: str = "tanh",
    gate: str = "sigmoid",
) -> LayerWeights:
    cell, after = kind

    def array(*shape: int) -> Any:
        return rng.normal(0, 0.4, shape).astype(np.float32)

    columns = GATES[cell] * units
    return LayerWeights(
        array(entries, columns),
        array(units, columns),
        array(columns),
        activation,
        gate,
        cell,
        array(units) if after else None,
    )


def random_network(
    kinds: list[tuple[Cell, bool]],
    units: list[int],
    activation: str = "tanh",
    gate: str = "sigmoid",
    symbols: int = len(SYMBOLS),
) -> StepWeights:
    rng = np.random.default_rng(11)
    entries = [symbols, *units]
    layers = tuple(
        random_layer(rng, below, size, kind, activation, gate)
        for below, size, kind in zip(entries, units, kinds, strict=False)
    )
    out = rng.normal(0, 0.4, (units[-1], symbols)).astype(np.float32)
    return StepWeights(layers, out, rng.normal(0, 0.4, symbols).astype(np.float32))


@settings(max_examples=25, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=2),
    units=st.lists(st.integers(1, 9), min_size=2, max_size=2),
    symbols=st.integers(2, 12),
    window=st.integers(1, 9),
    activation=st.sampled_from(KERAS_3),
    gate=st.sampled_from(KERAS_3),
)
@example(
    kinds=[("GRU", True), ("GRU", False)],
    units=[7, 6],
    symbols=5,
    window=8,
    activation="elu",
    gate="elu",
)
def test_the_formula_is_what_keras_computes(
    kinds: list[tuple[Cell, bool]],
    units: list[int],
    symbols: int,
    window: int,
    activation: str,
    gate: str,
) -> None:
    weights = random_network(kinds, units[: len(kinds)], activation, gate, symbols)
    inputs = np.random.default_rng(2).integers(0, symbols, (5, window)).astype(np.int32)
    exact = reference.predict(weights, inputs)
    with np.errstate(all="ignore"):
        narrow = reference.predict(weights, inputs, np.float32)
    # A state that grows without bound, as elu's may, is too large for float32 at some point.
    fits = np.abs(narrow - exact).max(axis=1) < 1e-5
    assert fits.all() or not {activation, gate} <= BOUNDED
    np.testing.assert_allclose(np.asarray(predictor(weights)(inputs))[fits], exact[fits], atol=3e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_apps_rolling_window_is_keras_predict(kind: tuple[Cell, bool], tmp_path: Path) -> None:
    """A reply's characters have the surprisal that Keras gives to them after the same windows."""
    weights, path = random_network([kind], [8]), tmp_path / "cell.onnx"
    metadata = to_metadata(Vocabulary(SYMBOLS, "lower"), WINDOW, {"name": "cell"})
    text = np.random.default_rng(4).integers(0, len(SYMBOLS), 300)
    parity = export(weights, metadata, text, path)
    assert parity.largest_difference < 1e-6
    model = OnnxModel(path)
    states = {"LSTM": ["h", "c"], "GRU": ["h"], "SimpleRNN": ["h"]}[kind[0]]
    assert [state.name for state in model.contract.states] == states
    read = text[:WINDOW].tolist()
    window = RollingWindow(model, WINDOW)
    reply = Generation(window, Sampler(len(SYMBOLS)), Settings(1.0, 3), read).draw(60)
    whole = [*read, *reply.ids.tolist()]
    inputs = np.array([whole[end - WINDOW : end] for end in range(WINDOW, len(whole))])
    theirs = predictor(weights).predict(inputs, verbose=0).astype(float)
    surprisal = -np.log2(theirs[np.arange(60), reply.ids])
    np.testing.assert_allclose(reply.surprisal_bits, surprisal, atol=1e-5)


def test_layers_of_different_cells_are_stacked(tmp_path: Path) -> None:
    weights, path = random_network(KINDS, [5, 4, 6, 3]), tmp_path / "stack.onnx"
    metadata = to_metadata(Vocabulary(SYMBOLS, "lower"), WINDOW, {"name": "stack"})
    text = np.random.default_rng(4).integers(0, len(SYMBOLS), 200)
    export(weights, metadata, text, path)
    model = OnnxModel(path)
    assert {state.name: state.units for state in model.contract.states} == {
        "h0": 5,
        "c0": 5,
        "h1": 4,
        "h2": 6,
        "h3": 3,
    }
    window = RollingWindow(model, WINDOW)
    ours = probabilities(window.read(text[:WINDOW].tolist()))
    np.testing.assert_allclose(ours, reference.predict(weights, text[None, :WINDOW]), atol=1e-6)
    assert architecture(weights) == "LSTM(5), GRU(4), GRU(6), SimpleRNN(3), Dense(10)"


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_of_every_cell_is_a_few_plain_nodes(kind: tuple[Cell, bool]) -> None:
    model = convert(random_network([kind], [8]), to_metadata(Vocabulary(SYMBOLS), WINDOW, {}))
    check_nodes(model)
    assert len(model.graph.node) <= 24


def test_hidden_dense_layers_are_in_the_step_and_go_to_the_process_that_converts(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(5)

    def array(*shape: int) -> Any:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    hidden = (
        HiddenWeights(array(6, 5), array(5), "relu"),
        HiddenWeights(array(5, 4), array(4), "elu"),
    )
    plain = random_network([("GRU", True)], [6])
    weights = StepWeights(plain.layers, array(4, len(SYMBOLS)), array(len(SYMBOLS)), hidden)
    metadata = to_metadata(Vocabulary(SYMBOLS, "lower"), WINDOW, {"name": "hidden"})
    text = rng.integers(0, len(SYMBOLS), 200)
    job, path = tmp_path / "job.npz", tmp_path / "hidden.onnx"
    job.write_bytes(_pack(weights, metadata, text))
    parity = export(*_unpack(job), path, ask_keras=True)
    assert parity.keras_difference is not None
    assert parity.keras_difference < 1e-6
    window = RollingWindow(OnnxModel(path), WINDOW)
    ours = probabilities(window.read(text[:WINDOW].tolist()))
    np.testing.assert_allclose(ours, reference.predict(weights, text[None, :WINDOW]), atol=1e-6)
    assert architecture(weights) == "GRU(6), Dense(5, relu), Dense(4, elu), Dense(10)"
    assert count_parameters(weights) == 3 * 6 * (10 + 6 + 1) + 6 + 6 * 5 + 5 + 5 * 4 + 4 + 5 * 10


def test_what_a_symbol_is_left_out_of_predicts_as_if_it_had_never_been_likely() -> None:
    weights = random_network([("GRU", True)], [6])
    less = weights.without([0, 4])
    kept = [1, 2, 3, *range(5, len(SYMBOLS))]
    inputs = np.random.default_rng(3).integers(0, len(kept), (20, WINDOW))
    whole = reference.predict(weights, np.array(kept)[inputs])[:, kept]
    np.testing.assert_allclose(
        reference.predict(less, inputs), whole / whole.sum(1, keepdims=True), atol=1e-12
    )


def test_the_bits_of_a_text_are_those_of_its_characters_after_whole_windows() -> None:
    """Of what the network writes by itself: its own entropy, near what whole windows say."""
    weights = random_network([("LSTM", False)], [8])
    text = reference.draw(weights, 0, 1, 3000, WINDOW)[0]
    every = np.lib.stride_tricks.sliding_window_view(text, WINDOW + 1)
    given_ = reference.predict(weights, every[:, :-1])
    exact = -np.log2(given_[np.arange(len(every)), every[:, -1]]).mean()
    assert reference.bits_per_character(weights, text, WINDOW) == pytest.approx(exact, abs=0.02)
