"""Games that were played, in the file of the history.

Owns their table. It is made with the first game and changes no version: a program that knows no
games reads the file as ever, and leaves the table as it is.
"""

import json
from dataclasses import dataclass
from typing import Any

from charlm_tui.history.rows import storable
from charlm_tui.history.schema import told, transaction
from charlm_tui.history.store import Store

MOST_FACTS = 100_000  # characters of the facts of a game: ten times what the longest one has
_TABLE = """
    CREATE TABLE IF NOT EXISTS games (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        played_s REAL NOT NULL,                -- Unix time of its end
        line TEXT NOT NULL,                    -- as it is shared
        facts TEXT NOT NULL                    -- JSON
    )
"""


@dataclass(frozen=True, slots=True)
class Played:
    """A game that was played."""

    id: int
    played_s: float
    """Unix time of its end."""
    line: str
    """Its result, as it is shared."""
    facts: dict[str, Any]
    """Its result, for JSON."""


def add_game(store: Store, played_s: float, line: str, facts: dict[str, Any]) -> None:
    """Keep the result of a game.

    Raises:
        HistoryError: it cannot be kept.
    """
    with told(store.path), transaction(store.database):
        store.database.execute(_TABLE)
        store.database.execute(
            "INSERT INTO games (played_s, line, facts) VALUES (?, ?, ?)",
            (played_s, storable(line), storable(json.dumps(facts))),
        )


def games(store: Store, limit: int = 100) -> list[Played]:
    """Return the games that were played last, the newest first; a damaged row is left out.

    Args:
        store: of the history.
        limit: how many, at most.

    Raises:
        HistoryError: the file cannot be read.
    """
    with told(store.path), transaction(store.database, "DEFERRED"):
        there = store.database.execute(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'games'"
        ).fetchone()
        if there is None:
            return []
        rows = store.database.execute(
            "SELECT id, played_s, line, facts FROM games ORDER BY id DESC LIMIT ?", (limit,)
        ).fetchall()
    return [game for row in rows if (game := _game(*row)) is not None]


def _game(id_: object, played_s: object, line: object, facts: object) -> Played | None:
    """Return a row as a game; None if it cannot be what was written."""
    if not (type(id_) is int and type(played_s) is float and 0 <= played_s < 1e11):
        return None
    if not (isinstance(line, str) and isinstance(facts, str) and len(facts) <= MOST_FACTS):
        return None
    try:
        found = json.loads(facts)
    except (ValueError, RecursionError):
        return None
    return Played(id_, played_s, storable(line), found) if isinstance(found, dict) else None
