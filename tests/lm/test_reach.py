"""How far back a model looks and what matters to it, against reading each text by itself."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.held import Holds, changes
from charlm_tui.lm.influence import influence, mean_influence, replacement
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.reach import (
    SETTLED_BITS,
    Reach,
    Settling,
    every_depth,
    reach,
    settling,
    settling_depth,
)
from charlm_tui.lm.sampling import probabilities
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.lm.whatif import kl_bits
from tests.support.fakes import NanModel, ScriptedModel, UniformModel
from tests.support.held import held_units, small_model
from tests.support.models import SYMBOLS, WINDOW

TOLERANCE = 2e-5  # of logits, which float32 adds up in another order
NEAR = 1e-4  # bits

texts = st.lists(st.integers(0, len(SYMBOLS) - 1), min_size=1, max_size=2 * WINDOW)
depths = st.integers(1, WINDOW + 3)

STATES = ("h0", "h1")


@pytest.fixture(scope="module")
def tiny(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


def after(model: LanguageModel, ids: list[int]) -> NDArray[np.float64]:
    """Return the distribution after a text, read by itself from a zero state."""
    return probabilities(RollingWindow(model, len(ids)).read(ids)[0])


def surprisals(model: LanguageModel, read: list[int], drawn: int, depth: int) -> list[float]:
    """Return the surprisal of a character after each number of characters before it, in bits."""
    counts = (min(count, len(read)) for count in range(1, depth + 1))
    return [-float(np.log2(after(model, read[-count:])[drawn])) for count in counts]


def looked_at(model: LanguageModel, read: list[int], drawn: int, depth: int) -> Reach:
    *_, found = reach(model, read, drawn, depth)
    assert isinstance(found, Reach)
    return found


def settled(model: LanguageModel, read: list[int], start: int, depth: int) -> Settling:
    *_, found = settling(model, read, start, depth)
    assert isinstance(found, Settling)
    return found


def bits(pieces: object) -> NDArray[np.float64]:
    *_, found = pieces  # type: ignore[misc]
    assert isinstance(found, np.ndarray)
    return found


# Reach: what is read at all.


@given(texts, depths)
def test_every_depth_is_what_reading_so_many_characters_from_a_zero_state_says(
    tiny: OnnxModel, read: list[int], depth: int
) -> None:
    *percents, logits = every_depth(tiny, read, depth)
    assert percents[-1] == 100
    assert isinstance(logits, np.ndarray)
    assert logits.shape == (min(depth, len(read)), len(SYMBOLS))
    for count in range(1, len(logits) + 1):
        alone = RollingWindow(tiny, count).read(read[-count:])[0]
        np.testing.assert_allclose(logits[count - 1], alone, atol=TOLERANCE)


@given(texts, st.integers(0, len(SYMBOLS) - 1), depths)
def test_the_reach_of_a_character_has_its_probability_and_that_of_the_best_other_one(
    tiny: OnnxModel, read: list[int], drawn: int, depth: int
) -> None:
    found = looked_at(tiny, read, drawn, depth)
    for count in range(1, min(depth, len(read)) + 1):
        p = after(tiny, read[-count:])
        others = [each for each in range(len(SYMBOLS)) if each != drawn]
        assert found.probability[count - 1] == pytest.approx(p[drawn], abs=1e-5)
        assert found.other_probability[count - 1] == pytest.approx(p[others].max(), abs=1e-5)
        assert p[found.other[count - 1]] == pytest.approx(p[others].max(), abs=1e-5)
        assert found.other[count - 1] != drawn
    full = surprisals(tiny, read, drawn, depth)
    differences = np.abs(np.array(full) - full[-1])
    at = found.settled
    assert (differences[at - 1 :] <= SETTLED_BITS + NEAR).all()
    assert at == 1 or differences[at - 2] > SETTLED_BITS - NEAR


@given(texts, st.integers(1, 2 * WINDOW), depths)
def test_settling_is_that_of_each_character_by_itself_the_first_ones_too(
    tiny: OnnxModel, read: list[int], start: int, depth: int
) -> None:
    found = settled(tiny, read, start, depth)
    assert len(found.depths) == max(0, len(read) - start)
    every = []
    for place in range(start, len(read)):
        one = surprisals(tiny, read[:place], read[place], depth)
        every.append(one)
        at = int(found.depths[place - start])
        assert 1 <= at <= min(depth, place)
        differences = np.abs(np.array(one) - one[-1])
        assert (differences[at - 1 :] <= SETTLED_BITS + NEAR).all()
        assert at == 1 or differences[at - 2] > SETTLED_BITS - NEAR
    if every:
        np.testing.assert_allclose(found.mean_bits, np.mean(every, axis=0), atol=NEAR)


@given(st.lists(st.floats(0, 12), min_size=1, max_size=30))
def test_a_depth_settles_where_all_from_there_on_are_near_the_last_and_not_one_before(
    surprisal: list[float],
) -> None:
    far = [abs(each - surprisal[-1]) > SETTLED_BITS for each in surprisal]
    at = int(settling_depth(np.array(surprisal)))
    assert not any(far[at - 1 :])
    assert at == 1 or far[at - 2]


@pytest.mark.parametrize(
    ("surprisal", "depth"),
    [
        ([5.0, 3.0, 2.5, 2.05, 2.0], 4),
        ([2.05, 3.0, 2.0, 2.0, 2.0], 3),  # back again is not there for good
        ([2.0, 2.0, 2.0, 2.0, 2.0], 1),
        ([2.0, 2.0, 2.0, 2.2, 2.0], 5),
        ([7.0], 1),
    ],
)
def test_settling_depths_by_example(surprisal: list[float], depth: int) -> None:
    assert settling_depth(np.array(surprisal)) == depth
    both = np.array([surprisal, surprisal[-1:] * len(surprisal)])
    assert settling_depth(both).tolist() == [depth, 1]


def test_the_mean_at_the_full_depth_is_the_score_of_the_text(model_path: Path) -> None:
    model = OnnxModel(model_path)
    vocabulary = model.contract.vocabulary
    ids = vocabulary.encode("the old man who sat in the rain, and said nothing of it " * 5)
    read = [vocabulary.start_symbol, *ids]
    *_, scores = score(model, ids, Settings())
    assert isinstance(scores, Scores)
    mean = settled(model, read, 1, model.contract.window).mean_bits
    assert mean[-1] == pytest.approx(scores.surprisal_bits.mean(), abs=NEAR)
    late = settled(model, read, 101, model.contract.window).mean_bits
    assert late[-1] == pytest.approx(scores.surprisal_bits[100:].mean(), abs=NEAR)


def test_progress_grows_to_the_whole_text(tiny: OnnxModel) -> None:
    *counts, _ = settling(tiny, [1] * 901)
    assert counts == sorted(counts)
    assert counts[-1] == 900
    assert len(counts) > 8


def test_a_model_that_knows_the_last_character_alone_settles_after_it() -> None:
    table = np.random.default_rng(0).normal(0, 2, (5, 5))
    model = ScriptedModel("\n abc", table, window=4)
    assert settled(model, [0, 2, 3, 4, 1, 2, 3, 1], 1, 4).depths.tolist() == [1] * 7


# Influence: what matters.


@given(texts, depths)
def test_influence_is_that_of_each_changed_window_read_by_itself(
    tiny: OnnxModel, read: list[int], depth: int
) -> None:
    found = bits(influence(tiny, read, depth))
    window = read[-depth:]
    assert len(found) == len(window)
    own, vocabulary = after(tiny, window), tiny.contract.vocabulary
    for back in range(1, len(window) + 1):
        changed = list(window)
        here = vocabulary.symbols[changed[-back]]
        [changed[-back]] = vocabulary.encode("\n" if here == " " else " ")
        apart = kl_bits(own, after(tiny, changed))
        assert found[back - 1] == pytest.approx(apart, rel=1e-3, abs=NEAR)


@pytest.mark.slow
@given(texts, st.integers(1, 5))
def test_the_mean_influence_is_that_of_every_other_symbol_in_each_place(
    tiny: OnnxModel, read: list[int], depth: int
) -> None:
    found = bits(mean_influence(tiny, read, depth))
    window = read[-depth:]
    own = after(tiny, window)
    for back in range(1, len(window) + 1):
        apart = []
        for symbol in range(len(SYMBOLS)):
            changed = list(window)
            changed[-back] = symbol
            if symbol != window[-back]:
                apart.append(kl_bits(own, after(tiny, changed)))
        assert found[back - 1] == pytest.approx(np.mean(apart), rel=1e-3, abs=NEAR)


# Of a text in which units were held.


@st.composite
def held_texts(draw: st.DrawFn) -> tuple[list[int], Holds, int]:
    """Return a text of two characters or more, what was held where, and a depth."""
    read = draw(st.lists(st.integers(0, 4), min_size=2, max_size=14))
    places = st.lists(st.tuples(st.integers(0, len(read) - 1), held_units(STATES)), max_size=3)
    return read, changes(sorted(draw(places), key=lambda it: it[0])), draw(st.integers(1, 10))


def holding(read: list[int], holds: Holds, rng_seed: int) -> NDArray[np.float64]:
    """Return the distribution after a text, read by itself with what was held in it."""
    model = small_model(STATES, rng_seed)
    return probabilities(RollingWindow(model, len(read)).read(read, holds)[0])


def since(holds: Holds, begin: int) -> Holds:
    """Return what was held in the part of a text from a place on."""
    return changes((max(0, place - begin), held) for place, held in holds)


@hypothesis_settings(max_examples=50)
@given(held_texts(), st.integers(0, 3))
def test_what_was_held_is_held_in_every_depth(
    text: tuple[list[int], Holds, int], rng_seed: int
) -> None:
    read, holds, depth = text
    model = small_model(STATES, rng_seed)
    *_, one = reach(model, read, 3, depth, holds=holds)
    assert isinstance(one, Reach)
    for count in range(1, min(depth, len(read)) + 1):
        begin = len(read) - count
        p = holding(read[begin:], since(holds, begin), rng_seed)
        assert one.probability[count - 1] == pytest.approx(p[3], abs=1e-5)
    *_, each = settling(model, read, 1, depth, holds=holds)
    assert isinstance(each, Settling)
    full = []
    for place in range(1, len(read)):
        begin = max(0, place - depth)
        p = holding(read[begin:place], since(holds, begin), rng_seed)
        full.append(-np.log2(p[read[place]]))
    assert each.mean_bits[-1] == pytest.approx(np.mean(full), abs=NEAR)


@pytest.mark.slow
@hypothesis_settings(max_examples=50)
@given(held_texts(), st.integers(0, 3))
def test_what_was_held_is_held_while_a_character_is_replaced(
    text: tuple[list[int], Holds, int], rng_seed: int
) -> None:
    read, holds, depth = text
    model = small_model(STATES, rng_seed)
    begin = max(0, len(read) - depth)
    window, here = read[begin:], since(holds, begin)
    own = holding(window, here, rng_seed)
    found, mean = (
        bits(influence(model, read, depth, holds=holds)),
        bits(mean_influence(model, read, depth, holds=holds)),
    )
    for back in range(1, len(window) + 1):
        apart = []
        for symbol in range(len(model.contract.vocabulary)):
            changed = list(window)
            changed[-back] = symbol
            apart.append(kl_bits(own, holding(changed, here, rng_seed)))
        stand_in = apart[replacement(model.contract.vocabulary, window[-back])]
        del apart[window[-back]]
        assert found[back - 1] == pytest.approx(stand_in, rel=1e-3, abs=NEAR)
        assert mean[back - 1] == pytest.approx(np.mean(apart), rel=1e-3, abs=NEAR)


@pytest.mark.parametrize("how", [influence, mean_influence])
def test_what_makes_no_difference_has_no_influence(how: object) -> None:
    table = np.random.default_rng(0).normal(0, 2, (5, 5))
    model = ScriptedModel("\n abc", table, window=4)
    found = bits(how(model, [0, 2, 3, 1, 4]))  # type: ignore[operator]
    assert found[0] > 0.01
    assert found[1:].tolist() == [0, 0, 0]
    assert bits(how(UniformModel(), [1, 2, 3])).tolist() == [0, 0, 0]  # type: ignore[operator]


@pytest.mark.parametrize("how", [influence, mean_influence])
def test_a_vocabulary_of_one_symbol_has_nothing_to_put_in_its_place(how: object) -> None:
    *percents, found = how(UniformModel("a"), [0, 0, 0])  # type: ignore[operator]
    assert found.tolist() == [0, 0, 0]
    assert percents[-1] == 100


@pytest.mark.parametrize("how", [influence, mean_influence])
def test_more_places_and_symbols_than_lanes_are_read_in_turn(
    how: object, tiny: OnnxModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = np.random.default_rng(4).integers(len(SYMBOLS), size=30).tolist()
    whole = bits(how(tiny, read))  # type: ignore[operator]
    monkeypatch.setattr("charlm_tui.lm.influence.MOST_LANES", 5)
    *percents, parts = how(tiny, read)  # type: ignore[operator]
    np.testing.assert_allclose(parts, whole, rtol=1e-3, atol=NEAR)
    assert percents == sorted(percents)
    assert percents[-1] == 100


@pytest.mark.parametrize(
    ("symbols", "index", "expected"),
    [
        ("\n abc", 3, 1), ("\n abc", 1, 0), ("\n abc", 0, 1),  # a space, or a newline for one
        ("abc ", 3, 0), ("ab\n", 1, 2), ("ab\n", 2, 0),  # without a newline, without a space
        ("abc", 0, 1), ("abc", 2, 0), ("a", 0, 0),  # without either
    ],
)  # fmt: skip
def test_what_stands_in_for_a_character(symbols: str, index: int, expected: int) -> None:
    assert replacement(Vocabulary(symbols), index) == expected


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: reach(model, [0, 1], 2, name="it.onnx"),
        lambda model: settling(model, [0, 1], name="it.onnx"),
        lambda model: influence(model, [0, 1], name="it.onnx"),
        lambda model: mean_influence(model, [0, 1], name="it.onnx"),
    ],
)
def test_a_model_whose_logits_are_no_numbers_is_an_error(ask: object) -> None:
    with pytest.raises(ModelOutputError, match=r"^it\.onnx gave logits that are not finite"):
        list(ask(NanModel()))  # type: ignore[operator]
