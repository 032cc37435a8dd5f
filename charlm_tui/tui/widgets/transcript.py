"""The conversation on the screen: what was typed, and what the model makes of it.

A line-API widget: a frame costs what its visible lines and the new characters cost, whatever came
before. Owns wrapping, the fading of new characters and the scroll position; knows nothing of
models.
"""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.events import MouseDown, MouseEvent, MouseMove
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive, var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from charlm_tui.text import cells, runs, visible
from charlm_tui.tui.document import Block, Kind, Selection, char_at
from charlm_tui.tui.paint import Mark, changed, overlaid
from charlm_tui.tui.shades import FADE_LEVELS, Ramp, fade

FADE_S = 0.3  # that a new character takes to settle into its colour
FADE_FRAMES_PER_S = 24
FASTEST_FADE = 240.0  # characters a second; above it nearly all that moves is new: it flickers
BADGE = 8  # cells at the right of a seed, for the mark of its siblings
GUTTER = 2  # cells at the left, where a seed has its mark
MARKS: dict[Kind, str] = {"seed": "❯ ", "reply": "  ", "notice": "· ", "error": "! "}


Levels = Callable[[Block, int, int], bytes]
"""Gives the tint level of each character of a block, from one to before another."""


class Transcript(ScrollView, can_focus=True):
    """Blocks of text below one another, the last of which can grow.

    A character of a reply can be selected, with the mouse or a cursor; text can be tinted.

    | component class | what |
    | :- | :- |
    | `transcript--seed` | what was typed |
    | `transcript--reply` | what the model made of it |
    | `transcript--fresh` | a character that has just arrived |
    | `transcript--cursor` | the mark where the next one will |
    | `transcript--notice`, `transcript--error` | what the app has to say |
    | `transcript--selected` | the characters that are selected |
    | `transcript--badge` | a mark after a block's first line |
    | `transcript--recited` | what stands in the corpus, too |
    | `transcript--low`, `--middle`, `--high` | the shades of tints |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "transcript--seed",
        "transcript--reply",
        "transcript--fresh",
        "transcript--cursor",
        "transcript--notice",
        "transcript--error",
        "transcript--selected",
        "transcript--badge",
        "transcript--recited",
        "transcript--low",
        "transcript--middle",
        "transcript--high",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go(0, -1)", "Up", show=False, id="transcript.up"),
        Binding("down,j", "go(0, 1)", "Down", show=False, id="transcript.down"),
        Binding("left,h", "go(-1, 0)", "Select", show=False, id="transcript.left"),
        Binding("right,l", "go(1, 0)", "Right", show=False, id="transcript.right"),
        Binding("shift+left,H", "go(-1, 0, True)", "Extend", show=False, id="transcript.more-left"),
        Binding(
            "shift+right,L", "go(1, 0, True)", "Extend", show=False, id="transcript.more-right"
        ),
        Binding("shift+up,K", "go(0, -1, True)", "Extend", show=False, id="transcript.more-up"),
        Binding("shift+down,J", "go(0, 1, True)", "Extend", show=False, id="transcript.more-down"),
        Binding("w", "go_word(1)", "Word", show=False, id="transcript.word"),
        Binding("b", "go_word(-1)", "Word back", show=False, id="transcript.word-back"),
        Binding("0", "go_edge(-1)", "Line's start", show=False, id="transcript.line-start"),
        Binding("dollar_sign", "go_edge(1)", "Line's end", show=False, id="transcript.line-end"),
        Binding("pageup,ctrl+b", "page_up", "Page up", show=False, id="transcript.page-up"),
        Binding("pagedown,f", "page_down", "Page down", show=False, id="transcript.page-down"),
        Binding("home", "scroll_home", "Top", show=False, id="transcript.top"),
        Binding("end,G", "scroll_end", "End", show=False, id="transcript.end"),
    ]

    ALLOW_SELECT: ClassVar[bool] = False  # it selects by character, and by itself

    live: reactive[bool] = reactive(False)
    """Whether the last block is growing: a cursor stands at its end."""
    speed: reactive[float] = reactive(0.0)
    """Characters a second that arrive; 0 is as fast as it goes."""

    animated: var[bool] = var(True)
    """Whether new characters arrive bright and settle, if the app is animated at all."""

    selection: reactive[Selection | None] = reactive(None)
    """What is selected."""

    @dataclass
    class Selected(Message):
        """Another character is selected, or none."""

        transcript: "Transcript"
        selection: Selection | None

        @property
        def control(self) -> "Transcript":
            return self.transcript

    @dataclass
    class Followed(Message):
        """The reader has left the end, or is back at it."""

        transcript: "Transcript"
        at_end: bool

        @property
        def control(self) -> "Transcript":
            return self.transcript

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
        self._levels: Levels | None = None
        self._recited: Sequence[Mark] = ()
        self._dragging = False

    # What is shown.

    @property
    def blocks(self) -> list[Block]:
        """The blocks, the newest last."""
        return self._blocks

    def add(self, kind: Kind, text: str = "", source: object = None, first: int = 0) -> Block:
        """Begin a new block, which text can be added to; give it."""
        self._settle()
        if self._blocks:
            self._refresh_from(self._line_count - 1)  # the cursor leaves it
        block = Block(kind, source=source, first=first)
        before = self._blocks[-1].kind if self._blocks else None
        self._firsts.append(self._line_count + _gap(before, kind))
        self._blocks.append(block)
        block.append(text, self._width(block))
        self._grown(self._firsts[-1])
        return block

    def take_away(self, block: Block) -> None:
        """Take a block away again."""
        self._settle()
        self._blocks = [each for each in self._blocks if each is not block]
        self._lay_out()

    def cut(self, block: Block, length: int) -> None:
        """Keep the first `length` characters of a block, and nothing that comes after it."""
        self._settle()
        index = self._blocks.index(block)
        del self._blocks[index + 1 :], self._firsts[index + 1 :]
        if length == 0 and index and block.kind == "reply":
            del self._blocks[index], self._firsts[index]
        else:
            block.cut(length, self._width(block))
        if self.selection is not None and (
            self.selection.block not in self._blocks or self.selection.cursor > length
        ):
            self.selection = None
        self._strips.clear()
        self.virtual_size = Size(self._wrap_width, self._line_count)
        self.refresh()

    def clear(self) -> None:
        """Take every block away."""
        self._settle()
        self._blocks, self._firsts = [], []
        self.selection = None
        self._lay_out()

    def mark(self, block: Block, badge: str) -> None:
        """Put a mark at the end of a block's first line."""
        if badge != block.badge:
            block.badge = badge
            first = self._firsts[self._blocks.index(block)]
            self._strips.discard(first)
            self.refresh_lines(first, 1)

    def tint(self, levels: "Levels | None") -> None:
        """Tint replies by what a function gives for their characters; None is plain."""
        self._levels = levels
        self._strips.clear()
        self.refresh()

    def recite(self, marks: Sequence[Mark]) -> None:
        """Mark what stands in the corpus; only lines where that is another than before are drawn.

        Args:
            marks: in place of those of before, one a block at the most.
        """
        before, self._recited = self._recited, marks
        for block, start, stop in changed(before, marks):
            if block in self._blocks:
                top = self._firsts[self._blocks.index(block)]
                first, last = block.line_of(start), block.line_of(stop - 1)
                for line in range(top + first, top + last + 1):
                    self._strips.discard(line)
                self.refresh_lines(top + first, last - first + 1)

    def append(self, text: str) -> None:
        """Add text to the last block; it arrives bright, if new characters are animated."""
        block = self._blocks[-1]
        if self._fades:
            self._births.append((block.length, self._clock()))
            self._fade_timer.resume()
        changed = self._firsts[-1] + block.append(text, self._width(block))
        self._grown(changed)

    @property
    def _line_count(self) -> int:
        return self._firsts[-1] + len(self._blocks[-1].lines) if self._blocks else 0

    def _width(self, block: Block) -> int:
        """Give the cells that a line of a block may have."""
        width = max(1, (self._wrap_width or 80) - GUTTER - 1)  # one for the cursor
        return width - BADGE if block.kind == "seed" and width > 3 * BADGE else width

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
        before, self._at_end = self._at_end, new_value >= self.max_scroll_y
        if before != self._at_end:
            self.post_message(self.Followed(self, self._at_end))

    # Selecting.

    def validate_selection(self, selection: Selection | None) -> Selection | None:
        if selection is None:
            return None
        most = selection.block.length
        return replace(
            selection,
            cursor=min(max(selection.cursor, 0), most),
            anchor=min(max(selection.anchor, 0), most),
        )

    def watch_selection(self, before: Selection | None, after: Selection | None) -> None:
        for selection in (before, after):
            if selection is not None and selection.block in self._blocks:
                top = self._firsts[self._blocks.index(selection.block)]
                first, end = selection.span
                for line in range(
                    top + selection.block.line_of(first), top + selection.block.line_of(end) + 1
                ):
                    self._strips.discard(line)
                    self.refresh_lines(line, 1)
        if after is not None:
            line = self._firsts[self._blocks.index(after.block)] + after.block.line_of(after.cursor)
            top, height = self.scroll_offset.y, self.scrollable_content_region.height
            if not top <= line < top + height:
                middle = line if line < top else line - height + 1
                self.scroll_to(y=middle, animate=False, immediate=True, force=True)
        self.post_message(self.Selected(self, after))

    def select(self, block: Block, char: int, extend: bool = False) -> None:
        """Select a character, or all from where the selection began to it."""
        now = self.selection
        anchor = now.anchor if extend and now is not None and now.block is block else char
        self.selection = Selection(block, char, anchor)

    def selected_text(self) -> str:
        """Give the text that is selected."""
        if self.selection is None:
            return ""
        first, end = self.selection.span
        return self.selection.block.part(first, end)

    @property
    def _selectable(self) -> list[Block]:
        return [block for block in self._blocks if block.kind == "reply"]

    def action_go(self, right: int, down: int, extend: bool = False) -> None:
        """Move the cursor; without one, read up and down, and to the left begin to select."""
        now = self.selection
        blocks = self._selectable
        if now is None:
            if down:
                self.scroll_relative(y=down, animate=False)
            elif blocks:
                self._begin_selection(blocks)
            return
        block, char = now.block, now.cursor
        if right:
            after = char + right
            index = next(i for i, each in enumerate(blocks) if each is block)
            if after < 0 and index > 0 and not extend:
                block = blocks[index - 1]
                after = block.length - 1
            elif after > block.length and index + 1 < len(blocks) and not extend:
                block, after = blocks[index + 1], 0
            self.select(block, after, extend)
            return
        row = block.line_of(char)
        column = char - block.starts[row]
        row += down
        if not 0 <= row < len(block.lines):
            index = next(i for i, each in enumerate(blocks) if each is block) + down
            if extend or not 0 <= index < len(blocks):
                return
            block = blocks[index]
            row = 0 if down > 0 else len(block.lines) - 1
        self.select(block, char_at(block, row, column), extend)

    def _begin_selection(self, blocks: list[Block]) -> None:
        """Select the last character in sight of the last reply in sight."""
        bottom = self.scroll_offset.y + self.scrollable_content_region.height - 1
        for block in reversed(blocks):
            first = self._firsts[self._blocks.index(block)]
            if first <= bottom and block.length:
                row = min(bottom - first, len(block.lines) - 1)
                self.select(block, char_at(block, row, len(block.lines[row])))
                return

    def action_go_word(self, direction: int) -> None:
        """Move the cursor to the start of the next word, or of the one before."""
        now = self.selection
        if now is None:
            self.action_go(direction, 0)
            return
        around = 256
        start = max(0, now.cursor - around)
        text = now.block.part(start, now.cursor + around)
        place = now.cursor - start
        starts = [
            i
            for i, char in enumerate(text)
            if not char.isspace() and (i == 0 or text[i - 1].isspace())
        ]
        if direction > 0:
            after = next((i for i in starts if i > place), len(text) - 1)
        else:
            after = next((i for i in reversed(starts) if i < place), 0)
        self.select(now.block, start + after)

    def action_go_edge(self, direction: int) -> None:
        """Move the cursor to the start or the end of its line."""
        now = self.selection
        if now is not None:
            row = now.block.line_of(now.cursor)
            column = 0 if direction < 0 else len(now.block.lines[row])
            self.select(now.block, char_at(now.block, row, column))

    def on_mouse_down(self, event: MouseDown) -> None:
        place = self._char_under(event)
        if event.button == 1:
            self._dragging = place is not None
            self.selection = None if place is None else Selection(*place, place[1])
            if self._dragging:
                self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        place = self._char_under(event)
        now = self.selection
        if self._dragging and place is not None and now is not None and place[0] is now.block:
            self.select(*place, extend=True)

    def on_mouse_up(self) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def _char_under(self, event: MouseEvent) -> tuple[Block, int] | None:
        """Give the reply and the character that the mouse is over."""
        offset = event.get_content_offset(self)
        if offset is None or not self._blocks:
            return None
        line = self.scroll_offset.y + offset.y
        index = bisect_right(self._firsts, line) - 1
        if index < 0:
            return None
        block = self._blocks[index]
        row = line - self._firsts[index]
        if block.kind != "reply" or row >= len(block.lines):
            return None
        left = offset.x - GUTTER
        text = block.lines[row]
        used = 0
        for place, char in enumerate(text):
            used += cells(char)
            if used > left:
                return block, block.starts[row] + place
        return block, char_at(block, row, len(text))

    # Where new characters settle.

    @property
    def _fades(self) -> bool:
        return (
            self.live
            and self.animated
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
            block.rewrap(self._width(block))
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

    @property
    def _coloured(self) -> bool:
        """Whether there are colours enough to shade with."""
        return not self.app.no_color and self.app.console.color_system not in (None, "standard")

    def _take_styles(self) -> None:
        self._styles = {
            name: self.get_component_rich_style(f"transcript--{name}")
            for name in (
                *("seed", "reply", "fresh", "cursor", "notice", "error"),
                *("selected", "badge", "recited", "low", "middle", "high"),
            )
        }
        ramp = Ramp(*(self._styles[name] for name in ("low", "middle", "high")))
        reply = self._styles["reply"]
        self._tints = [reply + shade for shade in ramp.shades(self._coloured)]
        self._shades = fade(self._styles["fresh"], self._styles["reply"])

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
        start = block.starts[row]
        if last and self._births and start + len(text) > self._births[0][0]:
            segments += self._fresh_segments(text, start, style)
        elif self._levels is not None and block.kind == "reply":
            segments += self._tinted_segments(block, text, start)
        else:
            segments.append(Segment(visible(text, ""), style))
        for recited in self._recited:
            first, end = max(recited.start - start, 0), min(recited.stop - start, len(text))
            if recited.block is block and first < end:
                left, right = (GUTTER + cells(text[:place]) for place in (first, end))
                segments = overlaid(segments, left, right, self._styles["recited"])
        chosen = self.selection
        if chosen is not None and chosen.block is block:
            self._select_segments(segments, text, start, chosen)
        if row == 0 and block.badge:
            room = self.size.width - GUTTER - cells(text)
            segments.append(Segment(f" {block.badge}"[: max(room, 0)], self._styles["badge"]))
        if last and self.live and block.kind == "reply" and row == len(block.lines) - 1:
            segments.append(Segment("▌", self._styles["cursor"]))
        return Strip(segments)

    def _tinted_segments(self, block: Block, text: str, start: int) -> list[Segment]:
        """Draw a line in the shades of its characters, neighbours of one shade together."""
        assert self._levels is not None
        levels = self._levels(block, start, start + len(text))
        return [
            Segment(visible(text[begin:end], ""), self._tints[levels[begin]])
            for begin, end in runs(levels, 0, len(text))
        ]

    def _select_segments(
        self, segments: list[Segment], text: str, start: int, chosen: Selection
    ) -> None:
        """Draw what is selected of a line in the style of selections."""
        first, end = (place - start for place in chosen.span)
        if end <= 0 or first > len(text) or (first == len(text) and text.endswith("\n")):
            return
        style = self._styles["selected"]
        at_end = chosen.block.length == start + len(text)
        if first >= len(text):
            if at_end and chosen.cursor == chosen.block.length:
                segments.append(Segment(" ", style))
            return
        part = text[max(first, 0) : end]
        left = GUTTER + cells(text[: max(first, 0)])
        right = left + cells(part)
        line = Strip(segments)
        inside = visible(part, "⏎")
        segments[:] = [
            *line.crop(0, left),
            Segment(inside, style),
            *line.crop(right),
        ]

    def _fresh_segments(self, text: str, start: int, style: Style) -> list[Segment]:
        """Draw a line of which some characters are still settling, each arrival in its shade."""
        now = self._clock()
        segments = []
        end = start + len(text)
        births = [*self._births, (end, now)]
        if births[0][0] > start:
            segments.append(Segment(visible(text[: births[0][0] - start], ""), style))
        for (first, born), (after, _) in pairwise(births):
            part = text[max(first - start, 0) : max(min(after, end) - start, 0)]
            if part:
                level = min(int((now - born) / FADE_S * FADE_LEVELS), FADE_LEVELS - 1)
                segments.append(Segment(visible(part, ""), self._shades[level]))
        return segments


def _gap(before: Kind | None, kind: Kind) -> int:
    """Give the empty lines before a block: one between turns, none within one."""
    return 1 if before is not None and (kind == "seed" or before != "seed") else 0
