"""The chat for a screen reader: whole lines, labels in place of marks, and nothing drawn again.

The terminal stays as it is: it edits the line that is typed, and nothing is written below or over
it. What is typed while a reply comes is kept, and commands among it act at once. Has no keys.
"""

import asyncio
import math
import os
import select
import signal
import sys
import time
from codecs import getincrementaldecoder
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import Engine
from charlm_tui.errors import INTERRUPTED, CharlmError
from charlm_tui.repl.engine_loop import ONCE_MORE, TWICE_S, EngineLoop, is_hung_up
from charlm_tui.repl.keys import command_rows
from charlm_tui.repl.sentences import LABELS, SentencePrinter
from charlm_tui.repl.status import confirmed, settings_shown
from charlm_tui.repl.transcript import Teller
from charlm_tui.reply.tints import Tint
from charlm_tui.session.in_words import WORDS, surprises_in_words
from charlm_tui.session.typed import Meaning, meaning, take_line
from charlm_tui.session.updates import (
    HelpWanted,
    Noticed,
    Phase,
    SeedDreamt,
    SeedReturned,
    Update,
    ViewWanted,
)

HUNG_UP = 128 + signal.SIGHUP
READ_BYTES = 4096  # the longest line that a terminal hands over
TYPING = (
    "Enter sends the seed; an empty line continues the reply. While a reply comes, a command acts "
    "at once, and a seed waits. /tint words tells what was most surprising. Ctrl+C stops the "
    "reply, twice quits; Ctrl+D quits."
)


class SpokenChat(EngineLoop):
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
        super().__init__(model, new_engine, controls, history)
        console = Console(
            file=sys.stdout, highlight=False, markup=False, emoji=False, color_system=None
        )
        self._printer = SentencePrinter(console)
        self._teller = Teller(self.conversation, self._printer, Tint.PLAIN)
        self._decode = getincrementaldecoder("utf-8")(errors="replace").decode
        self._typed = ""  # of a line that has not ended
        self._lines: deque[str] = deque()
        self._offered = ""  # a seed that an empty line sends
        self._asking = False  # whether the label of a seed stands there, and nothing behind it

    async def run(self, seed: str | None) -> int:
        """Chat until the person leaves; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            self._loop.add_signal_handler(number, self._leave, 128 + number)
        self._loop.add_signal_handler(signal.SIGINT, self._interrupt)
        self._loop.add_reader(sys.stdin.fileno(), self._read)
        try:
            await self._chat(seed)
            self.conversation.stop()
            self._printer.fresh()
        except OSError as error:
            if not is_hung_up(error):
                raise
            self._leave(HUNG_UP)
        finally:
            self._loop.remove_reader(sys.stdin.fileno())
            self._close()
        return self._result

    async def _chat(self, seed: str | None) -> None:
        self._begin(seed)
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

    def _take_early(self) -> None:
        """Do the commands that were typed meanwhile; seeds wait."""
        for line in [each for each in self._lines if meaning(each) is Meaning.COMMAND]:
            self._lines.remove(line)
            self._take(line)

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

    def _told(self, update: Update) -> None:
        match update:
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

    def _show(self, update: Update) -> None:
        super()._show(update)
        if self._asking and not self._printer.is_asking:  # something was said after the label
            self._printer.ask(LABELS["seed"])

    # The end.

    def _loop_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if is_hung_up(context.get("exception")):
            self._leave(HUNG_UP)
        else:
            super()._loop_failed(loop, context)

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


def _has_hung_up(descriptor: int) -> bool:
    """Return whether a terminal was closed."""
    poll = select.poll()
    poll.register(descriptor, 0)  # a hang-up is told whatever is asked for
    return any(found & select.POLLHUP for _, found in poll.poll(0))
