"""The recurrent cells: their weights, and one step of each in Keras operations.

Owns what an LSTM, a GRU and a SimpleRNN compute; knows no network and no file. The same formulas in
plain numpy, against which an export is checked, are in reference.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from keras import ops
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Cell = Literal["LSTM", "GRU", "SimpleRNN"]

GATES: Mapping[Cell, int] = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
"""How many columns of its kernel a cell has for each of its units."""
STATES: Mapping[Cell, tuple[str, ...]] = {"LSTM": ("h", "c"), "GRU": ("h",), "SimpleRNN": ("h",)}
"""What a cell keeps from one character to the next."""

ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    # Before Keras 3 the slope of the hard sigmoid was 0.2; since then it is 1/6.
    "hard_sigmoid of Keras 2": lambda x: ops.clip(0.2 * x + 0.5, 0.0, 1.0),
    "hard_sigmoid": lambda x: ops.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "relu": ops.relu,
    "elu": ops.elu,
    "linear": lambda x: x,
}
"""What a layer may have as `activation` and `recurrent_activation`, by Keras' names."""


@dataclass(frozen=True, slots=True)
class HiddenWeights:
    """The weights of a Dense layer between the recurrent layers and the logits.

    Attributes:
        kernel: float32 [entries, units].
        bias: float32 [units].
        activation: see `ACTIVATIONS`.
    """

    kernel: Weights
    bias: Weights
    activation: str


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """The weights of one recurrent layer, in Keras' order of gates.

    That is input, forget, candidate, output for an LSTM; update, reset, candidate for a GRU.

    Attributes:
        kernel: float32 [entries, gates * units].
        recurrent: float32 [units, gates * units].
        bias: float32 [gates * units].
        activation: of the candidate, and of an LSTM's output; see `ACTIVATIONS`.
        recurrent_activation: of the gates.
        cell: LSTM, GRU or SimpleRNN.
        recurrent_bias: float32 [units], of the candidate of a GRU whose reset gate acts after the
            product with the recurrent weights; None where it acts before, and for other cells.
    """

    kernel: Weights
    recurrent: Weights
    bias: Weights
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    cell: Cell = "LSTM"
    recurrent_bias: Weights | None = None

    @property
    def units(self) -> int:
        return int(self.recurrent.shape[0])

    @property
    def columns(self) -> int:
        """Columns of the kernel."""
        return GATES[self.cell] * self.units

    def arrays(self) -> tuple[Weights, ...]:
        """Return the kernel, the recurrent weights, the bias, and the recurrent bias if any."""
        arrays = (self.kernel, self.recurrent, self.bias)
        return arrays if self.recurrent_bias is None else (*arrays, self.recurrent_bias)


def advance(layer: LayerWeights, entering: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the states of a cell after one more character, h first, in Keras operations.

    The LSTM of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000), the GRU
    of Cho et al. (2014) in both of its forms, and the network of Elman (1990), each as Keras
    computes it.

    Args:
        layer: its weights.
        entering: float32 [lanes, 1 or depth, gates * units], what the layer reads times its
            kernel, and its bias.
        states: float32 [lanes, depth, units] each, in the order of `STATES`.
    """
    activation = ACTIVATIONS[layer.activation]
    gate = ACTIVATIONS[layer.recurrent_activation]
    h = states[0]
    # A leading axis on the weights keeps TensorFlow from wrapping the product into reshapes.
    recurrent = layer.recurrent[None]
    if layer.cell == "LSTM":
        gates = ops.matmul(h, recurrent) + entering
        entry, forget, candidate, output = ops.split(gates, 4, axis=-1)
        c_next = gate(forget) * states[1] + gate(entry) * activation(candidate)
        return gate(output) * activation(c_next), c_next
    if layer.cell == "SimpleRNN":
        return (activation(ops.matmul(h, recurrent) + entering),)
    edge = 2 * layer.units
    if layer.recurrent_bias is None:
        both, last = ops.split(entering, [edge], axis=-1)
        update, reset = ops.split(gate(ops.matmul(h, recurrent[..., :edge]) + both), 2, axis=-1)
        candidate = activation(ops.matmul(reset * h, recurrent[..., edge:]) + last)
    else:
        both, last = ops.split(entering, [edge], axis=-1)
        inner, inner_last = ops.split(ops.matmul(h, recurrent), [edge], axis=-1)
        update, reset = ops.split(gate(inner + both), 2, axis=-1)
        candidate = activation(last + reset * (inner_last + layer.recurrent_bias))
    return (update * h + (1.0 - update) * candidate,)
