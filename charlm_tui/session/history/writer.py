"""The one thread that writes the history, so that nothing else ever waits for a disk.

Owns the thread, its connection and what is still to be written. What it is told to do it does in
order, later. At the first fault it says so once and keeps nothing more; who tells it things need
not know. Does not know what a conversation is.
"""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from charlm_tui.session.history import Origin, Piece
from charlm_tui.session.history.schema import GoneError, HistoryError
from charlm_tui.session.history.store import Store

UNDO_S = 7 * 24 * 3600.0  # for how long a deletion can be undone, at least


class Ticket:
    """Stands for a reply whose row is still to be made."""

    def __init__(self, reply: int | None = None) -> None:
        self.reply = reply
        """The id of its row; None before it is made, and for good if it never is."""


class Writer:
    """Writes to a history from a thread of its own; opens and recovers it there, too.

    Args:
        path: of the file.
        report: is called on that thread, once at most, with a sentence that says why the history
            goes no further.
        open_store: opens the file.
    """

    def __init__(
        self,
        path: Path,
        report: Callable[[str], None],
        open_store: Callable[[Path], Store] = Store,
    ) -> None:
        self._path = path
        self._report = report
        self._open_store = open_store
        self._jobs: SimpleQueue[Callable[[Store], None] | None] = SimpleQueue()
        self._over = False  # nothing more is written; only ever set
        # A daemon: a disk that hangs must not keep the app from leaving.
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    # What is wanted; each returns at once.

    def begin(self, origin: Origin, parent: Ticket | None = None) -> Ticket:
        """Make a row for a reply.

        Args:
            origin: of the reply.
            parent: stands for the reply that it was branched from.
        """
        ticket = Ticket()

        def write(store: Store) -> None:
            known = origin if parent is None else replace(origin, parent=parent.reply)
            ticket.reply = store.begin(known)

        self._put(write)
        return ticket

    def append(self, ticket: Ticket, piece: Piece) -> None:
        """Add a piece to a reply; its ticket stands for the branch if that is one; see `Store`."""

        def write(store: Store) -> None:
            if ticket.reply is not None:
                ticket.reply = store.append(ticket.reply, piece)

        self._put(write)

    def finish(self, ticket: Ticket) -> None:
        """Let search find a reply as it is now."""

        def write(store: Store) -> None:
            if ticket.reply is not None:
                store.finish(ticket.reply)

        self._put(write)

    def prompt(self, text: str) -> None:
        """Keep what was typed."""
        self._put(lambda store: store.add_prompt(text))

    def close(self, timeout_s: float) -> bool:
        """Write what is still to be written, and end.

        Returns:
            whether the thread has ended; what it had no time for is lost.
        """
        self._jobs.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # On the thread.

    def _put(self, job: Callable[[Store], None]) -> None:
        if not self._over:
            self._jobs.put(job)

    def _run(self) -> None:
        try:
            store = self._open_store(self._path)
            try:
                store.recover()
                store.purge(kept_s=UNDO_S)
                while (job := self._jobs.get()) is not None:
                    try:
                        job(store)
                    except GoneError:  # purged while it grew: somebody wanted it gone
                        pass
            finally:
                store.close()
        except HistoryError as error:
            self._stop(f"{error}; nothing more is kept in this session")
        except (sqlite3.Error, OSError) as error:
            self._stop(
                f"the history {self._path} cannot be used ({error!s:.120}); "
                "nothing more is kept in this session"
            )
        finally:
            self._over = True

    def _stop(self, sentence: str) -> None:
        self._over = True  # before anyone can know
        self._report(sentence)
