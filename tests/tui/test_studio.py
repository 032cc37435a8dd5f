"""What a person does in the studio, against an engine that says only what a test lets it say."""

from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import (
    DrawRequested,
    Inspected,
    InspectRequested,
    LanesRequested,
    Remade,
    RemakeRequested,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.share_line import from_line, to_line
from charlm_tui.reply.tints import EngineTint, Tint
from charlm_tui.session.typed import run_line
from charlm_tui.session.updates import Phase
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.control_panel import ControlPanel
from charlm_tui.tui.widgets.next_character import NextCharacter
from charlm_tui.tui.widgets.ribbon import Ribbon
from charlm_tui.tui.widgets.sidebar import Sidebar
from charlm_tui.tui.widgets.status import Status
from charlm_tui.tui.widgets.surprise import Surprise
from tests.support.engines import SYMBOLS
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

WIDE = (120, 40)


def shown(it: Studio) -> list[str]:
    return it.app.screen_stack[0].query_one(Sidebar).shown


def lines(it: Studio, widget: type) -> str:
    found = it.app.screen_stack[0].query_one(widget)
    return "\n".join(found.render_line(y).text.rstrip() for y in range(found.size.height))


async def replied(it: Studio, text: str = "abc def\nghi") -> None:
    await it.load()
    await it.send("seed")
    await it.stream(text)
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")


def answer(it: Studio, likely: str = "x") -> None:
    """Answer the last question: one symbol has half of the probability."""
    request = it.engine.last
    assert isinstance(request, InspectRequested)
    rest = 0.5 / (len(SYMBOLS) - 1)
    model = array("f", [0.5 if symbol == likely else rest for symbol in SYMBOLS])
    after = array("f", [float(symbol == likely) for symbol in SYMBOLS])
    it.engine.say(Inspected(request.number, model.tobytes(), after.tobytes()))


async def test_a_character_is_selected_its_alternatives_are_ranked_and_one_is_picked() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await it.pilot.press("escape", "left", "h", "h")
        selection = it.transcript.selection
        assert selection is not None
        assert selection.cursor == 9
        request = it.engine.last
        assert isinstance(request, InspectRequested)
        answer(it)
        await it.until(lambda: "Selected" in str(panel(it).border_title), "it is shown")
        assert "drew h" in lines(it, NextCharacter)
        assert "50.0" in lines(it, NextCharacter).splitlines()[2]
        await it.pilot.press("enter", "home", "enter")
        await it.until(lambda: isinstance(it.engine.last, DrawRequested), "it branched")
        request = it.engine.last
        assert isinstance(request, DrawRequested)
        assert request.first == 9
        assert array("H", request.forced).tolist() == [SYMBOLS.index("x")]
        assert it.reply == "abc def\ng"
        assert "‹2/2›" in it.drawn()
        it.engine.stream("xyz")
        await it.until(lambda: it.reply == "abc def\ngxyz", "the branch streams")
        await it.pilot.press("left_square_bracket")
        await it.until(lambda: it.reply == "abc def\nghi", "the sibling is shown")
        assert "‹1/2›" in it.drawn()
        assert "‹1/2›" in it.status


def panel(it: Studio) -> NextCharacter:
    return it.app.screen_stack[0].query_one(NextCharacter)


async def test_text_is_typed_over_from_the_selected_character() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        await it.pilot.press("escape", "left", "h", "h", "h", "e")
        assert it.prompt.has_focus
        await it.pilot.press(*"xy", "enter")
        await it.until(lambda: isinstance(it.engine.last, DrawRequested), "it branched")
        request = it.engine.last
        assert isinstance(request, DrawRequested)
        assert (request.first, array("H", request.forced).tolist()) == (
            3,
            [SYMBOLS.index("x"), SYMBOLS.index("y")],
        )
        assert it.reply == "abc"


async def test_typing_over_is_left_with_escape_and_what_the_model_does_not_know_is_told() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        await it.pilot.press("escape", "left", "e", "escape")
        assert it.transcript.has_focus
        await it.pilot.press("e")
        it.prompt.insert("§")
        await it.pilot.press("enter")
        await it.until(lambda: it.blocks[-1][0] == "error", "it is told")
        assert it.app.conversation.state is Phase.IDLE
        assert it.prompt.text == "§"


async def test_typing_over_ends_when_its_character_is_shown_no_longer() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        it.app.conversation.tree.branch(it.app.conversation.turns[0], 2)
        await it.until(lambda: it.reply == "ab", "it branched")
        await it.stream("x")
        it.app.conversation.stop()
        await it.pilot.press("escape", "left_square_bracket")
        await it.until(lambda: it.reply == "abcdef", "the first sibling is shown")
        await it.pilot.press("left", "e", *"xy")
        assert it.prompt.has_class("-editing")
        await it.app.screen.run_action("walk(1)")  # by the palette, say
        await it.until(lambda: ("reply", "abx") in it.blocks, "the other sibling is shown")
        assert not it.prompt.has_class("-editing")
        assert it.prompt.text == "xy"


async def test_the_mouse_selects_a_character_and_a_stretch_and_they_are_copied() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abc def")
        line = next(y for y in range(20) if "abc def" in it.transcript.render_line(y).text)
        await it.pilot.mouse_down(it.transcript, offset=(1 + 2 + 4, line))
        await it.pilot.hover(it.transcript, offset=(1 + 2 + 6, line))
        await it.pilot.mouse_up(it.transcript, offset=(1 + 2 + 6, line))
        assert it.transcript.selected_text() == "def"
        await it.pilot.press("y")
        assert it.app.clipboard == "def"
        await it.pilot.press("escape", "y")
        assert it.app.clipboard == "abc def"


async def test_new_text_does_not_move_what_is_read_and_a_mark_says_that_there_is_more() -> None:
    async with studio((80, 24)) as it:
        await it.load()
        await it.send("seed")
        await it.stream("ab\n" * 60)
        await it.pilot.press("escape", "pageup")
        await it.until(lambda: "▼" in it.status, "the mark is there")
        before = it.drawn()
        await it.stream("cd\n" * 20)
        assert it.drawn() == before
        await it.pilot.press("end")
        await it.until(lambda: "▼" not in it.status, "the mark is gone")


@pytest.mark.parametrize(
    ("size", "panels"),
    [((120, 40), 3), ((100, 30), 2), ((80, 24), 1), ((60, 20), 0), ((40, 12), 0)],
)
async def test_panels_fold_away_where_there_is_no_room(size: tuple[int, int], panels: int) -> None:
    async with studio(size) as it:
        assert len(shown(it)) == panels


async def test_any_panel_is_hidden_and_shown_by_key() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await it.pilot.press("escape", "N")
        assert shown(it) == ["controls", "surprise"]
        await it.pilot.press("C", "S")
        assert shown(it) == []
        await it.pilot.press("ctrl+o")
        assert shown(it) == ["next", "controls", "surprise"]
    async with studio((80, 24)) as it:
        for expected in (["controls"], ["surprise"], [], ["next"]):
            await it.pilot.press("ctrl+o")
            assert shown(it) == expected


async def test_alternatives_are_shown_even_where_there_is_no_room_for_a_panel() -> None:
    async with studio((60, 20)) as it:
        await replied(it)
        await it.pilot.press("escape", "left")
        answer(it)
        await it.pilot.press("p")
        assert shown(it) == ["next"]
        await it.pilot.press("escape")
        assert shown(it) == []
        assert it.transcript.has_focus


async def test_controls_are_turned_by_key_by_mouse_and_by_typing() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.pilot.press("escape", "c", "down", "down", "left")
        assert it.app.conversation.controls.settings.top_k == 30
        await it.pilot.press("enter")
        it.app.screen.query_one(Input).value = "many"
        await it.pilot.press("enter")
        assert it.app.conversation.controls.settings.top_k == 30
        it.app.screen.query_one(Input).value = "4"
        await it.pilot.press("enter")
        assert it.app.conversation.controls.settings.top_k == 4
        controls = it.app.screen.query_one(ControlPanel)
        await it.pilot.click(controls, offset=(2, 1))  # the left end of the dial
        assert it.app.conversation.controls.settings.temperature == 0
        await it.pilot.pause()
        assert "no effect: greedy" in lines(it, ControlPanel)


async def test_the_newest_character_is_followed_and_surprise_has_its_mean() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        batch = it.engine.batch("ab")
        model = array("f", [1 / len(SYMBOLS)] * len(SYMBOLS)).tobytes()
        it.engine.say(batch._replace(draw_s=0.001, model=model, after=model))
        await it.until(lambda: "drew b" in lines(it, NextCharacter), "it is followed")
        assert "1.00 bits/char over 2" in lines(it, Surprise)


async def test_tints_go_round() -> None:
    async with studio(WIDE) as it:
        await replied(it)
        await it.pilot.press("escape")
        screen = it.app.screen
        for tint in (*list(Tint)[1:], EngineTint.REACH, Tint.PLAIN):
            await it.pilot.press("v")
            assert screen.tinted is tint
            assert "abc def" in it.drawn()


async def test_a_seed_comes_from_a_file_and_from_the_corpus(tmp_path: Path) -> None:
    (tmp_path / "seed.txt").write_text("from a\nfile", encoding="utf-8")
    async with studio(WIDE) as it:
        await it.load()
        await it.pilot.press("escape", "o")
        it.app.screen.query_one(Input).value = str(tmp_path / "none.txt")
        await it.pilot.press("enter")
        it.app.screen.query_one(Input).value = str(tmp_path / "seed.txt")
        await it.pilot.press("enter")
        assert it.prompt.text == "from a\nfile"


async def test_turns_are_continued_by_key_and_the_status_says_so() -> None:
    async with studio((80, 24)) as it:
        await replied(it)
        assert "fresh" in it.status
        await it.pilot.press("ctrl+l")
        await it.until(lambda: "continued" in it.status, "it is told")


async def test_a_hundred_kilobytes_are_pasted_and_sent() -> None:
    text = "the slowly ascending ranks\n" * 3800
    async with studio(WIDE) as it:
        await it.load()
        it.prompt.insert(text)
        await it.pilot.press("enter")
        await it.until(lambda: isinstance(it.engine.last, DrawRequested), "it was sent")
        assert it.blocks[-1] == ("seed", text)


HOSTILE = ("\n", " ", "\t", "\x1b", "\x07", "\x9b", "\u202e", "\u200b", "界", "\u0301", "[", "a")


async def test_a_hostile_vocabulary_draws_safely_everywhere() -> None:
    text = "a\x1b[a\ta界a\u0301\x07\x9b\u202e[\u200b界\n" * 12
    async with studio(WIDE) as it:
        it.engine.load(HOSTILE)
        await it.until(lambda: "ready" in it.status, "the model loaded")
        await it.send("a[\x1b")
        batch = it.engine.batch(text, HOSTILE)
        even = array("f", [1 / len(HOSTILE)] * len(HOSTILE)).tobytes()
        it.engine.say(batch._replace(model=even, after=even))
        it.engine.end()
        await it.until(lambda: it.reply == text, "it is shown")
        await it.pilot.press("escape", "left", "h", "h", "v")
        await it.pilot.pause()
        screen = it.app.screen
        for y, strip in enumerate(screen._compositor.render_strips()):
            assert strip.cell_length == WIDE[0], y
            assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in strip.text), y
            assert not set(strip.text) & set("\u202e\u200b"), y


