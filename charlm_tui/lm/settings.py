"""The sampling settings: one frozen object; a change makes a new one.

Free of numpy, so that a front end can hold settings before its first paint.
"""

import math
from dataclasses import dataclass

from charlm_tui.lm.errors import SettingsError

RNG_SEEDS = 2**64
MIROSTAT_BITS = 1.5
"""Target that Mirostat has by default: a token model's 5 or 8 bits mean nothing at 57 symbols."""
MIROSTAT_RANGE = (0.2, 5.0)


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

    def __post_init__(self) -> None:
        if not math.isfinite(self.temperature) or self.temperature < 0:
            raise SettingsError(
                f"the temperature is {self.temperature:g} where 0 (greedy) or a positive number "
                "is expected; the notebook's are 0.2, 0.5, 1.0 and 1.2"
            )
        if not 0 <= self.rng_seed < RNG_SEEDS:
            raise SettingsError(
                f"the RNG seed is {self.rng_seed} where a whole number from 0 to "
                f"{RNG_SEEDS - 1} is expected; give another"
            )
        if self.top_k < 0:
            raise SettingsError(
                f"top-k is {self.top_k} where 0 (all) or a number of characters is expected; "
                "10 is a good start"
            )
        for name, value in (("top-p", self.top_p), ("typical-p", self.typical_p)):
            if not 0 < value <= 1:
                raise SettingsError(
                    f"{name} is {value:g} where a number above 0 and up to 1 (all) is expected; "
                    "0.9 is a good start"
                )
        if not 0 <= self.min_p <= 1:
            raise SettingsError(
                f"min-p is {self.min_p:g} where a number from 0 (all) to 1 is expected; "
                "0.05 is a good start"
            )
        low, high = MIROSTAT_RANGE
        if self.mirostat != 0 and not low <= self.mirostat <= high:
            raise SettingsError(
                f"the target of Mirostat is {self.mirostat:g} bits where 0 (off) or a number from "
                f"{low:g} to {high:g} is expected; {MIROSTAT_BITS:g} is a good start"
            )

        if self.depth < 0:
            raise SettingsError(
                f"the depth is {self.depth} where 0 (the model's window) or a number of characters "
                "is expected; give another"
            )

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
