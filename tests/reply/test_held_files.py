"""Held units in a tape file, a shared line and the history: version 2, and only where they are."""

import json
import re
from array import array
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from charlm_tui.history.records import in_ladders
from charlm_tui.history.schema import DamagedError
from charlm_tui.history.store import Piece, Store
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.held import Held
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.exports.facts import command, reply_facts
from charlm_tui.reply.share_line import ShareLineError, from_line, to_line
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording, TapeFileError
from charlm_tui.reply.verify import Verdict, replay
from tests.support.fuzz_files import packed_line, unpacked_line
from tests.support.held import held_units, small_model
from tests.support.replies import origin

LENGTH = 24
SEED = "a bird"
STATES = ("h0", "h1")
MODEL = small_model(STATES, 3)
BOTH = (Held("h0", 3, 1.0), Held("h1", 6, -0.25))

every_setting = st.builds(
    Settings,
    temperature=st.sampled_from([0.0, 0.5, 1.0]),
    rng_seed=st.integers(0, 3),
    carry=st.booleans(),
    held=st.one_of(st.just(()), held_units(STATES)),
)
performances = st.builds(
    lambda first, more: [(0, first), *sorted(dict(more).items())],
    every_setting,
    st.lists(st.tuples(st.integers(1, LENGTH - 1), every_setting), max_size=3),
)


def recorded(changes: list[tuple[int, Settings]]) -> Recording:
    """Draw a reply, in which a context of another kind reads again, and record it."""
    from charlm_tui.reply.timeline import resume_point

    vocabulary = MODEL.contract.vocabulary
    read, tape = prefixed(vocabulary, vocabulary.encode(SEED)), Tape()
    for first, end in pairwise([*(first for first, _ in changes), LENGTH]):
        settings = next(it for at, it in reversed(changes) if at <= first)
        here = resume_point(read, tape, first, settings, MODEL.contract.window)
        drawn = Generation(
            open_context(MODEL, settings),
            Sampler(len(vocabulary)),
            settings,
            here.read,
            first,
            here.mirostat_history,
            here.holds,
        )
        tape.append(Columns.of(drawn.draw(end - first)), settings)
    text = vocabulary.decode(tape.ids())
    runtime = Runtime("1.2", "x86_64 Linux")
    return Recording("small", MODEL.sha256, runtime, SEED, text, tape)


def in_history(recording: Recording, path: Path) -> tuple[Recording, int]:
    """Keep a reply in two pieces; return it as it is read, and the version of the file."""
    tape, half = recording.tape, LENGTH // 2
    with closing(Store(path)) as store:
        reply = store.begin(origin(SEED))
        for at, end in ((0, half), (half, LENGTH)):
            runs = {max(at, first): settings for first, settings in tape.runs(end)}
            text, columns = recording.text[at:end], tape.columns(at, end)
            store.append(reply, Piece(at, text, columns, tuple(runs.items())))
        store.finish(reply)
    with closing(Store(path)) as store:  # that can be opened again
        (version,) = store.database.execute("PRAGMA user_version").fetchone()
        assert [entry.id for entry in store.entries()] == [reply]
        return store.recording(reply), version


many = hypothesis_settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@many
@given(performances)
def test_what_was_held_comes_back_from_every_kind_of_file(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, Settings]]
) -> None:
    recording = recorded(changes)
    runs = recording.tape.runs()
    version = 2 if any(settings.held for _, settings in runs) else 1
    content, line = recording.to_json(), to_line(recording)
    assert json.loads(content)["version"] == version
    assert line.startswith(f"charlm{version}.")
    assert ('"held"' in content) == (version == 2)
    assert Recording.from_json(content, "x") == recording
    assert from_line(line).tape.runs() == runs
    kept, of_file = in_history(recording, tmp_path_factory.mktemp("history") / "h.db")
    assert kept.tape.runs() == runs
    assert of_file == version


@many
@given(performances)
def test_a_held_reply_is_made_again_from_a_file(changes: list[tuple[int, Settings]]) -> None:
    recording = recorded(changes)
    for again in (Recording.from_json(recording.to_json(), "x"), from_line(to_line(recording))):
        *_, verdict = replay(again, MODEL)
        assert isinstance(verdict, Verdict)
        assert verdict.differs_at is None


def test_a_held_reply_that_is_made_again_without_comes_out_another() -> None:
    """Else the test above would say nothing."""
    held = Settings(1.0, 1, held=(Held("h0", 0, 5.0), Held("h1", 0, 5.0), Held("h1", 1, -5.0)))
    recording = recorded([(0, held)])
    document = json.loads(recording.to_json())
    del document["changes"][0]["held"]
    *_, verdict = replay(Recording.from_json(json.dumps(document), "x"), MODEL)
    assert isinstance(verdict, Verdict)
    assert verdict.differs_at is not None
    assert verdict.differs_at >= 2


HELD = recorded([(0, Settings(1.0)), (5, Settings(1.0, held=BOTH)), (15, Settings(1.0))])


def test_of_a_line_what_is_no_longer_held_is_told() -> None:
    runs = unpacked_line(to_line(HELD))[8]
    assert [changes.get("held") for _, changes, *_ in runs] == [None, [*map(list, BOTH)], []]


