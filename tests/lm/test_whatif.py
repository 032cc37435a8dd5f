"""What-if against the generation that it asks about, and its distances against their theorems."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.generation import Distribution, Generation, prefixed
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.whatif import ComparedRow, WhatIf, entropy_bits, js_bits, kl_bits, what_if
from tests.support.fakes import SYMBOLS, NanModel, ScriptedModel, UniformModel

PRESETS = (0.2, 0.5, 1.0, 1.2)
ROUNDING = 1e-12

Probabilities = NDArray[np.float64]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Probabilities, Probabilities]:
    """Two distributions over one vocabulary, with zeros and very small numbers among them."""
    size = draw(st.integers(1, 12))
    weight = st.one_of(st.just(0.0), st.floats(0, 1), st.floats(0, 1e-300))
    some = st.lists(weight, min_size=size, max_size=size).filter(lambda it: sum(it) > 1e-6)
    p, q = (np.array(draw(some)) for _ in range(2))
    return p / p.sum(), q / q.sum()


def compare(
    model: LanguageModel, read: list[int], settings: Settings, **more: object
) -> dict[str, ComparedRow]:
    *_, found = what_if(model, read, 1, settings, PRESETS, **more)  # type: ignore[arg-type]
    assert isinstance(found, WhatIf)
    assert found.drawn == 1
    return {row.title: row for row in found.rows}


def drawn_at(model: LanguageModel, read: list[int], settings: Settings) -> Distribution:
    """Give the distribution as a reply has it."""
    sampler = Sampler(len(model.contract.vocabulary))
    return Generation(open_context(model, settings), sampler, settings, read).distribution()


@pytest.fixture(scope="module")
def tiny(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


@pytest.fixture(scope="module")
def read(tiny: OnnxModel) -> list[int]:
    """50 random characters after the start symbol, four windows and more."""
    size = len(tiny.contract.vocabulary)
    return prefixed(
        tiny.contract.vocabulary, np.random.default_rng(5).integers(size, size=50).tolist()
    )


@given(pairs())
def test_kl_is_zero_of_equals_and_never_less(pq: tuple[Probabilities, Probabilities]) -> None:
    p, q = pq
    assert kl_bits(p, p) == 0
    # Pinsker's inequality: more than 0 wherever they differ, and by how much.
    assert kl_bits(p, q) >= np.abs(p - q).sum() ** 2 / (2 * math.log(2)) - ROUNDING


@given(pairs())
def test_kl_is_infinite_exactly_where_something_is_left_out(
    pq: tuple[Probabilities, Probabilities],
) -> None:
    p, q = pq
    assert math.isinf(kl_bits(p, q)) == bool(((p > 0) & (q == 0)).any())


@given(pairs())
def test_js_is_symmetric_and_between_zero_and_one(pq: tuple[Probabilities, Probabilities]) -> None:
    p, q = pq
    assert js_bits(p, q) == js_bits(q, p)
    assert js_bits(p, p) == 0
    # Lin's bounds by the variational distance.
    distance = np.abs(p - q).sum()
    assert distance**2 / (8 * math.log(2)) - ROUNDING <= js_bits(p, q) <= distance / 2 + ROUNDING
    assert js_bits(p, q) <= 1


@given(pairs())
def test_js_is_what_entropies_make_of_it(pq: tuple[Probabilities, Probabilities]) -> None:
    """H(m) - (H(p) + H(q)) / 2, its other form."""
    p, q = pq
    other = entropy_bits((p + q) / 2) - (entropy_bits(p) + entropy_bits(q)) / 2
    assert js_bits(p, q) == pytest.approx(other, abs=1e-9)


def test_distances_by_example() -> None:
    fair, biased = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    one, other = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert kl_bits(fair, biased) == pytest.approx(0.5 * 1 + 0.5 * math.log2(2 / 3))
    assert kl_bits(one, fair) == 1
    assert kl_bits(fair, one) == math.inf
    assert kl_bits(np.array([1.0, 0.0]), np.array([5e-324, 1.0])) == 1074
    assert js_bits(one, other) == 1
    assert js_bits(one, fair) == pytest.approx(entropy_bits(np.array([0.75, 0.25])) - 0.5)
    assert entropy_bits(fair) == 1
    assert entropy_bits(one) == 0


@pytest.mark.parametrize("truncation", [{}, {"top_p": 0.8}, {"top_k": 3}])
@pytest.mark.parametrize(
    ("context", "title", "same"),
    [
        ({}, "now", {}),
        ({"depth": 7}, "now", {"depth": 7}),
        ({"carry": True}, "now", {"carry": True}),
        ({}, "temperature 1.2", {"temperature": 1.2}),
        ({}, "half the depth, 6", {"depth": 6}),
        ({}, "twice the depth, 24", {"depth": 24}),
        ({"depth": 7}, "half the depth, 3", {"depth": 3}),
        ({"depth": 7}, "twice the depth, 14", {"depth": 14}),
        ({}, "carried", {"carry": True}),
        ({"carry": True}, "a window of 12", {"depth": 12}),
        ({"carry": True}, "half the depth, 6", {"depth": 6}),
    ],
)
def test_each_row_is_the_distribution_that_a_reply_has_under_its_settings(
    tiny: OnnxModel,
    read: list[int],
    context: dict[str, int],
    title: str,
    same: dict[str, float],
    truncation: dict[str, float],
) -> None:
    """Up to the rounding of float32: a window computes the same with more rows."""
    row = compare(tiny, read, Settings(0.5, **truncation, **context))[title]
    settings = Settings(**{"temperature": 0.5, **truncation, **same})
    expected = drawn_at(tiny, read, settings)
    np.testing.assert_allclose(row.model, expected.model, atol=1e-5)
    np.testing.assert_allclose(row.after, expected.after, atol=1e-5)
    assert (row.after > 0).tolist() == (expected.after > 0).tolist()
    assert row.settings == settings
    assert row.probability == row.after[1]
    assert row.entropy_bits == entropy_bits(row.model)
    assert row.after_entropy_bits == entropy_bits(row.after)


def test_the_rows_are_now_the_presets_the_depths_and_carried(
    tiny: OnnxModel, read: list[int]
) -> None:
    presets = [f"temperature {preset}" for preset in ("0.2", "0.5", "1", "1.2")]
    assert list(compare(tiny, read, Settings())) == [
        "now", *presets, "half the depth, 6", "twice the depth, 24", "carried",
    ]  # fmt: skip
    assert list(compare(tiny, read, Settings(carry=True)))[5:] == [
        "half the depth, 6", "a window of 12", "twice the depth, 24", "carried",
    ]  # fmt: skip
    assert "half the depth, 1" in compare(tiny, read, Settings(depth=1))


def test_distances_are_those_from_now(tiny: OnnxModel, read: list[int]) -> None:
    rows = compare(tiny, read, Settings(0.5))
    now = rows["now"]
    for row in rows.values():
        assert row.kl_bits == kl_bits(now.after, row.after)
        assert row.js_bits == js_bits(now.after, row.after)
        assert row.model_kl_bits == kl_bits(now.model, row.model)
    for title in ("temperature 0.2", "temperature 1", "temperature 1.2"):
        assert rows[title].model_kl_bits == 0
        assert rows[title].js_bits > 1e-3
    for title in ("half the depth, 6", "carried"):
        assert rows[title].model_kl_bits > 1e-4


@pytest.mark.parametrize(
    ("settings", "title"),
    [
        (Settings(0.5), "temperature 0.5"),
        (Settings(0.7, carry=True), "carried"),
        (Settings(0.7, depth=1), "half the depth, 1"),
    ],
)
def test_a_row_that_coincides_with_now_is_kept_and_has_no_distance(
    tiny: OnnxModel, read: list[int], settings: Settings, title: str
) -> None:
    row = compare(tiny, read, settings)[title]
    assert (row.kl_bits, row.js_bits, row.model_kl_bits) == (0, 0, 0)


def test_where_the_text_is_shorter_than_every_depth_all_contexts_are_one(tiny: OnnxModel) -> None:
    rows = compare(tiny, [0, 4, 5], Settings())
    for title in ("half the depth, 6", "twice the depth, 24", "carried"):
        assert (rows[title].kl_bits, rows[title].model_kl_bits) == (0, 0)


def test_greedy_now_or_a_truncation_now_is_never_infinitely_far_but_the_reverse_is() -> None:
    table = np.tile(np.arange(len(SYMBOLS), dtype=float), (len(SYMBOLS), 1))
    model = ScriptedModel(SYMBOLS, table)
    greedy = compare(model, [0], Settings(0))
    assert all(math.isfinite(row.kl_bits) for row in greedy.values())
    *_, found = what_if(model, [0], 1, Settings(0.5), [0, 1])
    assert isinstance(found, WhatIf)
    none = found.rows[1]
    assert none.kl_bits == math.inf
    assert 0 < none.js_bits < 1
    assert none.probability == 0


def counting(window: int) -> ScriptedModel:
    """A model that is surer of its first character the more it has read."""

    class Counts(ScriptedModel):
        def bind(self, ids, states, logits, next_states):  # type: ignore[no-untyped-def]
            step = super().bind(ids, states, logits, next_states)

            def counted() -> None:
                step()
                logits[:, 0] = next_states["read"][:, -1, 0] / 100

            return counted

    return Counts(SYMBOLS, np.zeros((len(SYMBOLS), len(SYMBOLS))), window)


def test_each_context_reads_as_far_back_as_its_settings_say() -> None:
    def has_read(row: ComparedRow) -> int:
        return round(100 * math.log(row.model[0] / row.model[1]))

    rows = compare(counting(10), [1] * 150, Settings())
    counts = {title: has_read(row) for title, row in rows.items()}
    assert counts["now"] == counts["temperature 1"] == 10
    assert counts["half the depth, 5"] == 5
    assert counts["twice the depth, 20"] == 20
    assert counts["carried"] == 150
    late = compare(counting(10), [1] * 150, Settings(carry=True), carried_from=120)
    assert has_read(late["now"]) == has_read(late["carried"]) == 30
    assert has_read(late["twice the depth, 20"]) == 20


def test_mirostat_is_where_the_reply_had_it(tiny: OnnxModel, read: list[int]) -> None:
    since = [5.0] * 20
    settings = Settings(1.0, mirostat=3.0)
    sampler = Sampler(len(tiny.contract.vocabulary))
    expected = Generation(
        open_context(tiny, settings), sampler, settings, read, mirostat_history=since
    ).distribution()
    row = compare(tiny, read, settings, mirostat_history=since)["now"]
    np.testing.assert_allclose(row.after, expected.after, atol=1e-5)
    assert np.count_nonzero(row.after) < np.count_nonzero(
        compare(tiny, read, settings)["now"].after
    )


def test_progress_grows_to_100() -> None:
    *steps, _ = what_if(UniformModel(), [1] * 1000, 1, Settings(), PRESETS)
    assert steps == sorted(steps)
    assert steps[-1] == 100
    assert len(steps) > 10


def test_a_model_whose_logits_are_no_numbers_is_an_error() -> None:
    with pytest.raises(ModelOutputError, match=r"^it\.onnx gave logits that are not finite"):
        list(what_if(NanModel(), [0, 1], 1, Settings(), PRESETS, name="it.onnx"))
