"""The kinds of value that can be set: each reads TOML's and the environment's form of it.

A kind does not know which entry it belongs to: where a value is not of the kind it raises
`UnfitError`, and the entry makes the sentence.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

CARRIED = "carried"
"""As a depth: the state is carried on without bound, in place of a window."""
BEYOND = 10**9
"""A count from here on is without bound, as it is where a knob is turned."""

_LARGEST = 2**64  # what is above is the number of nothing here, and may not even print
_SHOWN = 40  # characters of a wrong value that a sentence shows
_LISTED = 4  # texts of a list that it shows


class UnfitError(ValueError):
    """A value is not of the kind that is expected."""


class Kind(Protocol):
    """Reads one kind of value, and writes it."""

    def of_toml(self, value: object) -> Any:
        """Give the value that TOML's stands for.

        Raises:
            UnfitError: it is not of this kind.
            SettingsError: it is, and is outside its range.
        """

    def of_text(self, text: str) -> Any:
        """Give the value that an environment variable's text stands for; raises the same."""

    def to_toml(self, value: Any) -> str:
        """Give the value as TOML that `of_toml` reads back."""


class Number(NamedTuple):
    """A number, or a word that stands for one.

    Attributes:
        put: gives the value of a number; raises SettingsError outside its range.
        words: what can be written in place of a number.
        whole: whether it has no fraction.
    """

    put: Callable[[Any], Any]
    words: Mapping[str, Any] = MappingProxyType({})
    whole: bool = False

    def of_toml(self, value: object) -> Any:
        if isinstance(value, str):
            return _word(value, self.words)
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            raise UnfitError
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise UnfitError
        return self.put(value if self.whole else float(value))

    def of_text(self, text: str) -> Any:
        if text.strip().lower() in self.words:
            return _word(text, self.words)
        try:
            return self.of_toml(int(text) if self.whole else float(text))
        except ValueError:  # UnfitError among them
            raise UnfitError from None

    def to_toml(self, value: Any) -> str:
        for word, meant in self.words.items():
            if value == meant:
                return toml_string(word)
        return str(value).removesuffix(".0")


class Choice(NamedTuple):
    """One of a few words."""

    words: Sequence[str]

    def of_toml(self, value: object) -> str:
        chosen: str = _word(value, {word: word for word in self.words})
        return chosen

    def of_text(self, text: str) -> str:
        return self.of_toml(text)

    def to_toml(self, value: Any) -> str:
        return toml_string(value)


class Selection(NamedTuple):
    """Several of a few words, in an order that means something."""

    words: Sequence[str]

    def of_toml(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise UnfitError
        known = {word: word for word in self.words}
        return tuple(dict.fromkeys(_word(each, known) for each in value))

    def of_text(self, text: str) -> tuple[str, ...]:
        """Read words with commas between them, or `none`."""
        return self.of_toml([] if text.strip().lower() == "none" else text.split(","))

    def to_toml(self, value: Any) -> str:
        return "[" + ", ".join(toml_string(word) for word in value) + "]"


class Switch(NamedTuple):
    """Yes or no."""

    def of_toml(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise UnfitError
        return value

    def of_text(self, text: str) -> bool:
        yes = dict.fromkeys(("1", "on", "true", "yes"), True)
        chosen: bool = _word(text, {**yes, **dict.fromkeys(("0", "off", "false", "no"), False)})
        return chosen

    def to_toml(self, value: Any) -> str:
        return str(value).lower()


class Text(NamedTuple):
    """A text that is not empty."""

    def of_toml(self, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise UnfitError
        return value.strip()

    def of_text(self, text: str) -> str:
        return self.of_toml(text)

    def to_toml(self, value: Any) -> str:
        return toml_string(value)


class Place(NamedTuple):
    """A path; it is anchored by whoever reads, who knows where it stood.

    Attributes:
        may_be_off: whether `false` is a value too.
    """

    may_be_off: bool = False

    def of_toml(self, value: object) -> Path | bool:
        off = value is False or (isinstance(value, str) and value.strip().lower() in _OFF)
        if self.may_be_off and off:
            return False
        if not isinstance(value, str) or not value.strip() or "\0" in value:
            raise UnfitError
        return Path(value)

    def of_text(self, text: str) -> Path | bool:
        return self.of_toml(text)

    def to_toml(self, value: Any) -> str:
        """Give a path that means the same wherever it stands."""
        return "false" if value is False else toml_string(str(value.absolute()))


_OFF = ("off", "false", "none")  # in the environment everything is a text


def _word(value: object, words: Mapping[str, Any]) -> Any:
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in words:
        raise UnfitError
    return words[word]


def found(value: object) -> str:
    """Give a value of TOML as a sentence can show it: short, and on one line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            shown = toml_string(value)
            return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…"'
        case list() if all(isinstance(each, str) for each in value) and len(value) <= _LISTED:
            return "[" + ", ".join(found(each) for each in value) + "]"
        case int() if abs(value) > _LARGEST:
            return "a number that is too large"
        case list():
            return "a list"
        case dict():
            return "a table"
    return str(value)


def toml_string(text: str) -> str:
    """Give a text as a TOML string in quotes, on one line, with nothing that moves a cursor.

    A byte of a path that is no UTF-8 cannot stand in TOML; it becomes a question mark.
    """
    sound = text.encode("utf-8", "replace").decode()
    quoted = json.dumps(sound, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in quoted)
