"""Sorting every prefix of a text by its last characters: a suffix array, read from right to left.

Owns the one expensive step of an index. Knows ids only.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int32]


def sort_prefixes(codes: NDArray[Any], symbols: int) -> Places:
    """Return the prefixes of a text in the order of their characters from the last to the first.

    Prefix doubling (Manber and Myers 1993, https://doi.org/10.1137/0222058) that sorts only what
    is still tied (Larsson and Sadakane 2007, https://doi.org/10.1016/j.tcs.2007.07.017). It begins
    with as many characters as an integer of 63 bits holds, 10 of a text of 57 symbols. Time is
    O(n log² n) of a text that repeats itself all along, and about one sort of 64-bit integers of
    one that does not; memory about 40 bytes a character.

    Args:
        codes: unsigned [n], below `symbols`.
        symbols: how many there are.

    Returns:
        int32 [n + 1]: the lengths of the prefixes, the empty one first.
    """
    count = len(codes)
    keys, depth = _first_keys(codes, symbols)
    order = np.argsort(keys).astype(np.int32)  # of places in the reversed text
    keys = keys[order]
    heads = _heads(keys)
    del keys
    rank = np.empty(count + 1, np.int32)
    rank[order] = _groups(heads, np.arange(count + 1, dtype=np.int32))
    while len(tied := _tied(heads)):
        # A tie has `depth` characters more to come: one that ends before is like no other.
        places = order[tied]
        keys = rank[places].astype(np.int64) << 32 | rank[places + depth]
        turns = np.argsort(keys)
        places = places[turns]
        order[tied] = places
        parts = _heads(keys[turns])
        heads[tied] = parts
        rank[places] = _groups(parts, tied)
        depth *= 2
    return count - order


def _first_keys(codes: NDArray[Any], symbols: int) -> tuple[NDArray[np.int64], int]:
    """Return the first characters of every suffix of the reversed text as one integer each."""
    bits = symbols.bit_length()  # of 0, past the end, to `symbols`
    depth = 63 // max(1, bits)
    padded = np.zeros(len(codes) + depth, np.int32)
    padded[: len(codes)] = codes[::-1]
    padded[: len(codes)] += 1
    keys = np.zeros(len(codes) + 1, np.int64)
    for place in range(depth):
        keys <<= bits
        keys |= padded[place : place + len(keys)]
    return keys, depth


def _heads(keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which of sorted keys are the first of their value."""
    heads = np.ones(len(keys), np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=heads[1:])
    return heads


def _groups(heads: NDArray[np.bool_], places: Places) -> Places:
    """Return for each entry the place of the head before it."""
    return np.maximum.accumulate(np.where(heads, places, 0))


def _tied(heads: NDArray[np.bool_]) -> Places:
    """Return the places of all that share their key with a neighbour."""
    alone = heads.copy()
    alone[:-1] &= heads[1:]
    return np.flatnonzero(~alone).astype(np.int32)
