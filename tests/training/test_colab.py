"""The notebook for Colab does what it says, cell by cell, on a tiny text."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

NOTEBOOK = ROOT / "docs" / "train_on_colab.ipynb"
TEXT = "the quick brown fox jumps over the lazy dog, and nobody asked why. " * 60
TINY = "--units 8"


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def tags(cell: dict[str, Any]) -> list[str]:
    found: list[str] = cell["metadata"].get("tags", [])
    return found


def run(source: str, names: dict[str, Any]) -> str:
    """Run a cell as a notebook does; return what its last line shows as HTML, if it does."""
    if source.startswith("!"):
        command = (
            source[1:].format_map(names).replace("charlm-tui", f"{sys.executable} -m charlm_tui", 1)
        )
        subprocess.run(command, shell=True, check=True, timeout=300)
        return ""
    *before, last = source.splitlines()
    if not last.startswith(("model.", "print")):
        exec(compile(source, "cell", "exec"), names)
        return ""
    exec(compile("\n".join(before), "cell", "exec"), names)
    shown = eval(last, names)
    return shown._repr_html_() if hasattr(shown, "_repr_html_") else ""


@pytest.mark.long
def test_every_cell_runs_on_a_tiny_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "my.txt").write_text(TEXT)
    names: dict[str, Any] = {}
    shown = []
    for cell in cells():
        if "install" in tags(cell):
            continue
        shown.append(run("".join(cell["source"]), names))
        if "parameters" in tags(cell):
            names |= {"TIME": "20s", "OPTIONS": TINY}
    assert (tmp_path / "my.onnx").exists()
    assert sum("<" in each for each in shown) == 1
    told = capfd.readouterr().out
    assert "bits per character" in told
    assert "--- temperature 1.2" in told


def test_the_notebook_has_no_output_and_no_number_of_a_run() -> None:
    for cell in cells():
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
