"""`charlm-tui web` in a process of its own, and what a browser's page says to it."""

import asyncio
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pyte
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

BOUND_S = 60.0
COLUMNS, ROWS = 100, 30


class Served:
    """The server; it is there, and at `address`."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "charlm_tui", "web", "--port", "0", *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.said: list[str] = []
        while not self.said or not self.said[-1].startswith("serving on "):
            line = self._errors.readline()
            assert line, f"it never served; it said {self.said}"
            self.said.append(line.rstrip("\n"))
        self.address = self.said[-1].split()[2].rstrip(";")

    @property
    def _errors(self) -> Any:
        assert self.process.stderr is not None
        return self.process.stderr

    def processes(self) -> list[int]:
        """Return the process ids of every process below the server."""
        return below(self.process.pid)

    def commands(self) -> list[str]:
        """Return the end of the command of each of them, for who looks why one is missing."""
        return [Path(f"/proc/{pid}/cmdline").read_text()[-60:] for pid in self.processes()]

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """End it by a signal; return its exit code, and what else it has said."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=BOUND_S)
        return self.process.returncode, said


@contextlib.contextmanager
def served(*options: str) -> Iterator[Served]:
    it = Served(*options)
    try:
        yield it
    finally:
        if it.process.poll() is None:
            it.end()


def below(pid: int) -> list[int]:
    """Return the process ids of every process below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *below(child)]
    return found


class Gone:
    """Waits until processes are gone that were there."""

    def __init__(self, pids: list[int]) -> None:
        self._handles = [os.pidfd_open(pid) for pid in pids]

    def __enter__(self) -> "Gone":
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            os.close(handle)

    def all(self) -> bool:
        """Return whether all of them are gone, within a bound."""
        end_s = monotonic() + BOUND_S
        return all(
            select.select([handle], [], [], max(0.0, end_s - monotonic()))[0]
            for handle in self._handles
        )


class Visitor:
    """A browser's socket, and the screen that it draws."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    async def type(self, keys: str) -> None:
        await self.socket.send_str(json.dumps(["stdin", keys]))

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        """Read until a condition holds; say what never happened if it does not come."""
        try:
            async with asyncio.timeout(BOUND_S):
                while not condition():
                    message = await self.socket.receive()
                    assert message.type is WSMsgType.BINARY, f"{message} before {what}"
                    self._stream.feed(message.data)
        except TimeoutError:
            raise AssertionError(
                f"it never happened: {what}; the screen was\n{self.text}"
            ) from None

    async def shows(self, words: str) -> None:
        await self.until(lambda: words in self.text, f"{words!r} was shown")

    async def reads_until(self, happens: Coroutine[Any, Any, Any]) -> None:
        """Read, and so answer the server's pings, until something has happened."""

        async def read() -> None:
            while True:
                self._stream.feed(await self.socket.receive_bytes())

        reading = asyncio.create_task(read())
        try:
            await happens
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def ended(self) -> tuple[int | None, str | None]:
        """Read until the server has closed the socket; return the code and the reason."""
        async with asyncio.timeout(BOUND_S):
            while (message := await self.socket.receive()).type is WSMsgType.BINARY:
                pass
        return self.socket.close_code, message.extra


@contextlib.asynccontextmanager
async def visitor(session: ClientSession, address: str) -> AsyncIterator[Visitor]:
    """Open the studio as a page does."""
    url = f"{address}/ws?width={COLUMNS}&height={ROWS}"
    async with session.ws_connect(url, origin=address) as socket:
        yield Visitor(socket)
