"""The neuron lens against contexts that are fed by hand, numpy's own correlation, and examples."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from charlm_tui.lm.context import CarriedState, RollingWindow, open_context
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.features import BY_ID, FEATURES, Counts
from charlm_tui.lm.lens import (
    SLICE,
    UNIT_LEVELS,
    Activations,
    Unit,
    activations,
    by_variance,
    correlations,
    ranked,
    scale_of,
    unit_levels,
)
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.settings import Settings
from tests.support.fakes import SYMBOLS, ScriptedModel, UniformModel
from tests.support.models import step_model


def lens(
    model: LanguageModel, ids: list[int], start: int, stop: int, settings: Settings
) -> Activations:
    *_, read = activations(model, ids, start, stop, settings)
    assert isinstance(read, Activations)
    return read


def random_ids(model: LanguageModel, count: int, rng_seed: int = 1) -> list[int]:
    rng = np.random.default_rng(rng_seed)
    return rng.integers(len(model.contract.vocabulary), size=count).tolist()


def made_of(**states: NDArray[np.floating]) -> Activations:
    return Activations(0, {name: of.astype(np.float32) for name, of in states.items()})


@pytest.fixture(scope="module")
def tiny(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


@pytest.mark.parametrize("lanes", [1, 3])
@pytest.mark.parametrize("depth", [1, 4])
def test_the_state_of_a_window_is_that_of_its_deepest_rows(depth: int, lanes: int) -> None:
    window = RollingWindow(UniformModel(), depth, lanes)
    seen = []
    for _ in range(6):
        window.feed(*range(lanes))
        seen.append(window.state("read")[:, 0].tolist())
    assert seen == [[min(depth, read)] * lanes for read in range(1, 7)]


def test_the_state_before_the_first_character_is_zero_and_a_carried_one_is_its_only_row() -> None:
    carried = CarriedState(UniformModel(), lanes=2)
    assert carried.state("read").tolist() == [[0], [0]]
    for _ in range(9):
        carried.feed(1, 2)
    assert carried.state("read").tolist() == [[9], [9]]
    carried.reset()
    assert carried.state("read").tolist() == [[0], [0]]


def test_the_state_of_a_window_gives_its_logits(tiny: OnnxModel) -> None:
    """Of the lanes of a real model too, where one lane's deepest row is the next one's top."""
    weights = {it.name: it for it in step_model().graph.initializer}
    out = np.frombuffer(weights["out"].raw_data, np.float32).reshape(16, -1)
    bias = np.frombuffer(weights["bias"].raw_data, np.float32)
    window = RollingWindow(tiny, 5, lanes=3)
    for ids in zip(*[iter(random_ids(tiny, 60))] * 3, strict=True):
        logits = window.feed(*ids)
        np.testing.assert_allclose(window.state("h1") @ out + bias, logits, atol=1e-5)


@pytest.mark.parametrize("settings", [{}, {"depth": 1}, {"depth": 5}, {"carry": True}])
@pytest.mark.parametrize(("start", "stop"), [(0, 1), (0, 90), (3, 40), (50, 51), (37, 90)])
def test_it_is_a_context_fed_by_hand_to_the_bit(
    tiny: OnnxModel, settings: dict[str, int], start: int, stop: int
) -> None:
    """The context reads from the first character on; the lens only what reaches the stretch."""
    ids, chosen = random_ids(tiny, 90), Settings(**settings)
    context = open_context(tiny, chosen)
    by_hand: dict[str, list[NDArray[np.float32]]] = {"h0": [], "h1": []}
    for index in ids[:stop]:
        context.feed(index)
        for name, rows in by_hand.items():
            rows.append(context.state(name)[0].copy())
    read = lens(tiny, ids, start, stop, chosen)
    assert read.start == start
    assert list(read.states) == ["h0", "h1"]
    for name, rows in by_hand.items():
        assert read.states[name].dtype == np.float32
        np.testing.assert_array_equal(read.states[name], rows[start:])


def test_on_the_shipped_model_it_is_a_context_fed_by_hand_to_the_bit(model_path: Path) -> None:
    model = OnnxModel(model_path)
    ids = random_ids(model, 150)
    window = RollingWindow(model, 60)
    rows = []
    for index in ids:
        window.feed(index)
        rows.append(window.state("c")[0].copy())
    read = lens(model, ids, 100, 150, Settings())
    np.testing.assert_array_equal(read.states["c"], rows[100:])


@pytest.mark.parametrize("start", [0, 2, 30])
def test_each_state_has_read_its_window_and_a_carried_one_everything(start: int) -> None:
    """The scripted model's state counts the characters that a row has read."""
    model, ids = UniformModel(window=5), [1] * 60
    windows = lens(model, ids, start, 60, Settings()).states["read"][:, 0]
    assert windows.tolist() == [min(5, place + 1) for place in range(start, 60)]
    carried = lens(model, ids, start, 60, Settings(carry=True)).states["read"][:, 0]
    assert carried.tolist() == list(range(start + 1, 61))


