"""The ladder on the screen: columns that stream together, and one that is taken."""

from contextlib import closing
from pathlib import Path

import pytest
from textual.widgets import Input

from charlm_tui.engine.protocol import (
    Acknowledged,
    DrawRequested,
    LanesRequested,
    LoadBesideRequested,
    LoadedBeside,
    ModelLoaded,
    RestRequested,
)
from charlm_tui.history.store import Store
from charlm_tui.tui.screens.ladder import LadderScreen, LaneText
from charlm_tui.tui.screens.studio import StudioScreen
from charlm_tui.tui.setup import Setup
from tests.support.engines import RUNTIME, SYMBOLS
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # nearly every test starts the app

WIDE = (120, 40)


async def climb(it: Studio, seed: str = "seed") -> LadderScreen:
    await it.load()
    it.prompt.insert(seed)
    await it.pilot.press("escape", "A")
    await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there")
    screen = it.app.screen
    assert isinstance(screen, LadderScreen)
    return screen


def texts(screen: LadderScreen) -> list[str]:
    return [
        "".join(block.text for block in lane.blocks if block.kind == "reply")
        for lane in screen.query(LaneText)
    ]


async def test_four_lanes_stream_together_and_each_batch_is_acknowledged() -> None:
    async with studio(WIDE) as it:
        screen = await climb(it)
        request = it.engine.last
        assert isinstance(request, LanesRequested)
        assert [settings.temperature for settings in request.settings] == [0.2, 0.5, 1.0, 1.2]
        it.engine.lanes(["ab", "cd", "ef", "gh"])
        it.engine.lanes(["ij", "kl", "mn", "op"])
        await it.until(lambda: texts(screen) == ["abij", "cdkl", "efmn", "ghop"], "they stream")
        await it.until(
            lambda: Acknowledged(request.request_id, 4) in it.engine.requests,
            "they are acknowledged",
        )
        assert "0.20" in str(screen.query_one("#lane-0", LaneText).border_title)
        lane = screen.query_one("#lane-3", LaneText)
        await it.until(lambda: "4 · 1.00 bits" in str(lane.border_subtitle), "it is told")


async def test_the_chosen_lane_is_taken_and_the_others_are_siblings() -> None:
    async with studio(WIDE) as it:
        await climb(it)
        it.engine.lanes(["ab", "cd", "ef", "gh"])
        it.engine.end()
        await it.pilot.press("right", "right", "enter")
        await it.until(lambda: isinstance(it.app.screen, StudioScreen), "the studio is back")
        assert it.blocks[-1] == ("reply", "ef")
        assert "‹3/4›" in it.drawn()
        await it.pilot.press("g")
        request = it.engine.last
        assert isinstance(request, DrawRequested)
        assert (request.first, request.controls.settings.temperature) == (2, 1.0)
        it.engine.stream("zz")
        await it.until(lambda: it.reply == "efzz", "it goes on")
        await it.pilot.press("s", "left_square_bracket")
        await it.until(lambda: it.reply == "cd", "a sibling is shown")


async def test_a_lane_is_turned_paused_and_left_with_escape() -> None:
    async with studio(WIDE) as it:
        screen = await climb(it)
        it.engine.lanes(["ab", "cd", "ef", "gh"])
        await it.until(lambda: texts(screen)[0] == "ab", "they stream")
        await it.pilot.press("2", "plus")
        request = it.engine.last
        assert isinstance(request, LanesRequested)
        assert request.settings[1].temperature == 0.55
        assert request.first == 2
        await it.pilot.press("space")
        assert isinstance(it.engine.last, RestRequested)
        await it.pilot.press("space")
        assert isinstance(it.engine.last, LanesRequested)
        await it.pilot.press("escape")
        await it.until(lambda: isinstance(it.app.screen, StudioScreen), "the studio is back")
        assert it.blocks[-1] == ("reply", "cd")


async def test_temperatures_of_ones_own_and_a_narrow_screen() -> None:
    async with studio((60, 20)) as it:
        await it.load()
        it.prompt.insert("seed")
        it.app.screen.action_open("own_ladder")
        await it.pilot.pause()
        it.app.screen.query_one(Input).value = "0.1, 0.9 x"
        await it.pilot.press("enter")
        it.app.screen.query_one(Input).value = "0.1, 0.9, 1.5"
        await it.pilot.press("enter")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there")
        it.engine.lanes(["a", "b", "c"])
        screen = it.app.screen
        assert isinstance(screen, LadderScreen)
        await it.until(lambda: texts(screen) == ["a", "b", "c"], "they stream")
        assert all(lane.size.height > 2 for lane in screen.query(LaneText))