async def test_a_recorded_reply_has_a_pace_of_its_own_and_no_part_of_the_speed() -> None:
    async with studio(WIDE, controls=Controls(Settings(0.5, 7), speed=8.0)) as it:
        await replied(it, "abcdef")
        recording = it.app.conversation.turn.recording()
        recording.tape.times = [(number, float(number)) for number in range(6)]
        it.app.conversation.playing.play(recording)
        await it.until(lambda: "playing" in it.status, "it plays")
        it.app.screen.query_one(Status).shown_per_s = 45.0
        assert "45/s" in it.status
        assert "of 8" not in it.status


async def test_what_came_at_another_speed_or_at_once_is_not_counted() -> None:
    async with studio(WIDE, controls=Controls(Settings(0.5, 7), speed=480.0)) as it:
        await it.load()
        await it.send("seed")
        it.app.screen._live.rate_timer.pause()
        for _ in range(20):
            await it.stream("abcdefgh")
        it.app.screen._live._rate()
        assert " of 480/s" in it.status
        run_line(it.app.conversation, "/speed 8")
        await it.stream("a")
        it.app.screen._live._rate()
        assert " │ 8/s │ " in it.status
        (turn,) = it.app.conversation.turns
        it.app.conversation.tree.branch(turn, 3, [1] * 60)
        for _ in range(2):
            it.engine.say(it.engine.batch("a" * 30)._replace(forced=True))
        await it.until(lambda: len(turn.tape) == 63, "it was typed over")
        it.app.screen._live._rate()
        assert " │ 8/s │ " in it.status


