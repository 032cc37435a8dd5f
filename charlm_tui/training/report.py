"""The end of a run on one screen."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.corpus import NOTEBOOK_SHA256
from charlm_tui.training.onnx_export import Parity
from charlm_tui.training.progress import BITS, in_words
from charlm_tui.training.recipes import NOTEBOOK_BITS
from charlm_tui.training.training import Run

LEVELS = "▁▂▃▄▅▆▇█"
WIDTH = 60


def sparkline(values: Sequence[float], width: int = WIDTH) -> str:
    """Draw numbers as a row of at most `width` blocks; neighbours share one as their mean."""
    count = min(width, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges) if b > a]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(LEVELS[min(7, int((mean - low) / span * 8))] for mean in means)


def show_end(
    console: Console, path: Path, run: Run, parity: Parity, before: Mapping[str, Any]
) -> None:
    """Show what came of a run.

    Args:
        console: where to.
        path: of the model file.
        run: that made it.
        parity: of the file with Keras.
        before: the card of the file that was at `path` before the run; empty if there was none.
    """
    model = OnnxModel(path)
    card = model.contract.card
    assert run.best is not None
    table = Table.grid(padding=(0, 2))
    training = [epoch.training_loss for epoch in run.epochs]
    held_out = [epoch.held_out_loss for epoch in run.epochs]
    for name, losses in (("training", training), ("held out", held_out)):
        table.add_row(
            name, sparkline(losses), f"{losses[0] * BITS:.3f} → {losses[-1] * BITS:.3f} bits"
        )
    console.print(table)
    bits = float(card["held_out_bits_per_character"])
    facts = [
        f"held out {bits:.3f} bits per character, epoch {run.best.number} of {len(run.epochs)}, "
        f"trained in {in_words(run.seconds)}",
        *_compared(card, before),
        f"{path}: {path.stat().st_size:,} bytes, sha256 {model.sha256}",
        f"within {parity.largest_difference:.0e} of Keras on {parity.windows:,} windows",
    ]
    for fact in facts:
        console.print(fact, markup=False, highlight=False, soft_wrap=True)


def _compared(card: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Tell the figures that this one may be held against: of the same text and the same split."""
    lines = []
    bits = float(card["held_out_bits_per_character"])
    same = all(card.get(key) == before.get(key) for key in ("corpus", "held_out_split"))
    earlier = before.get("held_out_bits_per_character")
    if same and isinstance(earlier, (int, float)):
        lines.append(f"the file before had {earlier:.3f}: {bits - earlier:+.3f}")
    split = card.get("hyperparameters", {})
    if card["corpus"]["sha256"] == NOTEBOOK_SHA256 and (
        split.get("window"),
        split.get("held_out"),
    ) == (60, 0.05):
        lines.append(
            f"the notebook's recipe, at its best, has {NOTEBOOK_BITS:.3f}: "
            f"{bits - NOTEBOOK_BITS:+.3f}"
        )
    return lines
