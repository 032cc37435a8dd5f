"""Where there is no POSIX: what works all the same, and what says that it does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal import run, terminal

pytestmark = pytest.mark.slow  # every test starts a process

SAYS = "the app and the REPL need Linux, macOS or WSL"


def without(*arguments: str, code: int = 0) -> str:
    """Return what the command prints where there is no POSIX."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.no_posix", *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.stdout.decode() or done.stderr.decode()


def test_the_commands_for_scripts_work_without_posix(tmp_path: Path) -> None:
    text, tape = tmp_path / "text.txt", tmp_path / "reply.tape"
    text.write_text("the same thing again and again. " * 200)
    command = ("generate", "--seed", "the ", "-n", "30", "--rng-seed", "1")
    assert without(*command, "--tape", str(tape)) == run(*command).stdout.decode()
    assert "bits per character" in without("score", str(text))
    assert without("replay", str(tape)) == run(*command).stdout.decode()
    assert json.loads(without("info", "--json"))["window"] == 60
    assert json.loads(without("info", "--install", "--json"))["packages"]
    assert "shakespeare" in without("models")
    assert "there is no history" in without("history", "list", "--history", str(tmp_path / "h.db"))
    assert "it would train" in without("train", "--dry-run", str(text), "--out", "x.onnx")
    assert "generate" in without("--help")
    assert without("config", "check") == "no faults\n"


def test_the_python_interface_works_without_posix() -> None:
    program = (
        "from charlm_tui import load; print(load().generate('the ', length=9, rng_seed=1).text)"
    )
    assert len(without("-c", program)) == 10


@pytest.mark.pty
@pytest.mark.parametrize("command", [(), ("repl",), ("watch",)], ids=["app", "repl", "watch"])
def test_the_app_and_the_repl_say_in_one_sentence_what_they_need(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "x.run.jsonl").write_bytes(b"")
    files = (str(tmp_path / "x"),) if command == ("watch",) else ()
    arguments = ("-m", "tests.support.no_posix", *command, *files)
    with terminal(*arguments, command=sys.executable, columns=200) as it:
        assert it.end() == 1
        assert f"error: {SAYS}" in it.text
        assert "Traceback" not in it.text


@pytest.mark.long
def test_a_network_is_trained_without_posix(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the same thing again and again. " * 200)
    small = ("--units", "8", "--window", "10", "--epochs", "1", "--stride", "40")
    without("train", "--plain", str(text), *small, "--out", str(tmp_path / "x.onnx"))
    assert (tmp_path / "x.onnx").is_file()
