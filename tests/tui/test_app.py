"""The app as a person drives it, with engines that block and die when a test says so."""

import gc
import re
import signal
import weakref
from pathlib import Path

import pytest
from textual import events
from textual.message import Message
from textual.widgets import Input

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import Acknowledged, DrawRequested, LoadFailed
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tints import Tint
from charlm_tui.tui.app import CharlmApp
from charlm_tui.tui.keys import KEYS
from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.help import HelpScreen
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.screens.studio import TWICE_S
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.welcome import EXAMPLES
from charlm_tui.tui.widgets.status import Status
from tests.support.engines import QueuedEngine
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # nearly every test starts the app


async def test_what_is_typed_streams_a_reply_character_by_character() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press("h", "i", "space", "enter")
        await it.until(lambda: it.engine.requests, "the seed was sent")
        assert it.blocks[-1] == ("seed", "hi ")
        assert it.prompt.text == ""
        for char in "abc":
            await it.stream(char)
        assert "abc▌" in it.drawn()
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        assert "▌" not in it.drawn()


async def test_a_paste_of_two_lines_is_one_seed_with_its_newline() -> None:
    async with studio() as it:
        await it.load()
        it.app.post_message(events.Paste("two\nlines "))
        await it.until(lambda: it.prompt.text == "two\nlines ", "the paste arrived")
        await it.pilot.press("ctrl+n", "x", "enter")
        await it.until(lambda: it.engine.requests, "the seed was sent")
        assert it.blocks[-1] == ("seed", "two\nlines \nx")


async def test_a_seed_can_be_typed_and_sent_while_the_model_loads() -> None:
    async with studio() as it:
        await it.pilot.press("a", "enter")
        await it.until(lambda: ("seed", "a") in it.blocks, "the seed was shown")
        assert it.engine.requests == []
        await it.load()
        assert isinstance(it.engine.last, DrawRequested)
        assert [kind for kind, _ in it.blocks].count("seed") == 1


async def test_a_seed_of_the_command_line_starts_at_once() -> None:
    async with studio(seed="given") as it:
        it.engine.load()
        await it.until(lambda: it.engine.requests, "the seed was sent")
        await it.stream("x")
        assert ("seed", "given") in it.blocks


@pytest.mark.parametrize(
    ("focus", "key", "temperature"),
    [
        ("prompt", "f2", 0.45),
        ("prompt", "f3", 0.55),
        ("prompt", "ctrl+t", 1.0),
        ("transcript", "minus", 0.45),
        ("transcript", "plus", 0.55),
        ("transcript", "1", 0.2),
        ("transcript", "2", 0.5),
        ("transcript", "3", 1.0),
        ("transcript", "4", 1.2),
    ],
)
async def test_a_key_changes_the_temperature_in_mid_stream_from_the_next_character(
    focus: str, key: str, temperature: float
) -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        late = it.engine.batch("zzz")
        if focus == "transcript":
            await it.pilot.press("escape")
        await it.pilot.press(key)
        await it.until(lambda: f"{temperature:.2f}" in it.status, "the status tells it")
        if temperature != 0.5:
            last = it.engine.last
            assert isinstance(last, DrawRequested)
            assert (last.first, last.controls.settings.temperature) == (3, temperature)
            it.engine.say(late)
            await it.stream("d")
            assert it.reply == "abcd"


async def test_pause_rests_and_resumes_and_stop_keeps_what_there_is() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        await it.pilot.press("f4")
        await it.until(lambda: "paused" in it.status, "it was paused")
        await it.pilot.press("f4")
        await it.until(lambda: "streaming" in it.status, "it was resumed")
        await it.stream("d")
        await it.pilot.press("ctrl+s")
        await it.until(lambda: "ready" in it.status, "it was stopped")
        assert it.reply == "abcd"
        await it.pilot.press("enter")
        await it.until(lambda: "streaming" in it.status, "an empty Enter went on")
        await it.stream("e")
        assert it.reply == "abcde"


