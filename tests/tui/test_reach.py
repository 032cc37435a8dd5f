"""The reach of memory on the screen: a strip over the window of one character."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Label, Static

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import (
    Dismissed,
    InfluenceRequested,
    InfluenceTold,
    Progressed,
    ReachRequested,
    ReachTold,
    SettlingRequested,
    SettlingTold,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tints import LEVELS, EngineTint
from charlm_tui.text import cells
from charlm_tui.tui.reach_tint import FULL_DEPTH, depth_level
from charlm_tui.tui.screens.reach import ReachScreen
from charlm_tui.tui.widgets.legend import Legend
from charlm_tui.tui.widgets.reach_strip import bars, glyph
from charlm_tui.tui.widgets.reach_text import ReachText, influence_levels
from tests.support.engines import SYMBOLS
from tests.support.reach import (
    asked,
    last,
    lines,
    say_influence,
    say_reach,
    say_settling,
    screen,
    strip,
    told,
)
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

WIDE, NARROW, SMALL = (120, 40), (60, 20), (40, 12)
SEED, TEXT = "seed ", "one wall\nand another"


async def replied(it: Studio, text: str = TEXT, symbols: tuple[str, ...] = SYMBOLS) -> None:
    it.engine.load(symbols)
    await it.until(lambda: "loading" not in it.status, "the model loaded")
    await it.send(SEED)
    it.engine.stream(text, symbols)
    await it.until(lambda: it.reply, "it was shown")
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")


async def opened(it: Studio, text: str = TEXT) -> None:
    """Open the strip on the reply's last character; nothing is told yet."""
    await replied(it, text)
    await it.pilot.press("escape", "left", "left", "z")
    await it.until(lambda: isinstance(it.app.screen, ReachScreen), "the strip is there")
    await it.until(lambda: asked(it, InfluenceRequested), "it was asked")


def title(it: Studio) -> str:
    return str(it.app.screen.query_one("#reach-title", Label).content)


def farthest(it: Studio) -> str:
    return str(it.app.screen.query_one("#reach-farthest", Static).content)


def text_of(read: bytes) -> str:
    return "".join(SYMBOLS[i] for i in array("H", read))


async def test_the_window_before_the_character_is_asked_about() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        reach, influence = last(it)
        assert text_of(reach.read) == text_of(influence.read) == "\n" + SEED + TEXT[:-1]
        assert SYMBOLS[reach.drawn] == TEXT[-1]
        assert not influence.every
        assert f"character {len(TEXT)}, ‘r’ after “…seed one wall⏎and anothe”" in title(it)
        assert title(it).endswith(f"a window of {1 + len(SEED) + len(TEXT) - 1}")


async def test_of_a_carried_context_it_is_said_that_a_window_is_looked_at() -> None:
    async with studio(WIDE, controls=Controls(Settings(0.5, rng_seed=7, carry=True))) as it:
        await opened(it, "abc" * 30)
        assert len(array("H", last(it)[0].read)) == 60
        assert title(it).endswith("a window of 60, though the context is carried")


async def test_the_strip_says_what_is_read_and_what_matters_and_where_it_settles() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        drawn = await told(it)
        assert "settled after 4: `othe`" in title(it)
        window = "⏎" + SEED + TEXT[:-1].replace("\n", "⏎")
        assert "how likely ‘r’ is after the last 1, 2, … 25 characters; after all 75.0%" in drawn[0]
        # The highest is a whole bar: it has a quarter of it with each character that is read.
        assert drawn[1:5] == ["█" * 22, "█" * 23, "█" * 24, "█" * 25]
        assert drawn[5] == "the best other character, and how likely that is: at last ‘space’ 12.5%"
        assert drawn[6] == "▁" * 22 + "▂▃▄"
        assert drawn[8] == window
        assert drawn[9] == " " * 21 + "▲ settled after 4: `othe`"
        assert "if a space stood there; ‘e’, 1 before: 2.000" in drawn[10]
        assert drawn[11:15] == [
            " " * 24 + "█",
            " " * 24 + "█",
            " " * 23 + "██",
            " " * 18 + "▁▁▂▄███",
        ]
        assert drawn[15].split() == ["25", "20", "10", "1"]


async def test_what_is_read_is_underlined_in_the_text_and_what_matters_has_a_ground() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        marked = it.app.screen.query_one(ReachText)
        segments = [seg for y in range(1, marked.size.height) for seg in marked.render_line(y)]
        read = "".join(s.text for s in segments if s.style is not None and s.style.underline)
        assert read == "othe"
        here = [s for s in segments if s.text == "r"]
        assert len(here) == 1
        assert "underlined: read at all (reach)" in marked.render_line(0).text
        assert "matters (influence), 2.000 bits" in marked.render_line(0).text


