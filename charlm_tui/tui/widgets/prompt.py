"""Where a seed is typed: several lines, kept to the character."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.message import Message
from textual.widgets import TextArea

from charlm_tui.session.commands import SLASHES
from charlm_tui.session.prompts import Prompts

if TYPE_CHECKING:  # imported when the first slash is typed
    from charlm_tui.tui.widgets.command_menu import CommandMenu


class Prompt(TextArea):
    """A text area in which Enter sends and a paste keeps its newlines.

    | key | what |
    | :- | :- |
    | enter | send |
    | up, down at the text's first and last line | what was typed before |
    | ctrl+n, shift+enter | a new line |
    | ctrl+u | clear |
    | tab, up, down behind a slash | complete the command, go through the list |
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+n,shift+enter", "newline", "New line", show=False, id="prompt.newline"),
        Binding("ctrl+u", "clear_all", "Clear", show=False, id="prompt.clear"),
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

    def __init__(
        self,
        examples: Sequence[str] = (),
        *,
        models: Iterable[str] | None = None,
        id: str | None = None,  # noqa: A002  (Textual's own name)
    ) -> None:
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            highlight_cursor_line=False,
            tab_behavior="focus",
            compact=True,
        )
        self._examples = examples  # seeds that an empty prompt offers, one after the other
        self.cursor_blink = False  # an idle screen is not drawn
        self.prompts = Prompts()
        """What was typed before."""
        self._models = models  # that a visitor can take
        self.menu: CommandMenu | None = None
        """What a command that is being typed can become, once one was."""

    def action_cursor_up(self, select: bool = False) -> None:
        """Move up; from the first line on, go back in what was typed."""
        if select or not self.cursor_at_first_line:
            super().action_cursor_up(select)
        elif (text := self.prompts.older(self.text)) is not None:
            self.offer(text)
        else:
            self.notify("Nothing was typed before that.")

    def action_cursor_down(self, select: bool = False) -> None:
        """Move down; from the last line on, go forth in what was typed, or to an example."""
        if select or not self.cursor_at_last_line:
            super().action_cursor_down(select)
        elif (text := self.prompts.newer()) is not None:
            self.offer(text)
        elif self._examples and (not self.text or self.text in self._examples):
            places = range(len(self._examples))
            before = next((place for place in places if self._examples[place] == self.text), -1)
            self.offer(self._examples[(before + 1) % len(self._examples)])
        else:
            self.notify("Nothing was typed after that.")

    async def _on_key(self, event: Key) -> None:
        if event.key in self._keys:
            event.stop()
            event.prevent_default()
            self._keys[event.key]()
            return
        await super()._on_key(event)

    @property
    def _keys(self) -> dict[str, Callable[[], object]]:
        """What has a meaning before the text area takes it, and what it does."""
        menu = self.menu
        if menu is None or not menu.display:
            return {"enter": self._send}
        return {
            "enter": partial(self._complete, menu.chosen) if menu.chosen else self._send,
            "tab": partial(self._complete, menu.completed),
            "down": partial(menu.move, 1),
            "up": partial(menu.move, -1),
        }

    async def on_text_area_changed(self) -> None:
        """List what a command that is being typed can become."""
        if self.menu is None and self.text.startswith("/"):
            from charlm_tui.tui.widgets.command_menu import CommandMenu

            self.menu = CommandMenu(self._models)
            await self.screen.mount(self.menu, before=self)
        if self.menu is not None:
            self.menu.follow("" if self.has_class("-editing") else self.text)

    def _send(self) -> None:
        text = self.text
        self.clear()
        self.post_message(self.Submitted(self, text))

    def _complete(self, line: str) -> None:
        """Take a line of the list; a name that takes something gets the space before it."""
        takes_more = " " not in line and SLASHES[line[1:]].argument
        self.offer(f"{line} " if takes_more else line)

    def action_newline(self) -> None:
        """Begin a new line."""
        self.insert("\n")

    def action_clear_all(self) -> None:
        """Remove all that was typed, as one edit that can be undone."""
        if self.text:
            self.offer("")
        else:
            self.notify("The prompt is empty.")

    def give_back(self, text: str) -> None:
        """Put a text that was not taken before what has been typed since."""
        self.insert(text, self.document.start)

    def offer(self, text: str) -> None:
        """Put a text in place of what is there, as one edit that can be undone."""
        self.replace(text, self.document.start, self.document.end)
        self.move_cursor(self.document.end)
