"""Training keeps the best epoch's weights, however it ends."""

import math
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.training import batches as batches_room
from charlm_tui.training import measuring
from charlm_tui.training import train as train_room
from charlm_tui.training.batches import Batches, shuffled
from charlm_tui.training.checkpoint import Costs, Epoch, Snapshot
from charlm_tui.training.corpus import Corpus, windows
from charlm_tui.training.encoder import Ids
from charlm_tui.training.errors import TrainingError
from charlm_tui.training.measuring import measure, measured_windows, settle, within
from charlm_tui.training.network import StepWeights, build_network, predictor
from charlm_tui.training.recipes import BEST, NOTEBOOK, RECIPES, Recipe
from charlm_tui.training.schedule import Schedule
from charlm_tui.training.train import Batch, Run, train
from tests.training.conftest import TINY, Clock, Paced, Record, Trained

STILL = replace(TINY, learning_rate=1e-12, epochs=3)
"""Learns nothing, so that what happens to its weights is what a test does to them."""


def assert_weights(network: keras.Model, expected: list[Any]) -> None:
    for found, wanted in zip(network.get_weights(), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def shift_a_bias(network: keras.Model, by: float) -> None:
    kernel, bias = network.get_layer("logits").get_weights()
    bias = np.array(bias)
    bias[0] += by
    network.get_layer("logits").set_weights([kernel, bias])


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(replace(recipe, units=8, window=6, batch=16, epochs=2), id=name)
        for name, recipe in RECIPES.items()
    ],
)
def test_both_recipes_train(recipe: Recipe, small_corpus: Corpus) -> None:
    record = Record()
    run = train(small_corpus, recipe, 0, record)
    assert [epoch.number for epoch in run.epochs] == [1, 2]
    assert run.epochs == record.epochs
    assert not run.stopped
    assert not run.interrupted
    untrained = math.log(len(small_corpus.vocabulary))
    for epoch in run.epochs:
        assert 0 < epoch.training_loss < untrained
        assert 0 < epoch.measured_loss < untrained


def test_the_notebooks_recipe_is_the_notebooks() -> None:
    assert (NOTEBOOK.optimizer, NOTEBOOK.learning_rate, NOTEBOOK.batch) == ("rmsprop", 0.01, 128)
    assert (NOTEBOOK.stride, NOTEBOOK.window, NOTEBOOK.units) == (3, 60, 128)
    assert (NOTEBOOK.epochs, NOTEBOOK.every_position) == (59, False)
    assert (NOTEBOOK.decay, NOTEBOOK.clip, NOTEBOOK.recurrent_dropout) == (False, None, 0)
    assert (BEST.window, BEST.units, BEST.every_position) == (60, 128, True)


def test_every_batch_and_epoch_is_reported_in_order(trained: Trained) -> None:
    record, recipe = trained.record, trained.recipe
    batches = record.batches[0][2]
    assert batches * recipe.batch * recipe.stride <= len(trained.corpus.training)
    assert (batches + 2) * recipe.batch * recipe.stride > len(trained.corpus.training)
    assert record.batches == [
        (epoch, batch, batches) for epoch in (1, 2) for batch in range(1, batches + 1)
    ]
    assert all(math.isfinite(loss) for loss in record.losses)
    shares = np.arange(1, 2 * batches + 1) / (2 * batches)
    np.testing.assert_allclose(record.done, shares)


def test_the_time_of_an_epoch_is_told_once_and_early(trained: Trained) -> None:
    [epoch_s] = trained.record.estimates
    assert epoch_s > 0


def test_the_same_rng_seed_trains_the_same_network(trained: Trained) -> None:
    again = train(trained.corpus, trained.recipe, 0, Record())
    assert [epoch.measured_loss for epoch in again.epochs] == pytest.approx(
        [epoch.measured_loss for epoch in trained.run.epochs], rel=1e-3
    )


