"""What is told on the screen: state, tint, what is below, panels where there is no room, places."""

from array import array

import pytest
from textual.widgets import Input

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import DrawRequested
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.session.updates import Phase
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.widgets.control_panel import ControlPanel
from charlm_tui.tui.widgets.find_line import FindLine
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.legend import Legend
from charlm_tui.tui.widgets.next_character import NextCharacter, View
from charlm_tui.tui.widgets.ribbon import Ribbon, warmth_of
from charlm_tui.tui.widgets.sidebar import Sidebar
from charlm_tui.tui.widgets.status import Status
from charlm_tui.tui.widgets.transcript import MEASURE
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # nearly every test starts the app

WIDE, SMALL, TINY = (120, 40), (60, 20), (40, 12)
FULL = Controls(Settings(0.5, rng_seed=7), speed=0.0)


async def replied(it: Studio, text: str = "abc def\nghi") -> None:
    await it.load()
    await it.send("seed")
    await it.stream(text)
    it.engine.end()
    await it.until(lambda: it.app.conversation.state is Phase.IDLE, "the reply ended")


def footer(it: Studio) -> str:
    return it.app.screen.query_one(KeysLine).render_line(0).text


def seen(it: Studio) -> str:
    return "\n".join(strip.text for strip in it.app.screen._compositor.render_strips())


# The status line, and the line of keys.


async def test_a_reply_that_is_paused_is_resumed_by_a_key_that_is_called_so() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        await it.until(lambda: "f4 Pause" in footer(it), "it can be paused")
        await it.pilot.press("f4")
        await it.until(lambda: "f4 Resume" in footer(it), "it can be resumed")
        assert "paused: F4 resumes" in it.status
        await it.pilot.press("escape", "A")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there")
        assert "Pause" in footer(it)
        await it.pilot.press("space")
        await it.until(lambda: "Resume" in footer(it), "it can be resumed there, too")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160])
async def test_the_status_keeps_its_form_while_a_reply_streams(width: int) -> None:
    async with studio((width, 24), controls=FULL) as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        status = it.app.screen.query_one(Status)
        it.app.screen._live.rate_timer.stop()
        forms = set()
        for rate, made, more in (
            (None, None, False), (8.0, 90.0, False), (240.0, 990.0, True), (99999.0, 99999.0, True),
        ):  # fmt: skip
            status.shown_per_s, status.made_per_s, status.more = rate, made, more
            words = (
                "fake",
                "temperature",
                "temp ",
                "RNG seed",
                "RNG",
                "  │  ",
                " │ ",
                "conversation",
            )
            forms.add(tuple(word in it.status for word in words))
            assert len(it.status) <= width
        assert len(forms) == 1


async def test_nothing_is_told_while_the_model_loads_that_is_not_so() -> None:
    warm = Controls(Settings(0.9, rng_seed=7), speed=30.0)
    async with studio(WIDE, controls=warm) as it:
        assert it.status.split("  │  ") == [
            " temperature 0.90", "30 chars/s", "fresh conversation", "loading",
        ]  # fmt: skip
        await it.load()
        assert it.status.startswith(" fake  │  temperature 0.90  │  RNG seed 7 ")


async def test_what_is_below_is_told_with_the_keys_that_lead_there_until_it_is_in_sight() -> None:
    async with studio((80, 24)) as it:
        await replied(it, "ab\n" * 40)
        assert "▼" not in it.status
        await it.pilot.press("escape", *["up"] * 12)
        await it.until(lambda: "▼ more below: End" in it.status, "there is more below")
        await it.pilot.press("i")
        await it.until(lambda: "▼ more below: Esc End" in it.status, "the prompt takes End")
        await it.pilot.resize_terminal(80, 24 + 12)  # as many lines more as were gone up
        await it.until(lambda: "▼" not in it.status, "all of it is in sight")


async def test_a_tint_is_named_with_its_scale_in_one_line_while_there_is_one() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        legend = it.app.screen.query_one(Legend)
        assert not legend.display
        await it.pilot.press("escape", "v")
        await it.until(lambda: legend.display, "it is told")
        said = legend.render_line(0).text.strip()  # letters are shaded where there are no colours
        assert said == "surprisal 0 aaaaaaaaaaaa 8 bits or more   v next tint"
        await it.pilot.press("v", "v")
        assert "temperature 0" in legend.render_line(0).text
        await it.pilot.press("A")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there")
        assert "temperature 0" in it.app.screen.query_one(Legend).render_line(0).text
        await it.pilot.press("escape", "v")
        assert "reach 1" in legend.render_line(0).text
        await it.pilot.press("v")
        await it.until(lambda: not legend.display, "there is no tint")


