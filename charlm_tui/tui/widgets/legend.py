"""What the text is tinted by, and its scale: one line, there only while there is a tint."""

from typing import ClassVar

from rich.segment import Segment
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.reply.tints import EngineTint, Tint, legend
from charlm_tui.tui.shades import CorpusTint, Ramp, Tinting


class Legend(Widget):
    """The tint's name, its shades from the lowest level to the highest, and what both ends mean.

    Args:
        key: that goes to the next tint, as it is shown; nothing where there is none.

    | component class | what |
    | :- | :- |
    | `legend--low`, `--middle`, `--high` | the shades |
    | `legend--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"legend--{name}" for name in ("low", "middle", "high", "muted")
    }
    ALLOW_SELECT: ClassVar[bool] = False

    tint: reactive[Tinting] = reactive[Tinting](Tint.PLAIN)

    def __init__(self, key: str = "") -> None:
        super().__init__()
        self._key = key

    def watch_tint(self, tint: Tinting) -> None:
        self.display = tint is not Tint.PLAIN

    def render_line(self, y: int) -> Strip:
        plain, width = self.rich_style, self.size.width
        low, middle, high, muted = (
            self.get_component_rich_style(f"legend--{name}")
            for name in ("low", "middle", "high", "muted")
        )
        if y or self.tint is Tint.PLAIN:
            return Strip.blank(width, plain)
        coloured = not self.app.no_color and self.app.console.color_system not in (None, "standard")
        shades = Ramp(low, middle, high).shades(coloured)
        sample = "█" if coloured else "a"
        least, most = _ends(self.tint)
        line = [
            Segment(f"{least} ", plain),
            *(Segment(sample, plain + shade) for shade in shades),
            Segment(f" {most}", plain),
            Segment(f"   {self._key} next tint" if self._key else "", plain + muted),
        ]
        return Strip(line).adjust_cell_length(width, plain)


def _ends(tint: Tinting) -> tuple[str, str]:
    """Return the words at both ends of a tint's scale; the name is part of the first."""
    if isinstance(tint, CorpusTint):
        from charlm_tui.recital.follower import CHANCE_MATCH, LONGEST_MATCH

        return f"{tint.value} 0–{CHANCE_MATCH}", f"{LONGEST_MATCH} characters or more in the corpus"
    if isinstance(tint, EngineTint):
        from charlm_tui.tui.reach_tint import FULL_DEPTH

        return f"{tint.value} 1", f"{FULL_DEPTH} characters or more"
    return legend(tint)
