"""What the chat says in a line."""

from array import array
from dataclasses import replace

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.repl.status import change, closing, confirmed, settings_shown, standing
from charlm_tui.reply.tape import Columns
from charlm_tui.session.arguments import turned
from charlm_tui.session.turns import Turn
from charlm_tui.session.typed import take_line
from tests.support.replies import conversation


@pytest.mark.parametrize("width", [30, 40, 60, 80, 200])
@pytest.mark.parametrize("loaded", [False, True])
def test_the_status_fits_and_always_has_the_temperature_and_the_rng_seed(
    width: int, loaded: bool
) -> None:
    it, _, _ = conversation()
    if not loaded:
        it._stage.models = {}
    it.change(it.controls.with_settings(rng_seed=123_456, temperature=0.75))
    text = standing(it, width)
    assert len(text) <= width
    assert "0.75" in text
    assert "123456" in text


def test_the_status_has_model_speed_and_turns_where_there_is_room() -> None:
    it, _, _ = conversation()
    assert standing(it, 80) == (
        " fake │ temperature 0.50 │ RNG seed 0 │ 60 chars/s │ fresh conversation │ /help"
    )
    turned(it)
    it.change(replace(it.controls.with_settings(temperature=0.0), speed=0.0))
    assert "0.00 greedy" in standing(it, 80)
    assert "full speed │ continued │ /help" in standing(it, 80)


def test_a_change_is_told_in_a_word() -> None:
    before = Controls()
    assert change(before, before) == ""
    assert change(before, before.with_settings(temperature=0.55)) == "0.55"
    moving = before.with_settings(moving="ramp")
    assert change(moving, before) == "0.50"  # a schedule was ended where it began
    assert change(before, before.faster()) == "120/s"
    assert change(before, replace(before, speed=0.0)) == "full speed"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/temp 0.7", ["Temperature: 0.70"]),
        ("/temp 0.5", ["Temperature: 0.50"]),  # as before, and still said
        ("/preset 2", ["Temperature: 0.50"]),
        ("/preset 4", ["Temperature: 1.20"]),
        ("/rng 42", ["RNG seed: 42 pinned"]),
        ("/turns", ["Conversation: continued"]),
        ("/carry", ["Context: carried"]),
        ("/temp", []),  # which says it itself
    ],
)
def test_what_was_set_is_confirmed(line: str, told: list[str]) -> None:
    it, _, _ = conversation()
    before = settings_shown(it)
    take_line(it, line)
    assert confirmed(it, before, line) == told


def made(*temperatures: float, bits: float = 2.0) -> Turn:
    it, _, _ = conversation()
    it.send("a")
    turn = it.turns[0]
    for temperature in temperatures:
        settings = Controls().with_settings(temperature=temperature, rng_seed=7).settings
        floats = array("f", [bits]).tobytes()
        turn.tape.append(Columns(array("H", [2]).tobytes(), floats, floats, floats), settings)
    return turn


def test_the_closing_line_has_what_makes_the_reply_again() -> None:
    assert closing(made(0.5, 0.5)) == (
        "2 characters, 2.00 bits per character, RNG seed 7, temperature 0.5"
    )
    assert "1 character, " in closing(made(0.5))
    assert closing(made()) == "no characters"


def test_the_closing_line_tells_every_change_of_the_temperature_up_to_a_few() -> None:
    assert closing(made(0.5, 0.55, 0.5)).endswith("temperature 0.5 → 0.55 → 0.5")
    assert closing(made(0.1, 0.2, 0.3, 0.4, 0.5)).endswith("temperature 0.1 → 0.2 → … → 0.5")


def test_a_temperature_that_moves_is_told_with_where_it_moves() -> None:
    it, _, _ = conversation()
    it.change(it.controls.with_settings(moving="ramp", moving_to=1.2))
    assert "temperature 0.50 ramp 1.2 │" in standing(it, 120)
    turn = made()
    floats = array("f", [2.0]).tobytes()
    turn.tape.append(
        Columns(array("H", [2]).tobytes(), floats, floats, floats), it.controls.settings
    )
    assert closing(turn).endswith("temperature 0.5 ramp 1.2")


def test_bits_that_were_not_measured_are_not_told() -> None:
    assert closing(made(0.5, bits=float("nan"))) == "1 character, RNG seed 7, temperature 0.5"