# Room.


@pytest.mark.parametrize("size", [SMALL, TINY])
async def test_where_there_is_no_room_a_panel_opens_over_the_text(size: tuple[int, int]) -> None:
    async with studio(size) as it:
        await replied(it)
        panels, lines = it.app.screen.query_one(Sidebar), it.drawn()
        for closes in ("ctrl+o", "escape"):
            await it.pilot.press("ctrl+o")
            assert panels.shown == ["next"]
            assert panels.region.height == it.transcript.region.height
            assert panels.region.width == min(42, size[0])
            assert it.drawn() == lines  # the text is where it was
            await it.pilot.press(closes)
            assert panels.shown == []
            assert it.prompt.has_focus
        await it.pilot.press("escape", "c", *["down"] * 11)
        controls = it.app.screen.query_one(ControlPanel)
        assert "Conversation" in seen(it)  # the row that keys turn is seen
        await it.pilot.press("down")
        [line] = [line for line in seen(it).splitlines() if "Banned" in line]
        assert "none" in line
        assert "◂" not in line  # it is typed, and does not turn
        assert controls.obstacle("turn", (1,)) == "its value is typed: Enter"
        await it.pilot.press("up")
        await it.pilot.press("right")
        assert it.app.conversation.continues
        await it.pilot.press("escape")
        assert not controls.display


async def test_lines_keep_to_a_measure_and_the_panels_have_the_rest() -> None:
    async with studio((200, 40)) as it:
        await replied(it, "in the rain on an old wall " * 20)
        lines = [line for line in it.drawn().splitlines() if "rain" in line]
        assert len(lines) > 4
        assert 90 < max(map(len, lines)) <= MEASURE
        assert it.app.screen.query_one(Sidebar).size.width == 60


# Bars.


async def test_the_longest_bar_takes_all_the_room_there_is() -> None:
    async with studio(WIDE) as it:
        await it.load()
        panel = it.app.screen.query_one(NextCharacter)
        panel.view = View("abc", [0.2, 0.1, 0.1], [0.2, 0.1, 0.1], 0, False)
        bars = [panel.render_line(y).text.count("▀") for y in (2, 3)]
        room = panel.size.width - 8 - 13
        assert bars == [room, pytest.approx(room / 2, abs=1)]


async def test_what_a_rule_takes_away_is_marked_and_what_it_costs_is_told() -> None:
    async with studio(WIDE) as it:
        await it.load()
        panel = it.app.screen.query_one(NextCharacter)
        own = [0.5, 0.25, 0.25]
        panel.view = View("abc", own, [0.0, 0.5, 0.5], 1, False, [0.0, 0.5, 0.5], 1.0)
        lines = [panel.render_line(y).text for y in range(1, 5)]
        assert lines[0].startswith("rules 1.00 bits ")
        assert lines[0].split()[-2:] == ["model", "after"]
        assert lines[1].split()[0] == "a"
        assert lines[1].split()[-2:] == ["50.0", "rule"]
        panel.view = View("abc", own, [0.0, 0.5, 0.5], 1, False)
        lines = [panel.render_line(y).text for y in range(1, 5)]
        assert "rules" not in lines[0]
        assert lines[1].split()[-1] == "·"


def test_the_ribbon_opens_for_a_change_that_it_shows_and_is_as_high_as_that() -> None:
    def shown(*temperatures: float) -> str | None:
        tape, column = Tape(), array("f", temperatures).tobytes()
        ids = array("H", [1] * len(temperatures)).tobytes()
        tape.append(Columns(ids, column, column, column), Settings())
        if (warmth := warmth_of(tape, 20, 0.5)) is None:
            return None
        ribbon = Ribbon()
        ribbon.set_reactive(Ribbon.warmth, warmth)
        return ribbon.course

    assert shown(0.5, 0.5) is None
    assert shown(0.5, 0.501) is None  # it would be told as 0.50–0.50
    assert shown(0.5, 0.55) == "▁█"
    assert shown(0.2, 0.55, 0.9) == "▁▅█"