@pytest.mark.parametrize("size", [NARROW, SMALL, (25, 8), (12, 4)])
async def test_a_small_screen_has_the_nearest_characters_first_and_the_rest_below(
    size: tuple[int, int],
) -> None:
    async with studio(size) as it:
        await opened(it, TEXT * 3 + " up")
        drawn = await told(it)
        assert all(cells(line) <= size[0] for line in drawn)
        window = text_of(last(it)[0].read).replace("\n", "⏎")
        near = window[-min(len(window), strip(it).size.width) :].rstrip()
        assert sum(near == line for line in drawn) == 1
        if len(window) > strip(it).size.width:
            assert any(line and window.startswith(line) for line in drawn)
        before = it.app.screen.query_one("#reach").scroll_offset.y
        await it.pilot.press("end")
        await it.until(
            lambda: it.app.screen.query_one("#reach").scroll_offset.y > before,
            "what is below can be read",
        )


async def test_arrows_move_by_characters_and_w_and_b_by_words_up_to_the_ends() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        looked = [len(TEXT) - 1]
        for key, place in (
            ("right", None), ("w", None), ("left", 18), ("h", 17), ("l", 18), ("b", 13), ("b", 9),
            ("W", 4), ("b", 0), ("b", None), ("left", None), ("w", 4), ("w", 9), ("w", 13),
            ("w", 19),
        ):  # fmt: skip
            await it.press(key)
            if place is not None:
                looked.append(place)
            assert screen(it)._number == looked[-1], key
            assert len(asked(it, ReachRequested)) == len(looked), key
        assert len(array("H", last(it)[0].read)) == 1 + len(SEED) + 19


async def test_what_is_asked_of_the_character_before_is_dropped() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        first = last(it)
        await it.press("left")
        assert {Dismissed(each.number) for each in first} <= set(it.engine.requests)
        assert strip(it).has_class("-old")
        before = strip(it).look
        it.engine.say(ReachTold(first[0].number, settled=1))
        it.engine.say(InfluenceTold(first[1].number))
        await it.settled()
        assert strip(it).look == before
        await told(it)
        assert "settled after 4: `noth`" in title(it)


async def test_a_key_has_the_mean_over_all_symbols_told_and_the_same_the_space_again() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        before = last(it)
        await it.press("a")
        reach, influence = last(it)
        assert reach == before[0]
        assert influence.every
        assert Dismissed(before[1].number) in it.engine.requests
        it.engine.say(Progressed(influence.number, 40))
        await it.until(lambda: "every other symbol, 40 %" in title(it), "its progress is told")
        say_influence(it)
        await it.until(lambda: not strip(it).has_class("-old"), "it was told")
        assert "any other symbol stood there, in the mean; ‘e’, 1 before: 4.000" in lines(it)[10]
        await it.press("left")
        assert last(it)[1].every  # it stays so
        await it.press("a")
        assert not last(it)[1].every


async def test_the_ten_farthest_reaches_are_asked_once_listed_and_jumped_to() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        assert not it.app.screen.query_one("#reach-farthest").display
        await it.press("f")
        [request] = asked(it, SettlingRequested)
        assert text_of(request.read)[request.start :] == TEXT
        it.engine.say(Progressed(request.number, 30))
        await it.until(lambda: "30 %" in farthest(it), "its progress is told")
        await it.press("f")  # is said to be on its way
        say_settling(it)
        await it.until(lambda: "▸1" in farthest(it), "it is listed")
        assert farthest(it).startswith("farthest reaches: ▸1 ‘r’ 7 at 20 · 2 ‘e’ 6 at 19 · ")
        assert len(screen(it)._farthest.reaches) == 10
        for key, place in (("f", 18), ("3", 8), ("F", 18), ("F", 19), ("F", None), ("1", None)):
            await it.press(key)
            if key == "F" and place is None:
                place = screen(it)._farthest.reaches[-1][0]
            assert screen(it)._number == (19 if key == "1" else place), key
        assert len(asked(it, SettlingRequested)) == 1


async def test_a_digit_asks_for_the_farthest_reaches_too_and_says_which_there_are() -> None:
    async with studio(WIDE) as it:
        await opened(it, "ab")
        await it.press("2")
        say_settling(it)
        await it.until(lambda: "▸2" in farthest(it) or "▸1" in farthest(it), "it is listed")
        assert screen(it).obstacle("farthest", (3,)) == "there are 2 farthest reaches"
        here = next(
            i for i, it_ in enumerate(screen(it)._farthest.reaches) if it_[0] == screen(it)._number
        )
        assert screen(it).obstacle("farthest", (here + 1,)) == "this is the one that is looked at"


