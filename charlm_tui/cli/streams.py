"""Where commands write to: replies to standard output, words for the person to standard error."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, TextIO, TypeGuard, cast

from charlm_tui.errors import CharlmError


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


def forget_given_size() -> None:
    """Drop COLUMNS and LINES where the terminal knows its size, of which they may know nothing.

    A shell that exports them gives every program the size that the terminal had once.
    """
    with contextlib.suppress(OSError):
        if all(os.get_terminal_size(sys.stdout.fileno())):
            for name in ("COLUMNS", "LINES"):
                os.environ.pop(name, None)


def is_of_output(error: Exception) -> TypeGuard[OSError]:
    """Return whether an exception is that of a stream which cannot be written."""
    return isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None


def say(sentence: str) -> None:
    """Tell the person something, on standard error; in vain if that cannot be written."""
    with telling():
        print(sentence, file=sys.stderr)


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
    """Yield standard output; a reader that has enough is no error, a full disk is."""
    try:
        yield sys.stdout.buffer
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


def drop_output() -> None:
    """Discard what is still buffered of standard output."""
    drop(sys.stdout)


def drop(stream: TextIO) -> None:
    """Discard what is still buffered: at its end the interpreter would complain of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
