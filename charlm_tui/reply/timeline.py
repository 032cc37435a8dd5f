"""What a character of a reply depends on: the settings in force, and where its context begins.

Reads a tape and knows the rules of changing in mid-stream; runs nothing. A new depth N re-reads the
last N characters from zero. A carried state continues from what the window before it had read.
Mirostat starts again where its target changes.
"""

from array import array
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from charlm_tui.lm.held import Holds, changes
from charlm_tui.lm.rule_values import MOST_PHRASE
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Tape


class ResumePoint(NamedTuple):
    """A place in a reply, from which it can be made again."""

    read: "array[int]"
    """Ids that the context reads, from zero, to be there; at least one."""
    mirostat_history: "array[float]"
    """Surprisals in bits of the characters since Mirostat has had its target."""
    holds: Holds = ()
    """Which units were held while `read` was read: none in the prefix, in the reply as it says."""
    before: "array[int]" = array("H")
    """Ids before character 0, without the start symbol: what rules look at, nothing without any."""
    drawn: "array[int]" = array("H")
    """Ids of the reply up to here: likewise."""


def resume_point(
    prefix: Sequence[int], tape: Tape, number: int, settings: Settings, window: int
) -> ResumePoint:
    """Return what it takes to draw character `number` of a reply.

    Args:
        prefix: ids that were read before character 0, the start symbol included.
        tape: of the reply, with at least `number` characters.
        number: of the character.
        settings: in force for it.
        window: of the model, which a depth of 0 means.
    """
    begin = _context_begin(len(prefix), tape, number, settings, window)
    read = array("H", prefix[begin:])
    read.extend(tape.ids(max(0, begin - len(prefix)), number))
    since = array("f")
    if settings.mirostat:
        start = number
        for first, in_force in reversed(tape.runs(number)):
            if in_force.mirostat != settings.mirostat:
                break
            start = first
        since = tape.surprisal_bits(start, number)
    point = ResumePoint(read, since, held_since(len(prefix) - begin, tape, number))
    if settings.rules:
        before = array("H", prefix[max(1, len(prefix) - MOST_PHRASE) :])
        point = point._replace(before=before, drawn=tape.ids(0, number))
    return point


def ruled_at(settings: Settings, tape: Tape, number: int, length: int | None = None) -> Settings:
    """Return settings that say where in a reply a regular expression begins and ends.

    What was drawn under the same expression is a part of what has to match; under another one it
    is not.

    Args:
        settings: in force from a character on.
        tape: of the reply.
        number: of the character.
        length: of the whole reply; 0 is without end, None is as it was.
    """
    if not settings.match:
        return settings
    before = tape.settings_at(number - 1) if number else None
    same = before if before is not None and before.match == settings.match else None
    if length is None:
        length = settings.match_within or (same.match_within if same is not None else 0)
    begin = number if same is None else same.match_from
    return replace(settings, match_from=begin, match_within=length)


def held_since(begin: int, tape: Tape, number: int) -> Holds:
    """Return which units were held while characters of a reply were read.

    Args:
        begin: place of character 0 in what was read; negative if that begins in the reply.
        tape: of the reply.
        number: of the first character that was not read.
    """
    if not any(each.held for each in tape.settings):
        return ()
    return changes((max(0, begin + first), it.held) for first, it in tape.runs(number))


def carried_from(prefix: int, tape: Tape, number: int, settings: Settings, window: int) -> int:
    """Return where, in the prefix and the reply, a carried state of a character begins.

    If it is not carried there, the question is what would be if it always had been.
    """
    return _context_begin(prefix, tape, number, settings, window) if settings.carry else 0


def _context_begin(prefix: int, tape: Tape, number: int, settings: Settings, window: int) -> int:
    """Return where, in the prefix and the reply, the context of a character begins."""
    if not settings.carry:
        return max(0, prefix + number - (settings.depth or window))
    switched = number  # the character at which the state began to be carried
    before: Settings | None = None
    for first, in_force in reversed(tape.runs(number)):
        if not in_force.carry:
            before = in_force
            break
        switched = first
    if before is None:  # it was so from the first character on
        return 0
    return max(0, prefix + switched - (before.depth or window))
