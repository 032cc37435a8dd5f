"""The sampling settings: one frozen object; a change makes a new one.

Free of numpy, so that a front end can hold settings before its first paint.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from charlm_tui.lm import held as held_units
from charlm_tui.lm import rule_values
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.held import Held

RNG_SEEDS = 2**64
Moving = Literal["", "ramp", "cycle", "words"]
MOVING: tuple[Moving, ...] = ("", "ramp", "cycle", "words")
MIROSTAT_BITS = 1.5
"""Target that Mirostat has by default: a token model's 5 or 8 bits mean nothing at 57 symbols."""
MIROSTAT_RANGE = (0.2, 5.0)
STEERED_VERSION = 2
"""Of a tape file, a shared line and the history: the first that can have held units and rules.

Each is written as version 1 where there are none, so that what was written before can read it.
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a character is made: what the model has read, and how it is drawn from what it says.

    `charlm_tui.lm.truncation` tells in which order the truncations and the temperature apply.

    Raises:
        SettingsError: a value is outside its range.
    """

    temperature: float = 0.5
    """0 is greedy; 1 is the model's own distribution; above 1 flattens it. Finite, not negative."""
    rng_seed: int = 0
    """Key of the random numbers, from 0 to 2**64 - 1."""
    top_k: int = 0
    """How many of the most likely characters are kept; 0 is all."""
    top_p: float = 1.0
    """Share of probability that the most likely characters kept have together; 1 is all."""
    min_p: float = 0.0
    """Least probability that is kept, as a share of the largest; 0 is all."""
    typical_p: float = 1.0
    """Share of probability that the most typical characters kept have together; 1 is all."""
    mirostat: float = 0.0
    """Surprisal in bits that a reply is steered to, from 0.2 to 5; 0 is off."""
    depth: int = 0
    """Characters of context, exactly; 0 is the window that the model was trained with."""
    carry: bool = False
    """Whether the model's state is carried on without bound, in place of a window."""
    moving: Moving = ""
    """How the temperature moves from `temperature` to `moving_to`, if it does.

    "ramp": once, over `moving_over` characters, and stays there. "cycle": back and forth in as
    many, at a constant rate. "words": `temperature` at the start of a word, `moving_to` within it.
    """
    moving_to: float = 1.2
    """The other temperature; without effect if it does not move."""
    moving_over: int = 200
    """Characters that a ramp or a whole cycle takes, at least 1."""
    moving_from: int = 0
    """Number of the character at which a ramp or a cycle begins."""
    held: tuple[Held, ...] = ()
    """Units of the model's state that are held at a value; in the one order that they have here.

    The step that reads a character under these settings hands on a state in which they have it. So
    what is drawn after that character is as ever, and what follows it may not be.
    """

    ban: str = ""
    """Characters that are never drawn; in order, each once."""
    bias: rule_values.Bias = ()
    """Characters and the bits of their biases: each probability is multiplied by 2 to the power of
    them, and then all are renormalised."""
    until: tuple[str, ...] = ()
    """Texts after which a reply ends."""
    until_cut: bool = False
    """Whether the text of `until` that has ended a reply is taken away from it."""
    forbid: tuple[str, ...] = ()
    """Phrases that never appear, nor across the end of the seed."""
    match: str = ""
    """Regular expression that the reply matches as a whole, as by `re.fullmatch`; empty is none."""
    match_from: int = 0
    """Number of the character at which the text that has to match begins."""
    match_within: int = 0
    """Number of the character before which it has to match; 0 is without bound."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.temperature) or self.temperature < 0:
            raise SettingsError(
                f"temperature must be 0 (greedy) or a positive number, not {self.temperature:g}; "
                "the notebook's are 0.2, 0.5, 1.0 and 1.2"
            )
        if not 0 <= self.rng_seed < RNG_SEEDS:
            raise SettingsError(
                f"rng-seed must be a whole number from 0 to {RNG_SEEDS - 1}, not {self.rng_seed}"
            )
        if self.top_k < 0:
            raise SettingsError(
                f"top-k must be 0 (all) or a number of characters, not {self.top_k}; "
                "10 is a good start"
            )
        for name, value in (("top-p", self.top_p), ("typical-p", self.typical_p)):
            if not 0 < value <= 1:
                raise SettingsError(
                    f"{name} must be a number above 0 and up to 1 (all), not {value:g}; "
                    "0.9 is a good start"
                )
        if not 0 <= self.min_p <= 1:
            raise SettingsError(
                f"min-p must be a number from 0 (all) to 1, not {self.min_p:g}; "
                "0.05 is a good start"
            )
        low, high = MIROSTAT_RANGE
        if self.mirostat != 0 and not low <= self.mirostat <= high:
            raise SettingsError(
                f"mirostat must be 0 (off) or a number of bits from {low:g} to {high:g}, "
                f"not {self.mirostat:g}; {MIROSTAT_BITS:g} is a good start"
            )

        self._check_moving()
        if self.held:
            object.__setattr__(self, "held", held_units.canonical(self.held))
        if self.rules or self.match_from or self.match_within:
            self._check_rules()
        if self.depth < 0:
            raise SettingsError(
                f"depth must be 0 (the model's window) or a number of characters, not {self.depth}"
            )

    def to_file(self) -> dict[str, Any]:
        """Return what a file has of the settings; of held units and rules nothing without them.

        So a file without them is what it was before there were any (`version_for`).
        """
        values = {name: getattr(self, name) for name in _KINDS if name not in _STEERED}
        if self.held:
            values["held"] = held_units.to_file(self.held)
        if self.rules or self.until_cut:
            values |= {name: rule_values.to_file(getattr(self, name)) for name in RULES}
        return values

    @classmethod
    def of_file(cls, values: Mapping[str, Any], version: int = STEERED_VERSION) -> "Settings":
        """Return the settings that a file has, where each value has the type of ours.

        Args:
            values: by their names.
            version: of the file; one below `STEERED_VERSION` has no held units and no rules.

        Raises:
            ValueError: a value is of another type, or there is no such setting.
            SettingsError: one is outside its range.
        """
        more: dict[str, Any] = {}
        for name, value in values.items():
            kind = _KINDS.get(name)
            if name in _STEERED and version < STEERED_VERSION:
                raise ValueError(f"its {name!s:.20} is of a later version")
            if name in _READERS:
                more[name] = _READERS[name](value)
            elif type(value) is not kind and not (kind is float and type(value) is int):
                raise ValueError(f"its {name!s:.20} is {value!r:.20}")
        return cls(**{**values, **more})

    def _check_moving(self) -> None:
        if self.moving not in MOVING:
            raise SettingsError(f"moving must be ramp, cycle or words, not {self.moving!r:.20}")
        if not math.isfinite(self.moving_to) or self.moving_to < 0:
            raise SettingsError(
                f"moving-to must be 0 (greedy) or a positive number, not {self.moving_to:g}"
            )
        if self.moving_over < 1 or self.moving_from < 0:
            raise SettingsError(
                "moving-over must be at least 1 character, and moving-from 0 or more, "
                f"not {self.moving_over} and {self.moving_from}"
            )

    def _check_rules(self) -> None:
        """Bring the rules to their canonical form, and refuse what cannot be one."""
        canonical: dict[str, Any] = {
            "ban": rule_values.canonical_ban(self.ban),
            "bias": rule_values.canonical_bias(self.bias),
            "until": rule_values.canonical_texts(self.until, "until", rule_values.MOST_UNTIL),
            "forbid": rule_values.canonical_texts(
                self.forbid, "forbid", rule_values.MOST_FORBIDDEN
            ),
        }
        rule_values.check_pattern(self.match)
        if not self.match:
            canonical |= {"match_from": 0, "match_within": 0}
        elif self.match_from < 0 or self.match_within < 0:
            raise SettingsError(
                "match-from and match-within must be 0 or numbers of characters, "
                f"not {self.match_from} and {self.match_within}"
            )
        for name, value in canonical.items():
            object.__setattr__(self, name, value)

    def temperature_at(self, number: int, within_word: bool) -> float:
        """Return the temperature in force at a character.

        Args:
            number: of the character in its reply.
            within_word: whether the character before it is a letter or a digit.
        """
        if not self.moving:
            return self.temperature
        if self.moving == "words":
            return self.moving_to if within_word else self.temperature
        share = (number - self.moving_from) / self.moving_over
        if self.moving == "cycle":
            share = 1.0 - abs(2.0 * (share % 1.0) - 1.0)
        share = min(max(share, 0.0), 1.0)
        return self.temperature + (self.moving_to - self.temperature) * share

    @property
    def rules(self) -> bool:
        """Whether any rule is in force."""
        return bool(self.ban or self.bias or self.until or self.forbid or self.match)

    @property
    def rule_key(self) -> tuple[Any, ...]:
        """The values of `RULES`: where they are equal, so are the rules of a reply."""
        return tuple(getattr(self, name) for name in RULES)

    @property
    def steers(self) -> bool:
        """Whether a file with them is of `STEERED_VERSION`."""
        return bool(self.held or self.rules or self.until_cut)

    @property
    def truncates(self) -> bool:
        """Whether any character may be left out."""
        return (
            self.top_k > 0
            or self.top_p < 1
            or self.min_p > 0
            or self.typical_p < 1
            or self.mirostat > 0
        )


RULES = ("ban", "bias", "until", "until_cut", "forbid", "match", "match_from", "match_within")
"""The settings that are rules, or belong to one."""
_STEERED = frozenset({"held", *RULES})
_KINDS = {each.name: type(each.default) for each in fields(Settings)}
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "held": held_units.of_file,
    "bias": rule_values.bias_of_file,
    "until": rule_values.texts_of_file,
    "forbid": rule_values.texts_of_file,
}


def version_for(settings: Iterable[Settings]) -> int:
    """Return the version of a file that can have these settings: the lowest that can."""
    return STEERED_VERSION if any(each.steers for each in settings) else 1
