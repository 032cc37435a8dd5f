"""How text is shown: visible characters, terminal cells, lines, runs, and what fits.

Knows cells and characters, nothing of widgets, colours or formats.
"""

import codecs
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from rich.console import Console


MOST_TOLD = 240
"""Characters of a sentence that a file may decide."""
_BYTE_ORDER_MARKS = (  # one of the first begins with one of the second
    ("UTF-32", (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
    ("UTF-16", (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
)


class _Pictures(dict[int, int]):
    """What is drawn for a character: itself, or the replacement character if nothing can be."""

    def __missing__(self, code: int) -> int:
        # Controls, marks of direction, zero widths, line separators, surrogates are not printable,
        # nor to Python the spaces but one.
        char = chr(code)
        shown = char.isprintable() or category(char) == "Zs"
        return self.setdefault(code, code if shown else 0xFFFD)


_PICTURES = _Pictures({code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421, 0x0A: 0x0A})


def visible(text: str, newline: str = "\n") -> str:
    """Return a text that can be written anywhere: control characters become their pictures.

    Nothing that is left can move a cursor or turn the direction of what follows. Every character
    keeps its place.

    Args:
        text: of a person, a model or a file.
        newline: what a newline is drawn as; the default keeps it.
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_PICTURES).replace("\n", newline)


def show(console: "Console", text: str, style: str = "") -> None:
    """Print lines on a console: no markup, broken by nobody but the terminal.

    What reaches a terminal cannot move its cursor; to a file the text is what it is.
    """
    shown = visible(text) if console.is_terminal else text
    console.print(shown, style=style, markup=False, highlight=False, emoji=False, soft_wrap=True)


def told(text: str, most: int = MOST_TOLD) -> str:
    """Return what a file says of itself as a sentence can show it: in one line, and not too long.

    Nothing that is left can move a cursor or turn the direction of what follows.

    Args:
        text: of a file, or of what has read one.
        most: characters of it.
    """
    return visible(text if len(text) <= most else text[: most - 1] + "…", "⏎")


def cells(text: str) -> int:
    """Count the terminal cells of a line as it is drawn; a newline takes none."""
    if text.isascii() and text.isprintable():
        return len(text)
    from rich.cells import cell_len

    return cell_len(visible(text, ""))


def runs(keys: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of each stretch of equal keys."""
    begin = start
    for end in range(start + 1, stop + 1):
        if end == stop or keys[end] != keys[begin]:
            yield begin, end
            begin = end


def differences(text: str, before: str) -> list[bool]:
    """Return for each character of a text whether another one stood there before."""
    return [i >= len(before) or character != before[i] for i, character in enumerate(text)]


def fitting(width: int, *forms: str) -> str:
    """Return the first of some forms that has room; the last one if none has."""
    return visible(next((form for form in forms if cells(form) <= width), forms[-1]), "")


def begun(text: str, width: int) -> str:
    """Return a text in one line, or as much of its beginning as has room, with … behind it."""
    text = visible(text, "⏎")
    if cells(text) <= width:
        return text
    used, end = 1, 0
    while end < len(text) and (used := used + cells(text[end])) <= width:
        end += 1
    return text[:end] + "…" * (width > 0)


def shortened(text: str, width: int) -> str:
    """Leave out the middle of a text that has no room."""
    text = visible(text, "⏎")
    if cells(text) <= width:
        return text
    head, tail, used = "", "", 1
    for front, back in zip(text, reversed(text), strict=True):
        for char, to_head in ((front, True), (back, False)):
            used += cells(char)
            if used > width:
                return f"{head}…{tail}"
            head, tail = (head + char, tail) if to_head else (head, char + tail)
    return text


def wrap(text: str, width: int) -> Iterator[str]:
    """Break text into lines of at most `width` cells, at spaces where there are any.

    A line keeps the newline that ends it, and one space that hangs over its edge, so the lines
    joined are the text. Where a line ends depends only on what follows within the next `width`
    cells: to add text, wrap the last line again together with it. Text that ends in a newline is
    followed by an empty last line; so there is always at least one.
    """
    start = 0
    while True:
        end = _line_end(text, start, max(width, 1))
        yield text[start:end]
        if end == len(text) and not text.endswith("\n", start):
            return
        start = end


def _line_end(text: str, start: int, width: int) -> int:
    used = 0
    space = -1
    for index in range(start, len(text)):
        char = text[index]
        if char == "\n":
            return index + 1
        size = 1 if " " <= char <= "~" else cells(char)
        if used + size > width:
            if char == " ":
                return index + 2 if text.startswith("\n", index + 1) else index + 1
            if space > start:
                return space
            return max(index, start + 1)
        used += size
        if char == " ":
            space = index + 1
    return len(text)


def capitalised(words: str) -> str:
    """Return a clause as the beginning of a line: its first letter as a capital."""
    return words[:1].upper() + words[1:]


def conversion(beginning: bytes) -> str:
    """Say what makes UTF-8 of a file in another encoding, as the end of a sentence.

    Args:
        beginning: of the file; its first bytes can tell UTF-16 and UTF-32, nothing the others.
    """
    for name, marks in _BYTE_ORDER_MARKS:
        if beginning.startswith(marks):
            return f"it begins as {name}: convert it with iconv -f {name} -t UTF-8"
    return (
        "convert it from its own encoding (CP1252, CP1251 and SHIFT_JIS are common ones), for "
        "example with iconv -f CP1252 -t UTF-8"
    )


def duration(seconds: float) -> str:
    """Return a time as a person would say it: `48 s`, `7 min`, `2 h 05 min`."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
