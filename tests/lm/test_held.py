"""Held units: a reply is what a plain re-run gives, in which they are forced by hand."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charlm_tui.lm import context as context_module
from charlm_tui.lm.context import (
    CarriedState,
    Context,
    EveryDepth,
    RollingWindow,
    open_context,
)
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.held import (
    MOST_HELD,
    Held,
    Holds,
    canonical,
    changes,
    of_file,
    shown,
    to_file,
    together,
    typed,
    without,
)
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.lens import Activations, activations
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler, Uniforms, probabilities
from charlm_tui.lm.settings import Settings, version_for
from charlm_tui.lm.whatif import WhatIf, what_if
from tests.support.held import SMALL_WINDOW, UNITS, held_units, small_model

STATES = (("h",), ("h0", "h1"))
LENGTH = 30
SEED = "a bird"
TOLERANCE = 2e-5  # of logits, which float32 adds up in another order

Changes = list[tuple[int, Settings]]


def settings_of(states: tuple[str, ...], **more: st.SearchStrategy) -> st.SearchStrategy[Settings]:
    return st.builds(
        Settings,
        temperature=st.sampled_from([0.0, 0.5, 1.0]),
        rng_seed=st.integers(0, 2),
        held=held_units(states),
        **more,
    )


@st.composite
def performances(draw: st.DrawFn) -> tuple[OnnxModel, Changes]:
    """A small random model, and settings of one context that change in mid-stream."""
    states = draw(st.sampled_from(STATES))
    context = {
        "depth": st.just(draw(st.sampled_from([0, 1, 2, 5, 40]))),
        "carry": st.just(draw(st.booleans())),
    }
    settings = settings_of(states, **context)
    more = draw(st.lists(st.tuples(st.integers(1, LENGTH - 1), settings), max_size=3))
    model = small_model(states, draw(st.integers(0, 5)))
    return model, [(0, draw(settings)), *sorted(dict(more).items())]


def in_force(changes: Changes, number: int) -> Settings:
    return [settings for first, settings in changes if first <= number][-1]


def read_plainly(
    model: OnnxModel, ids: Sequence[int], held: Sequence[tuple[Held, ...]]
) -> np.ndarray:
    """Return the logits after a text that is read from a zero state, one step after the other.

    Args:
        model: whose step is run, on two equal rows: one alone is rounded in another way.
        ids: of the text.
        held: what is forced by hand in the state after each of them.
    """
    states = {it.name: np.zeros((1, 2, it.units), np.float32) for it in model.contract.states}
    after = {name: np.zeros_like(each) for name, each in states.items()}
    logits, one = np.zeros((1, len(model.contract.vocabulary)), np.float32), np.zeros(1, np.int64)
    step = model.bind(one, states, logits, after)
    for index, forced in zip(ids, held, strict=True):
        one[0] = index
        step()
        for name, state in states.items():
            state[:] = after[name]
        for it in forced:
            states[it.state][:, :, it.unit] = it.value
    return logits[0]


def by_hand(model: OnnxModel, changes: Changes, length: int = LENGTH) -> tuple[list[int], list]:
    """Return the ids and surprisals of a reply, of which every character is read anew."""
    vocabulary = model.contract.vocabulary
    sampler, ids = Sampler(len(vocabulary)), prefixed(vocabulary, vocabulary.encode(SEED))
    held: list[tuple[Held, ...]] = [()] * len(ids)  # nothing is, while the seed is read
    first, surprisal = len(ids), []
    for number in range(length):
        settings = in_force(changes, number)
        begin = 0 if settings.carry else max(0, len(ids) - (settings.depth or SMALL_WINDOW))
        logits = read_plainly(model, ids[begin:], held[begin:])
        drawn = sampler.draw(logits, settings, Uniforms(settings.rng_seed)[number])
        ids.append(drawn.id)
        surprisal.append(drawn.surprisal_bits)
        held.append(settings.held)
    return ids[first:], surprisal


def generation(model: OnnxModel, settings: Settings) -> Generation:
    vocabulary = model.contract.vocabulary
    read = prefixed(vocabulary, vocabulary.encode(SEED))
    return Generation(open_context(model, settings), Sampler(len(vocabulary)), settings, read)


def performed(
    model: OnnxModel, changes: Changes, batch: int = LENGTH
) -> tuple[list[int], list[float]]:
    """Return the ids and surprisals of a reply, of which every change is made in mid-stream."""
    source = generation(model, changes[0][1])
    ids: list[int] = []
    surprisal: list[float] = []
    for first, end in pairwise([*(first for first, _ in changes), LENGTH]):
        if first:
            source.change(in_force(changes, first))
        while source.count < end:
            drawn = source.draw(min(batch, end - source.count))
            ids += drawn.ids.tolist()
            surprisal += drawn.surprisal_bits.tolist()
    return ids, surprisal


@pytest.mark.slow
@hypothesis_settings(max_examples=60)
@given(performances(), st.integers(1, 11))
def test_a_held_reply_is_what_a_plain_re_run_gives(
    performance: tuple[OnnxModel, Changes], batch: int
) -> None:
    model, changes = performance
    ids, surprisal = performed(model, changes, batch)
    plain, expected = by_hand(model, changes)
    assert ids == plain
    np.testing.assert_allclose(surprisal, expected, atol=2e-3)


def test_a_unit_acts_from_the_second_character_after_it_was_held() -> None:
    """The step that reads the first hands it on, and the one after it has it in its logits."""
    model, place = small_model(("h0", "h1"), 1), 10
    before = Settings(1.0, 3)
    after = Settings(1.0, 3, held=(Held("h0", 2, 5.0), Held("h1", 3, -5.0)))
    plain, bits = performed(model, [(0, before)])
    held, others = performed(model, [(0, before), (place, after)])
    assert held[: place + 2] == plain[: place + 2]
    assert others[: place + 2] == bits[: place + 2]
    assert others[place + 2] != bits[place + 2]


def test_what_is_held_for_the_last_character_alone_is_read_with_it() -> None:
    """The change comes while the character is drawn and not yet read."""
    model = small_model(("h",), 2)
    loose, held = Settings(1.0, 4), Settings(1.0, 4, held=(Held("h", 0, 5.0), Held("h", 1, -5.0)))
    source = generation(model, held)
    ids = [*source.draw(5).ids]
    source.change(loose)
    ids += [*source.draw(LENGTH - 5).ids]
    plain, _ = by_hand(model, [(0, held), (5, loose)])
    assert ids == plain


def test_given_characters_are_read_with_what_is_held() -> None:
    model, settings = small_model(("h",), 3), Settings(1.0, 4, held=(Held("h", 0, 5.0),))
    ids, _ = by_hand(model, [(0, settings)])
    source = generation(model, settings)
    assert [*source.give(ids[:7]).ids, *source.draw(LENGTH - 7).ids] == ids


@pytest.mark.slow
@hypothesis_settings(max_examples=40)
@given(st.data(), st.sampled_from(STATES), st.integers(0, 3))
def test_lanes_that_hold_other_units_are_each_a_reply_of_its_own(
    data: st.DataObject, states: tuple[str, ...], rng_seed: int
) -> None:
    """A twin is two of them: on one seed, with one RNG seed."""
    model = small_model(states, rng_seed)
    more = {
        "depth": st.just(data.draw(st.sampled_from([0, 1, 4]))),
        "carry": st.just(data.draw(st.booleans())),
    }
    each = data.draw(st.lists(settings_of(states, **more), min_size=2, max_size=3))
    vocabulary = model.contract.vocabulary
    read = prefixed(vocabulary, vocabulary.encode(SEED))
    lanes = Lanes(open_context(model, each[0], len(each)), each, [read] * len(each))
    drawn = [*zip(lanes.draw(4), lanes.draw(LENGTH - 4), strict=True)]
    for settings, parts in zip(each, drawn, strict=True):
        ids, _ = by_hand(model, [(0, settings)])
        assert [int(index) for part in parts for index in part.ids] == ids


@hypothesis_settings(max_examples=40)
@given(st.data(), st.booleans(), st.integers(2, 5))
def test_lanes_that_are_read_again_hold_what_they_held(
    data: st.DataObject, carry: bool, cut: int
) -> None:
    model, states = small_model(("h0", "h1"), 4), ("h0", "h1")
    each = [Settings(1.0, 5, carry=carry, held=data.draw(held_units(states))) for _ in range(2)]
    vocabulary = model.contract.vocabulary
    read = prefixed(vocabulary, vocabulary.encode(SEED))
    whole = Lanes(open_context(model, each[0], 2), each, [read] * 2).draw(LENGTH)
    reads = [[*read, *lane.ids[:cut].tolist()] for lane in whole]
    holds: list[Holds] = [changes([(len(read), it.held)]) for it in each]
    context = open_context(model, each[0], 2)
    again = Lanes(context, each, reads, first=cut, holds=holds).draw(LENGTH - cut)
    for lane, rest in zip(whole, again, strict=True):
        assert rest.ids.tolist() == lane.ids[cut:].tolist()


@st.composite
def held_texts(draw: st.DrawFn) -> tuple[list[int], Holds]:
    ids = draw(st.lists(st.integers(0, 3), min_size=1, max_size=30))
    places = st.tuples(st.integers(0, len(ids) - 1), held_units(("h0", "h1")))
    every = draw(st.lists(places, max_size=3, unique_by=lambda it: it[0]))
    return ids, changes(sorted(every))


@pytest.mark.slow
@hypothesis_settings(max_examples=100)
@given(st.lists(held_texts(), min_size=2, max_size=5), st.data())
def test_a_carried_text_is_reused_only_as_far_as_the_same_was_held(
    texts: list[tuple[list[int], Holds]], data: st.DataObject
) -> None:
    model = small_model(("h0", "h1"), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(context_module, "CHECKPOINT", 4)
        state = CarriedState(model, rewindable=True)
        for ids, holds in texts:
            if data.draw(st.booleans()):  # the same text, held otherwise
                ids = texts[0][0]
            holds = tuple(it for it in holds if it[0] < len(ids))
            fresh = CarriedState(model)
            assert state.read(ids, holds).tolist() == fresh.read(ids, holds).tolist()
            now = data.draw(held_units(("h0", "h1")))
            for context in (state, fresh):
                context.hold(now)
            for index in (1, 2, 3):  # what is drawn is held, too
                assert state.feed(index).tolist() == fresh.feed(index).tolist()


@pytest.mark.parametrize("depth", [1, 3, 9])
def test_a_row_that_enters_at_the_top_holds_nothing(depth: int) -> None:
    model = small_model(("h",), 0)
    window = RollingWindow(model, depth, lanes=2)
    window.hold((Held("h", 0, 2.0),), (Held("h", 0, -2.0), Held("h", 3, 1.0)))
    for index in range(20):
        window.feed(index % 5, index % 5)
        assert window.state("h")[:, 0].tolist() == [2.0, -2.0]
        for buffers in window._buffers:
            assert not buffers["h"][0].any()


def test_every_depth_holds_what_a_window_of_it_would() -> None:
    model, holds = small_model(("h0", "h1"), 0), ((2, (Held("h0", 1, 3.0),)), (5, ()))
    ids = [1, 4, 2, 8, 5, 7, 3]
    every = EveryDepth(model, 6).read(ids, holds)
    for depth in range(1, 7):
        [row] = RollingWindow(model, depth).read(ids, holds)
        np.testing.assert_allclose(every[depth - 1], row, atol=TOLERANCE)


def test_what_is_forgotten_is_held_no_longer() -> None:
    model = small_model(("h",), 0)
    for context in (RollingWindow(model, 4), CarriedState(model)):
        plain = context.read([1, 2, 3]).copy()
        context.hold((Held("h", 0, 9.0),))
        assert context.read([1, 2, 3]).tolist() == plain.tolist()
        context.hold((Held("h", 0, 9.0),))
        context.reset()
        assert [context.feed(index).tolist() for index in (1, 2, 3)][-1] == plain.tolist()


@pytest.mark.parametrize("held", [Held("c", 0, 1.0), Held("h", UNITS, 1.0)])
def test_a_unit_that_the_model_has_not_is_refused_in_one_sentence(held: Held) -> None:
    model = small_model(("h",), 0)
    contexts: list[Context] = [RollingWindow(model, 4), CarriedState(model)]
    for context in contexts:
        with pytest.raises(
            SettingsError, match=r"no unit [ch]\[\d\]; its units are h\[0\] to h\[6"
        ):
            context.hold((held,))
    with pytest.raises(SettingsError, match="no unit"):
        generation(model, Settings(held=(held,)))


# The lens and what if.


def test_a_lens_shows_the_states_that_were_handed_on() -> None:
    model, ids = small_model(("h",), 0), [1, 4, 2, 8, 5, 7, 3]
    holds = ((3, (Held("h", 2, 4.0),)),)
    for settings in (Settings(), Settings(carry=True), Settings(depth=2)):
        *_, found = activations(model, ids, 1, len(ids), settings, holds=holds)
        assert isinstance(found, Activations)
        context = open_context(model, settings)
        context.read(ids, holds)
        assert found.states["h"][-1].tolist() == context.state("h")[0].tolist()
        assert (found.states["h"][:, 2] == 4.0).tolist() == [False] * 2 + [True] * 4


def test_what_if_reads_what_was_held() -> None:
    model, ids = small_model(("h",), 0), [1, 4, 2, 8, 5, 7, 3]
    holds = ((2, (Held("h", 2, 4.0),)),)
    settings = Settings(1.0, depth=4, held=(Held("h", 2, 4.0),))
    *_, found = what_if(model, ids, 1, settings, (), holds=holds)
    assert isinstance(found, WhatIf)
    for row in found.rows:
        [logits] = open_context(model, row.settings).read(ids, holds)
        np.testing.assert_allclose(row.model, probabilities(logits), atol=1e-4)
        assert row.settings.held == settings.held


# What settings have.


def test_settings_have_one_order_of_held_units() -> None:
    one, other = Held("c", 9, 1.0), Held("h", 2, -0.0)
    assert Settings(held=(other, one)) == Settings(held=(one, other))
    assert hash(Settings(held=(other, one))) == hash(Settings(held=(one, other)))
    assert [str(it) for it in Settings(held=(other, one)).held] == ["c[9] = 1", "h[2] = 0"]


@pytest.mark.parametrize(
    ("held", "says"),
    [
        ((Held("c", 1, 1.0), Held("c", 1, 2.0)), r"c\[1\] is held at two values"),
        ((Held("c", 1, 1.0), Held("c", 1, 1.0)), r"c\[1\] is held at two values"),
        ((Held("c", 1, float("nan")),), "must be held at a number from"),
        ((Held("c", 1, float("inf")),), "must be held at a number from"),
        ((Held("c", 1, -1.5e6),), "must be held at a number from"),
        ((Held("c", -1, 1.0),), "must be a number of a unit"),
        ((Held("c", 2**40, 1.0),), "must be a number of a unit"),
        ((Held("", 1, 1.0),), "a name is expected"),
        ((Held("c\x1b", 1, 1.0),), "a name is expected"),
        ((Held("\ud800", 1, 1.0),), "a name is expected"),
        ((Held("c" * 65, 1, 1.0),), "a name is expected"),
        (tuple(Held("c", n, 1.0) for n in range(MOST_HELD + 1)), "65 units .* where 64"),
    ],
)
def test_what_cannot_be_held_is_refused_in_one_sentence(held: tuple[Held, ...], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        Settings(held=held)
    assert "\n" not in str(error.value)


@given(held_units(("h", "a long name")))
def test_what_is_held_is_the_same_in_a_file(held: tuple[Held, ...]) -> None:
    settings = Settings(held=held)
    assert Settings.of_file(settings.to_file()) == settings
    assert canonical(of_file(to_file(settings.held))) == settings.held
    assert ("held" in settings.to_file()) == bool(held)
    assert version_for([Settings(), settings]) == (2 if held else 1)


@given(held_units(("h", "c", "a long name", "h0")))
def test_what_is_told_can_be_typed_again(held: tuple[Held, ...]) -> None:
    for it in held:
        assert typed(it.typed) == it
        assert typed(str(it)) == it
        assert typed(f" {it.state} {it.unit} {it.value!r} ") == it


@pytest.mark.parametrize("text", ["", "c", "c 52", "c[52]", "52 = 1", "c = 1", "c[x] = 1", "= 1"])
def test_what_is_no_unit_at_a_value_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"is no (unit|value)"):
        typed(text)


def test_a_unit_is_held_at_its_last_value_and_can_be_let_go() -> None:
    held = together((), Held("c", 1, 1.0), Held("h", 3, 0.5))
    assert shown(held) == "c[1] = 1, h[3] = 0.5 held"
    again = together(held, Held("c", 1, -2.0))
    assert shown(again) == "c[1] = -2, h[3] = 0.5 held"
    assert without(again, "c", 1) == (Held("h", 3, 0.5),)
    assert shown(()) == ""


@given(st.lists(st.tuples(st.integers(0, 9), held_units(("h",)))))
def test_only_changes_are_told(every: list[tuple[int, tuple[Held, ...]]]) -> None:
    every.sort(key=lambda it: it[0])
    told = changes(every)
    assert [place for place, _ in told] == sorted({place for place, _ in told})

    def at(held: Sequence[tuple[int, tuple[Held, ...]]], place: int) -> tuple[Held, ...]:
        return next((now for first, now in reversed(held) if first <= place), ())

    for place in range(10):
        assert at(told, place) == at(every, place)
    assert all(one != other for (_, one), (_, other) in pairwise([(0, ()), *told]))
