"""Following what a conversation shows, held against reading the shown text anew."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charlm_tui.recital import Findings, Following, Index, Recital, build
from charlm_tui.recital.follower import (
    AT_ONCE,
    CHANCE_MATCH,
    LONGEST_MATCH,
    LONGEST_WORD,
    TOLD,
    recital_levels,
)
from charlm_tui.reply.tints import LEVELS
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import Phase, TurnRewound, Update
from tests.support.engines import SYMBOLS
from tests.support.replies import Reader

CORPUS = (
    "a bird on the old wall sang to no one in the rain; we heard it, and went on. "
    "slowly evening came - quiet, grey, without wind. nobody's self-love asked why.\n"
)
INDEX = build(CORPUS)
PARTS = st.one_of(
    st.tuples(st.integers(0, len(CORPUS)), st.integers(1, 90)).map(
        lambda part: "".join(c for c in CORPUS[part[0] : sum(part)] if c in SYMBOLS)
    ),
    st.text("abn '-\n", min_size=1, max_size=20),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("text"), PARTS),
        st.tuples(st.just("seed"), st.just("a")),
        st.tuples(st.just("text"), PARTS),  # most of all that: else there is little to rewind
        st.tuples(st.just("branch"), st.integers(0, 500)),
        st.tuples(st.just("walk"), st.sampled_from([-1, 1])),
        st.tuples(st.just("undo"), st.just(0)),
        st.tuples(st.just("redo"), st.just(0)),
        st.tuples(st.just("look"), st.just(0.0)),
        st.tuples(st.just("look"), st.just(0.0)),
    ),
    min_size=6,
    max_size=24,
)


class Watcher(Reader):
    """A screen that follows as well, now and then."""

    def __init__(self, index: Index) -> None:
        self.following = Following(index)
        super().__init__()

    def show(self, update: Update) -> None:
        super().show(update)
        if isinstance(update, TurnRewound):
            self.following.rewind(update.turn, update.length)

    def do(self, what: str, how: object) -> None:
        turn = self.it.turn
        match what, how:
            case "text", str(text) if self.it.state is Phase.STREAMING:
                self.engine.stream(text)
            case "seed", str(text):
                self.it.send(text)
            case "branch", int(place) if self.it.turns:
                chosen = self.it.turns[place % len(self.it.turns)]
                self.it.tree.branch(chosen, place % (len(chosen.tape) + 1))
            case "walk", int(steps) if self.it.turns:
                self.it.tree.walk(self.it.turns[0], steps)
            case "undo", _:
                self.it.tree.undo()
            case "redo", _:
                self.it.tree.redo()
            case "look", float(for_s):
                self.following.follow(turn, for_s)


def read(watcher: Watcher) -> Findings | None:
    assert watcher.following.follow(watcher.it.turn, 60.0)
    return watcher.following.findings


def anew(index: Index, turn: Turn | None) -> tuple[object, ...] | None:
    if turn is None or not len(turn.tape):
        return None
    recital = Recital(index)
    recital.follow(turn.text())
    return len(recital), recital.longest, recital.words, recital.lengths().tolist()


def told(findings: Findings | None, following: Following) -> tuple[object, ...] | None:
    if findings is None:
        return None
    lengths = following._recital.lengths().tolist()
    words = (findings.words, findings.unknown_words)
    return findings.length, findings.passage, words, lengths


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_whatever_way_a_conversation_takes_what_is_known_is_that_of_the_text_it_shows(
    steps: list[tuple[str, object]],
) -> None:
    watcher = Watcher(INDEX)
    watcher.it.send("a")
    for what, how in steps:
        watcher.do(what, how)
        following = watcher.following
        if what == "look":
            assert told(following.findings, following) == anew(INDEX, watcher.it.turn)
    turn = watcher.it.turn
    assert told(read(watcher), watcher.following) == anew(INDEX, turn)


def followed(text: str, index: Index = INDEX) -> Findings:
    watcher = Watcher(index)
    watcher.it.send("a")
    watcher.engine.stream(text)
    findings = read(watcher)
    assert findings is not None
    return findings


def test_a_walk_takes_up_what_siblings_have_in_common_and_reads_the_rest() -> None:
    watcher = Watcher(INDEX)
    watcher.it.send("a")
    watcher.engine.stream("xx on the old wall sang")
    read(watcher)
    turn = watcher.it.turn
    assert turn is not None
    watcher.it.tree.branch(turn, 8)
    assert len(watcher.following._recital) == 8
    watcher.engine.stream("xx")
    findings = read(watcher)
    assert findings is not None
    assert (findings.length, findings.text) == (10, " on th")
    watcher.it.tree.walk(turn, 1)
    assert len(watcher.following._recital) == 8
    findings = read(watcher)
    assert findings is not None
    assert findings.text == " on the old wall sang"


def test_reading_stops_when_its_time_is_over_and_goes_on_where_it_was() -> None:
    watcher = Watcher(INDEX)
    ticks = itertools.count()
    watcher.following = Following(INDEX, clock=lambda: float(next(ticks)))
    watcher.it.send("a")
    watcher.engine.stream("a bird on the " * 200)
    turn = watcher.it.turn
    counts = []
    while not watcher.following.follow(turn, 1.0):
        assert watcher.following.findings is not None
        counts.append(watcher.following.findings.length)
    assert counts == [AT_ONCE * step for step in range(1, 6)]


def test_words_of_a_passage_are_those_that_are_whole() -> None:
    assert followed("xxrd on the old wax").text == "rd on the old wa"
    assert followed("xxrd on the old wax").passage_words == 3
    assert followed("xx on the old xx").passage_words == 3
    assert followed("on the old wall.").passage_words == 4
    assert followed("qlowlx").passage_words == 0
    assert followed("nobody's self-lovx").passage_words == 1
    assert followed("nobody's self-love, ").passage_words == 2


def test_the_newest_unknown_words_are_told_and_one_that_has_no_end_is_cut() -> None:
    findings = followed("the qua wall quo quid quam ")
    assert (findings.words, findings.unknown_words) == (6, 4)
    assert findings.unknown_share == pytest.approx(4 / 6)
    assert findings.newest_unknown == ("quam", "quid")
    assert followed("q" * 100 + " ").newest_unknown == ("…" + "q" * LONGEST_WORD,)


def test_of_a_long_passage_its_ends_are_told() -> None:
    text = "".join(f"{a}{b}{c}" for a, b, c in itertools.product("abcdefgh", repeat=3))
    findings = followed(text, build(text))
    assert findings.passage.length == len(text)
    assert findings.share == 1.0
    assert findings.text == f"{text[: TOLD // 2]}…{text[-TOLD // 2 :]}"


def test_a_reply_of_nothing_the_corpus_has_and_no_reply_at_all_are_told() -> None:
    findings = followed("zzz", build("abc"))
    assert (findings.passage.length, findings.text, findings.share) == (0, "", 0.0)
    watcher = Watcher(INDEX)
    assert read(watcher) is None


@given(PARTS, PARTS, st.integers(0, 200), st.integers(0, 100))
def test_a_part_is_tinted_as_the_whole_is(one: str, other: str, start: int, count: int) -> None:
    watcher = Watcher(INDEX)
    watcher.it.send("a")
    watcher.engine.stream(one + other)
    turn = watcher.it.turn
    assert turn is not None
    length = len(one + other)
    start = min(start, length)
    stop = min(start + count, length)
    recital = Recital(INDEX)
    recital.follow(one + other)
    expected = [
        0 if it <= CHANCE_MATCH else LEVELS - 1 if it >= LONGEST_MATCH else None
        for it in recital.lengths(start, stop).tolist()
    ]
    found = recital_levels(INDEX, turn, start, stop)
    assert len(found) == stop - start
    for level, sure in zip(found, expected, strict=True):
        assert level == sure if sure is not None else 1 <= level < LEVELS
    assert found == recital_levels(INDEX, turn, 0, length)[start:stop]
