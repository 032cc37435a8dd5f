"""A Keras network's layers, walked from input to output, as the weights of one step.

Owns what can be expressed, and the refusal of what cannot, with the name of the layer. Knows no
file: it is given a configuration, and something that finds a layer's arrays.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from charlm_tui.training import reference
from charlm_tui.training.cells import ACTIVATIONS, GATES, Cell, HiddenWeights, LayerWeights, Weights
from charlm_tui.training.errors import KerasFileError
from charlm_tui.training.keras_settings import READ, find_fault, find_foreign
from charlm_tui.training.network import StepWeights

Config = Mapping[str, Any]
Exact = NDArray[np.float64]
FindArrays = Callable[["Place"], list[Weights]]

IDENTITIES = frozenset(
    {"Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "ActivityRegularization"}
)
"""Layers that do nothing once a network is trained."""
CELLS: Mapping[str, Cell] = {
    "LSTM": "LSTM",
    "CuDNNLSTM": "LSTM",
    "GRU": "GRU",
    "CuDNNGRU": "GRU",
    "SimpleRNN": "SimpleRNN",
}
EXPRESSIBLE = (
    "what can be expressed is LSTM, GRU or SimpleRNN layers and then Dense layers, the last with "
    "softmax or logits"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file has the weights of a layer.

    Attributes:
        kind: of the layer.
        name: of the layer.
        number: of the layers of its kind before it.
    """

    kind: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class KerasFile:
    """What was read of a file.

    Attributes:
        weights: of one step.
        window: characters in a window; None where the network takes any number.
        keras_version: that wrote the file, as it says.
        reads: what Keras' own `predict` is given for a character: its id, or a row of zeros and
            one 1.
        stateful: the network keeps its state from one window to the next.
        batch: windows that `predict` takes at once; None for any number.
        masks: the layer that skips symbol 0, a padding; empty if none does.
        logits: `predict` returns them, not probabilities.
        foreign: the class of an object in its configuration that is not Keras' own; empty if
            there is none.
    """

    weights: StepWeights
    window: int | None
    keras_version: str
    reads: Literal["ids", "one-hot"]
    stateful: bool = False
    batch: int | None = None
    masks: str = ""
    logits: bool = False
    foreign: str = ""


def read_network(path: Path, version: str, config: Config, arrays: FindArrays) -> KerasFile:
    """Read a network from its configuration and its arrays.

    Args:
        path: of the file, as errors name it.
        version: of the Keras that wrote it.
        config: of the network, as Keras' `to_json` writes it.
        arrays: returns the arrays of a layer, in Keras' order.

    Raises:
        KerasFileError: it cannot be expressed; the message names the layer.
        KeyError, ValueError, TypeError, AttributeError, IndexError: it is no whole network.
    """
    return _Walk(path, version, arrays).read(config)


