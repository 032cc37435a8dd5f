"""`charlm-tui --follow` and `charlm-tui repl --follow`, in pseudo-terminals and through pipes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.models import put
from tests.support.terminal import BOUND_S, COMMAND, Terminal, run, terminal

REPLACED = "the model file was replaced: replies are of the new one now"
CTRL_D, CTRL_Q = "\x04", "\x11"

pytestmark = [pytest.mark.pty, pytest.mark.linux]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return put(tmp_path / "m.onnx", 1)


def options(path: Path) -> list[str]:
    return ["--model", str(path), "--rng-seed", "5", "--length", "30", "--speed", "full"]


def generated(path: Path, seed: str) -> str:
    """Return what a model replies to a seed, but for what ends its first line."""
    result = run("generate", "--model", str(path), "--rng-seed", "5", "-n", "30", "--seed", seed)
    assert result.returncode == 0
    return result.stdout.decode()


def closings(it: Terminal) -> int:
    return it.text.count("· 30 characters, ")


def answered(it: Terminal, seed: str) -> str:
    """Send a seed to a chat; return its reply, as far as it stands in its first line."""
    count = closings(it)
    it.send(f"{seed}\r")
    it.until(lambda: closings(it) == count + 1, "the reply ended")
    below = it.text.rpartition(f"❯ {seed}\n")[2]
    return below.partition("· 30 characters")[0].strip("\n")


def until_ready(it: Terminal) -> None:
    it.until(lambda: "RNG seed 5" in it.text.splitlines()[-1], "a prompt was shown")


def says(it: Terminal, words: str) -> None:
    """Read until there are words on the screen, wherever its lines break."""
    it.until(lambda: words in " ".join(it.text.split()), f"{words!r} was shown")


def shown(text: str) -> Callable[[str], bool]:
    """Return whether what stands in a terminal is a text: lines break, and end without spaces."""
    wanted = "".join(text.split())
    return lambda found: "".join(found.split()).endswith(wanted)


def test_the_chat_replies_with_the_new_model_and_says_so(path: Path) -> None:
    before = generated(path, "a seed")
    with terminal("repl", "--follow", *options(path), columns=100, rows=40) as it:
        it.screen.write_process_input = it.send
        it.shows("tiny: two recurrent layers")
        until_ready(it)
        assert shown(before)(answered(it, "a seed"))
        put(path, 2, held_out_bits_per_character=1.8512, best_epoch=7)
        after = generated(path, "a seed")
        assert shown(after)(answered(it, "a seed"))
        assert f"· {REPLACED} (1.85 bits per character, epoch 7)" in it.text
        assert " ".join(it.text.split()).count("/help tells what can be done") == 1  # greeted once
        path.write_bytes(b"damaged")
        assert shown(after)(answered(it, "a seed"))
        says(it, "the previous model is kept")
        path.unlink()
        assert shown(after)(answered(it, "a seed"))
        says(it, "is gone; the model that was read from it is kept")
        assert "Traceback" not in it.text
        it.send(CTRL_D)
        assert it.end() == 0
        assert it.is_sane


def test_the_chat_does_not_follow_unless_it_is_told_to(path: Path) -> None:
    with terminal("repl", *options(path), columns=100, rows=40) as it:
        it.screen.write_process_input = it.send
        until_ready(it)
        before = answered(it, "a seed")
        put(path, 2)
        assert answered(it, "a seed") == before
        assert "replaced" not in it.text
        it.send(CTRL_D)
        assert it.end() == 0


def test_the_app_follows_where_it_is_told_to_by_its_settings(path: Path, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text("follow = true\n")
    arguments = ["--config", str(settings), *options(path), "--seed", "a seed"]
    with terminal(*arguments, columns=120, rows=40) as it:
        it.shows("ready")
        put(path, 2)
        it.send("another\r")
        says(it, REPLACED)
        it.shows("❯ another")
        it.shows("ready")
        it.send(CTRL_Q)
        assert it.end() == 0
        assert it.is_sane


def test_the_filter_replies_with_the_new_model_and_notes_it(path: Path) -> None:
    command = [COMMAND, "repl", "--follow", "--json", *options(path)]
    before = generated(path, "a seed")
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None

        def ask(seed: str) -> dict[str, object]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{seed}\n".encode())
            process.stdin.flush()
            found: dict[str, object] = json.loads(process.stdout.readline())
            return found

        first = ask("a seed")
        put(path, 2)
        after = generated(path, "a seed")
        second = ask("a seed")
        path.write_bytes(b"damaged")
        third = ask("a seed")
        process.stdin.close()
        said = process.stderr.read().decode()
        assert process.wait(BOUND_S) == 0  # all was answered
    assert [each["text"] for each in (first, second, third)] == [before, after, after]
    assert first["model_sha256"] != second["model_sha256"] == third["model_sha256"]
    notes = said.splitlines()
    assert notes[0] == f"note: line 2: {REPLACED}"
    assert notes[1].startswith("note: line 3: ")
    assert notes[1].endswith("the previous model is kept")
