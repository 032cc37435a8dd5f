"""What a person can turn while a reply streams, and the steps in which keys turn it.

One frozen object that travels to the engine whole. Knows nothing of keys or screens.
"""

import random
from dataclasses import dataclass, field, replace
from typing import Any

from charlm_tui.lm.settings import RNG_SEEDS, Settings

PRESETS = (0.2, 0.5, 1.0, 1.2)
"""The notebook's four temperatures."""
TEMPERATURE_STEP = 0.05
HIGHEST_TEMPERATURE = 5.0  # by key; the command line takes any
SPEEDS = (4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 0.0)
"""Characters per second, slow to fast; 0 is as fast as they can be generated."""
LANES = (2, 8)
"""Replies that are drawn side by side: at least, at most."""
REPLY_LENGTH = 400
"""Characters in a reply, as in the notebook."""


@dataclass(frozen=True, slots=True)
class Controls:
    """Everything that decides how a reply goes on from here."""

    settings: Settings = field(default_factory=Settings)
    speed: float = 60.0
    """Characters per second that are shown; 0 is as fast as they can be generated."""
    length: int = REPLY_LENGTH
    """Number of the character at which the reply ends; 0 is never."""

    def with_settings(self, **changes: Any) -> "Controls":
        """Give these controls with some of the sampling settings changed."""
        return replace(self, settings=replace(self.settings, **changes))

    def warmer(self, steps: int = 1) -> "Controls":
        """Give these controls `steps` of temperature up; negative is down. Ends at 0 and 5."""
        now = self.settings.temperature
        after = round(round(now / TEMPERATURE_STEP + steps) * TEMPERATURE_STEP, 2)
        if steps > 0:
            after = max(now, min(after, HIGHEST_TEMPERATURE))
        return self.with_settings(temperature=max(after, 0.0))

    def next_preset(self) -> "Controls":
        """Give these controls at the lowest preset above the temperature, else at the first."""
        now = self.settings.temperature
        after = next((preset for preset in PRESETS if preset > now), PRESETS[0])
        return self.with_settings(temperature=after)

    def faster(self, steps: int = 1) -> "Controls":
        """Give these controls `steps` along `SPEEDS`; negative is slower."""
        place = SPEEDS.index(self.speed) if self.speed in SPEEDS else SPEEDS.index(60.0)
        return replace(self, speed=SPEEDS[min(max(place + steps, 0), len(SPEEDS) - 1)])


def new_rng_seed() -> int:
    """Give an RNG seed that nobody chose: short enough to be read aloud and typed again."""
    return random.SystemRandom().randrange(min(RNG_SEEDS, 10**6))
