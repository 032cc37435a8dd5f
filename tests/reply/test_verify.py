"""Recorded replies made again: whatever was done on the way, they come out the same."""

import re
from array import array
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.model_info import loaded
from charlm_tui.engine.protocol import EngineDied, Event, RestRequested
from charlm_tui.lm.held import Held
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.settings import MOVING, Settings
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.reply.tape_file import Recording, TapeFileError
from charlm_tui.reply.verify import OtherModelError, Verdict, remake, replay
from charlm_tui.session.arguments import turned
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Update
from tests.support.drawing import DrawingEngine


class Walk:
    """A person who does one thing after another, with a real model."""

    def __init__(self, model: OnnxModel) -> None:
        self.updates: list[Update] = []
        self.now = 0.0
        self.it = Conversation(
            Controls(Settings(0.9, 7), length=0), self.updates.append, lambda: self.now
        )
        self.model = model
        self.engine = DrawingEngine(model)
        self.late: list[Event] = []
        self.it.attach(self.engine.send)
        self.it.receive(loaded(model))
        self.symbols = model.contract.vocabulary.symbols
        self.it.send(self.symbols[1] * 3)
        self.draw(9)

    def draw(self, count: int) -> None:
        self.late += self.engine.draw(count)
        self.answer()

    def answer(self) -> None:
        """Let the engine say what was on its way for a while, and end what has its length."""
        late, self.late = self.late, []
        for event in late:
            self.it.receive(event)
        for event in self.engine.ended():
            self.it.receive(event)

    def do(self, what: str, number: int) -> None:
        it = self.it
        turn = it.turns[number % len(it.turns)]
        place = number % (len(turn.tape) + 1)
        ids = [(number + step) % len(self.symbols) for step in range(1 + number % 4)]
        match what:
            case "draw":
                self.draw(1 + number % 30)
            case "pick":
                it.tree.branch(turn, place, ids[:1])
            case "type":
                it.tree.branch(turn, place, ids)
            case "redraw":
                it.tree.branch(turn, place, rng_seed=number)
            case "walk":
                it.tree.walk(turn, 1 - 2 * (number % 2))
            case "seed":
                it.send("".join(self.symbols[index] for index in ids))
            case "continue":
                turned(it)
            case "sweep":
                it.temperature.hold(1 - 2 * (number % 2))
                self.draw(1 + number % 9)
                self.now += number % 2
                it.advance()
            case "move":
                it.temperature.move(MOVING[1 + number % 3], number % 7 / 5, 1 + number % 40)
            case "go on":
                it.stop()
                it.resume()
            case "undo":
                if len(it.turns) > 1:
                    it.tree.undo()
            case "stale":
                it.tree.branch(turn, number % 60, ids)
            case "late":
                self.late += self.engine.draw(1 + number % 5)
            case "pause":
                it.pause()
            case "step":
                it.step()
            case "stop":
                it.stop()
            case "again":
                it.regenerate()
            case "dream":
                it.dream()
            case "climb":
                it.ladder.climb("", [0.0, 0.7, 1.3][: 2 + number % 2])
            case "twin":
                it.change(it.controls.with_settings(held=(Held("h1", number % 16, 1.5),)))
                it.ladder.twin("")
            case "lane":
                it.ladder.warm(number % 3, 1 - 2 * (number % 2))
            case "take":
                it.ladder.pick(number % max(1, len(it.ladder.temperatures)))
            case "play":
                recording = Recording.from_json(turn.recording().to_json(), "x")
                it.playing.play(recording, bool(number % 2), len(turn.before))
            case "advance":
                self.now += number % 9 / 10
                it.advance()
            case "inspect":
                it.tree.inspect(turn, place)
            case "reload":
                self.late = []
                it.receive(EngineDied("it was ended by SIGSEGV"))
                if number % 2:
                    self.do("play", number)
                self.engine.send(RestRequested())
                it.attach(self.engine.send)
                self.do(
                    ("play", "open", "undo", "redo", "walk", "pick", "pause")[number % 7], number
                )
                it.receive(loaded(self.model))
            case "temperature":
                it.temperature.set(number % 20 / 10)
            case "redo":
                it.tree.redo()
            case "open":
                it.playing.open(
                    Recording.from_json(turn.recording().to_json(), "x"), len(turn.before)
                )
                it.resume()
            case "change":
                changes = (
                    {"temperature": number % 20 / 10},
                    {"depth": 1 + number % 20, "carry": False},
                    {"carry": True, "depth": 0},
                    {"carry": False, "depth": 0},
                    {"mirostat": 1.0 + number % 3},
                    {"mirostat": 0.0, "top_k": number % 5},
                    {"moving": "words", "moving_to": number % 9 / 4},
                    {"moving": "ramp", "moving_over": 1 + number % 50},
                    {"moving": "cycle", "moving_over": 1 + number % 20},
                    {"moving": ""},
                    {"held": (Held("h0", number % 16, number % 5 - 2.0),)},
                    {"held": (Held("h0", 3, 1.0), Held("h1", number % 16, 2.0))},
                    {"held": ()},
                )[number % 13]
                it.change(replace(it.controls, settings=replace(it.controls.settings, **changes)))
            case "rule":
                one, other = self.symbols[number % 5], self.symbols[number // 9 % 7]
                last = re.escape(other) if other.isprintable() else r"\n"
                rules: tuple[dict[str, Any], ...] = (
                    {"ban": one},
                    {"bias": ((one, 9.0), (other, -3.0)) if one != other else ()},
                    {"until": (one + other, other * 2), "until_cut": bool(number % 2)},
                    {"forbid": (one + other, other * 2, one)},
                    {"match": "[^x]*"},
                    {"match": f"(.|\\n){{{number % 5}}}(..)*[^{last}]"},
                    {"ban": "", "bias": (), "until": (), "forbid": (), "match": ""},
                )
                it.change(it.controls.with_settings(**rules[number % 7]))


@pytest.fixture(scope="module")
def model(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


ACTS = (
    "draw",
    "move",
    "sweep",
    "pick",
    "type",
    "redraw",
    "walk",
    "seed",
    "continue",
    "go on",
    "undo",
    "redo",
    "rule",
)


def check(walk: Walk) -> None:
    """Every reply comes out as its tape says when it is made again."""
    vocabulary = walk.model.contract.vocabulary
    for turn in walk.it.turns:
        for shown, reply in enumerate(turn.replies):
            turn.shown = shown
            made = Tape()
            for _ in remake(turn.recording(), walk.model, made):
                pass
            assert vocabulary.decode(made.ids()) == turn.text()
            assert made.surprisal_bits().tolist() == reply.tape.surprisal_bits().tolist()
            assert made.entropy_bits().tolist() == reply.tape.entropy_bits().tolist()
            assert made.temperature() == reply.tape.temperature()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from((*ACTS, "draw", "change", "change", "open", "rule", "rule")),
            st.integers(0, 10**6),
        ),
        max_size=25,
    )
)
def test_a_walk_of_picks_edits_walks_and_changes_replays_to_the_text_that_its_tapes_say(
    model: OnnxModel, steps: list[tuple[str, int]]
) -> None:
    walk = Walk(model)
    for what, number in steps:
        walk.do(what, number)
        walk.draw(3)
    check(walk)


