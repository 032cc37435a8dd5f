"""The web server: a page, and a studio for everybody who opens it, as many as there are places.

Owns who is let in, and that nobody's process stays when it ends. The page's script and fonts are
textual-serve's; the processes are `visitor`'s.
"""

import asyncio
import contextlib
import html
import ipaddress
import logging
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMessage, web
from aiohttp.typedefs import Handler

from charlm_tui.errors import CharlmError
from charlm_tui.log import unexpected
from charlm_tui.text import told
from charlm_tui.web.packets import MOST_COLUMNS, MOST_ROWS, bounded
from charlm_tui.web.visitor import LEAVE_S, Visitor

PLACE_S = LEAVE_S + 1  # that a visitor waits for a place: longer than a process takes to leave
HEARTBEAT_S = 30.0  # between two pings; a browser that does not answer in half of it is gone
MOST_MESSAGE = 256 * 1024  # bytes of one message of a browser
MOST_SAID = 100  # messages of a browser that waits
STATIC = Path(str(files("textual_serve"))) / "static"
PAGE = Path(__file__).with_name("page.html")
FONT_SIZES = (8, 40)  # pixels
CLOSED = "This address is for one machine alone: open the one that charlm-tui web has printed."
_A_HOST = re.compile(r"[\w.-]+(:\d+)?|\[[\da-fA-F:.]+\](:\d+)?", re.ASCII)
LEAVING = {signal.SIGINT: 0, signal.SIGTERM: 128 + 15, signal.SIGHUP: 128 + 1}
"""The signals at which the server leaves, and its exit code then."""


class AddressError(CharlmError):
    """The server cannot be at that address."""


class Serving(NamedTuple):
    """What is served, and to how many."""

    words: Sequence[str]
    """The command of a visitor's process."""
    host: str
    port: int
    """0 is any that is free."""
    visitors: int
    """How many there can be at once."""
    idle_s: float
    """Seconds after which a visitor is ended who types nothing."""
    tell: Callable[[str], None]
    """Tells the person at the terminal a sentence."""


def serve(it: Serving) -> int:
    """Serve until a signal ends it; return the exit code.

    Raises:
        AddressError: the server cannot be at this address.
    """
    for name in ("aiohttp", "asyncio"):  # what they would print, pages of it, is told by us
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    return asyncio.run(StudioServer(it).run())


