"""Writing a file of the user's whole or not at all."""

import errno
import os
from pathlib import Path

from charlm_tui.lm.errors import CharlmError


class FileWriteError(CharlmError):
    """A file cannot be written; what was there is as it was."""


def check_place(path: Path) -> None:
    """Check, before any work for it is done, that a file can be put at `path`.

    Raises:
        FileWriteError: it cannot.
    """
    if path.is_dir():
        raise FileWriteError(f"{path} is a folder; give the path of a file")
    part = _part(path)
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        raise _write_error(path, error) from error


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8 to a file beside `path`, and rename it to `path`.

    Raises:
        FileWriteError: it cannot be written.
    """
    temporary = _part(path)
    try:
        try:
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _write_error(path, error) from error


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _write_error(path: Path, error: OSError) -> FileWriteError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    advice = "free some space, or give another place" if full else "give another place"
    return FileWriteError(f"{path} cannot be written: {error.strerror}; {advice}")
