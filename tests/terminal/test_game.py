"""`charlm-tui game` by lines, and in a terminal."""

import json
import subprocess
from pathlib import Path

import pytest

from charlm_tui.session.game import Source, hide
from tests.support.games import LINE, NUMBER, corpus
from tests.support.terminal import COMMAND, terminal

pytestmark = pytest.mark.slow  # every test starts a process


def play(model: Path, lines: list[str], *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = [COMMAND, "game", "--model", str(model), "--number", str(NUMBER), *arguments]
    return subprocess.run(
        command, input="\n".join(lines).encode(), capture_output=True, check=False
    )


def test_a_game_by_lines_tells_each_guess_and_at_the_end_the_result(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    path = corpus(tmp_path)
    hidden = hide(Source((LINE * 20).rstrip(), path.name), NUMBER, 12)
    lines = ["q", *({" ": "", "\n": "\\n"}.get(it, it) for it in hidden.text[:-1]), "\\g", "x"]
    done = play(tiny_model_path, lines, "--json", "-n", "12", "--file", str(path))
    assert (done.returncode, done.stderr) == (0, b"")
    begin, *answers, result = map(json.loads, done.stdout.splitlines())
    assert (begin["before"], begin["length"], begin["held_out"]) == (hidden.before, 12, False)
    assert [it["answer"] for it in answers] == ["wrong", *["right"] * 11, "given up"]
    assert "".join(it.get("character", "") for it in answers) == hidden.text
    assert result["ranks"][:11] == [2, *[1] * 10]
    assert result["ended"]
    assert [it["model_rank"] for it in answers[1:]] != result["ranks"]
    likely = answers[1]["model_guesses"]
    assert len(likely) == 5
    assert [chance for _, chance in likely] == sorted((it for _, it in likely), reverse=True)
    words = play(tiny_model_path, lines, "-n", "12", "--file", str(path))
    assert words.stdout.decode().splitlines()[-1] == result["line"]


def test_a_quiz_by_lines_skips_what_is_no_answer_and_says_if_it_was_not_ended(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    text = str(corpus(tmp_path))
    lines = ["?", "c", "model"]
    done = play(tiny_model_path, lines, "--quiz", "--json", "--corpus", text)
    assert done.returncode == 1
    assert b"the guesses have ended before the game" in done.stderr
    *_, last = map(json.loads, done.stdout.splitlines())
    assert (last["said_of_corpus"], last["ended"]) == ([True, False], False)


@pytest.mark.parametrize(
    ("arguments", "sentence", "code"),
    [
        (["--file", "-"], "the text cannot be standard input", 2),
        (["--file", "/nowhere/x"], "/nowhere/x", 1),
        (["--corpus", "/nowhere/x"], "the corpus /nowhere/x is no file", 1),
        (["--number", "-1"], "--number", 2),
    ],
)
def test_what_cannot_be_played_is_one_sentence(
    tiny_model_path: Path, arguments: list[str], sentence: str, code: int
) -> None:
    done = play(tiny_model_path, [], *arguments)
    assert done.returncode == code
    assert sentence in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.pty
def test_in_a_terminal_the_game_opens_at_once_and_history_lists_it(
    tiny_model_path: Path, tmp_path: Path
) -> None:
    place = ("--history", str(tmp_path / "h.db"))
    words = ("game", "--model", str(tiny_model_path), "--file", str(corpus(tmp_path)), "-n", "1")
    with terminal(*words, "--number", str(NUMBER), *place) as it:
        it.shows("of 27 symbols")
        it.send("\x07")
        it.shows("1 of 1")
        it.send("\x11")
        assert it.end() == 0
    done = subprocess.run(
        [COMMAND, "history", "games", "--json", *place], capture_output=True, check=True
    )
    [facts] = map(json.loads, done.stdout.splitlines())
    assert (facts["game"], facts["given_up"]) == (NUMBER, [0])
