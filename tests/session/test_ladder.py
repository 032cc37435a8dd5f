"""Replies side by side: each is a reply of its own, and one of them is gone on with."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.model_info import loaded
from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Tape
from charlm_tui.reply.verify import remake
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import LanesAdded, Phase, TextAdded, TurnRewound, Update
from tests.support.drawing import DrawingEngine

SEED = "a bird on the wall"


@pytest.fixture(scope="module")
def model(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


class Climber:
    def __init__(self, model: OnnxModel, chosen: Settings | None = None) -> None:
        self.told: list[Update] = []
        settings = chosen or Settings(0.5, 7)
        controls = Controls(settings, length=0, pin=settings.rng_seed)
        self.it = Conversation(controls, self.told.append)
        self.engine = DrawingEngine(model)
        self.it.attach(self.engine.send)
        self.it.receive(loaded(model))

    def draw(self, count: int) -> None:
        for event in self.engine.draw(count):
            self.it.receive(event)

    @property
    def texts(self) -> list[str]:
        turn = self.it.turn
        assert turn is not None
        return [turn.vocabulary.decode(reply.tape.ids()) for reply in turn.replies]


def alone(model: OnnxModel, chosen: Settings, count: int) -> str:
    vocabulary = model.contract.vocabulary
    read = prefixed(vocabulary, vocabulary.encode(SEED))
    context = open_context(model, chosen)
    batch = Generation(context, Sampler(len(vocabulary)), chosen, read).draw(count)
    return vocabulary.decode(batch.ids.tolist())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 0.2, 0.5, 1.0, 1.2, 2.0]), min_size=2, max_size=8),
    st.booleans(),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_every_lane_is_the_reply_that_its_temperature_gives_alone(
    model: OnnxModel, temperatures: list[float], carry: bool, parts: list[int]
) -> None:
    climber = Climber(model, Settings(0.7, 11, carry=carry))
    assert climber.it.ladder.climb(SEED, temperatures)
    for part in parts:
        climber.draw(part)
        climber.it.pause()
        climber.it.pause()  # each lane is read anew
    expected = [
        alone(model, Settings(temperature, 11, carry=carry), sum(parts))
        for temperature in temperatures
    ]
    assert climber.texts == expected


def test_one_is_gone_on_with_and_the_others_stay_as_siblings(model: OnnxModel) -> None:
    climber = Climber(model)
    climber.it.ladder.climb(SEED, [0.2, 0.5, 1.0, 1.2])
    climber.draw(12)
    texts = climber.texts
    climber.it.ladder.pick(2)
    it = climber.it
    turn = it.turn
    assert turn is not None
    assert (it.state, turn.shown, it.controls.settings.temperature) == (Phase.IDLE, 2, 1.0)
    assert it.ladder.temperatures == []
    assert TurnRewound(turn, 0) in climber.told
    assert TextAdded(texts[2]) in climber.told
    it.resume()
    climber.draw(5)
    assert climber.texts[2][:12] == texts[2]
    assert len(climber.texts[2]) == 17
    assert [text for i, text in enumerate(climber.texts) if i != 2] == [
        text for i, text in enumerate(texts) if i != 2
    ]
    it.stop()
    it.tree.walk(turn, 1)
    assert turn.text() == texts[3]


def test_a_lane_whose_temperature_is_changed_goes_on_from_there_and_replays(
    model: OnnxModel,
) -> None:
    climber = Climber(model)
    climber.it.ladder.climb(SEED, [0.2, 1.0])
    climber.draw(10)
    before = climber.texts
    climber.it.ladder.warm(1, 4)
    climber.draw(10)
    assert climber.it.ladder.temperatures == [0.2, 1.2]
    turn = climber.it.turn
    assert turn is not None
    assert [text[:10] for text in climber.texts] == before
    assert [first for first, _ in turn.replies[1].tape.runs()] == [0, 10]
    assert [first for first, _ in turn.replies[0].tape.runs()] == [0]
    climber.it.ladder.pick(0)
    for shown in range(2):
        turn.shown = shown
        made = Tape()
        for _ in remake(turn.recording(), model, made):
            pass
        assert turn.vocabulary.decode(made.ids()) == turn.text()


def test_lanes_go_on_together_and_their_texts_are_told_together(model: OnnxModel) -> None:
    climber = Climber(model)
    climber.it.reply_length = 6
    climber.it.ladder.climb(SEED, [0.5, 1.0])
    climber.draw(6)
    climber.it.stop()
    climber.it.resume()
    climber.draw(3)
    assert [len(text) for text in climber.texts] == [9, 9]
    told = [update for update in climber.told if isinstance(update, LanesAdded)]
    assert ["".join(part) for part in zip(*(it.texts for it in told), strict=True)] == climber.texts
    assert not [update for update in climber.told if isinstance(update, TextAdded)]


@pytest.mark.parametrize("wrong", [[0.5], [0.5] * 9, [0.5, -1.0], [0.5, float("nan")]])
def test_what_is_no_ladder_is_refused(model: OnnxModel, wrong: list[float]) -> None:
    climber = Climber(model)
    with pytest.raises(SettingsError):
        climber.it.ladder.climb(SEED, wrong)
    assert climber.it.turns == []


def test_a_new_seed_leaves_the_ladder_and_keeps_what_it_has(model: OnnxModel) -> None:
    climber = Climber(model)
    climber.it.ladder.climb(SEED, [0.5, 1.0])
    climber.draw(5)
    texts = climber.texts
    climber.it.send("another")
    climber.draw(5)
    assert climber.it.ladder.temperatures == []
    first = climber.it.turns[0]
    assert [first.vocabulary.decode(reply.tape.ids()) for reply in first.replies] == texts
    assert len(climber.it.turns[1].replies) == 1


def test_a_lane_is_recorded_under_the_settings_of_its_request(model: OnnxModel) -> None:
    climber = Climber(model)
    climber.it.ladder.climb(SEED, [0.2, 1.0])
    (event,) = climber.engine.draw(5)
    climber.it._stage.controls = climber.it.controls.with_settings(top_k=3)
    climber.it.ladder.temperatures[1] = 2.0
    climber.it.receive(event)
    turn = climber.it.turn
    assert turn is not None
    assert [reply.tape.settings for reply in turn.replies] == [
        [Settings(0.2, 7)],
        [Settings(1.0, 7)],
    ]
