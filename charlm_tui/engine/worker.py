"""The engine's process, from the inside: one model, at most one reply, and its pace.

The main thread draws characters; one more thread reads the pipe, so that the loop between two
characters has only a flag to look at. When the pipe closes, the front end is gone, and so is
this process: no orphan is left, whatever the main thread does at that moment.
"""

import math
import os
import signal
import sys
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from charlm_tui.engine.model_info import loaded
from charlm_tui.engine.pace import FRAME_S, LANES_AHEAD, Pace
from charlm_tui.engine.protocol import (
    Acknowledged,
    CharactersGenerated,
    Dismissed,
    DrawRequested,
    Event,
    GenerationEnded,
    Inspected,
    InspectRequested,
    LanesGenerated,
    LanesRequested,
    LensRequested,
    LoadRequested,
    RemakeRequested,
    Request,
    RestRequested,
    ScoreRequested,
    UnitRequested,
    WhatIfRequested,
    failure,
)
from charlm_tui.engine.rescue import TerminalRescue
from charlm_tui.lm.errors import CharlmError
from charlm_tui.reply.tape import Columns

if TYPE_CHECKING:
    from charlm_tui.engine.jobs import Insight
    from charlm_tui.lm.context import Context
    from charlm_tui.lm.generation import Batch


def main() -> None:
    """Run the engine until its pipe closes; what the child process does.

    The descriptor of the pipe is the first argument. How to rescue the terminal comes first on it.
    """
    for number in (signal.SIGINT, signal.SIGHUP):  # the front end says when to end
        signal.signal(number, signal.SIG_IGN)
    connection: Connection = Connection(int(sys.argv[1]))
    try:
        rescue = connection.recv()
    except (EOFError, OSError):  # the front end is gone already
        return
    Worker(Inbox(connection, rescue), connection).run()