def test_the_measured_loss_is_the_mean_over_characters_with_a_whole_window_before_them(
    trained: Trained,
) -> None:
    """Against the probabilities of the network that `predict` is called on, one by one."""
    ids, window = trained.corpus.held_out, trained.recipe.window
    every = windows(ids, window)
    given = predictor(StepWeights.of(trained.run.network)).predict(every[:, :-1], verbose=0)
    nats = -np.log(given[np.arange(len(every)), every[:, -1]].astype(float))
    assert len(nats) == len(ids) - window
    assert measure(trained.run.network, ids, window) == pytest.approx(nats.mean(), rel=1e-5)
    assert measure(trained.run.network, ids, window, 3) == pytest.approx(nats[::3].mean(), rel=1e-5)


def test_an_untrained_network_that_is_uniform_has_the_logarithm_of_the_symbols() -> None:
    network = build_network(7, 4)
    network.set_weights([np.zeros(weight.shape) for weight in network.get_weights()])
    ids = np.arange(5000, dtype=np.int32) % 7
    assert measure(network, ids, 8) == pytest.approx(math.log(7), rel=1e-6)


def test_the_best_epochs_weights_are_kept_though_later_ones_are_worse(small_corpus: Corpus) -> None:
    class Spoiler(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, 1.0)

    record = Spoiler()
    run = train(small_corpus, STILL, 0, record)
    losses = [epoch.measured_loss for epoch in run.epochs]
    assert losses == sorted(losses)
    assert losses[0] < losses[1] < losses[2] < losses[0] + 0.5
    assert [epoch.best for epoch in run.epochs] == [True, False, False]
    assert run.best is run.epochs[0]
    assert not run.stopped
    assert_weights(run.network, record.weights[0])
    assert measure(run.network, small_corpus.held_out, STILL.window, 3) == losses[0]


def test_a_run_whose_loss_falls_apart_stops_and_keeps_the_best_weights(
    small_corpus: Corpus,
) -> None:
    class Spoiler(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, 20.0)

    record = Spoiler()
    run = train(small_corpus, STILL, 0, record)
    assert [epoch.number for epoch in run.epochs] == [1, 2]
    first, second = (epoch.measured_loss for epoch in run.epochs)
    assert run.stopped == (
        f"the held-out loss of epoch 2 is {second:.3f} nats after {first:.3f} at epoch 1: "
        "training has diverged"
    )
    assert not run.interrupted
    assert_weights(run.network, record.weights[0])


def test_a_run_whose_loss_becomes_nan_stops_and_keeps_the_best_weights(
    small_corpus: Corpus,
) -> None:
    class Spoiler(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, math.nan)

    record = Spoiler()
    run = train(small_corpus, STILL, 0, record)
    assert [epoch.number for epoch in run.epochs] == [1]
    assert run.stopped == "the loss of epoch 2 is not a number: training has diverged"
    assert_weights(run.network, record.weights[0])


def test_a_loss_that_is_nan_at_once_is_an_error(small_corpus: Corpus) -> None:
    """A learning rate near the largest float32 throws the weights out of range."""
    with pytest.raises(TrainingError, match=r"of epoch 1 is not a number: .* lower learning rate"):
        train(small_corpus, replace(TINY, learning_rate=1e38, decay=False), 0, Record())


def test_a_network_that_is_worse_than_guessing_at_once_is_an_error(small_corpus: Corpus) -> None:
    """Weights that are thrown about, but not so far that the loss is no number."""
    with pytest.raises(
        TrainingError, match=r"where guessing has \d\.\d+: training has diverged, and"
    ):
        train(small_corpus, replace(TINY, optimizer="adam", learning_rate=1e30), 0, Record())


