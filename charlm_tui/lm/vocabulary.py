"""The characters that a model knows, and how typed text is fitted to them.

Owns the two directions between text and ids, and the fitting of arbitrary Unicode text. Knows
nothing of models or screens, and imports no numpy: a front end fits text before its first paint.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Case = Literal["lower", "preserve"]

MOST_NAMED = 12  # characters that a notice names
MAX_SYMBOLS = 65_536  # ids are kept as uint16 on the tape
BYTE_ORDER_MARK = "\ufeff"

# Plain forms that NFKC does not give: typographic quotes, dashes and line breaks.
_PLAIN = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4\u2039\u203a", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"),
    **dict.fromkeys("\u2014\u2015", "--"),
    **dict.fromkeys("\x0b\x0c\x85\u2028\u2029", "\n"),
    "\t": " ",
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text as a model can read it, and what had to be left out of it."""

    text: str
    dropped: tuple[tuple[str, int], ...]
    """(character, how often), in the order of first appearance."""
    rewritten: tuple[tuple[str, str], ...] = ()
    """(character, what stands in its place), each once, in the order of first appearance."""

    def but(self, told: Container[tuple[str, str]]) -> "Fitted":
        """Return the same without what a person was told already."""
        return replace(self, rewritten=tuple(pair for pair in self.rewritten if pair not in told))

    @property
    def notice(self) -> str:
        """What was rewritten and what was left out, in a sentence; empty if nothing was."""
        told = []
        if self.rewritten:
            pairs = (f"{describe_text(a)} → {describe_text(b)}" for a, b in self.rewritten)
            told.append(f"as the model knows it: {_listed(pairs)}")
        if self.dropped:
            names = describe_dropped(self.dropped)
            told.append(f"left out, as this model does not know it: {names}")
        return "; ".join(told)


class Piece(NamedTuple):
    """A character of a text with the marks that follow it, and what a model reads there."""

    cluster: str
    form: str
    """In the characters that the model knows; empty if it knows none of them."""
    lost: str
    """What has no form."""