class _Walk:
    """Walks a network's layers. What precedes the first cell is a table of the symbols."""

    def __init__(self, path: Path, version: str, arrays: FindArrays) -> None:
        self._path = path
        self._version = version
        self._arrays = arrays
        self._window: int | None = None
        self._batch: int | None = None
        self._reads: Literal["ids", "one-hot"] = "one-hot"
        self._masks = ""
        self._table: Exact | None = None
        """What each symbol is to the next layer, before the first cell; None: a row of its own."""
        self._scaled: tuple[Exact, Exact] | None = None
        """A batch normalisation that waits for the kernel that reads it: y = x scale + shift."""
        self._layers: list[LayerWeights] = []
        self._hidden: list[HiddenWeights] = []
        self._last_hidden: Place | None = None
        self._out: tuple[Exact, Exact] | None = None
        """Of the last Dense layer so far, with nothing after it but what is linear."""
        self._ended = ""
        """The layer that applies softmax, once there is one."""
        self._sequences = True
        self._stateful = False

    def read(self, config: Config) -> KerasFile:
        inner = config["config"]
        # Before Keras 2.2.3 the configuration of a Sequential was the list of its layers.
        layers = inner if isinstance(inner, list) else inner["layers"]
        if config["class_name"] not in ("Sequential", "Model", "Functional"):
            raise KerasFileError(
                f"{self._path} is of the class {config['class_name']!r:.40}, which only its own "
                f"code can rebuild; {EXPRESSIBLE}"
            )
        if config["class_name"] != "Sequential":
            self._check_chain(inner)
        counts = Counter[str]()
        for layer in layers:
            kind, settings = layer["class_name"], layer["config"]
            name = str(layer.get("name") or settings.get("name") or kind)
            self._note_shape(settings)
            self._add(Place(kind, name, counts[kind]), layer)
            counts[kind] += 1
        if self._out is None and self._last_hidden is not None:
            what = f"has the activation {self._hidden[-1].activation!r}, and no Dense layer follows"
            self._stop(self._last_hidden, what)
        if self._out is None:
            raise KerasFileError(f"{self._path} ends without a Dense layer; {EXPRESSIBLE}")
        return KerasFile(
            self._weights(),
            self._window,
            self._version,
            self._reads,
            self._stateful,
            self._batch,
            self._masks,
            not self._ended,
            find_foreign(config) or "",
        )

    def _check_chain(self, network: Config) -> None:
        """Check that a functional network is a chain: each layer reads the one before it."""
        layers = network["layers"]
        for before, layer in pairwise(layers):
            place = Place(layer["class_name"], _name(layer), 0)
            calls = layer["inbound_nodes"]
            if len(calls) != 1 or _sources(calls[0]) != [_name(before)]:
                self._stop(place, "does not simply follow the one before")
            for key, value in _options(calls[0]).items():
                if value is not None and value is not False:
                    self._stop(place, f"is called with {key!r:.40}, which changes what it computes")
        for end, layer in (("input", layers[0]), ("output", layers[-1])):
            ends = network.get(f"{end}_layers")
            if ends is not None and _names(ends) != [_name(layer)]:
                shown = ", ".join(_names(ends))
                raise KerasFileError(
                    f"{self._path} cannot be expressed: its {end} is {shown:.80}, which is not "
                    f"one end of its chain of layers; {EXPRESSIBLE}"
                )

    def _note_shape(self, settings: Config) -> None:
        shape = settings.get("batch_input_shape") or settings.get("batch_shape")
        if shape and self._window is None and len(shape) >= 2:
            self._window = None if shape[1] is None else int(shape[1])
            self._batch = None if shape[0] is None else int(shape[0])
        if self._window is None and settings.get("input_length"):
            self._window = int(settings["input_length"])

    def _add(self, place: Place, layer: Config) -> None:
        kind, settings = place.kind, layer["config"]
        if kind not in READ:
            self._stop(place, "is not one of them")
        if fault := find_fault(layer):
            self._stop(place, fault)
        if kind == "TimeDistributed":
            inside = settings["layer"]
            if inside["class_name"] not in READ or inside["class_name"] in CELLS:
                self._stop(place, f"repeats a {inside['class_name']!r:.40}")
            if fault := find_fault(inside):
                self._stop(place, f"repeats a {inside['class_name']} that {fault}")
            if not self._sequences:
                self._stop(place, "has no sequence to be repeated over")
            kind, settings = inside["class_name"], inside["config"]
        if kind == "InputLayer" or kind in IDENTITIES:
            return
        if kind in ("Activation", "Softmax"):
            self._add_activation(place, kind, settings)
        elif self._ended:
            self._stop(place, f"follows the softmax of {self._ended!r:.60}")
        elif kind == "Embedding" and not self._layers and self._table is None:
            self._masks = place.name if settings.get("mask_zero") else ""
            self._reads = "ids"
            self._table = self._exactly(place, 1)[0]
        elif kind in CELLS and self._out is None and not self._hidden and self._sequences:
            self._add_cell(place, settings)
        elif kind == "Dense":
            self._add_dense(place, settings)
        elif kind == "BatchNormalization":
            self._add_normalisation(place, settings)
        else:
            self._stop(place, "is not where it can be")

    def _exactly(self, place: Place, expected: int) -> list[Exact]:
        """Return the arrays of a layer, which has so many."""
        arrays = self._arrays(place)
        if len(arrays) != expected:
            self._stop(place, f"has {len(arrays)} arrays of weights where {expected} are expected")
        return [array.astype(np.float64) for array in arrays]

    def _add_cell(self, place: Place, settings: Config) -> None:
        cell = CELLS[place.kind]
        arrays = self._arrays(place)
        expected = 2 if settings.get("use_bias") is False else 3
        # A stateful layer can have its states beside its weights.
        if len(arrays) != expected and not (settings.get("stateful") and len(arrays) > expected):
            self._stop(place, f"has {len(arrays)} arrays of weights where {expected} are expected")
        kernel, recurrent = arrays[:2]
        after = bool(settings.get("reset_after"))
        columns = kernel.shape[1]
        zeros = np.zeros((2, columns) if after else columns, np.float32)
        bias = arrays[2] if expected == 3 else zeros
        if place.kind.startswith("CuDNN"):
            kernel, recurrent, bias = _from_cudnn(kernel, recurrent, bias, GATES[cell])
            bias = bias if cell == "GRU" else bias.sum(axis=0)
            activation, gate = "tanh", "sigmoid"
        else:
            activation = self._activation(place, settings, "activation", "tanh")
            # Keras 2 had the hard sigmoid where a configuration names none; Keras 3 always names.
            gate = "sigmoid"
            if cell != "SimpleRNN":
                gate = self._activation(place, settings, "recurrent_activation", "hard_sigmoid")
        inner: Weights | None = None
        if cell == "GRU" and bias.ndim == 2:
            edge = 2 * recurrent.shape[0]
            inner = bias[1, edge:]
            bias = bias[0] + np.pad(bias[1, :edge], (0, columns - edge))
        if self._layers:
            kernel, bias = self._folded(kernel, bias)
        elif self._table is not None:
            kernel = (self._table @ kernel).astype(np.float32)
        self._layers.append(LayerWeights(kernel, recurrent, bias, activation, gate, cell, inner))
        self._stateful |= bool(settings.get("stateful"))
        self._sequences = bool(settings.get("return_sequences"))

    def _folded(self, kernel: Weights, bias: Weights) -> tuple[Weights, Weights]:
        """Return the weights of what reads a normalised layer, as if it read that layer itself."""
        if self._scaled is None:
            return kernel, bias
        scale, shift = self._scaled
        self._scaled = None
        return (
            (scale[:, None] * kernel).astype(np.float32),
            (bias + shift @ kernel.astype(np.float64)).astype(np.float32),
        )

    def _activation(self, place: Place, settings: Config, setting: str, default: str) -> str:
        given = self._named(_function(settings.get(setting, default)))
        if given not in ACTIVATIONS:
            self._stop(place, f"has the {setting} {given!r:.40}")
        return str(given)

    def _named(self, activation: Any) -> str:
        """Return the name of an activation here, which says whose hard sigmoid is meant."""
        if activation == "hard_sigmoid" and int(self._version.split(".")[0]) < 3:
            return "hard_sigmoid of Keras 2"
        return str(activation)

    def _add_dense(self, place: Place, settings: Config) -> None:
        biased = settings.get("use_bias") is not False
        kernel, *rest = self._exactly(place, 1 + biased)
        bias = rest[0] if biased else np.zeros(kernel.shape[1])
        if not self._layers:  # reads one symbol, so it is a table, whatever its activation
            activation = self._activation(place, settings, "activation", "linear")
            table = kernel if self._table is None else self._table @ kernel
            self._table = reference.ACTIVATIONS[activation](table + bias)
            return
        if self._scaled is not None:
            scale, shift = self._scaled
            kernel, bias, self._scaled = scale[:, None] * kernel, bias + shift @ kernel, None
        if self._out is not None:  # two of them without an activation between are one
            kernel, bias = self._out[0] @ kernel, self._out[1] @ kernel + bias
        self._out = kernel, bias
        self._add_activation(place, "Dense", settings)

    def _hide(self, place: Place, activation: str) -> None:
        """Make a hidden layer of the last Dense layer, which another one must follow."""
        if activation not in ACTIVATIONS:
            self._stop(place, f"has the activation {activation!r:.40}")
        assert self._out is not None
        kernel, bias = (array.astype(np.float32) for array in self._out)
        self._hidden.append(HiddenWeights(kernel, bias, activation))
        self._last_hidden = place
        self._out = None

    def _add_activation(self, place: Place, kind: str, settings: Config) -> None:
        given = "softmax" if kind == "Softmax" else _function(settings.get("activation", "linear"))
        if given == "linear":
            return
        if kind == "Activation" and not self._layers and self._table is not None:
            name = self._activation(place, settings, "activation", "linear")
            self._table = reference.ACTIVATIONS[name](self._table)
            return
        if self._out is None:
            self._stop(place, f"applies {given!r:.40} before the Dense layer")
        if given != "softmax":
            if self._ended:
                self._stop(place, f"follows the softmax of {self._ended!r:.60}")
            self._hide(place, self._named(given))
            return
        axes = (-1, 2) if self._sequences else (-1, 1)
        if kind == "Softmax" and settings.get("axis", -1) not in axes:
            self._stop(place, f"is over the axis {settings['axis']!r:.40}, not over the symbols")
        if self._ended:
            self._stop(place, f"applies softmax again, to the softmax of {self._ended!r:.60}")
        self._ended = place.name

    def _add_normalisation(self, place: Place, settings: Config) -> None:
        """Note a batch normalisation (Ioffe & Szegedy, 2015), which is linear once trained."""
        axis = settings.get("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        if axis not in ((-1, 2) if self._sequences else (-1, 1)):
            self._stop(place, f"normalises the axis {axis!r:.40}, not the last one")
        scaled, centred = settings.get("scale", True), settings.get("center", True)
        arrays = self._exactly(place, 2 + bool(scaled) + bool(centred))
        gamma = arrays.pop(0) if scaled else np.ones_like(arrays[0])
        beta = arrays.pop(0) if centred else np.zeros_like(arrays[0])
        mean, variance = arrays
        scale = gamma / np.sqrt(variance + float(settings.get("epsilon", 1e-3)))
        shift = beta - mean * scale
        if self._out is not None:
            self._out = self._out[0] * scale, self._out[1] * scale + shift
        elif not self._layers:
            table = np.eye(len(scale)) if self._table is None else self._table
            self._table = table * scale + shift
        elif self._scaled is not None:
            before = self._scaled
            self._scaled = before[0] * scale, before[1] * scale + shift
        else:
            self._scaled = scale, shift

    def _weights(self) -> StepWeights:
        assert self._out is not None
        out, out_bias = (array.astype(np.float32) for array in self._out)
        units_of = [layer.units for layer in self._layers]
        fits = [
            layer.recurrent.shape == (layer.units, layer.columns)
            and layer.bias.shape == (layer.columns,)
            and layer.kernel.shape[1:] == (layer.columns,)
            for layer in self._layers
        ]
        units_of += [len(each.bias) for each in self._hidden]
        below = [len(layer.kernel) for layer in self._layers[1:]]
        below += [*(len(each.kernel) for each in self._hidden), len(out)]
        if not all(fits) or below != units_of:
            raise ValueError("its arrays do not fit each other")
        read, predicted = len(self._layers[0].kernel), out.shape[1]
        if read == 1 < predicted:
            raise KerasFileError(
                f"{self._path} reads a character as one number (such as its id divided by the "
                f"number of symbols), where a row of {predicted} zeros and a single 1 is expected; "
                "train it on one-hot characters, or with an Embedding as its first layer"
            )
        if read != predicted:
            raise KerasFileError(
                f"{self._path} reads {read} symbols and predicts {predicted}; "
                "give a model that predicts the symbols that it reads"
            )
        return StepWeights(tuple(self._layers), out, out_bias, tuple(self._hidden))

    def _stop(self, place: Place, what: str) -> NoReturn:
        raise KerasFileError(
            f"{self._path} cannot be expressed: its layer {place.name!r:.60} ({place.kind:.40}) "
            f"{what}; {EXPRESSIBLE}"
        )


def _function(given: Any) -> Any:
    """Return the name of an activation, which some versions keep as an object."""
    if isinstance(given, dict):
        inner = given.get("config")
        return inner if isinstance(inner, str) else given.get("class_name")
    return "linear" if given is None else given


def _name(layer: Config) -> str:
    return str(layer.get("name") or layer["config"]["name"])


def _names(ends: Any) -> list[str]:
    """Return the layers of `input_layers` or `output_layers`: one triple, or a list of them."""
    if isinstance(ends, list) and ends and isinstance(ends[0], str):
        ends = [ends]
    return [str(end[0]) for end in ends]


def _sources(call: Any) -> list[str]:
    """Return the names of the layers that a call of a functional network reads."""
    if isinstance(call, dict):  # Keras 3
        found: list[str] = []

        def walk(value: Any) -> None:
            if isinstance(value, dict):
                if "keras_history" in value:
                    found.append(str(value["keras_history"][0]))
                for part in value.values():
                    walk(part)
            elif isinstance(value, list):
                for part in value:
                    walk(part)

        walk(call.get("args"))
        return found
    return [str(part[0]) for part in call]


def _options(call: Any) -> Config:
    """Return what a call of a functional network has beside what it reads."""
    if isinstance(call, dict):  # Keras 3
        options: Config = call.get("kwargs") or {}
        return options
    return {key: value for part in call if len(part) > 3 for key, value in part[3].items()}


def _from_cudnn(
    kernel: Weights, recurrent: Weights, bias: Weights, gates: int
) -> tuple[Weights, Weights, Weights]:
    """Return a CuDNN layer's weights as those of the plain layer, with its two biases apart."""
    entries, units = kernel.shape[0], recurrent.shape[0]
    parts = np.split(kernel, gates, axis=1)
    return (
        np.concatenate(
            [part.ravel().reshape((entries, units), order="F") for part in parts], axis=1
        ),
        np.concatenate([part.T for part in np.split(recurrent, gates, axis=1)], axis=1),
        bias.reshape(2, -1),
    )
