"""The history's file: there and back, what is found again, and all that can be wrong with it."""

import math
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm_tui.history import schema
from charlm_tui.history.schema import (
    APPLICATION_ID,
    MIGRATIONS,
    MOST_WORDS,
    open_database,
    told,
    transaction,
)
from charlm_tui.history.store import (
    DamagedError,
    GoneError,
    HistoryError,
    Piece,
    Store,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording
from tests.support.devices import NULL, is_device, make_device
from tests.support.replies import found, kept, origin, piece

WAIT_S = 60.0  # for a child process
NOBODY = 65_534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder" / "history.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store(path)) as opened:
        yield opened


# A reply comes back.


def test_what_a_reply_began_with_and_said_comes_back(store: Store) -> None:
    reply = store.begin(origin())
    store.append(reply, piece(0, "one\n", (0, Settings(0.5)), (2, Settings(0.9, top_k=3))))
    store.append(reply, piece(4, "two", (4, Settings(0.9, top_k=3, rng_seed=2**64 - 1))))
    recording = store.recording(reply)
    assert (recording.model, recording.model_sha256) == ("fake", "f" * 64)
    assert recording.runtime == Runtime("1.2", "x86_64 Linux")
    assert (recording.seed, recording.text) == ("before a seed", "one\ntwo")
    assert store.text(reply) == "one\ntwo"
    assert store.origin(reply) == origin()
    assert recording.tape.runs() == [
        (0, Settings(0.5)),
        (2, Settings(0.9, top_k=3)),
        (4, Settings(0.9, top_k=3, rng_seed=2**64 - 1)),
    ]
    assert recording.tape.surprisal_bits().tolist() == [i / 8 for i in range(7)]
    assert Recording.from_json(recording.to_json(), "x") == recording


