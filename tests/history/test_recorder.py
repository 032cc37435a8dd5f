"""What a conversation hands to the history, when, and what a writer does that can do no more."""

import gc
import itertools
import shutil
import tempfile
import threading
import weakref
from array import array
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm_tui.controls.controls import Controls
from charlm_tui.history.recorder import MOST_CHARACTERS, PERIOD_S, Keeper, Recorder, cut
from charlm_tui.history.records import in_ladders
from charlm_tui.history.store import HistoryError, Store
from charlm_tui.history.writer import Ticket, Writer
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.reply.tape_file import Recording
from charlm_tui.session.arguments import turned
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Reply, Turn
from charlm_tui.session.updates import Phase, Update
from tests.support.engines import RUNTIME, SYMBOLS, QueuedEngine
from tests.support.replies import found, kept, origin, piece

WAIT_S = 60.0  # for the thread


class Fault:
    """Is told of a fault, as a front end is; can be waited for."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.told = threading.Event()

    def __call__(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self.told.set()


class Studio:
    """A conversation with a history, and a clock that only a test moves."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now_s = 1000.0
        self.fault = Fault()
        self.writer = Writer(path, self.fault)
        controls = Controls(Settings(0.5, 7), length=0, pin=7)
        self.it = Conversation(controls, self.tell, lambda: self.now_s)
        self.recorder = Recorder(
            self.it,
            self.writer,
            clock=lambda: self.now_s,
            now=lambda: self.now_s,
        )
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        self.engine.load()

    def tell(self, update: Update) -> None:
        self.recorder.take(update)

    def written(self) -> Store:
        """Wait for what was handed over, and give the history as another would find it."""
        done = threading.Event()
        self.writer._put(lambda _: done.set())
        assert done.wait(WAIT_S), "the writer has not come so far"
        return Store(self.path)

    @contextmanager
    def history(self) -> Iterator[Store]:
        with closing(self.written()) as store:
            yield store

    def pieces(self) -> list[tuple[int, str]]:
        """Give (first character, text) of every piece."""
        with self.history() as store:
            return store.database.execute(
                "SELECT first, text FROM pieces ORDER BY rowid"
            ).fetchall()

    def close(self) -> None:
        self.recorder.rest()
        assert self.writer.close(WAIT_S)
        assert self.fault.sentences == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.db"


@pytest.fixture
def studio(path: Path) -> Iterator[Studio]:
    opened = Studio(path)
    yield opened
    opened.close()


def same(recorded: Tape, tape: Tape) -> None:
    """A tape came back."""
    assert recorded.runs() == tape.runs()
    assert (recorded.times, recorded.forced) == (tape.times, tape.forced)
    for column in ("ids", "surprisal_bits", "entropy_bits", "temperature"):
        assert getattr(recorded, column)() == getattr(tape, column)()


# When something is handed over.


def test_a_reply_that_streams_is_handed_over_once_a_second(studio: Studio) -> None:
    studio.it.send("seed")
    for letter in "abcdefgh":
        studio.engine.stream(letter)
        studio.now_s += 0.25
    assert studio.pieces() == [(0, "a"), (1, "bcde")]
    with studio.history() as store:
        (entry,) = store.entries()
        assert not entry.ended
    studio.engine.end()
    assert studio.pieces() == [(0, "a"), (1, "bcde"), (5, "fgh")]
    with studio.history() as store:
        assert found(store, "abcdefgh") == found(store, "seed") == [entry.id]


def test_a_reply_that_the_conversation_has_no_more_is_kept_in_the_history_alone(
    studio: Studio,
) -> None:
    gone = []
    for seed in ("one", "two", "three"):
        studio.it.send(seed)
        studio.engine.stream("abc")
        studio.engine.end()
        gone.append(weakref.ref(studio.it.turns[-1].reply))
        studio.it.tree.undo()
    studio.it.send("four")  # what was undone cannot come back from here on
    studio.engine.stream("def")
    studio.engine.end()
    gc.collect()
    assert [each() for each in gone] == [None, None, None]
    with studio.history() as store:
        assert len(store.entries()) == 4


