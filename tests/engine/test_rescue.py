"""A terminal that is given back, however much of what its owner wrote is still to be shown."""

import contextlib
import os
import pty
import select
import termios
import threading
import tty
from collections.abc import Iterator

import pytest

from charlm_tui.engine.rescue import PATIENCE_S, TerminalRescue

pytestmark = pytest.mark.linux
MOVED_ON_S = 0.3
LEAVE = b"\x1b[?1049l\x1b[?25h"


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """Both ends of a pseudo-terminal: what a person sees, and what a program writes to."""
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def fill(slave: int) -> int:
    """Write until there is no room, also when the system has moved it on; return how much."""
    os.set_blocking(slave, False)
    count = before = 0
    while count == 0 or count > before:
        before = count
        for piece in (b"x" * 256, b"x"):
            with contextlib.suppress(BlockingIOError):
                while True:
                    count += os.write(slave, piece)
        select.select([], [slave], [], MOVED_ON_S)
    return count


def test_a_terminal_that_is_full_is_given_back(ends: tuple[int, int]) -> None:
    master, slave = ends
    rescue = TerminalRescue.of(slave, LEAVE)
    assert rescue is not None
    before = termios.tcgetattr(slave)
    tty.setraw(slave)
    written = fill(slave)
    thread = threading.Thread(target=rescue.restore)
    thread.start()
    while thread.is_alive() and termios.tcgetattr(slave) != before:
        thread.join(0.01)
    shown = b""  # only what is read makes room
    while len(shown) < written + len(LEAVE) and select.select([master], [], [], PATIENCE_S)[0]:
        shown += os.read(master, 512)
    thread.join()
    assert shown == b"x" * written + LEAVE
    assert termios.tcgetattr(slave) == before


def test_one_that_shows_nothing_any_more_has_its_attributes_again(
    ends: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, slave = ends
    rescue = TerminalRescue.of(slave, LEAVE)
    assert rescue is not None
    before = termios.tcgetattr(slave)
    tty.setraw(slave)
    fill(slave)
    monkeypatch.setattr("charlm_tui.engine.rescue.PATIENCE_S", 0.01)
    rescue.restore()
    assert termios.tcgetattr(slave) == before


def test_one_that_is_gone_is_no_error() -> None:
    master, slave = pty.openpty()
    rescue = TerminalRescue.of(slave, LEAVE)
    assert rescue is not None
    os.close(master)
    os.close(slave)
    rescue.restore()
    assert TerminalRescue.of(os.open(os.devnull, os.O_RDONLY), LEAVE) is None