async def test_an_engine_that_dies_is_told_and_the_lanes_go_on() -> None:
    async with studio(WIDE) as it:
        screen = await climb(it)
        it.engine.lanes(["ab", "cd", "ef", "gh"])
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "another engine was started")
        it.engine.load()
        await it.until(lambda: it.app.conversation.can_resume, "it is ready")
        await it.pilot.press("g")
        request = it.engine.last
        assert isinstance(request, LanesRequested)
        assert request.first == 2
        it.engine.lanes(["x", "y", "z", "w"])
        await it.until(lambda: texts(screen) == ["abx", "cdy", "efz", "ghw"], "they go on")


async def test_every_lane_is_kept_in_the_history(tmp_path: Path) -> None:
    async with studio(WIDE, setup=Setup(history=tmp_path / "h.db")) as it:
        await climb(it)
        it.engine.lanes(["ab", "cd", "ef", "gh"])
        it.engine.lanes(["ij", "kl", "mn", "op"])
        it.engine.end()
        await it.until(lambda: it.app.conversation.can_resume, "the replies ended")
        await it.pilot.press("3", "enter")
        await it.pilot.press("g")
        await it.until(lambda: isinstance(it.engine.last, DrawRequested), "it goes on")
        it.engine.stream("zz")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
    with closing(Store(tmp_path / "h.db")) as store:
        assert sorted(entry.beginning for entry in store.entries()) == [
            "abij", "cdkl", "efmnzz", "ghop",
        ]  # fmt: skip
        tapes = [store.recording(entry.id).tape for entry in store.entries()]
        assert sorted(tape.settings[0].temperature for tape in tapes) == [0.2, 0.5, 1.0, 1.2]


async def test_lanes_of_models_have_their_names_and_a_narrow_lane_its_number() -> None:
    async with studio(WIDE) as it:
        await it.load()
        it.prompt.insert("seed")
        it.app.screen.action_open("model_ladder")
        await it.pilot.pause()
        question = it.app.screen.query_one(Input)
        assert question.value == "fake.onnx "
        question.value = "'my models/a.onnx' b.onnx"
        await it.pilot.press("enter")
        await it.until(
            lambda: LoadBesideRequested(("my models/a.onnx", "b.onnx")) in it.engine.requests,
            "they are asked for",
        )
        models = tuple(
            ModelLoaded(path, "m", sha256, SYMBOLS, "lower", 60, {}, RUNTIME)
            for path, sha256 in (("my models/a.onnx", "1" * 64), ("b.onnx", "2" * 64))
        )
        it.engine.say(LoadedBeside(models, ("1" * 64, "2" * 64, "0" * 64)))
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there")
        request = it.engine.last
        assert isinstance(request, LanesRequested)
        assert request.models == ("1" * 64, "2" * 64)
        assert len({settings.rng_seed for settings in request.settings}) == 1
        it.engine.lanes(["ab", "cd"])
        screen = it.app.screen
        assert isinstance(screen, LadderScreen)
        await it.until(lambda: texts(screen) == ["ab", "cd"], "they stream")
        lanes = list(screen.query(LaneText))
        titles = ["1 · a · temp 0.50", "2 · b · temp 0.50"]
        await it.until(lambda: [lane.border_title for lane in lanes] == titles, "they are titled")
        await it.pilot.resize_terminal(24, 20)
        screen._title_lanes()
        assert lanes[0].border_title == "1 · a · temp 0.50"
        await it.pilot.resize_terminal(16, 20)
        screen._title_lanes()
        assert lanes[0].border_title == "1 · a 0.50"


async def test_a_model_that_is_refused_is_told_and_no_ladder_begins() -> None:
    async with studio(WIDE) as it:
        await it.load()
        it.prompt.insert("/ladder a.onnx b.onnx")
        await it.pilot.press("enter")
        await it.until(
            lambda: isinstance(it.engine.last, LoadBesideRequested), "they are asked for"
        )
        it.engine.say(LoadedBeside(sentence="a.onnx does not exist; check the path"))
        await it.until(lambda: "a.onnx does not exist" in it.drawn(), "it is told")
        assert isinstance(it.app.screen, StudioScreen)
        assert "ready" in it.status
