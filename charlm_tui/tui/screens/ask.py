"""One question over the conversation, with one line for the answer."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from charlm_tui.lm.errors import CharlmError


class AskScreen(ModalScreen[None]):
    """Asks, and stays for as long as the answer is refused.

    Args:
        question: a line.
        value: stands there at first.
        answer: takes what was typed; a `CharlmError` says why it cannot be.
    """

    CSS_PATH = "../dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave it", id="ask.close"),
    ]

    def __init__(self, question: str, value: str, answer: Callable[[str], object]) -> None:
        super().__init__()
        self._question = question
        self._value = value
        self._answer = answer

    def compose(self) -> ComposeResult:
        with Vertical(id="ask"):
            yield Label(self._question, markup=False)
            yield Input(self._value, compact=True)
            yield Label("", id="refusal", markup=False)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        try:
            self._answer(message.value)
        except CharlmError as error:
            self.query_one("#refusal", Label).update(f"{error}"[:1].upper() + f"{error}"[1:] + ".")
        else:
            self.dismiss()
