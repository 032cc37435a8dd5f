"""The two texts of a film: an epoch's reply, and the passage tinted by what is learned of it."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.film.film import LOWEST
from charlm_tui.reply.exports.shown import SEED
from charlm_tui.reply.tints import LEVELS
from charlm_tui.text import cells, fitting, wrap
from charlm_tui.tui.paint import tinted
from charlm_tui.tui.shades import Ramp

NEW = 1
"""The level of a character of the reply that changed."""


class FilmText(Widget):
    """A title and a text below it, each character in the style of its level.

    | component class | what |
    | :- | :- |
    | `film-text--title` | the title |
    | `film-text--plain` | the text, where it has no tint |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"film-text--title", "film-text--plain"}
    ALLOW_SELECT: ClassVar[bool] = False

    titles: reactive[tuple[str, ...]] = reactive(("",))
    """The title in several lengths, the longest first."""
    shown: reactive[tuple[str, bytes]] = reactive(("", b""))
    """The text, and the level of each of its characters."""
    top: reactive[int] = reactive(0)
    """The line of the text that is in sight first."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002  (Textual's)
        super().__init__(id=id)
        self._wrapped: tuple[str, int] = ("", 0)  # the text and the width
        self._lines: list[tuple[int, str]] = [(0, "")]  # (first character, line)
        self._styles: Sequence[Style] = ()

    @property
    def lines(self) -> list[tuple[int, str]]:
        """(Number of its first character, line) of the text as it is broken now."""
        wrapped = (self.shown[0], self.size.width)
        if wrapped != self._wrapped:
            self._wrapped, self._lines, start = wrapped, [], 0
            for line in wrap(*wrapped):
                self._lines.append((start, line))
                start += len(line)
        return self._lines

    @property
    def last_top(self) -> int:
        """The line that is in sight first where the end is."""
        return max(0, len(self.lines) - max(1, self.size.height - 1))

    def validate_top(self, top: int) -> int:
        return max(0, min(top, self.last_top))

    def on_resize(self) -> None:
        self.top = self.validate_top(self.top)

    def notify_style_update(self) -> None:
        """Forget the styles of the theme that was in force."""
        super().notify_style_update()
        self._styles = ()

    @property
    def coloured(self) -> bool:
        """Whether the terminal can shade."""
        return not self.app.no_color and self.app.console.color_system not in (None, "standard")

    def styles_of_levels(self, plain: Style) -> Sequence[Style]:
        """Return a style for every level.

        Args:
            plain: of the text without a tint.
        """
        raise NotImplementedError

    def legend(self, ground: Style) -> list[Segment]:  # noqa: ARG002  (of whoever has one)
        """Return what stands behind the title."""
        return []

    def render_line(self, y: int) -> Strip:
        width, ground = self.size.width, self.rich_style
        if not self._styles:
            self._styles = self.styles_of_levels(self.get_component_rich_style("film-text--plain"))
        if y == 0:
            title = ground + self.get_component_rich_style("film-text--title")
            legend = self.legend(ground)
            room = width - sum(segment.cell_length for segment in legend)
            text = fitting(room, *self.titles)
            line = [Segment(text, title), *(legend if cells(text) <= room else [])]
            return Strip(line).adjust_cell_length(width, ground)
        at = self.top + y - 1
        if at >= len(self.lines):
            return Strip.blank(width, ground)
        start, text = self.lines[at]
        levels = self.shown[1][start : start + len(text)]
        drawn = tinted(text, levels, self._styles, self._styles[0], newline="")
        return Strip(drawn).adjust_cell_length(width, ground)


class ReplyText(FilmText):
    """The seed and the reply of an epoch.

    | component class | what |
    | :- | :- |
    | `reply-text--seed` | the seed |
    | `reply-text--new` | what changed |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"reply-text--seed", "reply-text--new"}

    def styles_of_levels(self, plain: Style) -> Sequence[Style]:
        seed, new = (
            plain + self.get_component_rich_style(f"reply-text--{name}") for name in ("seed", "new")
        )
        styles = [plain] * (SEED + 1)
        styles[NEW], styles[SEED] = new, seed
        return styles


class PassageText(FilmText):
    """A passage; what is not learned yet is faint.

    | component class | what |
    | :- | :- |
    | `passage-text--low`, `--middle`, `--high` | what was learned first, later and last |
    | `passage-text--unknown` | what is not learned yet |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"passage-text--{name}" for name in ("low", "middle", "high", "unknown")
    }

    ends: reactive[tuple[str, str]] = reactive(("", ""))
    """The first epoch and the last one, where there is a passage."""

    def legend(self, ground: Style) -> list[Segment]:
        """Return the tints, from the first epoch's to the last one's."""
        first, last = self.ends
        if not last:
            return []
        shades = [Segment("a" if not self.coloured else " ", it) for it in self._styles[LOWEST:]]
        return [Segment(f"   epoch {first} ", ground), *shades, Segment(f" {last}", ground)]

    def styles_of_levels(self, plain: Style) -> Sequence[Style]:
        low, middle, high, unknown = (
            self.get_component_rich_style(f"passage-text--{name}")
            for name in ("low", "middle", "high", "unknown")
        )
        grounds = Ramp(low, middle, high).grounds(plain, self.coloured)
        # The lowest levels are never used, and the others have all of the ramp.
        steps = [(at - LOWEST) * (LEVELS - 1) // (LEVELS - 1 - LOWEST) for at in range(LEVELS)]
        dim = unknown if self.coloured else Style(dim=True)
        return [plain + dim, *(plain + grounds[max(0, step)] for step in steps[1:])]
