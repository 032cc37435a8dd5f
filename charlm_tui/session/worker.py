"""The engine's process, from the inside: one model, at most one reply, and its pace.

The main thread draws characters; one more thread reads the pipe, so that the loop between two
characters has only a flag to look at. When the pipe closes, the front end is gone, and so is
this process: no orphan is left, whatever the main thread does at that moment.
"""

import os
import signal
import sys
import threading
import time
from array import array
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection

from charlm_tui.lm.errors import CharlmError
from charlm_tui.session.messages import (
    Acknowledged,
    CharactersGenerated,
    ControlsChanged,
    Event,
    GenerationEnded,
    GenerationFailed,
    LoadFailed,
    LoadRequested,
    ModelLoaded,
    Request,
    StartRequested,
)
from charlm_tui.session.rescue import TerminalRescue

FRAME_S = 0.02  # between two batches
FRAMES_AHEAD = 3  # batches that the screen has not acknowledged, as fast as it goes
CATCH_UP_S = 0.25  # how far behind its pace a reply may fall before the pace starts anew


def serve(connection: Connection, rescue: TerminalRescue | None) -> None:
    """Run the engine until the pipe closes; the target of the child process."""
    # What the terminal sends is the front end's to act on; SIGTTOU would keep a rescue from it.
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTTOU):
        signal.signal(number, signal.SIG_IGN)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # the terminal belongs to the front end
        os.dup2(silence, stream)
    inbox = Inbox(connection, rescue)
    Worker(inbox, connection).run()


class Inbox:
    """Requests in the order in which they came, read by a thread of its own."""

    def __init__(self, connection: Connection, rescue: TerminalRescue | None) -> None:
        self._connection = connection
        self._rescue = rescue
        self._requests: deque[Request] = deque()
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, name="pipe", daemon=True).start()

    def pending(self) -> bool:
        """Whether a request is waiting; cheap enough to be asked after each character."""
        return bool(self._requests)

    def get(self, timeout_s: float | None) -> Request | None:
        """Wait for a request at most `timeout_s` (None: for ever); None if none came."""
        with self._arrived:
            self._arrived.wait_for(self.pending, timeout_s)
            return self._requests.popleft() if self._requests else None

    def _read(self) -> None:
        try:
            while True:
                request = self._connection.recv()
                with self._arrived:
                    self._requests.append(request)
                    self._arrived.notify()
        except BaseException:
            if self._rescue is not None:
                self._rescue.restore()
        finally:
            os._exit(0)


class Reply:
    """A reply in the making: its text so far, and when its next characters are due."""

    def __init__(self, request: StartRequested, primed: Sequence[int]) -> None:
        self.generation = request.generation
        self.revision = request.revision
        self.controls = request.controls
        self.read = array("H", primed)
        self._before = len(self.read)  # what was read before character 0
        self.read.frombytes(request.reply_ids)
        self.unacknowledged: deque[int] = deque()
        self.ended = False
        self._pace_from_here()

    @property
    def count(self) -> int:
        """Characters drawn so far."""
        return len(self.read) - self._before

    def change(self, request: ControlsChanged) -> None:
        """Go back to where the screen is, under new controls."""
        self.revision = request.revision
        self.controls = request.controls
        del self.read[self._before + request.at :]
        self.unacknowledged.clear()
        self.ended = False
        self._pace_from_here()

    def acknowledge(self, request: Acknowledged) -> None:
        """Take note of what the screen has shown."""
        if request.revision == self.revision:
            while self.unacknowledged and self.unacknowledged[0] <= request.count:
                self.unacknowledged.popleft()

    def wait_s(self) -> float | None:
        """Seconds until characters are due; None: not before something is heard."""
        speed = self.controls.speed
        if self.ended or self.controls.paused:
            return None
        if len(self.unacknowledged) >= (1 if speed else FRAMES_AHEAD):
            return None
        if not speed:
            return 0.0
        next_due = self._start_s + (self.count - self._start_count + 1) / speed
        return max(0.0, next_due - time.monotonic(), self._last_s + FRAME_S - time.monotonic())

    def due(self) -> int:
        """How many characters to draw now at the most."""
        length, speed = self.controls.length, self.controls.speed
        left = length - self.count if length else sys.maxsize
        if not speed:
            return left
        self._last_s = now = time.monotonic()
        due = int((now - self._start_s) * speed + 1e-6) - (self.count - self._start_count)
        if due > speed * CATCH_UP_S + 1:
            self._pace_from_here()
            due = 1
        return min(left, max(due, 1))

    def _pace_from_here(self) -> None:
        self._start_s = self._last_s = time.monotonic()
        self._start_count = self.count


