"""Why a key that is bound does nothing now: whoever has its action says so, in a clause.

Knows no screens and no widgets by what they are for.
"""

from typing import Any

from textual.actions import parse
from textual.events import Key
from textual.screen import Screen

from charlm_tui.text import capitalised

BEGINNING, END = "this is the beginning", "this is the end"
SELECT_FIRST = "select a character first: ←"
FIRST, LAST = "this is the first one", "this is the last one"


class Hindered:
    """A screen or a widget that says why an action of its own cannot be done now."""

    def obstacle(
        self,
        action: str,  # noqa: ARG002  (of whoever has any)
        parameters: tuple[object, ...] = (),  # noqa: ARG002
    ) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action can be done now: the keys, and the line of them, follow it."""
        return not self.obstacle(action, parameters)


class HinderedScreen(Hindered):
    """A screen that says why a key does nothing now, if it does something at other times."""

    def say(self, sentence: str) -> None:
        """Say something where the screen says things."""
        raise NotImplementedError

    def on_key(self, event: Key) -> None:
        assert isinstance(self, Screen)
        if obstacle := obstacle_of_key(event.key, self):
            event.stop()
            self.say(capitalised(obstacle))


def obstacle_of_key(key: str, screen: Screen[Any]) -> str:
    """Return why a key that is bound on a screen does nothing now; nothing if it does something."""
    for node, bindings in screen._modal_binding_chain:
        for binding in bindings.key_to_bindings.get(key, ()):
            place, action, parameters = parse(binding.action)
            target = screen if place == "screen" else node
            if isinstance(target, Hindered) and (found := target.obstacle(action, parameters)):
                return found
    return ""


def edge(backwards: bool, place: float, last: float) -> str:
    """Return why a text cannot be scrolled further; nothing if it can.

    Args:
        backwards: which way.
        place: the line at the top.
        last: the one that is at the top where the text ends.
    """
    if backwards:
        return BEGINNING if place <= 0 else ""
    return END if place >= last else ""


def list_edge(steps: int, place: int, count: int) -> str:
    """Return why a list has no line so many steps away; nothing if the cursor can move.

    Args:
        steps: of the cursor.
        place: where it is.
        count: lines of the list, one at least.
    """
    if steps < 0:
        return FIRST if place <= 0 else ""
    return LAST if place >= count - 1 else ""
