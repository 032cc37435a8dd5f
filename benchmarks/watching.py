"""What looking costs a run that trains, and how soon the screen is there.

python -m benchmarks.watching --rounds 9

Batches of the small network are trained with nothing beside them, and with the log, the requests
and a screen of `charlm-tui watch` that follows them, in turn; the screen is stopped meanwhile where
nobody is to look. First paints are those of the installed command, as a terminal sees them.
"""

import contextlib
import fcntl
import hashlib
import os
import pty
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import click
import numpy as np
import onnx

from benchmarks.screen import COLUMNS, EMPTY, MODEL, ROWS, paint_and_character_s
from benchmarks.timing import Way, median_ratio, side_by_side
from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import LogFile, log_path
from charlm_tui.runs.records import Began, Measured, Sampled, Trained
from charlm_tui.runs.requests import Requests, requests_path
from charlm_tui.training.network import compiled_network
from charlm_tui.training.recipes import BEST
from charlm_tui.training.run_log import RunRecorder
from charlm_tui.training.steering import Steering
from charlm_tui.training.train import Batch

SYMBOLS, BATCHES = 57, 1_000
LOGGED_EPOCHS, LOGGED_BATCHES = 1_000, 100_000
FILMED_EPOCHS = 40


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
def main(rounds: int) -> None:
    """Time training with and without somebody who looks."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "mine.onnx"
        alone, looked_at = _ways(out)
        with _screen(out) as screen:
            timed = side_by_side([alone, Way("looked at", screen(looked_at.run), 20)], rounds)
        share = 1 / median_ratio(timed[1], timed[0])
        print(f"batches a second with a log and a screen on it: {share:.1%} (goal 95 %)")
        text = Path(folder) / "words.txt"
        text.write_text("some words and some more. " * 200, encoding="utf-8")
        small = ["--units", "4", "--epochs", "1", "--window", "8", "--restart", "--out", str(out)]
        for name, command in {
            "watch": ["charlm-tui", "watch", str(out)],
            "train": ["charlm-tui", "train", str(text), *small],
        }.items():
            ratios = []
            for _ in range(rounds):
                empty_s, _ = paint_and_character_s(["python", "-c", EMPTY])
                paint_s, _ = paint_and_character_s(command)
                ratios.append(paint_s / empty_s)
                _wait_for_trainer(out)
            print(
                f"first paint of {name} / empty app's: {statistics.median(ratios):.2f} (goal 1.3)"
            )
        opening_s = _opening_s(out.with_name("long.onnx"))
        print(f"a log of {LOGGED_EPOCHS:,} epochs opens in {opening_s:.2f} s (goal 1 s)")
        film_s = _filming_s(Path(folder) / "filmed")
        print(f"a film of {FILMED_EPOCHS} epochs of the small network: {film_s:.1f} s (goal 10 s)")


def _ways(out: Path) -> tuple[Way, Way]:
    """Return a batch alone, and one that is logged and steered."""
    network = compiled_network(SYMBOLS, BEST, 0)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, SYMBOLS, (BEST.batch, BEST.window + 1)).astype(np.int32)
    given, wanted = ids[:, :-1], ids[:, 1:]
    log = LogFile(log_path(out), False, print)
    recorder = RunRecorder(
        log,
        BEST.batch * BEST.window,
        out=str(out),
        device="CPU",
        measured_on="nothing",
        characters=10**6,
        epochs=1,
    )
    recorder.began(network, BATCHES)
    steering = Steering(Requests(requests_path(out)).new)
    number = 0

    def alone(times: int) -> None:
        for _ in range(times):
            float(network.train_on_batch(given, wanted))

    def looked_at(times: int) -> None:
        nonlocal number
        for _ in range(times):
            number += 1
            steering.before_batch(1, number, 0.05)
            loss = float(network.train_on_batch(given, wanted))
            recorder.batch_ended(Batch(1, number, BATCHES, loss, number / BATCHES, 0.1))

    return Way("alone", alone, 20), Way("looked at", looked_at, 20)


@contextlib.contextmanager
def _screen(out: Path) -> Iterator:  # type: ignore[type-arg]
    """Open `watch` in a terminal; give what lets it run only while something else does."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "charlm-tui"), "watch", str(out)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=dict(os.environ, TERM="xterm-256color"),
        start_new_session=True,
    )
    os.close(slave)

    def drain() -> None:
        with contextlib.suppress(OSError):
            while os.read(master, 1 << 16):
                pass

    threading.Thread(target=drain, daemon=True).start()
    time.sleep(3)  # it is there
    process.send_signal(signal.SIGSTOP)

    def looking(run):  # type: ignore[no-untyped-def]
        def looked_at(times: int) -> None:
            process.send_signal(signal.SIGCONT)
            run(times)
            process.send_signal(signal.SIGSTOP)

        return looked_at

    try:
        yield looking
    finally:
        process.kill()
        process.wait()


