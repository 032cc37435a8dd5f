"""A corpus, sorted so that a text can be followed through it one character at a time.

Owns the arrays and the step from one character to the next. Does not know where the corpus comes
from, nor where the arrays are kept.

With every prefix of the corpus in the order of its characters from the last to the first, the
prefixes that end with the text read so far, or with as much of it as the corpus has, are
neighbours. One of them is remembered. If the corpus continues there with the next character of the
text, that is the step. If not, the best place is that of one of two neighbours in the order among
those prefixes that do continue with it: the one with more in common with the text.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from charlm_tui.recital.suffixes import sort_prefixes
from charlm_tui.recital.words import words_of

_BLOCK = 9  # at the least: a block of the order has 2**9 prefixes
_FIRST = 16  # characters that are compared at once at first


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """A corpus of n characters, and the order of its prefixes.

    14 bytes a character; the arrays may be views of a file. A prefix is named by its length, which
    is the place in the corpus after it; a rank is a place in the order.
    """

    symbols: str
    """The different characters of the corpus in ascending order; a code is a place in it."""
    raw: bytes
    """The codes, `width` bytes each, and the code of none after the last."""
    width: int
    """1, 2 or 4."""
    order: memoryview
    """int32 [n + 1]: the prefix of each rank."""
    rank: memoryview
    """int32 [n + 1]: the rank of each prefix."""
    shorter: memoryview
    """int32 [n + 1]: the rank of the prefix of each rank without its last character; ascending
    among those that end with the same character. -1 for the empty one."""
    blocks: memoryview
    """int32 [blocks * symbols]: how many prefixes that end with a lesser character there are, the
    empty one too, plus how many of this character are in the order, without it, before the block.
    """
    block_bits: int
    """A block has 2**block_bits ranks."""
    words: frozenset[str]
    """Of the corpus, case-folded."""

    def __len__(self) -> int:
        return len(self.rank) - 1

    @property
    def codes(self) -> Sequence[int]:
        """The codes, and one of no symbol after the last."""
        return self.raw if self.width == 1 else memoryview(self.raw).cast(_FORMATS[self.width])

    def text(self, start: int, stop: int) -> str:
        """Return characters `start` to `stop` of the corpus."""
        stop = min(stop, len(self))
        return "".join([self.symbols[code] for code in self.codes[start:stop]])

    def step(self, place: int, length: int, code: int) -> tuple[int, int]:
        """Find what is left of a match that the corpus does not continue.

        Matching statistics by one remembered suffix in place of an interval, after Bannai, Gagie
        and I 2020 (https://doi.org/10.1016/j.tcs.2019.08.005), with the comparison made on the
        corpus and Ψ (Sadakane 2003, https://doi.org/10.1016/S0196-6774(03)00087-7) in place of a
        compressed transform. Time O(log n), and what it takes to compare two stretches of the
        corpus of no more than `length` characters in machine words.

        Args:
            place: after a match that is as long as any.
            length: of the match.
            code: of the text's next character, not the corpus' at `place`.

        Returns:
            The place after the longest match that ends with that character, and its length.
        """
        order = self.order
        rank = self.rank[place]
        slot = (rank >> self.block_bits) * len(self.symbols) + code
        first, last = self.blocks[code], self.blocks[code - len(self.symbols)]
        after = bisect_left(
            self.shorter, rank, self.blocks[slot], self.blocks[slot + len(self.symbols)]
        )
        best, common = 0, -1
        if after > first:
            best = order[after - 1] - 1
            common = self._common(place, best, length)
        if common < length and after < last:
            other = order[after] - 1
            more = self._common(place, other, length)
            if more > common:
                best, common = other, more
        return best + 1, common + 1

    def _common(self, one: int, other: int, most: int) -> int:
        """Count the characters, `most` at the most, that two prefixes have in common at the end."""
        raw, width = self.raw, self.width
        if other < most:
            most = other
        done, size = 0, _FIRST
        while done < most:
            if size > most - done:
                size = most - done
            here, there = (one - done) * width, (other - done) * width
            difference = int.from_bytes(raw[here - size * width : here], "little") ^ int.from_bytes(
                raw[there - size * width : there], "little"
            )
            if difference:  # the later a character, the higher its bits
                return done + size - (difference.bit_length() + 8 * width - 1) // (8 * width)
            done += size
            size *= 4
        return most


_FORMATS: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}


def build(text: str) -> Index:
    """Sort a text.

    A text of 600,000 characters takes some 0.15 s, one of 4.7 million 2.5 s. A plain function
    without state: it can run in a thread, which kept the others waiting for 15 ms at the most, or
    in another process, which hands the index on as a file (`keeping`).

    Args:
        text: fewer than 2**31 - 1 characters, as the model knows them.
    """
    points, codes = np.unique(
        np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4"), return_inverse=True
    )
    symbols = len(points)
    width = next(width for width in (1, 2, 4) if symbols < 1 << 8 * width)
    closed = np.full(len(codes) + 1, symbols, f"u{width}")
    closed[:-1] = codes
    del codes
    order = sort_prefixes(closed[:-1], symbols)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order), dtype=np.int32)
    shorter = np.full_like(order, -1)
    shorter[1:] = rank[order[1:] - 1]
    blocks, block_bits = _blocks(shorter, np.bincount(closed[:-1], minlength=symbols))
    return Index(
        points.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass"),
        closed.tobytes(),
        width,
        order.data,
        rank.data,
        shorter.data,
        blocks.ravel().data,
        block_bits,
        words_of(text),
    )


def _blocks(shorter: NDArray[np.int32], counts: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """Tell how far each symbol has come at every block of the order, and the size of a block.

    The table never has more than about a quarter as many entries as the order, however many
    symbols there are, but for its first and last rows.
    """
    bits = max(_BLOCK, (4 * len(counts)).bit_length())
    edges = np.arange((len(shorter) - 1 >> bits) + 2) << bits
    table = np.empty((len(edges), len(counts)), np.int32)
    stop = 1  # past the empty prefix
    for code, count in enumerate(counts.tolist()):
        start, stop = stop, stop + count
        table[:, code] = start + np.searchsorted(shorter[start:stop], edges)
    return table, bits
