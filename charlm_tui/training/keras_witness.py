"""What Keras itself says of a file that it wrote: its own `load_model` and `predict`.

In a process of its own, and only for a file that has been read as data and recognised whole. For
files of Keras 3: it reads the `hard_sigmoid` of Keras 2 as another function.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from charlm_tui.training import reference
from charlm_tui.training.encoder import Ids
from charlm_tui.training.keras_network import KerasFile
from charlm_tui.training.parity import compare

PATIENCE_S = 600
WINDOWS = 200  # that Keras is asked about
WINDOWS_OF_A_STATE = 10  # of a stateful network, which is asked about one batch at a time


class SilentWitnessError(Exception):
    """Keras could not be asked; the reason is a clause."""


def ask_keras(path: Path, found: KerasFile, windows: Ids) -> float:
    """Return how far Keras' own `predict` of a file is from the formula: a probability.

    Args:
        path: of the file.
        found: what was read of it.
        windows: to ask about, [windows, window].

    Raises:
        ParityError: it is further from it than float32 explains (see `compare`).
        SilentWitnessError: Keras could not load it.
    """
    if found.foreign:
        raise SilentWitnessError(f"it names the class {found.foreign:.60}, which is not Keras' own")
    most = WINDOWS_OF_A_STATE if found.stateful else WINDOWS
    asked = windows[:: max(1, len(windows) // most)][:most]
    theirs = _predictions(path, found, asked)
    if found.logits:
        theirs = np.exp(theirs - theirs.max(axis=1, keepdims=True))
        theirs /= theirs.sum(axis=1, keepdims=True)
    return compare(
        theirs,
        reference.predict(found.weights, asked),
        reference.predict(found.weights, asked, np.float32),
        f"Keras' own predict of {path}",
        "the file has something that is not understood here; please report it",
    ).largest_difference


def _predictions(path: Path, found: KerasFile, windows: Ids) -> Any:
    """Return what Keras predicts after each window, float64 [windows, vocabulary]."""
    symbols = found.weights.out.shape[1]
    with tempfile.TemporaryDirectory(prefix="charlm-") as folder:
        job, answer = Path(folder) / "job.npz", Path(folder) / "answer.npy"
        facts = {
            "symbols": symbols if found.reads == "one-hot" else None,
            "stateful": found.stateful,
            "batch": found.batch,
            "window": found.window,
        }
        np.savez(job, windows=windows, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8))
        try:
            done = subprocess.run(
                [
                    *(sys.executable, "-W", "ignore", "-m", "charlm_tui.training.keras_witness"),
                    *map(str, (path.absolute(), job, answer)),
                ],
                cwd=Path(__file__).resolve().parents[2],
                env={**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SilentWitnessError("it did not answer in time") from None
        if done.returncode != 0 or not answer.exists():
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            raise SilentWitnessError(lines[-1].strip()[:200] if lines else "it ended at once")
        theirs = np.load(answer, allow_pickle=False).astype(np.float64)
    if theirs.shape != (len(windows), symbols):
        raise SilentWitnessError(f"its predictions have the shape {theirs.shape}")
    return theirs


def _testify(path: str, job: str, answer: str) -> None:
    """Load a file with Keras, and write what it predicts."""
    import keras

    with np.load(job, allow_pickle=False) as content:
        windows = content["windows"]
        facts = json.loads(content["facts"].tobytes())
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    inputs = windows.astype(np.int32)
    if facts["symbols"] is not None:
        inputs = np.eye(facts["symbols"], dtype=np.float32)[windows]
    size = facts["batch"] or 100
    results = []
    for start in range(0, len(inputs), size):
        some = inputs[start : start + size]
        missing = size - len(some) if facts["batch"] else 0
        batch = np.concatenate([some, np.repeat(some[-1:], missing, axis=0)])
        for layer in model.layers:
            if facts["stateful"] and hasattr(layer, "reset_states"):
                layer.reset_states()
        piece = facts["window"] if facts["stateful"] and facts["window"] else batch.shape[1]
        given = None
        for place in range(batch.shape[1] % piece, batch.shape[1], piece):
            given = np.asarray(model.predict_on_batch(batch[:, place : place + piece]))
        assert given is not None
        results.append((given[:, -1] if given.ndim == 3 else given)[: len(some)])
    np.save(answer, np.concatenate(results))


if __name__ == "__main__":
    _testify(*sys.argv[1:])
