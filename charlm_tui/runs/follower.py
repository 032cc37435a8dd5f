"""Follows a log while it grows: what is new of it, each time that one asks.

Never waits. A file that is gone or that another one has replaced is told, and followed on.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from charlm_tui.files import FileReadError, check_readable_file
from charlm_tui.runs.log_file import SUFFIX
from charlm_tui.runs.reader import RunLog, RunLogError
from charlm_tui.runs.records import Record, Trained, from_line

READ_BYTES = 1 << 20  # at a time
BATCH = b'{"kind":"%s",' % Trained.kind.encode()  # how the line of one begins
MOST_LINE = 1 << 23  # bytes; a longer line is none of a log's


class Follower:
    """Reads a log from its beginning, and then what is new of it.

    Args:
        path: of the log.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log = RunLog()
        """What it tells so far."""
        self.gone = False
        """Whether the file is no longer there; what was read of it stays."""
        self._file: BinaryIO | None = None
        self._rest = b""  # of a line whose end is not there yet
        self._too_long = False  # this line, of which nothing is kept

    def follow(self) -> bool:
        """Take in what is new; return whether there was anything.

        Raises:
            RunLogError: there is no such file, it cannot be read, or it is of a later version.
        """
        if self._file is None or not self._is_the_one():
            self._open()
        any_new = False
        for record in self._new():
            self.log.take(record)
            any_new = True
        return any_new

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_the_one(self) -> bool:
        """Return whether what is at the path is what was read so far, and more of it."""
        assert self._file is not None
        mine = os.fstat(self._file.fileno())
        try:
            there = os.stat(self.path)
        except OSError:
            self.gone = True
            return True
        self.gone = False
        same = (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
        return same and there.st_size >= self._file.tell()

    def _open(self) -> None:
        self.close()
        advice = "give the log of a training run, or its model file"
        try:
            check_readable_file(self.path, advice)
            self._file = open(self.path, "rb")  # noqa: SIM115  (closed by close)
        except FileReadError as error:
            raise RunLogError(str(error)) from error
        except OSError as error:
            raise RunLogError(f"{self.path} cannot be read: {error.strerror}; {advice}") from error
        self.log, self._rest, self._too_long = RunLog(), b"", False

    def _new(self) -> Iterator[Record | None]:
        assert self._file is not None
        while read := self._file.read(READ_BYTES):
            *lines, self._rest = (self._rest + read).split(b"\n")
            last_batch = next((line for line in reversed(lines) if line.startswith(BATCH)), None)
            for line in lines:
                if self._too_long:
                    self._too_long = False
                    yield None
                elif line.startswith(BATCH) and line is not last_batch:
                    continue  # of batches a log knows the last one alone
                elif line.strip():
                    yield from_line(line)
            if len(self._rest) > MOST_LINE:
                self._rest, self._too_long = b"", True


def read_log(path: Path) -> RunLog:
    """Return what a log tells by now.

    Raises:
        RunLogError: it cannot be read, or is of a later version.
    """
    with closing(Follower(path)) as follower:
        follower.follow()
        return follower.log


def find_logs(folders: Iterable[Path]) -> list[Path]:
    """Return the logs in some folders, the newest first."""
    found = [path for folder in folders for path in folder.glob(f"*{SUFFIX}")]
    return sorted(found, key=lambda path: (-path.stat().st_mtime, path.name))