class Worker:
    """Takes requests and draws characters, one frame at a time."""

    def __init__(self, inbox: Inbox, connection: Connection) -> None:
        self._inbox = inbox
        self._connection = connection
        self._reply: Reply | None = None

    def run(self) -> None:
        """Load the model that the first request names, then serve until the pipe closes."""
        request = self._inbox.get(None)
        assert isinstance(request, LoadRequested)
        try:
            self._load(request.path)
        except CharlmError as error:
            self._say(LoadFailed(str(error)))
        while True:
            reply = self._reply
            request = self._inbox.get(None if reply is None else reply.wait_s())
            try:
                if request is not None:
                    self._take(request)
                elif reply is not None:
                    self._advance(reply)
            except CharlmError as error:
                if self._reply is not None:
                    failed = self._reply
                    self._reply = None
                    self._say(GenerationFailed(failed.generation, failed.revision, str(error)))

    def _say(self, event: Event) -> None:
        self._connection.send(event)

    def _load(self, path: str) -> None:
        # Only here: the reader of the pipe is to listen while onnxruntime is imported.
        from charlm_tui.lm.context import RollingWindow
        from charlm_tui.lm.model import OnnxModel
        from charlm_tui.lm.sampling import Sampler

        model = OnnxModel(path)
        contract = model.contract
        self._vocabulary = contract.vocabulary
        self._window = RollingWindow(model, contract.window)
        self._sampler = Sampler(len(contract.vocabulary), path)
        self._say(
            ModelLoaded(
                path,
                contract.name,
                model.sha256,
                contract.vocabulary.symbols,
                contract.vocabulary.case,
                contract.window,
                contract.card,
            )
        )

    def _take(self, request: Request) -> None:
        from charlm_tui.lm.generation import primed

        match request:
            case StartRequested():
                seed = array("H", request.seed_ids)
                self._reply = Reply(request, primed(self._vocabulary, seed))
                self._restart(self._reply)
            case ControlsChanged() if self._reply and request.generation == self._reply.generation:
                drawn, settings = self._reply.count, self._reply.controls.settings
                self._reply.change(request)
                if drawn != request.at or settings != request.controls.settings:
                    self._restart(self._reply)
            case Acknowledged() if self._reply and request.generation == self._reply.generation:
                self._reply.acknowledge(request)

    def _restart(self, reply: Reply) -> None:
        """Read the window that ends where the reply ends."""
        from charlm_tui.lm.generation import Generation

        tail = reply.read[-self._window.depth :]
        settings = reply.controls.settings
        self._drawing = Generation(self._window, self._sampler, settings, tail, reply.count)

    def _advance(self, reply: Reply) -> None:
        """Draw the characters that are due, for one frame at the most, and send them."""
        due = reply.due()
        if due > 0:
            pending, clock = self._inbox.pending, time.monotonic
            until = clock() + FRAME_S
            batch = self._drawing.draw(due, lambda: pending() or clock() >= until)
            ids = batch.ids.tobytes()
            reply.read.frombytes(ids)
            reply.unacknowledged.append(reply.count)
            self._say(
                CharactersGenerated(
                    reply.generation,
                    reply.revision,
                    batch.first,
                    ids,
                    batch.surprisal_bits.tobytes(),
                    batch.entropy_bits.tobytes(),
                    batch.temperature.tobytes(),
                )
            )
        if reply.controls.length and reply.count >= reply.controls.length:
            reply.ended = True
            self._say(GenerationEnded(reply.generation, reply.revision, reply.count))
