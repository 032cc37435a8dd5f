"""Drawing a line of a block: tints, new characters, marks, what is selected.

Knows blocks and segments, nothing of widgets nor of what a tint or a mark means.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from charlm_tui.text import cells, runs, visible
from charlm_tui.tui.document import GUTTER, Block, PartKind, TextSelection
from charlm_tui.tui.shades import FADE_LEVELS, Ramp, fade

FADE_S = 0.3  # that a new character takes to settle into its colour
MARKS: dict[PartKind, str] = {"seed": "❯ ", "reply": "  ", "notice": "· ", "error": "! "}

Levels = Callable[[Block, int, int], bytes]
"""Returns the tint level of each character of a block, from one to before another."""


class Mark(NamedTuple):
    """Characters `start` to `stop` of a block; no more than one mark a block."""

    block: Block
    start: int
    stop: int


def changed(before: Sequence[Mark], after: Sequence[Mark]) -> list[Mark]:
    """Return the characters that are marked in one of two and not in the other."""
    differences = []
    for mark in before:
        other = next((it for it in after if it.block is mark.block), None)
        if other is None or other.stop <= mark.start or mark.stop <= other.start:
            differences += [mark] if other is None else [mark, other]
        else:
            differences += [
                mark._replace(start=min(edges), stop=max(edges))
                for edges in ((mark.start, other.start), (mark.stop, other.stop))
                if edges[0] != edges[1]
            ]
    known = [mark.block for mark in before]
    return differences + [mark for mark in after if mark.block not in known]


def overlaid(segments: list[Segment], left: int, right: int, style: Style) -> list[Segment]:
    """Put a style over cells `left` to `right` of a line."""
    line = Strip(segments)
    return [
        *line.crop(0, left),
        *(
            Segment(text, style if own is None else own + style, control)
            for text, own, control in line.crop(left, right)
        ),
        *line.crop(right),
    ]


def tinted(
    line: str, levels: bytes, shades: Sequence[Style], plain: Style, newline: str = "⏎"
) -> list[Segment]:
    """Draw a line in the shades of its characters, neighbours of one level together.

    Args:
        line: of a text.
        levels: one a character; none if they are not known yet.
        shades: by level.
        plain: the style where no level is known.
        newline: what a newline is drawn as.
    """
    if not levels:
        return [Segment(visible(line, newline), plain)]
    return [
        Segment(visible(line[begin:end], newline), shades[levels[begin]])
        for begin, end in runs(levels, 0, len(line))
    ]


def _ground(style: Style) -> Style:
    """Return what a style puts behind a text, which keeps its colour."""
    return Style(
        bgcolor=style.bgcolor,
        bold=style.bold or None,
        underline=style.underline,
        reverse=style.reverse or None,
    )


class Births:
    """The new characters of one block that are still settling: when each arrival came."""

    def __init__(self) -> None:
        self._births: deque[tuple[int, float]] = deque()  # (first character, when it came)

    def __bool__(self) -> bool:
        return bool(self._births)

    @property
    def first(self) -> int:
        """The number of the first character that is settling; there is one."""
        return self._births[0][0]

    def add(self, char: int, now_s: float) -> None:
        """Take in that characters from a number on have come."""
        self._births.append((char, now_s))

    def forget(self, now_s: float) -> None:
        """Forget those that have settled."""
        while self._births and now_s - self._births[0][1] > FADE_S:
            self._births.popleft()

    def draw(
        self, text: str, start: int, settled: Style, shades: Sequence[Style], now_s: float
    ) -> list[Segment]:
        """Draw a line of which some characters are still settling, each arrival in its shade."""
        segments = []
        end = start + len(text)
        births = [*self._births, (end, now_s)]
        if births[0][0] > start:
            segments.append(Segment(visible(text[: births[0][0] - start], ""), settled))
        for (first, born_s), (after, _) in pairwise(births):
            part = text[max(first - start, 0) : max(min(after, end) - start, 0)]
            if part:
                level = min(int((now_s - born_s) / FADE_S * FADE_LEVELS), FADE_LEVELS - 1)
                segments.append(Segment(visible(part, ""), shades[level]))
        return segments


class Painter:
    """Draws lines in the styles of one theme.

    Args:
        styles: by name: the kinds of blocks, fresh, cursor, selected, badge, recited, found, typed,
            and low, middle and high of tints.
        coloured: whether the terminal can shade.
    """

    def __init__(self, styles: Mapping[str, Style], coloured: bool) -> None:
        self._styles = {
            **styles,
            **{name: _ground(styles[name]) for name in ("recited", "found")},
            "typed": Style(color=styles["typed"].color, bold=True, italic=True),
        }
        ramp = Ramp(styles["low"], styles["middle"], styles["high"])
        self._tints = [styles["reply"] + shade for shade in ramp.shades(coloured)]
        self._fade = fade(styles["fresh"], styles["reply"])

    @property
    def fades(self) -> bool:
        """Whether new characters can settle into their colour."""
        return len(self._fade) > 1

    def text(self, block: Block, row: int, levels: Levels | None) -> list[Segment]:
        """Draw a line with the mark before it, tinted if it is of a reply."""
        text, start, style = block.lines[row], block.starts[row], self._styles[block.kind]
        if levels is None or block.kind != "reply":
            return [_gutter(block, row, style), Segment(visible(text, ""), style)]
        its = levels(block, start, start + len(text))
        return [_gutter(block, row, style), *tinted(text, its, self._tints, style, "")]

    def settling(self, block: Block, row: int, births: Births, now_s: float) -> list[Segment]:
        """Draw a line that has characters which are settling."""
        text, style = block.lines[row], self._styles[block.kind]
        fresh = births.draw(text, block.starts[row], style, self._fade, now_s)
        return [_gutter(block, row, style), *fresh]

    def marked(
        self, segments: list[Segment], block: Block, row: int, marks: Sequence[Mark]
    ) -> list[Segment]:
        """Draw marks over a line."""
        stretches = [(mark.start, mark.stop) for mark in marks if mark.block is block]
        return _over(segments, block, row, stretches, self._styles["recited"])

    def found(
        self, segments: list[Segment], block: Block, row: int, places: Sequence[tuple[int, int]]
    ) -> list[Segment]:
        """Draw over a line what was looked for."""
        return _over(segments, block, row, places, self._styles["found"])

    def typed(
        self,
        segments: list[Segment],
        block: Block,
        row: int,
        typed: Sequence[tuple[int, int]],
        tinted: bool,
    ) -> list[Segment]:
        """Draw over a line what a person typed: in the colour of seeds, or in that of its tint."""
        style = self._styles["typed"]
        own = Style(bold=True, italic=True) if tinted else style
        return _over(segments, block, row, typed, own)

    def selected(self, segments: list[Segment], row: int, chosen: TextSelection) -> list[Segment]:
        """Draw what is selected of a line over it."""
        text, start = chosen.block.lines[row], chosen.block.starts[row]
        first, end = (place - start for place in chosen.span)
        if end <= 0 or first > len(text) or (first == len(text) and text.endswith("\n")):
            return segments
        style = self._styles["selected"]
        if first >= len(text):
            at_end = chosen.cursor == chosen.block.length == start + len(text)
            return [*segments, Segment(" ", style)] if at_end else segments
        part = text[max(first, 0) : end]
        left = GUTTER + cells(text[: max(first, 0)])
        line = Strip(segments)
        return [
            *line.crop(0, left),
            Segment(visible(part, "⏎"), style),
            *line.crop(left + cells(part)),
        ]

    def badge(self, block: Block, width: int) -> Segment:
        """Draw the mark at the end of a block's first line."""
        room = width - GUTTER - cells(block.lines[0])
        return Segment(f" {block.badge}"[: max(room, 0)], self._styles["badge"])

    def cursor(self) -> Segment:
        """Draw the mark where the next character will be."""
        return Segment("▌", self._styles["cursor"])


def _over(
    segments: list[Segment],
    block: Block,
    row: int,
    stretches: Sequence[tuple[int, int]],
    style: Style,
) -> list[Segment]:
    """Draw stretches of a block over one of its lines, in a style."""
    text, start = block.lines[row], block.starts[row]
    for begin, stop in stretches:
        first, end = max(begin - start, 0), min(stop - start, len(text))
        if first < end:
            left, right = (GUTTER + cells(text[:place]) for place in (first, end))
            segments = overlaid(segments, left, right, style)
    return segments


def _gutter(block: Block, row: int, style: Style) -> Segment:
    return Segment(MARKS[block.kind] if row == 0 else " " * GUTTER, style)
