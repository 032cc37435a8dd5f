"""Why something cannot be done with a conversation now, as a clause: nothing if it can.

One sentence for each reason, for commands, keys and screens alike.
"""

from collections.abc import Callable

from charlm_tui.controls.controls import warmer
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Phase

NO_BRANCH = "this reply cannot be branched now"
NO_FILES = "this machine's files and programs are closed to visitors"
Obstacle = Callable[[Conversation], str]


def nothing(_: object) -> str:
    """Return nothing: it can always be done."""
    return ""


def no_files(it: Conversation) -> str:
    """Return that whoever is here has no files and no programs of this machine, if so."""
    return NO_FILES if it.visit is not None else ""


def nothing_to_save(it: Conversation) -> str:
    """Return why no reply can be written to a file."""
    return no_files(it) or no_turn(it)


def not_busy(it: Conversation) -> str:
    """Return that no reply is on its way, if none is."""
    return "" if it.busy else "no reply is on its way"


def no_turn(it: Conversation) -> str:
    """Return that there is no reply, if there is none."""
    return "" if it.turns else "there is no reply yet: send a seed first"


def not_ready(it: Conversation) -> str:
    """Return why no reply can begin."""
    if it.model is None or it.state is Phase.LOADING:
        return "the model is not loaded yet: wait until it is ready"
    return "" if it.can_start else "a seed is being made up: wait, or stop it"


def no_twin(it: Conversation) -> str:
    """Return why no reply can begin beside a twin."""
    if not it.controls.settings.held:
        return "no unit is held, so twins would be the same: hold one with /hold, or h in the lens"
    return not_ready(it)


def no_seed(it: Conversation) -> str:
    """Return why the last seed cannot be sent again."""
    return no_turn(it) or not_ready(it)


def not_resumable(it: Conversation) -> str:
    """Return why the last reply cannot be continued."""
    if it.can_resume or it.state is Phase.PAUSED:
        return ""
    if it.busy or it.state is Phase.DREAMING:
        return "the reply is still on its way"
    return no_turn(it) or other_model(it) or not_ready(it)


def not_stoppable(it: Conversation) -> str:
    """Return that there is nothing to stop, if there is nothing."""
    return "" if it.state is Phase.DREAMING else not_busy(it)


def no_step(it: Conversation) -> str:
    """Return why no single character can be drawn."""
    if it.can_step:
        return ""
    return no_turn(it) or other_model(it) or "this reply cannot be drawn in single steps"


def no_branch(it: Conversation) -> str:
    """Return why the last reply cannot be branched."""
    if it.turn is not None and it.tree.can_branch(it.turn):
        return ""
    return no_turn(it) or other_model(it) or NO_BRANCH


def other_model(it: Conversation) -> str:
    """Return that the last reply is by another model, if it is."""
    if it.turn is None or it.model is None or it.turn.model.sha256 in it.models:
        return ""
    return by_another(it, it.turn.model, "the last reply")


def by_another(it: Conversation, model: ModelLoaded, reply: str = "this reply") -> str:
    """Say that a reply is by another model than those at hand."""
    if it.model is not None and it.model.name == model.name:  # of the same file, say
        return f"{reply} is by another {model.name}, which is no longer at hand"
    return f"{reply} is by {model.name}, which is not the model in use"


def at_the_end(temperature: float, steps: int, highest: str = "highest") -> str:
    """Return why a temperature cannot be changed by some steps of a key."""
    end = "lowest" if steps < 0 else highest
    at_end = warmer(temperature, steps) == temperature
    return f"the temperature is {temperature:g}, the {end}" if at_end else ""


def no_step_of_a_lane(it: Conversation, lane: int, steps: int) -> str:
    """Return why the temperature of a ladder's lane cannot be changed by some steps of a key."""
    temperatures = it.ladder.temperatures
    return (
        at_the_end(temperatures[lane], steps)
        if lane < len(temperatures)
        else "the ladder has ended"
    )


def no_other_step(steps: int) -> Obstacle:
    """Return what says why the temperature goes no further by a key."""
    highest = "highest by key; /temp takes any"
    return lambda it: at_the_end(it.temperature.now, steps, highest)


def no_other_speed(steps: int) -> Obstacle:
    """Return what says why replies come no faster, or no slower."""
    end = "slowest" if steps < 0 else "fastest"
    return lambda it: (
        f"that is the {end} there is" if it.controls.faster(steps) == it.controls else ""
    )


def no_other_temperature(temperature: float) -> Obstacle:
    """Return what says why a preset changes nothing."""

    def obstacle(it: Conversation) -> str:
        settings = it.controls.settings
        same = settings.temperature == temperature and not settings.moving
        return f"the temperature is {temperature} already" if same else ""

    return obstacle
