"""Games in the history: kept, listed, and no trouble to a program that knows none."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from charlm_tui.history import schema
from charlm_tui.history.games import add_game, games
from charlm_tui.history.store import HistoryError, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "h.db")) as opened:
        yield opened


def test_games_come_back_the_newest_first(store: Store) -> None:
    assert games(store) == []
    for number in range(3):
        add_game(store, 1000.0 + number, f"line {number} \ud800", {"game": number, "you": None})
    found = games(store, limit=2)
    assert [(it.id, it.played_s, it.line) for it in found] == [
        (3, 1002.0, "line 2 ?"), (2, 1001.0, "line 1 ?"),
    ]  # fmt: skip
    assert found[0].facts == {"game": 2, "you": None}


def test_a_game_changes_neither_the_version_nor_what_others_read(store: Store) -> None:
    def version() -> int:
        return int(store.database.execute("PRAGMA user_version").fetchone()[0])

    before = version()
    add_game(store, 1.0, "a line", {})
    assert version() == before
    with closing(Store(store.path)) as again:  # what it may have is looked at again
        assert again.entries() == []
        assert len(games(again)) == 1


@pytest.mark.parametrize(
    "row",
    [
        "'x', 'line', '{}'", "-1.0, 'line', '{}'", "1e300, 'line', '{}'", "1.0, X'00', '{}'",
        "1.0, 'line', '[]'", "1.0, 'line', 'x'", "1.0, 'line', X'7b7d'",
        "1.0, 'line', printf('%.200000c', '[')", "1.0, 'line', printf('%.90000c', '[')",
    ],
)  # fmt: skip
def test_a_damaged_game_is_left_out_and_the_others_are_there(store: Store, row: str) -> None:
    add_game(store, 1.0, "a line", {})
    store.database.execute(f"INSERT INTO games (played_s, line, facts) VALUES ({row})")
    assert [it.line for it in games(store)] == ["a line"]


def test_a_table_that_is_not_ours_is_an_error_in_a_sentence(store: Store) -> None:
    store.database.execute("CREATE TABLE games (id INTEGER)")
    for act in (lambda: games(store), lambda: add_game(store, 1.0, "a line", {})):
        with pytest.raises(HistoryError, match="cannot be used"):
            act()


def test_no_game_makes_no_table(store: Store) -> None:
    games(store)
    tables = store.database.execute("SELECT name FROM sqlite_master WHERE name = 'games'")
    assert tables.fetchall() == []
    assert isinstance(store.database, sqlite3.Connection)
    assert schema.MIGRATIONS[0]
