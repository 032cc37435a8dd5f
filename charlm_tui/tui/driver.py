"""Textual's driver of a terminal, for terminals as they are: closed, stopped, and saying anything.

Textual writes from a thread, through a queue of a bounded length. An error ends that thread, and
the app would then wait for room in the queue for ever. It reads on another, which a byte that is no
UTF-8 ends, or a key with a number that no character has: nothing that is typed is heard after that.
"""

import asyncio
import contextlib
import io
import os
import re
import select
import signal
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable
from typing import Any

from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Resize
from textual.geometry import Size
from textual.message import Message

READ_BYTES = 4096  # at once
MOST_OF_A_KEY = 40  # characters: Textual takes none that is longer
TICK_S = 0.1  # after which it is looked whether an Escape is a key, and whether the app has ended
LEAST_COLUMNS = 8  # that are drawn: of fewer, borders and margins leave nothing
MOST_COLUMNS, MOST_ROWS = 1000, 500  # the same: no terminal that anybody looks at has more

_BEFORE_ESCAPES = re.compile("(?=\x1b)")


class TerminalFile(io.FileIO):
    """A terminal, to which everything can be written: in vain once it is closed."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)

    def write(self, data: Any, /) -> int:
        """Write what there is room for, once there is room; return the number of bytes."""
        try:
            while (count := super().write(data)) is None:  # others can make it non-blocking
                select.select([], [self], [])
        except OSError:
            return memoryview(data).nbytes
        return count


class Typing:
    """What is typed, read as keys, clicks and pastes, whatever a terminal says beside them.

    Args:
        hand_over: takes each of them.
        debug: whether Textual's parser writes down what it reads.
    """

    def __init__(self, hand_over: Callable[[Message], None], debug: bool = False) -> None:
        self._hand_over = hand_over
        self._debug = debug
        self._parser = XTermParser(debug)

    def read(self, text: str) -> None:
        """Read what has come, nothing for example; also look whether an Escape is a key."""
        for part in _BEFORE_ESCAPES.split(text):
            # A sequence is read to its end one by one: what cannot be read costs no other key.
            for each in (*part[:MOST_OF_A_KEY], part[MOST_OF_A_KEY:]):
                if each:
                    self._take(self._parser.feed(each))
        self._take(self._parser.tick())

    def _take(self, messages: Iterable[Message]) -> None:
        """Hand over what the parser reads; leave out what is no key, click or paste."""
        parser, read = self._parser, iter(messages)
        while True:
            try:
                message = next(read, None)
            except (ValueError, ArithmeticError):  # of a number that no character has, say
                self._parser = XTermParser(self._debug)  # the old one has stopped for good
                self._parser.mouse_pixels = parser.mouse_pixels
                self._parser.terminal_size = parser.terminal_size
                self._parser.terminal_pixel_size = parser.terminal_pixel_size
                return
            if message is None:
                return
            if not (isinstance(message, Key) and _is_half(message.character)):
                self._hand_over(message)


class TerminalDriver(LinuxDriver):
    """Textual's driver, on such a file; leaves every mode that it has entered."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        terminal = self._file
        assert terminal is not None
        self._file = io.TextIOWrapper(
            io.BufferedWriter(TerminalFile(terminal.fileno())),
            encoding=terminal.encoding,
            errors="replace",  # one cell for one: more would put all that follows out of its place
            newline="\n",
        )
        # Textual's own handlers act in the midst of whatever is being done, a write for example,
        # and take a process that goes on for one that has given the terminal back.
        for number in (signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)
        self._typing = Typing(self.process_message, self._debug)
        self._suspended = False  # whether the terminal is given back

    def follow_suspensions(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the terminal back while the process is stopped, and take it again after that."""
        loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        loop.add_signal_handler(signal.SIGCONT, self._continue)

    def _suspend(self) -> None:
        if not self._suspended:
            self.suspend_application_mode()
            self._suspended = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _continue(self) -> None:
        """Enter every mode, again if need be: who has stopped this process may have left them."""
        if not self._suspended:
            self.suspend_application_mode()
        self._suspended = False
        self._must_signal_resume = True  # the app draws all of the screen then
        self.resume_application_mode()

    def stop_application_mode(self) -> None:
        super().stop_application_mode()
        self.write("\x1b[?1016l")  # the mouse in pixels, which Textual leaves on
        self.flush()

    def _get_terminal_size(self) -> tuple[int, int]:
        return bounded(*super()._get_terminal_size())

    def process_message(self, message: Message) -> None:
        if isinstance(message, Resize):  # of a terminal that tells its size by itself
            message.size = message.virtual_size = Size(*bounded(*message.size))
        super().process_message(message)

    # What is typed; on a thread.

    def _run_input_thread(self) -> None:
        self.run_input_thread()  # Textual would print what is raised, and not leave for it

    def run_input_thread(self) -> None:
        """Read what is typed until the app leaves, and hand it over as keys."""
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        while not self.exit_event.is_set():
            self._typing.read(decode(self._read()) if poll.poll(TICK_S * 1000) else "")

    def _read(self) -> bytes:
        """Read what was typed; nothing, after a while, from a terminal that was closed."""
        with contextlib.suppress(OSError):
            if data := os.read(self.fileno, READ_BYTES):
                return data
        self.exit_event.wait(TICK_S)  # `hangup` ends the process
        return b""


def bounded(columns: int, rows: int) -> tuple[int, int]:
    """Return the size that is drawn for a terminal's; a terminal cuts off what it has no room for.

    Textual takes time and memory for every cell.
    """
    return min(max(columns, LEAST_COLUMNS), MOST_COLUMNS), min(max(rows, 1), MOST_ROWS)


def _is_half(character: str | None) -> bool:
    """Return whether a character is half of a pair, which no file and no database takes."""
    return character is not None and len(character) == 1 and "\ud800" <= character <= "\udfff"
