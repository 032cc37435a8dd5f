"""A reply keeps its rules, whatever they are, and is the model's own in all else."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charlm_tui.lm import product
from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import RuleError, SettingsError
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.model import LanguageModel
from charlm_tui.lm.rules import compiled
from charlm_tui.lm.sampling import Sampler, probabilities
from charlm_tui.lm.settings import Settings
from tests.support.fakes import CycleModel, ScriptedModel, UniformModel
from tests.support.held import small_model
from tests.support.rules import SAMPLING, allowed, begun, breaks, can_match, ends, matches, rules

FEW = "\nab"
SOME = "\n abe"
LENGTH = 24
SEED = "a bab"


@cache
def scripted(symbols: str, rng_seed: int) -> ScriptedModel:
    rng = np.random.default_rng(rng_seed)
    return ScriptedModel(symbols, rng.normal(0, 2, (len(symbols), len(symbols))))


MODELS = st.one_of(
    st.builds(scripted, st.sampled_from([FEW, SOME]), st.integers(0, 5)),
    st.builds(small_model, st.just(("h",)), st.integers(0, 3)),
)


def generation(
    model: LanguageModel,
    settings: Settings,
    seed: str = "",
    drawn: Sequence[int] = (),
) -> Generation:
    """Begin a reply, or go on with it after what was drawn."""
    vocabulary = model.contract.vocabulary
    before = vocabulary.encode(seed)
    read = [*prefixed(vocabulary, before), *drawn]
    sampler, context = Sampler(len(vocabulary)), open_context(model, settings)
    return Generation(context, sampler, settings, read, len(drawn), (), (), before, drawn)


def draw(source: Generation, most: int) -> list[int]:
    """Draw until the reply has ended, has its length, or no character is left."""
    ids: list[int] = []
    while len(ids) < most:
        try:
            ids += source.draw(most - len(ids)).ids.tolist()
        except RuleError:
            break
        if source.ended:
            break
    return ids


@hypothesis_settings(max_examples=300)
@given(MODELS, rules(SOME), SAMPLING, st.integers(1, LENGTH), st.booleans())
def test_a_reply_keeps_all_of_its_rules(
    model: LanguageModel,
    values: dict[str, Any],
    sampling: dict[str, Any],
    length: int,
    within: bool,
) -> None:
    """An end by `until` comes at the first place where one can be; a match is one of the whole."""
    settings = Settings(**values, **sampling, match_within=length if within else 0)
    vocabulary = model.contract.vocabulary
    seed = "".join(char for char in SEED if char in vocabulary)
    source = generation(model, settings, seed)
    try:
        batch = source.draw(length)
    except RuleError:
        assert source.count == 0
        return
    reply = vocabulary.decode(batch.ids)
    assert source.count == len(reply) > 0
    for end in range(1, len(reply) + 1):
        assert not breaks(settings, seed, reply[:end])
        assert end == len(reply) or not ends(settings, reply[:end])
    stopped = ends(settings, reply)
    if not values["until_cut"]:
        assert source.cut == 0
    elif source.ended:
        assert source.cut == len(stopped)
    else:
        assert source.cut == begun(settings, reply, vocabulary)
    if settings.match and within:
        assert matches(settings, reply)
    if source.ended:
        assert stopped or matches(settings, reply)
        assert not settings.match or matches(settings, reply)
    else:
        assert not stopped
        if len(reply) < length:  # then nothing is left, without a match to look ahead for
            with pytest.raises(RuleError):
                source.draw(1)


@hypothesis_settings(max_examples=200)
@given(
    st.builds(scripted, st.just(FEW), st.integers(0, 5)),
    rules(FEW),
    st.integers(1, 5),
    st.integers(0, 2),
    st.text(st.sampled_from(FEW), max_size=3),
)
def test_each_distribution_is_the_models_own_renormalised_over_what_keeps_the_rules(
    model: ScriptedModel, values: dict[str, Any], length: int, begin: int, seed: str
) -> None:
    """What does is found by trying all texts that can follow."""
    within = begin + length
    settings = Settings(1.0, 7, **values, match_from=begin, match_within=within)
    source, vocabulary = generation(model, settings, seed), model.contract.vocabulary
    gains = np.array([2.0 ** dict(settings.bias).get(char, 0.0) for char in FEW])
    text = seed or "\n"
    while not source.ended and source.count < within:
        reply = text[len(seed or "\n") :]
        kept = np.array(allowed(settings, FEW, seed, reply))
        own = probabilities(model.table[vocabulary.encode(text[-1])[0]])
        if not kept.any():
            with pytest.raises(RuleError):
                source.draw(1)
            return
        expected = own * gains * kept
        expected /= expected.sum()
        [index] = source.draw(1).ids.tolist()
        here = source.distribution()
        now = here.model if here.ruled is None else here.ruled
        np.testing.assert_allclose(now, expected, rtol=1e-5, atol=1e-30)
        np.testing.assert_allclose(here.after, expected, rtol=1e-5, atol=1e-30)
        some = expected > 0
        bits = (expected[some] * np.log2(expected[some] / own[some])).sum()
        assert here.cost_bits == pytest.approx(bits, rel=1e-6, abs=1e-9)
        assert kept[index]
        text += FEW[index]
        if source.count < within:
            after = text[len(seed or "\n") :]
            may_follow = any(allowed(settings, FEW, seed, after))
            matched = bool(settings.match) and source.count >= begin and matches(settings, after)
            assert source.ended == bool(ends(settings, after) or (matched and not may_follow))


@hypothesis_settings(max_examples=100)
@given(
    MODELS,
    st.lists(st.tuples(st.integers(0, LENGTH), rules(SOME), SAMPLING), min_size=2, max_size=4),
    st.integers(1, 7),
)
def test_a_change_of_rules_leaves_what_was_drawn_and_a_replay_gives_it_again(
    model: LanguageModel, changes: list[tuple[int, dict[str, Any], dict[str, Any]]], batch: int
) -> None:
    """In any batches, and begun again at any change with what was drawn until then."""
    changes.sort(key=lambda it: it[0])
    mirostat = {"mirostat": 0.0, "moving": ""}
    each = [
        (first, Settings(**values, **sampling | mirostat, match_from=first))
        for first, values, sampling in changes
    ]
    source = generation(model, each[0][1])
    whole: list[int] = []
    for place, (_, settings) in enumerate(each):
        if place:
            source.change(settings)
        first = len(whole)
        end = each[place + 1][0] if place + 1 < len(each) else LENGTH
        stopped = False
        while len(whole) < end and not stopped:
            try:
                whole += source.draw(min(batch, end - len(whole))).ids.tolist()
            except RuleError:
                break
            stopped = source.ended
        if settings.match_from == first:
            again = generation(model, settings, drawn=whole[:first])
            assert draw(again, end - first) == whole[first:]
            assert again.ended == (stopped and len(whole) > first)
        if len(whole) < end:
            break


@hypothesis_settings(max_examples=100)
@given(MODELS, rules(SOME), SAMPLING, st.integers(0, LENGTH), st.integers(0, 4), st.booleans())
def test_a_reply_goes_on_from_any_place_as_it_would_have(
    model: LanguageModel,
    values: dict[str, Any],
    sampling: dict[str, Any],
    place: int,
    begin: int,
    within: bool,
) -> None:
    settings = Settings(
        **values | {"match": values["match"] or ".*"},
        **sampling | {"mirostat": 0.0},
        match_from=begin,
        match_within=LENGTH if within else 0,
    )
    first = generation(model, settings, "ab")
    whole = draw(first, LENGTH)
    place = min(place, len(whole))
    assume(place < len(whole))
    again = generation(model, settings, "ab", whole[:place])
    assert draw(again, LENGTH - place) == whole[place:]
    assert (again.ended, again.cut) == (first.ended, first.cut)


@hypothesis_settings(max_examples=100)
@given(MODELS, st.lists(st.tuples(rules(SOME), SAMPLING), min_size=2, max_size=3), st.data())
def test_lanes_are_each_what_they_are_alone(
    model: LanguageModel, every: list[tuple[dict[str, Any], dict[str, Any]]], data: st.DataObject
) -> None:
    each = [Settings(**values, **sampling, match_within=LENGTH) for values, sampling in every]
    vocabulary = model.contract.vocabulary
    before = vocabulary.encode("ab")
    read = prefixed(vocabulary, before)
    alone = [generation(model, settings, "ab") for settings in each]
    expected = [draw(one, LENGTH) for one in alone]
    stuck = [
        len(ids)
        for one, ids in zip(alone, expected, strict=True)
        if not one.ended and len(ids) < LENGTH
    ]
    context = open_context(model, each[0], len(each))
    lanes = Lanes(context, each, [read] * len(each), before=[before] * len(each))
    drawn: list[list[int]] = [[] for _ in each]
    until = min(stuck, default=LENGTH)
    while lanes.count < until and not all(lanes.ended):
        size = data.draw(st.integers(1, until - lanes.count))
        for ids, part in zip(drawn, lanes.draw(size), strict=True):
            ids += part.ids.tolist()
    assert drawn == [ids[:until] for ids in expected]
    if stuck and not all(lanes.ended):
        for _ in range(2):
            with pytest.raises(RuleError):
                lanes.draw(1)
        return
    assert lanes.ended == [one.ended for one in alone]
    assert lanes.cut == [one.cut for one in alone]
    if all(lanes.ended):
        assert [len(part.ids) for part in lanes.draw(5)] == [0] * len(each)


def test_lanes_that_end_leave_the_others_and_their_records_alone() -> None:
    model, read = scripted(SOME, 1), [0]
    each = [Settings(1.0, 3, until=("a",)), Settings(1.0, 4)]
    context = open_context(model, each[0], 2)
    lanes = Lanes(context, each, [read] * 2)
    parts = [lanes.draw(1) for _ in range(LENGTH)]
    whole = Generation(open_context(model, each[1]), Sampler(len(SOME)), each[1], read)
    batch = whole.draw(LENGTH)
    assert [part[1].ids.tolist() for part in parts] == [[index] for index in batch.ids.tolist()]
    bits = [float(part[1].surprisal_bits[0]) for part in parts]
    np.testing.assert_allclose(bits, batch.surprisal_bits, rtol=1e-5)
    ended = [index for part in parts for index in part[0].ids.tolist()]
    assert len(ended) < LENGTH
    assert ended.index(SOME.index("a")) == len(ended) - 1
    assert lanes.ended == [True, False]


# Each rule by itself.


def reply(model: LanguageModel, settings: Settings, seed: str = "", length: int = LENGTH) -> str:
    return model.contract.vocabulary.decode(generation(model, settings, seed).draw(length).ids)


def test_a_ban_is_of_what_the_vocabulary_folds_it_to() -> None:
    model = UniformModel("\nabe-")
    assert "e" not in reply(model, Settings(1.0, ban="E"), length=200)
    assert "e" not in reply(model, Settings(1.0, ban="é"), length=200)
    assert set(reply(model, Settings(1.0, ban="q—"), length=200)) == set("\nabe-")


def test_biases_are_in_bits() -> None:
    model = UniformModel("\nab")
    settings = Settings(1.0, bias=(("a", 1.0), ("b", -1.0), ("z", 9.0)))
    here = generation(model, settings).distribution()
    assert here.ruled is not None
    np.testing.assert_allclose(here.ruled, np.array([1, 2, 0.5]) / 3.5, rtol=1e-6)
    assert generation(model, Settings(1.0, bias=(("z", 9.0),))).distribution().ruled is None


def test_the_record_is_of_the_models_own_distribution() -> None:
    batch = generation(UniformModel("abcdefgh"), Settings(0.3, ban="abcdefg")).draw(9)
    assert set(batch.ids.tolist()) == {7}
    assert batch.surprisal_bits.tolist() == [3.0] * 9
    assert batch.entropy_bits.tolist() == [3.0] * 9


def test_an_end_can_be_cut_and_a_reply_goes_on_past_it() -> None:
    model = CycleModel("\nabcd")
    for cuts in (False, True):
        source = generation(model, Settings(0.0, until=("cd", "d", "bx"), until_cut=cuts))
        assert model.contract.vocabulary.decode(source.draw(99).ids) == "abcd"
        assert (source.ended, source.cut) == (True, 2 if cuts else 0)
        assert model.contract.vocabulary.decode(source.draw(2).ids) == "\na"
        assert (source.ended, source.cut) == (False, 0)
        assert model.contract.vocabulary.decode(source.draw(99).ids) == "bcd"


def test_an_end_does_not_begin_in_the_seed_and_a_forbidden_phrase_may() -> None:
    model = CycleModel("\nabcd")
    assert reply(model, Settings(0.0, until=("ab",)), "a", 6) == "bcd\nab"
    assert reply(model, Settings(0.0, forbid=("ab",)), "a", 6)[0] != "b"
    source = generation(model, Settings(0.0, until=("bc",)), "a", [2])
    assert model.contract.vocabulary.decode(source.draw(9).ids) == "c"


def test_a_phrase_with_a_character_that_the_model_does_not_know_never_appears() -> None:
    model = UniformModel("\nab")
    settings = Settings(1.0, until=("aq", "\ufeffa"), forbid=("qb", "\u0301"))
    source = generation(model, settings)
    assert (len(source.draw(200).ids), source.ended) == (200, False)
    assert source.distribution().ruled is None


def test_what_a_person_types_is_not_held_to_rules_and_moves_them() -> None:
    model = CycleModel("\nabcd")
    vocabulary = model.contract.vocabulary
    settings = Settings(0.0, ban="d", forbid=("ab",), until=("bc",), match="[abc]+x?|d*")
    source = generation(model, settings)
    assert source.give(vocabulary.encode("ab")).ids.tolist() == [1, 2]
    assert (source.ended, source.cut) == (False, 0)
    assert vocabulary.decode(source.draw(5).ids) == "c"
    assert (source.ended, source.cut) == (True, 0)
    source.give(vocabulary.encode("d"))  # after which nothing matches
    assert source.distribution().ruled is not None
    with pytest.raises(RuleError, match="cannot be fulfilled by any text that may follow here"):
        source.draw(1)
    source.give(vocabulary.encode("bc"))
    assert source.ended
    assert source.distribution().ruled is None


def test_a_match_ends_where_nothing_more_may_follow() -> None:
    model = CycleModel("\nabcd")
    source = generation(model, Settings(0.0, match="[abc]{3}|d"))
    assert model.contract.vocabulary.decode(source.draw(99).ids) == "abc"
    assert source.ended
    with pytest.raises(RuleError, match=r"the reply matches --match .*, and nothing more may"):
        source.draw(1)


@pytest.mark.parametrize(
    "match",
    ["(ab){2,}|b{5}a*", "a{9}|b(aa)*", r"(a+\n){3}b{2}", "(a{2}|b{3})+", "a(b{4})?", "ab|a{4}b"],
)
@pytest.mark.parametrize("forbid", [(), ("aab",), ("bbb",)])
def test_a_reply_of_any_length_matches_or_nothing_of_it_is_drawn(
    match: str, forbid: tuple[str, ...]
) -> None:
    for length in range(1, 11):
        each = [
            Settings(1.0, number, match=match, match_within=length, forbid=forbid)
            for number in range(2)
        ]
        if not can_match(each[0], FEW, "", "", length):
            for settings in each:
                with pytest.raises(RuleError, match="cannot be fulfilled"):
                    reply(UniformModel(FEW), settings)
            continue
        for settings in each:
            text = reply(UniformModel(FEW), settings)
            assert re.fullmatch(match, text)
            assert len(text) <= length


def test_a_match_is_of_the_text_from_where_it_began() -> None:
    model = UniformModel("\nab")
    source = generation(model, Settings(1.0, 3))
    first = model.contract.vocabulary.decode(source.draw(10).ids)
    source.change(Settings(1.0, 3, match="(ab)+", match_from=10, match_within=17))
    rest = model.contract.vocabulary.decode(source.draw(99).ids)
    assert rest == "ababab"
    assert source.ended
    assert first == reply(model, Settings(1.0, 3), length=10)


def test_a_match_that_begins_later_changes_nothing_before_it() -> None:
    model = UniformModel("\nab")
    plain = reply(model, Settings(1.0, 3))
    settings = Settings(1.0, 3, match="a*", match_from=10)
    assert reply(model, settings) == plain[:10] + "a" * (LENGTH - 10)


def test_no_dead_end_is_entered() -> None:
    """What follows an a is banned, forbidden, or ends the reply before it matches."""
    model = UniformModel("\nab")
    match = "((ab)|b\n)*b\n\n\n"
    shown = match.replace("\n", r"\n")
    for settings in (
        Settings(1.0, 3, match=shown, match_within=30, forbid=("ab",)),
        Settings(1.0, 3, match=shown, match_within=30, until=("ab",)),
    ):
        text = reply(model, settings, length=30)
        assert re.fullmatch(match, text)
        assert "a" not in text
    assert set(reply(model, Settings(1.0, ban="b", match="(ab|a\\n)+", match_within=9))) == set(
        "a\n"
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"ban": "\nab"}, "no character is left to draw: --ban leaves out all of them; ban fewer"),
        ({"forbid": ("a", "b", "\n")}, "--forbid leaves out all of them here; forbid fewer"),
        ({"ban": "ab", "forbid": ("\n",)}, "--ban and --forbid leave out all of them here"),
        ({"ban": "\nab", "forbid": ("\n",)}, "no character is left to draw: --ban"),
        (
            {"match": "a{9}", "match_within": 5},
            r"^--match 'a\{9\}' cannot be fulfilled in the 5 characters that are left; give a "
            "longer length or another expression$",
        ),
        ({"match": "ab", "match_within": 1}, "in the 1 character that is left"),
        ({"match": "x"}, "--match 'x' cannot be fulfilled by any text that may follow here"),
        (
            {"match": "a", "ban": "a", "forbid": ("a", "b"), "until": ("b",)},
            "^--match 'a' with --ban, --forbid and --until cannot be",
        ),
        ({"match": "a*", "ban": "a"}, r"the reply matches --match 'a\*' with --ban, and nothing"),
        ({"match": "(?:)"}, "and nothing more may follow"),
    ],
)
def test_nothing_left_to_draw_is_an_error_that_names_the_rule(
    values: dict[str, Any], says: str
) -> None:
    source = generation(UniformModel("\nab"), Settings(**values))
    for _ in range(2):
        with pytest.raises(RuleError, match=says) as error:
            source.draw(3)
        assert error.value.exit_code == 1
        assert "\n" not in str(error.value)
    with pytest.raises(RuleError, match=says):
        source.distribution()


def test_what_was_drawn_before_nothing_was_left_is_kept() -> None:
    source = generation(
        UniformModel("\nab"), Settings(1.0, 1, forbid=("ab", "aa", "a\n", "b", "\n"))
    )
    assert source.draw(9).ids.tolist() == [1]
    for _ in range(2):
        with pytest.raises(RuleError, match="--forbid leaves out all of them here"):
            source.draw(9)
    assert source.count == 1


def test_a_change_that_is_refused_changes_nothing() -> None:
    source = generation(UniformModel("\nab"), Settings(1.0, 1, ban="b"))
    with pytest.raises(SettingsError, match="cannot be used"):
        source.change(Settings(1.0, 2, match="(a"))
    assert (
        source.draw(20).ids.tolist()
        == generation(UniformModel("\nab"), Settings(1.0, 1, ban="b")).draw(20).ids.tolist()
    )


# What is compiled.


def test_too_much_that_may_follow_is_refused() -> None:
    symbols = "abcdefghijklmnopqrstuvwxyz"
    forbid = tuple(symbols[n:] + symbols * 6 for n in range(20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product, "MOST_MOVES", 5000)
        settings = Settings(1.0, match="(?:[a-z]{9}z)*", forbid=forbid)
        for _ in range(2):
            with pytest.raises(SettingsError, match="with --forbid cannot be used: too much may"):
                generation(UniformModel(symbols), settings)
        assert reply(UniformModel(symbols), Settings(1.0, match="[a-z]{3}")) != ""


def test_rules_are_compiled_once_whatever_else_changes() -> None:
    vocabulary = UniformModel("\nab").contract.vocabulary
    one = compiled(Settings(0.5, match="a+", match_from=3, until=("a",)), vocabulary)
    other = compiled(Settings(1.0, 7, match="a+", until=("a",), until_cut=True), vocabulary)
    assert one is other
    assert compiled(Settings(match="a*", until=("a",)), vocabulary) is not one
    assert compiled(Settings(), vocabulary) is None
