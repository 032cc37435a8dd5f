"""Writing a file of the user's whole or not at all."""

import os
from pathlib import Path

from charlm_tui.lm.errors import CharlmError


class FileWriteError(CharlmError):
    """A file cannot be written; what was there is as it was."""


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8 to a file beside `path`, and rename it to `path`.

    Raises:
        FileWriteError: it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
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
        raise FileWriteError(
            f"{path} cannot be written: {error.strerror}; free some space, or give another place"
        ) from error