async def test_regenerating_adds_a_sibling_with_another_rng_seed() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        before = it.app.conversation.controls.settings.rng_seed
        await it.pilot.press("f5")
        await it.until(lambda: "‹2/2›" in it.drawn(), "it was started again")
        assert it.app.conversation.controls.settings.rng_seed != before
        await it.stream("xy")
        assert it.blocks[-2:] == [("seed", "seed"), ("reply", "xy")]
        await it.pilot.press("escape", "left_square_bracket")
        await it.until(lambda: it.blocks[-1] == ("reply", "abc"), "the one before is there")


async def test_the_same_seed_is_a_new_turn_by_its_key() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        await it.pilot.press("escape", "X")
        await it.until(lambda: it.blocks.count(("seed", "seed")) == 2, "it was started again")
        assert ("reply", "abc") in it.blocks


async def test_an_rng_seed_is_pinned_by_key_and_the_status_says_so() -> None:
    async with studio(size=(120, 24)) as it:
        await it.load()
        await it.send("seed")
        assert "pinned" not in it.status
        await it.pilot.press("escape", "P")
        await it.until(lambda: "pinned" in it.status, "it is pinned")
        pinned = it.app.conversation.controls.settings.rng_seed
        await it.pilot.press("i")
        await it.send("another")
        assert it.app.conversation.controls.settings.rng_seed == pinned


async def test_a_command_is_typed_in_the_prompt_and_completed() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press(*"/te")
        menu = it.prompt.menu
        await it.until(lambda: it.prompt.menu and it.prompt.menu.option_count, "it is listed")
        menu = it.prompt.menu
        assert menu is not None
        assert menu.option_count == 1
        await it.pilot.press("tab")
        assert it.prompt.text == "/temp "
        await it.pilot.press(*"0.9", "enter")
        await it.until(
            lambda: it.app.conversation.controls.settings.temperature == 0.9, "it was done"
        )
        assert not menu.display
        assert not it.app.conversation.turns
        await it.pilot.press("up")
        assert it.prompt.text == "/temp 0.9"
        assert it.prompt.prompts.search("", 9) == []  # it is no seed


async def test_the_list_of_commands_is_walked_and_enter_takes_what_was_gone_to() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press(*"/top")
        await it.until(lambda: it.prompt.menu and it.prompt.menu.display, "it is listed")
        await it.pilot.press("down", "down", "enter")
        assert it.prompt.text == "/top-p "
        await it.pilot.press("escape")
        assert it.transcript.has_focus


async def test_what_begins_with_two_slashes_is_a_seed_and_a_wrong_command_comes_back() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press(*"//a", "enter")
        await it.until(lambda: it.engine.requests, "the seed was sent")
        assert it.blocks[-1][0] != "error"
        it.engine.end()
        await it.pilot.press(*"/lad", "enter")
        await it.until(lambda: it.blocks[-1][0] == "error", "it was refused")
        assert it.blocks[-1][1] == "Unknown command: 'lad'; did you mean /ladder?"
        assert it.prompt.text == "/lad"


async def test_commands_open_the_screens_and_tint_the_text() -> None:
    async with studio(size=(120, 30)) as it:
        await it.load()
        await it.pilot.press(*"/tint", "enter")
        await it.until(lambda: it.blocks[-1][0] == "error", "there is nothing to tint")
        assert "there is no reply yet: send a seed first" in it.blocks[-1][1]
        it.prompt.clear()
        await it.send("seed")
        await it.stream("abc")
        it.engine.end()
        await it.pilot.press(*"/tint entropy", "enter")
        await it.until(lambda: it.app.screen_stack[0].tinted is Tint.ENTROPY, "it is tinted")
        await it.pilot.press(*"/tint purple", "enter")
        await it.until(lambda: "purple" in it.blocks[-1][1], "there is no such tint")
        it.prompt.clear()
        await it.pilot.press(*"/ladder 0.3 0.9", "enter")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder opened")
        assert it.app.conversation.ladder.temperatures == [0.3, 0.9]


