"""A reply as it is shown to people: no control characters, a level for each, and lines of a width.

Shared by all formats that are looked at. Knows nothing of colours or of a format's syntax.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.tints import Tint, levels
from charlm_tui.text import cells, visible, wrap

SEED = 255
"""The level of the seed's characters, which a reply's never have."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A text: seed and reply as one, for example."""

    text: str
    """With pictures in place of control characters."""
    levels: bytes
    """By character: the level of its tint, or `SEED`."""
    sizes: bytes
    """By character: the cells that it takes; 0 for a newline."""

    @classmethod
    def of(cls, text: str, levels: bytes) -> "Shown":
        """Return a text of which every character has a level."""
        text = visible(text)
        known = {char: cells(char) for char in set(text)}
        return cls(text, levels, bytes([known[char] for char in text]))

    def rows(self, width: int) -> Iterator[tuple[int, int]]:
        """Yield (start, stop) of each line of at most `width` cells, broken at spaces.

        A newline belongs to no line. One space may hang over the edge.
        """
        start = 0
        for line in wrap(self.text, width):
            yield start, start + len(line) - line.endswith("\n")
            start += len(line)


def shown(recording: Recording, tint: Tint) -> Shown:
    """Return a recording as it is shown."""
    reply = levels(tint, recording.tape, 0, len(recording.text))
    return Shown.of(recording.seed + recording.text, bytes([SEED]) * len(recording.seed) + reply)
