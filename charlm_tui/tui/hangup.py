"""Seeing that the terminal is gone.

A terminal that is closed sends SIGHUP to the programs of its own session alone. To any other it is
an input that ends, which Textual's reader asks for again and again, with all of a core.
"""

import os
import select
import sys
import threading
from collections.abc import Callable


def watch_terminal(gone: Callable[[], object]) -> None:
    """Call a function, on another thread, once the terminal of standard input is closed.

    Does nothing where standard input is no terminal. Costs no time until then.
    """
    stdin = sys.__stdin__
    if stdin is None or stdin.closed or not stdin.isatty():
        return
    descriptor = os.dup(stdin.fileno())

    def wait() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)  # a hang-up is told whatever is asked for
        poll.poll()
        gone()

    threading.Thread(target=wait, name="hang-up", daemon=True).start()