async def test_an_empty_conversation_says_what_can_be_done_and_offers_seeds() -> None:
    async with studio(size=(120, 40)) as it:
        await it.load()
        assert "predict the next character" in it.drawn()
        assert "A   a ladder" in it.drawn()
        for example in (*EXAMPLES, EXAMPLES[0]):
            await it.pilot.press("down")
            assert it.prompt.text == example
        await it.pilot.press("enter")
        await it.until(lambda: it.engine.requests, "the seed was sent")
        assert it.blocks == [("seed", EXAMPLES[0])]
        await it.stream("x")
        await it.pilot.press("escape", "u")
        await it.until(lambda: "predict the next character" in it.drawn(), "it is there again")


async def test_who_knows_it_all_has_one_line() -> None:
    async with studio(setup=Setup(first_run=False)) as it:
        await it.load()
        [(kind, text)] = it.blocks
        assert (kind, text.count("\n")) == ("notice", 0)
        await it.pilot.press("down")
        assert it.prompt.text == ""


async def test_ctrl_c_copies_stops_clears_and_quits() -> None:
    async with studio(size=(120, 24)) as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        await it.pilot.press("escape", "left", "left", "ctrl+c")
        await it.until(lambda: it.app.clipboard == "c", "the selection was copied")
        assert it.app.conversation.busy
        await it.pilot.press("escape", "i", *"draft", "ctrl+c")
        await it.until(lambda: not it.app.conversation.busy, "the reply was stopped")
        assert (it.reply, it.prompt.text) == ("abc", "draft")
        await it.pilot.press("ctrl+c")
        await it.until(lambda: not it.prompt.text, "the prompt was cleared")
        await it.pilot.press("ctrl+c")
        await it.until(lambda: "Ctrl+C again quits" in it.status, "it is told")
        assert it.app.is_running
        assert it.app.screen_stack[0].query_one(Status)._silence._interval == TWICE_S
        await it.pilot.press("ctrl+c")
        await it.until(lambda: it.app._exit, "the app was left")


async def test_the_line_of_commands_suggests_how_one_goes_on() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press("escape", "colon", *"top-")
        await it.until(lambda: isinstance(it.app.screen, AskScreen), "it is asked")
        line = it.app.screen.query_one(Input)
        await it.until(lambda: line._suggestion == "top-k", "it is suggested")
        await it.pilot.press("right", "space", "5", "enter")
        await it.until(lambda: it.app.conversation.controls.settings.top_k == 5, "it was done")


def helped(it: Studio) -> str:
    """Return what a page of help shows."""
    return "\n".join(strip.text for strip in it.app.screen._compositor.render_strips())


async def test_help_has_headings_and_finds_what_is_typed() -> None:
    async with studio(size=(120, 60)) as it:
        await it.load()
        await it.pilot.press("f1")
        await it.until(lambda: "Temperature" in helped(it), "help opened")
        assert "Lower the temperature by 0.05" in helped(it)
        await it.pilot.press(*"sibling")
        await it.until(lambda: "Lower the temperature" not in helped(it), "it looks for it")
        assert "Show the reply's next sibling" in helped(it)
        assert "Seeds and replies" in helped(it)
        assert "The stream" not in helped(it)
        await it.pilot.press("f1")
        await it.until(lambda: it.app.screen is it.app.screen_stack[0], "help closed")


async def test_the_ladder_explains_its_keys_and_words() -> None:
    async with studio(size=(120, 40)) as it:
        await it.load()
        await it.pilot.press("escape", "A")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder opened")
        await it.pilot.press("f1")
        await it.until(lambda: "Take it" in helped(it), "help opened")
        assert "lane: a reply of its own" in helped(it)
        await it.pilot.press("escape")
        await it.until(lambda: isinstance(it.app.screen, LadderScreen), "the ladder is there again")


