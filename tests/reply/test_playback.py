"""Recorded replies that are shown once more: their pace, and what can be done meanwhile."""

from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import LoadFailed, Remade, RemakeRequested
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.playback import LONGEST_WAIT_S, Playback
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.reply.tape_file import Recording, TapeFileError
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import Noticed, Phase, ReplyMeasured, TextAdded, Update
from tests.support.engines import RUNTIME, SYMBOLS, QueuedEngine

nan = float("nan")


def tape(text: str, times: list[tuple[int, float]], bits: float = 1.0) -> Tape:
    made = Tape()
    ids = array("H", [SYMBOLS.index(char) for char in text])
    column = array("f", [bits] * len(text)).tobytes()
    temperature = array("f", [0.5] * len(text)).tobytes()
    made.append(Columns(ids.tobytes(), column, column, temperature), Settings(0.5, 3))
    made.times = times
    return made


def recording(text: str = "abcdef", sha256: str = "0" * 64, bits: float = 1.0) -> Recording:
    return Recording(
        "fake", sha256, RUNTIME, "seed", text, tape(text, [(0, 0.1), (2, 0.2), (4, 9.0)], bits)
    )


class Viewer:
    def __init__(self) -> None:
        self.now = 100.0
        self.told: list[Update] = []
        self.it = Conversation(Controls(Settings(0.5, 7)), self.told.append, lambda: self.now)
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        self.engine.load()

    def wait(self, seconds: float) -> str:
        self.now += seconds
        self.it.advance()
        return self.text

    @property
    def text(self) -> str:
        return "".join(update.text for update in self.told if isinstance(update, TextAdded))


@given(st.lists(st.floats(0, 1000), max_size=20), st.integers(1, 5))
def test_all_is_due_in_the_end_and_never_less_than_before(times: list[float], each: int) -> None:
    text = "a" * (each * max(len(times), 1))
    rows = [(i * each, second) for i, second in enumerate(sorted(times))]
    playback = Playback(tape(text, rows), at_once=False, now_s=0.0)
    shown = [playback.due(step / 4) for step in range(4 * (2 * 20 + 2))]
    assert shown == sorted(shown)
    assert playback.due(LONGEST_WAIT_S * 21 + 2) == len(text)


def test_a_reply_comes_at_the_pace_at_which_it_came_and_pauses_are_cut_short() -> None:
    viewer = Viewer()
    viewer.it.playing.play(recording())
    assert viewer.it.state is Phase.PLAYING
    assert viewer.wait(0.05) == ""
    assert viewer.wait(0.1) == "ab"
    assert viewer.wait(0.1) == "abcd"
    assert viewer.wait(LONGEST_WAIT_S) == "abcdef"
    assert viewer.it.state is Phase.IDLE
    assert viewer.it.turns[0].tape.runs() == recording().tape.runs()
    assert viewer.it.turns[0].tape.times == recording().tape.times


def test_a_reply_comes_at_once_if_that_is_wanted() -> None:
    viewer = Viewer()
    viewer.it.playing.play(recording(), at_once=True)
    assert viewer.wait(0.0) == "abcdef"
    assert viewer.it.state is Phase.IDLE


def test_it_can_be_paused_and_stopped_and_what_is_shown_stays() -> None:
    viewer = Viewer()
    viewer.it.playing.play(recording())
    viewer.wait(0.15)
    viewer.it.pause()
    assert viewer.it.state is Phase.PAUSED
    assert viewer.wait(100) == "ab"
    viewer.it.pause()
    assert viewer.it.state is Phase.PLAYING
    assert viewer.wait(0.1) == "abcd"
    viewer.it.stop()
    assert viewer.wait(100) == "abcd"
    assert viewer.it.state is Phase.IDLE
    assert viewer.it.can_resume


def verdict(viewer: Viewer) -> Remade:
    """Give the answer to the reply that was last asked to be made again."""
    asked = [it for it in viewer.engine.requests if isinstance(it, RemakeRequested)]
    bits = array("f", [2.0] * 6).tobytes()
    return Remade(asked[-1].number, "identical, 6 characters", None, bits, bits)


TOLD = Noticed("made again: identical, 6 characters")


def test_a_reply_is_made_again_beside_it_and_the_verdict_is_told_below_its_text() -> None:
    viewer = Viewer()
    viewer.it.playing.play(recording())
    viewer.wait(0.15)
    viewer.engine.say(verdict(viewer))
    assert TOLD not in viewer.told
    viewer.it.pause()
    assert TOLD not in viewer.told
    viewer.it.pause()
    viewer.wait(10)
    texts = [i for i, update in enumerate(viewer.told) if isinstance(update, TextAdded)]
    assert texts[-1] < viewer.told.index(TOLD)
    assert viewer.told.count(TOLD) == 1


def test_a_verdict_that_comes_when_all_is_shown_is_told_at_once() -> None:
    viewer = Viewer()
    viewer.it.playing.open(recording())
    viewer.engine.say(verdict(viewer))
    assert viewer.told[-1] == TOLD


@pytest.mark.parametrize("end", ["stop", "end", "death"])
def test_a_verdict_waits_until_the_reply_that_has_gone_on_has_ended(end: str) -> None:
    viewer = Viewer()
    viewer.it.playing.open(recording())
    viewer.it.resume()
    viewer.engine.stream("xyz")
    viewer.engine.say(verdict(viewer))
    assert TOLD not in viewer.told
    if end == "stop":
        viewer.it.stop()
    elif end == "end":
        viewer.engine.end()
    else:
        viewer.engine.die()
    assert TOLD in viewer.told


