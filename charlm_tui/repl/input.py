"""Keys that are pressed while there is no prompt: what they do, and which the next one gets.

All text goes to the next prompt, whole: no key that is a command is text. Reads no terminal: it is
given keys.
"""

from collections import deque
from collections.abc import Callable, Iterable

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from charlm_tui.repl.keys import BOUND, WHILE_STREAMING, key_of
from charlm_tui.repl.printer import Printer
from charlm_tui.repl.status import change
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Phase

_ENTER = ("c-m", "c-j")
_NEW_LINE = KeyPress(Keys.ControlN)  # in the prompt


class Listener:
    """Takes keys.

    Args:
        conversation: that they command.
        printer: writes what they have changed, where it changes.
        interrupt: is called for Ctrl+C.
        leave: is called for Ctrl+D.
    """

    def __init__(
        self,
        conversation: Conversation,
        printer: Printer,
        interrupt: Callable[[], None],
        leave: Callable[[], None],
    ) -> None:
        self.ahead: list[KeyPress] = []
        """What the next prompt is to get."""
        self._conversation = conversation
        self._printer = printer
        self._interrupt = interrupt
        self._leave = leave
        self._line_ended = False  # by Enter, and nothing has come since

    def press(self, key: KeyPress) -> None:
        """Do what a key says, or keep it."""
        name = _name(key)
        if name == "c-d":
            self._leave()
        elif name == "c-c":
            self._interrupt()
        elif name in WHILE_STREAMING:
            self.run(WHILE_STREAMING[name])
        elif name == "escape":
            self._forget()
        elif not self._conversation.busy:
            self.ahead.append(key)
        elif name in _ENTER:  # what is typed blindly is not sent before it is seen
            self._line_ended = bool(self.ahead)
        else:
            self._keep(key)

    def press_all(self, keys: Iterable[KeyPress]) -> None:
        """Press keys that came together: an Escape right before Enter is Alt+Enter, a new line."""
        left = deque(keys)
        while left:
            key = left.popleft()
            if _name(key) == "escape" and left and _name(left[0]) in _ENTER:
                left[0] = _NEW_LINE
            else:
                self.press(key)

    def press_early(self, keys: Iterable[KeyPress]) -> None:
        """Take keys that were pressed before it could be seen that a reply streams.

        Those that print are lines for the next prompts, sent if Enter is among them; the others are
        pressed.
        """
        for key in keys:
            if _name(key) in (*WHILE_STREAMING, "c-c", "c-d"):
                self.press(key)
            else:
                self.ahead.append(key)

    def run(self, name: str) -> None:
        """Run a command that has a key, if it can be run now."""
        it, command = self._conversation, BOUND[name]
        before, state = it.controls, it.state
        if obstacle := command.obstacle(it):
            self._printer.aside(obstacle)
            return
        command.run(it, "")
        words = change(before, it.controls)
        if it.state is Phase.PAUSED is not state and name == "pause":
            words = f"paused: {key_of(name)} resumes"
        if words and state in (Phase.STREAMING, Phase.PAUSED):
            self._printer.aside(words)

    def _forget(self) -> None:
        """Forget what was typed ahead, and say so where that was said of it."""
        if self.ahead and self._conversation.busy:
            self._printer.aside("forgotten")
        self.ahead.clear()
        self._line_ended = False

    def _keep(self, key: KeyPress) -> None:
        """Keep a key; the first one says where it and those that follow have gone."""
        if not self.ahead:
            if isinstance(key.key, Keys) and key.key not in (Keys.BracketedPaste, _NEW_LINE.key):
                return  # an arrow, say, begins no text
            self._printer.aside("typed ahead")
        if self._line_ended:
            self.ahead.append(_NEW_LINE)
            self._line_ended = False
        self.ahead.append(key)


def _name(key: KeyPress) -> str:
    """Return prompt_toolkit's name of a key, or the character that it prints."""
    return key.key.value if isinstance(key.key, Keys) else key.key
