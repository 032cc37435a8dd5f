"""When a run and its epochs end, and the learning rate on the way there. Knows no network."""

import math
from collections.abc import Callable

from charlm_tui.training.checkpoint import Costs, Epoch
from charlm_tui.training.recipes import Recipe

PART_S = 60.0  # that a part takes at most, as far as the first batches tell
BUDGET_EPOCHS = 10  # that a time budget has at least, if measuring them does not cost too much
WORTH = 3  # times as long as measuring, keeping and showing an epoch, it is trained in a budget


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


def rate_at(recipe: Recipe, done: float) -> float:
    """Return the learning rate when a share of the run is done."""
    rate = recipe.learning_rate
    if recipe.decay:
        rate *= 0.5 * (1 + math.cos(math.pi * done))
    return rate * min(1.0, done / recipe.warm_up) if recipe.warm_up else rate