async def test_escape_leaves_to_the_character_that_was_looked_at_last() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await it.press("f")
        settling = asked(it, SettlingRequested)[-1]
        await it.press("left")
        both = last(it)
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, ReachScreen), "it was left")
        for number in (settling.number, *(each.number for each in both)):
            assert Dismissed(number) in it.engine.requests
        selection = it.transcript.selection
        assert selection is not None
        assert selection.cursor == len(TEXT) - 2


async def typed(it: Studio, line: str) -> None:
    """Send a line from the prompt."""
    it.prompt.clear()
    it.prompt.insert(line)
    it.prompt.focus()
    await it.pilot.press("enter")


async def test_a_command_opens_it_at_a_character_and_says_why_it_cannot() -> None:
    async with studio(WIDE) as it:
        it.engine.load()
        await it.until(lambda: "loading" not in it.status, "the model loaded")
        await typed(it, "/reach")
        await it.until(lambda: "/reach has nothing to act on right now" in it.blocks[-1][1], "said")
        it.prompt.clear()
        await replied(it)
        for line, words in [
            ("/reach x", "It is 'x' where the number of a character is expected"),
            ("/reach 0", "It is character 0 where the reply has 20; give another"),
            ("/reach 21", "It is character 21 where the reply has 20; give another"),
            ("/reach -21", "It is character -21 where the reply has 20; give another"),
        ]:
            await typed(it, line)
            await it.until(lambda words=words: words in it.blocks[-1][1], words)
        for line, number in [("/reach 5", 4), ("/reach -2", len(TEXT) - 2)]:
            await typed(it, line)
            await it.until(lambda: isinstance(it.app.screen, ReachScreen), "the strip is there")
            assert f"at character {number + 1}, " in title(it)
            await it.pilot.press("escape")
            await it.until(lambda: not isinstance(it.app.screen, ReachScreen), "it is left")
            assert it.transcript.selection is not None
            assert it.transcript.selection.cursor == number


# The newest character, as it comes.


async def streaming(it: Studio) -> None:
    """Have a reply of which no more has come than its first characters."""
    it.engine.load()
    await it.until(lambda: "loading" not in it.status, "the model loaded")
    await it.send(SEED)
    it.engine.stream("one ")
    await it.until(lambda: it.reply == "one ", "it was shown")


async def test_without_a_character_it_follows_the_newest_one() -> None:
    async with studio(WIDE, controls=Controls(Settings(0.5, rng_seed=7), speed=0.0)) as it:
        await streaming(it)
        await it.pilot.press("escape", "z")
        await it.until(lambda: asked(it, InfluenceRequested), "it was asked")
        assert "at the newest character 4, " in title(it)
        it.engine.stream("wall")
        await it.until(lambda: it.reply.endswith("wall"), "it came")
        assert len(asked(it, ReachRequested)) == 1  # what was asked is not told yet
        say_reach(it)
        await it.pilot.pause()
        assert strip(it).look is None  # not before all of it is there
        say_influence(it)
        await it.until(lambda: len(asked(it, ReachRequested)) == 2, "the newest was asked for")
        reach, _ = last(it)
        assert text_of(reach.read).endswith("one wal")
        look = strip(it).look
        assert look is not None
        assert (look.here, bool(look.influence)) == (" ", True)
        assert not strip(it).has_class("-old")  # what is shown stays until more is told
        await told(it)
        assert "at the newest character 8, ‘l’: settled after 4" in title(it)
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, ReachScreen), "it is left")
        assert it.transcript.selection is None


async def test_an_arrow_stops_at_a_character_and_a_key_follows_the_newest_again() -> None:
    async with studio(WIDE, controls=Controls(Settings(0.5, rng_seed=7), speed=0.0)) as it:
        await streaming(it)
        await it.pilot.press("escape", "z")
        await it.until(lambda: asked(it, InfluenceRequested), "it was asked")
        await told(it)
        assert "is followed" in screen(it).obstacle("newest")
        await it.pilot.press("left")
        it.engine.stream("wall")
        await it.until(lambda: it.reply.endswith("wall"), "it came")
        await told(it)
        assert "at character 3, ‘e’: settled after 4" in title(it)
        await it.pilot.press("n")
        await it.until(lambda: "at the newest character 8, " in title(it), "it is followed")
        await told(it)
        await it.pilot.press("left", "right")
        await told(it)
        assert screen(it).obstacle("newest") == ""  # more may come
        it.engine.end()
        await it.until(lambda: screen(it).obstacle("newest") != "", "nothing more comes")
        assert screen(it).obstacle("newest") == "this is the last one"


