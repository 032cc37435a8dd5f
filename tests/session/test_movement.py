"""Temperatures that move: what is in force where, and how little of it is on the tape."""

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import DrawRequested
from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.generation import Generation
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import MOVING, Settings
from charlm_tui.reply.schedule import temperatures
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.knobs import KNOBS
from charlm_tui.session.temperature import HELD_S
from charlm_tui.session.typed import run_line
from tests.support.engines import QueuedEngine
from tests.support.fakes import UniformModel

moves = st.builds(
    Settings,
    temperature=st.floats(0, 3),
    rng_seed=st.integers(0, 9),
    moving=st.sampled_from(MOVING),
    moving_to=st.floats(0, 3),
    moving_over=st.integers(1, 40),
    moving_from=st.integers(0, 40),
)


def test_a_ramp_begins_ends_and_stays() -> None:
    ramp = Settings(0.2, moving="ramp", moving_to=1.2, moving_over=10, moving_from=5)
    assert [ramp.temperature_at(n, False) for n in (0, 5, 10, 15, 99)] == pytest.approx(
        [0.2, 0.2, 0.7, 1.2, 1.2]
    )


def test_a_cycle_goes_to_and_fro_for_ever() -> None:
    cycle = Settings(0.2, moving="cycle", moving_to=1.2, moving_over=10)
    assert [cycle.temperature_at(n, True) for n in (0, 5, 10, 15, 1000)] == pytest.approx(
        [0.2, 1.2, 0.2, 1.2, 0.2]
    )


def test_words_have_one_temperature_at_their_start_and_another_within() -> None:
    words = Settings(1.0, moving="words", moving_to=0.3)
    assert [words.temperature_at(7, within) for within in (False, True)] == [1.0, 0.3]
    got = temperatures(words, "seed", "ab, c", 0, 5)
    assert got.tolist() == pytest.approx([0.3, 0.3, 0.3, 1.0, 1.0], abs=1e-7)


@given(moves, st.integers(0, 200), st.booleans())
def test_it_never_leaves_the_two_temperatures(
    settings: Settings, number: int, within: bool
) -> None:
    low, high = sorted((settings.temperature, settings.moving_to if settings.moving else 0.0))
    here = settings.temperature_at(number, within)
    if settings.moving:
        assert low - 1e-12 <= here <= high + 1e-12
    else:
        assert here == settings.temperature


