"""The conversation on the screen: what was typed, and what the model makes of it.

A line-API widget: a frame costs what its visible lines and the new characters cost, whatever came
before. Owns the scroll position and which lines are to be drawn again; knows nothing of models.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive, var
from textual.strip import Strip

from charlm_tui.tui.document import GUTTER, Block, PartKind
from charlm_tui.tui.paint import Births, Levels, Mark, Painter, changed
from charlm_tui.tui.widgets.selectable_text import SelectableText

FADE_FRAMES_PER_S = 24
MEASURE = 100 + GUTTER + 1  # cells of a line at the most: longer ones are hard to read
FASTEST_FADE = 240.0  # characters a second; above it nearly all that moves is new: it flickers
_STYLES = (
    *("seed", "reply", "fresh", "cursor", "notice", "error"),
    *("selected", "badge", "recited", "found", "typed", "low", "middle", "high"),
)


class Transcript(SelectableText, can_focus=True):
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
    | `transcript--found` | what was looked for |
    | `transcript--typed` | what a person typed into a reply |
    | `transcript--low`, `--middle`, `--high` | the shades of tints |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"transcript--{name}" for name in _STYLES}

    live: reactive[bool] = reactive(False)
    """Whether the last block is growing: a cursor stands at its end."""
    speed: reactive[float] = reactive(0.0)
    """Characters a second that arrive; 0 is as fast as it goes."""

    animated: var[bool] = var(True)
    """Whether new characters arrive bright and settle, if the app is animated at all."""

    typed: Callable[[Block], Sequence[tuple[int, int]]] = staticmethod(lambda _: ())
    """Returns the stretches of a block that a person typed: first character, and one after last."""

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
        self._births = Births()  # in the last block
        self._painter: Painter | None = None
        self._at_end = True
        self._levels: Levels | None = None
        self._recited: Sequence[Mark] = ()

    # What is shown.

    def add(self, kind: PartKind, text: str = "", source: object = None, first: int = 0) -> Block:
        """Begin a new block, which text can be added to; return it."""
        self._settle()
        if self.blocks:
            self._refresh_from(self._document.line_count - 1)  # the cursor leaves it
        block = Block(kind, source=source, first=first)
        self._grown(self._document.add(block, text))
        return block

    def take_away(self, block: Block) -> None:
        """Remove a block."""
        self._settle()
        self._document.remove(block)
        self._laid_out()

    def cut(self, block: Block, length: int) -> None:
        """Keep the first `length` characters of a block, and nothing that comes after it."""
        self._settle()
        self._document.cut(block, length)
        if self.selection is not None and (
            self.selection.block not in self.blocks or self.selection.cursor > length
        ):
            self.selection = None
        self._laid_out()

    def clear(self) -> None:
        """Remove every block."""
        self._settle()
        self._document.clear()
        self.selection = None
        self._laid_out()

    def mark(self, block: Block, badge: str) -> None:
        """Put a mark at the end of a block's first line."""
        if badge != block.badge:
            block.badge = badge
            self._refresh((self._document.top(block),))

    def tint(self, levels: Levels | None) -> None:
        """Tint replies by what a function returns for their characters; None is plain."""
        self._levels = levels
        self._strips.clear()
        self.refresh()

    def recite(self, marks: Sequence[Mark]) -> None:
        """Mark what stands in the corpus; only lines where that changes are drawn again.

        Args:
            marks: in place of those of before, one a block at the most.
        """
        before, self._recited = self._recited, marks
        for block, start, stop in changed(before, marks):
            if block in self.blocks:
                self._refresh(self._document.lines(block, start, stop - 1))

    def append(self, text: str) -> None:
        """Add text to the last block; it arrives bright, if new characters are animated."""
        if self._fades:
            self._births.add(self.blocks[-1].length, self._clock())
            self._fade_timer.resume()
        self._grown(self._document.append(text))

    def _grown(self, first: int) -> None:
        """Show that lines from number `first` on are new, and stay at the end if we were there."""
        self.virtual_size = Size(self._document.width, self._document.line_count)
        self._refresh_from(first)
        if self._at_end and not self.is_vertical_scrollbar_grabbed:
            self.to_end()

    def _laid_out(self) -> None:
        """Draw every line again, of which there may be more or less than before."""
        self._strips.clear()
        self.virtual_size = Size(self._document.width, self._document.line_count)
        self.refresh()
        self.call_after_refresh(self._look_again)

    def to_end(self) -> None:
        """Go to the end, and stay there as text comes."""
        self._at_end = True
        self.scroll_end(animate=False, immediate=True, force=True, x_axis=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stay at the end for as long as nobody scrolls away from it."""
        super().watch_scroll_y(old_value, new_value)
        self._look(new_value >= self.max_scroll_y)

    def _look(self, at_end: bool) -> None:
        """Tell whether the end is in sight, if it is otherwise than it was."""
        before, self._at_end = self._at_end, at_end
        if before != at_end:
            self.post_message(self.Followed(self, at_end))

    def _look_again(self) -> None:
        """See the end that has come into sight without scrolling: there is less, or more room."""
        if not self._at_end and self.scroll_offset.y >= self.max_scroll_y:
            self._look(True)

    # Where new characters settle.

    @property
    def _fades(self) -> bool:
        return (
            self.live
            and self.animated
            and 0 < self.speed <= FASTEST_FADE
            and self._painter is not None
            and self._painter.fades
            and self.app.animation_level != "none"
        )

    def _fade(self) -> None:
        if self._births:
            self._settle(self._clock())
        else:
            self._fade_timer.pause()

    def _settle(self, now_s: float = math.inf) -> None:
        """Draw the lines again that hold characters which are settling, or have by now."""
        if self._births:
            oldest = self._births.first
            self._births.forget(now_s)
            self._refresh_from(self._document.lines(self.blocks[-1], oldest, oldest)[0])

    # Events.

    def on_mount(self) -> None:
        self._fade_timer = self.set_interval(1 / FADE_FRAMES_PER_S, self._fade, pause=True)

    def on_resize(self) -> None:
        """Wrap again where the width is another, and keep what is read in its place."""
        self.call_after_refresh(self._look_again)
        it, width = self._document, min(self.scrollable_content_region.width, MEASURE)
        if width == it.width:
            if self._at_end:
                self.to_end()
            return
        at_end, place = self._at_end, it.place(self.scroll_offset.y)
        it.width = width
        it.lay_out()
        self._laid_out()
        if at_end or place is None:
            self.to_end()
        else:
            block, char = place
            self._scroll_to_line(it.lines(block, char, char)[0])

    def watch_live(self) -> None:
        if self.blocks:
            self._refresh_from(self._document.line_count - 1)

    def notify_style_update(self) -> None:
        """Forget the colours of the theme that was in force."""
        super().notify_style_update()
        self._painter = None

    # Drawing.

    def render_line(self, y: int) -> Strip:
        line = self.scroll_offset.y + y
        if self._painter is None:
            coloured = self.app.console.color_system not in (None, "standard")
            self._painter = Painter(
                {name: self.get_component_rich_style(f"transcript--{name}") for name in _STYLES},
                coloured and not self.app.no_color,
            )
        if line >= self._document.line_count:
            return Strip.blank(self.size.width, self.rich_style)
        return self._strip(line).extend_cell_length(self.size.width, self.rich_style)

    def _strip(self, line: int) -> Strip:
        found, painter = self._document.row(line), self._painter
        if found is None or painter is None:
            return Strip([])
        block, row = found
        last = block is self.blocks[-1]
        end = block.starts[row] + len(block.lines[row])
        if last and self._births and end > self._births.first:
            segments = painter.settling(block, row, self._births, self._clock())
        else:
            segments = painter.text(block, row, self._levels)
        if typed := self.typed(block):
            segments = painter.typed(segments, block, row, typed, self._levels is not None)
        segments = painter.marked(segments, block, row, self._recited)
        if self._found:
            places = [place.span for place in self._found if place.block is block]
            segments = painter.found(segments, block, row, places)
        if self.selection is not None and self.selection.block is block:
            segments = painter.selected(segments, row, self.selection)
        if row == 0 and block.badge:
            segments.append(painter.badge(block, self.size.width))
        if last and self.live and block.kind == "reply" and row == len(block.lines) - 1:
            segments.append(painter.cursor())
        return Strip(segments)
