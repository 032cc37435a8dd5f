"""Engines without a process: what they say is said when a test says so."""

import queue
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.engine.protocol import (
    Acknowledged,
    CharactersGenerated,
    DrawRequested,
    EngineDied,
    Event,
    GenerationEnded,
    Inspected,
    InspectRequested,
    LanesGenerated,
    LanesRequested,
    ModelLoaded,
    Request,
)
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime

RUNTIME = Runtime("1.0", "a fake machine")
STATES = (("h", 6), ("c", 4))
SYMBOLS = tuple("\n abcdefghijklmnopqrstuvwxyz'\"-,.")


class QueuedEngine:
    """Says nothing by itself: it blocks for as long as a test lets it, and dies when told to."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.closed = False
        self._receive: Callable[[Event], None] | None = None
        self._wish = 0
        self._count = 0  # characters so far

    def listen(self, receive: Callable[[Event], None]) -> None:
        assert self._receive is None
        self._receive = receive

    def send(self, request: Request) -> None:
        self.requests.append(request)
        if isinstance(request, DrawRequested | LanesRequested):
            self._wish, self._count = request.request_id, request.first

    def close(self) -> None:
        self.closed = True

    @property
    def listening(self) -> bool:
        return self._receive is not None

    @property
    def last(self) -> Request:
        """The last request but acknowledgements."""
        return [it for it in self.requests if not isinstance(it, Acknowledged)][-1]

    def say(self, event: Event) -> None:
        assert self._receive is not None
        self._receive(event)

    def load(self, symbols: tuple[str, ...] = SYMBOLS, sha256: str = "0" * 64) -> None:
        card = {"architecture": "a fake", "held_out_bits_per_character": 1.5}
        loaded = ModelLoaded("fake.onnx", "fake", sha256, symbols, "lower", 60, card, RUNTIME)
        self.say(loaded._replace(states=STATES))

    def batch(self, text: str, symbols: tuple[str, ...] = SYMBOLS) -> CharactersGenerated:
        """Return the next characters of the reply as a batch, without saying it."""
        first = self._count
        self._count += len(text)
        floats = array("f", [1.0] * len(text)).tobytes()
        ids = array("H", [symbols.index(char) for char in text]).tobytes()
        return CharactersGenerated(self._wish, first, Columns(ids, floats, floats, floats))

    def stream(self, text: str, symbols: tuple[str, ...] = SYMBOLS) -> None:
        """Say the next characters of the reply."""
        self.say(self.batch(text, symbols))

    def lanes(self, texts: Sequence[str], symbols: tuple[str, ...] = SYMBOLS) -> None:
        """Say the next characters of replies that are drawn side by side."""
        first, request = self._count, self.last
        assert isinstance(request, LanesRequested)
        self._count += len(texts[0])
        floats = array("f", [1.0] * len(texts[0])).tobytes()
        lanes = []
        for text, settings in zip(texts, request.settings, strict=True):
            ids = array("H", [symbols.index(char) for char in text]).tobytes()
            warmth = array("f", [settings.temperature] * len(text)).tobytes()
            lanes.append(Columns(ids, floats, floats, warmth))
        self.say(LanesGenerated(self._wish, first, tuple(lanes)))

    def end(self) -> None:
        self.say(GenerationEnded(self._wish, self._count))

    def die(self) -> None:
        self.say(EngineDied("it was ended by SIGSEGV"))


BOUND_S = 120.0
START = array("H", [0]).tobytes()


class Driver:
    """An engine and the events that it has sent."""

    def __init__(self, model: Path, limits: LoadLimits = LoadLimits()) -> None:  # noqa: B008
        self.events: queue.Queue[Event] = queue.Queue()
        self.engine = ProcessEngine(str(model), limits=limits)
        self.engine.listen(self.events.put)

    def next(self) -> Event:
        return self.events.get(timeout=BOUND_S)

    def load(self) -> ModelLoaded:
        event = self.next()
        assert isinstance(event, ModelLoaded)
        return event

    def batch(self) -> CharactersGenerated:
        event = self.next()
        assert isinstance(event, CharactersGenerated)
        return event

    def acknowledge(self, batch: CharactersGenerated) -> None:
        count = batch.first + batch.columns.characters
        self.engine.send(Acknowledged(batch.request_id, count))

    def before_an_answer(self) -> list[Event]:
        """Ask something of the engine; give what it says before it answers."""
        self.engine.send(InspectRequested(1, START, b"", Settings(0.0)))
        events = []
        while not isinstance(event := self.next(), Inspected):
            events.append(event)
        return events

    def reply(self) -> list[int]:
        """Take in a reply, acknowledging it, until it ends."""
        return self.rest(0)

    def rest(self, first: int) -> list[int]:
        """Take in what is left of a reply from character `first` on."""
        ids = array("H")
        while not isinstance(event := self.next(), GenerationEnded):
            assert isinstance(event, CharactersGenerated)
            assert event.first == first + len(ids)
            ids.frombytes(event.columns.ids)
            self.acknowledge(event)
        return ids.tolist()


def start(length: int, speed: float = 0.0, request_id: int = 1, **settings: Any) -> DrawRequested:
    chosen = Settings(**({"temperature": 1.0, "rng_seed": 5} | settings))
    controls = Controls(chosen, speed=speed, length=length)
    return DrawRequested(request_id, 0, START, b"", controls)
