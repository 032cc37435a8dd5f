"""Reads the settings file and the environment, once, before anything is on the screen.

Never fails: what is wrong becomes a fault, with its line, and the rest applies.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from charlm_tui.controls.config import (
    BUILT_IN,
    Configuration,
    Fault,
    Known,
    Setting,
    Source,
    ValueOrigin,
    unknown,
)
from charlm_tui.controls.kinds import Parameter, Place, found
from charlm_tui.controls.parameters import (
    BY_NAME,
    CONFIG_VARIABLE,
    KEYMAP,
    PARAMETERS,
    TABLES,
)
from charlm_tui.files import FileReadError, at_home, read_file
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.model_file import is_name

MOST_SETTINGS_BYTES = 100_000  # of a settings file: more is a mistake
MOST_NESTED = 32  # dots in a line, or brackets within brackets: reading more takes minutes
_DEEPEST = 9  # dots in an id: no binding has as many, and a hostile file does
_LISTED = "charlm-tui config show lists them"
_VARIABLES = "after CHARLM_ the name of a setting is expected, in capitals"
_SAID_OTHERWISE = {"carry": 'depth = "carried"', "seed": 'rng-seed = 7 or "new"'}
SettingsKey = tuple[str, ...]

# Texts first, for a bracket, an equals sign or a # in them means nothing. A text of several lines
# may end in two quotes of its own, so its end is the last three of a run.
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")'
    r"|'''.*?'''(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\n=\[\]{}]"
    r"|[^\n=\[\]{}#\"']+",
    re.DOTALL,
)
_WHERE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def default_path() -> Path:
    """Return where the settings file is looked for unless another is named."""
    if sys.platform != "linux":
        from platformdirs import user_config_path

        return user_config_path("charlm-tui", appauthor=False) / "config.toml"
    # As platformdirs has it, which takes longer to import than all of this takes.
    home = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")
    return Path(home) / "charlm-tui" / "config.toml"


def find_path(given: Path | None, environ: Mapping[str, str]) -> tuple[Path, bool]:
    """Return the path of the settings file, and whether somebody named it.

    Args:
        given: on the command line.
        environ: may name it as `CHARLM_CONFIG`; empty is not named.
    """
    named = given or environ.get(CONFIG_VARIABLE, "").strip()
    return (at_home(Path(named)), True) if named else (default_path(), False)


def read(
    path: Path | None,
    environ: Mapping[str, str],
    known_bindings: Mapping[str, str] | None = None,
) -> Configuration:
    """Read the settings file and the environment.

    Args:
        path: as the command line names it, or None.
        environ: the environment's variables.
        known_bindings: as `Known` has them; without them, `Configuration.checked` can look at the
            keymap later.
    """
    place, named = find_path(path, environ)
    reader = _FileReader(place)
    text = _text_of(place, named, reader.faults)
    if text is not None:
        reader.read(text)
    layer, faults = _environment(environ)
    it = Configuration(
        place,
        (layer, reader.layer, BUILT_IN),
        reader.keymap,
        (*reader.faults, *faults),
        tuple(_strange_variables(environ)),
    )
    return it if known_bindings is None else it.checked(Known(lambda: known_bindings))


class _FileReader:
    """Goes through what a file says, entry by entry."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[SettingsKey, int] = {}
        self.layer: dict[str, Setting] = {}
        self.keymap: dict[str, Setting] = {}
        self.faults: list[Fault] = []

    def read(self, text: str) -> None:
        import tomllib  # only where there is a file: the first paint waits for this

        line = _deep_line(text)
        if line is not None:
            sentence = (
                f"this has more than {MOST_NESTED} dots or brackets where settings have a few, so "
                "nothing of the file applies; take it out"
            )
            self.faults.append(Fault(sentence, self._path, line))
            return
        try:
            document = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # not of TOML alone: a number too long, say
            self.faults.append(_syntax_fault(self._path, text, error))
            return
        self._lines = _lines_of(text.replace("\r\n", "\n"))
        for name, value in document.items():
            if name not in TABLES:
                self._entry("", name, value)
            elif not isinstance(value, dict):
                self._fault((name,), _no_table(name, value))
            elif name == KEYMAP:
                self._bindings(value)
            else:
                for inner, each in value.items():
                    self._entry(name, inner, each)

    def _entry(self, table: str, name: str, value: object) -> None:
        key = (table, name) if table else (name,)
        entry = BY_NAME.get(name)
        if entry is None or entry.table != table:
            self._fault(key, _stranger(name, entry, table))
            return
        try:
            self.layer[name] = self._setting(key, _anchored(entry, value, self._path))
        except SettingsError as error:
            self._fault(key, str(error))

    def _bindings(self, table: Mapping[str, object]) -> None:
        for path, value in _leaves(table):
            key, id_ = (KEYMAP, *path), ".".join(path)
            if id_ in BY_NAME or id_ in TABLES:
                self._fault(key, _stranger(id_, BY_NAME.get(id_), KEYMAP))
            elif keys := _keys(value):
                self.keymap[id_] = self._setting(key, keys)
            else:
                self._fault(
                    key,
                    f"the binding {found(id_)} is {found(value)} where keys with commas between "
                    'them are expected, as in "f2,f6"; give them, or take it out',
                )

    def _setting(self, key: SettingsKey, value: Any) -> Setting:
        return Setting(value, ValueOrigin(Source.FILE, self._path, _line_of(key, self._lines)))

    def _fault(self, key: SettingsKey, sentence: str) -> None:
        self.faults.append(Fault(sentence, self._path, _line_of(key, self._lines)))


