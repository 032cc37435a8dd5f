"""Conversations, and replies as the history keeps them, for tests of several rooms."""

from array import array

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import (
    DrawRequested,
)
from charlm_tui.history.store import (
    Origin,
    Piece,
    Store,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import (
    TextAdded,
    TurnRewound,
    TurnStarted,
    Update,
)
from tests.support.engines import SYMBOLS, QueuedEngine


def origin(seed: str = "a seed", model: str = "fake", started_s: float = 100.0) -> Origin:
    runtime = Runtime("1.2", "x86_64 Linux")
    return Origin(model, model[0] * 64, "/m.onnx", runtime, "before ", seed, 2**64 - 1, started_s)


def piece(first: int, text: str, *changes: tuple[int, Settings]) -> Piece:
    floats = array("f", [(first + i) / 8 for i in range(len(text))]).tobytes()
    ids = array("H", [ord(char) for char in text]).tobytes()
    return Piece(
        first, text, Columns(ids, floats, floats, floats), changes or ((first, Settings()),)
    )


def kept(store: Store, text: str, seed: str = "a seed", model: str = "fake", at: float = 1) -> int:
    """Keep a whole reply."""
    reply = store.begin(origin(seed, model, at))
    store.append(reply, piece(0, text))
    store.finish(reply)
    return reply


def found(store: Store, query: str = "", **wanted: bool | str | int) -> list[int]:
    return [entry.id for entry in store.entries(query, **wanted)]  # type: ignore[arg-type]


class Reader:
    """Does what a screen does with what is told: keeps the text of every turn that is shown."""

    def __init__(self) -> None:
        self.texts: list[tuple[object, str]] = []
        self.updates: list[Update] = []
        self.it = Conversation(Controls(Settings(0.5, 7), length=0), self.show)
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        self.engine.load()

    def show(self, update: Update) -> None:
        self.updates.append(update)
        match update:
            case TurnStarted(turn=turn):
                self.texts.append((turn, ""))
            case TextAdded(text=text):
                turn, before = self.texts[-1]
                self.texts[-1] = (turn, before + text)
            case TurnRewound(turn=turn, length=length):
                while self.texts[-1][0] is not turn:
                    self.texts.pop()
                self.texts[-1] = (turn, self.texts[-1][1][:length])

    def give(self) -> None:
        """Let the engine take what was chosen."""
        request = self.engine.last
        assert isinstance(request, DrawRequested)
        chosen = array("H", request.forced)
        if chosen:
            text = "".join(SYMBOLS[index] for index in chosen)
            batch = self.engine.batch(text)
            self.engine.say(batch._replace(forced=True))

    def check(self) -> None:
        """What was told is what the tapes say."""
        assert [turn for turn, _ in self.texts] == self.it.turns
        for turn, text in self.texts:
            assert isinstance(turn.tape, Tape)
            assert text == turn.text()


def conversation() -> tuple[Conversation, QueuedEngine, list[Update]]:
    told: list[Update] = []
    it, engine = Conversation(Controls(), told.append), QueuedEngine()
    engine.listen(it.receive)
    it.attach(engine.send)
    engine.load()
    return it, engine, told
