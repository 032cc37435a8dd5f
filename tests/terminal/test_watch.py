"""`charlm-tui watch` in a real pseudo-terminal, on a log that a second process could write."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from charlm_tui.runs.log_file import LogFile, log_path
from charlm_tui.runs.requests import ChangeRate, Requests, requests_path
from tests.support.run_logs import BATCH, BEGAN, END, EPOCH, SAMPLE
from tests.support.terminal import run, terminal

pytestmark = pytest.mark.pty


def test_without_a_terminal_it_says_what_there_is_instead() -> None:
    done = run("watch", "mine.onnx")
    assert done.returncode == 2
    assert "docs/run-log.md" in done.stderr.decode()


def test_where_there_is_no_run_it_says_what_to_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with terminal("watch") as it:
        assert it.end() == 1
        assert "there is no log of a training run here" in it.text


def test_the_newest_run_is_watched_steered_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    out = tmp_path / "models" / "mine.onnx"
    requests = Requests(requests_path(out))
    log = LogFile(log_path(out), False, pytest.fail)
    log.write(replace(BEGAN, process=os.getpid()))
    log.write(BATCH)
    with terminal("watch", rows=30) as it:
        it.shows("mine  training")
        for number in (1, 2, 3):
            log.write(replace(EPOCH, epoch=number, measured_nats=1 + 1 / number))
        log.write(replace(SAMPLE, text="what it writes"))
        it.shows("after epoch 3")
        it.shows("what it writes")
        it.shows("held-out")
        it.send("h")
        it.shows("Asked for half the rate")
        log.write(END)
        it.shows("mine  finished")
        it.send("q")
        assert it.end() == 0
        assert it.is_sane
    log.close()
    assert list(requests.new()) == [ChangeRate(factor=0.5)]
