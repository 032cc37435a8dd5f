"""One question over the conversation, with one line for the answer."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.suggester import Suggester
from textual.widgets import Input, Label

from charlm_tui.errors import CharlmError
from charlm_tui.text import capitalised, visible
from charlm_tui.tui.screens.overlay import ModalOverlay


def ask(
    app: App[object],
    question: str,
    answer: Callable[[str], object],
    value: str = "",
    refusal: str = "",
    suggester: Suggester | None = None,
) -> None:
    """Put a question; it has left when its answer acts, and comes back if that is refused.

    Args:
        app: over whose screen.
        question: a line.
        answer: takes what was typed; a `CharlmError` says why it cannot be.
        value: stands there at first.
        refusal: of the answer before, if it was refused.
        suggester: says how what is typed may go on.
    """

    def take(typed: str | None) -> None:
        if typed is None:
            return
        try:
            answer(typed)
        except CharlmError as error:
            sentence = f"{capitalised(str(error))}."
            ask(app, question, answer, typed, sentence, suggester)

    app.push_screen(AskScreen(question, value, refusal, suggester), take)


class AskScreen(ModalOverlay[str | None]):
    """A question and a line; leaves with what was typed, or with None."""

    CSS_PATH = "../dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel", id="ask.close"),
    ]

    def __init__(
        self, question: str, value: str, refusal: str = "", suggester: Suggester | None = None
    ) -> None:
        super().__init__()
        self._suggester = suggester
        self._question = question
        self._value = value
        self._refusal = refusal

    def compose(self) -> ComposeResult:
        with Vertical(id="ask"):
            yield Label(visible(self._question, ""), markup=False)
            # What was refused is corrected, not typed again.
            yield Input(
                self._value,
                compact=True,
                select_on_focus=not self._refusal,
                suggester=self._suggester,
            )
            yield Label(visible(self._refusal, ""), id="refusal", markup=False)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.dismiss(message.value)
