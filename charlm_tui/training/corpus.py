"""The text that a model is trained on: finding it, reading it, cutting windows from it.

A corpus is one array of ids; windows are views into it. The notebook's one-hot arrays of the
whole corpus, about 700 MB, are never made.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

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
from charlm_tui.training.errors import CorpusError

NOTEBOOK_URL = "https://s3.amazonaws.com/text-datasets/nietzsche.txt"
NOTEBOOK_SHA256 = "23cf69874ab69d3d256099ab530ea4be24d47d9675b673bcc67cbcd6298ec647"
"""Of the copy that this project's figures were measured on; the address publishes none."""

MOST_CORPUS_BYTES = 500_000_000  # of a text: it takes several times as much memory as ids

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Corpus:
    """A text as ids, the last part of it held out.

    `ids` is int32 [characters]; `training` and `held_out` are views of it.
    """

    name: str
    sha256: str
    """Of the file's bytes."""
    vocabulary: Vocabulary
    ids: Ids
    cut: int
    """Where the held-out part begins."""

    @property
    def training(self) -> Ids:
        return self.ids[: self.cut]

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
    path: Path, case: Case, window: int, stride: int, batch: int, held_out: float = 0.05
) -> Corpus:
    """Read a text as ids.

    Args:
        path: a UTF-8 file, or a pipe.
        case: "lower" lower-cases it, as the notebook does.
        window: characters in a window.
        stride: characters from one training window to the next.
        batch: windows in a batch; the training part must have enough for at least one.
        held_out: share of the text, at its end, that is not trained on.

    Raises:
        CorpusError: it cannot be read, is not UTF-8, or is too short.
    """
    try:
        content = read_file(path, MOST_CORPUS_BYTES, "give the path of a text file with --corpus")
    except FileReadError as error:
        raise CorpusError(str(error)) from None
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{path} is not UTF-8 (byte {content[error.start]:#04x} at offset {error.start:,}); "
            "convert it, for example with: iconv -f LATIN1 -t UTF-8"
        ) from error
    if case == "lower":
        text = text.lower()
    symbols = sorted(set(text))
    if len(symbols) > MAX_SYMBOLS:
        raise CorpusError(
            f"{path} has {len(symbols):,} different characters where at most {MAX_SYMBOLS:,} are "
            "expected; give a text in an alphabet"
        )
    cut = len(text) - int(len(text) * held_out)
    needed = (batch - 1) * stride + window + 1
    if cut < needed + stride or len(text) - cut <= window:
        shortest = max(needed + stride, 0)
        while shortest - int(shortest * held_out) < needed + stride or (
            int(shortest * held_out) <= window
        ):
            shortest += 1
        raise CorpusError(
            f"{path} has {len(text):,} characters where at least {shortest:,} are expected "
            f"(windows of {window}, a batch of {batch}, the last {held_out:.3g} held out); "
            "give a longer text"
        )
    if len(symbols) < 2:
        raise CorpusError(
            f"{path} has one symbol only, {symbols[0]!r}, from which nothing can be learnt; "
            "give another text"
        )
    ids = {symbol: index for index, symbol in enumerate(symbols)}
    return Corpus(
        name=path.name,
        sha256=hashlib.sha256(content).hexdigest(),
        vocabulary=Vocabulary(symbols, case),
        ids=np.fromiter((ids[char] for char in text), np.int32, len(text)),
        cut=cut,
    )


def windows(ids: Ids, window: int) -> Ids:
    """Return every stretch of `window` characters and the one that follows, without a copy.

    Returns:
        int32 [len(ids) - window, window + 1], a read-only view.
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
