"""Every key and what it does."""

import re
from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.keys import format_key
from textual.widgets import Static

from charlm_tui.session.commands import COMMANDS
from charlm_tui.tui.keys import ACTS, KEYS, Bound
from charlm_tui.tui.screens.overlay import ModalOverlay

_FUNCTION_KEY = re.compile(r"f\d+").fullmatch

KeyRow = tuple[str, str, str]
"""Keys while the prompt has the focus, keys on the transcript, what they do."""


class HelpScreen(ModalOverlay[None]):
    """A table of keys over the conversation, which continues below it."""

    CSS_PATH = "../dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,enter,question_mark", "dismiss", "Close", id="help.close"),
    ]

    def __init__(self, rows: Iterable[KeyRow]) -> None:
        super().__init__()
        self._rows = list(rows)

    def compose(self) -> ComposeResult:
        table = Table(box=None, expand=True, padding=(0, 2, 0, 0))
        table.add_column("key", style="bold", no_wrap=True)
        table.add_column("on the text", style="bold", no_wrap=True)
        table.add_column("what it does", ratio=1)
        for anywhere, transcript, what in self._rows:
            table.add_row(Text(anywhere), Text(transcript), Text(what))
        with VerticalScroll(id="help"):
            yield Static("Type a seed, press Enter, and the model continues it.\n", markup=False)
            yield Static(table)


def keys_in_force(keymap: Mapping[str, str], bound: Mapping[str, Bound]) -> dict[str, str]:
    """Return the keys of every binding, with commas between them; none where all were taken.

    Args:
        keymap: keys by the ids of bindings that have others than at first.
        bound: every binding by its id.
    """
    given: dict[str, set[str]] = {}  # by place
    for id_, keys in keymap.items():
        given.setdefault(bound[id_].place, set()).update(map(format_key, keys.split(",")))
    return {
        id_: keymap[id_]
        if id_ in keymap
        else ",".join(
            key for key in it.keys.split(",") if format_key(key) not in given.get(it.place, ())
        )
        for id_, it in bound.items()
    }


def help_rows(keymap: Mapping[str, str], bound: Mapping[str, Bound] | None = None) -> list[KeyRow]:
    """Return a row for every key there is.

    Args:
        keymap: keys by the ids of bindings that have others than at first.
        bound: every binding by its id; needed only if the keymap has any.
    """
    bound = bound or {}
    in_force = keys_in_force(keymap, bound)

    def told(at_first: str, *ids: str) -> str:
        """Return how the keys of some bindings are written."""
        if all(in_force[id_] == bound[id_].keys for id_ in ids if id_ in bound):
            return at_first
        return _shown(",".join(in_force[id_] for id_ in ids if in_force[id_]))

    arrows = [f"transcript.more-{way}" for way in ("left", "right", "up", "down")]
    presets = [f"transcript.preset-{number}" for number in range(1, 5)]
    back = told("Esc", "app.to-transcript")
    to_prompt = told("i Enter", "transcript.prompt", "transcript.enter")
    reading = told(
        "↑ ↓ PgUp PgDn",
        *(f"transcript.{way}" for way in ("up", "down", "page-up", "page-down")),
    )
    rows = [
        ("Enter", "", "Send the seed; with an empty prompt, continue the reply."),
        (
            told("Ctrl+N", "prompt.newline"),
            "",
            "A new line in the prompt. Pasted newlines are kept.",
        ),
        (back, "", "Go to the text, where plain keys work."),
        (
            "",
            to_prompt,
            "Go back to the prompt; Enter on a selected character: its alternatives.",
        ),
        ("", reading, "Read back. New text does not move what is read."),
        (
            "",
            told("← h", "transcript.left"),
            "Select from the end of what is in sight; arrows, h j k l, w b 0 $ move on.",
        ),
        (
            "",
            told("Shift+arrows", *arrows),
            "Select more than one character; the mouse selects as well.",
        ),
        ("", back, "Select nothing."),
        (
            "",
            told("1 2 3 4", *presets),
            "Set the temperature to one of the notebook's: 0.2, 0.5, 1.0, 1.2.",
        ),
    ]
    for key in KEYS:
        if key.command.startswith("preset-"):  # told above, in one row
            continue
        rows.append(
            (
                told(_shown(key.anywhere), f"command.{key.command}"),
                told(_shown(key.plain), f"transcript.{key.command}"),
                COMMANDS[key.command].help,
            )
        )
    rows += [
        (
            told(_shown(act.anywhere), f"view.{act.id}"),
            told(_shown(act.plain), f"transcript.{act.id}"),
            act.help,
        )
        for act in ACTS
    ]
    rows += [
        (told("F1", "app.help"), told("?", "transcript.help"), "This page."),
        (
            f"↑ {told('Ctrl+R', 'app.recall')}".rstrip(),
            "",
            "What was typed before, and a search in it.",
        ),
        ("Ctrl+P", "", "Every command by name."),
        (told("Ctrl+Q", "app.quit"), "", "Quit."),
    ]
    return rows


def _shown(keys: str) -> str:
    """Return keys as they are written: `ctrl+t,minus` as `Ctrl+T -`."""
    return " ".join(_written(key) for key in keys.split(","))


def _written(key: str) -> str:
    modifiers, _, name = key.rpartition("+")
    if not modifiers and not _FUNCTION_KEY(key):
        return format_key(key)
    parts = [*modifiers.split("+"), format_key(name)] if modifiers else [name]
    return "+".join(part.capitalize() for part in parts)
