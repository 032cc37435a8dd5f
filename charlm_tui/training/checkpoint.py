"""The state of a run after an epoch, in a file from which it continues as if it had not ended.

One file of numpy's own format, put in place whole: the weights, the optimiser's and the random
generators' state, the best weights so far, and, as JSON, the settings and what was measured.
"""

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm_tui.files import FileReadError, check_readable_file, replace_file
from charlm_tui.training.errors import CheckpointError

FORMAT = 1
GROUPS = ("network", "optimizer", "best")

Arrays = list[NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Epoch:
    """The result of one epoch; losses in nats per character."""

    number: int
    training_loss: float
    held_out_loss: float
    seconds: float
    best: bool


@dataclass(slots=True)
class Snapshot:
    """A run between two epochs.

    Attributes:
        epochs: the ones that were trained.
        seconds: that all of them took.
        network: every variable of the network, random generators included.
        optimizer: every variable of the optimiser.
        best: the weights of the best epoch.
    """

    epochs: list[Epoch] = field(default_factory=list)
    seconds: float = 0.0
    network: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)


def checkpoint_path(out: Path) -> Path:
    """Return the path of the checkpoint of a run whose model file is `out`."""
    return out.parent / f"{out.name}.checkpoint"


def write_checkpoint(path: Path, settings: Mapping[str, Any], snapshot: Snapshot) -> None:
    """Put a checkpoint in its place; the last one stays until it is whole.

    Raises:
        FileWriteError: it cannot be written, for example because the disk is full.
    """
    facts = {
        "format": FORMAT,
        "settings": dict(settings),
        "seconds": snapshot.seconds,
        "epochs": [asdict(epoch) for epoch in snapshot.epochs],
    }
    arrays = {
        f"{group}/{index}": array
        for group in GROUPS
        for index, array in enumerate(getattr(snapshot, group))
    }
    content = io.BytesIO()
    text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    np.savez(content, allow_pickle=False, facts=text, **arrays)
    replace_file(path, content.getvalue())


def read_checkpoint(path: Path) -> tuple[dict[str, Any], Snapshot]:
    """Return the settings and the state of the run that a checkpoint is of.

    Raises:
        CheckpointError: there is none, or it is damaged, or of another version.
    """
    try:
        if os.path.exists(path):
            check_readable_file(path, "start over with --restart")
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
            facts = json.loads(content["facts"].tobytes())
            if facts["format"] != FORMAT:
                raise CheckpointError(
                    f"{path} has the format {facts['format']!r:.40} where {FORMAT} is expected; "
                    "continue with the version that wrote it, or start over with --restart"
                )
            groups = {
                group: [content[f"{group}/{index}"] for index in range(count)]
                for group in GROUPS
                for count in [sum(name.startswith(group + "/") for name in content.files)]
            }
            epochs = [Epoch(**epoch) for epoch in facts["epochs"]]
            if not isinstance(facts["settings"], dict):
                raise TypeError("its settings are no table")
            return facts["settings"], Snapshot(epochs, float(facts["seconds"]), **groups)
    except FileReadError as error:
        raise CheckpointError(str(error)) from None
    except FileNotFoundError as error:
        raise CheckpointError(
            f"there is no interrupted run to continue: {path} does not exist; "
            "give the --out of the run, or leave out --resume"
        ) from error
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        EOFError,
        MemoryError,
        RecursionError,
        NotImplementedError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}); "
            "start over with --restart"
        ) from error


def check_settings(path: Path, asked: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Check that a run continues with its own settings.

    Args:
        path: of the checkpoint.
        asked: the settings that are asked for, by name.
        found: those of the run.

    Raises:
        CheckpointError: one of them differs.
    """
    for name, value in asked.items():
        if found.get(name) != value:
            raise CheckpointError(
                f"the run of {path} has {name} {found.get(name)} where {value} is asked for; "
                "continue with its own, or start over with --restart"
            )
