"""The panels beside the text: which of them have room, which are wanted, and what they show."""

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from charlm_tui.controls.parameters import PANELS
from charlm_tui.reply.tape import Tape
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import DistributionKnown
from charlm_tui.tui.widgets.control_panel import ControlPanel, panel_of
from charlm_tui.tui.widgets.next_character import NextCharacter, View
from charlm_tui.tui.widgets.recital import RecitalPanel
from charlm_tui.tui.widgets.surprise import NOTHING, Surprise, course_of

WIDE = 110  # cells of the screen from which the panels have their usual width
WIDEST = 165  # cells from which they are wider, since the text is not


def capacity(width: int, height: int) -> int:
    """Return how many panels have room on a screen of this size."""
    if width < 76 or height < 20:
        return 0
    if width < 100 or height < 26:
        return 1
    return 4 if height >= 40 else 3 if height >= 36 else 2


class Sidebar(Vertical):
    """A column of panels, any of which can be folded away.

    Args:
        wanted: ids of those that are shown; where there is not room for all, the first ones are.
        idle: ids of those that have nothing to show, and are left out until somebody asks for them.
    """

    def __init__(self, wanted: Iterable[str] = PANELS, idle: Iterable[str] = ()) -> None:
        super().__init__(id="sidebar")
        self._wanted = list(wanted)
        self._idle = set(idle)
        self._forced: str | None = None
        self._room = 0
        self._known: DistributionKnown | None = None

    def compose(self) -> ComposeResult:
        yield NextCharacter(id="next")
        yield ControlPanel(id="controls")
        yield Surprise(id="surprise")
        yield RecitalPanel(id="recital")

    def fit(self, width: int, height: int) -> None:
        """Show what has room on a screen of this size."""
        self._room = capacity(width, height)
        self.set_class(WIDE <= width < WIDEST, "-wide")
        self.set_class(width >= WIDEST, "-widest")
        self.set_class(not self._room, "-over")
        self._arrange()

    def toggle(self, panel: str) -> None:
        """Show a panel, in place of another one if need be, or fold it away."""
        self._idle.discard(panel)
        if not self._room:
            self._forced = None if panel in self.shown else panel
        elif panel in self.shown:
            self._wanted = [each for each in self._wanted if each != panel]
            if self._forced == panel:
                self._forced = None
        else:
            # Those that were wanted last are shown where there is not room for all.
            self._wanted = [panel, *(each for each in self._wanted if each != panel)]
        self._arrange()

    def cycle(self) -> None:
        """With room for one: the next panel, then none. Else: all of them, then none.

        Without room the panel that was wanted last opens over the text, and closes again.
        """
        shown = self.shown
        if not self._room:
            wanted = [panel for panel in (*self._wanted, *PANELS) if panel not in self._idle]
            self._forced = None if shown else wanted[0]
        elif self._room == 1:
            panels = [panel for panel in PANELS if panel not in self._idle]
            after = panels.index(shown[0]) + 1 if shown else 0
            self._wanted = [panels[after]] if after < len(panels) else []
        else:
            self._wanted = [] if shown else list(PANELS)
        self._arrange()

    def open(self, panel: str) -> Widget:
        """Show a panel whatever the room, until it is closed; return it."""
        self._forced = panel
        self._arrange()
        return self.query_one(f"#{panel}")

    def close(self) -> None:
        """Show what has room again."""
        self._forced = None
        self._arrange()

    @property
    def over(self) -> bool:
        """Whether a panel is open over the text."""
        return not self._room and self._forced is not None

    @property
    def shown(self) -> list[str]:
        """Ids of the panels that are on the screen."""
        return [panel for panel in PANELS if self.query_one(f"#{panel}").display]

    def show_distribution(self, known: DistributionKnown | None) -> None:
        """Show what was possible at a character."""
        if known is self._known:
            return
        self._known = known
        panel = self.query_one(NextCharacter)
        symbols = known.turn.vocabulary.symbols if known is not None else ()
        if known is None or len(known.model) != len(symbols):
            panel.view = None
        else:
            panel.view = View(
                symbols,
                known.model,
                known.after,
                known.drawn,
                known.asked,
                known.ruled,
                known.cost_bits,
            )

    def show_surprise(self, tape: Tape | None) -> None:
        """Show the surprisal of a tape's newest characters, if the panel for it is there."""
        panel = self.query_one(Surprise)
        if panel.display:
            panel.course = NOTHING if tape is None else course_of(tape, max(panel.size.width, 1))

    def show_controls(self, conversation: Conversation) -> None:
        """Show what a conversation's knobs stand at."""
        self.query_one(ControlPanel).panel = panel_of(conversation)

    def _arrange(self) -> None:
        chosen = [panel for panel in self._wanted if panel not in self._idle][: self._room]
        if self._forced is not None and self._forced not in chosen:
            chosen = [self._forced, *chosen][: max(self._room, 1)]
        for panel in PANELS:
            self.query_one(f"#{panel}").display = panel in chosen
        self.display = bool(chosen)