def test_it_is_told_when_a_reply_is_measured_and_every_sibling_that_begins_so_is() -> None:
    viewer = Viewer()
    turn = viewer.it.playing.open(recording(bits=nan))
    viewer.it.tree.branch(turn, 3, [5])
    viewer.engine.say(verdict(viewer))
    assert ReplyMeasured(turn) in viewer.told
    assert [reply.tape.surprisal_bits().tolist() for reply in turn.replies] == [
        [2.0] * 6,
        [2.0] * 3,
    ]


def damaged(ids: list[int], text: str = "abcdef", seed: str = "seed") -> Recording:
    made = Tape()
    column = array("f", [1.0] * len(ids)).tobytes()
    made.append(Columns(array("H", ids).tobytes(), column, column, column), Settings())
    return Recording("fake", "0" * 64, RUNTIME, seed, text, made)


FOREIGN = {
    "an id that the model lacks": damaged([2, 3, 4, 5, 6, 999]),
    "a seed that the model does not know": damaged([2, 3, 4, 5, 6, 7], seed="séed"),
    "one symbol of two ids": damaged([2, 3], text="aa"),
}


@pytest.mark.parametrize("what", FOREIGN)
@pytest.mark.parametrize("loaded", [True, False])
def test_what_cannot_be_a_models_reply_is_refused_and_leaves_all_as_it_was(
    what: str, loaded: bool
) -> None:
    viewer = Viewer()
    viewer.it.send("seed")
    viewer.engine.stream("abc")
    if not loaded:
        viewer.engine.die()
        viewer.it.attach(viewer.engine.send)
    state = viewer.it.state
    for show in (viewer.it.playing.open, viewer.it.playing.play):
        # Without the model its symbols are those of the text; with it the text is only compared.
        if loaded != (what == "one symbol of two ids"):
            with pytest.raises(TapeFileError, match="damaged"):
                show(FOREIGN[what])
        else:
            show(FOREIGN[what])
            viewer.it.tree.undo()
            state = viewer.it.state
        assert len(viewer.it.turns) == 1
        assert viewer.it.state is state


def test_a_reply_that_is_shown_before_the_model_is_there_goes_on_when_it_is() -> None:
    viewer = Viewer()
    viewer.it.attach(viewer.engine.send)
    turn = viewer.it.playing.open(recording())
    assert viewer.it.state is Phase.LOADING
    assert not any(isinstance(it, Noticed) for it in viewer.told)
    viewer.engine.load()
    viewer.engine.say(verdict(viewer))
    assert TOLD in viewer.told
    assert viewer.it.can_resume
    viewer.it.resume()
    viewer.engine.stream("xyz")
    assert turn.text() == "abcdefxyz"


def test_a_reply_of_another_model_that_is_shown_before_is_told_so_when_one_is_there() -> None:
    viewer = Viewer()
    viewer.it.attach(viewer.engine.send)
    turn = viewer.it.playing.open(recording(sha256="1" * 64))
    viewer.engine.load()
    assert any(isinstance(it, Noticed) and "not at hand" in it.sentence for it in viewer.told)
    assert not viewer.it.tree.can_look(turn)


def test_a_reply_plays_on_while_the_model_loads() -> None:
    viewer = Viewer()
    viewer.it.attach(viewer.engine.send)
    viewer.it.playing.play(recording())
    assert viewer.wait(0.15) == "ab"
    viewer.engine.load()
    assert viewer.it.state is Phase.PLAYING
    assert viewer.wait(0.1) == "abcd"
    assert viewer.wait(10) == "abcdef"
    assert viewer.it.state is Phase.IDLE


@pytest.mark.parametrize("state", [Phase.LOADING, Phase.DOWN])
def test_a_reply_that_has_played_leaves_the_engine_as_it_is(state: Phase) -> None:
    viewer = Viewer()
    viewer.it.playing.open(recording())
    viewer.it.attach(viewer.engine.send)
    if state is Phase.DOWN:
        viewer.engine.say(LoadFailed("it cannot be read"))
    viewer.it.playing.play(recording())
    viewer.wait(10)
    assert viewer.it.state is state


def test_what_a_shared_line_lacks_is_measured_as_far_as_it_is_shown() -> None:
    viewer = Viewer()
    bare = recording(bits=nan)
    viewer.it.playing.play(bare)
    viewer.wait(0.15)
    request = viewer.engine.last
    assert isinstance(request, RemakeRequested)
    bits = array("f", [2.0] * 6).tobytes()
    viewer.engine.say(Remade(request.number, "identical, 6 characters", None, bits, bits))
    assert viewer.it.turns[0].tape.surprisal_bits().tolist() == [2.0] * 2
    viewer.wait(10)
    assert viewer.it.turns[0].tape.surprisal_bits().tolist() == [2.0] * 6
    assert viewer.it.turns[0].tape.total_bits == 12.0


def test_without_its_model_the_recorded_text_is_played_and_that_is_told() -> None:
    viewer = Viewer()
    viewer.it.playing.play(recording(sha256="1" * 64))
    assert not isinstance(viewer.engine.last, RemakeRequested) if viewer.engine.requests else True
    assert any(isinstance(it, Noticed) and "not at hand" in it.sentence for it in viewer.told)
    assert viewer.wait(10) == "abcdef"
    assert not viewer.it.can_resume
    assert viewer.it.turns[0].recording().text == "abcdef"
    assert viewer.it.turns[0].recording().seed == "seed"


def test_what_was_opened_goes_on_as_if_it_had_been_made_here() -> None:
    viewer = Viewer()
    viewer.it.playing.open(replace(recording(), seed="beforeseed"), conversation=6)
    turn = viewer.it.turns[0]
    assert (turn.seed, turn.text()) == ("seed", "abcdef")
    assert turn.recording().seed == "beforeseed"
    viewer.it.resume()
    viewer.engine.stream("xyz")
    assert turn.text() == "abcdefxyz"
