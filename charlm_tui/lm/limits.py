"""What a model file may cost while it is loaded and tried, and what a step may cost after that.

A model is a program: its file can ask for any amount of memory, and for a loop that never ends.
Whoever has a process that may end for it (an engine, a script under its supervisor) loads it under
`LoadLimits`. Knows no model; a system without these limits does without them.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

FILE_COPIES = 5
"""Of the file in memory at the most: read, parsed, as tensors, laid out for products; one more."""
BYTES_A_SECOND = 50_000_000
"""Of a file that are loaded in a second of processor time, at the least."""
LEAST_BYTES = 16_000_000  # of memory beside what there is, whatever the limit says
LOOK_S = 1.0  # between two looks at a step that runs


class LoadLimits(NamedTuple):
    """Bounds of what a model may cost; 0 is no bound."""

    seconds: float = 4.0
    """Of processor time to load a model and to try a step, and for each step after that; a large
    file has more."""
    megabytes: int = 500
    """Of memory in all while it is loaded and tried, beside `FILE_COPIES` times the file."""
    quiet: bool = False
    """Whether what the runtime itself writes to standard error meanwhile is dropped."""

    def seconds_for(self, file_bytes: int) -> float:
        """Return the processor time in which a file of this size must be loaded."""
        return self.seconds and self.seconds + file_bytes / BYTES_A_SECOND

    @contextmanager
    def applied(self, file_bytes: int) -> Iterator[None]:
        """Bound this process: too much memory is a `MemoryError`, too much time ends it by SIGPROF.

        Args:
            file_bytes: size of the model's file, which is in memory already.
        """
        with ExitStack() as stack:
            if self.quiet:
                stack.enter_context(_silence())
            if self.megabytes:
                stack.enter_context(_memory(self.megabytes * 10**6, file_bytes))
            if self.seconds:
                stack.enter_context(_processor(self.seconds_for(file_bytes)))
            yield


NO_LIMITS = LoadLimits(0.0, 0)
OVERTIME = getattr(signal, "SIGPROF", None)
"""The signal that ends a process whose model takes too much processor time."""


@contextmanager
def _processor(seconds: float) -> Iterator[None]:
    """End this process if it takes more processor time: nothing else stops a loop in a graph."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, *before)


@contextmanager
def _memory(most_bytes: int, file_bytes: int) -> Iterator[None]:
    try:
        import resource

        pages = Path("/proc/self/statm").read_text().split()
    except (ImportError, OSError):  # elsewhere the address space is not bounded, or not to be read
        yield
        return
    address, resident = (int(count) * resource.getpagesize() for count in pages[:2])
    room = max(most_bytes - resident, LEAST_BYTES) + FILE_COPIES * file_bytes
    soft, hard = before = resource.getrlimit(resource.RLIMIT_AS)
    most = min(each for each in (address + room, soft, hard) if each != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def _silence() -> Iterator[None]:
    """Drop what is written to descriptor 2: a C++ runtime does so before it aborts."""
    try:
        kept = os.dup(2)
    except OSError:  # closed
        yield
        return
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class StepWatch:
    """Ends this process by `OVERTIME` if one step takes too much processor time.

    A step that loops for ever returns to nobody who could stop it, so a thread looks on.

    Args:
        seconds: of processor time.
    """

    def __init__(self, seconds: float) -> None:
        self.turns = 0
        """Odd while a step runs: raised by one when it begins and when it ends."""
        self.share = 1.0
        """Of the step that runs, in times of the one that the seconds are for."""
        self._seconds = seconds
        self._over = threading.Event()
        threading.Thread(target=self._look, name="step-watch", daemon=True).start()

    def close(self) -> None:
        """Look no longer: no step runs any more."""
        self._over.set()

    def _look(self) -> None:
        seen, since_s = 0, 0.0
        while not self._over.wait(LOOK_S):
            now_s = time.process_time()
            if self.turns != seen or not seen % 2:
                seen, since_s = self.turns, now_s
            elif now_s - since_s > self._seconds * self.share:
                assert OVERTIME is not None
                os.kill(os.getpid(), OVERTIME)
