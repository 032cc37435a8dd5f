"""How many characters a second come: never more than do."""

from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.tui.live import Rates


@given(st.floats(0.5, 960), st.integers(1, 200), st.floats(0, 1))
def test_a_steady_stream_has_its_own_rate_at_any_time(
    speed: float, count: int, share: float
) -> None:
    rates = Rates()
    for number in range(count):
        rates.came(100 + number / speed, 1, 0.001)
    shown = rates.shown_per_s(100 + (count - 1 + share) / speed)
    assert (shown is None) == (count == 1)
    if shown is not None:
        assert 0.999 * speed <= shown <= 1.001 * speed


@given(st.lists(st.tuples(st.floats(0.001, 2), st.integers(1, 50)), min_size=2, max_size=40))
def test_no_stream_is_told_to_be_faster_than_its_fastest_batch(
    batches: list[tuple[float, int]],
) -> None:
    rates, now = Rates(), 100.0
    for wait_s, count in batches:
        now += wait_s
        rates.came(now, count, 0.001)
    shown = rates.shown_per_s(now)
    assert shown is not None
    assert shown <= 1.001 * max(count / wait_s for wait_s, count in batches)


def test_a_silence_lets_the_rate_fall() -> None:
    rates = Rates()
    for number in range(9):
        rates.came(100 + number / 8, 1, 0.001)
    assert rates.shown_per_s(101 + 1 / 8) == 8
    falling = [rates.shown_per_s(101 + after) for after in (1, 2, 5, 60)]
    assert falling == sorted(falling, reverse=True)
    assert falling[-1] < 0.2


def test_batches_that_are_shown_in_one_moment_have_no_rate_yet() -> None:
    rates = Rates()
    rates.came(100, 40, 0.001)
    rates.came(100, 40, 0.001)
    assert rates.shown_per_s(100) is None


@given(st.lists(st.tuples(st.integers(1, 99), st.floats(0.0001, 0.1)), min_size=1, max_size=9))
def test_what_is_made_is_told_by_the_time_that_it_took(batches: list[tuple[int, float]]) -> None:
    rates = Rates()
    for number, (count, draw_s) in enumerate(batches):
        rates.came(100 + number / 100, count, draw_s)
    made = rates.made_per_s
    assert made is not None
    assert min(count / s for count, s in batches) * 0.999 <= made
    assert made <= max(count / s for count, s in batches) * 1.001


def test_text_that_was_there_was_not_made() -> None:
    rates = Rates()
    assert rates.made_per_s is None
    rates.came(100, 7, 0.0)
    assert rates.made_per_s is None
    rates.begin()
    assert rates.shown_per_s(101) is None
