"""What a row of the parameter table is: its kind of value, and what the row says of controls.

A kind reads TOML's and the environment's form of a value, and does not know which row it belongs
to: where a value is not of the kind it raises `UnfitError`, and the row makes the sentence.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from charlm_tui.controls.controls import OF_SETTINGS, Controls
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.model_file import is_name
from charlm_tui.text import visible

_LARGEST = 2**64  # what is above is the number of nothing here, and may not even print
_SHOWN = 40  # characters of a wrong value that a sentence shows
_LISTED = 4  # texts of a list that it shows
BETWEEN_TEXTS = " | "


class UnfitError(ValueError):
    """A value is not of the kind that is expected."""


class ValueKind(Protocol):
    """Reads one kind of value, and writes it."""

    def of_toml(self, value: object) -> Any:
        """Return the value that TOML's stands for.

        Raises:
            UnfitError: it is not of this kind.
            SettingsError: it is, and is outside its range.
        """

    def of_text(self, text: str) -> Any:
        """Return the value that an environment variable's text stands for; raises the same."""

    def to_toml(self, value: Any) -> str:
        """Return the value as TOML that `of_toml` reads back."""


class Number(NamedTuple):
    """A number, or a word that stands for one; the first word of a value is the one shown.

    Attributes:
        checked: returns the value of a number; raises SettingsError outside its range.
        words: what can be written in place of a number.
        whole: whether it has no fraction.
    """

    checked: Callable[[Any], Any]
    words: Mapping[str, Any] = MappingProxyType({})
    whole: bool = False

    def of_toml(self, value: object) -> Any:
        if isinstance(value, str):
            return _word(value, self.words)
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            raise UnfitError
        if isinstance(value, int) and abs(value) > _LARGEST:
            raise UnfitError
        return self.checked(value if self.whole else float(value))

    def of_text(self, text: str) -> Any:
        if text.strip().lower() in self.words:
            return _word(text, self.words)
        try:
            return self.of_toml(int(text) if self.whole else float(text))
        except ValueError:  # UnfitError among them
            raise UnfitError from None

    def to_toml(self, value: Any) -> str:
        word = _word_for(value, self)
        return toml_string(word) if word else str(value).removesuffix(".0")


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


class Several(NamedTuple):
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


class Written(NamedTuple):
    """What has a written form of its own, or `none`.

    Attributes:
        read: returns the value of that form; raises SettingsError where it is none.
        write: returns the form of a value.
        empty: the value that `none` stands for.
        metavar: what stands for it where options are listed.
    """

    read: Callable[[str], Any]
    write: Callable[[Any], str]
    empty: Any
    metavar: str
    words: Mapping[str, Any] = MappingProxyType({"none": None})

    def of_toml(self, value: object) -> Any:
        if not isinstance(value, str) or not value:
            raise UnfitError
        return self.empty if value.strip().lower() in self.words else self.read(value)

    def of_text(self, text: str) -> Any:
        return self.of_toml(text)

    def written(self, value: Any) -> str:
        """Return what can be typed for a value."""
        return self.write(value) or "none"

    def to_toml(self, value: Any) -> str:
        return toml_string(self.written(value))


class Texts(NamedTuple):
    """Texts, each with a written form, in no order; or `none`.

    Attributes:
        read: returns a text of its form; raises SettingsError where it is none.
        write: returns the form of a text.
        checked: returns texts as a setting has them; raises SettingsError where they are none.
    """

    read: Callable[[str], str]
    write: Callable[[str], str]
    checked: Callable[[tuple[str, ...]], tuple[str, ...]]
    metavar: str = "TEXT"
    words: Mapping[str, Any] = MappingProxyType({"none": ()})

    def of_toml(self, value: object) -> tuple[str, ...]:
        if isinstance(value, str) and value:
            return () if value.strip().lower() in self.words else self.of_toml([value])
        if not isinstance(value, list) or not all(isinstance(it, str) and it for it in value):
            raise UnfitError
        return self.checked(tuple(map(self.read, value)))

    def of_text(self, text: str) -> tuple[str, ...]:
        """Read texts with `|` between them and a space at each side of it."""
        if text.strip().lower() in self.words:
            return ()
        return self.of_toml(text.split(BETWEEN_TEXTS))

    def written(self, value: Any) -> str:
        """Return what can be typed for texts."""
        return BETWEEN_TEXTS.join(map(self.write, value)) or "none"

    def to_toml(self, value: Any) -> str:
        if not value:
            return toml_string("none")
        return "[" + ", ".join(toml_string(self.write(text)) for text in value) + "]"


