"""A reply as a file for others: the formats, and which of them a file's name asks for.

Each format has a room of its own, loaded when it is asked for. They read a recording and give
text; none knows of screens or writes files.
"""

from dataclasses import dataclass
from pathlib import Path

from charlm_tui.errors import CharlmError
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.tints import Tint


class ExportError(CharlmError):
    """There is no such format, or the reply has what no file can hold."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that a reply can be written as."""

    suffix: str
    description: str
    tinted: bool = False
    """Whether a tint makes a difference."""


FORMATS = {
    "text": Format(".txt", "seed and reply, their characters alone"),
    "markdown": Format(".md", "seed, reply and how it was made"),
    "html": Format(".html", "a page of its own, tinted", tinted=True),
    "svg": Format(".svg", "a picture, tinted", tinted=True),
    "json": Format(".json", "all numbers of every character"),
    "asciicast": Format(".cast", "a recording for asciinema, tinted", tinted=True),
    "tape": Format(".tape", "a tape, which can be replayed and opened again"),
}
"""Every format by its name."""


def export(
    recording: Recording,
    format: str,  # noqa: A002
    tint: Tint = Tint.PLAIN,
    title: str = "",
) -> str:
    """Return a reply as the content of a file, in time that grows with its length.

    Args:
        recording: the reply.
        format: a name of `FORMATS`.
        tint: what the text is tinted by, in the formats that can be.
        title: of the page, the picture or the recording; empty is the model's name.

    Raises:
        ExportError: there is no such format, or half of a surrogate pair is among the characters.
    """
    if format not in FORMATS:
        raise ExportError(
            f"the format is {format!r:.40} where one of {', '.join(FORMATS)} is expected; give that"
        )
    title = title or f"A reply of {recording.model}"
    for part in (recording.seed, recording.text, title, recording.model, recording.model_sha256):
        try:
            part.encode()
        except UnicodeEncodeError as error:
            raise ExportError(
                f"the reply has {describe_symbol(part[error.start])}, half of a surrogate pair, "
                "where characters that UTF-8 has are expected; take another copy of its tape"
            ) from None
    return _written(recording, format, tint, title)


def _written(recording: Recording, name: str, tint: Tint, title: str) -> str:
    match name:
        case "text":
            from charlm_tui.reply.exports.plain import text

            return text(recording)
        case "markdown":
            from charlm_tui.reply.exports.markdown import markdown

            return markdown(recording, title)
        case "html":
            from charlm_tui.reply.exports.html import html

            return html(recording, tint, title)
        case "svg":
            from charlm_tui.reply.exports.svg import svg

            return svg(recording, tint, title)
        case "json":
            from charlm_tui.reply.exports.plain import as_json

            return as_json(recording, title)
        case "asciicast":
            from charlm_tui.reply.exports.cast import cast

            return cast(recording, tint, title)
        case _:
            return recording.to_json()


def format_of(path: Path) -> str:
    """Return the name of the format that a file's suffix asks for, in either case.

    Raises:
        ExportError: it asks for none.
    """
    for name, each in FORMATS.items():
        if path.suffix.lower() == each.suffix:
            return name
    suffixes = ", ".join(each.suffix for each in FORMATS.values())
    raise ExportError(
        f"{path} ends in {path.suffix or 'no suffix'} where one of {suffixes} is expected; "
        "give another name"
    )
