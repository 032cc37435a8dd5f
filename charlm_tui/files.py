"""Reading a file to a bound, and writing one whole or not at all.

Owns what can be read: a file, a pipe, or an open descriptor such as /dev/stdin, never a device or
more than is expected. Owns what happens where something is already: a link is followed and stays; a
file keeps its permissions and its owner, and is left alone where nobody may write it; a device, a
pipe or an open descriptor such as /dev/stdout is written straight through, or refused where a file
is needed. Does not know what is read or written. Also says where the notebook's text may lie, which
training writes and front ends read.
"""

import errno
import os
import select
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from charlm_tui.errors import CharlmError

CORPUS_VARIABLE = "CHARLM_CORPUS"
"""The environment variable that names the corpus, for training and for what replies recite."""
NOTEBOOK_FILE = "nietzsche.txt"
MOST_LINKS = 40  # that are followed, as Linux does
PATIENCE_S = 0.5
"""How long a front end waits for what somebody else writes into a pipe."""
_GIVE_A_FILE = "give the path of a file"
MOST_NAMED = 4096  # characters of a path that an error shows
_READ_BYTES = 1 << 20  # at a time
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


class FileReadError(CharlmError):
    """A file cannot be read, or is larger than it may be."""

    reason = ""
    """Why, as a clause, for who has another advice to give."""
    missing = False
    """Whether there is nothing at the path."""


def at_home(path: Path) -> Path:
    """Return a path with the home that `~` or `~somebody` stands for; as it is if nobody has it."""
    try:
        return path.expanduser()
    except RuntimeError:  # nobody of that name, or there is no home
        return path


def read_file(path: Path, most_bytes: int, advice: str, waits: bool = True) -> bytes:
    """Read a file whole, or a pipe until its writer closes it.

    Nothing else is read: a device has no end, but for the null device, which is empty. No more than
    `most_bytes` and one are ever read.

    Args:
        path: of a file, a pipe or an open descriptor such as /dev/stdin.
        most_bytes: that it may have.
        advice: what to do where it cannot be read, for the error.
        waits: wait for the writer of a pipe for as long as it takes; if not, for `PATIENCE_S`:
            a front end must not stand still.

    Raises:
        FileReadError: it cannot be read, is something else, or has more.
    """
    try:
        descriptor = _open_to_read(path, waits)
        try:
            return _read_open(descriptor, most_bytes, waits)
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path, or said below
        raise _unreadable(path, error, advice) from None


def check_readable_file(path: Path, advice: str) -> None:
    """Check that a file is at `path`, for who reads it piece by piece: no pipe and no device.

    Args:
        path: of the file.
        advice: what to do where there is none, for the error.

    Raises:
        FileReadError: something else is there, or nothing.
    """
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, advice) from None
    if not stat.S_ISREG(mode):
        raise _unreadable(path, ValueError(f"it is {_kind(mode)}"), advice)


def read_stream(stream: BinaryIO, most_bytes: int, name: str, advice: str) -> bytes:
    """Read an open stream, such as standard input, to its end.

    Args:
        stream: is read.
        most_bytes: that it may have.
        name: how an error names it.
        advice: what to do where it has more, for the error.

    Raises:
        FileReadError: it cannot be read, or has more.
    """
    try:
        content = stream.read(most_bytes + 1)
    except OSError as error:
        raise FileReadError(f"{name} cannot be read: {error.strerror}; {advice}") from None
    if len(content) > most_bytes:
        raise FileReadError(f"{name} cannot be read: {_too_much(most_bytes)}; {advice}")
    return content


def cached_corpus() -> Path:
    """Return the path where Keras keeps the notebook's text, whether it is there or not."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return Path(home) / "datasets" / NOTEBOOK_FILE


FileVersion = tuple[int, int, int, int]
"""What tells a file from what was at its path before, and from what is put there later."""


def file_version(path: Path) -> FileVersion | None:
    """Return what another file, or another content, at a path changes; None if nothing is there."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


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
        raise write_failure(path, error) from error


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
            raise write_failure(path, error) from error
        yield part
        try:
            os.replace(part, target)
        except OSError as error:
            raise write_failure(path, error) from error
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
        raise write_failure(path, error) from error


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
        raise write_failure(path, error) from error


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
        raise write_failure(path, error) from error


def is_stream(path: Path) -> bool:
    """Return whether `write_document` writes straight through, as to a device or a pipe."""
    try:
        if _descriptor(path) is not None:
            return True
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def write_failure(path: Path, error: OSError | ValueError) -> FileWriteError:
    """Return what a call to the system says of a path that cannot be written, in one sentence."""
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = _reason(error)
    advice = "free some space" if full else "check it"
    return write_refusal(path, reason, f"{advice}, or give another place")


