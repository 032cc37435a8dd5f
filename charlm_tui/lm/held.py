"""Units of a model's state that are held at a value: what is held, and from which character on.

Owns their canonical order, what is refused, and the forms in which people type them and files have
them. Free of numpy, as the settings are, of which they are one; knows no model.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from charlm_tui.lm.errors import SettingsError

MOST_HELD = 64
"""Units that are held at a time."""
MOST_VALUE = 1e6  # in size: far beyond any state, and far from what float32 cannot multiply
MOST_UNIT = 2**31  # no state has as many units
MOST_NAME = 64  # characters in the name of a state, as in the contract of a model file
HOW_TO_HOLD = "name the state, the unit and the value, such as: c[52] = 1.0"


class Held(NamedTuple):
    """A unit that is held, and the value that it is held at."""

    state: str
    """Name of the state tensor."""
    unit: int
    """Its number in that state."""
    value: float

    @property
    def name(self) -> str:
        """The unit as it is shown."""
        return f"{self.state}[{self.unit}]"

    @property
    def typed(self) -> str:
        """What a person types to hold it, to the last digit of the value."""
        return f"{self.name}={self.value!r}"

    def __str__(self) -> str:
        return f"{self.name} = {self.value:g}"


Holds = tuple[tuple[int, tuple[Held, ...]], ...]
"""What was held while a text was read: (place in it, what is held from the step on that reads the
character there), in order; nothing is before the first."""


def canonical(held: Iterable[Held]) -> tuple[Held, ...]:
    """Return units that are held in the one order that they have in settings.

    Raises:
        SettingsError: there are too many, a unit stands there twice, or a name, a number or a value
            can be that of no unit.
    """
    every = tuple(sorted(Held(it.state, it.unit, float(it.value) + 0.0) for it in held))  # no -0.0
    if len(every) > MOST_HELD:
        raise SettingsError(
            f"{len(every)} units are held where {MOST_HELD} are expected at the most; hold fewer"
        )
    for it in every:
        if not (0 < len(it.state) <= MOST_NAME and it.state.isprintable()):
            raise SettingsError(
                f"a held unit's state is {it.state!r:.20} where a name is expected; {HOW_TO_HOLD}"
            )
        if not 0 <= it.unit < MOST_UNIT:
            raise SettingsError(
                f"a held unit of {it.state} must be a number of a unit, not {it.unit!s:.20}; "
                f"{HOW_TO_HOLD}"
            )
        if not abs(it.value) <= MOST_VALUE:
            raise SettingsError(
                f"{it.name} must be held at a number from {-MOST_VALUE:,.0f} to "
                f"{MOST_VALUE:,.0f}, not {it.value:g}; {HOW_TO_HOLD}"
            )
    twice = next((it for it, other in pairwise(every) if it[:2] == other[:2]), None)
    if twice is not None:
        raise SettingsError(f"{twice.name} is held at two values; give one of them")
    return every


def together(held: Sequence[Held], *more: Held) -> tuple[Held, ...]:
    """Return what is held once more units are, each at its new value."""
    changed = {it[:2] for it in more}
    return canonical([*(it for it in held if it[:2] not in changed), *more])


def without(held: Sequence[Held], state: str, unit: int) -> tuple[Held, ...]:
    """Return what is held once a unit no longer is."""
    return tuple(it for it in held if it[:2] != (state, unit))


def to_file(held: Sequence[Held]) -> list[list[Any]]:
    """Return the form that JSON has: [state, unit, value] of each."""
    return [list(it) for it in held]


def of_file(values: Any) -> tuple[Held, ...]:
    """Return what is held, of the form that JSON has; only `canonical` refuses what has no sense.

    Raises:
        ValueError: it is of another form.
    """
    if not isinstance(values, list) or len(values) > MOST_HELD:
        raise ValueError(f"its held units are {values!r:.20}")
    return tuple(map(_of_file, values))


def _of_file(value: Any) -> Held:
    if isinstance(value, list) and len(value) == 3:
        state, unit, at = value
        if type(state) is str and type(unit) is int and type(at) in (int, float):
            return Held(state, unit, float(at))
    raise ValueError(f"a held unit is {value!r:.20}")


UNIT = re.compile(r"\s*(.*?)[\s\[]*(\d{1,9})\s*\]?\s*")
"""How a person names a unit: `c 52`, `c52` or `c[52]`; the state and the number."""


def typed(text: str) -> Held:
    """Return the unit to be held that a person has typed: `c[52] = 1.0`, or `c 52 1.0`.

    Raises:
        SettingsError: it is none, or its value is no number.
    """
    unit, value = typed_parts(text)
    found = UNIT.fullmatch(unit)
    if found is None or not found[1]:
        raise SettingsError(f"{text.strip()!r:.40} is no unit at a value; {HOW_TO_HOLD}")
    [held] = canonical([Held(found[1], int(found[2]), value)])
    return held


def typed_parts(text: str) -> tuple[str, float]:
    """Return the unit as it was typed, and the value that stands behind it.

    Raises:
        SettingsError: there are not both, or the value is no number.
    """
    unit, _, value = text.strip().rpartition("=" if "=" in text else " ")
    if not unit.strip():
        raise SettingsError(f"{text.strip()!r:.40} is no unit at a value; {HOW_TO_HOLD}")
    return unit, typed_value(value)


def typed_value(text: str) -> float:
    """Return a value that was typed.

    Raises:
        SettingsError: it is no number.
    """
    try:
        return float(text)
    except ValueError:
        raise SettingsError(
            f"{text.strip()!r:.40} is no value to hold a unit at; give a number, such as 1.0"
        ) from None


def shown(held: Sequence[Held]) -> str:
    """Return which units are held, in words: `c[52] = 1 held`; nothing if none is."""
    return f"{', '.join(map(str, held))} held" if held else ""


def holds_from(holds: Holds, begin: int) -> dict[int, tuple[Held, ...]]:
    """Return what is held from which place on, for who reads a text from a place in it on.

    Args:
        holds: of the whole text.
        begin: the place; that it is from there on 0.

    Returns:
        by the place; nothing is held before the first.
    """
    return {max(0, place - begin): held for place, held in holds}


def changes(held: Iterable[tuple[int, tuple[Held, ...]]]) -> Holds:
    """Return (place, what is held from there on) where it changes alone.

    Args:
        held: of places in order; of those at one place, the last counts.
    """
    result: list[tuple[int, tuple[Held, ...]]] = []
    for place, now in held:
        if result and result[-1][0] == place:
            result.pop()
        if now != (result[-1][1] if result else ()):
            result.append((place, now))
    return tuple(result)
