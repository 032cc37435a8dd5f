"""Write a character model of PyTorch as a model file: an example that can be copied.

Needs numpy and onnx alone: it takes what `model.state_dict()` returns of an `nn.LSTM`, with an
`nn.Embedding` before it or one-hot characters, and an `nn.Linear` after it. docs/model-file.md
says what a model file must have.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]


def export_lstm(
    state: Mapping[str, Any],
    symbols: Sequence[str],
    window: int,
    path: Path,
    lstm: str = "lstm",
    linear: str = "linear",
    embedding: str | None = None,
    name: str = "from PyTorch",
) -> None:
    """Write a model file of a trained LSTM.

    Args:
        state: what `model.state_dict()` returns, on the CPU.
        symbols: the characters in the order of their ids.
        window: characters of context that it was trained with.
        path: of the model file.
        lstm: the attribute of the model that is the `nn.LSTM`: one direction, no `proj_size`.
        linear: the attribute that is the `nn.Linear` to the logits.
        embedding: the attribute that is the `nn.Embedding`; None for one-hot characters.
        name: of the model, for its card.
    """

    def array(key: str) -> Floats:
        return np.asarray(state[key], np.float32)

    graph = _Graph()
    count = sum(key.startswith(f"{lstm}.weight_hh_l") for key in state)
    tensors: list[tuple[str, int]] = []
    below = ""  # what the layer below gives to this one
    for layer in range(count):
        # PyTorch has its gates in the order input, forget, candidate, output, in rows.
        kernel = array(f"{lstm}.weight_ih_l{layer}").T
        recurrent = array(f"{lstm}.weight_hh_l{layer}").T
        bias = array(f"{lstm}.bias_ih_l{layer}") + array(f"{lstm}.bias_hh_l{layer}")
        units = len(recurrent)
        h, c = (f"{kind}{layer}" if count > 1 else kind for kind in "hc")
        tensors += [(h, units), (c, units)]
        if layer == 0:  # a character selects a row, whether it is embedded or one-hot
            rows = kernel if embedding is None else array(f"{embedding}.weight") @ kernel
            row = graph.add("Gather", graph.constant(rows + bias), "ids")
            entering = graph.add("Unsqueeze", row, graph.constant(np.array([1])))
        else:
            product = graph.add("MatMul", below, graph.constant(kernel))
            entering = graph.add("Add", product, graph.constant(bias))
        product = graph.add("MatMul", h, graph.constant(recurrent))
        gates = graph.add("Add", product, entering)
        i, f, g, o = graph.split(gates, units)
        kept = graph.add("Mul", graph.add("Sigmoid", f), c)
        new = graph.add("Mul", graph.add("Sigmoid", i), graph.add("Tanh", g))
        c_next = graph.add("Add", kept, new, result=f"{c}_next")
        shown = graph.add("Tanh", c_next)
        below = graph.add("Mul", graph.add("Sigmoid", o), shown, result=f"{h}_next")
    deepest = graph.add("Gather", below, graph.constant(np.array(-1)), axis=1)
    product = graph.add("MatMul", deepest, graph.constant(array(f"{linear}.weight").T))
    graph.add("Add", product, graph.constant(array(f"{linear}.bias")), result="logits")

    def declared(names: list[tuple[str, int]]) -> list[Any]:
        return [
            helper.make_tensor_value_info(key, TensorProto.FLOAT, ["lanes", "depth", units])
            for key, units in names
        ]

    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["lanes"])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["lanes", len(symbols)])
    after = declared([(f"{key}_next", units) for key, units in tensors])
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, "step", [ids, *declared(tensors)], [logits, *after], graph.constants
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    capitals = any(symbol.lower() != symbol for symbol in symbols)
    helper.set_model_props(
        model,
        {
            "charlm.contract": "1",
            "charlm.vocabulary": json.dumps(list(symbols)),
            "charlm.window": str(window),
            "charlm.case": "preserve" if capitals else "lower",
            "charlm.card": json.dumps({"name": name}),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants, gathered in order."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(value, order="C"), name))
        return name

    def add(self, kind: str, *entries: str, result: str = "", **attributes: Any) -> str:
        result = result or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, entries, [result], **attributes))
        return result

    def split(self, gates: str, units: int) -> list[str]:
        results = [f"{gates}_{gate}" for gate in "ifgo"]
        sizes = self.constant(np.array([units] * 4))
        self.nodes.append(helper.make_node("Split", [gates, sizes], results, axis=-1))
        return results
