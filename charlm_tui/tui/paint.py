"""Drawing text as segments: in the shades of its levels, and with marks over it.

Knows blocks and segments, nothing of widgets nor of what a tint or a mark means.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from charlm_tui.text import runs, visible
from charlm_tui.tui.document import Block


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
    """Put a style over cells `left` to `right` of a line, which keep their colour."""
    line = Strip(segments)
    style = Style(bgcolor=style.bgcolor, bold=style.bold or None, underline=style.underline)
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
