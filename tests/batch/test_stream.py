"""A text that is larger than any memory should be asked for: it is read as a stream."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TEXT
from tests.support.models import put
from tests.support.terminal import COMMAND, run

pytestmark = [pytest.mark.long, pytest.mark.linux]

GROWS_BYTES = 20_000_000  # at the most, between the two looks


def tree(pid: int) -> Iterator[int]:
    """Yield a process and all below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from tree(int(child))


def memory(pid: int) -> int:
    """Return the bytes of a process and of all below it that are in memory."""
    pages = [int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in tree(pid)]
    return sum(pages) * 4096


def test_the_memory_of_a_gigabyte_is_the_same_after_20_s_and_after_80_s(tmp_path: Path) -> None:
    model, text = put(tmp_path / "tiny.onnx", 0), tmp_path / "large.txt"
    block = ((TEXT + "\n") * 20 + "\n") * 300
    with text.open("w") as file:
        for _ in range(10**9 // len(block) + 1):
            file.write(block)
    assert text.stat().st_size >= 10**9
    command = [COMMAND, "score", "--model", str(model), str(text), "--paragraphs"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            found = []
            for seconds in (20, 60):
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(seconds)
                found.append(memory(process.pid))
        finally:
            process.terminate()
    print(f"{found[0]:,} and {found[1]:,} bytes")
    assert found[1] - found[0] < GROWS_BYTES


def test_five_megabytes_are_scored_to_the_end(tmp_path: Path) -> None:
    model, text = put(tmp_path / "tiny.onnx", 0), tmp_path / "text.txt"
    text.write_text((TEXT + "\n") * (5_000_000 // len(TEXT)))
    result = run("score", "--model", str(model), str(text), "--documents")
    assert result.returncode == 0
    line = json.loads(result.stdout)
    assert line["scored"] + line["dropped"] == text.stat().st_size >= 5_000_000
    assert 0 < line["bits_per_character"] < 20
