"""What characters of a text have or have not: the features that units of a model are compared with.

Free of numpy and of models, so that a front end can count them.
"""

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

QUOTES = '"“”„«»'

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # an apostrophe within a word is part of it
_QUOTE_OR_PARAGRAPH = re.compile(rf"[{QUOTES}]|\n\s*\n")


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a character of a text has or has not, or has a number of."""

    id: str
    title: str
    of: Callable[[str], "array[float]"]
    """From a text to float32 [characters]: 0 and 1, or a count. The text is all that is known: it
    is taken to begin with a line, outside of words and quotes."""


def _each(tells: Callable[[str], bool]) -> Callable[[str], "array[float]"]:
    """Make a feature's function of what tells it of a single character."""

    def of(text: str) -> "array[float]":
        known = {char: float(tells(char)) for char in set(text)}
        return array("f", map(known.__getitem__, text))

    return of


def _zeros(text: str) -> "array[float]":
    return array("f", bytes(4 * len(text)))


def _put(values: "array[float]", start: int, numbers: Iterable[float]) -> None:
    """Put numbers in place of values, from `start` on."""
    new = array("f", numbers)
    values[start : start + len(new)] = new


def _is_vowel(char: str) -> bool:
    return unicodedata.normalize("NFD", char)[0] in "aeiouAEIOU"


def _word_starts(text: str) -> "array[float]":
    starts = _zeros(text)
    for word in _WORD.finditer(text):
        starts[word.start()] = 1
    return starts


def _word_lengths(text: str) -> "array[float]":
    """Characters of the word so far, this one included; 0 between words."""
    lengths = _zeros(text)
    for word in _WORD.finditer(text):
        _put(lengths, word.start(), range(1, word.end() - word.start() + 1))
    return lengths


def _quoted(text: str) -> "array[float]":
    """1 from an opening quote up to the closing one or, if it was forgotten, a blank line."""
    quoted, opened = _zeros(text), -1
    for mark in _QUOTE_OR_PARAGRAPH.finditer(text):
        if opened >= 0:
            _put(quoted, opened, [1] * (mark.start() - opened))
        opened = mark.start() if opened < 0 and mark.group() in QUOTES else -1
    if opened >= 0:
        _put(quoted, opened, [1] * (len(text) - opened))
    return quoted


def _line_places(text: str) -> "array[float]":
    """Characters of the line so far, this one included; 0 at the newline that ends it."""
    places = array("f")
    for line in text.split("\n"):
        places.extend(range(1, len(line) + 1))
        places.append(0)
    return places[:-1]  # what follows the last line is no newline


FEATURES: tuple[Feature, ...] = (
    Feature("newline", "newline", _each("\n".__eq__)),
    Feature("space", "space", _each(" ".__eq__)),
    Feature("quote", "quotation mark", _each(QUOTES.__contains__)),
    Feature("vowel", "vowel", _each(_is_vowel)),
    Feature("word-start", "word start", _word_starts),
    Feature("upper", "capital letter", _each(str.isupper)),
    Feature("digit", "digit", _each(str.isdigit)),
    Feature("punctuation", "punctuation", _each(lambda c: unicodedata.category(c)[0] == "P")),
    Feature("quoted", "inside quotes", _quoted),
    Feature("line-place", "place in the line", _line_places),
    Feature("word-length", "length of the word so far", _word_lengths),
)
BY_ID = {feature.id: feature for feature in FEATURES}


@dataclass(slots=True)
class Counts:
    """How often features occur in a text that grows; of what was counted, nothing is kept.

    A word counts once what follows it is there: a piece may end within one.
    """

    newlines: int = 0
    quotes: int = 0
    words: int = 0
    letters: int = 0
    """Characters of those words."""
    _rest: list[str] = field(default_factory=list)
    """Pieces of the word that has not ended."""

    def add(self, text: str) -> None:
        """Count more of the text."""
        end = 1 + max(text.rfind(" "), text.rfind("\n"))
        if not end:
            self._rest.append(text)
            return
        whole = "".join([*self._rest, text[:end]])
        self._rest = [text[end:]]
        self.newlines += _sum("newline", whole)
        self.quotes += _sum("quote", whole)
        self.words += _sum("word-start", whole)
        self.letters += sum(1 for each in BY_ID["word-length"].of(whole) if each)

    @property
    def word_length(self) -> float:
        """The mean length of the words; 0 if there is none."""
        return self.letters / self.words if self.words else 0.0


def _sum(feature: str, text: str) -> int:
    return round(sum(BY_ID[feature].of(text)))
