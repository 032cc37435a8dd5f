"""What a batch costs in training: every recipe side by side, so that the machine's mood cancels.

python -m benchmarks.steps --rounds 5

The table tells a batch's milliseconds and an epoch's seconds on the notebook's text, against the
notebook's recipe. How good a recipe is after an epoch depends on no clock: with these figures and
the losses of its model's card a run's computing time is known, whatever the machine did meanwhile.
"""

import argparse
import os
from collections.abc import Iterable
from dataclasses import replace

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.timing import Timed, Way, median_ratio, side_by_side
from charlm_tui.training.network import compiled_network
from charlm_tui.training.recipes import BEST, LARGE, NOTEBOOK, Recipe

CHARACTERS, SYMBOLS = 570_849, 57  # that the notebook's text has to train on
ADAM = replace(BEST, optimizer="adam", learning_rate=0.012, warm_up=0.0)
RECIPES = {
    "notebook: LSTM(128), RMSprop": NOTEBOOK,
    "small: LSTM(128), Muon, recurrent dropout": BEST,
    "the same without recurrent dropout": replace(BEST, recurrent_dropout=0.0),
    "small as it was: Adam, no recurrent dropout": replace(ADAM, recurrent_dropout=0.0),
    "LSTM(64), Muon, no recurrent dropout": replace(BEST, units=64, recurrent_dropout=0.0),
    "large: two layers of 336, tied, Muon": LARGE,
    "large as it was: LSTM(512), Adam": replace(
        ADAM, units=512, recurrent_dropout=0.2, dropout=0.25
    ),
}


def batches_per_epoch(recipe: Recipe) -> int:
    """Return how many batches an epoch of the notebook's text has."""
    offset = recipe.stride - 1 if recipe.random_offset else 0
    return len(range(offset, CHARACTERS - recipe.window, recipe.stride)) // recipe.batch


def way(name: str, recipe: Recipe, count: int) -> Way:
    """Return one batch of training, repeated; its network is built here."""
    network = compiled_network(SYMBOLS, recipe, 0)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, SYMBOLS, (recipe.batch, recipe.window + 1)).astype(np.int32)
    given, wanted = ids[:, :-1], ids[:, 1:] if recipe.every_position else ids[:, -1]

    def run(times: int) -> None:
        for _ in range(times):
            network.train_on_batch(given, wanted)

    return Way(name, run, count)


def table(timed: Iterable[Timed]) -> str:
    """Return the figures as a Markdown table; the first one is the reference."""
    timed = list(timed)
    reference = timed[0]
    lines = [
        "| recipe | ms / batch | lowest to highest | × the notebook's | batches | s / epoch |",
        "|---|---|---|---|---|---|",
    ]
    for each in timed:
        batches = batches_per_epoch(RECIPES[each.way.name])
        low, high = min(each.rounds_us) / 1e3, max(each.rounds_us) / 1e3
        lines.append(
            f"| {each.way.name} | {each.median_us / 1e3:.1f} | {low:.1f}–{high:.1f} | "
            f"{median_ratio(each, reference):.2f} | {batches} | "
            f"{each.median_us * batches / 1e6:.1f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", action="store_true", help="the large networks, too")
    options = parser.parse_args()
    ways = [
        way(name, recipe, 4 if recipe.units > BEST.units else 20)
        for name, recipe in RECIPES.items()
        if options.large or recipe.units <= BEST.units
    ]
    print(table(side_by_side(ways, options.rounds)))


if __name__ == "__main__":
    main()