async def test_what_cannot_be_computed_is_told_in_its_sentence() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        reach, influence = last(it)
        it.engine.say(ReachTold(reach.number, sentence="x.onnx gave \x1b no numbers"))
        await it.until(lambda: "x.onnx gave ␛ no numbers" in title(it), "the sentence is there")
        it.engine.say(InfluenceTold(influence.number, sentence="neither"))
        await it.until(lambda: "neither" in title(it), "the sentence is there")
        await it.press("f")
        request = asked(it, SettlingRequested)[-1]
        it.engine.say(SettlingTold(request.number, sentence="nor here"))
        await it.until(lambda: farthest(it) == "nor here", "the sentence is there")
        assert strip(it).look is None
        assert screen(it).obstacle("farther", (1,)) == "the reply could not be read"


async def test_an_engine_that_dies_is_told_and_nothing_more_is_asked() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await told(it)
        it.engine.die()
        await it.until(lambda: "the engine stopped" in title(it), "it is told")
        await it.pilot.press("left", "w", "a", "f", "3")
        await it.load()
        await it.pilot.press("left")
        assert asked(it, ReachRequested) == []
        assert "settled after 4" in lines(it)[9]
        await it.pilot.press("escape")
        assert not isinstance(it.app.screen, ReachScreen)


async def test_characters_that_would_move_a_cursor_or_take_no_cell_have_a_column_each() -> None:
    hostile = ("\n", "\x1b", "\u202e", "\u0301", "字", "a", "\x00", *"sed ")
    async with studio(WIDE) as it:
        await replied(it, "\x1b\u202e\u0301字\x00a", hostile)
        await it.pilot.press("escape", "left", "left", "z")
        await it.until(lambda: asked(it, InfluenceRequested), "it was asked")
        request, influence = last(it)
        depth = len(array("H", request.read))
        floats = array("f", [0.5] * depth).tobytes()
        others = array("H", [1, 2, 3] * depth)[:depth].tobytes()
        it.engine.say(ReachTold(request.number, floats, others, floats, 3))
        it.engine.say(InfluenceTold(influence.number, floats))
        await it.until(lambda: strip(it).look and strip(it).look.influence, "it was told")
        await it.pilot.pause()
        seen = "\n".join(each.text for each in it.app.screen._compositor.render_strips())
        assert not {"\x1b", "\u202e", "\x00"} & set(seen)
        line = next(each for each in lines(it) if "字" in each)
        assert cells(line) == 2 * depth or cells(line) == 2 * depth - 1
        assert line.endswith("␛ � · 字␀") or "␛ � · 字␀" in line


# The tint.


def levels(it: Studio) -> list[int]:
    """Return the levels that the last reply is drawn in."""
    block = it.transcript.blocks[-1]
    assert it.transcript._levels is not None
    return list(it.transcript._levels(block, 0, block.length))


async def tinted(it: Studio) -> SettlingRequested:
    """Tint a reply by reach; nothing is told yet."""
    await replied(it)
    await it.pilot.press("escape", "v", "v", "v", "v")
    assert it.app.screen.tinted is EngineTint.REACH
    await it.until(lambda: asked(it, SettlingRequested), "it was asked")
    request = asked(it, SettlingRequested)[-1]
    assert isinstance(request, SettlingRequested)
    return request


async def test_the_tint_is_asked_of_the_engine_when_it_is_chosen() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await it.pilot.press("escape", "v", "v", "v")
        assert not asked(it, SettlingRequested)
        await it.press("v")
        [request] = asked(it, SettlingRequested)
        assert text_of(request.read)[request.start :] == TEXT
        assert set(levels(it)) == {0}
        say_settling(it)
        await it.until(lambda: set(levels(it)) != {0}, "it is drawn")
        depths = [1, 2, 3, 4, 1, 2, 3, 4, 5, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7]
        assert levels(it) == [depth_level(depth) for depth in depths]
        legend = it.app.screen.query_one(Legend).render_line(0).text
        assert "reach 1" in legend
        assert "24 characters or more" in legend


