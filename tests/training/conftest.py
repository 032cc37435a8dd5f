"""A tiny network, trained once for all tests that look at one."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from charlm_tui.cli import main
from charlm_tui.training import batches as batches_room
from charlm_tui.training import train as train_room
from charlm_tui.training.checkpoint import Epoch
from charlm_tui.training.corpus import Corpus, read_corpus
from charlm_tui.training.recipes import BEST, Recipe
from charlm_tui.training.train import Batch, Run, train

HERE = Path(__file__).parent
TINY = replace(
    BEST, units=12, window=8, stride=4, batch=32, epochs=2, learning_rate=0.02, name="tiny"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is tested here as slow: Keras is imported with its backend."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Ended:
    """What a command that has ended left: its exit code, and its output."""

    exit_code: int
    stdout: str
    stderr: str


def invoke(*args: str | Path) -> Ended:
    """Run `charlm-tui train` in this process."""
    with pytest.MonkeyPatch.context() as patch, CliRunner().isolation() as (stdout, stderr, _):
        patch.setattr(sys, "argv", ["charlm-tui", "train", *map(str, args)])
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        return Ended(end.value.code, stdout.getvalue().decode(), stderr.getvalue().decode())


def refusal(*args: str | Path) -> str:
    """Run the command to its refusal; return the one sentence that it says."""
    ended = invoke(*args)
    assert ended.exit_code == 1, ended.stderr
    assert ended.stdout == ""
    [line] = ended.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


@dataclass
class Record:
    """Is told of a run, and keeps what it was told."""

    epochs: list[Epoch] = field(default_factory=list)
    weights: list[list[Any]] = field(default_factory=list)
    """After each epoch."""
    batches: list[tuple[int, int, int]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    estimates: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    parts: int = 0
    begun: list[tuple[Any, int]] = field(default_factory=list)

    def began(self, network: Any, batches: int) -> None:
        self.begun.append((network, batches))

    def estimated(self, epoch_s: float, parts: int) -> None:
        self.estimates.append(epoch_s)
        self.parts = parts

    def batch_ended(self, batch: Batch) -> None:
        self.done.append(batch.done)
        self.batches.append(batch[:3])
        self.losses.append(batch.loss)

    def epoch_ended(self, epoch: Epoch, network: Any) -> None:
        self.epochs.append(epoch)
        self.weights.append([np.array(weight) for weight in network.get_weights()])


@dataclass
class Clock:
    """A clock that only goes on when it is told to, so that no test is about the machine."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Paced(Record):
    """Lets every batch and everything else that is told of take a time of its own."""

    clock: Clock = field(default_factory=Clock)
    compile_s: float = 5.0
    batch_s: float = 0.25
    show_s: float = 0.5
    keep_s: float = 2.0
    rates: list[float] = field(default_factory=list)

    def batch_ended(self, batch: Batch) -> None:
        first = not self.batches
        super().batch_ended(batch)
        self.clock.now_s += self.compile_s if first else self.batch_s

    def epoch_ended(self, epoch: Epoch, network: Any) -> None:
        super().epoch_ended(epoch, network)
        self.rates.append(float(network.optimizer.learning_rate))
        self.clock.now_s += self.show_s

    def keep(self, *_: object) -> None:
        self.clock.now_s += self.keep_s


@dataclass(frozen=True)
class Trained:
    """A run of the tiny recipe, and what was told of it while it went on."""

    corpus: Corpus
    recipe: Recipe
    run: Run
    record: Record


@pytest.fixture(scope="session")
def small_corpus(tiny_corpus_path: Path) -> Corpus:
    return read_corpus(tiny_corpus_path, "lower", TINY.window, TINY.stride, TINY.batch)


@pytest.fixture(scope="session")
def trained(small_corpus: Corpus) -> Trained:
    record = Record()
    return Trained(small_corpus, TINY, train(small_corpus, TINY, 0, record), record)


@pytest.fixture
def cut_in_four(monkeypatch: pytest.MonkeyPatch) -> Paced:
    """Parts as of a large text: an epoch of 39 batches takes 9.75 s by this clock."""
    monkeypatch.setattr(batches_room, "LARGE_TEXT", 0)
    monkeypatch.setattr(train_room, "PROBE_BATCHES", 5)
    monkeypatch.setattr(train_room, "PART_S", 2.5)
    return Paced(compile_s=0.25)
