"""The line in which one types what is to be found in the text."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label

from charlm_tui.text import capitalised
from charlm_tui.tui.hindered import Hindered
from charlm_tui.tui.widgets.transcript import Transcript


class FindLine(Hindered, Horizontal):
    """A line to type in, and how many places were found; leaves the text at the one gone to.

    Args:
        transcript: that is searched.
        part: of its text, to begin with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "go(1)", "Next", key_display="↓", id="find.next"),
        Binding("up", "go(-1)", "Previous", key_display="↑", id="find.previous"),
        Binding("escape", "leave", "Back", id="find.leave"),
    ]

    def __init__(self, transcript: Transcript, part: str = "") -> None:
        super().__init__()
        self._transcript = transcript
        self._part = part
        self._count = 0

    def compose(self) -> ComposeResult:
        yield Label("Find ")
        yield Input(self._part, placeholder="words of the seeds and the replies", compact=True)
        yield Label("", id="places")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Mark what is found, and go to the first place of it in sight."""
        message.stop()
        self._part = message.value
        self._transcript.selection = None
        self.action_go(0)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        if obstacle := self.obstacle("go"):
            self.notify(capitalised(obstacle))
        else:
            self.action_go(1)

    def obstacle(
        self,
        action: str,
        parameters: tuple[object, ...] = (),  # noqa: ARG002
    ) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        if action != "go" or self._count > 1:
            return ""
        if not self._part:
            return "type what is to be found"
        return "that is the only place" if self._count else "nothing like that is in the text"

    def action_go(self, steps: int) -> None:
        """Go to another place; what has come meanwhile is searched, too."""
        self._count = self._transcript.find(self._part)
        number = self._transcript.go_to_found(steps) + 1 if self._count else 0
        words = f"{number:,} of {self._count:,}" if self._count else "nothing"
        self.query_one("#places", Label).update(words if self._part else "")
        self.refresh_bindings()

    def action_leave(self) -> None:
        """Go back to the text; the place that was gone to stays selected."""
        self._transcript.find("")
        self._transcript.focus()
        self.remove()