_BATCHES = st.lists(
    st.tuples(st.text("abc\n\0é", min_size=1, max_size=5), st.floats(0, 2), st.booleans()),
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(_BATCHES, st.lists(st.integers(0, 40), max_size=6))
def test_wherever_a_reply_is_cut_it_comes_back_as_it_was(
    batches: list[tuple[str, float, bool]], places: list[int]
) -> None:
    tape, text = Tape(), ""
    for number, (said, temperature, typed) in enumerate(batches):
        ids = array("H", [ord(char) for char in said]).tobytes()
        floats = array("f", [number + i / 8 for i in range(len(said))]).tobytes()
        tape.append(Columns(ids, floats, floats, floats), Settings(temperature), number / 3, typed)
        text += said
    edges = sorted({0, len(text), *(place for place in places if place < len(text))})
    with tempfile.TemporaryDirectory() as folder, closing(Store(Path(folder) / "h")) as store:
        reply = store.begin(origin())
        for start, stop in pairwise(edges):
            store.append(reply, _cut(tape, text, start, stop))
        recording = store.recording(reply)
        assert recording.text == text
        assert recording.tape.runs() == tape.runs()
        assert (recording.tape.times, recording.tape.forced) == (tape.times, tape.forced)
        for column in ("ids", "surprisal_bits", "entropy_bits", "temperature"):
            assert getattr(recording.tape, column)() == getattr(tape, column)()


def _cut(tape: Tape, text: str, start: int, stop: int) -> Piece:
    """Cut a tape the slow and simple way, which the recorder's has to agree with."""
    typed = {i for first, count in tape.forced for i in range(first, first + count)}
    return Piece(
        start,
        text[start:stop],
        Columns(
            tape.ids(start, stop).tobytes(),
            tape.surprisal_bits(start, stop).tobytes(),
            tape.entropy_bits(start, stop).tobytes(),
            tape.temperature(start, stop).tobytes(),
        ),
        ((start, tape.settings_at(start)), *(r for r in tape.runs() if start < r[0] < stop)),
        tuple(time for time in tape.times if start <= time[0] < stop),
        tuple((i, 1) for i in range(start, stop) if i in typed),
    )


def test_a_piece_is_written_once_and_never_again(store: Store) -> None:
    reply = store.begin(origin())
    store.append(reply, piece(0, "abc"))
    before = store.database.execute("SELECT rowid, * FROM pieces").fetchall()
    row = store.database.execute("SELECT * FROM replies").fetchall()
    store.append(reply, piece(3, "def"))
    assert store.database.execute("SELECT rowid, * FROM pieces").fetchall()[:1] == before
    assert store.database.execute("SELECT * FROM replies").fetchall() == row


def test_a_reply_that_grows_is_in_the_lists_with_all_its_characters(store: Store) -> None:
    reply = store.begin(origin())
    assert store.entry(reply).bits_per_character is None
    for first in range(0, 300, 3):
        store.append(reply, piece(first, "xyz"))
    entry = store.entry(reply)
    assert (entry.length, entry.ended, entry.beginning) == (300, False, ("xyz" * 100)[:200])
    assert entry.bits_per_character == pytest.approx(sum(i / 8 for i in range(300)) / 300)
    store.finish(reply)
    ended = store.entry(reply)
    assert ended.ended
    assert (ended.length, ended.beginning) == (entry.length, entry.beginning)
    assert ended.bits_per_character == entry.bits_per_character


def test_a_reply_that_goes_on_is_found_by_what_was_added(store: Store) -> None:
    reply = kept(store, "the old ")
    store.append(reply, piece(8, "oak tree"))
    assert not store.entry(reply).ended
    assert (found(store, "old"), found(store, "oak")) == ([reply], [])
    store.finish(reply)
    assert (found(store, "old"), found(store, "oak")) == ([reply], [reply])
    assert store.text(reply) == "the old oak tree"


def test_a_reply_that_has_grown_elsewhere_is_branched_and_neither_is_lost(
    store: Store, path: Path
) -> None:
    reply = kept(store, "one ")
    with closing(Store(path)) as other:
        assert other.append(reply, piece(4, "two")) == reply
    branch = store.append(reply, piece(4, "three"))
    assert branch != reply
    assert store.append(branch, piece(9, "!")) == branch
    assert (store.text(reply), store.text(branch)) == ("one two", "one three!")
    entry = store.entry(branch)
    assert (entry.parent, entry.forked_at, entry.seed) == (reply, 4, "a seed")


def test_a_branch_can_be_from_anywhere_in_a_piece(store: Store) -> None:
    warm = Settings(0.9)
    first = replace(piece(0, "abcdef", (0, Settings()), (4, warm)), times=((0, 0.5), (3, 1.0)))
    reply = store.begin(origin())
    store.append(reply, replace(first, forced=((0, 1), (2, 4))))
    for at, runs, times, chosen in [
        (0, [(0, warm)], [], []),
        (3, [(0, Settings()), (3, warm)], [(0, 0.5)], [(0, 1), (2, 1)]),
        (5, [(0, Settings()), (4, warm)], [(0, 0.5), (3, 1.0)], [(0, 1), (2, 3)]),
    ]:
        branch = store.append(reply, piece(at, "xyz", (at, warm)))
        tape = store.recording(branch).tape
        assert store.text(branch) == "abcdef"[:at] + "xyz"
        assert tape.surprisal_bits().tolist() == [i / 8 for i in range(at + 3)]
        assert (tape.runs(), tape.times, tape.forced) == (runs, times, chosen)
    assert store.text(reply) == "abcdef"


def test_a_piece_that_follows_nothing_is_refused_and_leaves_nothing(store: Store) -> None:
    reply = kept(store, "abc")
    with pytest.raises(HistoryError, match="has 3 characters where 4 are expected"):
        store.append(reply, piece(4, "x"))
    assert found(store) == [reply]
    assert store.text(reply) == "abc"


def test_what_was_not_measured_has_no_mean_and_comes_back_as_it_was(store: Store) -> None:
    nothing = array("f", [math.nan] * 3).tobytes()
    whole = piece(0, "abc")
    unmeasured = whole.columns._replace(surprisal_bits=nothing, entropy_bits=nothing)
    reply = store.begin(origin())
    store.append(reply, replace(whole, columns=unmeasured))
    store.append(reply, piece(3, "def"))
    assert store.entry(reply).bits_per_character is None
    store.finish(reply)
    assert store.entry(reply).bits_per_character is None
    bits = store.recording(reply).tape.surprisal_bits().tolist()
    assert all(map(math.isnan, bits[:3]))
    assert bits[3:] == [3 / 8, 4 / 8, 5 / 8]


# Lists and search.


def test_the_newest_come_first_in_pages(store: Store) -> None:
    old, new, newest = (kept(store, "text", at=at) for at in (1.0, 3.0, 3.0))
    older = kept(store, "text", at=2.0)
    assert found(store) == [newest, new, older, old]
    assert found(store, limit=2) == [newest, new]
    assert found(store, limit=2, offset=2) == [older, old]


def test_search_finds_words_by_their_beginnings_in_seeds_texts_and_names(store: Store) -> None:
    one = kept(store, "what the bird\nsang was Élan; it's", seed="an old wall")
    two = kept(store, "birdsong", seed="don't")
    store.rename(two, "My favourite")
    for query, replies in [
        ("b", [two, one]),
        ("bird sa", [one]),
        ("BIRD", [two, one]),
        ("elan", [one]),
        ("wal", [one]),
        ("ird", []),
        ("bird don'", [two]),
        ("it's", [one]),
        ("fav", [two]),
        ("bird NOT sang", []),
        ("seed:bird", []),
        ('"bird', [two, one]),
        ("bird*", [two, one]),
        ("(sang -- bird)", [one]),
        (" \n", [two, one]),
        ("?!", [two, one]),
    ]:
        assert found(store, query) == replies, query


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(Store(tmp_path_factory.mktemp("history") / "h.db")) as opened:
        kept(opened, 'near the old oak (and it\'s so) -- and OR not, "she said" NEAR/3 x:y *')
        yield opened


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(st.characters()), st.text("\"'*^:+-(){}\\%_ANDORNT\0\ud800 ")))
def test_any_text_is_a_query(library: Store, query: str) -> None:
    library.entries(query)
    library.entries(model=query)
    library.prompts(query)


