"""What commands do with what is typed behind them.

Each takes the conversation and the text, and says what is wrong with it in one sentence.
"""

from dataclasses import replace
from pathlib import Path

from charlm_tui.controls.controls import PRESETS, new_rng_seed
from charlm_tui.engine.model_info import rows
from charlm_tui.errors import CommandError
from charlm_tui.files import at_home
from charlm_tui.lm.model_file import named
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.obstacles import by_another, no_files
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import ModelsWanted, Noticed, StateChanged


def numbered_preset(it: Conversation, text: str) -> None:
    """Set the temperature to one of the notebook's, by its number."""
    numbers = {str(number): preset for number, preset in enumerate(PRESETS, start=1)}
    if text not in numbers:
        raise CommandError(
            f"the preset is {text!r:.20} where a number from 1 to {len(PRESETS)} is expected: "
            "0.2, 0.5, 1.0 or 1.2"
        )
    it.temperature.set(numbers[text])


def carry(it: Conversation, text: str) -> None:
    """Let the model read all there was, or a window again: `[on|off]`."""
    if text not in ("", "on", "off"):
        raise CommandError(f"it is {text!r:.20} where on or off is expected; give one, or nothing")
    it.change(it.controls.with_settings(carry=text != "off", depth=0))


def pin(it: Conversation) -> None:
    """Pin the RNG seed of now, or no longer."""
    controls = it.controls
    it.change(replace(controls, pin=None if controls.pinned else controls.settings.rng_seed))


def branch(it: Conversation, text: str) -> None:
    """Take another way from a character of the last reply: `[N [TEXT]]`."""
    turn = it.turn
    if turn is None or not it.tree.can_branch(turn):
        raise CommandError("there is no reply of this model to branch; send a seed first")
    place, _, typed = text.partition(" ")
    try:
        number = int(place or 0)
    except ValueError:
        raise CommandError(
            f"the place is {place!r:.20} where the number of a character is expected, from the "
            "end if it is negative; give one"
        ) from None
    length = len(turn.tape)
    start = number if number >= 0 else length + number
    if not 0 <= start <= length:
        raise CommandError(
            f"the place is {number:,} where the reply has {length:,} characters; give another"
        )
    fitted = turn.vocabulary.fit(typed)
    if fitted.notice:
        it.tell(Noticed(fitted.notice))
    ids = turn.vocabulary.encode(fitted.text)
    it.tree.branch(turn, start, ids, rng_seed=None if ids else new_rng_seed())


def character(it: Conversation, text: str) -> tuple[Turn, int]:
    """Return the turn and the number of the character of the last reply that was typed: `[N]`.

    They are counted from 1, or from the end if N is negative; without it, it is the last one.

    Raises:
        CommandError: there is none, or the model cannot look at it.
    """
    turn = it.turn
    if turn is None or not len(turn.tape):
        raise CommandError("there is no reply yet to look at; send a seed first")
    if not it.tree.can_look(turn):
        raise CommandError(f"it cannot be looked at: {by_another(it, turn.model)}")
    length = len(turn.tape)
    try:
        number = int(text or -1)
    except ValueError:
        raise CommandError(
            f"it is {text!r:.20} where the number of a character is expected, from the end if it "
            "is negative; give one, or nothing for the last"
        ) from None
    if not (1 <= number <= length or -length <= number <= -1):
        raise CommandError(
            f"it is character {number:,} where the reply has {length:,}; give another"
        )
    return turn, number - 1 if number > 0 else length + number


def turned(it: Conversation) -> None:
    """Have new seeds continue the conversation, or start afresh, whichever they did not."""
    it.continues = not it.continues
    it.tell(StateChanged())


def score(it: Conversation, text: str) -> None:
    """Ask how well the model predicts a text, under the context of now.

    Raises:
        CharlmError: there is no model yet, or no text that it knows.
    """
    if it.model is None:
        raise CommandError("no model is loaded yet: wait until it is ready")
    it.requests.score(text, it.model, it.controls.settings)


def info(it: Conversation) -> None:
    """Tell the model's card."""
    if it.model is None:
        raise CommandError("no model is loaded yet; wait until it is ready")
    pairs = rows(it.model, path=not no_files(it))
    width = max(len(name) for name, _ in pairs)
    it.tell(Noticed("\n".join(f"{name:<{width}}  {value}" for name, value in pairs)))


def use_model(it: Conversation, text: str) -> None:
    """Use the model that was typed; if none was, say which there are."""
    if text:
        it.loading.use(place_of_model(it, text))
    elif it.visit is not None:
        names = ", ".join(sorted(it.visit.models))
        it.tell(Noticed(f"the model is {name_of_model(it) or 'loading'}; there are {names}"))
    else:
        it.tell(ModelsWanted())


def name_of_model(it: Conversation) -> str:
    """Return what is typed for the model in use, its path or a visitor's name of it; or nothing."""
    if it.model is None:
        return ""
    return it.model.path if it.visit is None else Path(it.model.path).stem


def place_of_model(it: Conversation, text: str) -> str:
    """Return the path of a model that was typed, by its path or its name.

    Raises:
        CommandError: it can be no path, or is none of those that a visitor can take.
    """
    if it.visit is not None:
        return it.visit.place_of_model(text)
    try:
        return str(named(at_home(Path(text))))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CommandError(f"{text!r:.40} cannot be a model file: {reason}") from None
