"""Small ONNX model files built node by node, without a training framework.

A step of a stack of plain recurrent layers (Elman, "Finding structure in time", 1990): no LSTM, so
what runs them is seen to know the contract alone.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
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


def wide_model(units: int, window: int = WINDOW) -> onnx.ModelProto:
    """Build a model that has as many units as it likes: it does nothing with them."""
    model = step_model(states=("h",), window=window)
    for tensor in (*model.graph.input[1:], *model.graph.output[1:]):
        tensor.type.tensor_type.shape.dim[2].dim_value = units
    del model.graph.node[:]
    model.graph.node.extend(
        [
            helper.make_node("Identity", ["h"], ["h_next"]),
            helper.make_node("Gather", ["embedding", "ids"], ["rows"]),
            helper.make_node("MatMul", ["rows", "out"], ["product"]),
            helper.make_node("Add", ["product", "bias"], ["logits"]),
        ]
    )
    return model


def before_logits(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], scalar: str) -> None:
    """Let a model's logits depend on nodes, which compute a scalar."""
    [last] = [node for node in model.graph.node if "logits" in node.output]
    last.output[0] = "logits_before"
    model.graph.node.extend(nodes)
    model.graph.node.append(helper.make_node("Add", ["logits_before", scalar], ["logits"]))


def looping_model(at: int = 0) -> onnx.ModelProto:
    """Build a model whose step never ends, once it has read a number of characters.

    It counts them in a state of its own; `at` must not be above its window.
    """
    model = step_model(states=("h",))
    floats, value = TensorProto.FLOAT, helper.make_tensor_value_info
    model.graph.input.append(value("n", floats, ["lanes", "depth", 1]))
    model.graph.output.append(value("n_next", floats, ["lanes", "depth", 1]))
    numbers = {"one_more": 1.0, "until": at - 0.5, "endless": 1e15, "nothing": 0.0}
    model.graph.initializer.extend(
        numpy_helper.from_array(np.array(number, np.float32), name)
        for name, number in numbers.items()
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes"], ["goes_on"]),
            helper.make_node("Identity", ["sum"], ["same_sum"]),
        ],
        "body",
        [
            value("turn", TensorProto.INT64, []),
            value("goes", TensorProto.BOOL, []),
            value("sum", floats, []),
        ],
        [value("goes_on", TensorProto.BOOL, []), value("same_sum", floats, [])],
    )
    nodes = [
        helper.make_node("Add", ["n", "one_more"], ["n_next"]),
        helper.make_node("ReduceMax", ["n"], ["read"], keepdims=0),
        helper.make_node("Sub", ["read", "until"], ["above"]),
        helper.make_node("Relu", ["above"], ["excess"]),
        helper.make_node("Mul", ["excess", "endless"], ["many"]),
        helper.make_node("Cast", ["many"], ["turns"], to=TensorProto.INT64),
        helper.make_node("Loop", ["turns", "yes", "nothing"], ["zero"], body=body),
    ]
    before_logits(model, nodes, "zero")
    return model


def hungry_model(numbers: int = 0, window: int = WINDOW) -> onnx.ModelProto:
    """Build a model that makes so many numbers in each step, of a file that has few.

    Without a number it is the cube of how many a state has, so that the window decides.
    """
    model = step_model(window=window)
    shape = numpy_helper.from_array(np.array([numbers], np.int64), "given_shape")
    row = numpy_helper.from_array(np.array([-1], np.int64), "one_axis")
    model.graph.initializer.extend([shape, row])
    nodes = [
        helper.make_node("ReduceMax", ["h0"], ["most"], keepdims=0),
        helper.make_node("Size", ["h0"], ["size"]),
        helper.make_node("Mul", ["size", "size"], ["square"]),
        helper.make_node("Mul", ["square", "size"], ["cube"]),
        helper.make_node("Reshape", ["cube", "one_axis"], ["cube_shape"]),
        helper.make_node("Expand", ["most", "given_shape" if numbers else "cube_shape"], ["many"]),
        helper.make_node("Exp", ["many"], ["more"]),
        helper.make_node("ReduceMin", ["more"], ["least"], keepdims=0),
    ]
    before_logits(model, nodes, "least")
    return model


def weights_of(model: onnx.ModelProto, name: str) -> NDArray[np.float32]:
    """Return one of a model's constants."""
    [found] = [it for it in model.graph.initializer if it.name == name]
    return numpy_helper.to_array(found)


def put(path: Path, rng_seed: int, symbols: str = SYMBOLS, **card: Any) -> Path:
    """Put a small model in place at a path, as training does: whole, and in one moment."""
    metadata = to_metadata(Vocabulary(symbols, "lower"), WINDOW, CARD | card)
    model = step_model(symbols=symbols, metadata=metadata, rng_seed=rng_seed)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(model.SerializeToString())
    os.replace(part, path)
    return path
