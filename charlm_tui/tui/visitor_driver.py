"""Textual's driver of a browser, for a browser that says anything and can be gone at any time.

Reads packets from standard input, and writes to standard output: a web server hands them on. It
ends the app when that server is gone, and gives no visitor a file.
"""

import contextlib
import os
from codecs import getincrementaldecoder
from functools import partial
from typing import Any

from textual.drivers._byte_stream import ByteStream
from textual.drivers.web_driver import WebDriver
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.messages import ExitApp

from charlm_tui.tui.driver import Typing, bounded
from charlm_tui.tui.terminal_app import TerminalApp


class VisitorDriver(WebDriver):
    """Textual's driver, which leaves with its server, and is as robust as that of a terminal."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self._size is not None:
            self._size = bounded(*self._size)
        self._write = partial(self._put)

    def _put(self, data: bytes) -> int:
        """Write all of some bytes: in vain once the server is gone, which the other thread sees."""
        left = data
        with contextlib.suppress(OSError):
            while left:
                left = left[os.write(self.fileno, left) :]
        return len(data)

    def process_message(self, message: Message) -> None:
        """Hand on what was typed or has happened; a size is one that can be drawn."""
        if isinstance(message, Resize):
            message.size = message.virtual_size = Size(*bounded(*message.size))
        super().process_message(message)

    def run_input_thread(self) -> None:
        """Read packets until the app leaves, or have it leave when no more come."""
        typing = Typing(self.process_message, self._debug)
        decode = getincrementaldecoder("utf-8")(errors="replace").decode
        packets = ByteStream()
        try:
            for data in self._input_reader:
                for kind, payload in packets.feed(data) if data else ():
                    if kind == "D":
                        typing.read(decode(payload))
                    else:
                        self._on_meta(kind, payload)
                typing.read("")
        except Exception as error:  # what is no packet; whoever sent it is no server of ours
            if isinstance(self._app, TerminalApp):
                self._app.fail(error)
        finally:
            self._input_reader.close()
            if not self.exit_event.is_set():
                self._app.post_message(ExitApp())

    def on_meta(self, packet_type: str, payload: dict[str, Any]) -> None:
        """Take in what a server says beside keys: sizes, the focus, and the end."""
        if packet_type == "resize":
            size = Size(*bounded(int(payload["width"]), int(payload["height"])))
            self._size = size
            self._app.post_message(Resize(size, size))
        elif packet_type in ("focus", "blur", "quit"):
            super().on_meta(packet_type, payload)
