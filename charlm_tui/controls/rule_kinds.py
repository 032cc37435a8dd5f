"""The kinds of values that rules of what may be written have, and those in force in words."""

import string
from typing import Any

from charlm_tui.controls.kinds import Limits, Texts, Written
from charlm_tui.lm.rule_values import (
    MOST_FORBIDDEN,
    MOST_UNTIL,
    canonical_ban,
    canonical_texts,
    check_pattern,
    escaped,
    escaped_bias,
    typed_bias,
    typed_text,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.text import visible


def _checked(pattern: str) -> str:
    check_pattern(pattern)
    return pattern


def _texts(name: str, most: int) -> Texts:
    return Texts(typed_text, escaped, lambda texts: canonical_texts(texts, name, most))


BAN = Written(lambda text: canonical_ban(typed_text(text)), escaped, "", "CHARACTERS")
BIAS = Written(typed_bias, escaped_bias, (), "C=BITS,…")
UNTIL = _texts("until", MOST_UNTIL)
FORBID = _texts("forbid", MOST_FORBIDDEN)
MATCH = Written(_checked, str, "", "REGEX")

_KINDS: dict[str, Written | Texts] = {
    "ban": BAN,
    "bias": BIAS,
    "until": UNTIL,
    "forbid": FORBID,
    "match": MATCH,
}


def typed_match(pattern: str, _: Limits) -> str:
    """Return a regular expression that was typed, if an automaton can be made of it.

    Raises:
        SettingsError: none can.
    """
    if pattern:
        from charlm_tui.lm.matching import automaton  # imported here: only who types one waits

        automaton(pattern, string.printable)
    return pattern


def rules_typed(settings: Settings) -> dict[str, str]:
    """Return what a person types for each rule in force, by its name."""
    values: dict[str, Any] = {name: getattr(settings, name) for name in _KINDS}
    return {name: _KINDS[name].written(value) for name, value in values.items() if value}


def rules_shown(settings: Settings) -> str:
    """Name the rules in force, as a person types them; nothing if there are none."""
    return visible(", ".join(map(" ".join, rules_typed(settings).items())), "")


def rules_counted(settings: Settings) -> str:
    """Say how many rules are in force; nothing if there are none."""
    count = len(rules_typed(settings))
    return f"{count} rule{'s' * (count > 1)}" if count else ""
