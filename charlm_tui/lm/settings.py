"""The sampling settings: one frozen object; a change makes a new one.

Free of numpy, so that a front end can hold settings before its first paint.
"""

import math
from dataclasses import dataclass

from charlm_tui.lm.errors import SettingsError

RNG_SEEDS = 2**64


@dataclass(frozen=True, slots=True)
class Settings:
    """How a character is drawn.

    Raises:
        SettingsError: a value is outside its range.
    """

    temperature: float = 0.5
    """0 is greedy; 1 is the model's own distribution; above 1 flattens it. Finite, not negative."""
    rng_seed: int = 0
    """Key of the random numbers, from 0 to 2**64 - 1."""

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