def write_refusal(path: Path, reason: str, advice: str) -> FileWriteError:
    """Return the error of a path that must not be written, with what to do."""
    refusal = FileWriteError(f"{_named(path)} cannot be written: {reason}; {advice}")
    refusal.reason = reason
    return refusal


def _descriptor(path: Path) -> int | None:
    """Return the number of the open descriptor that a path stands for, /dev/stdout for example.

    Replacing the file that it leads to would take it from under whoever has redirected it there.
    """
    place = os.fspath(path)
    for _ in range(MOST_LINKS):
        folder, name = os.path.split(os.path.abspath(place))
        if (
            name.isdecimal()
            and len(name) < 10
            and os.path.realpath(folder) == os.path.realpath("/dev/fd")
        ):
            return int(name)
        if not os.path.islink(place):
            return None
        place = os.path.join(folder, os.readlink(place))
    return None


def _open_to_read(path: Path, waits: bool) -> int:
    """Open what can be read; a `ValueError` says what it is if it cannot."""
    number = _descriptor(path)
    status = os.stat(path) if number is None else os.fstat(number)
    pipe = stat.S_ISFIFO(status.st_mode) or (number is not None and stat.S_ISSOCK(status.st_mode))
    if not (stat.S_ISREG(status.st_mode) or pipe or _is_null(status)):
        raise ValueError(f"it is {_kind(status.st_mode)}")
    if number is not None:
        return os.dup(number)  # with its place in the file, which opening it again would lose
    # Nothing waits to be opened but a pipe, for its writer.
    waiting = 0 if waits and pipe else getattr(os, "O_NONBLOCK", 0)
    flags = getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0) | waiting
    return os.open(path, os.O_RDONLY | flags)


def _read_open(descriptor: int, most_bytes: int, waits: bool) -> bytes:
    """Read an open file to its end; a `ValueError` says what is wrong if that cannot be done."""
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size > most_bytes:
        raise ValueError(_too_much(most_bytes))
    at_once = waits or stat.S_ISREG(status.st_mode) or stat.S_ISCHR(status.st_mode)
    until_s = None if at_once else time.monotonic() + PATIENCE_S
    pieces, length, ended = [], 0, False
    while not ended and length <= most_bytes:
        if until_s is not None:
            _wait_for_data(descriptor, until_s)
        piece = os.read(descriptor, min(_READ_BYTES, most_bytes + 1 - length))
        pieces.append(piece)
        length += len(piece)
        ended = not piece
    if length > most_bytes:
        raise ValueError(_too_much(most_bytes))
    return b"".join(pieces)


def _wait_for_data(descriptor: int, until_s: float) -> None:
    left_s = max(0.0, until_s - time.monotonic())
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(left_s * 1000):
        raise ValueError("it is a pipe, and its writer was not done in time")


def _unreadable(path: Path, error: OSError | ValueError, advice: str) -> FileReadError:
    reason = _reason(error)
    failure = FileReadError(f"{_named(path)} cannot be read: {reason}; {advice}")
    failure.reason = reason
    failure.missing = isinstance(error, FileNotFoundError)
    return failure


def _named(path: Path) -> str:
    """Return a path as an error names it: no longer than a path can be that leads anywhere."""
    name = str(path)
    return name if len(name) <= MOST_NAMED else f"{name[: MOST_NAMED - 1]}…"


def _too_much(most_bytes: int) -> str:
    """Return the clause for what has more bytes than it may."""
    for unit, name in ((10**6, "MB"), (10**3, "kB")):
        if most_bytes >= unit:
            return f"it has more than {most_bytes // unit:,} {name}"
    return f"it has more than {most_bytes} bytes"


def _is_null(status: os.stat_result) -> bool:
    null = os.stat(os.devnull)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == null.st_rdev


def _kind(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "no file")


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
            raise write_refusal(path, "it is an open stream", _GIVE_A_FILE)
        status = os.stat(path)
        # Root may write everything, and still does not mean a file that nobody may.
        writable = status.st_mode & 0o222 and _may_write(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise write_failure(path, error) from error
    for is_kind, name in _KINDS:
        if is_kind(status.st_mode):
            raise write_refusal(path, f"it is {name}", _GIVE_A_FILE)
    if not writable:
        raise write_refusal(path, "it is read-only", "make it writable, or give another place")
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
    return target.parent / f".{target.name}.{os.urandom(4).hex()}.part"


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _reason(error: OSError | ValueError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else str(error)
