"""How much of the reply stands in the corpus: the longest passage, where it is, unknown words.

Draws findings that it is given, or one line in their place.
"""

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.text import fitting, shortened

if TYPE_CHECKING:  # numpy is not needed to draw
    from charlm_tui.recital import Findings

NO_CORPUS = "no corpus: --corpus PATH"
READING = "reading the corpus…"
OFF = "off: the corpus cannot be read"
NO_TEXT = "nothing drawn yet"
STRANGE = "not the model's corpus"
UNCHECKED = "unchecked by the card"


class RecitalPanel(Widget):
    """Four lines: how long the longest passage is, its text, its place, unknown words.

    | component class | what |
    | :- | :- |
    | `recital--passage` | the passage |
    | `recital--muted` | what is less important |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"recital--passage", "recital--muted"}

    findings: "reactive[Findings | None]" = reactive(None)
    """What is known of the reply."""
    note: reactive[str] = reactive(NO_CORPUS)
    """Stands in place of findings, unless it is empty."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  (Textual's own name)
        super().__init__(id=id)
        self.border_title = "Recital"

    def tell_match(self, matches: bool | None) -> None:
        """Tell in the border whether the corpus is the model's; None if that is not known."""
        self.border_subtitle = {True: "", False: STRANGE, None: UNCHECKED}[matches]

    def render_line(self, y: int) -> Strip:
        plain, width = self.rich_style, self.size.width
        muted = plain + self.get_component_rich_style("recital--muted")
        marked = plain + self.get_component_rich_style("recital--passage")
        note = self.note or ("" if self.findings is not None else NO_TEXT)
        if note or self.findings is None:
            segments = [Segment(note if y == 0 else "", muted)]
        else:
            segments = _line(self.findings, y, width, plain, muted, marked)
        return Strip(segments).adjust_cell_length(width, plain)


def _line(
    it: "Findings", y: int, width: int, plain: Style, muted: Style, marked: Style
) -> list[Segment]:
    match y:
        case 0:
            first = f"{it.passage.length:,}"
            count, share = it.passage_words, f"{it.share:.1%}"
            words = f"{count:,} word{'s' * (count != 1)}"
            rest = fitting(
                width - len(first),
                f" characters, {words}, {share} of the reply",
                f" characters, {words}, {share} of it",
                f" characters, {words}, {share}",
                f" characters, {share}",
            )
            return [Segment(first, plain + Style(bold=True)), Segment(rest, muted)]
        case 1:
            return [Segment(shortened(it.text, width), marked)]
        case 2 if it.passage.length:
            at = f"{it.passage.corpus_start:,}"
            share = f"{it.passage.corpus_start / it.corpus_length:.1%}"
            place = fitting(
                width,
                f"at character {at} of the corpus, {share}",
                f"at character {at}, {share}",
                f"at {at}, {share}",
            )
            return [Segment(place, muted)]
        case 3:
            return _words(it, width, plain, muted)
    return []


def _words(it: "Findings", width: int, plain: Style, muted: Style) -> list[Segment]:
    first = f"{it.unknown_words:,}"
    share = f"{it.unknown_share:.1%}"
    known = it.newest_unknown
    rests = [
        f" of {it.words:,} words unknown, {share}",
        f" of {it.words:,} unknown, {share}",
    ]
    lists = [": " + ", ".join(known[:count]) for count in range(len(known), 0, -1)]
    forms = [rest + words for words in (*lists, "") for rest in rests]
    return [
        Segment(first, plain + Style(bold=True)),
        Segment(fitting(width - len(first), *forms), muted),
    ]
