"""Driving the app with an engine that says only what a test lets it say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from textual.events import Key
from textual.keys import key_to_character
from textual.pilot import Pilot

from charlm_tui.controls.controls import Controls
from charlm_tui.lm.settings import Settings
from charlm_tui.tui.app import CharlmApp
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.prompt import Prompt
from charlm_tui.tui.widgets.status import Status
from charlm_tui.tui.widgets.transcript import Transcript
from tests.support.engines import QueuedEngine

QUIET_ROUNDS = 5  # of the event loop
BOUND_S = 60.0  # that a condition is waited for at the most; a busy machine is slow


class Studio:
    """The app, its pilot and its engines."""

    def __init__(self, app: CharlmApp, pilot: Pilot[None], engines: list[QueuedEngine]) -> None:
        self.app = app
        self.pilot = pilot
        self.engines = engines

    @property
    def engine(self) -> QueuedEngine:
        return self.engines[-1]

    @property
    def transcript(self) -> Transcript:
        return self.app.screen_stack[0].query_one("#transcript", Transcript)

    @property
    def prompt(self) -> Prompt:
        return self.app.screen_stack[0].query_one(Prompt)

    @property
    def status(self) -> str:
        return self.app.screen_stack[0].query_one(Status).render().plain

    @property
    def blocks(self) -> list[tuple[str, str]]:
        return [(block.kind, block.text) for block in self.transcript.blocks]

    @property
    def reply(self) -> str:
        """What there is of the last reply, below the last seed or notice."""
        kind, text = self.blocks[-1]
        return text if kind == "reply" else ""

    def drawn(self) -> str:
        """What the transcript draws, line below line."""
        height = self.transcript.size.height
        lines = [self.transcript.render_line(y).text.rstrip() for y in range(height)]
        return "\n".join(lines).rstrip()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a condition, and say what never happened if it does not come."""
        end_s = monotonic() + BOUND_S
        while not condition():
            if monotonic() > end_s:
                raise AssertionError(f"it never happened: {what}")
            await self.pilot.pause()

    async def press(self, key: str) -> None:
        """Press a key, and wait until all that comes of it is done, but for what is to be drawn.

        A pilot waits for a process that rests, which takes far longer.
        """
        char = key if len(key) == 1 else key_to_character(key)
        self.app.post_message(Key(key, char))
        await self.settled()

    async def settled(self) -> None:
        """Wait, with a bound, until nothing is queued for a while."""
        quiet = 0
        end_s = monotonic() + BOUND_S
        while quiet < QUIET_ROUNDS and monotonic() < end_s:
            await asyncio.sleep(0)
            screen = self.app.screen
            pumps = [self.app, *screen.walk_children(with_self=True)]
            typed = self.app._typed
            busy = typed._waiting or typed._acting is not None
            busy = busy or any(not each._message_queue.empty() for each in pumps)
            quiet = 0 if busy else quiet + 1

    async def load(self) -> None:
        self.engine.load()
        await self.until(lambda: "loading" not in self.status, "the model loaded")

    async def send(self, text: str) -> None:
        self.prompt.insert(text)
        count = len(self.engine.requests)
        await self.pilot.press("enter")
        await self.until(lambda: len(self.engine.requests) > count, "the seed was sent")

    async def stream(self, text: str) -> None:
        before = self.reply
        self.engine.stream(text)
        await self.until(lambda: self.reply == before + text, f"{text!r} was shown")


@asynccontextmanager
async def studio(
    size: tuple[int, int] = (80, 24),
    seed: str | None = None,
    controls: Controls | None = None,
    setup: Setup | None = None,
) -> AsyncIterator[Studio]:
    """Open the app; its engine is listening, and has loaded nothing yet."""
    engines: list[QueuedEngine] = []

    def new_engine(_: str) -> QueuedEngine:
        engines.append(QueuedEngine())
        return engines[-1]

    chosen = controls or Controls(Settings(0.5, rng_seed=7))
    app = CharlmApp("fake.onnx", new_engine, chosen, seed, setup)
    async with app.run_test(size=size) as pilot:
        it = Studio(app, pilot, engines)
        await it.until(
            lambda: engines and app.screen_stack[0].furnished, "the screen was furnished"
        )
        yield it
