"""Conversion where TensorFlow is: in this process, or in one of its own.

tf2onnx needs TensorFlow. Where Keras trains on another backend, the weights go to a process whose
backend is TensorFlow, and what it says comes back.
"""

import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export import errors, reference
from export.corpus import Ids
from export.errors import ConversionError, ExportError
from export.network import LayerWeights, StepWeights
from export.onnx_export import Parity, export, keras_predict

BACKEND = "tensorflow"


def make_model_file(
    weights: StepWeights, metadata: Mapping[str, str], ids: Ids, path: Path
) -> Parity:
    """Convert a network to a checked model file at `path`, atomically.

    Args:
        weights: of the network.
        metadata: the file's.
        ids: a text on which the file is held against the network; int32 [characters].
        path: of the file.

    Raises:
        ExportError: `path` is as it was.
    """
    if keras.backend.backend() != BACKEND:
        return _in_a_process_of_its_own(weights, metadata, ids, path)
    if any("Keras 2" in layer.recurrent_activation + layer.activation for layer in weights.layers):
        return export(weights, metadata, lambda it: reference.predict(weights, it), ids, path)
    return export(weights, metadata, keras_predict(weights), ids, path)


def _in_a_process_of_its_own(
    weights: StepWeights, metadata: Mapping[str, str], ids: Ids, path: Path
) -> Parity:
    with tempfile.TemporaryDirectory(prefix="charlm-") as folder:
        job = Path(folder) / "job.npz"
        job.write_bytes(_pack(weights, metadata, ids))
        done = subprocess.run(
            [sys.executable, "-m", __spec__.name, str(job), str(path.absolute())],
            cwd=Path(__file__).resolve().parent.parent,
            env={**os.environ, "KERAS_BACKEND": BACKEND, "CUDA_VISIBLE_DEVICES": "-1"},
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        said = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        reason = (done.stderr.strip().splitlines() or ["it said nothing"])[-1][:300]
        raise ConversionError(
            f"the process that converts ended with exit code {done.returncode} ({reason}); "
            'check that TensorFlow is installed: pip install -e ".[export]"'
        ) from error
    if "error" in said:
        kind = getattr(errors, said["error"], ExportError)
        raise kind(said["sentence"])
    return Parity(**said)


def _pack(weights: StepWeights, metadata: Mapping[str, str], ids: Ids) -> bytes:
    arrays = {"ids": ids, "out": weights.out, "out_bias": weights.out_bias}
    layers = []
    for index, layer in enumerate(weights.layers):
        for name, array in zip(("kernel", "recurrent", "bias"), layer.arrays(), strict=True):
            arrays[f"{name}{index}"] = array
        layers.append([layer.activation, layer.recurrent_activation])
    facts = json.dumps({"layers": layers, "metadata": dict(metadata)})
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, facts=np.frombuffer(facts.encode(), np.uint8), **arrays)
    return content.getvalue()


def _unpack(job: Path) -> tuple[StepWeights, dict[str, str], Ids]:
    with np.load(job, allow_pickle=False) as content:
        facts = json.loads(content["facts"].tobytes())
        layers = tuple(
            LayerWeights(
                *(content[f"{name}{index}"] for name in ("kernel", "recurrent", "bias")),
                *activations,
            )
            for index, activations in enumerate(facts["layers"])
        )
        weights = StepWeights(layers, content["out"], content["out_bias"])
        return weights, facts["metadata"], content["ids"]


def _main(job: str, path: str) -> None:
    said: dict[str, Any]
    try:
        said = asdict(make_model_file(*_unpack(Path(job)), Path(path)))
    except ExportError as error:
        said = {"error": type(error).__name__, "sentence": str(error)}
    print(json.dumps(said))


if __name__ == "__main__":
    _main(*sys.argv[1:])
