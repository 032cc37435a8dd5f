"""Shannon's bounds on the entropy of a text, from how many guesses its characters took.

C. E. Shannon, "Prediction and Entropy of Printed English", Bell System Technical Journal 30 (1951),
pages 50 to 64. A reader who knows the text so far guesses the next character until the guess is
right; the number of the right guess is the character's rank. The ranks are a code of the text, and
bound what a character tells. Imports no numpy: a screen computes them while a person guesses.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple


class Bounds(NamedTuple):
    """Between what the entropy of a character lies, in bits."""

    lower: float
    upper: float


SHANNON_SYMBOLS = 27
"""Of Shannon's alphabet: 26 letters and the space."""
SHANNON: Mapping[int, Bounds] = {
    known: Bounds(lower, upper)
    for known, lower, upper in (
        (0, 3.19, 4.03),
        (1, 2.50, 3.42),
        (2, 2.1, 3.0),
        (3, 1.7, 2.6),
        (4, 1.7, 2.7),
        (5, 1.3, 2.2),
        (6, 1.8, 2.8),
        (7, 1.0, 1.8),
        (8, 1.0, 1.9),
        (9, 1.0, 2.1),
        (10, 1.3, 2.2),
        (11, 1.3, 2.3),
        (12, 1.2, 2.1),
        (13, 0.9, 1.7),
        (14, 1.2, 2.1),
        (100, 0.6, 1.3),
    )
}
"""The bounds that he prints on page 64, by how many letters the reader knew.

Typed in from two scans of the paper, which agree. His column N is of a reader who knows N - 1
letters, but for the last one, of which his text says that 100 were known. He has smoothed the
frequencies by hand, so the formula gives up to 0.1 bit more or less from his Table I (page 57).
"""


def frequencies(ranks: Iterable[int], symbols: int) -> list[float]:
    """Return how often each rank occurs among some, the share of rank 1 first.

    Args:
        ranks: at least one, each from 1 to `symbols`.
        symbols: how many characters there are to guess from.

    Returns:
        `symbols` shares with sum 1.
    """
    counts = Counter(ranks)
    assert counts
    assert min(counts) >= 1
    assert max(counts) <= symbols
    whole = counts.total()
    return [counts[rank] / whole for rank in range(1, symbols + 1)]


def evened(shares: Sequence[float]) -> list[float]:
    """Return shares that never rise: neighbours are averaged where they do.

    The lower bound is of shares in decreasing order, as those of a perfect guesser are; the ranks
    of a few characters are not. Shannon "averaged together in groups" the least reliable of his
    (page 64). This is the least change in squares that does it: the pool-adjacent-violators
    algorithm (Ayer et al. 1955, https://doi.org/10.1214/aoms/1177728423).
    """
    pools: list[tuple[float, int]] = []  # (sum, how many) of each group
    for share in shares:
        pool = (share, 1)
        while pools and pool[0] * pools[-1][1] > pools[-1][0] * pool[1]:
            total, count = pools.pop()
            pool = (pool[0] + total, pool[1] + count)
        pools.append(pool)
    return [total / count for total, count in pools for _ in range(count)]


def bounds(shares: Sequence[float]) -> Bounds:
    """Return the bounds on the entropy from the shares of the ranks (Shannon 1951, equation 17).

    Σ i (q_i - q_(i+1)) log2 i ≤ F ≤ -Σ q_i log2 q_i, with q_i the share of rank i. The upper one
    holds for whoever guesses. The lower one is proved for a perfect guesser alone, who always
    guesses the most likely character that is left; Shannon used it for a person, too.

    Args:
        shares: of rank 1, 2, …, in decreasing order (see `evened`), with sum 1.
    """
    upper = -math.fsum(q * math.log2(q) for q in shares if q > 0)
    following = pairwise([*shares, 0.0])
    lower = math.fsum(i * (q - after) * math.log2(i) for i, (q, after) in enumerate(following, 1))
    return Bounds(max(0.0, lower), max(0.0, upper))


def bounds_of(ranks: Iterable[int], symbols: int) -> Bounds:
    """Return the bounds from the ranks of some characters, in any order, as they are evened.

    Of a few characters they are rough, and too low rather than too high: what did not occur among
    them counts as if it never did.

    Args:
        ranks: at least one, each from 1 to `symbols`.
        symbols: how many characters there are to guess from.
    """
    return bounds(evened(frequencies(ranks, symbols)))
