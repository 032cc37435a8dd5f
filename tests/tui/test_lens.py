"""The neuron lens on the screen: columns of one text, rankings, and units one steps through."""

import random
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from textual.color import Color
from textual.widgets import Label

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import (
    Dismissed,
    LensOpened,
    Progressed,
    UnitRequested,
    UnitTold,
)
from charlm_tui.engine.model_info import UnitError, Units
from charlm_tui.lm.features import FEATURES
from charlm_tui.lm.lens import MOST_CHARACTERS, UNIT_LEVELS
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tints import DIVERGING
from charlm_tui.session.requests import MOST_SHOWN
from charlm_tui.text import cells, visible
from charlm_tui.tui.paint import tinted
from charlm_tui.tui.screens.lens import LensScreen
from charlm_tui.tui.screens.lens_units import Pins
from charlm_tui.tui.shades import LEGIBLE, contrast
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.unit_list import UnitList
from charlm_tui.tui.widgets.unit_text import (
    GAP,
    HEAD,
    MOST_COLUMNS,
    UnitText,
    lines_of,
    pitch,
    room,
)
from tests.support.engines import SYMBOLS
from tests.support.lens import RANKINGS, TENSORS, asked, look, text_of
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

WIDE, NARROW, SMALL = (120, 40), (60, 20), (40, 12)
SEED, TEXT = "seed ", "one wall\nand another wall"
TITLES = ("newline", "space")
CONTROLS = Controls(Settings(0.5, rng_seed=7), speed=0.0, pin=7)

words = st.integers(1, 20).map("x".__mul__) | st.sampled_from(("界界", "e\u0301", "\t", "\x1b"))
gaps = st.sampled_from((" ", "  ", "\n", " \n", ""))
spaced = st.lists(st.tuples(words, gaps).map("".join), min_size=9, max_size=40).map("".join)
texts = spaced | st.text(max_size=60)


def levels_of(unit: int, count: int) -> bytes:
    """Levels of which each unit has its own."""
    return bytes([(place + unit) % DIVERGING for place in range(count)])


def questions(it: Studio) -> list[int]:
    """The units that were asked for, in their order."""
    return [each.unit for each in it.engine.requests if isinstance(each, UnitRequested)]


async def replied(it: Studio, text: str = TEXT) -> None:
    await it.load()
    await it.send(SEED)
    await it.stream(text)
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")


def tell_units(it: Studio, known: set[int]) -> None:
    """Answer each question for a unit that was not answered yet."""
    request = asked(it)
    count = len(request.read) // 2 - request.start
    for number in questions(it):
        if number not in known:
            known.add(number)
            it.engine.say(
                UnitTold(
                    request.number,
                    number,
                    levels_of(number, count),
                    1.0 if number < 6 else 3.5,
                    number < 6,
                    array("f", [0.25, -0.75]).tobytes(),
                    array("f", [0.5, 0.125]).tobytes(),
                )
            )


async def opened(it: Studio, text: str = TEXT) -> LensScreen:
    await replied(it, text)
    screen = await look(it)
    it.engine.say(LensOpened(asked(it).number, TENSORS, RANKINGS))
    await it.until(lambda: questions(it), "a unit was asked for")
    tell_units(it, set())
    await it.until(lambda: text_of(it).columns[0].levels, "it is shown")
    return screen


async def press(it: Studio, *keys: str) -> None:
    """Press keys, and answer what is asked after each."""
    known: set[int] = set()
    for key in keys:
        await it.pilot.press(key)
        tell_units(it, known)
        await it.pilot.pause()


def names(it: Studio) -> list[str]:
    """The columns, from left to right; `▸` before the current one, `•` after a pinned one."""
    return [
        ("▸" if each.current else "") + each.name + ("•" if each.pinned else "")
        for each in text_of(it).columns
    ]


def title(it: Studio) -> str:
    return str(it.app.screen.query_one("#lens-title", Label).content)


