"""Branches of replies: what is shown, what stays, and that it is what the tapes say."""

from array import array
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm_tui.engine.protocol import (
    DrawRequested,
    GenerationFailed,
    Inspected,
    InspectRequested,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import CHUNK, Columns, Tape
from charlm_tui.session.arguments import turned
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import (
    DistributionKnown,
    Phase,
)
from tests.support.engines import SYMBOLS
from tests.support.replies import Reader


def ids(text: str) -> list[int]:
    return [SYMBOLS.index(char) for char in text]


def started(text: str = "abcdef") -> Reader:
    reader = Reader()
    reader.it.send("seed")
    reader.engine.stream(text)
    reader.engine.end()
    return reader


def test_a_pick_branches_and_the_old_reply_stays_as_a_sibling() -> None:
    reader = started()
    (turn,) = reader.it.turns
    assert reader.it.tree.branch(turn, 3, ids("x"))
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, array("H", request.forced).tolist()) == (3, ids("x"))
    assert array("H", request.read).tolist() == [0, *ids("seedabc")]
    reader.give()
    reader.engine.stream("yz")
    assert turn.text() == "abcxyz"
    assert turn.tape.forced == [(3, 1)]
    assert reader.it.tree.walk(turn, -1)
    assert turn.text() == "abcdef"
    reader.check()
    reader.it.tree.walk(turn, 1)
    assert turn.text() == "abcxyz"
    reader.check()


def test_typed_text_that_is_not_taken_yet_is_taken_after_a_change_of_the_controls() -> None:
    reader = started()
    (turn,) = reader.it.turns
    reader.it.tree.branch(turn, 1, ids("xyz"))
    batch = reader.engine.batch("x")
    reader.engine.say(batch)
    reader.it.temperature.set(0.9)
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, array("H", request.forced).tolist()) == (2, ids("yz"))


def test_the_turns_after_a_branch_come_back_with_their_sibling() -> None:
    reader = started()
    reader.it.send("second")
    reader.engine.stream("uvw")
    first, second = reader.it.turns
    reader.it.tree.branch(first, 2, ids("q"))
    reader.give()
    assert reader.it.turns == [first]
    reader.it.tree.walk(first, 1)
    assert reader.it.turns == [first, second]
    assert [text for _, text in reader.texts] == ["abcdef", "uvw"]
    reader.check()


def test_at_the_end_a_pick_goes_on_with_the_same_reply() -> None:
    reader = started()
    (turn,) = reader.it.turns
    reader.it.tree.branch(turn, 6, ids("x"))
    reader.give()
    assert len(turn.replies) == 1
    assert turn.text() == "abcdefx"


def test_a_new_seed_starts_afresh_or_goes_on_with_the_conversation() -> None:
    reader = started("abc")
    reader.it.send("new")
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert array("H", request.read).tolist() == [0, *ids("new")]
    reader.engine.stream("de")
    reader.engine.end()
    turned(reader.it)
    reader.it.send("more")
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert array("H", request.read).tolist() == [0, *ids("newdemore")]


def test_a_step_draws_one_character_and_pauses() -> None:
    reader = started("abc")
    reader.it.step()
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, request.controls.length) == (3, 4)
    reader.engine.stream("d")
    reader.engine.end()
    assert reader.it.state is Phase.PAUSED
    reader.it.pause()
    assert reader.it.state is Phase.STREAMING
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, request.controls.length) == (4, 0)


def test_every_step_draws_one_character_also_before_the_first_is_back() -> None:
    reader = started("abc")
    for _ in range(10):
        reader.it.step()
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, request.controls.length) == (3, 13)
    reader.engine.stream("def")
    reader.it.step()
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, request.controls.length) == (6, 14)
    reader.engine.stream("ghijklmn")
    reader.engine.end()
    assert reader.it.state is Phase.PAUSED
    reader.it.step()
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, request.controls.length) == (14, 15)


@pytest.mark.parametrize("resume", [Conversation.pause, Conversation.resume])
def test_a_reply_that_is_resumed_while_a_step_is_on_its_way_comes_to_its_end(
    resume: Callable[[Conversation], None],
) -> None:
    reader = started("abc")
    reader.it.step()
    resume(reader.it)
    reader.engine.stream("def")
    reader.engine.end()
    assert reader.it.state is Phase.IDLE


