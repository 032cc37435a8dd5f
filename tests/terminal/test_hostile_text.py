"""Whatever a model, a file or a person wrote, nothing of it moves the cursor of a terminal.

Each command runs in a real pseudo-terminal on a model whose symbols are control characters and
marks of direction, with a name, a seed and paths made of them; what arrives is read byte by byte.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.vocabulary import Vocabulary
from tests.support.models import step_model
from tests.support.terminal import Terminal, run, terminal

pytestmark = [pytest.mark.pty, pytest.mark.linux]

SYMBOLS = "\n\x07\x08\x0b\x1b\x7f\x85\x90\x9b\x9d\u061c\u200b\u200f\u202e\u2066\u2028\ufeff]Pac z"
"""No "[" is among them, so an escape sequence that begins with one is the program's own."""
OWNED = "\x1b]0;owned\x07\x9d0;owned\x9c\u202e\x1bc"
OURS = re.compile(r"\x1b\[[0-9;?<>=$ ]*[A-Za-z@~]|\x1b\]22;[a-z-]*\x07")  # and the pointer's shape
HOSTILE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
PROMPT = "\r\b"  # how prompt_toolkit moves within its line


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that writes control characters, named by some."""
    card = {
        "name": f"m{OWNED}",
        "architecture": f"a{OWNED}",
        "device": OWNED,
        "corpus": {"name": OWNED},
    }
    metadata = to_metadata(Vocabulary(list(SYMBOLS), "preserve"), 12, card)
    path = tmp_path_factory.mktemp("hostile") / "model.onnx"
    path.write_bytes(step_model(symbols=SYMBOLS, metadata=metadata).SerializeToString())
    return path


@pytest.fixture(scope="module")
def tape(model: Path) -> Path:
    """A tape of what it writes, in a file with a hostile name."""
    path = model.with_name(f"a{OWNED.replace('/', '')}.tape")
    done = run("generate", "--model", str(model), "--seed", f"z{OWNED}", "-n", "200",
               "--temperature", "1", "--tape", str(path))  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "\x1b" in done.stdout.decode()  # to a pipe the text is what it is
    return path


@pytest.fixture(scope="module")
def history(model: Path) -> Path:
    """A history that has two replies of it."""
    path = model.with_name("history.db")
    with terminal("repl", "--model", str(model), "--history", str(path), "--length", "60",
                  "--speed", "full", "--temperature", "1") as it:  # fmt: skip
        it.until(lambda: "knows" in it.text, "the model is told of")
        for _ in range(2):
            before = it.text.count("bits per character")
            it.send("zac\r")
            it.until(lambda b=before: it.text.count("bits per character") > b, "a reply ended")
        it.send("\x04")
        assert it.end() == 0
        assert not unsafe(it, PROMPT)
    return path


def unsafe(it: Terminal, own: str = "\r") -> list[str]:
    """Return what arrived at a terminal that must not, with some characters around it.

    Args:
        it: the terminal.
        own: control characters that the program itself moves the cursor with.
    """
    text = OURS.sub("", it.output.rstrip(b"\0").decode("utf-8", "surrogateescape"))
    text = text.translate(dict.fromkeys(map(ord, own)))
    return [
        repr(text[max(0, it.start() - 20) : it.end() + 20])
        for it in HOSTILE.finditer(text)
        if it[0] not in "\t"
    ][:5] + ([f"{len(text)} characters: owned"] if "\x1b]0;owned" in text else [])


def scripts(model: Path, tape: Path, history: Path) -> Iterator[tuple[str, ...]]:
    """Yield every command for scripts, with what can be hostile to each."""
    on, kept = ("--model", str(model)), ("--history", str(history))
    text = model.with_name("text.txt")
    text.write_text(SYMBOLS * 20 + OWNED, encoding="utf-8")
    settings = model.with_name("settings.toml")
    settings.write_text(f'theme = "x{escaped(OWNED)}"\n"k{escaped(OWNED)}" = 1\n', encoding="utf-8")
    nowhere = model.with_name(f"no{OWNED.replace('/', '')}")
    yield ("generate", *on, "--seed", f"z{OWNED}", "-n", "300", "--temperature", "1", "--echo")
    yield ("generate", *on, "--seed", f"z{OWNED}", "-n", "300", "--temperature", "1", "--json")
    yield ("generate", *on, "-n", "50", "--temperatures", "0.5,1", "--echo", "--seed", OWNED)
    yield ("generate", *on, "--moving", OWNED)
    yield ("generate", "--model", str(nowhere))
    yield ("generate", *on, "--tape", str(nowhere / "tape"), "-n", "5")
    yield ("info", *on)
    yield ("info", *on, "--json")
    yield ("score", *on, str(text))
    yield ("score", *on, "--per-character", str(text))
    yield ("score", *on, "--json", str(text))
    second = model.with_name("second.onnx")
    second.write_bytes(step_model(symbols=SYMBOLS, rng_seed=1).SerializeToString())
    yield ("score", *on, "--against", str(second), str(text))
    yield ("score", *on, "--against", str(nowhere), str(text))
    yield ("attribute", *on, "--model", str(second), str(text))
    yield ("score", *on, str(nowhere))
    yield ("score", *on, "--skip", OWNED, str(text))
    yield ("replay", *on, str(tape))
    yield ("replay", str(tape))  # whose model is not at hand
    yield ("replay", *on, str(nowhere))
    yield ("replay", *on, f"charlm1.{OWNED}")
    for command in ("list", "search", "show", "share"):
        words = {"list": (), "search": ("zac",)}.get(command, ("1",))
        yield ("history", command, *words, *kept)
    yield ("history", "show", "1", "--json", *kept)
    yield ("history", "list", "--json", *kept)
    for form in ("text", "markdown", "html", "svg", "json", "asciicast", "tape"):
        yield ("history", "export", "1", "--format", form, *kept)
    yield ("history", "search", OWNED, *kept)
    yield ("history", "list", "--model", OWNED, *kept)
    yield ("history", "list", "--history", str(nowhere))
    yield ("config", "check", "--config", str(settings))
    yield ("config", "show", "--config", str(settings))
    yield ("config", "path", "--config", str(nowhere))
    yield (OWNED,)
    yield (f"--{OWNED}",)


def escaped(text: str) -> str:
    """Write a text as TOML has it within quotes."""
    return "".join(f"\\u{ord(char):04x}" for char in text)


def test_no_command_lets_a_control_character_reach_a_terminal(
    model: Path, tape: Path, history: Path
) -> None:
    found = {}
    for command in scripts(model, tape, history):
        with terminal(*command) as it:
            it.end()
            if (wrong := unsafe(it)) or "Traceback" in it.text:
                found[" ".join(command)[:60]] = wrong or it.text
    assert not found


def test_the_repl_shows_hostile_text_as_text(model: Path, tape: Path) -> None:
    with terminal("repl", "--model", str(model), "--no-history", "--length", "80",
                  "--speed", "full", "--temperature", "1") as it:  # fmt: skip
        it.until(lambda: "knows" in it.text, "the model is told of")
        it.send(f"\x1b[200~z{OWNED}\x1b[201~\r")
        it.until(lambda: "bits per character" in it.text, "a reply ended")
        for line in (f"/load {tape}", f"/model {OWNED}", f"/{OWNED}", "/about", "/share"):
            it.send(f"\x1b[200~{line}\x1b[201~\r")
            it.read()
        it.send("\x04")
        it.end()
        assert not unsafe(it, PROMPT)


def test_the_app_writes_the_same_kinds_of_sequences_for_hostile_text(
    model: Path, history: Path, tiny_model_path: Path, tmp_path: Path
) -> None:
    kinds = []
    for path, seed, place in (
        (tiny_model_path, "zac", tmp_path / "history.db"),
        (model, f"z{OWNED}", history),
    ):
        with terminal("--model", str(path), "--seed", seed, "--history", str(place),
                      "--length", "300", "--speed", "full", "--temperature", "1",
                      columns=120, rows=40) as it:  # fmt: skip
            it.until(lambda: "300" in it.text or "idle" in it.text, "the reply ended")
            it.send(f"\x1b[200~{seed}\x1b[201~\r")
            it.send("\x1b")  # to the transcript
            for key, shown in (("\x1b[A", ""), ("p", ""), ("\x1b", ""), ("h", "")):
                it.send(key)
                it.read()
                assert shown in it.text
            it.send("\x11")
            it.end()
            if path is model:
                assert not unsafe(it)
            text = it.output.decode("utf-8", "replace")
            kinds.append({re.sub(r"[0-9;:]+", "n", found) for found in OURS.findall(text)})
            kinds[-1] |= set(re.findall(r"\x1b[^\[]", text))
    plain, hostile = kinds
    assert hostile <= plain
