"""The installed command in a real pseudo-terminal: what a person sees, and what is left behind."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.terminal import Terminal, has_ended, terminal

pytestmark = [pytest.mark.pty, pytest.mark.linux]


def test_a_person_types_watches_changes_the_temperature_and_quits(model_path: Path) -> None:
    with terminal("--model", str(model_path), "--rng-seed", "5", "--length", "0") as it:
        it.shows("ready")
        it.send("the world is ")
        it.shows("the world is")
        it.send("\r")
        it.shows("streaming")
        it.shows("❯ the world is")
        it.send("\x1bOR")  # F3
        it.shows("temp 0.55")
        it.send("\x14")  # Ctrl+T
        it.shows("temp 1.00")
        it.send("\x1bOS")  # F4
        it.shows("paused")
        paused = it.text
        it.send("\x1bOS")
        it.shows("streaming")
        it.until(lambda: it.text != paused, "text went on")
        it.send("\x13")  # Ctrl+S
        it.shows("ready")
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.send("\x11")  # Ctrl+Q
        assert it.end() == 0
        assert it.is_sane
        assert has_ended(handle)


def test_keys_that_come_in_one_read_act_one_after_another(model_path: Path, tmp_path: Path) -> None:
    options = ["--model", str(model_path), "--history", str(tmp_path / "history.db")]
    with terminal(*options, "--rng-seed", "5", "--length", "20", columns=120, rows=40) as it:
        it.shows("ready")
        it.send("the world is ")
        it.send("\r")
        it.shows("over 20")
        it.shows("ready")
        it.send("\x1b")  # Escape: to the text
        it.shows("Copy")
        it.send("nnnnnnnnnn")
        it.shows("over 30")
        it.send("n:temp 0.7\r")
        it.shows("temperature 0.70")
        it.send("n")  # not before: what is typed at a dialog that leaves is for no other screen
        it.shows("over 32")
        it.send("/death")
        it.shows("0 replies, with “death”")
        it.send("\x1b")
        it.shows("1 reply")
        it.send("\r")
        it.shows("Delete")
        it.send("d")
        it.shows("Deleted “the world is")
        it.send("u")
        it.shows("Restored “the world is")
        it.send("\r\r\r")
        it.shows("ready")
        it.send("\x11")  # Ctrl+Q
        assert it.end() == 0


def reply(text: str) -> list[str]:
    """The lines of the transcript that are no seed, left of the panels."""
    rows = [line[:76].rstrip() for line in text.splitlines()[:-4]]
    start = max(i for i, row in enumerate(rows) if row.startswith(" ❯ ")) + 2  # a seed of two lines
    return [row for row in rows[start:] if row]


def test_a_person_selects_branches_types_over_and_walks_between_siblings(
    model_path: Path,
) -> None:
    seed = "the slowly ascending ranks and classes, in which,\nthrough fo"
    options = ["--model", str(model_path), "--seed", seed, "--rng-seed", "5", "--length", "80"]
    with terminal(*options, columns=120, rows=40) as it:
        it.shows("ready")
        first = it.text
        it.send("\x1b")  # Escape: to the transcript
        it.shows("Copy")
        it.send("\x1b[D" + "h" * 9)  # the tenth character from the end
        it.shows("Selected")
        it.send("\r")
        it.shows("Take this one")
        it.send("\x1b[B\r")  # the second of the alternatives
        it.shows("‹2/2›")
        it.shows("ready")
        it.send("[")
        it.shows("‹1/2›")
        it.until(lambda: reply(it.text) == reply(first), "the first reply is there again")
        it.send("\x1b[D" + "h" * 4 + "e")
        it.shows("Type the replacement")
        it.send("superman\r")
        it.shows("‹3/3›")
        it.shows("superman")
        it.shows("ready")
        it.send("\x11")
        assert it.end() == 0
        assert it.is_sane


def test_what_is_typed_before_the_first_paint_is_not_lost(model_path: Path) -> None:
    with terminal("--model", str(model_path), "--length", "30") as it:
        it.send("typed ahead")
        it.shows("ready")
        it.shows("█ typed ahead")
        it.send("\r")
        it.shows("❯ typed ahead")


def test_forty_by_twelve_works(model_path: Path) -> None:
    options = ["--model", str(model_path), "--seed", "the ", "--speed", "8"]
    with terminal(*options, columns=40, rows=12) as it:
        it.shows("❯ the")
        it.shows("streaming")
        assert all(len(line) <= 40 for line in it.text.splitlines())
        it.send("\x1bOP")  # F1
        it.shows("Enter")
        it.send("\x1b")
        it.send("\x11")
        assert it.end() == 0


def has_every_mode(it: Terminal) -> None:
    """Say that the terminal tells its size by itself, of which Textual makes use."""
    it.send("\x1b[?2048;2$y")
    it.until(lambda: b"\x1b[?1016h" in it.output, "the mouse is told in pixels")


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda it: it.name
)
def test_a_signal_ends_the_app_with_a_sane_terminal_and_no_orphan(
    model_path: Path, number: signal.Signals
) -> None:
    with terminal("--model", str(model_path), "--seed", "the ", "--length", "0") as it:
        it.shows("streaming")
        has_every_mode(it)
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.process.send_signal(number)
        assert it.end() == 128 + number
        assert it.is_sane
        assert has_ended(handle)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT], ids=lambda it: it.name)
def test_a_killed_app_leaves_no_orphan_and_its_engine_gives_the_terminal_back(
    model_path: Path, number: signal.Signals
) -> None:
    with terminal("--model", str(model_path), "--seed", "the ", "--length", "0") as it:
        it.shows("streaming")
        has_every_mode(it)
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.process.send_signal(number)
        assert it.end() == -number
        assert has_ended(handle)
        it.until(lambda: it.is_sane, "the terminal was given back")


@pytest.mark.parametrize("controlling", [True, False], ids=["with SIGHUP", "without"])
def test_a_closed_terminal_leaves_nothing_behind(model_path: Path, controlling: bool) -> None:
    options = ["--model", str(model_path), "--seed", "the ", "--length", "0"]
    with terminal(*options, controlling=controlling) as it:
        it.shows("streaming")
        (engine,) = it.engines()
        handles = [os.pidfd_open(engine), os.pidfd_open(it.process.pid)]
        it.hang_up()
        assert all(has_ended(handle) for handle in handles)


def test_a_killed_engine_is_replaced_and_the_reply_goes_on(model_path: Path) -> None:
    with terminal("--model", str(model_path), "--seed", "the ", "--length", "0") as it:
        it.shows("streaming")
        (engine,) = it.engines()
        os.kill(engine, signal.SIGKILL)
        it.shows("SIGKILL")
        it.shows("ready")
        assert "❯ the" in it.text
        it.send("\r")
        it.shows("streaming")
        (another,) = it.engines()
        assert another != engine
        it.send("\x11")
        assert it.end() == 0


def test_a_file_that_is_no_model_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "not.onnx"
    path.write_text("hello")
    with terminal("--model", str(path), columns=200) as it:
        assert it.end() == 1
        assert "is not an ONNX model" in it.text
        assert "Traceback" not in it.text
        assert it.is_sane


def test_a_missing_model_is_told_before_a_screen_is_opened(tmp_path: Path) -> None:
    with terminal("--model", str(tmp_path / "none.onnx"), columns=200) as it:
        assert it.end() == 1
        assert "does not exist" in it.text
        assert b"\x1b[?1049h" not in it.output


@pytest.mark.parametrize(
    ("models", "code", "why"),
    [
        (["nietzsche"], 2, "--ladder names 1 models where 2 to 8 are expected"),
        (["nietzsche", "none.onnx"], 1, "none.onnx does not exist"),
    ],
)
def test_a_ladder_that_cannot_be_is_told_before_a_screen_is_opened(
    models: list[str], code: int, why: str
) -> None:
    with terminal(*(f"--ladder={model}" for model in models), columns=200) as it:
        assert it.end() == code
        assert why in it.text
        assert b"\x1b[?1049h" not in it.output


def test_models_reply_side_by_side_from_the_start(model_path: Path) -> None:
    lanes = ["--ladder", "nietzsche", "--ladder", "shakespeare", "--no-history"]
    with terminal("--model", str(model_path), "--seed", "To be ", *lanes, columns=120) as it:
        it.shows("1 · nietzsche · temp 0.50")
        it.shows("2 · shakespeare · temp 0.50")
        it.until(lambda: it.text.count(" bits") >= 2, "both reply")
        it.send("2\r")
        it.until(lambda: "‹2/2›" in it.text, "the second one is taken")
        it.shows("shakespeare  │")
        it.send("\x11")
        assert it.end() == 0
        assert it.is_sane
