"""Two models on one text: whose bits, in which groups, and what follows of who wrote it."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.alignment import Alignment
from charlm_tui.lm.comparison import Attribution, Comparison, compare
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.scoring import Groups, Scores, bits_of, score
from charlm_tui.lm.settings import Settings
from tests.conftest import ROOT
from tests.support.fakes import NanModel

MODELS = ("nietzsche", "shakespeare")
TEXT = "The “will” to power: what is it,\nmy lord? Nothing.\n"
LOGITS = st.lists(st.floats(-900, 900, width=32), min_size=6, max_size=6)
GROUPS = st.lists(st.integers(0, 3), min_size=6, max_size=6)
BITS = st.lists(st.floats(0, 5000), min_size=2, max_size=8)


@cache
def model(name: str) -> OnnxModel:
    return OnnxModel(ROOT / "models" / f"{name}.onnx")


def compared(
    names: Sequence[str], settings: Settings | None = None, text: str = TEXT
) -> Comparison:
    models = [model(name) for name in names]
    alignment = Alignment([each.contract.vocabulary for each in models])
    *_, found = compare(models, alignment, alignment.align(text), settings or Settings())
    assert isinstance(found, Comparison)
    return found


def test_a_model_against_itself_differs_nowhere() -> None:
    found = compared(["shakespeare", "shakespeare"])
    assert not found.ratio_bits().any()
    assert Attribution.of(found).error == 0.5


def test_models_that_are_swapped_change_the_sign_alone() -> None:
    one, other = compared(MODELS), compared(MODELS[::-1])
    np.testing.assert_array_equal(one.ratio_bits(), -other.ratio_bits())


@pytest.mark.parametrize("settings", [Settings(), Settings(depth=5), Settings(carry=True)])
def test_a_model_whose_symbols_stand_alone_is_scored_as_ever(settings: Settings) -> None:
    """The lower-case model: none of its letters stands with another."""
    own = model("nietzsche")
    vocabulary = own.contract.vocabulary
    ids = vocabulary.encode(vocabulary.fit(TEXT * 9).text)
    *_, alone = score(own, ids, settings)
    *_, grouped = score(own, ids, settings, groups=Groups(range(len(vocabulary))))
    assert isinstance(alone, Scores)
    assert isinstance(grouped, Scores)
    np.testing.assert_array_equal(grouped.surprisal_bits, alone.surprisal_bits)
    np.testing.assert_array_equal(grouped.entropy_bits, alone.entropy_bits)


def test_a_case_keeping_model_is_asked_for_both_forms_of_a_letter() -> None:
    found = compared(MODELS).scores[1]
    own = model("shakespeare")
    vocabulary = own.contract.vocabulary
    *_, alone = score(own, vocabulary.encode(vocabulary.fit(TEXT).text), Settings())
    assert isinstance(alone, Scores)
    assert len(alone.surprisal_bits) == len(found.surprisal_bits)
    assert (found.surprisal_bits <= alone.surprisal_bits + 1e-6).all()
    capital = TEXT.index("Nothing")
    assert found.surprisal_bits[capital] < alone.surprisal_bits[capital]


def test_progress_grows_to_the_whole_text() -> None:
    models = [model(name) for name in MODELS]
    alignment = Alignment([each.contract.vocabulary for each in models])
    aligned = alignment.align(TEXT * 9)
    *steps, _ = compare(models, alignment, aligned, Settings())
    assert steps == sorted(steps)  # type: ignore[type-var]
    assert steps[-1] == len(aligned.text)


def test_a_fault_of_the_second_model_names_it() -> None:
    models: list[LanguageModel] = [model("nietzsche"), NanModel()]
    alignment = Alignment([each.contract.vocabulary for each in models])
    aligned = alignment.align("ab")
    with pytest.raises(ModelOutputError, match="the second"):
        list(compare(models, alignment, aligned, Settings(), ["the first", "the second"]))


# Groups.


@given(LOGITS, GROUPS, st.integers(0, 5))
def test_a_group_has_the_probability_of_its_symbols_together(
    logits: list[float], groups: list[int], following: int
) -> None:
    row = np.array([[logits]], np.float32)
    chosen = np.array([[following]])
    alone, entropy = bits_of(row, chosen, "it")
    together, of_groups = bits_of(row, chosen, "it", Groups(groups))
    assert np.isfinite(together).all()
    assert together <= alone + 1e-9
    assert of_groups <= entropy + 1e-9
    each = [
        bits_of(row, np.array([[i]]), "it")[0][0, 0]
        for i in range(6)
        if groups[i] == groups[following]
    ]
    assert 2.0 ** -together[0, 0] == pytest.approx(sum(2.0**-bits for bits in each), abs=1e-12)


@given(LOGITS, GROUPS)
def test_the_groups_have_all_of_the_probability(logits: list[float], groups: list[int]) -> None:
    row = np.array([[logits]], np.float32)
    firsts = [groups.index(group) for group in set(groups)]
    bits = [bits_of(row, np.array([[i]]), "it", Groups(groups))[0][0, 0] for i in firsts]
    assert sum(2.0**-each for each in bits) == pytest.approx(1)


# Who wrote it.


@given(BITS)
def test_the_chance_of_another_author_is_bayes_rule(bits: list[float]) -> None:
    found = Attribution(9, tuple(bits), tuple(bits))
    assert found.bits[found.best] == min(bits)
    assert -math.inf < found.error_log2 <= 0
    weights = [2.0 ** (min(bits) - each) for each in bits]
    assert found.error == pytest.approx(1 - 1 / sum(weights), abs=1e-9)
    assert found.ahead_bits == sorted(bits)[1] - min(bits)


def test_a_chance_that_no_float_has_is_still_told() -> None:
    found = Attribution(9, (0.0, 5000.0), (0.0, 0.0))
    assert (found.error, found.error_log2) == (0.0, -5000.0)


@given(BITS, st.floats(0, 100))
def test_two_texts_together_have_the_bits_of_both(bits: list[float], more: float) -> None:
    one = Attribution(3, tuple(bits), tuple(bits))
    two = one + Attribution(4, tuple(more for _ in bits), tuple(bits))
    assert two.characters == 7
    assert two.bits == tuple(each + more for each in bits)


def test_each_model_expects_of_its_own_text_about_what_it_gets() -> None:
    found = Attribution.of(compared(MODELS, text="the will to power is the essence of life, and"))
    assert found.best == 0
    own, other = (bits / found.characters for bits in found.expected_bits)
    assert 0 < own < math.log2(57)
    assert 0 < other < math.log2(65)
