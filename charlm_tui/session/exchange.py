"""How replies leave a conversation and come back: as files, and as lines to hand on."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from charlm_tui.lm.errors import CharlmError
from charlm_tui.reply.tints import Tint
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Noticed, Shared

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording


class ExchangeError(CharlmError):
    """A reply cannot be handed on, or taken in."""


def save(conversation: Conversation, text: str) -> None:
    """Write the reply that is shown to a new file, in the form that its suffix names.

    Raises:
        CharlmError: there is no reply, the suffix means nothing, or the file cannot be written.
    """
    from charlm_tui.files import replace_file
    from charlm_tui.reply.exports import export, format_of

    recording = _reply(conversation)
    path = _path(text, "the path of a file to write, such as reply.tape or reply.html")
    form = format_of(path)
    if os.path.exists(path):
        raise ExchangeError(f"{path} exists; give another name, or remove it first")
    replace_file(path, export(recording, form, Tint.SURPRISAL))
    conversation.tell(Noticed(f"saved to {path}"))


def share(conversation: Conversation) -> None:
    """Tell the reply that is shown as one line.

    Raises:
        CharlmError: there is none.
    """
    from charlm_tui.reply.share_line import to_line

    conversation.tell(Shared(to_line(_reply(conversation))))


def recorded(text: str) -> "Recording":
    """Give what a path of a tape, or a shared line, has.

    Raises:
        CharlmError: it is neither, or damaged.
    """
    from charlm_tui.reply.share_line import from_line, is_line
    from charlm_tui.reply.tape_file import read_recording

    if is_line(text):
        return from_line(text)
    return read_recording(_path(text, "the path of a tape, or a shared line"))


def taking(
    take: "Callable[[Conversation, Recording], object]",
) -> Callable[[Conversation, str], object]:
    """Give a function of a conversation that takes in what a path or a line has."""
    return lambda it, text: take(it, recorded(text))


def _reply(conversation: Conversation) -> "Recording":
    turn = conversation.turn
    if turn is None or not len(turn.tape):
        raise ExchangeError("there is no reply yet; send a seed first")
    return turn.recording()


def _path(text: str, what: str) -> Path:
    if not text.strip():
        raise ExchangeError(f"nothing was named; give {what}")
    try:
        return Path(text.strip()).expanduser()
    except RuntimeError:
        raise ExchangeError(
            f"{text.strip()!r:.80} begins with the home of somebody who has none here; give {what}"
        ) from None
