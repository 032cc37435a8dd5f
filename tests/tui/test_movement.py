"""A temperature that moves, on the screen: by a key that is held, by a command; and a ribbon."""

import pytest
from textual.widgets import Input

from charlm_tui.engine.protocol import DrawRequested
from charlm_tui.reply.schedule import temperatures
from charlm_tui.session.typed import run_line
from charlm_tui.tui.widgets.control_panel import ControlPanel
from charlm_tui.tui.widgets.ribbon import Ribbon
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # nearly every test starts the app

WIDE = (120, 40)


def ribbon(it: Studio) -> Ribbon:
    return it.app.screen_stack[0].query_one(Ribbon)


async def moving(it: Studio, text: str) -> None:
    """Stream characters at the temperatures that the last request asks for."""
    request = it.engine.last
    assert isinstance(request, DrawRequested)
    batch = it.engine.batch(text)
    first, end = batch.first, batch.first + len(text)
    column = temperatures(request.controls.settings, "", " " * first + text, first, end)
    it.engine.say(batch._replace(columns=batch.columns._replace(temperature=column.tobytes())))
    await it.until(lambda: len(it.app.conversation.turn.tape) == end, "it came")


async def test_a_held_key_sweeps_the_temperature_and_a_ribbon_shows_it() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        await moving(it, "a" * 20)
        assert not ribbon(it).display
        await it.pilot.press("escape", "right_curly_bracket", "right_curly_bracket")
        request = it.engine.last
        assert isinstance(request, DrawRequested)
        assert (request.controls.settings.moving, request.controls.settings.moving_from) == (
            "ramp",
            20,
        )
        await moving(it, "b" * 60)
        it.app.screen._live.follow_stream()
        await it.until(
            lambda: "0.50–0." in ribbon(it).render_line(0).text, "the ribbon tells the range"
        )
        await it.until(
            lambda: it.app.conversation.controls.settings.moving == "", "the key was let go"
        )
        assert it.app.conversation.controls.settings.temperature > 0.5
        assert len(it.app.conversation.turn.tape.runs()) == 2


async def test_a_movement_is_typed_as_a_command_and_shown_among_the_controls() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.pilot.press("escape", "colon")
        it.app.screen.query_one(Input).value = "move cycle 1.2"
        await it.pilot.press("enter")
        await it.until(lambda: it.app.conversation.controls.settings.moving == "cycle", "it moves")
        panel = it.app.screen_stack[0].query_one(ControlPanel)
        await it.until(
            lambda: any("cycle to 1.20 in 200" in panel.render_line(y).text for y in range(6)),
            "it is shown",
        )
        await it.pilot.press("2")
        assert it.app.conversation.controls.settings.moving == ""


async def test_a_click_on_the_dial_ends_a_schedule() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        run_line(it.app.conversation, "/move ramp 1.5 200")
        await moving(it, "a" * 20)
        it.app.screen._live.follow_stream()
        await it.until(lambda: ribbon(it).region.height, "the ribbon has moved what is below it")
        await it.pilot.click(ControlPanel, offset=(2, 1))  # the left end of the dial
        await it.until(lambda: not it.app.conversation.controls.settings.moving, "the ramp ended")
        assert it.app.conversation.controls.settings.temperature == 0.0


async def test_status_dial_and_ribbon_tell_the_temperature_in_force() -> None:
    async with studio(WIDE) as it:
        await it.load()
        await it.send("seed")
        run_line(it.app.conversation, "/move ramp 1.5 200")
        await moving(it, "a" * 100)
        it.app.screen._live.follow_stream()
        await it.pilot.pause()
        panel = it.app.screen_stack[0].query_one(ControlPanel)
        assert panel.panel.temperature == pytest.approx(1.0)
        assert panel.panel.rows[0].value == "1.00"
        assert "temperature 1.00 " in it.status
        assert ribbon(it).render_line(0).text.startswith("temp 1.00 ")
        it.app.conversation.stop()  # what comes next begins the ramp anew
        await it.until(lambda: "temperature 0.50 " in it.status, "the status follows")
        assert panel.panel.temperature == 0.5
        assert ribbon(it).render_line(0).text.startswith("temp 0.50 ")