WORDS = ["near", "the", "old", "oak", "and", "so", "or", "she"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.integers(1, 9))))
def test_beginnings_of_words_that_are_there_are_found(
    library: Store, words: list[tuple[str, int]]
) -> None:
    assert found(library, " ".join(word[:length] for word, length in words)) == [1]


def test_a_query_as_long_as_a_book_is_its_first_words(library: Store) -> None:
    assert found(library, "old " * MOST_WORDS + "absent " * 20_000) == [1]
    assert found(library, "old " * (MOST_WORDS - 1) + "absent") == []
    assert found(library, "o" * 100_000) == []


def test_lists_are_narrowed_by_model_and_star(store: Store) -> None:
    one, two, three = (kept(store, "text", model=model) for model in ("lstm", "gru", "gru"))
    store.star(two)
    assert store.models() == [("gru", 2), ("lstm", 1)]
    assert found(store, model="gru") == [three, two]
    assert found(store, model="l" * 64) == [one]
    assert found(store, starred=True) == [two]
    assert found(store, "te", model="lstm", starred=True) == []
    store.star(two, False)
    assert found(store, starred=True) == []


# Changes, and taking them back.


def test_a_name_is_kept_and_can_be_any_text(store: Store) -> None:
    reply = kept(store, "text")
    assert store.entry(reply).name == ""
    store.rename(reply, 'it\'s "a" name\ud800')
    assert store.entry(reply).name == 'it\'s "a" name?'


def test_a_deleted_reply_can_be_restored_until_it_is_purged(path: Path) -> None:
    now = [1000.0]
    with closing(Store(path, now=lambda: now[0])) as store:
        reply, other = kept(store, "oak"), kept(store, "oak")
        store.delete(reply)
        assert (found(store, "oak"), found(store, deleted=True)) == ([other], [reply])
        assert store.models() == [("fake", 1)]
        assert store.entry(reply).deleted
        store.restore(reply)
        assert found(store, "oak") == [other, reply]
        store.delete(reply)
        now[0] += 50.0
        assert store.purge(kept_s=60.0) == 0
        now[0] += 10.0
        assert store.purge(kept_s=60.0) == 1
        with pytest.raises(GoneError, match=f"no reply {reply} in the history"):
            store.restore(reply)
        assert found(store, deleted=True) == []
        for table in ("replies", "search"):
            assert store.database.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
        assert store.database.execute("SELECT DISTINCT reply FROM pieces").fetchall() == [(other,)]


