"""From a trained network to a model file: conversion, and checks with an error each."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx

from charlm_tui.files import replacing
from charlm_tui.lm.contract import IDS, LOGITS, NEXT
from charlm_tui.lm.errors import ContractError, ModelFileError
from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.encoder import Ids
from charlm_tui.training.errors import ConversionError, DeclarationError, NodeError
from charlm_tui.training.network import StepWeights, step
from charlm_tui.training.parity import Parity, check_parity

OPSET = 17

KNOWN_NODES = frozenset(
    {
        *("Add", "Clip", "Concat", "Constant", "Div", "Elu", "Gather", "Gemm", "Identity"),
        "MatMul",
        *("Max", "Min", "Mul", "Relu", "Reshape", "Sigmoid", "Slice", "Split", "Squeeze", "Sub"),
        *("Tanh", "Transpose", "Unsqueeze"),
    }
)


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


def export(
    weights: StepWeights,
    metadata: Mapping[str, str],
    ids: Ids,
    path: Path,
    *,
    ask_keras: bool = False,
) -> Parity:
    """Convert a network, check the file step by step, and put it at `path`, atomically.

    Args:
        weights: of the network.
        metadata: the file's.
        ids: a text to check it on; [characters]; see `check_parity`.
        path: of the file.
        ask_keras: for its own `predict`, too; see `check_parity`.

    Raises:
        ExportedFileError: the step that failed; `path` is as it was.
        FileWriteError: the file cannot be written.
    """
    model = convert(weights, metadata)
    check_nodes(model)
    with replacing(path, model.SerializeToString()) as temporary:
        exported = check_declarations(temporary, weights.states)
        return check_parity(exported, weights, ids, ask_keras=ask_keras)
