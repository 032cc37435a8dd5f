"""The text that a model is trained on: finding it, reading it, cutting windows from it.

A corpus is one array of ids, of the smallest type that holds them, and in a mapped file if the text
is large; windows are views into it. Neither the notebook's one-hot arrays of the whole corpus,
about 700 MB, nor a text as one string are ever made.
"""

import codecs
import functools
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from charlm_tui.files import (
    NOTEBOOK_FILE,
    FileReadError,
    read_file,
)
from charlm_tui.lm.vocabulary import MAX_SYMBOLS, Case, Vocabulary
from charlm_tui.text import conversion
from charlm_tui.training.encoder import Encoder, Ids
from charlm_tui.training.errors import CorpusError

NOTEBOOK_URL = "https://s3.amazonaws.com/text-datasets/nietzsche.txt"
NOTEBOOK_SHA256 = "23cf69874ab69d3d256099ab530ea4be24d47d9675b673bcc67cbcd6298ec647"
"""Of the copy that this project's figures were measured on; the address publishes none."""

MOST_PIPED_BYTES = 500_000_000  # of a text that comes through a pipe, which is kept in memory
BLOCK = 2**20  # bytes of a text that are read at once
IN_MEMORY = 2**24  # bytes of a text up to which its ids are kept in memory
_ADVICE = "give the path of a text file with --corpus"


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text as ids, the last part of it held out.

    `ids` is uint8 [characters], or uint16 if there are more than 256 symbols; what is trained on,
    what epochs are measured on and what is held out are views of it.
    """

    name: str
    sha256: str
    """Of the text's bytes."""
    vocabulary: Vocabulary
    ids: Ids
    cut: int
    """Where the held-out part begins."""
    choose_on: float | None = None
    """Share of the text before it to choose the best epoch on; see `Recipe`."""
    files: tuple[tuple[str, str], ...] = ()
    """The name of each file and the sha256 of its bytes; of several they are joined by newlines."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Symbols that are too rare, and how often each was met."""

    @property
    def facts(self) -> dict[str, Any]:
        """What a model's card says of it."""
        facts: dict[str, Any] = {
            "name": self.name,
            "sha256": self.sha256,
            "characters": len(self.ids),
        }
        if self.files:
            facts["files"] = [{"name": name, "sha256": sha256} for name, sha256 in self.files]
        if self.left_out:
            facts["left_out"] = dict(self.left_out)
        return facts

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


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files of a text: those that are named, and all in and below a folder, sorted.

    Raises:
        CorpusError: a folder has none, or cannot be read.
    """
    found: list[Path] = []
    for path in paths:
        if not os.path.isdir(path):
            found.append(path)
            continue
        try:
            inside = sorted(
                Path(folder, name)
                for folder, _, names in os.walk(path, onerror=_refuse)
                if not _hidden(Path(folder), path)
                for name in names
                if not name.startswith(".") and os.path.isfile(Path(folder, name))
            )
        except OSError as error:
            raise CorpusError(f"{path} cannot be read: {error.strerror}; {_ADVICE}") from error
        if not inside:
            raise CorpusError(f"{path} is a folder without files; {_ADVICE}")
        found += inside
    return found


def name_of(paths: Sequence[Path]) -> str:
    """Return what a text is called: the name of its file or folder, and how many more there are."""
    more = len(paths) - 1
    return paths[0].name + (f" and {more} more" if more else "")


def read_corpus(
    paths: Path | Sequence[Path],
    case: Case,
    window: int,
    stride: int,
    batch: int,
    held_out: float = 0.05,
    choose_on: float | None = None,
    *,
    min_count: int = 1,
    keep_mark: bool = False,
    keep_returns: bool = False,
) -> Corpus:
    """Read a text as ids, block by block.

    Args:
        paths: of UTF-8 files, pipes, or folders of files; of several, the texts are joined by
            newlines.
        case: "lower" lower-cases it, as the notebook does.
        window: characters in a window.
        stride: characters from one training window to the next.
        batch: windows in a batch; the training part must have enough for at least one.
        held_out: share of the text, at its end, that is not trained on; none need be.
        choose_on: share of what is left, at its end, that is not trained on either.
        min_count: leave out characters that are met less often.
        keep_mark: keep a byte order mark at its beginning as a character.
        keep_returns: keep line ends as they are, with carriage returns as characters.

    Raises:
        CorpusError: it cannot be read, is not UTF-8, or is too short, or the disk is full.
    """
    paths = [paths] if isinstance(paths, Path) else list(paths)
    name, files = name_of(paths), files_of(paths)
    source = str(paths[0]) if len(files) == 1 else f"the text of {len(files):,} files"
    texts = _Texts(files, keep_mark, keep_returns)
    with Encoder(source, _size(files) <= IN_MEMORY, min_count) as encoder:
        for piece in lowered(texts.pieces()) if case == "lower" else texts.pieces():
            encoder.add(piece)
        symbols, ids = encoder.finish()
    if len(symbols) > MAX_SYMBOLS:
        raise CorpusError(
            f"{source} has {len(symbols):,} different characters where at most {MAX_SYMBOLS:,} are "
            "expected; give a text in an alphabet, or leave out what is rare with --min-count"
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
            f"{source} has {len(ids):,} characters where at least {shortest:,} are expected "
            f"(windows of {window}, a batch of {batch}, {shares}); give a longer text"
        )
    if len(symbols) < 2:
        raise CorpusError(
            f"{source} has one symbol only, {symbols[0]!r}, from which nothing can be learnt; "
            "give another text"
        )
    return Corpus(
        name=name,
        sha256=texts.sha256,
        vocabulary=Vocabulary(symbols, case),
        ids=ids,
        cut=len(ids) - int(len(ids) * held_out),
        choose_on=choose_on,
        files=tuple(texts.files) if len(files) > 1 else (),
        left_out=encoder.left_out,
    )


def _refuse(error: OSError) -> None:
    raise error


def _hidden(folder: Path, top: Path) -> bool:
    return any(part.startswith(".") for part in folder.relative_to(top).parts)


def _size(files: Sequence[Path]) -> int:
    """Return the bytes of some files; what comes through a pipe is not known yet."""
    return sum(os.path.getsize(path) for path in files if os.path.isfile(path))


class _Texts:
    """Reads files one after the other, joined by newlines.

    Args:
        paths: of them.
        keep_mark: keep a byte order mark at the beginning of each.
        keep_returns: keep line ends as they are.
    """

    def __init__(self, paths: Sequence[Path], keep_mark: bool, keep_returns: bool) -> None:
        self.files: list[tuple[str, str]] = []
        """The name and the sha256 of each that was read."""
        self._paths = paths
        self._keep = keep_mark, keep_returns
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of all that was read."""
        return self._digest.hexdigest()

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces.

        Raises:
            CorpusError: a file cannot be read, or is not UTF-8.
        """
        for path in self._paths:
            if self.files:
                self._digest.update(b"\n")
                yield "\n"
            own = hashlib.sha256()
            try:
                with _opened(path) as file:
                    yield from _pieces(path, file, (own, self._digest), *self._keep)
            except FileReadError as error:
                raise CorpusError(str(error)) from None
            except OSError as error:
                raise CorpusError(f"{path} cannot be read: {error.strerror}; {_ADVICE}") from error
            self.files.append((path.name, own.hexdigest()))


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
    path: Path,
    file: IO[bytes],
    digests: Sequence["hashlib._Hash"],
    keep_mark: bool,
    keep_returns: bool,
) -> Iterator[str]:
    """Yield the text of a UTF-8 file in pieces, line ends as newlines, without its order mark.

    Args:
        path: as errors name it.
        file: open at its beginning.
        digests: are fed its bytes.
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
        for digest in digests:
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
