"""The network: LSTM layers and a Dense layer, whole for training, and as one step.

The whole network reads windows; the step is what a model file holds. Both have the same weights.
Written with Keras alone, so any of its backends trains it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from charlm_tui.lm.contract import Contract, State
from charlm_tui.lm.model import Floats, Ids, Step
from charlm_tui.lm.vocabulary import Vocabulary

Weights = NDArray[np.float32]
EMBEDDING_DEVIATION = 0.1  # standard deviation of its first values

ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    # Before Keras 3 the slope of the hard sigmoid was 0.2; since then it is 1/6.
    "hard_sigmoid of Keras 2": lambda x: ops.clip(0.2 * x + 0.5, 0.0, 1.0),
    "hard_sigmoid": lambda x: ops.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "relu": ops.relu,
    "linear": lambda x: x,
}
"""What a layer may have as `activation` and `recurrent_activation`, by Keras' names."""


def build_network(
    vocabulary: int,
    units: int,
    every_position: bool = False,
    recurrent_dropout: float = 0.0,
    depth: int = 1,
    dropout: float = 0.0,
    embedding: int = 0,
) -> keras.Model:
    """Build the notebook's network on ids.

    Args:
        vocabulary: number of symbols.
        units: of each LSTM layer.
        every_position: return logits at each position, not only after the last one.
        recurrent_dropout: share of the state to drop within a window while training.
        depth: number of LSTM layers.
        dropout: share of each layer's output to drop while training.
        embedding: numbers that a character is embedded in, tied to the output; 0 is one-hot.

    Returns:
        A model from int [batch, window] to float32 logits [batch, vocabulary], or
        [batch, window, vocabulary]. The window is any length.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    if embedding:
        symbols = layers.Embedding(
            vocabulary,
            embedding,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=EMBEDDING_DEVIATION),
            name="embedding",
        )
    else:
        # An identity matrix as embedding is the one-hot coding of the notebook, made on the fly.
        symbols = layers.Embedding(
            vocabulary,
            vocabulary,
            embeddings_initializer="identity",
            trainable=False,
            name="one_hot",
        )
    values = symbols(ids)
    for index in range(depth):
        lstm = layers.LSTM(
            units,
            return_sequences=every_position or index < depth - 1,
            recurrent_dropout=recurrent_dropout,
            name=f"lstm_{index}",
        )
        values = lstm(values)
        if dropout:
            values = layers.Dropout(dropout, name=f"dropout_{index}")(values)
    if embedding:
        values = layers.Dense(embedding, use_bias=False, name="projection")(values)
        logits = TiedLogits(symbols, name="logits")(values)
    else:
        logits = layers.Dense(vocabulary, name="logits")(values)
    return keras.Model(ids, logits, name="charlm")


class TiedLogits(layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Logits by how much values are like each symbol's embedding, and a bias.

    Args:
        symbols: the embedding, built.
        name: of the layer.
    """

    def __init__(self, symbols: layers.Embedding, name: str) -> None:
        super().__init__(name=name)
        # As a function, or Keras would list its weights twice.
        self._matrix: Callable[[], Any] = lambda: symbols.embeddings
        self.bias = self.add_weight((symbols.input_dim,), "zeros", name="bias")

    def call(self, values: Any) -> Any:
        """Return logits [..., vocabulary] of values [..., embedding]."""
        return ops.matmul(values, ops.transpose(self._matrix())) + self.bias


def count_parameters(weights: "StepWeights") -> int:
    """Count the numbers of a step, in which an embedding is multiplied out."""
    arrays = [array for layer in weights.layers for array in layer.arrays()]
    return sum(array.size for array in (*arrays, weights.out, weights.out_bias))


@dataclass(frozen=True, slots=True)
class LayerWeights:
    """The weights of one LSTM layer, its gates in Keras' order: input, forget, candidate, output.

    Attributes:
        kernel: float32 [entries, 4 * units].
        recurrent: float32 [units, 4 * units].
        bias: float32 [4 * units].
        activation: of the candidate and of the output; see `ACTIVATIONS`.
        recurrent_activation: of the three gates.
    """

    kernel: Weights
    recurrent: Weights
    bias: Weights
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"

    @property
    def units(self) -> int:
        return int(self.recurrent.shape[0])

    def arrays(self) -> tuple[Weights, Weights, Weights]:
        return self.kernel, self.recurrent, self.bias


