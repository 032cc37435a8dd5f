"""No process of ours leaves anything of onnxruntime's telemetry: no id of the device, no events."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminal import COMMAND, terminal


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folder, which is empty, and whose caches are where they are at first."""
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("HOME", str(path))
    for name in ("DATA", "CONFIG", "CACHE", "STATE"):
        monkeypatch.delenv(f"XDG_{name}_HOME")
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.delenv("CHARLM_CORPUS", raising=False)  # whose index is a cache of ours
    return path


def inside(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "arguments", [["generate", "-n", "5"], ["info"], ["score", "-"], ["repl", "--length", "5"]]
)
def test_a_command_leaves_nothing_in_the_home_folder(
    home: Path, model_path: Path, arguments: list[str]
) -> None:
    subprocess.run(
        [COMMAND, *arguments, "--model", str(model_path)],
        input=b"the world\n",
        capture_output=True,
        check=True,
    )
    assert inside(home) == []


@pytest.mark.pty
def test_the_app_and_its_engine_leave_nothing_in_the_home_folder(
    home: Path, model_path: Path
) -> None:
    options = ["--model", str(model_path), "--seed", "the ", "--length", "5", "--no-history"]
    with terminal(*options) as it:
        it.shows("ready")
        it.send("\x11")
        assert it.end() == 0
    assert inside(home) == []


@pytest.mark.parametrize(("chosen", "then"), [("0", "0"), ("", "1"), ("1", "1")])
def test_who_has_chosen_is_not_overruled(chosen: str, then: str) -> None:
    program = "import os, charlm_tui.lm; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"ORT_DISABLE_TELEMETRY": chosen},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == then + "\n"
