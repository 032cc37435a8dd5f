"""The app that looks at training runs: one screen of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.theme import Theme

from charlm_tui.lm.limits import LoadLimits
from charlm_tui.runs.trainer import Trainer
from charlm_tui.tui.screens.watch import WatchScreen
from charlm_tui.tui.terminal_app import TerminalApp

if TYPE_CHECKING:  # imported with the first film
    from charlm_tui.engine.client import Engine

STYLES: list[str | PurePath] = ["watch.tcss", "film.tcss"]
"""Of every app that looks at training runs."""


class WatchApp(TerminalApp):
    """Training runs, side by side.

    Args:
        paths: of their logs, or of their model files.
        theme: its name; None is our own.
        keymap: keys, with commas between them, by the ids of bindings.
        new_engine: starts an engine, for a film; by default in a process of its own.
        limits: of what each model of a film may cost.
        trainer: the process whose run it is, if it was started for this screen.
        one_by_one: show one run at a time.
        themes: of the person, beside Textual's and ours.
    """

    CSS_PATH = STYLES

    def __init__(
        self,
        paths: Sequence[Path],
        theme: str | None = None,
        keymap: Mapping[str, str] | None = None,
        new_engine: "Callable[[str], Engine] | None" = None,
        limits: LoadLimits = LoadLimits(),  # noqa: B008  (frozen)
        *,
        trainer: Trainer | None = None,
        one_by_one: bool = False,
        themes: Sequence[Theme] = (),
    ) -> None:
        super().__init__(theme, keymap or {}, themes)
        self._watch = WatchScreen(paths, trainer, one_by_one=one_by_one)
        self._new_engine = new_engine
        self._limits = limits

    def get_default_screen(self) -> Screen[None]:
        return self._watch

    def on_watch_screen_film_wanted(self, message: WatchScreen.FilmWanted) -> None:
        """Show the film of a run over the screen of runs."""
        from charlm_tui.engine.client import ProcessEngine
        from charlm_tui.tui.screens.film import FilmScreen

        new_engine = self._new_engine or ProcessEngine
        self.push_screen(FilmScreen(message.order, new_engine, self._limits))