def _opening_s(out: Path) -> float:
    """Return the seconds in which the log of a long run is read."""
    log = LogFile(log_path(out), False, print)
    each = LOGGED_BATCHES // LOGGED_EPOCHS
    for epoch in range(1, LOGGED_EPOCHS + 1):
        for batch in range(1, each + 1):
            log.write(
                Trained(
                    at=1.0,
                    epoch=epoch,
                    batch=batch,
                    batches=each,
                    loss_nats=1.5,
                    rate=0.1,
                    characters_per_s=1e5,
                    done=0.5,
                )
            )
        log.write(
            Measured(
                at=1.0,
                epoch=epoch,
                part=1,
                parts=1,
                training_nats=1.5,
                measured_nats=1.4,
                seconds=10.0,
                best=True,
                file="",
            )
        )
    log.close()
    start_s = time.perf_counter()
    assert len(read_log(log_path(out)).epochs) == LOGGED_EPOCHS
    return time.perf_counter() - start_s


def _filming_s(folder: Path) -> float:
    """Return the seconds from the command to the written film of a run, nothing of it kept before.

    The epochs are the shipped model again and again, each with another name inside, so that no two
    files are the same.
    """
    folder.mkdir()
    out, corpus = folder / "mine.onnx", folder / "words.txt"
    text = "some words and some more. " * 4_000
    corpus.write_text(text, encoding="utf-8")
    network = onnx.load(MODEL)
    log = LogFile(log_path(out), False, print)
    log.write(
        Began(
            at=0.0,
            started=time.time(),
            process=os.getpid(),
            out=str(out),
            device="CPU",
            measured_on="held-out",
            parameters=0,
            characters=len(text),
            batches=1,
            epochs=FILMED_EPOCHS,
            corpus={
                "name": corpus.name,
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
                "characters": len(text),
            },
            settings={"corpus": [str(corpus)], "held_out": 0.05, "window": 60, "case": "lower"},
        )
    )
    for epoch in range(1, FILMED_EPOCHS + 1):
        path = out.with_stem(f"mine-epoch-{epoch:03}")
        network.doc_string = path.stem
        onnx.save(network, path)
        log.write(
            Measured(
                at=float(epoch),
                epoch=epoch,
                training_nats=1.5,
                measured_nats=1.4,
                seconds=1.0,
                best=True,
                file=path.name,
            )
        )
        log.write(
            Sampled(
                at=float(epoch), epoch=epoch, seed="some ", rng_seed=1, temperature=0.5, text=""
            )
        )
    log.close()
    command = [str(Path(sys.executable).parent / "charlm-tui"), "film", str(out)]
    start_s = time.perf_counter()
    subprocess.run([*command, "--export", str(folder / "film.svg")], check=True)
    return time.perf_counter() - start_s


def _wait_for_trainer(out: Path) -> None:
    """Wait until the process has ended that trains a model file, if any does."""
    with contextlib.suppress(Exception):
        began = read_log(log_path(out)).began
        while began is not None and began.process != os.getpid():
            os.kill(began.process, 0)
            time.sleep(0.2)


if __name__ == "__main__":
    main()
