"""Rules on a tape: where a match begins, what a resumed reply has to know, what is held back."""

import json
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.certain import Certain
from charlm_tui.reply.share_line import from_line, to_line
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.timeline import resume_point, ruled_at
from charlm_tui.reply.verify import remake
from tests.support.models import SYMBOLS, WINDOW

SEED = "abac"


@pytest.fixture(scope="module")
def model(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


def drawn(model: OnnxModel, stretches: list[tuple[int, Settings]]) -> Recording:
    """Draw a reply, some characters under each settings, each read again from its resume point."""
    vocabulary, tape = model.contract.vocabulary, Tape()
    prefix = prefixed(vocabulary, vocabulary.encode(SEED))
    for count, wanted in stretches:
        first = len(tape)
        settings = ruled_at(wanted, tape, first, 0)
        here = resume_point(prefix, tape, first, settings, WINDOW)
        generation = Generation(
            open_context(model, settings),
            Sampler(len(vocabulary)),
            settings,
            here.read,
            first,
            here.mirostat_history,
            here.holds,
            here.before,
            here.drawn,
        )
        while len(tape) < first + count:
            batch = generation.draw(first + count - len(tape))
            tape.append(Columns.of(batch), settings)
    runtime = Runtime("1", "here")
    return Recording("tiny", "0" * 64, runtime, SEED, vocabulary.decode(tape.ids()), tape)


RULED = st.builds(
    Settings,
    st.sampled_from([0.0, 0.8, 1.5]),
    rng_seed=st.integers(0, 5),
    depth=st.integers(0, 4),
    ban=st.sampled_from(["", "a", "bc"]),
    forbid=st.sampled_from([(), ("ca", "ab"), ("aba", "cc")]),
    match=st.sampled_from(["", "(..)*.?", "[a-e ]*", "(a|[^a].)*"]),
)


@given(st.lists(st.tuples(st.integers(1, 6), RULED), min_size=1, max_size=4))
def test_a_reply_whose_rules_and_depth_change_is_made_again_to_the_character(
    model: OnnxModel, stretches: list[tuple[int, Settings]]
) -> None:
    recording = drawn(model, stretches)
    made = Tape()
    for _ in remake(Recording.from_json(recording.to_json(), "x"), model, made):
        pass
    assert made.ids() == recording.tape.ids()
    assert made.surprisal_bits() == recording.tape.surprisal_bits()


@given(st.lists(st.tuples(st.integers(1, 6), RULED), min_size=1, max_size=4))
def test_a_line_and_a_tape_have_the_rules_and_where_they_end(
    model: OnnxModel, stretches: list[tuple[int, Settings]]
) -> None:
    recording = drawn(model, stretches)
    version = 2 if any(it.rules for it in recording.tape.settings) else 1
    line = to_line(recording)
    assert line.startswith(f"charlm{version}.")
    content = recording.to_json()
    assert json.loads(content)["version"] == version
    for again in (from_line(line), Recording.from_json(content, "x")):
        assert again.tape.runs() == recording.tape.runs()
        assert again.tape.ids() == recording.tape.ids()


def test_a_phrase_that_began_in_the_seed_is_forbidden_when_it_is_made_again(
    model: OnnxModel,
) -> None:
    """Whatever the model would write first, it does not where that completes a phrase."""
    plain = drawn(model, [(3, Settings(0.0))])
    phrase = SEED[-1] + plain.text[0]
    recording = drawn(model, [(3, Settings(0.0, forbid=(phrase,)))])
    assert recording.text[0] != plain.text[0]
    made = Tape()
    for _ in remake(recording, model, made):
        pass
    assert made.ids() == recording.tape.ids()


def test_a_resumed_reply_knows_what_rules_look_at_and_nothing_without_them() -> None:
    tape = Tape()
    floats = array("f", [1.0] * 4).tobytes()
    tape.append(Columns(array("H", [5, 6, 7, 8]).tobytes(), floats, floats, floats), Settings())
    prefix = [0, 1, 2, 3]
    plain = resume_point(prefix, tape, 3, Settings(depth=1), WINDOW)
    assert (list(plain.before), list(plain.drawn)) == ([], [])
    ruled = resume_point(prefix, tape, 3, Settings(depth=1, ban="x"), WINDOW)
    assert (list(ruled.before), list(ruled.drawn)) == ([1, 2, 3], [5, 6, 7])
    assert list(ruled.read) == [7]


def test_a_match_begins_where_its_expression_comes_into_force() -> None:
    tape = Tape()
    floats = array("f", [1.0] * 3).tobytes()
    three = Columns(array("H", [1, 2, 3]).tobytes(), floats, floats, floats)
    tape.append(three, Settings())
    first = ruled_at(Settings(match="a*"), tape, 3, 20)
    assert (first.match_from, first.match_within) == (3, 20)
    tape.append(three, first)
    same = ruled_at(Settings(0.9, match="a*"), tape, 6, 30)
    assert (same.match_from, same.match_within) == (3, 30)
    other = ruled_at(Settings(match="b*"), tape, 6, 0)
    assert (other.match_from, other.match_within) == (6, 0)
    as_it_was = ruled_at(Settings(match="a*"), tape, 6)
    assert (as_it_was.match_from, as_it_was.match_within) == (3, 20)
    assert ruled_at(Settings(), tape, 6, 30) == Settings()


def columns(ids: str) -> Columns:
    floats = array("f", [1.0] * len(ids)).tobytes()
    return Columns(array("H", map(SYMBOLS.index, ids)).tobytes(), floats, floats, floats)


def text(of: Columns) -> str:
    return "".join(SYMBOLS[index] for index in array("H", of.ids))


def test_what_may_be_taken_away_is_held_back_until_it_is_certain() -> None:
    certain = Certain(0, 10)
    assert text(certain.released(columns("abc"), False, 2)) == "a"
    assert (certain.count, certain.drawn, certain.room(99)) == (1, 3, 7)
    assert text(certain.released(columns("d"), False, 0)) == "bcd"
    assert text(certain.released(columns("abc"), False, 3)) == ""
    assert text(certain.released(columns("d"), True, 4)) == ""
    assert (certain.count, certain.drawn) == (4, 4)


def test_at_the_length_all_of_it_is_certain() -> None:
    certain = Certain(2, 5)
    assert certain.room(99) == 3
    assert text(certain.released(columns("ab"), False, 2)) == ""
    assert text(certain.released(columns("c"), False, 3)) == "abc"
    assert Certain(2, 0).room(99) == 99


def test_what_was_told_before_is_not_taken_back() -> None:
    certain = Certain(2, 0)  # a text was begun before
    assert text(certain.released(columns("b"), False, 2)) == ""
    assert text(certain.released(columns("c"), True, 3)) == ""
    assert certain.count == 2
