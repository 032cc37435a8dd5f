"""The benchmarks end well on a machine that lacks something, and say what they leave out."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def recital(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the part of `make bench` that needs a corpus, as make does."""
    kept = {key: value for key, value in os.environ.items() if key != "CHARLM_CORPUS"}
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.recital", "--rounds", "1", *arguments],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_a_corpus_the_recital_meter_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    result = recital(KERAS_HOME=str(tmp_path))
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == (
        "note: there is no corpus at hand, so the recital meter is not measured; "
        "give one with --corpus PATH, or with CHARLM_CORPUS\n"
    )


def test_a_corpus_that_is_named_and_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    none = str(tmp_path / "none.txt")
    for result in (recital("--corpus", none), recital(CHARLM_CORPUS=none)):
        assert (result.returncode, result.stdout) == (1, "")
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"Error: the corpus {none} is no file; give another with")
