"""The step of an LSTM as an ONNX graph, node by node, without TensorFlow or tf2onnx.

What tf2onnx makes of the same weights is held against it. tf2onnx is released rarely: should it
stop working, this is what would take its place.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from charlm_tui.training.network import StepWeights
from tests.support.models import as_model


class _Graph:
    """Nodes and constants, gathered in order."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: object, kind: type = np.float32) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, kind: str, entries: list[str], *results: str, **attributes: int) -> str:
        self.nodes.append(helper.make_node(kind, entries, list(results), **attributes))
        return results[0]

    def activation(self, kind: str, entry: str, result: str) -> str:
        """Add one of `network.ACTIVATIONS`."""
        match kind:
            case "tanh" | "sigmoid" | "relu" | "elu":
                return self.add(kind.capitalize(), [entry], result)
            case "linear":
                return self.add("Identity", [entry], result)
            case "hard_sigmoid" | "hard_sigmoid of Keras 2":
                slope = 0.2 if kind.endswith("2") else 1 / 6
                name = f"{result}_slope"
                scaled = self.add("Mul", [entry, self.constant(name, slope)], f"{result}_scaled")
                half = self.constant(f"{result}_half", 0.5)
                moved = self.add("Add", [scaled, half], f"{result}_moved")
                ends = [self.constant(f"{result}_{end}", end) for end in (0, 1)]
                return self.add("Clip", [moved, *ends], result)
        raise AssertionError(kind)


def lstm_step(weights: StepWeights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Build the model file of a network's step.

    The LSTM of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000); gates
    stand in Keras' order: input, forget, candidate, output.
    """
    graph, states = _Graph(), list(weights.states)
    one = graph.constant("one", [1], np.int64)
    rows = graph.add("Gather", [graph.constant("rows", weights.rows), "ids"], "row")
    entering = graph.add("Unsqueeze", [rows, one], "entering0")
    last = ""
    for index, layer in enumerate(weights.layers):
        h, c = states[2 * index : 2 * index + 2]
        product = graph.add(
            "MatMul", [h, graph.constant(f"recurrent{index}", layer.recurrent)], f"product{index}"
        )
        gates = graph.add("Add", [product, entering], f"gates{index}")
        sums = [f"{gate}_sum{index}" for gate in ("input", "forget", "candidate", "output")]
        sizes = graph.constant(f"sizes{index}", [layer.units] * 4, np.int64)
        graph.add("Split", [gates, sizes], *sums, axis=-1)
        entry, forget, output = (
            graph.activation(layer.recurrent_activation, sums[gate], f"gate{gate}_{index}")
            for gate in (0, 1, 3)
        )
        candidate = graph.activation(layer.activation, sums[2], f"candidate{index}")
        kept = graph.add("Mul", [forget, c], f"kept{index}")
        new = graph.add("Mul", [entry, candidate], f"new{index}")
        c_next = graph.add("Add", [kept, new], f"{c}_next")
        shown = graph.activation(layer.activation, c_next, f"shown{index}")
        last = graph.add("Mul", [output, shown], f"{h}_next")
        if index + 1 < len(weights.layers):
            above = weights.layers[index + 1]
            kernel = graph.constant(f"kernel{index + 1}", above.kernel)
            sent = graph.add("MatMul", [last, kernel], f"sent{index + 1}")
            bias = graph.constant(f"bias{index + 1}", above.bias)
            entering = graph.add("Add", [sent, bias], f"entering{index + 1}")
    deepest = graph.add(
        "Gather", [last, graph.constant("deepest_place", -1, np.int64)], "deepest", axis=1
    )
    outgoing = graph.add("MatMul", [deepest, graph.constant("out", weights.out)], "outgoing")
    graph.add("Add", [outgoing, graph.constant("out_bias", weights.out_bias)], "logits")
    floats = TensorProto.FLOAT
    shapes = {name: ["lanes", "depth", units] for name, units in weights.states.items()}
    return as_model(
        helper.make_graph(
            graph.nodes,
            "step",
            [
                helper.make_tensor_value_info("ids", TensorProto.INT64, ["lanes"]),
                *(helper.make_tensor_value_info(name, floats, it) for name, it in shapes.items()),
            ],
            [
                helper.make_tensor_value_info(
                    "logits", floats, ["lanes", int(weights.out.shape[1])]
                ),
                *(
                    helper.make_tensor_value_info(f"{name}_next", floats, it)
                    for name, it in shapes.items()
                ),
            ],
            graph.constants,
        ),
        metadata,
    )
