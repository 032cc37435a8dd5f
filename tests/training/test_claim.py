"""One writer of a model file at a time, whatever becomes of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from charlm_tui.files import FileWriteError
from charlm_tui.training.claim import Claim
from tests.conftest import ROOT

HOLDER = """
import sys
from pathlib import Path
from charlm_tui.training.claim import Claim
claim = Claim(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def claimed(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_may_not_write_what_a_first_one_is_writing(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    with claimed(path) as first:
        with pytest.raises(FileWriteError, match="another process is writing it; wait until"):
            Claim(path)
        first.kill()
    Claim(path).release()  # what a killed one leaves is in nobody's way
    assert [it.name for it in tmp_path.iterdir()] == []


def test_a_claim_that_is_given_up_leaves_nothing_and_can_be_had_again(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    for _ in range(2):
        claim = Claim(path)
        assert [it.name for it in tmp_path.iterdir()] == [".model.onnx.lock"]
        claim.release()
        claim.release()
        assert [it.name for it in tmp_path.iterdir()] == []
    with pytest.raises(FileWriteError, match="No such file or directory"):
        Claim(tmp_path / "none" / "x")