EVERY_ACT = (
    *ACTS,
    *(
        "late",
        "late",
        "stale",
        "answer",
        "pause",
        "step",
        "step",
        "stop",
        "again",
        "dream",
        "climb",
        "twin",
        "lane",
        "rule",
        "rule",
    ),
    *("take", "play", "advance", "inspect", "reload", "temperature", "change", "open"),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVERY_ACT), st.integers(0, 10**6)), max_size=30))
def test_whatever_is_done_while_something_is_on_its_way_every_tape_tells_how_it_was_drawn(
    model: OnnxModel, steps: list[tuple[str, int]]
) -> None:
    walk = Walk(model)
    for what, number in steps:
        if not walk.it.turns:
            walk.it.send("")
        walk.do(what, number)
        if what != "late":
            walk.answer()
    check(walk)


def test_lanes_that_are_read_again_hold_what_they_held(model: OnnxModel) -> None:
    """Each change of a lane's temperature lets the engine read all lanes again."""
    walk = Walk(model)
    walk.do("change", 11)
    walk.do("climb", 1)
    walk.draw(12)
    walk.do("lane", 1)
    walk.draw(25)
    walk.do("twin", 3)
    walk.draw(12)
    walk.do("lane", 2)
    walk.draw(25)
    twin, alone = walk.it.turns[-1].replies
    assert twin.text() != alone.text()
    check(walk)


