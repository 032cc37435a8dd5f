"""Where a seed is typed: several lines, kept to the character."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widgets import TextArea

from charlm_tui.session.prompts import Prompts


class Prompt(TextArea):
    """A text area in which Enter sends and a paste keeps its newlines.

    | key | what |
    | :- | :- |
    | enter | send |
    | up, down at the text's first and last line | what was typed before |
    | ctrl+n, shift+enter | a new line |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n,shift+enter", "newline", "New line", show=False, id="prompt.newline"),
    ]

    @dataclass
    class Submitted(Message):
        """A text was sent."""

        prompt: "Prompt"
        text: str
        """As it was typed, spaces and newlines at its end included."""

        @property
        def control(self) -> "Prompt":
            return self.prompt

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            tab_behavior="focus",
            compact=True,
        )
        self.cursor_blink = False  # an idle screen is not drawn
        self.prompts = Prompts()
        """What was typed before."""

    def action_cursor_up(self, select: bool = False) -> None:
        """Move up; from the first line on, go back in what was typed."""
        if select or not self.cursor_at_first_line:
            super().action_cursor_up(select)
        elif (text := self.prompts.older(self.text)) is not None:
            self.offer(text)

    def action_cursor_down(self, select: bool = False) -> None:
        """Move down; from the last line on, go forth in what was typed."""
        if select or not self.cursor_at_last_line:
            super().action_cursor_down(select)
        elif (text := self.prompts.newer()) is not None:
            self.offer(text)

    async def _on_key(self, event: Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            text = self.text
            self.clear()
            self.post_message(self.Submitted(self, text))
            return
        await super()._on_key(event)

    def action_newline(self) -> None:
        """Begin a new line."""
        self.insert("\n")

    def give_back(self, text: str) -> None:
        """Put a text that was not taken before what has been typed since."""
        self.insert(text, self.document.start)

    def offer(self, text: str) -> None:
        """Put a text in place of what is there, as one edit that can be undone."""
        self.replace(text, self.document.start, self.document.end)
        self.move_cursor(self.document.end)
