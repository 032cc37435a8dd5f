"""The app that looks at training runs: one screen of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from textual.screen import Screen

from charlm_tui.runs.trainer import Trainer
from charlm_tui.tui.screens.watch import WatchScreen
from charlm_tui.tui.terminal_app import TerminalApp


class WatchApp(TerminalApp):
    """Training runs, side by side.

    Args:
        paths: of their logs, or of their model files.
        theme: a name of Textual's; None is its default.
        keymap: keys, with commas between them, by the ids of bindings.
        trainer: the process whose run it is, if it was started for this screen.
        one_by_one: show one run at a time.
    """

    CSS_PATH = "watch.tcss"

    def __init__(
        self,
        paths: Sequence[Path],
        theme: str | None = None,
        keymap: Mapping[str, str] | None = None,
        trainer: Trainer | None = None,
        *,
        one_by_one: bool = False,
    ) -> None:
        super().__init__(theme, keymap or {})
        self._watch = WatchScreen(paths, trainer, one_by_one=one_by_one)

    def get_default_screen(self) -> Screen[None]:
        return self._watch
