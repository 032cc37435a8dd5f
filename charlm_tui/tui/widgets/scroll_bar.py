"""The scroll bar of text that streams: its cells are finished once.

Textual takes all of its lines through styles and filters again whenever it moves, which is in every
frame. There are few kinds of cells; each of them is kept.
"""

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip


class StreamScrollBar(ScrollBar):
    """The vertical scroll bar of text that streams."""

    def __init__(self, thickness: int) -> None:
        super().__init__(vertical=True, name="vertical", thickness=thickness)
        self._cells: dict[Segment, Strip] = {}  # that are finished; their colours are in the key

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a part of the bar.

        Args:
            crop: the part, in cells of the bar.
        """
        cells, strips = self._segments(), []
        if crop.bottom > len(cells):  # its height changes with this frame
            return super().render_lines(crop)
        for y in crop.line_range:
            strip = self._cells.get(cells[y])
            if strip is None:
                [strip] = super().render_lines(Region(crop.x, y, crop.width, 1))
                self._cells[cells[y]] = strip
            strips.append(strip)
        return strips

    def _segments(self) -> list[Segment]:
        """Return the cells of each line, as the bar stands now."""
        bar = self.render()
        assert isinstance(bar, ScrollBarRender)
        assert isinstance(bar.style, Style)
        assert bar.style.color is not None
        assert bar.style.bgcolor is not None
        drawn = bar.render_bar(
            self.size.height,
            bar.virtual_size,
            bar.window_size,
            bar.position,
            bar.thickness,
            back_color=bar.style.bgcolor,
            bar_color=bar.style.color,
        )
        return list(drawn.segments)
