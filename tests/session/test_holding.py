"""Units that a person holds, by what is typed: in the app and in the chat it is the same."""

from array import array

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import DrawRequested, InspectRequested, LanesRequested
from charlm_tui.errors import CharlmError
from charlm_tui.lm.held import Held
from charlm_tui.lm.settings import Settings
from charlm_tui.repl.status import change, closing, standing
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.holding import hold_at, is_held, let_go
from charlm_tui.session.typed import run_line
from charlm_tui.session.updates import Noticed, Update
from tests.support.engines import QueuedEngine

ONE = Held("c", 2, 1.5)


class Holder:
    """A conversation with a model of units h[0] to h[5] and c[0] to c[3]."""

    def __init__(self) -> None:
        self.told: list[Update] = []
        self.it = Conversation(Controls(Settings(0.5, 7), length=0), self.told.append)
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        self.engine.load()

    def type(self, line: str) -> str:
        """Type a line; return what is told then."""
        run_line(self.it, line)
        return [each.sentence for each in self.told if isinstance(each, Noticed)][-1]

    @property
    def held(self) -> tuple[Held, ...]:
        return self.it.controls.settings.held

    @property
    def drawn(self) -> DrawRequested:
        assert isinstance(self.engine.last, DrawRequested)
        return self.engine.last


@pytest.mark.parametrize("line", ["c 2 = 1.5", "c[2]=1.5", "c 2 1.5", "c2 = 1.5", " c [2] = 1.5"])
def test_a_unit_is_held_as_it_is_typed(line: str) -> None:
    holder = Holder()
    assert holder.type(f"/hold {line}") == "c[2] = 1.5 held"
    assert holder.held == (ONE,)


def test_several_are_held_and_let_go_one_by_one_or_all() -> None:
    holder = Holder()
    assert holder.type("/hold").startswith("no unit is held; hold one, such as")
    holder.type("/hold c 2 = 1.5")
    assert holder.type("/hold h 5 = -2") == "c[2] = 1.5, h[5] = -2 held"
    assert holder.type("/hold c 2 = 0.25") == "c[2] = 0.25, h[5] = -2 held"
    assert holder.type("/hold") == "c[2] = 0.25, h[5] = -2 held"
    assert holder.type("/hold c 2 off") == "h[5] = -2 held"
    holder.type("/hold c 1 = 1")
    assert holder.type("/hold off").startswith("no unit is held")
    assert holder.held == ()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("c 4 = 1", "there is no unit 'c 4'; the model has h 0 to h 5, c 0 to c 3"),
        ("x 1 = 1", "there is no unit 'x 1'"),
        ("c 2 = much", "is no value to hold a unit at; give a number"),
        ("c 2 = nan", "must be held at a number from"),
        ("c 2", "there is no unit 'c'"),
        ("c 3 off", r"c\[3\] is not held; no unit is held"),
        ("x off", "there is no unit 'x'"),
    ],
)
def test_what_cannot_be_held_is_told_and_changes_nothing(line: str, says: str) -> None:
    holder = Holder()
    with pytest.raises(CharlmError, match=says):
        run_line(holder.it, f"/hold {line}")
    assert holder.held == ()


def test_before_there_is_a_model_nothing_can_be_held() -> None:
    it = Conversation(Controls(), lambda _: None)
    with pytest.raises(CharlmError, match="no model is loaded yet"):
        run_line(it, "/hold c 2 = 1")


def test_what_is_held_in_mid_stream_acts_on_the_next_character_that_is_shown() -> None:
    holder = Holder()
    holder.it.send("seed")
    holder.engine.stream("abcdef")
    holder.type("/hold c 2 = 1.5")
    request = holder.drawn
    assert (request.first, request.controls.settings.held) == (6, (ONE,))
    assert request.holds == ()  # nothing was held before
    holder.engine.stream("gh")
    holder.type("/hold off")
    request = holder.drawn
    length = len(array("H", request.read))
    assert (request.first, request.controls.settings.held) == (8, ())
    assert request.holds == ((length - 2, (ONE,)),)
    tape = holder.it.turns[-1].tape
    assert [(first, settings.held) for first, settings in tape.runs()] == [(0, ()), (6, (ONE,))]


def test_a_branch_and_a_distribution_read_what_was_held() -> None:
    holder = Holder()
    holder.it.send("seed")
    holder.type("/hold c 2 = 1.5")
    holder.engine.stream("abcdef")
    holder.engine.end()
    turn = holder.it.turns[-1]
    holder.it.tree.inspect(turn, 4)
    inspected = holder.engine.last
    assert isinstance(inspected, InspectRequested)
    assert inspected.holds == ((len("\nseed"), (ONE,)),)
    holder.it.tree.branch(turn, 3, [4])
    assert holder.drawn.holds == ((len("\nseed"), (ONE,)),)


def test_the_lanes_of_a_ladder_hold_what_is_held() -> None:
    holder = Holder()
    holder.type("/hold c 2 = 1.5")
    holder.it.ladder.climb("seed", [0.5, 1.0])
    request = holder.engine.last
    assert isinstance(request, LanesRequested)
    assert [each.held for each in request.settings] == [(ONE,)] * 2
    assert request.holds == ((), ())
    holder.engine.lanes(["ab", "cd"])
    holder.it.ladder.warm(0, 1)
    request = holder.engine.last
    assert isinstance(request, LanesRequested)
    assert request.holds == (((len("\nseed"), (ONE,)),),) * 2


def test_a_unit_is_held_by_its_number() -> None:
    holder = Holder()
    hold_at(holder.it, 8, "1.5")
    assert holder.held == (ONE,)
    assert is_held(holder.it, 8)
    assert not is_held(holder.it, 2)
    let_go(holder.it, 8)
    assert holder.held == ()
    for value in ("", "x", "1 = 2", "1e9"):
        with pytest.raises(CharlmError):
            hold_at(holder.it, 8, value)


def test_the_chat_says_what_is_held() -> None:
    holder = Holder()
    before = holder.it.controls
    assert "held" not in standing(holder.it, 200)
    holder.type("/hold c 2 = 1.5")
    assert "│ c[2] = 1.5 held │" in standing(holder.it, 200)
    assert "1 held" in standing(holder.it, 70)
    assert change(before, holder.it.controls) == "c[2] = 1.5 held"
    assert change(holder.it.controls, before) == "no unit held"
    holder.it.send("seed")
    holder.engine.stream("ab")
    assert "c[2] = 1.5 held" in closing(holder.it.turns[-1])
