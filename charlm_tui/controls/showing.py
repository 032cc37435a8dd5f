"""Tells a configuration: as a settings file with a comment for each line, or as plain data."""

from typing import Any

from charlm_tui.controls.config import Configuration, Setting, Source
from charlm_tui.controls.kinds import Parameter, toml_string
from charlm_tui.controls.parameters import KEYMAP, PARAMETERS

_SAMPLE = '"command.cooler" = "f2,f6"'
_WIDEST = 44  # of a line whose comment stands in the column of the others'


def as_toml(configuration: Configuration) -> str:
    """Give a settings file that sets what is in force.

    What is built in stands there as a comment: it is seen at a glance what has been set, and
    taking the `#` away is the way to set more.
    """
    it = configuration
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


def as_data(configuration: Configuration) -> dict[str, Any]:
    """Give what is in force as JSON can hold it."""
    it = configuration
    return {
        "path": str(it.path),
        "exists": it.path.exists(),
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
