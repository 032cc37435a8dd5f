"""What a unit causes is what another step says, from the state in which that unit alone differs."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charlm_tui.lm import cause
from charlm_tui.lm.cause import Causes, causes
from charlm_tui.lm.context import CarriedState, RollingWindow
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.held import Held, Holds
from charlm_tui.lm.model import Floats, OnnxModel
from charlm_tui.lm.sampling import probabilities
from charlm_tui.lm.whatif import kl_bits
from tests.support.fakes import NanModel
from tests.support.held import UNITS, small_model

STATES = ("h0", "h1")
ROUNDING = 1e-4  # in bits; a batch adds up in another order than a lane does


def found(
    model: OnnxModel, read: list[int], holds: Holds = (), values: dict[str, Floats] | None = None
) -> Causes:
    *told, result = causes(model, read, holds, values)
    assert told == sorted(told)
    assert told[-1] == 100
    assert isinstance(result, Causes)
    return result


def by_hand(
    model: OnnxModel, read: list[int], holds: Holds, state: str, unit: int, value: float
) -> tuple[float, np.ndarray]:
    """Return how far one unit moves the prediction, and each character's gain."""
    plain = probabilities(CarriedState(model).read(read, holds)[0])
    context = CarriedState(model)
    if len(read) > 1:  # the step before the last one hands it on
        before = tuple(it for it in holds if it[0] < len(read) - 2)
        [last] = [*[held for place, held in holds if place <= len(read) - 2][-1:], ()][:1]
        others = [it for it in last if it[:2] != (state, unit)]
        context.read(read[: len(read) - 2] or [0], before)
        if len(read) == 2:
            context.reset()
        context.hold([*others, Held(state, unit, value)])
        context.feed(read[-2])
        context.hold(())
        changed = probabilities(context.feed(read[-1])[0])
    else:
        context.reset()
        for buffers in context._buffers:
            buffers[state][:, unit] = value
        changed = probabilities(context.feed(read[-1])[0])
    return kl_bits(plain, changed), changed - plain


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[int], Holds]:
    read = draw(st.lists(st.integers(0, 20), min_size=1, max_size=12))
    holds: Holds = ()
    if len(read) > 2 and draw(st.booleans()):
        held = (Held("h0", draw(st.integers(0, UNITS - 1)), 2.0),)
        holds = ((draw(st.integers(0, len(read) - 1)), held),)
    return read, holds


@pytest.mark.slow
@hypothesis_settings(max_examples=50)
@given(texts(), st.integers(0, 3), st.integers(1, 5), st.booleans())
def test_every_unit_is_changed_alone(
    text: tuple[list[int], Holds], rng_seed: int, lanes: int, mean: bool
) -> None:
    model, (read, holds) = small_model(STATES, rng_seed), text
    rng = np.random.default_rng(rng_seed)
    values = {name: rng.uniform(-1, 1, UNITS).astype(np.float32) for name in STATES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cause, "LANES", lanes)
        patch.setattr(cause, "SLICE", 2)
        told = found(model, read, holds, values if mean else None)
    for number in range(2 * UNITS):
        state, unit = STATES[number // UNITS], number % UNITS
        value = float(values[state][unit]) if mean else 0.0
        bits, gains = by_hand(model, read, holds, state, unit, value)
        assert told.bits[number] == pytest.approx(bits, abs=ROUNDING)
        assert told.gains[number] == pytest.approx(max(0, gains.max()), abs=ROUNDING)
        assert gains[told.towards[number]] == pytest.approx(gains.max(), abs=ROUNDING)


def test_a_unit_that_stays_as_it_is_causes_nothing() -> None:
    model, read = small_model(STATES, 1), [1, 5, 3, 8]
    state = CarriedState(model)
    state.read(read[:-1])
    values = {name: state.state(name)[0].copy() for name in STATES}
    told = found(model, read, (), values)
    assert told.bits.max() < ROUNDING
    assert told.gains.max() < ROUNDING


def test_before_anything_is_read_all_units_are_zero_already() -> None:
    assert found(small_model(STATES, 1), [3]).bits.max() < ROUNDING


def test_a_window_is_what_it_has_read(model_path: Path) -> None:
    """The last `depth` characters, in one row: what the deepest row of a window has read."""
    model, depth = OnnxModel(model_path), 20
    text = model.contract.vocabulary.encode("a window of characters, and no more than these")
    window = RollingWindow(model, depth)
    now = probabilities(window.read(text)[0])
    told = found(model, text[-depth:])
    best = int(told.bits.argmax())
    state, unit = ("h", best) if best < 128 else ("c", best - 128)
    changed = RollingWindow(model, depth)
    ids = text[:-1]
    changed.read(ids[:-1])
    changed.hold((Held(state, unit, 0.0),))
    changed.feed(ids[-1])
    changed.hold(())
    after = probabilities(changed.feed(text[-1])[0])
    assert told.bits[best] == pytest.approx(kl_bits(now, after), abs=ROUNDING)
    assert told.bits[best] > 0.01


def test_logits_that_are_not_finite_are_told() -> None:
    with pytest.raises(ModelOutputError, match="not finite"):
        list(causes(NanModel(), [1, 2]))
