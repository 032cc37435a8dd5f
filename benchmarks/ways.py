"""The ways to get the next character, from the notebook's loop to the floor."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from benchmarks.timing import Way
from charlm_tui.lm.cause import Causes, causes
from charlm_tui.lm.context import CarriedState, RollingWindow
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.held import Held
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.lm.settings import Settings

SEED = "the slowly ascending ranks and classes, in which,\nthrough for"
TEMPERATURE = 0.5

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of the shipped model, taken out of its step graph."""

    inputs: Floats
    """[vocabulary, 4 * units], bias included; the gates as Keras has them: input, forget,
    candidate, output."""
    recurrent: Floats
    """[units, 4 * units]"""
    out: Floats
    """[units, vocabulary]"""
    out_bias: Floats
    """[vocabulary]"""

    @classmethod
    def of(cls, path: Path) -> "Weights":
        """Take the weights out of a file of one LSTM layer that `charlm-tui train` made."""
        arrays = [numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer]
        floats = [a.reshape(a.shape[-2:]) if a.ndim > 1 else a for a in arrays if a.dtype == "f4"]
        (out_bias,) = (a for a in floats if a.ndim == 1 and len(a) > 1)
        units = next(len(a) for a in floats if a.ndim == 2 and a.shape[1] == 4 * len(a))
        vocabulary = len(out_bias)
        shapes = ((vocabulary, 4 * units), (units, 4 * units), (units, vocabulary))
        inputs, recurrent, out = (next(a for a in floats if a.shape == shape) for shape in shapes)
        return cls(inputs, recurrent, out, out_bias)


def notebook_sample(predictions: NDArray[Any], rng: np.random.Generator) -> int:
    """Draw as the notebook does, with numpy's multinomial."""
    scaled = np.log(predictions.astype("float64")) / TEMPERATURE
    weights = np.exp(scaled)
    return int(np.argmax(rng.multinomial(1, weights / weights.sum())))


def floor(model: OnnxModel) -> Way:
    """One product of the window's states with the recurrent weights, on one thread of numpy's BLAS.

    The thread is one because `benchmarks.__main__` sets the variables that say so.
    """
    state = model.contract.states[0]
    rng = np.random.default_rng(0)
    a = rng.standard_normal((model.contract.window, state.units), np.float32)
    b = rng.standard_normal((state.units, 4 * state.units), np.float32)
    out = np.zeros((len(a), b.shape[1]), np.float32)

    def run(count: int) -> None:
        for _ in range(count):
            np.matmul(a, b, out=out)

    return Way("floor: one 60×128 @ 128×512 product, one thread", run, 4000, goal="1")


def exact(path: Path, threads: int = 1, spinning: bool = False, name: str = "") -> Way:
    """The exact rolling window: step, sampling, record, as the app runs it."""
    model = OnnxModel(path, threads, spinning)
    generation = _generation(model, RollingWindow(model, model.contract.window))
    title = name or "exact rolling window, the whole loop"
    return Way(title, _drawing(generation), 2500, goal="" if name else "≤ 1.8, aim 1.5")


def held(path: Path) -> Way:
    """The exact rolling window with a unit held, one of the last state."""
    model = OnnxModel(path)
    settings = Settings(TEMPERATURE, 1, held=(Held(model.contract.states[-1].name, 52, 1.0),))
    window = RollingWindow(model, model.contract.window)
    generation = _generation(model, window, settings)
    return Way("exact, a unit held", _drawing(generation), 2500, goal="≤ 1.1 × exact")


