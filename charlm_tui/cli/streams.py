"""Where commands write to: replies to standard output, words for the person to standard error."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from charlm_tui.errors import CharlmError


class OutputError(CharlmError):
    """Standard output cannot be written."""


def say(sentence: str) -> None:
    """Tell the person something, on standard error."""
    print(sentence, file=sys.stderr, flush=True)


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
    """Discard what is still buffered: at its end the interpreter would complain of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
