"""One visitor: a browser's socket, and the process that has the studio which is shown there.

Owns that the process leaves with the browser, and the browser with the process. Knows nothing of
addresses and of other visitors.
"""

import asyncio
import contextlib
import os
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from charlm_tui.web.packets import MOST_PACKET, PacketFault, Pong, meta, packet_of

DRIVER = "charlm_tui.tui.visitor_driver:VisitorDriver"
LEAVE_S = 3.0  # that a process has to leave in order
BEGIN = b"__GANGLION__\n"  # the line after which Textual's driver writes packets
MOST_LINES = 20  # before it
LAST_BYTES = 4096  # of what a process writes to standard error
FPS = 30  # frames a second that a process draws at the most
_NOT_THEIRS = ("TEXTUAL", "EDITOR", "VISUAL", "NO_COLOR", "LINES")
"""What the names of variables begin with that are about the terminal of whoever serves."""
_MOTION = "TEXTUAL_ANIMATIONS"


class Visitor:
    """A visitor from the first to the last.

    Args:
        socket: of the browser; it is open.
        words: the command of the process.
        size: columns and rows of the screen at first.
        idle_s: seconds after which a visitor is ended who types nothing.
        said: what the browser has said already.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        words: Sequence[str],
        size: tuple[int, int],
        idle_s: float,
        said: Sequence[WSMessage] = (),
    ) -> None:
        self._socket = socket
        self._words = words
        self._size = size
        self._idle_s = idle_s
        self._said = said
        self._heard_s = time.monotonic()  # when something was typed last
        self._last = b""  # what the process has written to standard error

    async def run(self) -> str:
        """Show the studio until either end leaves; return what the process said if it failed."""
        process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment(self._size),
            start_new_session=True,  # Ctrl+C in the server's terminal is for the server
        )
        listening = asyncio.create_task(self._listen(process))
        showing = asyncio.create_task(self._show(process))
        erring = asyncio.create_task(self._keep_errors(process))
        idling = asyncio.create_task(self._idle())
        lasting = [listening, showing, idling]
        try:
            await asyncio.wait(lasting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in lasting:
                task.cancel()
            await asyncio.gather(*lasting, return_exceptions=True)
            await asyncio.shield(self._end(process, erring))
        for task in lasting:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        failed = process.returncode is not None and process.returncode > 0
        return self._last.decode("utf-8", "replace").strip() if failed else ""

    async def _listen(self, process: Process) -> None:
        """Hand what the browser sends to the process; return when it is gone, or at fault."""
        assert process.stdin is not None
        async for message in self._messages():
            try:
                if message.type is not WSMsgType.TEXT:
                    raise PacketFault
                packet = packet_of(message.data)
            except PacketFault:
                await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)
                return
            try:
                if isinstance(packet, Pong):
                    await self._socket.send_str(packet)
                    continue
                if packet[:1] == b"D":
                    self._heard_s = time.monotonic()
                process.stdin.write(packet)
                await process.stdin.drain()
            except (ConnectionError, RuntimeError):  # either end is gone
                return

    async def _messages(self) -> AsyncIterator[WSMessage]:
        for message in self._said:
            yield message
        async for message in self._socket:
            yield message

    async def _show(self, process: Process) -> None:
        """Hand what the process draws to the browser; return when either is gone."""
        out = process.stdout
        assert out is not None
        try:
            for _ in range(MOST_LINES):
                if await out.readline() == BEGIN:
                    break
            else:
                return
            while True:
                head = await out.readexactly(5)
                length = int.from_bytes(head[1:], "big")
                if length > MOST_PACKET:
                    return
                payload = await out.readexactly(length)
                if head[:1] == b"D":  # whatever else is told is for who gives files away
                    await self._socket.send_bytes(payload)
        except (asyncio.IncompleteReadError, ValueError, ConnectionError, RuntimeError):
            return

    async def _keep_errors(self, process: Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(LAST_BYTES):
            self._last = (self._last + data)[-LAST_BYTES:]

    async def _idle(self) -> None:
        """Return when nothing has been typed for too long."""
        while (left_s := self._heard_s + self._idle_s - time.monotonic()) > 0:
            await asyncio.sleep(left_s)

    async def _end(self, process: Process, erring: "asyncio.Task[None]") -> None:
        """Have the process leave, and kill it with all of its group if it does not."""
        assert process.stdin is not None
        assert process.stdout is not None
        if not self._socket.closed:
            with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._socket.close(code=WSCloseCode.GOING_AWAY)
        with contextlib.suppress(ConnectionError, RuntimeError):
            process.stdin.write(meta(type="quit"))
            process.stdin.close()  # of which it would leave as well
        draining = asyncio.create_task(_drain(process.stdout))
        try:
            async with asyncio.timeout(LEAVE_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        for task in (draining, erring):  # whoever inherited the pipe may keep it open
            task.cancel()
        await asyncio.gather(draining, erring, return_exceptions=True)


async def _drain(out: asyncio.StreamReader) -> None:
    while await out.read(2**16):
        pass


def environment(size: tuple[int, int]) -> dict[str, str]:
    """Return the variables of a visitor's process, with the size of its screen."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == _MOTION or not name.startswith(_NOT_THEIRS)
    }
    columns, rows = size
    return kept | {
        "TEXTUAL_DRIVER": DRIVER,
        "TEXTUAL_COLOR_SYSTEM": "truecolor",
        "TEXTUAL_FPS": str(FPS),
        "COLUMNS": str(columns),
        "ROWS": str(rows),
    }