def lines(it: Studio) -> list[str]:
    text = text_of(it)
    return [text.render_line(y).text.rstrip() for y in range(text.size.height)]


async def test_the_seed_and_the_reply_are_read_again_behind_the_start_symbol() -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        await replied(it)
        await look(it)
        request = asked(it)
        read = array("H", request.read)
        assert (read[0], request.start) == (0, 1)
        assert "".join(SYMBOLS[i] for i in read[1:]) == SEED + TEXT
        assert request.settings == CONTROLS.settings


@pytest.mark.parametrize("carry", [False, True])
async def test_of_a_long_reply_the_end_is_shown_and_only_what_tells_of_it_is_read(
    carry: bool,
) -> None:
    controls = Controls(Settings(0.5, rng_seed=7, depth=9, carry=carry))
    text = ("one wall and another " * 1200)[: MOST_SHOWN + 100]
    async with studio(WIDE, controls=controls) as it:
        await replied(it, text)
        await look(it)
        request = asked(it)
        shown = "".join(SYMBOLS[i] for i in array("H", request.read)[request.start :])
        assert shown == text[-MOST_SHOWN:]
        whole = 1 + len(SEED) + len(text)
        assert request.start == (whole - MOST_SHOWN if carry else 9 - 1)


def test_what_the_front_end_takes_for_granted_is_what_the_lens_says() -> None:
    assert (MOST_SHOWN, DIVERGING) == (MOST_CHARACTERS, UNIT_LEVELS)
    assert len({feature.title for feature in FEATURES}) == len(FEATURES)


async def test_how_far_it_is_is_told_and_escape_leaves_and_lets_the_engine_forget() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await look(it)
        number = asked(it).number
        it.engine.say(Progressed(number, 43))
        await it.until(lambda: "43 %" in title(it), "the percentage is told")
        await it.pilot.press("down", "p", "escape")
        await it.until(lambda: not isinstance(it.app.screen, LensScreen), "it was left")
        assert it.engine.last == Dismissed(number)


async def test_what_comes_late_for_a_lens_that_was_left_is_dropped() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await look(it)
        old = asked(it).number
        await it.pilot.press("escape")
        await look(it)
        it.engine.say(LensOpened(old, TENSORS, RANKINGS))
        it.engine.say(Progressed(old, 77))
        it.engine.say(Progressed(asked(it).number, 12))
        await it.until(lambda: "12 %" in title(it), "its own is told")
        assert questions(it) == []


async def test_a_text_that_cannot_be_read_is_told_in_its_sentence() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await look(it)
        it.engine.say(
            LensOpened(asked(it).number, sentence="x.onnx has states that are no numbers")
        )
        await it.until(lambda: "no numbers" in title(it), "the sentence is there")
        assert any("one wall" in line for line in lines(it))


async def test_a_unit_that_cannot_be_told_is_told_in_its_sentence() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await it.pilot.press("down")
        unit = questions(it)[-1]
        it.engine.say(UnitTold(asked(it).number, unit, sentence="there is no memory for it"))
        await it.until(lambda: "no memory" in title(it), "the sentence is there")
        await press(it, "up", "down")
        assert names(it) == ["▸c[2]"]


async def test_the_unit_that_varies_most_comes_first_and_arrows_go_through_the_list() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        assert names(it) == ["▸h[3]"]
        assert "variance 1/3" in title(it)
        await press(it, "down")
        assert names(it) == ["▸c[2]"]
        await press(it, "down", "down")
        assert names(it) == ["▸h[1]"]
        assert it.app.screen.query_one(UnitList).chosen == 2
        await press(it, "up")
        assert questions(it) == [3, 8, 1]  # what was told is not asked again


async def test_two_keys_step_through_all_units_and_around_the_end() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        seen = []
        for _ in range(10):
            await press(it, "right_square_bracket")
            seen += names(it)
        every = ["▸h[4]", "▸h[5]", *(f"▸c[{i}]" for i in range(4)), *(f"▸h[{i}]" for i in range(4))]
        assert seen == every
        await press(it, "left_square_bracket")
        assert names(it) == ["▸h[2]"]


