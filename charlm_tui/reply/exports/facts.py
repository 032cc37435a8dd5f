"""What is told of a reply beside its text: the model, the settings, and how to make it again."""

import shlex
from itertools import pairwise
from typing import Any

from charlm_tui.controls.controls import Controls
from charlm_tui.controls.kinds import Limits
from charlm_tui.controls.parameters import BY_NAME, PARAMETERS
from charlm_tui.controls.rule_kinds import rules_shown, rules_typed
from charlm_tui.lm.held import Held, shown
from charlm_tui.lm.settings import RULES, Settings
from charlm_tui.reply.exports.plain import mean
from charlm_tui.reply.share_line import ShareLineError, to_line
from charlm_tui.reply.tape_file import Recording
from charlm_tui.text import visible

LONGEST_SEED = 2000  # characters that a command is printed with
LONGEST_SHARED = 5000  # characters of a reply that is printed as a line

_DEFAULTS = Settings().to_file()
_ALWAYS = ("temperature", "rng_seed")
_ROWS = {row.field: row for row in PARAMETERS if row.samples}


def reply_facts(recording: Recording) -> list[tuple[str, str]]:
    """Return (what, value) of what people want to know of a reply, in the order to tell it."""
    tape = recording.tape
    runs = tape.runs()
    told = [
        ("Model", recording.model),
        ("Model sha256", recording.model_sha256),
        (
            "Computed with",
            f"onnxruntime {recording.runtime.onnxruntime} on {recording.runtime.machine}",
        ),
        ("Characters", f"{len(tape):,}"),
    ]
    bits = mean(tape.surprisal_bits())
    if bits is not None:
        told.append(("Surprisal", f"{bits:.2f} bits a character"))
    if runs:
        told.append(("Settings", _words(runs[0][1], None)))
    for (_, before), (first, settings) in pairwise(runs):
        told.append((f"From character {first:,}", _words(settings, before)))
    for first, count in tape.forced:
        told.append((f"From character {first:,}", f"{count:,} typed or picked by a person"))
    return told


def _words(settings: Settings, before: Settings | None) -> str:
    """Name the settings that are not as they were before, or by default."""
    known = _DEFAULTS if before is None else before.to_file()
    told = [
        _word(name, value, settings)
        for name, value in settings.to_file().items()
        if name in _DEFAULTS and (value != known[name] or (before is None and name in _ALWAYS))
    ]
    if settings.held != (before.held if before else ()):
        told.append(shown(settings.held) or "no unit held")
    if rules_shown(settings) != (rules_shown(before) if before else ""):
        told.append(rules_shown(settings) or "no rules")
    return ", ".join(dict.fromkeys(told))  # what is of several fields, once


def _word(name: str, value: Any, settings: Settings) -> str:
    if name in ("carry", "depth"):
        window = f"window of {settings.depth:,}" if settings.depth else "the model's own window"
        return f"context {'carried' if settings.carry else window}"
    if name.startswith("moving"):
        return f"schedule {BY_NAME['moving'].shown(Controls(settings), Limits())}"
    return f"{_ROWS[name].title_inside} {value}"


def command(recording: Recording) -> str | None:
    """Return the command that makes a reply again with its model.

    None if no one command does: something changed or was given in mid-stream, or the seed cannot
    stand in a command.
    """
    runs, seed = recording.tape.runs(), recording.seed
    sayable = seed != "-" and len(seed) <= LONGEST_SEED and visible(seed) == seed
    if len(runs) != 1 or recording.tape.forced or not sayable:
        return None
    settings = runs[0][1].to_file()
    held = settings.pop("held", [])
    for name in RULES:
        settings.pop(name, None)
    if settings.pop("moving_from"):  # it began in the middle of a reply that was cut
        return None
    rules = rules_typed(runs[0][1])
    if "match" in rules:  # what may follow depends on a length that the reply need not have
        return None
    if settings["carry"]:
        del settings["depth"]  # the command refuses both, and a carried state has no depth
    words = [
        "charlm-tui",
        "generate",
        f"--seed={shlex.quote(seed)}",
        f"--length={len(recording.tape)}",
    ]
    for name, value in settings.items():
        if value != _DEFAULTS[name] or name in _ALWAYS:
            words.append("--carry" if name == "carry" else f"{_ROWS[name].option}={value}")
    words += (shlex.quote(f"--hold={Held(*each).typed}") for each in held)
    words += (shlex.quote(f"{BY_NAME[name].option}={form}") for name, form in rules.items())
    if runs[0][1].until and runs[0][1].until_cut:
        words.append("--until-cut")
    return " ".join(words)


def again(recording: Recording) -> tuple[str, str]:
    """Return how to make a reply again: a sentence, and the command or the line that it is about.

    The second is empty where the reply is too long for a line.
    """
    made = command(recording)
    if made is not None:
        return "With this model, this command makes the reply again:", made
    if len(recording.text) <= LONGEST_SHARED:
        try:
            line = to_line(recording)
        except ShareLineError:  # its settings change too often
            pass
        else:
            return (
                "Pasted into the prompt, or behind charlm-tui replay, this line is the reply:",
                line,
            )
    return "To make the reply again, save it as a tape, and give that to charlm-tui replay.", ""
