"""Keys that come at once: each acts on what the one before has led to, and once."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest
from textual.command import CommandPalette
from textual.events import Key
from textual.widgets import Input, Label

from charlm_tui.engine.insight_protocol import WhatIfRequested
from charlm_tui.engine.protocol import DrawRequested, LanesRequested
from charlm_tui.history.store import Store
from charlm_tui.session.updates import Noticed, Phase
from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.help import HelpScreen
from charlm_tui.tui.screens.history import HistoryScreen
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.screens.recall import RecallScreen
from charlm_tui.tui.screens.studio import StudioScreen
from charlm_tui.tui.screens.what_if import WhatIfScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.find_line import FindLine
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

WIDE = (120, 40)
_CHARACTERS = {"space": " ", "colon": ":", "slash": "/", "full_stop": "."}
_NAMES = {character: name for name, character in _CHARACTERS.items()}


def at_once(it: Studio, *keys: str) -> None:
    """Press keys as a terminal tells of them that come in one read."""
    for key in keys:
        character = _CHARACTERS.get(key, key if len(key) == 1 else None)
        it.app.post_message(Key(_NAMES.get(key, key), character))


async def settled(it: Studio) -> None:
    """Let all that was pressed act; a key that ends the app shows itself here."""
    for _ in range(10):
        await it.pilot.pause()


async def replied(it: Studio, *seeds: str) -> None:
    await it.load()
    for seed in seeds:
        await it.send(seed)
        await it.stream("abc")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
    await it.pilot.press("escape")


def kept(path: Path) -> list[str]:
    with closing(Store(path)) as store:
        return [entry.seed for entry in store.entries() if entry.ended]


async def over(it: Studio, screen: type, *keys: str) -> None:
    await it.pilot.press(*keys)
    await it.until(lambda: isinstance(it.app.screen, screen), f"{screen.__name__} is there")


# A screen that is leaving.


async def test_a_prompt_is_recalled_once_by_enter_pressed_twice() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one", "two")
        await over(it, RecallScreen, "ctrl+r")
        at_once(it, "enter", "enter")
        await settled(it)
        assert isinstance(it.app.screen, StudioScreen)
        assert it.prompt.text == "two"  # and it was not sent


async def test_a_reply_is_opened_once_by_enter_pressed_twice(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await replied(it, "one")
        await it.until(lambda: kept(path) == ["one"], "it was kept")
        await over(it, HistoryScreen, "slash")
        await it.pilot.press("down")
        at_once(it, "enter", "enter", "u")
        await settled(it)
        assert isinstance(it.app.screen, StudioScreen)
        assert len(it.app.conversation.turns) == 2  # `u` of the history takes no turn back


async def test_the_key_that_quits_is_heard_though_the_screen_that_it_was_typed_at_leaves(
    tmp_path: Path,
) -> None:
    async with studio(WIDE, setup=Setup(history=tmp_path / "h.db")) as it:
        await replied(it, "one")
        await over(it, HistoryScreen, "slash")
        at_once(it, "escape", "escape", "u", "ctrl+q")
        await it.until(lambda: it.app._exit, "the app leaves")
        assert len(it.app.conversation.turns) == 1  # `u` was for the history


async def test_a_controls_value_is_typed_once_by_enter_pressed_twice() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        await over(it, AskScreen, "c", "enter")
        it.app.screen.query_one(Input).value = "0.7"
        at_once(it, "enter", "enter")
        await settled(it)
        assert isinstance(it.app.screen, StudioScreen)
        assert it.app.conversation.controls.settings.temperature == 0.7


async def test_a_command_that_is_entered_twice_acts_once() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one", "two", "three")
        await over(it, AskScreen, "colon")
        it.app.screen.query_one(Input).value = "undo"
        at_once(it, "enter", "enter", "enter")
        await settled(it)
        assert isinstance(it.app.screen, StudioScreen)
        assert [turn.seed for turn in it.app.conversation.turns] == ["one", "two"]


@pytest.mark.parametrize("opens", ["f1", "ctrl+r", "colon", "ctrl+p", "slash", "A", "a", "m"])
async def test_every_screen_leaves_once(opens: str, tmp_path: Path) -> None:
    async with studio(WIDE, setup=Setup(history=tmp_path / "h.db")) as it:
        await replied(it, "one")
        for keys in [("escape", "escape"), ("enter", "escape", "enter")]:
            await it.pilot.press("left", "left", opens)
            await it.until(lambda: len(it.app.screen_stack) == 2, "a screen is there")
            at_once(it, *keys)
            await settled(it)
            if len(it.app.screen_stack) == 2:  # Enter did not leave it, or was refused
                await it.pilot.press("escape")
            await it.until(lambda: isinstance(it.app.screen, StudioScreen), "the studio is back")
            await it.pilot.press("escape")


async def test_a_command_that_is_picked_twice_in_the_palette_runs_once() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one", "two", "three")
        await over(it, CommandPalette, "ctrl+p")
        await it.pilot.press(*"undo")
        await it.until(lambda: it.app.screen.query_one("CommandList").option_count, "it is found")
        await it.until(lambda: it.app.screen._list_visible, "it is listed")
        at_once(it, "enter", "enter", "enter")
        await settled(it)
        assert isinstance(it.app.screen, StudioScreen)
        assert [turn.seed for turn in it.app.conversation.turns] == ["one", "two"]


async def test_a_theme_is_picked_once() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        it.app.action_change_theme()
        await it.until(lambda: isinstance(it.app.screen, CommandPalette), "themes are offered")
        await it.pilot.press(*"nord")
        await it.until(lambda: it.app.screen._list_visible, "it is listed")
        at_once(it, "enter", "enter", "enter")
        await settled(it)
        assert isinstance(it.app.screen, StudioScreen)
        assert it.app.theme == "nord"


# A dialog closes before its answer acts.


async def test_a_command_may_open_a_screen() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        await over(it, AskScreen, "colon")
        await over(it, HelpScreen, *"help", "enter")
        await it.pilot.press("escape")
        await it.until(lambda: isinstance(it.app.screen, StudioScreen), "the studio is back")


async def test_a_question_comes_back_with_what_was_typed_for_as_long_as_it_is_refused() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        await over(it, AskScreen, "colon")
        await it.pilot.press(*"tmep", "enter")
        await it.until(
            lambda: "did you mean" in str(it.app.screen.query_one("#refusal", Label).content),
            "it says why",
        )
        assert it.app.screen.query_one(Input).value == "tmep"
        await it.pilot.press(*["backspace"] * 3, *"emp 0.7", "enter")
        await it.until(lambda: isinstance(it.app.screen, StudioScreen), "it was taken")
        assert it.app.conversation.controls.settings.temperature == 0.7


async def own_ladder(it: Studio) -> LadderScreen:
    await over(it, CommandPalette, "ctrl+p")
    await it.pilot.press(*"ladder of temp")
    await it.until(lambda: it.app.screen._list_visible, "it is listed")
    await over(it, AskScreen, "enter")
    await over(it, LadderScreen, "enter")
    screen = it.app.screen
    assert isinstance(screen, LadderScreen)
    return screen


async def test_a_ladder_of_ones_own_temperatures_that_was_left_is_told_nothing_more(
    tmp_path: Path,
) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await replied(it, "one")
        await it.until(lambda: kept(path) == ["one"], "it was kept")
        await own_ladder(it)
        it.engine.lanes(["ab", "cd", "ef", "gh"])
        await it.pilot.press("enter")
        await it.until(lambda: isinstance(it.app.screen, StudioScreen), "a lane was taken")
        await settled(it)
        it.app.conversation.tell(Noticed("said"))
        await over(it, HistoryScreen, "slash")
        await it.pilot.press("down", "p")
        await settled(it)
        assert isinstance(it.app.screen, StudioScreen)
        assert it.transcript.has_focus


async def test_a_ladder_of_ones_own_temperatures_begins_while_a_reply_streams() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        await it.pilot.press("escape")
        await over(it, CommandPalette, "ctrl+p")
        await it.pilot.press(*"ladder of temp")
        await it.until(lambda: it.app.screen._list_visible, "it is listed")
        it.engine.stream("abc")
        await over(it, AskScreen, "enter")
        it.engine.stream("def")
        at_once(it, "enter")
        it.engine.stream("ghi")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there")
        assert isinstance(it.engine.last, LanesRequested)


# A screen that is on its way.


async def test_what_is_typed_while_a_screen_opens_is_for_that_screen(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await replied(it, "one", "two")
        await it.until(lambda: len(kept(path)) == 2, "they were kept")
        requests = len(it.engine.requests)
        at_once(it, "slash", *"death")
        await it.until(lambda: isinstance(it.app.screen, HistoryScreen), "the history is there")
        await it.until(lambda: it.app.screen.query_one(Input).value == "death", "it is searched")
        assert len(kept(path)) == 2
        assert len(it.engine.requests) == requests


async def test_a_command_is_typed_at_once_and_what_follows_is_for_the_studio() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        at_once(it, "colon", *"temp", "space", "0", "full_stop", "7", "enter", "i", *"hi", "enter")
        await it.until(lambda: ("seed", "hi") in it.blocks, "a seed was sent")
        assert isinstance(it.engine.last, DrawRequested)
        assert it.engine.last.controls.settings.temperature == 0.7


@pytest.mark.parametrize("opens", ["m", "a", "A"])
@pytest.mark.parametrize("apart", [0, 3])
async def test_a_key_that_comes_before_a_screen_is_made_waits_for_it(
    opens: str, apart: int
) -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        await it.pilot.press("left", "left")
        at_once(it, opens)
        for _ in range(apart):
            await asyncio.sleep(0)
        at_once(it, "f3", "plus", "pagedown", "f2")
        await settled(it)
        assert len(it.app.screen_stack) == 2
        if opens == "m":
            assert it.app.conversation.controls.settings.temperature == pytest.approx(0.55)
            asked = [each for each in it.engine.requests if isinstance(each, WhatIfRequested)]
            assert asked[-1].settings.temperature == pytest.approx(0.55)
            assert isinstance(it.app.screen, WhatIfScreen)


@pytest.mark.parametrize("key", ["pagedown", "pageup", "ctrl+end"])
async def test_a_palette_that_lists_nothing_yet_has_nowhere_to_go(key: str) -> None:
    async with studio(WIDE) as it:
        await it.load()
        at_once(it, "ctrl+p", key, *"step", key)
        await settled(it)
        at_once(it, key)
        await settled(it)
        assert isinstance(it.app.screen, CommandPalette)
        assert it.app.screen.query_one(Input).value == "step"


@pytest.mark.parametrize("seeds", [(), ("one",)])
async def test_a_history_that_is_not_drawn_yet_has_nowhere_to_go(
    tmp_path: Path, seeds: tuple[str, ...]
) -> None:
    path = tmp_path / "h.db"
    async with studio(WIDE, setup=Setup(history=path)) as it:
        await replied(it, *seeds)
        await it.until(lambda: len(kept(path)) == len(seeds), "it was kept")
        at_once(it, "slash", "down", "pagedown", "pageup", "end", "home", "G", "g", "pagedown")
        await settled(it)
        assert isinstance(it.app.screen, HistoryScreen)


# Each press counts.


async def test_every_press_of_a_key_draws_one_character() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        at_once(it, *"nnnnnnnnnn")
        await settled(it)
        last = it.engine.last
        assert isinstance(last, DrawRequested)
        assert (last.first, last.controls.length) == (3, 13)
        await it.stream("abcdefghij")
        it.engine.end()
        await settled(it)
        assert it.app.conversation.state is Phase.PAUSED
        await it.pilot.press("n")
        assert it.engine.last.controls.length == 14


@pytest.mark.parametrize("key", ["f1", "ctrl+r", "colon"])
async def test_no_field_blinks_as_an_idle_screen_is_not_drawn(key: str) -> None:
    async with studio() as it:
        await it.load()
        it.prompt.insert("typed before")
        await it.pilot.press("enter")
        it.engine.stream("one")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        await it.pilot.press("escape", key)
        await it.until(lambda: it.app.screen.query(Input), "the field is there")
        await it.pilot.pause()
        assert not any(field.cursor_blink for field in it.app.screen.query(Input))


async def test_find_opens_again_where_it_is_open() -> None:
    async with studio(WIDE) as it:
        await replied(it, "one")
        await it.pilot.press("escape", "F", "z")
        it.transcript.focus()
        await it.pilot.press("F", "o", "n")
        await settled(it)
        await it.until(lambda: len(it.app.screen.query(FindLine)) == 1, "one line is there")
        assert it.app.screen.query_one(FindLine).query_one(Input).value == "on"
