"""What a log tells of a run so far: taken in record by record, asked by who shows it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from charlm_tui.errors import CharlmError
from charlm_tui.runs.records import (
    VERSION,
    Began,
    Changed,
    Ended,
    Measured,
    Record,
    Sampled,
    Trained,
)


class RunLogError(CharlmError):
    """A log cannot be read, or is of a later version."""


@dataclass(slots=True)
class RunLog:
    """A run, as far as its log tells."""

    began: Began | None = None
    """Its beginning, or where it was continued last."""
    epochs: list[Measured] = field(default_factory=list)
    """In order; of an epoch that was trained again, the last."""
    last: Trained | None = None
    """The batch that was told last."""
    samples: dict[tuple[int, int], list[Sampled]] = field(default_factory=dict)
    """By epoch and its part."""
    changes: list[Changed] = field(default_factory=list)
    ended: Ended | None = None
    """How it ended; None while it goes on, or if it was cut off."""
    at: float = 0.0
    """Seconds of the run at its last record."""
    skipped: int = 0
    """Lines that are no record of a kind that is known."""

    @property
    def best(self) -> Measured | None:
        """The epoch whose weights the model file has."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.best), None)

    def kept(self, model: Path) -> Iterator[Measured]:
        """Yield the epochs whose model files were kept, whether they are there or not.

        Args:
            model: the run's own file, which has the best of them.
        """
        if self.began is None:
            return
        names = ("", model.name, os.path.basename(self.began.out))
        yield from (it for it in self.epochs if os.path.basename(it.file) not in names)

    def take(self, record: Record | None) -> None:
        """Take in the next record; None is a line that was none.

        Raises:
            RunLogError: it is of a later version.
        """
        match record:
            case None:
                self.skipped += 1
                return
            case Began():
                self._begin(record)
            case Trained():
                self.last = record
            case Measured():
                self._leave_out_from(record.place)
                self.epochs.append(record)
            case Sampled():
                self.samples.setdefault((record.epoch, record.part), []).append(record)
            case Changed():
                self.changes.append(record)
            case Ended():
                self.ended = record
        self.at = record.at

    def _begin(self, began: Began) -> None:
        if began.version > VERSION:
            raise RunLogError(
                f"the log is of version {began.version}, and versions up to {VERSION} can be read; "
                "look at it with a later charlm-tui"
            )
        self.began, self.ended = began, None
        # What was changed after the last epoch, or part of one, is told again.
        last = self.epochs[-1].place if self.epochs and began.continues_after else 0.0
        self.changes = [it for it in self.changes if it.place(began.batches) <= last]

    def _leave_out_from(self, place: float) -> None:
        """Leave out what a run that was cut off had trained and a later one trains again."""
        while self.epochs and self.epochs[-1].place >= place:
            gone = self.epochs.pop()
            self.samples.pop((gone.epoch, gone.part), None)
