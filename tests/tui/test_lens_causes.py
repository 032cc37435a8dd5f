"""The lens ranks units by what they cause at the marked character, and holds them."""

from array import array

import pytest
from textual.widgets import Input, Label

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import CauseRequested, CauseTold, LensOpened
from charlm_tui.engine.protocol import DrawRequested
from charlm_tui.lm.held import Held
from charlm_tui.lm.settings import Settings
from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.lens import LensScreen
from charlm_tui.tui.widgets.status import Status
from charlm_tui.tui.widgets.unit_list import UnitList
from tests.support.engines import SYMBOLS
from tests.support.lens import RANKINGS, TENSORS, asked, look, text_of
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

SIZE = (120, 40)
SEED, TEXT = "seed ", "one wall\nand another wall"
CONTROLS = Controls(Settings(0.5, rng_seed=7), speed=0.0, pin=7)


async def opened(it: Studio) -> LensScreen:
    await it.load()
    await it.send(SEED)
    await it.stream(TEXT)
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")
    screen = await look(it)
    it.engine.say(LensOpened(asked(it).number, TENSORS, RANKINGS))
    await it.until(lambda: "units" in title(it), "the units are there")
    return screen


def title(it: Studio) -> str:
    return str(it.app.screen.query_one("#lens-title", Label).content)


def settings(it: Studio) -> Settings:
    return it.app.screen_stack[0].query_one(Status).controls.settings


def refusal(it: Studio) -> str:
    """What is said over a question of an answer that was refused."""
    found = it.app.screen.query("#refusal").results(Label)
    return next((str(label.content) for label in found), "")


def causes(it: Studio) -> list[CauseRequested]:
    return [each for each in it.engine.requests if isinstance(each, CauseRequested)]


def tell(it: Studio, rows: dict[int, tuple[float, str, float]], place: int | None = None) -> None:
    """Answer the last question about causes, or one about another character."""
    last = causes(it)[-1]
    bits, towards, gains = zip(*rows.values(), strict=True)
    it.engine.say(
        CauseTold(
            last.number,
            last.place if place is None else place,
            last.mean,
            array("I", rows).tobytes(),
            array("f", bits).tobytes(),
            array("H", map(SYMBOLS.index, towards)).tobytes(),
            array("f", gains).tobytes(),
        )
    )


async def test_units_are_ranked_by_what_they_cause_at_the_marked_character() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await opened(it)
        last = len(TEXT) - 1
        assert text_of(it).marked == len(SEED) + last
        await it.pilot.press("c")
        [request] = causes(it)
        assert (request.number, request.place, request.mean) == (asked(it).number, last, False)
        read = "".join(SYMBOLS[index] for index in array("H", request.read))
        assert read == "\n" + SEED + TEXT[:-1]  # all that the character was predicted from
        assert "asking the model what its units cause" in title(it)
        tell(it, {7: (0.5, "s", 0.25), 2: (0.125, " ", 0.0625)})
        await it.until(lambda: "cause of ‘l’ 1/2" in title(it), "it is told")
        assert "set to zero: moves it 0.500 bits, most towards ‘s’ +0.25" in title(it)
        rows = it.app.screen.query_one(UnitList)
        assert rows.rows == (("c[1]", 1.0, "0.500→s"), ("h[2]", 0.25, "0.125→␣"))
        assert rows.border_title == "cause of ‘l’"
        await it.pilot.press("down")
        await it.until(lambda: "towards space +0.06" in title(it), "the next one is told")


async def test_a_command_opens_the_lens_with_the_causes_at_a_character() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await it.load()
        await it.send(SEED)
        await it.stream(TEXT)
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        for line, place in [("/causes 5", 4), ("/causes", len(TEXT) - 1)]:
            it.prompt.insert(line)
            it.prompt.focus()
            await it.pilot.press("enter")
            await it.until(lambda: isinstance(it.app.screen, LensScreen), "the lens is there")
            it.engine.say(LensOpened(asked(it).number, TENSORS, RANKINGS))
            await it.until(lambda: causes(it)[-1:] != [], "it was asked")
            assert (causes(it)[-1].number, causes(it)[-1].place) == (asked(it).number, place)
            await it.until(lambda: "asking the model" in title(it), "that is said")
            it.engine.requests.clear()
            await it.pilot.press("escape")
            await it.until(lambda: not isinstance(it.app.screen, LensScreen), "it is left")


