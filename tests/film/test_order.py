"""What can be filmed of a run, and why not."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from charlm_tui.film.film import HeldOut, Order, Passage
from charlm_tui.film.order import MOST_EPOCHS, FilmError, order_of
from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import log_path
from charlm_tui.runs.reader import RunLog
from tests.support.films import SEED, epoch_file, kept_run
from tests.support.run_logs import BEGAN, EPOCH

TEXT = "a bird on the old wall sang to no one in the rain. "


def ordered(out: Path) -> Order:
    return order_of(log_path(out), read_log(log_path(out)))


def test_a_run_is_filmed_with_the_seed_and_the_random_numbers_of_its_samples(
    tmp_path: Path,
) -> None:
    out = kept_run(tmp_path, 3, TEXT)
    order = ordered(out)
    assert [epoch.name for epoch in order.epochs] == ["1", "2", "3"]
    assert [epoch.file for epoch in order.epochs] == [str(epoch_file(out, it)) for it in (1, 2, 3)]
    assert (order.seed, order.settings.rng_seed, order.settings.temperature) == (SEED, 7, 0.5)
    assert isinstance(order.passage, HeldOut)
    assert order.passage.characters == len(TEXT) // 2
    assert order.notice == ""


def test_what_a_person_gives_comes_before_what_the_run_had(tmp_path: Path) -> None:
    path = log_path(kept_run(tmp_path, 1))
    order = order_of(path, read_log(path), "another", 1.0, 9)
    assert (order.seed, order.settings.temperature, order.settings.rng_seed) == ("another", 1.0, 9)


def test_an_epoch_that_is_gone_is_left_out_and_told(tmp_path: Path) -> None:
    out = kept_run(tmp_path, 3)
    epoch_file(out, 2).unlink()
    order = ordered(out)
    assert [epoch.name for epoch in order.epochs] == ["1", "3"]
    assert order.notice == "1 of 3 epochs are not there any more"


def test_a_run_of_which_no_epoch_is_left_says_so(tmp_path: Path) -> None:
    out = kept_run(tmp_path, 2)
    for number in (1, 2):
        epoch_file(out, number).unlink()
    with pytest.raises(FilmError, match=r"none of the 2 epochs .* is there any more"):
        ordered(out)


def test_a_run_that_kept_none_says_how_to_keep_them(tmp_path: Path) -> None:
    log, path = RunLog(), log_path(tmp_path / "mine.onnx")
    with pytest.raises(FilmError, match="tells of no run yet"):
        order_of(path, log)
    log.take(replace(BEGAN, out="elsewhere/before.onnx"))
    log.take(replace(EPOCH, file="elsewhere/before.onnx"))  # the best one, before it was renamed
    log.take(replace(EPOCH, epoch=2, file="elsewhere/mine.onnx"))
    log.take(replace(EPOCH, epoch=3, file=""))
    with pytest.raises(FilmError, match="train it with --keep-epochs"):
        order_of(path, log)


def test_the_log_of_a_stranger_opens_nothing_outside_of_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "secret.onnx").write_bytes(b"")
    log = RunLog()
    log.take(BEGAN)
    log.take(replace(EPOCH, file="../secret.onnx"))
    with pytest.raises(FilmError, match=r"inside/secret\.onnx"):
        order_of(log_path(folder / "mine.onnx"), log)


def test_a_part_of_an_epoch_has_a_name_and_a_place_of_its_own(tmp_path: Path) -> None:
    log, path = RunLog(), log_path(tmp_path / "mine.onnx")
    log.take(BEGAN)
    for part in (1, 2):
        name = f"mine-epoch-001-{part:03}.onnx"
        (tmp_path / name).touch()
        log.take(replace(EPOCH, part=part, parts=2, file=name))
    order = order_of(path, log)
    assert [(epoch.name, epoch.place) for epoch in order.epochs] == [("1.1", 0.5), ("1.2", 1.0)]


def test_of_very_many_epochs_as_many_are_filmed_as_a_film_has_evenly(tmp_path: Path) -> None:
    log, path = RunLog(), log_path(tmp_path / "mine.onnx")
    (tmp_path / "each.onnx").touch()
    log.take(BEGAN)
    for number in range(1, 3 * MOST_EPOCHS):
        log.take(replace(EPOCH, epoch=number, file="each.onnx"))
    epochs = order_of(path, log).epochs
    places = [epoch.place for epoch in epochs]
    assert len(epochs) == MOST_EPOCHS
    assert (places[0], places[-1]) == (1, 3 * MOST_EPOCHS - 1)
    assert {after - before for before, after in pairwise(places)} <= {2, 3, 4}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"corpus": None}, "does not name its text"),
        ({"corpus": ["a", "b"]}, "is of several files"),
        ({"min_count": 3}, "rare characters were left out"),
        ({"held_out": 0.0}, "held out no part"),
        ({"held_out": "much"}, "held out no part"),
        ({"window": 10**9}, "held out no part"),
    ],
)
def test_where_nothing_is_held_out_a_sentence_says_why(
    changes: dict[str, object], why: str, tmp_path: Path
) -> None:
    path = log_path(kept_run(tmp_path, 1, TEXT))
    log = read_log(path)
    assert log.began is not None
    log.began = replace(log.began, settings={**log.began.settings, **changes})
    passage = order_of(path, log).passage
    assert isinstance(passage, Passage)
    assert why in passage.sentence
