"""The training loop: batches, the held-out loss, the best weights so far.

Keras alone, no calls into its backend. Reports to a `Reporter` and prints nothing itself.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from charlm_tui.training.batches import Batches
from charlm_tui.training.checkpoint import Costs, Epoch, Snapshot, best_of
from charlm_tui.training.corpus import Corpus, Ids, windows
from charlm_tui.training.errors import CheckpointError, InterruptedTrainingError, TrainingError
from charlm_tui.training.network import compiled_network
from charlm_tui.training.recipes import Recipe

DIVERGED_NATS = 0.5  # above the best so far: no run that still learns goes back this far
PROBE_BATCHES = 20  # after which the time of an epoch is estimated
EVALUATION_BATCH = 256
HELD_OUT_STEP = 3  # the epoch's figure reads every third window, or fewer
MOST_MEASURED = 10_000  # windows after an epoch
MOST_AT_THE_END = 50_000  # windows of the held-out text
PART_S = 60.0  # that a part takes at most, as far as the first batches tell
BUDGET_EPOCHS = 10  # that a time budget has at least, if measuring them does not cost too much
MEASURED_SHARE = 0.05  # of a time budget, at most, for measuring after an epoch
END_SHARE = 0.1  # of a time budget, at most, for measuring at the end
WORTH = 3  # times as long as measuring, keeping and showing an epoch, it is trained in a budget


@dataclass(slots=True)
class Run:
    """A training run, finished or not; `network` has the weights of the best epoch."""

    network: keras.Model
    epochs: list[Epoch] = field(default_factory=list)
    seconds: float = 0.0
    stopped: str = ""
    """Why it ended before its last epoch, as a sentence; empty if it did not."""
    interrupted: bool = False
    costs: Costs = field(default_factory=Costs)

    @property
    def best(self) -> Epoch | None:
        return best_of(self.epochs)


class Batch(NamedTuple):
    """A batch that was trained."""

    epoch: int
    """From 1."""
    number: int
    """Of the batch in its epoch, from 1."""
    batches: int
    """Of a whole epoch."""
    loss: float
    """The epoch's mean so far, in nats."""
    done: float
    """Share of the whole run."""
    rate: float
    """That it was trained at."""


class Reporter(Protocol):
    """Follows the progress of a run."""

    def began(self, network: keras.Model, batches: int) -> None:
        """Take note of the network that is to be trained, and of the batches of an epoch."""

    def estimated(self, epoch_s: float, parts: int) -> None:
        """Take note of the time of an epoch, estimated from the first batches, and of its parts."""

    def batch_ended(self, batch: Batch) -> None:
        """Take note of a batch that was trained."""

    def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
        """Take note of an epoch, or a part of one, that was trained, measured and kept."""


