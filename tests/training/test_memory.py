"""A large text trains in little memory: its ids are mapped, and windows are cut on the fly."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.support.training import BOUND_S, environment

CODE = r"""
import re, sys, threading
from dataclasses import replace
from pathlib import Path
from charlm_tui.training.checkpoint import Costs
from charlm_tui.training.corpus import read_corpus
from charlm_tui.training.errors import InterruptedTrainingError
from charlm_tui.training.measuring import measure, settle
from charlm_tui.training.network import compiled_network
from charlm_tui.training.recipes import BEST
from charlm_tui.training.schedule import Schedule
from charlm_tui.training.train import train
from tests.training.conftest import Record

def anonymous():
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1])

peak, ended = 0, threading.Event()
def watch():
    global peak
    while not ended.wait(0.01):
        peak = max(peak, anonymous())
threading.Thread(target=watch).start()

class Bounded(Record):
    def batch_ended(self, batch):
        if batch.number == 20:
            raise KeyboardInterrupt

try:
    recipe = replace(BEST, units=8)
    corpus = read_corpus(Path(sys.argv[1]), "lower", 60, recipe.stride, recipe.batch)
    try:
        train(corpus, recipe, 0, Bounded())
    except InterruptedTrainingError:
        pass
    network = compiled_network(len(corpus.vocabulary), recipe, 0)
    costs = Costs()
    schedule = Schedule(recipe, costs, None, 0.0, float)
    settle(network, corpus, recipe, schedule, float)
    measure(network, corpus.validation, 60, costs.step)
finally:
    ended.set()
print(peak)
"""


def write_text(path: Path, size: int) -> None:
    """Write a made text of so many characters, in words, letters with marks and capital ones."""
    letters = np.array([*"abcdefghijklmnopqrstuvwxyzäé  \n  AEΣ"])
    rng = np.random.default_rng(4)
    piece = "".join(rng.choice(letters, 10**6).tolist()).encode()
    with open(path, "wb") as file:
        for _ in range(size // 10**6):
            file.write(piece)


def peak_kib(path: Path) -> int:
    """Return the most anonymous memory of a process that reads a text and trains a little on it."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(path)],
        cwd=ROOT,
        env=environment(TMPDIR=str(path.parent)),
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.linux
@pytest.mark.parametrize(
    ("size", "most_mb"),
    [
        pytest.param(20 * 10**6, 40, marks=pytest.mark.long),
        pytest.param(10**9, 500, marks=pytest.mark.long),
    ],
    ids=["20 MB", "1 GB"],
)
def test_a_large_text_trains_in_little_more_memory_than_a_small_one(
    size: int, most_mb: int, tmp_path: Path
) -> None:
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    write_text(small, 10**6)
    write_text(large, size)
    more_mb = (peak_kib(large) - peak_kib(small)) * 1024 / 1e6
    assert more_mb < most_mb
    assert sorted(it.name for it in tmp_path.iterdir()) == ["large.txt", "small.txt"]
