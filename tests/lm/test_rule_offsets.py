"""A character is drawn under offsets as it would be of logits to which they were added."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from charlm_tui.lm.errors import RuleError
from charlm_tui.lm.sampling import Sampler, Uniforms, cost_bits, probabilities, ruled
from charlm_tui.lm.settings import Settings
from tests.support.rules import SAMPLING


@given(st.integers(0, 50), SAMPLING, st.floats(0, 1, exclude_max=True))
def test_rules_that_add_nothing_change_nothing(
    rng_seed: int, sampling: dict[str, Any], uniform: float
) -> None:
    logits = np.random.default_rng(rng_seed).normal(0, 3, 20).astype(np.float32)
    settings, sampler = Settings(**sampling), Sampler(20)
    drawn = sampler.draw(logits, settings, uniform, 3.0)
    assert sampler.draw(logits, settings, uniform, 3.0, np.zeros(20)) == drawn
    assert sampler.draw(logits, settings, uniform, 3.0) == drawn


@given(
    st.integers(0, 50),
    SAMPLING,
    st.lists(st.sampled_from([-math.inf, -60.0, 0.0, 0.0, 1.5, 69.0]), min_size=20, max_size=20),
)
def test_rules_come_before_truncation_and_temperature(
    rng_seed: int, sampling: dict[str, Any], offsets: list[float]
) -> None:
    """A draw with offsets is one of logits to which they were added by hand."""
    assume(max(offsets) > -math.inf)
    rng = np.random.default_rng(rng_seed)
    logits, added = rng.normal(0, 3, 20).astype(np.float32), np.array(offsets)
    settings, sampler, uniforms = Settings(**sampling), Sampler(20), Uniforms(rng_seed)
    kept = np.flatnonzero(added > -math.inf)
    by_hand = (logits + added).astype(np.float64)[kept]
    smaller = Sampler(len(kept))
    for number in range(20):
        drawn = sampler.draw(logits, settings, uniforms[number], 3.0, added)
        alone = smaller.draw(by_hand, settings, uniforms[number], 3.0)
        assert drawn.id == kept[alone.id]
        own = sampler.draw(logits, Settings(1.0), 0.0)
        assert drawn.entropy_bits == own.entropy_bits
        assert drawn.surprisal_bits == pytest.approx(-np.log2(probabilities(logits)[drawn.id]))


@pytest.mark.parametrize("temperature", [0.01, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("top_p", [1.0, 0.99])
def test_rules_may_leave_what_the_model_never_says_or_lift_it_far(
    temperature: float, top_p: float
) -> None:
    logits = np.array([0.0, -5000.0, -5000.0 - temperature, -9000.0], np.float32)
    settings, sampler = Settings(temperature, top_p=top_p), Sampler(4)
    left_out = np.array([-math.inf, 0.0, 0.0, 0.0])
    lifted = np.array([0.0, 69.0, 0.0, 0.0])
    flat = np.array([0.0, -69.0, -69.0, -69.0], np.float32)
    odds = 1 / (1 + math.exp(float(logits[2] - logits[1]) / temperature))
    for uniform in (0.0, odds - 1e-3, odds + 1e-3, 0.999):
        drawn = sampler.draw(logits, settings, uniform, offsets=left_out).id
        assert drawn == 1 + (uniform > odds)
        same = sampler.draw(flat, settings, uniform, offsets=lifted).id
        assert same == (uniform > 0.5)


def test_rules_that_leave_nothing_are_an_error_of_every_way_to_draw() -> None:
    logits, nothing = np.zeros(3, np.float32), np.full(3, -math.inf)
    with pytest.raises(RuleError, match="the rules leave out all of them"):
        Sampler(3).draw(logits, Settings(), 0.5, offsets=nothing)
    with pytest.raises(RuleError, match="the rules leave out all of them"):
        ruled(logits, nothing)


def test_the_cost_is_known_where_the_model_says_next_to_never() -> None:
    logits = np.array([0.0, -2000.0], np.float32)
    assert cost_bits(logits, np.array([-math.inf, 0.0])) == pytest.approx(2000 / math.log(2))
    assert cost_bits(logits, np.array([0.0, -math.inf])) == 0
