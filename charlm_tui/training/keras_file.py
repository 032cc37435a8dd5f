"""Models that someone has trained with Keras' own code: `.keras` archives, and HDF5 files.

A file is read as data: its configuration as JSON, its weights as arrays. Nothing in it is run,
and no object of Keras is made of it.
"""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np

from charlm_tui.files import FileReadError, check_readable_file
from charlm_tui.training.cells import ACTIVATIONS, LayerWeights, Weights
from charlm_tui.training.errors import KerasFileError
from charlm_tui.training.network import StepWeights

_Config = Mapping[str, Any]

MOST_MEMBER_BYTES = 4_000_000_000  # of a file in an archive; a small one can unpack to any size
IDENTITIES = frozenset({"Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout"})
"""Layers that do nothing once a network is trained."""
ARCHIVE_GROUPS = {
    "CuDNNLSTM": "cu_dnnlstm",
    "Dense": "dense",
    "Embedding": "embedding",
    "LSTM": "lstm",
    "TimeDistributed": "time_distributed",
}
"""How an archive names the weights of layers with some."""
EXPRESSIBLE = (
    "what can be expressed is LSTM layers and then one Dense layer, with softmax or logits"
)


@dataclass(frozen=True, slots=True)
class KerasFile:
    """What was read: the weights of one step, and the window.

    Attributes:
        weights: of the network.
        window: characters in a window; None where the network takes any number.
        keras_version: that wrote the file, as it says.
    """

    weights: StepWeights
    window: int | None
    keras_version: str


def read_keras_file(path: Path) -> KerasFile:
    """Read a `.keras` or `.h5` file of LSTM layers and a Dense layer.

    Raises:
        KerasFileError: it is no such file, or its network cannot be expressed; the message
            names the layer.
    """
    try:
        check_readable_file(path, "give a file that Keras' model.save has written")
    except FileReadError as error:
        raise KerasFileError(str(error)) from None
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
        if magic == b"PK\x03\x04":
            return _read_archive(path)
        return _read_hdf5(path)
    except OSError as error:
        reason = error.strerror or "it is neither a .keras archive nor an HDF5 file"
        raise KerasFileError(
            f"{path} cannot be read: {reason}; give a file that Keras' model.save has written"
        ) from error
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, zipfile.BadZipFile) as it:
        reason = str(it).strip("'\" ").splitlines()[0][:200] if str(it) else type(it).__name__
        raise KerasFileError(
            f"{path} is damaged, or not a whole model ({reason}); "
            "give a file that Keras' model.save has written"
        ) from it