def caused(path: Path) -> Way:
    """What each unit causes at one character, per unit: a window is read, then one step a lane."""
    model = OnnxModel(path)
    read = model.contract.vocabulary.encode(SEED)[-model.contract.window :]
    units = sum(state.units for state in model.contract.states)

    def run(count: int) -> None:
        for _ in range(count // units):
            *_, found = causes(model, read)
            assert isinstance(found, Causes)

    return Way("what a unit causes, per unit", run, 4 * units)


def step_alone(path: Path, lanes: int = 1) -> Way:
    """The exact rolling window without sampling: what the graph takes."""
    model = OnnxModel(path) if lanes == 1 else OnnxModel.for_lanes(path)
    window = RollingWindow(model, model.contract.window, lanes)
    ids = [3] * lanes

    def run(count: int) -> None:
        for _ in range(count):
            window.feed(*ids)

    return Way(
        f"  of that, the step alone ({lanes} lane{'s'[: lanes - 1]})", run, 3000 // lanes, lanes
    )


def carried(path: Path) -> Way:
    """The state carried on, without a window."""
    model = OnnxModel(path)
    return Way(
        "carried state, the whole loop", _drawing(_generation(model, CarriedState(model))), 10_000,
        goal="≤ 0.5",
    )  # fmt: skip


def four_lanes(path: Path) -> Way:
    """Four replies drawn side by side."""
    model = OnnxModel.for_lanes(path)
    vocabulary = model.contract.vocabulary
    lanes = Lanes(
        RollingWindow(model, model.contract.window, 4),
        [Settings(TEMPERATURE, rng_seed) for rng_seed in range(4)],
        [prefixed(vocabulary, vocabulary.encode(SEED))] * 4,
    )

    def run(count: int) -> None:
        lanes.draw(count)

    return Way("four lanes of it, the whole loop, per character", run, 1000, 4, goal="≤ 1.2")


def scoring(path: Path) -> Way:
    """`charlm-tui score` by the exact rolling window."""
    model = OnnxModel.for_lanes(path)
    rng = np.random.default_rng(0)
    ids = rng.integers(len(model.contract.vocabulary), size=12_000).tolist()

    def run(count: int) -> None:
        *_, scores = score(model, ids[:count], Settings())
        assert isinstance(scores, Scores)

    return Way("score, exact, per character", run, 12_000, goal="≤ four lanes")


def naive(path: Path) -> Way:
    """The window read anew for each character by a fused LSTM node, and the notebook's sampler."""
    model = OnnxModel(path)
    vocabulary, window = model.contract.vocabulary, model.contract.window
    session = ort.InferenceSession(
        _window_graph(Weights.of(path), window).SerializeToString(),
        _one_thread(),
        providers=["CPUExecutionProvider"],
    )
    text = vocabulary.encode(SEED)[-window:]
    rng = np.random.default_rng(0)
    steps = np.arange(window)

    def run(count: int) -> None:
        nonlocal text
        for _ in range(count):
            one_hot = np.zeros((window, 1, len(vocabulary)), np.float32)
            one_hot[steps, 0, text] = 1
            (predictions,) = session.run(None, {"x": one_hot})
            text = [*text[1:], notebook_sample(predictions[0], rng)]

    return Way("naive: the window run again, fused LSTM", run, 1000, goal="≥ 2.5 × exact")


def keras_predict(path: Path) -> Way:
    """The notebook's own loop: `model.predict` on the window, its sampler.

    The network codes the ids one-hot itself, which spares the notebook's loop in Python.
    """
    from charlm_tui.training.network import build_network

    model = OnnxModel(path)
    vocabulary, window = model.contract.vocabulary, model.contract.window
    weights = Weights.of(path)
    network = build_network(len(vocabulary), weights.recurrent.shape[0])
    network.get_layer("lstm_0").set_weights(
        [weights.inputs, weights.recurrent, np.zeros(len(weights.recurrent) * 4)]
    )
    network.get_layer("logits").set_weights([weights.out, weights.out_bias])
    text = vocabulary.encode(SEED)[-window:]
    rng = np.random.default_rng(0)

    def run(count: int) -> None:
        nonlocal text
        for _ in range(count):
            logits = np.asarray(network.predict(np.array([text], np.int32), verbose=0))[0]
            shares = np.exp(logits - logits.max())
            text = [*text[1:], notebook_sample(shares / shares.sum(), rng)]

    return Way("the notebook's loop, Keras model.predict", run, 10, goal="≥ 400 × exact")


def _generation(
    model: OnnxModel,
    context: Any,
    settings: Settings = Settings(TEMPERATURE, 1),  # noqa: B008 (it is frozen)
) -> Generation:
    vocabulary = model.contract.vocabulary
    read = prefixed(vocabulary, vocabulary.encode(SEED))
    return Generation(context, Sampler(len(vocabulary)), settings, read)


def _drawing(generation: Generation) -> Callable[[int], None]:
    def run(count: int) -> None:
        for start in range(0, count, 100):  # in batches, as an engine does
            generation.draw(min(100, count - start), _never)

    return run


def _never() -> bool:
    """Stand in for what the engine asks after each character."""
    return False


def _one_thread() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return options


def _onnx_order(weights: Floats) -> Floats:
    """Bring gates to ONNX' input, output, forget, candidate, as rows."""
    entry, forget, candidate, output = np.split(weights, 4, axis=-1)
    return np.concatenate([entry, output, forget, candidate], axis=-1).T


def _window_graph(weights: Weights, window: int) -> onnx.ModelProto:
    """Build a graph from a one-hot window [window, 1, vocabulary] to probabilities."""
    vocabulary, units = weights.inputs.shape[0], weights.recurrent.shape[0]
    initializers = {
        "w": _onnx_order(weights.inputs)[None],
        "r": _onnx_order(weights.recurrent)[None],
        "out": weights.out,
        "bias": weights.out_bias,
    }
    nodes = [
        helper.make_node("LSTM", ["x", "w", "r"], ["", "last"], hidden_size=units),
        helper.make_node("Squeeze", ["last", "first"], ["hidden"]),
        helper.make_node("Gemm", ["hidden", "out", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["p"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "window",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [window, 1, vocabulary])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [1, vocabulary])],
        [
            *(numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in initializers.items()),
            numpy_helper.from_array(np.array([0], np.int64), "first"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
