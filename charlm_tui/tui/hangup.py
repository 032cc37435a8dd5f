"""Seeing that the terminal is gone, and ending the process then, whatever it is at.

A terminal that is closed sends SIGHUP to the programs of its own session alone. To any other it is
an input that ends, which Textual's reader asks for again and again, with all of a core. Where the
event loop is stuck, neither is heard: a thread that does not need it ends the process.
"""

import contextlib
import os
import select
import sys
import threading
import time
from collections.abc import Callable

LEAVE_S = 0.7  # that an orderly end may take


def watch_terminal(leave: Callable[[], object], save: Callable[[], object], code: int) -> None:
    """End the process once the terminal of standard input is closed.

    Does nothing where standard input is no terminal. Costs no time until then.

    Args:
        leave: begins an orderly end; is called on another thread, and must not wait.
        save: keeps what can be kept, where the process has not ended in order; is called on that
            thread, and must take no longer than a part of a second.
        code: the exit code of a process that has not ended in order.
    """
    stdin = sys.__stdin__
    if stdin is None or stdin.closed or not stdin.isatty():
        return
    descriptor = os.dup(stdin.fileno())

    def wait() -> None:
        poll = select.poll()
        poll.register(descriptor, 0)  # a hang-up is told whatever is asked for
        poll.poll()
        try:
            with contextlib.suppress(RuntimeError):  # of a loop that has ended already
                leave()
            time.sleep(LEAVE_S)
            save()
        finally:
            os._exit(code)

    threading.Thread(target=wait, name="hang-up", daemon=True).start()
