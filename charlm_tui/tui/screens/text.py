"""A text that is typed or pasted in, over what it is for."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.message import Message
from textual.widgets import Label, TextArea

from charlm_tui.text import visible
from charlm_tui.tui.screens.overlay import ModalOverlay


class TextScreen(ModalOverlay[str | None]):
    """A question and some lines; leaves with what was typed, or with None.

    Enter sends, as in the prompt, and a paste keeps its newlines.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="text.close"),
        Binding("ctrl+n,shift+enter", "newline", "New line", show=False, id="text.newline"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        with Vertical(id="text"):
            yield Label(visible(self._question, ""), markup=False)
            yield TextBox(soft_wrap=True, show_line_numbers=False, tab_behavior="focus")

    def on_mount(self) -> None:
        box = self.query_one(TextBox)
        box.cursor_blink = False  # an idle screen is not drawn
        box.focus()

    def on_text_box_sent(self) -> None:
        self.dismiss(self.query_one(TextBox).text)

    def action_newline(self) -> None:
        """Begin a new line."""
        self.query_one(TextBox).insert("\n")


class TextBox(TextArea):
    """A text area in which Enter sends."""

    @dataclass
    class Sent(Message):
        """What is there is to be taken."""

        box: "TextBox"

        @property
        def control(self) -> "TextBox":
            return self.box

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.post_message(self.Sent(self))
            return
        await super()._on_key(event)
