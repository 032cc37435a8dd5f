"""A reply as Markdown: the seed quoted, the reply, and a table of how it was made.

What a model or a person wrote stands in fences longer than any that it has, or is escaped: it can
neither end its place nor be read as markup.
"""

import re

from charlm_tui.reply.exports.facts import command, reply_facts
from charlm_tui.reply.tape_file import Recording
from charlm_tui.text import visible


def markdown(recording: Recording, title: str) -> str:
    """Return the document, in CommonMark with a table."""
    parts = [f"# {_escaped(title)}\n"]
    if recording.seed:
        quoted = _fenced(visible(recording.seed), "text")
        parts.append("".join(f"> {line}\n" for line in quoted.removesuffix("\n").split("\n")))
    parts.append(_fenced(visible(recording.text), "text"))
    rows = "".join(
        f"| {_escaped(name)} | {_escaped(value)} |\n" for name, value in reply_facts(recording)
    )
    parts.append("| | |\n|---|---|\n" + rows)
    again = command(recording)
    if again is not None:
        parts.append("With this model, the reply is made again by:\n")
        parts.append(_fenced(again, "sh"))
    return "\n".join(parts)


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}\n"


def _escaped(text: str) -> str:
    """Return one line of text that is not markup, in a cell of a table either."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$:@-])", r"\\\1", " ".join(visible(text).split()))
