"""Where seeds come from but the keyboard: files, and passages of a corpus."""

import os
import random
from pathlib import Path

from charlm_tui.errors import CharlmError
from charlm_tui.files import FileReadError, cached_corpus, read_file
from charlm_tui.lm.vocabulary import BYTE_ORDER_MARK
from charlm_tui.text import conversion

MOST_SEED_BYTES = 10_000_000  # of a seed file: more is a mistake


class SeedError(CharlmError):
    """A seed cannot be had from a file."""


def as_seed(text: str) -> str:
    """Return what came from a file or a pipe as a seed: without the newline that ends it.

    Editors and `echo` put one there, and a model would begin another paragraph behind it.
    """
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def read_seed(path: Path) -> str:
    """Return a file's text for the prompt: whole, but for a byte order mark and the last newline.

    Raises:
        SeedError: it cannot be read, is no UTF-8, or is larger than 10 MB.
    """
    try:
        content = read_file(
            path, MOST_SEED_BYTES, "give the path of a text file, and a short one", waits=False
        )
        return as_seed(content.decode("utf-8-sig")).replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise SeedError(f"{path} is not UTF-8; {conversion(content)}") from None
    except FileReadError as error:
        raise SeedError(str(error)) from None


def keras_corpus() -> Path | None:
    """Return the notebook's corpus where Keras has downloaded it, or None."""
    path = cached_corpus()
    return path if os.path.isfile(path) else None


def passage(path: Path, length: int, rng: random.Random) -> str:
    """Draw a passage of a corpus: whole words, as many characters as a model reads.

    Args:
        path: of the corpus, UTF-8.
        length: of the passage, at the most.
        rng: draws the place.

    Raises:
        SeedError: the corpus cannot be read, or has no text.
    """
    around = 8 * length + 64  # bytes that surely hold it
    try:
        if not os.path.isfile(path):  # a pipe would be waited for, and has no middle
            raise SeedError(f"the corpus {path} is no file; give another with --corpus")
        size = path.stat().st_size
        with path.open("rb") as file:
            start = rng.randrange(max(1, size - around // 2))
            file.seek(start)
            text = file.read(around).decode("utf-8", errors="ignore").replace("\r\n", "\n")
            text = text.removeprefix(BYTE_ORDER_MARK)
    except OSError as error:
        raise SeedError(
            f"the corpus {path} cannot be read: {error.strerror}; give another with --corpus"
        ) from None
    if start:  # the first word may be cut off
        cut = next((i for i, char in enumerate(text) if char.isspace()), -1)
        text = text[cut + 1 :]
    text = text.lstrip()[:length]
    if not text:
        raise SeedError(f"the corpus {path} has no text there; give another with --corpus")
    if len(text) == length and " " in text:
        text = text[: text.rindex(" ") + 1]
    return text
