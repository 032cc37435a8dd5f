"""Engines without a process: what they say is said when a test says so."""

from array import array
from collections.abc import Callable

from charlm_tui.session.messages import (
    Acknowledged,
    CharactersGenerated,
    ControlsChanged,
    EngineDied,
    Event,
    GenerationEnded,
    ModelLoaded,
    Request,
    StartRequested,
)

SYMBOLS = tuple("\n abcdefghijklmnopqrstuvwxyz'\"-,.")


class QueuedEngine:
    """Says nothing by itself: it blocks for as long as a test lets it, and dies when told to."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.closed = False
        self._receive: Callable[[Event], None] | None = None
        self._now: tuple[int, int, int] = (0, 0, 0)  # generation, revision, characters so far

    def listen(self, receive: Callable[[Event], None]) -> None:
        assert self._receive is None
        self._receive = receive

    def send(self, request: Request) -> None:
        self.requests.append(request)
        match request:
            case StartRequested():
                count = len(request.reply_ids) // 2
                self._now = (request.generation, request.revision, count)
            case ControlsChanged():
                self._now = (request.generation, request.revision, request.at)

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

    def load(self, symbols: tuple[str, ...] = SYMBOLS) -> None:
        card = {"architecture": "a fake", "held_out_bits_per_character": 1.5}
        self.say(ModelLoaded("fake.onnx", "fake", "0" * 64, symbols, "lower", 60, card))

    def batch(self, text: str, symbols: tuple[str, ...] = SYMBOLS) -> CharactersGenerated:
        """Give the next characters of the reply as a batch, without saying it."""
        generation, revision, count = self._now
        self._now = (generation, revision, count + len(text))
        floats = array("f", [1.0] * len(text)).tobytes()
        ids = array("H", [symbols.index(char) for char in text]).tobytes()
        return CharactersGenerated(generation, revision, count, ids, floats, floats, floats)

    def stream(self, text: str, symbols: tuple[str, ...] = SYMBOLS) -> None:
        """Say the next characters of the reply."""
        self.say(self.batch(text, symbols))

    def end(self) -> None:
        self.say(GenerationEnded(*self._now))

    def die(self) -> None:
        self.say(EngineDied("it was ended by SIGSEGV"))
