"""The text that a model is trained on: finding it, reading it, cutting windows from it.

A corpus is one array of ids, of the smallest type that holds them, and in a mapped file if the text
is large; windows are views into it. Neither the notebook's one-hot arrays of the whole corpus,
about 700 MB, nor a text as one string are ever made.
"""

import codecs
import contextlib
import errno
import functools
import hashlib
import io
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from charlm_tui.files import (
    CORPUS_VARIABLE,
    NOTEBOOK_FILE,
    FileReadError,
    cached_corpus,
    read_file,
)
from charlm_tui.lm.vocabulary import MAX_SYMBOLS, Case, Vocabulary
from charlm_tui.text import conversion
from charlm_tui.training.errors import CorpusError

NOTEBOOK_URL = "https://s3.amazonaws.com/text-datasets/nietzsche.txt"
NOTEBOOK_SHA256 = "23cf69874ab69d3d256099ab530ea4be24d47d9675b673bcc67cbcd6298ec647"
"""Of the copy that this project's figures were measured on; the address publishes none."""

MOST_PIPED_BYTES = 500_000_000  # of a text that comes through a pipe, which is kept in memory
BLOCK = 2**20  # bytes of a text that are read at once, and ids that are renumbered at once
IN_MEMORY = 2**24  # bytes of a text up to which its ids are kept in memory
_ADVICE = "give the path of a text file with --corpus"

Ids = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text as ids, the last part of it held out.

    `ids` is uint8 [characters], or uint16 if there are more than 256 symbols; what is trained on,
    what epochs are measured on and what is held out are views of it.
    """

    name: str
    sha256: str
    """Of the file's bytes."""
    vocabulary: Vocabulary
    ids: Ids
    cut: int
    """Where the held-out part begins."""
    choose_on: float | None = None
    """Share of the text before it to choose the best epoch on; see `Recipe`."""

    @property
    def training(self) -> Ids:
        return self.ids[: self.cut - int(self.cut * (self.choose_on or 0))]

    @property
    def validation(self) -> Ids:
        """What the epochs are measured on; empty if they are not."""
        return self.held_out if self.choose_on is None else self.ids[len(self.training) : self.cut]

    @property
    def held_out(self) -> Ids:
        return self.ids[self.cut :]


