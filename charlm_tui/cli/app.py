"""Opening the app: what it is given, and what is left when it has ended."""

import gc
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charlm_tui.cli.start import Start, limits_in
from charlm_tui.cli.streams import forget_given_size, has_screen, say
from charlm_tui.controls.config import Fault, Known
from charlm_tui.lm.limits import LoadLimits

if TYPE_CHECKING:
    from charlm_tui.engine.client import ProcessEngine
    from charlm_tui.engine.rescue import TerminalRescue
    from charlm_tui.reply.tape_file import Recording
    from charlm_tui.session.game import Wanted
    from charlm_tui.session.visiting import Visit
    from charlm_tui.tui.terminal_app import TerminalApp

LEAVE_SEQUENCE = (  # takes a terminal out of the modes that Textual puts it into
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # the mouse
    b"\x1b[?2004l\x1b[?2048l\x1b[?1004l\x1b[<u"  # pastes, sizes, focus, the keyboard
    b"\x1b[?2026l\x1b[?7h"  # a frame that was not ended, line wrap
    b"\x1b[?1049l\x1b[?25h\x1b[0m"  # the screen, the cursor, the colours
)


def known() -> Known:
    """Return how to learn the names that the settings file can have of the app, if it runs here."""
    if not has_screen():
        return Known()

    def bindings() -> Mapping[str, str]:
        from charlm_tui.tui.catalog import binding_labels

        return binding_labels()

    def in_force(keymap: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
        from charlm_tui.tui.catalog import bindings
        from charlm_tui.tui.screens.help import keys_in_force

        bound = bindings()
        keys = keys_in_force(keymap, bound)
        return {id_: (keys[id_], it.help or it.label) for id_, it in bound.items()}

    def themes(settings: Path) -> frozenset[str]:
        from charlm_tui.tui.themes import theme_names

        return theme_names(settings)

    def keys(binding: str, keys: str) -> str:
        from charlm_tui.tui.catalog import binding_fault

        return binding_fault(binding, keys)

    def theme_faults(settings: Path) -> Sequence[Fault]:
        from charlm_tui.tui.themes import themes_beside

        return themes_beside(settings).faults

    return Known(bindings, themes, in_force, keys, theme_faults)


def engine_starter(
    limits: LoadLimits, rescue: "TerminalRescue | None"
) -> Callable[[str], "ProcessEngine"]:
    """Return what starts an engine, by the path of a model; it is imported with the first one."""

    def new_engine(path: str) -> "ProcessEngine":
        from charlm_tui.engine.client import ProcessEngine

        return ProcessEngine(path, rescue, limits)

    return new_engine


def parts_of_a_screen(config_path: Path | None) -> dict[str, Any]:
    """Return what every app takes that looks at runs: themes, keys, and what opens a model.

    Args:
        config_path: of the settings file, if one is given.
    """
    from charlm_tui.controls.config_file import read
    from charlm_tui.engine.rescue import TerminalRescue
    from charlm_tui.tui.themes import themes_beside

    settings = read(config_path, os.environ).checked(known())
    limits = limits_in(settings)
    return {
        "theme": settings.value("theme"),
        "themes": themes_beside(settings.path).themes,
        "keymap": settings.keys,
        "new_engine": engine_starter(limits, TerminalRescue.of(sys.stdin.fileno(), LEAVE_SEQUENCE)),
        "limits": limits,
    }


def run_app(
    it: Start,
    seed: str | None = None,
    ladder: Sequence[Path] = (),
    replay: "Recording | None" = None,
    at_once: bool = False,
    game: "Wanted | None" = None,
    visit: "Visit | None" = None,
) -> int:
    """Run the app in this terminal; give its exit code.

    Args:
        it: what it starts with.
        seed: is sent at once, unless it is None.
        ladder: models that reply to it side by side, if there are any.
        replay: is played at once, unless it is None.
        at_once: whether it is played as fast as it goes.
        game: is begun at once, unless it is None.
        visit: what whoever is at it is given, if that is a visitor in a browser.
    """
    forget_given_size()
    gc.disable()  # all that is imported stays: a collection finds nothing, and takes its time
    from charlm_tui.engine.rescue import TerminalRescue
    from charlm_tui.tui.app import CharlmApp
    from charlm_tui.tui.setup import Setup

    setup = Setup.of(
        it.configuration.checked(known()), it.corpus, it.history, replay, at_once, game
    )
    if visit is not None:
        setup = setup.for_visitor(visit)
    gc.freeze()  # one that looks at it all takes 80 ms, in mid-stream
    gc.enable()
    rescue = TerminalRescue.of(sys.stdin.fileno(), LEAVE_SEQUENCE)

    new_engine = engine_starter(it.limits, rescue)
    app = CharlmApp(str(it.model), new_engine, it.controls, seed, setup, ladder)
    threading.excepthook = lambda fault: app.fail(fault.exc_value or RuntimeError(fault.exc_type))
    left_in_order = False
    try:
        app.run()
        left_in_order = not app.failure
    finally:
        try:
            app.close()
        finally:
            if rescue is not None and not left_in_order:
                rescue.restore()
    return exit_code(app)


def exit_code(app: "TerminalApp") -> int:
    """Return the exit code of an app that has ended; say why it ended, if by itself."""
    if app.failure:
        say(f"error: {app.failure}")
        return app.return_code or 1  # the person may have left at the same moment
    return app.return_code or 0
