"""Logs that are written, read and followed while they grow, are cut, replaced or gone."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.runs import follower
from charlm_tui.runs.follower import MOST_LINE, Follower, read_log
from charlm_tui.runs.log_file import LogFile, log_path
from charlm_tui.runs.reader import RunLog, RunLogError
from charlm_tui.runs.records import VERSION, Record, to_line
from tests.support.run_logs import ALL, BATCH, BEGAN, CHANGE, END, EPOCH, SAMPLE

WHOLE: tuple[Record, ...] = (
    BEGAN, BATCH, EPOCH, SAMPLE, replace(BATCH, epoch=2), CHANGE, replace(EPOCH, epoch=2), END
)  # fmt: skip


def written(path: Path, *records: Record, again: bool = False) -> list[str]:
    """Write records to a log; return what was said."""
    told: list[str] = []
    log = LogFile(path, again, told.append)
    for record in records:
        log.write(record)
    log.close()
    return told


@pytest.fixture
def follow() -> Iterator[Callable[[Path], Follower]]:
    """Return what follows a path, and is closed when the test has ended."""
    with ExitStack() as stack:
        yield lambda path: stack.enter_context(closing(Follower(path)))


def test_the_log_lies_beside_its_model_file() -> None:
    assert log_path(Path("models/a.onnx")) == Path("models/a.onnx.run.jsonl")


def test_a_run_is_read_as_it_was_told(tmp_path: Path) -> None:
    assert written(tmp_path / "log", *WHOLE) == []
    log = read_log(tmp_path / "log")
    assert (log.began, log.ended, log.skipped) == (BEGAN, END, 0)
    assert [each.epoch for each in log.epochs] == [1, 2]
    assert log.samples == {(1, 1): [SAMPLE]}
    assert log.changes == [CHANGE]
    assert log.best == log.epochs[-1]
    assert log.at == END.at


def test_what_is_new_is_taken_in_and_half_a_line_waits_for_its_end(
    tmp_path: Path, follow: Callable[[Path], Follower]
) -> None:
    path = tmp_path / "log"
    written(path, BEGAN, BATCH)
    follower = follow(path)
    assert follower.follow()
    assert not follower.follow()
    line = to_line(EPOCH).encode() + b"\n"
    with path.open("ab") as file:
        file.write(line[:30])
        file.flush()
        assert not follower.follow()
        assert follower.log.epochs == []
        file.write(line[30:])
    assert follower.follow()
    assert follower.log.epochs == [EPOCH]
    assert follower.log.skipped == 0


def test_of_batches_the_last_one_of_what_is_new_is_taken_in_and_no_other_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long run's log has a hundred thousand of them."""
    batches = [replace(BATCH, batch=number, at=float(number)) for number in range(3000)]
    records = [BEGAN, *batches[:2000], EPOCH, *batches[2000:]]
    path, known = log_path(tmp_path / "mine.onnx"), RunLog()
    written(path, *records)
    for record in records:
        known.take(record)
    lines: list[bytes] = []
    read = follower.from_line
    monkeypatch.setattr(follower, "from_line", lambda it: (lines.append(it), read(it))[1])
    assert read_log(path) == known
    assert len(lines) < 10


def test_lines_that_are_none_of_a_log_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "log"
    alien = (b"\x00\xff\n", b'{"kind":"later"}\n', b"\n", b"x" * (MOST_LINE + 5) + b"\n")
    path.write_bytes(
        b"".join((to_line(BEGAN).encode() + b"\n", *alien, to_line(END).encode() + b"\n"))
    )
    log = read_log(path)
    assert (log.began, log.ended, log.skipped) == (BEGAN, END, 3)  # an empty line is nothing


