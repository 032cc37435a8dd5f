"""The settings file as a JSON schema, made from the parameter table.

An editor completes and checks by it what is typed; what a number may be, and what bindings there
are, is checked by `config check`. https://json-schema.org/draft/2020-12
"""

from typing import Any

from charlm_tui.controls.kinds import (
    Choice,
    Number,
    Parameter,
    Place,
    Several,
    Switch,
    Texts,
)
from charlm_tui.controls.parameters import KEYMAP, PARAMETERS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def settings_schema() -> dict[str, Any]:
    """Return the schema."""
    properties: dict[str, Any] = {}
    tables: dict[str, dict[str, Any]] = {}
    for row in PARAMETERS:
        place = tables.setdefault(row.table, {}) if row.table else properties
        place[row.name] = _of_row(row)
    keys = {"type": "string", "minLength": 1}
    return {
        "$schema": DIALECT,
        "title": "Settings of charlm-tui",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **properties,
            **{name: _table(rows) for name, rows in tables.items()},
            KEYMAP: {
                "description": "Keys by the ids of bindings: charlm-tui config keys lists them.",
                "type": "object",
                "additionalProperties": {
                    "anyOf": [keys, {"type": "array", "items": keys}, {"type": "object"}]
                },
            },
        },
    }


def _table(rows: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": rows}


def _of_row(row: Parameter) -> dict[str, Any]:
    it = {"description": f"{row.help} Expected: {row.allowed}.", **_of_kind(row)}
    word = row.word_for(row.default)
    if word:
        it["default"] = word
    elif isinstance(row.default, int | float | str) and row.default != "":
        it["default"] = row.default
    elif isinstance(row.kind, Several):
        it["default"] = list(row.default)
    return it


def _of_kind(row: Parameter) -> dict[str, Any]:
    """Return what a value may be; words may be written in any case, and stand here in one."""
    kind: Any = row.kind
    match kind:
        case Number(words=words, whole=whole):
            number = {"type": "integer" if whole else "number"}
            return {"anyOf": [number, {"enum": list(words)}]} if words else number
        case Choice(words=choices):
            return {"enum": list(choices)}
        case Several(words=choices):
            return {"type": "array", "items": {"enum": list(choices)}}
        case Switch():
            return {"type": "boolean"}
        case Place(may_be_off=True):
            return {"anyOf": [{"type": "string", "minLength": 1}, {"const": False}]}
        case Texts():
            text = {"type": "string", "minLength": 1}
            return {"anyOf": [text, {"type": "array", "items": text}]}
        case _:
            return {"type": "string", "minLength": 1}
