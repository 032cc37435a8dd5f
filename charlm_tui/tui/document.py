"""Stretches of text of one kind, as wrapped lines, and what of one is selected.

Grow and are cut at their end. Know characters and lines, nothing of widgets.
"""

from array import array
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

from charlm_tui.text import wrap

Kind = Literal["seed", "reply", "notice", "error"]


@dataclass(eq=False, slots=True)
class Block:
    """A stretch of text of one kind, as wrapped lines that joined are the text."""

    kind: Kind
    lines: list[str] = field(default_factory=lambda: [""])
    starts: "array[int]" = field(default_factory=lambda: array("Q", [0]))
    """Of each line, the number of its first character."""
    source: object = None
    """What it shows, to whoever has added it."""
    first: int = 0
    """Number, in its source, of its first character."""
    badge: str = ""
    """Stands at the end of its first line."""

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def length(self) -> int:
        return self.starts[-1] + len(self.lines[-1])

    def append(self, text: str, width: int) -> int:
        """Add text at the end; give the number of the first line that changed."""
        changed = len(self.lines) - 1
        lines = list(wrap(self.lines[-1] + text, width))
        start = self.starts[-1]
        del self.lines[-1], self.starts[-1]
        for line in lines:
            self.lines.append(line)
            self.starts.append(start)
            start += len(line)
        return changed

    def line_of(self, char: int) -> int:
        """Give the number of the line that has a character."""
        return bisect_right(self.starts, char) - 1

    def cut(self, length: int, width: int) -> None:
        """Keep the first `length` characters alone."""
        row = self.line_of(length)
        kept = self.lines[row][: length - self.starts[row]]
        if row and not self.lines[row - 1].endswith("\n"):
            row -= 1  # that line ended where it did only for want of room: now there may be some
            kept = self.lines[row] + kept
        del self.lines[row:], self.starts[row:]
        start = self.starts[-1] + len(self.lines[-1]) if self.lines else 0
        self.lines.append("")
        self.starts.append(start)
        self.append(kept, width)

    def part(self, start: int, stop: int) -> str:
        """Give the text from one character to another, whatever length the block has."""
        start, stop = max(start, 0), min(stop, self.length)
        if start >= stop:
            return ""
        first, last = self.line_of(start), self.line_of(stop)
        text = "".join(self.lines[first : last + 1])
        return text[start - self.starts[first] : stop - self.starts[first]]

    def rewrap(self, width: int) -> None:
        """Break the text anew."""
        text = self.text
        self.lines, self.starts = [""], array("Q", [0])
        self.append(text, width)


@dataclass(frozen=True, slots=True)
class Selection:
    """A stretch of one block: from where it was begun to where the cursor stands."""

    block: Block
    cursor: int
    """Number of a character, or the block's length: the place after its last one."""
    anchor: int

    @property
    def span(self) -> tuple[int, int]:
        """First character and the one after the last; at least one long."""
        return min(self.cursor, self.anchor), max(self.cursor, self.anchor) + 1


def char_at(block: Block, row: int, column: int) -> int:
    """Give the character of a line that is nearest a column."""
    last = row == len(block.lines) - 1
    most = len(block.lines[row]) - (0 if last else 1)
    return block.starts[row] + min(max(column, 0), max(most, 0))
