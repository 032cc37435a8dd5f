"""The history in the app: what is kept, found again and brought back, on a real database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from textual.widgets import Input, Label

from charlm_tui.engine.protocol import DrawRequested, RemakeRequested
from charlm_tui.history.lookup import Lookup
from charlm_tui.history.store import Store
from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.history import HistoryList, HistoryScreen
from charlm_tui.tui.screens.recall import RecallScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.keys_line import KeysLine
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

WIDE = (120, 40)


async def said(it: Studio, seed: str, text: str) -> None:
    await it.send(seed)
    await it.stream(text)
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")


async def until_kept(it: Studio, count: int) -> None:
    """Wait until the history has so many replies that search finds."""

    def kept() -> bool:
        with closing(Store(it.app.setup.history)) as store:
            return sum(entry.ended for entry in store.entries()) == count

    await it.until(kept, f"{count} replies were kept")


async def opened(it: Studio, count: int) -> HistoryScreen:
    """Go to the history as soon as it has so many replies that search finds."""
    await until_kept(it, count)
    await it.pilot.press("escape", "slash")
    await it.until(lambda: isinstance(it.app.screen, HistoryScreen), "the history is there")
    screen = it.app.screen
    assert isinstance(screen, HistoryScreen)
    return screen


def rows(it: Studio) -> list[str]:
    return [
        str(listed.get_option_at_index(i).prompt)
        for listed in it.app.screen.query(HistoryList)
        for i in range(listed.option_count)
    ]


def kept_rows(path: Path) -> int:
    with closing(Store(path)) as store:
        return len(store.entries())


@contextmanager
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the history as another program does that writes for a long time."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield other


@pytest.mark.parametrize(
    ("size", "told"),
    [(WIDE, "fake, 6 characters, 1.00 bits, temperature 0.5, RNG seed"), ((60, 24), "T0.5  RNG ")],
)
async def test_a_row_tells_temperature_and_rng_seed_at_any_width(
    tmp_path: Path, size: tuple[int, int], told: str
) -> None:
    async with studio(size, setup=Setup(history=tmp_path / "h.db")) as it:
        await it.load()
        await it.send("one")
        await it.stream("abcdef")
        it.engine.end()
        await opened(it, 1)
        await it.until(lambda: rows(it), "it is listed")
        assert told in rows(it)[0]


async def test_a_damaged_reply_is_left_out_by_its_number_and_the_others_are_listed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await it.load()
        await said(it, "first seed", "the rain sang")
        await said(it, "second seed", "nobody asked why")
        await until_kept(it, 2)
        with closing(sqlite3.connect(path)) as other, other:
            other.execute("UPDATE replies SET started_s = 9e999, seed = x'ff' WHERE id = 1")
        await opened(it, 1)
        await it.until(lambda: len(rows(it)) == 1, "the other one is listed")
        assert "second" in rows(it)[0]
        label = it.app.screen.query_one("#found", Label)
        assert "1 reply; left out: reply 1 of the history" in str(label.content)


async def test_replies_are_listed_newest_first_and_found_as_one_types(tmp_path: Path) -> None:
    async with studio(WIDE, setup=Setup(history=tmp_path / "h.db")) as it:
        await it.load()
        await said(it, "first seed", "the rain sang")
        await said(it, "second seed", "nobody asked why")
        await opened(it, 2)
        await it.until(lambda: len(rows(it)) == 2, "both are listed")
        assert ["second" in rows(it)[0], "first" in rows(it)[1]] == [True, True]
        await it.pilot.press(*"sang ra")
        await it.until(lambda: len(rows(it)) == 1, "one is found")
        assert "first seed" in rows(it)[0]
        await it.pilot.press("escape")
        await it.until(lambda: len(rows(it)) == 2, "all are listed again")
        await it.pilot.press("down", "slash", *"asked")
        await it.until(lambda: len(rows(it)) == 1, "another one is found")


@pytest.mark.parametrize("words", ["death", "soul", "nothing", "muffled"])
async def test_what_is_typed_behind_the_slash_is_searched_and_is_no_command(
    tmp_path: Path, words: str
) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await it.load()
        await said(it, "one", "abc")
        screen = await opened(it, 1)
        line = screen.query_one(KeysLine)
        await it.until(lambda: "↓ To the list" in line.render_line(0).text, "the way is shown")
        await it.pilot.press(*words)
        await it.until(lambda: not rows(it), "nothing is found")
        assert it.app.screen is screen
        assert screen.query_one(Input).value == words
    with closing(Store(path)) as store:
        assert [(entry.seed, entry.starred) for entry in store.entries()] == [("one", False)]


def says(it: Studio) -> str:
    """What stands above the list; nothing while there is no list."""
    labels = it.app.screen.query("#found").results(Label)
    return "".join(str(label.content) for label in labels)


async def test_a_deletion_says_what_it_deleted_and_the_key_that_restores_it(
    tmp_path: Path,
) -> None:
    setup = Setup(history=tmp_path / "h.db", keymap={"history.undo": "z"})
    async with studio(WIDE, setup=setup) as it:
        await it.load()
        await said(it, "one", "abc")
        await said(it, "two", "def")
        await opened(it, 2)
        await it.pilot.press("down", "d")
        await it.until(lambda: says(it) == "Deleted “twodef”; z restores it. 1 reply", "it is said")
        await it.pilot.press("delete")
        await it.until(
            lambda: says(it) == "Deleted “oneabc”; z restores it. 0 replies", "it is said"
        )
        await it.pilot.press("z")
        await it.until(lambda: says(it) == "Restored “oneabc”. 1 reply", "it is said")
        await it.pilot.press("z")
        await it.until(lambda: says(it) == "Restored “twodef”. 2 replies", "it is said")
        await it.pilot.press("z")
        assert len(rows(it)) == 2


async def test_a_deletion_can_be_undone_when_the_history_is_opened_again(tmp_path: Path) -> None:
    async with studio(WIDE, setup=Setup(history=tmp_path / "h.db")) as it:
        await it.load()
        await said(it, "one", "abc")
        await opened(it, 1)
        await it.pilot.press("down", "d", "escape", "slash", "down")
        await it.until(
            lambda: "u Undo" in it.app.screen.query_one(KeysLine).render_line(0).text, "it is shown"
        )
        await it.pilot.press("u")
        await it.until(lambda: ["one" in row for row in rows(it)] == [True], "it is back")


async def test_a_reply_is_named_starred_deleted_and_brought_back(tmp_path: Path) -> None:
    async with studio(WIDE, setup=Setup(history=tmp_path / "h.db")) as it:
        await it.load()
        await said(it, "one", "abc")
        await said(it, "two", "def")
        await opened(it, 2)
        await it.pilot.press("down", "n")
        await it.until(lambda: isinstance(it.app.screen, AskScreen), "a name is asked for")
        it.app.screen.query_one(Input).value = "the second"
        await it.pilot.press("enter")
        await it.until(lambda: "the second" in "".join(rows(it)[:1]), "it has the name")
        await it.pilot.press("s")
        await it.until(lambda: rows(it)[0].startswith("★"), "it is starred")
        await it.pilot.press("f")
        await it.until(lambda: len(rows(it)) == 1, "it alone is listed")
        await it.pilot.press("f", "d")
        await it.until(lambda: ["one" in row for row in rows(it)] == [True], "it is deleted")
        await it.pilot.press("u")
        await it.until(lambda: len(rows(it)) == 2, "it is back")


async def test_a_reply_is_opened_and_goes_on_in_its_own_row(tmp_path: Path) -> None:
    setup = Setup(history=tmp_path / "h.db")
    async with studio(WIDE, setup=setup) as it:
        await it.load()
        await said(it, "seed", "abc")
        await opened(it, 1)
        await it.pilot.press("enter", "enter")
        await it.until(
            lambda: any(isinstance(each, RemakeRequested) for each in it.engine.requests),
            "it is made again",
        )
        assert it.blocks[-1] == ("reply", "abc")
        it.transcript.focus()
        await it.pilot.press("g")
        request = it.engine.last
        assert isinstance(request, DrawRequested)
        assert request.first == 3
        await it.stream("def")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
    with closing(Store(tmp_path / "h.db")) as store:
        assert [entry.beginning for entry in store.entries()] == ["abcdef"]


async def test_a_reply_that_is_branched_is_kept_beside_its_origin(tmp_path: Path) -> None:
    async with studio(WIDE, setup=Setup(history=tmp_path / "h.db")) as it:
        await it.load()
        await said(it, "seed", "abcdef")
        await opened(it, 1)
        await it.pilot.press("down", "b")
        await it.until(lambda: it.transcript.selection is not None, "a character is selected")
        await it.pilot.press("h", "h", "h", "R")
        await it.until(lambda: isinstance(it.engine.last, DrawRequested), "it branched")
        await it.stream("xyz")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
    with closing(Store(tmp_path / "h.db")) as store:
        newest, oldest = store.entries()
        assert (oldest.beginning, newest.parent) == ("abcdef", oldest.id)
        assert newest.beginning == "abcdef"[: newest.forked_at] + "xyz"


async def test_a_history_that_cannot_be_used_is_told_once_and_the_app_goes_on(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.db"
    path.write_bytes(b"this is no database, and it is not to be lost" * 100)
    before = path.read_bytes()
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await it.load()
        await it.until(lambda: any(kind == "error" for kind, _ in it.blocks), "it is told")
        await said(it, "seed", "abc")
        await said(it, "seed", "abc")
        assert [kind for kind, _ in it.blocks].count("error") == 1
        await it.pilot.press("escape", "slash")
        await it.until(lambda: "is no SQLite database" in says(it), "it cannot be looked at")
        await it.pilot.press("escape", "i")
        await said(it, "seed", "abc")
    assert path.read_bytes() == before


async def test_what_was_typed_comes_back_with_up_and_over_sessions(tmp_path: Path) -> None:
    setup = Setup(history=tmp_path / "h.db")
    async with studio(WIDE, setup=setup) as it:
        await it.load()
        await said(it, "one\ntwo", "abc")
        await said(it, "three", "abc")
        it.prompt.insert("draft")
        await it.pilot.press("up")
        assert it.prompt.text == "three"
        await it.pilot.press("up")
        assert it.prompt.text == "one\ntwo"
        await it.pilot.press("down", "down")
        assert it.prompt.text == "draft"
    async with studio(WIDE, setup=setup) as it:
        await it.load()
        await it.until(lambda: len(it.prompt.prompts) == 2, "the prompts are there")
        await it.pilot.press("ctrl+r", *"TWO")
        assert isinstance(it.app.screen, RecallScreen)
        await it.pilot.press("enter")
        await it.until(lambda: it.prompt.text == "one\ntwo", "it is offered")


async def test_without_a_history_nothing_is_offered() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.pilot.press("escape", "slash")
        await it.pilot.pause()
        assert not isinstance(it.app.screen, HistoryScreen)


async def test_keys_act_while_another_program_has_the_history_locked(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await it.load()
        await said(it, "first seed", "the rain sang")
        await said(it, "second seed", "nobody asked why")
        await until_kept(it, 2)
        with locked(path):
            await it.pilot.press("escape", "slash")
            await it.until(lambda: isinstance(it.app.screen, HistoryScreen), "the screen is there")
            await it.pilot.press(*"rain")
            assert it.app.screen.query_one(Input).value == "rain"
            assert rows(it) == []
            await it.pilot.press("escape", "escape")
            await it.until(lambda: not isinstance(it.app.screen, HistoryScreen), "it is left")
            await it.pilot.press("escape", "slash", *"sang")
        await it.until(lambda: len(rows(it)) == 1, "the reply is found once the lock is gone")
        assert "first seed" in rows(it)[0]


async def test_a_star_waits_for_the_lock_and_the_screen_does_not(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await it.load()
        await said(it, "one", "abc")
        await said(it, "two", "def")
        await opened(it, 2)
        await it.until(lambda: len(rows(it)) == 2, "they are listed")
        with locked(path):
            await it.pilot.press("down", "s")
            assert not rows(it)[0].startswith("★")
            await it.pilot.press("j")
            assert it.app.screen.query_one(HistoryList).highlighted == 1
            await it.pilot.press("k")
        await it.until(lambda: rows(it)[0].startswith("★"), "it is starred")


async def test_a_history_that_stays_locked_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    Store(path).close()
    async with studio(WIDE) as it:
        await it.load()
        with locked(path):
            lookup = Lookup(path, it.app.answer, lambda path: Store(path, timeout_s=0.01))
            it.app.push_screen(HistoryScreen(lookup))
            await it.until(lambda: "is locked by another program" in says(it), "told")
        await it.pilot.press("down", "f")
        await it.until(lambda: "0 replies" in says(it), "it is opened after all")
        lookup.close()


async def test_what_is_pressed_before_the_list_is_there_acts_on_it_in_order(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await it.load()
        for seed in ("one", "two", "three"):
            await said(it, seed, "abc")
        await until_kept(it, 3)
        with locked(path):
            await it.pilot.press("escape", "slash")
            await it.until(lambda: isinstance(it.app.screen, HistoryScreen), "the screen is there")
            await it.pilot.press("down", "d", "d")
        await it.until(lambda: ["one" in row for row in rows(it)] == [True], "two are deleted")
        await it.pilot.press("u", "u")
        await it.until(lambda: len(rows(it)) == 3, "both are back")


async def test_a_history_that_is_removed_while_text_streams_is_told_and_begun_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        await it.until(lambda: path.exists() and kept_rows(path), "it is kept")
        path.unlink()
        it.engine.stream("def")
        it.engine.end()
        await it.until(
            lambda: any(f"the history {path} was removed" in text for _, text in it.blocks),
            "it is told",
        )
        await until_kept(it, 1)
        assert [kind for kind, _ in it.blocks].count("error") == 1
    with closing(Store(path)) as store:
        assert [entry.beginning for entry in store.entries()] == ["abcdef"]
