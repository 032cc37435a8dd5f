"""One text as several models can read it, character by character, so that all are asked the same.

Owns which places of a text all of them can read, and which symbols stand together there: where one
model keeps case and another does not, a letter is both of its forms. Knows nothing of what models
say, and imports no numpy: a front end aligns a text before it asks.
"""

import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from charlm_tui.lm.vocabulary import (
    BYTE_ORDER_MARK,
    Piece,
    Vocabulary,
    describe_dropped,
    newlines,
)

CAPITAL_SIGMA, SIGMAS = "Σ", ("σ", "ς")


@dataclass(frozen=True, slots=True)
class Aligned:
    """What all of some models can read of a text; each reads it as it knows it."""

    text: str
    """A character for each place, as the model reads it that keeps most of it."""
    ids: "tuple[array[int], ...]"
    """uint16 [places] for each model."""
    starts: "array[int]"
    """uint32 [places]: where the text that was given has what is read there."""
    dropped: tuple[tuple[str, int], ...]
    """(character, how often) of what is left out, in the order of first appearance."""

    @property
    def left_out(self) -> int:
        """How many characters are left out."""
        return sum(count for _, count in self.dropped)

    @property
    def notice(self) -> str:
        """What was left out, in a sentence; empty if nothing was."""
        if not self.dropped:
            return ""
        return f"left out, as not every model knows it: {describe_dropped(self.dropped)}"


class Alignment:
    """How the vocabularies of some models stand to each other.

    Symbols stand together in a group where a model reads one as the other: what the model that
    tells the fewest characters apart cannot tell apart, no other is asked to.

    Args:
        vocabularies: of the models, one at least.
    """

    def __init__(self, vocabularies: Sequence[Vocabulary]) -> None:
        assert vocabularies
        self._vocabularies = tuple(vocabularies)
        keeping = (it for it, each in enumerate(vocabularies) if each.case == "preserve")
        self._plainest = next(keeping, 0)  # whose form is shown where no model has the text's own
        self._roots: dict[str, str] = {}  # of each symbol another of its group, up to the first
        self._known: dict[tuple[str, ...], _Row] = {}
        symbols = dict.fromkeys(symbol for each in vocabularies for symbol in each.symbols)
        for vocabulary in vocabularies:
            for symbol in symbols.keys() - set(vocabulary.symbols):
                for form in _forms(vocabulary, symbol):
                    self._join(symbol, form)
        numbers: dict[str, int] = {}
        for symbol in symbols:
            numbers.setdefault(self._root(symbol), len(numbers))
        self.groups: tuple[array[int], ...] = tuple(
            array("I", [numbers[self._root(symbol)] for symbol in each.symbols])
            for each in vocabularies
        )
        """uint32 [vocabulary] for each model: the number of each symbol's group, one for all."""
        self._groups = {symbol: numbers[self._root(symbol)] for symbol in symbols}

    def align(self, text: str) -> Aligned:
        """Return the places of a text that every model can read."""
        text = self._begun(text)
        ids = tuple(array("H") for _ in self._vocabularies)
        shown: list[str] = []
        starts = array("I")
        dropped: Counter[str] = Counter()
        start = 0
        for pieces in zip(*(each.pieces(text) for each in self._vocabularies), strict=True):
            row = self._row(pieces, text[start : start + len(pieces[0].cluster)])
            shown.append(row.shown)
            starts.extend([start] * len(row.shown))
            for column, more in zip(ids, row.ids, strict=True):
                column.extend(more)
            if row.lost:
                dropped.update(row.lost)
            start += len(pieces[0].cluster)
        return Aligned("".join(shown), ids, starts, tuple(dropped.items()))

    def _begun(self, text: str) -> str:
        """Return a text without what is no character of it to one of the models."""
        if any(BYTE_ORDER_MARK not in each.symbols for each in self._vocabularies):
            text = text.removeprefix(BYTE_ORDER_MARK)
        if "\r" in text and any("\r" not in each.symbols for each in self._vocabularies):
            text = newlines(text)
        return text

    def _row(self, pieces: tuple[Piece, ...], own: str) -> "_Row":
        """Return what models read of a character with its marks; `own` is as the text has it."""
        key = (own, *(piece.cluster for piece in pieces))
        row = self._known.get(key)
        if row is None:
            self._known[key] = row = self._aligned(pieces, own)
        return row

    def _aligned(self, pieces: tuple[Piece, ...], own: str) -> "_Row":
        for forms, lost in self._ways(pieces):
            if self._agree(forms):
                ids = tuple(
                    tuple(each.encode(form))
                    for each, form in zip(self._vocabularies, forms, strict=True)
                )
                shown = own if own in forms else forms[self._plainest]
                return _Row(shown, ids, lost)
        return _Row("", tuple(() for _ in pieces), unicodedata.normalize("NFC", own))

    def _ways(self, pieces: tuple[Piece, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield what each model could read, and what is lost then.

        First what each would read by itself; then what one would read, as each reads that: a model
        that knows a dash reads two hyphens where another knows nothing else.
        """
        yield (
            tuple(piece.form for piece in pieces),
            "".join(dict.fromkeys("".join(piece.lost for piece in pieces))),
        )
        for piece in pieces:
            yield tuple(_read(each, piece.form) for each in self._vocabularies), piece.lost

    def _agree(self, forms: tuple[str, ...]) -> bool:
        """Return whether some forms are the same text, but for symbols that stand together."""
        length = len(forms[0])
        if not length or any(len(form) != length for form in forms):
            return False
        groups = self._groups
        return all(len({groups[form[place]] for form in forms}) == 1 for place in range(length))

    def _root(self, symbol: str) -> str:
        while (above := self._roots.get(symbol, symbol)) != symbol:
            symbol = above
        return symbol

    def _join(self, one: str, other: str) -> None:
        one, other = self._root(one), self._root(other)
        if one != other:
            self._roots[one] = other


class _Row(NamedTuple):
    """What models read of one character with its marks."""

    shown: str
    ids: tuple[tuple[int, ...], ...]
    lost: str


def _read(vocabulary: Vocabulary, text: str) -> str:
    return "".join(piece.form for piece in vocabulary.pieces(text))


def _forms(vocabulary: Vocabulary, symbol: str) -> Iterator[str]:
    """Yield the single symbols that a model reads in the place of one that it does not know."""
    form = _read(vocabulary, symbol)
    if len(form) == 1:
        yield form
        if symbol == CAPITAL_SIGMA and form in SIGMAS:  # which one depends on what follows
            yield from (each for each in SIGMAS if each in vocabulary.symbols)