def test_what_was_deleted_last_is_restored_first(path: Path) -> None:
    times = iter([10.0, 30.0, 20.0])
    with closing(Store(path, now=lambda: next(times))) as store:
        replies = [kept(store, "oak") for _ in range(3)]
        assert store.last_deleted() is None
        for reply in replies:
            store.delete(reply)
        for reply in (replies[1], replies[2], replies[0]):
            assert store.last_deleted() == reply
            store.restore(reply)
        assert store.last_deleted() is None


def test_an_id_never_means_another_reply(store: Store) -> None:
    reply = kept(store, "text")
    store.delete(reply)
    store.purge()
    assert kept(store, "text") != reply


def test_a_branch_stays_when_its_parent_is_purged(store: Store) -> None:
    parent = kept(store, "text")
    child = store.append(parent, piece(0, "other"))
    store.finish(child)
    store.delete(parent)
    store.purge()
    assert store.entry(child).parent is None
    assert store.text(child) == "other"


def test_whatever_is_asked_of_a_reply_that_is_gone_is_told(store: Store) -> None:
    for ask in (
        store.entry, store.origin, store.text, store.recording, store.finish, store.star,
        store.delete, store.restore, lambda reply: store.rename(reply, "x"),
        lambda reply: store.append(reply, piece(0, "x")),
    ):  # fmt: skip
        with pytest.raises(GoneError, match="no reply 7"):
            ask(7)


# Prompts.


def test_prompts_are_kept_from_one_session_to_the_next(path: Path) -> None:
    with closing(Store(path)) as store:
        for text in ("one", "two", "two", "Three\nlines", "two"):
            store.add_prompt(text)
    with closing(Store(path)) as store:
        store.add_prompt("two")
        assert store.prompts() == ["two", "Three\nlines", "two", "one"]
        assert store.prompts(limit=1) == ["two"]
        assert store.prompts("E\nL") == ["Three\nlines"]
        assert store.prompts("%") == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=3)))
