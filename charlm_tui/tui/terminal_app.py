"""What every Textual app of ours owes to its terminal: how it ends, what it shows and sends there.

By a signal, by a closed terminal or by a fault of its own: the terminal is given back, and one
sentence says why. Knows no screens.
"""

import asyncio
import contextlib
import signal
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from textual._styles_cache import StylesCache
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.theme import Theme
from textual.worker import WorkerFailed

from charlm_tui.log import unexpected
from charlm_tui.text import visible
from charlm_tui.tui.driver import TerminalDriver
from charlm_tui.tui.hangup import watch_terminal
from charlm_tui.tui.legible import Legible
from charlm_tui.tui.themes import DEFAULT, OURS, tints


def _release_gone_widgets() -> None:
    """Have Textual cache a pair of colours by those colours alone.

    It caches them for each widget, and so keeps the drawn lines of up to 1,024 widgets that are
    gone (Textual's issue 6665); a version that does not any longer is left as it is.
    """
    cached: Any = StylesCache.get_inner_outer
    plain = getattr(cached, "__wrapped__", None)
    if plain is not None and plain.__code__.co_argcount == 3:  # the widget's cache, and two colours
        by_colours = lru_cache(1024)(partial(plain, None))
        StylesCache.get_inner_outer = staticmethod(by_colours)  # type: ignore[assignment]


_release_gone_widgets()

LEAVING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The signals at which the app leaves in order."""


class TerminalApp(App[None]):
    """An app in a real terminal.

    Args:
        theme: its name; None is our own.
        keymap: keys, with commas between them, by the ids of bindings.
        themes: of the person, beside Textual's and ours.
    """

    TITLE = "charlm-tui"

    def __init__(
        self, theme: str | None, keymap: Mapping[str, str], themes: Sequence[Theme] = ()
    ) -> None:
        super().__init__()
        self._filters.append(Legible())
        for each in (*OURS, *themes):
            self.register_theme(each)
        self.theme = theme if theme in self.available_themes else DEFAULT
        self._wanted_keymap = keymap
        self.failure = ""
        """Why the app ended by itself: one sentence, or nothing."""

    def get_driver_class(self) -> type[Driver]:
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    def on_load(self) -> None:
        """Follow signals and faults from here on; the terminal is still as it was."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._loop_failed)
        for number in LEAVING:
            try:
                loop.add_signal_handler(number, self.exit, None, 128 + number)
            except (RuntimeError, ValueError):  # not the main thread: tests of others, say
                break

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(self._driver, TerminalDriver):
            self._driver.follow_suspensions(loop)
            # Whoever had the terminal meanwhile has written into it.
            self.app_resume_signal.subscribe(self, lambda _: self.refresh())
        hung_up = 128 + signal.SIGHUP
        watch_terminal(
            lambda: loop.call_soon_threadsafe(self.exit, None, hung_up), self.save, hung_up
        )
        if self._wanted_keymap:
            self.set_keymap(self._wanted_keymap)

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        return tints(variables, self.current_theme.dark) | variables

    def refresh_css(self, animate: bool = True) -> None:
        """Read the styles again, as Textual does; before the first screen, take the colours alone.

        That screen reads the styles anyway.
        """
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def save(self) -> None:
        """Keep what can be kept where the terminal is gone and the app may be stuck."""

    def copy_to_clipboard(self, text: str) -> None:
        """Put a text into the clipboard as it is seen, so that it can be pasted anywhere."""
        super().copy_to_clipboard("\t".join(map(visible, text.split("\t"))))

    # Faults of the app.

    def fail(self, error: BaseException) -> None:
        """Leave for an exception that nothing has caught; may be called on any thread."""
        if not self.failure:
            self.failure = unexpected(error)
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # of a loop that has ended already
                self._loop.call_soon_threadsafe(self.exit, None, 1)

    def _loop_failed(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take what the event loop would print into the terminal."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._handle_exception(error)

    def _handle_exception(self, error: Exception) -> None:
        """Leave with one sentence for whatever a handler, a timer, a worker or a screen raises.

        Textual has no public place for this, and would print pages.
        """
        if self._exit:  # a screen that is half there while the app leaves is no reason to tell
            unexpected(error)
            return
        if not self.failure:
            self.failure = unexpected(error.error if isinstance(error, WorkerFailed) else error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave; the sentence is told once the terminal is as it was."""
        self._close_messages_no_wait()

    def panic(self, *_: object) -> None:
        """Leave; what is known of the fault is logged already."""
        self._close_messages_no_wait()
