"""Which key does what: one table, from which bindings, footer and help are made.

While the prompt has the focus it takes every printable key, so each command has a key that is not
printable; on the transcript plain ones work as well. Every binding has an id, so that a keymap
can change it.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from textual.binding import Binding
from textual.keys import format_key

from charlm_tui.session.commands import COMMANDS


class Key(NamedTuple):
    """The keys of one command."""

    command: str
    """Its id in `COMMANDS`."""
    label: str
    """In the footer."""
    anywhere: str = ""
    plain: str = ""
    """On the transcript, several with commas between them."""
    group: Binding.Group | None = None


_TEMPERATURE = Binding.Group("Temp", compact=True)
_SPEED = Binding.Group("Speed", compact=True)

KEYS = (
    Key("cooler", "Cooler", "f2", "minus,underscore", _TEMPERATURE),
    Key("warmer", "Warmer", "f3", "plus,equals_sign", _TEMPERATURE),
    Key("next-preset", "Preset", "ctrl+t", "t", _TEMPERATURE),
    Key("sweep-down", "Sweep", plain="left_curly_bracket"),
    Key("sweep-up", "Sweep", plain="right_curly_bracket"),
    Key("preset-1", "0.2", plain="1"),
    Key("preset-2", "0.5", plain="2"),
    Key("preset-3", "1.0", plain="3"),
    Key("preset-4", "1.2", plain="4"),
    Key("pause", "Pause", "f4", "space"),
    Key("step", "Step", plain="n"),
    Key("stop", "Stop", "ctrl+s", "s"),
    Key("go-on", "Go on", "ctrl+g", "g"),
    Key("again", "Again", "f5", "r"),
    Key("dream", "Dream", "ctrl+f", "d"),
    Key("slower", "Slower", "f8", "less_than_sign,comma", _SPEED),
    Key("faster", "Faster", "f9", "greater_than_sign,full_stop", _SPEED),
    Key("continue", "Turns", "ctrl+l", "x"),
    Key("undo", "Take back", plain="u"),
    Key("redo", "Bring back", plain="U"),
    Key("save", "Save", plain="W"),
    Key("share", "Share", plain="Y"),
    Key("replay", "Replay", plain="T"),
)


class Act(NamedTuple):
    """Something that is done on the screen alone; a key and an entry of the palette."""

    id: str
    """Of its bindings, behind a dot, and for good: it stands in settings files."""
    action: str
    """Of the studio's screen."""
    title: str
    """In the palette."""
    label: str
    """In the footer."""
    help: str
    plain: str = ""
    """On the transcript."""
    anywhere: str = ""
    footer: bool = False
    """Whether the footer shows it when it can be done."""


