"""One writer at a time: two trainings must not write the same model file."""

import os
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none: there, nobody is kept from writing
    fcntl = None  # type: ignore[assignment]

from charlm_tui.files import write_failure, write_refusal


class Claim:
    """The right to write to a path, which one process has at a time.

    It is a lock on a file beside it, which the system takes away when the process ends, however it
    does: what a killed one leaves is in nobody's way.

    Args:
        path: of a file in a folder that is there.

    Raises:
        FileWriteError: another process has the claim, or the folder takes no file.
    """

    def __init__(self, path: Path) -> None:
        self._lock = path.parent / f".{path.name}.lock"
        self._descriptor = -1
        try:
            while self._descriptor < 0:
                self._descriptor = _locked(self._lock)
        except BlockingIOError:
            raise write_refusal(
                path,
                "another process is writing it",
                "wait until that one has ended, or give another place",
            ) from None
        except OSError as error:
            raise write_failure(path, error) from error

    def release(self) -> None:
        """Give the claim up; may be done twice."""
        if self._descriptor >= 0:
            with suppress(OSError):  # before it is unlocked: what is at the path is ours
                self._lock.unlink()
            os.close(self._descriptor)
            self._descriptor = -1


def _locked(path: Path) -> int:
    """Lock a file, which is made if there is none; return its descriptor, or -1 if it went away.

    Raises:
        BlockingIOError: another process has locked it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.exists(path) and os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except FileNotFoundError:  # whoever had it has removed it between two of our questions
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return -1