def line(it: Studio, temperature: float | None = None) -> str:
    """Give the last reply as a line; with temperatures that are not known, if one is given."""
    recording = it.app.conversation.turn.recording()
    if temperature is not None:
        settings = recording.tape.settings_at(0)
        recording.tape.settings[0] = replace(settings, temperature=temperature)
    return to_line(recording)


def measured(it: Studio, count: int, bits: float = 2.0) -> Remade:
    """Give the answer to the reply that was last asked to be made again."""
    asked = [request for request in it.engine.requests if isinstance(request, RemakeRequested)]
    column = array("f", [bits] * count).tobytes()
    return Remade(asked[-1].number, "identical", None, column, column)


async def paste(it: Studio, text: str) -> None:
    it.prompt.insert(text)
    await it.pilot.press("enter")
    await it.pilot.pause()


async def test_a_pasted_line_is_drawn_before_it_is_measured_and_after() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abc def\nghi" * 9)
        await it.pilot.press("ctrl+o", "ctrl+o")
        shared = line(it)
        await it.pilot.press("escape", "v", "i")
        await paste(it, shared)
        assert "not measured yet" in lines(it, Surprise)
        assert "·····" in lines(it, Surprise).splitlines()[2]
        plain = transcript_styles(it)
        it.engine.say(measured(it, 99))
        await it.until(lambda: "2.00 bits/char over 99" in lines(it, Surprise), "it is measured")
        assert "·" not in lines(it, Surprise)
        assert transcript_styles(it) != plain  # the tint has come
        it.app.conversation.resume()
        await it.until(lambda: it.app.conversation.state is Phase.STREAMING, "it goes on")
        it.engine.stream("jkl")
        await it.until(lambda: it.reply == "jkl", "what is new is below the verdict")
        assert it.blocks[-2] == ("notice", "made again: identical")


