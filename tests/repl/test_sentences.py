"""What is written for a screen reader is whole, labelled, and never drawn over."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from charlm_tui.repl.sentences import MOST_HELD, SentencePrinter


class Read:
    """A printer, and each thing that it has written at once."""

    def __init__(self) -> None:
        self.writes: list[str] = []
        file = io.StringIO()
        file.write = self.writes.append  # type: ignore[method-assign, assignment]
        self.printer = SentencePrinter(Console(file=file, force_terminal=True, width=20))

    @property
    def text(self) -> str:
        return "".join(self.writes)


def test_a_reply_is_written_a_sentence_or_a_line_at_a_time() -> None:
    it = Read()
    for char in 'to be. "or not?" that is\nthe question: wheth':
        it.printer.stream(char, b"\5")
    assert it.writes == ["reply: to be. ", '"or not?" ', "that is\n"]
    it.printer.line("notice", "400 characters, and a line that no width breaks")
    assert it.writes[3:] == [
        "the question: wheth",
        "\n",
        "note: 400 characters, and a line that no width breaks\n",
    ]
    it.printer.stream("Again.\n")
    assert it.writes[6:] == ["reply: Again.\n"]


def test_a_sentence_that_does_not_end_is_written_up_to_a_word() -> None:
    it = Read()
    it.printer.stream("words " * (MOST_HELD // 6 + 2) + "wo")
    assert it.text.endswith("words ")
    assert len(it.text) > MOST_HELD


def test_a_table_is_a_sentence_a_row_and_an_aside_is_a_line() -> None:
    it = Read()
    it.printer.stream("in the midst")
    it.printer.aside("0.55")
    it.printer.table(("command", "what it does"), [("/temp", "Set it."), ("/go", "Go on.")])
    it.printer.ask("seed: ")
    assert it.text == ("reply: in the midst\nnote: 0.55\n/temp: Set it.\n/go: Go on.\nseed: ")


@given(st.lists(st.text(max_size=40), max_size=12))
def test_nothing_is_lost_and_nothing_moves_the_cursor(parts: list[str]) -> None:
    it = Read()
    for part in parts:
        it.printer.stream(part)
    it.printer.fresh()
    whole = "".join(parts)
    assert not any(char < " " and char != "\n" for char in it.text)
    assert it.text.count("\n") - whole.count("\n") in (0, 1)
    assert len(it.text.removeprefix("reply: ").rstrip("\n")) >= len(whole.rstrip("\n"))
