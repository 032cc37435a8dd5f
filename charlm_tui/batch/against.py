"""`charlm-tui score --against`: which of two models predicts each character of a text better."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm_tui.batch.score import BEFORE, NothingToScoreError, last_of
from charlm_tui.lm.alignment import Aligned, Alignment
from charlm_tui.lm.comparison import Comparison, compare
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.settings import Settings


@dataclass(frozen=True, slots=True)
class AgainstReport:
    """A text, as both models could read it, and what each made of it."""

    aligned: Aligned
    comparison: Comparison
    skip: int
    names: tuple[str, ...]
    """Of the models, as a person would tell them apart."""
    models_sha256: tuple[str, ...]

    @property
    def ratio_bits(self) -> NDArray[np.float32]:
        """By how many bits the first model predicted each character better; [places]."""
        return self.comparison.ratio_bits()

    def summary(self, most: int) -> dict[str, Any]:
        """Return the means of both models, and the places at which they differ most."""
        text, ratio, skip = self.aligned.text, self.ratio_bits, self.skip
        bits = [each.surprisal_bits for each in self.comparison.scores]
        order = np.argsort(-np.abs(ratio[skip:]), kind="stable")[:most] + skip
        return {
            "scored": len(text) - skip,
            "skipped": skip,
            "dropped": dict(self.aligned.dropped),
            "models": [
                {
                    "model": name,
                    "bits_per_character": float(each.surprisal_bits[skip:].mean(dtype=np.float64)),
                    "entropy_bits": float(each.entropy_bits[skip:].mean(dtype=np.float64)),
                    "model_sha256": sha256,
                }
                for name, sha256, each in zip(
                    self.names, self.models_sha256, self.comparison.scores, strict=True
                )
            ],
            "most_different": [
                {
                    "at": at,
                    "character": text[at],
                    "before": text[max(0, at - BEFORE) : at],
                    "surprisal_bits": [float(each[at]) for each in bits],
                    "ratio_bits": float(ratio[at]),
                }
                for at in order.tolist()
            ],
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield each character with what both models thought of it."""
        scores = self.comparison.scores
        surprisal = np.stack([each.surprisal_bits for each in scores], axis=1).tolist()
        entropy = np.stack([each.entropy_bits for each in scores], axis=1).tolist()
        ratio = self.ratio_bits.tolist()
        for char, bits, mean, more in zip(
            self.aligned.text, surprisal, entropy, ratio, strict=True
        ):
            yield {
                "character": char,
                "surprisal_bits": bits,
                "entropy_bits": mean,
                "ratio_bits": more,
            }


def run(
    paths: tuple[Path, Path],
    text: str,
    settings: Settings,
    skip: int,
    progress: bool,
    say: Callable[[str], None],
    limits: LoadLimits = NO_LIMITS,
) -> AgainstReport:
    """Score a text under two models, both asked the same.

    Args:
        paths: of the models.
        text: any.
        settings: of the context.
        skip: characters at the beginning that are left out of the means.
        progress: show a bar on standard error.
        say: receives sentences for the person.
        limits: of what each model may cost.

    Raises:
        CharlmError: a model cannot be used, or nothing is left to score.
    """
    models = [OnnxModel.for_lanes(path, limits) for path in paths]
    alignment = Alignment([model.contract.vocabulary for model in models])
    aligned = alignment.align(text)
    if aligned.notice:
        say(f"note: {aligned.notice}")
    if len(aligned.text) <= skip:
        raise NothingToScoreError(
            f"the text has {len(aligned.text):,} characters that both models know, where more than "
            f"{skip:,} are expected; give a longer text, or a smaller --skip"
        )
    pieces = compare(models, alignment, aligned, settings, [str(path) for path in paths])
    found = last_of(pieces, Comparison, len(aligned.text), progress)
    return AgainstReport(
        aligned, found, skip, told_apart(paths), tuple(model.sha256 for model in models)
    )


def told_apart(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """Return what models are called: by the names of their files, or where these are one, paths."""
    stems = [path.stem for path in paths]
    return tuple(path.stem if stems.count(path.stem) == 1 else str(path) for path in paths)