async def test_rankings_are_walked_and_show_their_best() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await press(it, "tab")
        assert names(it) == ["▸c[2]"]
        rows = it.app.screen.query_one(UnitList)
        assert rows.border_title == "reads newline"
        assert [row[0] for row in rows.rows] == ["c[2]", "h[2]"]
        await press(it, "f")
        assert rows.render_line(0).text.strip() == "no unit tells it"
        assert "space: no unit tells it" in title(it)
        await press(it, "f", "F", "r")
        assert rows.border_title == "predicts space"
        await press(it, "shift+tab", "down")
        assert (rows.border_title, names(it)) == ("predicts newline", ["▸h[5]"])


async def test_what_a_unit_tells_follows_the_way_that_is_asked() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        assert text_of(it).render_line(1).text.strip() == "space -0.75 · newline +0.25"
        await press(it, "r")
        assert text_of(it).render_line(1).text.strip() == "newline +0.50 · space +0.12"


async def test_each_character_has_the_tint_of_its_level() -> None:
    async with studio(WIDE) as it:
        it.app.console._color_system = ColorSystem.TRUECOLOR
        await opened(it)
        text = text_of(it)
        text.notify_style_update()
        strips = [text.render_line(y) for y in range(HEAD, HEAD + 2)]
        shades = text._shades
        assert len({shade.bgcolor for shade in shades}) == DIVERGING
        place = 0
        for line, strip in zip((SEED + TEXT).split("\n"), strips, strict=True):
            for left in range(len(line)):
                [segment] = strip.crop(left, left + 1)
                assert segment.style is not None
                level = levels_of(3, 100)[place + left]
                assert segment.style.bgcolor == shades[level].bgcolor
            place += len(line) + 1


async def test_the_legend_tells_the_scale_and_whether_it_is_bounded() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        head = text_of(it).render_line(0).text
        assert "▸h[3] -1" in head
        assert "+1  bounded" in head
        await press(it, "down")
        head = text_of(it).render_line(0).text
        assert "≤-3.5" in head
        assert "≥+3.5  not bounded" in head


async def test_up_to_four_units_are_pinned_and_the_one_that_changes_is_always_there() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await press(it, "p", "right_square_bracket", "p", "right_square_bracket")
        assert names(it) == ["h[3]•", "h[4]•", "▸h[5]"]
        await press(it, "p", "right_square_bracket", "p", "right_square_bracket")
        assert names(it) == ["h[3]•", "h[4]•", "h[5]•", "▸c[1]"]
        await press(it, "p")
        assert "4 units are pinned" in it.app.screen.query_one(KeysLine).said.plain
        await press(it, "4")
        assert names(it) == ["h[3]•", "h[4]•", "h[5]•", "▸c[0]•"]
        await press(it, "1", "p")
        assert names(it) == ["h[4]•", "h[5]•", "c[0]•", "▸h[3]"]
        await press(it, "P")
        assert names(it) == ["▸h[3]"]


async def test_columns_have_the_same_text_at_the_same_place_and_stay_there() -> None:
    many = [f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)}x" for i in range(900)]
    async with studio(WIDE) as it:
        await opened(it, " ".join(many))
        await press(it, "home", "pagedown", "j")
        text = text_of(it)
        first = lines(it)[HEAD].split()[0]
        assert first != SEED.strip()
        await press(it, "p", "right_square_bracket")
        width = pitch(text.scrollable_content_region.width, 2)
        for line in lines(it)[HEAD:]:
            assert line[:width].strip() == line[width : 2 * width].strip()
        assert first in lines(it)[HEAD].split()
        await it.pilot.resize_terminal(100, 30)
        await it.until(lambda: text.size.width < 80, "it is narrower")
        assert first in lines(it)[HEAD].split()
        await press(it, "end")
        assert lines(it)[-1].endswith(many[-1])