def transcript_styles(it: Studio) -> list[set[str]]:
    height = it.transcript.size.height
    return [{str(segment.style) for segment in it.transcript.render_line(y)} for y in range(height)]


async def test_a_reply_whose_temperatures_are_not_known_plays_under_a_schedule() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        shared = line(it, temperature=0.9)
        run_line(it.app.conversation, "/move ramp 1.2 10")
        it.app.conversation.playing.play(from_line(shared), at_once=True)
        it.app.conversation.advance()
        await it.until(lambda: "ready" in it.status, "it was played")
        run_line(it.app.conversation, "/temp 0.7")
        it.app.conversation.resume()
        await it.until(lambda: "streaming" in it.status, "it goes on")
        for temperature in (0.7, 0.9):  # it moves, behind what is not known
            batch = it.engine.batch("g")
            column = array("f", [temperature]).tobytes()
            it.engine.say(batch._replace(columns=batch.columns._replace(temperature=column)))
        await it.until(lambda: it.reply.endswith("gg"), "it came")
        it.app.screen._live.follow_stream()
        await it.pilot.pause()
        ribbon = it.app.screen.query_one(Ribbon)
        assert "0.70–0.90" in ribbon.render_line(0).text


async def test_a_line_that_the_model_cannot_have_made_is_told_and_not_shown() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        recording = it.app.conversation.turn.recording()
        recording.tape._chunks[0].ids[2] = 999
        await paste(it, to_line(recording))
        await it.until(lambda: it.blocks[-1][0] == "error", "it is told")
        assert "damaged" in it.blocks[-1][1]
        assert len(it.app.conversation.turns) == 1


async def test_a_tape_that_the_model_cannot_have_made_does_not_end_the_app() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        recording = it.app.conversation.turn.recording()
        recording.tape._chunks[0].ids[2] = 999
    async with studio(WIDE, setup=Setup(replay=recording)) as it:
        it.engine.load()
        await it.until(lambda: it.blocks and it.blocks[-1][0] == "error", "it is told")


def known(it: Studio, likely: str) -> None:
    """Answer the question what was possible at the last character that is shown."""
    request, turn = it.engine.last, it.app.conversation.turn
    assert isinstance(request, InspectRequested)
    assert request.first == len(turn.tape) - 1
    assert request.settings == turn.tape.settings_at(request.first)
    answer(it, likely)


def panels(it: Studio) -> tuple[str, str]:
    """Give what Next character and Surprise tell."""
    return lines(it, NextCharacter).splitlines()[0], lines(it, Surprise).splitlines()[0]


