"""The network: the notebook's LSTM and Dense layers, whole for training, and as one step.

The whole network reads windows; the step is what a model file holds. Both have the same weights.
Written with Keras alone, so any of its backends trains it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from charlm_tui.lm.contract import Contract, State
from charlm_tui.lm.model import Floats, Ids, Step
from charlm_tui.lm.vocabulary import Vocabulary


def build_network(
    vocabulary: int, units: int, every_position: bool = False, recurrent_dropout: float = 0.0
) -> keras.Model:
    """Build the notebook's network on ids.

    Args:
        vocabulary: number of symbols.
        units: of the LSTM.
        every_position: give logits at each position, not only after the last one.
        recurrent_dropout: share of the state that a window does without while training.

    Returns:
        A model from int [batch, window] to float32 logits [batch, vocabulary], or
        [batch, window, vocabulary]. The window is any length.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    # An identity matrix as embedding is the one-hot coding of the notebook, made on the fly.
    one_hot = layers.Embedding(
        vocabulary, vocabulary, embeddings_initializer="identity", trainable=False, name="one_hot"
    )
    lstm = layers.LSTM(
        units, return_sequences=every_position, recurrent_dropout=recurrent_dropout, name="lstm"
    )
    logits = layers.Dense(vocabulary, name="logits")(lstm(one_hot(ids)))
    return keras.Model(ids, logits, name="charlm")


def predictor(network: keras.Model) -> keras.Model:
    """Give the network that the notebook calls `predict` on, with the weights of `network`.

    It maps a window to the probabilities of the next character, float32 [batch, vocabulary].
    """
    units = network.get_layer("lstm").units
    vocabulary = network.output_shape[-1]
    whole = build_network(vocabulary, units)
    for name in ("lstm", "logits"):
        whole.get_layer(name).set_weights(network.get_layer(name).get_weights())
    return keras.Model(whole.input, layers.Softmax(name="probabilities")(whole.output))


def count_parameters(network: keras.Model) -> int:
    """Count what was trained."""
    return int(sum(np.prod(weight.shape) for weight in network.trainable_weights))


@dataclass(frozen=True, slots=True)
class StepWeights:
    """The weights of one step, with the gates in Keras' order: input, forget, candidate, output."""

    inputs: NDArray[np.float32]
    """[vocabulary, 4 * units]: row i is what character i adds to the gates, bias included."""
    recurrent: NDArray[np.float32]
    """[units, 4 * units]"""
    out: NDArray[np.float32]
    """[units, vocabulary]"""
    out_bias: NDArray[np.float32]
    """[vocabulary]"""

    @classmethod
    def of(cls, network: keras.Model) -> "StepWeights":
        """Take the weights of a network that `build_network` made."""
        kernel, recurrent, bias = map(np.asarray, network.get_layer("lstm").get_weights())
        out, out_bias = map(np.asarray, network.get_layer("logits").get_weights())
        return cls(kernel + bias, recurrent, out, out_bias)


def step(weights: StepWeights, rows: Any, h: Any, c: Any) -> dict[str, Any]:
    """Run one step of a batch of staggered windows, in Keras operations.

    The LSTM of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000), as
    Keras 3 computes it.

    Args:
        weights: of the network.
        rows: float32 [lanes, 4 * units], the rows of `weights.inputs` of the characters read. Who
            calls gathers them: Keras' `take` guards against negative ids, at four more nodes.
        h: float32 [lanes, depth, units].
        c: float32 [lanes, depth, units].

    Returns:
        `logits` float32 [lanes, vocabulary] of the deepest row; `h_next` and `c_next` like h, c.
    """
    # A leading axis on the weights keeps TensorFlow from wrapping the product into reshapes.
    gates = ops.matmul(h, weights.recurrent[None]) + ops.expand_dims(rows, 1)
    entry, forget, candidate, output = ops.split(gates, 4, axis=-1)
    c_next = ops.sigmoid(forget) * c + ops.sigmoid(entry) * ops.tanh(candidate)
    h_next = ops.sigmoid(output) * ops.tanh(c_next)
    logits = ops.matmul(h_next[:, -1], weights.out) + weights.out_bias
    return {"logits": logits, "h_next": h_next, "c_next": c_next}


class NetworkInTraining:
    """A network as the app's `LanguageModel`, so that samples are drawn by the app's own code."""

    def __init__(self, network: keras.Model, vocabulary: Vocabulary, window: int) -> None:
        self._weights = StepWeights.of(network)
        units = self._weights.recurrent.shape[0]
        self.contract = Contract(vocabulary, window, (State("h", units), State("c", units)), {})

    def bind(
        self,
        ids: Ids,
        states: Mapping[str, Floats],
        logits: Floats,
        next_states: Mapping[str, Floats],
    ) -> Step:
        """Bind one step to buffers (see `LanguageModel`)."""

        def run() -> None:
            results = step(self._weights, self._weights.inputs[ids], states["h"], states["c"])
            logits[:] = ops.convert_to_numpy(results["logits"])
            for name, array in next_states.items():
                array[:] = ops.convert_to_numpy(results[name + "_next"])

        return run
