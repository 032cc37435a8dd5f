"""Every key and what it does."""

from collections.abc import Iterable
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from charlm_tui.tui.screens.overlay import ModalOverlay

Row = tuple[str, str, str]
"""Keys while the prompt has the focus, keys on the transcript, what they do."""


class HelpScreen(ModalOverlay[None]):
    """A table of keys over the conversation, which goes on below it."""

    CSS_PATH = "../dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,enter,question_mark", "dismiss", "Close", id="help.close"),
    ]

    def __init__(self, rows: Iterable[Row]) -> None:
        super().__init__()
        self._rows = list(rows)

    def compose(self) -> ComposeResult:
        table = Table(box=None, expand=True, padding=(0, 2, 0, 0))
        table.add_column("key", style="bold", no_wrap=True)
        table.add_column("on the text", style="bold", no_wrap=True)
        table.add_column("what it does", ratio=1)
        for anywhere, transcript, what in self._rows:
            table.add_row(Text(anywhere), Text(transcript), Text(what))
        with VerticalScroll(id="help"):
            yield Static("Type a seed, press Enter, and the model goes on from it.\n", markup=False)
            yield Static(table)
