"""A reply with held units beside its twin on the screen: where they part, and what differs."""

import pytest
from textual.widgets import Label

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import DrawRequested, LanesRequested
from charlm_tui.lm.held import Held
from charlm_tui.lm.settings import Settings
from charlm_tui.tui.screens.ladder import LaneText
from charlm_tui.tui.screens.studio import StudioScreen
from charlm_tui.tui.screens.twin import TwinScreen
from charlm_tui.tui.widgets.status import Status
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

SIZE = (120, 40)
HELD = (Held("c", 2, 1.5),)
CONTROLS = Controls(Settings(0.5, rng_seed=7, held=HELD), speed=0.0, pin=7)


async def begun(it: Studio) -> TwinScreen:
    await it.load()
    it.prompt.insert("seed ")
    await it.pilot.press("escape", "B")
    await it.until(lambda: isinstance(it.app.screen, TwinScreen), "the twins are there")
    await it.until(lambda: len(it.app.screen.query(LaneText)) == 2, "they have their lanes")
    screen = it.app.screen
    assert isinstance(screen, TwinScreen)
    return screen


def said(it: Studio) -> str:
    return str(it.app.screen.query_one("#ladder-notice", Label).content)


def marked(screen: TwinScreen) -> list[tuple[int, int]]:
    return [(mark.start, mark.stop) for lane in screen.query(LaneText) for mark in lane._recited]


async def test_twins_differ_in_what_is_held_alone() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        screen = await begun(it)
        request = it.engine.last
        assert isinstance(request, LanesRequested)
        held, alone = request.settings
        assert (held.held, alone.held) == (HELD, ())
        assert held.rng_seed == alone.rng_seed == 7
        assert held.temperature == alone.temperature == 0.5
        assert request.reads[0] == request.reads[1]
        it.engine.lanes(["the wall", "the wall"])
        await it.until(lambda: "the same so far, 8 characters" in said(it), "it is told")
        assert marked(screen) == []
        it.engine.lanes([' "a" b\nof', " an owl i"])
        await it.until(lambda: "part" in said(it), "they part")
        assert 'they part at character 10: ‘"’ held, ‘a’ left alone' in said(it)
        assert "newlines 1/0 · quotation marks 2/0 · word length 2.2/3.0" in said(it)
        assert marked(screen) == [(9, 10), (9, 10)]
        titles = [str(lane.border_title) for lane in screen.query(LaneText)]
        assert titles == ["1 · c[2] = 1.5 held · temp 0.50", "2 · left alone · temp 0.50"]
        it.engine.lanes(["x", "y"])
        await it.until(lambda: all(lane.blocks[-1].length == 18 for lane in screen._lanes), "more")
        assert marked(screen) == [(9, 10), (9, 10)]  # the first place stays


async def test_a_temperature_is_that_of_both_twins() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await begun(it)
        await it.pilot.press("2", "plus")
        request = it.engine.last
        assert isinstance(request, LanesRequested)
        assert [each.temperature for each in request.settings] == [0.55, 0.55]


@pytest.mark.parametrize(("key", "held"), [("1", HELD), ("2", ())])
async def test_who_takes_a_twin_goes_on_with_what_it_holds(
    key: str, held: tuple[Held, ...]
) -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await begun(it)
        it.engine.lanes(["ab", "cd"])
        it.engine.end()
        await it.pilot.press(key, "enter")
        await it.until(lambda: isinstance(it.app.screen, StudioScreen), "the studio is back")
        assert it.app.screen.query_one(Status).controls.settings.held == held
        await it.pilot.press("g")
        request = it.engine.last
        assert isinstance(request, DrawRequested)
        assert request.controls.settings.held == held
        assert bool(request.holds) == bool(held)


async def test_where_nothing_is_held_there_is_no_twin_and_it_is_said_why() -> None:
    async with studio(SIZE) as it:
        await it.load()
        before = len(it.engine.requests)
        it.prompt.insert("/twin")
        await it.pilot.press("enter")
        await it.until(lambda: "no unit is held" in it.drawn(), "it is said why")
        assert len(it.engine.requests) == before