async def test_a_unit_is_asked_for_by_its_name() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        await press(it, "g", *"c 9", "enter")
        refusal = it.app.screen.query_one("#refusal", Label)
        assert "There is no unit 'c 9'" in str(refusal.content)
        await press(it, "backspace", "1", "enter")
        assert names(it) == ["▸c[1]"]
        assert "variance –/3" in title(it)
        await press(it, "down")
        assert names(it) == ["▸h[3]"]


@pytest.mark.parametrize(
    ("typed", "number"), [("h 3", 3), ("c1", 7), (" c [3] ", 9), ("h[0]", 0), ("c  2", 8)]
)
def test_units_are_found_by_any_way_of_writing_them(typed: str, number: int) -> None:
    assert Units(TENSORS).named(typed) == number


@pytest.mark.parametrize("typed", ["", "h", "3", "h 6", "c 4", "x 1", "h -1", "h 1 2"])
def test_what_is_no_unit_is_refused_with_those_there_are(typed: str) -> None:
    with pytest.raises(UnitError, match="h 0 to h 5, c 0 to c 3"):
        Units(TENSORS).named(typed)


def test_an_only_tensor_needs_no_name() -> None:
    units = Units((("h", 4),))
    assert [units.named("3"), units.named("h 2")] == [3, 2]


@given(st.lists(st.tuples(st.sampled_from(("h", "c", "h0", "h1", "c10")), st.integers(1, 9)),
                min_size=1, max_size=4, unique_by=lambda it: it[0]), st.data())  # fmt: skip
def test_every_unit_is_found_by_the_name_that_it_is_shown_by(
    tensors: list[tuple[str, int]], data: st.DataObject
) -> None:
    units = Units(tuple(tensors))
    number = data.draw(st.integers(0, units.total - 1))
    assert units.named(units.name(number)) == number
    assert units.beside(units.beside(number, 1), -1) == number


async def test_an_engine_that_dies_is_told_and_the_lens_is_left_in_peace() -> None:
    async with studio(WIDE) as it:
        await opened(it)
        it.engine.die()
        await it.until(lambda: "the engine stopped" in title(it), "it is told")
        count = len(it.engines[0].requests)
        await it.pilot.press("right_square_bracket", "p", "g", "f", "r", "down", "1")
        assert isinstance(it.app.screen, LensScreen)
        assert len(it.engines[0].requests) == count
        assert any("one wall" in line for line in lines(it))
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, LensScreen), "it was left")
        assert not it.engine.requests
        await it.load()
        await it.pilot.press("a")
        await it.until(lambda: isinstance(it.app.screen, LensScreen), "it can be opened anew")


async def test_a_model_that_is_another_now_is_told_too() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await look(it)
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "a new engine was started")
        it.engine.load(sha256="1" * 64)
        await it.until(lambda: it.app.conversation.model is not None, "it loaded")
        await it.until(lambda: "the engine stopped" in title(it), "it is told")
        await it.pilot.press("escape", "a")
        assert not isinstance(it.app.screen, LensScreen)  # the reply is not of this model


async def test_without_a_reply_or_a_model_there_is_no_lens() -> None:
    async with studio(WIDE) as it:
        await it.pilot.press("escape", "a")
        await it.load()
        await it.pilot.press("a")
        await it.pilot.press("i")
        await it.send(SEED)
        await it.pilot.press("escape", "a")
        assert not isinstance(it.app.screen, LensScreen)


async def test_a_reply_on_its_way_goes_on_below_the_lens() -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        await it.load()
        await it.send(SEED)
        await it.stream("abc")
        await look(it)
        it.engine.stream("def")
        await it.until(lambda: it.reply == "abcdef", "it was added")
        await it.until(
            lambda: getattr(it.engine.requests[-1], "before", 0) == 6, "it was acknowledged"
        )


