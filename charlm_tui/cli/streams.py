"""Where commands write to: replies to standard output, words for the person to standard error.

Owns what of a text reaches a terminal: nothing that moves its cursor, whoever wrote it. To a pipe
or a file the bytes are the text's own.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO, cast

from charlm_tui.errors import CharlmError
from charlm_tui.text import visible


class OutputError(CharlmError):
    """Standard output cannot be written."""


def say(sentence: str) -> None:
    """Tell the person something, on standard error; what it quotes cannot move a cursor."""
    print(visible(sentence), file=sys.stderr, flush=True)


class Shown:
    """A terminal to which the bytes of texts are written, as what can be seen of them.

    Args:
        terminal: that standard output is.
    """

    def __init__(self, terminal: BinaryIO) -> None:
        self._terminal = terminal

    def write(self, data: bytes) -> int:
        """Write whole characters of UTF-8; return how many bytes were taken."""
        self._terminal.write(visible(data.decode("utf-8", "surrogateescape")).encode())
        return len(data)

    def flush(self) -> None:
        """Let it be seen now."""
        self._terminal.flush()


@contextlib.contextmanager
def output() -> Iterator[BinaryIO]:
    """Yield standard output; a reader that has enough is no error, a full disk is."""
    try:
        terminal = sys.stdout.isatty()
        yield cast(BinaryIO, Shown(sys.stdout.buffer)) if terminal else sys.stdout.buffer
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
    """Discard what is still buffered: at its end the interpreter would complain of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
