"""Replies side by side by several models: each is what its model alone draws."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from charlm_tui.history.recorder import Keeper
from charlm_tui.history.records import in_ladders
from charlm_tui.history.store import Store
from charlm_tui.lm.errors import SettingsError
from charlm_tui.session.ladder import Models, Temperatures, lanes_typed
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import Noticed, Phase, Said, TurnStarted
from tests.support.models import SYMBOLS, put
from tests.support.talk import ANSWERS, LENGTH, Talk, talking

MORE = "ABDEL" + SYMBOLS  # other ids for the same characters


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return [put(tmp_path / f"m{number}.onnx", number) for number in range(1, 4)]


@pytest.fixture
def talk(paths: list[Path]) -> Iterator[Talk]:
    with talking(paths[0], follows=False) as talk:
        yield talk


def climb(talk: Talk, paths: list[Path], seed: str = "a seed") -> Turn:
    """Begin a ladder of models; return its turn when all lanes are there."""
    count = len(talk.it.turns)
    talk.it.loading.beside(
        [str(path) for path in paths], lambda models: talk.it.ladder.climb_models(seed, models)
    )
    talk.until(lambda: len(talk.it.turns) > count)
    talk.settle()
    assert talk.it.turn is not None
    return talk.it.turn


def alone(path: Path, seed: str = "a seed") -> str:
    with talking(path, follows=False) as talk:
        return talk.reply(seed).text()


def texts(turn: Turn) -> list[str]:
    return [reply.text() for reply in turn.replies]


def test_every_lane_is_the_reply_that_its_model_gives_alone(talk: Talk, paths: list[Path]) -> None:
    lanes = texts(climb(talk, paths))
    assert lanes == [alone(path) for path in paths]
    assert len(set(lanes)) == 3


def test_a_ladder_goes_on_where_it_was_paused(talk: Talk, paths: list[Path]) -> None:
    talk.it.reply_length = 7
    turn = climb(talk, paths)
    assert [len(text) for text in texts(turn)] == [7] * 3
    talk.it.reply_length = LENGTH - 7
    talk.it.resume()
    talk.settle()
    assert texts(turn) == [alone(path) for path in paths]


def test_each_model_reads_the_seed_as_it_knows_it(talk: Talk, tmp_path: Path) -> None:
    others = [put(tmp_path / "n1.onnx", 1), put(tmp_path / "n2.onnx", 2, symbols=MORE)]
    turn = climb(talk, others, "A Seed")
    assert [reply.author.seed for reply in turn.replies] == ["a seed", "A seed"]
    assert texts(turn) == [alone(path, "A Seed") for path in others]


def test_a_lane_that_is_taken_is_continued_and_its_model_replies_from_there_on(
    talk: Talk, paths: list[Path]
) -> None:
    first = talk.it.model
    turn = climb(talk, paths)
    talk.it.ladder.pick(2)
    assert turn.text() == texts(turn)[2]
    assert talk.told(Said) == [Said("m3 replies from here on")]
    assert talk.it.model is not None
    assert talk.it.model.path == str(paths[2])
    assert talk.reply().text() == alone(paths[2])
    while talk.it.turn is not turn:
        talk.it.tree.undo()
    talk.it.tree.walk(turn, 1)  # the first lane, by the first model
    assert first is not None
    assert turn.model.sha256 == first.sha256
    talk.it.resume()
    talk.settle()
    with talking(paths[0], follows=False) as other:
        other.it.reply_length = 2 * LENGTH
        assert other.it.send("a seed")
        other.settle()
        assert other.it.turn is not None
        assert turn.text() == other.it.turn.text()


def test_a_lane_can_be_branched_and_looked_into_by_its_own_model(
    talk: Talk, paths: list[Path]
) -> None:
    turn = climb(talk, paths)
    talk.it.ladder.keep(1)
    first, second = talk.possible(turn)
    with talking(paths[1], follows=False) as other:
        own = other.reply()
        assert (first, second) == other.possible(own)
        assert [type(it) for it in talk.insights(turn)] == list(ANSWERS)
        assert talk.it.tree.branch(turn, 4)
        assert other.it.tree.branch(own, 4)
        talk.settle()
        other.settle()
        assert turn.text() == own.text()
    assert turn.reply.author is turn.replies[1].author


def test_settings_and_the_model_in_use_stay_if_no_lane_is_taken(
    talk: Talk, paths: list[Path]
) -> None:
    before = talk.it.model
    climb(talk, paths[1:])
    talk.it.ladder.keep(0)
    assert talk.it.model == before
    assert talk.reply().text() == alone(paths[0])


@pytest.mark.parametrize("content", [None, b"no model"])
def test_if_one_is_refused_nothing_begins_and_a_sentence_says_which(
    content: bytes | None, talk: Talk, paths: list[Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.onnx"
    if content is not None:
        bad.write_bytes(content)
    talk.it.loading.beside([str(paths[1]), str(bad)], lambda _: pytest.fail("it began"))
    talk.until(lambda: talk.told(Noticed))
    assert talk.it.state is Phase.IDLE
    assert str(bad) in talk.notices[0]
    assert talk.told(Noticed)[0].error
    assert not talk.it.turns
    assert talk.reply().text() == alone(paths[0])


def test_nothing_begins_if_the_engine_dies_meanwhile(talk: Talk, paths: list[Path]) -> None:
    talk.it.loading.beside(list(map(str, paths)), lambda _: pytest.fail("it began"))
    talk.kill()
    talk.settle()
    assert not talk.it.turns
    assert "restarting the engine" in talk.notices[0]
    assert talk.reply().text() == alone(paths[0])


def test_what_cannot_be_a_ladder_is_refused_before_a_turn_begins(
    talk: Talk, paths: list[Path], tmp_path: Path
) -> None:
    same = tmp_path / "same.onnx"
    same.write_bytes(paths[1].read_bytes())
    blind = put(tmp_path / "blind.onnx", 5, symbols="\n xyz")
    for lanes, why in (
        ([paths[1], same], "two of the models are the same"),
        ([paths[1], blind], "blind cannot reply: "),
        ([paths[1]], "1 models were given"),
    ):
        talk.it.loading.beside(
            list(map(str, lanes)), lambda models: talk.it.ladder.climb_models("abc", models)
        )
        before = len(talk.notices)
        talk.until(lambda before=before: len(talk.notices) > before)
        assert why in talk.notices[-1]
    assert not talk.told(TurnStarted)
    with pytest.raises(SettingsError, match="no longer at hand"):
        talk.it.ladder.climb_models("abc", ["0" * 64, "1" * 64])


def test_every_lane_is_kept_in_the_history_by_its_model(
    talk: Talk, paths: list[Path], tmp_path: Path
) -> None:
    keeper = Keeper(tmp_path / "history.db", talk.it, pytest.fail)
    talk.listeners.append(keeper.take)
    turn = climb(talk, paths)
    keeper.close()
    with closing(Store(tmp_path / "history.db")) as store:
        listed = in_ladders(store.entries())
        assert "".join(it.mark for it in listed) == "┌├└"
        assert [it.entry.beginning for it in listed] == texts(turn)
        models = [reply.author.model.sha256 for reply in turn.replies]
        assert [it.entry.model_sha256 for it in listed] == models
        found = store.recording(listed[2].entry.id)
    assert found.text == texts(turn)[2]
    assert found.model_sha256 == models[2]


@pytest.mark.parametrize(
    ("typed", "lanes"),
    [
        ("0.2 0.5", Temperatures([0.2, 0.5])),
        ("0.2,1", Temperatures([0.2, 1.0])),
        ("nietzsche shakespeare", Models(["nietzsche", "shakespeare"])),
        ("'my models/a.onnx' b.onnx", Models(["my models/a.onnx", "b.onnx"])),
    ],
)
def test_lanes_are_temperatures_or_models(typed: str, lanes: Temperatures | Models) -> None:
    assert lanes_typed(typed) == lanes


@pytest.mark.parametrize("typed", ["nietzsche", "0.5 nietzsche", "'a b", " ".join("abcdefghi")])
def test_what_is_neither_is_told_with_an_example(typed: str) -> None:
    with pytest.raises(SettingsError, match="nietzsche shakespeare") as refused:
        lanes_typed(typed)
    assert json.dumps(typed[:3])[1:4] in str(refused.value)
