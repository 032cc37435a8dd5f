"""A conversation that follows its model file, with an engine that has real models."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import (
    DrawRequested,
    ModelLoaded,
    ReloadRequested,
    RestRequested,
)
from charlm_tui.engine.worker import MOST_MODELS
from charlm_tui.errors import CommandError
from charlm_tui.files import file_version
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape_file import Recording
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.loading import KEPT
from charlm_tui.session.obstacles import other_model
from charlm_tui.session.turns import Turn
from charlm_tui.session.typed import run_line, take_line
from charlm_tui.session.updates import (
    Noticed,
    Phase,
    SeedDreamt,
    SeedReturned,
    SeedWaiting,
    TextAdded,
    TurnStarted,
)
from tests.support.engines import RUNTIME, QueuedEngine
from tests.support.models import SYMBOLS, looping_model, put
from tests.support.talk import LENGTH, Talk, talking

REPLACED = "the model file was replaced: replies are of the new one now"
MORE = SYMBOLS + "é"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return put(tmp_path / "m.onnx", 1)


@pytest.fixture
def talk(path: Path) -> Iterator[Talk]:
    with talking(path) as talk:
        yield talk


def of_a_new_app(path: Path, seed: str = "a seed") -> str:
    """Return the reply of a conversation that has begun with what is at the path."""
    with talking(path, follows=False) as talk:
        return talk.reply(seed).text()


def test_the_next_reply_is_of_the_new_model_and_a_line_says_so(talk: Talk, path: Path) -> None:
    before = talk.reply()
    put(path, 2, held_out_bits_per_character=1.8512, best_epoch=7)
    after = talk.reply()
    assert talk.notices == [f"{REPLACED} (1.85 bits per character, epoch 7)"]
    kinds = [type(it) for it in talk.updates if isinstance(it, Noticed | TurnStarted | TextAdded)]
    assert kinds.index(Noticed) == len(kinds) - kinds[::-1].index(TurnStarted) - 2  # just before
    assert talk.told(SeedWaiting) == [SeedWaiting("a seed")]
    assert before.model.sha256 != after.model.sha256
    assert before.text() != after.text() == of_a_new_app(path)
    talk.reply()
    assert len(talk.notices) == 1


def test_without_following_the_model_stays(path: Path) -> None:
    with talking(path, follows=False) as talk:
        before = talk.reply()
        put(path, 2)
        assert talk.reply().text() == before.text()
        path.unlink()
        assert talk.reply().text() == before.text()
        assert talk.notices == []


def test_a_reply_that_streams_ends_with_its_model(talk: Talk, path: Path) -> None:
    whole = talk.reply().text()
    talk.it.send("a seed")
    talk.until(lambda: talk.it.turn is not None and len(talk.it.turn.tape) > 0)
    put(path, 2)
    talk.settle()
    assert talk.it.turn is not None
    assert talk.it.turn.text() == whole
    talk.it.resume()  # it is the same reply
    talk.settle()
    assert len(talk.it.turn.tape) == 2 * LENGTH
    assert talk.notices == []
    assert talk.reply().text() != whole


def test_a_seed_that_comes_while_a_reply_streams_stops_it_and_waits(talk: Talk, path: Path) -> None:
    first = talk.it.model
    talk.it.reply_length = 0
    talk.it.send("a seed")
    talk.until(lambda: talk.it.turn is not None and len(talk.it.turn.tape) > 0)
    put(path, 2)
    talk.it.reply_length = LENGTH
    talk.it.send("another")
    assert talk.it.state is Phase.LOADING
    assert not talk.it.send("one more")  # one waits already
    assert not talk.it.can_start
    talk.settle()
    assert [turn.seed for turn in talk.it.turns] == ["a seed", "another"]
    assert talk.it.turns[0].model == first
    assert talk.it.turns[1].text() == of_a_new_app(path, "another")


def test_nothing_is_added_to_a_reply_for_which_a_seed_has_come(path: Path) -> None:
    it = Conversation(Controls(Settings(0.8, rng_seed=7)), lambda _: None)
    it.loading.follows = True
    engine = QueuedEngine()
    engine.listen(it.receive)
    it.attach(engine.send)
    loaded = ModelLoaded(
        str(path), "m", "1" * 64, tuple(SYMBOLS), "lower", 12, {}, RUNTIME, file_version(path)
    )
    engine.say(loaded)
    it.send("a seed")
    engine.stream("abc", loaded.symbols)
    put(path, 2)
    it.send("another")
    assert engine.requests[-2:] == [RestRequested(), ReloadRequested(str(path))]
    engine.stream("def", loaded.symbols)  # was on its way
    both = ("1" * 64, "2" * 64)
    engine.say(loaded._replace(sha256=both[1], file=file_version(path), at_hand=both))
    assert [turn.text() for turn in it.turns] == ["abc", ""]
    assert isinstance(engine.last, DrawRequested)
    assert engine.last.model == both[1]


@pytest.mark.parametrize("damaged", [b"", b"no model" * 50])
def test_a_file_that_is_refused_is_told_once_and_the_model_stays(
    talk: Talk, path: Path, damaged: bytes
) -> None:
    before = talk.reply()
    path.write_bytes(damaged)
    assert talk.reply().text() == before.text()
    (sentence,) = talk.notices
    assert sentence.startswith(f"{path} is not an ONNX model")
    assert sentence.endswith(KEPT)
    assert not talk.told(Noticed)[0].error
    assert talk.reply().text() == before.text()
    assert len(talk.notices) == 1
    put(path, 2)
    assert talk.reply().text() == of_a_new_app(path)
    assert talk.notices[1:] == [REPLACED]


def test_a_file_that_is_gone_is_told_once_and_followed_when_it_is_there_again(
    talk: Talk, path: Path
) -> None:
    before = talk.reply()
    path.unlink()
    assert talk.reply().text() == talk.reply().text() == before.text()
    assert talk.notices == [
        f"the model file {path} is gone; the model that was read from it is kept"
    ]
    put(path, 1)
    assert talk.reply().text() == before.text()
    assert len(talk.notices) == 1  # it is the same
    put(path, 2)
    assert talk.reply().text() == of_a_new_app(path)


def test_a_vocabulary_may_be_another_and_the_seed_is_fitted_to_it(talk: Talk, path: Path) -> None:
    before = talk.reply("a café")
    assert before.seed != "a café"
    put(path, 2, symbols=MORE)
    after = talk.reply("a café")
    assert after.seed == "a café"
    assert len(talk.possible(before)[0]) == len(SYMBOLS)
    assert len(talk.possible(after)[0]) == len(MORE)


def test_a_seed_that_the_new_model_knows_nothing_of_is_not_sent(talk: Talk, path: Path) -> None:
    put(path, 2, symbols="\n xyz")
    assert talk.it.send("bag")
    talk.settle()
    assert talk.notices[0] == REPLACED
    assert talk.notices[1].startswith("nothing was sent")
    assert not talk.it.turns


@pytest.mark.parametrize("symbols", [SYMBOLS, MORE[::-1]])
def test_a_conversation_is_continued_by_the_new_model(talk: Talk, path: Path, symbols: str) -> None:
    before = talk.reply()
    put(path, 2, symbols=symbols)
    talk.it.continues = True
    after = talk.reply(" and on")
    assert after.vocabulary.decode(after.before) == before.seed + before.text()


def test_what_is_asked_of_an_earlier_reply_is_answered_by_its_model(talk: Talk, path: Path) -> None:
    before = talk.reply()
    possible, insights = talk.possible(before), talk.insights(before)
    put(path, 2)
    after = talk.reply()
    assert talk.possible(before) == possible
    assert talk.possible(after) != possible
    assert talk.insights(before) == insights
    others = talk.insights(after)
    assert all(one != other for one, other in zip(insights, others, strict=True))
    assert talk.it.tree.can_look(before)
    assert talk.it.tree.can_look(after)


def test_a_branch_is_of_the_model_of_its_reply(talk: Talk, path: Path) -> None:
    before = talk.reply()
    text = before.text()
    put(path, 2)
    talk.reply()
    assert talk.it.tree.branch(before, 10)
    talk.settle()
    assert before.text()[:LENGTH] == text  # drawn with the same numbers by the same model
    talk.it.regenerate()
    talk.settle()
    assert len(before.replies) == 3
    assert talk.it.turn is before


def test_a_score_is_of_the_model_in_use(talk: Talk, path: Path) -> None:
    scores = []
    for rng_seed in (2, 1):
        run_line(talk.it, "/score a text")
        talk.settle()
        scores.append(talk.notices[-1])
        put(path, rng_seed)
        run_line(talk.it, "/score a text")  # a score is no reply: nothing is loaded for it
        talk.settle()
        assert talk.notices[-1] == scores[-1]
        talk.reply()
    assert scores[0] != scores[1]


def recorded(turn: Turn) -> Recording:
    return Recording.from_json(turn.recording().to_json(), "a test")


def test_recordings_are_verified_and_continued_by_their_own_models(talk: Talk, path: Path) -> None:
    early = recorded(talk.reply())
    put(path, 2)
    late = recorded(talk.reply())
    assert early.model_sha256 != late.model_sha256
    for recording in (early, late):
        turn = talk.it.playing.open(recording)
        talk.settle()
        assert talk.notices[-1].startswith("made again: ")
        assert "identical" in talk.notices[-1]
        talk.it.resume()
        talk.settle()
        assert turn.model.sha256 == recording.model_sha256
        assert len(turn.tape) == 2 * LENGTH


def test_the_seed_again_a_ladder_and_a_dream_are_of_the_new_model(talk: Talk, path: Path) -> None:
    first = talk.reply()
    put(path, 2)
    talk.it.repeat()
    talk.settle()
    assert talk.it.turn is not None
    second = talk.it.turn
    assert second.seed == first.seed
    put(path, 3)
    talk.it.loading.begin(lambda: talk.it.ladder.climb("a seed", (0.5, 1.0)))
    talk.settle()
    third = talk.it.turn
    assert len(third.replies) == 2
    put(path, 4)
    talk.it.dream()
    talk.until(lambda: talk.told(SeedDreamt))
    assert talk.it.model is not None
    models = [*(turn.model.sha256 for turn in (first, second, third)), talk.it.model.sha256]
    assert len(set(models)) == 4
    assert talk.notices == [REPLACED] * 3


def test_an_act_that_had_to_wait_and_cannot_be_done_says_so(talk: Talk, path: Path) -> None:
    put(path, 2)
    talk.it.loading.begin(lambda: talk.it.ladder.climb("a seed", (0.5,)))
    talk.settle()
    assert "1 temperatures were given" in talk.notices[-1]
    assert talk.told(Noticed)[-1].error


def test_a_model_that_is_no_longer_at_hand_is_told_of(talk: Talk, path: Path) -> None:
    first = talk.reply()
    recording = recorded(first)
    for rng_seed in range(2, MOST_MODELS + 2):
        assert talk.it.tree.can_look(first)
        put(path, rng_seed)
        talk.reply()
    assert not talk.it.tree.can_look(first)
    assert not talk.it.tree.branch(first, 3)
    while talk.it.turn is not first:
        talk.it.tree.undo()
    assert other_model(talk.it) == "the last reply is by another tiny, which is no longer at hand"
    with pytest.raises(CommandError, match="no longer at hand, and cannot be continued"):
        take_line(talk.it, "")
    talk.it.playing.open(recording)
    assert "is not at hand: what was recorded is shown" in talk.notices[-1]


@pytest.mark.slow
def test_a_file_that_ends_the_engine_keeps_the_conversation(path: Path) -> None:
    with talking(path, limits=LoadLimits(seconds=0.5)) as talk:
        text = talk.reply().text()
        path.write_bytes(looping_model().SerializeToString())
        talk.it.send("another")
        talk.until(lambda: talk.it.state is Phase.DOWN)
        assert "your conversation is safe; Enter tries again" in talk.notices[-1]
        assert talk.told(SeedReturned) == [SeedReturned("another")]
        assert [turn.text() for turn in talk.it.turns] == [text]
        put(path, 1)
        assert talk.reply().text() == text


def test_a_file_that_is_replaced_while_it_is_read_is_read_again(talk: Talk, path: Path) -> None:
    put(path, 2)
    talk.it.send("a seed")
    put(path, 3)  # maybe before the engine has read the one before, maybe after
    talk.settle()
    assert talk.reply().text() == of_a_new_app(path)
    assert isinstance(talk.it.model, ModelLoaded)
