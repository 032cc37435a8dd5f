"""A reply is determined by its tape: whatever else happens on the way makes no difference."""

from array import array
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charlm_tui.batch.generate import record
from charlm_tui.lm.context import CarriedState, RollingWindow, open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.held import Held
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Tape
from charlm_tui.reply.timeline import resume_point

HELD = (
    (),
    (),
    (Held("h0", 3, 1.0),),
    (Held("h0", 3, -0.5), Held("h1", 0, 0.75), Held("h1", 15, 2.0)),
)
Changes = list[tuple[int, Settings]]

every_setting = st.builds(
    Settings,
    temperature=st.sampled_from([0.0, 0.3, 1.0, 1.5]),
    rng_seed=st.integers(0, 3),
    top_k=st.sampled_from([0, 5]),
    mirostat=st.sampled_from([0.0, 0.0, 1.5, 3.0]),
    depth=st.sampled_from([0, 0, 1, 3, 30]),
    carry=st.booleans(),
    held=st.sampled_from(HELD),
)
LENGTH = 40
performances = st.builds(
    lambda first, more: [(0, first), *sorted(dict(more).items())],
    every_setting,
    st.lists(st.tuples(st.integers(1, LENGTH - 1), every_setting), max_size=4),
)
slow = hypothesis_settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40
)


@pytest.fixture(scope="module")
def model(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


def perform(
    model: OnnxModel,
    changes: Changes,
    length: int = LENGTH,
    seed: str = "a seed",
    stops: frozenset[int] = frozenset(),
    batch: int = LENGTH,
    rewindable: bool = False,
) -> Tape:
    """Make a reply as a front end does: a new beginning at each change, and at each of `stops`."""
    vocabulary = model.contract.vocabulary
    sampler = Sampler(len(vocabulary))
    before = prefixed(vocabulary, vocabulary.encode(seed))
    tape = Tape()
    places = sorted({at for at, _ in changes} | stops | {length})
    context = None
    for first, end in pairwise(places):
        if end > length:
            break
        settings = [in_force for at, in_force in changes if at <= first][-1]
        here = resume_point(before, tape, first, settings, model.contract.window)
        if context is None or not rewindable:
            context = open_context(model, settings, rewindable=rewindable)
        generation = Generation(
            context, sampler, settings, here.read, first, here.mirostat_history, here.holds
        )
        while generation.count < end:
            record(tape, generation.draw(min(batch, end - generation.count)), settings)
    return tape


def columns(tape: Tape) -> tuple[list[float], ...]:
    return (
        tape.ids().tolist(),
        tape.surprisal_bits().tolist(),
        tape.entropy_bits().tolist(),
        tape.temperature().tolist(),
    )


@slow
@given(performances, st.frozensets(st.integers(1, LENGTH - 1), max_size=5), st.integers(1, 9))
def test_pauses_and_batches_make_no_difference(
    model: OnnxModel, changes: Changes, stops: frozenset[int], batch: int
) -> None:
    assert columns(perform(model, changes, stops=stops, batch=batch)) == columns(
        perform(model, changes)
    )


@slow
@given(performances, st.integers(1, LENGTH - 1), every_setting)
def test_a_control_changed_at_n_leaves_the_first_n_alone(
    model: OnnxModel, changes: Changes, at: int, settings: Settings
) -> None:
    changed = [change for change in changes if change[0] < at] + [(at, settings)]
    before, after = perform(model, changes), perform(model, changed)
    assert [column[:at] for column in columns(after)] == [column[:at] for column in columns(before)]


@slow
@given(performances, st.integers(1, LENGTH - 1))
def test_a_branch_at_n_that_is_taken_back_gives_the_same_text_again(
    model: OnnxModel, changes: Changes, at: int
) -> None:
    whole = perform(model, changes)
    part = perform(model, [change for change in changes if change[0] < at], at)
    assert part.ids().tolist() == whole.ids(0, at).tolist()


@slow
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_greedy_ignores_the_rng_seed(model: OnnxModel, one: int, other: int) -> None:
    texts = [perform(model, [(0, Settings(0.0, seed))]).ids().tolist() for seed in (one, other)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("depth", [1, 2, 11, 12, 13, 100])
def test_a_changed_depth_is_a_fresh_start_on_the_last_characters(
    model: OnnxModel, depth: int
) -> None:
    at = 25
    changed = perform(model, [(0, Settings(1.0, 5)), (at, Settings(1.0, 5, depth=depth))])
    vocabulary = model.contract.vocabulary
    text = prefixed(vocabulary, vocabulary.encode("a seed")) + changed.ids(0, at).tolist()
    window = RollingWindow(model, depth)
    fresh = Generation(window, Sampler(len(vocabulary)), Settings(1.0, 5), text[-depth:], at)
    assert fresh.draw(LENGTH - at).ids.tolist() == changed.ids(at).tolist()


def test_a_state_that_is_carried_from_a_window_goes_on_from_what_the_window_had_read(
    model: OnnxModel,
) -> None:
    at = 25
    carried = perform(
        model, [(0, Settings(1.0, 5, depth=4)), (at, Settings(1.0, 5, carry=True))],
        stops=frozenset({30, 33}),
    )  # fmt: skip
    state = CarriedState(model)
    text = carried.ids().tolist()
    logits = state.read(text[at - 4 : at])[0]
    sampler = Sampler(len(model.contract.vocabulary))
    from charlm_tui.lm.sampling import Uniforms

    uniforms = Uniforms(5)
    for number in range(at, LENGTH):
        assert sampler.draw(logits, Settings(1.0, 5), uniforms[number]).id == text[number]
        logits = state.feed(text[number])[0]


@pytest.mark.slow
@slow
@given(st.lists(st.integers(0, 9000), min_size=1, max_size=4))
def test_a_rewindable_state_reads_what_a_new_one_reads(
    model: OnnxModel, lengths: list[int]
) -> None:
    rewindable, size = CarriedState(model, rewindable=True), len(model.contract.vocabulary)
    text = array("H", [(n * n + n // 7) % size for n in range(9001)])
    for length in lengths:
        part = text[: length + 1]
        assert rewindable.read(part).tolist() == CarriedState(model).read(part).tolist()
