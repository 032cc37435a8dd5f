"""The level of each character by how much of what leads to it stands in the corpus.

A tint beside those of `session.tints`, which read a tape. Reads the text that is asked for and a
little before it, so nothing need be kept of a reply to tint any part of it.
"""

from charlm_tui.recital.index import Index
from charlm_tui.recital.recital import Recital
from charlm_tui.reply.tints import LEVELS
from charlm_tui.session.turns import Turn

CHANCE = 10  # characters that nearly every text has in common with a corpus: level 0
FULL = 60  # from here on: the highest level
_LEVELS = bytes(
    0 if length <= CHANCE else 1 + (length - CHANCE - 1) * (LEVELS - 2) // (FULL - CHANCE - 1)
    for length in range(FULL + 1)
)


def levels(index: Index, turn: Turn, start: int, stop: int) -> bytes:
    """Return the level, below `LEVELS`, of characters `start` to `stop` of a turn's reply.

    It is that of the longest passage which ends with the character and stands in the corpus.
    """
    before = min(start, FULL)  # what is longer has the same level
    recital = Recital(index)
    recital.follow(turn.text(start - before, stop))
    return bytes([_LEVELS[min(length, FULL)] for length in recital.lengths(before).tolist()])
