"""Textual's driver of a terminal, with an output that a closed terminal does not end.

Textual writes from a thread, through a queue of a bounded length. An error ends that thread, and
the app would then wait for room in the queue for ever.
"""

import io
import select
from typing import Any

from textual.drivers.linux_driver import LinuxDriver


class TerminalFile(io.FileIO):
    """A terminal, to which everything can be written: in vain once it is closed."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)

    def write(self, data: Any, /) -> int:
        """Write what there is room for, once there is room; return the number of bytes."""
        try:
            while (count := super().write(data)) is None:  # others can make it non-blocking
                select.select([], [self], [])
        except OSError:
            return memoryview(data).nbytes
        return count


class TerminalDriver(LinuxDriver):
    """Textual's driver, on such a file; leaves every mode that it has entered."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        terminal = self._file
        assert terminal is not None
        self._file = io.TextIOWrapper(
            io.BufferedWriter(TerminalFile(terminal.fileno())),
            encoding=terminal.encoding,
            errors=terminal.errors,
            newline="\n",
        )

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        self.write("\x1b[?1016l")  # the mouse in pixels, which Textual leaves on
        self.flush()