HOSTILE: tuple[Any, ...] = (
    None,
    0,
    True,
    "c",
    {},
    [[]],
    ["h0"],
    [["h0", 3]],
    [["h0", 3, 1.0, 2]],
    [["h0", True, 1.0]],
    [["h0", 3.0, 1.0]],
    [["h0", 3, True]],
    [["h0", 3, None]],
    [["h0", 3, 10**400]],
    [["h0", 3, 1e308]],
    [["h0", -1, 1.0]],
    [["h0", 2**63, 1.0]],
    [["", 3, 1.0]],
    [["\ud800", 3, 1.0]],
    [["\x1b[2J", 3, 1.0]],
    [["h" * 5000, 3, 1.0]],
    [[3, "h0", 1.0]],
    [["h0", 3, 1.0], ["h0", 3, 1.0]],
    [["h0", number, 1.0] for number in range(65)],
)


@pytest.mark.parametrize("value", HOSTILE)
def test_what_is_no_held_unit_is_refused_in_one_sentence(value: Any, tmp_path: Path) -> None:
    document = json.loads(HELD.to_json())
    document["changes"][1]["held"] = value
    with pytest.raises(TapeFileError, match="is a damaged tape") as of_tape:
        Recording.from_json(json.dumps(document), "x.tape")
    found = unpacked_line(to_line(HELD))
    found[8][1][1]["held"] = value
    with pytest.raises(ShareLineError, match="cut off or damaged") as of_line:
        from_line(packed_line(json.dumps(found).encode(), version=2))
    path = tmp_path / "h.db"
    in_history(HELD, path)
    with closing(Store(path)) as store:
        changes = json.dumps([[0, Settings().to_file() | {"held": value}]])
        store.database.execute("UPDATE pieces SET changes = ? WHERE first = 0", (changes,))
        with pytest.raises(DamagedError, match="is damaged") as of_row:
            store.recording(1)
    for error in (of_tape, of_line, of_row):
        assert "\n" not in str(error.value)
        assert "\x1b" not in str(error.value)
        assert len(str(error.value)) < 400


def test_a_file_of_version_1_has_no_held_units() -> None:
    document = json.loads(HELD.to_json())
    with pytest.raises(TapeFileError, match=r"damaged tape .*its held is"):
        Recording.from_json(json.dumps(document | {"version": 1}), "x.tape")
    with pytest.raises(ShareLineError, match="the setting 'held'"):
        from_line(packed_line(json.dumps(unpacked_line(to_line(HELD))).encode()))


def test_a_unit_that_the_model_of_a_tape_has_not_is_told() -> None:
    content = HELD.to_json().replace('"h1"', '"h9"')
    with pytest.raises(TapeFileError, match=r"the tape is damaged: the model has no unit h9\[6\]"):
        list(replay(Recording.from_json(content, "x"), MODEL))


def test_a_history_that_has_nothing_held_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    plain = recorded([(0, Settings(1.0))])
    assert in_history(plain, path)[1] == 1
    with closing(Store(path)) as store:
        tape = HELD.tape
        reply = store.begin(origin(SEED))
        store.append(reply, Piece(0, HELD.text[:5], tape.columns(0, 5), ((0, Settings(1.0)),)))
        assert store.database.execute("PRAGMA user_version").fetchone() == (1,)
        held = Piece(5, HELD.text[5:9], tape.columns(5, 9), ((5, Settings(1.0, held=BOTH)),))
        store.append(reply, held)
        assert store.database.execute("PRAGMA user_version").fetchone() == (2,)
    for _ in range(2):  # and it is of that version for good
        with closing(Store(path)) as store:
            assert store.database.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_list_tells_what_was_held_and_twins_stand_together(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with closing(Store(path)) as store:
        for held in (BOTH, ()):
            it = recorded([(0, Settings(1.0, held=held))])
            reply = store.begin(origin(SEED))
            changes = ((0, Settings(1.0, held=held)),)
            store.append(reply, Piece(0, it.text, it.tape.columns(), changes))
            store.finish(reply)
        entries = store.entries()
        assert [entry.held for entry in entries] == ["", "h0[3] = 1, h1[6] = -0.25 held"]
        assert entries[1].facts[0].endswith("RNG seed 0, h0[3] = 1, h1[6] = -0.25 held")
        assert [listed.mark for listed in in_ladders(entries)] == ["┌", "└"]


def test_what_is_told_of_a_reply_names_the_held_units() -> None:
    told = [value for what, value in reply_facts(HELD) if what.startswith(("From", "Settings"))]
    assert told[1:] == ["h0[3] = 1, h1[6] = -0.25 held", "no unit held"]
    whole = recorded([(0, Settings(1.0, held=BOTH))])
    said = command(whole)
    assert said is not None
    assert re.findall(r"--hold=(\S+?)'?(?: |$)", said) == ["h0[3]=1.0", "h1[6]=-0.25"]


def test_the_ids_are_those_of_the_text() -> None:
    assert HELD.tape.ids() == array("H", MODEL.contract.vocabulary.encode(HELD.text))
