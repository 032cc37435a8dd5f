"""How replies leave a conversation and come back: as files, and as lines to hand on."""

import os
from datetime import date
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from charlm_tui.errors import CommandError
from charlm_tui.files import at_home
from charlm_tui.reply.tints import Tint
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.obstacles import no_files
from charlm_tui.session.updates import Said, Shared

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording


class ExistsError(CommandError):
    """A file is there already, and nobody has said to replace it."""


def save(it: Conversation, text: str, replaces: bool = False) -> None:
    """Write the reply that is shown to a file, in the form that its suffix names.

    Args:
        it: has the reply.
        text: the path.
        replaces: whether a file that is there is replaced.

    Raises:
        ExistsError: there is one, and it is not.
        CharlmError: there is no reply, no such form, or the file cannot be written.
    """
    if obstacle := no_files(it):
        raise CommandError(obstacle)
    from charlm_tui.files import replace_file
    from charlm_tui.reply.exports import export, format_of

    recording = _reply(it)
    path = _path(text, "the path of a file to write, such as reply.tape or reply.html")
    form = format_of(path)
    if os.path.exists(path) and not replaces:
        raise ExistsError(f"{path} exists; give another name, or remove it first")
    replace_file(path, export(recording, form, Tint.SURPRISAL))
    it.tell(Said(f"saved to {path}"))


def new_name(it: Conversation) -> str:
    """Return a name for a file of the reply that no file has yet: of the model, and the day."""
    turn = it.turn
    model = "reply" if turn is None else "".join(filter(str.isalnum, turn.model.name)) or "reply"
    stem = f"{model}-{date.today().isoformat()}"
    return next(name for number in count(1) if not os.path.exists(name := f"{stem}-{number}.html"))


def share(it: Conversation) -> None:
    """Tell the reply that is shown as one line."""
    from charlm_tui.reply.share_line import to_line

    it.tell(Shared(to_line(_reply(it))))


def recorded(text: str, waits: bool = False) -> "Recording":
    """Return the recording in a tape, of which `text` is the path, or in a shared line.

    Args:
        text: the path or the line.
        waits: wait for who writes into a pipe, as a command does and a front end does not.

    Raises:
        CharlmError: it is neither, or damaged.
    """
    from charlm_tui.reply.share_line import from_line, is_line
    from charlm_tui.reply.tape_file import read_recording

    if is_line(text):
        return from_line(text)
    return read_recording(_path(text, "the path of a tape, or a shared line"), waits)


def received(it: Conversation, text: str) -> "Recording":
    """Return what `recorded` does; to a visitor, that of a shared line alone.

    Raises:
        CharlmError: it is neither, damaged, or a path that a visitor has typed.
    """
    from charlm_tui.reply.share_line import is_line

    if (obstacle := no_files(it)) and not is_line(text):
        raise CommandError(f"{obstacle}; give a shared line")
    return recorded(text)


def _reply(it: Conversation) -> "Recording":
    turn = it.turn
    if turn is None or not len(turn.tape):
        raise CommandError("there is no reply yet; send a seed first")
    return turn.recording()


def _path(text: str, what: str) -> Path:
    if not text.strip():
        raise CommandError(f"nothing was named; give {what}")
    path = at_home(Path(text.strip()))
    if str(path).startswith("~"):  # nobody of that name has a home
        raise CommandError(
            f"{text.strip()!r:.80} begins with the home of somebody who has none here; give {what}"
        )
    return path
