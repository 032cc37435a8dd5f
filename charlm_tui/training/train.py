"""The training loop: batches, the held-out loss, the best weights so far.

Keras alone, no calls into its backend. Reports to a `Reporter` and prints nothing itself.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from charlm_tui.training.checkpoint import Epoch, Snapshot
from charlm_tui.training.corpus import Corpus, Ids, windows
from charlm_tui.training.errors import CheckpointError, InterruptedTrainingError, TrainingError
from charlm_tui.training.network import build_network
from charlm_tui.training.recipes import Recipe

DIVERGED_NATS = 0.5  # above the best so far: no run that still learns goes back this far
PROBE_BATCHES = 20  # after which the time of an epoch is estimated
HELD_OUT_STEP = 3  # the epoch's figure reads every third held-out window
EVALUATION_BATCH = 1024
BUDGET_EPOCHS = 10  # that a time budget has at least


@dataclass(slots=True)
class Run:
    """A training run, finished or not; `network` has the weights of the best epoch."""

    network: keras.Model
    epochs: list[Epoch] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str = ""
    """Why it ended before its last epoch, as a sentence; empty if it did not."""
    interrupted: bool = False

    @property
    def best(self) -> Epoch | None:
        return min(self.epochs, key=lambda epoch: epoch.held_out_loss, default=None)


class Reporter(Protocol):
    """Follows the progress of a run."""

    def estimated(self, epoch_s: float) -> None:
        """Take note of the time of an epoch, estimated from the first batches."""

    def batch_ended(self, epoch: int, batch: int, batches: int, loss: float, done: float) -> None:
        """Take note of a batch that was trained.

        Args:
            epoch: from 1.
            batch: of the epoch, from 1.
            batches: of a whole epoch.
            loss: the epoch's mean so far, in nats.
            done: share of the whole run.
        """

    def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
        """Take note of an epoch that was trained, measured and kept."""


def train(
    corpus: Corpus,
    recipe: Recipe,
    rng_seed: int,
    reporter: Reporter,
    *,
    budget_s: float | None = None,
    resumed: Snapshot | None = None,
    keep: Callable[[Snapshot, keras.Model], None] | None = None,
) -> Run:
    """Train a network; Ctrl-C and divergence end the run and keep its best weights.

    Args:
        corpus: the text.
        recipe: how.
        rng_seed: of the first weights and of the order of the windows.
        reporter: is told of every batch and epoch.
        budget_s: seconds to train for, instead of the recipe's epochs; the rate's decay is fitted
            to it, by the clock, and an epoch is at most a tenth of it.
        resumed: the run so far, if it continues one.
        keep: is called with the run's state and the network after every epoch.

    Raises:
        TrainingError: the loss was not a number before the first epoch ended.
        CheckpointError: `resumed` is of another network.
    """
    network = _compiled(corpus, recipe, rng_seed)
    snapshot = resumed or Snapshot()
    if resumed is not None:
        _assign(_variables(network), resumed.network)
        _assign(network.optimizer.variables, resumed.optimizer)
    run = Run(network, list(snapshot.epochs), snapshot.seconds)
    best_weights = snapshot.best
    start_s = time.monotonic() - run.seconds
    batches = _Batches(corpus.training, recipe, rng_seed)

    def done(number: int, batch: int) -> float:
        if budget_s is not None:
            return min(1.0, (time.monotonic() - start_s) / budget_s)
        return (number - 1 + batch / batches.per_epoch) / recipe.epochs

    longest_s = None if budget_s is None else budget_s / BUDGET_EPOCHS
    try:
        number = len(run.epochs)
        while not run.stopped and (
            run.seconds < budget_s if budget_s is not None else number < recipe.epochs
        ):
            number += 1
            epoch_start_s = time.monotonic()
            training_loss = _train_epoch(
                network, batches, recipe, number, reporter, done, longest_s
            )
            held_out_loss = (
                measure(network, corpus.held_out, recipe.window, HELD_OUT_STEP)
                if math.isfinite(training_loss)
                else math.nan
            )
            guessing = math.log(len(corpus.vocabulary))
            run.stopped = _diverged(number, training_loss, held_out_loss, run, guessing)
            if run.stopped and (run.best is None or not math.isfinite(held_out_loss)):
                break
            best = run.best is None or held_out_loss < run.best.held_out_loss
            seconds = time.monotonic() - epoch_start_s
            epoch = Epoch(number, training_loss, held_out_loss, seconds, best)
            if best:
                best_weights = network.get_weights()
            run.epochs.append(epoch)
            run.seconds = time.monotonic() - start_s
            if keep is not None:
                keep(_snapshot(run, best_weights), network)
            reporter.epoch_ended(epoch, network)
            run.stopped = run.stopped or _exhausted(run, recipe.patience)
    except KeyboardInterrupt:
        run.interrupted = True
        run.stopped = "interrupted"
    run.seconds = time.monotonic() - start_s
    if not best_weights:
        if run.interrupted:
            raise InterruptedTrainingError(
                "interrupted before the first epoch ended; nothing was kept"
            )
        raise TrainingError(f"{run.stopped}, and no epoch was good; try a lower learning rate")
    network.set_weights(best_weights)
    return run


def _compiled(corpus: Corpus, recipe: Recipe, rng_seed: int) -> keras.Model:
    """Build a network with its optimiser, both as they are before the first batch."""
    keras.utils.set_random_seed(rng_seed)
    network = build_network(
        len(corpus.vocabulary),
        recipe.units,
        recipe.every_position,
        recipe.recurrent_dropout,
        recipe.layers,
        recipe.dropout,
        recipe.embedding,
    )
    network.compile(
        optimizer=_optimizer(recipe),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    network.optimizer.build(network.trainable_variables)
    return network


def _optimizer(recipe: Recipe) -> keras.optimizers.Optimizer:
    rate, clip = recipe.learning_rate, recipe.clip
    if recipe.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(rate, global_clipnorm=clip)
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(rate, global_clipnorm=clip)
    muon = keras.optimizers.Muon(
        rate,
        momentum=recipe.momentum,
        adam_lr_ratio=recipe.adam_share,
        weight_decay=recipe.weight_decay,
        adam_weight_decay=recipe.weight_decay * recipe.adam_share,
        exclude_layers=["logits"],  # embeddings and biases are excluded by Keras
        global_clipnorm=clip,
    )
    muon.exclude_from_weight_decay(var_names=["bias"])
    return muon


def _rate(recipe: Recipe, done: float) -> float:
    """Return the learning rate when a share of the run is done."""
    rate = recipe.learning_rate
    if recipe.decay:
        rate *= 0.5 * (1 + math.cos(math.pi * done))
    return rate * min(1.0, done / recipe.warm_up) if recipe.warm_up else rate


def _snapshot(run: Run, best_weights: list[NDArray[Any]]) -> Snapshot:
    return Snapshot(
        list(run.epochs),
        run.seconds,
        _values(_variables(run.network)),
        _values(run.network.optimizer.variables),
        best_weights,
    )


def _variables(network: keras.Model) -> list[Any]:
    """Return all that training changes in a network: weights, and dropout's random state."""
    metrics = {id(variable) for variable in network.metrics_variables}
    return [variable for variable in network.variables if id(variable) not in metrics]


