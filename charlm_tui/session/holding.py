"""Units of the model that a person holds: what is typed becomes what is in force.

From the next character on: what holding a unit means, `charlm_tui.lm.settings` says.
"""

from charlm_tui.engine.model_info import Units
from charlm_tui.errors import CommandError
from charlm_tui.lm.held import Held, shown, together, typed_parts, typed_value, without
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Noticed

OFF = "off"
NOTHING = "no unit is held; hold one, such as: /hold c 52 = 1.0"


def hold(conversation: Conversation, text: str) -> None:
    """Do what was typed, and tell which units are held then.

    Args:
        conversation: whose replies it is for.
        text: a unit and a value (`c 52 = 1.0`), a unit that is to be let go (`c 52 off`), or `off`
            for all of them; nothing only tells.

    Raises:
        CharlmError: the model has no such unit, or that is no value.
    """
    if text:
        _put(conversation, _asked(conversation, text))
    tell_held(conversation)


def hold_at(conversation: Conversation, unit: int, value: str) -> None:
    """Hold a unit of the model in use at a value that was typed.

    Args:
        conversation: whose replies it is for.
        unit: its number, through all states.
        value: a number.

    Raises:
        CharlmError: it is none, or it is too large.
    """
    state, number = units_of(conversation).place(unit)
    held = conversation.controls.settings.held
    _put(conversation, together(held, Held(state, number, typed_value(value))))


def let_go(conversation: Conversation, unit: int) -> None:
    """Hold a unit of the model in use no longer."""
    held = conversation.controls.settings.held
    _put(conversation, without(held, *units_of(conversation).place(unit)))


def is_held(conversation: Conversation, unit: int) -> bool:
    """Return whether a unit of the model in use is held."""
    held = conversation.controls.settings.held
    return bool(held) and units_of(conversation).place(unit) in {it[:2] for it in held}


def tell_held(conversation: Conversation) -> None:
    """Tell which units are held, and at what."""
    conversation.tell(Noticed(shown(conversation.controls.settings.held) or NOTHING))


def units_of(conversation: Conversation) -> Units:
    """Return the units of the model in use.

    Raises:
        CommandError: there is no model yet.
    """
    if conversation.model is None:
        raise CommandError("no model is loaded yet; wait until it is ready")
    return Units(conversation.model.states)


def _asked(conversation: Conversation, text: str) -> tuple[Held, ...]:
    held = conversation.controls.settings.held
    if text.lower() == OFF:
        return ()
    units = units_of(conversation)
    if text.lower().endswith(f" {OFF}"):
        unit = units.place(units.named(text[: -len(OFF)].rstrip(" =")))
        if unit not in {it[:2] for it in held}:
            raise CommandError(f"{unit[0]}[{unit[1]}] is not held; {shown(held) or NOTHING}")
        return without(held, *unit)
    name, value = typed_parts(text)
    return together(held, Held(*units.place(units.named(name)), value))


def _put(conversation: Conversation, held: tuple[Held, ...]) -> None:
    conversation.change(conversation.controls.with_settings(held=held))
