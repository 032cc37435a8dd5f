"""A log that is written: whole lines, appended one by one, flushed at once."""

import os
from collections.abc import Callable
from pathlib import Path

from charlm_tui.files import FileWriteError, check_file, write_failure
from charlm_tui.runs.records import Record, to_line

SUFFIX = ".run.jsonl"


def log_path(out: Path) -> Path:
    """Return where the log of the run lies that writes a model file."""
    return out.with_name(f"{out.name}{SUFFIX}")


def model_of(log: Path) -> Path:
    """Return the model file of the run that a log is of."""
    return log.with_name(log.name.removesuffix(SUFFIX))


def log_of(path: Path) -> Path:
    """Return the log that is meant by its own path, or by that of a model file."""
    return path if path.name.endswith(SUFFIX) else log_path(path)


class LogFile:
    """Appends records to a file; what it cannot write it leaves out, and says so once.

    Args:
        path: of the file; nothing is done to it before the first record.
        again: add to what is there; if not, the first record begins another file.
        told: is given the one sentence.
    """

    def __init__(self, path: Path, again: bool, told: Callable[[str], None]) -> None:
        self._path = path
        self._flags = os.O_CREAT | os.O_APPEND | os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
        self._again = again
        self._told: Callable[[str], None] | None = told
        self._file: int | None = None

    def write(self, record: Record) -> None:
        """Append a record."""
        line = to_line(record).encode("utf-8", "surrogatepass") + b"\n"
        try:
            if self._file is None:
                self._file = self._open()
            if self._is_broken(self._file):
                line = b"\n" + line
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            self._say_once(write_failure(self._path, error).reason)
        except FileWriteError as error:
            self._say_once(error.reason)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        check_file(self._path)
        if not self._again:
            self._path.unlink(missing_ok=True)  # who follows the one before sees that it is another
        self._again = True
        return os.open(self._path, self._flags, 0o666)

    def _is_broken(self, file: int) -> bool:
        """Return whether the last line has no end: it was cut off, by a kill or a full disk."""
        size = os.fstat(file).st_size
        return size > 0 and os.pread(file, 1, size - 1) != b"\n"

    def _say_once(self, reason: str) -> None:
        if self._told is not None:
            self._told(
                f"the log {self._path} cannot be written: {reason}; training continues without it"
            )
            self._told = None
