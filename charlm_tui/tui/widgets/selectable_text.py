"""Text of which characters can be selected and found, by keys and by the mouse.

Owns the selection, the cursor's ways, and which of the drawn lines are to be drawn again; what is
drawn, whoever inherits from it knows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.events import MouseDown, MouseEvent, MouseMove
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from charlm_tui.tui.document import Block, Document, TextSelection
from charlm_tui.tui.hindered import BEGINNING, END, SELECT_FIRST, Hindered, edge
from charlm_tui.tui.widgets.scroll_bar import StreamScrollBar

STRIPS = 512  # finished lines that are kept
_BELOW = -1  # stands for each line below the text


class SelectableText(Hindered, ScrollView, can_focus=True):
    """Blocks of text below one another; a character of a reply can be selected."""

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

    selection: reactive[TextSelection | None] = reactive(None)
    """What is selected."""

    @dataclass
    class Selected(Message, namespace="transcript"):
        """Another character is selected, or none."""

        transcript: "SelectableText"
        selection: TextSelection | None

        @property
        def control(self) -> "SelectableText":
            return self.transcript

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's own name for it)
        super().__init__(id=id)
        self._document = Document()
        self._strips: LRUCache[int, Strip] = LRUCache(
            STRIPS
        )  # by line of the document, with styles and filters
        self._columns: tuple[int, ...] = ()  # the widget's width, and the part of it that they have
        self._found: list[TextSelection] = []  # what was looked for
        self._dragging = False

    @property
    def blocks(self) -> Sequence[Block]:
        """The blocks, the newest last."""
        return self._document.blocks

    @property
    def vertical_scrollbar(self) -> StreamScrollBar:
        """The scroll bar; it is made when it is first asked for."""
        if not isinstance(self._vertical_scrollbar, StreamScrollBar):
            bar = StreamScrollBar(self.scrollbar_size_vertical)
            bar.display = False
            self._vertical_scrollbar = bar
            self.app._start_widget(self, bar)
        return self._vertical_scrollbar

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a part of the widget, each of which is finished once.

        Textual takes a line through styles and filters for the place at which it stands, and text
        that streams stands at another one in every frame.

        Args:
            crop: the part, in cells of the widget.
        """
        columns = (self.region.width, *crop.column_span)
        if columns != self._columns:
            self._columns = columns
            self._strips.clear()
        numbers = self._numbers(crop)
        strips = [None if number is None else self._strips.get(number) for number in numbers]
        missing = [place for place, strip in enumerate(strips) if strip is None]
        if _BELOW in numbers:  # one of those stands for all
            first = numbers.index(_BELOW)
            missing = [place for place in missing if place <= first or numbers[place] is None]
        for _, run in groupby(enumerate(missing), lambda it: it[1] - it[0]):
            places = [place for _, place in run]
            part = Region(crop.x, crop.y + places[0], crop.width, len(places))
            for place, strip in zip(places, super().render_lines(part), strict=True):
                strips[place] = strip
                if (number := numbers[place]) is not None:
                    self._strips[number] = strip
        return [self._strips[_BELOW] if strip is None else strip for strip in strips]

    def _numbers(self, crop: Region) -> list[int | None]:
        """Return the document's line at each place of a part: None in border and padding."""
        first, height = self.gutter.top, self.scrollable_content_region.height
        top, count = self.scroll_offset.y - first, self._document.line_count
        return [
            (top + y if top + y < count else _BELOW) if first <= y < first + height else None
            for y in crop.line_range
        ]

    def notify_style_update(self) -> None:
        """Forget the lines in the colours that were in force."""
        super().notify_style_update()
        self._strips.clear()

    def _refresh(self, lines: Iterable[int]) -> None:
        """Draw some lines again."""
        for line in lines:
            self._strips.discard(line)
            self.refresh_lines(line, 1)

    def _refresh_from(self, line: int) -> None:
        """Draw a line and all below it again."""
        count = self._document.line_count
        for number in range(line, count):
            self._strips.discard(number)
        self.refresh_lines(line, count - line)

    # Selecting.

    def validate_selection(self, selection: TextSelection | None) -> TextSelection | None:
        return selection.within() if selection is not None else None

    def watch_selection(self, before: TextSelection | None, after: TextSelection | None) -> None:
        for selection in (before, after):
            if selection is not None and selection.block in self.blocks:
                self._refresh(self._document.lines(selection.block, *selection.span))
        if after is not None:
            line = self._document.lines(after.block, after.cursor, after.cursor)[0]
            top, height = self.scroll_offset.y, self.scrollable_content_region.height
            if not top <= line < top + height:
                self._scroll_to_line(line if line < top else line - height + 1)
        self.post_message(self.Selected(self, after))

    def _scroll_to_line(self, line: int) -> None:
        self.scroll_to(y=line, animate=False, immediate=True, force=True)

    # Finding.

    def find(self, part: str) -> int:
        """Mark every place of a part of the text; return how many there are."""
        self._found = self._document.places(part)
        self._strips.clear()
        self.refresh()
        return len(self._found)

    def go_to_found(self, steps: int) -> int:
        """Select the place some steps from the one that is selected, around the end.

        Without one, that is the first one in sight, else the first one.

        Returns:
            its number, from 0 on; there is one.
        """
        if self.selection in self._found:
            number = (self._found.index(self.selection) + steps) % len(self._found)
        else:
            lines = (self._document.lines(it.block, *it.span)[0] for it in self._found)
            top = self.scroll_offset.y
            number = next((i for i, line in enumerate(lines) if line >= top), 0)
        self.selection = self._found[number]
        return number

    def selected_text(self) -> str:
        """Return the text that is selected."""
        return self.selection.text if self.selection is not None else ""

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        match action, parameters:
            case "page_up" | "scroll_home", _:
                return edge(True, self.scroll_offset.y, self.max_scroll_y)
            case "page_down" | "scroll_end", _:
                return edge(False, self.scroll_offset.y, self.max_scroll_y)
            case "go", (int() as right, int() as down, *extends):
                return self._no_way(right, down, bool(extends))
            case "go_word" | "go_edge", (int() as direction,):
                now = self.selection
                if now is None:
                    return "" if action == "go_word" and self._last_in_sight else SELECT_FIRST
                there = now.word(direction) if action == "go_word" else now.edge(direction)
                return _edge(direction) if there == now else ""
        return ""

    def _no_way(self, right: int, down: int, extends: bool) -> str:
        """Return why the cursor cannot move; nothing if it can."""
        now = self.selection
        if now is not None:
            there = self._document.moved(now, right, down, extends)
            return _edge(right or down) if there is None or there.within() == now else ""
        if down:
            return edge(down < 0, self.scroll_offset.y, self.max_scroll_y)
        return "" if self._last_in_sight else "there is no reply to select in yet"

    @property
    def _last_in_sight(self) -> TextSelection | None:
        """The last character of a reply that is in sight, if there is any."""
        bottom = self.scroll_offset.y + self.scrollable_content_region.height - 1
        return self._document.last_above(bottom)

    def action_go(self, right: int, down: int, extend: bool = False) -> None:
        """Move the cursor; without one, read up and down, and to the left begin to select."""
        now = self.selection
        if now is not None:
            self.selection = self._document.moved(now, right, down, extend) or now
        elif down:
            self.scroll_relative(y=down, animate=False)
        else:
            self.selection = self._last_in_sight

    def action_go_word(self, direction: int) -> None:
        """Move the cursor to the start of the next word, or of the one before."""
        if self.selection is None:
            self.action_go(direction, 0)
        else:
            self.selection = self.selection.word(direction)

    def action_go_edge(self, direction: int) -> None:
        """Move the cursor to the start or the end of its line."""
        if self.selection is not None:
            self.selection = self.selection.edge(direction)

    def on_mouse_down(self, event: MouseDown) -> None:
        place = self._char_under(event)
        if event.button == 1:
            self._dragging = place is not None
            self.selection = None if place is None else TextSelection(*place, place[1])
            if self._dragging:
                self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        place = self._char_under(event)
        now = self.selection
        if self._dragging and place is not None and now is not None and place[0] is now.block:
            self.selection = now.to(*place, extend=True)

    def on_mouse_up(self) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def _char_under(self, event: MouseEvent) -> tuple[Block, int] | None:
        """Return the reply and the character that the mouse is over."""
        offset = event.get_content_offset(self)
        if offset is None:
            return None
        return self._document.char_under(self.scroll_offset.y + offset.y, offset.x)


def _edge(steps: int) -> str:
    """Return why a cursor goes no further."""
    return BEGINNING if steps < 0 else END