def recorded(model: OnnxModel) -> Recording:
    walk = Walk(model)
    walk.do("change", 4)
    walk.draw(20)
    walk.do("type", 7)
    walk.draw(1)
    walk.draw(20)
    return walk.it.turns[0].recording()


def verdict(recording: Recording, model: OnnxModel) -> Verdict:
    *_, last = replay(recording, model)
    assert isinstance(last, Verdict)
    return last


def test_the_verdict_is_identical_or_names_the_first_character_that_differs(
    model: OnnxModel,
) -> None:
    recording = recorded(model)
    assert verdict(recording, model).differs_at is None
    tape = Tape()
    ids = recording.tape.ids()
    ids[3] = (ids[3] + 1) % len(model.contract.vocabulary)
    columns = (recording.tape.surprisal_bits(), recording.tape.entropy_bits())
    temperature = recording.tape.temperature()
    for first, in_force in recording.tape.runs():
        stop = min([at for at, _ in recording.tape.runs() if at > first], default=len(ids))
        tape.append(
            Columns(
                ids[first:stop].tobytes(),
                *(column[first:stop].tobytes() for column in columns),
                temperature[first:stop].tobytes(),
            ),
            in_force,
        )
    other = replace(recording, tape=tape, text=model.contract.vocabulary.decode(ids))
    assert verdict(other, model).differs_at == 3


def test_what_a_tape_lacks_of_measures_is_measured_when_it_is_made_again(model: OnnxModel) -> None:
    recording = recorded(model)
    bare = Tape()
    nan = array("f", [float("nan")])
    for index, symbol in enumerate(recording.tape.ids()):
        bare.append(
            Columns(
                array("H", [symbol]).tobytes(),
                nan.tobytes(),
                nan.tobytes(),
                recording.tape.temperature(index, index + 1).tobytes(),
            ),
            recording.tape.settings_at(index),
            forced=any(at <= index < at + n for at, n in recording.tape.forced),
        )
    assert not bare.measured
    made = Tape()
    for _ in remake(replace(recording, tape=bare), model, made):
        pass
    bare.measure(made.surprisal_bits(), made.entropy_bits())
    assert bare.measured
    assert bare.surprisal_bits() == recording.tape.surprisal_bits()
    assert bare.total_bits == pytest.approx(recording.tape.total_bits)


def test_another_model_is_refused(model: OnnxModel, model_path: Path) -> None:
    with pytest.raises(OtherModelError, match="give that model"):
        verdict(recorded(model), OnnxModel(model_path))


class Counting:
    """Counts how often a model is bound, which is twice for each context that is opened."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self.bound = 0

    def __getattr__(self, name: str) -> object:
        self.bound += name == "bind"
        return getattr(self._model, name)


def test_a_reply_whose_settings_change_often_is_made_again_without_reading_it_again(
    model: OnnxModel,
) -> None:
    walk = Walk(model)
    for number in range(30):
        walk.it.temperature.set(0.5 + number / 100)
        walk.draw(1)
    recording = walk.it.turns[0].recording()
    assert len(recording.tape.runs()) > 20
    counting = Counting(model)
    *_, last = replay(recording, counting)  # type: ignore[arg-type]
    assert isinstance(last, Verdict)
    assert last.differs_at is None
    assert counting.bound == 2


def test_a_depth_that_nobody_can_have_waited_for_is_refused(model: OnnxModel) -> None:
    recording = recorded(model)
    tape = Tape()
    tape.append(recording.tape.columns(), Settings(depth=999_999))
    with pytest.raises(TapeFileError, match="a depth of 999,999 characters where 100,000 at the"):
        verdict(replace(recording, tape=tape), model)
