"""Documents of any number and length, read as a stream: text files, and JSON lines.

Owns how they are cut into pieces, each of which can be read by itself with the text before it. A
document is never in memory as a whole. Knows no model.
"""

import codecs
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlm_tui.errors import CharlmError
from charlm_tui.text import conversion, told

BLOCK = 2**16  # bytes that are read at once
PIECE = 2**14  # characters of a piece, about: a second of work
LONGEST_LINE = 2**15  # characters, after which a line is cut
MOST_PARTS = 256  # documents of a task
MOST_JSON_BYTES = 10_000_000  # of a line of JSON
JSON_LINES = (".jsonl", ".ndjson")
FIELD = "text"


class DocumentError(CharlmError):
    """A document cannot be read, or has no text."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one paragraph."""

    paragraph: int
    """Its number in the document, from 0; always 0 where paragraphs are not told."""
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a document, or why there is none."""

    file: str
    line: int
    """Of the file, from 1, if it has JSON lines; 0 is a file that is one document."""
    before: str
    """What the document has before it, as far as it is asked for."""
    segments: tuple[Segment, ...]
    ends: bool
    """Whether the document ends with it."""
    fault: str = ""
    """Why the rest of the document cannot be read, as a sentence."""


@dataclass(frozen=True, slots=True)
class Cutting:
    """How documents are cut.

    Attributes:
        reach: characters of the document before a piece that whoever reads it needs; None if it
            needs all of them, so that no document is cut.
        paragraphs: whether each paragraph is told apart: a stretch that ends with an empty line.
        field: of a JSON line, that has its text.
        most: characters of a document that is not cut.
    """

    reach: int | None
    paragraphs: bool = False
    field: str = FIELD
    most: int = 10_000_000


def has_json_lines(path: Path) -> bool:
    """Return whether a file has a document on each line, by its name."""
    return path.suffix.lower() in JSON_LINES


def tasks(path: Path, cutting: Cutting) -> Iterator[tuple[Piece, ...]]:
    """Yield the pieces of a file, several small ones together, in their order."""
    waiting: list[Piece] = []
    size = 0
    for piece in pieces(path, cutting):
        waiting.append(piece)
        size += sum(len(it.text) for it in piece.segments)
        if size >= PIECE or len(waiting) == MOST_PARTS:
            yield tuple(waiting)
            waiting, size = [], 0
    if waiting:
        yield tuple(waiting)


def pieces(path: Path, cutting: Cutting) -> Iterator[Piece]:
    """Yield the pieces of a file's documents; what cannot be read is told in place of its text."""
    if not has_json_lines(path):
        yield from _cut(str(path), 0, _text_of(path), cutting)
        return
    try:
        for number, row in json_lines(path):
            if isinstance(row, DocumentError):
                yield _failed(str(path), number, str(row))
                continue
            try:
                text = text_in(row, cutting.field)
            except DocumentError as error:
                yield _failed(str(path), number, str(error))
                continue
            yield from _cut(str(path), number, [text], cutting)
    except DocumentError as error:  # of the file: there are no more lines
        yield _failed(str(path), 0, str(error))


def json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the number of each line and the JSON on it, or a `DocumentError`; empty lines are none.

    Raises:
        DocumentError: the file cannot be read.
    """
    try:
        with open(path, "rb") as file:
            number = 0
            while line := file.readline(MOST_JSON_BYTES + 1):
                number += 1
                if len(line) > MOST_JSON_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(BLOCK)
                    long = f"a line has more than {MOST_JSON_BYTES:,} bytes; give it as a file"
                    yield number, DocumentError(long)
                elif line.strip():
                    yield number, _parsed(line)
    except OSError as error:
        raise _unreadable(error) from error


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        return DocumentError(f"the line is not JSON ({told(str(error), 80)}); mend or remove it")


def text_in(row: Any, field: str) -> str:
    """Return the text of a JSON line.

    Raises:
        DocumentError: it has none.
    """
    if isinstance(row, Mapping) and isinstance(row.get(field), str):
        return str(row[field])
    found = f"the fields {told(', '.join(row), 80)}" if isinstance(row, Mapping) else "no fields"
    raise DocumentError(
        f"the line has {found} where a text {field!r} is expected; name it: --field"
    )


def _unreadable(error: OSError) -> DocumentError:
    return DocumentError(f"the file cannot be read: {error.strerror}; check the path")


def _failed(file: str, line: int, fault: str) -> Piece:
    return Piece(file, line, "", (), True, fault)


def _text_of(path: Path) -> Iterator[str]:
    """Yield a UTF-8 file's text in pieces.

    Raises:
        DocumentError: it cannot be read, or is not UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, first = 0, b""
    try:
        with open(path, "rb") as file:
            if os.path.isdir(path):
                raise DocumentError("it is a folder; give the files in it")
            while True:
                block = file.read(BLOCK)
                first = first or block[:4]
                begun = offset - len(decoder.getstate()[0])
                offset += len(block)
                try:
                    yield decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    raise DocumentError(
                        f"the file is not UTF-8 (at byte {begun + error.start:,}); "
                        f"{conversion(first)}"
                    ) from error
                if not block:
                    return
    except OSError as error:
        raise _unreadable(error) from error


def _cut(file: str, line: int, texts: Iterable[str], cutting: Cutting) -> Iterator[Piece]:
    """Cut a document at ends of lines, as far as its lines are not too long."""
    if cutting.reach is None:
        yield _whole(file, line, texts, cutting)
        return
    before, fault = "", ""
    held: list[Segment] = []
    size = 0
    try:
        for segment in _segments(texts, cutting.paragraphs):
            if size >= PIECE:
                yield Piece(file, line, before, tuple(held), False)
                before = (before + "".join(it.text for it in held))[-cutting.reach :]
                held, size = [], 0
            held.append(segment)
            size += len(segment.text)
    except DocumentError as error:
        fault = str(error)
    yield Piece(file, line, before, tuple(held), True, fault)


def _whole(file: str, line: int, texts: Iterable[str], cutting: Cutting) -> Piece:
    held: list[Segment] = []
    size = 0
    try:
        for segment in _segments(texts, cutting.paragraphs):
            held.append(segment)
            size += len(segment.text)
            if size > cutting.most:
                return _failed(
                    file,
                    line,
                    f"the document has more than {cutting.most:,} characters, which is the most "
                    "for a carried context; leave out --carry",
                )
    except DocumentError as error:
        return _failed(file, line, str(error))
    return Piece(file, line, "", tuple(held), True)


def _segments(texts: Iterable[str], paragraphs: bool) -> Iterator[Segment]:
    """Yield a text line by line, each with the number of its paragraph."""
    number, empty = 0, False
    for line in _lines(texts):
        if paragraphs:
            if line.strip() and empty:
                number += 1
                empty = False
            elif not line.strip():
                empty = True
        yield Segment(number, line)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Yield a text cut after each newline, and where a line is too long."""
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        for line in whole:
            yield from _chunks(line + "\n")
        while len(rest) >= 2 * LONGEST_LINE:
            yield rest[:LONGEST_LINE]
            rest = rest[LONGEST_LINE:]
    if rest:
        yield from _chunks(rest)


def _chunks(line: str) -> Iterator[str]:
    for start in range(0, len(line), LONGEST_LINE):
        yield line[start : start + LONGEST_LINE]
