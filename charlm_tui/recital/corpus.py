"""Which corpus is at hand, whether it is the one that the model was trained on, and its text.

Owns the order in which places are looked at. Does not know what the text is for.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlm_tui.errors import CharlmError
from charlm_tui.files import CORPUS_VARIABLE, FileReadError, read_file
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.game import Source, source_of_corpus
from charlm_tui.session.seeds import keras_corpus
from charlm_tui.text import conversion

MOST_CORPUS_BYTES = 20_000_000  # of a corpus: sorting takes some 50 times as much memory


class RecitalError(CharlmError):
    """A reply cannot be held against a corpus."""


@dataclass(frozen=True, slots=True)
class CorpusAtHand:
    """A corpus file, and whether it is the model's."""

    path: Path
    matches: bool | None
    """Whether its sha256 is the card's; None if the card has none."""
    notice: str = ""
    """One sentence if it does not match; empty otherwise."""


def corpus_for(
    card: Mapping[str, Any], given: Path | None, environ: Mapping[str, str]
) -> CorpusAtHand | None:
    """Find a corpus: the one given, else `CHARLM_CORPUS`, else what Keras has downloaded.

    One that is not the model's own is told, not refused.

    Args:
        card: of the model; `card["corpus"]["sha256"]` is looked at, whatever else it is.
        given: by a person; None if none was.
        environ: the environment's variables. (Keras' folder is that of `seeds.keras_corpus`.)

    Returns:
        None if there is none.

    Raises:
        RecitalError: the one that is named is no file, cannot be read, or is too large.
    """
    named = environ.get(CORPUS_VARIABLE)
    if given is not None:
        path, setting = given, "with --corpus"
    elif named:
        path, setting = Path(named), f"with {CORPUS_VARIABLE}, or unset it"
    else:
        found = keras_corpus()
        if found is None:
            return None
        path, setting = found, "with --corpus"
    sha256 = hashlib.sha256(read_corpus_bytes(path, setting)).hexdigest()
    corpus = card.get("corpus")
    trained = corpus.get("sha256") if isinstance(corpus, Mapping) else None
    if not isinstance(trained, str) or not trained:
        return CorpusAtHand(path, None)
    if sha256 == trained.lower():
        return CorpusAtHand(path, True)
    return CorpusAtHand(
        path,
        False,
        f"{path} is not the text that this model was trained on (sha256 {sha256[:12]}…, the "
        f"model's card has {trained[:12]}…), so what it recites may go unseen; give the other "
        "with --corpus",
    )


def read_corpus_bytes(path: Path, setting: str = "with --corpus") -> bytes:
    """Return a corpus file's bytes.

    Args:
        path: of the corpus.
        setting: how another one is given, for the sentence of an error.

    Raises:
        RecitalError: it is no file, cannot be read, or is too large.
    """
    if not os.path.isfile(path):  # a pipe could be read once, and a corpus is read for every model
        raise RecitalError(f"the corpus {path} is no file; give another {setting}")
    try:
        return read_file(path, MOST_CORPUS_BYTES, f"give another {setting}")
    except FileReadError as error:
        raise RecitalError(f"the corpus {error}") from None


def source(
    card: Mapping[str, Any],
    vocabulary: Vocabulary,
    given: Path | None,
    environ: Mapping[str, str],
) -> Source:
    """Return the corpus that is at hand as a text that passages of a game are drawn from.

    Args:
        card: of the model.
        vocabulary: of the model.
        given: by a person; None if none was.
        environ: as for `corpus_for`.

    Raises:
        RecitalError: there is none, or it cannot be read.
    """
    found = corpus_for(card, given, environ)
    if found is None:
        raise RecitalError(
            "there is no corpus to play with; give one with --corpus or CHARLM_CORPUS, or a text "
            "with --file"
        )
    text = fit_corpus(read_corpus_bytes(found.path), found.path, vocabulary)
    return source_of_corpus(text, found.path.name, card, found.matches)


def fit_corpus(content: bytes, path: Path, vocabulary: Vocabulary) -> str:
    """Return a corpus file's text as the model knows it.

    Raises:
        RecitalError: it is no UTF-8, or has no character that the model knows.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise RecitalError(
            f"the corpus {path} is not UTF-8; {conversion(content)}, "
            "or give another one with --corpus"
        ) from None
    text = vocabulary.fit(text).text
    if not text:
        raise RecitalError(
            f"the corpus {path} has no text that this model knows; give another with --corpus"
        )
    return text
