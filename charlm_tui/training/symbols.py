"""The symbols of a model that someone else has trained: from a file of them, or from its text.

Owns the forms in which people keep them, and the ways in which they read texts; knows no network.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from charlm_tui.files import FileReadError, read_file
from charlm_tui.lm.vocabulary import MAX_SYMBOLS, Case, Vocabulary
from charlm_tui.training.corpus import Corpus, read_corpus
from charlm_tui.training.errors import CorpusError

MOST_VOCABULARY_BYTES = 10_000_000  # of a JSON file: more is a mistake
MARK, RETURN = "\ufeff", "\r"
_PADDING = re.compile(r"|<[^<>]{1,30}>|\[[^\[\]]{1,30}\]|PAD|UNK|pad|unk", re.DOTALL)
"""Symbols that stand for no character: empty, `<pad>`, `[UNK]`, …"""
_HOLDS_TEXT = re.compile("char|vocab|symbol|alphabet", re.IGNORECASE)
"""Keys of an object whose text is one of symbols, not a name of something."""


@dataclass(frozen=True, slots=True)
class Symbols:
    """What each id stands for.

    Attributes:
        all: a character for each id; None for a symbol that stands for none and is never drawn.
    """

    all: tuple[str | None, ...]

    @property
    def characters(self) -> list[str]:
        return [symbol for symbol in self.all if symbol is not None]

    @property
    def dropped(self) -> list[int]:
        """The ids of the symbols that stand for no character."""
        return [index for index, symbol in enumerate(self.all) if symbol is None]

    def vocabulary(self) -> Vocabulary:
        """Return the characters as a vocabulary, whose case follows them.

        A model with any capital has read texts with their case, whatever else it has.
        """
        capitals = any(symbol.lower() != symbol for symbol in self.characters)
        return Vocabulary(self.characters, "preserve" if capitals else "lower")


def read_symbols(path: Path) -> Symbols:
    """Read the symbols of a model from a JSON file.

    It has a list of characters in the order of their ids, a text of them, an object of ids by
    character or of characters by id, or one that holds such an object, as `char_to_idx` or the
    `word_index` of Keras' Tokenizer. Ids from 1 leave 0 to a padding.

    Raises:
        CorpusError: it has none of these.
    """
    try:
        content = read_file(path, MOST_VOCABULARY_BYTES, "give a list of characters")
        given = json.loads(content)
    except FileReadError as error:
        raise CorpusError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path} is not JSON; give a list of characters") from error
    readings = {_checked(it) for it in _readings(given, 4)} - {None}
    if len(readings) != 1:
        found = f"{len(readings)} of them that differ" if readings else _described(given)
        raise CorpusError(
            f"{path} is not a list of 2 to {MAX_SYMBOLS:,} different characters: it has {found}; "
            "give them in the order of their ids"
        )
    [symbols] = readings
    assert symbols is not None
    return symbols


def _readings(given: Any, levels: int) -> Iterator[list[Any]]:
    """Yield each list of symbols that something read from JSON can mean."""
    if isinstance(given, str) and given[:1] == "{":
        try:  # Keras' Tokenizer keeps objects as texts
            given = json.loads(given)
        except (ValueError, RecursionError):
            pass
    if isinstance(given, (list, str)):
        yield list(given)
    elif isinstance(given, dict):
        for ids in (given, {str(symbol): index for index, symbol in given.items()}):
            if ordered := _ordered(ids):
                yield ordered
                return
        for key, part in given.items():
            named = isinstance(part, str) and _HOLDS_TEXT.search(key) is None
            if levels and (not named or part[:1] == "{"):
                yield from _readings(part, levels - 1)


def _ordered(ids: Mapping[str, Any]) -> list[Any] | None:
    """Return the keys of an object in the order of its values, which are ids from 0 or from 1."""
    if not all(re.fullmatch(r"\d{1,6}", str(value)) for value in ids.values()):
        return None
    numbered = sorted((int(value), symbol) for symbol, value in ids.items())
    first = numbered[0][0] if numbered else -1
    if first not in (0, 1) or [it for it, _ in numbered] != list(
        range(first, first + len(numbered))
    ):
        return None
    return [""] * first + [symbol for _, symbol in numbered]


def _checked(symbols: list[Any]) -> Symbols | None:
    """Return symbols if they are characters, all different, and paddings; else None."""
    if not 2 <= len(symbols) <= MAX_SYMBOLS:
        return None
    if not all(it is None or isinstance(it, str) for it in symbols):
        return None
    found = tuple(
        None if it is None or (len(it) != 1 and _PADDING.fullmatch(it)) else it for it in symbols
    )
    characters = [it for it in found if it is not None]
    if len(characters) < 2 or len(set(characters)) != len(characters):
        return None
    if not all(len(it) == 1 and not 0xD800 <= ord(it) <= 0xDFFF for it in characters):
        return None
    return Symbols(found)


def _described(given: Any) -> str:
    """Return what was found where symbols are expected."""
    if isinstance(given, dict):
        return f"an object of {len(given):,} entries, which are no ids from 0 or 1"
    if not isinstance(given, list):
        return f"{json.dumps(given, ensure_ascii=False)!r:.40}"
    for index, symbol in enumerate(given):
        if not isinstance(symbol, str) or len(symbol) != 1:
            return f"{symbol!r:.40} at the place {index}"
        if given.index(symbol) != index:
            return f"{symbol!r} twice"
    return f"{len(given):,} of them"


def read_text(paths: Sequence[Path], case: Case, window: int, size: int, padded: bool) -> Corpus:
    """Read the text that a model was trained on in the way that gives its number of symbols.

    Tried, if the plain way has another number: a byte order mark, carriage returns, or both as
    characters of the text; then, if no way has it, the plain one is returned.

    Args:
        paths: of the text.
        case: of its letters.
        window: of the model.
        size: symbols of the model.
        padded: the model has one more symbol, which is a padding.
    """
    ways = [(False, False), (False, True), (True, False), (True, True)]
    plain: Corpus | None = None
    for keep_mark, keep_returns in ways:
        text = read_corpus(
            paths, case, window, 1, 1, 0.0, keep_mark=keep_mark, keep_returns=keep_returns
        )
        plain = plain or text
        if len(text.vocabulary) == size - padded:
            return text
    assert plain is not None
    return plain


def with_vocabulary(text: Corpus, vocabulary: Vocabulary) -> Corpus | None:
    """Return a text with another vocabulary's ids; None where that lacks a character."""
    if not all(symbol in vocabulary for symbol in text.vocabulary.symbols):
        return None
    places = np.array(vocabulary.encode("".join(text.vocabulary.symbols)), np.int32)
    return replace(text, vocabulary=vocabulary, ids=places[text.ids])
