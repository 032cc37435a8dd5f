"""The sampler against the notebook's formula, and the uniform numbers it draws by."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.sampling import Sampler, Uniforms, probabilities
from charlm_tui.lm.settings import Settings

SYMBOLS = 57
DRAWS = 20_000
FALSE_ALARM = 1e-6
BELOW_ONE = math.nextafter(1.0, 0.0)
TEMPERATURES = (0.05, 0.2, 0.5, 1.0, 1.2, 3.0, 1e6)


def some_logits(rng_seed: int = 0, spread: float = 2.5) -> NDArray[np.float32]:
    """Logits as spread as a trained model's, unless told otherwise."""
    return np.random.default_rng(rng_seed).normal(0, spread, SYMBOLS).astype(np.float32)


def notebook_probabilities(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """The notebook's `sample`, line by line, up to its multinomial draw."""
    exact = np.exp(logits.astype(np.float64))
    preds = np.asarray(exact / exact.sum()).astype("float64")
    preds = np.log(preds) / temperature
    exp_preds = np.exp(preds)
    result: NDArray[np.float64] = exp_preds / np.sum(exp_preds)
    return result


def draw_ids(
    logits: NDArray[np.float32], settings: Settings, uniforms: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.int64]:
    sampler = Sampler(len(logits))
    return np.array([sampler.draw(logits, settings, float(uniform)).id for uniform in uniforms])


def pearson(ids: NDArray[np.int64], expected: NDArray[np.float64]) -> tuple[float, float]:
    """Give Pearson's statistic, and what it exceeds with a chance of `FALSE_ALARM`.

    Characters that fewer than 50 draws are expected of are taken together, so that the statistic
    is chi-square distributed far into its tail. The critical value is that of Wilson & Hilferty
    ("The distribution of chi-square", PNAS 17, 1931).
    """
    counts = np.bincount(ids, minlength=len(expected)).astype(float)
    wanted = expected * len(ids)
    rarest_first = np.argsort(wanted)
    rare = max(int((wanted < 50).sum()), int((wanted[rarest_first].cumsum() < 50).sum()) + 1)
    common = rarest_first[rare:]
    observed = np.append(counts[common], len(ids) - counts[common].sum())
    wanted = np.append(wanted[common], len(ids) - wanted[common].sum())
    freedom = len(wanted) - 1
    assert freedom >= 3
    quantile = NormalDist().inv_cdf(1 - FALSE_ALARM)
    spread = 2 / (9 * freedom)
    critical = freedom * (1 - spread + quantile * math.sqrt(spread)) ** 3
    return float(((observed - wanted) ** 2 / wanted).sum()), critical


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_draws_follow_the_notebooks_formula(temperature: float) -> None:
    """20,000 draws a temperature, against Pearson's chi-square.

    A right sampler exceeds the critical value with a chance of one in a million, so one of the
    seven temperatures does with less than 1e-5 for a new RNG seed. With this one the outcome is
    always the same.
    """
    logits = some_logits(spread=min(2.5, 10 * temperature))
    uniforms = Uniforms(12345)
    ids = draw_ids(logits, Settings(temperature), [uniforms[index] for index in range(DRAWS)])
    statistic, critical = pearson(ids, notebook_probabilities(logits, temperature))
    assert statistic < critical


@pytest.mark.parametrize("temperature", [0.2, 0.5, 1.0, 1.2])
def test_the_goodness_of_fit_test_sees_a_temperature_that_is_a_tenth_off(
    temperature: float,
) -> None:
    logits = some_logits()
    uniforms = Uniforms(12345)
    off = Settings(temperature * 1.1)
    ids = draw_ids(logits, off, [uniforms[index] for index in range(DRAWS)])
    statistic, critical = pearson(ids, notebook_probabilities(logits, temperature))
    assert statistic > critical


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_evenly_spaced_numbers_give_each_character_its_share_to_one_draw(
    temperature: float,
) -> None:
    """The inverse CDF is exact: no randomness, so no false alarm."""
    logits = some_logits(1)
    ids = draw_ids(logits, Settings(temperature), (np.arange(5000) + 0.5) / 5000)
    assert (np.diff(ids) >= 0).all(), "ids are taken in their order"
    counts = np.bincount(ids, minlength=SYMBOLS)
    shares = notebook_probabilities(logits, temperature) * 5000
    assert np.abs(counts - shares).max() <= 1 + 1e-6


def test_the_draw_is_computed_in_float64() -> None:
    """The boundary between two characters is where float64 arithmetic has it, to 1e-12."""
    logits = np.array([0.1, 0.7, -0.77, 0.25], np.float32)
    boundaries = notebook_probabilities(logits, 0.2).cumsum()[:-1]
    for index, boundary in enumerate(boundaries):
        around = draw_ids(logits, Settings(0.2), [boundary - 1e-12, boundary + 1e-12])
        assert around.tolist() == [index, index + 1]


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_probabilities_are_the_notebooks(temperature: float) -> None:
    logits = some_logits(2)
    expected = notebook_probabilities(logits, temperature)
    np.testing.assert_allclose(probabilities(logits, temperature), expected, rtol=1e-9, atol=1e-15)


def test_probabilities_take_any_number_of_rows() -> None:
    rows = np.stack([some_logits(seed) for seed in range(3)])
    for temperature in (0.0, 0.5):
        each = np.stack([probabilities(row, temperature) for row in rows])
        np.testing.assert_array_equal(probabilities(rows, temperature), each)


def test_temperature_zero_takes_the_first_of_the_likeliest() -> None:
    logits = np.array([1.0, 3.0, 3.0, -2.0], np.float32)
    assert set(draw_ids(logits, Settings(0.0), [0.0, 0.5, BELOW_ONE])) == {1}
    np.testing.assert_array_equal(probabilities(logits, 0.0), [0, 1, 0, 0])


@pytest.mark.parametrize("temperature", [5e-324, 1e-300, 1e-30, 1e-9])
def test_a_tiny_temperature_is_greedy_and_stable(temperature: float) -> None:
    logits = some_logits(3)
    best = int(logits.argmax())
    assert set(draw_ids(logits, Settings(temperature), [0.0, 0.3, BELOW_ONE])) == {best}
    assert probabilities(logits, temperature)[best] == 1


def test_a_tiny_temperature_draws_evenly_among_equals() -> None:
    logits = np.array([2.0, 7.0, 7.0, 1.0], np.float32)
    assert draw_ids(logits, Settings(5e-324), [0.0, 0.49, 0.51, BELOW_ONE]).tolist() == [1, 1, 2, 2]


def test_the_largest_temperature_draws_evenly_among_all() -> None:
    logits = np.array([2.0, 50.0, -50.0, 1.0], np.float32)
    settings = Settings(1.7e308)
    assert draw_ids(logits, settings, [0.1, 0.3, 0.6, 0.9]).tolist() == [0, 1, 2, 3]


def test_logits_of_any_finite_size_are_stable() -> None:
    logits = np.array([-3e38, 3e38, 0.0, 3e38], np.float32)
    for temperature in (1e-300, 0.5, 1.0, 1e300):
        assert draw_ids(logits, Settings(temperature), [0.1, 0.9]).tolist() in ([1, 3], [0, 3])


@pytest.mark.parametrize("uniform", [0.0, 5e-324, 0.25, 0.5, 1 - 2**-53, BELOW_ONE])
@pytest.mark.parametrize("temperature", [0.001, 0.5, 1.0, 2.0])
def test_a_character_of_probability_zero_is_never_drawn(uniform: float, temperature: float) -> None:
    impossible = -1e30
    logits = np.array([impossible, 0.3, impossible, 0.1, -0.7, impossible, impossible], np.float32)
    [drawn] = draw_ids(logits, Settings(temperature), [uniform])
    assert drawn in (1, 3, 4)


@given(
    st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=40),
    st.floats(0, 1, exclude_max=True),
    st.one_of(st.just(0.0), st.floats(5e-324, 1e308)),
)
def test_what_is_drawn_has_a_probability(
    values: list[float], uniform: float, temperature: float
) -> None:
    logits = np.array(values, np.float32)
    drawn = Sampler(len(values)).draw(logits, Settings(temperature), uniform)
    assert probabilities(logits, temperature)[drawn.id] > 0
    assert math.isfinite(drawn.surprisal_bits)
    assert -1e-9 <= drawn.entropy_bits <= math.log2(len(values)) + 1e-9


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("place", [0, 3, SYMBOLS - 1])
@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0])
def test_logits_that_are_no_numbers_are_an_error_that_names_the_model(
    bad: float, place: int, temperature: float
) -> None:
    logits = some_logits()
    logits[place] = bad
    with pytest.raises(ModelOutputError, match=r"^broken\.onnx gave logits that are not finite"):
        Sampler(SYMBOLS, "broken.onnx").draw(logits, Settings(temperature), 0.5)


