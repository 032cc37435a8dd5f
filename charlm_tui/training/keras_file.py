"""Models that someone has trained with Keras' own code: `.keras` archives, and HDF5 files.

A file is read as data: its configuration as JSON, its weights as arrays. Nothing in it is run,
and no object of Keras is made of it. Owns where files keep these; what a network may be is in
keras_network.py.
"""

import io
import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np

from charlm_tui.files import FileReadError, check_readable_file, read_file
from charlm_tui.training.cells import Weights
from charlm_tui.training.errors import KerasFileError
from charlm_tui.training.keras_network import Config, KerasFile, Place, read_network
from charlm_tui.training.layer_list import layers_of, read_layer_list

MOST_MEMBER_BYTES = 4_000_000_000  # of a file in an archive; a small one can unpack to any size
MOST_CONFIG_BYTES = 10_000_000  # of the JSON of a network
ADVICE = "give a file that Keras' model.save has written"


def read_keras_file(path: Path, network: str | None = None) -> KerasFile:
    """Read a `.keras` or `.h5` file, or one of weights alone.

    Args:
        path: of the file.
        network: of a file of weights alone: its layers, such as `LSTM(128), Dense(57)`, or the
            path of the JSON that Keras' `to_json` has written.

    Raises:
        KerasFileError: it is no such file, or its network cannot be expressed; the message
            names the layer.
    """
    try:
        check_readable_file(path, ADVICE)
    except FileReadError as error:
        raise KerasFileError(str(error)) from None
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
        if magic == b"PK\x03\x04":
            found = _read_archive(path)
            if network is not None:
                _refuse_network(path)
            return found
        return _read_hdf5(path, network)
    except OSError as error:
        reason = error.strerror or "it is neither a .keras archive nor an HDF5 file"
        raise KerasFileError(f"{path} cannot be read: {reason}; {ADVICE}") from error
    except (
        *(KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError),
        *(zipfile.BadZipFile, RecursionError, NotImplementedError),
    ) as it:
        reason = str(it).strip("'\" ").splitlines()[0][:200] if str(it) else type(it).__name__
        raise KerasFileError(
            f"{path} is damaged, or not a whole model ({reason}); {ADVICE}"
        ) from it


def _refuse_network(path: Path) -> NoReturn:
    raise KerasFileError(f"{path} has its network in it; leave out --network")


def _read_archive(path: Path) -> KerasFile:
    with zipfile.ZipFile(path) as archive:
        config = json.loads(_member(archive, "config.json"))
        version = str(json.loads(_member(archive, "metadata.json"))["keras_version"])
        content = io.BytesIO(_member(archive, "model.weights.h5"))
    with h5py.File(content) as file:
        return read_network(path, version, config, _Archived(file).arrays)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file of an archive, which says before it is unpacked how large it will be."""
    if archive.getinfo(name).file_size > MOST_MEMBER_BYTES:
        raise ValueError(f"its {name} would have more than {MOST_MEMBER_BYTES // 10**6:,} MB")
    return archive.read(name)


class _Archived:
    """The weights of an archive, which addresses layers by their kind and number."""

    def __init__(self, file: Any) -> None:
        # Keras 2.12 called the group of the layers otherwise.
        self._layers = file["layers" if "layers" in file else "_layer_checkpoint_dependencies"]

    def arrays(self, place: Place) -> list[Weights]:
        stem = _snake_case(place.kind)
        group = self._layers[f"{stem}_{place.number}" if place.number else stem]
        group = group.get("layer", group)
        found = group.get("cell", group)["vars"]
        return [np.asarray(found[str(index)], np.float32) for index in range(len(found))]


def _snake_case(kind: str) -> str:
    """Return what Keras calls a group of the weights of a class of layers."""
    # As its own `naming.to_snake_case` does: CuDNNLSTM is cu_dnnlstm.
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _read_hdf5(path: Path, network: str | None) -> KerasFile:
    with h5py.File(path) as file:
        if "model_config" in file.attrs:
            if network is not None:
                _refuse_network(path)
            config = json.loads(_text(file.attrs["model_config"]))
            version = _text(file.attrs.get("keras_version", "1"))
            _refuse_keras_1(path, version)
            return read_network(path, version, config, _Named(file["model_weights"]).arrays)
        if "layer_names" not in file.attrs and "layers" not in file:
            raise KerasFileError(f"{path} is no file of Keras; {ADVICE}")
        if network is None:
            raise KerasFileError(
                f"{path} holds weights without the network they belong to; give its layers with "
                "--network 'LSTM(128), Dense(57)' or a file of its to_json, or save the whole "
                "model with Keras' model.save"
            )
        if "layers" in file:  # Keras 3, whose files of weights do not say which version
            config, version = _given_network(network, "3", path)
            return read_network(path, version, config, _Archived(file).arrays)
        saved = _text(file.attrs.get("keras_version", "1"))
        _refuse_keras_1(path, saved)
        config, version = _given_network(network, saved, path)
        return read_network(path, version, config, _Ordered(file).arrays)


def _refuse_keras_1(path: Path, version: str) -> None:
    if int(version.split(".")[0]) < 2:
        raise KerasFileError(
            f"{path} was written by Keras 1, whose files are kept otherwise; "
            "load it with Keras 2 and save it again, or train it again"
        )


def _given_network(network: str, version: str, path: Path) -> tuple[Config, str]:
    """Return the configuration that goes with weights, and the version of Keras that it is of."""
    if not network.lower().endswith(".json"):
        return read_layer_list(network, version), version
    try:
        content = read_file(Path(network), MOST_CONFIG_BYTES, "give a file of Keras' to_json")
        config = json.loads(content)
        layers_of(config)
    except FileReadError as error:
        raise KerasFileError(str(error)) from None
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise KerasFileError(
            f"{network} is no network of {path.name}; give a file of Keras' to_json"
        ) from error
    return config, str(config.get("keras_version", version))


class _Named:
    """The weights of an HDF5 file, by the names of the layers."""

    def __init__(self, groups: Any) -> None:
        self._groups = groups

    def arrays(self, place: Place) -> list[Weights]:
        return _arrays(self._groups[place.name])


class _Ordered:
    """The weights of a file of weights alone, in order, as Keras' own `load_weights` takes them."""

    def __init__(self, file: Any) -> None:
        names = [_text(it) for it in file.attrs["layer_names"]]
        filled = [name for name in names if len(file[name].attrs["weight_names"])]
        self._groups: Sequence[Any] = [file[name] for name in filled]
        self._next = 0

    def arrays(self, place: Place) -> list[Weights]:
        if self._next >= len(self._groups):
            raise ValueError(f"it has no weights for the layer {place.name!r:.60}")
        self._next += 1
        return _arrays(self._groups[self._next - 1])


def _arrays(group: Any) -> list[Weights]:
    names = [_text(it) for it in group.attrs["weight_names"]]
    return [np.asarray(group[name], np.float32) for name in names]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
