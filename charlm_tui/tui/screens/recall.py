"""Searching backwards in what was typed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from charlm_tui.session.prompts import Prompts
from charlm_tui.text import visible
from charlm_tui.tui.screens.overlay import ModalOverlay

MOST_LISTED = 50  # that are listed
SHOWN = 300  # characters of one


class RecallScreen(ModalOverlay[str | None]):
    """A search over what was typed, the newest first; leaves with the one that was picked."""

    CSS_PATH = "../dialogs.tcss"
    AUTO_FOCUS: ClassVar[str] = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="recall.leave"),
        Binding("ctrl+r,down", "move(1)", "Older", id="recall.older", priority=True),
        Binding("up", "move(-1)", "Newer", id="recall.newer", priority=True),
    ]

    def __init__(self, prompts: Prompts) -> None:
        super().__init__()
        self._prompts = prompts
        self._found: list[str] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="recall"):
            yield Input(placeholder="Search in what was typed", compact=True)
            listed = OptionList(markup=False, compact=True)
            listed.can_focus = False
            yield listed

    def on_mount(self) -> None:
        self._list("")

    @on(Input.Changed)
    def _search(self, message: Input.Changed) -> None:
        self._list(message.value)

    def _list(self, part: str) -> None:
        self._found = list(self._prompts.search(part, MOST_LISTED))
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(visible(text[:SHOWN], "⏎")) for text in self._found])
        if self._found:
            listed.highlighted = 0

    def obstacle(
        self,
        action: str,
        parameters: tuple[object, ...] = (),  # noqa: ARG002
    ) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        if action == "move" and len(self._found) < 2:
            return "nothing else was typed" if self._found else "nothing like that was typed"
        return ""

    def action_move(self, steps: int) -> None:
        """Go to an older one, or to a newer one."""
        listed = self.query_one(OptionList)
        if self._found:
            listed.highlighted = ((listed.highlighted or 0) + steps) % len(self._found)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _pick(self) -> None:
        place = self.query_one(OptionList).highlighted
        self.dismiss(self._found[place] if self._found and place is not None else None)
