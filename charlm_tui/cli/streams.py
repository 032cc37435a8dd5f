"""Where commands write to: replies to standard output, words for the person to standard error.

Owns what of a text reaches a terminal: nothing that moves its cursor, whoever wrote it. To a pipe
or a file the bytes are the text's own.
"""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, TextIO, TypeGuard, cast

from charlm_tui.errors import CharlmError
from charlm_tui.text import visible


class OutputError(CharlmError):
    """Standard output cannot be written."""


_UNWRITABLE = (errno.EBADF, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EPIPE, errno.EDQUOT)


def open_closed_streams() -> None:
    """Open the standard streams that whoever has started us has closed, as ones that fail.

    A file that is opened later would get their number, and what is printed would be written to it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest number that is free, which is this one
    sys.stdin = sys.stdin or _stream(0, "r")
    sys.stdout = sys.stdout or _stream(1, "w")
    sys.stderr = sys.stderr or _stream(2, "w")


def _stream(number: int, mode: str) -> TextIO:
    return cast(TextIO, open(number, mode, closefd=False))


class UnsupportedSystemError(CharlmError):
    """The screen needs what this system has not."""


def has_screen() -> bool:
    """Return whether this system has terminals as POSIX says, which a screen and a chat need."""
    try:
        import fcntl
        import termios
    except ImportError:
        return False
    return bool(fcntl and termios)


def check_system() -> None:
    """Refuse a front end where it cannot run.

    Raises:
        UnsupportedSystemError: this is Windows itself, say.
    """
    if not has_screen():
        import platform

        raise UnsupportedSystemError(
            f"the app and the REPL need Linux, macOS or WSL, and this is {platform.system()}; "
            "generate, score, info, models, history, train and the Python interface work here"
        )


def in_terminal() -> bool:
    """Return whether input, output and errors are a terminal's, as a screen needs them."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def forget_given_size() -> None:
    """Drop COLUMNS and LINES where the terminal knows its size, of which they may know nothing.

    A shell that exports them gives every program the size that the terminal had once.
    """
    with contextlib.suppress(OSError):
        if all(os.get_terminal_size(sys.stdout.fileno())):
            for name in ("COLUMNS", "LINES"):
                os.environ.pop(name, None)


def terminal_width() -> int | None:
    """Return the columns of the terminal that standard output is; None if it is none."""
    with contextlib.suppress(OSError):
        if sys.stdout.isatty():
            return os.get_terminal_size(sys.stdout.fileno()).columns or None
    return None


def is_of_output(error: Exception) -> TypeGuard[OSError]:
    """Return whether an exception is that of a stream which cannot be written."""
    return isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None


def say(sentence: str) -> None:
    """Tell the person something, on standard error; in vain if that cannot be written.

    Nothing of a path or of a file's words that are in it can move a cursor.
    """
    with telling():
        print(visible(sentence), file=sys.stderr)


def in_a_line(sentence: str) -> str:
    """Return an error's sentence in one line: a path in it may have a newline."""
    return visible(sentence, "⏎")


def settle_size() -> None:
    """Discard a COLUMNS or LINES that is no size: libraries count in it, and draw as wide."""
    for name in ("COLUMNS", "LINES"):
        value = os.environ.get(name, "1")
        if not (value.isascii() and value.isdigit() and len(value) < 5 and int(value)):
            del os.environ[name]


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """Run what writes to standard error; where that cannot be written, nobody is told."""
    try:
        yield
        sys.stderr.flush()
    except OSError:
        drop(sys.stderr)


@contextlib.contextmanager
def output() -> Iterator[BinaryIO]:
    """Yield standard output; a reader that has enough is no error, a full disk is.

    On a terminal, control characters of a model or a file are shown and not obeyed.
    """
    try:
        out = sys.stdout.buffer
        yield cast(BinaryIO, _Screen(out)) if sys.stdout.isatty() else out
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        drop_output()
    except OSError as error:
        drop_output()
        raise OutputError(
            f"the output cannot be written: {error.strerror}; free some space, or write elsewhere"
        ) from error
    except BaseException:  # another fault, which is told by whoever catches it
        try:
            sys.stdout.buffer.flush()
        except OSError:
            drop_output()
        raise


class _Screen:
    """A terminal as something to write to; each write is whole characters of UTF-8."""

    def __init__(self, terminal: BinaryIO) -> None:
        self._terminal = terminal
        self.flush = terminal.flush

    def write(self, data: bytes) -> int:
        """Write text as it can be shown."""
        return self._terminal.write(visible(data.decode("utf-8", "surrogateescape")).encode())


def drop_output() -> None:
    """Discard what is still buffered of standard output."""
    drop(sys.stdout)


def drop(stream: TextIO) -> None:
    """Discard what is still buffered: at its end the interpreter would complain of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