def find_corpus() -> Path | None:
    """Find the notebook's text without a download: `CHARLM_CORPUS`, else Keras' cache.

    Raises:
        CorpusError: `CHARLM_CORPUS` is set and names no file.
    """
    named = os.environ.get(CORPUS_VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise CorpusError(
                f"{CORPUS_VARIABLE} names {named}, which is not a file; "
                "set it to the path of nietzsche.txt, or unset it"
            )
        return Path(named)
    return cached_corpus() if os.path.isfile(cached_corpus()) else None


def download_corpus(url: str = NOTEBOOK_URL) -> Path:
    """Return the notebook's text in Keras' cache, downloaded from `url` if it is not there.

    Raises:
        CorpusError: the address cannot be reached, or the file cannot be saved.
    """
    import keras

    try:
        return Path(keras.utils.get_file(NOTEBOOK_FILE, origin=url))
    except Exception as error:  # get_file raises bare Exception for what the network did
        reason = str(error).replace("\n", " ")
        raise CorpusError(
            f"the corpus could not be downloaded ({reason}); "
            "check the network, or give a text of your own with --corpus PATH"
        ) from error


def read_corpus(
    path: Path,
    case: Case,
    window: int,
    stride: int,
    batch: int,
    held_out: float = 0.05,
    choose_on: float | None = None,
    *,
    keep_mark: bool = False,
    keep_returns: bool = False,
) -> Corpus:
    """Read a text as ids, block by block.

    Args:
        path: a UTF-8 file, or a pipe.
        case: "lower" lower-cases it, as the notebook does.
        window: characters in a window.
        stride: characters from one training window to the next.
        batch: windows in a batch; the training part must have enough for at least one.
        held_out: share of the text, at its end, that is not trained on; none need be.
        choose_on: share of what is left, at its end, that is not trained on either.
        keep_mark: keep a byte order mark at its beginning as a character.
        keep_returns: keep line ends as they are, with carriage returns as characters.

    Raises:
        CorpusError: it cannot be read, is not UTF-8, or is too short, or the disk is full.
    """
    digest = hashlib.sha256()
    try:
        with _opened(path) as file:
            in_memory = file.seek(0, os.SEEK_END) <= IN_MEMORY
            file.seek(0)
            pieces: Iterable[str] = _pieces(path, file, digest, keep_mark, keep_returns)
            with _Encoder(path, in_memory) as encoder:
                for piece in lowered(pieces) if case == "lower" else pieces:
                    encoder.add(piece)
                symbols, ids = encoder.finish()
    except FileReadError as error:
        raise CorpusError(str(error)) from None
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}; {_ADVICE}") from error
    if len(symbols) > MAX_SYMBOLS:
        raise CorpusError(
            f"{path} has {len(symbols):,} different characters where at most {MAX_SYMBOLS:,} are "
            "expected; give a text in an alphabet"
        )
    needed = (batch - 1) * stride + window + 1 + stride

    def enough(length: int) -> bool:
        cut = length - int(length * held_out)
        chosen = int(cut * (choose_on or 0))
        return (
            cut - chosen >= needed
            and (not held_out or length - cut > window)
            and (not choose_on or chosen > window)
        )

    if not enough(len(ids)):
        shortest = needed
        while not enough(shortest):
            shortest += 1
        shares = f"the last {held_out:.3g} held out"
        if choose_on:
            shares += f" and {choose_on:.3g} of the rest to choose on"
        raise CorpusError(
            f"{path} has {len(ids):,} characters where at least {shortest:,} are expected "
            f"(windows of {window}, a batch of {batch}, {shares}); give a longer text"
        )
    if len(symbols) < 2:
        raise CorpusError(
            f"{path} has one symbol only, {symbols[0]!r}, from which nothing can be learnt; "
            "give another text"
        )
    return Corpus(
        name=path.name,
        sha256=digest.hexdigest(),
        vocabulary=Vocabulary(symbols, case),
        ids=ids,
        cut=len(ids) - int(len(ids) * held_out),
        choose_on=choose_on,
    )


def _opened(path: Path) -> IO[bytes]:
    """Open a text to be read from its beginning: a file, or all that comes through a pipe.

    Raises:
        FileReadError: it is neither, or a pipe has too much.
        OSError: it cannot be opened.
    """
    if os.path.isfile(path):
        return open(path, "rb")
    return io.BytesIO(read_file(path, MOST_PIPED_BYTES, _ADVICE))