def _environment(environ: Mapping[str, str]) -> tuple[dict[str, Setting], list[Fault]]:
    layer, faults = {}, []
    for entry in PARAMETERS:
        text = environ.get(entry.variable, "")
        if not text.strip():  # the shell's way to take a variable away for one command
            continue
        try:
            value = entry.of_text(text)
            value = at_home(value) if isinstance(value, Path) else value
        except SettingsError as error:
            faults.append(Fault(str(error), variable=entry.variable))
        else:
            layer[entry.name] = Setting(
                value, ValueOrigin(Source.ENVIRONMENT, variable=entry.variable)
            )
    return layer, faults


def _strange_variables(environ: Mapping[str, str]) -> list[Fault]:
    names = {entry.variable for entry in PARAMETERS} | {CONFIG_VARIABLE}
    return [
        Fault(unknown("such variable", name, names, _VARIABLES, 0.85), variable=name)
        for name in sorted(environ)
        if name.startswith("CHARLM_") and name not in names
    ]


def _text_of(path: Path, named: bool, faults: list[Fault]) -> str | None:
    """Return a file's text, or None and perhaps a fault more."""
    try:
        content = read_file(path, MOST_SETTINGS_BYTES, "")
    except FileReadError as error:
        if error.missing:
            if named:
                faults.append(Fault("there is no such file; name another, or make it", path))
            return None
        faults.append(Fault(f"the file cannot be read: {error.reason}; name another", path))
        return None
    if content.startswith(b"\xef\xbb\xbf"):
        sentence = "the file begins with a byte order mark; save it as UTF-8 without one"
        faults.append(Fault(sentence, path, 1))
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.append(Fault("this line is not UTF-8; save the file as UTF-8", path, line))
        return None


def _syntax_fault(path: Path, text: str, error: Exception) -> Fault:
    match = _WHERE.fullmatch(str(error))
    last = text.rstrip().count("\n") + 1
    if match is None:
        what = "tables are nested too deeply" if isinstance(error, RecursionError) else str(error)
        return Fault(f"this is not TOML ({what}), so nothing of it applies; mend it", path)
    what, line, column = match.groups()
    if what == "Invalid value":  # of the faults of a beginner, the first
        what = "Invalid value: a text needs quotes"
    at = f" at column {column}" if column else ""
    return Fault(
        f"this is not TOML{at} ({what}), so nothing of the file applies; mend it",
        path,
        int(line) if line else last,
    )


