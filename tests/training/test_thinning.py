"""Epochs that make room for others leave those that stay evenly spread."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.training.thinning import superfluous

SIZES = st.lists(st.integers(1, 1000), min_size=1, max_size=40)


def test_nothing_is_removed_while_there_is_room() -> None:
    assert superfluous([0, 1, 2], [10, 10, 10], 30) == []
    assert superfluous([], [], 0) == []


def test_every_other_epoch_is_removed_where_half_have_room() -> None:
    assert superfluous(range(5), [10] * 5, 30) == [1, 3]


def test_the_newest_epoch_stays_even_if_it_alone_is_too_large() -> None:
    assert superfluous([0, 1, 2], [10, 10, 10], 5) == [0, 1]


@given(SIZES, st.integers(0, 5000))
def test_what_stays_has_room_or_is_the_newest_alone(sizes: list[int], most: int) -> None:
    removed = superfluous(range(len(sizes)), sizes, most)
    stays = [number for number in range(len(sizes)) if number not in removed]
    total = sum(sizes[number] for number in stays)
    assert removed == sorted(set(removed))
    assert stays[-1] == len(sizes) - 1
    assert total <= most or len(stays) == 1
    assert stays[0] == 0 or len(stays) == 1
    assert not removed or total + max(sizes[number] for number in removed) > most  # no more


@given(st.integers(3, 12), st.integers(1, 120))
def test_a_run_that_is_thinned_after_every_epoch_stays_even(room: int, epochs: int) -> None:
    kept: list[int] = []
    for number in range(epochs):
        kept.append(number)
        gone = superfluous(kept, [1] * len(kept), room)
        kept = [it for place, it in enumerate(kept) if place not in gone]
    assert (kept[0], kept[-1]) == (0, epochs - 1)
    assert len(kept) == min(room, epochs)
    gaps = [after - before for before, after in pairwise(kept[:-1])]
    assert not gaps or max(gaps) <= 2 * min(gaps)