@pytest.mark.parametrize(("carry", "read"), [(False, 104), (True, 300)])
def test_progress_counts_what_is_read_and_ends_at_100(carry: bool, read: int) -> None:
    *steps, _ = activations(UniformModel(), [1] * 300, 200, 300, Settings(carry=carry))
    assert steps == [100 * min(done, read) // read for done in range(SLICE, read + SLICE, SLICE)]
    assert steps[-1] == 100


def test_a_model_whose_states_are_no_numbers_is_an_error() -> None:
    class Grows(ScriptedModel):
        def bind(self, ids, states, logits, next_states):  # type: ignore[no-untyped-def]
            step = super().bind(ids, states, logits, next_states)

            def grown() -> None:
                step()
                next_states["read"][:] = np.float32(1e38) if ids[0] else np.inf

            return grown

    model = Grows(SYMBOLS, np.zeros((len(SYMBOLS), len(SYMBOLS))))
    lens(model, [1, 1, 1], 0, 3, Settings())
    with pytest.raises(ModelOutputError, match=r"^it\.onnx has states that are not finite"):
        list(activations(model, [1, 1, 0], 0, 3, Settings(), name="it.onnx"))


def test_units_are_numbered_through_all_tensors(tiny: OnnxModel) -> None:
    read = lens(tiny, [1, 2, 3], 0, 3, Settings())
    assert read.units == [Unit(name, index) for name in ("h0", "h1") for index in range(16)]
    np.testing.assert_array_equal(read.of(Unit("h1", 3)), read.states["h1"][:, 3])


def test_what_stays_within_one_is_shown_on_the_fixed_scale() -> None:
    for most in (0.0, 0.3, 1.0):
        assert scale_of(np.full((4, 2), -most, np.float32)) == (1.0, True)
    assert not scale_of(np.array([[0.5, -1.5]], np.float32)).bounded


def test_the_shipped_models_are_one_bounded_state_and_one_that_is_not(model_path: Path) -> None:
    model = OnnxModel(model_path)
    read = lens(model, random_ids(model, 40), 0, 40, Settings())
    assert scale_of(read.states["h"]) == (1.0, True)
    assert not scale_of(read.states["c"]).bounded


def test_neither_a_spike_nor_a_few_large_units_move_an_unbounded_scale() -> None:
    values = np.random.default_rng(1).normal(0, 2, (5000, 100)).astype(np.float32)
    plain = scale_of(values).limit
    values[::1000] *= 1000
    values[:, 40:45] *= 1000
    assert scale_of(values).limit == pytest.approx(plain, rel=0.1)
    assert 5 < plain < 7  # some 2.8 standard deviations


activation = st.floats(-1e6, 1e6, width=32)


@given(st.lists(activation, max_size=30), st.floats(1e-3, 1e3), st.sampled_from([3, 13, 255]))
def test_levels_are_monotone_and_a_sign_turned_mirrors_them(
    values: list[float], limit: float, count: int
) -> None:
    array = np.array(sorted(values), np.float32)
    here = list(unit_levels(array, limit, count))
    assert here == sorted(here)
    assert all(0 <= level < count for level in here)
    assert list(unit_levels(-array, limit, count)) == [count - 1 - level for level in here]


def test_levels_are_equal_parts_of_the_scale_with_zero_in_the_middle() -> None:
    middles = np.arange(-6, 7) * 2 / UNIT_LEVELS
    for limit in (1.0, 6.5):
        assert list(unit_levels(middles * limit, limit)) == list(range(UNIT_LEVELS))
        for near in (-0.99, 0.99):
            borders = (middles + near / UNIT_LEVELS) * limit
            assert list(unit_levels(borders, limit)) == list(range(UNIT_LEVELS))
    assert list(unit_levels(np.array([0.0, -0.0, 1, -1, 99, -99]), 1.0)) == [6, 6, 12, 0, 12, 0]


@pytest.mark.parametrize(
    ("feature", "text", "expected"),
    [
        ("newline", "a\n\nb", "0110"),
        ("space", "a b\n ", "01001"),
        ("quote", "\"a” 'b'", "1010000"),
        ("vowel", "Aébcy o", "1100001"),
        ("word-start", "the don't-x '9a", "100010000010010"),
        ("upper", "aBÉ1", "0110"),
        ("digit", "a19.", "0110"),
        ("punctuation", 'a,-"x!\n', "0111010"),
        ("quoted", 'a "b c" d "e', "001111000011"),
        ("quoted", '"ab\n \nc "d" ', "111000001100"),
        ("line-place", "ab\n\ncd", "120012"),
        ("word-length", "it's a", "123401"),
    ],
)
def test_features_by_example(feature: str, text: str, expected: str) -> None:
    values = BY_ID[feature].of(text)
    assert values.typecode == "f"
    assert "".join(str(int(value)) for value in values) == expected


@given(st.text(st.sampled_from(SYMBOLS + "\"'É9-"), max_size=60))
def test_every_feature_has_a_value_for_every_character(text: str) -> None:
    for feature in FEATURES:
        assert len(feature.of(text)) == len(text)


@given(st.lists(st.text(st.sampled_from("\n a'\"é9-"), max_size=9)))
def test_features_are_counted_as_a_text_grows(pieces: list[str]) -> None:
    counts, text = Counts(), "".join(pieces) + "\n"
    for piece in (*pieces, "\n"):
        counts.add(piece)
    sums = {name: sum(BY_ID[name].of(text)) for name in ("newline", "quote", "word-start")}
    assert [counts.newlines, counts.quotes, counts.words] == list(sums.values())
    letters = sum(1 for each in BY_ID["word-length"].of(text) if each)
    assert counts.word_length == (letters / counts.words if counts.words else 0)


def test_a_quote_that_is_never_closed_ends_with_its_paragraph() -> None:
    assert BY_ID["quoted"].of('"a\nb\n\nc').tolist() == [1, 1, 1, 1, 0, 0, 0]


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(3, 40), st.just(3)), elements=activation),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_correlations_are_those_of_numpy(
    states: NDArray[np.float32], rng_seed: int, predicts: bool
) -> None:
    values = np.random.default_rng(rng_seed).integers(0, 3, (2, len(states))).astype(np.float32)
    found = correlations(made_of(h=states), values, predicts)["h"]
    late = int(predicts)
    for row, feature in enumerate(values[:, late:]):
        for column, unit in enumerate(states[: len(states) - late].T.astype(np.float64)):
            if np.ptp(feature) == 0 or np.ptp(unit) == 0:
                assert found[row, column] == 0
            else:
                expected = np.corrcoef(feature, unit)[0, 1]
                assert found[row, column] == pytest.approx(expected, abs=1e-6)


