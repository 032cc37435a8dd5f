"""Conversion where TensorFlow is: in this process, or in one of its own.

tf2onnx needs TensorFlow. If Keras trains on another backend, the weights go to a process whose
backend is TensorFlow, and its answer comes back.
"""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from charlm_tui.errors import CharlmError
from charlm_tui.files import FileWriteError
from charlm_tui.training import errors
from charlm_tui.training.cells import HiddenWeights, LayerWeights
from charlm_tui.training.encoder import Ids
from charlm_tui.training.errors import ConversionError, ExportedFileError
from charlm_tui.training.network import StepWeights
from charlm_tui.training.onnx_export import export
from charlm_tui.training.parity import Parity, parity_text

BACKEND = "tensorflow"
_ARRAYS = ("kernel", "recurrent", "bias", "recurrent_bias")  # of a layer, the last not of each
_ERRORS: dict[str, type[CharlmError]] = {**vars(errors), "FileWriteError": FileWriteError}


def make_model_file(
    weights: StepWeights,
    metadata: Mapping[str, str],
    ids: Ids,
    path: Path,
    *,
    ask_keras: bool = False,
) -> Parity:
    """Convert a network to a checked model file at `path`, atomically.

    Args:
        weights: of the network.
        metadata: the file's.
        ids: a text on which the file is checked against the network; [characters].
        path: of the file.
        ask_keras: for its own `predict`, too, to be told beside.

    Raises:
        ExportedFileError, FileWriteError: `path` is as it was.
    """
    if keras.backend.backend() != BACKEND:
        return _converter.make_model_file(weights, metadata, ids, path, ask_keras)
    return export(weights, metadata, ids, path, ask_keras=ask_keras)


def prepare() -> None:
    """Start what converts if it is another process, which takes seconds, while training begins."""
    if keras.backend.backend() != BACKEND:
        _converter.start()


class _Converter:
    """A process with TensorFlow that converts one job after another; it ends with this one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def make_model_file(
        self,
        weights: StepWeights,
        metadata: Mapping[str, str],
        ids: Ids,
        path: Path,
        ask_keras: bool,
    ) -> Parity:
        with tempfile.TemporaryDirectory(prefix="charlm-") as folder:
            job = Path(folder) / "job.npz"
            stretches = parity_text(ids, int(metadata["charlm.window"]))
            job.write_bytes(_pack(weights, metadata, stretches))
            said = self._ask(json.dumps([str(job), str(path.absolute()), ask_keras]))
        if "error" in said:
            kind = _ERRORS.get(said["error"], ExportedFileError)
            raise kind(said["sentence"])
        return Parity(**said)

    def _ask(self, request: str) -> dict[str, Any]:
        process = self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            said: dict[str, Any] = json.loads(process.stdout.readline())
        except (OSError, ValueError) as error:
            self._end()
            raise ConversionError(
                f"the process that converts ended with exit code {process.returncode}; "
                'check that TensorFlow is installed: pip install "charlm-tui[train]"'
            ) from error
        except BaseException:  # the next job must not get this one's answer
            self._end()
            raise
        return said

    def start(self) -> subprocess.Popen[str]:
        """Return the process, started if it is not running."""
        if self._process is not None:
            return self._process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "charlm_tui.training.tf_process"],
            cwd=Path(__file__).resolve().parents[2],  # from which this package can be imported
            env={**os.environ, "KERAS_BACKEND": BACKEND, "CUDA_VISIBLE_DEVICES": "-1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


_converter = _Converter()


def _pack(weights: StepWeights, metadata: Mapping[str, str], ids: Ids) -> bytes:
    arrays = {"ids": ids, "out": weights.out, "out_bias": weights.out_bias}
    layers = []
    for index, layer in enumerate(weights.layers):
        for name, array in zip(_ARRAYS, layer.arrays(), strict=False):
            arrays[f"{name}{index}"] = array
        layers.append([layer.activation, layer.recurrent_activation, layer.cell])
    for index, each in enumerate(weights.hidden):
        arrays |= {f"hidden{index}": each.kernel, f"hidden_bias{index}": each.bias}
    hidden = [each.activation for each in weights.hidden]
    facts = json.dumps({"layers": layers, "hidden": hidden, "metadata": dict(metadata)})
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, facts=np.frombuffer(facts.encode(), np.uint8), **arrays)
    return content.getvalue()


def _unpack(job: Path) -> tuple[StepWeights, dict[str, str], Ids]:
    with np.load(job, allow_pickle=False) as content:
        facts = json.loads(content["facts"].tobytes())
        layers = []
        for index, settings in enumerate(facts["layers"]):
            kernel, recurrent, bias, inner = (content.get(f"{it}{index}") for it in _ARRAYS)
            activation, gate, cell = settings
            layers.append(LayerWeights(kernel, recurrent, bias, activation, gate, cell, inner))
        hidden = tuple(
            HiddenWeights(content[f"hidden{index}"], content[f"hidden_bias{index}"], activation)
            for index, activation in enumerate(facts["hidden"])
        )
        weights = StepWeights(tuple(layers), content["out"], content["out_bias"], hidden)
        return weights, facts["metadata"], content["ids"]


def _serve() -> None:
    """Answer each job on standard input with a line on standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is not an answer
    for request in sys.stdin:
        job, path, ask_keras = json.loads(request)
        said: dict[str, Any]
        try:
            given = _unpack(Path(job))
            said = asdict(make_model_file(*given, Path(path), ask_keras=ask_keras))
        except CharlmError as error:
            said = {"error": type(error).__name__, "sentence": str(error)}
        print(json.dumps(said), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
