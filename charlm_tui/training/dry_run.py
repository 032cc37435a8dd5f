"""What a run would be, told without training more than its first batches. Writes no file."""

import time

import keras
from rich.console import Console

from charlm_tui.runs.outlook import by_heart, lasting
from charlm_tui.text import duration, show
from charlm_tui.training.batches import Batches
from charlm_tui.training.corpus import Corpus
from charlm_tui.training.device import idle_gpu, training_device
from charlm_tui.training.network import StepWeights, compiled_network, count_parameters
from charlm_tui.training.plan import Plan
from charlm_tui.training.recipes import BEST, Recipe
from charlm_tui.training.train import PROBE_BATCHES


def show_outlook(console: Console, plan: Plan) -> int:
    """Print what a run is going to be; return the exit code."""
    recipe, corpus, device = plan.recipe, plan.corpus, training_device()
    network = compiled_network(len(corpus.vocabulary), recipe, plan.rng_seed)
    parameters, characters = count_parameters(StepWeights.of(network)), len(corpus.training)
    show(console, f"it would train on {device}, recipe {recipe.name}, and write {plan.out}")
    if warning := idle_gpu(device):
        show(console, f"warning: {warning}", "yellow")
    show(console, f"{parameters:,} weights, {characters:,} characters to train on")
    epoch_s = _epoch_s(network, corpus, recipe, plan.rng_seed)
    epochs = recipe.epochs if plan.budget_s is None else None
    if plan.budget_s is not None:
        show(console, f"it would take {duration(plan.budget_s)}")
    show(console, lasting(epoch_s, epochs))
    if sentence := by_heart(parameters, characters):
        smaller = compiled_network(len(corpus.vocabulary), BEST, plan.rng_seed)
        fewer = count_parameters(StepWeights.of(smaller))
        if fewer < parameters:
            small_s = _epoch_s(smaller, corpus, BEST, plan.rng_seed) * BEST.epochs
            sentence += f"; --preset small has {fewer:,}, and takes {duration(small_s)} here"
        show(console, f"warning: {sentence}", "yellow")
    return 0


def _epoch_s(network: keras.Model, corpus: Corpus, recipe: Recipe, rng_seed: int) -> float:
    """Return how long an epoch takes, measured on its first batches; the very first compiles."""
    batches = Batches(corpus.training, recipe, rng_seed)
    start_s, trained = 0.0, 0
    for number, (inputs, targets) in enumerate(batches.epoch(1)):
        network.train_on_batch(inputs, targets)
        if not number:
            start_s = time.monotonic()
        trained = number
        if number == PROBE_BATCHES:
            break
    return (time.monotonic() - start_s) / max(1, trained) * batches.per_epoch
