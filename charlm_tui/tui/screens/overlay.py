"""A screen over the studio: it takes part from when it is composed until it is asked to leave.

The one place for what every such screen owes to the keys and updates that come too early or too
late. Knows neither what is on it nor what is below it.
"""

from dataclasses import dataclass
from typing import ClassVar

from textual.await_complete import AwaitComplete
from textual.containers import Vertical
from textual.events import InputEvent
from textual.message import Message
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.widgets import Input

from charlm_tui.session.updates import Update
from charlm_tui.text import visible
from charlm_tui.tui.hindered import HinderedScreen
from charlm_tui.tui.widgets.saying_line import SAID_S


class Overlay(HinderedScreen, Screen[ScreenResultType]):
    """A screen that leaves once, and takes nothing before it is composed or while it leaves."""

    HELP: ClassVar[str] = ""
    """What the ids of its keys begin with, if it explains them."""
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """What words on it mean."""
    _composed = False
    _leaving = False

    @dataclass
    class Composed(Message):
        """All of the screen is there: it takes keys now."""

    @property
    def present(self) -> bool:
        """Whether all of the screen is there and it has not been asked to leave."""
        return self._composed and not self._leaving

    def on_mount(self) -> None:
        for field in self.query(Input):
            field.cursor_blink = False  # an idle screen is not drawn
        self._composed = True
        self.post_message(self.Composed())

    def show(self, update: Update) -> None:
        """Take in what the conversation tells, if the screen is there for it."""
        if self.present:
            self.told(update)

    def told(self, update: Update) -> None:
        """Show what the conversation tells; a screen that follows none of it leaves this out."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave, once; not while another screen is on top, which would leave in its place."""
        if self._leaving or self.app.screen is not self:
            return AwaitComplete()
        self._leaving = True
        return super().dismiss(result)

    def say(self, sentence: str) -> None:
        """Say something in the line of keys; a dialog, which has none, in its border."""
        from charlm_tui.tui.widgets.keys_line import KeysLine

        for line in self.query(KeysLine):
            line.say(sentence)
            return
        for box in self.query(Vertical):
            box.border_subtitle = visible(sentence, "")
            self.set_timer(SAID_S, lambda box=box: setattr(box, "border_subtitle", ""))

    def action_help(self) -> None:
        """Explain the keys and the words of this screen."""
        from charlm_tui.tui.screens.help import HelpScreen, screen_section

        self.app.push_screen(HelpScreen([screen_section(self, self.HELP)], self.WORDS))

    async def _on_message(self, message: Message) -> None:
        # Keys, clicks and what widgets make of them may be on their way here when it is asked to
        # leave. Textual's own messages end the screen, and must arrive.
        typed = isinstance(message, InputEvent) or message.control is not None
        if self._leaving and typed:
            message.stop()
        else:
            await super()._on_message(message)


class ModalOverlay(ModalScreen[ScreenResultType], Overlay[ScreenResultType]):
    """An overlay that what is below can be seen around."""
