"""What a person can turn while a reply streams, and the steps in which keys turn it.

One frozen object that travels to the engine whole. Knows nothing of keys or screens.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from charlm_tui.lm.settings import RNG_SEEDS, Settings

PRESETS = (0.2, 0.5, 1.0, 1.2)
"""The notebook's four temperatures."""
TEMPERATURE_STEP = 0.05
HIGHEST_TEMPERATURE = 5.0  # by key; the command line takes any
SPEEDS = (4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 0.0)
"""Characters per second, slow to fast; 0 is as fast as they can be generated."""
OF_SETTINGS = frozenset(each.name for each in fields(Settings))
"""The fields that are sampling settings."""
LANES = (2, 8)
"""Replies that are drawn side by side: at least, at most."""
REPLY_LENGTH = 400
"""Characters in a reply, as in the notebook."""
SOURCE: random.Random = random.SystemRandom()
"""Where everything comes from that nobody chose."""


@dataclass(frozen=True, slots=True)
class Controls:
    """Everything that decides how a reply continues from here."""

    settings: Settings = field(default_factory=Settings)
    speed: float = 60.0
    """Characters per second that are shown; 0 is as fast as they can be generated."""
    length: int = REPLY_LENGTH
    """Number of the character at which the reply ends; 0 is never."""
    pin: int | None = None
    """RNG seed that each new turn begins with; None draws another one for each."""

    @property
    def pinned(self) -> bool:
        """Whether the RNG seed in force is the one that is pinned."""
        return self.pin == self.settings.rng_seed

    @property
    def rng_seed_shown(self) -> str:
        """The RNG seed in force as it is shown, and whether it is pinned."""
        return f"{self.settings.rng_seed}{' pinned' if self.pinned else ''}"

    def with_settings(self, **changes: Any) -> "Controls":
        """Return these controls with some of the sampling settings changed."""
        return replace(self, settings=replace(self.settings, **changes))

    def with_fields(self, changes: Mapping[str, Any]) -> "Controls":
        """Return these controls with some fields changed, their own and those of the settings."""
        settings = {name: value for name, value in changes.items() if name in OF_SETTINGS}
        others = {name: value for name, value in changes.items() if name not in OF_SETTINGS}
        return replace(self.with_settings(**settings), **others)

    def faster(self, steps: int = 1) -> "Controls":
        """Return these controls `steps` along `SPEEDS`; negative is slower."""
        place = SPEEDS.index(self.speed) if self.speed in SPEEDS else SPEEDS.index(60.0)
        return replace(self, speed=SPEEDS[min(max(place + steps, 0), len(SPEEDS) - 1)])


def warmer(temperature: float, steps: int = 1) -> float:
    """Return the temperature `steps` of a key up, negative is down, on a grid from 0 to 5."""
    after = round(temperature + steps * TEMPERATURE_STEP, 2)
    if temperature <= HIGHEST_TEMPERATURE:
        after = round(round(temperature / TEMPERATURE_STEP + steps) * TEMPERATURE_STEP, 2)
    if steps > 0:
        after = max(temperature, min(after, HIGHEST_TEMPERATURE))
    return max(after, 0.0)


def next_preset(temperature: float) -> float:
    """Return the lowest preset above a temperature, else the first one."""
    return next((preset for preset in PRESETS if preset > temperature), PRESETS[0])


def new_rng_seed() -> int:
    """Return an RNG seed that nobody chose: short enough to be read aloud and typed again."""
    return SOURCE.randrange(min(RNG_SEEDS, 10**6))
