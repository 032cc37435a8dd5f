"""The network in plain numpy, written from the formulas: what conversions are checked against.

Keras 3 no longer has the hard sigmoid of Keras 2, so its own `predict` cannot check a file that
was trained with it.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from charlm_tui.training.corpus import Ids
from charlm_tui.training.network import LayerWeights, StepWeights

Values = NDArray[np.float64]


def _sigmoid(x: Values) -> Values:
    return 0.5 * (1 + np.tanh(0.5 * x))


_ACTIVATIONS: Mapping[str, Callable[[Values], Values]] = {
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "hard_sigmoid of Keras 2": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "relu": lambda x: np.maximum(x, 0),
    "linear": lambda x: x,
}


def predict(weights: StepWeights, inputs: Ids) -> Values:
    """Return the probabilities of the character after each window, as Keras 2 computes them.

    Per character x: z = x W + h U + b, in four parts i, f, g, o; c' = f(z_f) c + f(z_i) a(z_g) and
    h' = f(z_o) a(c'), with the activation a and the recurrent activation f.

    Args:
        weights: of the network.
        inputs: [windows, window].

    Returns:
        float64 [windows, vocabulary].
    """
    sequence: Values = weights.layers[0].kernel.astype(np.float64)[inputs]
    for index, layer in enumerate(weights.layers):
        if index > 0:
            sequence = sequence @ layer.kernel.astype(np.float64)
        sequence = _run(layer, sequence)
    logits = sequence[:, -1] @ weights.out.astype(np.float64) + weights.out_bias
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Values = exponentials / exponentials.sum(axis=1, keepdims=True)
    return result


def _run(layer: LayerWeights, entering: Values) -> Values:
    """Run a layer over [windows, characters, 4 * units]; return its state h at each character."""
    activation = _ACTIVATIONS[layer.activation]
    gate = _ACTIVATIONS[layer.recurrent_activation]
    h = c = np.zeros((len(entering), layer.units))
    states = []
    for position in range(entering.shape[1]):
        z = entering[:, position] + h @ layer.recurrent.astype(np.float64) + layer.bias
        i, f, g, o = np.split(z, 4, axis=1)
        c = gate(f) * c + gate(i) * activation(g)
        h = gate(o) * activation(c)
        states.append(h)
    return np.stack(states, axis=1)
