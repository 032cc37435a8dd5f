"""From a regular expression to a deterministic automaton over the characters of a model.

Python's own parser reads the expression, and Python's own `re` says which characters of the
vocabulary each of its parts matches (flags, classes and case included). Characters that no part
tells apart are one symbol from there on. What is left is an expression of symbols, groups,
alternatives and repetitions, from which `interegular` makes the automaton. So it accepts what
`re.fullmatch` does. What no automaton of this kind can do is refused: look-around, references to
groups, and anchors other than at the two ends, where they change nothing.

Free of numpy.
"""

import re
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from re import _compiler, _parser  # type: ignore[attr-defined]
from types import FrameType
from typing import Any

from charlm_tui.lm.errors import SettingsError

LIMIT_S = 1.0
"""Of this process' own time, in which an automaton is made or refused."""
MOST_PARTS = 3000
"""Of an expression, each counted as often as it may be repeated at the most."""
MOST_STATES = 10_000

_FIRST_SYMBOL = 0x10000  # of the expression of symbols: from there on, no character is special
_WITHOUT_BOUND = int(_parser.MAXREPEAT)
_REFUSED = {
    "ASSERT": "it looks ahead or behind",
    "ASSERT_NOT": "it looks ahead or behind",
    "FAILURE": "it looks ahead or behind",
    "AT": "it has an anchor or a word boundary inside",
    "GROUPREF": "it refers to a group",
    "GROUPREF_EXISTS": "it refers to a group",
    "ATOMIC_GROUP": "it has an atomic group",
    "POSSESSIVE_REPEAT": "it has a possessive repetition",
}
_BEGINS = {"AT_BEGINNING", "AT_BEGINNING_STRING"}
_ENDS = {"AT_END", "AT_END_STRING"}