async def test_saving_offers_a_name_and_replaces_a_file_when_told_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with studio(size=(120, 24)) as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        await it.pilot.press("escape", "W")
        await it.until(lambda: isinstance(it.app.screen, AskScreen), "it is asked")
        name = it.app.screen.query_one(Input).value
        assert (name[:5], name[-7:]) == ("fake-", "-1.html")
        await it.pilot.press("enter")
        await it.until(lambda: f"Saved to {name}" in it.status, "it is told in the status line")
        saved = (tmp_path / name).read_text(encoding="utf-8")
        assert "abc" in re.sub("<[^>]*>", "", saved)
        assert not [text for kind, text in it.blocks if kind == "notice"]
        (tmp_path / name).write_text("old")
        await it.pilot.press("W")
        await it.until(lambda: isinstance(it.app.screen, AskScreen), "it is asked")
        asked = it.app.screen
        line = asked.query_one(Input)
        assert line.value == name.replace("-1.html", "-2.html")
        line.value = name
        await it.pilot.press("enter")
        await it.until(
            lambda: it.app.screen is not asked and isinstance(it.app.screen, AskScreen),
            "it is asked again",
        )
        assert (tmp_path / name).read_text() == "old"
        await it.pilot.press("enter")
        await it.until(lambda: (tmp_path / name).read_text() != "old", "it was replaced")


async def test_what_the_status_line_says_is_text() -> None:
    async with studio() as it:
        it.app.screen_stack[0].query_one(Status).say("by \x1b[2Jx\nand \u202ey")
        assert not [char for char in it.status if not char.isprintable()]


async def test_a_key_that_cannot_act_says_why_in_the_status_line() -> None:
    async with studio(size=(120, 24)) as it:
        await it.load()
        for key, words in (("f5", "there is no reply yet"), ("f4", "no reply is on its way")):
            await it.pilot.press(key)
            await it.until(lambda words=words: words in it.status.lower(), words)
        await it.pilot.press("escape", "U")
        await it.until(lambda: "Nothing was undone" in it.status, "it is told")
        await it.pilot.press("i")
        await it.send("seed")
        await it.stream("abc")
        await it.pilot.press("ctrl+g")
        await it.until(lambda: "The reply is still on its way" in it.status, "it is told")
        await it.pilot.press("ctrl+s")
        await it.until(lambda: not it.app.conversation.busy, "the reply was stopped")
        assert "ready" in it.status  # what is true no longer has gone at once
        await it.pilot.press("escape", "m")
        await it.until(lambda: "Select a character first: ←" in it.status, "it is told")
        assert not it.app._notifications


async def test_a_dreamt_seed_is_put_into_the_prompt_and_what_was_there_can_be_undone() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press("o", "l", "d", "ctrl+f")
        await it.until(lambda: "dreaming" in it.status, "it dreams")
        it.engine.stream("a dream")
        it.engine.end()
        await it.until(lambda: it.prompt.text == "a dream", "the dream is in the prompt")
        await it.pilot.press("ctrl+z")
        assert it.prompt.text == "old"


async def test_quit_while_generating_closes_the_engine() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        await it.pilot.press("ctrl+q")
    assert it.engine.closed
    assert it.app.return_code == 0


async def test_quit_works_while_an_engine_blocks_and_never_loads() -> None:
    async with studio() as it:
        await it.pilot.press("a", "enter", "ctrl+q")
    assert it.engine.closed


async def test_an_engine_that_dies_is_replaced_and_the_conversation_is_still_there() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "a new engine was started")
        assert it.engines[0].closed
        assert any(kind == "error" and "SIGSEGV" in text for kind, text in it.blocks)
        assert ("reply", "abc") in it.blocks
        await it.load()
        await it.pilot.press("enter")
        await it.until(lambda: it.engine.requests, "it went on")
        assert isinstance(it.engine.last, DrawRequested)
        assert it.engine.last.first == len("abc")


async def test_a_reply_that_went_on_after_a_death_is_shown_below_the_notice() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("abc")
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "a new engine was started")
        await it.load()
        await it.pilot.press("enter")
        await it.until(lambda: it.engine.requests, "it went on")
        it.engine.stream("def")
        await it.until(lambda: it.blocks[-1] == ("reply", "def"), "the rest was shown")
        assert any(
            kind == "error" and text.endswith("restarting the engine") for kind, text in it.blocks
        )