class Inbox:
    """Requests in the order in which they came, read by a thread of its own."""

    def __init__(self, connection: Connection, rescue: TerminalRescue | None) -> None:
        self._connection = connection
        self._rescue = rescue
        self._requests: deque[Request] = deque()
        self._urgent = 0  # requests among them that are no acknowledgements
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, name="pipe", daemon=True).start()

    def interrupted(self) -> bool:
        """Whether a request waits that is no mere acknowledgement; asked after each character."""
        return self._urgent > 0

    def get(self, timeout_s: float | None) -> Request | None:
        """Wait for a request at most `timeout_s` (None: for ever); None if none came."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._requests, timeout_s)
            if not self._requests:
                return None
            request = self._requests.popleft()
            self._urgent -= not isinstance(request, Acknowledged)
            return request

    def _read(self) -> None:
        try:
            while True:
                request = self._connection.recv()
                with self._arrived:
                    self._requests.append(request)
                    self._urgent += not isinstance(request, Acknowledged)
                    self._arrived.notify()
        except BaseException:
            if self._rescue is not None:
                self._rescue.restore()
        finally:
            os._exit(0)


class Worker:
    """Takes requests and draws characters, one frame at a time."""

    def __init__(self, inbox: Inbox, connection: Connection) -> None:
        self._inbox = inbox
        self._connection = connection
        self._wish: DrawRequested | LanesRequested | None = None
        self._drawn_s = -math.inf  # when the last character was drawn
        self._context: Context | None = None
        self._context_key: tuple[int, bool] | None = None  # of the settings that it was opened for
        self._side_by_side: Context | None = None
        self._side_by_side_key: tuple[int, bool, int] | None = None
        self._inspecting: Context | None = None
        self._inspecting_key: tuple[int, bool] | None = None
        self._given = array("H")  # what of a wish is still to be taken
        # What is done beside a reply: requests, and the slices of their answers.
        self._jobs: deque[tuple[Request, Iterator[Event | None]]] = deque()
        self._insight: Insight | None = None

    def run(self) -> None:
        """Load the model that the first request names, then serve until the pipe closes."""
        request = self._inbox.get(None)
        assert isinstance(request, LoadRequested)
        self._attempt(request, partial(self._load, request.path))
        while True:
            wish = self._wish
            wait_s = None if wish is None else 0.0 if self._given else self._pace.wait_s()
            request = self._inbox.get(0.0 if self._jobs else wait_s)
            if request is not None:
                self._attempt(request, partial(self._take, request))
            elif self._jobs and wait_s != 0.0:  # a reply comes first
                self._attempt(self._jobs[0][0], self._work)
            elif isinstance(wish, LanesRequested):
                self._attempt(wish, partial(self._advance_lanes, wish))
            elif wish is not None:
                self._attempt(wish, partial(self._advance, wish))

    def _attempt(self, request: Request, act: Callable[[], None]) -> None:
        """Do something for a request; answer that request, and no other, if it fails.

        Whatever the reason is: a reply does not end for an inspection, nor the process for either.
        """
        try:
            act()
            return
        except CharlmError as error:
            sentence = str(error)
        except MemoryError:
            sentence = (
                "this takes more memory than there is; free some, or give a smaller depth or a "
                "shorter text"
            )
        except OSError:  # the pipe is closed: nobody hears an answer
            raise
        except Exception as error:
            words = " ".join(f"{type(error).__name__} {error}".split())
            sentence = f"this cannot be computed ({words:.120}); try it with other settings"
        event = failure(request, sentence)
        if event is None:
            raise RuntimeError(sentence)
        if isinstance(request, DrawRequested | LanesRequested):
            self._rest()
            self._context = self._side_by_side = None  # what they have read is not known
        self._say(event)

    def _rest(self) -> None:
        """Draw nothing until there is another wish."""
        self._wish = None
        self._given = array("H")

    def _say(self, event: Event) -> None:
        self._connection.send(event)

    def _load(self, path: str) -> None:
        # Only here: the reader of the pipe is to listen while onnxruntime is imported.
        from charlm_tui.lm.model import OnnxModel
        from charlm_tui.lm.sampling import Sampler

        self._model = OnnxModel(path)
        self._sampler = Sampler(len(self._model.contract.vocabulary), path)
        self._say(loaded(self._model))

    def _take(self, request: Request) -> None:
        match request:
            case DrawRequested():
                self._wish = request
                self._begin(request)
                self._given = array("H", request.given)
                self._pace = Pace(request.controls, request.first + len(self._given), self._drawn_s)
            case LanesRequested():
                self._wish = request
                self._begin_lanes(request)
                self._given = array("H")
                self._pace = Pace(request.controls, request.first, self._drawn_s, LANES_AHEAD)
            case RestRequested():
                self._rest()
            case InspectRequested():
                self._inspect(request)
            case ScoreRequested() | RemakeRequested():
                self._take_on(request)
            case LensRequested() | UnitRequested() | WhatIfRequested() | Dismissed():
                self._look(request)
            case Acknowledged() if self._wish is not None and request.wish == self._wish.wish:
                self._pace.acknowledged(request.before)

    def _take_on(self, request: ScoreRequested | RemakeRequested) -> None:
        from charlm_tui.engine.jobs import remaking, scoring

        if isinstance(request, ScoreRequested):
            self._jobs.append((request, scoring(request, self._model)))
        else:
            self._jobs.append((request, remaking(request, self._model)))

    def _look(self, request: LensRequested | UnitRequested | WhatIfRequested | Dismissed) -> None:
        if self._insight is None:
            from charlm_tui.engine.jobs import Insight

            self._insight = Insight(self._model)
        match request:
            case LensRequested() | WhatIfRequested():
                self._jobs.append((request, self._insight.begin(request)))
            case UnitRequested():
                told = self._insight.unit(request)
                if told is not None:
                    self._say(told)
            case Dismissed():
                self._insight.dismiss(request.number)

    def _work(self) -> None:
        """Do the next slice of a job; take it away if there is none, or if it fails."""
        _, slices = chore = self._jobs.popleft()
        for event in slices:
            self._jobs.appendleft(chore)
            if event is not None:
                self._say(event)
            return

    def _begin(self, request: DrawRequested) -> None:
        """Read what a wish wants read."""
        from charlm_tui.lm.context import open_context
        from charlm_tui.lm.generation import Generation

        settings = request.controls.settings
        key = (settings.depth, settings.carry)
        if self._context is None or self._context_key != key:
            self._context = open_context(self._model, settings, rewindable=True)
            self._context_key = key
        self._drawing = Generation(
            self._context,
            self._sampler,
            settings,
            array("H", request.read),
            request.first,
            array("f", request.since_mirostat),
        )

    def _begin_lanes(self, request: LanesRequested) -> None:
        """Read what a wish for lanes wants read."""
        from charlm_tui.lm.context import open_context
        from charlm_tui.lm.generation import Lanes

        settings = request.settings
        key = (settings[0].depth, settings[0].carry, len(settings))
        if self._side_by_side is None or self._side_by_side_key != key:
            self._side_by_side = open_context(self._model, settings[0], lanes=len(settings))
            self._side_by_side_key = key
        self._lanes = Lanes(
            self._side_by_side,
            settings,
            [array("H", read) for read in request.reads],
            str(self._model.path),
            request.first,
            [array("f", since) for since in request.since_mirostat],
        )

    def _advance_lanes(self, wish: LanesRequested) -> None:
        """Draw the characters that are due in every lane, for one frame at the most."""
        pace = self._pace
        if not pace.ended:
            begun_s = time.monotonic()
            interrupted, until = self._inbox.interrupted, begun_s + FRAME_S
            batches = self._lanes.draw(
                pace.due(), lambda: interrupted() or time.monotonic() >= until
            )
            pace.sent(self._lanes.count)
            self._drawn_s = time.monotonic()
            lanes = tuple(Columns.of(batch) for batch in batches)
            first = batches[0].first
            self._say(LanesGenerated(wish.wish, first, lanes, self._drawn_s - begun_s))
        if pace.ended:
            self._wish = None
            self._say(GenerationEnded(wish.wish, pace.count))

    def _advance(self, wish: DrawRequested) -> None:
        """Draw the characters that are due, for one frame at the most, and send them."""
        pace = self._pace
        interrupted, clock = self._inbox.interrupted, time.monotonic
        begun_s = clock()
        until = begun_s + FRAME_S

        def stop() -> bool:
            return interrupted() or clock() >= until

        if self._given:
            batch = self._drawing.give(self._given, stop)
            del self._given[: len(batch.ids)]
            self._say_drawn(wish, batch, given=True, draw_s=clock() - begun_s)
        elif not pace.ended:
            batch = self._drawing.draw(pace.due(), stop)
            pace.sent(self._drawing.count)
            self._drawn_s = clock()
            self._say_drawn(wish, batch, given=False, draw_s=self._drawn_s - begun_s)
        if pace.ended and not self._given:
            self._wish = None
            self._say(GenerationEnded(wish.wish, pace.count))

    def _say_drawn(self, wish: DrawRequested, batch: "Batch", given: bool, draw_s: float) -> None:
        here = self._drawing.distribution()
        self._say(
            CharactersGenerated(
                wish.wish,
                batch.first,
                Columns.of(batch),
                given,
                draw_s,
                here.model.tobytes(),
                here.after.tobytes(),
            )
        )

    def _inspect(self, request: InspectRequested) -> None:
        """Tell a distribution; a reply on its way keeps the context that it is drawn in."""
        from charlm_tui.lm.context import open_context
        from charlm_tui.lm.generation import Generation

        settings = request.settings
        key = (settings.depth, settings.carry)
        if self._inspecting is None or self._inspecting_key != key:
            self._inspecting = open_context(self._model, settings, rewindable=True)
            self._inspecting_key = key
        here = Generation(
            self._inspecting,
            self._sampler,
            settings,
            array("H", request.read),
            request.first,
            array("f", request.since_mirostat),
        ).distribution()
        self._say(Inspected(request.number, here.model.tobytes(), here.after.tobytes()))
