"""A line of a screen in which a sentence can stand for a while."""

from rich.text import Text
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from charlm_tui.text import visible

SAID_S = 4.0
"""That a sentence stands there."""


class SayingLine(Widget):
    """A line in which a sentence can stand for a while in place of what it shows."""

    said: reactive[Text | None] = reactive(None)
    """The sentence, if there is one."""
    _silence: Timer | None = None

    def say(self, sentence: str, style: str = "bold", seconds: float = SAID_S) -> None:
        """Say something for a while; it replaces what was said before."""
        if self._silence is not None:
            self._silence.stop()
        self.said = Text(
            f" {visible(sentence, '')}", style, no_wrap=True, overflow="ellipsis", end=""
        )
        self._silence = self.set_timer(seconds, self.fall_silent)

    def fall_silent(self) -> None:
        """Show what is there at other times: what was said may be true no longer."""
        self.said = None
