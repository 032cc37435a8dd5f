"""What a person asks of a run while it trains: lines of JSON in a file beside its log.

Any screen of the same user may write one. The trainer reads them between batches, and its log says
at which batch each acted.
"""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from charlm_tui.files import FileWriteError, check_file, write_failure
from charlm_tui.runs.lines import Kinds

MOST_BYTES = 10**6  # that are read at once
HALF, DOUBLE = 0.5, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Measure and keep what there is, and end the run with its best."""

    kind: ClassVar = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRate:
    """Multiply the learning rate, from the next batch on."""

    kind: ClassVar = "rate"
    factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolDown:
    """Let the learning rate fall to zero, and end the run there."""

    kind: ClassVar = "cool"
    seconds: float
    """That it takes, as fast as batches are trained by then."""
    batches: int = 0
    """That these are; 0 before that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSamples:
    """Let what the model writes after an epoch begin with another seed, at other temperatures."""

    kind: ClassVar = "samples"
    seed: str
    temperatures: list[float] = field(default_factory=list)
    """None are those that there are."""


Request = Stop | ChangeRate | CoolDown | ChangeSamples
_KINDS = Kinds[Request]((Stop, ChangeRate, CoolDown, ChangeSamples))
to_line, from_line, of = _KINDS.to_line, _KINDS.from_line, _KINDS.of


def requests_path(out: Path) -> Path:
    """Return where requests lie that are of the run which writes a model file."""
    return out.with_name(f"{out.name}.run.requests")


def send(path: Path, request: Request) -> None:
    """Write a request for the run that reads this file.

    Raises:
        FileWriteError: it cannot be written.
    """
    check_file(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        file = os.open(path, flags, 0o600)
        try:
            os.write(file, to_line(request).encode() + b"\n")
        finally:
            os.close(file)
    except OSError as error:
        raise write_failure(path, error) from error


class Requests:
    """Reads the requests of a run; those that were there before it are dropped.

    Args:
        path: of their file. It need not be there, and cannot be written by others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0  # bytes
        self.close()

    def new(self) -> Sequence[Request]:
        """Return what was asked since the last call; what is no request is left out."""
        try:
            if os.lstat(self._path).st_size <= self._read:
                return ()
            with open(self._path, "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode) or _others_may_write(status):
                    return ()
                file.seek(self._read)
                lines = file.read(MOST_BYTES)
        except OSError:
            return ()
        whole = lines.rfind(b"\n") + 1
        self._read += whole or (len(lines) if len(lines) == MOST_BYTES else 0)
        return [it for it in map(from_line, lines[:whole].splitlines()) if it is not None]

    def close(self) -> None:
        """Remove the file."""
        try:
            if check_file(self._path):
                self._path.unlink()
        except (OSError, FileWriteError):
            return


def _others_may_write(status: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):  # Windows has no such thing
        return False
    return status.st_uid != os.geteuid() or bool(status.st_mode & 0o022)
