"""What a person can tell the program to do, whichever front end they sit at.

A key of the app, an entry of its palette and a slash command of a REPL are the same object.
"""

from collections.abc import Callable
from typing import NamedTuple

from charlm_tui.session.controls import PRESETS, new_rng_seed
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.knobs import KNOBS, Knob
from charlm_tui.session.updates import State


def _always(_: Conversation) -> bool:
    return True


class Command(NamedTuple):
    """One thing to do."""

    id: str
    title: str
    """In two or three words, as a palette shows it."""
    help: str
    """One sentence."""
    run: Callable[[Conversation], None]
    available: Callable[[Conversation], bool] = _always


def _preset(number: int, temperature: float) -> Command:
    return Command(
        f"preset-{number}",
        f"Temperature {temperature}",
        f"Set the temperature to the notebook's {temperature}.",
        lambda it: it.change(it.controls.with_settings(temperature=temperature)),
    )


def _turns(knob: Knob) -> tuple[Command, Command]:
    return (
        Command(f"{knob.id}-down", f"{knob.title}: less", knob.help, lambda it: knob.turn(it, -1)),
        Command(f"{knob.id}-up", f"{knob.title}: more", knob.help, lambda it: knob.turn(it, +1)),
    )


_COMMANDS = (
    Command(
        "cooler",
        "Cooler",
        "Lower the temperature by 0.05: surer, more repetitive text.",
        lambda it: it.change(it.controls.warmer(-1)),
    ),
    Command(
        "warmer",
        "Warmer",
        "Raise the temperature by 0.05: bolder, more surprising text.",
        lambda it: it.change(it.controls.warmer(+1)),
    ),
    Command(
        "next-preset",
        "Next preset",
        "Set the temperature to the next of the notebook's four: 0.2, 0.5, 1.0, 1.2.",
        lambda it: it.change(it.controls.next_preset()),
    ),
    *(_preset(number, temperature) for number, temperature in enumerate(PRESETS, start=1)),
    Command(
        "pause",
        "Pause or resume",
        "Pause the reply, or let it go on.",
        lambda it: it.pause(),
        lambda it: it.busy,
    ),
    Command(
        "step",
        "Step",
        "Draw one character of the reply, and pause.",
        lambda it: it.step(),
        lambda it: it.busy or it.can_go_on,
    ),
    Command(
        "stop",
        "Stop",
        "Stop the reply here and keep it.",
        lambda it: it.stop(),
        lambda it: it.busy or it.state is State.DREAMING,
    ),
    Command(
        "go-on",
        "Go on",
        "Go on from where the reply has ended.",
        lambda it: it.go_on(),
        lambda it: it.can_go_on or it.state is State.PAUSED,
    ),
    Command(
        "again",
        "Once more",
        "Answer the last seed once more, with a new RNG seed.",
        lambda it: it.again(),
        lambda it: it.turn is not None and it.can_start,
    ),
    Command(
        "dream",
        "Dream a seed",
        "Let the model make up a seed and put it into the prompt.",
        lambda it: it.dream(),
        lambda it: it.can_start,
    ),
    Command(
        "slower",
        "Slower",
        "Show fewer characters per second.",
        lambda it: it.change(it.controls.faster(-1)),
    ),
    Command(
        "faster",
        "Faster",
        "Show more characters per second, up to as fast as they can be generated.",
        lambda it: it.change(it.controls.faster(+1)),
    ),
    Command(
        "continue",
        "Fresh or continued",
        "Let a new seed start afresh, or go on with the conversation.",
        lambda it: it.toggle_continue(),
    ),
    Command(
        "other-numbers",
        "New RNG seed",
        "Draw with other random numbers from here on.",
        lambda it: it.change(it.controls.with_settings(rng_seed=new_rng_seed())),
    ),
    *(
        command
        for knob in KNOBS
        if knob.id not in ("temperature", "speed", "rng-seed")  # they have commands of their own
        for command in _turns(knob)
    ),
)

COMMANDS = {command.id: command for command in _COMMANDS}
"""Every command by its id, in the order in which they are shown."""