def _read_archive(path: Path) -> KerasFile:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(_member(archive, "config.json"))
        version = str(json.loads(_member(archive, "metadata.json"))["keras_version"])
        content = io.BytesIO(_member(archive, "model.weights.h5"))
    with h5py.File(content) as file:
        groups, counts = file["layers"], Counter[str]()

        def arrays(kind: str, _: str) -> list[Weights]:
            # Keras addresses layers by their kind and number, whatever their names are.
            stem, number = ARCHIVE_GROUPS[kind], counts[kind]
            counts[kind] += 1
            group = groups[f"{stem}_{number}" if number else stem]
            group = group.get("layer", group)
            found = group.get("cell", group)["vars"]
            return [np.asarray(found[str(index)], np.float32) for index in range(len(found))]

        return _Reader(path, version, arrays).read(config)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file of an archive, which says before it is unpacked how large it will be."""
    if archive.getinfo(name).file_size > MOST_MEMBER_BYTES:
        raise ValueError(f"its {name} would have more than {MOST_MEMBER_BYTES // 10**6:,} MB")
    return archive.read(name)


def _read_hdf5(path: Path) -> KerasFile:
    with h5py.File(path) as file:
        if "model_config" not in file.attrs:
            raise KerasFileError(
                f"{path} holds weights without the network they belong to; "
                "save the whole model with Keras' model.save"
            )
        config = json.loads(_text(file.attrs["model_config"]))
        version = _text(file.attrs.get("keras_version", "1"))
        weights = file["model_weights"]

        def arrays(_: str, name: str) -> list[Weights]:
            group = weights[name]
            names = [_text(it) for it in group.attrs["weight_names"]]
            return [np.asarray(group[it], np.float32) for it in names]

        return _Reader(path, version, arrays).read(config)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Reader:
    """Walks a network's layers from input to output."""

    def __init__(self, path: Path, version: str, arrays: Any) -> None:
        self._path = path
        self._version = version
        self._arrays = arrays
        self._window: int | None = None
        self._embedding: Weights | None = None
        self._layers: list[LayerWeights] = []
        self._dense: tuple[Weights, Weights] | None = None
        self._sequences = True

    def read(self, config: _Config) -> KerasFile:
        inner = config["config"]
        # Before Keras 2.2.3 the configuration of a Sequential was the list of its layers.
        layers = inner if isinstance(inner, list) else inner["layers"]
        if config["class_name"] not in ("Sequential", "Model", "Functional"):
            raise KerasFileError(
                f"{self._path} is of the class {config['class_name']!r:.40}, which only its own "
                f"code can rebuild; {EXPRESSIBLE}"
            )
        if config["class_name"] != "Sequential":
            self._check_chain(layers)
        for layer in layers:
            kind, settings = layer["class_name"], layer["config"]
            name = str(layer.get("name") or settings.get("name") or kind)
            self._note_window(settings)
            self._add(kind, name, settings)
        if self._dense is None:
            raise KerasFileError(f"{self._path} ends without a Dense layer; {EXPRESSIBLE}")
        return KerasFile(self._weights(), self._window, self._version)

    def _check_chain(self, layers: list[_Config]) -> None:
        """Check that a functional network is a chain: each layer reads the one before it."""
        for before, layer in pairwise(layers):
            name = str(before.get("name") or before["config"]["name"])
            calls = layer["inbound_nodes"]
            if len(calls) != 1 or _sources(calls[0]) != [name]:
                shown = layer.get("name") or layer["config"]["name"]
                self._stop(layer["class_name"], str(shown), "does not simply follow the one before")

    def _note_window(self, settings: _Config) -> None:
        shape = settings.get("batch_input_shape") or settings.get("batch_shape")
        if shape and self._window is None and len(shape) >= 2 and shape[1] is not None:
            self._window = int(shape[1])
        elif self._window is None and settings.get("input_length"):
            self._window = int(settings["input_length"])

    def _add(self, kind: str, name: str, settings: _Config) -> None:
        if kind == "InputLayer" or kind in IDENTITIES:
            return
        if kind == "Activation" and self._dense is not None:
            self._check_output(kind, name, settings["activation"])
        elif kind == "Embedding" and not self._layers and self._embedding is None:
            [self._embedding] = self._arrays(kind, name)
        elif kind in ("LSTM", "CuDNNLSTM") and self._dense is None and self._sequences:
            self._add_lstm(kind, name, settings)
        elif kind == "TimeDistributed" and settings["layer"]["class_name"] == "Dense":
            self._add_dense(kind, name, settings["layer"]["config"])
        elif kind == "Dense":
            self._add_dense(kind, name, settings)
        else:
            self._stop(kind, name, "is not one of them, or not where it can be")

    def _add_lstm(self, kind: str, name: str, settings: _Config) -> None:
        for setting, what in (
            ("go_backwards", "reads backwards"),
            ("stateful", "keeps its state from one window to the next"),
        ):
            if settings.get(setting):
                self._stop(kind, name, what)
        arrays = self._arrays(kind, name)
        if len(arrays) == 2 and settings.get("use_bias") is False:
            arrays.append(np.zeros(arrays[1].shape[1], np.float32))
        if len(arrays) != 3:
            self._stop(kind, name, f"has {len(arrays)} arrays of weights where 3 are expected")
        kernel, recurrent, bias = arrays
        if kind == "CuDNNLSTM":
            kernel, recurrent, bias = _from_cudnn(kernel, recurrent, bias)
            activation, gate = "tanh", "sigmoid"
        else:
            activation = self._activation(kind, name, settings, "activation", "tanh")
            # Keras 2 had the hard sigmoid where a configuration names none; Keras 3 always names.
            gate = self._activation(kind, name, settings, "recurrent_activation", "hard_sigmoid")
        self._layers.append(LayerWeights(kernel, recurrent, bias, activation, gate))
        self._sequences = bool(settings.get("return_sequences"))

    def _activation(
        self, kind: str, name: str, settings: _Config, setting: str, default: str
    ) -> str:
        given = settings.get(setting, default)
        if isinstance(given, dict):
            given = given.get("config", given.get("class_name"))
        if given == "hard_sigmoid" and int(self._version.split(".")[0]) < 3:
            given = "hard_sigmoid of Keras 2"
        if given not in ACTIVATIONS:
            self._stop(kind, name, f"has the {setting} {given!r:.40}")
        return str(given)

    def _add_dense(self, kind: str, name: str, settings: _Config) -> None:
        if not self._layers or self._dense is not None:
            self._stop(kind, name, "is not one of them, or not where it can be")
        self._check_output(kind, name, settings.get("activation", "linear"))
        arrays = self._arrays(kind, name)
        bias = arrays[1] if len(arrays) > 1 else np.zeros(arrays[0].shape[1], np.float32)
        self._dense = arrays[0], bias

    def _check_output(self, kind: str, name: str, activation: object) -> None:
        if activation not in ("softmax", "linear"):
            self._stop(kind, name, f"has the activation {activation!r:.40}")

    def _weights(self) -> StepWeights:
        assert self._dense is not None
        layers = list(self._layers)
        if self._embedding is not None:
            first = layers[0]
            kernel = (self._embedding @ first.kernel).astype(np.float32)
            layers[0] = LayerWeights(
                kernel, first.recurrent, first.bias, first.activation, first.recurrent_activation
            )
        units_of = [layer.units for layer in layers]
        fits = [
            layer.recurrent.shape == (units, 4 * units) and layer.bias.shape == (4 * units,)
            for layer, units in zip(layers, units_of, strict=True)
        ]
        below = [len(layer.kernel) for layer in layers[1:]] + [len(self._dense[0])]
        if not all(fits) or below != units_of:
            raise ValueError("its arrays do not fit each other")
        read, predicted = len(layers[0].kernel), self._dense[0].shape[1]
        if read != predicted:
            what = (
                "expects one number per character, not one-hot symbols"
                if read == 1
                else f"reads {read} symbols and predicts {predicted}"
            )
            raise KerasFileError(
                f"{self._path} {what}; give a model that predicts the symbols that it reads"
            )
        return StepWeights(tuple(layers), *self._dense)

    def _stop(self, kind: str, name: str, what: str) -> NoReturn:
        raise KerasFileError(
            f"{self._path} cannot be expressed: its layer {name!r:.60} ({kind:.40}) {what}; "
            f"{EXPRESSIBLE}"
        )


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


def _from_cudnn(
    kernel: Weights, recurrent: Weights, bias: Weights
) -> tuple[Weights, Weights, Weights]:
    """Return a CuDNNLSTM's weights as an LSTM's: gates transposed, and its two biases added."""
    entries, units = kernel.shape[0], recurrent.shape[0]
    parts = [part.ravel().reshape((entries, units), order="F") for part in np.split(kernel, 4, 1)]
    return (
        np.concatenate(parts, axis=1),
        np.concatenate([part.T for part in np.split(recurrent, 4, axis=1)], axis=1),
        bias.reshape(2, -1).sum(axis=0),
    )
