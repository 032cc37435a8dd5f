"""From a trained network to a model file: conversion, and checks with an error each."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from charlm_tui.files import replacing
from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.contract import IDS, LOGITS, NEXT
from charlm_tui.lm.errors import ContractError, ModelFileError
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import probabilities
from charlm_tui.training.corpus import Ids, windows
from charlm_tui.training.errors import (
    ConversionError,
    DeclarationError,
    NodeError,
    ParityError,
)
from charlm_tui.training.network import StepWeights, predictor, step

OPSET = 17
PARITY_WINDOWS = 1000
TOLERANCE = 1e-5
STRETCHES = 10  # places in the text that the windows are taken from

KNOWN_NODES = frozenset(
    {
        *("Add", "Clip", "Concat", "Constant", "Div", "Gather", "Gemm", "Identity", "MatMul"),
        *("Max", "Min", "Mul", "Relu", "Reshape", "Sigmoid", "Slice", "Split", "Squeeze", "Tanh"),
        *("Transpose", "Unsqueeze"),
    }
)

Predict = Callable[[Ids], Any]


@dataclass(frozen=True, slots=True)
class Parity:
    """How close a model file comes to Keras' `predict` on the same windows."""

    windows: int
    largest_difference: float
    """Of any probability."""


def convert(weights: StepWeights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Convert the step of a network through tf2onnx, with the contract's names and axes.

    Raises:
        ConversionError: the converter refuses it.
    """
    import tensorflow as tf
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    rows = weights.rows
    vocabulary = weights.out.shape[1]

    def traced(ids: Any, *states: Any) -> dict[str, Any]:
        named = dict(zip(weights.states, states, strict=True))
        return step(weights, tf.gather(rows, ids), named)

    signature = [
        tf.TensorSpec((None,), tf.int64, name=IDS),
        *(
            tf.TensorSpec((None, None, units), tf.float32, name=name)
            for name, units in weights.states.items()
        ),
    ]
    try:
        model: onnx.ModelProto
        model, _ = tf2onnx.convert.from_function(
            tf.function(traced), input_signature=signature, opset=OPSET
        )
    except (
        Exception
    ) as error:  # whatever the converter fails on, in the last line of a long message
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1].strip(" .")[:300]
        raise ConversionError(
            f"tf2onnx cannot convert this network ({reason}); "
            "export with the pinned versions of keras, tf2onnx and tensorflow"
        ) from error
    _flatten_weights(model.graph)
    axes: dict[str, tuple[str | int, ...]] = {IDS: ("lanes",), LOGITS: ("lanes", vocabulary)}
    for name, units in weights.states.items():
        axes[name] = axes[name + NEXT] = ("lanes", "depth", units)
    for tensor in [*model.graph.input, *model.graph.output]:
        _name_axes(tensor, axes[tensor.name])
    model.producer_name = "charlm-tui"
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, dict(metadata))
    return model


def _flatten_weights(graph: onnx.GraphProto) -> None:
    """Drop a leading axis of one from the weights of products.

    The product is the same, and onnxruntime packs weights of two axes once, not at every step.
    """
    weights = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
    for tensor in graph.initializer:
        if tensor.name in weights and len(tensor.dims) == 3 and tensor.dims[0] == 1:
            del tensor.dims[0]


def _name_axes(tensor: onnx.ValueInfoProto, axes: tuple[str | int, ...]) -> None:
    shape = tensor.type.tensor_type.shape
    del shape.dim[:]
    for axis in axes:
        dimension = shape.dim.add()
        if isinstance(axis, int):
            dimension.dim_value = axis
        else:
            dimension.dim_param = axis


def check_nodes(model: onnx.ModelProto) -> None:
    """Check that the graph is one plain step.

    Raises:
        NodeError: it has a node that is unknown, or that loops.
    """
    found = {(node.domain, node.op_type) for node in model.graph.node}
    unknown = sorted(
        f"{domain}:{kind}" if domain else kind
        for domain, kind in found
        if domain not in ("", "ai.onnx") or kind not in KNOWN_NODES
    )
    if unknown:
        raise NodeError(
            f"the exported graph has {len(unknown)} kinds of nodes that a step must not have "
            f"({', '.join(unknown)}) among {len(model.graph.node)} nodes; "
            "export with the pinned versions of tf2onnx and tensorflow"
        )


def check_declarations(path: Path, states: Mapping[str, int]) -> OnnxModel:
    """Check names, types and dynamic axes with the app's own code; return the model.

    Args:
        path: of the file.
        states: the units of each state tensor that is expected, by its name.

    Raises:
        DeclarationError: the app would refuse the file.
    """
    try:
        model = OnnxModel(path)
    except (ContractError, ModelFileError) as error:
        raise DeclarationError(f"the exported file is refused by the app: {error}") from error
    found = {state.name: state.units for state in model.contract.states}
    if found != dict(states):
        raise DeclarationError(
            f"the exported file has the states {found} where {dict(states)} are expected; "
            "export with the pinned versions of tf2onnx and tensorflow"
        )
    return model


def check_parity(model: OnnxModel, predict: Predict, ids: Ids) -> Parity:
    """Check the app's rolling window against the network itself on the same windows.

    1,000 windows, in stretches from all over the text; the rolling window reads each stretch
    character by character.

    Args:
        model: the exported file.
        predict: returns the probabilities of the next character, float [windows, vocabulary],
            for int32 [windows, window].
        ids: the text; [characters].

    Raises:
        ParityError: a probability differs by more than 1e-5, or another character is the most
            likely where the two best differ by more than that.
    """
    size = model.contract.window
    every = windows(ids, size)
    chosen = stretches(len(every))
    rolling = RollingWindow(model, size)
    ours = []
    for stretch in chosen:
        rolling.read(every[stretch[0], :-1].tolist())
        ours.append(rolling.logits[0].copy())
        ours += [rolling.feed(int(every[start, -2]))[0].copy() for start in stretch[1:]]
    flat = [start for stretch in chosen for start in stretch]
    theirs = predict(every[flat, :-1].astype(np.int32))
    return compare(probabilities(np.array(ours)), np.asarray(theirs, np.float64))


def stretches(count: int) -> list[range]:
    """Return the windows, of so many, that a file is checked on."""
    run = -(-min(PARITY_WINDOWS, count) // STRETCHES)
    starts = np.linspace(0, count - run, STRETCHES).astype(int) if count > run else [0]
    return [range(start, start + run) for start in starts]


def parity_text(ids: Ids, window: int) -> Ids:
    """Return a short text on which `check_parity` checks the same windows as on a long one."""
    chosen = stretches(len(ids) - window)
    if len(ids) <= sum(len(stretch) + window for stretch in chosen):
        return ids
    return np.concatenate([ids[it.start : it.stop + window] for it in chosen])


def compare(ours: Any, theirs: Any) -> Parity:
    """Compare two float64 [windows, vocabulary] of probabilities (see `check_parity`)."""
    largest = float(np.abs(ours - theirs).max())
    if not largest <= TOLERANCE:  # also where it is not a number
        raise ParityError(
            f"the exported model differs from Keras by {largest:.2e} in a probability where at "
            f"most {TOLERANCE:.0e} is expected, over {len(ours):,} windows; "
            "export with the pinned versions of keras, tf2onnx and tensorflow"
        )
    best = np.sort(theirs, axis=1)
    clear = best[:, -1] - best[:, -2] > TOLERANCE
    other = int((clear & (ours.argmax(axis=1) != theirs.argmax(axis=1))).sum())
    if other:
        raise ParityError(
            f"the exported model prefers another character than Keras after {other} of "
            f"{len(ours):,} windows where none is expected; "
            "export with the pinned versions of keras, tf2onnx and tensorflow"
        )
    return Parity(len(ours), largest)


def keras_predict(weights: StepWeights) -> Predict:
    """Return Keras' `model.predict` of a network with these weights, on one-hot windows."""
    network = predictor(weights)

    def predict(inputs: Ids) -> Any:
        return network.predict(inputs, batch_size=250, verbose=0)

    return predict


def export(
    weights: StepWeights, metadata: Mapping[str, str], predict: Predict, ids: Ids, path: Path
) -> Parity:
    """Convert a network, check the file step by step, and put it at `path`, atomically.

    Args:
        weights: of the network.
        metadata: the file's.
        predict: of the network itself, to check the file against; see `check_parity`.
        ids: a text to check it on; [characters].
        path: of the file.

    Raises:
        ExportedFileError: the step that failed; `path` is as it was.
        FileWriteError: the file cannot be written.
    """
    model = convert(weights, metadata)
    check_nodes(model)
    with replacing(path, model.SerializeToString()) as temporary:
        return check_parity(check_declarations(temporary, weights.states), predict, ids)
