"""The one thread that looks into the history for a front end, so that its screen never waits.

Owns the thread and its connection. What is asked is done in order; an answer is handed back as a
call that the front end makes on its own thread. Does not know what is asked for. What a
conversation says is the writer's affair.
"""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from charlm_tui.errors import CharlmError
from charlm_tui.history.store import Store

Delivery = Callable[[], None]
Result = TypeVar("Result")


class Lookup:
    """Reads and changes a history on a thread of its own.

    The file is opened there when something is asked, and again as long as that fails, for another
    program may have locked it, and if another file is at the path.

    Args:
        path: of the file.
        deliver: is given each answer on that thread; calls it on the front end's own.
        open_store: opens the file.
    """

    def __init__(
        self,
        path: Path,
        deliver: Callable[[Delivery], None],
        open_store: Callable[[Path], Store] = Store,
    ) -> None:
        self._path = path
        self._deliver = deliver
        self._open_store = open_store
        self._store: Store | None = None
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._newest = 0  # number of the last search
        # A daemon: a disk that hangs must not keep the app from leaving.
        threading.Thread(target=self._run, name="history-lookup", daemon=True).start()

    def ask(
        self,
        job: Callable[[Store], Result],
        then: Callable[[Result], None],
        failed: Callable[[str], None],
    ) -> None:
        """Have something done; returns at once.

        Args:
            job: does it, on the thread.
            then: takes what it has found.
            failed: takes the sentence that says why it could not be done.
        """
        self._jobs.put(lambda: self._do(job, then, failed))

    def search(
        self,
        job: Callable[[Store], Result],
        then: Callable[[Result], None],
        failed: Callable[[str], None],
    ) -> None:
        """Have something found; of several searches only the newest one is answered."""
        self._newest += 1
        number = self._newest

        def run() -> None:
            if self._newest == number:
                self._do(
                    job,
                    lambda found: then(found) if self._newest == number else None,
                    lambda sentence: failed(sentence) if self._newest == number else None,
                )

        self._jobs.put(run)

    def close(self) -> None:
        """End once all that was asked is done; returns at once."""
        self._jobs.put(None)

    # On the thread.

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
        if self._store is not None:
            self._store.close()

    def _do(
        self,
        job: Callable[[Store], Result],
        then: Callable[[Result], None],
        failed: Callable[[str], None],
    ) -> None:
        try:
            if self._store is not None and self._store.gone:
                self._store.close()
                self._store = None
            if self._store is None:
                self._store = self._open_store(self._path)
            found = job(self._store)
        except CharlmError as error:
            sentence = str(error)
        except (sqlite3.Error, OSError) as error:
            sentence = f"the history {self._path} cannot be used ({error!s:.120}); try again"
        else:
            self._deliver(lambda: then(found))
            return
        self._deliver(lambda: failed(sentence))
