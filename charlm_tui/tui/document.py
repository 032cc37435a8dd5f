"""Blocks of text below one another, as wrapped lines, and what of one is selected.

Know characters, lines and cells, nothing of widgets.
"""

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import Literal

from charlm_tui.text import cells, wrap

PartKind = Literal["seed", "reply", "notice", "error"]

SELECTABLE: tuple[PartKind, ...] = ("seed", "reply")
BADGE = 8  # cells at the right of a seed, for the mark of its siblings
GUTTER = 2  # cells at the left, where a seed has its mark
AROUND = 256  # characters in which a word is looked for


@dataclass(eq=False, slots=True)
class Block:
    """A stretch of text of one kind, as wrapped lines that joined are the text."""

    kind: PartKind
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
        """Add text at the end; return the number of the first line that changed."""
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
        """Return the number of the line that has a character."""
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
        """Return the text from one character to another, whatever length the block has."""
        start, stop = max(start, 0), min(stop, self.length)
        if start >= stop:
            return ""
        first, last = self.line_of(start), self.line_of(stop)
        text = "".join(self.lines[first : last + 1])
        return text[start - self.starts[first] : stop - self.starts[first]]

    def rewrap(self, width: int) -> None:
        """Break the text again, for another width."""
        text = self.text
        self.lines, self.starts = [""], array("Q", [0])
        self.append(text, width)

    def char_at(self, row: int, column: int) -> int:
        """Return the character of a line that is nearest a column."""
        last = row == len(self.lines) - 1
        most = len(self.lines[row]) - (0 if last else 1)
        return self.starts[row] + min(max(column, 0), max(most, 0))


@dataclass(frozen=True, slots=True)
class TextSelection:
    """A stretch of one block: from where it was begun to where the cursor stands."""

    block: Block
    cursor: int
    """Number of a character, or the block's length: the place after its last one."""
    anchor: int

    @property
    def span(self) -> tuple[int, int]:
        """First character and the one after the last; at least one long."""
        return min(self.cursor, self.anchor), max(self.cursor, self.anchor) + 1

    @property
    def text(self) -> str:
        return self.block.part(*self.span)

    def to(self, block: Block, char: int, extend: bool = False) -> "TextSelection":
        """Select another character, or all from the anchor to it."""
        return TextSelection(block, char, self.anchor if extend and block is self.block else char)

    def word(self, direction: int) -> "TextSelection":
        """Move the cursor to the start of the next word, or of the one before."""
        start = max(0, self.cursor - AROUND)
        text = self.block.part(start, self.cursor + AROUND)
        return self.to(self.block, start + word_from(text, self.cursor - start, direction))

    def edge(self, direction: int) -> "TextSelection":
        """Move the cursor to the start or the end of its line."""
        row = self.block.line_of(self.cursor)
        column = 0 if direction < 0 else len(self.block.lines[row])
        return self.to(self.block, self.block.char_at(row, column))

    def within(self) -> "TextSelection":
        """Keep to the characters that the block has."""
        most = self.block.length
        return replace(
            self,
            cursor=min(max(self.cursor, 0), most),
            anchor=min(max(self.anchor, 0), most),
        )


def word_from(text: str, place: int, direction: int) -> int:
    """Return where the next word of a text begins, or the one before; else where the text ends."""
    starts = [
        i for i, char in enumerate(text) if not char.isspace() and (i == 0 or text[i - 1].isspace())
    ]
    if direction > 0:
        return next((i for i in starts if i > place), len(text) - 1)
    return next((i for i in reversed(starts) if i < place), 0)


