"""The history as its owner sees it: replies that grow, end and are found again, and prompts.

Owns what happens to a reply in the file: it gets a row, then piece after piece, and, when it has
ended, the row that search reads. Belongs to the thread that opened it. Knows nothing of
conversations.
"""

import math
import os
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from charlm_tui.history.records import Entry, Origin, Piece
from charlm_tui.history.rows import (
    ENTRY,
    ORIGIN,
    PIECE,
    RECORDING,
    ROW_FAULTS,
    check_text,
    check_texts,
    from_row,
    storable,
    to_entry,
    to_origin,
    to_recording,
    to_row,
)
from charlm_tui.history.schema import (
    MIGRATIONS,
    TIMEOUT_S,
    DamagedError,
    GoneError,
    HistoryError,
    demand,
    match_query,
    open_database,
    told,
    transaction,
)
from charlm_tui.lm.settings import version_for
from charlm_tui.reply.tape_file import Recording

__all__ = ["DamagedError", "Entry", "GoneError", "HistoryError", "Origin", "Piece", "Store"]

BEGINNING = 200  # characters of a text that a list shows
PROCESS = uuid.uuid4().hex  # this process, and no later one that is given its number


class Store:
    """An open history.

    Args:
        path: of the file.
        timeout_s: how long to wait for another program that writes.
        now: gives the Unix time at which something is deleted.

    Raises:
        HistoryError: it cannot be opened. So does every method that cannot do what it says.
    """

    def __init__(
        self,
        path: Path,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.time,
        migrations: Sequence[Sequence[str]] = MIGRATIONS,
    ) -> None:
        self.path = path
        self.database = open_database(path, timeout_s, migrations)
        self._file = _identity(path)
        self._now = now

    def close(self) -> None:
        self.database.close()

    @property
    def gone(self) -> bool:
        """Whether the file at the path is no longer the one that is open.

        SQLite goes on with a file that was removed, which nobody will ever read.
        """
        return _identity(self.path) != self._file

    # Replies that grow.

    def begin(self, origin: Origin) -> int:
        """Make a row for a reply, of no characters yet; gives its id."""
        it, runtime = origin, origin.runtime
        values = (
            it.model, it.model_sha256, it.model_path, runtime.onnxruntime, runtime.machine,
            it.before, it.seed, str(it.rng_seed), it.started_s, it.parent, it.forked_at,
            os.getpid(), PROCESS,
        )  # fmt: skip
        with self._writing():
            row = self.database.execute(
                "INSERT INTO replies (model, model_sha256, model_path, onnxruntime, machine, "
                "before, seed, rng_seed, started_s, parent, forked_at, owner_pid, owner) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM replies WHERE id = ?), "
                "?, ?, ?)",  # a parent that is gone is none
                values,
            )
        assert row.lastrowid is not None
        return row.lastrowid

    def append(self, reply: int, piece: Piece) -> int:
        """Add a piece to the end of a reply; the pieces before it are not touched.

        Returns:
            the reply that has it: a new branch, if this one has another continuation already.

        Raises:
            GoneError: there is no such reply any longer.
        """
        with self._writing():
            ended, owner = self._row(reply, "ended, owner")
            length = self._length(reply)
            if piece.first > length:
                raise HistoryError(
                    f"reply {reply} of the history {self.path} has {length} characters where "
                    f"{piece.first} are expected; it is left as it is"
                )
            if piece.first < length:
                reply = self._branch(reply, piece.first)
            elif ended or owner != PROCESS:
                self.database.execute(
                    "UPDATE replies SET ended = 0, owner_pid = ?, owner = ? WHERE id = ?",
                    (os.getpid(), PROCESS, reply),
                )
            self._insert(reply, piece)
        return reply

    def finish(self, reply: int) -> None:
        """Write what search and lists read of a reply; may be done again once it has grown.

        Raises:
            GoneError: there is no such reply any longer.
        """
        with self._writing():
            self._finish(reply)

    def recover(self) -> None:
        """Finish the replies of processes that are gone; of those without a character, none."""
        with told(self.path):
            rows = self.database.execute(
                "SELECT id, owner_pid, owner FROM replies WHERE NOT ended"
            ).fetchall()
        for reply, pid, owner in rows:
            if _lives(pid, owner):
                continue
            try:
                with self._writing():  # one at a time: another app may be waiting
                    if self._length(reply):
                        self._finish(reply)
                    else:
                        self._erase(reply)
            except DamagedError:  # it stays as it is, and is told of where it is listed
                pass

    # Replies that are there.

    def entries(
        self,
        query: str = "",
        model: str | None = None,
        starred: bool = False,
        deleted: bool = False,
        limit: int = 100,
        offset: int = 0,
        refused: Callable[[str], object] = str,
    ) -> list[Entry]:
        """Return replies, the newest first, without those whose row is damaged.

        Args:
            query: beginnings of words, in any order, all of which are in the name, the seed or
                the text; any text will do, and one without words leaves nothing out.
            model: the name or the sha256 of one, whose replies are wanted.
            starred: whether only starred ones are wanted.
            deleted: whether those that were deleted are wanted, and not the others.
            limit: how many, at most.
            offset: how many of the newest are left out.
            refused: is called with a sentence for each that is damaged.
        """
        where = [f"deleted_s IS {'NOT ' if deleted else ''}NULL"]
        values: list[object] = []
        if words := match_query(query):
            where.append("id IN (SELECT rowid FROM search WHERE search MATCH ?)")
            values.append(words)
        if model is not None:
            where.append("? IN (model, model_sha256)")
            values.append(storable(model))
        if starred:
            where.append("starred")
        return self._entries(
            f"{' AND '.join(where)} ORDER BY started_s DESC, id DESC LIMIT ? OFFSET ?",
            (*values, limit, offset),
            refused,
        )

    def entry(self, reply: int) -> Entry:
        """Return one reply, deleted or not.

        Raises:
            GoneError: there is no such reply.
            DamagedError: its row is damaged.
        """
        for entry in self._entries("id = ?", (reply,)):
            return entry
        raise self._gone(reply)

    def last_deleted(self) -> int | None:
        """Return the reply that was deleted last and can still be restored, if there is one."""
        with told(self.path):
            row = self.database.execute(
                "SELECT id FROM replies WHERE deleted_s IS NOT NULL "
                "ORDER BY deleted_s DESC, id DESC LIMIT 1"
            ).fetchone()
        return None if row is None else int(row[0])

    def models(self) -> list[tuple[str, int]]:
        """Return (name, how many replies) of every model, in the order of the names."""
        with told(self.path):
            return self.database.execute(
                "SELECT model, count(*) FROM replies WHERE deleted_s IS NULL "
                "AND typeof(model) = 'text' GROUP BY model ORDER BY model"
            ).fetchall()

    def text(self, reply: int) -> str:
        """Return what a reply says so far; raises `GoneError` if there is none."""
        with self._reading(), self._whole(reply):
            self._row(reply, "id")
            return self._text(reply)

    def origin(self, reply: int) -> Origin:
        """Return what determines a reply; raises `GoneError` if there is none."""
        with self._reading():
            row = self._row(reply, ORIGIN)
        with self._whole(reply):
            return to_origin(row)

    def recording(self, reply: int) -> Recording:
        """Return a reply as it was recorded, whole enough to replay.

        Raises:
            GoneError: there is no such reply.
            DamagedError: what there is of it is damaged.
        """
        with self._reading():
            row = self._row(reply, RECORDING)
            pieces = self.database.execute(
                f"SELECT {PIECE} FROM pieces WHERE reply = ? ORDER BY first", (reply,)
            ).fetchall()
        with self._whole(reply):
            return to_recording(row, pieces)

    def rename(self, reply: int, name: str) -> None:
        """Name a reply; search finds the name. Raises `GoneError` if there is none."""
        name = storable(name)
        with self._writing():
            self._set(reply, "name", name)
            self.database.execute("UPDATE search SET name = ? WHERE rowid = ?", (name, reply))

    def star(self, reply: int, starred: bool = True) -> None:
        """Star a reply, or no longer; raises `GoneError` if there is none."""
        with self._writing():
            self._set(reply, "starred", starred)

    def delete(self, reply: int) -> None:
        """Take a reply from the lists; it can be restored until it is purged."""
        with self._writing():
            self._set(reply, "deleted_s", self._now())

    def restore(self, reply: int) -> None:
        """Undo a deletion; raises `GoneError` if the reply was purged."""
        with self._writing():
            self._set(reply, "deleted_s", None)

    def purge(self, kept_s: float = 0.0) -> int:
        """Remove for good what was deleted; what still grows somewhere stays until later.

        Args:
            kept_s: of this many last seconds, deletions can still be undone.

        Returns:
            how many replies were removed.
        """
        with told(self.path):
            rows = self.database.execute(
                "SELECT id, ended, owner_pid, owner FROM replies WHERE deleted_s <= ?",
                (self._now() - kept_s,),
            ).fetchall()
        dead = [reply for reply, ended, *owner in rows if ended or not _lives(*owner)]
        for reply in dead:
            with self._writing():  # one at a time: another app may be waiting
                self._erase(reply)
        return len(dead)

    # Prompts.

    def add_prompt(self, text: str) -> None:
        """Keep what was typed, unless it is the same as the last one."""
        text = storable(text)
        with self._writing():
            self.database.execute(
                "INSERT INTO prompts (text) SELECT ? WHERE ? IS NOT "
                "(SELECT text FROM prompts ORDER BY id DESC LIMIT 1)",
                (text, text),
            )

    def prompts(self, query: str = "", limit: int = 100) -> list[str]:
        """Return what was typed, the newest first.

        Args:
            query: a part of it, whatever its case.
            limit: how many, at most.
        """
        part = storable(query).casefold()
        newest = "SELECT text FROM prompts ORDER BY id DESC"
        with told(self.path), closing(self.database.execute(newest)) as rows:
            texts = (storable(text) for (text,) in rows if isinstance(text, str))
            return list(islice((text for text in texts if part in text.casefold()), limit))

    # Within a transaction.

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with told(self.path), transaction(self.database):
            yield

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with told(self.path), transaction(self.database, "DEFERRED"):
            yield

    @contextmanager
    def _whole(self, reply: int) -> Iterator[None]:
        """Tell of rows that cannot be what was written."""
        try:
            yield
        except ROW_FAULTS as error:
            raise DamagedError(
                f"reply {reply} of the history {self.path} is damaged "
                f"({type(error).__name__}: {error!s:.80}); open another one"
            ) from None

    def _row(self, reply: int, columns: str) -> tuple[Any, ...]:
        rows = self.database.execute(f"SELECT {columns} FROM replies WHERE id = ?", (reply,))
        for row in rows.fetchall():
            return tuple(row)
        raise self._gone(reply)

    def _gone(self, reply: int) -> GoneError:
        return GoneError(
            f"there is no reply {reply} in the history {self.path}, or no longer; open another one"
        )

    def _set(self, reply: int, column: str, value: object) -> None:
        changed = self.database.execute(
            f"UPDATE replies SET {column} = ? WHERE id = ?", (value, reply)
        )
        if not changed.rowcount:
            raise self._gone(reply)

    def _length(self, reply: int) -> int:
        """Return how many characters there are, in a time that does not grow with them."""
        (length,) = self.database.execute(
            "SELECT coalesce((SELECT first + length FROM pieces WHERE reply = ? "
            "ORDER BY first DESC LIMIT 1), 0)",
            (reply,),
        ).fetchone()
        if type(length) is not int or length < 0:
            raise DamagedError(
                f"reply {reply} of the history {self.path} is damaged (its length is "
                f"{length!r:.20}); open another one"
            )
        return length

    def _bits(self, reply: int) -> float | None:
        (bits,) = self.database.execute(
            "SELECT CASE count(bits) WHEN count(*) THEN total(bits) END "
            "FROM pieces WHERE reply = ?",
            (reply,),
        ).fetchone()
        return None if bits is None else float(bits)

    def _text(self, reply: int, enough: float = math.inf) -> str:
        """Return the text of the first pieces that have `enough` characters, or of all."""
        texts, length = [], 0
        query = "SELECT text FROM pieces WHERE reply = ? ORDER BY first"
        with closing(self.database.execute(query, (reply,))) as rows:
            for (text,) in rows:
                check_text(text)
                texts.append(text)
                length += len(text)
                if length >= enough:
                    break
        return "".join(texts)

    def _finish(self, reply: int) -> None:
        name, seed = self._row(reply, "name, seed")
        with self._whole(reply):
            check_texts(name, seed)
            text, bits = self._text(reply), self._bits(reply)
        self.database.execute(
            "UPDATE replies SET ended = 1, length = ?, bits = ?, beginning = ? WHERE id = ?",
            (len(text), bits, text[:BEGINNING], reply),
        )
        self.database.execute(
            "INSERT OR REPLACE INTO search (rowid, name, seed, text) VALUES (?, ?, ?, ?)",
            (reply, name, seed, text),
        )

    def _branch(self, reply: int, at: int) -> int:
        """Make a reply that begins with the first `at` characters of another one."""
        same = "model, model_sha256, model_path, onnxruntime, machine, before, seed, rng_seed"
        row = self.database.execute(
            f"INSERT INTO replies ({same}, started_s, parent, forked_at, owner_pid, owner) "
            f"SELECT {same}, ?, id, ?, ?, ? FROM replies WHERE id = ?",
            (self._now(), at, os.getpid(), PROCESS, reply),
        )
        assert row.lastrowid is not None
        rows = self.database.execute(
            f"SELECT {PIECE} FROM pieces WHERE reply = ? AND first < ? ORDER BY first", (reply, at)
        )
        for values in rows.fetchall():
            with self._whole(reply):
                piece = from_row(values).until(at)
            self._insert(row.lastrowid, piece)
        return row.lastrowid

    def _insert(self, reply: int, piece: Piece) -> None:
        demand(self.database, version_for(settings for _, settings in piece.changes))
        self.database.execute(
            f"INSERT INTO pieces (reply, {PIECE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (reply, *to_row(piece)),
        )

    def _erase(self, reply: int) -> None:
        self.database.execute("DELETE FROM search WHERE rowid = ?", (reply,))
        self.database.execute("DELETE FROM replies WHERE id = ?", (reply,))

    def _entries(
        self,
        where: str,
        values: Sequence[object],
        refused: Callable[[str], object] | None = None,
    ) -> list[Entry]:
        """Return the replies of a condition; without `refused`, one that is damaged is an error."""
        entries = []
        with self._reading():
            rows = self.database.execute(
                f"SELECT {ENTRY} FROM replies WHERE {where}",
                tuple(values),
            ).fetchall()
            for row in rows:
                try:
                    with self._whole(row[0]):
                        entries.append(self._entry(*row))
                except DamagedError as error:
                    if refused is None:
                        raise
                    refused(str(error))
        return entries

    def _entry(self, reply: int, *row: Any) -> Entry:
        *rest, ended, deleted, parent, forked_at, length, bits, beginning, first, last = row
        if not ended:
            length, bits = self._length(reply), self._bits(reply)
            beginning = self._text(reply, BEGINNING)[:BEGINNING]
        texts = (beginning, first, last)
        return to_entry((reply, *rest, ended, deleted, parent, forked_at, length, bits, *texts))


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at a path from any other; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _lives(pid: object, owner: object) -> bool:
    """Whether the process that wrote a reply may still add to it."""
    if owner == PROCESS:
        return True
    if type(pid) is not int or pid < 1 or pid == os.getpid():  # none, or its number is ours now
        return False
    try:
        os.kill(pid, 0)  # sends nothing; asks only whether it could
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's
        return True
    return True
