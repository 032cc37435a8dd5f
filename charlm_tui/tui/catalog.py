"""The names of the app that a settings file can have: its bindings and their keys.

Imports all of the app, and is imported only where a settings file has such a name.
"""

import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import _character_to_key, key_to_character

import charlm_tui.tui
from charlm_tui.controls.config import unknown
from charlm_tui.controls.kinds import found
from charlm_tui.tui.key_names import Bound
from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.game import GameScreen
from charlm_tui.tui.screens.models import ModelsScreen
from charlm_tui.tui.screens.recall import RecallScreen
from charlm_tui.tui.screens.text import TextScreen
from charlm_tui.tui.widgets.prompt import Prompt

_TYPED_IN = (Prompt, AskScreen, ModelsScreen, RecallScreen, TextScreen, GameScreen)
"""Where there is nothing but a line or a text to type in, or every character is a guess."""

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")  # in the order of Textual's names
_OTHER_NAMES = {"control": "ctrl", "option": "alt", "cmd": "super", "command": "super"}
_SENT_ALONE = frozenset(  # some have a name that is not put together: ctrl+@
    key.value
    for keys in ANSI_SEQUENCES_KEYS.values()
    if isinstance(keys, tuple)
    for key in keys
    if not key.value.startswith("<")
)
_NAMES = frozenset(FUNCTIONAL_KEYS.values()) | {name for name in _SENT_ALONE if "+" not in name}
_EDITS = frozenset(("enter", "tab", "backspace", "delete", "up", "down", "left", "right"))
_EDITS |= {"home", "end", "pageup", "pagedown"}
_LISTED = (
    "a key is a character, its name (space, minus, question_mark), f1 to f24, an arrow such as up, "
    "enter, escape or pagedown, or one of them behind ctrl+, alt+ or shift+"
)
_LONGEST = 80  # characters of a name: no key has as many


@cache
def bindings() -> Mapping[str, Bound]:
    """Return every binding of ours by its id, as it is at first."""
    for module in pkgutil.walk_packages(charlm_tui.tui.__path__, f"{charlm_tui.tui.__name__}."):
        import_module(module.name)
    return {
        binding.id: Bound(
            binding.key,
            owner.__name__,
            binding.priority or issubclass(owner, _TYPED_IN),
            binding.description,
            binding.tooltip or "",
        )
        for owner in _owners(DOMNode)
        for binding in vars(owner).get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.id is not None
    }


def binding_ids() -> frozenset[str]:
    """Return the ids of all bindings of ours."""
    return frozenset(bindings())


def binding_labels() -> Mapping[str, str]:
    """Return what each binding of ours does, in a word or two, by its id."""
    return {id_: bound.label for id_, bound in bindings().items()}


def binding_fault(id_: str, keys: str) -> str:
    """Say in a sentence why a binding cannot have such keys; nothing if it can.

    Args:
        id_: of the binding, of which there is one.
        keys: with commas between them.
    """
    bound = bindings()[id_]
    for key in keys.split(","):
        if not _exists(key):
            return _no_key(key)
        if bound.takes_typing and _is_typed(key) and key not in _keys_at(bound.place):
            return (
                f"the key {key} for {id_} would keep it from being typed; "
                "give a function key, or one with ctrl or alt"
            )
    return ""


def _owners(owner: type[DOMNode]) -> set[type[DOMNode]]:
    """Return the classes of ours among a class and those beneath it."""
    ours = {owner} if owner.__module__.startswith(f"{charlm_tui.tui.__name__}.") else set()
    return ours.union(*(map(_owners, owner.__subclasses__())))


def _keys_at(place: str) -> set[str]:
    """Return the keys that bindings of one class have at first."""
    return {
        key
        for bound in bindings().values()
        if bound.place == place
        for key in bound.keys.split(",")
    }


def _exists(key: str) -> bool:
    """Return whether Textual has a name for a key, and a terminal can send it."""
    if key in _SENT_ALONE or _is_character(key):
        return True
    *modifiers, name = key.split("+")
    if modifiers != [each for each in _MODIFIERS if each in modifiers]:
        return False
    is_named_character = len(name) <= _LONGEST and name in _characters()
    if modifiers == ["shift"] and (len(name) == 1 or is_named_character) and name != "space":
        return False  # it is another character
    if len(name) == 1:
        return name.isalnum() and name == name.lower()
    return name in _NAMES or is_named_character


def _is_character(key: str) -> bool:
    return len(key) == 1 and key.isprintable()


def _is_typed(key: str) -> bool:
    """Return whether a key is a character, or moves or edits in a text."""
    return _is_character(key) or key in _EDITS or key in _characters()


@cache
def _characters() -> frozenset[str]:
    """Return the names of characters that are neither letters nor digits."""
    characters = map(chr, range(0x10000))
    return frozenset(
        _character_to_key(each) for each in characters if each.isprintable() and not each.isalnum()
    )


def _no_key(key: str) -> str:
    """Say that there is no such key, and which one may be meant."""
    *modifiers, name = _tidied(key[:_LONGEST])
    before = "".join(f"{each}+" for each in modifiers)
    names = {"minus", "plus", "slash", "space", "comma", "full_stop", "question_mark", *_NAMES}
    near = {each for each in (f"{before}{name}", *(before + it for it in names)) if _exists(each)}
    return unknown(f"key {found(key)}", f"{before}{name}", near, _LISTED)


def _tidied(key: str) -> list[str]:
    """Return the modifiers and the name that are probably meant."""
    *parts, name = re.split(r"\+(?!$)", key.replace(" ", ""))
    lowered = [_OTHER_NAMES.get(part.lower(), part.lower()) for part in parts]
    modifiers = [each for each in _MODIFIERS if each in lowered]
    if modifiers == ["shift"] and len(name) == 1:
        return [name.upper()]
    if len(name) > 1:
        name = name.lower()
    character = name if len(name) == 1 else key_to_character(name)
    if character is not None and character.isprintable():
        name = _character_to_key(character)
    if len(name) == 1 and modifiers:
        if name != name.lower() and "alt" in modifiers:
            modifiers = [each for each in _MODIFIERS if each in (*modifiers, "shift")]
        name = name.lower()
    return [*modifiers, name]
