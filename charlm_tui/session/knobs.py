"""What can be turned while a reply streams: the rows of the parameter table, applied to it.

The table says what a value is, how it is shown and why it has no effect; here stands how a
conversation takes it. Knows nothing of keys or screens.
"""

from dataclasses import replace
from typing import Any, NamedTuple

from charlm_tui.controls.controls import Controls
from charlm_tui.controls.kinds import Limits, Parameter
from charlm_tui.controls.parameters import PARAMETERS
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import MOVING
from charlm_tui.session.conversation import Conversation


class Knob(NamedTuple):
    """One setting of a conversation."""

    row: Parameter

    @property
    def id(self) -> str:
        """Its name in commands."""
        return self.row.name

    def value(self, conversation: Conversation) -> Any:
        """Return the value in force."""
        return self.row.of(_in_force(conversation))

    def shown(self, conversation: Conversation) -> str:
        """Return the value in force as it is shown."""
        return self.row.shown(_in_force(conversation), _limits(conversation))

    def offered(self, conversation: Conversation) -> str:
        """Return the value in force as it can be typed again."""
        return self.row.offered(_in_force(conversation))

    def idle(self, conversation: Conversation) -> str:
        """Return why it has no effect at present, or nothing."""
        return self.row.idle(conversation.controls, _limits(conversation))

    def turn(self, conversation: Conversation, steps: int) -> None:
        """Turn it by some steps, up to its end; negative is down."""
        if steps:
            value, limits = self.value(conversation), _limits(conversation)
            _put(conversation, self.row, self.row.turned(value, steps, limits))

    def type(self, conversation: Conversation, text: str) -> None:
        """Set it to what was typed.

        Raises:
            SettingsError: that is no value of it.
        """
        if self.id == "moving":
            _type_schedule(conversation, text)
        else:
            _put(conversation, self.row, self.row.of_typed(text, _limits(conversation)))


KNOBS = tuple(Knob(row) for row in PARAMETERS if row.title)
"""Every knob, in the order in which they are shown."""


def _limits(conversation: Conversation) -> Limits:
    model = conversation.model
    return Limits() if model is None else Limits(len(model.symbols), model.window)


def _in_force(conversation: Conversation) -> Controls:
    """Return the controls with the temperature and the length to which the reply has come."""
    controls = conversation.controls.with_settings(temperature=conversation.temperature.now)
    return replace(controls, length=conversation.reply_length)


def _put(conversation: Conversation, row: Parameter, value: Any) -> None:
    """Set a row to a value, as the conversation takes it."""
    match row.name:
        case "temperature":  # ends a schedule
            conversation.temperature.set(value)
        case "moving":  # begins where the temperature is now
            conversation.temperature.move(row.changes(value)["moving"])
        case "length":  # of the reply that streams, too
            conversation.reply_length = value
        case _:
            conversation.change(conversation.controls.with_fields(row.changes(value)))


def _type_schedule(conversation: Conversation, text: str) -> None:
    """Set the schedule to a word, which the other temperature and the characters may follow."""
    word, *numbers = text.lower().split() or [""]
    found = [it for it in MOVING[1:] if word and it.startswith(word)]
    try:
        to = float(numbers[0]) if numbers else None
        over = int(numbers[1]) if len(numbers) > 1 else None
    except ValueError:
        found = []
        to = over = None
    if word in ("off", "steady") and not numbers:
        conversation.temperature.stand_still()
    elif len(found) != 1 or len(numbers) > 2:
        raise SettingsError(
            "the temperature schedule must be steady, or ramp, cycle or words with the other "
            f"temperature and the characters it takes, such as ramp 1.2 300, "
            f"not {text.strip()!r:.30}"
        )
    else:
        conversation.temperature.move(found[0], to, over)
