"""The one thread that writes the history, so that nothing else ever waits for a disk.

Owns the thread, its connection and what is still to be written. What it is told to do it does in
order, later. At the first fault it says so once and keeps nothing more; who tells it things need
not know. Where the file is removed, or another one is put in its place, it says so and goes on with
what is at the path. Does not know what a conversation is.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from charlm_tui.history.games import add_game
from charlm_tui.history.records import Origin, Piece
from charlm_tui.history.schema import GoneError, HistoryError
from charlm_tui.history.store import Store

UNDO_S = 7 * 24 * 3600.0  # for how long a deletion can be undone, at least


class Ticket:
    """Stands for a reply whose row is still to be made."""

    def __init__(self, reply: int | None = None, file: int = 0) -> None:
        self.reply = reply
        """The id of its row; None before it is made, and for good if it never is."""
        self.file = file
        """Number of the file that has the row: see `Writer.file`."""


class Writer:
    """Writes to a history from a thread of its own; opens and recovers it there, too.

    Args:
        path: of the file.
        report: is called on that thread with a sentence: why the history goes no further, once at
            most, or that its file is another one from here on.
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
        self.file = 0
        """Number of the file that is written to: one more whenever it was removed or replaced."""
        # A daemon: a disk that hangs must not keep the app from leaving.
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def has_lost(self, ticket: Ticket) -> bool:
        """Return whether the row of a reply went with its file."""
        return ticket.reply is not None and ticket.file != self.file

    # What is wanted; each returns at once.

    def begin(self, origin: Origin, parent: Ticket | None = None) -> Ticket:
        """Make a row for a reply.

        Args:
            origin: of the reply.
            parent: stands for the reply that it was branched from.
        """
        ticket = Ticket()

        def write(store: Store) -> None:
            known = origin
            if parent is not None:
                known = replace(origin, parent=None if self.has_lost(parent) else parent.reply)
            ticket.file = self.file
            ticket.reply = store.begin(known)

        self._put(write)
        return ticket

    def append(self, ticket: Ticket, piece: Piece) -> None:
        """Add a piece to a reply; its ticket stands for the branch if that is one; see `Store`."""

        def write(store: Store) -> None:
            if ticket.reply is not None and not self.has_lost(ticket):
                ticket.reply = store.append(ticket.reply, piece)

        self._put(write)

    def finish(self, ticket: Ticket) -> None:
        """Update the search index with a reply as it is now."""

        def write(store: Store) -> None:
            if ticket.reply is not None and not self.has_lost(ticket):
                store.finish(ticket.reply)

        self._put(write)

    def prompt(self, text: str) -> None:
        """Keep what was typed."""
        self._put(lambda store: store.add_prompt(text))

    def game(self, played_s: float, line: str, facts: dict[str, Any]) -> None:
        """Keep the result of a game."""
        self._put(lambda store: add_game(store, played_s, line, facts))

    def settle(self, timeout_s: float) -> bool:
        """Wait until all that was wanted so far is written; tell whether it is."""
        settled = threading.Event()
        self._put(lambda _: settled.set())
        return settled.wait(0 if self._over else timeout_s)

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
        store: Store | None = None
        try:
            store = self._open()
            while (job := self._jobs.get()) is not None:
                if store.gone:
                    store.close()  # before another is open: the two would share a journal's name
                    store = self._open_again()
                try:
                    job(store)
                except GoneError:  # purged while it grew: somebody wanted it gone
                    pass
        except HistoryError as error:
            self._stop(f"{error}; nothing more is kept in this session")
        except (sqlite3.Error, OSError) as error:
            self._stop(
                f"the history {self._path} cannot be used ({error!s:.120}); "
                "nothing more is kept in this session"
            )
        finally:
            self._over = True
            if store is not None:
                store.close()

    def _open(self) -> Store:
        store = self._open_store(self._path)
        try:
            store.recover()
            store.purge(kept_s=UNDO_S)
        except BaseException:
            store.close()
            raise
        return store

    def _open_again(self) -> Store:
        """Continue with what is at the path, in place of a file that is gone."""
        removed = not os.path.exists(self._path)
        store = self._open()
        self.file += 1  # before anyone can know
        self._report(
            f"the history {self._path} was removed; a new one is begun there, with this reply and "
            "those that follow"
            if removed
            else f"the history {self._path} was removed, and another file is there now; this reply "
            "and those that follow are kept in it"
        )
        return store

    def _stop(self, sentence: str) -> None:
        self._over = True  # before anyone can know
        self._report(sentence)