def _stranger(name: str, entry: Parameter | None, table: str) -> str:
    """Say in a sentence what is wrong with a name that is no entry of its table."""
    if name in _SAID_OTHERWISE and entry is None:
        return f"there is no {name}; write {_SAID_OTHERWISE[name]} under [controls]"
    if entry is not None:
        place = f"under [{entry.table}]" if entry.table else "above the first [table]"
        return f"{name} is {_here(table)} where it is expected {place}; move it there"
    if name in TABLES:
        return f"the table {name} is {_here(table)} where it is expected as [{name}]; move it there"
    names = {each.name for each in PARAMETERS if each.table == table} or set(BY_NAME)
    return unknown(f"setting {found(name)}", name, names | set(BY_NAME), _LISTED)


def _here(table: str) -> str:
    return f"under [{table}]" if table else "above all tables"


def _no_table(name: str, value: object) -> str:
    return (
        f"{name} is {found(value)} where a table is expected; write [{name}] on a line of its own"
    )


def _leaves(
    table: Mapping[str, object], path: SettingsKey = ()
) -> Iterator[tuple[SettingsKey, object]]:
    """Yield what stands in a table: an id without quotes around it is a dotted key of TOML."""
    for name, value in table.items():
        inner = (*path, name)
        if isinstance(value, dict) and value and len(inner) < _DEEPEST:
            yield from _leaves(value, inner)
        else:
            yield inner, value


def _keys(value: object) -> str:
    """Return keys as Textual takes them; nothing where there are none."""
    each = value.split(",") if isinstance(value, str) else value
    if not isinstance(each, list) or not all(isinstance(key, str) for key in each):
        return ""
    return ",".join(key.strip() for key in each if key.strip())


def _anchored(entry: Parameter, given: object, file: Path) -> Any:
    """Return an entry's value; a path is one from home or from the file's folder.

    Where it may be a name, one word is the file of that folder if there is one, else a name.
    """
    value = entry.of_toml(given)
    if not isinstance(value, Path):
        return value
    path = file.parent / at_home(value)
    named = isinstance(entry.kind, Place) and entry.kind.may_be_name and is_name(value)
    return value if named and not path.exists() else path


# At which line of a source that tomllib has accepted each key stands: tomllib does not tell.


def _deep_line(source: str) -> int | None:
    """Return the first line that has too many dots outside of texts, or too many brackets."""
    line, dots, depth = 1, 0, 0
    for token in _TOKEN.findall(source):
        if token == "\n":
            dots = 0
        elif token[0] not in "\"'#":
            dots += token.count(".")
            depth += (token in "[{") - (token in "]}")
            if dots > MOST_NESTED or depth > MOST_NESTED:
                return line
        line += token.count("\n")
    return None


def _lines_of(source: str) -> dict[SettingsKey, int]:
    """Return the line, from 1, of every table header and every key that begins a line.

    What stands in an inline table has no line of its own: ask for the key before it.
    """
    lines: dict[SettingsKey, int] = {}
    table: SettingsKey = ()
    line, depth, key, state = 1, 0, "", "key"  # or header, or value, or the rest of a line
    for token in _TOKEN.findall(source):
        if token == "\n":
            if depth == 0:
                key, state = "", "key"
        elif token.startswith("#") or state == "rest":
            pass
        elif state == "value":
            depth += (token in "[{") - (token in "]}")
        elif token == "[":
            key, state = "", "header"
        elif token == "]":
            table = _parts(key)
            lines.setdefault(table, line)
            state = "rest"
        elif token == "=":
            lines.setdefault(table + _parts(key), line)
            state = "value"
        else:
            key += token
        line += token.count("\n")
    return lines


def _line_of(key: SettingsKey, lines: dict[SettingsKey, int]) -> int | None:
    """Return the line of a key, else of what it stands in."""
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)


def _parts(text: str) -> SettingsKey:
    """Return the parts of a dotted key, quotes and escapes undone."""
    import tomllib

    path = []
    node: Any = tomllib.loads(text.strip() + " = 0")
    while isinstance(node, dict):
        ((name, node),) = node.items()
        path.append(name)
    return tuple(path)