@given(cut=st.integers(0, 3000))
def test_any_beginning_of_a_log_is_read_as_far_as_it_goes(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = b"".join(to_line(record).encode("utf-8", "surrogatepass") + b"\n" for record in WHOLE)
    path = tmp_path_factory.mktemp("cut") / "log"
    path.write_bytes(whole[:cut])
    log = read_log(path)
    assert log.skipped == 0
    lines = whole[:cut].count(b"\n")
    assert len(log.epochs) == sum(record.kind == "epoch" for record in WHOLE[:lines])


def test_a_run_that_continues_goes_on_in_the_same_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    second = replace(EPOCH, epoch=2, at=4.0)
    written(path, BEGAN, EPOCH, SAMPLE, replace(EPOCH, epoch=2))
    with path.open("ab") as file:
        file.write(b'{"kind":"batch","at":3')  # killed while it wrote
    again = replace(BEGAN, at=2.0, continues_after="1")
    written(path, again, second, END, again=True)
    log = read_log(path)
    assert (log.began, log.ended, log.skipped) == (again, END, 1)
    assert log.epochs == [EPOCH, second]  # what was trained twice counts as it was trained last


def test_what_was_changed_before_a_run_was_cut_off_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    half = replace(EPOCH, epoch=2, part=1, parts=2)  # of 4 batches an epoch
    early, late = (replace(CHANGE, epoch=2, batch=number) for number in (2, 3))
    written(path, BEGAN, EPOCH, early, half, late)
    again = replace(BEGAN, at=2.0, continues_after="2, part 1 of 2")
    written(path, again, late, again=True)
    assert read_log(path).changes == [early, late]
    written(path, BEGAN, late)
    assert read_log(path).changes == [late]


def test_another_run_begins_its_own_log_and_who_follows_sees_it(
    tmp_path: Path, follow: Callable[[Path], Follower]
) -> None:
    path = tmp_path / "log"
    written(path, *WHOLE)
    follower = follow(path)
    follower.follow()
    written(path, replace(BEGAN, process=43))
    assert follower.follow()
    assert follower.log.began == replace(BEGAN, process=43)
    assert follower.log.epochs == []


def test_a_log_that_was_cut_is_read_again(
    tmp_path: Path, follow: Callable[[Path], Follower]
) -> None:
    path = tmp_path / "log"
    written(path, *WHOLE)
    follower = follow(path)
    follower.follow()
    os.truncate(path, len(to_line(BEGAN)) + 1)
    assert follower.follow()
    assert (follower.log.began, follower.log.ended) == (BEGAN, None)


def test_a_log_that_is_gone_is_told_and_what_it_told_stays(
    tmp_path: Path, follow: Callable[[Path], Follower]
) -> None:
    path = tmp_path / "log"
    written(path, *WHOLE)
    follower = follow(path)
    follower.follow()
    path.unlink()
    assert not follower.follow()
    assert follower.gone
    assert follower.log.ended == END
    written(path, BEGAN)
    assert follower.follow()
    assert not follower.gone


def test_a_log_of_a_later_version_is_refused_in_a_sentence(tmp_path: Path) -> None:
    written(tmp_path / "log", replace(BEGAN, version=VERSION + 1))
    with pytest.raises(RunLogError, match=r"version 2.*up to 1.*later charlm-tui"):
        read_log(tmp_path / "log")


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    for path, what in ((tmp_path / "none", "No such file"), (tmp_path, "folder")):
        with pytest.raises(RunLogError, match=what):
            read_log(path)


@pytest.mark.linux
def test_a_full_disk_is_told_once_and_the_run_goes_on() -> None:
    told: list[str] = []
    log = LogFile(Path("/dev/full"), True, told.append)
    for record in ALL:
        log.write(record)
    log.close()
    [sentence] = told
    assert sentence.endswith("training continues without it")


@pytest.mark.linux
def test_a_disk_that_is_full_for_a_while_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    told: list[str] = []
    log = LogFile(path, False, told.append)
    log.write(BEGAN)
    with path.open("ab") as file:
        file.write(to_line(EPOCH).encode()[:20])  # as far as there was room
    log.write(END)
    log.close()
    log_read = read_log(path)
    assert (log_read.began, log_read.ended, log_read.skipped) == (BEGAN, END, 1)
