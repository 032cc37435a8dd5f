"""Moving the temperature of a conversation: by a schedule, or while a key is held.

Each is a few changes of the settings, however many characters it takes. Knows nothing of keys or
screens.
"""

from dataclasses import replace

from charlm_tui.controls.controls import HIGHEST_TEMPERATURE, warmer
from charlm_tui.lm.settings import Moving
from charlm_tui.reply.schedule import begun
from charlm_tui.session.stage import Stage
from charlm_tui.session.updates import Phase

SWEEP_PER_CHARACTER = 0.005  # of temperature, while a key is held
MOST_SWEPT = 1000.0  # of temperature, at that pace: what was typed may be any number
HELD_S = 0.7  # after the last repeat of a key, until it counts as let go: the first repeat is slow


class Temperature:
    """The temperature of a conversation: set, on its way by a schedule, or while a key is held.

    Args:
        stage: of the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._direction = 0
        self._until_s = 0.0

    @property
    def now(self) -> float:
        """What is in force: where a schedule has come to, else the setting.

        A schedule moves while the model draws. A recorded reply that plays has temperatures of its
        own, or none: they are in force for nothing.
        """
        it = self._stage
        settings, turn = it.controls.settings, it.turn
        if not settings.moving or not it.drawing or turn is None:
            return settings.temperature
        number = turn.reply.next_number
        last = turn.text(len(turn.tape) - 1) if len(turn.tape) else turn.seed[-1:]
        return settings.temperature_at(number, last.isalnum())

    def set(self, temperature: float) -> None:
        """Put a temperature in force; a schedule that is running ends.

        Raises:
            SettingsError: it is none.
        """
        self._stage.set_temperature(temperature)

    def stand_still(self) -> None:
        """End a schedule at the temperature to which it has come."""
        now = self.now
        self.set(round(now, 2) if self._stage.controls.settings.moving else now)

    def move(self, moving: Moving, to: float | None = None, over: int | None = None) -> None:
        """Start a schedule from where the temperature is now.

        Args:
            moving: how.
            to: the other temperature; None is the one that is set.
            over: characters that it takes; None is as many as are set.

        Raises:
            SettingsError: a value is outside its range.
        """
        it = self._stage
        settings, start = it.controls.settings, self.now
        changed = replace(
            settings,
            temperature=round(start, 2) if settings.moving else start,
            moving=moving,
            moving_to=settings.moving_to if to is None else to,
            moving_over=settings.moving_over if over is None else over,
        )
        turn = it.turn
        number = turn.reply.next_number if it.busy and turn is not None else 0
        it.change(begun(replace(it.controls, settings=changed), number))

    @property
    def held(self) -> bool:
        """Whether a key is held."""
        return self._direction != 0

    def hold(self, direction: int) -> None:
        """Take note that a key is pressed, or still held: +1 is warmer, -1 cooler.

        Where something streams it is a ramp that ends when the key is let go, else a step.
        """
        it = self._stage
        if it.state is not Phase.STREAMING:
            self.set(warmer(self.now, direction))
            return
        self._until_s = it.clock() + HELD_S
        if direction == self._direction:
            return
        self._direction = direction
        now = self.now
        to = max(now, HIGHEST_TEMPERATURE) if direction > 0 else 0.0
        span = min(abs(to - now), MOST_SWEPT)
        self.move("ramp", to, max(1, round(span / SWEEP_PER_CHARACTER)))

    def look(self) -> None:
        """End the ramp of a key if that was let go."""
        it = self._stage
        let_go = it.state is not Phase.STREAMING or it.clock() >= self._until_s
        if self.held and let_go:
            self._direction = 0
            self.stand_still()