class Place(NamedTuple):
    """A path; it is anchored by whoever reads, who knows where it stood.

    Attributes:
        may_be_off: whether `false` is a value too.
        may_be_name: whether one word without an ending is a name, and is not anchored.
    """

    may_be_off: bool = False
    may_be_name: bool = False

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
        """Return a path that means the same wherever it stands; a name stays one."""
        if value is False:
            return "false"
        return toml_string(str(value if self.is_name(value) else value.absolute()))

    def is_name(self, value: Any) -> bool:
        """Return whether a value is a name: no file of this folder, and no path."""
        return self.may_be_name and is_name(value) and not value.exists()


_OFF = ("off", "false", "none")  # in the environment everything is a text


def _word(value: object, words: Mapping[str, Any]) -> Any:
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in words:
        raise UnfitError
    return words[word]


def _word_for(value: Any, kind: "ValueKind") -> str:
    """Return the word that stands for a value, if one does."""
    words = kind.words.items() if isinstance(kind, Number) else ()
    return next((word for word, meant in words if value == meant), "")


def found(value: object) -> str:
    """Return a value of TOML as a sentence can show it: short, and on one line."""
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
    """Return a text as a TOML string in quotes, on one line, with nothing that moves a cursor.

    A byte of a path that is no UTF-8 cannot stand in TOML; it becomes a question mark.
    """
    sound = text.encode("utf-8", "replace").decode()
    quoted = json.dumps(sound, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in quoted)


class Limits(NamedTuple):
    """What is known of the model that bears on the settings."""

    symbols: int = 0
    """In its vocabulary; 0 is not known yet."""
    window: int = 60
    """Characters that it was trained with."""


def _no_reason(_: Controls, __: Limits) -> str:
    return ""


def _itself(value: Any, _: Limits) -> Any:
    return value


