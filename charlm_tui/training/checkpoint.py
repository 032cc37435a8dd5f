"""The state of a run after an epoch, in a file from which it continues as if it had not ended.

One file of numpy's own format, put in place whole: the weights, the optimiser's and the random
generators' state, the best weights so far, and, as JSON, the settings and what was measured.
"""

import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm_tui.files import FileReadError, check_readable_file, replace_file
from charlm_tui.training.errors import CheckpointError

FORMAT = 2
GROUPS = ("network", "optimizer", "best")

Arrays = list[NDArray[Any]]

_DAMAGED = (  # what numpy and the JSON in a file of its kind raise
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    EOFError,
    MemoryError,
    RecursionError,
    NotImplementedError,
    zlib.error,
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True)
class Epoch:
    """The result of an epoch, or of a part of one; losses in nats per character."""

    number: int
    training_loss: float
    measured_loss: float | None
    """On what the recipe measures epochs on; None if it measures none."""
    seconds: float
    best: bool
    part: int = 1
    parts: int = 1

    @property
    def name(self) -> str:
        """Its number, and which part of it this is if it is cut into parts."""
        return self.in_words(str(self.number))

    def in_words(self, number: str) -> str:
        """Return the same with the number as it is to be shown."""
        return number if self.parts == 1 else f"{number}, part {self.part} of {self.parts}"


def best_of(epochs: Sequence[Epoch]) -> Epoch | None:
    """Return the epoch whose weights are kept: the last one that was the best so far."""
    return next((epoch for epoch in reversed(epochs) if epoch.best), None)


@dataclass(slots=True)
class Costs:
    """What a run has found out about itself, and holds to when it continues.

    Attributes:
        parts: that an epoch is cut into; 0 while that is not known.
        step: n if every n-th window is measured after an epoch; 0 while that is not known.
        end_step: the same of the held-out text, at the end.
        after_s: that measuring, keeping and showing an epoch took at the most.
        keeping_s: that keeping it took of these, at the most.
        measuring_s: that measuring at the end will take; 0 where that is of no interest.
    """

    parts: int = 0
    step: int = 0
    end_step: int = 0
    after_s: float = 0.0
    keeping_s: float = 0.0
    measuring_s: float = 0.0


@dataclass(slots=True)
class Course:
    """What was changed of a run so far, as its checkpoint keeps it."""

    factor: float = 1.0
    """Of the rate."""
    cooled: int = 0
    """Batches since the cooling down began."""
    cooling: int = 0
    """Batches that it has; 0 if none was asked for."""


@dataclass(slots=True)
class Snapshot:
    """A run between two epochs.

    Attributes:
        epochs: the ones that were trained.
        seconds: that all of them took.
        network: every variable of the network, random generators included.
        optimizer: every variable of the optimiser.
        best: the weights of the best epoch.
        costs: of the run.
        course: of the run.
    """

    epochs: list[Epoch] = field(default_factory=list)
    seconds: float = 0.0
    network: Arrays = field(default_factory=list)
    optimizer: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)
    costs: Costs = field(default_factory=Costs)
    course: Course = field(default_factory=Course)


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
        "costs": asdict(snapshot.costs),
        "course": asdict(snapshot.course),
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


def read_checkpoint(path: Path, content: bytes | None = None) -> tuple[dict[str, Any], Snapshot]:
    """Return the settings and the state of the run that a checkpoint is of.

    Args:
        path: of it.
        content: of the file, where another process has read it.

    Raises:
        CheckpointError: there is none, or it is damaged, or of another version.
    """
    try:
        if content is None and os.path.exists(path):
            check_readable_file(path, "start over with --restart")
        with (
            open(path, "rb") if content is None else io.BytesIO(content) as file,
            np.load(file, allow_pickle=False) as arrays,
        ):
            facts = json.loads(arrays["facts"].tobytes())
            if facts["format"] != FORMAT:
                raise CheckpointError(
                    f"{path} has the format {facts['format']!r:.40} where {FORMAT} is expected; "
                    "continue with the version that wrote it, or start over with --restart"
                )
            groups = {
                group: [arrays[f"{group}/{index}"] for index in range(count)]
                for group in GROUPS
                for count in [sum(name.startswith(group + "/") for name in arrays.files)]
            }
            epochs = [Epoch(**epoch) for epoch in facts["epochs"]]
            if not isinstance(facts["settings"], dict):
                raise TypeError("its settings are no table")
            costs = Costs(**facts["costs"])
            course = Course(**facts.get("course", {}))
            snapshot = Snapshot(
                epochs, float(facts["seconds"]), **groups, costs=costs, course=course
            )
            return facts["settings"], snapshot
    except FileReadError as error:
        raise CheckpointError(str(error)) from None
    except FileNotFoundError as error:
        raise CheckpointError(
            f"there is no interrupted run to continue: {path} does not exist; "
            "give the --out of the run, or leave out --resume"
        ) from error
    except _DAMAGED as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}); "
            "start over with --restart"
        ) from error


def is_finished(path: Path) -> bool:
    """Return whether a checkpoint is of a run that has ended, and can be put aside."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
            return bool(json.loads(content["facts"].tobytes())["settings"].get("finished"))
    except _DAMAGED:
        return False


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
