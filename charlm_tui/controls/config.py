"""What is in force, where each value comes from, and what was found to be wrong.

Layers lie on top of each other: command line, environment, file; beneath them is what is built
in. Frozen: what the command line gives, and what a front end cannot use, makes a new one. Told as a
settings file with a comment for each line, or as plain data.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from charlm_tui.controls.controls import Controls
from charlm_tui.controls.kinds import Parameter, found, toml_string
from charlm_tui.controls.parameters import BY_NAME, CARRIED, KEYMAP, PARAMETERS, controls_of
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.model_file import named

_SAMPLE = '"command.cooler" = "f2,f6"'
TWO_CONTEXTS = (
    "--carry and --depth exclude each other: a context is carried, or a window of N; give one of "
    "them"
)
NEAREST = 3  # ids that are named where one is unknown
MOST_ID = 80  # letters of an unknown id that are compared: an id can be a pasted page
_WIDEST = 44  # of a line whose comment stands in the column of the others'


class Source(Enum):
    """Who has set a value; a later one wins."""

    BUILT_IN = "built in"
    FILE = "file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"


class ValueOrigin(NamedTuple):
    """Where a value comes from."""

    source: Source
    path: Path | None = None
    """Of the file, if it is the file's."""
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"{self.path.name}:{self.line}" if self.line else self.path.name
        return self.variable or self.source.value


class Setting(NamedTuple):
    """A value and where it comes from."""

    value: Any
    origin: ValueOrigin


class Fault(NamedTuple):
    """Something wrong, in one sentence that does not say where."""

    sentence: str
    path: Path | None = None
    line: int | None = None
    variable: str | None = None

    def __str__(self) -> str:
        where = [str(part) for part in (self.path, self.line, self.variable) if part is not None]
        return f"{':'.join(where)}: {self.sentence}" if where else self.sentence


class Known(NamedTuple):
    """Names that only a front end has; asked for when they are needed, for that may take time."""

    bindings: Callable[[], Mapping[str, str]] | None = None
    """What each binding does, in a word or two, by its id."""
    themes: Callable[[Path], Collection[str]] | None = None
    """Names of all themes, those beside a settings file among them."""
    in_force: Callable[[Mapping[str, str]], Mapping[str, tuple[str, str]]] | None = None
    """Returns the keys of each binding and what it does, by its id, under a keymap."""
    keys: Callable[[str, str], str] | None = None
    """Says in a sentence why a binding, by its id, cannot have such keys; nothing if it can."""
    theme_faults: Callable[[Path], Collection[Fault]] | None = None
    """What is wrong with the themes beside a settings file."""


