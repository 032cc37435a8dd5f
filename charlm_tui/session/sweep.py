"""Moving the temperature of a conversation: by a schedule, or while a key is held.

Each is a few changes of the settings, however many characters it takes. Knows nothing of keys or
screens.
"""

from dataclasses import replace
from typing import Protocol

from charlm_tui.controls.controls import HIGHEST_TEMPERATURE, Controls, warmer
from charlm_tui.lm.settings import Moving
from charlm_tui.reply.schedule import begun
from charlm_tui.session.stage import Stage
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import Phase

SWEEP_PER_CHARACTER = 0.005  # of temperature, while a key is held
MOST_SWEPT = 1000.0  # of temperature, at that pace: what was typed may be any number
HELD_S = 0.7  # after the last repeat of a key, until it counts as let go: the first repeat is slow


class Tempered(Protocol):
    """What a temperature belongs to: a conversation, or its stage."""

    @property
    def controls(self) -> Controls:
        """The settings in force."""

    @property
    def turn(self) -> Turn | None:
        """The last turn."""

    @property
    def busy(self) -> bool:
        """Whether the last reply is on its way, paused or not."""

    @property
    def drawing(self) -> bool:
        """Whether the engine draws the last reply, paused or not."""

    def change(self, controls: Controls) -> None:
        """Put new controls in force."""

    def set_temperature(self, temperature: float) -> None:
        """Put a temperature in force; a schedule that is running ends."""


def temperature_now(conversation: Tempered) -> float:
    """Return the temperature in force: where a schedule has come to, else the setting.

    A schedule moves while the model draws. A recorded reply that plays has temperatures of its own,
    or none: they are in force for nothing.
    """
    settings, turn = conversation.controls.settings, conversation.turn
    if not settings.moving or not conversation.drawing or turn is None:
        return settings.temperature
    number = turn.reply.next_number
    last = turn.text(len(turn.tape) - 1) if len(turn.tape) else turn.seed[-1:]
    return settings.temperature_at(number, last.isalnum())


def stand_still(conversation: Tempered) -> None:
    """End a schedule at the temperature to which it has come."""
    temperature = temperature_now(conversation)
    moves = conversation.controls.settings.moving
    conversation.set_temperature(round(temperature, 2) if moves else temperature)


def move(
    conversation: Tempered, moving: Moving, to: float | None = None, over: int | None = None
) -> None:
    """Start a temperature schedule from where the temperature is now.

    Args:
        conversation: whose.
        moving: how.
        to: the other temperature; None is the one that is set.
        over: characters that it takes; None is as many as are set.

    Raises:
        SettingsError: a value is outside its range.
    """
    settings = conversation.controls.settings
    start = temperature_now(conversation)
    changed = replace(
        settings,
        temperature=round(start, 2) if settings.moving else start,
        moving=moving,
        moving_to=settings.moving_to if to is None else to,
        moving_over=settings.moving_over if over is None else over,
    )
    turn = conversation.turn
    number = turn.reply.next_number if conversation.busy and turn is not None else 0
    conversation.change(begun(replace(conversation.controls, settings=changed), number))


class Sweep:
    """The temperature while a key is held: a ramp that ends when it is let go.

    Args:
        stage: of the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._direction = 0
        self._until_s = 0.0

    @property
    def active(self) -> bool:
        """Whether a key is held."""
        return self._direction != 0

    def hold(self, direction: int) -> None:
        """Take note that a key is pressed, or still held: +1 is warmer, -1 cooler.

        Where nothing streams, a press is a step.
        """
        it = self._stage
        if it.state is not Phase.STREAMING:
            it.set_temperature(warmer(temperature_now(it), direction))
            return
        self._until_s = it.clock() + HELD_S
        if direction == self._direction:
            return
        self._direction = direction
        now = temperature_now(it)
        to = max(now, HIGHEST_TEMPERATURE) if direction > 0 else 0.0
        span = min(abs(to - now), MOST_SWEPT)
        move(it, "ramp", to, max(1, round(span / SWEEP_PER_CHARACTER)))

    def look(self) -> None:
        """End the sweep if the key was let go."""
        it = self._stage
        let_go = it.state is not Phase.STREAMING or it.clock() >= self._until_s
        if self.active and let_go:
            self._direction = 0
            stand_still(it)
