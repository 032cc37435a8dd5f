"""The conversation's text, with the keys of the commands on it."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from charlm_tui.tui.keys import plain_bindings
from charlm_tui.tui.widgets.transcript import Transcript


class ConversationText(Transcript):
    """The transcript, with the keys of the commands on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *plain_bindings(),
        Binding("i", "screen.to_prompt", "Prompt", show=False, id="transcript.prompt"),
        Binding("enter", "screen.enter", "Prompt", show=False, id="transcript.enter"),
        Binding("question_mark", "screen.open('help')", "Help", show=False, id="transcript.help"),
    ]