@given(moves, st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_a_reply_is_the_same_however_it_is_split_and_its_tape_says_what_was_in_force(
    settings: Settings, parts: list[int]
) -> None:
    model = UniformModel()
    vocabulary = model.contract.vocabulary

    def generation() -> Generation:
        context = open_context(model, settings)
        return Generation(context, Sampler(len(vocabulary)), settings, [0, 3])

    whole = generation().draw(sum(parts))
    split = generation()
    batches = [split.draw(part) for part in parts]
    assert [i for batch in batches for i in batch.ids] == whole.ids.tolist()
    text = vocabulary.decode(whole.ids.tolist())
    expected = temperatures(settings, vocabulary.decode([3]), text, 0, len(text))
    assert array("f", whole.temperature.tobytes()) == expected
    lanes = Lanes(open_context(model, settings, lanes=2), [settings, settings], [[0, 3]] * 2)
    for lane in lanes.draw(sum(parts)):
        assert lane.ids.tolist() == whole.ids.tolist()
        assert lane.temperature.tolist() == whole.temperature.tolist()


@pytest.mark.parametrize(
    "wrong", [{"moving": "jump"}, {"moving_to": -1.0}, {"moving_over": 0}, {"moving_from": -1}]
)
def test_what_is_no_movement_is_refused(wrong: dict) -> None:
    with pytest.raises(SettingsError):
        replace(Settings(), **wrong)


class Holder:
    """A person with a finger on a key, and an engine that says what a test lets it say."""

    def __init__(self) -> None:
        self.now = 0.0
        self.it = Conversation(
            Controls(Settings(0.5, 7), length=0), lambda _: None, lambda: self.now
        )
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        self.engine.load()
        self.it.send("seed")

    def stream(self, text: str) -> None:
        """Say characters with the temperatures that the last request asks for."""
        batch = self.engine.batch(text)
        request = next(r for r in reversed(self.engine.requests) if isinstance(r, DrawRequested))
        first = batch.first
        column = temperatures(
            request.controls.settings, "", " " * first + text, first, first + len(text)
        )
        self.it.receive(
            batch._replace(columns=batch.columns._replace(temperature=column.tobytes()))
        )


def test_a_key_that_is_held_is_two_changes_however_long_it_is_held() -> None:
    holder = Holder()
    holder.stream("a" * 10)
    for _ in range(40):
        holder.it.temperature.hold(+1)
        holder.stream("b" * 2)
        holder.now += 0.03
        holder.it.advance()
    warm = holder.it.temperature.now
    assert warm > 0.6
    holder.now += HELD_S
    holder.it.advance()
    settings = holder.it.controls.settings
    assert (settings.moving, settings.temperature) == ("", round(warm, 2))
    holder.stream("c" * 10)
    turn = holder.it.turn
    assert turn is not None
    assert len(turn.tape.runs()) == 3
    assert len({round(t, 4) for t in turn.tape.temperature(10, 90)}) == 80


def test_the_other_direction_turns_a_sweep_round() -> None:
    holder = Holder()
    holder.stream("a" * 10)
    holder.it.temperature.hold(+1)
    holder.stream("b" * 40)
    up = holder.it.temperature.now
    holder.it.temperature.hold(-1)
    holder.stream("c" * 20)
    assert holder.it.temperature.now < up


def test_where_nothing_streams_a_key_is_a_step() -> None:
    holder = Holder()
    holder.it.stop()
    holder.it.temperature.hold(+1)
    assert holder.it.controls.settings.temperature == pytest.approx(0.55)
    assert not holder.it.temperature.held


def test_a_ramp_begins_anew_with_each_seed_and_a_preset_ends_it() -> None:
    holder = Holder()
    run_line(holder.it, "/move ramp 1.5 20")
    holder.stream("a" * 30)
    assert holder.it.temperature.now == pytest.approx(1.5)
    holder.it.send("another")
    request = holder.engine.last
    assert isinstance(request, DrawRequested)
    assert request.controls.settings.moving_from == 0
    holder.stream("a" * 10)
    run_line(holder.it, "/preset 1")
    settings = holder.it.controls.settings
    assert (settings.moving, settings.temperature) == ("", 0.2)


WAYS = {
    "a preset": lambda it: run_line(it, "/preset 2"),
    "a typed value": lambda it: run_line(it, "/temp 0.5"),
    "cooler": lambda it: COMMANDS["cooler"].run(it, ""),
    "warmer": lambda it: COMMANDS["warmer"].run(it, ""),
    "the next preset": lambda it: COMMANDS["next-preset"].run(it, ""),
    "a key of the controls": lambda it: KNOBS[0].turn(it, 1),
    "steady": lambda it: run_line(it, "/move steady"),
    "the dial": lambda it: it.temperature.set(0.5),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_set_the_temperature_ends_a_schedule_that_is_running(way: str) -> None:
    holder = Holder()
    run_line(holder.it, "/move ramp 1.5 20")
    holder.stream("a" * 10)
    assert holder.it.temperature.now == pytest.approx(1.0)
    WAYS[way](holder.it)
    assert holder.it.controls.settings.moving == ""


@pytest.mark.parametrize(("steps", "expected"), [(1, 1.05), (-1, 0.95)])
def test_a_step_of_the_controls_starts_from_the_temperature_in_force(
    steps: int, expected: float
) -> None:
    holder = Holder()
    run_line(holder.it, "/move ramp 1.5 20")
    holder.stream("a" * 10)
    KNOBS[0].turn(holder.it, steps)
    assert holder.it.controls.settings.temperature == pytest.approx(expected)


@pytest.mark.parametrize("temperature", [5e-324, 1e-320, 1e39, 1e300, 1.7e308])
def test_a_temperature_of_any_size_can_be_turned_swept_and_moved(temperature: float) -> None:
    holder = Holder()
    for command in ("warmer", "cooler", "next-preset", "sweep-up", "sweep-down"):
        holder.it.temperature.set(temperature)
        COMMANDS[command].run(holder.it, "")
        now = holder.it.controls.settings
        if command == "sweep-up":
            assert now.moving_to >= now.temperature
        holder.stream("abc")
    run_line(holder.it, f"/move cycle {temperature} 20")
    holder.stream("abc")


@pytest.mark.parametrize("line", ["jump", "ramp x", "ramp 1 2 3", "ramp -1", "ramp 1 0", "r 1 1.5"])
def test_what_is_typed_wrong_is_one_sentence(line: str) -> None:
    holder = Holder()
    with pytest.raises(SettingsError):
        run_line(holder.it, f"/move {line}")
    assert holder.it.controls.settings.moving == ""