def _values(variables: Sequence[Any]) -> list[NDArray[Any]]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in values]:
        raise CheckpointError(
            "the checkpoint's arrays are of another network than its settings describe; "
            "start over with --restart"
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def measure(network: keras.Model, ids: Ids, window: int, step: int = 1) -> float:
    """Return the mean loss over characters that have a whole window before them, in nats.

    Args:
        network: returns logits, at each position or after the last one.
        ids: the text; int32 [characters].
        window: characters that are read before each.
        step: read every step-th window.
    """
    every = windows(ids, window)[::step]
    total = 0.0
    for start in range(0, len(every), EVALUATION_BATCH):
        part = every[start : start + EVALUATION_BATCH]
        logits = np.asarray(network.predict_on_batch(part[:, :-1]), np.float64)
        if logits.ndim == 3:
            logits = logits[:, -1]
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(len(part)), part[:, -1]]
        total += float((np.log(np.exp(logits).sum(axis=1)) - chosen).sum())
    return total / len(every)


class _Batches:
    """The windows of each epoch, each in an order of its own."""

    def __init__(self, ids: Ids, recipe: Recipe, rng_seed: int) -> None:
        self._windows = windows(ids, recipe.window)
        self._recipe = recipe
        self._rng_seed = rng_seed
        # A random offset can cost an epoch its last window, never more.
        offset = recipe.stride - 1 if recipe.random_offset else 0
        self.per_epoch = len(range(offset, len(self._windows), recipe.stride)) // recipe.batch
        assert self.per_epoch > 0

    def epoch(self, number: int) -> Iterator[tuple[Ids, Ids]]:
        """Yield (windows, targets), int32 [batch, window] and [batch, window] or [batch].

        The order depends on the RNG seed and the epoch's number alone, so a run can continue.
        """
        recipe = self._recipe
        rng = np.random.default_rng((self._rng_seed, number))
        offset = int(rng.integers(recipe.stride)) if recipe.random_offset else 0
        starts = np.arange(offset, len(self._windows), recipe.stride)
        rng.shuffle(starts)
        for batch in range(self.per_epoch):
            part = self._windows[starts[batch * recipe.batch : (batch + 1) * recipe.batch]]
            yield part[:, :-1], part[:, 1:] if recipe.every_position else part[:, -1]


