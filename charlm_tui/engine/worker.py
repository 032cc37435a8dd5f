"""The engine's process, from the inside: requests from a pipe, a reply at its pace, jobs between.

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
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from charlm_tui.controls.controls import LANES
from charlm_tui.engine.insight_protocol import (
    AgainstRequest,
    BothRequested,
    Dismissed,
    InfluenceRequested,
    InsightRequest,
    ReachRequested,
    UnitRequested,
)
from charlm_tui.engine.model_info import loaded
from charlm_tui.engine.pace import FIRST_S, FRAME_S, FRAMES_AHEAD, LANES_AHEAD, Pace
from charlm_tui.engine.protocol import (
    Acknowledged,
    DrawRequested,
    Event,
    FilmRequested,
    GenerationEnded,
    InspectRequested,
    LanesRequested,
    LoadBesideRequested,
    LoadedBeside,
    LoadRequested,
    ModelLoaded,
    ReloadRequested,
    RemakeRequested,
    Request,
    RestRequested,
    ScoreRequested,
    UseRequested,
    failure,
)
from charlm_tui.engine.rescue import TerminalRescue
from charlm_tui.errors import CharlmError
from charlm_tui.files import file_version
from charlm_tui.text import told

if TYPE_CHECKING:
    from charlm_tui.engine.drawing import Abreast, Drawing
    from charlm_tui.engine.jobs import Insight
    from charlm_tui.lm.model import OnnxModel

QUICK = (ReachRequested, InfluenceRequested, BothRequested)
"""Requests of one character, which do not wait until a text is read."""
QUICK_SLICES = 2  # of them after each batch: an answer takes some ten, of 2 ms for the small model
MOST_MODELS = LANES[1] + 1  # that are kept: the one in use, and as many as a ladder has lanes


class GoneError(CharlmError):
    """A request names a model that is not kept any more."""


class _Kept(NamedTuple):
    """A model, and what draws with it."""

    model: "OnnxModel"
    drawing: "Drawing"


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
    inbox = Inbox(connection, rescue)
    try:
        Worker(inbox, connection).run()
    except ConnectionError:  # nobody hears any more: the thread that reads the pipe ends it all
        inbox.join()


class Inbox:
    """Requests in the order in which they came, read by a thread of its own."""

    def __init__(self, connection: Connection, rescue: TerminalRescue | None) -> None:
        self._connection = connection
        self._rescue = rescue
        self._requests: deque[Request] = deque()
        self._urgent = 0  # requests among them that are no acknowledgements
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="pipe", daemon=True)
        self._reader.start()

    def join(self) -> None:
        """Wait until the pipe is closed, the terminal restored, and this process at its end."""
        self._reader.join()

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
        self._request: DrawRequested | LanesRequested | None = None  # None: idle
        self._answered = False  # whether something was drawn for it
        self._drawn_s = -math.inf  # when the last character was drawn
        # What is done beside a reply: requests, and the slices of their answers.
        self._jobs: deque[tuple[Request, Iterator[Event | None]]] = deque()
        self._insight: Insight | None = None
        self._drawing: Drawing | Abreast  # that the last request to draw is for
        self._models: dict[str, _Kept] = {}  # by their sha256, the one in use last

    def run(self) -> None:
        """Load the model that the first request names, then serve until the pipe closes."""
        request = self._inbox.get(None)
        assert isinstance(request, LoadRequested)
        self._limits = request.limits
        self._attempt(request, partial(self._load, request.path))
        while True:
            wait_s = self._wait_s()
            request = self._inbox.get(0.0 if self._jobs else wait_s)
            if request is not None:
                self._attempt(request, partial(self._take, request))
            elif self._jobs and wait_s != 0.0:  # a reply comes first
                self._attempt(self._jobs[0][0], self._work)
            elif self._request is not None:
                self._attempt(self._request, partial(self._advance, self._request))
                self._work_quickly()

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
            words = told(" ".join(f"{type(error).__name__} {error}".split()))
            sentence = f"this cannot be computed ({words:.120}); try it with other settings"
        event = failure(request, sentence)
        if event is None:
            raise RuntimeError(sentence)
        if isinstance(request, DrawRequested | LanesRequested):
            self._request = None
            self._drawing.forget()
        self._say(event)

    def _wait_s(self) -> float | None:
        """Return the seconds until characters are due; None: not before something is heard."""
        if self._request is None:
            return None
        return 0.0 if self._drawing.typing else self._pace.wait_s()

    def _say(self, event: Event) -> None:
        self._connection.send(event)

    def _load(self, path: str) -> None:
        """Use what is at the path; what was there before stays beside it."""
        event, kept = self._open(path)
        if self._request is None:  # a reply that is drawn goes on as it began
            self._drawing = kept.drawing
        self._models.pop(event.sha256, None)
        self._models[event.sha256] = kept
        self._say(event._replace(at_hand=self._make_room()))

    def _load_beside(self, request: LoadBesideRequested) -> None:
        """Open more models, beside the one in use."""
        opened = [self._open(path) for path in request.paths]
        in_use = next(reversed(self._models))
        for event, kept in opened:
            known = self._models.pop(event.sha256, kept)
            self._models[event.sha256] = known
        self._models[in_use] = self._models.pop(in_use)
        events = tuple(event for event, _ in opened)
        self._say(LoadedBeside(events, self._make_room()))

    def _open(self, path: str) -> tuple[ModelLoaded, _Kept]:
        # Only here: the reader of the pipe is to listen while onnxruntime is imported.
        from charlm_tui.engine.drawing import Drawing
        from charlm_tui.lm.model import OnnxModel

        version = file_version(Path(path))  # one that comes meanwhile is another
        model = OnnxModel(path, limits=self._limits)
        return loaded(model)._replace(file=version), _Kept(model, Drawing(model))

    def _make_room(self) -> tuple[str, ...]:
        """Forget the models that were loaded first if there are too many; return what is there."""
        while len(self._models) > MOST_MODELS:
            del self._models[next(iter(self._models))]
        return tuple(self._models)

    def _kept(self, sha256: str) -> _Kept:
        """Return the model that a request names.

        Raises:
            GoneError: it is not kept.
        """
        if not sha256:
            return next(reversed(self._models.values()))
        if sha256 not in self._models:
            raise GoneError("the model of this reply is no longer at hand; send its seed again")
        return self._models[sha256]

    def _take(self, request: Request) -> None:
        match request:
            case ReloadRequested():
                self._load(request.path)
            case LoadBesideRequested():
                self._load_beside(request)
            case UseRequested(model=model):
                if model in self._models:
                    self._models[model] = self._models.pop(model)
            case DrawRequested() | LanesRequested():
                self._request, self._answered = request, False
                self._begin(request)
                ahead = LANES_AHEAD if isinstance(request, LanesRequested) else FRAMES_AHEAD
                self._pace = Pace(request.controls, self._drawing.count, self._drawn_s, ahead)
            case RestRequested():
                self._request = None
            case InspectRequested():
                self._say(self._kept(request.model).drawing.inspect(request))
            case ScoreRequested() | RemakeRequested() | FilmRequested():
                self._take_on(request)
            case _ if isinstance(request, InsightRequest):
                self._look(request)
            case Acknowledged():
                drawn = self._request
                if drawn is not None and request.request_id == drawn.request_id:
                    self._pace.acknowledged(request.before)

    def _begin(self, request: DrawRequested | LanesRequested) -> None:
        """Read what a request to draw wants read, by the model that it names, or by each."""
        names = (request.model,) if isinstance(request, DrawRequested) else request.models or ("",)
        drawings = [self._kept(name).drawing for name in names]
        if isinstance(request, LanesRequested) and len(drawings) > 1:
            from charlm_tui.engine.drawing import Abreast

            self._drawing = abreast = Abreast(drawings)
            abreast.begin(request)
        else:
            self._drawing = drawings[0]
            drawings[0].begin(request)

    def _take_on(self, request: ScoreRequested | RemakeRequested | FilmRequested) -> None:
        from charlm_tui.engine.jobs import filming, remaking, scoring

        match request:
            case ScoreRequested():
                self._jobs.append((request, scoring(request, self._kept(request.model).model)))
            case RemakeRequested():
                sha256 = request.recording.model_sha256
                model = self._kept(sha256 if sha256 in self._models else "").model  # or says so
                self._jobs.append((request, remaking(request, model)))
            case FilmRequested():
                self._jobs.append((request, filming(request)))

    def _look(self, request: InsightRequest) -> None:
        if self._insight is None:
            from charlm_tui.engine.jobs import Insight

            self._insight = Insight()
        match request:
            case UnitRequested():
                told = self._insight.unit(request)
                if told is not None:
                    self._say(told)
            case Dismissed():
                self._insight.dismiss(request.number)
            case _:
                model = self._kept(request.model).model
                other = None
                if isinstance(request, AgainstRequest):
                    other = self._kept(request.other).model
                job = (request, self._insight.begin(request, model, other))
                self._jobs.insert(self._place(request), job)

    def _place(self, request: Request) -> int:
        """Return the place of a job among the others: what is quick comes before what is not."""
        if not isinstance(request, QUICK):
            return len(self._jobs)
        quick = (isinstance(each, QUICK) for each, _ in self._jobs)
        return next(
            (place for place, is_quick in enumerate(quick) if not is_quick), len(self._jobs)
        )

    def _work(self) -> None:
        """Do the next slice of a job; take it away if there is none, or if it fails."""
        _, slices = chore = self._jobs.popleft()
        for event in slices:
            self._jobs.appendleft(chore)
            if event is not None:
                self._say(event)
            return

    def _work_quickly(self) -> None:
        """Do some of what is quick between two batches of a reply that never waits."""
        for _ in range(QUICK_SLICES):
            if self._jobs and isinstance(self._jobs[0][0], QUICK):
                self._attempt(self._jobs[0][0], self._work)

    def _advance(self, request: DrawRequested | LanesRequested) -> None:
        """Draw the characters that are due, for one frame at the most, and send them."""
        pace, drawing = self._pace, self._drawing
        interrupted, clock = self._inbox.interrupted, time.monotonic
        begun_s = clock()
        until = begun_s + (FRAME_S if self._answered else FIRST_S)
        self._answered = True

        def stop() -> bool:
            return interrupted() or clock() >= until

        if drawing.typing:
            event = drawing.advance(1, stop)
            self._say(event._replace(draw_s=clock() - begun_s))
        elif not pace.ended:
            event = drawing.advance(pace.due(), stop)
            pace.sent(drawing.count)
            self._drawn_s = clock()
            self._say(event._replace(draw_s=self._drawn_s - begun_s))
        if (pace.ended or drawing.ended) and not drawing.typing:
            self._request = None
            self._say(GenerationEnded(request.request_id, drawing.count))
