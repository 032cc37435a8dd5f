"""The file of the history: what its tables are, how it is opened, and why it cannot be.

Owns the versions of the schema, the settings of a connection, and the sentence for each thing that
can be wrong with a file. A file that is not ours, not whole or of a later version is left as it is,
and so is one that has what ours have not, such as a view that would be run in place of a table.
Nothing that a file says can take for ever: what a statement may do is bounded. Does not know what
is done with replies.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from charlm_tui.errors import CharlmError
from charlm_tui.files import FileWriteError, check_file
from charlm_tui.lm.settings import STEERED_VERSION

APPLICATION_ID = 0x63686C6D  # "chlm", in the file's header
TIMEOUT_S = 5.0
"""How long SQLite waits for another program that writes, and tries again."""
MOST_STEPS = 400_000_000
"""Of SQLite's machine for one statement, some seconds: a file can be made in which one never ends.
"""
MOST_TEXT_BYTES = 200_000_000  # of a value; SQLite would take a billion
_DAMAGED = "is damaged, and is left as it is; move it away to begin a new one"
_STEPS = 100_000  # between two looks at how many there were
MOST_WORDS = 32  # of a query: a page that is pasted would take seconds, and finds no less
ATTEMPTS = 8  # at a change of the journal's mode, each after a wait for whoever has the file

_FIRST = (
    """
    CREATE TABLE replies (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- so that no id ever means another reply
        name TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL,
        model_sha256 TEXT NOT NULL,
        model_path TEXT NOT NULL,
        onnxruntime TEXT NOT NULL,
        machine TEXT NOT NULL,
        before TEXT NOT NULL,
        seed TEXT NOT NULL,
        rng_seed TEXT NOT NULL,                -- up to 2**64 - 1, which no INTEGER holds
        started_s REAL NOT NULL,
        parent INTEGER REFERENCES replies (id) ON DELETE SET NULL,
        forked_at INTEGER NOT NULL,
        starred INTEGER NOT NULL DEFAULT 0,
        deleted_s REAL,
        owner_pid INTEGER NOT NULL,            -- of the process that wrote last
        owner TEXT NOT NULL,                   -- that process and no later one with its number
        ended INTEGER NOT NULL DEFAULT 0,      -- if so, what follows is of all its pieces
        length INTEGER NOT NULL DEFAULT 0,
        bits REAL,                             -- NULL is not measured, of any of them
        beginning TEXT NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX replies_newest ON replies (started_s DESC, id DESC)",
    "CREATE INDEX replies_parent ON replies (parent)",
    "CREATE INDEX replies_unended ON replies (id) WHERE NOT ended",
    """
    CREATE TABLE pieces (
        reply INTEGER NOT NULL REFERENCES replies (id) ON DELETE CASCADE,
        first INTEGER NOT NULL,
        length INTEGER NOT NULL,
        bits REAL,                             -- likewise; SQLite has no NaN
        changes TEXT NOT NULL,                 -- JSON: [[character, settings], ...]
        times TEXT NOT NULL,                   -- JSON: [[character, seconds], ...]
        given TEXT NOT NULL,                   -- JSON: [[character, how many], ...]
        text TEXT NOT NULL,
        ids BLOB NOT NULL,                     -- little-endian: uint16, and float32
        surprisal_bits BLOB NOT NULL,
        entropy_bits BLOB NOT NULL,
        temperature BLOB NOT NULL,
        UNIQUE (reply, first)
    )
    """,
    # Words, and not trigrams: those find nothing before the third letter, and nothing where a
    # line ends between two words. `prefix` makes the first letters of a word as quick as a word.
    """
    CREATE VIRTUAL TABLE search USING fts5 (
        name, seed, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
    )
    """,
    "CREATE TABLE prompts (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""Statements that make version n + 1 of version n; a new file's version is how many there are.

One with held units has the next version, of the same tables (`demand`). So the second place here
is for no statement, and what comes next stands behind it.
"""


class HistoryError(CharlmError):
    """The history cannot be read or written; the file is as it was."""


class DamagedError(HistoryError):
    """A row of the history cannot be what was written; the others can be read."""


class GoneError(HistoryError):
    """A reply is not in the history, or no longer."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Yield each error of SQLite as one sentence.

    Raises:
        HistoryError: there was one.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise HistoryError(f"the history {path} {_sentence(error)}") from error
    except UnicodeDecodeError as error:  # of a name in the file, in SQLite's own words
        raise HistoryError(f"the history {path} {_DAMAGED}") from error


def _sentence(error: sqlite3.Error) -> str:
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "is locked by another program; end that one, and start again"
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return "is read-only; make it and its folder writable, or give another place"
    if code == sqlite3.SQLITE_CANTOPEN:
        return "cannot be opened or made; make its folder writable, or give another place"
    if code == sqlite3.SQLITE_NOTADB:
        return "is no SQLite database, and is left as it is; move it away, or give another place"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_TOOBIG):
        return _DAMAGED
    if code == sqlite3.SQLITE_FULL:
        return "cannot grow: the disk is full; free some space, and start again"
    return f"cannot be used ({error!s:.120}); move it away, or give another place"


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary code; 0 if the error is of the Python module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def open_database(
    path: Path,
    timeout_s: float = TIMEOUT_S,
    migrations: Sequence[Sequence[str]] = MIGRATIONS,
) -> sqlite3.Connection:
    """Open a history, or make one; bring one of an earlier version to this one.

    The file is never opened but by SQLite: on POSIX, closing any other descriptor of it would
    drop the locks that this process has on it. SQLite is given a file or nothing: it would take a
    device for an empty database.

    Args:
        path: of the file; its folder is made if there is none.
        timeout_s: how long to wait for another program that writes.
        migrations: see `MIGRATIONS`.

    Returns:
        a connection whose transactions are begun and ended by hand.

    Raises:
        HistoryError: it cannot be used, for any reason; it is as it was.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is typed is private
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else error
        raise HistoryError(
            f"the folder of the history {path} cannot be made: {reason}; give another place"
        ) from error
    try:
        check_file(path)
    except FileWriteError as error:
        raise HistoryError(f"the history {error}") from error
    with told(path):
        database = sqlite3.connect(path, timeout=timeout_s, isolation_level=None, factory=_Bounded)
        try:
            _prepare(database, path, migrations)
        except BaseException:
            database.close()
            raise
    return database


def match_query(query: str) -> str:
    """Return a query for FTS5 that no text can break; empty if there is no word in it.

    Each word is a quoted string, which knows no operators, and the beginning of what is found.
    """
    plain = "".join(char if char.isprintable() else " " for char in query)
    words = [word for word in plain.split() if any(char.isalnum() for char in word)]
    return " ".join('"' + word.replace('"', '""') + '"*' for word in words[:MOST_WORDS])


class _Bounded(sqlite3.Connection):
    """A connection that believes nothing of a file: each statement may do so much and no more."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._left = 0
        # What is no UTF-8 is told by its row, and not by an error of all that were asked for.
        self.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
        self.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_TEXT_BYTES)
        self.set_progress_handler(self._step, _STEPS)
        super().execute("PRAGMA trusted_schema = OFF")
        super().execute("PRAGMA cell_size_check = ON")

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        self._left = MOST_STEPS
        return super().execute(*statement)

    def _step(self) -> bool:
        """Return whether a statement has done enough, and is to be ended."""
        self._left -= _STEPS
        return self._left < 0