Layer = Mapping[str, Setting]
BUILT_IN: Layer = {
    entry.name: Setting(entry.default, ValueOrigin(Source.BUILT_IN)) for entry in PARAMETERS
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """Every entry of `PARAMETERS` with a value and its origin, and the keymap."""

    path: Path
    """Of the file, whether there is one or not."""
    layers: tuple[Layer, ...] = (BUILT_IN,)
    """By an entry's name; the first that has it wins."""
    keymap: Layer = field(default_factory=dict)
    """By a binding's id; the values are keys with commas between them."""
    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    """What has no effect, and is wrong only perhaps."""

    def value(self, name: str) -> Any:
        """Return the value that has won."""
        return self._winner(name).value

    def origin(self, name: str) -> ValueOrigin:
        """Return where the value that has won comes from."""
        return self._winner(name).origin

    def source(self, name: str) -> Source:
        """Return who has set the value that has won."""
        return self.origin(name).source

    @property
    def keys(self) -> dict[str, str]:
        """The keymap as Textual takes it."""
        return {id_: setting.value for id_, setting in self.keymap.items()}

    def with_overrides(self, overrides: Mapping[str, Any]) -> "Configuration":
        """Return this configuration with what the command line says on top.

        Args:
            overrides: by a command's parameter (`top_k`), already checked; None is not given.
                `carry` and `depth` are one entry, as in the file.

        Raises:
            SettingsError: two of them exclude each other.
        """
        given = {name: value for name, value in overrides.items() if value is not None}
        carry = given.pop("carry", None)
        if carry and given.get("depth"):
            raise SettingsError(TWO_CONTEXTS)
        if carry:
            given["depth"] = CARRIED
        elif carry is not None and self.value("depth") == CARRIED:
            given.setdefault("depth", 0)
        origin = ValueOrigin(Source.COMMAND_LINE)
        layer: Layer = {
            BY_NAME[name.replace("_", "-")].name: Setting(value, origin)
            for name, value in given.items()
        }
        return replace(self, layers=(layer, *self.layers)) if layer else self

    def controls(self, overrides: Mapping[str, Any] | None = None) -> Controls:
        """Return what a reply starts with; an RNG seed is made up where none is set.

        Raises:
            SettingsError: values are right alone and exclude each other.
        """
        it = self.with_overrides(overrides or {})
        return controls_of({row.name: it.value(row.name) for row in PARAMETERS})

    def checked(self, known: Known) -> "Configuration":
        """Return this configuration without the names that a front end does not know.

        Each is a fault more; what it has hidden comes to light. Nothing is asked for names
        that are not set.
        """
        it = self
        if known.bindings is not None and self.keymap:
            it = it._without_bindings(known.bindings())
        if known.keys is not None:
            it = it._without_keys(known.keys)
        if known.themes is not None and it.value("theme") is not None:
            it = it._without_themes(known.themes(it.path))
        return it

    def absent_files(self) -> list[Fault]:
        """Return a fault for a model and a corpus that are set and are no files."""
        return [
            _fault(
                self.origin(name),
                f"the {name} {path} "
                f"{'is not a file' if os.path.exists(path) else 'does not exist'}; "
                "mend the path, or take it out",
            )
            for name in ("model", "corpus")
            if (path := self.value(name)) is not None
            and not os.path.isfile(named(path) if name == "model" else path)
        ]

    def _winner(self, name: str) -> Setting:
        return next(layer[name] for layer in self.layers if name in layer)

    def _without_bindings(self, ids: Mapping[str, str]) -> "Configuration":
        faults = [
            _fault(setting.origin, _no_binding(id_, ids))
            for id_, setting in self.keymap.items()
            if id_ not in ids
        ]
        keymap = {id_: setting for id_, setting in self.keymap.items() if id_ in ids}
        return replace(self, keymap=keymap, faults=(*self.faults, *faults))

    def _without_keys(self, fault: Callable[[str, str], str]) -> "Configuration":
        keymap, faults = {}, []
        for id_, setting in self.keymap.items():
            if sentence := fault(id_, setting.value):
                faults.append(_fault(setting.origin, sentence))
            else:
                keymap[id_] = setting
        return replace(self, keymap=keymap, faults=(*self.faults, *faults)) if faults else self

    def _without_themes(self, names: Collection[str]) -> "Configuration":
        layers, faults = [], []
        for layer in self.layers:
            theme = layer.get("theme")
            if theme is not None and theme.value is not None and theme.value not in names:
                sentence = unknown(f"theme {found(theme.value)}", theme.value, names)
                faults.append(_fault(theme.origin, sentence))
                layer = {name: each for name, each in layer.items() if name != "theme"}
            layers.append(layer)
        return replace(self, layers=tuple(layers), faults=(*self.faults, *faults))


def _no_binding(id_: str, known: Mapping[str, str]) -> str:
    """Say in a sentence that there is no such binding, and which are the nearest.

    Those that mean the same come first, in the same place before others: by their name behind the
    dot, or by what they do.
    """
    from difflib import get_close_matches

    place, _, name = id_[:MOST_ID].lower().rpartition(".")
    names = {
        each: (_words(each.rpartition(".")[2]), _words(label)) for each, label in known.items()
    }
    same = [each for each in known if _words(name) and _words(name) in names[each]]
    if not same:
        like = get_close_matches(name, {it for pair in names.values() for it in pair}, 1, 0.7)
        same = [each for each in known if like and like[0] in names[each]]
    listed = sorted(same, key=lambda each: (each.partition(".")[0] != place, each))[:NEAREST]
    what = f"there is no binding {found(id_)}"
    if not listed:
        places = sorted({f"{each.partition('.')[0]}." for each in known})
        return f"{what}: ids begin with {', '.join(places)}; write one of these, or take it out"
    if len(listed) == 1:
        return f"{what}, and {listed[0]} is the nearest; write that, or take it out"
    return f"{what}, and the nearest are {', '.join(listed)}; write one of these, or take it out"


def _words(name: str) -> str:
    """Return a name's letters and digits, which are what tells it from others."""
    return "".join(filter(str.isalnum, name.lower()))


def unknown(
    what: str, name: str, names: Collection[str], listed: str = "", like: float = 0.6
) -> str:
    """Say in a sentence that there is no such thing, and which one may be meant.

    Args:
        what: was found, as it is shown.
        name: was found.
        names: that there are.
        listed: where they can be looked up; empty is to name them all.
        like: how like the name another has to be, up to 1.
    """
    from difflib import get_close_matches  # takes 5 ms, and is seldom needed

    near = get_close_matches(name, names, 1, like)
    if near:
        return f"there is no {what}, and {near[0]} is the nearest; write that, or take it out"
    where = listed or f"there are {', '.join(sorted(names))}"
    return f"there is no {what}: {where}; write one of these, or take it out"


def _fault(origin: ValueOrigin, sentence: str) -> Fault:
    return Fault(sentence, origin.path, origin.line, origin.variable)


# Telling it.


def as_toml(it: Configuration) -> str:
    """Return a settings file that sets what is in force.

    What is built in stands there as a comment: it is seen at a glance what has been set, and
    taking the `#` away is the way to set more.
    """
    rows: list[tuple[str, str, str]] = []  # what stands in the file, where from, what is allowed
    table = ""
    for entry in PARAMETERS:
        if entry.table != table:
            table = entry.table
            rows += [("", "", ""), (f"[{table}]", "", "")]
        rows.append((_line(entry, it), _comment(entry, it), entry.allowed))
    rows += [("", "", ""), (f"[{KEYMAP}]", "", "")]
    for id_, setting in it.keymap.items():
        line = f"{toml_string(id_)} = {toml_string(setting.value)}"
        rows.append((line, str(setting.origin), ""))
    if not it.keymap:
        rows.append((f"# {_SAMPLE}", "a sample", "keys with commas between them, by binding"))
    lines = _aligned(rows)
    return f"# {it.path}\n\n" + "\n".join(lines) + "\n"


def as_data(it: Configuration) -> dict[str, Any]:
    """Return what is in force as JSON can hold it."""
    return {
        "path": str(it.path),
        "exists": os.path.exists(it.path),
        "entries": {
            entry.key: _data(Setting(it.value(entry.name), it.origin(entry.name)))
            for entry in PARAMETERS
        },
        "keymap": {id_: _data(setting) for id_, setting in it.keymap.items()},
        "faults": [str(fault) for fault in it.faults],
        "warnings": [str(warning) for warning in it.warnings],
    }


def _line(entry: Parameter, it: Configuration) -> str:
    built_in = it.source(entry.name) is Source.BUILT_IN
    return f"{'# ' if built_in else ''}{entry.name} = {entry.to_toml(it.value(entry.name))}"


def _comment(entry: Parameter, it: Configuration) -> str:
    return (
        "not set" if it.value(entry.name) is None and entry.sample else str(it.origin(entry.name))
    )


def _aligned(rows: list[tuple[str, str, str]]) -> list[str]:
    first = max(len(line) for line, _, _ in rows if len(line) <= _WIDEST)
    second = max(len(comment) for _, comment, _ in rows)
    return [
        f"{line:<{first}}  # {comment:<{second}}  {allowed}".rstrip() if comment else line
        for line, comment, allowed in rows
    ]


def _data(setting: Setting) -> dict[str, Any]:
    value, origin = setting.value, setting.origin
    plain = value is None or isinstance(value, str | int | float)
    return {
        "value": value if plain else list(value) if isinstance(value, tuple) else str(value),
        "source": origin.source.value,
        "line": origin.line,
        "variable": origin.variable,
    }
