"""What an act on the screen is done with, and why it cannot be done now: nothing if it can.

Knows no keys.
"""

from typing import NamedTuple

from charlm_tui.session import obstacles
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.tui import editor
from charlm_tui.tui.hindered import SELECT_FIRST


class Situation(NamedTuple):
    """What decides whether an act can be done now."""

    conversation: Conversation
    selected: tuple[Turn, int] | None
    """The turn and the number of the selected character."""
    has_history: bool
    has_corpus: bool

    @property
    def turn(self) -> Turn | None:
        """The turn of the selected character, else the last one."""
        return self.selected[0] if self.selected is not None else self.conversation.turn


def no_branch(it: Situation) -> str:
    """Return why the selected character cannot be replaced."""
    if it.selected is None:
        return no_turn(it) or SELECT_FIRST
    turn = it.selected[0]
    if it.conversation.tree.can_branch(turn):
        return ""
    return not_readable(it, turn) or obstacles.NO_BRANCH


def no_comparison(it: Situation) -> str:
    """Return why settings cannot be compared at the selected character."""
    if not (obstacle := no_branch(it)) and it.selected is not None:
        turn, number = it.selected
        return "" if number < len(turn.tape) else "select a character of the reply first: ←"
    return obstacle


def no_siblings(it: Situation) -> str:
    """Return why no sibling can be shown."""
    if it.turn is not None and len(it.turn.replies) > 1:
        return ""
    return no_turn(it) or "this reply has no siblings: F5 adds one"


def no_turn(it: Situation) -> str:
    """Return that there is no reply, if there is none."""
    return obstacles.no_turn(it.conversation)


def not_ready(it: Situation) -> str:
    """Return why no reply can begin."""
    return obstacles.not_ready(it.conversation)


def no_twin(it: Situation) -> str:
    """Return why no reply can begin beside a twin."""
    return obstacles.no_twin(it.conversation)


def no_look(it: Situation) -> str:
    """Return why the model cannot look at the reply."""
    return no_turn(it) if it.turn is None else not_readable(it, it.turn)


def no_second_model(it: Situation) -> str:
    """Return why the reply, or without one a text, cannot be compared under two models."""
    return (not_readable(it, it.turn) if it.turn is not None else "") or not_ready(it)


def not_readable(it: Situation, turn: Turn) -> str:
    """Return why the model cannot look at a turn's reply."""
    if it.conversation.tree.can_look(turn):
        return ""
    if not len(turn.tape):
        return "this reply has no characters yet"
    return obstacles.by_another(it.conversation, turn.model)


def no_history(it: Situation) -> str:
    """Return that no history is kept, if none is."""
    return "" if it.has_history else "no history is kept in this session"


def no_corpus(it: Situation) -> str:
    """Return why no seed can be drawn from a corpus."""
    return not_ready(it) if it.has_corpus else "there is no corpus: give --corpus"


def no_files(it: Situation) -> str:
    """Return that whoever is here has no files of this machine, if so."""
    return obstacles.no_files(it.conversation)


def no_editor(it: Situation) -> str:
    """Return why there is no editor."""
    named = "" if editor.command() else "no editor is named: set VISUAL or EDITOR"
    return no_files(it) or named
