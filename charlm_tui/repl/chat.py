"""The chat: a prompt, a reply that streams, a prompt again, in one event loop.

Owns the terminal's mode, and when the person leaves. What is told of the conversation is written
elsewhere.
"""

import asyncio
import math
import os
import signal
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import get_typeahead, store_typeahead
from rich.console import Console

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import Engine
from charlm_tui.errors import INTERRUPTED, CharlmError
from charlm_tui.repl.engine_loop import ONCE_MORE, TWICE_S, EngineLoop, is_hung_up
from charlm_tui.repl.input import Listener
from charlm_tui.repl.printer import MARKS, PLAIN_MARKS, Printer
from charlm_tui.repl.prompt import KeptPrompts, new_prompt
from charlm_tui.repl.status import confirmed, settings_shown, standing
from charlm_tui.repl.transcript import Teller
from charlm_tui.reply.tints import Tint
from charlm_tui.session.typed import Meaning, line_of, meaning, take_line
from charlm_tui.session.updates import (
    Noticed,
    Phase,
    SeedDreamt,
    SeedReturned,
    StateChanged,
    Update,
)

ESCAPE_S = 0.1  # after which an Escape is no beginning of another key
PASTES_ON, PASTES_OFF = "\x1b[?2004h", "\x1b[?2004l"


def run(
    model: str,
    new_engine: Callable[[str], Engine],
    controls: Controls,
    seed: str | None = None,
    tint: Tint = Tint.PLAIN,
    history: Path | None = None,
    continues: bool = False,
    follows: bool = False,
) -> int:
    """Chat until the person leaves; return the exit code.

    Args:
        model: path of the model file.
        new_engine: starts one, which loads such a file; and another, if that one dies.
        controls: at the start.
        seed: is sent at once, unless it is None.
        tint: of the text.
        history: where replies and prompts are kept; None is nowhere.
        continues: whether new seeds continue the conversation.
        follows: whether a model file that was replaced is loaded before the next reply.

    Raises:
        UnusableError: no engine can load the model.
    """
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]

    async def chat() -> int:
        it = Chat(model, new_engine, controls, tint, history)
        it.conversation.continues, it.conversation.loading.follows = continues, follows
        return await it.run(seed)

    return asyncio.run(chat())


def run_spoken(
    model: str,
    new_engine: Callable[[str], Engine],
    controls: Controls,
    seed: str | None = None,
    history: Path | None = None,
    continues: bool = False,
    follows: bool = False,
) -> int:
    """Chat in a terminal that is read aloud; otherwise as `run`."""
    from charlm_tui.repl.spoken import SpokenChat

    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]

    async def chat() -> int:
        it = SpokenChat(model, new_engine, controls, history)
        it.conversation.continues, it.conversation.loading.follows = continues, follows
        return await it.run(seed)

    return asyncio.run(chat())


