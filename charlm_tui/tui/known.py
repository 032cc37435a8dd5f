"""The names of the app that a settings file can have: its bindings and its themes.

Imports all of the app, and is imported only where a settings file is checked.
"""

from textual.binding import Binding
from textual.dom import DOMNode
from textual.theme import BUILTIN_THEMES

from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.help import HelpScreen
from charlm_tui.tui.screens.history import HistoryList, HistoryScreen
from charlm_tui.tui.screens.lens import LensScreen
from charlm_tui.tui.screens.studio import ConversationText, StudioScreen
from charlm_tui.tui.screens.what_if import WhatIfScreen
from charlm_tui.tui.widgets.control_panel import ControlPanel
from charlm_tui.tui.widgets.next_character import NextCharacter
from charlm_tui.tui.widgets.prompt import Prompt
from charlm_tui.tui.widgets.transcript import Transcript

_OWNERS: tuple[type[DOMNode], ...] = (
    StudioScreen,
    ConversationText,
    Transcript,
    Prompt,
    NextCharacter,
    ControlPanel,
    HelpScreen,
    AskScreen,
    HistoryScreen,
    HistoryList,
    LensScreen,
    WhatIfScreen,
)


def binding_ids() -> frozenset[str]:
    """Give the ids of all bindings of ours."""
    return frozenset(
        binding.id
        for owner in _OWNERS
        for binding in owner.BINDINGS
        if isinstance(binding, Binding) and binding.id is not None
    )


def theme_names() -> frozenset[str]:
    """Give the names of all themes."""
    return frozenset(BUILTIN_THEMES)
