"""A run that is interrupted can continue, and comes to what an unbroken one comes to."""

import json
import os
import random
import re
import signal
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from charlm_tui.files import FileWriteError
from charlm_tui.lm.model import OnnxModel
from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import log_path
from charlm_tui.training.checkpoint import (
    Costs,
    Epoch,
    Snapshot,
    check_settings,
    checkpoint_path,
    is_finished,
    read_checkpoint,
    write_checkpoint,
)
from charlm_tui.training.corpus import Corpus
from charlm_tui.training.errors import CheckpointError
from charlm_tui.training.recipes import BEST
from charlm_tui.training.train import Run, train
from tests.conftest import ROOT
from tests.support.devices import NULL, is_device, make_device, room_for
from tests.support.fuzz_files import spoil
from tests.support.terminal import COMMAND
from tests.support.training import BOUND_S, SCRIPT, environment
from tests.training.conftest import TINY, Paced, Record, refusal

DEEP = replace(TINY, epochs=4, layers=2, dropout=0.2, recurrent_dropout=0.2, embedding=6)
"""Every kind of random number that training draws is in it, and every kind of weight."""


def losses(run: Run) -> list[tuple[float, float]]:
    return [(epoch.training_loss, epoch.measured_loss or 0.0) for epoch in run.epochs]


def test_what_is_resumed_here_is_the_default_optimiser() -> None:
    assert DEEP.optimizer == BEST.optimizer == "muon"


def test_a_resumed_run_has_the_losses_of_an_unbroken_one(
    small_corpus: Corpus, tmp_path: Path
) -> None:
    """Through the file, early and late, with dropout: equal as an unbroken run is to itself."""
    paths = []

    def keep(snapshot: Snapshot, _: keras.Model) -> None:
        path = tmp_path / f"{len(snapshot.epochs)}"
        write_checkpoint(path, asdict(DEEP), snapshot)
        paths.append(path)

    unbroken = train(small_corpus, DEEP, 5, Record(), keep=keep)
    assert len(paths) == 4
    for path in (paths[0], paths[2]):
        settings, snapshot = read_checkpoint(path)
        assert settings == asdict(DEEP)
        resumed = train(small_corpus, DEEP, 5, Record(), resumed=snapshot)
        np.testing.assert_allclose(losses(resumed), losses(unbroken), rtol=1e-6)
        for found, wanted in zip(
            resumed.network.get_weights(), unbroken.network.get_weights(), strict=True
        ):
            np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.long
