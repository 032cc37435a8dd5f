"""What is typed, in order: a key acts when all that came of the one before has been done.

A terminal tells of many keys in one read, and what a key does takes several messages between
widgets. Without an order a key overtakes those before it, and reaches a screen that is not made yet
or is leaving. Knows neither keys nor screens by what they are for.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual.app import App
from textual.events import Key, Paste
from textual.message_pump import MessagePump
from textual.screen import Screen

ROUNDS = 2  # one for the key to reach the app, one for what the widget that has it says then


class TypeAhead:
    """Keys that wait for their turn.

    Args:
        app: whose.
        press: hands a key to what has the focus.
        ready: tells whether the screen on top can take keys.
    """

    def __init__(
        self,
        app: App[Any],
        press: Callable[[Key | Paste], Awaitable[None]],
        ready: Callable[[], bool],
    ) -> None:
        self._app = app
        self._press = press
        self._ready = ready
        self._waiting: deque[tuple[Key | Paste, Screen[Any]]] = deque()
        self._acting: Screen[Any] | None = None  # at which the last key was pressed, until done

    async def add(self, event: Key | Paste, screen: Screen[Any]) -> None:
        """Take what was typed at a screen; it acts at once if nothing is before it."""
        self._waiting.append((event, screen))
        await self.go_on()

    async def go_on(self) -> None:
        """Press the next key, if it can be taken now."""
        while self._waiting and self._acting is None and self._ready():
            event, screen = self._waiting.popleft()
            if screen not in self._app.screen_stack and not self._quits(event):
                continue  # what was typed at a screen that has left is for no other one
            self._acting = self._app.screen
            target = self._app.focused or self._acting
            way: deque[MessagePump] = deque([*target.ancestors_with_self] * ROUNDS)
            await self._press(event)
            self._follow(way)

    def _quits(self, event: Key | Paste) -> bool:
        """Return whether it is the key that leaves the app: it is for no screen alone."""
        if not isinstance(event, Key):
            return False
        bound = self._app._bindings.key_to_bindings.get(event.key, ())
        return any(binding.action == "quit" for binding in bound)

    def is_for(self, screen: Screen[Any]) -> bool:
        """Return whether the key that acts now was pressed at a screen."""
        return self._acting is screen

    def _follow(self, way: deque[MessagePump]) -> None:
        """Go the way of the key from node to node, behind it: messages keep their order."""
        while way:
            if way.popleft().call_later(self._follow, way):
                return  # a node that is gone takes nothing, and is passed over
        self._app.call_later(self._acted)

    async def _acted(self) -> None:
        self._acting = None
        await self.go_on()
