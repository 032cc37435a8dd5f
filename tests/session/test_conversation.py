"""The conversation against an engine that says only what a test lets it say."""

from array import array
from dataclasses import replace

import pytest

from charlm_tui.controls.controls import PRESETS, SPEEDS, Controls, next_preset, warmer
from charlm_tui.engine.protocol import (
    Acknowledged,
    DrawRequested,
    GenerationFailed,
    LoadFailed,
    RestRequested,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import (
    EngineNeeded,
    Noticed,
    Phase,
    SeedDreamt,
    SeedReturned,
    SeedWaiting,
    TextAdded,
    TurnStarted,
    Unusable,
    Update,
)
from tests.support.engines import SYMBOLS, QueuedEngine


class Talk:
    """A conversation, its engine and what it told."""

    def __init__(self, controls: Controls | None = None) -> None:
        self.updates: list[Update] = []
        self.it = Conversation(controls or Controls(Settings(0.5, 7)), self.updates.append)
        self.engine = self.new_engine()

    def new_engine(self) -> QueuedEngine:
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        return self.engine

    def started(self, seed: str = "seed") -> "Talk":
        self.engine.load()
        self.it.send(seed)
        return self

    @property
    def text(self) -> str:
        """What was told of the last reply."""
        starts = [i for i, it in enumerate(self.updates) if isinstance(it, TurnStarted)]
        return "".join(it.text for it in self.updates[starts[-1] :] if isinstance(it, TextAdded))

    def told(self, kind: type) -> list:
        return [it for it in self.updates if isinstance(it, kind)]


def ids(text: str) -> bytes:
    return array("H", [SYMBOLS.index(char) for char in text]).tobytes()


def test_a_seed_is_sent_as_the_model_reads_it_and_its_reply_is_told_and_acknowledged() -> None:
    talk = Talk().started("A Seed \n")
    assert talk.engine.last == DrawRequested(
        1, 0, ids("\na seed \n"), b"", talk.it.controls, model="0" * 64
    )
    talk.engine.stream("abc")
    talk.engine.stream("de")
    assert talk.text == "abcde"
    assert not any(isinstance(it, Acknowledged) for it in talk.engine.requests)
    talk.it.shown()
    assert talk.engine.requests[-1] == Acknowledged(1, 5)
    assert talk.it.state is Phase.STREAMING
    talk.engine.end()
    assert talk.it.state is Phase.IDLE


def test_a_seed_sent_while_the_model_loads_waits_and_then_starts() -> None:
    talk = Talk()
    talk.it.send("early")
    assert talk.told(SeedWaiting) == [SeedWaiting("early")]
    assert talk.engine.requests == []
    talk.engine.load()
    assert isinstance(talk.engine.last, DrawRequested)
    assert talk.engine.last.read == ids("\nearly")


def test_what_the_model_does_not_know_is_left_out_and_named() -> None:
    talk = Talk().started("a€b€")
    assert talk.it.turns[-1].seed == "ab"
    (notice,) = talk.told(Noticed)
    assert "‘€’ ×2" in notice.sentence


def test_a_seed_of_which_nothing_is_left_is_not_sent_but_an_empty_one_is() -> None:
    talk = Talk().started("€€")
    assert talk.it.turns == []
    assert talk.told(Noticed)[-1].error
    talk.it.send("")
    assert talk.it.turns[-1].seed == ""


def test_a_change_in_mid_stream_goes_on_from_what_is_shown_and_drops_what_is_late() -> None:
    talk = Talk().started()
    talk.engine.stream("abc")
    late = talk.engine.batch("zzz")
    COMMANDS["preset-4"].run(talk.it, "")
    assert talk.engine.last == DrawRequested(
        2, 3, ids("\nseedabc"), b"", talk.it.controls, model="0" * 64
    )
    assert talk.it.controls.settings.temperature == 1.2
    talk.engine.say(late)
    talk.engine.stream("d")
    assert talk.text == "abcd"
    tape = talk.it.turns[-1].tape
    assert [tape.settings_at(n).temperature for n in range(4)] == [0.5, 0.5, 0.5, 1.2]


def test_a_paused_reply_takes_nothing_and_goes_on_where_it_was() -> None:
    talk = Talk().started()
    talk.engine.stream("ab")
    late = talk.engine.batch("cc")
    COMMANDS["pause"].run(talk.it, "")
    assert talk.it.state is Phase.PAUSED
    assert talk.engine.last == RestRequested()
    talk.engine.say(late)
    assert talk.text == "ab"
    COMMANDS["go-on"].run(talk.it, "")
    assert talk.it.state is Phase.STREAMING
    assert isinstance(talk.engine.last, DrawRequested)
    assert (talk.engine.last.first, talk.engine.last.read) == (2, ids("\nseedab"))


def test_a_stopped_reply_is_kept_and_can_go_on_by_another_length() -> None:
    talk = Talk(Controls(Settings(0.5, 7), length=100)).started()
    talk.engine.stream("abc")
    late = talk.engine.batch("d")
    COMMANDS["stop"].run(talk.it, "")
    talk.engine.say(late)
    assert (talk.it.state, talk.text) == (Phase.IDLE, "abc")
    talk.it.send("")
    assert len(talk.it.turns) == 1
    assert isinstance(talk.engine.last, DrawRequested)
    assert (talk.engine.last.first, talk.engine.last.controls.length) == (3, 103)
    talk.engine.stream("def")
    assert talk.text == "abcdef"


def test_an_empty_enter_does_nothing_while_a_reply_streams() -> None:
    talk = Talk().started()
    before = list(talk.engine.requests)
    talk.it.send("")
    assert talk.engine.requests == before


def test_a_new_seed_stops_the_reply_that_streams_and_keeps_it() -> None:
    talk = Talk().started("one")
    talk.engine.stream("abc")
    late = talk.engine.batch("zz")
    talk.it.send("two")
    talk.engine.say(late)
    talk.engine.stream("x")
    assert [list(turn.tape.ids()) for turn in talk.it.turns] == [
        list(array("H", ids("abc"))),
        list(array("H", ids("x"))),
    ]


def rng_seed_of(talk: Talk) -> int:
    """Return the RNG seed that the engine was asked to draw with."""
    assert isinstance(talk.engine.last, DrawRequested)
    return talk.engine.last.controls.settings.rng_seed


def test_a_seed_that_is_sent_again_is_a_turn_with_another_rng_seed() -> None:
    talk = Talk().started("one")
    COMMANDS["repeat"].run(talk.it, "")
    first, second = talk.it.turns
    assert second.seed == first.seed
    assert second.rng_seed != first.rng_seed
    assert rng_seed_of(talk) == second.rng_seed


def test_a_regenerated_reply_is_a_sibling_with_another_rng_seed() -> None:
    talk = Talk().started("one")
    before = rng_seed_of(talk)
    talk.engine.stream("abc")
    COMMANDS["again"].run(talk.it, "")
    (turn,) = talk.it.turns
    assert (len(turn.replies), turn.shown, turn.text()) == (2, 1, "")
    assert rng_seed_of(talk) != before
    talk.engine.stream("xy")
    talk.engine.end()
    assert turn.text() == "xy"
    assert talk.it.tree.walk(turn, -1)
    assert turn.text() == "abc"


def test_each_turn_has_an_rng_seed_that_nobody_chose_unless_one_is_pinned() -> None:
    talk = Talk().started("one")
    first = rng_seed_of(talk)
    talk.it.send("two")
    second = rng_seed_of(talk)
    assert first != second
    COMMANDS["pin"].run(talk.it, "")
    assert talk.it.controls.pinned
    talk.it.send("three")
    assert rng_seed_of(talk) == second
    COMMANDS["again"].run(talk.it, "")
    assert rng_seed_of(talk) != second
    assert not talk.it.controls.pinned  # that of now is not the one that comes back
    talk.it.send("four")
    assert rng_seed_of(talk) == second
    COMMANDS["pin"].run(talk.it, "")
    talk.it.send("five")
    assert rng_seed_of(talk) != second


def test_what_is_changed_in_a_seed_is_told_once() -> None:
    talk = Talk().started("One")
    assert [it.sentence for it in talk.told(Noticed)] == ["as the model knows it: ‘O’ → ‘o’"]
    talk.it.send("One Two")
    assert talk.told(Noticed)[-1].sentence == "as the model knows it: ‘T’ → ‘t’"
    talk.it.send("Two")
    assert len(talk.told(Noticed)) == 2


def test_a_typed_rng_seed_is_pinned_and_new_is_not() -> None:
    talk = Talk().started("one")
    COMMANDS["rng-seed"].run(talk.it, "42")
    for seed in ("two", "three"):
        talk.it.send(seed)
        assert rng_seed_of(talk) == 42
    COMMANDS["rng-seed"].run(talk.it, "new")
    seeds = []
    for seed in ("four", "five"):
        talk.it.send(seed)
        seeds.append(rng_seed_of(talk))
    assert len({42, *seeds}) == 3


def test_a_dreamt_seed_is_offered_and_is_no_turn() -> None:
    talk = Talk().started("one")
    talk.engine.stream("abc")
    COMMANDS["dream"].run(talk.it, "")
    assert talk.it.state is Phase.DREAMING
    assert isinstance(talk.engine.last, DrawRequested)
    assert talk.engine.last.controls.length == 60
    talk.engine.stream("a dream")
    talk.engine.end()
    assert talk.told(SeedDreamt) == [SeedDreamt("a dream")]
    assert (len(talk.it.turns), talk.text) == (1, "abc")


def test_a_reply_goes_on_after_a_dream_has_taken_the_engine() -> None:
    talk = Talk().started("one")
    talk.engine.stream("abc")
    COMMANDS["dream"].run(talk.it, "")
    COMMANDS["stop"].run(talk.it, "")
    talk.engine.stream("late dream")
    assert talk.told(SeedDreamt) == []
    COMMANDS["go-on"].run(talk.it, "")
    start = talk.engine.last
    assert isinstance(start, DrawRequested)
    assert (start.first, start.read) == (3, ids("\noneabc"))
    talk.engine.stream("d")
    assert talk.text == "abcd"


def test_the_conversation_outlives_its_engine_and_goes_on_with_a_new_one() -> None:
    talk = Talk().started("one")
    talk.engine.stream("abc")
    talk.engine.die()
    assert talk.told(EngineNeeded)
    assert talk.told(Noticed)[-1].error
    talk.new_engine()
    assert talk.it.state is Phase.LOADING
    talk.engine.load()
    COMMANDS["go-on"].run(talk.it, "")
    start = talk.engine.last
    assert isinstance(start, DrawRequested)
    assert (start.first, start.read) == (3, ids("\noneabc"))


def test_an_engine_that_dies_while_it_loads_is_not_started_again() -> None:
    talk = Talk()
    talk.engine.die()
    assert talk.told(Unusable)
    assert not talk.told(EngineNeeded)


def test_a_model_that_cannot_be_used_is_told_in_its_own_words() -> None:
    talk = Talk()
    talk.engine.say(LoadFailed("x breaks the contract"))
    assert talk.told(Unusable) == [Unusable("x breaks the contract")]


def test_a_reply_that_fails_is_told_and_the_next_one_starts() -> None:
    talk = Talk().started("one")
    talk.engine.say(GenerationFailed(1, "not finite"))
    assert talk.told(Noticed)[-1] == Noticed("not finite", error=True)
    assert talk.it.state is Phase.IDLE
    talk.it.send("two")
    assert talk.it.state is Phase.STREAMING


@pytest.mark.parametrize("command", ["pause", "stop", "go-on", "again", "dream"])
def test_what_cannot_be_done_before_the_model_is_there_is_not_offered(command: str) -> None:
    talk = Talk()
    assert COMMANDS[command].obstacle(talk.it)
    COMMANDS[command].run(talk.it, "")
    assert talk.it.state is Phase.LOADING


def test_temperature_steps_stay_in_range_and_on_a_grid() -> None:
    assert warmer(0.52, +1) == 0.55
    assert warmer(0.52, -1) == 0.45
    assert warmer(0.0, -1) == 0.0
    assert warmer(4.98, +2) == 5.0
    assert warmer(7.0, +1) == 7.0
    assert warmer(7.0, -1) == 6.95


def test_presets_go_round() -> None:
    seen = [next_preset(0.3)]
    for _ in range(4):
        seen.append(next_preset(seen[-1]))
    assert seen == [0.5, 1.0, 1.2, 0.2, 0.5]
    assert PRESETS == (0.2, 0.5, 1.0, 1.2)


def test_speeds_end_at_both_ends() -> None:
    slowest, fastest = (replace(Controls(), speed=SPEEDS[end]) for end in (0, -1))
    assert slowest.faster(-1) == slowest
    assert fastest.faster(+1) == fastest
    assert slowest.faster(+1).speed == SPEEDS[1]


def test_a_second_enter_while_the_model_loads_does_not_lose_the_first_seed() -> None:
    talk = Talk()
    assert talk.it.send("first")
    assert talk.it.send("")
    assert not talk.it.send("second")  # whoever typed it has it back
    talk.engine.load()
    assert [turn.seed for turn in talk.it.turns] == ["first"]


def test_a_seed_sent_while_the_model_dreams_is_taken_and_ends_the_dream() -> None:
    talk = Talk().started("one")
    COMMANDS["dream"].run(talk.it, "")
    assert talk.it.send("two")
    talk.engine.stream("abc")
    talk.engine.end()
    assert talk.it.turns[-1].seed == "two"
    assert talk.told(SeedDreamt) == []


def test_the_conversation_is_kept_when_the_new_engine_cannot_load_and_enter_tries_again() -> None:
    talk = Talk().started("one")
    talk.engine.stream("abc")
    talk.engine.die()
    talk.new_engine()
    talk.engine.say(LoadFailed("the file is gone"))
    assert talk.it.state is Phase.DOWN
    assert not talk.told(Unusable)
    needed = len(talk.told(EngineNeeded))
    assert talk.it.send("two")
    assert len(talk.told(EngineNeeded)) == needed + 1
    talk.new_engine()
    talk.engine.die()
    assert talk.told(SeedReturned) == [SeedReturned("two")]
    talk.it.send("")
    talk.new_engine()
    talk.engine.load()
    assert isinstance(talk.engine.last, DrawRequested)
    assert talk.engine.last.read == ids("\noneabc")


def test_a_reply_of_another_model_cannot_go_on() -> None:
    talk = Talk().started("one")
    talk.engine.stream("abc")
    talk.engine.die()
    talk.new_engine()
    talk.engine.load(symbols=("x", "y"), sha256="1" * 64)
    assert "switched to fake" in talk.told(Noticed)[-1].sentence
    assert COMMANDS["go-on"].obstacle(talk.it)
    talk.it.send("")
    assert talk.it.state is Phase.IDLE
    talk.it.send("xy")
    assert talk.it.state is Phase.STREAMING


def test_a_stepped_character_is_recorded_under_the_settings_of_its_request() -> None:
    talk = Talk().started()
    talk.engine.stream("abc")
    talk.it.pause()
    talk.it.step()
    step = talk.engine.batch("d")
    talk.it.temperature.set(1.2)
    talk.engine.say(step)
    talk.engine.end()
    talk.it.pause()
    talk.engine.stream("e")
    tape = talk.it.turns[-1].tape
    assert [tape.settings_at(n).temperature for n in range(5)] == [0.5, 0.5, 0.5, 0.5, 1.2]


def test_a_dream_is_recorded_under_the_settings_of_its_request() -> None:
    talk = Talk(Controls(Settings(0.0, 7)))
    talk.engine.load()
    talk.it.dream()
    request, dream = talk.engine.last, talk.it._stage.mode.turn
    assert isinstance(request, DrawRequested)
    assert dream is not None
    talk.it.temperature.set(1.2)
    talk.engine.stream("abc")
    assert dream.tape.settings == [request.controls.settings]


@pytest.mark.parametrize("after", ["resume", "death", "failure"])
def test_a_reply_that_was_stepped_ends_as_any_other(after: str) -> None:
    talk = Talk().started()
    talk.engine.stream("abc")
    talk.it.pause()
    talk.it.step()
    if after == "resume":
        talk.it.pause()
    elif after == "death":
        talk.engine.die()
        talk.new_engine().load()
        talk.it.resume()
    else:
        talk.engine.say(GenerationFailed(talk.engine.last.request_id, "it cannot go on"))
        talk.it.resume()
    assert talk.it.state is Phase.STREAMING
    talk.engine.stream("d")
    talk.engine.end()
    assert talk.it.state is Phase.IDLE


def test_another_way_from_a_character_that_is_not_there_is_not_taken() -> None:
    talk = Talk().started()
    talk.engine.stream("abcdef")
    talk.engine.end()
    talk.it.send("more")
    first, _ = talk.it.turns
    assert talk.it.tree.branch(first, 2, [1])
    talk.it.tree.walk(first, 1)
    talk.it.tree.walk(first, 1)
    requests = len(talk.engine.requests)
    for number in (-1, 3, 99):
        assert not talk.it.tree.branch(first, number, [1])
    assert len(talk.engine.requests) == requests
    assert len(first.replies) == 2
