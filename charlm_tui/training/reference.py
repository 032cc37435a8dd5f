"""The network in plain numpy, written from the formulas: what conversions are checked against.

In float64, which is as good as exact here; and in float32, which tells what that precision loses on
the same windows. Keras' own `predict` cannot be the measure: it is float32, and Keras 3 no
longer has the hard sigmoid of Keras 2.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm_tui.training.cells import STATES, LayerWeights
from charlm_tui.training.encoder import Ids
from charlm_tui.training.network import StepWeights

Values = NDArray[Any]
"""float64, or float32 where that is asked for."""


def _sigmoid(x: Values) -> Values:
    half = x.dtype.type(0.5)
    result: Values = half * (1 + np.tanh(half * x))
    return result


def _line(slope: float) -> Callable[[Values], Values]:
    return lambda x: np.clip(x.dtype.type(slope) * x + x.dtype.type(0.5), 0, 1)


ACTIVATIONS: Mapping[str, Callable[[Values], Values]] = {
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid of Keras 2": _line(0.2),
    "hard_sigmoid": _line(1 / 6),
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "linear": lambda x: x,
}


def predict(weights: StepWeights, inputs: Ids, precision: type = np.float64) -> Values:
    """Return the probabilities of the character after each window, as Keras computes them.

    Args:
        weights: of the network.
        inputs: [windows, window].
        precision: float64, or float32 to see what it loses.

    Returns:
        float64 [windows, vocabulary]: the logits are of this precision, their softmax is float64.
    """
    network = _Network(weights, len(inputs), precision)
    for position in range(inputs.shape[1]):
        network.read(inputs[:, position])
    return network.probabilities()


def draw(
    weights: StepWeights, first: int, lanes: int, characters: int, window: int, seed: int = 0
) -> Ids:
    """Return what a network writes by itself: text that is like its own, where none is at hand.

    Each lane begins with `first`. A character is drawn after the last `window` to 2 * `window`
    characters: lanes read their last window again, from a zero state, once in a window.

    Args:
        weights: of the network.
        first: the character that each lane begins with.
        lanes: drawn side by side.
        characters: of a lane.
        window: of the network.
        seed: of the random numbers.

    Returns:
        int32 [lanes, characters].
    """
    rng = np.random.default_rng(seed)
    text = np.full((lanes, characters), first, np.int32)
    network = _Network(weights, lanes, np.float64)
    for place in range(1, characters):
        if place % window == 0 and place > window:
            network = _Network(weights, lanes, np.float64)
            for position in range(place - window, place - 1):
                network.read(text[:, position])
        network.read(text[:, place - 1])
        sums = network.probabilities().cumsum(axis=1)
        drawn = (sums < rng.random((lanes, 1)) * sums[:, -1:]).sum(axis=1)
        text[:, place] = np.minimum(drawn, sums.shape[1] - 1)
    return text


def bits_per_character(weights: StepWeights, ids: Ids, window: int) -> float:
    """Return what a text costs on average, in bits, as a network predicts it.

    A character is predicted from the `window` to 2 * `window` characters before it, which costs
    a fraction of whole windows; the first window of the text is not counted.

    Args:
        weights: of the network.
        ids: of the text; [characters], more than `window`.
        window: of the network.
    """
    lanes = max(1, (len(ids) - window) // window)
    part = min(window, len(ids) - window)
    starts = np.arange(lanes) * window
    network = _Network(weights, lanes, np.float32)
    bits = 0.0
    for place in range(window + part):
        read = ids[starts + place].astype(np.int64)
        if place >= window:
            given = network.probabilities()[np.arange(lanes), read]
            bits -= float(np.log2(np.maximum(given, 1e-300)).mean())
        network.read(read)
    return bits / part


class _Network:
    """A network that reads lanes side by side, from a zero state.

    Args:
        weights: of the network.
        lanes: that are read.
        precision: of every number.
    """

    def __init__(self, weights: StepWeights, lanes: int, precision: type) -> None:
        self._rows: Values = weights.layers[0].kernel.astype(precision)
        self._layers: list[tuple[LayerWeights, list[Values]]] = [
            (layer, [array.astype(precision) for array in layer.arrays()])
            for layer in weights.layers
        ]
        self._hidden: list[tuple[Values, Values, str]] = [
            (each.kernel.astype(precision), each.bias.astype(precision), each.activation)
            for each in weights.hidden
        ]
        self._out: tuple[Values, Values] = (
            weights.out.astype(precision),
            weights.out_bias.astype(precision),
        )
        self._states: list[tuple[Values, ...]] = [
            tuple(np.zeros((lanes, layer.units), precision) for _ in STATES[layer.cell])
            for layer in weights.layers
        ]

    def read(self, ids: Ids) -> None:
        """Read one more character in each lane."""
        entering = self._rows[ids]
        for index, (layer, arrays) in enumerate(self._layers):
            if index > 0:
                entering = self._states[index - 1][0] @ arrays[0]
            self._states[index] = _advance(layer, arrays, entering, self._states[index])

    def probabilities(self) -> Values:
        """Return those of the next character, float64 [lanes, vocabulary]."""
        out, bias = self._out
        values = self._states[-1][0]
        for kernel, shift, activation in self._hidden:
            values = ACTIVATIONS[activation](values @ kernel + shift)
        logits = (values @ out + bias).astype(np.float64)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: Values = exponentials / exponentials.sum(axis=1, keepdims=True)
        return result


def _advance(
    layer: LayerWeights, arrays: list[Values], entering: Values, states: tuple[Values, ...]
) -> tuple[Values, ...]:
    """Return the states of a layer after one more character, h first; each [lanes, units].

    With x W what enters, the activation a and the recurrent activation f:

    - LSTM: z = x W + h U + b in four parts i, f, g, o; c' = f(z_f) c + f(z_i) a(z_g) and
      h' = f(z_o) a(c') (Gers et al., 2000).
    - GRU: update z and reset r are f(x W + h U + b); the candidate g is a(x W + (r h) U + b), or
      a(x W + b + r (h U + b')) where the reset acts after the product; h' = z h + (1 - z) g
      (Cho et al., 2014; Keras' `reset_after`).
    - SimpleRNN: h' = a(x W + h U + b) (Elman, 1990).
    """
    activation, gate = ACTIVATIONS[layer.activation], ACTIVATIONS[layer.recurrent_activation]
    _, recurrent, bias, *recurrent_bias = arrays
    h = states[0]
    x = entering + bias
    if layer.cell == "SimpleRNN":
        return (activation(x + h @ recurrent),)
    if layer.cell == "LSTM":
        i, f, g, o = np.split(x + h @ recurrent, 4, axis=1)
        c = gate(f) * states[1] + gate(i) * activation(g)
        return gate(o) * activation(c), c
    u = layer.units
    z = gate(x[:, :u] + h @ recurrent[:, :u])
    r = gate(x[:, u : 2 * u] + h @ recurrent[:, u : 2 * u])
    if recurrent_bias:
        g = activation(x[:, 2 * u :] + r * (h @ recurrent[:, 2 * u :] + recurrent_bias[0]))
    else:
        g = activation(x[:, 2 * u :] + (r * h) @ recurrent[:, 2 * u :])
    return (z * h + (1 - z) * g,)