def test_of_prompts_only_neighbours_that_are_equal_are_one(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, closing(Store(Path(folder) / "h")) as store:
        for text in texts:
            store.add_prompt(text)
        once = [b for a, b in pairwise([None, *texts]) if a != b]
        assert store.prompts(limit=len(texts) + 1) == once[::-1]


# Versions.

SECOND = ("ALTER TABLE prompts ADD COLUMN typed_s REAL", "UPDATE prompts SET typed_s = 5")


def test_a_file_of_an_earlier_version_is_brought_to_this_one(path: Path) -> None:
    with closing(Store(path)) as store:
        reply = kept(store, "text")
        store.add_prompt("typed")
    with closing(Store(path, migrations=(*MIGRATIONS, SECOND))) as store:
        assert store.database.execute("PRAGMA user_version").fetchone() == (2,)
        assert store.database.execute("SELECT * FROM prompts").fetchall() == [(1, "typed", 5)]
        assert store.text(reply) == "text"
    with closing(Store(path, migrations=(*MIGRATIONS, SECOND))) as store:  # once only
        assert store.prompts() == ["typed"]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    with closing(Store(path)) as store:
        kept(store, "text")
    with pytest.raises(HistoryError, match="no such table: none"):
        Store(path, migrations=(*MIGRATIONS, SECOND, ("DELETE FROM none",)))
    with closing(Store(path)) as store:
        assert len(store.database.execute("PRAGMA table_info(prompts)").fetchall()) == 2
        assert found(store, "text") == [1]


def test_the_file_says_whose_it_is_and_of_which_version(store: Store) -> None:
    assert store.database.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert store.database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert store.database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


# All that can be wrong with a file.


def refused(path: Path, says: str, **options: float) -> None:
    """It is refused in one sentence that names it, and is not touched."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(HistoryError, match=says) as error:
        Store(path, **options)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    if before is not None:
        assert path.read_bytes() == before


def test_a_file_of_a_later_version_is_left_as_it_is(path: Path) -> None:
    with closing(open_database(path, migrations=(*MIGRATIONS, (), SECOND))):
        pass
    refused(path, "is of version 3 where 2 is expected.*use a newer charlm-tui")


def test_the_database_of_another_application_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bookmarks (x)")
    refused(path, "another application")
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE bookmarks")
        database.execute("PRAGMA application_id = 5")
    refused(path, "another application")


@pytest.mark.parametrize("content", [b"not a database, " * 100, b"hello", b"SQLite format 3\0"])
def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    refused(path, "is no SQLite database, and is left as it is")


def test_a_file_that_is_cut_off_is_left_as_it_is(path: Path) -> None:
    with closing(Store(path)) as store:
        kept(store, "text " * 1000)
    path.write_bytes(path.read_bytes()[:8192])
    refused(path, "is damaged, and is left as it is; move it away")


def test_a_file_that_is_damaged_within_is_told_of_when_it_is_read(path: Path) -> None:
    with closing(Store(path)) as store:
        kept(store, "text " * 1000)
        pages = store.database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name IN ('replies', 'pieces')"
        ).fetchall()
    content = bytearray(path.read_bytes())
    for (number,) in pages:
        content[4096 * (number - 1) : 4096 * number] = b"\xa5" * 4096
    path.write_bytes(content)
    with closing(Store(path)) as store:
        for ask in (store.entries, lambda: store.begin(origin())):
            with pytest.raises(HistoryError, match="is damaged, and is left as it is"):
                ask()


@pytest.mark.parametrize(
    "change",
    [
        "ids = x'00'",
        "text = 'longer than it was'",
        "changes = '[[0, {\"temperature\": -1}]]'",
        "changes = '[[0, {\"warmth\": 1}]]'",
        "changes = '[]'",
        "changes = '[[1, {}]]'",
        "changes = '[[0, {}], [4, {}]]'",
        "changes = 'not JSON'",
        "times = '[1]'",
        "first = 1",
    ],
)
def test_a_reply_with_a_damaged_row_is_told_of_and_the_others_open(
    store: Store, change: str
) -> None:
    reply, other = kept(store, "text"), kept(store, "text")
    store.database.execute(f"UPDATE pieces SET {change} WHERE reply = {reply}")
    with pytest.raises(HistoryError, match=f"reply {reply} of the history .* is damaged"):
        store.recording(reply)
    assert store.recording(other).text == "text"


@pytest.mark.parametrize(
    "change",
    [
        "times = '[[0, \"soon\"]]'",
        "given = '[[0, 99]]'",
        "given = '[[-1, 2]]'",
        "given = '[[0.5, 1]]'",
        f"changes = '{'[' * 50_000}'",
        'changes = \'[[0, {"temperature": "warm"}]]\'',
        "changes = '[[0, {\"temperature\": 1e999}]]'",
        "text = x'61626364'",
        "text = CAST(x'ff626364' AS TEXT)",
        "ids = 'abcdefgh'",
        "first = 0.5",
    ],
)
def test_a_piece_of_hostile_values_is_told_of_and_the_others_open(
    store: Store, change: str
) -> None:
    reply, other = kept(store, "text"), kept(store, "text")
    store.database.execute(f"UPDATE pieces SET {change} WHERE reply = {reply}")
    with pytest.raises(DamagedError, match=f"reply {reply} of the history .* is damaged"):
        store.recording(reply)
    assert store.recording(other).text == "text"


HOSTILE = (
    "x'ff00'",
    "CAST(x'ff61' AS TEXT)",
    "9e999",
    "-9e999",
    "'text'",
    "1e300",
    "-1",
    "0.5",
)
LISTED = ("name", "seed", "model", "model_sha256", "beginning", "started_s", "parent")
NUMBERS = ("forked_at", "length", "bits")


@pytest.mark.parametrize("column", [*LISTED, *NUMBERS])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_row_of_hostile_values_is_refused_by_its_number_and_the_others_are_listed(
    store: Store, column: str, value: str
) -> None:
    reply, other = kept(store, "text"), kept(store, "text")
    store.database.execute("PRAGMA foreign_keys = OFF")
    store.database.execute(f"UPDATE replies SET {column} = {value} WHERE id = {reply}")
    refused: list[str] = []
    listed = [entry.id for entry in store.entries(refused=refused.append)]
    for sentence in refused:
        assert sentence.startswith(f"reply {reply} of the history {store.path} is damaged (")
    assert sorted(listed + [reply] * len(refused)) == [reply, other]
    if refused:
        with pytest.raises(DamagedError, match=f"reply {reply} "):
            store.entry(reply)
    store.models()  # and nothing else is kept from being asked
    store.last_deleted()
    store.recover()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("seed", "x'ff'"),
        ("seed", "CAST(x'ff' AS TEXT)"),
        ("started_s", "9e999"),
        ("started_s", "1e300"),
        ("length", "'many'"),
        ("length", "-1"),
        ("bits", "9e999"),
        ("parent", "'text'"),
        ("forked_at", "x'00'"),
    ],
)
def test_what_cannot_be_shown_is_refused(store: Store, column: str, value: str) -> None:
    reply = kept(store, "text")
    store.database.execute("PRAGMA foreign_keys = OFF")
    store.database.execute(f"UPDATE replies SET {column} = {value}")
    refused: list[str] = []
    assert store.entries(refused=refused.append) == []
    assert len(refused) == 1
    assert f"reply {reply} " in refused[0]


@pytest.mark.parametrize(
    "value",
    [
        *HOSTILE,
        "'[]'",
        "'[[0]]'",
        "'[[0, 7]]'",
        """'[[0, {"temperature": "hot"}]]'""",
        """'[[0, {"rng_seed": -1}]]'""",
        """'[[0, {"temperature": 1e999}]]'""",
        "'[' || replace(hex(zeroblob(5000)), '0', '[')",
    ],
)
def test_hostile_settings_of_a_reply_keep_no_other_from_being_listed(
    store: Store, value: str
) -> None:
    reply, other = kept(store, "text"), kept(store, "text")
    store.database.execute(f"UPDATE pieces SET changes = {value} WHERE reply = {reply}")
    refused: list[str] = []
    entries = store.entries(refused=refused.append)
    assert sorted([it.id for it in entries] + [reply] * len(refused)) == [reply, other]
    assert all(it.facts for it in entries)
    assert store.entry(other).temperatures == (0.5,)


@pytest.mark.parametrize("column", ["model", "onnxruntime", "before", "rng_seed", "started_s"])
def test_an_origin_of_hostile_values_is_told_of(store: Store, column: str) -> None:
    reply = kept(store, "text")
    store.database.execute(f"UPDATE replies SET {column} = x'ff'")
    with pytest.raises(DamagedError, match=f"reply {reply} of the history .* is damaged"):
        store.origin(reply)


@pytest.mark.parametrize("change", ["owner_pid = 'x'", "owner_pid = 1e300", "owner = x'ff'"])
def test_a_reply_of_a_process_that_cannot_be_is_recovered(store: Store, change: str) -> None:
    reply = store.begin(origin())
    store.append(reply, piece(0, "text"))
    store.database.execute(f"UPDATE replies SET owner = 'another', owner_pid = {2**40}")
    store.database.execute(f"UPDATE replies SET {change}")
    store.recover()
    assert store.entry(reply).ended


def test_a_damaged_reply_keeps_no_other_from_being_recovered(store: Store) -> None:
    damaged, reply = store.begin(origin()), store.begin(origin())
    for each in (damaged, reply):
        store.append(each, piece(0, "text"))
    store.database.execute("UPDATE replies SET owner = 'another', owner_pid = 0")
    store.database.execute(f"UPDATE pieces SET text = x'ff' WHERE reply = {damaged}")
    store.recover()
    refused: list[str] = []
    assert [entry.ended for entry in store.entries(refused=refused.append)] == [True]
    assert len(refused) == 1


def test_prompts_that_are_no_text_are_left_out(store: Store) -> None:
    store.add_prompt("one")
    for value in ("x'ff'", "5", "CAST(x'6fff' AS TEXT)"):
        store.database.execute(f"INSERT INTO prompts (text) VALUES ({value})")
    found_ = store.prompts()
    assert found_[-1] == "one"
    for text in found_:
        text.encode()


ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (("ALTER TABLE replies RENAME TO x", f"CREATE VIEW replies AS {ENDLESS}"), "the view"),
        (("CREATE TRIGGER t BEFORE UPDATE ON replies BEGIN SELECT 1; END",), "trigg"),
        (("DROP TABLE search", f"CREATE VIEW search AS {ENDLESS}"), "the view"),
        (
            ("DROP TABLE search", "CREATE VIRTUAL TABLE search USING fts4 (name, seed, text)"),
            "the table 'search'",
        ),
    ],
)
def test_a_file_in_which_something_else_would_run_is_left_as_it_is(
    store: Store, path: Path, statements: tuple[str, ...], says: str
) -> None:
    kept(store, "text")
    store.close()
    with closing(sqlite3.connect(path)) as other:
        for statement in statements:
            other.execute(statement)
        other.commit()
    before = path.read_bytes()
    with pytest.raises(HistoryError, match=rf"{says}.* where tables alone are expected"):
        Store(path)
    assert path.read_bytes() == before


def test_what_does_not_end_is_ended(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MOST_STEPS", 10**6)
    with pytest.raises(HistoryError, match="is damaged"), told(store.path):
        store.database.execute(ENDLESS).fetchall()
    assert store.entries() == []  # and what comes after it has as many steps


def test_a_reply_with_a_damaged_row_is_not_branched(store: Store) -> None:
    reply = kept(store, "text")
    store.database.execute("UPDATE pieces SET changes = 'not JSON'")
    with pytest.raises(HistoryError, match=f"reply {reply} of the history .* is damaged"):
        store.append(reply, piece(2, "x"))
    assert found(store) == [reply]


def test_a_file_that_is_locked_is_told_of(path: Path) -> None:
    with closing(Store(path)) as store:
        store.database.execute("BEGIN IMMEDIATE")
        refused(path, "is locked by another program", timeout_s=0.05)
    with closing(Store(path)), closing(Store(path)):
        pass  # and can be opened as soon as it is not


def test_a_new_file_that_is_locked_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        refused(path, "is locked by another program", timeout_s=0.05)


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Have no right that the modes of files do not give; for root they are no bar."""
    if os.geteuid():
        yield
        return
    os.chown(folder, NOBODY, NOBODY)
    for file in folder.iterdir():
        os.chown(file, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "says"),
    [
        (0o400, 0o700, "is read-only; make it"),
        (0o600, 0o500, "(is read-only|cannot be opened or made); make its? "),
        (0o000, 0o700, "is read-only; make it"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_of(
    file_mode: int, folder_mode: int, says: str
) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own is closed to nobody
        folder = Path(name)
        path = folder / "history.db"
        with closing(Store(path)) as store:
            reply = kept(store, "text")
        path.chmod(file_mode)
        folder.chmod(folder_mode)
        with as_nobody(folder), pytest.raises(HistoryError, match=says):
            Store(path)
        folder.chmod(0o700)
        path.chmod(0o600)
        with closing(Store(path)) as store:
            assert store.text(reply) == "text"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/proc/history.db", "cannot be opened or made; make its folder writable"),
        ("/proc/no/history.db", "the folder of the history .* cannot be made: No such file"),
        ("/dev/null/history.db", "the folder of the history .* cannot be made: "),
        ("/tmp", "is a folder; give the path of a file"),
    ],
)
@pytest.mark.linux
def test_a_place_where_no_file_can_be_is_told_of(path: str, says: str) -> None:
    refused(Path(path), says)


def test_sqlite_opens_no_device(tmp_path: Path) -> None:
    null = make_device(tmp_path / "null", NULL)
    link = tmp_path / "link"
    link.symlink_to(null)
    for path in (null, link):
        refused(path, "it is a device; give the path of a file")
    assert is_device(null, NULL)
    assert sorted(it.name for it in tmp_path.iterdir()) == ["link", "null"]


def test_a_pipe_or_a_socket_in_the_files_place_is_told_of_and_stays(tmp_path: Path) -> None:
    pipe, named = tmp_path / "pipe", tmp_path / "socket"
    os.mkfifo(pipe)
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(str(named))
    refused(pipe, "it is a pipe; give the path of a file")
    refused(named, "it is a socket; give the path of a file")
    assert pipe.is_fifo()
    assert named.is_socket()
    assert sorted(it.name for it in tmp_path.iterdir()) == ["pipe", "socket"]


def test_a_file_that_nobody_may_write_is_told_of_even_to_root(store: Store, path: Path) -> None:
    reply = kept(store, "text")
    path.chmod(0o444)
    refused(path, "it is read-only; make it")
    assert store.text(reply) == "text"


def test_a_path_that_no_file_can_have_is_told_of() -> None:
    for path, says in ((Path("a\0b"), "null"), (Path("/tmp/" + "x" * 300), "name too long")):
        with pytest.raises(HistoryError, match=says):
            Store(path)


def test_a_link_to_a_history_stays_a_link(store: Store, path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    reply = kept(store, "text")
    with closing(Store(link)) as other:
        assert other.text(reply) == "text"
    assert link.is_symlink()


def test_a_full_disk_is_told_of_and_what_was_there_stays(store: Store) -> None:
    reply = kept(store, "text")
    (pages,) = store.database.execute("PRAGMA page_count").fetchone()
    store.database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistoryError, match="the disk is full; free some space"):
        kept(store, "more " * 10_000)
    assert not store.database.in_transaction
    assert store.text(reply) == "text"
    store.database.execute("PRAGMA max_page_count = 100000")
    assert store.text(kept(store, "more")) == "more"  # it takes more as soon as there is room


# Other processes.


def child(program: str, path: Path) -> "subprocess.Popen[str]":
    """Start a process that has `store`, `origin` and `piece`."""
    begin = f"""
import os, sys
from pathlib import Path
from tests.history.test_store import *
store = Store(Path({str(path)!r}))
"""
    return subprocess.Popen(
        [sys.executable, "-c", begin + program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def test_what_was_committed_before_a_kill_is_there_and_search_finds_it(path: Path) -> None:
    program = """
reply, number = store.begin(origin()), 0
empty = store.begin(origin())
while True:
    store.append(reply, piece(6 * number, f"w{number:04} "))
    print(number, flush=True)
    number += 1
"""
    with child(program, path) as process:
        assert process.stdout is not None
        committed = -1
        while committed < 20:
            committed = int(process.stdout.readline())
        with closing(Store(path)) as store:
            store.recover()  # it lives: nothing of it is touched
            assert [entry.ended for entry in store.entries()] == [False, False]
        process.send_signal(signal.SIGKILL)
        said = process.stdout.read().split()
        assert process.wait(WAIT_S) == -signal.SIGKILL
        committed = int(said[-1]) if said else committed
    with closing(Store(path)) as store:
        store.recover()
        (entry,) = store.entries()  # one without a character is none
        assert entry.ended
        assert entry.length in (6 * (committed + 1), 6 * (committed + 2))  # one may be untold
        text = "".join(f"w{number:04} " for number in range(entry.length // 6))
        assert store.recording(entry.id).text == text
        assert found(store, "w0000") == found(store, f"w{committed:04}") == [entry.id]
        store.recover()  # and again: nothing changes
        assert store.entries() == [entry]


def test_what_one_app_has_read_no_other_changes_before_it_has_written(path: Path) -> None:
    with closing(Store(path)) as store, closing(Store(path, timeout_s=0.05)) as other:
        reply = kept(store, "text")
        with transaction(store.database):
            assert store.database.execute("SELECT count(*) FROM replies").fetchone() == (1,)
            with pytest.raises(HistoryError, match="is locked by another program"):
                other.star(reply)
            assert other.text(reply) == "text"  # reading waits for nobody
            store.database.execute("UPDATE replies SET name = 'mine'")
        other.star(reply)
        entry = other.entry(reply)
        assert (entry.name, entry.starred) == ("mine", True)


def test_a_reply_is_recovered_if_its_process_number_is_ours_by_now(store: Store) -> None:
    reply = store.begin(origin())
    store.append(reply, piece(0, "text"))
    store.recover()
    assert not store.entry(reply).ended
    store.database.execute("UPDATE replies SET owner = 'an earlier one'")
    store.recover()
    assert store.entry(reply).ended


def test_a_reply_that_still_grows_is_not_purged(store: Store) -> None:
    reply = store.begin(origin())
    store.append(reply, piece(0, "text"))
    store.delete(reply)
    assert store.purge() == 0
    store.append(reply, piece(4, " more"))
    store.finish(reply)
    assert store.purge() == 1


def test_two_apps_that_begin_and_write_at_once_share_one_history(path: Path) -> None:
    program = """
sys.stdin.readline()
reply = store.begin(origin(sys.argv[0]))
for number in range(100):
    store.append(reply, piece(4 * number, f"{number:03} "))
    store.add_prompt(f"{os.getpid()} {number}")
store.finish(reply)
store.close()
"""
    processes = [child(program, path) for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=WAIT_S)
        assert process.returncode == 0
    with closing(Store(path)) as store:
        text = "".join(f"{number:03} " for number in range(100))
        assert [store.text(reply) for reply in found(store, "000 099")] == [text, text]
        assert len(store.prompts(limit=1000)) == 200
        assert store.database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
