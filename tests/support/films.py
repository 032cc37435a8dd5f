"""Films: runs whose epochs were kept, and the app with an engine that makes what a test lets it."""

import hashlib
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

from textual.pilot import Pilot
from textual.widgets import Static

from charlm_tui.engine.protocol import Event, Filmed, FilmEnded, FilmRequested
from charlm_tui.film.film import Film, KeptEpoch, Order, Passage, Shot
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.settings import Settings
from charlm_tui.runs.log_file import LogFile, log_path
from charlm_tui.runs.records import Record
from charlm_tui.tui.film_app import FilmApp
from charlm_tui.tui.screens.film import FilmScreen
from charlm_tui.tui.widgets.keys_line import KeysLine
from tests.support.engines import QueuedEngine
from tests.support.models import WINDOW, step_model
from tests.support.run_logs import BEGAN, EPOCH, SAMPLE

SEED = "the rain"
HELD_OUT = 0.5


def kept_run(folder: Path, epochs: int = 3, text: str = "", more: Sequence[Record] = ()) -> Path:
    """Write the files of a run, and give the path of its model file, which is not there.

    Args:
        folder: where they are.
        epochs: that were kept.
        text: that it was trained on, in lower case; nothing if there is none.
        more: records at the end of its log.
    """
    out, corpus = folder / "mine.onnx", folder / "words.txt"
    facts, settings = {}, {}
    if text:
        corpus.write_text(text, encoding="utf-8", newline="")
        sha256 = hashlib.sha256(corpus.read_bytes()).hexdigest()
        facts = {"name": corpus.name, "sha256": sha256, "characters": len(text)}
        settings = {
            "corpus": [str(corpus)], "held_out": HELD_OUT, "window": WINDOW, "case": "lower"
        }  # fmt: skip
    log = LogFile(log_path(out), False, _fail)
    log.write(replace(BEGAN, out=str(out), corpus=facts, settings=settings, epochs=epochs))
    for number in range(1, epochs + 1):
        path = epoch_file(out, number)
        path.write_bytes(step_model(rng_seed=number).SerializeToString())
        bits = 1 + 1 / number
        log.write(
            replace(EPOCH, epoch=number, at=float(number), file=path.name, measured_nats=bits)
        )
        log.write(replace(SAMPLE, epoch=number, seed=SEED, rng_seed=7))
    for record in more:
        log.write(record)
    log.close()
    return out


def epoch_file(out: Path, number: int) -> Path:
    """Return the path of an epoch's model file."""
    return out.with_stem(f"{out.stem}-epoch-{number:03}")


def _fail(sentence: str) -> None:
    raise AssertionError(sentence)


BOUND_S = 60.0
PASSAGE = Passage(
    'the rain on the old wall\nsang to no one, and "nobody" asked why it was there. ' * 4, "before"
)
REPLIES = (
    "the the the the the the",
    "then the wall sang there",
    "then the wall sang to no one",
    "then the wall sang to us, and we heard it",
)
EPOCHS = tuple(KeptEpoch(str(it), float(it), f"mine-{it}.onnx", 1 + 2 / it) for it in range(1, 5))
ORDER = Order(
    "mine", "mine.film.json", EPOCHS, f"{SEED} ", Settings(0.5, rng_seed=7), PASSAGE, "held-out"
)


def shot(number: int) -> Shot:
    """Return the shot of an epoch: spaces are learned with the first one, then more letters."""
    known = " the,"[: 1 + number]
    bits = array("f", [0.5 if char in known else 3.0 for char in PASSAGE.text])
    return Shot(REPLIES[number], bits.tobytes())


class FilmDriver:
    """The app, its pilot and its engine."""

    def __init__(self, app: FilmApp, pilot: Pilot[None], engines: list[QueuedEngine]) -> None:
        self.app = app
        self.pilot = pilot
        self._engines = engines

    @property
    def screen(self) -> FilmScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, FilmScreen)
        return screen

    @property
    def film(self) -> Film:
        return self.screen.film

    @property
    def engine(self) -> QueuedEngine:
        return self._engines[-1]

    @property
    def heading(self) -> str:
        return str(self.screen.query_one("#heading", Static).content)

    @property
    def said(self) -> str:
        said = self.screen.query_one(KeysLine).said
        return said.plain.strip() if said is not None else ""

    async def until(self, condition: Callable[[], object], what: str) -> None:
        end_s = monotonic() + BOUND_S
        while not condition():
            if monotonic() > end_s:
                raise AssertionError(f"it never happened: {what}")
            await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def say(self, *events: Event) -> None:
        for event in events:
            self.engine.say(event)
        await self.pilot.pause()

    async def make(self, shots: int = len(EPOCHS)) -> None:
        """Let the engine make so many of the shots, and end if they are all."""
        pieces: list[Passage | Shot] = [PASSAGE, *map(shot, range(shots))]
        await self.say(*(Filmed(1, piece) for piece in pieces))
        await self.until(lambda: len(self.film.shots) == shots, "the shots came")
        if shots == len(EPOCHS):
            await self.say(FilmEnded(1))
            await self.until(lambda: self.engine.closed, "the engine was ended")


@asynccontextmanager
async def filming(
    size: tuple[int, int] = (80, 24), order: Order = ORDER
) -> AsyncIterator[FilmDriver]:
    """Open a film, and wait until it is asked for."""
    engines: list[QueuedEngine] = []

    def new_engine(_: str) -> QueuedEngine:
        engines.append(QueuedEngine())
        return engines[-1]

    app = FilmApp(order, new_engine, LoadLimits())
    async with app.run_test(size=size) as pilot:
        it = FilmDriver(app, pilot, engines)
        await it.until(lambda: engines and engines[-1].requests, "a film was asked for")
        request = it.engine.last
        assert isinstance(request, FilmRequested)
        assert request.order == order
        yield it
