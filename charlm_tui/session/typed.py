"""What a typed line means: a seed, a command, or a shared reply.

One rule for the app, the chat and the filter. Knows nothing of how lines come or of how replies are
shown.
"""

from difflib import get_close_matches
from enum import Enum, auto

from charlm_tui.errors import CommandError
from charlm_tui.session.commands import ALIASES, FORMER, SLASHES, Command
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.obstacles import by_another
from charlm_tui.session.updates import Phase

MOST_NAME = 64  # letters of an unknown command that are compared: a name can be a pasted page
NEAREST = 3  # commands that are named where one is unknown
LIKE = 0.6  # how like it they are at least, as difflib measures it


class Meaning(Enum):
    """What a line is."""

    SEED = auto()
    COMMAND = auto()
    SHARED = auto()


def meaning(line: str, commands: bool = True) -> Meaning:
    """Return what a line is; a seed that begins with a slash is typed with two.

    Args:
        line: as it was typed.
        commands: whether commands can be typed here; if not, a slash is part of a seed.
    """
    from charlm_tui.reply.share_line import is_line  # heavy for the first paint

    if commands and line.startswith("/") and not line.startswith("//"):
        return Meaning.COMMAND
    return Meaning.SHARED if is_line(line) else Meaning.SEED


def line_of(seed: str) -> str:
    """Return the line that sends a seed, where commands can be typed."""
    return "/" + seed if seed.startswith("/") else seed


def take_line(conversation: Conversation, line: str, commands: bool = True) -> bool:
    """Do what a line says.

    Args:
        conversation: with which.
        line: as it was typed.
        commands: whether commands can be typed here; if not, a slash is part of a seed.

    Returns:
        whether it was taken; if not, whoever typed it should have it back.

    Raises:
        CharlmError: it is a command that cannot be run, or a damaged shared reply, or it is empty
            and the last reply cannot be continued.
    """
    match meaning(line, commands):
        case Meaning.COMMAND:
            run_line(conversation, line)
            return True
        case Meaning.SHARED:
            from charlm_tui.reply.share_line import from_line

            conversation.playing.open(from_line(line))
            return True
    turn = conversation.turn
    if not line and turn and conversation.state is Phase.IDLE and not conversation.can_resume:
        raise CommandError(
            f"{by_another(conversation, turn.model, 'the last reply')}, and cannot be continued; "
            "send a seed"
        )
    return conversation.send(line[1:] if commands and line.startswith("//") else line)


def run_line(conversation: Conversation, line: str) -> None:
    """Run a typed command, such as `/temp 0.7`.

    Raises:
        CommandError: there is no such command, or it cannot be run now, or not so.
        CharlmError: it cannot do what it is to do.
    """
    name, argument = _parts(line)
    command = command_of(line)
    if name in FORMER:
        raise CommandError(FORMER[name])
    if command is None:
        raise CommandError(f"unknown command: {name!r:.42}{_suggestion(name[:MOST_NAME])}")
    if argument and not command.argument:
        raise CommandError(f"/{name} takes nothing, and {argument!r:.40} was given; leave it out")
    if not argument and command.argument and not command.argument.startswith("["):
        raise CommandError(f"/{name} needs {command.argument}: {command.help}")
    if obstacle := command.obstacle(conversation):
        raise CommandError(f"/{name} has nothing to act on right now: {obstacle}")
    command.run(conversation, argument)


def command_of(line: str) -> Command | None:
    """Return the command that a typed line names; None if there is none of that name."""
    name, _ = _parts(line)
    return SLASHES.get(ALIASES.get(name, name))


def _parts(line: str) -> tuple[str, str]:
    """Return the name in a typed line, and what stands behind it."""
    name, argument = [*line.removeprefix("/").split(None, 1), "", ""][:2]
    return name.lower(), argument.strip()


def _suggestion(name: str) -> str:
    """Return what may have been meant by a name that is no command's, or where they are listed."""
    begun = [each for each in SLASHES if name and each.startswith(name)]
    near = begun or get_close_matches(name, SLASHES, n=NEAREST, cutoff=LIKE)
    names = " or ".join(f"/{each}" for each in near[:NEAREST])
    if near:
        return f"; did you mean {names}?"
    return "; /help lists all commands, and a seed that begins with a slash is typed with two"
