"""Requests: written by any screen of the same user, read by the trainer, once."""

import os
import stat
from pathlib import Path

import pytest

from charlm_tui.files import FileWriteError
from charlm_tui.runs.requests import (
    MOST_BYTES,
    ChangeRate,
    ChangeSamples,
    CoolDown,
    Request,
    Requests,
    Stop,
    requests_path,
    send,
)

ALL: tuple[Request, ...] = (
    Stop(), ChangeRate(factor=0.5), CoolDown(seconds=60.0), ChangeSamples(seed="a\nb")
)  # fmt: skip


def test_requests_lie_beside_the_model_file() -> None:
    assert requests_path(Path("models/a.onnx")) == Path("models/a.onnx.run.requests")


def test_what_is_asked_is_read_once_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    it = Requests(path)
    assert list(it.new()) == []
    for request in ALL[:3]:
        send(path, request)
    assert list(it.new()) == list(ALL[:3])
    assert list(it.new()) == []
    send(path, ALL[3])
    assert list(it.new()) == [ALL[3]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    it.close()
    assert not path.exists()


def test_what_was_asked_of_a_run_before_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    send(path, Stop())
    it = Requests(path)
    assert list(it.new()) == []
    send(path, ChangeRate(factor=2.0))
    assert list(it.new()) == [ChangeRate(factor=2.0)]


def test_half_a_line_waits_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    it = Requests(path)
    path.write_bytes(b'nonsense\n{"kind":"stop","more":1}\n{"kind":"rate","fac')
    path.chmod(0o600)
    assert list(it.new()) == [Stop()]
    with path.open("ab") as file:
        file.write(b'tor":2.0}\n{"kind":"rate","factor":"x"}\n')
    assert list(it.new()) == [ChangeRate(factor=2.0)]


def test_a_line_without_an_end_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    it = Requests(path)
    path.write_bytes(b"x" * (MOST_BYTES + 10) + b'\n{"kind":"stop"}\n')
    path.chmod(0o600)
    assert list(it.new()) == []
    assert list(it.new()) == [Stop()]


@pytest.mark.linux
def test_nobody_else_asks_for_anything(tmp_path: Path) -> None:
    path = tmp_path / "requests"
    it = Requests(path)
    send(path, Stop())
    path.chmod(0o666)
    assert list(it.new()) == []
    path.unlink()
    other = tmp_path / "other"
    send(other, Stop())
    path.symlink_to(other)
    it = Requests(tmp_path / "another")
    with pytest.raises(FileWriteError):
        send(path, Stop())
    assert os.path.islink(path)