@pytest.mark.parametrize("size", [NARROW, SMALL])
async def test_on_a_narrow_screen_the_list_is_folded_away_and_all_keys_work(
    size: tuple[int, int],
) -> None:
    async with studio(size) as it:
        await opened(it)
        assert not it.app.screen.query_one(UnitList).display
        await press(it, "down")
        assert "variance 2/3" in title(it)
        for _ in range(4):
            await press(it, "p", "right_square_bracket")
        assert len(names(it)) == {60: 3, 40: 2}[size[0]]
        assert names(it)[-1].startswith("▸")
        assert all(cells(line) <= size[0] for line in lines(it))
        assert any("another" in line for line in lines(it)[HEAD:])
        assert "±3.5+" in text_of(it).render_line(0).text


async def test_a_frame_costs_its_visible_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn_lines: list[int] = []
    strip = UnitText._strip

    def counted(self: UnitText, line: int) -> object:
        drawn_lines.append(line)
        return strip(self, line)

    async with studio(WIDE) as it:
        await opened(it, "one wall and another " * 900)
        monkeypatch.setattr(UnitText, "_strip", counted)
        await press(it, "right_square_bracket")
        assert 0 < len(drawn_lines) <= 2 * text_of(it).size.height


async def test_text_is_legible_on_every_tint_of_every_theme() -> None:
    async with studio(WIDE) as it:
        it.app.console._color_system = ColorSystem.TRUECOLOR
        await opened(it)
        text = text_of(it)
        for theme in [name for name in it.app.available_themes if "ansi" not in name]:
            it.app.theme = theme
            await it.pilot.pause()
            text.render_line(HEAD)
            assert len({shade.bgcolor for shade in text._shades}) == DIVERGING, theme
            for shade in text._shades:
                assert shade.color is not None
                assert shade.bgcolor is not None
                pair = Color.from_rich_color(shade.color), Color.from_rich_color(shade.bgcolor)
                assert contrast(*pair) >= LEGIBLE, theme


async def test_without_colours_both_sides_of_zero_are_told_apart_by_weight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with studio(WIDE) as it:
        await opened(it)
        text = text_of(it)
        text.render_line(HEAD)
        low, below, zero, above, high = (text._shades[i] for i in (0, 4, 6, 8, 12))
        assert low.underline
        assert below.underline
        assert zero.dim
        assert above.bold
        assert high.reverse
        assert not any(shade.underline for shade in (zero, above, high))
        assert "aaaaaaaaaaaaa" in text.render_line(0).text  # the legend has what is underlined


@given(texts, st.integers(16, 60), st.data())
def test_no_character_is_lost_in_any_column_and_none_reaches_the_next(
    text: str, width: int, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, room(width)))
    lined = lines_of(text, width, count)
    assert "".join(lined) == text
    levels = bytes(random.Random(data.draw(st.integers(0, 99))).choices((0, 1, 2), k=len(text)))
    styles = [Settings] * 3
    start = 0
    for line in lined:
        part = levels[start : start + len(line)]
        segments = tinted(line, part, styles, styles[0])  # type: ignore[arg-type]
        assert "".join(segment.text for segment in segments) == visible(line, "⏎")
        assert cells(visible(line, "⏎")) <= pitch(width, count) - GAP
        changes = sum(a != b for a, b in pairwise(part))
        assert not part or len(segments) == changes + 1
        start += len(line)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=20), st.integers(1, 6))
def test_the_unit_that_is_looked_at_is_always_among_the_columns(
    steps: list[tuple[int, bool]], places: int
) -> None:
    pins = Pins()
    for number, pin in steps:
        pins.current = number
        if pin:
            before = list(pins.pinned)
            assert pins.room == (number in before or len(before) < MOST_COLUMNS)
            if pins.room:
                pins.toggle()
        shown = pins.columns(places)
        assert pins.current in shown
        assert len(shown) == len(set(shown)) <= min(places, MOST_COLUMNS)
        assert len(pins.pinned) <= MOST_COLUMNS
        if places >= MOST_COLUMNS and len(pins.pinned) < MOST_COLUMNS:
            assert set(pins.pinned) <= set(shown)
