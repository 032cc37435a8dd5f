"""The conversation on the screen: what was typed, and what the model makes of it.

A line-API widget: a frame costs what its visible lines and the new characters cost, whatever came
before. Owns wrapping, the fading of new characters and the scroll position; knows nothing of
models.
"""

import time
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar, Literal

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.color import Color
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from charlm_tui.tui.wrapping import visible, wrap

Kind = Literal["seed", "reply", "notice", "error"]

FADE_S = 0.3  # that a new character takes to settle into its colour
FADE_LEVELS = 8
FADE_FRAMES_PER_S = 24
FASTEST_FADE = 240.0  # characters a second; above it nearly all that moves is new: it flickers
GUTTER = 2  # cells at the left, where a seed has its mark
MARKS: dict[Kind, str] = {"seed": "❯ ", "reply": "  ", "notice": "· ", "error": "! "}


@dataclass(slots=True)
class Block:
    """A stretch of text of one kind, as wrapped lines that joined are the text."""

    kind: Kind
    lines: list[str] = field(default_factory=lambda: [""])
    starts: "array[int]" = field(default_factory=lambda: array("Q", [0]))
    """Of each line, the number of its first character."""

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

    def rewrap(self, width: int) -> None:
        """Break the text anew."""
        text = self.text
        self.lines, self.starts = [""], array("Q", [0])
        self.append(text, width)


