"""Small ONNX model files built node by node, without a training framework.

A step of a stack of plain recurrent layers (Elman, "Finding structure in time", 1990): no LSTM, so
what runs them is seen to know the contract alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.vocabulary import Vocabulary

SYMBOLS = "\n !\"'(),-.0123456789:;?abcdefghijklmnopqrstuvwxyz"
CARD: dict[str, Any] = {"name": "tiny", "architecture": "two recurrent layers, untrained"}
WINDOW = 12
OPSET = 17


def step_model(
    states: Sequence[str] = ("h0", "h1"),
    symbols: str = SYMBOLS,
    units: int = 16,
    window: int = WINDOW,
    metadata: Mapping[str, str] | None = None,
    rng_seed: int = 0,
) -> onnx.ModelProto:
    """Build a model that keeps the contract, with random weights that remember for a while.

    Args:
        states: one name for each layer.
        symbols: its vocabulary.
        units: of each layer.
        window: as its metadata tells it.
        metadata: instead of the one that fits.
        rng_seed: of the weights.
    """
    rng = np.random.default_rng(rng_seed)
    size = len(symbols)

    def weights(name: str, *shape: int, scale: float = 1.0) -> onnx.TensorProto:
        values = rng.normal(0, scale / np.sqrt(shape[0]), shape)
        return numpy_helper.from_array(values.astype(np.float32), name)

    constants = [
        weights("embedding", size, units, scale=np.sqrt(size)),
        weights("out", units, size, scale=3.0),
        weights("bias", size),
        numpy_helper.from_array(np.array([1], np.int64), "one"),
        numpy_helper.from_array(np.array(-1, np.int64), "last"),
    ]
    nodes = [
        helper.make_node("Gather", ["embedding", "ids"], ["rows"]),
        helper.make_node("Unsqueeze", ["rows", "one"], [f"input {states[0]}"]),
    ]
    for state, above in zip(states, [*states[1:], None], strict=True):
        constants.append(weights(f"recurrent {state}", units, units, scale=1.2))
        nodes += [
            helper.make_node("MatMul", [state, f"recurrent {state}"], [f"memory {state}"]),
            helper.make_node("Add", [f"memory {state}", f"input {state}"], [f"sum {state}"]),
            helper.make_node("Tanh", [f"sum {state}"], [f"{state}_next"]),
        ]
        if above is not None:
            constants.append(weights(f"kernel {above}", units, units))
            nodes.append(
                helper.make_node("MatMul", [f"{state}_next", f"kernel {above}"], [f"input {above}"])
            )
    nodes += [
        helper.make_node("Gather", [f"{states[-1]}_next", "last"], ["deepest"], axis=1),
        helper.make_node("MatMul", ["deepest", "out"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logits"]),
    ]
    axes = ["lanes", "depth", units]
    floats = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "step",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT64, ["lanes"]),
            *(helper.make_tensor_value_info(state, floats, axes) for state in states),
        ],
        [
            helper.make_tensor_value_info("logits", floats, ["lanes", size]),
            *(helper.make_tensor_value_info(f"{state}_next", floats, axes) for state in states),
        ],
        constants,
    )
    if metadata is None:
        metadata = to_metadata(Vocabulary(symbols, "lower"), window, CARD)
    return as_model(graph, metadata)


def as_model(graph: onnx.GraphProto, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Return a model of a graph, of a version that every supported onnxruntime reads."""
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="tests"
    )
    helper.set_model_props(model, dict(metadata))
    return model


def fond_model(symbol: str) -> onnx.ModelProto:
    """Build a model that says one symbol, which may be one that the others do not know, for ever.

    A seed with which it says another is not to be found: the odds are e^1000.
    """
    symbols = SYMBOLS if symbol in SYMBOLS else SYMBOLS + symbol
    model = step_model(symbols=symbols)
    [bias] = [it for it in model.graph.initializer if it.name == "bias"]
    likely = weights_of(model, "bias").copy()
    likely[symbols.index(symbol)] += 1000
    bias.CopyFrom(numpy_helper.from_array(likely, "bias"))
    return model


def weights_of(model: onnx.ModelProto, name: str) -> NDArray[np.float32]:
    """Return one of a model's constants."""
    [found] = [it for it in model.graph.initializer if it.name == name]
    return numpy_helper.to_array(found)
