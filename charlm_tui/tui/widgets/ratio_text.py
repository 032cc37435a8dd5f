"""A text tinted by which of two models predicted each character better.

Wrapping and scrolling are those of the lens' text; what is shown is given to it.
"""

from rich.segment import Segment
from textual.reactive import reactive

from charlm_tui.reply.tints import FULL_RATIO_BITS
from charlm_tui.text import fitting
from charlm_tui.tui.widgets.unit_text import Column, UnitText

SHORTEST = 8  # cells of a model's name in the legend


class RatioText(UnitText):
    """A legend, a line of words on the selected character, and the text below them."""

    names: reactive[tuple[str, str]] = reactive(("", ""))
    """Of the model whose end of the scale is above zero, and of the other one."""
    words: reactive[str] = reactive("")
    """What is said of the selected character."""

    def show_levels(self, levels: bytes) -> None:
        """Tint the text by the level of each character; by none if there are none."""
        self.columns = (Column("", levels),)

    def _draw_name(self, column: Column) -> list[Segment]:  # noqa: ARG002  (there is one)
        """Draw the scale with a model's name at each end, in as many words as have room."""
        muted, plain = self._styles["muted"], self._styles["name"]
        sample = " " if self._shades[0].bgcolor != self._shades[-1].bgcolor else "a"
        own, other = (
            fitting(SHORTEST * 3, each, f"{each[: SHORTEST * 3 - 1]}…") for each in self.names
        )
        bits = f"{FULL_RATIO_BITS:g}"
        for step, before, between, after in (
            (1, "predicted better by ", "by ", f", {bits} bits or more at the ends"),
            (1, "better by ", "by ", f", {bits} bits at the ends"),
            (1, "better: ", "", f", ±{bits} bits"),
            (2, "better: ", "", ""),
            (3, "", "", ""),
        ):
            line = [
                Segment(before, muted),
                Segment(f"{other} ", plain),
                *(Segment(sample, shade) for shade in self._shades[::step]),
                Segment(f" {between}", muted),
                Segment(own, plain),
                Segment(after, muted),
            ]
            if sum(segment.cell_length for segment in line) <= self.size.width:
                break
        return line

    def _draw_tells(self, column: Column) -> list[Segment]:  # noqa: ARG002  (there is one)
        """Draw what is said of the selected character."""
        return [Segment(self.words, self._styles["muted"])]
