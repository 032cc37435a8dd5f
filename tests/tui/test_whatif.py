"""What if on the screen: one table of a character under several settings."""

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Label

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import Dismissed, Progressed, WhatIfRequested, WhatIfTold
from charlm_tui.engine.protocol import DrawRequested
from charlm_tui.lm.settings import Settings
from charlm_tui.tui.screens.what_if import WhatIfScreen
from charlm_tui.tui.widgets.what_if_table import bits, chance, share_of
from tests.support.engines import SYMBOLS
from tests.support.studio import Studio, studio
from tests.support.what_if import ROWS, asked, lines, table, told

pytestmark = pytest.mark.slow  # every test starts the app

WIDE, NARROW, SMALL = (120, 40), (60, 20), (40, 12)
SEED, TEXT = "seed ", "one wall\nand another"


async def replied(it: Studio, text: str = TEXT) -> None:
    await it.load()
    await it.send(SEED)
    await it.stream(text)
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")


async def opened(it: Studio) -> WhatIfRequested:
    """Open the table on the reply's last character; nothing is told yet."""
    await replied(it)
    await it.pilot.press("escape", "left", "left", "m")
    await it.until(lambda: isinstance(it.app.screen, WhatIfScreen), "what if is there")
    await it.until(lambda: asked(it), "it was asked")
    return asked(it)[-1]


def title(it: Studio) -> str:
    return str(it.app.screen.query_one("#what-if-title", Label).content)


async def test_all_that_was_read_before_the_character_is_asked_about() -> None:
    async with studio(WIDE) as it:
        request = await opened(it)
        read = array("H", request.read)
        assert "".join(SYMBOLS[i] for i in read[1:]) == SEED + TEXT[:-1]
        assert (read[0], SYMBOLS[request.drawn]) == (0, TEXT[-1])
        in_force = it.app.conversation.controls.settings
        assert (request.settings, request.carried_from) == (in_force, 0)
        assert "‘r’ after “…seed one wall⏎and anothe”" in title(it)
        assert f"character {len(TEXT)}" in title(it)


async def test_a_temperature_that_moves_stands_at_what_it_has_there() -> None:
    moving = Settings(0.25, rng_seed=7, moving="words", moving_to=1.25)
    async with studio(WIDE, controls=Controls(moving)) as it:
        request = await opened(it)
        assert (request.settings.moving, request.settings.temperature) == ("", 1.25)


async def test_a_carried_state_begins_where_it_began_in_the_reply() -> None:
    async with studio(WIDE, controls=Controls(Settings(0.5, rng_seed=7, depth=4))) as it:
        await it.load()
        await it.send(SEED)
        await it.stream("one wall")
        conversation = it.app.conversation
        conversation.change(conversation.controls.with_settings(carry=True))
        await it.stream("\nand another")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        await it.pilot.press("escape", "left", "left", "m")
        await it.until(lambda: asked(it), "it was asked")
        assert asked(it)[-1].carried_from == 1 + len(SEED) + len("one wall") - 4


async def test_the_row_of_now_comes_first_and_each_row_tells_its_figures() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        drawn = await told(it)
        assert drawn[0].split()[-6:] == ["p", "entropy", "JS", "KL", "own", "KL"]
        assert drawn[1].startswith("▸ now, temperature 0.50 ")
        bars = [line.count("█") for line in drawn[1:]]
        assert bars == [6, 11, 5, 0]  # of 62.5 %, 100 %, 50 % and nothing
        assert drawn[1].split()[-5:] == ["62.5%", "1.30", "0", "0", "·"]
        assert [line[:1] for line in drawn[2:]] == [" "] * 3
        assert drawn[2].split()[-5:] == ["100.0%", "0.00", "0.200", "∞", "·"]
        assert drawn[3].split("50.0%")[1].split() == ["1.00", *["<", "0.0001"] * 3]
        assert drawn[4].split()[-5:] == ["0.0%", "0.00", "1.000", "∞", "12.5"]


async def test_symbols_that_cannot_be_seen_have_names_and_what_stands_there_is_marked() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        drawn = await told(it)
        assert "r 62 space 25 newline 12" in drawn[1]
        marked = [
            segment.text
            for segment in table(it).render_line(1)
            if segment.style is not None and segment.style.underline
        ]
        assert marked == ["r"]


async def test_the_columns_are_explained_below_the_table() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        words = str(it.app.screen.query_one("#what-if-words").content)
        for head in ("p:", "entropy:", "JS:", "KL:", "own KL:"):
            assert f"\n{head}" in f"\n{words}"