@dataclass(frozen=True, slots=True)
class StepWeights:
    """The weights of one step.

    Attributes:
        layers: from the one that reads characters upwards; row i of the first kernel is what
            character i adds to the gates.
        out: float32 [units, vocabulary].
        out_bias: float32 [vocabulary].
    """

    layers: tuple[LayerWeights, ...]
    out: Weights
    out_bias: Weights

    @classmethod
    def of(cls, network: keras.Model) -> "StepWeights":
        """Take the weights of a network that `build_network` made."""
        found = [layer for layer in network.layers if isinstance(layer, layers.LSTM)]
        arrays: list[list[Weights]] = [[*map(np.asarray, it.get_weights())] for it in found]
        *tied, out_bias = map(np.asarray, network.get_layer("logits").get_weights())
        if tied:
            [out] = tied
        else:  # multiplied out: a step reads a row for each symbol either way
            [symbols] = map(np.asarray, network.get_layer("embedding").get_weights())
            [projection] = map(np.asarray, network.get_layer("projection").get_weights())
            arrays[0][0] = symbols @ arrays[0][0]
            out = projection @ symbols.T
        layers_ = (LayerWeights(kernel, recurrent, bias) for kernel, recurrent, bias in arrays)
        return cls(tuple(layers_), out, out_bias)

    @property
    def rows(self) -> Weights:
        """What each character adds to the gates of the first layer, bias included."""
        return self.layers[0].kernel + self.layers[0].bias

    @property
    def states(self) -> dict[str, int]:
        """The names of the state tensors, and the units of each."""
        if len(self.layers) == 1:
            return dict.fromkeys(("h", "c"), self.layers[0].units)
        return {
            f"{kind}{index}": layer.units
            for index, layer in enumerate(self.layers)
            for kind in ("h", "c")
        }


def predictor(weights: StepWeights) -> keras.Model:
    """Return the network that the notebook calls `predict` on, with these weights.

    It maps a window to the probabilities of the next character, float32 [batch, vocabulary]. Its
    layers have Keras' own activations, so it cannot have those of before Keras 3.
    """
    vocabulary = weights.out.shape[1]
    ids = keras.Input((None,), dtype="int32")
    values = layers.Embedding(vocabulary, vocabulary, embeddings_initializer="identity")(ids)
    filled = []
    for index, layer in enumerate(weights.layers):
        lstm = layers.LSTM(
            layer.units,
            activation=layer.activation,
            recurrent_activation=layer.recurrent_activation,
            return_sequences=index < len(weights.layers) - 1,
        )
        values = lstm(values)
        filled.append((lstm, layer.arrays()))
    dense = layers.Dense(vocabulary, activation="softmax")
    whole = keras.Model(ids, dense(values))
    for keras_layer, arrays in [*filled, (dense, (weights.out, weights.out_bias))]:
        keras_layer.set_weights(arrays)
    return whole


def step(weights: StepWeights, rows: Any, states: Mapping[str, Any]) -> dict[str, Any]:
    """Run one step of a batch of staggered windows, in Keras operations.

    The LSTM of Hochreiter & Schmidhuber (1997) with the forget gate of Gers et al. (2000), as
    Keras computes it.

    Args:
        weights: of the network.
        rows: float32 [lanes, 4 * units], the rows of `weights.rows` of the characters read. The
            caller gathers them: Keras' `take` guards against negative ids, at four more nodes.
        states: float32 [lanes, depth, units] each, named as in `weights.states`.

    Returns:
        `logits` float32 [lanes, vocabulary] of the deepest row; and for every state X `X_next`,
        shaped like it.
    """
    results: dict[str, Any] = {}
    entering = ops.expand_dims(rows, 1)
    names = iter(weights.states)
    for index, layer in enumerate(weights.layers):
        h, c = next(names), next(names)
        activation = ACTIVATIONS[layer.activation]
        gate = ACTIVATIONS[layer.recurrent_activation]
        # A leading axis on the weights keeps TensorFlow from wrapping the product into reshapes.
        gates = ops.matmul(states[h], layer.recurrent[None]) + entering
        entry, forget, candidate, output = ops.split(gates, 4, axis=-1)
        c_next = gate(forget) * states[c] + gate(entry) * activation(candidate)
        h_next = gate(output) * activation(c_next)
        results |= {f"{h}_next": h_next, f"{c}_next": c_next}
        if index + 1 < len(weights.layers):
            above = weights.layers[index + 1]
            entering = ops.matmul(h_next, above.kernel[None]) + above.bias
    results["logits"] = ops.matmul(h_next[:, -1], weights.out) + weights.out_bias
    return results


class NetworkInTraining:
    """A network as the app's `LanguageModel`, so that the app's own code draws the samples."""

    def __init__(self, network: keras.Model, vocabulary: Vocabulary, window: int) -> None:
        self._weights = StepWeights.of(network)
        self._rows = self._weights.rows
        states = tuple(State(name, units) for name, units in self._weights.states.items())
        self.contract = Contract(vocabulary, window, states, {})

    def bind(
        self,
        ids: Ids,
        states: Mapping[str, Floats],
        logits: Floats,
        next_states: Mapping[str, Floats],
    ) -> Step:
        """Bind one step to buffers (see `LanguageModel`)."""

        def run() -> None:
            results = step(self._weights, self._rows[ids], states)
            logits[:] = ops.convert_to_numpy(results["logits"])
            for name, array in next_states.items():
                array[:] = ops.convert_to_numpy(results[name + "_next"])

        return run
