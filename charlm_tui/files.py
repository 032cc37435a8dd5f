"""Writing a file whole or not at all, and never in place of what is no file.

Owns what happens where something is already: a link is followed and stays; a file keeps its
permissions and its owner, and is left alone where nobody may write it; a device, a pipe or an open
descriptor such as /dev/stdout is written straight through, or refused where a file is needed. Does
not know what is written. Also says where the notebook's text may lie, which training writes and
front ends read.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from charlm_tui.errors import CharlmError

CORPUS_VARIABLE = "CHARLM_CORPUS"
"""The environment variable that names the corpus, for training and for what replies recite."""
NOTEBOOK_FILE = "nietzsche.txt"
MOST_LINKS = 40  # that are followed, as Linux does
_GIVE_A_FILE = "give the path of a file"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a disk"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class FileWriteError(CharlmError):
    """A file cannot be written; what was there is as it was."""

    reason = ""
    """Why, as a clause, for who has another advice to give."""


def cached_corpus() -> Path:
    """Return the path where Keras keeps the notebook's text, whether it is there or not."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return Path(home) / "datasets" / NOTEBOOK_FILE


def write_document(path: Path, content: str | bytes) -> None:
    """Write a file as `replace_file` does, or a device or a pipe straight through.

    Opening a pipe waits for its reader, as it does for every program.

    Args:
        path: of the file, the device or the pipe.
        content: text is written as UTF-8.

    Raises:
        FileWriteError: it cannot be written.
    """
    if not is_stream(path):
        replace_file(path, content)
        return
    try:
        with open(_open_stream(path), "wb") as file:
            file.write(_encoded(content))
    except (OSError, ValueError) as error:
        raise _failure(path, error) from error


def replace_file(path: Path, content: str | bytes) -> None:
    """Put a file with this content at `path`, whole or not at all (see `replacing`).

    Raises:
        FileWriteError: it cannot be written; `path` is as it was.
    """
    with replacing(path, content):
        pass


@contextmanager
def replacing(path: Path, content: str | bytes) -> Iterator[Path]:
    """Write a file beside `path`, give it to be checked, and then rename it to `path`.

    A link at `path` stays, and its target is replaced. The mode of a file that is there is kept,
    and its owner where this user may give files away; a new one gets the default. If the caller
    raises, the file beside is removed and `path` is as it was.

    Args:
        path: of the file.
        content: text is written as UTF-8.

    Yields:
        the path of the file beside, which is complete and on the disk.

    Raises:
        FileWriteError: something else than a file that can be written is there, or the disk is
            full, for example.
    """
    before = _file_at(path)
    target = Path(os.path.realpath(path))  # what a link at `path` leads to, there or not
    part = _part(target)
    try:
        try:
            _create(part, _encoded(content), before)
        except (OSError, ValueError) as error:
            raise _failure(path, error) from error
        yield part
        try:
            os.replace(part, target)
        except OSError as error:
            raise _failure(path, error) from error
    finally:
        with suppress(OSError):  # which one there was is told already
            part.unlink(missing_ok=True)


def check_document(path: Path) -> None:
    """Check, before any work for it is done, that `write_document` can write to `path`.

    Raises:
        FileWriteError: it cannot.
    """
    if not is_stream(path):
        check_replaceable(path)
        return
    number = _descriptor(path)
    try:
        if number is not None:
            os.fstat(number)
        elif not _may_write(path):
            raise PermissionError(errno.EACCES, "")
    except OSError as error:
        raise _failure(path, error) from error


def check_replaceable(path: Path) -> None:
    """Check, before any work for it is done, that `replace_file` can put a file at `path`.

    Raises:
        FileWriteError: it cannot.
    """
    _file_at(path)
    part = _part(Path(os.path.realpath(path)))
    try:
        part.touch(exist_ok=False)
        part.unlink()
    except OSError as error:
        raise _failure(path, error) from error


def check_file(path: Path) -> bool:
    """Check that a file which may be written is at `path`, or nothing; return whether one is.

    For who opens the file: no device is opened, and no file that nobody may write, for root
    neither.

    Raises:
        FileWriteError: something else is there.
    """
    return _file_at(path) is not None


def make_folder_for(path: Path) -> None:
    """Make the folder of a file, where a link leads if there is one, and those above it.

    Raises:
        FileWriteError: it cannot be made.
    """
    try:
        Path(os.path.realpath(path)).parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _failure(path, error) from error


def is_stream(path: Path) -> bool:
    """Return whether `write_document` writes straight through, as to a device or a pipe."""
    try:
        if _descriptor(path) is not None:
            return True
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _descriptor(path: Path) -> int | None:
    """Return the number of the open descriptor that a path stands for, /dev/stdout for example.

    Replacing the file that it leads to would take it from under whoever has redirected it there.
    """
    place = os.fspath(path)
    for _ in range(MOST_LINKS):
        folder, name = os.path.split(os.path.abspath(place))
        if name.isdecimal() and os.path.realpath(folder) == os.path.realpath("/dev/fd"):
            return int(name)
        if not os.path.islink(place):
            return None
        place = os.path.join(folder, os.readlink(place))
    return None


def _open_stream(path: Path) -> int:
    number = _descriptor(path)
    if number is not None:
        return os.dup(number)  # with its place in the file, which opening it again would lose
    return os.open(path, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))


def _file_at(path: Path) -> os.stat_result | None:
    """Return what the system knows of the file at `path`; None if there is none.

    Raises:
        FileWriteError: something else is there, or a file that may not be written.
    """
    try:
        if _descriptor(path) is not None:
            raise _refusal(path, "it is an open stream", _GIVE_A_FILE)
        status = os.stat(path)
        # Root may write everything, and still does not mean a file that nobody may.
        writable = status.st_mode & 0o222 and _may_write(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _failure(path, error) from error
    for is_kind, name in _KINDS:
        if is_kind(status.st_mode):
            raise _refusal(path, f"it is {name}", _GIVE_A_FILE)
    if not writable:
        raise _refusal(path, "it is read-only", "make it writable, or give another place")
    return status


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _create(part: Path, content: bytes, before: os.stat_result | None) -> None:
    """Create a file with a content, and with the mode and the owner that a file before it had."""
    mode = 0o666 if before is None else 0o600  # what it will be, or until it is that, private

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, mode)

    with open(part, "xb", opener=opener) as file:
        file.write(content)
        file.flush()
        if before is not None:
            owner, mine = (before.st_uid, before.st_gid), os.fstat(file.fileno())
            if owner != (mine.st_uid, mine.st_gid):
                with suppress(OSError):  # not every user may, and not every disk knows owners
                    os.chown(part, *owner)
            os.chmod(part, stat.S_IMODE(before.st_mode))
        os.fsync(file.fileno())


def _part(target: Path) -> Path:
    return target.parent / f".{target.name}.{secrets.token_hex(4)}.part"


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _failure(path: Path, error: OSError | ValueError) -> FileWriteError:
    """Return the error of a call to the system as one sentence."""
    number = error.errno if isinstance(error, OSError) else None
    full = number in (errno.ENOSPC, errno.EDQUOT)
    reason = os.strerror(number) if number else str(error)
    advice = "free some space" if full else "check it"
    return _refusal(path, reason, f"{advice}, or give another place")


def _refusal(path: Path, reason: str, advice: str) -> FileWriteError:
    refusal = FileWriteError(f"{path} cannot be written: {reason}; {advice}")
    refusal.reason = reason
    return refusal
