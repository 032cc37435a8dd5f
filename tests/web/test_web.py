"""`charlm-tui web`: visitors come and go, nobody else is let in, and no process stays."""

import asyncio
import os
import re
import signal
import subprocess
import sys

import pytest

aiohttp = pytest.importorskip("aiohttp", reason="needs the extra web")

from aiohttp import ClientSession, WSServerHandshakeError  # noqa: E402

from charlm_tui.web.server import is_ours  # noqa: E402
from charlm_tui.web.visitor import environment  # noqa: E402
from tests.support.web import Gone, Served, served, visitor  # noqa: E402

F3, CTRL_Q = "\x1bOR", "\x11"
WITHOUT = "import sys; sys.modules['aiohttp'] = None; from charlm_tui.cli import main; main()"


def without_the_extra(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_help_needs_no_extra_and_serving_says_what_to_install() -> None:
    helped = without_the_extra("web", "--help")
    assert helped.returncode == 0
    assert 'pip install "charlm-tui[web]"' in helped.stdout
    refused = without_the_extra("web")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.splitlines() == [
        "error: aiohttp is not installed, and charlm-tui web needs it; install it with: "
        'pip install "charlm-tui[web]"'
    ]


def test_a_visitors_process_has_no_editor_and_no_switch_of_textuals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("EDITOR", "VISUAL", "TEXTUAL", "TEXTUAL_LOG", "TEXTUAL_PRESS", "NO_COLOR"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    found = environment((100, 30))
    names = {name for name in found if name.startswith(("TEXTUAL", "EDITOR", "VISUAL", "NO_C"))}
    assert names == {"TEXTUAL_DRIVER", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_FPS", "TEXTUAL_ANIMATIONS"}
    assert (found["COLUMNS"], found["ROWS"], found["PATH"]) == ("100", "30", os.environ["PATH"])


@pytest.mark.parametrize(
    ("asked", "served_at", "ours"),
    [
        ("127.0.0.1:8000", "127.0.0.1", True),
        ("localhost:9000", "127.0.0.1", True),  # by way of a tunnel
        ("[::1]:8000", "127.0.0.1", True),
        ("evil.example:8000", "127.0.0.1", False),
        ("192.168.1.5:8000", "127.0.0.1", False),
        ("x@localhost:8000", "127.0.0.1", False),
        ("localhost:8000; script-src *", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("192.168.1.5:8000", "0.0.0.0", True),
        ("evil.example:8000", "0.0.0.0", False),
        ("class.example:8000", "class.example", True),
    ],
)
def test_the_server_answers_to_its_own_names_alone(asked: str, served_at: str, ours: bool) -> None:
    assert is_ours(asked, served_at) is ours


async def refused(session: ClientSession, address: str, **options: str) -> int:
    with pytest.raises(WSServerHandshakeError) as error:
        await session.ws_connect(f"{address}/ws", **options)
    return error.value.status


@pytest.mark.slow
@pytest.mark.linux
async def test_a_visitor_opens_types_a_seed_warms_leaves_and_no_process_stays() -> None:
    with served("--visitors", "2") as it:
        async with ClientSession() as session:
            for headers in ({}, {"origin": "http://localhost:1"}, {"origin": "null"}):
                assert await refused(session, it.address, **headers) == 403
            elsewhere = {"Host": "evil.example"}
            async with session.get(it.address, headers=elsewhere) as answer:
                assert answer.status == 403
            async with session.get(f"{it.address}/static/") as answer:
                assert answer.status in (403, 404)
            async with session.get(it.address) as page:
                text = await page.text()
                assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
            assert not re.findall(r"https?://", text)  # nothing comes from elsewhere

            async with (
                visitor(session, it.address) as first,
                visitor(session, it.address) as second,
            ):
                await first.shows("ready")
                await second.shows("ready")
                async with visitor(session, it.address) as third:
                    assert await third.ended() == (
                        1013,
                        "Sorry, all 2 places are taken; try again later.",
                    )
                await first.type("the world is\r")
                await first.shows("❯ the world is")
                await first.shows("streaming")
                await first.type(F3)
                await first.shows("0.55")
                await second.socket.send_str('["resize", {"width": "wide"}]')
                assert (await second.ended())[0] == 1008
                await first.type("\x1b")  # the fault of one is no other's
                await first.type("P")
                pids = it.processes()
                with Gone([pid for pid in pids if pid in it.processes()]) as processes:
                    await first.socket.close()
                    assert processes.all()
            async with visitor(session, it.address) as third:
                await third.shows("ready")
                await third.type(CTRL_Q)
                assert (await third.ended())[0] == 1001
        assert it.end() == (0, "")


@pytest.mark.slow
@pytest.mark.linux
async def test_who_loads_the_page_again_has_the_only_place_again() -> None:
    with served("--visitors", "1") as it:
        async with ClientSession() as session, visitor(session, it.address) as before:
            await before.shows("ready")
            async with session.get(it.address) as page:  # a browser keeps the old page until then
                assert page.status == 200
            async with visitor(session, it.address) as waiting:
                await waiting.type("a")
                await waiting.socket.close()  # loaded again while it waited: it wants no place
                assert waiting.socket.close_code == 1000
            async with visitor(session, it.address) as after:
                await before.socket.close()  # and does not wait for the end of the old studio
                await after.shows("ready")
        assert it.end() == (0, "")


@pytest.mark.slow
@pytest.mark.linux
@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGKILL]
)
async def test_no_process_stays_when_the_server_ends(number: int) -> None:
    with served("--host", "0.0.0.0", "--idle", "1h") as it:
        assert "can be reached from other machines" in it.said[0]
        assert "is not encrypted" in it.said[0]
        address = re.sub(r"//.*:", "//127.0.0.1:", it.address)
        async with ClientSession() as session, visitor(session, address) as one:
            await one.shows("ready")
            with Gone(it.processes()) as processes:
                code, said = it.end(number)
                assert processes.all()
        assert (code, said) == (143 if number == signal.SIGTERM else -9, "")


@pytest.mark.long
@pytest.mark.linux
async def test_a_visitor_who_types_nothing_is_ended() -> None:
    with served("--idle", "1s") as it:
        async with ClientSession() as session, visitor(session, it.address) as one:
            assert (await one.ended())[0] == 1001


async def whole_visit(
    it: Served, session: ClientSession, there: asyncio.Barrier, leaving: asyncio.Barrier
) -> None:
    async with visitor(session, it.address) as one:
        await one.shows("ready")
        await one.type("the world is\r")
        await one.shows("❯ the world is")
        await one.shows("streaming")
        await one.type(F3)
        await one.shows("0.55")
        await one.reads_until(there.wait())
        await one.reads_until(leaving.wait())


@pytest.mark.long
@pytest.mark.linux
async def test_ten_visitors_at_once_each_have_a_studio_and_an_eleventh_is_refused() -> None:
    with served() as it:
        async with ClientSession() as session:
            there, leaving = asyncio.Barrier(11), asyncio.Barrier(11)
            visits = [
                asyncio.create_task(whole_visit(it, session, there, leaving)) for _ in range(10)
            ]
            await there.wait()
            async with visitor(session, it.address) as eleventh:
                assert (await eleventh.ended())[0] == 1013
            pids = it.processes()
            assert len(pids) == 20, it.commands()
            with Gone(pids) as processes:
                await leaving.wait()
                await asyncio.gather(*visits)
                assert processes.all()
        assert it.end() == (0, "")
