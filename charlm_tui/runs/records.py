"""The records of a training run's log, and the line of JSON that each is.

Reads and writes no file. docs/run-log.md tells the same to other programs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from charlm_tui.runs.lines import Kinds

VERSION = 1
BITS_PER_NAT = 1.4426950408889634
FINISHED, STOPPED, INTERRUPTED, FAILED = "finished", "stopped", "interrupted", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Began:
    """A run begins, or one that was cut off continues: then another of these is in its log."""

    kind: ClassVar = "run"
    version: int = VERSION
    """Of the log."""
    at: float
    """Seconds of the run so far; more than 0 where it continues."""
    started: float
    """Seconds since 1970."""
    process: int
    """Id of the process that trains."""
    out: str
    """Path of the model file."""
    device: str
    measured_on: str
    """What the epochs are measured on: held-out, validation, or nothing."""
    parameters: int
    characters: int
    """That are trained on."""
    batches: int
    """Of an epoch."""
    characters_per_epoch: int = 0
    """That its windows have, those counted twice that lie in two; 0 where that is not told."""
    epochs: int | None = None
    """That the run has; None where it has a time budget."""
    budget_s: float | None = None
    continues_after: str = ""
    """The epoch, as it is named, after which it continues."""
    corpus: Mapping[str, Any] = field(default_factory=dict)
    """Its name, sha256, characters and symbols."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """All that decides the run."""
    versions: Mapping[str, Any] = field(default_factory=dict)
    """Of the libraries, by name."""
    baselines: Mapping[str, Any] = field(default_factory=dict)
    """Bits per character to compare with: `guessing`, and, where they are of the same text,
    `before` (the file that was there) and `notebook` (its recipe at its best)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A batch was trained; not every one is told."""

    kind: ClassVar = "batch"
    at: float
    epoch: int
    batch: int
    """Of the epoch, from 1."""
    batches: int
    loss_nats: float
    """Mean of the epoch so far, per character."""
    rate: float
    """Learning rate of the batch."""
    characters_per_s: float
    """That are trained on, since the batch that was told before."""
    done: float
    """Share of the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An epoch, or a part of a long one, was trained, and measured if epochs are."""

    kind: ClassVar = "epoch"
    at: float
    epoch: int
    training_nats: float
    measured_nats: float | None = None
    seconds: float
    """That it took."""
    best: bool
    part: int = 1
    parts: int = 1
    file: str = ""
    """Where its model is; empty if it was not written."""

    @property
    def place(self) -> float:
        """Epochs that are trained by then: 2.5 after the first of two parts of the third."""
        return self.epoch - 1 + self.part / self.parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What the model wrote after an epoch."""

    kind: ClassVar = "sample"
    at: float
    epoch: int
    seed: str
    rng_seed: int
    temperature: float
    text: str
    part: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a person asked for, and when it acted: before that batch."""

    kind: ClassVar = "change"
    at: float
    epoch: int
    batch: int
    request: Mapping[str, Any]

    def place(self, batches: int) -> float:
        """Return the epochs that are trained with its batch, of an epoch of so many."""
        return self.epoch - 1 + self.batch / max(1, batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run is over; one without this was cut off, or goes on."""

    kind: ClassVar = "end"
    at: float
    reason: str
    """`finished`, `stopped` (before its last epoch), `interrupted` or `failed`."""
    sentence: str = ""
    """Why, for people; empty where there is nothing to say."""
    held_out_nats: float | None = None
    """Of the model file, at the end."""
    file: str = ""


Record = Began | Trained | Measured | Sampled | Changed | Ended
_KINDS = Kinds[Record]((Began, Trained, Measured, Sampled, Changed, Ended))
_LOSSES = ("loss", "training", "measured", "held_out")
from_line = _KINDS.from_line


def to_line(record: Record) -> str:
    """Return a record as a line of JSON, without its end; losses are in bits as well."""
    nats = {name: getattr(record, f"{name}_nats", None) for name in _LOSSES}
    bits = {
        f"{name}_bits": round(value * BITS_PER_NAT, 5)
        for name, value in nats.items()
        if value is not None
    }
    return _KINDS.to_line(record, **bits)