async def test_a_model_that_cannot_be_used_ends_the_app_with_its_sentence() -> None:
    async with studio() as it:
        it.engine.say(LoadFailed("x.onnx breaks the model contract"))
        await it.until(lambda: it.app.failure, "the app ended")
    assert it.app.failure == "x.onnx breaks the model contract"
    assert it.app.return_code == 1


async def test_what_the_model_does_not_know_is_named_on_the_screen() -> None:
    async with studio() as it:
        await it.load()
        await it.send("a☃b")
        await it.stream("x")
        assert ("seed", "ab") in it.blocks
        assert "‘☃’" in it.drawn()


async def test_text_of_people_and_models_is_never_markup() -> None:
    async with studio() as it:
        symbols = (*"\n [/]abold", "\x1b", "\x07", "界", "\u0301")
        it.engine.load(symbols)
        await it.until(lambda: "ready" in it.status, "the model loaded")
        await it.send("[bold]a")
        hostile = "[/bold]\x1b[\x07界\u0301"
        it.engine.stream(hostile, symbols)
        await it.until(lambda: it.reply == hostile, "the reply was shown")
        drawn = it.drawn()
        assert "[bold]a" in drawn
        assert "[/bold]␛[␇界" in drawn


async def test_reading_back_is_not_disturbed_by_new_text() -> None:
    async with studio(size=(60, 16)) as it:
        await it.load()
        await it.send("seed")
        await it.stream("line\n" * 60)
        assert it.transcript.is_vertical_scroll_end
        await it.pilot.press("escape", "pageup", "pageup")
        await it.until(lambda: not it.transcript.is_vertical_scroll_end, "it was scrolled back")
        top = it.transcript.scroll_offset.y
        drawn = it.drawn()
        await it.stream("more\n" * 20)
        assert (it.transcript.scroll_offset.y, it.drawn()) == (top, drawn)
        await it.pilot.press("end")
        await it.until(lambda: it.transcript.is_vertical_scroll_end, "it was at the end")
        await it.stream("and more\n" * 20)
        assert it.transcript.is_vertical_scroll_end


async def test_a_narrower_terminal_wraps_anew_and_shows_the_end() -> None:
    async with studio(size=(80, 24)) as it:
        await it.load()
        await it.send("seed")
        text = "some words to be wrapped " * 12
        await it.stream(text)
        await it.pilot.resize_terminal(40, 12)
        await it.until(lambda: it.transcript.size.width <= 40, "it was resized")
        await it.stream("end")
        assert it.reply == text + "end"
        assert "end▌" in it.drawn()
        assert len(it.status) <= 40


async def test_every_key_of_the_table_is_in_help_and_the_footer_says_what_can_be_done_now() -> None:
    async with studio(size=(100, 40)) as it:
        await it.load()
        assert "f4" not in it.app.screen.active_bindings
        await it.pilot.press("f1")
        await it.until(lambda: isinstance(it.app.screen, HelpScreen), "help opened")
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, HelpScreen), "help closed")
        await it.send("seed")
        assert it.app.screen.active_bindings["f4"].enabled
    assert {key.command for key in KEYS} >= {"cooler", "warmer", "pause", "stop", "go-on"}


async def test_of_a_screen_that_is_gone_nothing_drawn_is_kept() -> None:
    async with studio() as it:
        await it.load()
        await it.pilot.press("f1")
        await it.until(lambda: isinstance(it.app.screen, HelpScreen), "help opened")
        await it.pilot.pause()
        shown = it.app.screen.walk_children(with_self=True)
        drawn = [weakref.ref(widget._styles_cache) for widget in shown]
        assert len(drawn) > 3
        del shown
        await it.pilot.press("escape")
        await it.until(lambda: not isinstance(it.app.screen, HelpScreen), "help closed")
        await it.pilot.pause()
        gc.collect()
        assert [each() for each in drawn if each() is not None] == []


