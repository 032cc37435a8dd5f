"""The network: recurrent layers and a Dense layer, whole for training, and as one step.

The whole network reads windows; the step is what a model file holds. Both have the same weights.
Written with Keras alone, so any of its backends trains it. LSTM layers are trained; a step has the
cells of cells.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from charlm_tui.lm.contract import Contract, State
from charlm_tui.lm.model import Floats, Ids, Step
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.training.cells import (
    ACTIVATIONS,
    STATES,
    HiddenWeights,
    LayerWeights,
    Weights,
    advance,
)
from charlm_tui.training.errors import CheckpointError
from charlm_tui.training.recipes import Recipe

EMBEDDING_DEVIATION = 0.1  # standard deviation of its first values


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
    return _kind()(ids, logits, name="charlm")


def _kind() -> Any:
    """Return the class of a network: one that shares its batches where Keras distributes them."""
    if keras.distribution.distribution() is None:
        plain: type[keras.Model] = keras.Model
        return plain
    from charlm_tui.training.shared_network import SharedNetwork

    return SharedNetwork


def compiled_network(symbols: int, recipe: Recipe, rng_seed: int) -> keras.Model:
    """Build a network and its optimiser as a recipe says, both as they are before the first batch.

    Args:
        symbols: how many.
        recipe: how it is trained.
        rng_seed: of the first weights and of all that is dropped.
    """
    keras.utils.set_random_seed(rng_seed)
    network = build_network(
        symbols,
        recipe.units,
        recipe.every_position,
        recipe.recurrent_dropout,
        recipe.layers,
        recipe.dropout,
        recipe.embedding,
    )
    network.compile(
        optimizer=_optimizer(recipe),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    network.optimizer.build(network.trainable_variables)
    return network


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    rate, clip = recipe.learning_rate, recipe.clip
    if recipe.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(rate, global_clipnorm=clip)
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(rate, global_clipnorm=clip)
    muon = keras.optimizers.Muon(
        rate,
        momentum=recipe.momentum,
        adam_lr_ratio=recipe.adam_share,
        weight_decay=recipe.weight_decay,
        adam_weight_decay=recipe.weight_decay * recipe.adam_share,
        exclude_layers=["logits"],  # embeddings and biases are excluded by Keras
        global_clipnorm=clip,
    )
    muon.exclude_from_weight_decay(var_names=["bias"])
    return muon


def variables_of(network: keras.Model) -> list[Any]:
    """Return all that training changes in a network: weights, and dropout's random state."""
    metrics = {id(variable) for variable in network.metrics_variables}
    return [variable for variable in network.variables if id(variable) not in metrics]


def values_of(variables: Sequence[Any]) -> list[NDArray[Any]]:
    """Return copies of the values of variables."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """Give variables the values that a checkpoint has.

    Raises:
        CheckpointError: they are of other variables.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise CheckpointError(
            "the checkpoint's arrays are of another network than its settings describe; "
            "start over with --restart"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


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
    arrays += [array for each in weights.hidden for array in (each.kernel, each.bias)]
    return sum(array.size for array in (*arrays, weights.out, weights.out_bias))


@dataclass(frozen=True, slots=True)
class StepWeights:
    """The weights of one step.

    Attributes:
        layers: from the one that reads characters upwards; row i of the first kernel is what
            character i adds to the gates.
        out: float32 [units, vocabulary].
        out_bias: float32 [vocabulary].
        hidden: Dense layers between the last of the layers and `out`, if any.
    """

    layers: tuple[LayerWeights, ...]
    out: Weights
    out_bias: Weights
    hidden: tuple[HiddenWeights, ...] = ()

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

    def without(self, ids: Sequence[int]) -> "StepWeights":
        """Return the weights of a network that neither reads nor predicts some symbols."""
        first, *others = self.layers
        kernel = np.delete(first.kernel, ids, axis=0)
        out, out_bias = np.delete(self.out, ids, axis=1), np.delete(self.out_bias, ids)
        return StepWeights((replace(first, kernel=kernel), *others), out, out_bias, self.hidden)

    @property
    def rows(self) -> Weights:
        """What each character adds to the gates of the first layer, bias included."""
        return self.layers[0].kernel + self.layers[0].bias

    @property
    def states(self) -> dict[str, int]:
        """The names of the state tensors, and the units of each."""
        numbered = len(self.layers) > 1
        return {
            f"{kind}{index}" if numbered else kind: layer.units
            for index, layer in enumerate(self.layers)
            for kind in STATES[layer.cell]
        }


def predictor(weights: StepWeights) -> keras.Model:
    """Return the network that the notebook calls `predict` on, with these weights.

    It maps a window to the probabilities of the next character, float32 [batch, vocabulary]. Its
    layers have Keras' own activations, so it cannot have those of before Keras 3.
    """
    vocabulary = weights.out.shape[1]
    ids = keras.Input((None,), dtype="int32")
    values = layers.Embedding(vocabulary, vocabulary, embeddings_initializer="identity")(ids)
    filled: list[tuple[Any, tuple[Weights, ...]]] = []
    for index, layer in enumerate(weights.layers):
        settings: dict[str, Any] = {
            "activation": layer.activation,
            "return_sequences": index < len(weights.layers) - 1,
        }
        if layer.cell != "SimpleRNN":
            settings["recurrent_activation"] = layer.recurrent_activation
        if layer.cell == "GRU":
            settings["reset_after"] = layer.recurrent_bias is not None
        recurrent = getattr(layers, layer.cell)(layer.units, **settings)
        values = recurrent(values)
        kernel, product, bias, *inner = layer.arrays()
        if inner:
            bias = np.stack([bias, np.pad(inner[0], (2 * layer.units, 0))])
        filled.append((recurrent, (kernel, product, bias)))
    for each in weights.hidden:
        hidden = layers.Dense(len(each.bias), activation=each.activation)
        values = hidden(values)
        filled.append((hidden, (each.kernel, each.bias)))
    dense = layers.Dense(vocabulary, activation="softmax")
    whole = keras.Model(ids, dense(values))
    for keras_layer, arrays in [*filled, (dense, (weights.out, weights.out_bias))]:
        keras_layer.set_weights(arrays)
    return whole


def step(weights: StepWeights, rows: Any, states: Mapping[str, Any]) -> dict[str, Any]:
    """Run one step of a batch of staggered windows, in Keras operations.

    Args:
        weights: of the network.
        rows: float32 [lanes, gates * units], the rows of `weights.rows` of the characters read. The
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
        own = [next(names) for _ in STATES[layer.cell]]
        after = advance(layer, entering, tuple(states[name] for name in own))
        results |= {f"{name}_next": it for name, it in zip(own, after, strict=True)}
        h_next = after[0]
        if index + 1 < len(weights.layers):
            above = weights.layers[index + 1]
            entering = ops.matmul(h_next, above.kernel[None]) + above.bias
    values = h_next[:, -1]
    for each in weights.hidden:
        values = ACTIVATIONS[each.activation](ops.matmul(values, each.kernel) + each.bias)
    results["logits"] = ops.matmul(values, weights.out) + weights.out_bias
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
