"""The same work on a cluster of Ray with two workers: the same lines, whatever befalls a worker."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, TEXT
from tests.support.models import put

pytest.importorskip("ray")
pytestmark = pytest.mark.long

BOUND_S = 400
CODE = """
import sys
sys.argv = ["charlm-tui", *sys.argv[1:]]
from charlm_tui.cli import main
main()
"""


def start(*args: object, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, *map(str, args)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RAY_OVERRIDE_RESOURCES": '{"CPU": 2}'},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def lines(*args: object) -> list[dict[str, object]]:
    process = start(*args)
    out, said = process.communicate(timeout=BOUND_S)
    assert process.returncode == 0, said
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def crawl(tmp_path: Path) -> list[Path]:
    several, one = tmp_path / "crawl.jsonl", tmp_path / "one.txt"
    several.write_text(
        "".join(json.dumps({"text": TEXT * (1 + number % 7)}) + "\n" for number in range(300))
    )
    one.write_text((TEXT + "\n\n") * 400)
    return [several, one]


def test_a_cluster_has_the_lines_of_this_machine(crawl: list[Path], tmp_path: Path) -> None:
    model = put(tmp_path / "tiny.onnx", 0)
    command = ("score", "--model", model, *crawl, "--paragraphs")
    assert lines(*command, "--ray", "local") == lines(*command, "--processes", "1")
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("\n".join(f"bird {number}" for number in range(20)))
    command = ("generate", "--model", model, "--seeds", seeds, "-n", "20", "--rng-seed", "3")
    assert lines(*command, "--ray", "local") == lines(*command, "--processes", "1")


@pytest.mark.linux
def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost_or_doubled(
    crawl: list[Path], tmp_path: Path
) -> None:
    model = put(tmp_path / "tiny.onnx", 0)
    command = ("score", "--model", model, *crawl * 3, "--paragraphs")
    with start(*command, "--ray", "local", stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        workers = [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if b"_Worker" in _read(path) or b"MapWorker(MapBatches(_Worker" in _read(path)
        ]
        assert workers
        os.kill(workers[0], signal.SIGKILL)
        lines_told = [first, *process.stdout]
        assert process.wait(BOUND_S) == 0
    assert [line for line in lines_told if not line.startswith("{")] == []
    told = [json.loads(line) for line in lines_told]
    assert told == lines(*command, "--processes", "1")


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1:1"])
def test_a_cluster_that_is_not_there_is_one_sentence(address: str, tmp_path: Path) -> None:
    model = put(tmp_path / "tiny.onnx", 0)
    text = tmp_path / "a.txt"
    text.write_text(TEXT)
    process = start("score", "--model", model, text, "--ray", address)
    out, said = process.communicate(timeout=BOUND_S)
    assert (process.returncode, out) == (1, "")
    assert f"no cluster of Ray answers at {address}" in said.splitlines()[-1]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended
        return b""
