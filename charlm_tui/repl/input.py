"""Keys that are pressed while there is no prompt: what they do, and which the next one gets.

Plain keys are commands for as long as nothing is typed ahead; a key that is none begins that. Reads
no terminal: it is given keys.
"""

from collections.abc import Callable, Iterable

from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from charlm_tui.repl.keys import NAMED, PLAIN, TINT
from charlm_tui.repl.printer import Printer
from charlm_tui.repl.status import change
from charlm_tui.repl.transcript import Teller
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Phase

_ENTER = ("c-m", "c-j")


class Listener:
    """Takes keys.

    Args:
        conversation: that they command.
        printer: writes what they have changed, where it changes.
        teller: whose tint they turn.
        interrupt: is called for Ctrl+C.
        leave: is called for Ctrl+D.
    """

    def __init__(
        self,
        conversation: Conversation,
        printer: Printer,
        teller: Teller,
        interrupt: Callable[[], None],
        leave: Callable[[], None],
    ) -> None:
        self.ahead: list[KeyPress] = []
        """What the next prompt is to get."""
        self._conversation = conversation
        self._printer = printer
        self._teller = teller
        self._interrupt = interrupt
        self._leave = leave

    def press(self, key: KeyPress) -> None:
        """Do what a key says, or keep it."""
        name = _name(key)
        streams = self._conversation.busy
        plain = streams and not self.ahead
        if name == "c-d":
            self._leave()
        elif name == "c-c":
            self._interrupt()
        elif name in NAMED:
            self.run(NAMED[name])
        elif plain and name in PLAIN:
            self.run(PLAIN[name])
        elif plain and name == TINT:
            self._teller.tint_by("")
        elif name == "escape":
            self.ahead.clear()
        elif not streams:
            self.ahead.append(key)
        elif name not in _ENTER:  # what is typed blindly is not sent before it is seen
            self._keep(key)

    def press_early(self, keys: Iterable[KeyPress]) -> None:
        """Take keys that were pressed before it could be seen that a reply streams.

        Those that print are lines for the next prompts, sent if Enter is among them; the others are
        pressed.
        """
        for key in keys:
            if _name(key) in (*NAMED, "c-c", "c-d"):
                self.press(key)
            else:
                self.ahead.append(key)

    def run(self, name: str) -> None:
        """Run a command that has a key, if it can be run now."""
        it, command = self._conversation, COMMANDS[name]
        before, state = it.controls, it.state
        if obstacle := command.obstacle(it):
            self._printer.aside(obstacle)
            return
        command.run(it, "")
        words = change(before, it.controls)
        if it.state is Phase.PAUSED is not state and name == "pause":
            words = "paused"
        if words and state in (Phase.STREAMING, Phase.PAUSED):
            self._printer.aside(words)

    def _keep(self, key: KeyPress) -> None:
        """Keep a key; the first one says where it and those that follow have gone."""
        if not self.ahead:
            if isinstance(key.key, Keys) and key.key is not Keys.BracketedPaste:
                return  # an arrow, say, begins no text
            self._printer.aside("typed ahead")
        self.ahead.append(key)


def _name(key: KeyPress) -> str:
    """Return prompt_toolkit's name of a key, or the character that it prints."""
    return key.key.value if isinstance(key.key, Keys) else key.key
