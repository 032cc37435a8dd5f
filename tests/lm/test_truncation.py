"""Each truncation against its definition, and their order against another one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.truncation import (
    keep_min_p,
    keep_top_k,
    keep_top_p,
    keep_typical,
    keep_unsurprising,
    mirostat_limit,
    next_mirostat_limit,
    truncate,
)

shares = st.lists(st.floats(0, 1), min_size=1, max_size=12).filter(lambda it: sum(it) > 1e-6)


def distribution(weights: list[float]) -> np.ndarray:
    array = np.array(weights)
    return array / array.sum()


def kept(probabilities: np.ndarray) -> list[int]:
    return np.flatnonzero(probabilities).tolist()


P = np.array([0.4, 0.3, 0.2, 0.1])


def test_top_k_keeps_the_k_most_likely_and_the_lower_ids_of_equals() -> None:
    assert kept(keep_top_k(P, 2)) == [0, 1]
    assert kept(keep_top_k(np.full(4, 0.25), 3)) == [0, 1, 2]
    assert keep_top_k(P, 9) is P


def test_top_p_keeps_the_fewest_that_reach_the_mass() -> None:
    assert kept(keep_top_p(P, 0.4)) == [0]
    assert kept(keep_top_p(P, 0.41)) == [0, 1]
    assert kept(keep_top_p(P, 1e-9)) == [0]


def test_min_p_keeps_what_is_likely_enough_against_the_most_likely() -> None:
    assert kept(keep_min_p(P, 0.5)) == [0, 1, 2]
    assert kept(keep_min_p(P, 1.0)) == [0]


def test_typical_keeps_what_is_near_the_entropy_and_may_leave_out_the_most_likely() -> None:
    p = np.array([0.6] + [0.1] * 4)  # an entropy of 1.77 bits, surprisals of 0.74 and 3.32
    assert kept(keep_typical(p, 0.4)) == [0]
    p = np.array([0.4] + [0.06] * 10)
    assert 0 not in kept(keep_typical(p, 0.2))


def test_mirostat_keeps_what_is_below_its_limit_and_the_most_likely_anyway() -> None:
    assert kept(keep_unsurprising(P, -math.log2(0.3))) == [0, 1]
    assert kept(keep_unsurprising(P, -5.0)) == [0]
    assert kept(keep_unsurprising(P, 1e9)) == [0, 1, 2, 3]


@given(st.floats(0.2, 5), st.lists(st.floats(0, 20), max_size=30))
def test_mirostats_limit_is_the_papers_recurrence(target: float, surprisals: list[float]) -> None:
    expected = 2 * target - 0.1 * sum(s - target for s in surprisals)
    assert mirostat_limit(target, surprisals) == pytest.approx(expected, abs=1e-9)
    split = len(surprisals) // 2
    limit = mirostat_limit(target, surprisals[:split])
    for surprisal in surprisals[split:]:
        limit = next_mirostat_limit(limit, target, surprisal)
    assert limit == mirostat_limit(target, surprisals)


settings = st.builds(
    Settings,
    temperature=st.sampled_from([0.0, 0.2, 1.0, 3.0]),
    top_k=st.integers(0, 14),
    top_p=st.floats(0.01, 1),
    min_p=st.floats(0, 1),
    typical_p=st.floats(0.01, 1),
    mirostat=st.sampled_from([0.0, 0.2, 1.5, 5.0]),
)


@given(shares, settings, st.floats(-5, 20))
def test_together_they_keep_at_least_one_and_bring_nothing_back(
    weights: list[float], chosen: Settings, limit: float
) -> None:
    p = distribution(weights)
    result = truncate(p, chosen, limit)
    assert result.sum() == pytest.approx(1)
    assert kept(result)
    assert set(kept(result)) <= set(kept(p))
    ratios = result[result > 0] / p[result > 0]
    assert ratios == pytest.approx(ratios[0])


def test_the_order_is_top_k_typical_top_p_min_p() -> None:
    both = Settings(top_k=2, top_p=0.6)
    # After top-k the two have 4/7 and 3/7, so 0.6 wants both; before it, 0.6 of all wants both too,
    # but 0.58 wants one after and two before.
    assert kept(truncate(P, both, 0.0)) == [0, 1]
    assert kept(truncate(P, Settings(top_k=2, top_p=0.57), 0.0)) == [0]
    assert kept(keep_top_k(keep_top_p(P, 0.57), 2)) == [0, 1]


@given(
    st.lists(st.floats(-30, 30, width=32), min_size=2, max_size=12),
    settings,
    st.floats(0, 1, exclude_max=True),
    st.floats(-5, 20),
)
def test_what_was_left_out_or_is_impossible_is_never_drawn(
    values: list[float], chosen: Settings, uniform: float, limit: float
) -> None:
    logits = np.array(values, np.float32)
    shifted = logits.astype(np.float64) - logits.max()
    p = np.exp(shifted) / np.exp(shifted).sum()
    allowed = kept(truncate(p, chosen, limit))
    assert Sampler(len(values)).draw(logits, chosen, uniform, limit).id in allowed


@pytest.mark.parametrize(
    "wrong",
    [
        {"top_k": -1},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_p": math.nan},
        {"typical_p": 0.0},
        {"min_p": -0.1},
        {"min_p": 1.1},
        {"mirostat": 0.1},
        {"mirostat": 5.1},
        {"depth": -1},
    ],
)
def test_a_setting_out_of_range_is_one_sentence(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError) as told:
        Settings(**wrong)
    assert "\n" not in str(told.value)
    assert " must be " in str(told.value)
    assert ", not " in str(told.value)


def test_what_was_not_measured_moves_mirostats_limit_nowhere() -> None:
    nan = math.nan
    assert mirostat_limit(2.0, [nan, 1.0, nan]) == mirostat_limit(2.0, [1.0])
