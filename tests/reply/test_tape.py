"""The tape: what was appended is what is read."""

from array import array

from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import CHUNK, Columns, Tape


@given(
    st.lists(st.integers(0, CHUNK + 100), max_size=6),
    st.integers(-10, 3 * CHUNK),
    st.integers(-10, 3 * CHUNK),
)
def test_columns_come_back_whatever_the_batches_were(
    batches: list[int], start: int, stop: int
) -> None:
    tape = Tape()
    number = 0
    for index, count in enumerate(batches):
        numbers = range(number, number + count)
        floats = array("f", numbers).tobytes()
        ids = array("H", [n % 65_536 for n in numbers]).tobytes()
        tape.append(Columns(ids, floats, floats, floats), Settings(rng_seed=index % 2))
        number += count
    assert len(tape) == number
    assert tape.ids().tolist() == [n % 65_536 for n in range(number)]
    assert tape.ids(start, stop).tolist() == [n % 65_536 for n in range(number)][start:stop]
    for column in (tape.surprisal_bits, tape.entropy_bits, tape.temperature):
        assert column(start, stop).tolist() == [float(n) for n in range(number)][start:stop]
    place = 0
    for index, count in enumerate(batches):
        if count:
            assert tape.settings_at(place).rng_seed == index % 2
            assert tape.settings_at(place + count - 1).rng_seed == index % 2
        place += count
