"""The studio in a real browser: headless Chromium, told what to do by its own DevTools protocol."""

import asyncio
import base64
import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyte
import pytest

aiohttp = pytest.importorskip("aiohttp", reason="needs the extra web")

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType  # noqa: E402

from tests.support.web import BOUND_S, Gone, served, visitor  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
F3 = {"key": "F3", "code": "F3", "windowsVirtualKeyCode": 114}
CTRL_Q = {"key": "q", "code": "KeyQ", "windowsVirtualKeyCode": 81, "modifiers": 2}
ENTER = {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.long,
    pytest.mark.linux,
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="THE BROWSER IS NOT TESTED: there is no Chromium; apt-get install chromium",
    ),
]


class Page:
    """A page of the browser, what it has asked for, and the screen that its socket draws."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.asked: list[str] = []
        self.logged: list[str] = []
        self.closed = False

    @property
    def text(self) -> str:
        return "\n".join(self.screen.display)

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        number = self._number
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(BOUND_S):
            while (told := await self._hear()).get("id") != number:
                pass
        assert "error" not in told, told
        found: dict[str, Any] = told["result"]
        return found

    async def _hear(self) -> dict[str, Any]:
        message = await self._socket.receive()
        assert message.type is WSMsgType.TEXT, message
        told: dict[str, Any] = json.loads(message.data)
        of = told.get("params", {})
        match told.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(of["request"]["url"])
            case "Network.webSocketCreated":
                size = parse_qs(urlsplit(of["url"]).query)
                self.asked.append(of["url"])
                self.screen.resize(int(size["height"][0]), int(size["width"][0]))
            case "Network.webSocketFrameReceived" if of["response"]["opcode"] == 2:
                self._stream.feed(base64.b64decode(of["response"]["payloadData"]))
            case "Log.entryAdded" if of["entry"]["level"] == "error":
                self.logged.append(of["entry"]["text"])
            case "Network.webSocketClosed":
                self.closed = True
            case "Runtime.exceptionThrown":
                self.logged.append(str(of["exceptionDetails"]))
        return told

    async def until(self, condition: Callable[[], Any], what: str) -> None:
        try:
            async with asyncio.timeout(BOUND_S):
                while not condition():
                    await self._hear()
        except TimeoutError:
            raise AssertionError(
                f"it never happened: {what}; the screen was\n{self.text}"
            ) from None

    async def press(self, key: dict[str, Any]) -> None:
        await self.call("Input.dispatchKeyEvent", type="keyDown", **key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def value(self, expression: str) -> Any:
        found = await self.call("Runtime.evaluate", expression=expression)
        return found["result"].get("value")


@contextlib.asynccontextmanager
async def page(session: ClientSession, folder: Path, address: str) -> AsyncIterator[Page]:
    """Open an address in a browser that knows nobody."""
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0")
    quiet = (
        "--no-first-run",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--window-size=1000,700",
    )
    command = [str(CHROMIUM), *options, *quiet, f"--user-data-dir={folder}", "about:blank"]
    browser = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert browser.stderr is not None
        told = (line.split()[-1] for line in browser.stderr if "DevTools listening on" in line)
        tools = urlsplit(next(told)).netloc
        async with session.put(f"http://{tools}/json/new?about:blank") as answer:
            target = await answer.json()
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            it = Page(socket)
            for domain in ("Network", "Page", "Runtime", "Log"):
                await it.call(f"{domain}.enable")
            await it.call("Page.navigate", url=address)
            yield it
    finally:
        browser.terminate()
        browser.communicate(timeout=BOUND_S)


async def test_the_studio_opens_streams_warms_and_closes_in_a_browser(tmp_path: Path) -> None:
    with served() as it:
        async with ClientSession() as session, page(session, tmp_path, it.address) as shown:
            await shown.until(lambda: "ready" in shown.text, "the studio opened")
            assert await shown.value("document.body.className") == "-loaded -first-byte"
            await shown.call("Input.insertText", text="the world is")
            await shown.until(lambda: "the world is" in shown.text, "the seed was typed")
            await shown.press(ENTER)
            await shown.until(lambda: "❯ the world is" in shown.text, "the seed was sent")
            await shown.until(lambda: "streaming" in shown.text, "the reply streams")
            await shown.press(F3)
            await shown.until(lambda: "0.55" in shown.text, "the temperature changed")
            picture = await shown.call("Page.captureScreenshot", format="png")
            assert len(base64.b64decode(picture["data"])) > 20_000  # of an empty one: 5,000
            fonts = await shown.value("[...document.fonts].map(it => it.status).join()")
            assert "loaded" in fonts
            # Nothing is loaded from elsewhere, and nothing is refused or fails.
            assert {urlsplit(each).netloc for each in shown.asked} <= {
                urlsplit(it.address).netloc,
                "",
            }
            assert shown.logged == []
            # By keys alone it is left, and opened again.
            with Gone(it.processes()) as processes:
                await shown.press(CTRL_Q)
                assert processes.all()
            await shown.until(lambda: shown.closed, "its socket was closed")
            assert await shown.value("document.activeElement.id") == "start"
            shown.screen.reset()
            await shown.press(ENTER)
            await shown.until(lambda: "ready" in shown.text, "another studio opened")
            with Gone(it.processes()) as processes:
                await shown.call("Page.navigate", url="about:blank")
                assert processes.all()
        assert it.end() == (0, "")


async def test_who_loads_the_page_again_stays_and_who_finds_no_place_reads_why(
    tmp_path: Path,
) -> None:
    with served("--visitors", "1") as it:
        async with ClientSession() as session:
            async with page(session, tmp_path / "a", it.address) as shown:
                await shown.until(lambda: "ready" in shown.text, "the studio opened")
                shown.screen.reset()
                await shown.call("Page.reload")
                await shown.until(lambda: "ready" in shown.text, "the studio opened again")
            async with (
                visitor(session, it.address) as first,
                page(session, tmp_path / "b", it.address) as shown,
            ):
                await first.shows("ready")
                await shown.until(lambda: shown.closed, "it was refused")
                said = "document.querySelector('.ended').innerText"
                assert await shown.value(said) == (
                    "Sorry, the only place is taken; try again later.\nOpen another one"
                )
        assert it.end() == (0, "")
