"""`python -m docs.moving`: the moving picture at the top of the README, made by the app itself.

The real app with the real engine is driven by its keys, and what is on its screen is taken four
times a second. What does not change is written once, with the time for which it is seen; there is
no script in the file, and whoever wants no motion sees the last frame.
"""

import asyncio
from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style
from textual.color import Color
from textual.pilot import Pilot

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.lm.settings import Settings
from charlm_tui.text import cells
from charlm_tui.tui.app import CharlmApp
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.screens.reach import ReachScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.shades import colour_of
from charlm_tui.tui.themes import DARK
from charlm_tui.tui.widgets.prompt import Prompt
from docs.stage import MODEL, PICTURES, until

FRAME_S = 0.25
HOLD_S = 3.0  # that the last frame stands longer
COLUMNS, ROWS = 104, 30
CELL, LINE, BASE, MARGIN = 8.4, 18, 13, 12  # pixels
SEED = "the slowly ascending ranks and classes"  # the notebook's own
MOST_BYTES = 700_000
DARK_GROUND = (DARK.background or "").lower()
_STYLE = (
    "text { font: 14px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; "
    "white-space: pre; } .b { font-weight: bold; } .i { font-style: italic; } "
    ".u { text-decoration: underline; } .l { opacity: 0; } "
    "@media (prefers-reduced-motion: reduce) { .l { animation: none !important; } } "
)


class Piece(NamedTuple):
    """Neighbours on a line that look alike."""

    at: int
    """The first cell."""
    cells: int
    text: str
    colour: str
    ground: str
    classes: str


Row = tuple[Piece, ...]


class Seen(NamedTuple):
    """A piece, and for which frames it is seen: from the first on, up to the last, without it."""

    y: int
    piece: Piece
    first: int
    last: int


class Recorder:
    """Presses keys, and takes what is on the screen meanwhile."""

    def __init__(self, app: CharlmApp, pilot: Pilot[None]) -> None:
        self.frames: list[list[Row]] = []
        self._app = app
        self._pilot = pilot

    async def wait(self, seconds: float = FRAME_S) -> None:
        """Let time go by."""
        for _ in range(round(seconds / FRAME_S)):
            await asyncio.sleep(FRAME_S)
            self.frames.append(taken(self._app))

    async def press(self, *keys: str, each_s: float = FRAME_S) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self._pilot.press(key)
            await self.wait(each_s)


async def perform(app: CharlmApp, pilot: Pilot[None], it: Recorder) -> None:
    """Use the app as somebody would."""
    await it.wait(1.4)
    for start in range(0, len(SEED), 4):
        app.screen.query_one(Prompt).insert(SEED[start : start + 4])
        await it.wait()
    await it.press("enter")
    await it.wait(2.4)
    await it.press(*["f3"] * 7)
    await it.wait(1.2)
    await it.press("ctrl+s", "escape", "v", each_s=0.6)
    await it.press("left", "b", "b", "b", "enter", "down", "enter")
    await it.wait(1.6)
    await it.press("s", "A")
    await until(pilot, lambda: isinstance(app.screen, LadderScreen), "the ladder opened")
    await it.wait(3.6)
    await it.press("escape", "z")
    await until(pilot, lambda: isinstance(app.screen, ReachScreen), "the reach opened")
    await it.wait(2.0)
    app.conversation.stop()


