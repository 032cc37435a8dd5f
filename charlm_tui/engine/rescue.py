"""Giving a terminal back that its owner can no longer give back itself.

A full-screen app that is killed with SIGKILL leaves its terminal raw, on the alternate screen and
reporting the mouse. The engine outlives it by a moment and has noted how the terminal was.
Knows what to restore only from what the front end has handed over.
"""

import contextlib
import os
import select
import termios
import time
from dataclasses import dataclass
from typing import Any

PATIENCE_S = 10.0
"""How long a terminal may take to show what it was sent; one that is stopped shows nothing."""


@dataclass(frozen=True, slots=True)
class TerminalRescue:
    """How a terminal was before the app took it."""

    device: str
    """Its path, such as `/dev/pts/3`."""
    attributes: list[Any]
    """Of `termios.tcgetattr`."""
    sequence: bytes
    """What is written to leave the app's modes."""

    @classmethod
    def of(cls, descriptor: int, sequence: bytes) -> "TerminalRescue | None":
        """Note the state of the terminal behind a descriptor; None if it is none."""
        try:
            return cls(os.ttyname(descriptor), termios.tcgetattr(descriptor), sequence)
        except (OSError, termios.error):
            return None

    def restore(self) -> None:
        """Put the terminal back; in vain, and silently so, if it is gone too.

        What the owner wrote last may still fill the terminal: there is room once it was shown.
        """
        try:
            descriptor = os.open(self.device, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError:
            return
        try:
            termios.tcsetattr(descriptor, termios.TCSANOW, self.attributes)
            self._write(descriptor)
        except (OSError, termios.error):
            pass
        finally:
            os.close(descriptor)

    def _write(self, descriptor: int) -> None:
        """Write the sequence, as soon as there is room for it."""
        left, end_s = self.sequence, time.monotonic() + PATIENCE_S
        while left and (remaining_s := end_s - time.monotonic()) > 0:
            if select.select([], [descriptor], [], remaining_s)[1]:
                with contextlib.suppress(BlockingIOError):
                    left = left[os.write(descriptor, left) :]