async def test_bindings_have_ids_that_differ_within_a_widget() -> None:
    async with studio() as it:
        for node in (it.app.screen, it.transcript, it.prompt):
            own = [b for b in type(node).BINDINGS if not isinstance(b, tuple)]
            ids = [binding.id for binding in own]
            assert all(ids)
            assert len(set(ids)) == len(ids)


async def test_the_speed_of_a_reply_changes_in_mid_stream() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        await it.stream("a")
        await it.pilot.press("f9")
        await it.until(lambda: "120/s" in it.status or "120 chars/s" in it.status, "it is faster")
        assert isinstance(it.engine.last, DrawRequested)
        assert it.engine.last.controls.speed == 120
        for _ in range(6):
            await it.pilot.press("f9")
        await it.until(lambda: " full" in it.status, "it is as fast as it goes")


async def test_the_status_fits_into_forty_columns_with_the_longest_seed() -> None:
    longest = Controls(Settings(0.25, rng_seed=2**64 - 1))
    async with studio(size=(40, 12), controls=longest) as it:
        await it.load()
        status = it.app.screen.query_one(Status)
        assert status.render_line(0).cell_length <= 40
        assert "T0.25" in it.status
        assert it.status.endswith("ready")


async def test_every_seed_is_shown_once_as_the_model_reads_it_even_after_a_death() -> None:
    async with studio() as it:
        it.prompt.insert("A€")
        await it.pilot.press("enter")
        await it.until(lambda: it.blocks == [("seed", "A€")], "the waiting seed was shown")
        await it.load()
        await it.stream("abc")
        assert [text for kind, text in it.blocks if kind == "seed"] == ["a"]
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "a new engine was started")
        await it.pilot.press("enter")
        await it.load()
        await it.until(lambda: it.engine.requests, "it went on")
        await it.send("next")
        assert [text for kind, text in it.blocks if kind == "seed"] == ["a", "next"]


async def test_a_turn_is_undone_while_a_seed_waits_for_the_model() -> None:
    async with studio() as it:
        await it.load()
        await it.send("first")
        await it.stream("abc")
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "a new engine was started")
        it.prompt.insert("next")
        await it.pilot.press("enter")
        await it.until(lambda: ("seed", "next") in it.blocks, "the seed waits")
        await it.pilot.press("escape", "u")
        await it.until(lambda: ("seed", "first") not in it.blocks, "the turn was undone")
        await it.load()
        await it.until(lambda: it.engine.requests, "it went on")
        assert [text for kind, text in it.blocks if kind == "seed"] == ["next"]


async def test_a_second_seed_while_the_model_loads_is_given_back() -> None:
    async with studio() as it:
        await it.pilot.press("a", "enter", "b", "enter")
        await it.until(lambda: it.prompt.text == "b", "it was given back")
        await it.load()
        assert [text for kind, text in it.blocks if kind == "seed"] == ["a"]


async def test_what_was_drawn_is_acknowledged_once_it_is_on_the_screen() -> None:
    async with studio() as it:
        await it.load()
        await it.send("seed")
        it.engine.stream("abc")
        await it.until(
            lambda: Acknowledged(1, 3) in it.engine.requests, "the engine heard that it is shown"
        )
        assert "abc" in it.drawn()


async def test_an_app_that_is_left_while_it_starts_ends_quietly() -> None:
    moment = 0
    while True:
        moment += 2
        app = CharlmApp("fake.onnx", lambda _: QueuedEngine(), Controls(), None, None)
        come = 0

        def leave(message: Message, moment: int = moment, app: CharlmApp = app) -> None:
            nonlocal come
            come += isinstance(message, events.Mount | events.Compose)
            if come == moment:
                app.exit(return_code=128 + signal.SIGTERM)

        async with app.run_test(message_hook=leave) as pilot:
            while come < moment and not app.screen_stack[0].furnished:
                await pilot.pause()
        if come < moment:  # all of the screen was there
            break
        assert app.return_code == 128 + signal.SIGTERM
    assert moment > 20
