"""`charlm-tui film` in a real pseudo-terminal and without one, on models of a run."""

import json
import re
from pathlib import Path

import pytest

from charlm_tui.runs.log_file import log_path
from tests.support.films import epoch_file, kept_run
from tests.support.models import looping_model
from tests.support.terminal import run, terminal

pytestmark = pytest.mark.pty


def test_a_run_is_filmed_walked_exported_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_corpus: str
) -> None:
    monkeypatch.chdir(tmp_path)
    out = kept_run(tmp_path, 3, tiny_corpus.lower())
    with terminal("film", str(out), rows=30) as it:
        it.shows("epoch 3 of 3")
        it.shows("what it writes")
        it.shows("not trained on")
        it.until(lambda: "filming" not in it.text, "the film is whole")
        it.send("\x1b[D")
        it.shows("epoch 2 of 3")
        it.send("A")
        it.shows("3 · mine-epoch-003")
        it.shows("■ 400 · ")
        it.send("\x11")
        it.shows("epoch 2 of 3")
        it.send("x")
        it.shows("Export the film")
        it.send("\r")
        it.shows("Exported to mine.film.svg")
        it.send("q")
        assert it.end() == 0
        assert it.is_sane
    assert (tmp_path / "mine.film.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (tmp_path / "mine.onnx.film.json").is_file()


def test_without_a_terminal_it_says_what_there_is_instead(tmp_path: Path) -> None:
    done = run("film", str(kept_run(tmp_path, 1)))
    assert done.returncode == 2
    assert "--export film.svg" in done.stderr.decode()


@pytest.mark.parametrize("suffix", ["cast", "svg"])
def test_it_is_exported_without_a_terminal(
    suffix: str, tmp_path: Path, tiny_corpus: str
) -> None:  # fmt: skip
    out, path = kept_run(tmp_path, 2, tiny_corpus.lower()), tmp_path / f"a.{suffix}"
    done = run("film", str(log_path(out)), "--seed", "a bird", "--export", str(path))
    assert (done.returncode, done.stdout) == (0, b"")
    content = path.read_text(encoding="utf-8")
    assert "a bird" in content
    if suffix == "cast":
        assert json.loads(content.splitlines()[0])["version"] == 2
    again = run("film", str(out), "--seed", "a bird", "--export", str(path))
    assert again.returncode == 0
    assert path.read_text(encoding="utf-8") == content


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nothing.onnx"], "nothing.onnx.run.jsonl cannot be read: No such file"),
        (["kept-none/mine.onnx"], "train it with --keep-epochs"),
        (["gone/mine.onnx"], "none of the 1 epochs"),
        (["broken/mine.onnx"], "epoch-001.onnx is not an ONNX model"),
        (["looping/mine.onnx"], "an epoch of looping/mine.onnx cannot be used: loading it"),
        (["kept/mine.onnx", "--export", "a.gif"], ".cast or .svg is expected"),
        (["kept/mine.onnx", "--export", "no/such/folder/a.svg"], "cannot be written"),
    ],
)
def test_what_cannot_be_filmed_is_one_sentence_and_exit_code_1(
    arguments: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHARLM_LOAD_SECONDS", "1")
    for name, epochs in (("kept-none", 0), ("gone", 1), ("broken", 1), ("looping", 2), ("kept", 1)):
        (tmp_path / name).mkdir()
        kept_run(tmp_path / name, epochs)
    epoch_file(tmp_path / "gone" / "mine.onnx", 1).unlink()
    epoch_file(tmp_path / "broken" / "mine.onnx", 1).write_bytes(b"no model")
    looping = epoch_file(tmp_path / "looping" / "mine.onnx", 1)
    looping.write_bytes(looping_model().SerializeToString())
    export = [] if "--export" in arguments else ["--export", "a.svg"]
    done = run("film", *arguments, *export)
    told = done.stderr.decode()
    assert done.returncode == 1
    assert why in told
    assert re.fullmatch(r"(note: [^\n]+\n)?error: [^\n]+\n", told)
