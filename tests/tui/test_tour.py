"""The guided tour: each press performs a step, and the keys that it names are those that do it."""

import string

import pytest

from charlm_tui.lm.errors import SettingsError
from charlm_tui.reply.tints import Tint
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.keys import KEYS
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.screens.reach import ReachScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.tour import STEPS, Tour, TourPanel, key_labels, step_typed
from charlm_tui.tui.welcome import EXAMPLES
from tests.support.studio import Studio, studio


def named(words: str) -> set[str]:
    """Return the ids that stand for keys in the words of a step."""
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_every_step_names_a_key_that_there_is_and_can_be_performed() -> None:
    labels = key_labels({})
    for step in STEPS:
        assert named(step.words) or step.does == "train"
        assert named(step.words) <= set(labels)
        assert callable(getattr(Tour, f"_{step.does}"))
    plain = {key.command: key.plain for key in KEYS} | {act.id: act.plain for act in ACTS}
    assert (labels["ladder"], labels["preset-1"]) == (plain["ladder"], plain["preset-1"])


def test_a_key_that_was_changed_is_named_as_it_is_now() -> None:
    assert key_labels({"transcript.ladder": "ctrl+y,L"})["ladder"] == "Ctrl+Y"


@pytest.mark.parametrize(("typed", "number"), [("1", 1), (" 9 ", 9), ("off", None)])
def test_a_step_can_be_typed(typed: str, number: int | None) -> None:
    assert step_typed(typed) == number


@pytest.mark.parametrize("typed", ["0", "10", "-1", "one", "1.0", "²"])
def test_no_other_step_can_be_typed(typed: str) -> None:
    with pytest.raises(SettingsError, match="from 1 to 9"):
        step_typed(typed)


def words(it: Studio) -> str:
    return str(it.app.screen_stack[0].query_one(TourPanel).render())


async def type_line(it: Studio, line: str) -> None:
    it.prompt.insert(line)
    await it.press("enter")


async def press(it: Studio, step: int) -> None:
    await it.press("f7")
    assert words(it).startswith(f"Tour {step}/9")


@pytest.mark.slow
async def test_nine_presses_perform_the_notebooks_experiment_and_the_tenth_ends_it() -> None:
    async with studio((120, 40)) as it:
        conversation = it.app.conversation
        await it.load()
        for step, temperature in ((1, 0.2), (2, 1.2), (3, 0.5)):
            await press(it, step)
            assert conversation.controls.settings.temperature == temperature
            assert it.blocks[0] == ("seed", EXAMPLES[0])
            await it.stream("abc def ")
        turn = conversation.turn
        assert turn is not None
        assert len(turn.replies) == 3
        of = [reply.tape.settings_at(0).temperature for reply in turn.replies]
        assert of == [0.2, 1.2, 0.5]
        await press(it, 4)
        assert conversation.controls.settings.temperature == 1.0
        await it.stream("ghi")
        assert turn.text() == "abc def ghi"
        await press(it, 5)
        assert isinstance(it.app.screen, LadderScreen)
        assert conversation.ladder.temperatures == [0.2, 0.5, 1.0, 1.2]
        it.engine.lanes(["abc"] * 4)
        await it.press("escape")
        await press(it, 6)
        assert it.app.screen_stack[0].tinted is Tint.SURPRISAL
        count = len(it.engine.requests)
        await press(it, 7)
        ladder = conversation.turn
        assert ladder is not None
        assert len(ladder.replies) == 5
        assert len(it.engine.requests) > count
        await it.stream("abc")
        await press(it, 8)
        assert isinstance(it.app.screen, ReachScreen)
        await it.press("escape")
        await press(it, 9)
        assert "charlm-tui train" in words(it)
        await it.press("f7")
        assert not it.app.screen.query(TourPanel)
        assert it.app.screen_stack[0].tinted is Tint.PLAIN
        assert conversation.controls.settings.temperature == 0.5
        assert it.prompt.has_focus


@pytest.mark.slow
async def test_a_step_can_be_left_out_done_again_and_the_tour_be_left() -> None:
    async with studio(setup=Setup(keymap={"view.tour": "f10"})) as it:
        await it.load()
        await it.press("f10")
        assert "F10 goes to the next step" in words(it)
        await it.press("left")
        assert words(it).startswith("Tour 1/9")
        await it.press("right")
        assert words(it).startswith("Tour 2/9")
        it.prompt.focus()
        await type_line(it, "/tour 6")
        assert words(it).startswith("Tour 6/9")
        await type_line(it, "/tour 12")
        assert it.blocks[-1][0] == "error"
        it.app.screen.query_one(TourPanel).focus()
        await it.press("escape")
        assert not it.app.screen.query(TourPanel)


@pytest.mark.slow
async def test_a_branch_without_a_reply_is_refused_in_a_sentence() -> None:
    async with studio() as it:
        await it.load()
        await type_line(it, "/tour 7")
        assert it.blocks[-1][0] == "error"
        assert "no reply" in it.blocks[-1][1]
