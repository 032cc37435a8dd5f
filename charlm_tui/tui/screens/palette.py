"""Textual's palette, which leaves once as every other screen does; and that of themes."""

from collections.abc import Callable

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import Command, CommandList, CommandPalette
from textual.theme import ThemeProvider
from textual.widgets import OptionList

from charlm_tui.tui.screens.overlay import Overlay


class Palette(CommandPalette, Overlay[None]):
    """Every command by its name."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what can be done now: where nothing is drawn yet there is no page to turn."""
        if action == "command_list":
            return self.present and bool(self.query_one(CommandList).scrollable_content_region)
        return super().check_action(action, parameters)


class ThemePalette(Palette):
    """Every theme by its name: the one that is gone to is seen, and stays if it is taken.

    Args:
        keep: is told the name of the one that is taken.
    """

    def __init__(self, keep: Callable[[str], None]) -> None:
        super().__init__([ThemeProvider], placeholder="Search for themes…")
        self._keep = keep
        self._before = ""

    def on_mount(self) -> None:
        self._before = self.app.theme

    @on(OptionList.OptionHighlighted)
    def _preview(self, message: OptionList.OptionHighlighted) -> None:
        if isinstance(message.option, Command) and self.present:
            self.app.theme = str(message.option.hit.text)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Leave; without a theme that was taken, the one of before is back."""
        if self.present and self.is_current:
            taken = self._selected_command
            if taken is None:
                self.app.theme = self._before
            else:
                self._keep(str(taken.text))
        return super().dismiss(result)
