"""Which key does what: one table, from which bindings, footer and help are made.

While the prompt has the focus it takes every printable key, so each command has a key that is not
printable; on the transcript plain ones work as well. Every binding has an id, so that a keymap
can change it.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from textual.binding import Binding

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

    @property
    def id(self) -> str:
        """Of its bindings, behind a dot: `type-over`."""
        return self.title.lower().replace(":", "").replace(" ", "-")


ACTS = (
    Act(
        "alternatives",
        "Alternatives",
        "Alternatives",
        "Go to the selected character's alternatives; Enter there takes another way.",
        "p",
        footer=True,
    ),
    Act(
        "edit",
        "Type over",
        "Type over",
        "Type what is to stand at the selected character; the model goes on from it.",
        "e",
        footer=True,
    ),
    Act(
        "redraw",
        "Draw anew from here",
        "Draw anew",
        "Take another way from the selected character, with other random numbers.",
        "R",
        footer=True,
    ),
    Act(
        "walk(-1)",
        "Previous sibling",
        "Sibling",
        "Show the reply's sibling before.",
        "left_square_bracket",
        footer=True,
    ),
    Act(
        "walk(1)",
        "Next sibling",
        "Sibling",
        "Show the reply's next sibling.",
        "right_square_bracket",
        footer=True,
    ),
    Act("copy", "Copy", "Copy", "Copy the selection, or the whole reply.", "y", footer=True),
    Act(
        "tint",
        "Tint",
        "Tint",
        "Tint the text by surprisal, entropy, temperature, what the corpus has of it, or not.",
        "v",
        footer=True,
    ),
    Act(
        "panels",
        "Panels",
        "Panels",
        "Fold the panels away, or unfold them; with room for one: show the next.",
        anywhere="ctrl+o",
        footer=True,
    ),
    Act(
        "turn_controls",
        "Controls",
        "Controls",
        "Go to the controls: arrows turn them, Enter types a value.",
        "c",
    ),
    Act("panel('next')", "Panel: next character", "", "Show or hide the next character.", "N"),
    Act("panel('controls')", "Panel: controls", "", "Show or hide the controls.", "C"),
    Act("panel('surprise')", "Panel: surprise", "", "Show or hide surprise over time.", "S"),
    Act("panel('recital')", "Panel: recital", "", "Show or hide what stands in the corpus.", "M"),
    Act(
        "ladder",
        "Ladder",
        "Ladder",
        "Let one seed, the prompt's or the last, go on at 0.2, 0.5, 1.0 and 1.2, side by side.",
        "A",
    ),
    Act(
        "own_ladder",
        "Ladder of temperatures",
        "",
        "The same with two to eight temperatures of one's own.",
    ),
    Act("lens", "Neuron lens", "Lens", "Tint the reply by what units of the model do.", "a"),
    Act(
        "what_if",
        "What if",
        "What if",
        "Compare other settings at the selected character.",
        "m",
        footer=True,
    ),
    Act("history", "History", "History", "Find a reply that was kept.", "slash"),
    Act("command_line", "Command", "", "Type a command, such as temp 0.7.", "colon"),
    Act("seed_file", "Seed from a file", "", "Put a file's text into the prompt.", "o"),
    Act(
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

_IS_NO_TEXT = re.compile(r"f\d+|(ctrl|alt|super|meta|hyper)\+.+|escape|insert|pause").fullmatch

_GLYPHS = {
    "minus": "-",
    "underscore": "_",
    "plus": "+",
    "equals_sign": "=",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "comma": ",",
    "full_stop": ".",
    "colon": ":",
    "slash": "/",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
}


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
            key_display=_GLYPHS.get(act.plain, act.plain),
            show=act.footer,
            tooltip=act.help,
            id=f"transcript.{act.id}",
        )
        for act in ACTS
        if act.plain
    ]


def usable_keys(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Take out of a keymap what would keep text from being typed; give the rest, and sentences."""
    anywhere = {binding.id for binding in anywhere_bindings()} | {"app.help", "app.quit"}
    kept, faults = {}, []
    for id_, keys in keymap.items():
        typed = [key for key in keys.split(",") if id_ in anywhere and not _IS_NO_TEXT(key.strip())]
        if typed:
            faults.append(
                f"the key {typed[0].strip()} for {id_} would keep it from being typed in the "
                "prompt; give a function key, or one with ctrl or alt"
            )
        else:
            kept[id_] = keys
    return kept, tuple(faults)


def help_rows(keymap: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Give (key anywhere, keys on the transcript, what it does) for every key there is.

    Args:
        keymap: keys by the ids of bindings that have others than at first.
    """

    def row(
        anywhere: str, plain: str, at_first: tuple[str, str], what: str
    ) -> tuple[str, str, str]:
        wide, narrow = keymap.get(anywhere, at_first[0]), keymap.get(plain, at_first[1])
        names = " ".join(_GLYPHS.get(name, name) for name in narrow.split(","))
        return _spoken(wide), names, what

    rows = [
        ("Enter", "", "Send the seed; with an empty prompt: go on from where the reply ended."),
        ("Ctrl+N", "", "A new line in the prompt. Pasted newlines are kept."),
        ("Esc", "", "Go to the text, where plain keys work."),
        ("", "i Enter", "Go back to the prompt; Enter on a selected character: its alternatives."),
        ("", "↑ ↓ PgUp PgDn", "Read back. New text does not move what is read."),
        ("", "← h", "Select from the end of what is in sight; arrows, h j k l, w b 0 $ move on."),
        ("", "Shift+arrows", "Select more than one character; the mouse selects as well."),
        ("", "Esc", "Select nothing."),
        ("", "1 2 3 4", "Set the temperature to one of the notebook's: 0.2, 0.5, 1.0, 1.2."),
    ]
    for key in KEYS:
        if key.command.startswith("preset-"):  # told above, in one row
            continue
        ids = (f"command.{key.command}", f"transcript.{key.command}")
        rows.append(row(*ids, (key.anywhere, key.plain), COMMANDS[key.command].help))
    rows += [
        row(f"view.{act.id}", f"transcript.{act.id}", (act.anywhere, act.plain), act.help)
        for act in ACTS
    ]
    rows += [
        row("app.help", "transcript.help", ("f1", "?"), "This page."),
        ("↑ Ctrl+R", "", "What was typed before, and a search in it."),
        ("Ctrl+P", "", "Every command by name."),
        ("Ctrl+Q", "", "Quit."),
    ]
    return rows


def _spoken(key: str) -> str:
    """`ctrl+t` as `Ctrl+T`."""
    return "+".join(part.capitalize() for part in key.split("+"))
