"""`python -m docs.reference`: the page of all keys and settings, made from their tables."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from charlm_tui.controls.kinds import Parameter
from charlm_tui.controls.parameters import PARAMETERS
from charlm_tui.tui.catalog import bindings
from charlm_tui.tui.key_names import written
from charlm_tui.tui.screens.help import help_sections

PAGE = Path(__file__).resolve().parent / "reference.md"
HEAD = """\
# Keys and settings

This page is made by `python -m docs.reference`, and a test holds it true.

## Keys of the app

On the left the keys that work wherever the focus is, beside them those that work on the text (Esc
leads there).
"""
IDS = """\
## Ids of all bindings

For the table `[keymap]` of the settings file, such as `"command.warmer" = "f7"`: several keys with
commas between them, none with "".
"""
SETTINGS = """\
## Settings

The file is where `charlm-tui config path` says; `charlm-tui config check` says what is wrong with
it. The command line wins over the environment, that over the file.

Themes of your own are files in the folder `themes` beside it: `NAME.toml` with
`primary = "#6f9fd8"` and, as you like, `dark = false`, `secondary`, `accent`, `foreground`,
`background`, `surface`, `panel`, `warning`, `error`, `success`, and a table `[tints]` with `low`,
`middle`, `high`, `negative` and `positive`.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([HEAD, *_keys(), IDS, *_ids(), SETTINGS, *_settings()])


def _keys() -> Iterable[str]:
    for section in help_sections({}):
        yield f"### {section.title}\n"
        yield _table(("key", "on the text", "what it does"), section.rows)


def _ids() -> Iterable[str]:
    found = sorted(bindings().items(), key=lambda item: item[0])
    rows = [
        (f"`{id_}`", " ".join(map(written, bound.keys.split(","))), bound.label)
        for id_, bound in found
    ]
    yield _table(("id", "keys", "what it does"), rows)


def _settings() -> Iterable[str]:
    for table, entries in groupby(PARAMETERS, key=lambda entry: entry.table):
        yield f"### `[{table}]`\n" if table else "### At the top of the file\n"
        rows = [
            (f"`{it.name}`", f"`{it.variable}`", it.allowed, _default(it), it.help)
            for it in entries
        ]
        yield _table(("name", "variable", "what is expected", "default", "what it is"), rows)


def _default(entry: Parameter) -> str:
    """Return the default as a settings file has it; of what the program decides, an example."""
    if entry.default is None and entry.sample:
        return f"not set, such as `{entry.sample}`"
    return f"`{entry.to_toml(entry.default)}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines) + "\n"


def _cell(text: str) -> str:
    """Return a text as it can stand in a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
