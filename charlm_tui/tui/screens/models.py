"""Picking the model that replies from here on."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from charlm_tui.lm.model_file import SHIPPED
from charlm_tui.session.models import ListedModel
from charlm_tui.text import visible
from charlm_tui.tui.screens.overlay import ModalOverlay


class ModelsScreen(ModalOverlay[str | None]):
    """The models that have names; leaves with the path of the one that was picked, or as typed.

    Args:
        models: in the order in which they are listed.
        in_use: the path of the model of now; empty is none.
    """

    CSS_PATH = "../dialogs.tcss"
    AUTO_FOCUS: ClassVar[str] = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel", id="models.leave"),
        Binding("down", "move(1)", "Next", id="models.next", priority=True),
        Binding("up", "move(-1)", "Previous", id="models.previous", priority=True),
    ]

    def __init__(self, models: Sequence[ListedModel], in_use: str) -> None:
        super().__init__()
        self._models = models
        self._used = Path(in_use).resolve() if in_use else None
        self._found: list[ListedModel] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="models"):
            yield Input(placeholder="Search in the names, or type the path of a file", compact=True)
            listed = OptionList(markup=False, compact=True)
            listed.can_focus = False
            yield listed
            yield Static(id="about", markup=False)

    def on_mount(self) -> None:
        if self.query(OptionList):  # or the app was left before there was anything
            self._list("")

    @on(Input.Changed)
    def _search(self, message: Input.Changed) -> None:
        self._list(message.value)

    def _list(self, part: str) -> None:
        self._found = [it for it in self._models if part.strip().lower() in it.name.lower()]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(self._row(it)) for it in self._found])
        used = [number for number, it in enumerate(self._found) if self._is_used(it)]
        if self._found:
            listed.highlighted = used[0] if used and not part else 0
        else:
            self.query_one("#about", Static).update("Enter opens the file of that path.")

    @on(OptionList.OptionHighlighted)
    def _tell(self, message: OptionList.OptionHighlighted) -> None:
        """Tell all of the model that is gone to; of a broken file, all that is wrong."""
        if message.option_index < len(self._found):
            it = self._found[message.option_index]
            shipped = it.origin == SHIPPED
            where = it.origin if shipped else f"{it.origin}: {it.path}"
            about = it.fault or f"{it.architecture}, window of {it.window}; {where}"
            self.query_one("#about", Static).update(Text(visible(about, "⏎")))

    def _row(self, it: ListedModel) -> Text:
        width = max((len(each.name) for each in self._models), default=0)
        mark = "●" if self._is_used(it) else " "
        return Text(visible(f"{mark} {it.name:<{width}}  {it.facts}", "⏎"))

    def _is_used(self, it: ListedModel) -> bool:
        return it.path.resolve() == self._used

    def obstacle(
        self,
        action: str,
        parameters: tuple[object, ...] = (),  # noqa: ARG002
    ) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        if action == "move" and len(self._found) < 2:
            return "there is no other model" if self._found else "no model has such a name"
        return ""

    def action_move(self, steps: int) -> None:
        """Go to the next model of the list, or to the one before."""
        listed = self.query_one(OptionList)
        if self._found:
            listed.highlighted = ((listed.highlighted or 0) + steps) % len(self._found)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _pick(self) -> None:
        place = self.query_one(OptionList).highlighted
        if self._found and place is not None:
            self.dismiss(str(self._found[place].path))
        else:  # a path, which whoever opens it checks
            self.dismiss(self.query_one(Input).value.strip())