ACTS = (
    Act(
        "alternatives",
        "alternatives",
        "Alternatives",
        "Alternatives",
        "Go to the selected character's alternatives; Enter there takes another way.",
        "p",
        footer=True,
    ),
    Act(
        "type-over",
        "edit",
        "Type over",
        "Type over",
        "Type what is to stand at the selected character; the model goes on from it.",
        "e",
        footer=True,
    ),
    Act(
        "draw-anew-from-here",
        "redraw",
        "Draw anew from here",
        "Draw anew",
        "Take another way from the selected character, with other random numbers.",
        "R",
        footer=True,
    ),
    Act(
        "previous-sibling",
        "walk(-1)",
        "Previous sibling",
        "Sibling",
        "Show the reply's sibling before.",
        "left_square_bracket",
        footer=True,
    ),
    Act(
        "next-sibling",
        "walk(1)",
        "Next sibling",
        "Sibling",
        "Show the reply's next sibling.",
        "right_square_bracket",
        footer=True,
    ),
    Act(
        "copy", "copy", "Copy", "Copy", "Copy the selection, or the whole reply.", "y", footer=True
    ),
    Act(
        "tint",
        "tint",
        "Tint",
        "Tint",
        "Tint the text by surprisal, entropy, temperature, what the corpus has of it, or not.",
        "v",
        footer=True,
    ),
    Act(
        "panels",
        "panels",
        "Panels",
        "Panels",
        "Fold the panels away, or unfold them; with room for one: show the next.",
        anywhere="ctrl+o",
        footer=True,
    ),
    Act(
        "controls",
        "turn_controls",
        "Controls",
        "Controls",
        "Go to the controls: arrows turn them, Enter types a value.",
        "c",
    ),
    Act(
        "panel-next-character",
        "panel('next')",
        "Panel: next character",
        "",
        "Show or hide the next character.",
        "N",
    ),
    Act(
        "panel-controls",
        "panel('controls')",
        "Panel: controls",
        "",
        "Show or hide the controls.",
        "C",
    ),
    Act(
        "panel-surprise",
        "panel('surprise')",
        "Panel: surprise",
        "",
        "Show or hide surprise over time.",
        "S",
    ),
    Act(
        "panel-recital",
        "panel('recital')",
        "Panel: recital",
        "",
        "Show or hide what stands in the corpus.",
        "M",
    ),
    Act(
        "ladder",
        "ladder",
        "Ladder",
        "Ladder",
        "Let one seed, the prompt's or the last, go on at 0.2, 0.5, 1.0 and 1.2, side by side.",
        "A",
    ),
    Act(
        "ladder-of-temperatures",
        "own_ladder",
        "Ladder of temperatures",
        "",
        "The same with two to eight temperatures of one's own.",
    ),
    Act(
        "neuron-lens",
        "lens",
        "Neuron lens",
        "Lens",
        "Tint the reply by what units of the model do.",
        "a",
    ),
    Act(
        "what-if",
        "what_if",
        "What if",
        "What if",
        "Compare other settings at the selected character.",
        "m",
        footer=True,
    ),
    Act("history", "history", "History", "History", "Find a reply that was kept.", "slash"),
    Act("command", "command_line", "Command", "", "Type a command, such as temp 0.7.", "colon"),
    Act(
        "seed-from-a-file",
        "seed_file",
        "Seed from a file",
        "",
        "Put a file's text into the prompt.",
        "o",
    ),
    Act(
        "seed-from-the-corpus",
        "corpus_seed",
        "Seed from the corpus",
        "",
        "Put a passage of the corpus into the prompt.",
        "O",
    ),
)

LEAST_WANTED = (
    "command.continue",
    "transcript.what-if",
    "view.panels",
    "transcript.tint",
    "command.dream",
    "command.slower",
    "command.again",
    "transcript.copy",
    "command.pause",
    "transcript.previous-sibling",
    "transcript.draw-anew-from-here",
    "command.go-on",
    "app.quit",
    "transcript.type-over",
    "command.cooler",
)
"""Ids of the bindings that make room for others where a line is too short, the first one first."""

_FUNCTION_KEY = re.compile(r"f\d+").fullmatch


def anywhere_bindings() -> list[Binding]:
    """Give the bindings that work wherever the focus is, and stand in the footer."""
    return [
        Binding(
            key.anywhere,
            f"command('{key.command}')",
            key.label,
            tooltip=COMMANDS[key.command].help,
            id=f"command.{key.command}",
            group=key.group,
            priority=True,
        )
        for key in KEYS
        if key.anywhere
    ] + [
        Binding(
            act.anywhere,
            act.action,
            act.label,
            show=act.footer,
            tooltip=act.help,
            id=f"view.{act.id}",
            priority=True,
        )
        for act in ACTS
        if act.anywhere
    ]


def plain_bindings() -> list[Binding]:
    """Give the bindings of plain keys, for the transcript."""
    return [
        Binding(
            key.plain,
            f"screen.command('{key.command}')",
            key.label,
            show=False,
            tooltip=COMMANDS[key.command].help,
            id=f"transcript.{key.command}",
        )
        for key in KEYS
        if key.plain
    ] + [
        Binding(
            act.plain,
            f"screen.{act.action}",
            act.label or act.title,
            key_display=format_key(act.plain),
            show=act.footer,
            tooltip=act.help,
            id=f"transcript.{act.id}",
        )
        for act in ACTS
        if act.plain
    ]


class Bound(NamedTuple):
    """A binding as it is at first."""

    keys: str
    """With commas between them."""
    place: str
    """The class that it belongs to, where a key has one meaning."""
    takes_typing: bool
    """Whether its keys are taken before what is typed, or where all else is typed."""


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


def help_rows(
    keymap: Mapping[str, str], bound: Mapping[str, Bound] | None = None
) -> list[tuple[str, str, str]]:
    """Return (key anywhere, keys on the transcript, what it does) for every key there is.

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
        ("Enter", "", "Send the seed; with an empty prompt: go on from where the reply ended."),
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
