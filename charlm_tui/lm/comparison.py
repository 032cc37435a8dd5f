"""Several models on one text: which predicted each character better, and which one it is likest.

A log-likelihood ratio in bits for each character, and for a whole text the chance that another of
the models has written it (Bayes' rule with equal priors). Knows no files.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.alignment import Aligned, Alignment
from charlm_tui.lm.model import LanguageModel
from charlm_tui.lm.scoring import Groups, Scores, score
from charlm_tui.lm.settings import Settings


@dataclass(frozen=True, slots=True)
class Comparison:
    """What each of some models makes of the places of a text, in their order."""

    scores: tuple[Scores, ...]

    def ratio_bits(self, one: int = 0, other: int = 1) -> NDArray[np.float32]:
        """Return by how many bits one model predicted each character better than another one.

        float32 [places]: log2 of what the one gave it over what the other did; negative where the
        other predicted it better.
        """
        return self.scores[other].surprisal_bits - self.scores[one].surprisal_bits


def compare(
    models: Sequence[LanguageModel],
    alignment: Alignment,
    aligned: Aligned,
    settings: Settings,
    names: Sequence[str] = (),
) -> Iterator[int | Comparison]:
    """Score a text under each of some models, every one asked the same.

    Args:
        models: each reads the text as it knows it.
        alignment: of their vocabularies.
        aligned: the text, one place at least.
        settings: of the context; a depth of 0 is each model's own window.
        names: how errors name the models.

    Yields:
        how many places have been scored, several times, each model's share of them counted; then
        `Comparison`.

    Raises:
        ModelOutputError: a model's logits are not finite.
    """
    scores: list[Scores] = []
    count = len(aligned.text)
    for number, (model, ids) in enumerate(zip(models, aligned.ids, strict=True)):
        name = names[number] if names else "the model"
        groups = Groups(alignment.groups[number])
        for piece in score(model, ids, settings, name=name, groups=groups):
            if isinstance(piece, Scores):
                scores.append(piece)
            else:
                yield (number * count + piece) // len(models)
    yield Comparison(tuple(scores))


@dataclass(frozen=True, slots=True)
class Attribution:
    """Which of some models a text is likest, if one of them has written it."""

    characters: int
    """One at least."""
    bits: tuple[float, ...]
    """Surprisal of the whole text under each model."""
    expected_bits: tuple[float, ...]
    """What each would expect of a text of its own there: the sum of its entropies."""

    @classmethod
    def of(cls, comparison: Comparison) -> "Attribution":
        """Return what a comparison says of its text."""
        scores = comparison.scores
        return cls(
            len(scores[0].surprisal_bits),
            tuple(float(each.surprisal_bits.sum(dtype=np.float64)) for each in scores),
            tuple(float(each.entropy_bits.sum(dtype=np.float64)) for each in scores),
        )

    def __add__(self, more: "Attribution") -> "Attribution":
        """Return what is said of two texts together, each read by itself."""
        return Attribution(
            self.characters + more.characters,
            tuple(a + b for a, b in zip(self.bits, more.bits, strict=True)),
            tuple(a + b for a, b in zip(self.expected_bits, more.expected_bits, strict=True)),
        )

    @property
    def best(self) -> int:
        """The number of the model to which the text is least surprising."""
        return min(range(len(self.bits)), key=self.bits.__getitem__)

    @property
    def ahead_bits(self) -> float:
        """By how many bits the best model predicted the text better than the next best."""
        best, second = sorted(self.bits)[:2]
        return second - best

    @property
    def error_log2(self) -> float:
        """The chance that another of the models wrote it, as a logarithm to base 2: 0 or less.

        All are as likely to have written something (Bayes' rule with equal priors): 1 - 2^-b / sum
        of all 2^-b_m, of the bits b of the best one. It is a chance among the models alone.
        """
        best = self.best
        behind = [self.bits[best] - bits for it, bits in enumerate(self.bits) if it != best]
        nearest = max(behind)
        others = nearest + math.log2(sum(2.0 ** (each - nearest) for each in behind))
        return others - math.log2(1.0 + 2.0**others)

    @property
    def error(self) -> float:
        """The same as a chance; 0 where a float has none as small."""
        return math.exp2(self.error_log2)
