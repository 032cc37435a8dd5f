"""What the app is set up with but its model and its controls: looks, keys, files.

Taken from the settings once, so that the app knows nothing of files of settings.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual.theme import Theme

from charlm_tui.controls.config import Configuration
from charlm_tui.reply.tints import Tint
from charlm_tui.session.visiting import Visit
from charlm_tui.tui.themes import themes_beside

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording
    from charlm_tui.session.game import Wanted

STILL = "NO_MOTION"
"""The environment variable that says, wherever it is set, that nothing is to move."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How the app looks, what its keys are, and which files it has."""

    corpus: Path | None = None
    """That seeds can be drawn from, and replies are held against; None is what Keras has
    downloaded, if it has."""
    history: Path | None = None
    """Where replies are kept; None is nowhere."""
    theme: str | None = None
    """Its name; None is our own."""
    themes: tuple[Theme, ...] = ()
    """Of the person, beside Textual's and ours."""
    keymap: Mapping[str, str] = field(default_factory=dict)
    """Keys, with commas between them, by the ids of bindings; only such as can be in force."""
    panels: tuple[str, ...] = ("next", "controls", "surprise", "recital")
    """Wanted; where there is not room for all, the first ones are shown."""
    tint: Tint = Tint.PLAIN
    animated: bool = True
    """Whether new characters arrive bright and settle, and what is scrolled glides."""
    continues: bool = False
    """Whether new seeds continue the conversation."""
    follows: bool = False
    """Whether a model file that was replaced is loaded before the next reply."""
    first_run: bool = True
    """Whether an empty conversation says what can be done."""
    faults: tuple[str, ...] = ()
    """What is wrong with the settings, a sentence each."""
    game: "Wanted | None" = None
    """Is begun at once."""
    replay: "Recording | None" = None
    """Is played at once."""
    at_once: bool = False
    """Whether it is played as fast as it goes."""
    visit: Visit | None = None
    """What a visitor is given, where whoever is here is one."""
    keep_theme: Callable[[str], None] = lambda _: None
    """Writes a theme that was chosen into the settings; may raise a `CharlmError`."""

    @classmethod
    def of(
        cls,
        it: Configuration,
        corpus: Path | None,
        history: Path | None,
        replay: "Recording | None" = None,
        at_once: bool = False,
        game: "Wanted | None" = None,
    ) -> "Setup":
        """Take a setup out of the settings."""
        own = themes_beside(it.path)
        return cls(
            corpus=corpus,
            history=history,
            theme=it.value("theme"),
            themes=own.themes,
            keymap=it.keys,
            panels=tuple(it.value("panels")),
            tint=Tint(it.value("tint")),
            animated=it.value("animations") and not os.environ.get(STILL),
            continues=it.value("turns") == "continued",
            follows=it.value("follow"),
            first_run=it.value("first-run"),
            faults=tuple(str(fault) for fault in (*it.faults, *own.faults)),
            game=game,
            replay=replay,
            at_once=at_once,
            keep_theme=partial(_keep_theme, it.path),
        )

    def for_visitor(self, visit: Visit) -> "Setup":
        """Return the same looks and keys for a visitor, who leaves nothing on this machine.

        What replies are held against takes memory and a file of its own, so there is none of it.
        """
        panels = tuple(each for each in self.panels if each != "recital")
        return replace(
            self,
            visit=visit,
            corpus=None,
            history=None,
            follows=False,
            panels=panels,
            faults=(),  # the owner's, of the owner's file
            replay=None,
            keep_theme=lambda _: None,
        )


def _keep_theme(path: Path, theme: str) -> None:
    from charlm_tui.controls.config_write import keep

    keep(path, "theme", theme)
