"""The app that shows the film of a training run: one screen of it."""

from collections.abc import Callable, Mapping, Sequence

from textual.screen import Screen
from textual.theme import Theme

from charlm_tui.engine.client import Engine
from charlm_tui.film.film import Order
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.tui.screens.film import FilmScreen
from charlm_tui.tui.terminal_app import TerminalApp
from charlm_tui.tui.watch_app import STYLES


class FilmApp(TerminalApp):
    """The film of a run.

    Args:
        order: what is filmed.
        new_engine: starts an engine.
        limits: of what each model may cost.
        theme: its name; None is our own.
        keymap: keys, with commas between them, by the ids of bindings.
        themes: of the person, beside Textual's and ours.
    """

    CSS_PATH = STYLES

    def __init__(
        self,
        order: Order,
        new_engine: Callable[[str], Engine],
        limits: LoadLimits,
        theme: str | None = None,
        keymap: Mapping[str, str] | None = None,
        themes: Sequence[Theme] = (),
    ) -> None:
        super().__init__(theme, keymap or {}, themes)
        self._film = FilmScreen(order, new_engine, limits)

    def get_default_screen(self) -> Screen[None]:
        return self._film
