"""What a person sees of a run: a live display or plain lines, and its end on one screen.

Everything goes to stderr. Text of models and corpora is never parsed as markup.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from charlm_tui.lm.model import OnnxModel
from charlm_tui.runs.outlook import lasting
from charlm_tui.runs.records import BITS_PER_NAT
from charlm_tui.text import duration, show, visible
from charlm_tui.training.checkpoint import Epoch
from charlm_tui.training.corpus import NOTEBOOK_SHA256
from charlm_tui.training.parity import Parity
from charlm_tui.training.recipes import NOTEBOOK_BITS
from charlm_tui.training.samples import Samples
from charlm_tui.training.train import Batch, Run

BLOCKS = "▁▂▃▄▅▆▇█"
SPARKLINE_WIDTH = 60


class Display:
    """Reports a run on a console: by a bar if it is a terminal, else by lines.

    Args:
        console: where to.
        epochs: of the run; None if it has a time budget instead.
        sample: draws the texts to show after an epoch.
        measured_on: what epochs are measured on, in a word.
    """

    def __init__(
        self,
        console: Console,
        epochs: int | None,
        sample: Callable[[Epoch, keras.Model], Samples],
        measured_on: str = "held out",
    ) -> None:
        self._console = console
        self._epochs = epochs
        self._sample = sample
        self._measured_on = measured_on
        self._start_s = time.monotonic()
        self._first: float | None = None
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TextColumn("batch {task.fields[batch]}"),
            TextColumn("loss {task.fields[loss]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]} left"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task(
            "training", total=1.0, epoch="1", batch="0", loss="–", left="–"
        )

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, sentence: str, style: str = "") -> None:
        """Print one line above the bar."""
        show(self._console, sentence, style)

    def began(self, network: keras.Model, batches: int) -> None:
        """Show nothing: that it begins was said."""

    def estimated(self, epoch_s: float, parts: int) -> None:
        """Print how long an epoch takes."""
        self.say(lasting(epoch_s, self._epochs, parts))

    def batch_ended(self, batch: Batch) -> None:
        """Move the bar."""
        if self._first is None:
            self._first = batch.done  # what a run that continues had done before
        elapsed_s = time.monotonic() - self._start_s
        gained = batch.done - self._first
        self._progress.update(
            self._task,
            completed=batch.done,
            epoch=escape(self._numbered(batch.epoch)),
            batch=escape(f"{batch.number}/{batch.batches}"),
            loss=f"{batch.loss:.3f}",
            left=duration(elapsed_s / gained * (1 - batch.done)) if gained > 0 else "–",
        )

    def _numbered(self, epoch: int) -> str:
        return str(epoch) if self._epochs is None else f"{epoch}/{self._epochs}"

    def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
        """Print the epoch's figures and samples."""
        measured = ""
        if epoch.measured_loss is not None:
            measured = (
                f", {self._measured_on} {epoch.measured_loss:.4f} nats = "
                f"{epoch.measured_loss * BITS_PER_NAT:.3f} bits per character"
                f"{' (best so far)' if epoch.best else ''}"
            )
        self.say(
            f"epoch {epoch.in_words(self._numbered(epoch.number))}: loss "
            f"{epoch.training_loss:.4f}{measured}, {duration(epoch.seconds)}",
            style="bold" if measured and epoch.best else "",
        )
        drawn = self._sample(epoch, network)
        if drawn.texts:
            self.say(f"--- what it writes after the seed {drawn.seed!r}")
        for temperature, text in zip(drawn.temperatures, drawn.texts, strict=False):
            if self._console.is_terminal:
                self._console.print(Panel(Text(visible(text)), title=f"temperature {temperature}"))
            else:
                self.say(f"--- temperature {temperature}")
                self.say(text)


def sparkline(values: Sequence[float], width: int = SPARKLINE_WIDTH) -> str:
    """Draw numbers as a row of at most `width` blocks; neighbours share one as their mean."""
    count = min(width, len(values))
    edges = [round(index * len(values) / count) for index in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges) if b > a]
    low, high = min(means), max(means)
    span = (high - low) or 1.0
    return "".join(BLOCKS[min(7, int((mean - low) / span * 8))] for mean in means)


def show_end(
    console: Console, path: Path, run: Run, parity: Parity, before: Mapping[str, Any]
) -> None:
    """Print the result of a run.

    Args:
        console: where to.
        path: of the model file.
        run: that made it.
        parity: of the file with the formula.
        before: the card of the file that was at `path` before the run; empty if there was none.
    """
    model = OnnxModel(path)
    card = model.contract.card
    assert run.best is not None
    table = Table.grid(padding=(0, 2))
    training = [epoch.training_loss for epoch in run.epochs]
    measured = [epoch.measured_loss for epoch in run.epochs if epoch.measured_loss is not None]
    on_held_out = card["hyperparameters"].get("choose_on") is None
    other = "held out" if on_held_out else "validation"
    for name, losses in (("training", training), (other, measured)):
        if not losses:
            continue
        table.add_row(
            name,
            sparkline(losses),
            f"{losses[0] * BITS_PER_NAT:.3f} → {losses[-1] * BITS_PER_NAT:.3f} bits",
        )
    console.print(table)
    bits = float(card["held_out_bits_per_character"])
    facts = [
        f"held out {bits:.3f} bits per character, epoch {run.best.name} of "
        f"{run.epochs[-1].number}, trained in {duration(run.seconds)}",
        *_compared(card, before),
        f"{path}: {path.stat().st_size:,} bytes, sha256 {model.sha256}",
        parity.in_words,
    ]
    for fact in facts:
        show(console, fact)


def _compared(card: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    """Return a line on each figure of the same text and split, to compare this one with."""
    lines = []
    bits = float(card["held_out_bits_per_character"])
    same = all(card.get(key) == before.get(key) for key in ("corpus", "held_out_split"))
    whole = "every one" in str(card.get("held_out_split"))
    earlier = before.get("held_out_bits_per_character")
    if same and isinstance(earlier, (int, float)):
        lines.append(f"the file before had {earlier:.3f}: {bits - earlier:+.3f}")
    split = card.get("hyperparameters", {})
    if (
        whole
        and card["corpus"]["sha256"] == NOTEBOOK_SHA256
        and (
            split.get("window"),
            split.get("held_out"),
        )
        == (60, 0.05)
    ):
        lines.append(
            f"the notebook's recipe, at its best, has {NOTEBOOK_BITS:.3f}: "
            f"{bits - NOTEBOOK_BITS:+.3f}"
        )
    return lines
