"""Which key does what, and when: one table, from which bindings, footer and help are made.

While the prompt has the focus it takes every printable key, so each command has a key that is not
printable; on the transcript plain ones work as well. Every binding has an id, so that a keymap
can change it.
"""

from typing import NamedTuple

from textual.binding import Binding
from textual.keys import format_key

from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Phase
from charlm_tui.tui.acts import ACTS, STREAM, TEMPERATURE, TURNS
from charlm_tui.tui.situation import Situation


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
