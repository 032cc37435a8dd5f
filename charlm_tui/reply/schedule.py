"""A temperature that changes along a reply: ramps, cycles, and another one inside words.

Where the temperature is at a character follows from the settings alone.
"""

from array import array

from charlm_tui.controls.controls import Controls
from charlm_tui.lm.settings import Settings


def begun(controls: Controls, number: int) -> Controls:
    """Begin a ramp or a cycle that is in force at a character."""
    if controls.settings.moving in ("ramp", "cycle"):
        return controls.with_settings(moving_from=number)
    return controls


def temperatures(settings: Settings, read: str, text: str, first: int, stop: int) -> "array[float]":
    """Return the temperatures in force at characters `first` to `stop` of a reply, as float32.

    Args:
        settings: in force there.
        read: what was read before the reply.
        text: the reply.
        first: number of a character.
        stop: number of the one after the last.
    """
    if not settings.moving:
        return array("f", [settings.temperature]) * (stop - first)
    last = text[first - 1] if first else (read[-1:] or "\n")  # the start symbol is no letter
    before = (last + text[first:stop])[: stop - first]
    return array(
        "f",
        [
            settings.temperature_at(number, char.isalnum())
            for number, char in enumerate(before, start=first)
        ],
    )
