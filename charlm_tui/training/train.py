"""The training loop: batches, the held-out loss, the best weights so far.

Keras alone, no calls into its backend. Reports to a `Reporter` and prints nothing itself.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

import keras
from numpy.typing import NDArray

from charlm_tui.training.batches import Batches
from charlm_tui.training.checkpoint import Costs, Course, Epoch, Snapshot, best_of
from charlm_tui.training.company import Company
from charlm_tui.training.corpus import Corpus
from charlm_tui.training.errors import InterruptedTrainingError, TrainingError
from charlm_tui.training.measuring import measure, settle
from charlm_tui.training.network import assign, compiled_network, values_of, variables_of
from charlm_tui.training.recipes import Recipe
from charlm_tui.training.schedule import PART_S, Schedule, rate_at
from charlm_tui.training.steering import Steering

DIVERGED_NATS = 0.5  # above the best so far: no run that still learns goes back this far
PROBE_BATCHES = 20  # after which the time of an epoch is estimated


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
    course: Course = field(default_factory=Course)

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
    steering: Steering | None = None,
    clock: Callable[[], float] | None = None,
    company: Company | None = None,
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
        steering: what a person changes meanwhile.
        clock: tells the seconds since some moment, in place of the company's.
        company: those that train the same network with this process.

    Raises:
        TrainingError: the loss was not a number before the first epoch ended.
        CheckpointError: `resumed` is of another network.
    """
    company = company or Company()
    moment = clock or company.moment
    clock = clock or company.clock
    snapshot = resumed or Snapshot()
    start_s = clock() - snapshot.seconds
    network = compiled_network(len(corpus.vocabulary), recipe, rng_seed)
    if resumed is not None:
        assign(variables_of(network), resumed.network)
        assign(network.optimizer.variables, resumed.optimizer)
    run = Run(
        network,
        list(snapshot.epochs),
        snapshot.seconds,
        costs=replace(snapshot.costs),
        course=replace(snapshot.course),
    )
    best_weights = snapshot.best
    schedule = Schedule(recipe, run.costs, budget_s, start_s, moment)
    batches = Batches(corpus.training, recipe, rng_seed, company.rank, company.count)
    steering = steering or Steering()
    steering.course = run.course
    loop = _Loop(network, batches, recipe, reporter, schedule, steering, clock, company)
    reporter.began(network, batches.per_epoch)
    try:
        while not run.stopped and not (run.epochs and schedule.run_ended(run.epochs[-1])):
            epoch_start_s = clock()
            number, part = _following(run.epochs)
            training_loss = loop.train_part(number, part)
            if training_loss is None:
                run.stopped = steering.ended
                break
            if not run.costs.step:
                settle(network, corpus, recipe, schedule, clock)
            trained_s = clock()
            measured_loss = (
                company.agreed(measure(network, corpus.validation, recipe.window, run.costs.step))
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
            run.stopped = run.stopped or steering.ended or _exhausted(run, recipe)
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


def _snapshot(run: Run, best_weights: list[NDArray[Any]]) -> Snapshot:
    return Snapshot(
        list(run.epochs),
        run.seconds,
        values_of(variables_of(run.network)),
        values_of(run.network.optimizer.variables),
        best_weights,
        replace(run.costs),
        replace(run.course),
    )


@dataclass(slots=True)
class _Loop:
    """What the batches of a run have in common."""

    network: keras.Model
    batches: Batches
    recipe: Recipe
    reporter: Reporter
    schedule: Schedule
    steering: Steering
    clock: Callable[[], float]
    """The schedule's costs less, and is that of the last batch where several train together."""
    company: Company
    batch_s: float = 0.0
    """Seconds that a batch takes; 0 while that is not known."""

    def train_part(self, number: int, part: int) -> float | None:
        """Train a part of an epoch.

        Returns:
            Its mean loss; NaN once a batch's is not a number; None if the run is to end before it.
        """
        network, schedule, steering = self.network, self.schedule, self.steering
        clock, costs = self.clock, schedule.costs
        total, trained = 0.0, 0  # of the part so far
        mean: float | None = None
        count = self.batches.per_epoch
        first = first_batch(count, part, costs.parts)
        start_s, timed, set_rate = clock(), 0, math.nan
        schedule.begin_epoch(self.batches.large)
        for batch, (inputs, targets) in enumerate(self.batches.epoch(number, first), first + 1):
            if timed:
                self.batch_s = (schedule.clock() - start_s) / timed
            steering.before_batch(number, batch, self.batch_s)
            if steering.ended:
                break
            done = schedule.done(number - 1 + (batch - 1) / count)
            rate = steering.rate(rate_at(self.recipe, done))
            if rate != set_rate:
                set_rate = rate
                network.optimizer.learning_rate = self.company.everywhere(rate)
            network.reset_metrics()  # Keras before 3.15 tells the mean since then, not this batch's
            loss = float(network.train_on_batch(inputs, targets))
            if not math.isfinite(loss):
                return math.nan
            total, trained = total + loss, trained + 1
            mean = total / trained
            done = schedule.done(number - 1 + batch / count)
            self.reporter.batch_ended(Batch(number, batch, count, mean, done, rate))
            timed += 1
            if number == part == batch == 1:  # the first batch is slow: it compiles
                start_s, timed = clock(), 0
                schedule.begin_epoch(self.batches.large)
            if number == part == 1 and batch == min(PROBE_BATCHES, count) and batch > 1:
                epoch_s = (clock() - start_s) / timed * count
                if self.batches.large and schedule.budget_s is None:
                    costs.parts = min(math.ceil(epoch_s / PART_S), max(1, count // PROBE_BATCHES))
                self.reporter.estimated(epoch_s, costs.parts or 1)
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
