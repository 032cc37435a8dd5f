"""What every chat has: the engine's life, what is heard of it, waiting, faults, and the end.

Knows no prompt and no keys: those who chat have them.
"""

import asyncio
import contextlib
import errno
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import Engine, EngineHost, UnusableError
from charlm_tui.engine.protocol import CharactersGenerated, Event
from charlm_tui.errors import CharlmError
from charlm_tui.history.recorder import Keeper
from charlm_tui.log import FaultError, unexpected
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.in_words import InWords
from charlm_tui.session.playing import PLAY_FRAMES_PER_S
from charlm_tui.session.updates import (
    EngineNeeded,
    Noticed,
    Phase,
    QuitWanted,
    Unusable,
    Update,
)

TWICE_S = 3.0  # within which a second Ctrl+C quits
ONCE_MORE = "Ctrl+C again, or Ctrl+D, quits"


class EngineLoop:
    """A conversation and its engine, in one event loop.

    Args:
        model: path of the model file.
        new_engine: starts one, which loads such a file; and another, if that one dies.
        controls: at the start.
        history: where replies and prompts are kept; None is nowhere.
    """

    def __init__(
        self,
        model: str,
        new_engine: Callable[[str], Engine],
        controls: Controls,
        history: Path | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.conversation = Conversation(controls, self._show)
        self._words = InWords(self.conversation)
        self._keeper: Keeper | None = None
        if history is not None:
            self._keeper = Keeper(history, self.conversation, self._history_told)
        self._host = EngineHost(model, new_engine, self._hand_over)
        self._stirred = asyncio.Event()  # something was said, or a key was pressed
        self._code: int | None = None  # to leave with
        self._failure: CharlmError | None = None  # why it ends by itself
        self._interrupted_s = -math.inf  # when Ctrl+C was pressed, if nothing was sent since

    # For those who chat.

    def _told(self, update: Update) -> None:
        """Show what the conversation tells, but for what is of the engine or the end."""
        raise NotImplementedError

    @property
    def _waits(self) -> bool:
        """Whether an answer is waited for."""
        raise NotImplementedError

    def _take_early(self) -> None:
        """Do what has been typed and does not wait for the end of a reply."""

    # The engine's life.

    def _begin(self, seed: str | None) -> None:
        """Follow faults from here on, start the engine, and send a seed if there is one."""
        self._loop.set_exception_handler(self._loop_failed)
        threading.excepthook = self._thread_failed
        self.conversation.attach(self._host.start().send)
        if seed is not None:
            self.conversation.send(seed)

    def _close(self) -> None:
        """Keep what can be kept, and end the engine."""
        try:
            if self._keeper is not None:
                self._keeper.close()
        finally:
            self._host.close()

    @property
    def _result(self) -> int:
        """The exit code, once it has ended.

        Raises:
            CharlmError: it has ended by itself.
        """
        if self._failure is not None:
            raise self._failure
        return self._code or 0

    @property
    def _goes_on(self) -> bool:
        """Whether something is on its way that takes the terminal."""
        return self.conversation.state not in (Phase.IDLE, Phase.DOWN)

    async def _settle(self) -> None:
        """Wait until nothing is on its way, and no answer is waited for."""
        it = self.conversation
        while self._code is None and (self._goes_on or self._waits):
            self._take_early()
            self._stirred.clear()
            frame_s = 1 / PLAY_FRAMES_PER_S if it.state is Phase.PLAYING else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), frame_s)
            it.advance()

    # What the engine and the conversation say.

    def _hand_over(self, engine: Engine, event: Event) -> None:
        """Bring an event to the loop's thread."""
        self._loop.call_soon_threadsafe(self._hear, engine, event)

    def _hear(self, engine: Engine, event: Event) -> None:
        if engine is self._host.engine:
            self.conversation.receive(event)
            if isinstance(event, CharactersGenerated):
                self.conversation.shown()
            self._stirred.set()

    def _history_told(self, sentence: str) -> None:
        """Bring what the history says of itself to the loop's thread."""

        def take() -> None:
            self._show(Noticed(sentence, error=True))
            if self._keeper is not None:
                self._keeper.look()

        self._loop.call_soon_threadsafe(take)

    def _show(self, update: Update) -> None:
        if self._keeper is not None:
            self._keeper.take(update)
        self._words.show(update)
        match update:
            case EngineNeeded(path=path):
                self.conversation.attach(self._host.start(path).send)
            case QuitWanted():
                self._leave()
            case Unusable(sentence=sentence):
                self._failure = UnusableError(sentence)
                self._leave(1)
            case _:
                self._told(update)

    # The end.

    def _loop_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Leave for an exception that a callback has raised; asyncio would print pages."""
        error = context.get("exception")
        if error is not None and self._failure is None:
            self._failure = FaultError(unexpected(error))
            self._leave(1)

    def _thread_failed(self, fault: threading.ExceptHookArgs) -> None:
        """The same, for one that a thread has raised."""
        context = {"exception": fault.exc_value}
        with contextlib.suppress(RuntimeError):  # of a loop that has ended already
            self._loop.call_soon_threadsafe(self._loop_failed, self._loop, context)

    def _leave(self, code: int = 0) -> None:
        """End the chat; the first request to do so tells the exit code."""
        if self._code is None:
            self._code = code
        self._stirred.set()


def is_hung_up(error: object) -> bool:
    """Return whether an error is that of a terminal that was closed."""
    return isinstance(error, OSError) and error.errno == errno.EIO