class Vocabulary:
    """An ordered set of single characters; a character's id is its place.

    Args:
        symbols: the characters in id order, each once; at most 65,536.
        case: "lower" if the model has only read lower-cased text.
    """

    def __init__(self, symbols: Sequence[str], case: Case = "preserve") -> None:
        assert 0 < len(symbols) <= MAX_SYMBOLS
        assert all(len(symbol) == 1 for symbol in symbols)
        self.symbols = tuple(symbols)
        self.case: Case = case
        self._ids = {symbol: index for index, symbol in enumerate(self.symbols)}
        assert len(self._ids) == len(self.symbols)
        self.in_words = tuple(symbol.isalnum() for symbol in self.symbols)
        """By id: whether a character is a letter or a digit."""

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: str) -> bool:
        return symbol in self._ids

    @property
    def start_symbol(self) -> int:
        """The id that a model is fed before the first character: newline, else the first id."""
        return self._ids.get("\n", 0)

    def encode(self, text: str) -> list[int]:
        """Return the id of each character; a `KeyError` for one that has none (see `fit`)."""
        return [self._ids[char] for char in text]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of `ids`."""
        symbols = self.symbols
        return "".join([symbols[index] for index in ids])

    def fit(self, text: str) -> Fitted:
        """Bring any text to the characters that the model knows, each by itself.

        A character with an id is kept as it is. Of any other, in this order: line ends to
        newlines, Unicode NFC with the marks that follow it, case as the model wants it, plain
        quotes and dashes, the compatibility form (NFKC), its parts (NFD), the letter without its
        marks. What still has no id is left out and counted, but for a byte order mark at the
        beginning, which is no character of the text.
        """
        text = self.without_mark(text)
        if self._ids.keys() >= set(text):
            return Fitted(text, ())
        if "\r" not in self._ids:
            text = newlines(text)
        kept: list[str] = []
        dropped: Counter[str] = Counter()
        rewritten: dict[tuple[str, str], None] = {}
        for cluster, form, lost in self.pieces(text):
            kept.append(form)
            dropped.update(lost)
            if form and form != cluster:
                rewritten[unicodedata.normalize("NFC", cluster), form] = None
        return Fitted("".join(kept), tuple(dropped.items()), tuple(rewritten))

    def pieces(self, text: str) -> Iterator[Piece]:
        """Yield a text that is without the mark a character at a time, with the marks behind it.

        The pieces of two vocabularies stand beside each other: each has the same characters.
        """
        if self.case == "lower" and "Σ" in text and "Σ" not in self._ids:
            text = _lower_sigmas(text)
        known: dict[str, Piece] = {}
        for cluster in _clusters(text):
            piece = known.get(cluster)
            if piece is None:
                known[cluster] = piece = self._piece(cluster)
            yield piece

    def _piece(self, cluster: str) -> Piece:
        if all(char in self._ids for char in cluster):
            return Piece(cluster, cluster, "")
        forms, lost = "", ""
        for char in self._composed(cluster):
            form = char if char in self._ids else self._plain_form(char)
            if form is None:
                lost += char
            else:
                forms += form
        return Piece(cluster, forms, lost)

    def without_mark(self, text: str) -> str:
        """Return a text without the byte order mark that a file may begin with.

        It stays where the model has read one: training drops it, unless its characters have it.
        """
        return text if BYTE_ORDER_MARK in self._ids else text.removeprefix(BYTE_ORDER_MARK)

    def _composed(self, cluster: str) -> str:
        """Return a character and its marks in NFC, lower-cased where that has no id otherwise."""
        composed = unicodedata.normalize("NFC", cluster)
        if self.case != "lower":
            return composed
        return "".join(char if char in self._ids else char.lower() for char in composed)

    def _plain_form(self, char: str) -> str | None:
        """The nearest text with ids for one character, or None."""
        compatible = unicodedata.normalize("NFKC", char)
        if self.case == "lower":
            compatible = compatible.lower()
        parts = unicodedata.normalize("NFD", compatible)
        bare = "".join(c for c in parts if not unicodedata.combining(c))
        for form in (char, _PLAIN.get(char, ""), compatible, parts, bare):
            if form and all(c in self._ids for c in form):
                return form
        return None


def newlines(text: str) -> str:
    """Return a text with newlines in place of every carriage return."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _listed(names: Iterable[str]) -> str:
    """Return some names with commas between them, and how many more there are."""
    every = list(names)
    shown = every[:MOST_NAMED]
    if len(every) > len(shown):
        shown.append(f"and {len(every) - len(shown)} more kinds")
    return ", ".join(shown)


def _clusters(text: str) -> Iterable[str]:
    """Return a text cut before each character that no mark is: mostly its characters."""
    joining = {char for char in set(text) if unicodedata.combining(char) or _is_jamo(char)}
    if not joining:
        return text
    marks = f"[{re.escape(''.join(joining))}]"
    return re.findall(f"(?:(?!{marks}).)?{marks}*", text, re.DOTALL)


def _is_jamo(char: str) -> bool:
    """Return whether a character joins the Korean letter before it to a syllable."""
    return "\u1160" <= char <= "\u11ff"


def _lower_sigmas(text: str) -> str:
    """Lower-case capital sigmas, which are another letter at the end of a word."""
    lowered, place, chars = text.lower(), 0, []
    for char in text:
        size = len(char.lower())
        chars.append(lowered[place : place + size] if char == "Σ" else char)
        place += size
    return "".join(chars)


def describe_dropped(dropped: Iterable[tuple[str, int]]) -> str:
    """Name characters that were left out, with how often each was; not too many of them."""
    return _listed(
        describe_symbol(char) + (f" ×{count}" if count > 1 else "") for char, count in dropped
    )


_NAMES = {"\n": "newline", " ": "space", "\t": "tab", "\u00a0": "no-break space"}


def describe_symbol(char: str) -> str:
    """A name for one character that is visible in any terminal: `‘x’`, `space`, `U+0007`."""
    if char in _NAMES:
        return _NAMES[char]
    if char.isprintable() and not unicodedata.combining(char):
        return f"‘{char}’"
    return f"U+{ord(char):04X}"


def describe_text(text: str) -> str:
    """A name for one character or a few, visible in any terminal: `‘--’`."""
    if len(text) != 1 and text.isprintable():
        return f"‘{text}’"
    return " ".join(map(describe_symbol, text))
