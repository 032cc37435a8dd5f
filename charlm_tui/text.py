"""Breaking text into lines of a given width, so that text can grow at its end.

Knows cells and characters, nothing of widgets.
"""

from collections.abc import Iterator

from rich.cells import cell_len

_PICTURES: dict[int, int | None] = {code: 0x2400 + code for code in range(0x20) if code != 0x0A}
_PICTURES |= {0x7F: 0x2421, 0x0A: None}
_PICTURES |= dict.fromkeys(
    [*range(0x80, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x202F)], 0xFFFD
)
_PICTURES |= dict.fromkeys([*range(0x2060, 0x2070), 0xFEFF], 0xFFFD)


def visible(text: str) -> str:
    """Give what is drawn for a line of text: no control character reaches the terminal.

    A newline is drawn as nothing; every other character keeps its place.
    """
    if text.isascii() and text.isprintable():
        return text
    return text.translate(_PICTURES)


def cells(text: str) -> int:
    """Count the terminal cells of a line as it is drawn."""
    return len(text) if text.isascii() and text.isprintable() else cell_len(visible(text))


def wrap(text: str, width: int) -> Iterator[str]:
    """Break text into lines of at most `width` cells, at spaces where there are any.

    A line keeps the newline that ends it, and one space that hangs over its edge, so the lines
    joined are the text. Where a line ends depends only on what follows within the next `width`
    cells: to add text, wrap the last line anew together with it. Text that ends in a newline is
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
