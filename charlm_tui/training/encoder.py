"""A text as an array of ids, block by block: in memory, or in a file that has no name any more.

Knows no file of a text and no encoding; corpus.py reads those.
"""

import contextlib
import errno
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.vocabulary import MAX_SYMBOLS
from charlm_tui.training.errors import CorpusError

BLOCK = 2**20  # ids that are renumbered at once
MOST_KEPT = 2**16  # symbols of a text some of which are left out: two bytes hold an id

Ids = NDArray[np.integer[Any]]


class Encoder:
    """Turns pieces of a text into ids: in memory, or in a file that has no name any more.

    Args:
        name: of the text, as errors give it.
        in_memory: keep the ids there.
        min_count: leave out symbols that are met less often.
    """

    def __init__(self, name: str, in_memory: bool, min_count: int = 1) -> None:
        self.left_out: dict[str, int] = {}
        """The symbols that were left out, and how often each was met; known at the end."""
        self._name = name
        self._in_memory = in_memory
        self._min_count = min_count
        self._most = MAX_SYMBOLS if min_count <= 1 else MOST_KEPT
        self._table = np.full(sys.maxunicode + 1, -1, np.int32)  # the id of each code point
        self._symbols: list[int] = []  # code points, as they were met
        self._type: np.dtype[Any] = np.dtype(np.uint8)
        self._length = 0
        self._file = self._open()

    def __enter__(self) -> "Encoder":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # what was written last, on a full disk: it is told
            self._file.close()

    def add(self, piece: str) -> None:
        """Encode the next piece.

        Raises:
            CorpusError: the disk is full.
        """
        codes = np.frombuffer(piece.encode("utf-32-le"), "<u4")
        ids = self._table[codes]
        if (ids < 0).any():
            new = np.unique(codes[ids < 0])
            self._table[new] = np.arange(len(self._symbols), len(self._symbols) + len(new))
            self._symbols += new.tolist()
            ids = self._table[codes]
        self._length += len(ids)
        with self._told():
            if len(self._symbols) > 2**8 and self._type == np.uint8:
                self._widen()
            if len(self._symbols) <= self._most:
                self._file.write(ids.astype(self._type).tobytes())

    def finish(self) -> tuple[list[str], Ids]:
        """Return the symbols, sorted, and the ids of the text as their places among them.

        Raises:
            CorpusError: the disk is full.
        """
        if len(self._symbols) > self._most or not self._length:
            symbols = [chr(code) for code in sorted(self._symbols)]
            return symbols, np.zeros(self._length, self._type)
        with self._told():
            counts = self._counts()
            kept = sorted(
                code
                for code, count in zip(self._symbols, counts, strict=True)
                if count >= self._min_count
            )
            symbols = [chr(code) for code in kept]
            if len(symbols) > MAX_SYMBOLS:
                return symbols, np.zeros(self._length, self._type)
            place_of = {code: place for place, code in enumerate(kept)}
            places = np.array([place_of.get(code, -1) for code in self._symbols])
            self.left_out = {
                chr(code): int(count)
                for code, count in sorted(zip(self._symbols, counts, strict=True))
                if code not in place_of
            }
            self._length = self._renumber(places)
            if isinstance(self._file, io.BytesIO):
                return symbols, np.frombuffer(self._file.getvalue(), self._type)
            mapped = np.memmap(self._file, self._type, "r", shape=(self._length,))
        return symbols, np.asarray(mapped)

    def _counts(self) -> NDArray[Any]:
        """Return how often each symbol is met; where none is too rare for anything, ones."""
        counts = np.zeros(len(self._symbols), np.int64)
        if self._min_count <= 1:
            return counts + 1
        for ids in self._blocks():
            counts += np.bincount(ids, minlength=len(counts))
        return counts

    def _renumber(self, places: NDArray[Any]) -> int:
        """Write the ids as their places among the symbols, without those at -1; return how many."""
        written = 0
        for ids in self._blocks():
            new = places[ids]
            new = new[new >= 0].astype(self._type)
            self._file.seek(written * self._type.itemsize)
            self._file.write(new.tobytes())
            written += len(new)
        self._file.truncate(written * self._type.itemsize)
        self._file.flush()
        return written

    def _blocks(self) -> Iterator[Ids]:
        """Yield the ids that were written, block by block; read before more is written."""
        for start in range(0, self._length, BLOCK):
            self._file.seek(start * self._type.itemsize)
            yield np.frombuffer(self._file.read(BLOCK * self._type.itemsize), self._type)

    def _widen(self) -> None:
        """Write what there is again, with two bytes for each id."""
        before, narrow = self._file, self._type
        with before:
            self._file, self._type = self._open(), np.dtype(np.uint16)
            before.seek(0)
            while block := before.read(BLOCK):
                self._file.write(np.frombuffer(block, narrow).astype(self._type).tobytes())

    def _open(self) -> IO[bytes]:
        if self._in_memory:
            return io.BytesIO()
        with self._told():
            return tempfile.TemporaryFile(prefix="charlm-", dir=scratch_folder())

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what the disk refuses as an error of ours."""
        try:
            yield
        except OSError as error:
            raise self._full(error) from error

    def _full(self, error: OSError) -> CorpusError:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return CorpusError(
            f"the ids of {self._name} cannot be kept in {scratch_folder()}: {error.strerror}; "
            f"{'free some space, or ' if full else ''}"
            "name a folder with room for a copy of the text in TMPDIR"
        )


def scratch_folder() -> str:
    """Return the folder of the ids of a large text: `TMPDIR`, else /var/tmp, which is on a disk.

    What lies in /tmp lies in memory on many systems.
    """
    named, lasting = os.environ.get("TMPDIR"), "/var/tmp"
    return named or (lasting if os.access(lasting, os.W_OK) else tempfile.gettempdir())
