"""Textual's palette, which leaves once as every other screen does."""

from textual.command import CommandList, CommandPalette

from charlm_tui.tui.screens.overlay import Overlay


class Palette(CommandPalette, Overlay[None]):
    """Every command by its name."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return what can be done now: where nothing is drawn yet there is no page to turn."""
        if action == "command_list":
            return self.present and bool(self.query_one(CommandList).scrollable_content_region)
        return super().check_action(action, parameters)