def test_ctrl_c_in_a_later_epoch_keeps_the_best_weights(small_corpus: Corpus) -> None:
    class Interrupter(Record):
        def batch_ended(self, batch: Batch) -> None:
            super().batch_ended(batch)
            if batch[:2] == (2, 5):
                raise KeyboardInterrupt

    record = Interrupter()
    run = train(small_corpus, TINY, 0, record)
    assert run.interrupted
    assert run.stopped == "interrupted"
    assert [epoch.number for epoch in run.epochs] == [1]
    assert record.batches[-1][:2] == (2, 5)
    assert_weights(run.network, record.weights[0])


def test_ctrl_c_while_an_epoch_is_told_keeps_that_epochs_weights(small_corpus: Corpus) -> None:
    class Interrupter(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            raise KeyboardInterrupt

    record = Interrupter()
    run = train(small_corpus, TINY, 0, record)
    assert run.interrupted
    assert_weights(run.network, record.weights[0])


def test_ctrl_c_before_the_first_epoch_ended_has_nothing_to_keep(small_corpus: Corpus) -> None:
    class Interrupter(Record):
        def batch_ended(self, _: Batch) -> None:
            raise KeyboardInterrupt

    with pytest.raises(TrainingError, match="interrupted before the first epoch ended"):
        train(small_corpus, TINY, 0, Interrupter())


def test_training_never_sees_a_held_out_character(trained: Trained) -> None:
    """The same training part with another end trains the same, and is measured otherwise."""
    other_end = trained.corpus.ids.copy()
    other_end[trained.corpus.cut :] = other_end[trained.corpus.cut :][::-1]
    run = train(replace(trained.corpus, ids=other_end), trained.recipe, 0, Record())
    for epoch, other in zip(trained.run.epochs, run.epochs, strict=True):
        assert other.training_loss == pytest.approx(epoch.training_loss, rel=1e-4)
        assert abs(other.measured_loss - epoch.measured_loss) > 0.01


def test_a_run_without_an_epoch_has_no_best() -> None:
    assert Run(build_network(3, 2)).best is None


def measuring_takes(window_s: float, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    def paced(network: keras.Model, ids: Ids, window: int, step: int = 1) -> float:
        clock.now_s += window_s * measured_windows(ids, window, step)
        return measure(network, ids, window, step)

    for room in (train_room, measuring):
        monkeypatch.setattr(room, "measure", paced)


@pytest.mark.parametrize(
    ("budget_s", "costs", "window_s", "least_trained_s"),
    [
        pytest.param(60.0, {}, 0.01, 30.0, marks=pytest.mark.long),
        (20.0, {}, 0.01, 5.0),
        pytest.param(60.0, {"keep_s": 6.0, "show_s": 4.0}, 0.05, 10.0, marks=pytest.mark.long),
        pytest.param(600.0, {"batch_s": 2.0}, 0.3, 350.0, marks=pytest.mark.long),
        (20.0, {"compile_s": 6.0, "keep_s": 3.0}, 0.05, 0.0),
    ],
)
def test_a_run_by_time_is_measured_and_exported_before_its_time_and_a_tenth_are_over(
    budget_s: float,
    costs: dict[str, float],
    window_s: float,
    least_trained_s: float,
    small_corpus: Corpus,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the command does it: measuring all of the held-out text would take 3 to 80 s."""
    monkeypatch.setattr(measuring, "EVALUATION_BATCH", 8)
    record = Paced(**costs)  # type: ignore[arg-type]
    start_s = record.clock.now_s
    measuring_takes(window_s, record.clock, monkeypatch)
    run = train(
        small_corpus, TINY, 0, record, budget_s=budget_s, keep=record.keep, clock=record.clock
    )
    trained_s = (len(record.batches) - 1) * record.batch_s
    measure(run.network, small_corpus.held_out, TINY.window, run.costs.end_step)
    record.keep()
    assert record.clock.now_s - start_s <= budget_s * 1.1
    assert trained_s >= least_trained_s
    assert not run.stopped
    assert record.done == sorted(record.done)
    if least_trained_s:
        assert record.rates == sorted(record.rates, reverse=True)
        assert record.rates[-1] < TINY.learning_rate / 4


@pytest.mark.long
def test_a_run_by_time_that_continues_takes_what_is_left_of_its_time(small_corpus: Corpus) -> None:
    record, kept = Paced(), []

    def keep(snapshot: Snapshot, _: keras.Model) -> None:
        record.keep()
        kept.append(snapshot)

    train(small_corpus, TINY, 0, record, budget_s=60.0, keep=keep, clock=record.clock)
    second = kept[2]
    again = Paced(compile_s=0.25)
    start_s = again.clock.now_s
    run = train(
        small_corpus,
        TINY,
        0,
        again,
        budget_s=60.0,
        resumed=second,
        keep=again.keep,
        clock=again.clock,
    )
    assert again.clock.now_s - start_s <= 60.0 * 1.1 - second.seconds - again.keep_s
    assert run.seconds > 60.0 * 0.8


@pytest.mark.parametrize(
    ("limit_s", "all_s", "step", "found"),
    [(10, 9, 1, 1), (10, 20, 1, 2), (10, 21, 1, 4), (10, 100, 3, 12), (10, 0, 3, 3)],
)
def test_as_many_windows_are_measured_as_a_limit_allows(
    limit_s: float, all_s: float, step: int, found: int
) -> None:
    assert within(limit_s, all_s, step) == found


@pytest.mark.parametrize(
    ("held_out", "after", "end"),
    [(29_984, 3, 1), (30_001, 4, 1), (50_001, 6, 2), (5_000_000, 500, 100)],
)
def test_no_more_than_a_fixed_number_of_windows_is_measured(
    held_out: int, after: int, end: int, small_corpus: Corpus
) -> None:
    """Of the notebook's text every third after an epoch, and every one at the end."""
    ids = np.zeros(len(small_corpus.training) + held_out + TINY.window, np.uint8)
    corpus = replace(small_corpus, ids=ids, cut=len(small_corpus.training))
    costs = settled_costs(corpus)
    assert (costs.step, costs.end_step) == (after, end)
    assert measured_windows(corpus.held_out, TINY.window, after) <= 10_000
    assert measured_windows(corpus.held_out, TINY.window, end) <= 50_000


def settled_costs(corpus: Corpus) -> Costs:
    network = build_network(len(corpus.vocabulary), 2)
    costs = Costs()
    clock = Clock()
    settle(network, corpus, TINY, Schedule(TINY, costs, None, 0.0, clock), clock)
    return costs


def test_windows_that_are_measured_are_spaced_evenly_and_those_of_the_last_batch_count_once(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, window = trained.corpus.held_out, trained.recipe.window
    whole = measure(trained.run.network, ids, window, 3)
    monkeypatch.setattr(measuring, "EVALUATION_BATCH", 32)
    count = measured_windows(ids, window, 3)
    assert count % 32
    assert count == len(windows(ids, window)[::3])
    assert measure(trained.run.network, ids, window, 3) == pytest.approx(whole, rel=1e-6)


def test_an_epoch_of_a_large_text_is_cut_into_parts_and_trains_the_same(
    cut_in_four: Paced, small_corpus: Corpus, trained: Trained
) -> None:
    """Each part is measured, kept and told like an epoch; what is trained is not changed by it."""
    kept: list[Snapshot] = []
    run = train(
        *(small_corpus, TINY, 0, cut_in_four),
        keep=lambda snapshot, _: kept.append(snapshot),
        clock=cut_in_four.clock,
    )
    assert cut_in_four.parts == 4
    assert [epoch.name for epoch in run.epochs] == [
        f"{number}, part {part} of 4" for number in (1, 2) for part in (1, 2, 3, 4)
    ]
    assert len(kept) == 8
    assert cut_in_four.batches == trained.record.batches
    found, wanted = (record.weights[-1] for record in (cut_in_four, trained.record))
    for ours, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert run.epochs[-1].measured_loss == pytest.approx(
        trained.run.epochs[-1].measured_loss, rel=1e-3
    )


def test_an_epoch_of_a_text_that_is_not_large_has_one_part(
    cut_in_four: Paced, small_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches_room, "LARGE_TEXT", 10**6)
    run = train(small_corpus, TINY, 0, cut_in_four, clock=cut_in_four.clock)
    assert [epoch.name for epoch in run.epochs] == ["1", "2"]


def test_patience_counts_epochs_and_not_their_parts(
    cut_in_four: Paced, small_corpus: Corpus
) -> None:
    class Spoiler(Paced):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, 0.05)

    del cut_in_four
    spoiler = Spoiler(compile_s=0.25)
    recipe = replace(STILL, epochs=9, patience=1)
    run = train(small_corpus, recipe, 0, spoiler, clock=spoiler.clock)
    assert [epoch.part for epoch in run.epochs] == [1, 2, 3, 4, 1]


@given(st.integers(1, 300), st.integers(0, 5), st.integers(1, 7), st.integers(0, 2**32))
def test_a_random_order_that_takes_no_memory_has_each_number_once(
    count: int, start: int, step: int, rng_seed: int
) -> None:
    numbers = range(start, start + count * step, step)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches_room, "SHUFFLED_WINDOWS", 0)
        order = shuffled(numbers, np.random.default_rng(rng_seed))
    whole = order(0, count).tolist()
    assert sorted(whole) == list(numbers)
    assert [it for at in range(0, count, 7) for it in order(at, at + 7).tolist()] == whole


def test_a_random_order_that_takes_no_memory_looks_random(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neighbours are as far from each other as chance has it, and two epochs have two orders."""
    monkeypatch.setattr(batches_room, "SHUFFLED_WINDOWS", 0)
    count = 100_000
    first, second = (
        shuffled(range(count), np.random.default_rng(seed))(0, count) for seed in (1, 2)
    )
    assert abs(np.abs(np.diff(first)).mean() / count - 1 / 3) < 0.01
    assert (first == second).mean() < 0.001
    tenths = np.bincount(first[: count // 10] * 10 // count, minlength=10)
    assert np.abs(tenths - count / 100).max() < 200


def test_the_order_of_a_text_that_is_not_large_is_a_shuffle_of_its_windows(
    small_corpus: Corpus,
) -> None:
    """As it has always been, so that a run gives what it gave."""
    rng = np.random.default_rng((3, 2))
    offset = int(rng.integers(TINY.stride))
    starts = np.arange(offset, len(small_corpus.training) - TINY.window, TINY.stride)
    rng.shuffle(starts)
    batches = Batches(small_corpus.training, TINY, 3)
    for at, (inputs, targets) in enumerate(batches.epoch(2)):
        ours = starts[at * TINY.batch : (at + 1) * TINY.batch]
        for row, start in enumerate(ours):
            stretch = small_corpus.training[start : start + TINY.window + 1]
            assert inputs[row].tolist() == stretch[:-1].tolist()
            assert targets[row].tolist() == stretch[1:].tolist()
    [(inputs, _), *_] = batches.epoch(2, first=at)
    assert inputs[0].tolist() == small_corpus.training[ours[0] :][: TINY.window].tolist()
    assert inputs.dtype == np.int32


def with_other_end(corpus: Corpus, begin: int) -> Corpus:
    ids = corpus.ids.copy()
    ids[begin:] = 0
    return replace(corpus, ids=ids)


@pytest.mark.parametrize("share", [pytest.param(0.0, marks=pytest.mark.long), 0.1])
def test_where_epochs_are_not_measured_on_the_held_out_text_it_is_not_read(
    share: float, small_corpus: Corpus
) -> None:
    recipe = replace(TINY, choose_on=share)
    corpus = replace(small_corpus, choose_on=share)
    run = train(corpus, recipe, 0, Record())
    other = train(with_other_end(corpus, corpus.cut), recipe, 0, Record())
    for one, two in zip(run.epochs, other.epochs, strict=True):
        assert one.training_loss == pytest.approx(two.training_loss, rel=1e-4)
        assert (one.measured_loss is None) == (share == 0)
        assert (one.measured_loss or 0) == pytest.approx(two.measured_loss or 0, rel=1e-4)


def test_epochs_are_measured_on_the_end_of_the_training_text_which_is_not_trained_on(
    small_corpus: Corpus,
) -> None:
    recipe = replace(TINY, choose_on=0.1)
    corpus = replace(small_corpus, choose_on=0.1)
    record = Record()
    run = train(corpus, recipe, 0, record)
    other = train(with_other_end(corpus, len(corpus.training)), recipe, 0, Record())
    for one, two in zip(run.epochs, other.epochs, strict=True):
        assert one.training_loss == pytest.approx(two.training_loss, rel=1e-4)
        assert abs(one.measured_loss - two.measured_loss) > 0.01  # type: ignore[operator]
    assert run.best is not None
    assert run.best.measured_loss == min(epoch.measured_loss for epoch in run.epochs)  # type: ignore[type-var]
    assert measure(run.network, corpus.validation, TINY.window, 3) == run.best.measured_loss


def test_with_nothing_to_choose_on_the_last_epoch_is_kept_though_it_is_worse(
    small_corpus: Corpus,
) -> None:
    class Spoiler(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, 0.2)

    record = Spoiler()
    recipe = replace(STILL, choose_on=0.0, patience=1)
    run = train(replace(small_corpus, choose_on=0.0), recipe, 0, record)
    assert [epoch.measured_loss for epoch in run.epochs] == [None] * 3
    losses = [epoch.training_loss for epoch in run.epochs]
    assert losses == sorted(losses)
    assert run.best is run.epochs[-1]
    assert_weights(run.network, record.weights[-1])


def test_a_run_with_nothing_to_choose_on_that_falls_apart_keeps_the_epoch_before(
    small_corpus: Corpus,
) -> None:
    class Spoiler(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, 20.0)

    record = Spoiler()
    run = train(replace(small_corpus, choose_on=0.0), replace(STILL, choose_on=0.0), 0, record)
    first, second = (epoch.training_loss for epoch in run.epochs)
    assert run.stopped == (
        f"the training loss of epoch 2 is {second:.3f} nats after {first:.3f} at epoch 1: "
        "training has diverged"
    )
    assert_weights(run.network, record.weights[0])


def test_a_run_without_a_gain_ends_when_its_patience_does(small_corpus: Corpus) -> None:
    class Spoiler(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, 0.1)

    run = train(small_corpus, replace(STILL, epochs=9, patience=2), 0, Spoiler())
    assert [epoch.number for epoch in run.epochs] == [1, 2, 3]
    assert run.stopped == "the held-out loss has not improved for 2 epochs"


def test_the_training_loss_that_is_told_is_the_mean_of_the_epochs_batches(
    small_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a version of Keras tells of a batch: its loss, or the mean since a reset."""
    losses: list[float] = []
    on_batch = keras.Model.train_on_batch

    def noted(network: keras.Model, *batch: object) -> float:
        losses.append(float(on_batch(network, *batch)))
        return losses[-1]

    monkeypatch.setattr(keras.Model, "train_on_batch", noted)
    record = Record()
    run = train(small_corpus, replace(TINY, epochs=2), 0, record)
    count = len(losses) // 2
    for epoch, own in zip(run.epochs, (losses[:count], losses[count:]), strict=True):
        assert epoch.training_loss == pytest.approx(sum(own) / count)
    assert len(set(losses)) > count
    assert record.losses[count - 1] == pytest.approx(sum(losses[:count]) / count)
