"""What the text on the screen can be tinted by: what a tape tells, and what a corpus does.

Owns the order in which one follows another. Knows no colours; reads neither tape nor corpus.
"""

from enum import Enum

from charlm_tui.reply.tints import Tint


class CorpusTint(Enum):
    """What no tape tells; the value is its name as it is shown."""

    RECITAL = "recital"


Tinting = Tint | CorpusTint


def after(tinting: Tinting, corpus: bool) -> Tinting:
    """Give the next one, around the end; the corpus' is the last, where there is a corpus."""
    every = [*Tint, *(CorpusTint if corpus else ())]
    return every[(every.index(tinting) + 1) % len(every)] if tinting in every else Tint.PLAIN
