"""`charlm-tui train` in a real pseudo-terminal: the run outlives the screen on it."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from charlm_tui.runs.follower import Follower, read_log
from charlm_tui.runs.log_file import log_path
from charlm_tui.runs.records import STOPPED, Began
from charlm_tui.runs.requests import Stop, requests_path, send
from charlm_tui.training.checkpoint import checkpoint_path, is_finished
from tests.support.terminal import Terminal, terminal
from tests.support.training import environment
from tests.training.conftest import invoke

pytestmark = [pytest.mark.pty, pytest.mark.linux]

SMALL = ("--units", "8", "--window", "8", "--batch", "32", "--stride", "4")
LONG = ("--epochs", "100000")  # nobody waits for its end


@contextmanager
def training(corpus: Path, out: Path) -> Iterator[tuple[Terminal, Began, int]]:
    """Open the screen, and wait for a batch; give it, the beginning of its run, and its process."""
    arguments = ("train", str(corpus), "--out", str(out), *SMALL, *LONG)
    with terminal(*arguments, rows=30, variables=environment()) as it:
        it.shows("starting: loading Keras takes seconds")
        it.shows("come back with:")
        it.shows("mine  training")
        began = read_log(log_path(out)).began
        assert began is not None
        process = os.pidfd_open(began.process)
        try:
            yield it, began, process
        finally:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, signal.SIGKILL)
            os.close(process)


def has_ended(process: int, seconds: float) -> bool:
    return bool(select.select([process], [], [], seconds)[0])


def stop(out: Path, process: int) -> None:
    """Ask a run to stop, and see that it does, with its best."""
    send(requests_path(out), Stop())
    assert has_ended(process, 60.0)
    log = read_log(log_path(out))
    assert log.ended is not None
    assert log.ended.reason == STOPPED
    assert out.exists()
    assert is_finished(checkpoint_path(out))


def test_whoever_leaves_is_told_how_to_come_back_and_the_run_goes_on(
    tiny_corpus_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    with training(tiny_corpus_path, out) as (it, began, process):
        assert os.getsid(began.process) == began.process
        it.shows("after epoch 1")
        assert list(tmp_path.glob("mine-epoch-*.onnx"))  # for a film
        it.send("q")
        assert it.end() == 0
        assert it.is_sane
        assert f"training continues; come back with: charlm-tui watch {out}" in it.text.replace(
            "\n", ""
        )
        assert not has_ended(process, 0.0)
        stop(out, process)


def test_a_terminal_that_is_closed_ends_no_run(tiny_corpus_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    with training(tiny_corpus_path, out) as (it, _, process):
        it.shows("after epoch 1")
        it.hang_up()
        assert it.process.wait(60) == 128 + signal.SIGHUP
        with closing(Follower(log_path(out))) as follower:
            follower.follow()
            before = len(follower.log.epochs)
            while len(follower.log.epochs) < before + 2:
                assert not has_ended(process, 0.05)
                follower.follow()
        stop(out, process)


def test_what_is_refused_is_told_below_the_screen(tiny_corpus_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "none.onnx"
    arguments = ("train", str(tiny_corpus_path), "--out", str(out), "--resume")
    with terminal(*arguments, columns=200, variables=environment()) as it:
        assert it.end() == 1
        assert it.is_sane
        assert f"error: there is no interrupted run to continue: {out}.checkpoint" in it.text


def test_a_dry_run_says_what_would_be_and_writes_nothing(
    tiny_corpus_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    many = ("--units", "200", "--window", "8", "--batch", "32", "--stride", "4")
    ended = invoke(tiny_corpus_path, "--out", out, *many, "--epochs", "3", "--dry-run")
    assert ended.exit_code == 0
    told = ended.stderr
    assert "words.txt: " in told
    assert f"and write {out}" in told
    assert "an epoch takes about" in told
    assert ", all 3 about" in told
    assert "without dropout it learns the text by heart; --preset small has" in told
    assert list(tmp_path.iterdir()) == []
    small = invoke(tiny_corpus_path, "--out", out, *SMALL, "--time", "5m", "--dry-run").stderr
    assert "it would take 5 min" in small
    assert "by heart" not in small
