"""`python -m benchmarks.attribution`: how often the likelier model is the author's, by length.

Passages are cut at random from what neither model was trained on: the last part of each corpus, as
the models' cards tell it. Both models are asked the same, as `charlm-tui attribute` asks them.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from charlm_tui.lm.alignment import Alignment
from charlm_tui.lm.comparison import Attribution, Comparison, compare
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.settings import Settings

MODELS = Path(__file__).resolve().parent.parent / "models"
LENGTHS = (20, 50, 100, 200, 500)
HELD_OUT = 0.05  # of a corpus, at its end: what training leaves out


class Tries(NamedTuple):
    """Passages of one length."""

    length: int
    right: tuple[int, int]
    """Of each author's, how many were least surprising to that author's model."""
    tries: int
    """Of each author."""
    told_error: float
    """Mean of the chance of error that the models told."""


@click.command()
@click.argument("corpora", nargs=2, type=click.Path(path_type=Path, exists=True))
@click.option("--models", nargs=2, default=("nietzsche", "shakespeare"), show_default=True)
@click.option("--tries", type=click.IntRange(1), default=200, show_default=True)
@click.option("--length", "lengths", multiple=True, type=click.IntRange(1), default=LENGTHS)
@click.option("--rng-seed", default=26, show_default=True)
def main(
    corpora: tuple[Path, Path],
    models: tuple[str, str],
    tries: int,
    lengths: tuple[int, ...],
    rng_seed: int,
) -> None:
    """Attribute passages of two CORPORA, one for each of two models, and print a table."""
    opened = [OnnxModel(MODELS / f"{name}.onnx") for name in models]
    texts = [_held_out(path) for path in corpora]
    one, other = models
    print(f"| characters | right, {one} | right, {other} | right | chance of error, as told |")
    print("|--:|--:|--:|--:|--:|")
    for each in measure(opened, texts, tries, lengths, rng_seed):
        shares = [right / each.tries for right in each.right]
        # Where none is wrong, the rule of three.
        margin = max(1.96 * math.sqrt(_variance(each)), 3 / (2 * each.tries))
        print(
            f"| {each.length} | {shares[0]:.1%} | {shares[1]:.1%} | "
            f"{sum(shares) / 2:.1%} ± {margin:.1%} | {each.told_error:.2g} |"
        )
    print(f"\n{tries:,} passages of each author at each length, RNG seed {rng_seed}; ± is 95 %")


def measure(
    models: list[OnnxModel],
    texts: list[str],
    tries: int,
    lengths: tuple[int, ...],
    rng_seed: int,
) -> Iterator[Tries]:
    """Yield how many passages of each length were attributed to the right model.

    Which passages they are depends on the RNG seed and on their length alone.
    """
    alignment = Alignment([model.contract.vocabulary for model in models])
    for length in lengths:
        rng = np.random.default_rng([rng_seed, length])
        right, told = [0, 0], 0.0
        for author, text in enumerate(texts):
            for start in rng.integers(0, len(text) - length, tries).tolist():
                aligned = alignment.align(text[start : start + length])
                *_, found = compare(models, alignment, aligned, Settings())
                assert isinstance(found, Comparison)
                attribution = Attribution.of(found)
                right[author] += attribution.best == author
                told += attribution.error
        yield Tries(length, (right[0], right[1]), tries, told / (2 * tries))


def _held_out(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return text[len(text) - int(len(text) * HELD_OUT) :]


def _variance(it: Tries) -> float:
    shares: Any = np.array(it.right) / it.tries
    return float((shares * (1 - shares)).sum() / it.tries / 4)


if __name__ == "__main__":
    main()
