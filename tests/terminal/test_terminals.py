"""Terminals of every kind and size, and what they can send: the app runs, and leaves them sane."""

import random
import re
from pathlib import Path

import pytest

from tests.support.terminal import Terminal, terminal

pytestmark = [pytest.mark.pty, pytest.mark.linux]

KINDS = ("xterm-256color", "screen", "tmux", "linux", "dumb", "vt100", "", "no-such-terminal")
LOCALES: dict[str, dict[str, str]] = {
    "UTF-8": {"LC_ALL": "C.UTF-8"},
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX", "LANG": "POSIX"},
    "ASCII": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
SIZES = [
    *((columns, 24) for columns in (1, 2, 3, 4, 5, 8, 20)),
    *((80, rows) for rows in (1, 2, 3, 5)),
    (1, 1),
    (2, 2),
    (1, 50),
    (200, 60),
]
REPLY = ("--no-history", "--rng-seed", "5", "--seed", "the ", "--length", "30", "--speed", "full")
LEAVE = "\x11"
RESIZES = 200
MEGABYTE = "the soul of man\n" * 62_500
TRUE_COLOUR, OF_256 = rb"[34]8;2;\d", rb"[34]8;5;(\d+)"


def leaves(it: Terminal) -> None:
    """Leave the app, and see that nothing is left of it."""
    it.send(LEAVE)
    assert it.end() == 0
    assert it.is_sane, it.modes_left
    assert b"Traceback" not in it.output


def replies(model: Path, **variables: str) -> bytes:
    """Have a reply, and leave; return what was written to the terminal."""
    with terminal("--model", str(model), *REPLY, variables=variables) as it:
        it.shows("every spirit of the")
        it.shows("ready")
        leaves(it)
        return it.output


@pytest.mark.parametrize("kind", ["linux", "dumb"])
def test_a_terminal_of_another_kind_has_the_app(model_path: Path, kind: str) -> None:
    replies(model_path, TERM=kind)


@pytest.mark.long
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal_of_any_kind_has_the_app_in_any_locale(
    model_path: Path, kind: str, locale: str
) -> None:
    replies(model_path, TERM=kind, **LOCALES[locale])


@pytest.mark.long
@pytest.mark.parametrize(
    ("variables", "has_true", "has_256"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, True, False),
        ({"TERM": "xterm-256color", "COLORTERM": ""}, False, True),
        ({"TERM": "linux", "COLORTERM": ""}, False, False),
        ({"TERM": "vt100", "COLORTERM": ""}, False, False),
    ],
    ids=["true", "256", "16", "vt100"],
)
def test_a_terminal_gets_no_more_colours_than_it_has(
    model_path: Path, variables: dict[str, str], has_true: bool, has_256: bool
) -> None:
    written = replies(model_path, **variables)
    assert bool(re.search(TRUE_COLOUR, written)) is has_true
    assert bool(re.search(OF_256, written)) is has_256


@pytest.mark.long
def test_no_color_leaves_grey_alone(model_path: Path) -> None:
    written = replies(model_path, TERM="xterm-256color", COLORTERM="truecolor", NO_COLOR="1")
    shades = set(re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", written))
    assert shades
    assert {shade for shade in shades if len(set(shade)) > 1} == set()


@pytest.mark.long
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_terminal_of_any_size_has_the_app(model_path: Path, columns: int, rows: int) -> None:
    options = ("--model", str(model_path), *REPLY)
    with terminal(*options, columns=columns, rows=rows) as it:
        it.until(it.engines, "the engine was started")
        it.send("abc")
        it.resize(80, 24)
        it.shows("ready")
        it.shows("abc")
        it.resize(columns, rows)
        leaves(it)


def test_a_narrow_terminal_has_the_app(model_path: Path) -> None:
    with terminal("--model", str(model_path), *REPLY, columns=3, rows=24) as it:
        it.until(it.engines, "the engine was started")
        leaves(it)


@pytest.mark.long
def test_a_terminal_of_500_by_200_has_the_app(model_path: Path) -> None:
    options = ("--model", str(model_path), *REPLY)
    with terminal(*options, columns=500, rows=200, emulated=False) as it:
        it.shows("ready")
        leaves(it)


@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
def test_a_size_in_the_environment_is_not_that_of_the_terminal(model_path: Path, name: str) -> None:
    replies(model_path, **{name: "99999"})


@pytest.mark.long
def test_resizes_while_a_reply_streams_leave_the_screen_whole(model_path: Path) -> None:
    rng = random.Random(4)
    options = ("--model", str(model_path), *REPLY, "--length", "0")
    with terminal(*options) as it:
        it.shows("streaming")
        for _ in range(RESIZES):
            it.resize(rng.randint(1, 300), rng.randint(1, 80))
            it.read()
        it.resize(120, 40)
        it.screen.reset()
        it.shows("streaming")
        it.shows("Quit")
        leaves(it)


@pytest.mark.long
def test_a_megabyte_can_be_pasted_and_sent(model_path: Path) -> None:
    with terminal("--model", str(model_path), *REPLY[:3]) as it:
        it.shows("ready")
        it.send(f"\x1b[200~{MEGABYTE}\x1b[201~")
        it.send("the end")
        it.shows("the end")
        it.send("\r")
        it.shows("streaming")
        leaves(it)


def test_bytes_that_are_no_text_and_keys_that_no_keyboard_has_are_passed_over(
    model_path: Path,
) -> None:
    with terminal("--model", str(model_path), "--no-history") as it:
        it.shows("ready")
        it.send(b"caf\xe9 \xff\xfe\xc3")
        for keys in (
            "\x1b[97;1;99999999999u",  # more than a C integer holds
            "\x1b[1114112;1u",  # more than Unicode has
            "\x1b[97:65;1u",  # two for one
            "\x1b[97;1;55296u",  # half of a pair
            "\x1b[48;24;80;0;0t\x1b[<0;5;5M",  # a click in a terminal of no pixels
        ):
            it.send(keys)
        it.send("abc")
        it.shows("abc")
        assert "café" not in it.text
        leaves(it)


def test_a_key_behind_one_that_cannot_be_read_is_heard(model_path: Path) -> None:
    with terminal("--model", str(model_path), "--no-history") as it:
        it.shows("ready")
        it.send("ab\x1b[1114112;1u\x1b[100;1;100ucd")
        it.shows("abdcd")
        leaves(it)
