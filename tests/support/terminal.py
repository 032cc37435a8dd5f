"""A real pseudo-terminal with the installed command in it, and its screen."""

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyte

BOUND_S = 60.0
ON_AT_FIRST = (b"7", b"25")  # of the private modes: line wrap, and the cursor
TYPED_AT_ONCE = 1024  # bytes: a terminal takes a few thousand that nobody has read
LOOKED_BACK = 200_000  # bytes
LAST = b"\0"  # which a terminal does not show, and no program of ours writes
COMMAND = str(Path(sys.executable).parent / "charlm-tui")


class Terminal:
    """A process on a terminal of its own; reads what it draws while a test waits."""

    def __init__(
        self,
        *arguments: str,
        columns: int = 80,
        rows: int = 24,
        command: str = COMMAND,
        controlling: bool = True,
        variables: Mapping[str, str] | None = None,
        emulated: bool = True,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._emulated = emulated
        self.output = b""
        self._master, slave = pty.openpty()
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        self.attributes = termios.tcgetattr(slave)
        self._slave = slave  # kept open: what the terminal is after the process is looked at
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith("TEXTUAL")
        }
        self.process = subprocess.Popen(
            [command, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None,
            env=environment
            | {"TERM": "xterm-256color", "COLUMNS": "", "LINES": ""}
            | (dict(variables) if variables is not None else {}),
        )

    @property
    def text(self) -> str:
        """What is on the screen; without an emulator, what was written last of text."""
        if not self._emulated:
            written = self.output[-LOOKED_BACK:].decode("utf-8", "replace")
            return re.sub(r"\x1b\[[?<>\d;]*[a-zA-Z]", "", written)
        return "\n".join(line.rstrip() for line in self.screen.display)

    def forget_before(self, sequence: bytes) -> None:
        """Show what was written since a sequence was written last, and nothing else."""
        self.screen.reset()
        self._stream.feed(self.output.rpartition(sequence)[2])

    def send(self, keys: str | bytes) -> None:
        """Type; what does not fit is typed when the process has read what was typed before."""
        left = keys.encode() if isinstance(keys, str) else keys
        while len(left) > TYPED_AT_ONCE:
            self.until(lambda: select.select([], [self._master], [], 0.0)[1], "there was room")
            left = left[os.write(self._master, left[:TYPED_AT_ONCE]) :]
        os.write(self._master, left)

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size, and tell the process."""
        self.screen.resize(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, size)

    def until(self, condition: Callable[[], Any], what: str) -> None:
        """Read until a condition holds; say what never happened if it does not come."""
        end = time.monotonic() + BOUND_S
        while not condition():
            if time.monotonic() > end or not self._read(0.1):
                if condition():
                    return
                raise AssertionError(f"it never happened: {what}; the screen was\n{self.text}")

    def wait_for(self, seconds: float, condition: Callable[[], Any]) -> None:
        """Read until a condition holds, the process has ended, or so many seconds are over."""
        end = time.monotonic() + seconds
        while not condition() and self.process.poll() is None and time.monotonic() < end:
            self._read(0.05)

    def read(self) -> None:
        """Read what there is, without waiting."""
        while self._read(0.0):
            pass

    def shows(self, text: str) -> None:
        """Read until a text is on the screen."""
        self.until(lambda: text in self.text, f"{text!r} was shown")

    def end(self) -> int:
        """Read until the process has ended; give its exit code, or minus its signal."""
        self.until(lambda: self.process.poll() is not None, "the process ended")
        self.read()
        # Its last words may still be on their way; what is written now comes after them.
        read = len(self.output)
        os.write(self._slave, LAST)
        self.until(lambda: LAST in self.output[read:], "all that the process wrote was read")
        return int(self.process.returncode)

    def hang_up(self) -> None:
        """Close the terminal."""
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    @property
    def is_sane(self) -> bool:
        """Whether the terminal is as it was, with every mode that the output has changed."""
        return not self.modes_left and termios.tcgetattr(self._slave) == self.attributes

    @property
    def modes_left(self) -> list[str]:
        """The private modes and the keyboard protocols that are not as they were."""
        modes = {}
        for numbers, way in re.findall(rb"\x1b\[\?([\d;]+)([hl])", self.output):
            modes |= dict.fromkeys(numbers.split(b";"), way)
        left = [
            (number + way).decode()
            for number, way in modes.items()
            if way != (b"h" if number in ON_AT_FIRST else b"l")
        ]
        pushed = len(re.findall(rb"\x1b\[>\d+u", self.output))
        return left + ["keyboard"] * (pushed > self.output.count(b"\x1b[<u"))

    def _read(self, timeout_s: float) -> bool:
        """Read what there is; whether the terminal is still to be waited for."""
        ready, _, _ = select.select([self._master], [], [], timeout_s)
        if not ready:
            return timeout_s > 0
        data = os.read(self._master, 65_536)
        self.output += data
        if self._emulated:
            self._stream.feed(data)
        return bool(data)

    def fill(self) -> None:
        """Read nothing more, and wait until the process can write no more."""
        end_s = time.monotonic() + BOUND_S
        while select.select([], [self._slave], [], 0.0)[1]:
            assert time.monotonic() < end_s, "it never happened: the terminal was full"

    def engines(self) -> list[int]:
        """The process ids of the engines below the process."""
        return engines_of(self.process.pid)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master >= 0:
            self.hang_up()


def engines_of(pid: int) -> list[int]:
    """The process ids of the engines below a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [
        int(pid)
        for pid in children.split()
        if b"engine.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


@contextlib.contextmanager
def terminal(*arguments: str, **options: Any) -> Iterator[Terminal]:
    """Run the installed command in a terminal."""
    it = Terminal(*arguments, **options)
    try:
        yield it
    finally:
        it.close()


def has_ended(handle: int) -> bool:
    """Wait, with a bound, until the process behind a pidfd is gone."""
    ended, _, _ = select.select([handle], [], [], BOUND_S)
    return bool(ended)


def is_stopped(pid: int) -> bool:
    """Return whether a process is stopped, as by SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([COMMAND, *arguments], input=stdin, capture_output=True, timeout=600)
