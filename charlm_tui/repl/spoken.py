"""The chat for a screen reader: whole lines, labels in place of marks, and nothing drawn again.

The terminal stays as it is: it edits the line that is typed, and nothing is written below or over
it. What is typed while a reply comes is kept, and commands among it act at once. Owns the engine's
life and when the person leaves, as `chat` does; keys it has none.
"""

import asyncio
import contextlib
import errno
import math
import os
import select
import signal
import sys
import threading
import time
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import Engine, EngineHost, UnusableError
from charlm_tui.engine.protocol import CharactersGenerated, Event
from charlm_tui.errors import INTERRUPTED, CharlmError
from charlm_tui.history.recorder import Keeper
from charlm_tui.log import FaultError, unexpected
from charlm_tui.repl.keys import command_rows
from charlm_tui.repl.sentences import LABELS, SentencePrinter
from charlm_tui.repl.status import confirmed, settings_shown
from charlm_tui.repl.transcript import Teller
from charlm_tui.reply.tints import Tint
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.in_words import WORDS, InWords, surprises_in_words
from charlm_tui.session.playing import PLAY_FRAMES_PER_S
from charlm_tui.session.typed import Meaning, meaning, take_line
from charlm_tui.session.updates import (
    EngineNeeded,
    HelpWanted,
    Noticed,
    Phase,
    QuitWanted,
    SeedDreamt,
    SeedReturned,
    Unusable,
    Update,
    ViewWanted,
)

TWICE_S = 3.0  # within which a second Ctrl+C quits
HUNG_UP = 128 + signal.SIGHUP
READ_BYTES = 4096  # the longest line that a terminal hands over
ONCE_MORE = "Ctrl+C again, or Ctrl+D, quits"
TYPING = (
    "Enter sends the seed; an empty line continues the reply. While a reply comes, a command acts "
    "at once, and a seed waits. /tint words tells what was most surprising. Ctrl+C stops the "
    "reply, twice quits; Ctrl+D quits."
)