# Who has written what.


async def test_what_a_person_typed_into_a_reply_is_told_from_what_was_drawn() -> None:
    async with studio(WIDE, controls=FULL) as it:
        await replied(it, "abcdef")
        await it.pilot.press("escape", "left", "h", "h", "h", "e", *"xy", "enter")
        await it.until(lambda: isinstance(it.engine.last, DrawRequested), "it branched")
        it.engine.say(it.engine.batch("xy")._replace(forced=True))
        await it.until(lambda: it.reply == "abcxy", "what was typed is shown")
        await it.stream("z")
        line = next(
            line for line in map(it.transcript.render_line, range(9)) if "abcxyz" in line.text
        )
        styles = {char: each.style for each in line for char in each.text if each.style}
        assert styles["x"].italic
        assert styles["x"].bold
        assert not styles["c"].italic
        assert not styles["z"].italic
        assert styles["x"].color != styles["c"].color


async def test_a_seed_is_selected_and_copied_by_mouse() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        line = next(y for y in range(20) if "seed" in it.transcript.render_line(y).text)
        await it.pilot.mouse_down(it.transcript, offset=(3, line))
        await it.pilot.hover(it.transcript, offset=(5, line))
        await it.pilot.mouse_up(it.transcript, offset=(5, line))
        assert it.transcript.selected_text() == "see"
        await it.pilot.press("y")
        assert it.app.clipboard == "see"
        await it.pilot.press("m")
        await it.until(lambda: "Select a character first" in it.status, "a seed has no figures")
        await it.pilot.press("down")
        assert it.app.screen._view.selected == (it.app.conversation.turn, 2)


# Finding, and the prompt.


async def test_text_is_found_marked_and_gone_to_and_the_place_stays_selected() -> None:
    async with studio(WIDE) as it:
        await replied(it, "a rain, and the\nrain again")
        await it.pilot.press("escape", "F")
        await it.until(lambda: it.app.screen.query(FindLine), "it is asked")
        await it.pilot.press(*"RAIN")
        places = it.app.screen.query_one("#places")
        await it.until(lambda: "1 of 2" in str(places.content), "they are counted")
        marked = [
            segment.text
            for line in map(it.transcript.render_line, range(9))
            for segment in line
            if segment.style is not None and (segment.style.underline or segment.style.bold)
        ]
        assert marked == ["❯ ", "seed", "rain", "rain"]
        await it.pilot.press("enter")
        assert "2 of 2" in str(places.content)
        await it.pilot.press("down")
        assert "1 of 2" in str(places.content)  # around the end
        await it.pilot.press("up")
        assert it.transcript.selection.span == (16, 20)
        await it.pilot.press("escape")
        assert not it.app.screen.query(FindLine)
        assert it.transcript.has_focus
        assert it.transcript.selected_text() == "rain"
        await it.pilot.press("i", *"/find seed", "enter")
        await it.until(lambda: it.app.screen.query(FindLine), "it is found by command")
        await it.until(lambda: it.transcript.selected_text() == "seed", "seeds are searched, too")
        await it.pilot.press("enter")
        await it.until(lambda: "That is the only place" in it.status, "it is told")
        it.app.screen.query_one(FindLine).query_one(Input).value = "snow"
        await it.pilot.press("down")
        await it.until(lambda: "Nothing like that is in the text" in it.status, "it is told")


async def test_one_key_clears_the_prompt_and_another_brings_it_back() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press(*"two", "ctrl+n", *"lines", "left", "ctrl+u")
        assert it.prompt.text == ""
        await it.pilot.press("ctrl+z")
        assert it.prompt.text == "two\nlines"
        await it.pilot.press("ctrl+u", "ctrl+u")
        await it.until(lambda: "The prompt is empty" in it.status, "it is told")


async def test_without_an_editor_its_key_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.delenv("EDITOR", raising=False)
    async with studio() as it:
        await it.load()
        await it.pilot.press("f6")
        await it.until(lambda: "set VISUAL or EDITOR" in it.status, "it is told")
        monkeypatch.setenv("EDITOR", "vi 'x")
        await it.pilot.press("f6")
        await it.until(lambda: it.blocks[-1][0] == "error", "what cannot be run is told")