async def test_what_comes_later_is_asked_for_once_the_reply_has_ended() -> None:
    async with studio(WIDE) as it:
        await tinted(it)
        say_settling(it)
        await it.until(lambda: set(levels(it)) != {0}, "it is drawn")
        await it.press("g")
        it.engine.stream(" came")
        await it.until(lambda: it.reply.endswith(" came"), "it was shown")
        assert len(asked(it, SettlingRequested)) == 1
        assert levels(it)[-5:] == [0] * 5
        it.engine.end()
        await it.until(lambda: len(asked(it, SettlingRequested)) == 2, "the rest was asked for")
        request = asked(it, SettlingRequested)[-1]
        assert text_of(request.read)[request.start :] == " came"
        before = levels(it)[:-5]
        say_settling(it)
        await it.until(lambda: levels(it)[-1] > 0, "it is drawn")
        assert levels(it)[:-5] == before
        await it.press("v")
        await it.press("v")
        assert len(asked(it, SettlingRequested)) == 2  # another tint asks for nothing


async def test_another_tint_drops_what_was_asked_and_reach_asks_again() -> None:
    async with studio(WIDE) as it:
        first = await tinted(it)
        await it.press("v")
        assert Dismissed(first.number) in it.engine.requests
        it.prompt.insert("/tint REACH")
        it.prompt.focus()
        await it.pilot.press("enter")
        await it.until(lambda: len(asked(it, SettlingRequested)) == 2, "it was asked again")
        assert it.app.screen.tinted is EngineTint.REACH


async def test_another_depth_has_other_reaches() -> None:
    async with studio(WIDE) as it:
        await tinted(it)
        say_settling(it)
        await it.until(lambda: set(levels(it)) != {0}, "it is drawn")
        conversation = it.app.conversation
        conversation.change(conversation.controls.with_settings(depth=5))
        await it.until(lambda: len(asked(it, SettlingRequested)) == 2, "it was asked again")
        request = asked(it, SettlingRequested)[-1]
        assert isinstance(request, SettlingRequested)
        assert (request.depth, request.start) == (5, 5)
        assert set(levels(it)) == {0}


async def test_a_reply_that_cannot_be_read_is_asked_for_once() -> None:
    async with studio(WIDE) as it:
        request = await tinted(it)
        it.engine.say(SettlingTold(request.number, sentence="no numbers"))
        it.app.conversation.change(it.app.conversation.controls.with_settings(temperature=0.9))
        await it.settled()
        assert len(asked(it, SettlingRequested)) == 1
        assert set(levels(it)) == {0}


async def test_an_engine_that_is_gone_is_asked_for_no_tint_and_the_next_one_is() -> None:
    async with studio(WIDE) as it:
        await tinted(it)
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "another engine starts")
        await it.load()
        await it.until(lambda: asked(it, SettlingRequested), "it was asked")


@given(st.lists(st.integers(0, 300), min_size=2))
def test_levels_grow_with_the_depth_up_to_the_highest(depths: list[int]) -> None:
    found = [depth_level(depth) for depth in sorted(depths)]
    assert found == sorted(found)
    assert all(0 <= level < LEVELS for level in found)
    assert (depth_level(0), depth_level(1), depth_level(3), depth_level(4)) == (0, 0, 0, 1)
    assert depth_level(FULL_DEPTH - 1) < depth_level(FULL_DEPTH) == LEVELS - 1


@given(st.lists(st.floats(0, 10), min_size=1, max_size=70), st.integers(1, 4))
def test_bars_are_as_high_as_their_values(values: list[float], rows: int) -> None:
    full = max(values) or 1.0
    drawn = bars(values, full, rows)
    assert len(drawn) == rows
    assert {len(line) for line in drawn} == {len(values)}
    for place, value in enumerate(values):
        column = [line[place] for line in drawn]
        eighths = sum(" ▁▂▃▄▅▆▇█".index(char) for char in column)
        assert abs(eighths - value / full * rows * 8) <= 1
        assert column == sorted(column, key=" ▁▂▃▄▅▆▇█".index)


@given(st.lists(st.floats(0, 20), max_size=70))
def test_the_most_influence_has_the_highest_level_and_none_the_lowest(moved: list[float]) -> None:
    levels = influence_levels(moved)
    assert len(levels) == len(moved)
    assert all(0 <= level < LEVELS for level in levels)
    if max(moved, default=0) > 0:
        assert levels[moved.index(max(moved))] == LEVELS - 1
    assert all(level == 0 for level, bits in zip(levels, moved, strict=True) if bits == 0)


@given(st.characters())
def test_every_character_takes_a_cell_or_two(char: str) -> None:
    assert cells(glyph(char)) in (1, 2)
