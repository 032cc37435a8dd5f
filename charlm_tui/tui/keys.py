"""Which key does what, and when: one table, from which bindings, footer and help are made.

While the prompt has the focus it takes every printable key, so each command has a key that is not
printable; on the transcript plain ones work as well. Every binding has an id, so that a keymap
can change it.
"""

from collections.abc import Callable
from typing import NamedTuple

from textual.binding import Binding
from textual.keys import format_key

from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.obstacles import nothing
from charlm_tui.session.updates import Phase
from charlm_tui.tui.situation import (
    Situation,
    no_branch,
    no_comparison,
    no_corpus,
    no_editor,
    no_history,
    no_look,
    no_siblings,
    no_turn,
    no_twin,
    not_ready,
)

TEXT = "The prompt and the text"
TEMPERATURE = "Temperature"
STREAM = "The stream"
TURNS = "Seeds and replies"
CHARACTER = "The selected character"
PANELS = "Panels"
SCREENS = "Screens"
SECTIONS = (TEMPERATURE, STREAM, TURNS, CHARACTER, PANELS, SCREENS)
"""What keys have to do with, in the order of the help."""


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
    section: str = TURNS
    """Of the help."""


_TEMPERATURE = Binding.Group("Temp", compact=True)
_SPEED = Binding.Group("Speed", compact=True)