def test_correlations_of_a_long_text_are_those_of_numpy() -> None:
    """Longer than what is summed at a time, with a mean far above what varies."""
    rng = np.random.default_rng(3)
    states = (1000 + rng.normal(size=(3001, 5))).astype(np.float32)
    values = rng.normal(size=(2, 3001)).astype(np.float32)
    expected = np.corrcoef(values, states.T.astype(np.float64))[:2, 2:]
    np.testing.assert_allclose(correlations(made_of(c=states), values)["c"], expected, atol=1e-9)


def test_what_is_the_same_everywhere_tells_nothing() -> None:
    """0.1 is no float: what rounding left of its mean would be correlated with itself."""
    states = np.column_stack([np.full(997, 0.1), np.arange(997) % 2]).astype(np.float32)
    values = states.T
    found = correlations(made_of(h=states), values)["h"]
    assert found[0].tolist() == found[:, 0].tolist() == [0, 0]
    assert found[1, 1] == pytest.approx(1)
    single = correlations(made_of(h=states[:1]), values[:, :1], predicts=True)["h"]
    assert single.tolist() == [[0, 0], [0, 0]]


def test_the_ranking_finds_the_units_that_tell_a_feature() -> None:
    text = 'one "two" three\nfour five\n' * 20
    space, newline = (np.array(BY_ID[each].of(text)) for each in ("space", "newline"))
    noise = np.random.default_rng(2).normal(size=len(text))
    read = made_of(h=np.column_stack([noise, -space]), c=np.column_stack([newline + noise / 9]))
    found = ranked(correlations(read, np.array([each.of(text) for each in FEATURES])), most=2)
    assert found["space"][0].unit == Unit("h", 1)
    assert found["space"][0].value == pytest.approx(-1)
    assert found["newline"][0].unit == Unit("c", 0)
    assert all(len(units) <= 2 for units in found.values())
    assert found["upper"] == found["digit"] == ()


def test_what_predicts_is_held_against_the_next_character() -> None:
    text = "ab cd\ne fgh i\n" * 9
    space = np.array(BY_ID["space"].of(text))
    before = np.roll(space, -1)  # says at each character whether the next is a space
    read = made_of(h=np.column_stack([before, space]))
    features = [BY_ID["space"]]
    values = np.array([space])
    assert ranked(correlations(read, values), features, 1)["space"][0].unit == Unit("h", 1)
    [first] = ranked(correlations(read, values, predicts=True), features, 1)["space"]
    assert first.unit == Unit("h", 0)
    assert first.value == pytest.approx(1)


def test_states_of_different_scales_are_ranked_by_the_share_that_they_vary() -> None:
    wave = np.sin(np.arange(2000))
    read = made_of(
        h=np.column_stack([wave * 0.2, wave * 0, wave * 0.9]),
        c=np.column_stack([wave * 20, wave * 10, wave * 10]),
    )
    found = by_variance(read, most=4)
    assert [ranked.unit for ranked in found] == [
        Unit("c", 0),
        Unit("h", 2),
        Unit("c", 1),
        Unit("c", 2),
    ]
    assert found[1].value == pytest.approx(0.9 / np.sqrt(2), rel=1e-3)
    assert Unit("h", 1) not in [ranked.unit for ranked in by_variance(read, most=99)]
