"""The knobs: their steps, what can be typed, and where they say that they have no effect."""

from dataclasses import replace

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.controls.kinds import Limits
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import MOVING, Settings
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.knobs import KNOBS, Knob
from tests.support.engines import QueuedEngine

KNOB = {knob.id: knob for knob in KNOBS}


def conversation(**settings: object) -> Conversation:
    it = Conversation(Controls(Settings(**settings)), lambda _: None)  # type: ignore[arg-type]
    engine = QueuedEngine()
    engine.listen(it.receive)
    it.attach(engine.send)
    engine.load()
    return it


@pytest.mark.parametrize(
    "knob", [knob for knob in KNOBS if knob.row.turns], ids=lambda knob: knob.id
)
def test_a_knob_turns_to_both_ends_and_stays_there(knob: object) -> None:
    it, chosen = conversation(rng_seed=3), KNOB[knob.id]  # type: ignore[attr-defined]
    for direction in (-1, 1):
        chosen.turn(it, direction * 200)
        end = chosen.value(it)
        if knob.id != "rng-seed":  # type: ignore[attr-defined]
            chosen.turn(it, direction)
            assert chosen.value(it) == end
        chosen.turn(it, -direction)
        assert chosen.value(it) != end
        assert chosen.shown(it)


@pytest.mark.parametrize(
    ("knob", "typed", "shown"),
    [
        ("temperature", "0.73", "0.73"),
        ("temperature", "greedy", "0 greedy"),
        ("top-k", "7", "7"),
        ("top-k", "all", "all"),
        ("min-p", "off", "off"),
        ("mirostat", "2.2", "2.2 bits"),
        ("depth", "1", "window of 1"),
        ("depth", "Carried ", "carried"),
        ("depth", "60", "window of 60"),
        ("depth", "Window", "window of 60"),
        ("depth", "1000000000", "carried"),
        ("rng-seed", "18446744073709551615", "18446744073709551615 pinned"),
        ("rng-seed", "NEW", "547339"),
        ("length", "endless", "endless"),
        ("speed", "full", "full"),
        ("speed", "33", "33/s"),
    ],
)
def test_a_value_can_be_typed(knob: str, typed: str, shown: str) -> None:
    it = conversation()
    KNOB[knob].type(it, typed)
    assert KNOB[knob].shown(it) == shown


@pytest.mark.parametrize(
    ("knob", "typed"),
    [
        ("temperature", "hot"), ("temperature", "-1"), ("temperature", "nan"),
        ("temperature", "99"),
        ("top-k", "1.5"), ("top-k", "-1"), ("top-p", "0"), ("depth", "0"), ("depth", "-3"),
        ("length", "-1"), ("speed", "-1"), ("speed", "nan"), ("rng-seed", "-1"), ("mirostat", "9"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_in_a_sentence_and_changes_nothing(
    knob: str, typed: str
) -> None:
    it = conversation()
    before = it.controls
    with pytest.raises(SettingsError, match=r"must be .*, not"):
        KNOB[knob].type(it, typed)
    assert it.controls == before


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.id)
def test_what_is_offered_can_be_typed_and_is_the_value_in_force(knob: Knob) -> None:
    for moving in MOVING:
        it = conversation(rng_seed=2**64 - 1, moving=moving)
        knob.type(it, knob.offered(it))  # an RNG seed is pinned by it
        for steps in (0, -200, 1, 200):
            knob.turn(it, steps)
            before, offered = it.controls, knob.offered(it)
            assert "e+" not in offered
            knob.type(it, offered)
            assert replace(it.controls, settings=before.settings) == before
            assert knob.shown(it) == knob.row.shown(before, Limits(window=60))


def test_what_has_no_effect_says_so() -> None:
    it = conversation(temperature=0.0, top_k=5, top_p=0.9, min_p=0.1, mirostat=2.0)
    for name in ("top-k", "top-p", "min-p", "mirostat", "rng-seed"):
        assert KNOB[name].idle(it) == "no effect: greedy"
    it = conversation(temperature=0.5, top_k=1)
    assert KNOB["temperature"].idle(it) == "no effect: top-k 1"
    it = conversation(temperature=0.5, top_k=1000)
    assert "no effect" in KNOB["top-k"].idle(it)
    it = conversation(temperature=0.5, top_p=0.9)
    assert not any(knob.idle(it) for knob in KNOBS)
