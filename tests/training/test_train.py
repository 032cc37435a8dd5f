"""Training keeps the best epoch's weights, however it ends."""

import math
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from charlm_tui.training.checkpoint import Epoch
from charlm_tui.training.corpus import Corpus, windows
from charlm_tui.training.errors import TrainingError
from charlm_tui.training.network import StepWeights, build_network, predictor
from charlm_tui.training.recipes import BEST, NOTEBOOK, RECIPES, Recipe
from charlm_tui.training.train import Run, measure, train
from tests.training.conftest import TINY, Record, Trained

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
        assert 0 < epoch.held_out_loss < untrained


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
    assert [epoch.held_out_loss for epoch in again.epochs] == pytest.approx(
        [epoch.held_out_loss for epoch in trained.run.epochs], rel=1e-3
    )


def test_the_held_out_loss_is_the_mean_over_characters_with_a_whole_window_before_them(
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
    losses = [epoch.held_out_loss for epoch in run.epochs]
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
    first, second = (epoch.held_out_loss for epoch in run.epochs)
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
        train(small_corpus, replace(TINY, learning_rate=1e30), 0, Record())


def test_ctrl_c_in_a_later_epoch_keeps_the_best_weights(small_corpus: Corpus) -> None:
    class Interrupter(Record):
        def batch_ended(self, *told: Any) -> None:
            super().batch_ended(*told)
            if told[:2] == (2, 5):
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
        def batch_ended(self, *_: object) -> None:
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
        assert abs(other.held_out_loss - epoch.held_out_loss) > 0.01


def test_a_run_without_an_epoch_has_no_best() -> None:
    assert Run(build_network(3, 2)).best is None


def test_a_time_budget_ends_the_run_with_a_rate_that_has_decayed(small_corpus: Corpus) -> None:
    rates = []

    class Watcher(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            rates.append(float(network.optimizer.learning_rate))

    recipe = replace(TINY, epochs=1)
    budget_s = max(2.0, 3 * train(small_corpus, recipe, 0, Record()).seconds)  # on any machine
    record = Watcher()
    run = train(small_corpus, recipe, 0, record, budget_s=budget_s)
    assert run.seconds >= budget_s
    assert record.done == sorted(record.done)
    assert len(run.epochs) > 1
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < TINY.learning_rate / 2
    assert not run.stopped


def test_a_run_without_a_gain_ends_when_its_patience_does(small_corpus: Corpus) -> None:
    class Spoiler(Record):
        def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
            super().epoch_ended(epoch, network)
            shift_a_bias(network, 0.1)

    run = train(small_corpus, replace(STILL, epochs=9, patience=2), 0, Spoiler())
    assert [epoch.number for epoch in run.epochs] == [1, 2, 3]
    assert run.stopped == "the held-out loss has not improved for 2 epochs"
