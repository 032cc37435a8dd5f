"""Which characters may be drawn at all: top-k, typical, top-p, min-p and Mirostat 2.0.

Each is a pure function from the model's own distribution (temperature 1) to the characters that
are kept. They are taken in that order, each on what the one before has left, renormalised; the
temperature comes last. So truncation decides *who* may be drawn, by what the model itself
thinks, and temperature how boldly among them; neither depends on the other.

All take and give float64 [vocabulary]: probabilities that sum to 1, with zeros where a character
is left out. At least one character is always kept; of equals, those of lower ids are.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.settings import Settings

Probabilities = NDArray[np.float64]

MIROSTAT_RATE = 0.1
"""Learning rate of Mirostat, its paper's eta."""


def keep_top_k(probabilities: Probabilities, k: int) -> Probabilities:
    """Keep the k most likely characters (Fan et al., "Hierarchical neural story generation", 2018).

    Args:
        probabilities: float64 [vocabulary], with sum 1.
        k: at least 1.
    """
    if k >= len(probabilities):
        return probabilities
    return _only(probabilities, np.argsort(-probabilities, kind="stable")[:k])


def keep_typical(probabilities: Probabilities, mass: float) -> Probabilities:
    """Keep the characters whose surprisal is nearest the entropy, up to `mass` of probability.

    Meister et al., "Locally typical sampling", TACL 2023.

    Args:
        probabilities: float64 [vocabulary], with sum 1.
        mass: in (0, 1].
    """
    with np.errstate(divide="ignore"):
        surprisal = -np.log(probabilities)
    entropy = float(np.dot(probabilities, np.where(probabilities > 0, surprisal, 0.0)))
    return _up_to(probabilities, np.argsort(np.abs(surprisal - entropy), kind="stable"), mass)


def keep_top_p(probabilities: Probabilities, mass: float) -> Probabilities:
    """Keep the fewest most likely characters that have `mass` of probability together.

    Holtzman et al., "The curious case of neural text degeneration" (nucleus sampling), 2020.

    Args:
        probabilities: float64 [vocabulary], with sum 1.
        mass: in (0, 1].
    """
    return _up_to(probabilities, np.argsort(-probabilities, kind="stable"), mass)


def keep_min_p(probabilities: Probabilities, share: float) -> Probabilities:
    """Keep the characters at least `share` times as likely as the most likely one.

    Nguyen et al., "Turning up the heat: min-p sampling", 2024.

    Args:
        probabilities: float64 [vocabulary], with sum 1.
        share: in [0, 1].
    """
    kept: Probabilities = np.where(probabilities >= share * probabilities.max(), probabilities, 0.0)
    kept /= kept.sum()
    return kept


def keep_unsurprising(probabilities: Probabilities, most_bits: float) -> Probabilities:
    """Keep the characters of a surprisal of at most `most_bits`, and the most likely one anyway.

    The truncation of Mirostat 2.0 (Basu et al., "Mirostat: a neural text decoding algorithm that
    directly controls perplexity", 2021); `mirostat_limit` is its state.

    Args:
        probabilities: float64 [vocabulary], with sum 1.
        most_bits: any number.
    """
    with np.errstate(over="ignore", under="ignore"):
        least = np.exp2(-most_bits)
    kept: Probabilities = np.where(
        probabilities >= min(float(least), probabilities.max()), probabilities, 0.0
    )
    kept /= kept.sum()
    return kept


def mirostat_limit(target_bits: float, surprisals: Iterable[float]) -> float:
    """Return Mirostat's limit after characters of these surprisals: its mu, rebuilt from a tape.

    It starts at twice the target, and each character moves it by the learning rate times the
    difference to the target. The surprisals are those of the tape: of the model's own
    distribution, in bits, float32.

    Args:
        target_bits: tau of the paper.
        surprisals: of the characters since Mirostat was given this target. One that was not
            measured (NaN) counts as on target: it moves the limit nowhere.
    """
    limit = 2 * target_bits
    for surprisal in surprisals:
        if surprisal == surprisal:  # no NaN
            limit = next_mirostat_limit(limit, target_bits, surprisal)
    return limit


def next_mirostat_limit(limit: float, target_bits: float, surprisal: float) -> float:
    """Return Mirostat's limit after one more character."""
    return limit - MIROSTAT_RATE * (surprisal - target_bits)


def truncate(
    probabilities: Probabilities, settings: Settings, mirostat_limit_bits: float
) -> Probabilities:
    """Apply every truncation that is on, in the order of this module.

    Args:
        probabilities: float64 [vocabulary], with sum 1; the model's own.
        settings: which truncations, and how far.
        mirostat_limit_bits: the state of Mirostat, if it is on.
    """
    if settings.top_k:
        probabilities = keep_top_k(probabilities, settings.top_k)
    if settings.typical_p < 1:
        probabilities = keep_typical(probabilities, settings.typical_p)
    if settings.top_p < 1:
        probabilities = keep_top_p(probabilities, settings.top_p)
    if settings.min_p:
        probabilities = keep_min_p(probabilities, settings.min_p)
    if settings.mirostat:
        probabilities = keep_unsurprising(probabilities, mirostat_limit_bits)
    return probabilities


def _up_to(probabilities: Probabilities, order: NDArray[np.intp], mass: float) -> Probabilities:
    """Keep characters in `order` until they have `mass` together, the one that reaches it too."""
    reached = int(np.searchsorted(probabilities[order].cumsum(), mass, side="left"))
    return _only(probabilities, order[: reached + 1])


def _only(probabilities: Probabilities, chosen: NDArray[np.intp]) -> Probabilities:
    kept: Probabilities = np.zeros_like(probabilities)
    kept[chosen] = probabilities[chosen]
    total = kept.sum()
    if total == 0:  # all that was chosen is impossible
        return probabilities
    kept /= total
    return kept
