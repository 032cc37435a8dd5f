"""Shannon's game: ranks and the bounds on the entropy, against his table and sources of our own."""

import math
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.entropy_bounds import (
    SHANNON,
    SHANNON_SYMBOLS,
    Bounds,
    bounds,
    bounds_of,
    evened,
    frequencies,
)
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.guessing import Guesses, guesses, order
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.lm.settings import Settings
from tests.support.fakes import NanModel
from tests.support.models import SYMBOLS

LETTERS = [
    18.2, 10.7, 8.6, 6.7, 6.5, 5.8, 5.6, 5.2, 5.0, 4.3, 3.1, 2.8, 2.4, 2.3, 2.1, 2.0, 1.6, 1.6, 1.6,
    1.3, 1.2, 0.8, 0.3, 0.1, 0.1, 0.1, 0.1,
]  # fmt: skip
PAIRS = [
    29.2, 14.8, 10.0, 8.6, 7.1, 5.5, 4.5, 3.6, 3.0, 2.6, 2.2, 1.9, 1.5, 1.2, 1.0, 0.9, 0.7, 0.5,
    0.4, 0.3, 0.2, 0.1, 0.1, 0.0,
]  # fmt: skip
THREE_KNOWN = [47, 18, 14, *[21 / 17] * 17]
"""Columns 1, 2 and 4 of Shannon's Table I, in per cent; the last one smoothed as page 64 says."""

V = len(SYMBOLS)
texts = st.lists(st.integers(0, V - 1), min_size=1, max_size=20)
ranks = st.lists(st.integers(1, 27), min_size=1, max_size=60)


@pytest.fixture(scope="module")
def tiny(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


def guessed(model: LanguageModel, text: list[int], **settings: float) -> Guesses:
    *_, found = guesses(model, [3, 1], text, Settings(**settings))  # type: ignore[arg-type]
    assert isinstance(found, Guesses)
    return found


@pytest.mark.parametrize(("known", "column"), [(0, LETTERS), (1, PAIRS), (3, THREE_KNOWN)])
def test_the_bounds_are_those_that_shannon_prints_for_his_table(
    known: int, column: list[float]
) -> None:
    shares = [each / sum(column) for each in column]
    found, printed = bounds(shares), SHANNON[known]
    assert found.upper == pytest.approx(printed.upper, abs=0.09)
    assert found.lower == pytest.approx(printed.lower, abs=0.09)


def test_shares_are_evened_by_averaging_neighbours_that_rise() -> None:
    assert evened([0.5, 0.1, 0.3, 0.0, 0.1]) == pytest.approx([0.5, 0.2, 0.2, 0.05, 0.05])


@given(ranks)
def test_the_lower_bound_is_never_above_the_upper_one(found: list[int]) -> None:
    lower, upper = bounds_of(found, 27)
    assert 0 <= lower <= upper + 1e-9
    assert upper <= math.log2(27) + 1e-9


@given(ranks, st.randoms(use_true_random=False))
def test_the_order_of_the_characters_does_not_change_the_bounds(
    found: list[int], rng: random.Random
) -> None:
    assert bounds_of(rng.sample(found, len(found)), 27) == bounds_of(found, 27)


@given(ranks)
def test_evened_shares_never_rise_and_keep_their_sum(found: list[int]) -> None:
    shares = evened(frequencies(found, 27))
    assert sum(shares) == pytest.approx(1)
    assert all(one >= other - 1e-12 for one, other in pairwise(shares))


def test_all_right_at_once_is_no_bits_and_every_rank_alike_is_those_of_the_alphabet() -> None:
    assert bounds_of([1] * 9, SHANNON_SYMBOLS) == Bounds(0, 0)
    assert bounds_of(range(1, 28), 27) == pytest.approx((math.log2(27), math.log2(27)))


@given(st.lists(st.lists(st.floats(0.001, 1), min_size=5, max_size=5), min_size=1, max_size=6))
def test_the_entropy_of_a_source_lies_between_the_bounds_of_a_perfect_guesser(
    weights: list[list[float]],
) -> None:
    contexts = np.array(weights)  # each as likely as any other
    contexts /= contexts.sum(axis=1, keepdims=True)
    entropy = float(-(contexts * np.log2(contexts)).sum(axis=1).mean())
    shares = -np.sort(-contexts, axis=1)
    lower, upper = bounds(shares.mean(axis=0).tolist())
    assert lower - 1e-9 <= entropy <= upper + 1e-9


@given(texts, st.sampled_from([0.0, 0.3, 1.0, 5.0]))
def test_a_rank_counts_the_symbols_that_are_guessed_up_to_the_right_one(
    tiny: OnnxModel, text: list[int], temperature: float
) -> None:
    found = guessed(tiny, text, temperature=temperature, rng_seed=5)
    for each in (found.ranks, found.drawn_ranks):
        assert each.min() >= 1
        assert each.max() <= V
    own = found.probability[np.arange(len(text)), text][:, None]
    assert (found.ranks >= 1 + (found.probability > own).sum(axis=1)).all()
    assert (found.ranks <= (found.probability >= own).sum(axis=1)).all()
    if temperature == 0:
        assert (found.ranks == found.drawn_ranks).all()


@given(texts)
def test_surprisals_are_those_of_a_score_after_the_same_text(
    tiny: OnnxModel, text: list[int]
) -> None:
    *_, scores = score(tiny, [3, 1, *text], Settings(0.5))
    assert isinstance(scores, Scores)
    found = guessed(tiny, text).surprisal_bits
    assert found == pytest.approx(scores.surprisal_bits[2:], abs=1e-4)


def test_guesses_at_a_temperature_follow_its_distribution() -> None:
    """5,000 first guesses; 4.4 standard deviations: one false alarm in 90,000 runs."""
    logits, draws = np.log([0.6, 0.3, 0.1]), 5000
    first = [int(order(logits, 0.5, 7, place)[0]) for place in range(draws)]
    tempered = np.array([0.36, 0.09, 0.01]) / 0.46
    counts = np.bincount(first, minlength=3) / draws
    assert (abs(counts - tempered) < 4.4 * np.sqrt(tempered * (1 - tempered) / draws)).all()


def test_a_guess_depends_on_rng_seed_and_place_alone() -> None:
    logits = np.linspace(0, 1, 9)
    assert (order(logits, 1.0, 3, 4) == order(logits, 1.0, 3, 4)).all()
    orders = {tuple(order(logits, 1.0, *key)) for key in ((3, 4), (3, 5), (4, 4))}
    assert len(orders) == 3


def test_a_colder_player_needs_fewer_guesses_in_the_mean(tiny: OnnxModel) -> None:
    rng = np.random.default_rng(3)
    context, text = tiny, [int(each) for each in rng.integers(0, V, 4)]
    for _ in range(60):  # a text that the model finds likely
        text.append(int(guessed(context, [*text, 0]).probability[-1].argmax()))
    means = [
        float(guessed(tiny, text, temperature=warmth, rng_seed=1).drawn_ranks.mean())
        for warmth in (0.0, 0.5, 2.0, 50.0)
    ]
    assert means == sorted(means)


def test_a_model_that_is_damaged_is_named() -> None:
    with pytest.raises(ModelOutputError, match=r"damaged\.onnx"):
        list(guesses(NanModel(), [1], [1, 2], Settings(0.5), "damaged.onnx"))