@pytest.mark.parametrize("size", [NARROW, SMALL])
async def test_a_narrow_screen_has_what_matters_most(size: tuple[int, int]) -> None:
    async with studio(size) as it:
        await opened(it)
        drawn = await told(it)
        assert "temp 0.2" in drawn[2]
        assert "r 62" in drawn[1]
        heads = ["p", "JS", "KL", "own", "KL"] if size == NARROW else ["p", "JS"]
        assert drawn[0].split("%")[1].split() == heads
        screen = it.app.screen
        assert all(len(line) <= size[0] for line in drawn)
        words = screen.query_one("#what-if-words")
        await it.pilot.press("end")
        await it.until(
            lambda: words.region.bottom <= screen.query_one("#what-if").region.bottom,
            "the explanations can be scrolled to",
        )


async def test_other_settings_are_asked_about_at_once_and_the_old_question_is_dropped() -> None:
    async with studio(WIDE) as it:
        first = await opened(it)
        await told(it)
        await it.pilot.press("plus")
        await it.until(lambda: len(asked(it)) == 2, "it was asked anew")
        assert Dismissed(first.number) in it.engine.requests
        assert asked(it)[-1].settings.temperature == 0.55
        assert table(it).has_class("-old")
        it.engine.say(Progressed(first.number, 11))
        it.engine.say(Progressed(asked(it)[-1].number, 77))
        await it.until(lambda: "77 %" in title(it), "its progress is told")
        it.engine.say(WhatIfTold(first.number, ROWS[:1]))
        await told(it)
        assert table(it).comparison is not None
        assert table(it).comparison.rows == ROWS
        assert "%" not in title(it)


async def test_neighbours_are_looked_at_up_to_the_ends_of_the_reply() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await it.pilot.press("right")
        assert len(asked(it)) == 1  # it is the last one
        await it.pilot.press("left", "h")
        await it.until(lambda: len(asked(it)) == 3, "two more were asked about")
        assert SYMBOLS[asked(it)[-1].drawn] == TEXT[-3]
        for _ in range(len(TEXT) + 2):
            await it.pilot.press("left")
        assert len(asked(it)) == len(TEXT)
        assert len(array("H", asked(it)[-1].read)) == 1 + len(SEED)


async def test_escape_leaves_to_the_selected_character_and_drops_the_question() -> None:
    async with studio(WIDE) as it:
        request = await opened(it)
        selection = it.transcript.selection
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, WhatIfScreen), "it was left")
        assert Dismissed(request.number) in it.engine.requests
        assert it.transcript.selection == selection


async def test_without_a_character_there_is_nothing_to_ask() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await it.pilot.press("escape", "m")
        assert not isinstance(it.app.screen, WhatIfScreen)
        await it.pilot.press("left", "right", "m")  # behind the last one
        assert not isinstance(it.app.screen, WhatIfScreen)
        assert asked(it) == []


async def test_a_moment_that_cannot_be_computed_is_told_in_its_sentence() -> None:
    async with studio(WIDE) as it:
        request = await opened(it)
        it.engine.say(WhatIfTold(request.number, sentence="x.onnx gave logits that are no numbers"))
        await it.until(lambda: "no numbers" in title(it), "the sentence is there")
        assert table(it).comparison is None


async def test_an_engine_that_dies_is_told_and_nothing_more_is_asked() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        it.engine.die()
        await it.until(lambda: "the engine stopped" in title(it), "it is told")
        await it.pilot.press("left", "plus", "t")
        await it.load()
        await it.pilot.press("left")
        assert not [each for each in it.engine.requests if isinstance(each, WhatIfRequested)]
        assert "▸ now" in lines(it)[1]
        await it.pilot.press("escape")
        assert not isinstance(it.app.screen, WhatIfScreen)


async def test_a_reply_on_its_way_takes_the_temperature_that_is_set_here() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send(SEED)
        await it.stream("abc")
        await it.pilot.press("escape", "left", "left", "m")
        await it.until(lambda: asked(it), "it was asked")
        await it.pilot.press("minus")
        draws = [each for each in it.engine.requests if isinstance(each, DrawRequested)]
        assert draws[-1].controls.settings.temperature == 0.45
        assert asked(it)[-1].settings.temperature == 0.45


@given(st.floats(0, allow_nan=False))
def test_bits_take_few_cells_and_only_nothing_is_nothing(value: float) -> None:
    shown = bits(value)
    assert (shown == "0") == (value == 0)
    assert (shown == "∞") == math.isinf(value)
    assert (shown == "< 0.0001") == (0 < value < 0.0001)
    assert len(shown) <= 8 or value >= 1e5


@given(st.floats(0, 1))
def test_a_share_is_whole_only_if_it_is(probability: float) -> None:
    assert (share_of(probability) == "100") == (probability == 1)
    assert (chance(probability) == "0.0%") == (probability == 0)
    assert len(share_of(probability)) <= 3
