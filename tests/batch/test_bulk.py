"""`score` of many documents and `generate` of many seeds: the same figures, in the same order."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from charlm_tui.batch import documents
from charlm_tui.batch.bulk import by_processes
from charlm_tui.batch.score import run as run_alone
from charlm_tui.batch.score_documents import Part, ScoreWork, Sums, lines_of
from charlm_tui.lm.settings import Settings
from tests.conftest import TEXT
from tests.support.models import WINDOW, put
from tests.support.terminal import COMMAND, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("model") / "tiny.onnx", 0)


def alone(model: Path, text: str, settings: Settings = Settings()) -> tuple[float, int, int]:  # noqa: B008
    report = run_alone(model, text, settings, 0, False, lambda _: None)
    summary = report.summary(0)
    return summary["bits_per_character"], summary["scored"], sum(summary["dropped"].values())


@pytest.mark.parametrize("settings", [Settings(), Settings(depth=5), Settings(carry=True)])
def test_a_document_in_pieces_has_the_figures_of_its_whole(
    settings: Settings, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "PIECE", 150)
    text = (TEXT + " ☃ and more\n") * 9
    path = tmp_path / "a.txt"
    path.write_text(text)
    work = ScoreWork(tiny, settings, settings.depth or WINDOW, paragraphs=True)
    *paragraphs, line = lines_of(by_processes(work, [path], 1), True)
    bits, scored, dropped = alone(tiny, text, settings)
    assert line["bits_per_character"] == pytest.approx(bits, abs=1e-5)
    assert (line["scored"], line["dropped"]) == (scored, dropped)
    assert [each["paragraph"] for each in paragraphs] == [0]


def test_documents_are_told_in_their_order_with_their_own_figures_by_any_number_of_processes(
    tiny: Path, tmp_path: Path
) -> None:
    texts = [TEXT[start : start + 40 + start] for start in range(0, 60, 3)]
    lines, plain = tmp_path / "crawl.jsonl", tmp_path / "b.txt"
    rows = [json.dumps({"text": text}) for text in texts]
    rows[3] = "{"
    lines.write_text("\n".join(rows))
    plain.write_text(TEXT * 3)
    command = ("score", "--model", str(tiny), str(lines), str(plain), str(tmp_path / "none.txt"))
    one, two = (run(*command, "--processes", str(count)) for count in (1, 2))
    assert one.returncode == two.returncode == 1
    assert one.stdout == two.stdout
    told = [json.loads(line) for line in two.stdout.splitlines()]
    assert [each.get("line") for each in told] == [*range(1, 21), None, None]
    assert [bool(each.get("error")) for each in told] == [n in (3, 21) for n in range(22)]
    assert b"2 documents could not be read" in two.stderr
    for each, text in zip(told, texts, strict=False):
        if "error" not in each:
            assert each["bits_per_character"] == pytest.approx(alone(tiny, text)[0], abs=1e-5)
    assert told[20]["bits_per_character"] == pytest.approx(alone(tiny, TEXT * 3)[0], abs=1e-5)


def test_paragraphs_add_up_to_their_document() -> None:
    def part(*sums: Sums, ends: bool = False) -> list[Part]:
        return [Part("a", 0, sums, ends, "")]

    parts = [
        part(Sums(0, 10, 9, 1, 18.0), Sums(1, 5, 5, 0, 5.0)),
        part(Sums(1, 5, 5, 0, 15.0), Sums(2, 1, 0, 1, 0.0), ends=True),
        part(ends=True),
    ]
    figures = ("paragraph", "at", "bits_per_character", "scored")
    told: list[dict[str, Any]] = list(lines_of(parts, True))
    assert [tuple(line.get(name) for name in figures) for line in told] == [
        (0, 0, 2.0, 9),
        (1, 10, 2.0, 10),
        (2, 20, None, 0),
        (None, None, 2.0, 19),
        (None, None, None, 0),
    ]
    assert list(lines_of(parts, False)) == told[3:]


def test_many_seeds_have_the_replies_of_each_in_their_order(tiny: Path, tmp_path: Path) -> None:
    seeds = [f"bird {'n' * number}" for number in range(9)]
    plain, lines = tmp_path / "seeds.txt", tmp_path / "seeds.jsonl"
    plain.write_text("\n".join(seeds))
    lines.write_text("\n".join(json.dumps({"text": seed}) for seed in seeds))
    command = ("generate", "--model", str(tiny), "-n", "20", "--rng-seed", "4", "--seeds")
    one = run(*command, str(plain), "--json")
    for path in (plain, lines):
        assert run(*command, str(path), "--processes", "2").stdout == one.stdout
    assert [json.loads(line)["seed"] for line in one.stdout.splitlines()] == seeds


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("score", "a.txt", "b.txt", "--json"), "--json is for one text"),
        (("score", "-", "--documents"), "- is for one text"),
        (("score", "a.txt", "--processes", "2", "--ray", "auto"), "exclude each other"),
        (("generate", "--processes", "2"), "give one with --seeds"),
        (("generate", "--seeds", "-", "--ray", "auto"), "give one with --seeds"),
        (("generate", "--seeds", "a", "--processes", "2", "--tape", "t"), "leave out --processes"),
    ],
)
def test_what_is_of_one_text_is_refused_of_many(args: tuple[str, ...], said: str) -> None:
    result = run(*args)
    assert result.returncode == 2
    assert said in result.stderr.decode()


def test_a_model_that_is_refused_is_told_once_by_all_processes(tmp_path: Path) -> None:
    model, text = tmp_path / "no.onnx", tmp_path / "a.txt"
    model.write_text("no model")
    text.write_text("a bird")
    result = run("score", "--model", str(model), str(text), "--documents", "--processes", "2")
    assert result.returncode == 1
    assert result.stdout == b""
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.linux
def test_a_process_that_is_killed_ends_the_work_with_one_sentence(
    tiny: Path, tmp_path: Path
) -> None:
    lines = tmp_path / "many.jsonl"
    lines.write_text((json.dumps({"text": TEXT * 10}) + "\n") * 20_000)
    with subprocess.Popen(
        [COMMAND, "score", "--model", str(tiny), str(lines), "--documents", "--processes", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "bits_per_character" in process.stdout.readline()
        [worker, *_] = [
            below
            for child in _children(process.pid)
            for below in _children(child)
            if b"spawn_main" in Path(f"/proc/{below}/cmdline").read_bytes()
        ]
        os.kill(worker, signal.SIGKILL)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "a process that did a part of the work is gone" in said
    assert len(said.splitlines()) == 1


def _children(pid: int) -> list[int]:
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