def test_steps_that_an_engine_has_failed_to_draw_are_not_owed() -> None:
    reader = started("abc")
    for _ in range(5):
        reader.it.step()
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    reader.engine.say(GenerationFailed(request.request_id, "it has failed"))
    reader.it.step()
    request = reader.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, request.controls.length) == (3, 4)


def test_only_the_last_question_is_answered() -> None:
    reader = started("abc")
    (turn,) = reader.it.turns
    reader.it.tree.inspect(turn, 1)
    asked = reader.engine.last
    assert isinstance(asked, InspectRequested)
    assert array("H", asked.read).tolist() == [0, *ids("seeda")]
    reader.it.tree.inspect(turn, 2)
    likely = array("f", [1 / len(SYMBOLS)] * len(SYMBOLS)).tobytes()
    reader.engine.say(Inspected(asked.number, likely, likely))
    assert not [it for it in reader.updates if isinstance(it, DistributionKnown)]
    reader.engine.say(Inspected(asked.number + 1, likely, likely))
    (known,) = [it for it in reader.updates if isinstance(it, DistributionKnown)]
    assert (known.turn, known.number, known.drawn, known.asked) == (turn, 2, ids("c")[0], True)


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pick", "type", "walk", "stream", "seed", "continue", "go on", "redraw"]),
        st.integers(0, 10**6),
        st.text("abcdefghij ", min_size=1, max_size=6),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(_STEPS)
def test_whatever_is_picked_typed_and_walked_ends_in_the_text_that_the_tapes_say(
    steps: list[tuple[str, int, str]],
) -> None:
    reader = started()
    it = reader.it
    kept: list[tuple[Tape, list[int]]] = []
    for what, number, text in steps:
        turn = it.turns[number % len(it.turns)]
        place = number % (len(turn.tape) + 1)
        kept.append((turn.tape, turn.tape.ids(0, place).tolist()))
        match what:
            case "pick":
                it.tree.branch(turn, place, ids(text[0]))
                reader.give()
            case "type":
                it.tree.branch(turn, place, ids(text))
                reader.give()
            case "redraw":
                it.tree.branch(turn, place, rng_seed=number)
            case "walk":
                it.tree.walk(turn, 1 - 2 * (number % 2))
            case "stream" if it.state is Phase.STREAMING:
                reader.engine.stream(text)
            case "seed":
                it.send(text)
            case "continue":
                turned(it)
            case "go on":
                it.stop()
                it.resume()
        reader.check()
        for tape, begin in kept:  # nothing that was is lost or another
            assert tape.ids(0, len(begin)).tolist() == begin


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
def test_a_forked_tape_begins_like_its_origin_and_grows_apart(length: int) -> None:
    origin = Tape()
    count = 2 * CHUNK + 5
    numbers = array("H", [i % 50 for i in range(count)])
    floats = array("f", [i / 8 for i in range(count)])
    origin.append(Columns(numbers.tobytes(), *([floats.tobytes()] * 3)), Settings(0.5), 1.0)
    fork = origin.fork(length)
    assert fork.ids() == numbers[:length]
    assert fork.total_bits == pytest.approx(sum(floats[:length]), rel=1e-6)
    one = array("f", [2.0]).tobytes()
    fork.append(Columns(array("H", [51]).tobytes(), one, one, one), Settings(0.9), forced=True)
    origin.append(Columns(array("H", [52]).tobytes(), one, one, one), Settings(0.2))
    assert fork.ids(length).tolist() == [51]
    assert origin.ids(0, count) == numbers
    assert origin.common(fork) == length
    assert fork.forced == [(length, 1)]
    assert fork.settings_at(length) == Settings(0.9)


def test_a_place_that_a_reply_has_no_longer_is_none_to_branch_at() -> None:
    reader = Reader()
    it = reader.it
    it.send("a")
    reader.engine.stream("a long reply")
    it.stop()
    (turn,) = it.turns
    assert it.tree.branch(turn, 2)
    reader.engine.stream("x")
    it.stop()
    it.send("b")
    reader.engine.stream("more")
    it.stop()
    assert not it.tree.branch(turn, 9)
    reader.check()
    it.tree.undo()
    assert not it.tree.branch(turn, 9)
    assert turn.text() == "a x"