def _train_epoch(
    network: keras.Model,
    batches: _Batches,
    recipe: Recipe,
    number: int,
    reporter: Reporter,
    done: Callable[[int, int], float],
    longest_s: float | None,
) -> float:
    """Train one epoch; return its mean loss, or NaN once a batch's loss is not a number."""
    network.reset_metrics()
    mean = math.nan
    start_s = probe_start_s = time.monotonic()
    for batch, (inputs, targets) in enumerate(batches.epoch(number), start=1):
        if recipe.decay or recipe.warm_up:
            network.optimizer.learning_rate = _rate(recipe, done(number, batch - 1))
        mean = float(network.train_on_batch(inputs, targets))  # of the epoch so far
        if not math.isfinite(mean):
            return math.nan
        now_s = time.monotonic()
        if number == 1 and batch == 1:  # the first batch is slow: it compiles
            probe_start_s = now_s
        if number == 1 and batch == min(PROBE_BATCHES, batches.per_epoch) and batch > 1:
            reporter.estimated((now_s - probe_start_s) / (batch - 1) * batches.per_epoch)
        share = done(number, batch)
        reporter.batch_ended(number, batch, batches.per_epoch, mean, share)
        if longest_s is not None and (share >= 1 or now_s - start_s >= longest_s):
            break
    return mean


def _exhausted(run: Run, patience: int | None) -> str:
    assert run.best is not None
    if patience is None or run.epochs[-1].number - run.best.number < patience:
        return ""
    return f"the held-out loss has not improved for {patience} epochs"


def _diverged(
    number: int, training_loss: float, held_out_loss: float, run: Run, guessing: float
) -> str:
    """Return a sentence if the loss has left the range of a run that still learns; else "".

    `guessing` is the loss in nats of a model to which every symbol is equally likely.
    """
    if not math.isfinite(training_loss + held_out_loss):
        return f"the loss of epoch {number} is not a number: training has diverged"
    if run.best is None and held_out_loss > guessing + DIVERGED_NATS:
        return (
            f"the held-out loss of epoch {number} is {held_out_loss:.3g} nats where guessing has "
            f"{guessing:.3f}: training has diverged"
        )
    if run.best is not None and held_out_loss > run.best.held_out_loss + DIVERGED_NATS:
        return (
            f"the held-out loss of epoch {number} is {held_out_loss:.3f} nats after "
            f"{run.best.held_out_loss:.3f} at epoch {run.best.number}: training has diverged"
        )
    return ""
