"""The process that trains, started by a screen: in a session of its own, so that it outlives it."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence

MOST_SAID = 64_000  # bytes of what it wrote, from its end


class Trainer:
    """A process that trains while a screen looks at its log.

    It belongs to no terminal: a terminal that closes, or a Ctrl-C in it, does not reach it.

    Args:
        arguments: of `charlm-tui`.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  (the process writes to it)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "charlm_tui", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )

    @property
    def process(self) -> int:
        """Its id."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """Its exit code, as a shell would give it; None while it is there."""
        code = self._process.poll()
        return 128 - code if code is not None and code < 0 else code

    def said(self) -> list[str]:
        """Return the last lines that it wrote."""
        self._output.flush()
        size = self._output.seek(0, 2)
        self._output.seek(max(0, size - MOST_SAID))
        return self._output.read().decode("utf-8", "replace").splitlines()
