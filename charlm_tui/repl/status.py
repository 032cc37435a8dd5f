"""What the chat says of a conversation in a line: how it stands, what has changed, how a reply was.

Plain text that fits the width it is given. Knows nothing of terminals.
"""

from collections.abc import Sequence

from charlm_tui.controls.controls import Controls
from charlm_tui.controls.rule_kinds import rules_counted, rules_shown
from charlm_tui.lm.held import shown
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Tape
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.knobs import KNOBS
from charlm_tui.session.turns import Turn
from charlm_tui.session.typed import Meaning, command_of, meaning

MOST_TEMPERATURES = 4  # that a reply's closing line names


def standing(conversation: Conversation, width: int) -> str:
    """Say how the conversation stands, in the longest words that fit a width."""
    settings, now = conversation.controls.settings, conversation.temperature.now
    name = conversation.model.name if conversation.model is not None else "loading"
    temperature = f"{now:.2f}" + _moving(settings)
    if not now and not settings.moving:
        temperature += " greedy"
    kind = "continued" if conversation.continues else "fresh"
    speed = conversation.controls.speed
    short = f"{speed:g}/s" if speed else "full"
    long = f"{speed:g} chars/s" if speed else "full speed"
    rng_seed = conversation.controls.rng_seed_shown
    units = "".join(f" │ {it}" for it in (shown(settings.held), rules_shown(settings)) if it)
    held = f"{len(settings.held)} held" if settings.held else ""
    few = "".join(f" {it}" for it in (held, rules_counted(settings)) if it)
    forms = (
        f" {name} │ temperature {temperature} │ RNG seed {rng_seed}{units} │ {long} "
        f"│ {kind} conversation │ /help",
        f" {name} │ temperature {temperature} │ RNG seed {rng_seed}{units} │ {long} "
        f"│ {kind} │ /help",
        f" {name} │ temperature {temperature} │ RNG seed {rng_seed}{units} │ {long} │ {kind}",
        f" {name} │ temp {temperature} │ RNG {settings.rng_seed}{few} │ {short} │ {kind}",
        f" {name[:9]} T{now:.2f} RNG{settings.rng_seed}{few} {short} {kind}",
        f" T{now:.2f} RNG{settings.rng_seed}{few} {short}",
    )
    return next((form for form in forms if len(form) <= width), forms[-1])


def change(before: Controls, after: Controls) -> str:
    """Say what a key has changed, in a word or two; nothing if it changed nothing."""
    old, new = before.settings, after.settings
    if (old.temperature, old.moving) != (new.temperature, new.moving):
        return f"{new.temperature:.2f}{_moving(new)}"
    if old.held != new.held:
        return shown(new.held) or "no unit held"
    if before.speed != after.speed:
        return f"{after.speed:g}/s" if after.speed else "full speed"
    return ""


def settings_shown(conversation: Conversation) -> dict[str, str]:
    """Return every setting's title and value, as they are shown."""
    shown = {knob.row.title: knob.shown(conversation) for knob in KNOBS}
    return shown | {"Conversation": "continued" if conversation.continues else "fresh"}


def confirmed(conversation: Conversation, before: dict[str, str], line: str) -> list[str]:
    """Say what a line has set, also if it is what was set before.

    Args:
        conversation: with which the line was taken.
        before: what `settings_shown` returned before that.
        line: as it was typed.
    """
    after = settings_shown(conversation)
    changed = [title for title, value in after.items() if before[title] != value]
    command = command_of(line) if meaning(line) is Meaning.COMMAND else None
    if not changed and command is not None and len(line.split()) > 1:
        set_by = "temperature" if command.id == "preset" else command.id
        changed = [knob.row.title for knob in KNOBS if knob.id == set_by]
    return [f"{title}: {after[title]}" for title in changed]


def closing(turn: Turn) -> str:
    """Say what a reply was made with, so that it can be made again."""
    tape = turn.tape
    if not len(tape):
        return "no characters"
    bits = f"{tape.mean_bits:.2f} bits per character" if tape.mean_bits is not None else ""
    runs = [settings for _, settings in tape.runs()]
    seeds = _steps([str(settings.rng_seed) for settings in runs])
    temperatures = _steps([f"{settings.temperature:g}{_moving(settings)}" for settings in runs])
    held = _steps([shown(settings.held) or "none" for settings in runs])
    held = "" if held == "none" else held
    rules = _steps([rules_shown(settings) or "no rules" for settings in runs])
    rules = "" if rules == "no rules" else rules
    made = [f"RNG seed {seeds}", f"temperature {temperatures}", held, rules]
    told = [_characters(tape), bits, *made]
    return ", ".join(part for part in told if part)


def _moving(settings: Settings) -> str:
    """Say how a temperature moves, behind it; nothing if it does not."""
    return f" {settings.moving} {settings.moving_to:g}" if settings.moving else ""


def _characters(tape: Tape) -> str:
    return f"{len(tape):,} character{'s' * (len(tape) != 1)}"


def _steps(values: Sequence[str]) -> str:
    """Return values in their order, neighbours that are the same once; those in between if many."""
    steps = [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]
    if len(steps) > MOST_TEMPERATURES:
        steps = [*steps[: MOST_TEMPERATURES - 2], "…", steps[-1]]
    return " → ".join(steps)