def test_logits_that_are_all_minus_infinity_are_an_error() -> None:
    with pytest.raises(ModelOutputError):
        Sampler(3).draw(np.full(3, -np.inf, np.float32), Settings(), 0.5)


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 0.2, 1.0, 1.2])
def test_surprisal_and_entropy_are_of_temperature_one_in_bits(temperature: float) -> None:
    logits = some_logits(4)
    own = notebook_probabilities(logits, 1.0)
    sampler = Sampler(SYMBOLS)
    for uniform in (0.0, 0.2, 0.5, 0.8, BELOW_ONE):
        drawn = sampler.draw(logits, Settings(temperature), uniform)
        assert drawn.surprisal_bits == pytest.approx(-math.log2(own[drawn.id]), rel=1e-9)
        assert drawn.entropy_bits == pytest.approx(-(own * np.log2(own)).sum(), rel=1e-9)


def test_a_fair_choice_of_eight_is_three_bits() -> None:
    drawn = Sampler(8).draw(np.full(8, -1.5, np.float32), Settings(0.5), 0.4)
    assert (drawn.surprisal_bits, drawn.entropy_bits) == pytest.approx((3, 3), rel=1e-12)


def test_a_sampler_keeps_nothing_from_one_draw_to_the_next() -> None:
    used = Sampler(SYMBOLS)
    for seed in range(20):
        logits, settings = some_logits(seed), Settings((0.0, 0.3, 1.0, 1.7)[seed % 4])
        assert used.draw(logits, settings, 0.6) == Sampler(SYMBOLS).draw(logits, settings, 0.6)


@given(
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(0, 3000), min_size=1, max_size=30),
)
def test_a_uniform_number_depends_on_seed_and_index_alone(
    rng_seed: int, indexes: list[int]
) -> None:
    reference = np.random.Generator(np.random.Philox(key=rng_seed)).random(3001)
    uniforms = Uniforms(rng_seed)
    assert [uniforms[index] for index in indexes] == [reference[index] for index in indexes]


def test_uniform_numbers_go_on_far_into_a_reply() -> None:
    index = 10**12 + 3
    philox = np.random.Philox(key=7)
    philox.advance(index // 4)
    reference = np.random.Generator(philox).random(4)
    assert Uniforms(7)[index] == reference[index % 4]