def _prepare(database: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]]) -> None:
    newest = max(len(migrations), STEERED_VERSION)
    with transaction(database, "DEFERRED"):  # one moment of the file, and nothing is written yet
        _version(database, path, newest)
    _use_wal(database)
    # In WAL mode the file is whole after any crash, and what is committed is with the system: it
    # outlives a kill of this process. Only a power cut can take the last seconds.
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA foreign_keys = ON")
    with transaction(database):
        version = _version(database, path, newest)  # another app may have been quicker
        for statements in migrations[version:]:
            for statement in statements:
                database.execute(statement)
        # Written even if they are there: it is how a read-only file is known at once.
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {max(version, len(migrations))}")


def demand(database: sqlite3.Connection, version: int) -> None:
    """Let the file be of a version at least, within a transaction, for a row that needs it.

    A program of before refuses the whole file then, and not that row alone as a damaged one.
    """
    (now,) = database.execute("PRAGMA user_version").fetchone()
    if now < version:
        database.execute(f"PRAGMA user_version = {version}")


def _version(database: sqlite3.Connection, path: Path, newest: int) -> int:
    """Return the version of a history; 0 is an empty file.

    Raises:
        HistoryError: it is another application's file, or of a later version.
    """
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == 0 and version == 0 and tables == 0:
        return 0
    if application != APPLICATION_ID:
        raise HistoryError(
            f"{path} is the database of another application, and is left as it is; "
            "give another place for the history"
        )
    if version > newest:
        raise HistoryError(
            f"the history {path} is of version {version} where {newest} is expected, and is left "
            "as it is; use a newer charlm-tui, or give another place"
        )
    _check_kinds(database, path)
    return int(version)


def _check_kinds(database: sqlite3.Connection, path: Path) -> None:
    """Refuse a file in which reading or writing a table would run something else.

    Raises:
        HistoryError: it has a view or a trigger, or a virtual table that is not ours.
    """
    strange = database.execute(
        "SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index') "
        "OR (type = 'table' AND rootpage = 0 AND NOT (name = 'search' AND sql LIKE ?)) LIMIT 1",
        ("CREATE VIRTUAL TABLE search USING fts5 %",),
    ).fetchone()
    if strange is not None:
        kind, name = strange
        raise HistoryError(
            f"the history {path} has the {kind!s:.20} {name!r:.40} where tables alone are "
            "expected, and is left as it is; move it away to begin a new one"
        )


def _use_wal(database: sqlite3.Connection) -> None:
    """Switch the file to write-ahead logging: readers and writers do not block each other."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or attempt == ATTEMPTS:
                raise
            with transaction(database):  # SQLite waits for this lock, and not for that of a mode
                pass


@contextmanager
def transaction(database: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """Do all of it or nothing.

    Args:
        database: of which no transaction is open.
        kind: `IMMEDIATE` takes the write lock at once: a reader that writes later would fail
            without a wait if another has written meanwhile. `DEFERRED` reads one moment.
    """
    database.execute(f"BEGIN {kind}")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # a full disk may have ended it already
            database.execute("ROLLBACK")
        raise
