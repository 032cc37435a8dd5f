"""The records of a training run's log, and the line of JSON that each is.

Reads and writes no file. docs/run-log.md tells the same to other programs.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, ClassVar

VERSION = 1
BITS_PER_NAT = 1.4426950408889634
MOST_TOLD = 10**6  # characters of a text in a record: a line stays one that can be read
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
KINDS: Mapping[str, type[Any]] = {
    each.kind: each for each in (Began, Trained, Measured, Sampled, Changed, Ended)
}
_BITS = ("loss", "training", "measured", "held_out")  # losses that are written in bits, too


def to_line(record: Record) -> str:
    """Return a record as a line of JSON, without its end; losses are in bits as well."""
    values: dict[str, Any] = {"kind": record.kind, **asdict(record)}
    for name in _BITS:
        nats = values.get(f"{name}_nats")
        if nats is not None:
            values[f"{name}_bits"] = round(nats * BITS_PER_NAT, 5)
    return json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_line(line: str | bytes) -> Record | None:
    """Return the record of a line; None if it is none, or one of a kind that is not known."""
    try:
        values = json.loads(line)
        kind = KINDS[values.pop("kind")]
        return kind(**_checked(values, _CHECKS[kind]))  # type: ignore[no-any-return]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _checked(values: Mapping[str, Any], checks: "Checks") -> dict[str, Any]:
    """Return the fields that a record has; what it does not know is left out.

    Raises:
        ValueError: one has another type than it must.
        KeyError: one is missing.
    """
    found = {}
    for name, fits, needed in checks:
        if name in values:
            value = values[name]
            if not fits(value):
                raise ValueError(name)
            found[name] = value
        elif needed:
            raise KeyError(name)
    return found


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e18


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**18


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) <= MOST_TOLD


_TYPES: Mapping[Any, Callable[[Any], bool]] = {
    int: _is_count,
    float: _is_number,
    str: _is_text,
    bool: lambda value: type(value) is bool,
    int | None: lambda value: value is None or _is_count(value),
    float | None: lambda value: value is None or _is_number(value),
    Mapping[str, Any]: lambda value: type(value) is dict,
}
Checks = tuple[tuple[str, Callable[[Any], bool], bool], ...]
_CHECKS: Mapping[type[Any], Checks] = {
    kind: tuple(
        (
            each.name,
            _TYPES[each.type],
            each.default is MISSING and each.default_factory is MISSING,
        )
        for each in fields(kind)
    )
    for kind in KINDS.values()
}
"""Of each kind: its fields, whether a value is one of theirs, and whether they must be there."""
