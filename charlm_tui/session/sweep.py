"""Moving the temperature of a conversation: by a schedule, or while a key is held.

Each is a few changes of the settings, however many characters it takes. Knows nothing of keys or
screens.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from charlm_tui.controls.controls import HIGHEST_TEMPERATURE, warmer
from charlm_tui.lm.settings import Moving
from charlm_tui.reply.schedule import begun

if TYPE_CHECKING:
    from charlm_tui.session.conversation import Conversation

SWEEP_PER_CHARACTER = 0.005  # of temperature, while a key is held
MOST_SWEPT = 1000.0  # of temperature, at that pace: what was typed may be any number
HELD_S = 0.7  # after the last repeat of a key, until it counts as let go: the first repeat is slow


def temperature_now(conversation: "Conversation") -> float:
    """Return the temperature in force: where a schedule has come to, else the setting.

    A schedule moves while the model draws. A recorded reply that plays has temperatures of its own,
    or none: they are in force for nothing.
    """
    settings, turn = conversation.controls.settings, conversation.turn
    moves = settings.moving and conversation.busy and not conversation.recorded.playing
    if not moves or turn is None:
        return settings.temperature
    number = turn.reply.next_number
    last = turn.text(len(turn.tape) - 1) if len(turn.tape) else turn.seed[-1:]
    return settings.temperature_at(number, last.isalnum())


def stand_still(conversation: "Conversation") -> None:
    """End a schedule at the temperature to which it has come."""
    temperature = temperature_now(conversation)
    moves = conversation.controls.settings.moving
    conversation.set_temperature(round(temperature, 2) if moves else temperature)


def move(
    conversation: "Conversation", moving: Moving, to: float | None = None, over: int | None = None
) -> None:
    """Let the temperature move from where it is now.

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
        conversation: whose.
    """

    def __init__(self, conversation: "Conversation") -> None:
        self._conversation = conversation
        self._direction = 0
        self._until_s = 0.0

    @property
    def active(self) -> bool:
        """Whether a key is held."""
        return self._direction != 0

    def hold(self, direction: int, now_s: float) -> None:
        """Take note that a key is pressed, or still held: +1 is warmer, -1 cooler.

        Where nothing streams, a press is a step.
        """
        it = self._conversation
        if not it.streaming:
            it.set_temperature(warmer(temperature_now(it), direction))
            return
        self._until_s = now_s + HELD_S
        if direction == self._direction:
            return
        self._direction = direction
        now = temperature_now(it)
        to = max(now, HIGHEST_TEMPERATURE) if direction > 0 else 0.0
        span = min(abs(to - now), MOST_SWEPT)
        move(it, "ramp", to, max(1, round(span / SWEEP_PER_CHARACTER)))

    def look(self, now_s: float) -> None:
        """End the sweep if the key was let go."""
        if self.active and (now_s >= self._until_s or not self._conversation.streaming):
            self._direction = 0
            stand_still(self._conversation)