def test_a_run_that_is_resumed_between_two_parts_has_the_losses_of_an_unbroken_one(
    cut_in_four: Paced, small_corpus: Corpus, tmp_path: Path
) -> None:
    """Its parts are those of the run that it continues, however fast the machine is now."""
    path, recipe = tmp_path / "c", replace(TINY, choose_on=0.1)
    corpus = replace(small_corpus, choose_on=0.1)

    def keep(snapshot: Snapshot, _: keras.Model) -> None:
        if len(snapshot.epochs) == 3:
            write_checkpoint(path, {}, snapshot)

    unbroken = train(corpus, recipe, 5, cut_in_four, keep=keep, clock=cut_in_four.clock)
    _, snapshot = read_checkpoint(path)
    record = Paced(batch_s=9.0)
    resumed = train(corpus, recipe, 5, record, resumed=snapshot, clock=record.clock)
    assert [epoch.name for epoch in resumed.epochs] == [epoch.name for epoch in unbroken.epochs]
    assert record.batches[0][:2] == (1, cut_in_four.batches[-1][2] * 3 // 4 + 1)
    np.testing.assert_allclose(losses(resumed), losses(unbroken), rtol=1e-6)


@pytest.mark.long
def test_without_the_state_of_dropout_or_of_the_optimiser_a_run_would_be_another(
    small_corpus: Corpus,
) -> None:
    """What the test above stands on: each part of the state matters."""
    kept: list[Snapshot] = []
    unbroken = train(
        small_corpus, DEEP, 5, Record(), keep=lambda snapshot, _: kept.append(snapshot)
    )
    for group in ("network", "optimizer"):
        arrays = [
            array + 1 if array.ndim == 1 and array.dtype.kind in "iu" else array * 1
            for array in getattr(kept[1], group)
        ]
        if group == "optimizer":
            arrays = [array * 0 if array.dtype.kind == "f" else array for array in arrays]
        changed = replace(kept[1], **{group: arrays})
        resumed = train(small_corpus, DEEP, 5, Record(), resumed=changed)
        assert abs(losses(resumed)[-1][0] - losses(unbroken)[-1][0]) > 1e-5


@pytest.mark.long
def test_on_jax_a_resumed_run_has_the_losses_of_an_unbroken_one(tiny_corpus_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "sys.modules['tensorflow'] = None  # as where it is not installed\n"
        "from charlm_tui.training.corpus import read_corpus\n"
        "from charlm_tui.training.train import train\n"
        "from tests.training.conftest import Record\n"
        "from tests.training.test_checkpoint import DEEP, losses\n"
        "corpus = read_corpus(Path(sys.argv[1]), 'lower', DEEP.window, DEEP.stride, DEEP.batch)\n"
        "kept = []\n"
        "whole = train(corpus, DEEP, 5, Record(), keep=lambda it, _: kept.append(it))\n"
        "parts = train(corpus, DEEP, 5, Record(), resumed=kept[1])\n"
        "np.testing.assert_allclose(losses(parts), losses(whole), rtol=1e-5)\n"
        "print(len(parts.epochs))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny_corpus_path)],
        cwd=ROOT,
        env=environment(KERAS_BACKEND="jax"),
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.stdout == "4\n", done.stderr


SMALL = ("--units", "8", "--window", "8", "--batch", "32", "--stride", "4")


def run_command(corpus: Path, out: Path, *args: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "--corpus", str(corpus), "--out", str(out), *args],
        cwd=out.parent,
        env=environment(**env),
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def read_until(process: subprocess.Popen[str], start: str, signal_: int | None) -> list[str]:
    """Read a run's lines to their end; send it a signal at the first line that starts so."""
    watchdog = threading.Timer(BOUND_S, process.kill)
    watchdog.start()
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if signal_ is not None and line.startswith(start):
            process.send_signal(signal_)
            signal_ = None
    process.wait()
    watchdog.cancel()
    process.stderr.close()
    return lines


@pytest.mark.parametrize("backend", ["tensorflow", pytest.param("jax", marks=pytest.mark.long)])
def test_ctrl_c_leaves_the_best_model_and_says_how_to_continue(
    backend: str, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    process = run_command(
        tiny_corpus_path, out, *SMALL, "--epochs", "6", "--keep-epochs", KERAS_BACKEND=backend
    )
    lines = read_until(process, "epoch 2/6: ", signal.SIGINT)
    assert process.returncode == 130, "".join(lines)
    told = re.fullmatch(
        r"interrupted; the best so far, of epoch (\d+), is in (.+); continue with: (.+)\n",
        lines[-1],
    )
    assert told is not None
    assert told[2] == str(out)
    assert OnnxModel(out).contract.card["best_epoch"] == int(told[1])

    way = told[3].split()
    assert way[:2] == ["charlm-tui", "train"]
    again = subprocess.Popen(
        [COMMAND, *way[1:]],
        cwd=tmp_path,
        env=environment(KERAS_BACKEND=backend),
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = read_until(again, "", None)
    assert again.returncode == 0, "".join(lines)
    numbers = [int(found[1]) for found in map(re.compile(r"epoch (\d)/6: ").match, lines) if found]
    assert numbers == list(range(numbers[0], 7))
    assert numbers[0] >= 3
    card = OnnxModel(out).contract.card
    assert card["backend"] == backend
    assert [entry["epoch"] for entry in card["loss_history"]] == [1, 2, 3, 4, 5, 6]
    assert is_finished(checkpoint_path(out))
    log = read_log(log_path(out))
    assert [each.epoch for each in log.epochs] == [1, 2, 3, 4, 5, 6]
    assert Path(log.epochs[0].file).name == "mine-epoch-001.onnx"
    names = sorted(it.name for it in tmp_path.iterdir())
    assert "mine-epoch-001.onnx" in names
    assert not [name for name in names if name.endswith(".part")]


@pytest.mark.long
@pytest.mark.parametrize("again", [False, True])
def test_a_kill_leaves_a_checkpoint_that_goes_on(
    again: bool, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    """Killed at once after an epoch's line and while the next is in hand; again when it goes on."""
    out = tmp_path / "mine.onnx"
    process = run_command(tiny_corpus_path, out, *SMALL, "--epochs", "5")
    read_until(process, "epoch 1/5: ", signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    settings, snapshot = read_checkpoint(checkpoint_path(out))
    assert 1 <= len(snapshot.epochs) < 5
    card = OnnxModel(out).contract.card
    assert card["epochs"] >= 1
    here = card["device"]
    assert settings["devices"] == [here]
    settings["devices"] = ["another machine"]  # as if it had been trained there so far
    write_checkpoint(checkpoint_path(out), settings, snapshot)

    args = ("--resume", "--epochs", "5")
    if again:
        process = run_command(tiny_corpus_path, out, *args)
        read_until(process, f"epoch {len(snapshot.epochs) + 1}/5: ", signal.SIGKILL)
    process = run_command(tiny_corpus_path, out, *args)
    lines = read_until(process, "", None)
    assert process.returncode == 0, "".join(lines)
    card = OnnxModel(out).contract.card
    assert card["device"] == f"another machine, then {here}"
    assert [entry["epoch"] for entry in card["loss_history"]] == [1, 2, 3, 4, 5]
    log = read_log(log_path(out))  # of all parts
    nats = [(each.epoch, each.training_nats) for each in log.epochs]
    assert nats == [(entry["epoch"], entry["training_nats"]) for entry in card["loss_history"]]
    assert log.began is not None
    assert log.began.continues_after in ("1", "2", "3", "4")
    assert log.ended is not None
    assert log.ended.reason == "finished"

    # A run that has ended stands in nobody's way, and goes on where a later end is given.
    assert is_finished(checkpoint_path(out))
    for end in ((), ("--epochs", "5"), ("--epochs", "3")):
        said = refusal("--corpus", tiny_corpus_path, "--out", out, "--resume", *end)
        assert "ended after epoch 5" in said
    process = run_command(tiny_corpus_path, out, "--resume", "--epochs", "6")
    lines = read_until(process, "", None)
    assert process.returncode == 0, "".join(lines)
    card = OnnxModel(out).contract.card
    assert [entry["epoch"] for entry in card["loss_history"]] == [1, 2, 3, 4, 5, 6]
    assert card["hyperparameters"]["epochs"] == 6


SNAPSHOT = Snapshot(
    [Epoch(1, 1.5, 1.6, 2.0, True, 1, 2), Epoch(1, 1.5, None, 2.0, False, 2, 2)],
    2.0,
    [np.ones((3, 4), np.float32)],
    [np.arange(3)],
    [],
    Costs(2, 3, 1, 1.5, 0.5, 2.5),
)


def test_a_checkpoint_gives_back_what_was_put_in(tmp_path: Path) -> None:
    path = tmp_path / "c"
    write_checkpoint(path, {"units": 3}, SNAPSHOT)
    settings, snapshot = read_checkpoint(path)
    assert settings == {"units": 3}
    assert (snapshot.epochs, snapshot.seconds) == (SNAPSHOT.epochs, 2.0)
    assert snapshot.costs == SNAPSHOT.costs
    np.testing.assert_array_equal(snapshot.network, SNAPSHOT.network)
    np.testing.assert_array_equal(snapshot.optimizer, SNAPSHOT.optimizer)
    assert snapshot.best == []


def test_no_room_in_the_middle_of_a_checkpoint_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "c"
    write_checkpoint(path, {}, SNAPSHOT)
    before = path.read_bytes()
    large = replace(SNAPSHOT, network=[np.ones(100_000, np.float32)])
    with room_for(10_000), pytest.raises(FileWriteError, match="cannot be written: File too large"):
        write_checkpoint(path, {}, large)
    assert path.read_bytes() == before
    assert [it.name for it in tmp_path.iterdir()] == ["c"]


def test_a_checkpoint_follows_a_link_and_keeps_the_mode_of_a_file(tmp_path: Path) -> None:
    target, link = tmp_path / "elsewhere" / "c", tmp_path / "c"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write_checkpoint(link, {"units": 3}, SNAPSHOT)
    assert link.is_symlink()
    assert read_checkpoint(target)[0] == {"units": 3}
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_place_of_training_that_is_no_file_is_refused_before_anything_is_trained(
    tiny_corpus_path: Path, tmp_path: Path
) -> None:
    null, locked, good = make_device(tmp_path / "null", NULL), tmp_path / "l", tmp_path / "m.onnx"
    locked.write_bytes(b"precious")
    locked.chmod(0o444)
    for place in ("--out", "--page"):
        more = () if place == "--out" else ("--out", good)
        line = refusal("--corpus", tiny_corpus_path, *more, place, locked, *SMALL)
        assert f"{locked} cannot be written: it is read-only; make it writable" in line
    line = refusal("--corpus", tiny_corpus_path, "--out", null, *SMALL)
    assert f"{null} cannot be written: it is a device; give the path of a file" in line
    for folder in ("", ".", "/"):
        line = refusal("--corpus", tiny_corpus_path, "--out", folder, *SMALL)
        assert "cannot be written: it is a folder; give the path of a file" in line
    checkpoint_path(good).mkdir()
    line = refusal("--corpus", tiny_corpus_path, "--out", good, "--restart", *SMALL)
    assert f"{checkpoint_path(good)} cannot be written: it is a folder" in line
    assert is_device(null, NULL)
    assert locked.read_bytes() == b"precious"
    assert sorted(it.name for it in tmp_path.iterdir()) == ["l", "m.onnx.checkpoint", "null"]


def test_a_checkpoint_cut_anywhere_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "c"
    write_checkpoint(path, {}, SNAPSHOT)
    whole = path.read_bytes()
    for size in range(0, len(whole) - 1, 13):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="--restart"):
            read_checkpoint(path)


@pytest.mark.parametrize("facts", [{"format": 1}, {}, [], {"format": 2, "settings": {}}])
def test_a_checkpoint_of_another_kind_is_one_clear_error(facts: Any, tmp_path: Path) -> None:
    path = tmp_path / "c"
    with open(path, "wb") as file:
        np.savez(file, facts=np.frombuffer(json.dumps(facts).encode(), np.uint8))
    with pytest.raises(CheckpointError, match="--restart"):
        read_checkpoint(path)


def test_arrays_of_another_network_are_refused(small_corpus: Corpus) -> None:
    with pytest.raises(CheckpointError, match="of another network"):
        train(small_corpus, TINY, 0, Record(), resumed=SNAPSHOT)


def test_other_settings_than_the_runs_are_named() -> None:
    check_settings(Path("c"), {"units": 3}, {"units": 3, "rng_seed": 1})
    with pytest.raises(CheckpointError, match="has units 3 where 4 is asked for"):
        check_settings(Path("c"), {"units": 4}, {"units": 3})


def test_a_run_in_the_way_is_not_forgotten_unasked(tiny_corpus_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    checkpoint_path(out).write_bytes(b"precious")
    line = refusal("--corpus", tiny_corpus_path, "--out", out, *SMALL)
    assert "is of an interrupted run; continue it with --resume" in line
    assert checkpoint_path(out).read_bytes() == b"precious"


def test_what_cannot_be_resumed_is_told(tiny_corpus_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    args = ("--resume", "--corpus", tiny_corpus_path, "--out", out)
    assert "there is no interrupted run to continue" in refusal(*args)
    settings = {
        **asdict(TINY),
        "case": "lower",
        "rng_seed": 0,
        "time": None,
        "corpus": str(tiny_corpus_path),
        "sha256": "another",
        "backend": keras.backend.backend(),
    }
    write_checkpoint(checkpoint_path(out), settings, SNAPSHOT)
    assert "has units 12 where 13 is asked for" in refusal(*args, "--units", "13")
    assert "has rng_seed 0 where 1 is asked for" in refusal(*args, "--rng-seed", "1")
    assert "has name tiny where large is asked for" in refusal(*args, "--preset", "large")
    assert "has sha256 another where" in refusal(*args)
    del settings["units"]
    write_checkpoint(checkpoint_path(out), settings, SNAPSHOT)
    assert "does not say the run's units" in refusal(*args)
    assert not out.exists()


def test_what_is_no_checkpoint_is_told_and_stops_nobody(tmp_path: Path) -> None:
    path = tmp_path / "x.checkpoint"
    os.mkfifo(path)
    with pytest.raises(CheckpointError, match="it is a pipe; start over with --restart"):
        read_checkpoint(path)
    path.unlink()
    write_checkpoint(path, {}, SNAPSHOT)
    good = path.read_bytes()
    for seed in range(300):
        path.write_bytes(spoil(random.Random(seed), good))
        with suppress(CheckpointError):  # and nothing else
            read_checkpoint(path)
