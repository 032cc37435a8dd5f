"""When a passage is learned, and what of that is seen after each epoch."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.film.film import LOWEST, NEVER, Film, KeptEpoch, Order, Passage, Shot
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tints import LEVELS

BITS = st.sampled_from([0.0, 0.5, 0.99, 1.0, 1.01, 8.0, float("nan"), float("inf")])
TABLES = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(BITS, min_size=width, max_size=width), min_size=1, max_size=8
    )
)  # fmt: skip


def film_of(table: list[list[float]], passage: Passage | None = None) -> Film:
    """A film of which only the surprisals matter: one row an epoch."""
    count = len(table)
    epochs = tuple(KeptEpoch(str(it + 1), it + 1.0, f"{it}.onnx", 2.0) for it in range(count))
    passage = passage or Passage("a" * len(table[0]), "b")
    film = Film(Order("mine", "mine.film.json", epochs, "s", Settings(), passage))
    film.begin(passage)
    for row in table:
        film.add(Shot("r" * 4, array("f", row).tobytes()))
    return film


def test_a_character_is_learned_with_the_epoch_after_which_it_stays_below_one_bit() -> None:
    film = film_of([[0.5, 2.0, 0.5, 2.0], [0.9, 0.9, 1.5, 2.0], [0.1, 0.2, 0.3, 1.0]])
    assert list(film.learned) == [0, 1, 2, NEVER]
    assert [film.known(number) for number in range(3)] == [1, 2, 3]


def test_what_is_learned_later_is_not_seen_before() -> None:
    film = film_of([[0.5, 2.0], [0.5, 0.5], [0.5, 0.5]])
    assert film.levels(0) == bytes([LOWEST, 0])
    assert film.levels(1) == bytes([LOWEST, (LOWEST + LEVELS - 1) // 2])


def test_an_only_epoch_has_a_level_of_its_own() -> None:
    assert film_of([[0.5, 2.0]]).levels(0) == bytes([LOWEST, 0])


@given(TABLES)
def test_epoch_by_epoch_it_comes_to_what_the_definition_says(table: list[list[float]]) -> None:
    film = film_of(table)
    for at, number in enumerate(film.learned):
        stays = [all(row[at] < 1 for row in table[first:]) for first in range(len(table))]
        assert number == (stays.index(True) if any(stays) else NEVER)


@given(TABLES)
def test_what_is_known_grows_and_its_levels_rise_with_the_epochs(table: list[list[float]]) -> None:
    film = film_of(table)
    known = [film.known(number) for number in range(len(table))]
    assert known == sorted(known)
    assert known[-1] == sum(it != NEVER for it in film.learned)
    levels = film.epoch_levels()
    assert list(levels) == sorted(levels)
    assert all(LOWEST <= level < LEVELS for level in levels)
    for number, count in enumerate(known):
        assert sum(level > 0 for level in film.levels(number)) == count