def test_a_reply_of_no_character_is_none(studio: Studio) -> None:
    studio.it.send("seed")
    studio.it.stop()
    studio.it.send("another")
    with studio.history() as store:
        assert store.entries() == []


def test_what_determines_a_reply_is_kept_with_it(studio: Studio) -> None:
    studio.it.send("one")
    studio.engine.stream("abc")
    studio.engine.end()
    turned(studio.it)
    studio.now_s += 5
    studio.it.send("two")
    studio.engine.stream("def")
    with studio.history() as store:
        second, first = store.entries()
        assert (first.seed, first.started_s, first.ended) == ("one", 1000.0, True)
        assert (second.seed, second.started_s, second.ended) == ("two", 1005.0, False)
        recording = store.recording(second.id)
        assert (recording.seed, recording.text) == ("oneabctwo", "def")
        assert (recording.model, recording.model_sha256) == ("fake", "0" * 64)
        assert recording.runtime == RUNTIME
        row = store.database.execute("SELECT rng_seed, model_path FROM replies WHERE id = 1")
        assert row.fetchone() == ("7", "fake.onnx")


@pytest.mark.parametrize("interrupt", ["stop", "pause", "start", "die"])
def test_whatever_ends_a_reply_the_rest_of_it_is_kept_and_found(
    studio: Studio, interrupt: str
) -> None:
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.engine.stream("def")
    match interrupt:
        case "stop":
            studio.it.stop()
        case "pause":
            studio.it.pause()
        case "start":
            studio.it.send("another")
        case "die":
            studio.engine.die()
    with studio.history() as store:
        assert found(store, "abcdef") == [1]