class Document:
    """The blocks, the newest last, and the line that each begins at, counted from the top."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.width = 0
        """Cells that there are for a line; 0 is not known yet."""
        self._tops: list[int] = []

    @property
    def line_count(self) -> int:
        return self._tops[-1] + len(self.blocks[-1].lines) if self.blocks else 0

    def top(self, block: Block) -> int:
        """Return the number of a block's first line."""
        if block is self.blocks[-1]:
            return self._tops[-1]
        return self._tops[self.blocks.index(block)]

    def lines(self, block: Block, start: int, stop: int) -> range:
        """Return the numbers of the lines with characters `start` to `stop`, that one included."""
        top = self.top(block)
        return range(top + block.line_of(start), top + block.line_of(stop) + 1)

    def row(self, line: int) -> tuple[Block, int] | None:
        """Return the block that has a line, and the line's number in it; None between blocks."""
        index = bisect_right(self._tops, line) - 1
        if index < 0 or line - self._tops[index] >= len(self.blocks[index].lines):
            return None
        return self.blocks[index], line - self._tops[index]

    def place(self, line: int) -> tuple[Block, int] | None:
        """Return the block and the character that begin at a line, or before it."""
        if not self.blocks:
            return None
        index = max(0, bisect_right(self._tops, line) - 1)
        block = self.blocks[index]
        return block, block.starts[min(line - self._tops[index], len(block.starts) - 1)]

    def char_under(self, line: int, column: int) -> tuple[Block, int] | None:
        """Return the seed or reply and the character at a cell; None where there is neither."""
        found = self.row(line)
        if found is None or found[0].kind not in SELECTABLE:
            return None
        block, row = found
        used = 0
        for place, char in enumerate(block.lines[row]):
            used += cells(char)
            if used > column - GUTTER:
                return block, block.starts[row] + place
        return block, block.char_at(row, len(block.lines[row]))

    # Changes.

    def add(self, block: Block, text: str) -> int:
        """Add a block with a text; return the number of its first line."""
        before = self.blocks[-1].kind if self.blocks else None
        self._tops.append(self.line_count + _gap(before, block.kind))
        self.blocks.append(block)
        block.append(text, self._room(block))
        return self._tops[-1]

    def append(self, text: str) -> int:
        """Add text to the last block; return the number of the first line that changed."""
        block = self.blocks[-1]
        return self._tops[-1] + block.append(text, self._room(block))

    def cut(self, block: Block, length: int) -> None:
        """Keep the first `length` characters of a block, and nothing that comes after it."""
        index = self.blocks.index(block)
        del self.blocks[index + 1 :], self._tops[index + 1 :]
        if length == 0 and index and block.kind == "reply":
            del self.blocks[index], self._tops[index]
        else:
            block.cut(length, self._room(block))

    def remove(self, block: Block) -> None:
        """Remove one block."""
        self.blocks.remove(block)
        self.lay_out()

    def clear(self) -> None:
        """Remove every block."""
        self.blocks, self._tops = [], []

    def lay_out(self) -> None:
        """Wrap every block again, one below the other."""
        line, before = 0, None
        self._tops = []
        for block in self.blocks:
            self._tops.append(line + _gap(before, block.kind))
            block.rewrap(self._room(block))
            line, before = self._tops[-1] + len(block.lines), block.kind

    def _room(self, block: Block) -> int:
        """Return the cells that a line of a block may have."""
        width = max(1, (self.width or 80) - GUTTER - 1)  # one for the cursor
        return width - BADGE if block.kind == "seed" and width > 3 * BADGE else width

    # Where a cursor can go.

    def _replies(self, now: Block | None = None) -> list[Block]:
        """Return the replies, and the block of now, which may be a seed."""
        return [block for block in self.blocks if block.kind == "reply" or block is now]

    def places(self, part: str) -> list[TextSelection]:
        """Return every place of a part of the text in seeds and replies, whatever its case."""
        if not part:
            return []
        found = re.compile(re.escape(part), re.IGNORECASE).finditer
        return [
            TextSelection(block, match.end() - 1, match.start())
            for block in self.blocks
            if block.kind in SELECTABLE
            for match in found(block.text)
        ]

    def last_above(self, bottom: int) -> TextSelection | None:
        """Select the last character of the last reply that begins no lower than a line."""
        for block in reversed(self._replies()):
            top = self.top(block)
            if top <= bottom and block.length:
                row = min(bottom - top, len(block.lines) - 1)
                char = block.char_at(row, len(block.lines[row]))
                return TextSelection(block, char, char)
        return None

    def moved(
        self, now: TextSelection, right: int, down: int, extend: bool = False
    ) -> TextSelection | None:
        """Move the cursor by characters, else by lines; None if there is nowhere to go."""
        replies = self._replies(now.block)
        index = next(i for i, each in enumerate(replies) if each is now.block)
        if right:
            after = now.cursor + right
            if after < 0 and index > 0 and not extend:
                before = replies[index - 1]
                return now.to(before, before.length - 1)
            if after > now.block.length and index + 1 < len(replies) and not extend:
                return now.to(replies[index + 1], 0)
            return now.to(now.block, after, extend)
        block = now.block
        row = block.line_of(now.cursor)
        column = now.cursor - block.starts[row]
        row += down
        if not 0 <= row < len(block.lines):
            if extend or not 0 <= index + down < len(replies):
                return None
            block = replies[index + down]
            row = 0 if down > 0 else len(block.lines) - 1
        return now.to(block, block.char_at(row, column), extend)


def _gap(before: PartKind | None, kind: PartKind) -> int:
    """Return the empty lines before a block: one between turns, none within one."""
    return 1 if before is not None and (kind == "seed" or before != "seed") else 0
