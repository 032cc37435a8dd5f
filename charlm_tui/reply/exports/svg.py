"""A reply as a picture: monospaced lines of 80 columns, drawn in place.

The text of a line is stretched to the cells that it takes, so the tints lie behind their characters
in whatever font it is drawn.
"""

from collections.abc import Iterator
from html import escape
from itertools import accumulate

from charlm_tui.reply.exports.shown import SEED, Shown, shown
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.tints import LIGHT, Tint, legend, unmeasured
from charlm_tui.text import runs, visible

COLUMNS = 80

CELL, ROW = 8.4, 18  # pixels
BASE = 13  # pixels from a row's top to the foot of its letters
MARGIN = 20
_TOP = 44  # below the title

STYLE = (
    f"text {{ font: 14px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; "
    f"fill: {LIGHT.ink}; white-space: pre; }} .seed {{ font-weight: bold; }} "
    f".note {{ fill: {LIGHT.faint}; }} "
    + " ".join(f".t{level} {{ fill: {shade}; }}" for level, shade in enumerate(LIGHT.shades))
)


def svg(recording: Recording, tint: Tint, title: str) -> str:
    """Return the picture."""
    whole = shown(recording, tint)
    rows = list(whole.rows(COLUMNS))
    name = " ".join(visible(title).split())[:COLUMNS]
    width = round(2 * MARGIN + COLUMNS * CELL)
    end = _TOP + len(rows) * ROW
    height = end + MARGIN + (2 * ROW if tint is not Tint.PLAIN else 0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{escape(name)}</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="{LIGHT.paper}"/>',
        f'<text class="note" x="{MARGIN}" y="28">{escape(name)}</text>',
        '<g class="reply">',
    ]
    for number, (start, stop) in enumerate(rows):
        top = _TOP + number * ROW
        parts.extend(element for _, element in ground(whole, start, stop, top))
        parts.extend(line(whole, start, stop, top))
    parts.append("</g>")
    parts.extend(_legend(recording, tint, end + ROW))
    parts.append("</svg>\n")
    return "\n".join(parts)


def ground(whole: Shown, start: int, stop: int, top: int) -> Iterator[tuple[int, str]]:
    """Yield (first character, element) of what lies behind a line's text."""
    edges = _edges(whole, start, stop)
    for begin, end in runs(whole.levels, start, stop):
        level, left = whole.levels[begin], edges[begin - start]
        if level not in (0, SEED):
            width = (edges[end - start] - left) * CELL
            yield (
                begin,
                f'<rect class="t{level}" x="{MARGIN + left * CELL:.1f}" y="{top}" '
                f'width="{width:.1f}" height="{ROW}"/>',
            )


def line(whole: Shown, start: int, stop: int, top: int) -> Iterator[str]:
    """Yield the elements of a line's text."""
    edges = _edges(whole, start, stop)
    kinds = bytes(
        [
            2 * (level == SEED) + (size > 1)
            for level, size in zip(whole.levels[start:stop], whole.sizes[start:stop], strict=True)
        ]
    )
    for begin, end in runs(kinds, 0, len(kinds)):
        text = escape(whole.text[start + begin : start + end], quote=False)
        seed = ' class="seed"' if kinds[begin] > 1 else ""
        width = (edges[end] - edges[begin]) * CELL
        yield (
            f'<text{seed} x="{MARGIN + edges[begin] * CELL:.1f}" y="{top + BASE}" '
            f'textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs">{text}</text>'
        )


def _edges(whole: Shown, start: int, stop: int) -> list[int]:
    """Return the cells before each character of a line, and all of them at its end."""
    return list(accumulate(whole.sizes[start:stop], initial=0))


def _legend(recording: Recording, tint: Tint, top: int) -> Iterator[str]:
    if tint is Tint.PLAIN:
        return
    words = (f"{tint.value} was not measured", "")
    steps = 0
    if not unmeasured(tint, recording.tape):
        words, steps = legend(tint), len(LIGHT.shades)
    x = MARGIN + (len(words[0]) + 1) * CELL
    yield f'<text class="note" x="{MARGIN}" y="{top + BASE}">{words[0]}</text>'
    for level in range(steps):
        yield (
            f'<rect class="t{level}" x="{x + 2 * level * CELL:.1f}" y="{top}" '
            f'width="{2 * CELL:.1f}" height="{ROW}"/>'
        )
    x += (2 * steps + 1) * CELL
    yield f'<text class="note" x="{x:.1f}" y="{top + BASE}">{words[1]}</text>'
