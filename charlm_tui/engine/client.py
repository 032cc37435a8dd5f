"""The engine, seen from the front end: a child process, a pipe, and a thread that reads it.

The front ends run no model. Knows how to start, speak to and end the process; what is said is in
`protocol`, what the process does is in `worker`.
"""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Pipe
from typing import Protocol

from charlm_tui.controls.parameters import BY_NAME
from charlm_tui.engine.error_output import ErrorOutput
from charlm_tui.engine.protocol import EngineDied, Event, LoadRequested, Request
from charlm_tui.engine.rescue import TerminalRescue
from charlm_tui.errors import CharlmError
from charlm_tui.lm.limits import OVERTIME, LoadLimits

END_S = 2.0  # that a terminated process may take before it is killed
PROGRAM = "import sys; sys.path[:] = {path!r}; from charlm_tui.engine.worker import main; main()"


class Engine(Protocol):
    """What a front end needs of an engine."""

    def listen(self, receive: Callable[[Event], None]) -> None:
        """Hand every event to `receive`, on a thread of the engine's; once, after the start."""
        ...

    def send(self, request: Request) -> None:
        """Say something; unheard if the process is gone, of which an event tells."""
        ...

    def close(self) -> None:
        """End the process; nothing is received after this."""
        ...


class ProcessEngine:
    """One child process with one model.

    A plain child with one end of a pipe: `multiprocessing` would start a process more, to track
    resources that nobody shares, and let the child import the command line first. The child has a
    session of its own, so that what is typed in the terminal signals the front end alone.

    Args:
        model: path of the model file, which the process starts to load at once.
        rescue: how to give the terminal back if this process is killed.
        limits: of what the model may cost.
    """

    def __init__(
        self,
        model: str,
        rescue: TerminalRescue | None = None,
        limits: LoadLimits = LoadLimits(),  # noqa: B008  (frozen)
    ) -> None:
        self._limits = limits
        self._connection, theirs = Pipe()
        program = PROGRAM.format(path=sys.path)
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,  # the terminal belongs to the front end
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()  # or its end would never be seen
        assert self._process.stderr is not None
        self._errors = ErrorOutput(self._process.stderr, f"engine {self.pid}")
        self._reader: threading.Thread | None = None
        self._closing = False
        self._say(rescue)
        self.send(LoadRequested(model, limits))

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def listen(self, receive: Callable[[Event], None]) -> None:
        """Hand every event to `receive`, on a thread of this engine's."""
        assert self._reader is None
        self._reader = threading.Thread(
            target=self._read, args=(receive,), name="engine-pipe", daemon=True
        )
        self._reader.start()

    def send(self, request: Request) -> None:
        """Say something; unheard if the process is gone, of which an `EngineDied` tells."""
        self._say(request)

    def _say(self, what: Request | TerminalRescue | None) -> None:
        try:
            self._connection.send(what)
        except OSError:
            pass

    def close(self) -> None:
        """End the process, which has nothing to save, and wait until it is gone."""
        self._closing = True
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader is not None and self._reader is not threading.current_thread():
            self._reader.join(END_S)
        self._errors.join(END_S)
        self._connection.close()

    def _read(self, receive: Callable[[Event], None]) -> None:
        try:
            while True:
                event = self._connection.recv()
                if self._closing:
                    return
                receive(event)
        except (EOFError, OSError):
            try:
                exitcode: int | None = self._process.wait(END_S)
            except subprocess.TimeoutExpired:
                exitcode = None
            self._errors.join(END_S)
            if not self._closing:
                said = self._errors.quoted()
                receive(EngineDied(how_it_ended(exitcode, self._limits, said)))


class UnusableError(CharlmError):
    """No engine can load a model; the sentence says why."""


class EngineHost:
    """The engine's life: one at a time, started, replaced and ended here.

    Knows nothing of what engines say: it hands that on, with the engine that said it.

    Args:
        model: path of the model file.
        new_engine: starts an engine, which loads such a file.
        hear: is called with an engine and what it says, on that engine's thread.
    """

    def __init__(
        self,
        model: str,
        new_engine: Callable[[str], Engine],
        hear: Callable[[Engine, Event], None],
    ) -> None:
        self._model = model
        self._new_engine = new_engine
        self._hear = hear
        self.engine: Engine | None = None
        """The current one; what others say is late."""

    def start(self, path: str = "") -> Engine:
        """Start an engine in place of the current one, with another model if `path` names one."""
        self.close()
        self._model = path or self._model
        engine = self._new_engine(self._model)
        self.engine = engine
        engine.listen(lambda event: self._hear(engine, event))
        return engine

    def close(self) -> None:
        """End the engine, if there is one."""
        if self.engine is not None:
            self.engine.close()
            self.engine = None


def how_it_ended(exitcode: int | None, limits: LoadLimits, last: str = "") -> str:
    """Return how the process of a model ended, as a clause of a sentence about the model.

    Args:
        exitcode: of the process, or minus the signal that has ended it; None is not known.
        limits: that the model was loaded under.
        last: what it wrote last.
    """
    if exitcode is not None and exitcode < 0:
        try:
            name = signal.Signals(-exitcode).name
        except ValueError:  # a real-time signal has no name
            name = f"signal {-exitcode}"
        if OVERTIME is not None and -exitcode == OVERTIME:
            row = BY_NAME["load-seconds"]
            return (
                f"loading it, or one step of it, took more than {limits.seconds:g} s of processor "
                f"time; allow more with {row.variable}"
            )
        how = f"it was ended by {name}"
    else:
        how = f"it left with exit code {exitcode}"
    return f"{how}; the last that it wrote: {last}" if last else how