def test_a_reply_that_goes_on_grows_in_its_row(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.it.pause()
    studio.it.pause()
    studio.now_s += 1
    studio.engine.stream("def")
    with studio.history() as store:
        (entry,) = store.entries()
        assert (entry.length, entry.ended) == (6, False)
    studio.it.stop()
    studio.it.resume()
    studio.engine.stream("ghi")
    studio.engine.end()
    with studio.history() as store:
        assert found(store, "abcdefghi") == [1]


def test_a_step_is_kept_at_once_and_does_not_end_the_reply_anew(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.it.pause()
    for letter in "de":
        studio.it.step()
        studio.engine.stream(letter)
        studio.engine.end()
    assert studio.it.state is Phase.PAUSED
    assert studio.pieces() == [(0, "abc"), (3, "d"), (4, "e")]
    with studio.history() as store:
        assert found(store, "abcd") == []
    studio.it.stop()
    with studio.history() as store:
        assert found(store, "abcde") == [1]


def test_a_seed_that_the_model_makes_up_is_not_kept(studio: Studio) -> None:
    studio.it.dream()
    studio.engine.stream("a dream")
    studio.engine.end()
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.it.dream()
    studio.engine.stream("another")
    studio.now_s += 5
    studio.engine.end()
    assert studio.pieces() == [(0, "abc")]


def test_a_branch_is_a_row_of_its_own_with_the_characters_before_it(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("abcdef")
    (turn,) = studio.it.turns
    studio.it.tree.branch(turn, 3)
    studio.engine.stream("xyz")
    studio.it.stop()
    studio.it.tree.branch(turn, 5)
    studio.engine.stream("w")
    studio.it.stop()
    studio.it.tree.walk(turn, 1)
    studio.it.tree.branch(turn, 1)
    studio.engine.stream("q")
    studio.it.stop()
    with studio.history() as store:
        rows = {entry.beginning: entry for entry in store.entries()}
        assert set(rows) == {"abcdef", "abcxyz", "abcxyw", "aq"}
        child = rows["abcxyw"]
        assert (child.parent, child.forked_at) == (rows["abcxyz"].id, 5)
        parent = rows["abcdef"]
        assert (parent.parent, parent.forked_at) == (None, 0)
        assert (rows["abcxyz"].parent, rows["abcxyz"].forked_at) == (parent.id, 3)
        assert (rows["aq"].parent, rows["aq"].forked_at) == (parent.id, 1)
        assert found(store, "abcx") == [child.id, rows["abcxyz"].id]


def test_the_lanes_of_a_ladder_begin_at_one_moment_and_are_listed_as_they_stood(
    path: Path,
) -> None:
    studio = Studio(path)
    ticks = itertools.count(1000)
    studio.recorder._now = lambda: float(next(ticks))  # so that each look at the clock is another
    studio.it.send("abc")
    studio.engine.stream("a")
    studio.it.ladder.climb("abc", (0.2, 0.5, 1.2))
    studio.engine._count = 0
    studio.engine.lanes(["aa", "bb", "cc"])
    studio.it.stop()
    with studio.history() as store:
        listed = in_ladders(store.entries())
    assert [it.entry.beginning for it in listed] == ["aa", "bb", "cc", "a"]
    assert "".join(it.mark for it in listed) == "┌├└ "
    assert [it.entry.temperatures for it in listed] == [(0.2,), (0.5,), (1.2,), (0.5,)]
    studio.close()


def test_replies_that_began_at_one_moment_at_one_temperature_are_no_ladder(
    studio: Studio,
) -> None:
    for text in ("a", "b"):
        studio.it.send("abc")
        studio.engine.stream(text)
    studio.it.stop()
    with studio.history() as store:
        listed = in_ladders(store.entries())
    assert [(it.entry.beginning, it.mark) for it in listed] == [("b", " "), ("a", " ")]


def test_a_row_tells_what_changed_and_how_the_temperature_moves(studio: Studio) -> None:
    studio.it.send("abc")
    studio.engine.stream("a")
    studio.it.change(studio.it.controls.with_settings(temperature=0.7, rng_seed=9))
    studio.engine.stream("b")
    studio.it.stop()
    studio.it.change(studio.it.controls.with_settings(moving="ramp", moving_to=1.5))
    studio.it.send("abc")
    studio.engine.stream("a")
    studio.it.stop()
    with studio.history() as store:
        second, first = store.entries()
    assert "temperature 0.5 → 0.7, RNG seed 7 → 9" in first.facts[0]
    assert "temperature 0.7 ramp 1.5, RNG seed 7" in second.facts[0]


def test_a_branch_without_a_character_of_its_own_is_none_nor_a_parent(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("abcdef")
    (turn,) = studio.it.turns
    studio.it.tree.branch(turn, 3)
    studio.it.tree.branch(turn, 2)
    studio.engine.stream("x")
    studio.it.stop()
    with studio.history() as store:
        branch, first = store.entries()
        assert (first.beginning, branch.beginning) == ("abcdef", "abx")
        assert (branch.parent, branch.forked_at) == (first.id, 2)


def test_the_text_of_another_model_is_read_with_its_own_characters(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.engine.stream("def")
    studio.engine.die()
    studio.it.attach(studio.engine.send)
    studio.engine.load(("\n", "x", "y"), "1" * 64)
    studio.it.send("xy")
    studio.engine.stream("yx", ("\n", "x", "y"))
    studio.it.stop()
    with studio.history() as store:
        assert [entry.beginning for entry in store.entries()] == ["yx", "abcdef"]
        assert [entry.model_sha256[0] for entry in store.entries()] == ["1", "0"]


def test_a_reply_from_the_history_goes_on_in_its_row(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.it.stop()
    with studio.history() as store:
        turn = studio.it.playing.open(store.recording(1), len(store.origin(1).before))
    studio.recorder.adopt(turn.reply, 1, 3)
    studio.it.resume()
    studio.engine.stream("def")
    studio.it.stop()
    studio.it.tree.branch(turn, 4)
    studio.engine.stream("x")
    studio.it.stop()
    with studio.history() as store:
        branch, first = store.entries()
        assert (first.id, first.beginning, first.ended) == (1, "abcdef", True)
        assert (branch.beginning, branch.parent) == ("abcdx", 1)


def test_a_reply_that_is_left_in_mid_play_goes_on_in_a_branch(studio: Studio) -> None:
    studio.it.send("seed")
    for text in ("abc", "def"):
        studio.engine.stream(text)
        studio.now_s += 1
    studio.it.stop()
    with studio.history() as store:
        turn = studio.it.playing.play(store.recording(1))
    studio.recorder.adopt(turn.reply, 1, 6)
    studio.now_s += 0.5
    studio.it.advance()
    assert turn.text() == "abc"
    studio.it.stop()
    studio.it.resume()
    studio.engine.stream("xyz")
    studio.now_s += 1
    studio.engine.stream(".")
    studio.it.stop()
    with studio.history() as store:
        branch, first = store.entries()
        assert (first.id, first.beginning) == (1, "abcdef")
        assert (branch.beginning, branch.parent, branch.forked_at) == ("abcxyz.", 1, 3)
        same(store.recording(branch.id).tape, turn.tape)


@pytest.mark.parametrize("play", [False, True])
def test_a_reply_from_elsewhere_is_kept_as_soon_as_it_goes_on(studio: Studio, play: bool) -> None:
    tape = Tape()
    floats = array("f", [1.0] * 3).tobytes()
    tape.append(Columns(array("H", [2, 3, 4]).tobytes(), floats, floats, floats), Settings(0.7))
    recording = Recording("fake", "0" * 64, RUNTIME, "read seed", "abc", tape)
    if play:
        turn = studio.it.playing.play(recording, at_once=True, conversation=5)
        studio.it.advance()
    else:
        turn = studio.it.playing.open(recording, conversation=5)
    studio.it.tree.undo()
    studio.it.tree.redo()
    assert turn.text() == "abc"
    assert studio.pieces() == []
    studio.it.tree.branch(turn, 2)
    studio.engine.stream("x")
    studio.it.stop()
    studio.it.tree.walk(turn, 1)
    assert studio.pieces() == [(0, "abx")]
    studio.it.resume()
    studio.engine.stream("de")
    studio.it.stop()
    with studio.history() as store:
        whole, branch = store.entries()
        assert (branch.beginning, branch.parent, branch.forked_at) == ("abx", None, 0)
        assert (whole.beginning, whole.seed) == ("abcde", "seed")
        assert store.origin(whole.id).before == "read "
        same(store.recording(whole.id).tape, turn.tape)


def test_a_turn_that_is_taken_back_stays_in_the_history(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.engine.stream("def")
    studio.it.tree.undo()
    with studio.history() as store:
        assert found(store, "abcdef") == [1]
    studio.it.tree.redo()
    studio.it.resume()
    studio.engine.stream("ghi")
    studio.it.stop()
    with studio.history() as store:
        assert found(store) == found(store, "abcdefghi") == [1]


# How pieces are cut.


def test_a_piece_has_a_bound_and_what_is_longer_is_several(studio: Studio) -> None:
    studio.it.send("seed")
    studio.engine.stream("ab" * MOST_CHARACTERS)
    with studio.history() as store:
        lengths = store.database.execute("SELECT length FROM pieces").fetchall()
        assert lengths == [(MOST_CHARACTERS,), (MOST_CHARACTERS,)]
        (turn,) = studio.it.turns
        same(store.recording(1).tape, turn.tape)


_BATCHES = st.lists(
    st.tuples(st.integers(0, 4), st.floats(0, 2), st.booleans()), min_size=1, max_size=12
)


@settings(deadline=None)
@given(_BATCHES, st.data())
def test_a_piece_has_what_lies_within_it_and_nothing_else(
    batches: list[tuple[int, float, bool]], data: st.DataObject
) -> None:
    tape = Tape()
    for number, (count, temperature, typed) in enumerate([*batches, (1, 0.5, False)]):
        floats = array("f", [number] * count).tobytes()
        ids = array("H", [number] * count).tobytes()
        tape.append(Columns(ids, floats, floats, floats), Settings(temperature), number / 2, typed)
    start = data.draw(st.integers(0, len(tape) - 1))
    stop = data.draw(st.integers(start + 1, len(tape)))
    got = cut(tape, start, stop, Vocabulary(SYMBOLS))
    assert (got.first, len(got.text)) == (start, stop - start)
    assert got.text == "".join(SYMBOLS[index] for index in tape.ids(start, stop))
    assert got.changes[0] == (start, tape.settings_at(start))
    assert got.changes[1:] == tuple(run for run in tape.runs() if start < run[0] < stop)
    assert got.times == tuple(time for time in tape.times if start <= time[0] < stop)
    typed_at = {i for first, count in tape.forced for i in range(first, first + count)}
    assert {i for first, count in got.forced for i in range(first, first + count)} == (
        typed_at & set(range(start, stop))
    )


_WHATS = [
    *("stream", "stream", "stream", "wait", "send", "again", "branch", "walk", "pause", "step"),
    *("stop", "on", "warmer", "continue", "dream", "end", "die", "undo", "redo"),
]


def _steps(whats: list[str]) -> st.SearchStrategy[list[tuple[str, int, str]]]:
    text = st.text("abcdefghij ", min_size=1, max_size=6)
    return st.lists(st.tuples(st.sampled_from(whats), st.integers(0, 10**6), text), max_size=40)


def _run(studio: Studio, steps: list[tuple[str, int, str]]) -> dict[Reply, tuple[Turn, int]]:
    """Give every reply that there ever was: its turn, and how much of it was there before it."""
    replies: dict[Reply, tuple[Turn, int]] = {}
    for what, number, text in steps:
        opened = _do(studio, what, number, text)
        if opened is not None:
            replies[opened.reply] = (opened, len(opened.tape))
        for turn in studio.it.turns:
            for reply in turn.replies:
                replies.setdefault(reply, (turn, reply.forked_at))
    studio.close()
    return replies


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(_steps(_WHATS))
def test_whatever_is_done_every_reply_is_kept_once_and_as_its_tape_says(
    steps: list[tuple[str, int, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder) / "h.db")
        replies = _run(studio, steps)
        expected = sorted(
            (turn.seed, _text(reply), reply.forked_at)
            for reply, (turn, before) in replies.items()
            if len(reply.tape) > before
        )
        with closing(Store(studio.path)) as store:
            entries = store.entries(limit=10_000)
            assert all(entry.ended for entry in entries)
            assert expected == sorted((it.seed, store.text(it.id), it.forked_at) for it in entries)
            for entry in entries:
                _check(store, entry.id, list(replies))
                if entry.parent is not None:
                    shared = store.text(entry.parent)[: entry.forked_at]
                    assert store.text(entry.id)[: entry.forked_at] == shared


@settings(max_examples=60, deadline=None)
@given(_steps([*_WHATS, "open", "open", "on"]))
def test_whichever_reply_is_opened_and_goes_on_nothing_is_lost_and_nothing_is_twice(
    steps: list[tuple[str, int, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        studio = Studio(Path(folder) / "h.db")
        grown = [it for it, (_, before) in _run(studio, steps).items() if len(it.tape) > before]
        with closing(Store(studio.path)) as store:
            rows = [entry.id for entry in store.entries(limit=10_000)]
            assert len(rows) <= len(grown)
            for row in rows:
                _check(store, row, grown)
            for reply in grown:
                assert any(store.text(row).startswith(_text(reply)) for row in rows)


def _text(reply: Reply) -> str:
    return "".join(SYMBOLS[index] for index in reply.tape.ids())


def _check(store: Store, row: int, replies: list[Reply]) -> None:
    """A row is, to the last time, one of these replies."""
    tape = store.recording(row).tape
    same_text = [reply for reply in replies if _text(reply) == store.text(row)]
    facts = [(reply.tape.runs(), reply.tape.times, reply.tape.forced) for reply in same_text]
    assert (tape.runs(), tape.times, tape.forced) in facts


def _open(studio: Studio, number: int) -> Turn | None:
    """Go on with any reply of the history, from its end or from where its play was left."""
    studio.recorder.rest()
    with studio.history() as store:
        entries = store.entries()
        if not entries:
            return None
        entry = entries[number % len(entries)]
        recording = store.recording(entry.id)
    if number % 2:
        turn = studio.it.playing.open(recording)
    else:
        turn = studio.it.playing.play(recording)
        studio.now_s += number / 10**6
        studio.it.advance()
    studio.recorder.adopt(turn.reply, entry.id, entry.length)
    return turn


def _do(studio: Studio, what: str, number: int, text: str) -> Turn | None:
    """Do a step; gives a turn that was opened."""
    it, engine = studio.it, studio.engine
    turn = it.turns[number % len(it.turns)] if it.turns else None
    match what:
        case "stream" if it.state in (Phase.STREAMING, Phase.DREAMING):
            engine.stream(text)
        case "wait":
            studio.now_s += number / 10**6 * 3
        case "send":
            it.send(text)
        case "again":
            it.regenerate()
        case "branch" if turn is not None:
            it.tree.branch(turn, number % (len(turn.tape) + 1))
        case "walk" if turn is not None:
            it.tree.walk(turn, 1 - 2 * (number % 2))
        case "pause":
            it.pause()
        case "step" if it.turn is not None and it.state in (Phase.IDLE, Phase.PAUSED):
            it.step()
            engine.stream(text[0])
            engine.end()
        case "stop":
            it.stop()
        case "on":
            it.resume()
        case "warmer":
            COMMANDS["warmer" if number % 2 else "cooler"].run(it, "")
        case "continue":
            turned(it)
        case "dream":
            it.dream()
        case "undo":
            it.tree.undo()
        case "redo":
            it.tree.redo()
        case "open":
            return _open(studio, number)
        case "end" if it.state in (Phase.STREAMING, Phase.DREAMING):
            engine.end()
        case "die":
            engine.die()
            it.attach(engine.send)
            engine.load()
    return None


# The writer.


def test_a_ticket_has_the_row_of_its_reply_once_it_is_made(path: Path) -> None:
    fault = Fault()
    writer = Writer(path, fault)
    ticket = writer.begin(origin())
    child = writer.begin(origin(), ticket)
    writer.append(child, piece(0, "text"))
    writer.finish(child)
    writer.prompt("typed")
    assert writer.close(WAIT_S)
    assert (ticket.reply, child.reply) == (1, 2)
    with closing(Store(path)) as store:
        assert store.entry(2).parent == 1
        assert found(store, "text") == [2]
        assert store.prompts() == ["typed"]
    assert fault.sentences == []


def test_what_a_killed_app_has_left_is_found_after_the_next_start(path: Path) -> None:
    with closing(Store(path)) as store:
        reply = store.begin(origin())
        store.append(reply, piece(0, "text"))
        store.database.execute("UPDATE replies SET owner_pid = 4194305, owner = 'gone'")
    assert Writer(path, Fault()).close(WAIT_S)
    with closing(Store(path)) as store:
        assert found(store, "text") == [reply]


def test_deletions_are_final_at_a_start_a_week_later(path: Path) -> None:
    with closing(Store(path, now=lambda: 1.0)) as store:
        old = kept(store, "old")
        store.delete(old)
    with closing(Store(path)) as store:
        new = kept(store, "new")
        store.delete(new)
    assert Writer(path, Fault()).close(WAIT_S)
    with closing(Store(path)) as store:
        assert found(store, deleted=True) == [new]


def test_a_reply_that_is_purged_while_it_grows_stops_no_other(path: Path) -> None:
    with closing(Store(path)) as store:
        gone = kept(store, "gone")
        store.delete(gone)
        store.purge()
    fault = Fault()
    writer = Writer(path, fault)
    writer.append(Ticket(gone), piece(4, "more"))
    writer.finish(Ticket(gone))
    other = writer.begin(origin())
    writer.append(other, piece(0, "text"))
    assert writer.close(WAIT_S)
    assert fault.sentences == []
    with closing(Store(path)) as store:
        assert found(store) == [other.reply]


def _full(path: Path) -> Store:
    store = Store(path)
    (pages,) = store.database.execute("PRAGMA page_count").fetchone()
    store.database.execute(f"PRAGMA max_page_count = {pages}")
    return store


def _read_only(path: Path) -> Store:
    store = Store(path)
    store.database.execute("PRAGMA query_only = 1")
    return store


def _quick(path: Path) -> Store:
    return Store(path, timeout_s=0.05)


def _other(path: Path) -> Store:
    (path.parent / "notes.txt").write_text("no database, " * 100)
    return Store(path.parent / "notes.txt")


def _broken(path: Path) -> Store:
    raise OSError(5, "Input/output error", str(path))


@pytest.mark.parametrize(
    ("open_store", "says"),
    [
        (_full, "the disk is full; free some space"),
        (_read_only, "is read-only; make it"),
        (_other, "is no SQLite database, and is left as it is"),
        (_broken, "Input/output error"),
    ],
)
def test_a_writer_that_cannot_go_on_says_so_once_and_takes_the_rest_in_vain(
    path: Path, open_store: Callable[[Path], Store], says: str
) -> None:
    with closing(Store(path)) as store:
        reply = kept(store, "text")
    fault = Fault()
    writer = Writer(path, fault, open_store)
    ticket = writer.begin(origin())
    writer.append(ticket, piece(0, "more " * 10_000))
    assert fault.told.wait(WAIT_S), "nothing was said of the fault"
    for _ in range(3):
        writer.append(writer.begin(origin()), piece(0, "even more"))
        writer.prompt("typed")
    writer.finish(ticket)
    assert writer.close(WAIT_S)
    (sentence,) = fault.sentences
    assert says in sentence
    assert sentence.endswith("nothing more is kept in this session")
    assert "\n" not in sentence
    with closing(Store(path)) as store:
        assert store.text(reply) == "text"
        assert store.prompts() == []


def test_a_writer_waits_for_another_app_and_says_so_if_that_takes_too_long(path: Path) -> None:
    fault = Fault()
    with closing(Store(path)) as store:
        store.database.execute("BEGIN IMMEDIATE")
        writer = Writer(path, fault, _quick)
        writer.prompt("typed")  # returns at once, whatever the thread waits for
        assert fault.told.wait(WAIT_S), "nothing was said of the lock"
        store.database.execute("COMMIT")
        assert writer.close(WAIT_S)
        assert "is locked by another program" in fault.sentences[0]
        patient = Writer(path, fault)
        store.database.execute("BEGIN IMMEDIATE")
        patient.prompt("typed")
        store.database.execute("COMMIT")
        assert patient.close(WAIT_S)
        assert store.prompts() == ["typed"]
    assert len(fault.sentences) == 1


def test_an_app_leaves_in_time_though_its_history_hangs(path: Path) -> None:
    go = threading.Event()

    def hanging(path: Path) -> Store:
        assert go.wait(WAIT_S)
        return Store(path)

    writer = Writer(path, Fault(), hanging)
    writer.prompt("typed")
    assert not writer.close(0.01)
    go.set()
    assert writer.close(WAIT_S)
    with closing(Store(path)) as store:
        assert store.prompts() == ["typed"]


def test_what_was_handed_over_is_written_before_a_process_ends_at_once(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    conversation = Conversation(Controls(Settings()), lambda _: None)
    keeper = Keeper(path, conversation, Fault())
    for number in range(100):
        keeper.prompt(f"typed {number}")
    assert keeper.flush(WAIT_S)
    with closing(Store(path)) as store:
        assert len(store.prompts()) == 100


def test_the_conversation_goes_on_without_its_history(tmp_path: Path) -> None:
    studio = Studio(tmp_path)  # a folder
    assert studio.fault.told.wait(WAIT_S)
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.engine.end()
    (turn,) = studio.it.turns
    assert turn.text() == "abc"
    assert studio.writer.close(WAIT_S)
    (sentence,) = studio.fault.sentences
    assert "is a folder; give the path of a file" in sentence
    with pytest.raises(HistoryError):
        Store(tmp_path)


# A file that is no longer the one that was opened.


@pytest.fixture
def bereft(path: Path) -> Iterator[Studio]:
    """A conversation with a reply that streams, whose file a test takes away."""
    opened = Studio(path)
    opened.it.send("seed")
    opened.engine.stream("abc")
    opened.written().close()
    yield opened
    opened.recorder.rest()
    assert opened.writer.close(WAIT_S)


def _more(studio: Studio, text: str) -> None:
    studio.now_s += PERIOD_S
    studio.engine.stream(text)


def _kept_texts(path: Path) -> list[str]:
    with closing(Store(path)) as store:
        return [entry.beginning for entry in store.entries()]


def test_a_file_that_is_removed_while_text_streams_is_told_once_and_begun_again(
    bereft: Studio,
) -> None:
    bereft.path.unlink()
    _more(bereft, "def")
    assert bereft.fault.told.wait(WAIT_S), "nothing was said of it"
    _more(bereft, "ghi")
    bereft.engine.end()
    bereft.written().close()
    assert _kept_texts(bereft.path) == ["abcdefghi"]
    (sentence,) = bereft.fault.sentences
    assert f"the history {bereft.path} was removed" in sentence
    assert "\n" not in sentence


def test_a_folder_that_is_removed_with_all_that_is_in_it_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "history.db"
    studio = Studio(path)
    studio.it.send("seed")
    studio.engine.stream("abc")
    studio.written().close()
    shutil.rmtree(path.parent)
    _more(studio, "def")
    assert studio.fault.told.wait(WAIT_S), "nothing was said of it"
    _more(studio, "ghi")
    studio.recorder.rest()
    assert studio.writer.close(WAIT_S)
    assert _kept_texts(path) == ["abcdefghi"]


def test_a_reply_that_ends_with_its_file_gone_is_kept_once_that_is_known(bereft: Studio) -> None:
    bereft.path.unlink()
    bereft.engine.stream("def")
    bereft.engine.end()
    assert bereft.fault.told.wait(WAIT_S), "nothing was said of it"
    bereft.recorder.look()
    with closing(bereft.written()) as store:
        (entry,) = store.entries()
        assert (entry.beginning, entry.ended) == ("abcdef", True)


def test_a_file_that_is_moved_away_stays_as_it_was(bereft: Studio, tmp_path: Path) -> None:
    bereft.path.rename(tmp_path / "moved.db")
    (tmp_path / "history.db-wal").rename(tmp_path / "moved.db-wal")
    _more(bereft, "def")
    assert bereft.fault.told.wait(WAIT_S), "nothing was said of it"
    _more(bereft, "ghi")
    bereft.written().close()
    assert _kept_texts(tmp_path / "moved.db") == ["abc"]
    assert _kept_texts(bereft.path) == ["abcdefghi"]


def test_a_file_in_whose_place_another_was_put_is_left_and_that_one_goes_on(
    bereft: Studio, tmp_path: Path
) -> None:
    with closing(Store(tmp_path / "other.db")) as store:
        kept(store, "of another day")
    (tmp_path / "other.db").replace(bereft.path)
    for end in ("-wal", "-shm"):
        (tmp_path / f"history.db{end}").unlink()
    _more(bereft, "def")
    assert bereft.fault.told.wait(WAIT_S), "nothing was said of it"
    _more(bereft, "ghi")
    bereft.engine.end()
    bereft.written().close()
    assert sorted(_kept_texts(bereft.path)) == ["abcdefghi", "of another day"]
    assert "another file is there" in bereft.fault.sentences[0]


def test_a_branch_is_kept_without_a_parent_that_went_with_its_file(bereft: Studio) -> None:
    bereft.engine.end()
    bereft.written().close()
    bereft.path.unlink()
    assert bereft.it.tree.branch(bereft.it.turns[0], 1, rng_seed=3)
    _more(bereft, "xy")
    assert bereft.fault.told.wait(WAIT_S), "nothing was said of it"
    _more(bereft, "z")
    bereft.engine.end()
    with closing(bereft.written()) as store:
        assert [(it.beginning, it.parent) for it in store.entries()] == [("axyz", None)]


def test_what_is_still_to_be_kept_at_the_end_is_kept_though_the_file_is_gone(path: Path) -> None:
    fault = Fault()
    it = Conversation(Controls(Settings(0.5, 7), length=0), lambda update: keeper.take(update))
    keeper = Keeper(path, it, fault)
    engine = QueuedEngine()
    engine.listen(it.receive)
    it.attach(engine.send)
    engine.load()
    it.send("seed")
    engine.stream("abc")
    written = threading.Event()
    keeper._writer._put(lambda _: written.set())
    assert written.wait(WAIT_S)
    path.unlink()
    engine.stream("def")
    keeper.close()
    assert _kept_texts(path) == ["abcdef"]
    assert len(fault.sentences) == 1
