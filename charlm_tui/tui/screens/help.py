"""Every key and what it does."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.keys import format_key
from textual.screen import Screen
from textual.widgets import Input, Static

from charlm_tui.session.commands import COMMANDS
from charlm_tui.tui.hindered import edge
from charlm_tui.tui.key_names import Bound, written
from charlm_tui.tui.keys import ACTS, KEYS, SECTIONS, TEMPERATURE, TEXT
from charlm_tui.tui.screens.overlay import ModalOverlay

KeyRow = tuple[str, str, str]
"""Keys while the prompt has the focus, keys on the transcript, what they do."""


class Section(NamedTuple):
    """Keys that belong together."""

    title: str
    rows: list[KeyRow]


class HelpScreen(ModalOverlay[None]):
    """A table of keys over what is below, which continues; what is typed finds some of them.

    Args:
        sections: of the table.
        words: what words on the screen mean.
    """

    CSS_PATH = "../dialogs.tcss"
    AUTO_FOCUS: ClassVar[str] = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,enter", "dismiss", "Close", id="help.close", priority=True),
        Binding("down", "scroll(1)", "Down", show=False, id="help.down", priority=True),
        Binding("up", "scroll(-1)", "Up", show=False, id="help.up", priority=True),
        Binding("pagedown", "scroll(10)", "Page down", show=False, id="help.page-down"),
        Binding("pageup", "scroll(-10)", "Page up", show=False, id="help.page-up"),
    ]

    def __init__(self, sections: Iterable[Section], words: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._sections = list(sections)
        self._words = list(words)

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield Input(placeholder="Find a key, or what it does", compact=True)
            with VerticalScroll(can_focus=False):
                yield Static(self._table(""))

    def on_input_changed(self, message: Input.Changed) -> None:
        """Show the keys that have what was typed in what they do."""
        message.stop()
        self.query_one(Static).update(self._table(message.value.casefold()))

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        if action != "scroll":
            return ""
        rows = self.query_one(VerticalScroll)
        return edge(int(str(parameters[0])) < 0, rows.scroll_offset.y, rows.max_scroll_y)

    def action_scroll(self, lines: int) -> None:
        """Scroll by some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def _table(self, part: str) -> Table:
        two = any(transcript for section in self._sections for _, transcript, _ in section.rows)
        table = Table(box=None, expand=True, padding=(0, 2, 0, 0))
        table.add_column("anywhere" if two else "key", style="bold", no_wrap=True)
        table.add_column("on the text" if two else "", style="bold", no_wrap=True)
        table.add_column("what it does", ratio=1)
        for title, rows in self._sections:
            found = [row for row in rows if part in " ".join(row).casefold()]
            if found:
                table.add_row("", "", Text(title, "bold underline"))
            for anywhere, transcript, what in found:
                table.add_row(Text(anywhere), Text(transcript), Text(what))
            if found:
                table.add_row("", "", "")
        for word, meaning in self._words:
            if part in f"{word} {meaning}".casefold():
                table.add_row("", "", Text.assemble((word, "bold"), f": {meaning}"))
        return table


def screen_section(screen: Screen[Any], prefix: str) -> Section:
    """Return the keys of a screen and of what is on it, by what they do.

    Args:
        screen: is shown.
        prefix: what the ids of its bindings begin with.
    """
    keys: dict[str, dict[str, None]] = {}
    for node in (screen, *screen.walk_children()):
        for key, bindings in node._bindings.key_to_bindings.items():
            for binding in bindings:
                if (binding.id or "").startswith(f"{prefix}."):
                    keys.setdefault(binding.description, {})[written(key)] = None
    return Section("Keys here", [(" ".join(them), "", what) for what, them in keys.items()])


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


def help_sections(
    keymap: Mapping[str, str], bound: Mapping[str, Bound] | None = None
) -> list[Section]:
    """Return a row for every key there is, those that belong together below one title.

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
        (told("Ctrl+U", "prompt.clear"), "", "Clear the prompt; Ctrl+Z brings it back."),
        (back, "", "Go to the text, where plain keys work."),
        (
            "",
            to_prompt,
            "Go back to the prompt; Enter on a selected character: its alternatives.",
        ),
        ("", reading, "Read back. New text does not move what is read."),
        ("", told("Home", "transcript.top"), "Go to the top."),
        ("", told("End G", "transcript.end"), "Go to the end, and follow what comes."),
        (
            "",
            told("← h", "transcript.left"),
            "Select from the end of what is in sight; arrows, h j k l, w b 0 $ move on.",
        ),
        (
            "",
            told("Shift+arrows", *arrows),
            "Select more than one character; the mouse selects as well, also in seeds.",
        ),
        ("", back, "Select nothing."),
        (
            "",
            told("1 2 3 4", *presets),
            "Set the temperature to one of the notebook's: 0.2, 0.5, 1.0, 1.2.",
        ),
    ]
    sections = {title: Section(title, []) for title in (TEXT, *SECTIONS)}
    sections[TEXT].rows.extend(rows[:-1])
    sections[TEMPERATURE].rows.append(rows[-1])
    for key in KEYS:
        if key.command.startswith("preset-"):  # told above, in one row
            continue
        sections[key.section].rows.append(
            (
                told(_shown(key.anywhere), f"command.{key.command}"),
                told(_shown(key.plain), f"transcript.{key.command}"),
                COMMANDS[key.command].help,
            )
        )
    for act in ACTS:
        sections[act.section].rows.append(
            (
                told(_shown(act.anywhere), f"view.{act.id}"),
                told(_shown(act.plain), f"transcript.{act.id}"),
                act.help,
            )
        )
    last = Section(
        "The program",
        [
            (told("F1", "app.help"), told("?", "transcript.help"), "This page."),
            (
                f"↑ {told('Ctrl+R', 'app.recall')}".rstrip(),
                "",
                "What was typed before, and a search in it.",
            ),
            ("/", "", "A command, in the prompt: they are listed as you type; Tab completes."),
            (told("Ctrl+P", "app.palette"), "", "Every command by name."),
            (
                told("Ctrl+C", "app.interrupt"),
                "",
                "Copy what is selected; else stop the reply, or clear the prompt; twice: quit.",
            ),
            (told("Ctrl+Q", "app.quit"), "", "Quit."),
        ],
    )
    return [*sections.values(), last]


def _shown(keys: str) -> str:
    """Return keys as they are written: `ctrl+t,minus` as `Ctrl+T -`."""
    return " ".join(map(written, keys.split(",")))