class Transcript(ScrollView, can_focus=True):
    """Blocks of text below one another, the last of which can grow.

    | component class | what |
    | :- | :- |
    | `transcript--seed` | what was typed |
    | `transcript--reply` | what the model made of it |
    | `transcript--fresh` | a character that has just arrived |
    | `transcript--cursor` | the mark where the next one will |
    | `transcript--notice`, `transcript--error` | what the app has to say |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "transcript--seed",
        "transcript--reply",
        "transcript--fresh",
        "transcript--cursor",
        "transcript--notice",
        "transcript--error",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False, id="transcript.up"),
        Binding("down,j", "scroll_down", "Down", show=False, id="transcript.down"),
        Binding("pageup,b", "page_up", "Page up", show=False, id="transcript.page-up"),
        Binding("pagedown,f", "page_down", "Page down", show=False, id="transcript.page-down"),
        Binding("home", "scroll_home", "Top", show=False, id="transcript.top"),
        Binding("end,G", "scroll_end", "End", show=False, id="transcript.end"),
    ]

    live: reactive[bool] = reactive(False)
    """Whether the last block is growing: a cursor stands at its end."""
    speed: reactive[float] = reactive(0.0)
    """Characters a second that arrive; 0 is as fast as it goes."""

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002  (Textual's own name for it)
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._blocks: list[Block] = []
        self._firsts: list[int] = []  # of each block, the number of its first line
        self._births: deque[tuple[int, float]] = deque()  # (first character, when it arrived)
        self._strips: LRUCache[int, Strip] = LRUCache(512)
        self._styles: dict[str, Style] = {}
        self._shades: list[Style] = []
        self._wrap_width = 0
        self._at_end = True

    # What is shown.

    @property
    def blocks(self) -> list[Block]:
        """The blocks, the newest last."""
        return self._blocks

    def add(self, kind: Kind, text: str = "") -> Block:
        """Begin a new block, which text can be added to; give it."""
        self._settle()
        block = Block(kind)
        before = self._blocks[-1].kind if self._blocks else None
        self._firsts.append(self._line_count + _gap(before, kind))
        self._blocks.append(block)
        block.append(text, self._text_width)
        self._grown(self._firsts[-1])
        return block

    def take_away(self, block: Block) -> None:
        """Take a block away again."""
        self._settle()
        self._blocks = [each for each in self._blocks if each is not block]
        self._lay_out()

    def append(self, text: str) -> None:
        """Add text to the last block; it arrives bright, if new characters are animated."""
        block = self._blocks[-1]
        if self._fades:
            self._births.append((block.length, self._clock()))
            self._fade_timer.resume()
        changed = self._firsts[-1] + block.append(text, self._text_width)
        self._grown(changed)

    @property
    def _line_count(self) -> int:
        return self._firsts[-1] + len(self._blocks[-1].lines) if self._blocks else 0

    @property
    def _text_width(self) -> int:
        return max(1, (self._wrap_width or 80) - GUTTER - 1)  # one for the cursor

    def _grown(self, first: int) -> None:
        """Show that lines from number `first` on are new, and stay at the end if we were there."""
        count = self._line_count
        for line in range(first, count):
            self._strips.discard(line)
        self.virtual_size = Size(self._wrap_width, count)
        self.refresh_lines(first, count - first)
        if self._at_end and not self.is_vertical_scrollbar_grabbed:
            self.to_end()

    def to_end(self) -> None:
        """Go to the end, and stay there as text comes."""
        self._at_end = True
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stay at the end for as long as nobody scrolls away from it."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = new_value >= self.max_scroll_y

    # Where new characters settle.

    @property
    def _fades(self) -> bool:
        return (
            self.live
            and 0 < self.speed <= FASTEST_FADE
            and len(self._shades) > 1
            and self.app.animation_level != "none"
        )

    def _fade(self) -> None:
        """Draw anew the lines that hold characters which are settling."""
        if not self._births or not self._blocks:
            self._fade_timer.pause()
            return
        block, first = self._blocks[-1], self._firsts[-1]
        now = self._clock()
        oldest = bisect_right(block.starts, self._births[0][0]) - 1
        while self._births and now - self._births[0][1] > FADE_S:
            self._births.popleft()
        self._refresh_from(first + oldest)

    def _refresh_from(self, line: int) -> None:
        for number in range(line, self._line_count):
            self._strips.discard(number)
        self.refresh_lines(line, self._line_count - line)

    def _settle(self) -> None:
        """Let everything that is new be old."""
        if self._births:
            first = bisect_right(self._blocks[-1].starts, self._births[0][0]) - 1
            self._births.clear()
            self._refresh_from(self._firsts[-1] + first)

    # Events.

    def on_mount(self) -> None:
        self._fade_timer = self.set_interval(1 / FADE_FRAMES_PER_S, self._fade, pause=True)

    def on_resize(self) -> None:
        """Wrap anew where the width is another, and keep what is read in its place."""
        width = self.scrollable_content_region.width
        if width == self._wrap_width:
            if self._at_end:
                self.to_end()
            return
        at_end = self._at_end
        top = self._place(self.scroll_offset.y) if self._blocks else (0, 0)
        self._wrap_width = width
        self._lay_out()
        if at_end or not self._blocks:
            self.to_end()
        else:
            index, char = top
            found = bisect_right(self._blocks[index].starts, char) - 1
            self.scroll_to(y=self._firsts[index] + found, animate=False, immediate=True, force=True)

    def _lay_out(self) -> None:
        """Wrap every block anew, one below the other."""
        line = 0
        self._firsts = []
        for index, block in enumerate(self._blocks):
            before = self._blocks[index - 1].kind if index else None
            self._firsts.append(line + _gap(before, block.kind))
            block.rewrap(self._text_width)
            line = self._firsts[index] + len(block.lines)
        self._strips.clear()
        self.virtual_size = Size(self._wrap_width, line)
        self.refresh()

    def _place(self, line: int) -> tuple[int, int]:
        """Give the block and the character that begin at a line."""
        index = max(0, bisect_right(self._firsts, line) - 1)
        block = self._blocks[index]
        return index, block.starts[min(line - self._firsts[index], len(block.starts) - 1)]

    def watch_live(self) -> None:
        if self._blocks:
            self._refresh_from(self._line_count - 1)

    def notify_style_update(self) -> None:
        """Forget the colours of the theme that was in force."""
        super().notify_style_update()
        self._styles = {}
        self._strips.clear()

    def _take_styles(self) -> None:
        self._styles = {
            name: self.get_component_rich_style(f"transcript--{name}")
            for name in ("seed", "reply", "fresh", "cursor", "notice", "error")
        }
        self._shades = _shades(self._styles["fresh"], self._styles["reply"])

    # Drawing.

    def render_line(self, y: int) -> Strip:
        if not self._styles:
            self._take_styles()
        line = self.scroll_offset.y + y
        if line >= self._line_count:
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips.get(line)
        if strip is None:
            strip = self._strip(line).extend_cell_length(self.size.width, self.rich_style)
            self._strips[line] = strip
        return strip

    def _strip(self, line: int) -> Strip:
        index = bisect_right(self._firsts, line) - 1
        if index < 0:
            return Strip([])
        block = self._blocks[index]
        row = line - self._firsts[index]
        if row >= len(block.lines):
            return Strip([])
        text = block.lines[row]
        style = self._styles[block.kind]
        mark = MARKS[block.kind] if row == 0 else " " * GUTTER
        segments = [Segment(mark, style)]
        last = index == len(self._blocks) - 1
        if last and self._births and block.starts[row] + len(text) > self._births[0][0]:
            segments += self._fresh_segments(text, block.starts[row], style)
        else:
            segments.append(Segment(visible(text), style))
        if last and self.live and block.kind == "reply" and row == len(block.lines) - 1:
            segments.append(Segment("▌", self._styles["cursor"]))
        return Strip(segments)

    def _fresh_segments(self, text: str, start: int, style: Style) -> list[Segment]:
        """Draw a line of which some characters are still settling, each arrival in its shade."""
        now = self._clock()
        segments = []
        end = start + len(text)
        births = [*self._births, (end, now)]
        if births[0][0] > start:
            segments.append(Segment(visible(text[: births[0][0] - start]), style))
        for (first, born), (after, _) in pairwise(births):
            part = text[max(first - start, 0) : max(min(after, end) - start, 0)]
            if part:
                level = min(int((now - born) / FADE_S * FADE_LEVELS), FADE_LEVELS - 1)
                segments.append(Segment(visible(part), self._shades[level]))
        return segments


def _gap(before: Kind | None, kind: Kind) -> int:
    """Give the empty lines before a block: one between turns, none within one."""
    return 1 if before is not None and (kind == "seed" or before != "seed") else 0


def _shades(fresh: Style, settled: Style) -> list[Style]:
    """Give styles from fresh to settled; only one where the colours are the terminal's own."""
    if fresh.color is None or settled.color is None:
        return [settled]
    if fresh.color.triplet is None or settled.color.triplet is None:
        return [settled]
    start, end = Color.from_rich_color(fresh.color), Color.from_rich_color(settled.color)
    return [
        settled + Style(color=start.blend(end, level / (FADE_LEVELS - 1)).rich_color)
        for level in range(FADE_LEVELS)
    ]