def taken(app: CharlmApp) -> list[Row]:
    """Return what is on the screen, line by line."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        pieces, at = [], 0
        for segment in strip.apply_filter(app._filters[-1], Color.parse(DARK_GROUND)):
            text, style = segment.text, segment.style or Style()
            wide = cells(text)
            colour, ground = colour_of(style.color), colour_of(style.bgcolor)
            if style.reverse:
                colour, ground = ground, colour
            marks = (("b", style.bold), ("i", style.italic), ("u", style.underline))
            pieces.append(
                Piece(
                    at,
                    wide,
                    text,
                    _hex(colour, DARK.foreground),
                    _hex(ground, DARK.background),
                    "".join(name for name, on in marks if on),
                )
            )
            at += wide
        lines.append(tuple(_joined(pieces)))
    return lines


def _hex(colour: Color | None, otherwise: str | None) -> str:
    return (colour.hex if colour is not None else otherwise or "").lower()


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for _, alike in groupby(pieces, key=lambda it: it[3:]):
        first, *more = alike
        text = first.text + "".join(it.text for it in more)
        yield first._replace(text=text, cells=first.cells + sum(it.cells for it in more))


def changes(frames: list[list[Row]]) -> Iterator[Seen]:
    """Yield each piece once for as long as it stays."""
    for y in range(ROWS):
        since: dict[Piece, int] = {}  # the first frame of what is seen
        for number in range(len(frames) + 1):
            there = frames[number][y] if number < len(frames) else ()
            for piece in since.keys() - set(there):
                yield Seen(y, piece, since.pop(piece), number)
            since |= {piece: number for piece in there if piece not in since}


def svg(frames: list[list[Row]]) -> str:
    """Return frames as a picture that moves."""
    width, height = round(2 * MARGIN + COLUMNS * CELL), 2 * MARGIN + ROWS * LINE
    whole_s = len(frames) * FRAME_S + HOLD_S
    spans: dict[tuple[int, int], list[str]] = {}
    for it in changes(frames):
        drawn = spans.setdefault((it.first, it.last), [])
        drawn.extend(_drawn(it.piece, MARGIN + it.y * LINE))
    spans = {span: drawn for span, drawn in sorted(spans.items()) if drawn}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">',
        "<title>charlm-tui: type, watch, turn the temperature, branch, compare, look back</title>",
        f"<style>{_STYLE}{''.join(_span(first, last, frames, whole_s) for first, last in spans)}",
        "</style>",
        f'<rect width="{width}" height="{height}" rx="6" fill="{DARK.background}"/>',
    ]
    for (first, last), drawn in spans.items():
        parts.append(f'<g class="l s{first}-{last}">{"".join(drawn)}</g>')
    return "\n".join(parts) + "\n</svg>\n"


def _span(first: int, last: int, frames: list[list[Row]], whole_s: float) -> str:
    """Return the style that shows what is seen for these frames."""
    name, ends = f"s{first}-{last}", last == len(frames)
    begins_at, ends_at = (100 * it * FRAME_S / whole_s for it in (first, last))
    still = " opacity: 1;" if ends else ""
    steps = f"0% {{ opacity: {int(first == 0)}; }}"
    steps += f" {begins_at:.2f}% {{ opacity: 1; }}" if first else ""
    steps += "" if ends else f" {ends_at:.2f}% {{ opacity: 0; }}"
    return (
        f"@keyframes {name} {{ {steps} }} .{name} {{{still} "
        f"animation: {whole_s:g}s step-end infinite {name}; }} "
    )


def _drawn(it: Piece, top: int) -> Iterator[str]:
    x, long = MARGIN + it.at * CELL, it.cells * CELL
    if it.ground != DARK_GROUND:
        yield f'<path d="M{x:.1f} {top}h{long:.1f}v{LINE}h-{long:.1f}" fill="{it.ground}"/>'
    bare = it.text.strip()
    if bare:
        x += cells(it.text[: len(it.text) - len(it.text.lstrip())]) * CELL
        classes = f' class="{" ".join(it.classes)}"' if it.classes else ""
        yield (
            f'<text{classes} x="{x:.1f}" y="{top + BASE}" fill="{it.colour}" '
            f'textLength="{cells(bare) * CELL:.1f}">{escape(bare)}</text>'
        )


async def main() -> None:
    """Write the picture."""
    controls = Controls(Settings(0.5, rng_seed=5), speed=60.0, length=600, pin=5)
    app = CharlmApp(
        str(MODEL), ProcessEngine, controls, setup=Setup(panels=("next",), animated=False)
    )
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        app.console._color_system = ColorSystem.TRUECOLOR  # there is no terminal to tell it
        await until(pilot, lambda: app.conversation.model is not None, "the model was loaded")
        it = Recorder(app, pilot)
        await perform(app, pilot, it)
    picture = svg(it.frames)
    assert len(picture.encode()) < MOST_BYTES, f"it has {len(picture.encode()):,} bytes"
    (PICTURES / "moving.svg").write_text(picture, encoding="utf-8")
    print(f"moving.svg: {len(picture.encode()):,} bytes, {len(it.frames) * FRAME_S:.0f} s")


if __name__ == "__main__":
    asyncio.run(main())
