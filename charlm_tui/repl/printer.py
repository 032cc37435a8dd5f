"""What is written into the terminal: streamed characters, and whole lines between them.

The terminal breaks long lines itself, and keeps all of it. Owns whether the cursor stands at the
start of a line; knows nothing of conversations.
"""

from collections.abc import Callable, Iterable, Sequence

from rich.color import Color
from rich.console import COLOR_SYSTEMS, Console, RenderableType
from rich.style import Style
from rich.table import Table
from rich.text import Text

from charlm_tui.reply.tints import DIVERGING_GLOWS, GLOWS
from charlm_tui.text import runs, visible

MARKS = {"seed": "❯ ", "notice": "· ", "error": "! "}
PLAIN_MARKS = MARKS | {"seed": "> "}  # for a terminal of few characters
_STYLES = {"seed": Style(bold=True), "notice": Style(dim=True), "error": Style(bold=True)}


class Printer:
    """Writes to a console.

    Args:
        console: with the width, the file and the colours.
        marks: what stands before the first line of each kind.
        place: runs what writes whole lines, where they have their place.
    """

    def __init__(
        self,
        console: Console,
        marks: dict[str, str] = MARKS,
        place: Callable[[Callable[[], None]], None] = lambda write: write(),
    ) -> None:
        self.marks = marks
        self._console = console
        self._place = place
        self._shades = shades(console)
        self._dim = around(Style(dim=True), console)
        self._at_start = True

    def stream(self, text: str, levels: bytes = b"") -> None:
        """Write characters behind what was written, each in the shade of its level, if it has one.

        Nothing of the text can move the cursor but newlines.
        """
        if not text:
            return
        shown = tinted(text, levels, self._shades) if levels else visible(text)
        self._write(shown)
        self._at_start = text.endswith("\n")

    def aside(self, words: str) -> None:
        """Write a few words in the middle of what streams."""
        before, after = self._dim
        self._write(f"{before}‹{visible(words, '')}›{after}")
        self._at_start = False

    def line(self, kind: str, text: str) -> None:
        """Write lines of a kind, of words that are kept whole."""
        table = Table.grid(padding=0)
        table.add_row(Text(self.marks[kind]), Text(visible(text), overflow="fold"))
        self._place(lambda: self._print(table, _STYLES[kind]))

    def raw(self, text: str) -> None:
        """Write a line that is to be copied: without marks, broken by nobody but the terminal."""

        def write() -> None:
            self.fresh()
            self._write(visible(text) + "\n")

        self._place(write)

    def table(self, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """Write rows, the last column of which takes what room there is."""
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
        names = list(heads)
        for name in names[:-1]:
            table.add_column(name, style="bold")
        table.add_column(names[-1], ratio=1)
        for row in rows:
            table.add_row(*(Text(visible(cell)) for cell in row))
        self._place(lambda: self._print(table))

    def fresh(self) -> None:
        """Begin a new line, unless the cursor is at the start of one."""
        if not self._at_start:
            self._write("\n")
            self._at_start = True

    def _print(self, what: RenderableType, style: Style | None = None) -> None:
        self.fresh()
        self._console.print(what, style=style)

    def _write(self, text: str) -> None:
        self._console.file.write(text)
        self._console.file.flush()


Around = tuple[str, str]
"""What is written before a text of a style, and after it."""

_SHADING = ("256", "truecolor")  # of rich's colour systems; 16 colours are no ramp
_WEIGHTS = (Style(dim=True), Style(), Style(bold=True), Style(bold=True, underline=True))
_TWO_WEIGHTS = (
    Style(underline=True, italic=True),
    Style(underline=True),
    Style(),
    Style(bold=True),
    Style(bold=True, reverse=True),
)


def shades(console: Console, diverging: bool = False) -> list[Around]:
    """Return what is written around a character of each level.

    Args:
        console: with the colours.
        diverging: whether levels are of what can be negative: what is below zero is underlined
            where there are no colours, and what is above it bold.
    """
    glows, weights = (DIVERGING_GLOWS, _TWO_WEIGHTS) if diverging else (GLOWS, _WEIGHTS)
    if console.color_system in _SHADING and not console.no_color:
        styles = [Style(color=Color.from_rgb(*glow)) if glow else Style() for glow in glows]
    else:
        styles = [weights[level * len(weights) // len(glows)] for level in range(len(glows))]
    return [around(style, console) for style in styles]


def tinted(text: str, levels: bytes, shades: Sequence[Around]) -> str:
    """Return a text with each character in the shade of its level.

    Nothing of the text can move the cursor but newlines.
    """
    shown, pieces = visible(text), []
    for start, stop in runs(levels, 0, len(levels)):
        before, after = shades[levels[start]]
        pieces.append(f"{before}{shown[start:stop]}{after}")
    return "".join(pieces)


def around(style: Style, console: Console) -> Around:
    """Return what a console writes around a text of a style; nothing if it styles nothing."""
    name = console.color_system
    shown = style.without_color if console.no_color else style
    written = shown.render("|", color_system=COLOR_SYSTEMS[name] if name else None)
    before, _, after = written.partition("|")
    return before, after
