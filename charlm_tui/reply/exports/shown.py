"""A reply as it is shown to people: no control characters, a level for each, and lines of a width.

Shared by all formats that are looked at. Knows nothing of colours or of a format's syntax.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.tints import Tint, levels

SEED = 255
"""The level of the seed's characters, which a reply's never have."""

_PICTURES = {code: 0x2400 + code for code in range(0x20) if code != 0x0A} | {0x7F: 0x2421}
_PICTURES |= dict.fromkeys(
    [
        *range(0x80, 0xA0),  # C1
        *range(0x200B, 0x2010),  # zero width, and marks of direction
        *range(0x2028, 0x202F),  # line separators, and overrides of direction
        *range(0x2060, 0x2070),
        *range(0xD800, 0xE000),  # surrogates
        *(0xFEFF, 0xFFFE, 0xFFFF),  # XML has no way to write the last two
    ],
    0xFFFD,
)


def visible(text: str) -> str:
    """Give each character as one that can be seen: of a control character, its picture.

    Newlines stay. Nothing that is left can move a cursor, or turn the direction of what follows.
    """
    return text.translate(_PICTURES)


@dataclass(frozen=True, slots=True)
class Shown:
    """Seed and reply as one text."""

    text: str
    """With pictures in place of control characters."""
    levels: bytes
    """By character: the level of its tint, or `SEED`."""
    sizes: bytes
    """By character: the cells that it takes; 0 for a newline."""

    def rows(self, width: int) -> Iterator[tuple[int, int]]:
        """Give (start, stop) of each line of at most `width` cells, broken at spaces.

        A newline belongs to no line. One space may hang over the edge.
        """
        start = 0
        for line in self.text.split("\n"):
            end = start + len(line)
            while (stop := self._row_end(start, end, width)) < end:
                yield start, stop
                start = stop
            yield start, end
            start = end + 1

    def _row_end(self, start: int, end: int, width: int) -> int:
        used, broken = 0, start
        for index in range(start, end):
            used += self.sizes[index]
            space = self.text[index] == " "
            if used > width:
                if space:
                    return index + 1
                return broken if broken > start else max(index, start + 1)
            if space:
                broken = index + 1
        return end


def spans(keys: bytes, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Give (start, stop) of neighbours that have one key in common."""
    for _, group in groupby(keys[start:stop]):
        length = sum(1 for _ in group)
        yield start, start + length
        start += length


def shown(recording: Recording, tint: Tint) -> Shown:
    """Give a recording as it is shown."""
    from rich.cells import get_character_cell_size

    text = visible(recording.seed + recording.text)
    if text.isascii():
        sizes = bytes([char != "\n" for char in text])
    else:
        known = {char: get_character_cell_size(char) for char in set(text)} | {"\n": 0}
        sizes = bytes([known[char] for char in text])
    reply = levels(tint, recording.tape, 0, len(recording.text))
    return Shown(text, bytes([SEED]) * len(recording.seed) + reply, sizes)
