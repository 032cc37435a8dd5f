"""Somebody who knows nothing of the program finds their way: only keys that were on the screen."""

import re
import sys
from pathlib import Path

import pytest

from tests.support.terminal import Terminal, terminal

pytestmark = [pytest.mark.pty, pytest.mark.linux]

ON_THE_KEYBOARD = {
    "↑": "\x1b[A", "↓": "\x1b[B", "→": "\x1b[C", "←": "\x1b[D",
    "enter": "\r", "⏎": "\r", "esc": "\x1b", "space": " ",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS", "f5": "\x1b[15~",
    "f6": "\x1b[17~",
}  # fmt: skip
"""What a keyboard sends for what is printed on it; what the program does with it is not known."""
KEY = re.compile(r"f\d+|\^\w|[A-Za-z]{2,}|\S")


class Newcomer:
    """Reads the screen, remembers what it says of keys, and presses those."""

    def __init__(self, it: Terminal) -> None:
        self.it = it
        self.notes = ""
        """Every screen that was read."""

    def read(self) -> str:
        """Look at the screen, and remember it."""
        self.notes += f"\n{self.it.text}"
        return self.it.text

    def press(self, key: str, times: int = 1) -> None:
        """Press a key by the name that the screen has for it."""
        name = key.lower().replace("ctrl+", "^")
        if name in ON_THE_KEYBOARD:
            sent = ON_THE_KEYBOARD[name]
        elif re.fullmatch(r"\^[a-z]", name):
            sent = chr(ord(name[1]) & 31)
        else:
            assert len(key) == 1, f"no keyboard has {key!r}"
            sent = key
        for _ in range(times):
            self.it.send(sent)

    def told(self, sentence: str) -> str:
        """Return the key in a sentence that was read, at the place of the parentheses."""
        found = re.search(sentence, self.notes)
        assert found, f"nobody has said {sentence!r} in\n{self.notes}"
        return found[1]

    def in_the_line_of_keys(self, label: str) -> list[str]:
        """Return the keys that stand near the bottom for something."""
        keys: list[str] = []

        def found() -> bool:
            lines = [line.strip(" │") for line in self.it.text.rstrip().splitlines()[-3:]]
            match = re.search(rf"(?m)(?:^|  )(\S+) {label}(?:  |$)", "\n".join(lines))
            keys[:] = KEY.findall(match[1]) if match else []
            return bool(keys)

        self.it.until(found, f"a line at the bottom told the key of {label}")
        return keys


def temperature(it: Terminal) -> float:
    found = re.search(r"temp(?:erature)? (\d\.\d\d)", it.text)
    assert found
    return float(found[1])


def test_a_newcomer_finds_everything_by_what_the_screen_says(
    model_path: Path, tmp_path: Path
) -> None:
    options = ["--model", str(model_path), "--history", str(tmp_path / "history.db")]
    with terminal(*options, "--length", "60", "--rng-seed", "5", columns=120, rows=40) as it:
        one = Newcomer(it)
        it.shows("ready")
        it.shows("takes a seed")
        one.read()
        # A seed, and its reply.
        one.press(one.told(r"(\S+) takes a seed"))
        it.until(lambda: it.text.count("slowly ascending") > 1, "the seed is in the prompt")
        one.press(one.told(r"(\S+) sends it"))
        it.shows("❯ the slowly ascending")
        it.shows("over 60")
        # The temperature.
        before = temperature(it)
        one.press(one.in_the_line_of_keys("Temp")[1])
        it.until(lambda: temperature(it) > before, "it is warmer")
        # A ladder, and back.
        one.press(one.told(r"[Pp]ress (\S+), and try on the text"))
        it.shows("Copy")
        one.press(one.told(r"(\S+)   a ladder"))
        it.shows("temp 1.20")
        it.shows("■ 60")  # its replies have ended
        one.press(one.in_the_line_of_keys("Back")[0])
        it.shows("‹1/4›")
        # A branch.
        one.press(one.told(r"(\S+)   select a character"), times=8)
        it.shows("Selected character")
        one.press(one.told(r"select a character; (\S+) shows what else was likely"))
        one.press(one.in_the_line_of_keys("Choose")[-1])
        one.press(one.in_the_line_of_keys("Take this one")[0])
        it.shows("‹5/5›")
        it.shows("ready")
        # A tint, and its scale.
        one.press(one.told(r"(\S+)   tint the text"))
        it.shows("surprisal 0")
        it.shows("8 bits or more")
        # The history, and back.
        one.press(one.told(r"(\S+)   the history"))
        it.shows("Search in seeds")
        it.shows("replies")
        one.press(one.in_the_line_of_keys("Back")[0])
        it.shows("Copy")
        # Help, and the way out.
        one.press(one.in_the_line_of_keys("Help")[0])
        it.shows("what it does")
        one.press(one.told(r"(?:^|\s)(F\d+) lists every key"))
        it.until(lambda: "what it does" not in it.text, "help was left")
        one.press(one.in_the_line_of_keys("Quit")[0])
        assert it.end() == 0
        assert it.is_sane


def test_the_prompt_is_edited_in_an_editor_of_ones_own(model_path: Path, tmp_path: Path) -> None:
    editor = tmp_path / "an editor"
    editor.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "path = sys.argv[-1]\ntext = open(path).read()\n"
        "print('editing', repr(text), sys.argv[1:-1], sys.stdin.isatty())\n"
        "input()\n"
        "open(path, 'w').write(text + 'goes\\nby\\n')\n"
    )
    editor.chmod(0o755)
    variables = {"VISUAL": f"'{editor}' --wait", "EDITOR": "false"}
    with terminal("--model", str(model_path), variables=variables) as it:
        it.shows("ready")
        it.send("the night ")
        it.shows("the night")
        it.send(ON_THE_KEYBOARD["f6"])
        it.shows("editing 'the night ' ['--wait'] True")
        it.send("\r")
        it.shows("the night goes")
        it.shows("by")
        it.send("\r")
        it.shows("❯ the night goes")
        it.send("\x11")
        assert it.end() == 0
        assert it.is_sane


def test_an_editor_that_fails_leaves_the_prompt_as_it_was(model_path: Path) -> None:
    with terminal("--model", str(model_path), variables={"VISUAL": "", "EDITOR": "false"}) as it:
        it.shows("ready")
        it.send("the night ")
        it.shows("the night")
        it.send(ON_THE_KEYBOARD["f6"])
        it.shows("exit code 1")
        it.shows("the night")
        it.send("\x11")
        assert it.end() == 0
        assert it.is_sane
