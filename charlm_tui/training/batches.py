"""The windows of a text in a random order, cut into batches as they are asked for.

The order depends on the RNG seed and the epoch alone, so that a run can continue; that of a large
text takes no memory. Knows no network.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charlm_tui.training.corpus import windows
from charlm_tui.training.encoder import Ids
from charlm_tui.training.hosts import share_of
from charlm_tui.training.recipes import Recipe

LARGE_TEXT = 1_000_000  # characters from which on an epoch is cut into parts
SHUFFLED_WINDOWS = 2**22  # whose order is drawn at once, in 32 MB; that of more is computed
ROUNDS = 6  # of that


class Batches:
    """The windows of each epoch, each in an order of its own.

    Args:
        ids: of the text.
        recipe: says how it is cut.
        rng_seed: of the order.
        rank: of this process among those that share each batch.
        count: of these processes.
    """

    def __init__(
        self, ids: Ids, recipe: Recipe, rng_seed: int, rank: int = 0, count: int = 1
    ) -> None:
        self._share = share_of(recipe.batch, rank, count)
        self._windows = windows(ids, recipe.window)
        self._recipe = recipe
        self._rng_seed = rng_seed
        self.large = len(ids) >= LARGE_TEXT
        # A random offset can cost an epoch its last window, never more.
        offset = recipe.stride - 1 if recipe.random_offset else 0
        self.per_epoch = len(range(offset, len(self._windows), recipe.stride)) // recipe.batch
        assert self.per_epoch > 0

    def epoch(self, number: int, first: int = 0) -> Iterator[tuple[Ids, Ids]]:
        """Yield (windows, targets), int32 [batch, window] and [batch, window] or [batch].

        Of several processes, each has its part of every batch. The order depends on the RNG seed
        and the epoch's number alone, so a run can continue.

        Args:
            number: of the epoch.
            first: batches to leave out.
        """
        recipe = self._recipe
        rng = np.random.default_rng((self._rng_seed, number))
        offset = int(rng.integers(recipe.stride)) if recipe.random_offset else 0
        starts = shuffled(range(offset, len(self._windows), recipe.stride), rng)
        for batch in range(first, self.per_epoch):
            own = starts(batch * recipe.batch, (batch + 1) * recipe.batch)[self._share]
            part = self._windows[own].astype(np.int32)
            yield part[:, :-1], part[:, 1:] if recipe.every_position else part[:, -1]


def shuffled(numbers: range, rng: np.random.Generator) -> Callable[[int, int], NDArray[Any]]:
    """Return a function from (start, end) to those places of some numbers in a random order.

    The order of very many takes no memory: a place is turned into another one by a Feistel network
    (Luby & Rackoff, "How to construct pseudorandom permutations from pseudorandom functions",
    1988) over the next power of four, again and again until that is one of ours.
    """
    count = len(numbers)
    if count <= SHUFFLED_WINDOWS:
        every = np.arange(numbers.start, numbers.stop, numbers.step)
        rng.shuffle(every)
        return lambda start, end: every[start:end]
    keys = rng.integers(2**64, size=ROUNDS, dtype=np.uint64)
    half = np.uint64(((count - 1).bit_length() + 1) // 2)
    mask = (np.uint64(1) << half) - np.uint64(1)

    def turned(places: NDArray[np.uint64]) -> NDArray[np.uint64]:
        left, right = places >> half, places & mask
        for key in keys:
            left, right = right, left ^ (_mixed(right + key) & mask)
        return left << half | right

    def at(start: int, end: int) -> NDArray[Any]:
        places = turned(np.arange(start, min(end, count), dtype=np.uint64))
        while (outside := places >= count).any():
            places[outside] = turned(places[outside])
        return numbers.start + places.astype(np.int64) * numbers.step

    return at


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64 bits for each 64, by the finaliser of SplitMix64 (Steele et al., 2014)."""
    values = (values ^ values >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ values >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return values ^ values >> np.uint64(31)
