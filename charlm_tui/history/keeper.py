"""What a front end has of the history: one object that is told everything and keeps it.

Puts the recorder and the writer together; reading is `store`'s affair.
"""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from charlm_tui.history.recorder import Recorder
from charlm_tui.history.store import HistoryError, Store
from charlm_tui.history.writer import Writer
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Reply
from charlm_tui.session.updates import Update

LAST_WRITE_S = 3.0  # that the last words may take
FLUSH_S = 0.4  # the same, where the process ends at once
MOST_PROMPTS = 1000  # of other sessions that can be recalled


class Keeper:
    """Keeps a conversation, and what was typed, in a file.

    Args:
        path: of the history.
        conversation: whose updates it is given.
        report: is called on another thread with a sentence: why nothing more is kept, once at
            most, or that the file is another one from here on. `look` is to be called then.
    """

    def __init__(
        self, path: Path, conversation: Conversation, report: Callable[[str], None]
    ) -> None:
        self.path = path
        self._writer = Writer(path, report)
        self._recorder = Recorder(conversation, self._writer)

    def take(self, update: Update) -> None:
        """Keep what there is to keep after an update; is to be told of each."""
        self._recorder.take(update)

    def adopt(self, reply: Reply, row: int, length: int) -> None:
        """Let a reply that was opened from the history go on in its row; see `Recorder`."""
        self._recorder.adopt(reply, row, length)

    def prompt(self, text: str) -> None:
        """Keep what was typed, unless it is empty."""
        if text:
            self._writer.prompt(text)

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Write what was handed over; nothing is kept after this.

        Can be called on any thread, beside a conversation that goes on: what has come since the
        last piece was handed over, a second ago at the most, is lost.

        Returns:
            whether all of it is written.
        """
        return self._writer.close(timeout_s)

    def look(self) -> None:
        """Keep the last reply again if the file that had it is gone."""
        self._recorder.look()

    def close(self) -> None:
        """Keep what is still to be kept; nothing is after this."""
        until_s = time.monotonic() + LAST_WRITE_S
        self._recorder.rest()
        if self._writer.settle(LAST_WRITE_S):
            self._recorder.look()
        self._writer.close(max(0.0, until_s - time.monotonic()))


def past_prompts(path: Path) -> list[str]:
    """Give what was typed in other sessions, the newest first; none if it cannot be read.

    Takes as long as the disk takes, and another program that writes: it is for a thread.
    """
    try:
        with closing(Store(path)) as store:
            return store.prompts(limit=MOST_PROMPTS)
    except HistoryError:  # of which the writer tells
        return []