KEYS = (
    Key("cooler", "Cooler", "f2", "minus,underscore", _TEMPERATURE, section=TEMPERATURE),
    Key("warmer", "Warmer", "f3", "plus,equals_sign", _TEMPERATURE, section=TEMPERATURE),
    Key("next-preset", "Preset", "ctrl+t", "t", _TEMPERATURE, section=TEMPERATURE),
    Key("sweep-down", "Sweep", plain="left_curly_bracket", section=TEMPERATURE),
    Key("sweep-up", "Sweep", plain="right_curly_bracket", section=TEMPERATURE),
    Key("preset-1", "0.2", plain="1"),
    Key("preset-2", "0.5", plain="2"),
    Key("preset-3", "1.0", plain="3"),
    Key("preset-4", "1.2", plain="4"),
    Key("pause", "Pause", "f4", "space", section=STREAM),
    Key("step", "Step", plain="n", section=STREAM),
    Key("stop", "Stop", "ctrl+s", "s", section=STREAM),
    Key("go-on", "Continue", "ctrl+g", "g"),
    Key("again", "Regenerate", "f5", "r"),
    Key("repeat", "Seed again", plain="X"),
    Key("dream", "Dream", "ctrl+f", "d"),
    Key("slower", "Slower", "f8", "less_than_sign,comma", _SPEED, section=STREAM),
    Key("faster", "Faster", "f9", "greater_than_sign,full_stop", _SPEED, section=STREAM),
    Key("continue", "Conversation", "ctrl+l", "x"),
    Key("pin", "Pin", plain="P"),
    Key("undo", "Undo", plain="u"),
    Key("redo", "Redo", plain="U"),
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
    obstacle: Callable[[Situation], str] = nothing
    """Returns why it cannot be done now, as a clause; nothing if it can."""
    section: str = SCREENS
    """Of the help."""
    slash: str = ""
    """The command that does it, if that is called otherwise."""


ACTS = (
    Act(
        "alternatives",
        "go_to('next')",
        "Alternatives",
        "Alternatives",
        "Go to the selected character's alternatives; Enter there takes another way.",
        "p",
        footer=True,
        obstacle=no_branch,
        section=CHARACTER,
    ),
    Act(
        "type-over",
        "branch('begin')",
        "Type over",
        "Type over",
        "Type a replacement for the selected character; the model continues from it.",
        "e",
        footer=True,
        obstacle=no_branch,
        section=CHARACTER,
    ),
    Act(
        "draw-anew-from-here",
        "branch('redraw')",
        "Redraw from here",
        "Redraw",
        "Take another way from the selected character, with other random numbers.",
        "R",
        footer=True,
        obstacle=no_branch,
        section=CHARACTER,
    ),
    Act(
        "previous-sibling",
        "walk(-1)",
        "Previous sibling",
        "Sibling",
        "Show the reply's sibling before.",
        "left_square_bracket",
        footer=True,
        obstacle=no_siblings,
        section=CHARACTER,
    ),
    Act(
        "next-sibling",
        "walk(1)",
        "Next sibling",
        "Sibling",
        "Show the reply's next sibling.",
        "right_square_bracket",
        footer=True,
        obstacle=no_siblings,
        section=CHARACTER,
    ),
    Act(
        "copy",
        "copy",
        "Copy",
        "Copy",
        "Copy the selection, or the whole reply.",
        "y",
        footer=True,
        obstacle=no_turn,
        section=CHARACTER,
    ),
    Act(
        "tint",
        "tint",
        "Tint",
        "Tint",
        "Tint the text by surprisal, entropy, temperature, reach, what the corpus has of it,"
        " or not.",
        "v",
        footer=True,
        obstacle=no_turn,
        section=CHARACTER,
    ),
    Act(
        "panels",
        "panels",
        "Panels",
        "Panels",
        "Fold the panels away, or unfold them; with room for one: show the next.",
        anywhere="ctrl+o",
        footer=True,
        section=PANELS,
    ),
    Act(
        "controls",
        "go_to('controls')",
        "Controls",
        "Controls",
        "Go to the controls: arrows turn them, Enter types a value.",
        "c",
        section=PANELS,
    ),
    Act(
        "panel-next-character",
        "panel('next')",
        "Panel: next character",
        "",
        "Show or hide the next character.",
        "N",
        section=PANELS,
    ),
    Act(
        "panel-controls",
        "panel('controls')",
        "Panel: controls",
        "",
        "Show or hide the controls.",
        "C",
        section=PANELS,
    ),
    Act(
        "panel-surprise",
        "panel('surprise')",
        "Panel: surprise",
        "",
        "Show or hide surprise over time.",
        "S",
        section=PANELS,
    ),
    Act(
        "panel-recital",
        "panel('recital')",
        "Panel: recital",
        "",
        "Show or hide what stands in the corpus.",
        "M",
        section=PANELS,
    ),
    Act(
        "ladder",
        "open('ladder')",
        "Ladder",
        "Ladder",
        "Continue one seed, the prompt's or the last, at 0.2, 0.5, 1.0 and 1.2, side by side.",
        "A",
        obstacle=not_ready,
    ),
    Act(
        "ladder-of-temperatures",
        "open('own_ladder')",
        "Ladder of temperatures",
        "",
        "The same with two to eight temperatures of one's own.",
        obstacle=not_ready,
    ),
    Act(
        "ladder-of-models",
        "open('model_ladder')",
        "Ladder of models",
        "",
        "Continue one seed by two to eight models, side by side, with the same random numbers.",
        obstacle=not_ready,
    ),
    Act(
        "twin",
        "open('twin')",
        "Twin",
        "",
        "Continue one seed with the held units, beside a twin that is left alone.",
        "B",
        obstacle=no_twin,
    ),
    Act(
        "neuron-lens",
        "open('lens')",
        "Neuron lens",
        "Lens",
        "Tint the reply by what units of the model do.",
        "a",
        obstacle=no_look,
        slash="lens",
    ),
    Act(
        "what-if",
        "open('what_if')",
        "What if",
        "What if",
        "Compare other settings at the selected character.",
        "m",
        footer=True,
        obstacle=no_comparison,
        section=CHARACTER,
    ),
    Act(
        "reach",
        "open('reach')",
        "Reach",
        "Reach",
        "See how far back the model looks for the selected character, and what matters to it; "
        "without one it follows the newest.",
        "z",
        footer=True,
        obstacle=no_look,
        section=CHARACTER,
    ),
    Act(
        "causes",
        "open('causes')",
        "What units cause",
        "",
        "Rank the units of the model by what they cause at the selected character.",
        obstacle=no_look,
        section=CHARACTER,
    ),
    Act(
        "history",
        "history",
        "History",
        "History",
        "Find a reply that was kept.",
        "slash",
        obstacle=no_history,
    ),
    Act(
        "command",
        "open('command_line')",
        "Command",
        "",
        "Type a command, such as temp 0.7.",
        "colon",
    ),
    Act(
        "find",
        "open('find')",
        "Find in the text",
        "Find",
        "Find words in the seeds and the replies; Enter goes to the next place.",
        "F",
        obstacle=no_turn,
        section=TEXT,
    ),
    Act(
        "editor",
        "open('editor')",
        "Edit the prompt",
        "Editor",
        "Type the seed in an editor of your own: $VISUAL, else $EDITOR.",
        anywhere="f6",
        obstacle=no_editor,
        section=TEXT,
    ),
    Act(
        "seed-from-a-file",
        "open('seed_file')",
        "Seed from a file",
        "",
        "Put a file's text into the prompt.",
        "o",
        section=TURNS,
    ),
    Act(
        "seed-from-the-corpus",
        "open('corpus_seed')",
        "Seed from the corpus",
        "",
        "Put a passage of the corpus into the prompt.",
        "O",
        obstacle=no_corpus,
        section=TURNS,
    ),
)

LEAST_WANTED = (
    "command.continue",
    "transcript.reach",
    "transcript.what-if",
    "view.panels",
    "transcript.tint",
    "command.dream",
    "command.slower",
    "command.again",
    "transcript.copy",
    "transcript.previous-sibling",
    "transcript.draw-anew-from-here",
    "command.go-on",
    "app.palette",
    "command.pause",
    "app.to-transcript",
    "app.quit",
    "transcript.type-over",
    "command.cooler",
)
"""Ids of the bindings that make room for others where a line is too short, the first one first."""


def obstacle_of(it: Situation, action: str, parameters: tuple[object, ...] = ()) -> str:
    """Return why an action of the studio's screen cannot be done now; nothing if it can."""
    if action == "command":
        return COMMANDS[str(parameters[0])].obstacle(it.conversation)
    named = f"{action}({parameters[0]!r})" if parameters else action
    acts = (act for act in ACTS if act.action == named)
    return next(filter(None, (act.obstacle(it) for act in acts)), "")


def offered(it: Situation) -> list[bool]:
    """Return, for everything that the footer can show, whether it can be done."""
    commands = [not COMMANDS[key.command].obstacle(it.conversation) for key in KEYS if key.anywhere]
    paused = it.conversation.state is Phase.PAUSED  # its key is called otherwise then
    return [*commands, paused, *(not act.obstacle(it) for act in ACTS)]


def label_now(conversation: Conversation, id_: str) -> str:
    """Return what a key does now, by the id of its binding, if it is another thing than usual."""
    paused = conversation.state is Phase.PAUSED and id_.endswith(".pause")
    return "Resume" if paused else ""


def anywhere_bindings() -> list[Binding]:
    """Return the bindings that work wherever the focus is, and stand in the footer."""
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
    """Return the bindings of plain keys, for the transcript."""
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
    label: str
    """What it does, in a word or two."""
    help: str = ""
    """What it does, in a sentence, if there is one."""
