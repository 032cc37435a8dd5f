"""What an engine's process writes to its standard error: the last lines kept, every line logged.

Follows one stream on a thread of its own, off the path of every character.
"""

import threading
from collections import deque
from typing import IO

from charlm_tui.log import Log
from charlm_tui.text import told

LAST_LINES = 2  # a traceback's end, or what a C++ runtime says before it aborts
MOST_LINE_BYTES = 4096  # of a line; what is longer counts as several
MOST_WAITS = 15  # for more lines of a process that is gone
MOST_QUOTED = 200  # characters of the last lines


class ErrorOutput:
    """The standard error of one process.

    Args:
        stream: is read to its end, and closed.
        name: of the process, in the log.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._stream = stream
        self._log = Log(name)
        self._lines: deque[str] = deque(maxlen=LAST_LINES)
        self._count = 0  # of lines that were read
        self._thread = threading.Thread(target=self._follow, name="engine-errors", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the stream: as long as lines come, and then `timeout_s` at most.

        On a busy machine the last lines of a flood are read long after it was written. What goes on
        for ever, because another process has the stream, is left after a while.
        """
        for _ in range(MOST_WAITS):
            before = self._count
            self._thread.join(timeout_s)
            if not self._thread.is_alive() or self._count == before:
                return

    def quoted(self) -> str:
        """Return the last lines as one printable line; empty if there are none."""
        text = " ".join(" ".join(self._lines).split())
        text = text if len(text) <= MOST_QUOTED else f"…{text[1 - MOST_QUOTED :]}"
        return told(text)

    def _follow(self) -> None:
        with self._stream:
            while raw := self._stream.readline(MOST_LINE_BYTES):
                line = raw.decode("utf-8", "replace").rstrip()
                self._count += 1
                if line:
                    self._lines.append(line)
                    self._write(line)
        self._log.close()

    def _write(self, line: str) -> None:
        """Log a line; without a log, for want of a disk that takes it, the last lines are kept."""
        try:
            self._log.write(line)
        except OSError:
            pass
