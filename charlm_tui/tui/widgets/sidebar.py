"""The panels beside the text: which of them have room, and which are wanted."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from charlm_tui.tui.widgets.control_panel import ControlPanel
from charlm_tui.tui.widgets.next_character import NextCharacter
from charlm_tui.tui.widgets.surprise import Surprise

PANELS = ("next", "controls", "surprise")
"""Ids of the panels, from top to bottom."""
WIDE = 110  # cells of the screen from which the panels have their full width


def capacity(width: int, height: int) -> int:
    """Give how many panels have room on a screen of this size."""
    if width < 76 or height < 20:
        return 0
    if width < 100 or height < 26:
        return 1
    return 3 if height >= 36 else 2


class Sidebar(Vertical):
    """A column of panels, any of which can be folded away."""

    def __init__(self) -> None:
        super().__init__(id="sidebar")
        self._wanted = list(PANELS)
        self._forced: str | None = None
        self._room = 0

    def compose(self) -> ComposeResult:
        yield NextCharacter(id="next")
        yield ControlPanel(id="controls")
        yield Surprise(id="surprise")

    def fit(self, width: int, height: int) -> None:
        """Show what has room on a screen of this size."""
        self._room = capacity(width, height)
        self.set_class(width >= WIDE, "-wide")
        self._arrange()

    def toggle(self, panel: str) -> None:
        """Show a panel, in place of another one if need be, or fold it away."""
        if panel in self.shown:
            self._wanted.remove(panel)
        else:
            # Those that were wanted last are shown where there is not room for all.
            self._wanted = [panel, *(each for each in self._wanted if each != panel)]
        self._arrange()

    def cycle(self) -> None:
        """With room for one: the next panel, then none. Else: all of them, then none."""
        shown = self.shown
        if self._room <= 1:
            after = PANELS.index(shown[0]) + 1 if shown else 0
            self._wanted = [PANELS[after]] if after < len(PANELS) else []
        else:
            self._wanted = [] if shown else list(PANELS)
        self._arrange()

    def force(self, panel: str | None) -> Widget | None:
        """Show a panel whatever the room, for as long as it has the focus; None ends that."""
        self._forced = panel
        self._arrange()
        return self.query_one(f"#{panel}") if panel is not None else None

    @property
    def shown(self) -> list[str]:
        """Ids of the panels that are on the screen."""
        return [panel for panel in PANELS if self.query_one(f"#{panel}").display]

    def _arrange(self) -> None:
        chosen = self._wanted[: self._room]
        if self._forced is not None and self._forced not in chosen:
            chosen = [self._forced, *chosen][: max(self._room, 1)]
        for panel in PANELS:
            self.query_one(f"#{panel}").display = panel in chosen
        self.display = bool(chosen)
