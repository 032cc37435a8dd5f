r"""What the rules of a reply are: their canonical order, what is refused, and their typed forms.

Free of numpy, as the settings are, of which they are a part; knows no model. What a rule does to a
distribution is in `charlm_tui.lm.rules`.

In what a person types, `\n` is a newline, `\t` a tab and `\\` a backslash.
"""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.vocabulary import MAX_SYMBOLS

Bias = tuple[tuple[str, float], ...]
"""(character, bits) of each character whose probability is multiplied by 2 to the power of bits."""

MOST_BITS = 100.0
"""By which a character is biased, up or down."""
MOST_UNTIL = 16
"""Texts after which a reply ends."""
MOST_FORBIDDEN = 64
"""Phrases that never appear."""
MOST_PHRASE = 200
"""Characters of each of them."""
MOST_PATTERN = 1000
"""Characters of a regular expression."""
HOW_TO_BIAS = r"name each character and its bits, such as: q=+2,\n=-1"

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}
_ESCAPED = {char: f"\\{letter}" for letter, char in _ESCAPES.items()}


def canonical_ban(ban: str) -> str:
    """Return characters that are never drawn in order, each once.

    Raises:
        SettingsError: one is no character, or there are too many.
    """
    _check_text(ban, "ban")
    every = "".join(sorted(set(ban)))
    if len(every) > MAX_SYMBOLS:
        raise SettingsError(
            f"ban has {len(every):,} characters where {MAX_SYMBOLS:,} are expected at the most; "
            "ban fewer"
        )
    return every


def canonical_bias(bias: Iterable[tuple[str, float]]) -> Bias:
    """Return the bits of each character in order, without those that are 0.

    Raises:
        SettingsError: a character stands there twice or is none, its bits are out of range, or
            there are too many.
    """
    every = sorted((char, float(bits)) for char, bits in bias)
    if len(every) > MAX_SYMBOLS:
        raise SettingsError(
            f"bias has {len(every):,} characters where {MAX_SYMBOLS:,} are expected at the most; "
            "bias fewer"
        )
    for char, bits in every:
        if len(char) != 1:
            raise SettingsError(f"bias has {char!r:.20}, which is no character; {HOW_TO_BIAS}")
        _check_text(char, "bias")
        if not abs(bits) <= MOST_BITS:  # so that NaN is refused
            raise SettingsError(
                f"the bias of {escaped(char)!s:.20} must be a number of bits from {-MOST_BITS:g} "
                f"to {MOST_BITS:g}, not {bits:g}; {HOW_TO_BIAS}"
            )
    twice = next((one for one, other in pairwise(every) if one[0] == other[0]), None)
    if twice is not None:
        raise SettingsError(f"bias has {escaped(twice[0])} twice; give one number of bits for it")
    return tuple((char, bits) for char, bits in every if bits)


def canonical_texts(texts: Iterable[str], name: str, most: int) -> tuple[str, ...]:
    """Return texts in order, each once.

    Args:
        texts: of `until` or `forbid`.
        name: of that setting.
        most: how many there may be.

    Raises:
        SettingsError: there are too many, or one is empty, too long or no text.
    """
    every = tuple(sorted(set(texts)))
    if len(every) > most:
        raise SettingsError(
            f"{name} has {len(every)} texts where {most} are expected at the most; give fewer"
        )
    for text in every:
        _check_text(text, name)
        if not 0 < len(text) <= MOST_PHRASE:
            raise SettingsError(
                f"a text of {name} must have from 1 to {MOST_PHRASE} characters, not {len(text)}"
            )
    return every


def check_pattern(pattern: str) -> None:
    r"""Refuse a regular expression that is too long, or that cannot be shown.

    Raises:
        SettingsError: it is; `charlm_tui.lm.rules` refuses what is no regular expression.
    """
    if len(pattern) > MOST_PATTERN:
        raise SettingsError(
            f"match must have at most {MOST_PATTERN:,} characters, not {len(pattern):,}; "
            "give a shorter regular expression"
        )
    odd = next((char for char in pattern if not char.isprintable()), None)
    if odd is not None:
        raise SettingsError(
            f"match has the character {odd!a}, which cannot be shown; write it with a backslash"
        )


def _check_text(text: str, name: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise SettingsError(f"{name} has {text!a:.40}, which is no text; give whole characters")


# As a person types them.


def typed_text(typed: str) -> str:
    r"""Return the text that a person has typed, with `\n`, `\t` and `\\` for what they stand for.

    Raises:
        SettingsError: a backslash stands before something else.
    """
    return "".join(_characters(typed))


def typed_bias(typed: str) -> Bias:
    r"""Return the bias that a person has typed: `q=+2,\n=-1`; also `,=2` and `==1`.

    Raises:
        SettingsError: it is none.
    """
    every: list[tuple[str, float]] = []
    rest = typed
    while rest:
        size = 2 if rest[0] == "\\" else 1
        [char] = _characters(rest[:size])
        equals, (number, comma, after) = rest[size : size + 1], rest[size + 1 :].partition(",")
        try:
            bits = float(number)
        except ValueError:
            bits = math.nan
        if equals != "=" or math.isnan(bits) or (comma and not after):
            raise SettingsError(f"{rest!r:.40} is no bias; {HOW_TO_BIAS}")
        every.append((char, bits))
        rest = after
    return canonical_bias(every)


def escaped(text: str) -> str:
    """Return what a person types for a text: `typed_text` gives it back."""
    return "".join(_ESCAPED.get(char, char) for char in text)


def escaped_bias(bias: Bias) -> str:
    """Return what a person types for a bias, to the last digit: `typed_bias` gives it back."""
    return ",".join(f"{escaped(char)}={bits:+}".removesuffix(".0") for char, bits in bias)


def _characters(typed: str) -> list[str]:
    chars: list[str] = []
    rest = iter(typed)
    for char in rest:
        if char == "\\":
            letter = next(rest, "")
            if letter not in _ESCAPES:
                raise SettingsError(
                    rf"\{letter} is no escape; write \n for a newline, \t for a tab and \\ for a "
                    "backslash"
                )
            char = _ESCAPES[letter]
        chars.append(char)
    return chars


# As a file has them.


def to_file(value: Any) -> Any:
    """Return the form that JSON has of the value of a rule: a list where it is a tuple."""
    return [to_file(each) for each in value] if isinstance(value, tuple) else value


def bias_of_file(value: Any) -> Bias:
    """Return the bias that a file has; only `canonical_bias` refuses what has no sense.

    Raises:
        ValueError: it is of another form.
    """
    if not isinstance(value, list) or len(value) > MAX_SYMBOLS:
        raise ValueError(f"its bias is {value!r:.20}")
    return tuple(map(_pair_of_file, value))


def _pair_of_file(value: Any) -> tuple[str, float]:
    if isinstance(value, list) and len(value) == 2:
        char, bits = value
        if type(char) is str and type(bits) in (int, float):
            return char, float(bits)
    raise ValueError(f"a bias is {value!r:.20}")


def texts_of_file(value: Any) -> tuple[str, ...]:
    """Return the texts that a file has; only `canonical_texts` refuses what has no sense.

    Raises:
        ValueError: they are of another form.
    """
    if not isinstance(value, list) or not all(type(each) is str for each in value):
        raise ValueError(f"its texts are {value!r:.20}")
    return tuple(value)