async def stream_known(it: Studio, text: str, likely: str) -> None:
    """Stream text with what was possible at its end."""
    model = array("f", [float(symbol == likely) for symbol in SYMBOLS]).tobytes()
    length = len(it.app.conversation.turn.tape) + len(text)
    it.engine.say(it.engine.batch(text)._replace(model=model, after=model))
    await it.until(lambda: len(it.app.conversation.turn.tape) == length, "it came")
    await it.until(lambda: f"drew {text[-1]}" in panels(it)[0], "it is followed")


async def test_panels_follow_what_is_shown_after_an_undo() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        await stream_known(it, "abc", "c")
        await it.send("more")
        assert "nothing drawn yet" in panels(it)[0]
        await stream_known(it, "uvwx", "x")
        await it.pilot.press("escape", "u")
        await it.until(lambda: "over 3" in panels(it)[1], "the surprise is the other turn's")
        assert "nothing drawn yet" in panels(it)[0]
        known(it, "c")
        await it.until(lambda: "drew c" in panels(it)[0], "the character is the other turn's")
        assert panel(it).border_title == "Next character"
        await it.pilot.press("u")
        await it.until(lambda: "nothing drawn yet" in panels(it)[0], "there is none")
        assert panels(it)[1] == "bits per character"


async def test_panels_follow_what_is_shown_after_a_walk() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        await stream_known(it, "abc", "c")
        it.app.conversation.tree.branch(it.app.conversation.turn, 1, [])
        await stream_known(it, "xyzx", "x")
        await it.pilot.press("escape", "left_square_bracket")
        await it.until(lambda: "over 3" in panels(it)[1], "the surprise is the sibling's")
        assert "nothing drawn yet" in panels(it)[0]
        await it.pilot.press("left")  # the question about a selected character takes its place
        await it.pilot.press("escape")
        known(it, "c")
        await it.until(lambda: "drew c" in panels(it)[0], "the character is the sibling's")


async def test_panels_follow_what_is_shown_after_a_lane_is_taken() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        await stream_known(it, "abc", "c")
        await it.pilot.press("escape", "A")
        await it.until(lambda: isinstance(it.engine.last, LanesRequested), "a ladder began")
        it.engine.lanes(["ab", "cd", "ef", "gh"])
        it.engine.end()
        await it.pilot.press("3", "enter")
        await it.until(lambda: it.reply == "ef", "a lane is taken")
        await it.until(lambda: "over 2" in panels(it)[1], "the surprise is the lane's")
        known(it, "f")
        await it.until(lambda: "drew f" in panels(it)[0], "the character is the lane's")


async def test_the_ribbon_goes_with_the_reply_that_it_is_of() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        batch = it.engine.batch("ab")
        it.engine.say(
            batch._replace(
                columns=batch.columns._replace(temperature=array("f", [0.5, 0.9]).tobytes())
            )
        )
        it.engine.end()
        ribbon = it.app.screen.query_one(Ribbon)
        await it.until(lambda: ribbon.display, "the temperature has moved")
        await it.pilot.press("escape", "u")
        await it.until(lambda: not ribbon.display, "there is nothing to show")


async def test_a_panel_that_has_room_again_shows_the_reply() -> None:
    async with studio((60, 20)) as it:
        await replied(it, "abcdef")
        await it.pilot.resize_terminal(*WIDE)
        await it.until(lambda: "over 6" in panels(it)[1], "it is drawn")
        assert len(lines(it, Surprise).splitlines()[2]) == 6


async def test_typing_over_ends_when_its_place_is_no_longer_shown() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        turn = it.app.conversation.turn
        it.app.conversation.tree.branch(turn, 1, [5])
        it.app.conversation.stop()
        it.app.conversation.tree.walk(turn, 1)
        await it.pilot.press("escape", "left", "e")
        assert it.prompt.has_class("-editing")
        await it.pilot.press(*"xy")
        it.app.conversation.tree.walk(turn, 1)
        await it.pilot.pause()
        assert not it.prompt.has_class("-editing")
        assert it.prompt.text == "xy"


async def test_a_panel_that_is_there_for_its_focus_alone_is_folded_away_by_its_key() -> None:
    async with studio(WIDE) as it:
        await replied(it, "abcdef")
        await it.pilot.press("ctrl+o")
        assert shown(it) == []
        await it.pilot.press("escape", "left", "p")
        assert shown(it) == ["next"]
        await it.pilot.click(it.transcript)
        await it.pilot.press("N")
        assert shown(it) == []
        await it.pilot.press("N")
        assert shown(it) == ["next"]
