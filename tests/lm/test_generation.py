"""A reply is determined by what was read, the settings and the RNG seed, however it is drawn."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.context import RollingWindow, open_context
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.generation import Batch, Generation, prefixed
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.lm.sampling import Sampler, Uniforms, probabilities
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from tests.support.fakes import SYMBOLS, CycleModel, NanModel, ScriptedModel, UniformModel

LENGTH = 60
SEED = "a bird on"


def generation(
    model: LanguageModel,
    settings: Settings = Settings(1.0, 5),  # noqa: B008 (it is frozen)
    seed: str = SEED,
    reply: Sequence[int] = (),
) -> Generation:
    """Start a reply, or go on after the characters of `reply`."""
    vocabulary = model.contract.vocabulary
    read = [*prefixed(vocabulary, vocabulary.encode(seed)), *reply]
    window = RollingWindow(model, model.contract.window)
    return Generation(window, Sampler(len(vocabulary)), settings, read, first=len(reply))


def ids_of(batch: Batch) -> list[int]:
    return [int(index) for index in batch.ids]


@pytest.fixture(scope="module")
def tiny(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


@pytest.fixture(scope="module")
def reply(tiny: OnnxModel) -> Batch:
    return generation(tiny).draw(LENGTH)


@given(st.lists(st.integers(1, 25), min_size=1, max_size=20))
def test_the_split_into_batches_changes_nothing(
    tiny: OnnxModel, reply: Batch, sizes: list[int]
) -> None:
    source = generation(tiny)
    batches = [source.draw(size) for size in sizes]
    count = min(sum(sizes), LENGTH)
    assert [batch.first for batch in batches] == [sum(sizes[:i]) for i in range(len(sizes))]
    assert source.count == sum(sizes)
    for field in ("ids", "surprisal_bits", "entropy_bits", "temperature"):
        joined = np.concatenate([getattr(batch, field) for batch in batches])
        np.testing.assert_array_equal(joined[:count], getattr(reply, field)[:count])


@given(st.integers(0, LENGTH))
def test_starting_anew_at_any_character_gives_the_same_continuation(
    tiny: OnnxModel, reply: Batch, place: int
) -> None:
    """What was read and the number of the character are all that it needs."""
    whole = ids_of(reply)
    again = generation(tiny, reply=whole[:place]).draw(LENGTH - place)
    assert again.first == place
    assert ids_of(again) == whole[place:]
    np.testing.assert_allclose(again.surprisal_bits, reply.surprisal_bits[place:], atol=1e-3)


def test_of_a_long_text_the_tail_is_enough_to_go_on(tiny: OnnxModel, reply: Batch) -> None:
    whole = ids_of(reply)
    window = RollingWindow(tiny, 12)
    sampler = Sampler(len(tiny.contract.vocabulary))
    again = Generation(window, sampler, Settings(1.0, 5), whole[18:30], first=30)
    assert ids_of(again.draw(LENGTH - 30)) == whole[30:]


def test_a_used_window_is_reset(tiny: OnnxModel, reply: Batch) -> None:
    vocabulary = tiny.contract.vocabulary
    window, sampler = RollingWindow(tiny, 12), Sampler(len(vocabulary))
    window.read(vocabulary.encode("something else"))
    read = prefixed(vocabulary, vocabulary.encode(SEED))
    again = Generation(window, sampler, Settings(1.0, 5), read)
    assert ids_of(again.draw(LENGTH)) == ids_of(reply)


def test_another_rng_seed_is_another_reply(tiny: OnnxModel, reply: Batch) -> None:
    assert ids_of(generation(tiny, Settings(1.0, 6)).draw(LENGTH)) != ids_of(reply)


def test_greedy_ignores_the_rng_seed(tiny: OnnxModel) -> None:
    replies = {
        tuple(ids_of(generation(tiny, Settings(0.0, rng_seed)).draw(LENGTH)))
        for rng_seed in (0, 1, 2**64 - 1)
    }
    assert len(replies) == 1


@given(st.integers(0, LENGTH), st.sampled_from([0.0, 0.3, 2.0]))
def test_a_change_of_settings_changes_later_characters_alone(
    place: int, temperature: float
) -> None:
    """The model is scripted, so each character can be drawn by hand as well."""
    rng = np.random.default_rng(3)
    model = ScriptedModel(SYMBOLS, rng.normal(0, 2, (len(SYMBOLS), len(SYMBOLS))))
    before, after = Settings(1.0, 9), Settings(temperature, 9)
    start = generation(model, before, "").draw(place)
    rest = generation(model, after, "", ids_of(start)).draw(LENGTH - place)
    assert ids_of(start) == ids_of(generation(model, before, "").draw(LENGTH))[:place]
    assert start.temperature.tolist() == [1.0] * place
    assert set(rest.temperature.tolist()) <= {np.float32(temperature).item()}

    uniforms, sampler = Uniforms(9), Sampler(len(SYMBOLS))
    read, by_hand = model.contract.vocabulary.start_symbol, []
    for number in range(LENGTH):
        settings = before if number < place else after
        read = sampler.draw(model.table[read], settings, uniforms[number]).id
        by_hand.append(read)
    assert [*ids_of(start), *ids_of(rest)] == by_hand


def test_what_is_recorded_is_the_models_own_distribution(tiny: OnnxModel) -> None:
    """At a temperature of 0.3 the record still says what temperature 1 would have."""
    vocabulary = tiny.contract.vocabulary
    batch = generation(tiny, Settings(0.3, 2)).draw(40)
    window = RollingWindow(tiny, 12)
    logits = window.read(prefixed(vocabulary, vocabulary.encode(SEED)))
    for index, surprisal, entropy in zip(
        batch.ids, batch.surprisal_bits, batch.entropy_bits, strict=True
    ):
        own = probabilities(logits[0])
        assert surprisal == pytest.approx(-math.log2(own[index]), abs=1e-4)
        assert entropy == pytest.approx(-(own * np.log2(own)).sum(), abs=1e-4)
        window.feed(int(index))
    assert batch.temperature.tolist() == [np.float32(0.3).item()] * 40


def test_a_batch_is_arrays_of_the_tapes_types(reply: Batch) -> None:
    assert (reply.first, reply.ids.dtype) == (0, np.uint16)
    for values in (reply.surprisal_bits, reply.entropy_bits, reply.temperature):
        assert (values.dtype, values.shape) == (np.float32, (LENGTH,))


def test_a_fair_choice_is_recorded_as_such() -> None:
    batch = generation(UniformModel("abcdefgh"), seed="").draw(500)
    np.testing.assert_allclose(batch.surprisal_bits, 3, rtol=1e-6)
    np.testing.assert_allclose(batch.entropy_bits, 3, rtol=1e-6)
    assert set(ids_of(batch)) == set(range(8))


def test_stop_ends_a_batch_after_one_character(tiny: OnnxModel, reply: Batch) -> None:
    source = generation(tiny)
    batch = source.draw(1000, stop=lambda: True)
    assert ids_of(batch) == ids_of(reply)[:1]
    assert source.count == 1
    assert ids_of(source.draw(LENGTH - 1)) == ids_of(reply)[1:]


def test_stop_is_asked_after_each_character(tiny: OnnxModel, reply: Batch) -> None:
    answers: Iterator[bool] = iter([False] * 6 + [True])
    batch = generation(tiny).draw(1000, stop=lambda: next(answers))
    assert ids_of(batch) == ids_of(reply)[:7]


def test_none_wanted_is_none_drawn(tiny: OnnxModel, reply: Batch) -> None:
    source = generation(tiny)
    empty = source.draw(0)
    assert (len(empty.ids), source.count) == (0, 0)
    assert ids_of(source.draw(LENGTH)) == ids_of(reply)


def test_an_empty_seed_means_one_newline_first() -> None:
    model = CycleModel(SYMBOLS)
    vocabulary = model.contract.vocabulary
    assert prefixed(vocabulary, []) == [vocabulary.encode("\n")[0]]
    assert vocabulary.decode(generation(model, seed="").draw(12).ids) == " abcdefgh\n a"
    without = CycleModel("xyz")
    assert prefixed(Vocabulary("xyz"), [2]) == [0, 2]
    assert without.contract.vocabulary.decode(generation(without, seed="").draw(4).ids) == "yzxy"


def test_a_seed_is_gone_on_from_its_last_character() -> None:
    model = CycleModel(SYMBOLS)
    assert model.contract.vocabulary.decode(generation(model, seed="bad").draw(6).ids) == "efgh\n "


def test_a_model_that_gives_nan_at_once_is_an_error() -> None:
    with pytest.raises(ModelOutputError, match="not finite"):
        generation(NanModel(), seed="").draw(5)


def test_a_model_that_gives_nan_in_mid_stream_leaves_what_was_drawn() -> None:
    """The batch that meets it raises; the count says how far the reply got, and stays there."""
    model = NanModel(after="h")
    source = generation(model, Settings(1.0, 1), seed="")
    drawn: list[int] = []

    def draw_on() -> None:
        while len(drawn) < 10_000:
            drawn.extend(ids_of(source.draw(1)))

    with pytest.raises(ModelOutputError):
        draw_on()
    assert SYMBOLS[drawn[-1]] == "h"
    assert "h" not in model.contract.vocabulary.decode(drawn[:-1])
    assert source.count == len(drawn)
    with pytest.raises(ModelOutputError):
        source.draw(1)
    assert source.count == len(drawn)


def test_what_was_drawn_before_a_nan_in_the_same_batch_is_kept() -> None:
    source = generation(NanModel(after="h"), Settings(1.0, 1), seed="")
    batch = source.draw(10_000)
    assert SYMBOLS[batch.ids[-1]] == "h"
    assert source.count == len(batch.ids)
    with pytest.raises(ModelOutputError):
        source.draw(10_000)


def test_the_shipped_model_writes_the_same_text_again(model_path: Path) -> None:
    texts = set()
    for _ in range(2):
        model = OnnxModel(model_path)
        texts.add(tuple(ids_of(generation(model, Settings(0.5, 42), "the ").draw(200))))
    assert len(texts) == 1


def test_given_characters_are_recorded_as_if_they_had_been_drawn(model_path: Path) -> None:
    model = OnnxModel(model_path)
    settings = Settings(0.7, 3, mirostat=2.0)
    whole = generation(model, settings).draw(20)
    again = generation(model, settings)
    given_batch = again.give([int(index) for index in whole.ids[:8]])
    assert given_batch.ids.tolist() == whole.ids[:8].tolist()
    assert np.allclose(given_batch.surprisal_bits, whole.surprisal_bits[:8], atol=1e-5)
    assert np.allclose(given_batch.entropy_bits, whole.entropy_bits[:8], atol=1e-5)
    assert again.draw(12).ids.tolist() == whole.ids[8:].tolist()


def test_the_distribution_is_of_the_character_that_was_drawn_last() -> None:
    model = CycleModel()
    it = generation(model, seed="abc")
    before = it.distribution()
    first = it.draw(1)
    assert np.array_equal(it.distribution().model, before.model)
    assert int(before.model.argmax()) == int(first.ids[0])
    assert before.model.sum() == pytest.approx(1)


def test_the_distribution_after_the_settings_is_truncated_and_sharpened() -> None:
    symbols = "abcd"
    table = np.log(np.array([[0.4, 0.3, 0.2, 0.1]] * 4))
    settings = Settings(0.5, top_k=2)
    here = generation(ScriptedModel(symbols, table), settings, seed="abc").distribution()
    assert here.model == pytest.approx([0.4, 0.3, 0.2, 0.1], rel=1e-5)
    assert here.after == pytest.approx([16 / 25, 9 / 25, 0, 0], rel=1e-5)


@pytest.mark.parametrize("temperature", [5e-324, 1e-320, 1e-300, 1e39, 1e300, 1.7e308])
@pytest.mark.parametrize("truncated", [{}, {"top_p": 0.9}, {"mirostat": 2.0}, {"moving": "ramp"}])
def test_any_temperature_is_drawn_and_recorded_without_a_warning(
    tiny: OnnxModel, temperature: float, truncated: dict
) -> None:
    chosen = [Settings(each, 5, moving_to=temperature, **truncated) for each in (temperature, 0.5)]
    read = prefixed(tiny.contract.vocabulary, tiny.contract.vocabulary.encode(SEED))
    lanes = Lanes(open_context(tiny, chosen[0], 2), chosen, [read] * 2).draw(LENGTH)
    for settings, lane in zip(chosen, lanes, strict=True):
        alone = generation(tiny, settings)
        batch = alone.draw(LENGTH)
        assert ids_of(lane) == ids_of(batch)
        assert lane.temperature.tolist() == batch.temperature.tolist()
        assert np.isfinite(alone.distribution().after).all()
        alone.give([1, 2])
