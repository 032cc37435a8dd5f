"""How well a network predicts a text, and how much of the text that is measured on."""

import math
from collections.abc import Callable

import keras
import numpy as np

from charlm_tui.training.corpus import Corpus, windows
from charlm_tui.training.encoder import Ids
from charlm_tui.training.network import assign, values_of, variables_of
from charlm_tui.training.recipes import Recipe
from charlm_tui.training.schedule import Schedule

EVALUATION_BATCH = 256
HELD_OUT_STEP = 3  # the epoch's figure reads every third window, or fewer
MOST_MEASURED = 10_000  # windows after an epoch
MOST_AT_THE_END = 50_000  # windows of the held-out text
MEASURED_SHARE = 0.05  # of a time budget, at most, for measuring after an epoch
END_SHARE = 0.1  # of a time budget, at most, for measuring at the end


def settle(
    network: keras.Model,
    corpus: Corpus,
    recipe: Recipe,
    schedule: Schedule,
    clock: Callable[[], float],
) -> None:
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
    before_s = clock()
    measure(network, sample, window)
    window_s = (clock() - before_s) / (len(sample) - window)
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
    random_state = [it for it in variables_of(network) if id(it) not in kept]
    before = values_of(random_state)
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
    assign(random_state, before)
    return total / len(every)


def measured_windows(ids: Ids, window: int, step: int) -> int:
    """Return how many windows `measure` reads."""
    return len(range(0, len(ids) - window, step))
