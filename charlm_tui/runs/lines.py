"""Values as lines of JSON, one object each, told apart by their `kind`; each has fields of its own.

A field that a line has and its kind has not is left out: a later version may have more.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any, Generic, TypeVar

MOST_TEXT = 10**6  # characters of a text in a line

_Value = TypeVar("_Value")
_Checks = tuple[tuple[str, Callable[[Any], bool], bool], ...]


class Kinds(Generic[_Value]):
    """Some dataclasses with a `kind` each, as lines.

    Args:
        kinds: the classes; their fields are of the types in `_TYPES`.
    """

    def __init__(self, kinds: Iterable[type[Any]]) -> None:
        self._kinds: Mapping[str, type[Any]] = {each.kind: each for each in kinds}
        self._checks = {kind: _checks_of(kind) for kind in self._kinds.values()}

    def to_line(self, value: Any, **more: Any) -> str:
        """Return a value as a line, without its end; `more` are fields that are not read again."""
        given = {"kind": value.kind, **asdict(value), **more}
        return json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    def from_line(self, line: str | bytes) -> _Value | None:
        """Return the value of a line; None if it is none, or one of a kind that is not known."""
        try:
            return self.of(json.loads(line))
        except (ValueError, RecursionError):
            return None

    def of(self, given: Any) -> _Value | None:
        """Return the value of what a line holds; None if it is none."""
        try:
            kind = self._kinds[given["kind"]]
            return kind(**_checked(given, self._checks[kind]))  # type: ignore[no-any-return]
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def _checks_of(kind: type[Any]) -> _Checks:
    """Return the fields of a kind: name, whether a value is one of its own, whether it must be."""
    return tuple(
        (each.name, _TYPES[each.type], each.default is MISSING and each.default_factory is MISSING)
        for each in fields(kind)
    )


def _checked(given: Mapping[str, Any], checks: _Checks) -> dict[str, Any]:
    """Return the fields that are known.

    Raises:
        ValueError: one has another type than it must.
        KeyError: one is missing.
    """
    found = {}
    for name, fits, needed in checks:
        if name in given:
            if not fits(given[name]):
                raise ValueError(name)
            found[name] = given[name]
        elif needed:
            raise KeyError(name)
    return found


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and abs(value) < 1e18


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**18


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) <= MOST_TEXT


_TYPES: Mapping[Any, Callable[[Any], bool]] = {
    int: _is_count,
    float: _is_number,
    str: _is_text,
    bool: lambda value: type(value) is bool,
    int | None: lambda value: value is None or _is_count(value),
    float | None: lambda value: value is None or _is_number(value),
    Mapping[str, Any]: lambda value: type(value) is dict,
    list[float]: lambda value: type(value) is list and all(map(_is_number, value)),
}
