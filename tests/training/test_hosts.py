"""`--hosts` and `--devices`: who trains, which part of a batch is whose, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.runs.requests import ChangeRate, Stop
from charlm_tui.training.batches import Batches
from charlm_tui.training.company import Company
from charlm_tui.training.errors import UnusableHostsError
from charlm_tui.training.hosts import (
    AUTO,
    Asked,
    check_batch,
    check_rank,
    hosts_of,
    share_of,
    unmet,
)
from tests.training.conftest import TINY, invoke

IDS = np.random.default_rng(0).integers(0, 20, 5_000, dtype=np.uint8)


@given(st.integers(1, 8), st.integers(1, 50))
def test_the_shares_of_a_batch_are_the_batch(count: int, part: int) -> None:
    batch = list(range(count * part))
    shares = [batch[share_of(len(batch), rank, count)] for rank in range(count)]
    assert [each for share in shares for each in share] == batch
    assert {len(share) for share in shares} == {part}


@pytest.mark.parametrize("count", [2, 4])
def test_processes_have_the_windows_of_each_batch_of_one_side_by_side(count: int) -> None:
    whole = list(Batches(IDS, TINY, 3).epoch(2, 1))
    parts = [list(Batches(IDS, TINY, 3, rank, count).epoch(2, 1)) for rank in range(count)]
    assert len(whole) > 2
    for number, (inputs, targets) in enumerate(whole):
        shared = [part[number] for part in parts]
        np.testing.assert_array_equal(np.concatenate([it for it, _ in shared]), inputs)
        np.testing.assert_array_equal(np.concatenate([it for _, it in shared]), targets)


def test_hosts_are_addresses_or_left_to_who_started_them() -> None:
    assert hosts_of("a:7000, 10.0.0.2:7000,[::1]:7000") == ("a:7000", "10.0.0.2:7000", "[::1]:7000")
    assert hosts_of("auto") == AUTO


@pytest.mark.parametrize(
    "text", ["", "a", "a:", "a:0", "a:70000", "a:7000,,b:7000", "a b:7000", "a:7000/x", "::1:7000"]
)
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(UnusableHostsError, match="is no address of a host"):
        hosts_of(text)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(("a:1", "b:1")), "no --host-rank is given where --hosts names 2"),
        (Asked(("a:1", "b:1"), 2), "--host-rank is 2 where --hosts names 2"),
        (Asked((), 0), "give --hosts"),
        (Asked(AUTO, 0), "give --hosts"),
    ],
)
def test_a_process_has_to_know_which_it_is(asked: Asked, said: str) -> None:
    with pytest.raises(UnusableHostsError, match=said):
        check_rank(asked)


def test_a_batch_that_cannot_be_shared_is_refused_with_one_that_can() -> None:
    check_batch(128, 4)
    with pytest.raises(UnusableHostsError, match="such as --batch 126"):
        check_batch(128, 3)
    with pytest.raises(UnusableHostsError, match="such as --batch 8"):
        check_batch(5, 8)


def test_who_trains_alone_agrees_with_itself_and_takes_its_requests() -> None:
    alone = Company()
    asked = alone.requests(lambda: [Stop(), ChangeRate(factor=0.5)])
    assert list(asked()) == [Stop(), ChangeRate(factor=0.5)]
    assert alone.agreed(1.5) == alone.everywhere(1.5) == 1.5
    assert alone.clock() <= alone.moment() <= alone.clock()


def test_the_first_process_is_told_of_the_others_and_the_others_of_its_address() -> None:
    asked = ("node1:7000", "node2:7000")
    assert "not all of the 2 processes met at node1:7000" in unmet(Asked(asked, 0))
    assert "the first process did not answer at node1:7000" in unmet(Asked(asked, 1))


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--hosts", "a:1,b:1"), 2, "no --host-rank is given"),
        (("--host-rank", "1"), 2, "give --hosts, too"),
        (("--devices", "0"), 2, "is no number of devices"),
        (("--devices", "few"), 2, "is no number of devices"),
        (("--hosts", "here", "--host-rank", "0"), 2, "is no address of a host"),
        (("--devices", "2", "--dry-run"), 2, "--dry-run is of one device"),
        (("--devices", "2"), 2, "set KERAS_BACKEND=jax"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_trained(
    args: tuple[str, ...], code: int, said: str, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    assert os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow"
    ended = invoke("--corpus", tiny_corpus_path, "--out", tmp_path / "mine.onnx", *args)
    assert ended.exit_code == code
    assert said in ended.stderr
    assert not list(tmp_path.iterdir())
