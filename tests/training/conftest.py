"""A tiny network, trained once for all tests that look at one."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from charlm_tui.cli import main
from charlm_tui.training.checkpoint import Epoch
from charlm_tui.training.corpus import Corpus, read_corpus
from charlm_tui.training.recipes import BEST, Recipe
from charlm_tui.training.train import Run, train

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

    def estimated(self, epoch_s: float) -> None:
        self.estimates.append(epoch_s)

    def batch_ended(self, epoch: int, batch: int, batches: int, loss: float, done: float) -> None:
        self.done.append(done)
        self.batches.append((epoch, batch, batches))
        self.losses.append(loss)

    def epoch_ended(self, epoch: Epoch, network: Any) -> None:
        self.epochs.append(epoch)
        self.weights.append([np.array(weight) for weight in network.get_weights()])


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
