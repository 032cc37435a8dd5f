"""A GPU that is visible but stands idle is announced with the command that mends it."""

from pathlib import Path

import keras
import pytest

from charlm_tui.training.device import idle_gpu, training_device, visible_gpus


def put_driver(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a driver's command in the only folder that programs are looked for in."""
    command = folder / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_the_drivers_gpus_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        'test "$*" = "--query-gpu=name --format=csv,noheader" || exit 1\n'
        "echo 'NVIDIA H200'; echo 'NVIDIA L4'"
    )
    put_driver(tmp_path, script, monkeypatch)
    assert visible_gpus() == ["NVIDIA H200", "NVIDIA L4"]


def test_an_idle_gpu_is_announced_with_what_mends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_driver(tmp_path, "echo 'NVIDIA H200'", monkeypatch)
    sentence = idle_gpu("CPU (any)")
    assert sentence.startswith(
        f"NVIDIA H200 is visible, but this {keras.backend.backend()} cannot use it; to train on it:"
    )
    if keras.backend.backend() == "tensorflow":
        assert 'pip install "charlm-tui[train-gpu]"' in sentence
    assert "\n" not in sentence


def test_a_gpu_that_trains_is_not_announced_as_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_driver(tmp_path, "echo 'NVIDIA H200'", monkeypatch)
    assert idle_gpu("NVIDIA H200") == ""


@pytest.mark.parametrize(
    "script", ["echo 'driver not loaded'; exit 9", "echo >&2 'no devices'", "kill -9 $$"]
)
def test_a_driver_without_a_gpu_is_no_gpu(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_driver(tmp_path, script, monkeypatch)
    assert visible_gpus() == []
    assert idle_gpu("CPU (any)") == ""


def test_a_machine_without_a_driver_has_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_gpus() == []


def test_a_driver_that_cannot_be_run_is_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_driver(tmp_path, "", monkeypatch)
    (tmp_path / "nvidia-smi").write_bytes(b"\x7fELF, or so it says")
    assert visible_gpus() == []


def test_the_device_that_trains_has_a_name() -> None:
    device = training_device()
    assert device
    assert device.isprintable()
