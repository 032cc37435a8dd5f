"""How keys are written for people, and what a binding is at first. Knows none of the bindings."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from textual.keys import format_key

_FUNCTION_KEY = re.compile(r"f\d+").fullmatch


class Bound(NamedTuple):
    """A binding as it is at first."""

    keys: str
    """With commas between them."""
    place: str
    """The class that it belongs to, where a key has one meaning."""
    takes_typing: bool
    """Whether its keys are taken before what is typed, or where all else is typed."""
    label: str
    """What it does, in a word or two."""
    help: str = ""
    """What it does, in a sentence, if there is one."""


def written(key: str) -> str:
    """Return a key as it is written: `ctrl+t` as `Ctrl+T`, `minus` as `-`."""
    modifiers, _, name = key.rpartition("+")
    if not modifiers and not _FUNCTION_KEY(key):
        return format_key(key)
    parts = [*modifiers.split("+"), format_key(name)] if modifiers else [name]
    return "+".join(part.capitalize() for part in parts)


def key_of(keymap: Mapping[str, str], id_: str, at_first: str) -> str:
    """Return the first key of a binding as it is written.

    Args:
        keymap: keys by the ids of bindings that have others than at first.
        id_: of the binding.
        at_first: its keys, if it has no others, with commas between them.
    """
    return written(keymap.get(id_, at_first).split(",")[0])
