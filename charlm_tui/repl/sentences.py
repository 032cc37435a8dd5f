"""What is written for a screen reader: plain lines with labels, and replies a sentence at a time.

A reader speaks what is new; a few characters at a time it would stutter. Nothing is written but
text and newlines: no colours, no column that words are aligned to, nothing over what was written.
"""

import re
from collections.abc import Iterable

from rich.console import Console

from charlm_tui.repl.printer import Printer
from charlm_tui.text import visible

LABELS = {"seed": "seed: ", "reply": "reply: ", "notice": "note: ", "error": "error: "}
MOST_HELD = 300  # characters of a sentence, after which it is written up to a word's end
_END = re.compile(r"""(?s:.*)(?:\n|[.!?…]["'”’)\]]*\s)""")


class SentencePrinter(Printer):
    """Writes whole sentences and lines.

    Args:
        console: with the file.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(console, LABELS)
        self._held = ""  # of a reply: the beginning of a sentence
        self._in_reply = False  # whether its label stands there
        self.is_asking = False
        """Whether the last thing that stands there is a label that a seed is typed behind."""

    def stream(self, text: str, levels: bytes = b"") -> None:  # noqa: ARG002  (no colours)
        """Write what ends a sentence, or a line; keep the rest until there is more."""
        self._held += text
        if end := _END.match(self._held):
            self._release(end.end())
        elif len(self._held) > MOST_HELD:
            self._release(self._held.rfind(" ") + 1 or len(self._held))

    def aside(self, words: str) -> None:
        """Write a few words as a line of their own."""
        self.line("notice", words)

    def line(self, kind: str, text: str) -> None:
        """Write lines of a kind, as long as they are; the label is said once."""
        self.fresh()
        self._write(f"{self.marks[kind]}{visible(text)}\n")

    def table(self, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:  # noqa: ARG002
        """Write each row as a sentence, its first cell first."""
        self.fresh()
        for row in rows:
            first, *others = (visible(cell) for cell in row)
            self._write(f"{first}: {' '.join(filter(None, others))}\n")

    def ask(self, label: str) -> None:
        """Write the label that something is typed behind."""
        self.fresh()
        self._write(label)
        self._at_start, self.is_asking = False, True

    def typed(self) -> None:
        """Take note that a line was typed: the terminal has begun another."""
        self._at_start, self.is_asking = True, False

    def fresh(self) -> None:
        """Write what is left of a reply, and begin a new line, unless one has begun."""
        self._release(len(self._held))
        self._in_reply = False
        super().fresh()
        self.is_asking = False

    def _release(self, count: int) -> None:
        text, self._held = self._held[:count], self._held[count:]
        if not text:
            return
        if not self._in_reply:
            super().fresh()
            self._in_reply, self.is_asking = True, False
            text = LABELS["reply"] + text
        self._write(visible(text))
        self._at_start = text.endswith("\n")