_Flags = tuple[tuple[int, int], ...]
"""(added, removed) of the groups around a part, the outermost first."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """A deterministic automaton; state 0 is the first."""

    symbol_of: tuple[int, ...]
    """By the id of a character: the number of its symbol, or -1 where no part matches it."""
    moves: tuple[Mapping[int, int], ...]
    """By the state: the next state by the symbol; none where no text that goes on so matches.

    Such a state may be a dead end all the same."""
    final: tuple[bool, ...]
    """By the state: whether what was read matches."""


class _TooSlowError(Exception):
    pass


def automaton(pattern: str, symbols: Sequence[str]) -> Automaton:
    """Return the automaton of a regular expression.

    Args:
        pattern: as Python's `re` has them.
        symbols: the characters of the vocabulary, in id order.

    Raises:
        SettingsError: it is no regular expression, no automaton can do what it asks for, or it
            would be too large or take more than `LIMIT_S`. In the main thread alone, and where
            the system has a timer of a process' own time, is the last of them known.
    """
    try:
        with _at_most(LIMIT_S):
            return _automaton(pattern, symbols)
    except re.error as error:
        reason = f"{error.msg}" + ("" if error.pos is None else f" at character {error.pos}")
    except _TooSlowError:
        reason = f"it takes more than {LIMIT_S:g} s to compile; give a simpler one"
    except RecursionError:
        reason = "its groups are nested too deeply; give a simpler one"
    except OverflowError:
        reason = "it repeats something too often; give a simpler one"
    raise SettingsError(f"--match {pattern!r:.60} cannot be used: {reason}")


def _automaton(pattern: str, symbols: Sequence[str]) -> Automaton:
    # Imported here: only who has such a rule waits for it.
    from interegular import parse_pattern

    reader = _Reader(pattern, symbols)
    machine = parse_pattern(reader.expression).to_fsm()
    if len(machine.states) > MOST_STATES:
        raise reader.refusal("its automaton is too large; give a simpler one")
    keys = {machine.alphabet[char]: char for char in reader.numbers}
    assert machine.initial == 0
    return Automaton(
        reader.symbol_of,
        tuple(
            {
                reader.numbers[keys[key]]: int(target)
                for key, target in machine.map.get(state, {}).items()
                if key in keys
            }
            for state in sorted(machine.states)
        ),
        tuple(state in machine.finals for state in sorted(machine.states)),
    )


class _Reader:
    """Reads an expression, and writes it with symbols in the place of what matches a character.

    Args:
        pattern: a regular expression.
        symbols: the characters of the vocabulary.
    """

    def __init__(self, pattern: str, symbols: Sequence[str]) -> None:
        self._pattern = pattern
        self._text = "".join(symbols)
        self._leaves: dict[str, list[int]] = {}  # the ids that each part matches
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read in another way
            tree = _parser.parse(pattern)
        self._state = tree.state
        parts = self._read(tree, (), True, True)
        if self._count(parts) > MOST_PARTS:
            raise self.refusal("it repeats too much; give a simpler one")
        seen: dict[int, list[int]] = {}  # by id: the parts that match it
        for number, ids in enumerate(self._leaves.values()):
            for index in ids:
                seen.setdefault(index, []).append(number)
        groups: dict[tuple[int, ...], int] = {}
        of_id = {i: groups.setdefault(tuple(parts), len(groups)) for i, parts in seen.items()}
        self.symbol_of = tuple(of_id.get(index, -1) for index in range(len(symbols)))
        """By id: the number of its symbol, or -1."""
        self.numbers = {chr(_FIRST_SYMBOL + number): number for number in groups.values()}
        """By the symbol: its number."""
        self._chars = [
            "".join(
                chr(_FIRST_SYMBOL + symbol) for parts, symbol in groups.items() if number in parts
            )
            for number in range(len(self._leaves))
        ]
        self.expression = self._write(parts)
        """Of symbols."""

    def _read(self, items: Any, flags: _Flags, first: bool, last: bool) -> list[Any]:
        """Return a sequence as (kind, …) of each of its parts.

        Args:
            items: as Python's parser has them.
            flags: of the groups around it.
            first: whether it begins where the whole begins.
            last: whether it ends where the whole ends.
        """
        parts: list[Any] = []
        items = list(items)
        while first and items and _is_anchor(items[0], _BEGINS):
            del items[0]
        while last and items and _is_anchor(items[-1], _ENDS):
            del items[-1]
        for place, (kind, value) in enumerate(items):
            at_first, at_last = first and place == 0, last and place == len(items) - 1
            match str(kind):
                case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                    parts.append(("leaf", self._leaf((kind, value), flags)))
                case "SUBPATTERN":
                    _, added, removed, inner = value
                    inner_flags = (*flags, (added, removed)) if added or removed else flags
                    parts += self._read(inner, inner_flags, at_first, at_last)
                case "BRANCH":
                    each = [self._read(one, flags, at_first, at_last) for one in value[1]]
                    parts.append(("branch", each))
                case "MAX_REPEAT" | "MIN_REPEAT":
                    least, most, inner = value
                    body = self._read(inner, flags, False, False)
                    parts.append(("repeat", int(least), int(most), body))
                case name:
                    raise self.refusal(_REFUSED.get(name, f"it has {name.lower()}"))
        return parts

    def _leaf(self, part: Any, flags: _Flags) -> int:
        """Return the number of a part that matches one character, and find out which it does."""
        name = repr((part, flags))
        if name not in self._leaves:
            inner = _parser.SubPattern(self._state, [part])
            for added, removed in reversed(flags):
                group = (_parser.SUBPATTERN, (None, added, removed, inner))
                inner = _parser.SubPattern(self._state, [group])
            found = _compiler.compile(inner).finditer(self._text)
            self._leaves[name] = [it.start() for it in found]
        return list(self._leaves).index(name)

    def _count(self, parts: list[Any]) -> int:
        total = 0
        for kind, *value in parts:
            if kind == "leaf":
                total += 1
            elif kind == "branch":
                total += 1 + sum(map(self._count, value[0]))
            else:
                least, most, body = value
                times = max(1, least) if most == _WITHOUT_BOUND else most
                total += 1 + times * self._count(body)
        return total

    def _write(self, parts: list[Any]) -> str:
        return "".join(map(self._write_one, parts))

    def _write_one(self, part: Any) -> str:
        kind, *value = part
        if kind == "leaf":
            chars = self._chars[value[0]]
            return chars if len(chars) == 1 else f"[{chars}]"
        if kind == "branch":
            return f"(?:{'|'.join(map(self._write, value[0]))})"
        least, most, body = value
        bound = "" if most == _WITHOUT_BOUND else most
        return f"(?:{self._write(body)}){{{least},{bound}}}"

    def refusal(self, reason: str) -> SettingsError:
        """Return the error that tells why it cannot be used."""
        return SettingsError(f"--match {self._pattern!r:.60} cannot be used: {reason}")


def _is_anchor(item: Any, which: set[str]) -> bool:
    return str(item[0]) == "AT" and str(item[1]) in which


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise `_TooSlowError` once this process has run for so long, where that can be known."""
    timers = hasattr(signal, "setitimer")
    if not timers or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TooSlowError

    handler = signal.signal(signal.SIGVTALRM, stop)
    timer = signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, *timer)
        signal.signal(signal.SIGVTALRM, handler or signal.SIG_DFL)