def train(
    corpus: Corpus,
    recipe: Recipe,
    rng_seed: int,
    reporter: Reporter,
    *,
    budget_s: float | None = None,
    resumed: Snapshot | None = None,
    keep: Callable[[Snapshot, keras.Model], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Run:
    """Train a network; Ctrl-C and divergence end the run and keep its best weights.

    Args:
        corpus: the text.
        recipe: how.
        rng_seed: of the first weights and of the order of the windows.
        reporter: is told of every batch and epoch.
        budget_s: seconds for training, measuring and exporting, instead of the recipe's epochs; the
            rate's decay is fitted to it, by the clock.
        resumed: the run so far, if it continues one.
        keep: is called with the run's state and the network after every epoch.
        clock: tells the seconds since some moment.

    Raises:
        TrainingError: the loss was not a number before the first epoch ended.
        CheckpointError: `resumed` is of another network.
    """
    snapshot = resumed or Snapshot()
    start_s = clock() - snapshot.seconds
    network = compiled_network(len(corpus.vocabulary), recipe, rng_seed)
    if resumed is not None:
        _assign(_variables(network), resumed.network)
        _assign(network.optimizer.variables, resumed.optimizer)
    run = Run(network, list(snapshot.epochs), snapshot.seconds, costs=replace(snapshot.costs))
    best_weights = snapshot.best
    schedule = Schedule(recipe, run.costs, budget_s, start_s, clock)
    batches = Batches(corpus.training, recipe, rng_seed)
    reporter.began(network, batches.per_epoch)
    try:
        while not run.stopped and not (run.epochs and schedule.run_ended(run.epochs[-1])):
            epoch_start_s = clock()
            number, part = _following(run.epochs)
            training_loss = _train_part(network, batches, recipe, number, part, reporter, schedule)
            if not run.costs.step:
                settle(network, corpus, recipe, schedule)
            trained_s = clock()
            measured_loss = (
                measure(network, corpus.validation, recipe.window, run.costs.step)
                if len(corpus.validation) and math.isfinite(training_loss)
                else None
            )
            epoch = Epoch(
                number, training_loss, measured_loss, 0.0, False, part, run.costs.parts or 1
            )
            run.stopped = _diverged(epoch, run, recipe, math.log(len(corpus.vocabulary)))
            if run.stopped and (run.best is None or not _is_finite(epoch)):
                break
            epoch = replace(epoch, seconds=clock() - epoch_start_s, best=_is_best(epoch, run))
            if epoch.best:
                best_weights = network.get_weights()
            run.epochs.append(epoch)
            run.seconds = clock() - start_s
            measured_s = clock()
            if keep is not None:
                keep(_snapshot(run, best_weights), network)
            run.costs.keeping_s = max(run.costs.keeping_s, clock() - measured_s)
            reporter.epoch_ended(epoch, network)
            run.costs.after_s = max(run.costs.after_s, clock() - trained_s)
            run.stopped = run.stopped or _exhausted(run, recipe)
    except KeyboardInterrupt:
        run.interrupted = True
        run.stopped = "interrupted"
    run.seconds = clock() - start_s
    if not best_weights:
        if run.interrupted:
            raise InterruptedTrainingError(
                "interrupted before the first epoch ended; nothing was kept"
            )
        raise TrainingError(f"{run.stopped}, and no epoch was good; try a lower learning rate")
    network.set_weights(best_weights)
    return run


def _following(epochs: Sequence[Epoch]) -> tuple[int, int]:
    """Return the number of the epoch to train next, and the part of it."""
    if not epochs:
        return 1, 1
    last = epochs[-1]
    return (last.number, last.part + 1) if last.part < last.parts else (last.number + 1, 1)


class Schedule:
    """When a run and its epochs end: by number, or in time for what comes after training.

    Args:
        recipe: says how many epochs there are.
        costs: of the run; they become known while it goes on.
        budget_s: seconds of the run, instead of a number of epochs.
        start_s: when it began, by the clock.
        clock: tells the seconds.
    """

    def __init__(
        self,
        recipe: Recipe,
        costs: Costs,
        budget_s: float | None,
        start_s: float,
        clock: Callable[[], float],
    ) -> None:
        self.costs = costs
        self.budget_s = budget_s
        self.clock = clock
        self._epochs = recipe.epochs
        self._start_s = start_s
        self._epoch_end_s = math.inf

    def run_ended(self, last: Epoch) -> bool:
        """Return whether a run ends after an epoch, or a part of one."""
        if self.budget_s is None:
            return last.number >= self._epochs and last.part == last.parts
        return self._passed_s >= self._training_s

    def begin_epoch(self, large: bool) -> None:
        """Share the time that is left equally among as many epochs as are worth it.

        Args:
            large: whether the text is, so that no epoch is to take more than a minute.
        """
        if self.budget_s is None:
            return
        after_s = self.costs.after_s
        least_s = min(self.budget_s / BUDGET_EPOCHS, PART_S if large else math.inf)
        least_s = max(least_s, WORTH * after_s)
        left_s = self._training_s - self._passed_s + after_s
        count = max(1, int(left_s / (least_s + after_s)))
        self._epoch_end_s = self.clock() + left_s / count - after_s

    def epoch_ended(self) -> bool:
        """Return whether an epoch ends though there are more batches."""
        return self.clock() >= self._epoch_end_s

    def done(self, epochs: float) -> float:
        """Return the share of the run that is done after so many epochs."""
        if self.budget_s is None:
            return epochs / self._epochs
        return min(1.0, self._passed_s / self._training_s) if self._training_s > 0 else 1.0

    @property
    def _passed_s(self) -> float:
        return self.clock() - self._start_s

    @property
    def _training_s(self) -> float:
        """How long after its start a run trains: what follows its last epoch has its time left."""
        assert self.budget_s is not None
        costs = self.costs
        return self.budget_s - costs.after_s - costs.keeping_s - costs.measuring_s


def settle(network: keras.Model, corpus: Corpus, recipe: Recipe, schedule: Schedule) -> None:
    """Decide how many windows are measured after an epoch and at the end, for all of a run.

    In a time budget it depends on how long it takes. Reads the training text for that.
    """
    window, costs = recipe.window, schedule.costs
    after, end = (max(0, len(part) - window) for part in (corpus.validation, corpus.held_out))
    costs.step = max(HELD_OUT_STEP, math.ceil(after / MOST_MEASURED))
    costs.end_step = max(1, math.ceil(end / MOST_AT_THE_END))
    if schedule.budget_s is None:
        return
    sample = corpus.training[: EVALUATION_BATCH + window]
    measure(network, sample, window)  # compiles
    before_s = schedule.clock()
    measure(network, sample, window)
    window_s = (schedule.clock() - before_s) / (len(sample) - window)
    costs.step = within(schedule.budget_s * MEASURED_SHARE, after * window_s, costs.step)
    costs.end_step = within(schedule.budget_s * END_SHARE, end * window_s, costs.end_step)
    costs.measuring_s = end / costs.end_step * window_s


def within(limit_s: float, all_s: float, step: int) -> int:
    """Double a step until every step-th window takes no longer than a limit.

    Args:
        limit_s: the limit.
        all_s: that all windows take.
        step: to begin with.
    """
    while all_s / step > limit_s > 0:
        step *= 2
    return step


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
        replace(run.costs),
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

    It leaves the network as it is: Keras' own predictions move the random state of its dropout.

    Args:
        network: returns logits, at each position or after the last one.
        ids: the text; [characters].
        window: characters that are read before each.
        step: read every step-th window.
    """
    every = windows(ids, window)[::step]
    kept = {id(variable) for variable in network.weights}
    random_state = [it for it in _variables(network) if id(it) not in kept]
    before = _values(random_state)
    total = 0.0
    for start in range(0, len(every), EVALUATION_BATCH):
        part = every[start : start + EVALUATION_BATCH].astype(np.int32)
        count = len(part)
        if start:  # the last batch is as long as the others, or it would be compiled for
            part = np.resize(part, (EVALUATION_BATCH, window + 1))
        given = np.asarray(network.predict_on_batch(part[:, :-1]))[:count]
        logits = (given[:, -1] if given.ndim == 3 else given).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        chosen = logits[np.arange(count), part[:count, -1]]
        total += float((np.log(np.exp(logits).sum(axis=1)) - chosen).sum())
    _assign(random_state, before)
    return total / len(every)


def measured_windows(ids: Ids, window: int, step: int) -> int:
    """Return how many windows `measure` reads."""
    return len(range(0, len(ids) - window, step))


def _train_part(
    network: keras.Model,
    batches: Batches,
    recipe: Recipe,
    number: int,
    part: int,
    reporter: Reporter,
    schedule: Schedule,
) -> float:
    """Train a part of an epoch; return its mean loss, or NaN once a batch's is not a number."""
    network.reset_metrics()
    mean = math.nan
    count = batches.per_epoch
    clock, costs = schedule.clock, schedule.costs
    first = first_batch(count, part, costs.parts)
    probe_start_s = clock()
    schedule.begin_epoch(batches.large)
    for batch, (inputs, targets) in enumerate(batches.epoch(number, first), start=first + 1):
        rate = _rate(recipe, schedule.done(number - 1 + (batch - 1) / count))
        if recipe.decay or recipe.warm_up:
            network.optimizer.learning_rate = rate
        mean = float(network.train_on_batch(inputs, targets))  # of the part so far
        if not math.isfinite(mean):
            return math.nan
        done = schedule.done(number - 1 + batch / count)
        reporter.batch_ended(Batch(number, batch, count, mean, done, rate))
        if number == part == batch == 1:  # the first batch is slow: it compiles
            probe_start_s = clock()
            schedule.begin_epoch(batches.large)
        if number == part == 1 and batch == min(PROBE_BATCHES, count) and batch > 1:
            epoch_s = (clock() - probe_start_s) / (batch - 1) * count
            if batches.large and schedule.budget_s is None:
                costs.parts = min(math.ceil(epoch_s / PART_S), max(1, count // PROBE_BATCHES))
            reporter.estimated(epoch_s, costs.parts or 1)
        if batch == first_batch(count, part + 1, costs.parts) or schedule.epoch_ended():
            break
    return mean


def first_batch(batches: int, part: int, parts: int) -> int:
    """Return how many batches of an epoch come before a part of it; 0 parts are one."""
    return (part - 1) * batches // (parts or 1)


def _is_best(epoch: Epoch, run: Run) -> bool:
    """Return whether an epoch is better than those before; where none is measured, it is."""
    if epoch.measured_loss is None or run.best is None or run.best.measured_loss is None:
        return not run.stopped
    return epoch.measured_loss < run.best.measured_loss


def _is_finite(epoch: Epoch) -> bool:
    return math.isfinite(epoch.training_loss) and math.isfinite(epoch.measured_loss or 0.0)


def _exhausted(run: Run, recipe: Recipe) -> str:
    patience = recipe.patience
    if patience is None or run.best is None or run.best.measured_loss is None:
        return ""
    since = len(run.epochs) - 1 - run.epochs.index(run.best)
    if since < patience * run.best.parts:
        return ""
    return f"the {recipe.measured_on} loss has not improved for {patience} epochs"


def _diverged(epoch: Epoch, run: Run, recipe: Recipe, guessing: float) -> str:
    """Return a sentence if the loss has left the range of a run that still learns; else "".

    `guessing` is the loss in nats of a model to which every symbol is equally likely.
    """
    if not _is_finite(epoch):
        return f"the loss of epoch {epoch.name} is not a number: training has diverged"
    what = "training" if epoch.measured_loss is None else recipe.measured_on
    loss = _told_by(epoch)
    if run.best is None and loss > guessing + DIVERGED_NATS:
        return (
            f"the {what} loss of epoch {epoch.name} is {loss:.3g} nats where guessing has "
            f"{guessing:.3f}: training has diverged"
        )
    if run.best is not None and loss > _told_by(run.best) + DIVERGED_NATS:
        return (
            f"the {what} loss of epoch {epoch.name} is {loss:.3f} nats after "
            f"{_told_by(run.best):.3f} at epoch {run.best.name}: training has diverged"
        )
    return ""


def _told_by(epoch: Epoch) -> float:
    """Return the loss by which an epoch is judged."""
    return epoch.training_loss if epoch.measured_loss is None else epoch.measured_loss
