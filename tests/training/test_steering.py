"""What a person changes while a run goes on, and the same changes made again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import LogFile
from charlm_tui.runs.requests import ChangeRate, ChangeSamples, CoolDown, Request, Stop
from charlm_tui.training.checkpoint import Course, Snapshot, read_checkpoint, write_checkpoint
from charlm_tui.training.corpus import Corpus
from charlm_tui.training.run_log import RunRecorder
from charlm_tui.training.samples import TEMPERATURES, Samples
from charlm_tui.training.steering import (
    COOLED,
    STOPPED,
    Change,
    Steering,
    changes_of,
    sentence_of,
)
from charlm_tui.training.train import Batch, Run, train
from tests.training.conftest import TINY, Record

LONG = replace(TINY, epochs=4, warm_up=0.0)


class Asker(Record):
    """Asks for something once a batch was trained."""

    def __init__(self, after: tuple[int, int], *requests: Request) -> None:
        super().__init__()
        self.after = after
        self.requests = list(requests)
        self.waiting: list[Request] = []
        self.rates: list[float] = []

    def batch_ended(self, batch: Batch) -> None:
        super().batch_ended(batch)
        self.rates.append(batch.rate)
        if batch[:2] == self.after:
            self.waiting += self.requests

    def asked(self) -> list[Request]:
        waiting, self.waiting = self.waiting, []
        return waiting


def steered(corpus: Corpus, asker: Asker) -> tuple[Run, list[Change]]:
    told: list[Change] = []
    return train(corpus, LONG, 3, asker, steering=Steering(asker.asked, told=told.append)), told


def test_a_change_acts_from_the_next_batch_on_and_again_at_the_same_batch(
    small_corpus: Corpus,
) -> None:
    plain, asker, again = Asker((0, 0)), Asker((2, 3), ChangeRate(factor=0.5)), Asker((0, 0))
    steered(small_corpus, plain)
    _, changes = steered(small_corpus, asker)
    assert changes == [Change(2, 4, ChangeRate(factor=0.5))]
    at = asker.batches.index((2, 3, asker.batches[0][2])) + 1  # batches as they were
    assert asker.losses[:at] == pytest.approx(plain.losses[:at], rel=1e-5)
    np.testing.assert_allclose(asker.rates[at:], np.array(plain.rates[at:]) / 2)
    assert abs(asker.losses[-1] - plain.losses[-1]) > 1e-4
    train(small_corpus, LONG, 3, again, steering=Steering(recorded=changes))
    assert again.losses == pytest.approx(asker.losses, rel=1e-5)


def test_a_run_that_is_asked_to_stop_keeps_what_there_is(small_corpus: Corpus) -> None:
    asker = Asker((2, 5), Stop())
    run, changes = steered(small_corpus, asker)
    assert run.stopped == STOPPED
    assert asker.batches[-1][:2] == (2, 5)
    assert [epoch.number for epoch in run.epochs] == [1, 2]
    assert changes == [Change(2, 6, Stop())]


def test_between_two_epochs_a_run_that_is_asked_to_stop_trains_no_more(
    small_corpus: Corpus,
) -> None:
    probe = Asker((1, 1), Stop())
    steered(small_corpus, probe)
    last = (1, probe.batches[0][2])  # batches of an epoch
    asker = Asker(last, Stop())
    run, _ = steered(small_corpus, asker)
    assert asker.batches[-1][:2] == last
    assert [epoch.number for epoch in run.epochs] == [1]


def test_cooling_down_takes_the_rate_to_zero_and_ends_the_run(small_corpus: Corpus) -> None:
    asker = Asker((1, 4), CoolDown(seconds=1e-9))
    run, [change] = steered(small_corpus, asker)
    assert run.stopped == COOLED
    assert change.request == CoolDown(seconds=1e-9, batches=1)
    again = Asker((0, 0))
    slower = Change(1, 5, CoolDown(seconds=9.0, batches=6))
    run = train(small_corpus, LONG, 3, again, steering=Steering(recorded=[slower]))
    assert run.stopped == COOLED
    assert len(again.batches) == 4 + 6
    falling = again.rates[4:]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < falling[0] / 4


@pytest.mark.long
def test_a_run_that_continues_keeps_its_course(small_corpus: Corpus, tmp_path: Path) -> None:
    asker = Asker((1, 2), ChangeRate(factor=0.25))
    kept: list[Snapshot] = []
    train(
        small_corpus, LONG, 3, asker,
        steering=Steering(asker.asked), keep=lambda it, _: kept.append(it),
    )  # fmt: skip
    write_checkpoint(tmp_path / "c", {}, kept[0])
    _, snapshot = read_checkpoint(tmp_path / "c")
    assert snapshot.course == Course(factor=0.25)
    rest = Asker((0, 0))
    train(small_corpus, LONG, 3, rest, resumed=snapshot, steering=Steering())
    assert rest.rates == asker.rates[-len(rest.rates) :]
    assert rest.losses == pytest.approx(asker.losses[-len(rest.losses) :], rel=1e-5)


@pytest.mark.parametrize("factor", [0.0, -1.0, 1e-300, 1e300])
def test_a_rate_never_becomes_nothing_or_without_bound(factor: float) -> None:
    it = Steering(recorded=[Change(1, 1, ChangeRate(factor=factor))] * 9)
    it.before_batch(1, 1, 0.0)
    assert 1e-6 <= it.course.factor <= 1e6


def test_the_log_tells_changes_so_that_they_can_be_made_again(tmp_path: Path) -> None:
    changes = [
        Change(1, 2, ChangeRate(factor=2.0)),
        Change(1, 3, ChangeSamples(seed="b\x1b", temperatures=[0.5])),
        Change(2, 1, CoolDown(seconds=3.0, batches=7)),
        Change(2, 5, Stop()),
    ]
    recorder = RunRecorder(LogFile(tmp_path / "log", False, pytest.fail), 100)
    for change in changes:
        recorder.changed(change)
        assert "\x1b" not in sentence_of(change)
    recorder.ended("stopped")
    assert changes_of(read_log(tmp_path / "log")) == changes


def test_samples_change_as_far_as_the_model_can(small_corpus: Corpus) -> None:
    vocabulary, samples = small_corpus.vocabulary, Samples("a")
    asked = ChangeSamples(seed="bird ☃", temperatures=[0.1, 2])
    assert samples.changed(asked, vocabulary) == Samples("bird ", (0.1, 2.0))
    nothing = ChangeSamples(seed="☃", temperatures=[-1])
    assert samples.changed(nothing, vocabulary) == Samples("a", TEMPERATURES)