class Chat(EngineLoop):
    """One conversation in a terminal; for the arguments see `run`."""

    def __init__(
        self,
        model: str,
        new_engine: Callable[[str], Engine],
        controls: Controls,
        tint: Tint,
        history: Path | None,
    ) -> None:
        super().__init__(model, new_engine, controls, history)
        self._console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        marks = MARKS if _has_all_characters(self._console) else PLAIN_MARKS
        self._printer = Printer(self._console, marks, self._place)
        kept = self._keeper
        prompts: History = KeptPrompts(kept) if kept is not None else InMemoryHistory()
        self._teller = Teller(self.conversation, self._printer, tint)
        self._listener = Listener(self.conversation, self._printer, self._interrupt, self._leave)
        self._input = create_input(sys.stdin)
        self._prompt = new_prompt(
            marks["seed"],
            lambda width: standing(self.conversation, width),
            self._listener.run,
            self._input,
            prompts,
        )
        self._offered = ""  # is in the next prompt
        self._patient = True  # whether answers are waited for

    async def run(self, seed: str | None) -> int:
        """Chat until the person leaves; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            self._loop.add_signal_handler(number, self._leave, 128 + number)
        self._loop.add_signal_handler(signal.SIGINT, self._signalled)
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        self._loop.add_signal_handler(signal.SIGCONT, self._continue)
        self._cooked = termios.tcgetattr(sys.stdin)
        try:
            # Raw for as long as it lasts: between two prompts nothing is echoed, and nothing lost.
            with self._input.raw_mode(), self._input.attach(self._read_keys):
                self._raw = termios.tcgetattr(sys.stdin)
                await self._chat(seed)
                self.conversation.stop()
                self._printer.fresh()
        except OSError as error:
            if not is_hung_up(error):
                raise
            self._leave(128 + signal.SIGHUP)
        finally:
            self._close()
        return self._result

    async def _chat(self, seed: str | None) -> None:
        self._begin(seed)
        await self._until_settled()
        while self._code is None:
            line = await self._ask()
            if line is not None and self._code is None:
                self._take(line)
                await self._until_settled()

    async def _ask(self) -> str | None:
        """Return the line that is typed; None if it was none."""
        store_typeahead(self._input, self._listener.ahead)
        offered, self._offered, self._listener.ahead = self._offered, "", []
        try:
            return await self._prompt.prompt_async(
                default=offered, handle_sigint=False, set_exception_handler=False
            )
        except KeyboardInterrupt:
            self._interrupt()
        except EOFError:
            self._leave()
        return None

    def _take(self, line: str) -> None:
        self._teller.typed = meaning(line) is Meaning.SEED
        self._interrupted_s = -math.inf
        before = settings_shown(self.conversation)
        try:
            if not take_line(self.conversation, line):
                self._offered = line
        except CharlmError as error:
            self._show(Noticed(str(error), error=True))
            return
        if not self._goes_on:  # what a reply is drawn with, its last line says
            for words in confirmed(self.conversation, before, line):
                self._printer.line("notice", words)

    async def _until_settled(self) -> None:
        """Wait, reading keys, until there is nothing that the person would wait for."""
        self._patient = True
        self._listener.press_early(get_typeahead(self._input))  # what came with Enter
        if self._console.is_dumb_terminal:
            await self._settle()
            return
        self._console.file.write(PASTES_ON)
        self._console.file.flush()
        try:
            await self._settle()
        finally:
            self._console.file.write(PASTES_OFF)
            self._console.file.flush()

    @property
    def _waits(self) -> bool:
        """Whether an answer is waited for; whoever types on is not kept."""
        pending = self.conversation.requests.pending or self._words.pending
        return pending and self._patient and not self._listener.ahead

    # What the engine and the conversation say.

    def _told(self, update: Update) -> None:
        match update:
            case SeedReturned(text=text) | SeedDreamt(text=text):
                self._offered = line_of(text)
            case _:
                self._teller.show(update)

    def _show(self, update: Update) -> None:
        super()._show(update)
        if isinstance(update, StateChanged) and self._prompt.app.is_running:
            self._prompt.app.invalidate()

    def _place(self, write: Callable[[], None]) -> None:
        """Write now, or above the prompt if there is one."""
        if self._prompt.app.is_running:
            run_in_terminal(write)
        else:
            write()

    # Keys and signals.

    def _read_keys(self) -> None:
        """Read what is pressed while there is no prompt."""
        self._listener.press_all(self._input.read_keys())
        if self._input.closed:
            self._leave()
        self._loop.call_later(ESCAPE_S, self._flush_keys)
        self._stirred.set()

    def _flush_keys(self) -> None:
        if not self._prompt.app.is_running:
            for key in self._input.flush_keys():
                self._listener.press(key)

    def _signalled(self) -> None:
        """Take a SIGINT, which no key has sent, for the key."""
        if self._prompt.app.is_running:
            self._prompt.app.key_processor.send_sigint()
        else:
            self._interrupt()

    def _suspend(self) -> None:
        """Stop the process, as Ctrl+Z does, with the terminal as it was before the chat."""

        def stop() -> None:
            inside = termios.tcgetattr(sys.stdin)
            self._console.file.write(PASTES_OFF)
            self._console.file.flush()
            termios.tcsetattr(sys.stdin, termios.TCSANOW, self._cooked)
            os.kill(os.getpid(), signal.SIGSTOP)  # and goes on here
            termios.tcsetattr(sys.stdin, termios.TCSANOW, inside)

        self._place(stop)

    def _continue(self) -> None:
        """Take the terminal again: who has stopped this process may have left its mode."""
        termios.tcsetattr(sys.stdin, termios.TCSANOW, self._raw)
        if self._prompt.app.is_running:
            run_in_terminal(lambda: None)  # and draws the prompt
        elif not self._console.is_dumb_terminal:
            self._console.file.write(PASTES_ON)
            self._console.file.flush()

    def _interrupt(self) -> None:
        """Stop what is running; if nothing is, quit the second time."""
        it, now = self.conversation, time.monotonic()
        if it.state is Phase.LOADING and it.model is None:
            self._leave(INTERRUPTED)
            return
        if it.busy or it.state is Phase.DREAMING:
            it.stop()
        elif self._waits and not self._prompt.app.is_running:
            self._patient = False
        elif now - self._interrupted_s < TWICE_S:
            self._leave()
            return
        self._printer.line("notice", ONCE_MORE)
        self._interrupted_s = now
        self._stirred.set()

    def _leave(self, code: int = 0) -> None:
        """End the chat; the first request to do so tells the exit code."""
        super()._leave(code)
        app = self._prompt.app
        if app.is_running and app.future is not None and not app.future.done():
            app.exit(exception=EOFError())


def _has_all_characters(console: Console) -> bool:
    """Return whether a terminal is likely to have more than a few hundred characters."""
    return console.encoding.startswith("utf") and os.environ.get("TERM") != "linux"
