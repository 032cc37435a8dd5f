"""What a character of a reply depends on: the settings in force, and where its context begins.

Reads a tape and knows the rules of changing in mid-stream; runs nothing. A new depth N re-reads the
last N characters from zero. A carried state continues from what the window before it had read.
Mirostat starts again where its target changes.
"""

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from charlm_tui.lm.held import Holds, changes
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
    return ResumePoint(read, since, held_since(len(prefix) - begin, tape, number))


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
