"""`charlm-tui repl --screen-reader` in a real pseudo-terminal: plain lines, with labels."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.terminal import BOUND_S, has_ended, terminal

pytestmark = [pytest.mark.pty, pytest.mark.linux]

CTRL_C, CTRL_D = "\x03", "\x04"


def test_a_person_listens_asks_what_was_surprising_stops_and_quits(model_path: Path) -> None:
    command = ("repl", "--model", str(model_path), "--rng-seed", "5", "--screen-reader")
    with terminal(*command, "--speed", "0", "--length", "200", columns=160) as it:
        it.shows("note: nietzsche: LSTM")
        it.shows("seed:")
        it.send("the world is\r")
        it.shows("reply:")
        it.shows("note: 200 characters")
        it.send("/tint words\r")
        it.shows("the most surprising:")
        it.shows("were expected")
        it.send("/length 0\r/speed 30\r")
        it.shows("note: Speed: 30")
        it.send("and so\r")
        it.until(lambda: it.text.count("reply:") == 2, "the second reply began")
        it.send("/temp 1.2\r")  # acts while the reply comes
        it.shows("note: Temperature: 1.20")
        it.send(CTRL_C)
        it.until(lambda: it.text.count("RNG seed 5, temperature") == 2, "it was stopped")
        it.send("/nonsense\r")
        it.shows("error: unknown command")
        it.send(CTRL_D)
        assert it.end() == 0
        assert b"\x1b" not in it.output  # no colour, no cursor that moves, no mode
        assert it.is_sane


def test_ctrl_c_twice_quits_with_all_as_it_was(model_path: Path) -> None:
    with terminal(
        "repl", "--model", str(model_path), variables={"CHARLM_SCREEN_READER": "true"}
    ) as it:
        it.shows("seed:")
        it.send("half a li" + CTRL_C)
        it.shows("note: Ctrl+C again")
        it.send(CTRL_C)
        assert it.end() == 0
        assert b"\x1b" not in it.output


def test_a_closed_terminal_ends_it_and_its_engine(model_path: Path) -> None:
    with terminal("repl", "--model", str(model_path), "--screen-reader", "--length", "0") as it:
        it.shows("seed:")
        it.send("the world is\r")
        it.shows("reply:")
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.hang_up()
        assert it.process.wait(BOUND_S) == 128 + signal.SIGHUP
        assert has_ended(handle)
