"""Giving a terminal back that its owner can no longer give back itself.

A full-screen app that is killed with SIGKILL leaves its terminal raw, on the alternate screen and
reporting the mouse. The engine outlives it by a moment and has noted how the terminal was.
Knows what to restore only from what the front end has handed over.
"""

import os
import termios
from dataclasses import dataclass
from typing import Any


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
        """Put the terminal back; in vain, and silently so, if it is gone too."""
        try:
            descriptor = os.open(self.device, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
            os.write(descriptor, self.sequence)
            termios.tcsetattr(descriptor, termios.TCSANOW, self.attributes)
        except (OSError, termios.error):
            pass