class SpokenChat:
    """One conversation in a terminal that is read aloud.

    Args:
        model: path of the model file.
        new_engine: starts one, which loads such a file; and another, if that one dies.
        controls: at the start.
        history: where replies and what is typed are kept; None is nowhere.
    """

    def __init__(
        self,
        model: str,
        new_engine: Callable[[str], Engine],
        controls: Controls,
        history: Path | None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        console = Console(
            file=sys.stdout, highlight=False, markup=False, emoji=False, color_system=None
        )
        self._printer = SentencePrinter(console)
        self.conversation = Conversation(controls, self._show)
        self._words = InWords(self.conversation)
        self._keeper: Keeper | None = None
        if history is not None:
            self._keeper = Keeper(history, self.conversation, self._history_told)
        self._teller = Teller(self.conversation, self._printer, Tint.PLAIN)
        self._host = EngineHost(model, new_engine, self._hand_over)
        self._stirred = asyncio.Event()  # something was said or typed
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._typed = ""  # of a line that has not ended
        self._lines: deque[str] = deque()
        self._offered = ""  # a seed that an empty line sends
        self._code: int | None = None  # to leave with
        self._failure: CharlmError | None = None  # why it ends by itself
        self._interrupted_s = -math.inf  # when Ctrl+C was pressed, if nothing was sent since
        self._asking = False  # whether the label of a seed stands there, and nothing behind it

    async def run(self, seed: str | None) -> int:
        """Chat until the person leaves; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            self._loop.add_signal_handler(number, self._leave, 128 + number)
        self._loop.add_signal_handler(signal.SIGINT, self._interrupt)
        self._loop.set_exception_handler(self._loop_failed)
        threading.excepthook = self._thread_failed
        self._loop.add_reader(sys.stdin.fileno(), self._read)
        try:
            await self._chat(seed)
            self.conversation.stop()
            self._printer.fresh()
        except OSError as error:
            if not _is_hung_up(error):
                raise
            self._leave(HUNG_UP)
        finally:
            self._loop.remove_reader(sys.stdin.fileno())
            try:
                if self._keeper is not None:
                    self._keeper.close()
            finally:
                self._host.close()
        if self._failure is not None:
            raise self._failure
        return self._code or 0

    async def _chat(self, seed: str | None) -> None:
        self.conversation.attach(self._host.start().send)
        if seed is not None:
            self.conversation.send(seed)
        await self._settle()
        while self._code is None:
            if not self._lines and not self._asking:
                self._asking = True
                self._printer.ask(LABELS["seed"])
            if self._lines:
                self._take(self._lines.popleft())
                await self._settle()
            else:
                self._stirred.clear()
                await self._stirred.wait()

    async def _settle(self) -> None:
        """Wait until nothing is on its way, and nothing is waited for that was asked."""
        it = self.conversation
        while self._code is None and (self._goes_on or self._waits):
            for line in [each for each in self._lines if meaning(each) is Meaning.COMMAND]:
                self._lines.remove(line)
                self._take(line)
            self._stirred.clear()
            frame_s = 1 / PLAY_FRAMES_PER_S if it.state is Phase.PLAYING else None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), frame_s)
            it.advance()

    @property
    def _goes_on(self) -> bool:
        return self.conversation.state not in (Phase.IDLE, Phase.DOWN)

    @property
    def _waits(self) -> bool:
        """Whether an answer is waited for; whoever types on does not wait."""
        return (self.conversation.requests.pending or self._words.pending) and not self._lines

    # What is typed.

    def _read(self) -> None:
        """Read what the terminal hands over: a line, or its end."""
        try:
            data = os.read(sys.stdin.fileno(), READ_BYTES)
        except OSError:  # of a terminal that was closed
            self._leave(HUNG_UP)
            return
        if not data:  # Ctrl+D, or a terminal that was closed
            if _has_hung_up(sys.stdin.fileno()):
                self._leave(HUNG_UP)
            elif not self._typed:
                self._leave()
            return
        *ended, self._typed = (self._typed + self._decode(data)).split("\n")
        self._lines.extend(ended)
        if ended:
            self._asking = False
            self._printer.typed()
        self._stirred.set()

    def _take(self, line: str) -> None:
        it = self.conversation
        offered, self._offered = self._offered, ""
        line = line or offered
        self._teller.typed = meaning(line) is Meaning.SEED and bool(line)
        self._interrupted_s = -math.inf
        if self._keeper is not None:
            self._keeper.prompt(line)
        before = settings_shown(it)
        try:
            if not take_line(it, line):
                self._offer("this was not sent", line)
        except CharlmError as error:
            self._show(Noticed(str(error), error=True))
            return
        if meaning(line) is Meaning.COMMAND:  # what a seed has changed, its reply's last line says
            for words in confirmed(it, before, line):
                self._printer.line("notice", words)

    def _offer(self, why: str, seed: str) -> None:
        self._offered = seed
        self._printer.line("notice", f"{why}; an empty line sends it: {seed}")

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
            case SeedReturned(text=text):
                self._offer("this seed was not sent", text)
            case SeedDreamt(text=text):
                self._offer("the model has made up a seed", text)
            case ViewWanted(view="tint", argument=name) if name.lower() != WORDS:
                self._printer.line("notice", surprises_in_words(self.conversation.turn))
            case HelpWanted():
                self._printer.table(("command", "what it does"), command_rows())
                self._printer.line("notice", TYPING)
            case _:
                self._teller.show(update)
        if self._asking and not self._printer.is_asking:  # something was said after the label
            self._printer.ask(LABELS["seed"])

    # The end.

    def _loop_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Leave for an exception that a callback has raised; asyncio would print pages."""
        error = context.get("exception")
        if _is_hung_up(error):
            self._leave(HUNG_UP)
        elif error is not None and self._failure is None:
            self._failure = FaultError(unexpected(error))
            self._leave(1)

    def _thread_failed(self, fault: threading.ExceptHookArgs) -> None:
        """The same, for one that a thread has raised."""
        context = {"exception": fault.exc_value}
        with contextlib.suppress(RuntimeError):  # of a loop that has ended already
            self._loop.call_soon_threadsafe(self._loop_failed, self._loop, context)

    def _interrupt(self) -> None:
        """Stop what is running; if nothing is, quit the second time."""
        it, now = self.conversation, time.monotonic()
        self._asking, self._typed = False, ""  # the terminal has dropped what was typed, too
        if it.state is Phase.LOADING and it.model is None:
            self._leave(INTERRUPTED)
        elif it.busy or it.state is Phase.DREAMING:
            it.stop()
        elif now - self._interrupted_s < TWICE_S:
            self._leave()
        else:
            self._printer.line("notice", ONCE_MORE)
            self._interrupted_s = now
        self._stirred.set()

    def _leave(self, code: int = 0) -> None:
        """End the chat; the first request to do so tells the exit code."""
        if self._code is None:
            self._code = code
        self._stirred.set()


def _has_hung_up(descriptor: int) -> bool:
    """Return whether a terminal was closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # a hang-up is told whatever is asked for
    return any(found & select.POLLHUP for _, found in poll.poll(0))


def _is_hung_up(error: object) -> bool:
    """Return whether an error is that of a terminal that was closed."""
    return isinstance(error, OSError) and error.errno == errno.EIO
