"""What a typed line is: a seed, a command, or a shared reply.

Shared by the chat and the filter. Knows nothing of how lines come or of how replies are shown.
"""

from charlm_tui.reply.share_line import from_line, is_line
from charlm_tui.session.commands import CommandError, run_line
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import State


def is_command(line: str) -> bool:
    """Tell whether a line is a command; a seed that begins with a slash is typed with two."""
    return line.startswith("/") and not line.startswith("//")


def is_seed(line: str) -> bool:
    """Tell whether a line is to be replied to."""
    return not is_command(line) and not is_line(line)


def line_of(seed: str) -> str:
    """Return the line that sends a seed."""
    return "/" + seed if seed.startswith("/") else seed


def take(conversation: Conversation, line: str) -> bool:
    """Do what a line says.

    Returns:
        whether it was taken; if not, whoever typed it should have it back.

    Raises:
        CharlmError: it is a command that cannot be run, or a damaged shared reply, or it is empty
            and the last reply cannot go on.
    """
    if is_command(line):
        run_line(conversation, line)
        return True
    if is_line(line):
        conversation.recorded.open(from_line(line))
        return True
    turn = conversation.turn
    if not line and turn and conversation.state is State.IDLE and not conversation.can_go_on:
        raise CommandError(
            f"the last reply is of {turn.model.name}, which is not the model at hand, and cannot "
            "go on; send a seed"
        )
    return conversation.send(line[1:] if line.startswith("//") else line)