def _pieces(
    path: Path, file: IO[bytes], digest: "hashlib._Hash", keep_mark: bool, keep_returns: bool
) -> Iterator[str]:
    """Yield the text of a UTF-8 file in pieces, line ends as newlines, without its order mark.

    Args:
        path: as errors name it.
        file: open at its beginning.
        digest: is fed its bytes.
        keep_mark: keep its order mark.
        keep_returns: keep line ends as they are.

    Raises:
        CorpusError: it is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    newlines = io.IncrementalNewlineDecoder(None, translate=not keep_returns)
    offset = 0
    end = False
    first = b""
    while not end:
        block = file.read(BLOCK)
        first = first or block[:4]
        digest.update(block)
        end = not block
        marked = offset == 0 and block.startswith(codecs.BOM_UTF8) and not keep_mark
        mark = len(codecs.BOM_UTF8) if marked else 0
        begun = offset + mark - len(decoder.getstate()[0])  # a character can lie in two blocks
        offset += len(block)
        try:
            piece = decoder.decode(block[mark:], final=end)
        except UnicodeDecodeError as error:
            raise CorpusError(
                f"{path} is not UTF-8 (byte {error.object[error.start]:#04x} at offset "
                f"{begun + error.start:,}); {conversion(first)}"
            ) from error
        yield newlines.decode(piece, final=end)


def lowered(pieces: Iterable[str]) -> Iterator[str]:
    """Yield a text in lower case, as `str.lower` gives it for all of its pieces at once.

    A capital sigma becomes one letter at the end of a word and another one elsewhere, so the text
    is cut where no sigma is seen from the other side.
    """
    kept = ""
    for piece in pieces:
        tried = max(1, len(kept))
        text = kept + piece
        places = range(len(text) - 1, tried - 1, -1)
        cut = next((at for at in places if _ends_sight(text[at - 1]) and _ends_sight(text[at])), 0)
        yield text[:cut].lower()
        kept = text[cut:]
    yield kept.lower()


@functools.lru_cache(maxsize=4096)
def _ends_sight(char: str) -> bool:
    """Return whether a character hides from a sigma on one side what stands on the other."""
    return char != "Σ" and ("AΣ" + char).lower()[1] == ("AΣ" + char + "A").lower()[1]


class _Encoder:
    """Turns pieces of a text into ids: in memory, or in a file that has no name any more.

    Args:
        path: of the text, as errors name it.
        in_memory: keep the ids there.
    """

    def __init__(self, path: Path, in_memory: bool) -> None:
        self._path = path
        self._in_memory = in_memory
        self._table = np.full(sys.maxunicode + 1, -1, np.int32)  # the id of each code point
        self._symbols: list[int] = []  # code points, as they were met
        self._type: np.dtype[Any] = np.dtype(np.uint8)
        self._length = 0
        self._file = self._open()

    def __enter__(self) -> "_Encoder":
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
            if len(self._symbols) <= MAX_SYMBOLS:
                self._file.write(ids.astype(self._type).tobytes())

    def finish(self) -> tuple[list[str], Ids]:
        """Return the symbols, sorted, and the ids of the text as their places among them.

        Raises:
            CorpusError: the disk is full.
        """
        symbols = [chr(code) for code in sorted(self._symbols)]
        if len(symbols) > MAX_SYMBOLS or not self._length:
            return symbols, np.zeros(self._length, self._type)
        places = np.argsort(np.argsort(np.array(self._symbols))).astype(self._type)
        with self._told():
            block = BLOCK * self._type.itemsize
            for start in range(0, self._length * self._type.itemsize, block):
                self._file.seek(start)
                ids = np.frombuffer(self._file.read(block), self._type)
                self._file.seek(start)
                self._file.write(places[ids].tobytes())
            self._file.flush()
            if isinstance(self._file, io.BytesIO):
                return symbols, np.frombuffer(self._file.getvalue(), self._type)
            mapped = np.memmap(self._file, self._type, "r", shape=(self._length,))
        return symbols, np.asarray(mapped)

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
            f"the ids of {self._path} cannot be kept in {scratch_folder()}: {error.strerror}; "
            f"{'free some space, or ' if full else ''}"
            "name a folder with room for a copy of the text in TMPDIR"
        )


def scratch_folder() -> str:
    """Return the folder of the ids of a large text: `TMPDIR`, else /var/tmp, which is on a disk.

    What lies in /tmp lies in memory on many systems.
    """
    named, lasting = os.environ.get("TMPDIR"), "/var/tmp"
    return named or (lasting if os.access(lasting, os.W_OK) else tempfile.gettempdir())


def windows(ids: Ids, window: int) -> Ids:
    """Return every stretch of `window` characters and the one that follows, without a copy.

    Returns:
        [len(ids) - window, window + 1], of the type of `ids`, a read-only view.
    """
    return np.lib.stride_tricks.sliding_window_view(ids, window + 1)


def differs_from_notebook(corpus: Corpus) -> str:
    """Return a warning if this is the notebook's text by name, but not by content."""
    if corpus.name != NOTEBOOK_FILE or corpus.sha256 == NOTEBOOK_SHA256:
        return ""
    return (
        f"this {NOTEBOOK_FILE} has the sha256 {corpus.sha256}, and not {NOTEBOOK_SHA256}, "
        "on which this project's figures were measured"
    )