class Parameter(NamedTuple):
    """One thing that a person can set: a row of the table.

    Attributes:
        name: in the settings file, on the command line and in commands; no two rows share one.
        kind: reads and writes its values.
        allowed: what is expected, as a sentence says it.
        help: one sentence.
        table: of the settings file, where it stands; empty is the top.
        default: built in; None is for the program to decide.
        sample: TOML that is shown where there is no default.
        field: of `Settings` or `Controls`; empty for what is neither.
        to_fields: turns its value into fields, where that is more than the one field.
        of_fields: reads its value from the fields, where that is more than the one field.
        title: as a knob shows it; empty for what is no knob.
        short: the title where there are few cells for it; empty is the title itself.
        order: returns the values along which a knob turns, from little to much, at a value.
        rank: returns the place of a value in that order, as a number.
        unit: behind the value that is shown.
        tell: returns the value as a knob shows it, where word and unit do not do.
        typed: checks a number that was typed for a knob, and returns the value that it means.
        idle: returns why it has no effect at present, or nothing.
        alone: value of the command-line option when it is given without one, if that is possible.
    """

    name: str
    kind: ValueKind
    allowed: str
    help: str
    table: str = "controls"
    default: Any = None
    sample: str = ""
    field: str = ""
    to_fields: Callable[[Any], dict[str, Any]] | None = None
    of_fields: Callable[[Controls], Any] | None = None
    title: str = ""
    short: str = ""
    order: Callable[[Any, Limits], Sequence[Any]] | None = None
    rank: Callable[[Any, Limits], float] = _itself
    unit: str = ""
    tell: Callable[[Controls, Limits], str] | None = None
    typed: Callable[[Any, Limits], Any] = _itself
    idle: Callable[[Controls, Limits], str] = _no_reason
    alone: Any = None

    @property
    def key(self) -> str:
        """Where it stands in the file: `controls.top-k`."""
        return f"{self.table}.{self.name}" if self.table else self.name

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CHARLM_" + self.parameter.upper()

    @property
    def parameter(self) -> str:
        """Its name as a parameter of a command."""
        return self.name.replace("-", "_")

    @property
    def option(self) -> str:
        """Its option on a command line."""
        return "--" + self.name

    @property
    def words(self) -> tuple[str, ...]:
        """The words that can be typed for a value."""
        return tuple(getattr(self.kind, "words", ()))

    @property
    def metavar(self) -> str:
        """What stands for its value where options are listed: `N|all`."""
        if isinstance(self.kind, Written | Texts):
            return self.kind.metavar
        first = ("N" if self.kind.whole else "NUMBER",) if isinstance(self.kind, Number) else ()
        listed = "|".join((*first, *self.words))
        return f"[{listed}]" if self.alone is not None or not first else listed

    @property
    def samples(self) -> bool:
        """Whether it is one of the sampling settings."""
        return self.field in OF_SETTINGS

    def word_for(self, value: Any) -> str:
        """Return the word that stands for a value, if one does."""
        return _word_for(value, self.kind)

    # Reading and writing a value.

    def of_toml(self, value: object) -> Any:
        """Return the value that TOML's stands for.

        Raises:
            SettingsError: it is none of this parameter's.
        """
        try:
            return self.kind.of_toml(value)
        except UnfitError:
            raise self._unfit(value) from None

    def of_text(self, text: str) -> Any:
        """Return the value that a variable's or an option's text stands for; raises the same."""
        try:
            return self.kind.of_text(text)
        except UnfitError:
            raise self._unfit(text) from None

    def of_typed(self, text: str, limits: Limits) -> Any:
        """Return the value that was typed for the knob; raises the same."""
        value = self.of_text(text)
        return value if text.strip().lower() in self.words else self.typed(value, limits)

    def to_toml(self, value: Any) -> str:
        """Return a value as TOML; where there is none, a sample."""
        return self.sample if value is None and self.sample else self.kind.to_toml(value)

    def _unfit(self, value: object) -> SettingsError:
        return SettingsError(f"{self.name} must be {self.allowed}, not {found(value)}")

    # Of the controls.

    def of(self, controls: Controls) -> Any:
        """Return its value in the controls."""
        if self.of_fields is not None:
            return self.of_fields(controls)
        return getattr(controls.settings if self.samples else controls, self.field)

    def changes(self, value: Any) -> dict[str, Any]:
        """Return the fields that a value stands for."""
        return {self.field: value} if self.to_fields is None else self.to_fields(value)

    @property
    def title_inside(self) -> str:
        """Its title in the middle of a sentence; an abbreviation keeps its capitals."""
        return self.title if self.title[:2].isupper() else self.title.lower()

    def shown(self, controls: Controls, limits: Limits) -> str:
        """Return its value in the controls as it is shown."""
        if self.tell is not None:
            return self.tell(controls, limits)
        value = self.of(controls)
        if isinstance(self.kind, Written | Texts):
            return visible(self.kind.written(value), "")
        if isinstance(value, bool):
            return "on" if value else "off"
        text = f"{value:g}" if isinstance(value, float) else str(value)
        return self.word_for(value) or text + self.unit

    def offered(self, controls: Controls) -> str:
        """Return its value in the controls as it can be typed again."""
        if self.name == "moving":
            settings = controls.settings
            numbers = f" {settings.moving_to:g} {settings.moving_over}" if settings.moving else ""
            return f"{self.of(controls)}{numbers}"
        value = self.of(controls)
        if isinstance(self.kind, Written | Texts):
            return self.kind.written(value)
        if isinstance(value, bool):
            return "on" if value else "off"
        return self.word_for(value) or str(value).removesuffix(".0")

    @property
    def turns(self) -> bool:
        """Whether its knob turns: else its value is typed."""
        return self.order is not None or isinstance(self.kind, Switch)

    def turned(self, value: Any, steps: int, limits: Limits) -> Any:
        """Return the value some steps along the order, up to its end; negative is down."""
        if isinstance(value, bool):
            return steps > 0
        if self.order is None:  # it is typed
            return value
        for _ in range(abs(steps)):
            order, place = self.order(value, limits), self.rank(value, limits)
            ranks = [self.rank(each, limits) for each in order]
            at = bisect_right(ranks, place) if steps > 0 else bisect_left(ranks, place) - 1
            value = order[at] if 0 <= at < len(order) else value
        return value
