"""`charlm-tui score`: how well a model predicts a text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from charlm_tui.errors import CharlmError
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.scoring import Scores
from charlm_tui.lm.scoring import score as score_text
from charlm_tui.lm.settings import Settings

BEFORE = 20  # characters shown before a surprising one


class NothingToScoreError(CharlmError):
    """A text has no character that a model could score."""


@dataclass(frozen=True, slots=True)
class Report:
    """A text, as the model read it, and its scores."""

    text: str
    dropped: tuple[tuple[str, int], ...]
    scores: Scores
    skip: int
    model_sha256: str

    def summary(self, worst: int) -> dict[str, Any]:
        """Return the mean and the most surprising places."""
        surprisal = self.scores.surprisal_bits[self.skip :]
        order = np.argsort(-surprisal, kind="stable")[:worst] + self.skip
        return {
            "bits_per_character": float(surprisal.mean(dtype=np.float64)),
            "scored": len(surprisal),
            "skipped": self.skip,
            "dropped": dict(self.dropped),
            "entropy_bits": float(self.scores.entropy_bits[self.skip :].mean(dtype=np.float64)),
            "most_surprising": [
                {
                    "at": at,
                    "character": self.text[at],
                    "before": self.text[max(0, at - BEFORE) : at],
                    "surprisal_bits": float(self.scores.surprisal_bits[at]),
                }
                for at in order.tolist()
            ],
            "model_sha256": self.model_sha256,
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield each character with what the model thought of it."""
        columns = (self.scores.surprisal_bits.tolist(), self.scores.entropy_bits.tolist())
        for char, surprisal, entropy in zip(self.text, *columns, strict=True):
            yield {"character": char, "surprisal_bits": surprisal, "entropy_bits": entropy}


def run(
    path: Path,
    text: str,
    settings: Settings,
    skip: int,
    progress: bool,
    say: Callable[[str], None],
    limits: LoadLimits = NO_LIMITS,
) -> Report:
    """Score a text.

    Args:
        path: of the model.
        text: any.
        settings: of the context.
        skip: characters at the beginning that are left out of the mean.
        progress: show a bar on standard error.
        say: receives sentences for the person.
        limits: of what the model may cost.

    Raises:
        CharlmError: the model cannot be used, or nothing is left to score.
    """
    model = OnnxModel.for_lanes(path, limits)
    vocabulary = model.contract.vocabulary
    fitted = vocabulary.fit(text)
    if fitted.notice:
        say(f"note: {fitted.notice}")
    if len(fitted.text) <= skip:
        raise NothingToScoreError(
            f"the text has {len(fitted.text):,} characters that the model knows, where more than "
            f"{skip:,} are expected; give a longer text, or a smaller --skip"
        )
    bar = Progress(
        TextColumn("scoring"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} characters"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not progress,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=len(fitted.text))
        scores = None
        for step in score_text(model, vocabulary.encode(fitted.text), settings, name=str(path)):
            if isinstance(step, Scores):
                scores = step
            else:
                bar.update(task, completed=step)
    assert scores is not None
    return Report(fitted.text, fitted.dropped, scores, skip, model.sha256)