async def test_another_character_and_the_mean_are_asked_about_and_late_answers_dropped() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await opened(it)
        await it.pilot.press("c", "left", "left")
        places = [each.place for each in causes(it)]
        last = len(TEXT) - 1
        assert places == [last, last - 1, last - 2]
        tell(it, {3: (9.0, "s", 1.0)}, place=last)
        tell(it, {7: (0.5, "s", 0.25)})
        await it.until(lambda: "cause of ‘a’ 1/1" in title(it), "the last one is told")
        assert it.app.screen.query_one(UnitList).rows == (("c[1]", 1.0, "0.500→s"),)
        await it.pilot.press("m")
        assert causes(it)[-1].mean
        tell(it, {5: (0.25, "s", 0.25)})
        await it.until(lambda: "set to its mean" in title(it), "the mean is told")
        last = causes(it)[-1]
        await it.pilot.press("c", "down")
        await it.until(lambda: "variance 2/3" in title(it), "the ranking of before is back")
        tell(it, {5: (0.25, "s", 0.25)})
        await it.pilot.pause()
        assert "variance 2/3" in title(it)  # a late answer changes nothing
        assert causes(it)[-1] == last


async def test_a_character_of_the_seed_is_told_as_such() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await opened(it)
        text_of(it).marked = 2
        await it.pilot.pause()
        await it.pilot.press("c")
        await it.pilot.pause()
        assert not causes(it)
        assert it.app.screen.obstacle("causes").startswith("the marked character is of the seed")
        assert it.app.screen.obstacle("mark", (-1,)) == ""
        text_of(it).marked = 0
        assert it.app.screen.obstacle("mark", (-1,)) != ""
        assert it.app.screen.obstacle("mean") != ""


async def test_why_nothing_is_caused_is_told() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await opened(it)
        await it.pilot.press("c")
        last = causes(it)[-1]
        it.engine.say(CauseTold(last.number, last.place, sentence="the model failed"))
        await it.until(lambda: "the model failed" in title(it), "the sentence is told")
        assert it.app.screen.obstacle("move", (1,)) == "the model failed"


async def test_a_key_holds_the_unit_and_the_same_key_lets_it_go() -> None:
    async with studio(SIZE, controls=CONTROLS) as it:
        await opened(it)
        unit = it.app.screen._pins.current
        assert unit == 3  # varies most
        await it.pilot.press("h")
        await it.until(lambda: isinstance(it.app.screen, AskScreen), "a value is asked for")
        it.app.screen.query_one(Input).value = "much"
        await it.pilot.press("enter")
        await it.until(lambda: refusal(it), "what is no value is asked for again")
        assert "is no value to hold a unit at" in refusal(it)
        it.app.screen.query_one(Input).value = "-1.5"
        await it.pilot.press("enter")
        await it.until(lambda: "h[3] = -1.5 held" in title(it), "it is held")
        assert settings(it).held == (Held("h", 3, -1.5),)
        await it.pilot.press("escape")
        await it.until(lambda: "h[3] = -1.5 held" in it.status, "the studio tells of it")
        it.prompt.focus()
        await it.send("again ")
        request = it.engine.last
        assert isinstance(request, DrawRequested)
        assert request.controls.settings.held == (Held("h", 3, -1.5),)
        await it.stream("some")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        await look(it)
        it.engine.say(LensOpened(asked(it).number, TENSORS, RANKINGS))
        await it.until(lambda: "held" in title(it), "the lens is open")
        read = len(array("H", asked(it).read))
        assert asked(it).holds == ((read - len("some"), (Held("h", 3, -1.5),)),)
        await it.pilot.press("h")
        await it.until(lambda: "held" not in title(it), "it is let go")
        assert settings(it).held == ()