class StudioServer:
    """The server, and its visitors."""

    def __init__(self, it: Serving) -> None:
        self._it = it
        self._places = asyncio.Semaphore(it.visitors)
        self._left = asyncio.Event()
        self._visits: set[asyncio.Task[None]] = set()
        self._code = 0

    async def run(self) -> int:
        """Serve until a signal ends it; return the exit code."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._failed(context.get("exception")))
        for number, code in LEAVING.items():
            loop.add_signal_handler(number, partial(self._leave, code))
        runner = web.AppRunner(self.application(), access_log=None, handle_signals=False)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._it.host, self._it.port)
            try:
                await site.start()
            except (OSError, OverflowError) as error:
                raise AddressError(
                    f"{self._it.host} port {self._it.port} cannot be served at: "
                    f"{_reason(error)}; give another --port, or another --host"
                ) from None
            host, port = runner.addresses[0][:2]
            if ipaddress.ip_address(host).is_unspecified:
                host = socket.gethostname()
            shown = f"[{host}]" if ":" in host else host
            self._it.tell(f"serving on http://{shown}:{port}; Ctrl+C ends it")
            await self._left.wait()
            await site.stop()
            await self._end_visits()
        finally:
            await runner.cleanup()
        return self._code

    def application(self) -> web.Application:
        """Return what answers requests."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/page.js", _script),
                web.get("/ws", self._visit),
                web.static("/static", STATIC, show_index=False),
            ]
        )
        app.on_response_prepare.append(_harden)
        return app

    def _leave(self, code: int) -> None:
        self._code = code
        self._left.set()

    async def _end_visits(self) -> None:
        """End every visitor's process, all at once."""
        for task in self._visits:
            task.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def _failed(self, error: BaseException | None) -> None:
        if error is not None:
            self._it.tell(unexpected(error))

    @web.middleware  # type: ignore[untyped-decorator]
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse who has come by another name than ours: a page elsewhere can have one made up."""
        if not is_ours(request.host, self._it.host):
            return web.Response(status=403, text=CLOSED + "\n")
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception as error:
            self._failed(error)
            return web.Response(status=500, text="Something failed here; try again.\n")

    async def _page(self, request: web.Request) -> web.Response:
        values = {
            "websocket": f"ws://{request.host}/ws",
            "font-size": str(_number(request, "fontsize", 16, *FONT_SIZES)),
        }
        page = PAGE.read_text(encoding="utf-8")
        for name, value in values.items():
            page = page.replace("{{ " + name + " }}", html.escape(value))
        return web.Response(text=page, content_type="text/html")

    async def _visit(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Origin") != f"http://{request.host}":
            return web.Response(status=403, text=CLOSED + "\n")
        browser = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MOST_MESSAGE)
        size = (
            _number(request, "width", 80, 1, MOST_COLUMNS),
            _number(request, "height", 24, 1, MOST_ROWS),
        )
        await browser.prepare(request)
        await self._keep(partial(self._show, browser, size))
        return browser

    async def _show(self, browser: web.WebSocketResponse, size: tuple[int, int]) -> str:
        """Show the studio once there is a place; return what its process said if it failed."""
        said: list[WSMessage] = []
        if not await self._has_place(browser, said):
            if not browser.closed:
                await browser.close(code=WSCloseCode.TRY_AGAIN_LATER, message=self._full.encode())
            return ""
        try:
            return await Visitor(browser, self._it.words, size, self._it.idle_s, said).run()
        finally:
            self._places.release()

    async def _has_place(self, browser: web.WebSocketResponse, said: list[WSMessage]) -> bool:
        """Wait for a place; return whether there is one and the browser still wants it.

        Args:
            browser: that waits.
            said: what it says meanwhile comes here.
        """
        place = asyncio.create_task(self._places.acquire())
        listening = asyncio.create_task(_listen(browser, said))
        has = False
        try:
            await asyncio.wait(
                (place, listening), timeout=PLACE_S, return_when=asyncio.FIRST_COMPLETED
            )
            has = place.done() and not listening.done()
            return has
        finally:
            for task in (place, listening):
                task.cancel()
            await asyncio.gather(place, listening, return_exceptions=True)
            if not has and not place.cancelled():  # it came too late
                self._places.release()

    @property
    def _full(self) -> str:
        """What is said if every place is taken; a browser can be told 123 bytes."""
        places = self._it.visitors
        words = "the only place is" if places == 1 else f"all {places} places are"
        return f"Sorry, {words} taken; try again later."

    async def _keep(self, run: Callable[[], Awaitable[str]]) -> None:
        """Run a visitor to the end, also where the browser is gone before that."""

        async def visit() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                if said := await run():
                    self._it.tell(f"a visitor's studio has failed: {told(said)}")

        task = asyncio.create_task(visit())
        self._visits.add(task)
        try:
            await task
        except asyncio.CancelledError:  # of the request; its place is free when all has ended
            task.cancel()
            await task
            raise
        finally:
            self._visits.discard(task)


async def _listen(browser: web.WebSocketResponse, said: list[WSMessage]) -> None:
    """Keep what a browser says; return when it is gone, or says more than anybody would."""
    async for message in browser:
        said.append(message)
        if len(said) > MOST_SAID:
            return


async def _script(_: web.Request) -> web.Response:
    text = PAGE.with_suffix(".js").read_text(encoding="utf-8")
    return web.Response(text=text, content_type="text/javascript")


def is_ours(asked: str, served: str) -> bool:
    """Return whether a request names this server.

    A name that somebody else's server gives out can lead to any address, this one too; an address
    cannot.

    Args:
        asked: the request's `Host`.
        served: the name or address that is served at.
    """
    if not _A_HOST.fullmatch(asked):
        return False
    try:
        name = (urlsplit(f"//{asked}").hostname or "").lower()
    except ValueError:
        return False
    if name in ("localhost", "127.0.0.1", "::1", served.lower().strip("[]")):
        return True
    if is_loopback(served):
        return False
    return _is_address(name) or name in (socket.gethostname().lower(), socket.getfqdn().lower())


def is_loopback(host: str) -> bool:
    """Return whether an address, or `localhost`, is this machine's own."""
    if host.lower() == "localhost":
        return True
    return _is_address(host) and ipaddress.ip_address(host).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _number(request: web.Request, name: str, default: int, least: int, most: int) -> int:
    """Return a number of a request's query between two bounds; the default if it is none."""
    text = request.query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        return default
    return bounded(max(int(text), least), most)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error)


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    """Have the browser load nothing from elsewhere, and show the page in no other one."""
    response.headers.update(
        {
            "Content-Security-Policy": (
                "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
                f"font-src 'self' data:; img-src 'self' data:; connect-src ws://{request.host}; "
                "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
    )
