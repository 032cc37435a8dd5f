"""Putting a file in its place whole or not at all.

Imports no Keras: a place that cannot be written to is found before anything slow is loaded.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from export.errors import WriteError


def check_writable(path: Path) -> None:
    """Check, before hours of training, that a file can be put at `path`.

    Raises:
        WriteError: it cannot.
    """
    try:
        if path.is_dir():
            raise WriteError(f"{path} is a folder; give the path of a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        _part(path).touch()
        _part(path).unlink()
    except OSError as error:
        raise write_error(path, error) from error


@contextlib.contextmanager
def put_in_place(path: Path, content: bytes) -> Iterator[Path]:
    """Write `content` beside `path`, give that file to be checked, and then rename it to `path`.

    If the checks raise, the file is removed and `path` is as it was.

    Raises:
        WriteError: it cannot be written; for want of room, for example.
    """
    temporary = _part(path)
    try:
        try:
            with open(temporary, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise write_error(path, error) from error
        yield temporary
        try:
            os.replace(temporary, path)
        except OSError as error:
            raise write_error(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # which one there was is told already
            temporary.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def write_error(path: Path, error: OSError) -> WriteError:
    """Tell in one sentence why a file cannot be written."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    what = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check it"
    return WriteError(f"{path} cannot be written: {reason}; {what}, or give another place")
