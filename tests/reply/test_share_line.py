"""A reply as one line: there and back, and every way in which a line is damaged on its way."""

import json
import math
import string
import zlib
from array import array
from contextlib import suppress
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from charlm_tui.lm.settings import Settings
from charlm_tui.reply import share_line
from charlm_tui.reply.share_line import (
    MOST_LIST_BYTES,
    MOST_RUNS,
    ShareLineError,
    from_line,
    is_line,
    to_line,
)
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording, read_recording

LETTERS = string.ascii_letters + string.digits + "-_"
SHA256 = "78aa25bf12f4a925ee985fab8c9be98229aac9b8ab3a349926affaa7c684b812"

every_setting = st.builds(
    Settings,
    temperature=st.floats(0, 9) | st.integers(0, 3),
    rng_seed=st.integers(0, 2**64 - 1),
    top_k=st.integers(0, 2**40),
    top_p=st.floats(0.001, 1),
    min_p=st.floats(0, 1),
    typical_p=st.floats(0.001, 1),
    mirostat=st.just(0.0) | st.floats(0.2, 5),
    depth=st.integers(0, 2**40),
    carry=st.booleans(),
)
stretches = st.tuples(st.text(min_size=1, max_size=30), every_setting, st.booleans())


def recording(
    parts: list[tuple[str, Settings, bool]],
    seed: str = "the ",
    ids: dict[str, int] | None = None,
    times: list[tuple[int, float]] | None = None,
    sha256: str = SHA256,
) -> Recording:
    """Give a reply of stretches: their text, the settings in force, whether a person typed it."""
    tape = Tape()
    for part, in_force, typed in parts:
        column = array("H", [ids[char] if ids else ord(char) % 60_000 for char in part])
        floats = array("f", [1.5]) * len(part)
        warmth = array("f", [in_force.temperature]) * len(part)
        rows = Columns(column.tobytes(), floats.tobytes(), floats.tobytes(), warmth.tobytes())
        tape.append(rows, in_force, forced=typed)
    tape.times = times or []
    text = "".join(part for part, _, _ in parts)
    return Recording("a model", sha256, Runtime("1.32.0", "x86_64 Linux"), seed, text, tape)


def held(it: Recording) -> tuple[Any, ...]:
    """Give what a line must bring back."""
    tape = it.tape
    names = (it.model, it.model_sha256, it.runtime, it.seed, it.text)
    return (*names, tape.ids(), tape.runs(), tape.forced, tape.temperature())


@st.composite
def recordings(draw: st.DrawFn) -> Recording:
    parts = draw(st.lists(stretches, max_size=6))
    kinds = sorted({char for part, _, _ in parts for char in part})
    chosen = draw(st.permutations(range(len(kinds))))
    step = draw(st.integers(1, 300))
    table = {char: index * step for char, index in zip(kinds, chosen, strict=True)}
    sha256 = draw(st.just(SHA256) | st.text(max_size=70))
    return recording(parts, draw(st.text(max_size=20)), table, sha256=sha256)


LINE = to_line(
    recording(
        [
            ("the world is a will to power, and nothing besides; ", Settings(0.5, 7), False),
            ("so it is", Settings(0.9, 7), True),
        ],
        times=[(0, 0.1), (20, 2.5), (51, 9.0)],
    )
)


@pytest.mark.slow
@given(recordings())
@example(recording([]))
@example(recording([("\x00\x1b\r\n\u2028\ufeff\U0010ffff", Settings(), False)]))
def test_what_a_line_holds_comes_back_equal(there: Recording) -> None:
    line = to_line(there)
    assert held(from_line(line)) == held(there)
    assert set(line) <= set(LETTERS + ".")
    assert line[-1].isalpha()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 65_535)), max_size=40))
def test_ids_that_the_text_does_not_tell_come_back_too(pairs: list[tuple[str, int]]) -> None:
    there = recording([(char, Settings(), False) for char, _ in pairs])
    tape = Tape()
    for _, index in pairs:
        zero = array("f", [0.5]).tobytes()
        tape.append(Columns(array("H", [index]).tobytes(), zero, zero, zero), Settings())
    by_hand = Recording(there.model, SHA256, there.runtime, "", there.text, tape)
    assert held(from_line(to_line(by_hand))) == held(by_hand)


def test_halves_of_a_surrogate_pair_come_back_as_two() -> None:
    there = recording([("\ud83d\ude00", Settings(), False)], seed="\ude00\ud83d")
    assert held(from_line(to_line(there))) == held(there)


def test_what_is_not_in_a_line_is_not_a_number() -> None:
    tape = from_line(LINE).tape
    assert all(map(math.isnan, [*tape.surprisal_bits(), *tape.entropy_bits(), tape.total_bits]))


def test_temperatures_that_are_not_those_of_the_settings_are_unknown_not_wrong() -> None:
    tape = Tape()
    for warmth in (0.5, 0.7):
        floats = array("f", [warmth, 0.5]).tobytes()
        tape.append(Columns(array("H", [1, 2]).tobytes(), floats, floats, floats), Settings(warmth))
    there = Recording("m", SHA256, Runtime("1", "x"), "", "abab", tape)
    known, unknown = from_line(to_line(there)).tape.temperature().tolist()[1:3]
    assert known == 0.5
    assert math.isnan(unknown)


@given(st.data())
def test_white_space_anywhere_in_a_line_counts_for_nothing(data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(LINE)), max_size=8))
    line = LINE
    for place in sorted(places, reverse=True):
        line = (
            line[:place]
            + data.draw(st.sampled_from(["\n", " ", "\r\n  ", "\t", "\u00a0"]))
            + line[place:]
        )
    assert is_line(line) or min(places) < 8  # more white space than a prefix is looked for in
    assert held(from_line(line)) == held(from_line(LINE))


def test_a_prefix_is_known_in_spite_of_line_breaks_and_whatever_its_version() -> None:
    for text in (LINE, f"\n  {LINE}", "char\nlm1\n.abc", "charlm27.", " " * 500 + LINE):
        assert is_line(text)
    for text in ("", "charlm", "charlm.", "charlm1", "a charlm1.", "Charlm1.", "charlmx."):
        assert not is_line(text)


# Damage.


def refused(line: str) -> str:
    with pytest.raises(ShareLineError) as told:
        from_line(line)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_every_letter_that_is_missing_or_doubled_is_seen() -> None:
    for place, letter in enumerate(LINE):
        refused(LINE[:place] + LINE[place + 1 :])
        refused(LINE[:place] + letter + LINE[place:])


def test_every_two_neighbours_that_are_swapped_are_seen() -> None:
    for place, (one, other) in enumerate(pairwise(LINE)):
        if one != other:
            refused(LINE[:place] + other + one + LINE[place + 2 :])


def test_every_letter_changed_into_every_other_is_seen() -> None:
    for place, letter in enumerate(LINE):
        for other in LETTERS + ".~=+/":
            if other != letter:
                refused(LINE[:place] + other + LINE[place + 1 :])


@pytest.mark.slow
@given(recordings(), st.data())
def test_any_change_of_any_line_is_seen(there: Recording, data: st.DataObject) -> None:
    line = to_line(there)
    start = data.draw(st.integers(0, len(line)))
    stop = data.draw(st.integers(start, min(start + 4, len(line))))
    changed = line[:start] + data.draw(st.text(LETTERS + ".é\x00", max_size=4)) + line[stop:]
    assume(changed != line)
    refused(changed)


@given(st.integers(0, len(LINE) - 1))
def test_a_line_that_is_cut_off_is_refused(cut: int) -> None:
    refused(LINE[:cut])
    refused(LINE[cut + 1 :])


@given(st.text() | st.text(LETTERS).map("charlm1.".__add__) | st.binary().map(repr))
def test_anything_else_is_refused(text: str) -> None:
    refused(text)


def test_two_lines_in_one_are_refused() -> None:
    refused(LINE + "\n" + LINE)


@pytest.mark.parametrize("version", ["0", "3", "02", "12", "999999999"])
def test_another_version_is_told_as_such(version: str) -> None:
    said = refused(LINE.replace("charlm1.", f"charlm{version}."))
    assert f"version {version} where 1 to 2" in said


def test_an_error_says_what_was_found() -> None:
    assert "begins with 'hello' where 'charlm1.'" in refused("hello")
    assert "has ‘>’ after 20 letters" in refused(LINE[:20] + ">" + LINE[20:])
    assert "copy it again" in refused(LINE[:-1])


# Lines that a hostile person made: with the right check sum.


def sealed(payload: bytes) -> str:
    line = "charlm1." + share_line._letters(payload)
    return line + share_line._sum(line)


def deflated(content: bytes, end: int = zlib.Z_FINISH) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, 0, share_line._DICTIONARY)
    return deflate.compress(content) + deflate.flush(end)


def packed(content: bytes) -> str:
    return sealed(bytes(32) + deflated(content))


GOOD: list[Any] = [None, "m", "1", "x", "", "ab", [1, 1], [], [[0, {}]], [], []]

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["temperature", "depth", "top_k", "x"]), inner, max_size=2
        )
    ),
    max_leaves=6,
)


@pytest.mark.slow
@settings(max_examples=300)
@given(st.integers(0, 10), values)
@example(8, [[0, {"temperature": 10**400}]])
@example(8, [[0, {"depth": True}]])
@example(8, [[0, {}], [0, {}]])
@example(8, [[0, {}], [2, {}]])
@example(8, [])
@example(6, [65_535, 1])
@example(7, [2, 1])
@example(9, [0, 3])
@example(10, [1, 10**30])
@example(10, [0])
def test_a_list_of_anything_is_read_or_refused(place: int, value: Any) -> None:
    with suppress(ShareLineError):
        read = from_line(packed(json.dumps([*GOOD[:place], value, *GOOD[place + 1 :]]).encode()))
        assert len(read.text) == len(read.tape)
        assert Recording.from_json(read.to_json(), "x") == read


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"3", b"\xff", b"[" * 500_000, b"[null," + b"9" * 5000 + b"]", b"[NaN]"],
)
def test_content_that_is_no_reply_is_refused(content: bytes) -> None:
    refused(packed(content))


@given(st.binary(max_size=100))
def test_bytes_that_are_no_deflate_are_refused(payload: bytes) -> None:
    refused(sealed(payload))


def test_a_stream_that_does_not_end_where_the_line_ends_is_refused() -> None:
    content = json.dumps(GOOD).encode()
    assert from_line(sealed(bytes(32) + deflated(content))).text == "ab"
    refused(sealed(bytes(32) + deflated(content, zlib.Z_SYNC_FLUSH)))
    refused(sealed(bytes(32) + deflated(content) + b"x"))


def test_a_setting_of_a_later_release_is_told_as_such() -> None:
    document = [*GOOD[:8], [[0, {"novelty": 0.5}]], *GOOD[9:]]
    assert "newer" in refused(packed(json.dumps(document).encode()))


def test_a_small_line_that_would_fill_the_memory_is_refused() -> None:
    line = packed(json.dumps([*GOOD[:5], "a" * MOST_LIST_BYTES, [97], *GOOD[7:]]).encode())
    assert len(line) < 20_000
    refused(line)


def test_what_would_make_too_long_a_line_is_refused_when_it_is_made() -> None:
    with pytest.raises(ShareLineError, match="save it as a tape"):
        to_line(recording([("a", Settings(), False)], seed="x" * (MOST_LIST_BYTES + 1)))
    changes = [("a", Settings(rng_seed=number), False) for number in range(MOST_RUNS + 1)]
    with pytest.raises(ShareLineError, match="change 1,025 times"):
        to_line(recording(changes))
    assert from_line(to_line(recording(changes[1:]))).tape.runs()[-1][1].rng_seed == MOST_RUNS


# Times.


def came(times: list[tuple[int, float]], length: int) -> list[float]:
    """Give when each character came."""
    seconds, at, result = dict(times), 0.0, []
    for place in range(length):
        at = seconds.get(place, at)
        result.append(at)
    return result


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.floats(0, 0.4) | st.floats(0, 90)), min_size=1, max_size=60
    )
)
def test_every_character_comes_back_at_about_its_time(batches: list[tuple[int, float]]) -> None:
    times, length, seconds = [], 0, 0.0
    for count, wait in batches:
        seconds += wait
        times.append((length, seconds))
        length += count
    back = from_line(
        to_line(recording([("a" * length, Settings(), False)], times=times))
    ).tape.times
    for before, after in zip(came(times, length), came(back, length), strict=True):
        assert abs(before - after) < 1.8
    assert back[-1] == (times[-1][0], pytest.approx(times[-1][1], abs=0.01))
    assert len(back) <= 2 * seconds + 2 * len(times)


def test_a_steady_pace_costs_a_few_letters_and_comes_back_twice_a_second() -> None:
    steady = [(3 * batch, 0.1 * batch) for batch in range(1, 300)]
    there = [("a " * 450, Settings(), False)]
    line = to_line(recording(there, times=steady))
    assert len(line) < len(to_line(recording(there))) + 16
    times = from_line(line).tape.times
    assert len(times) == 60
    assert all(0.5 <= after[1] - before[1] < 0.53 for before, after in pairwise(times))


def test_a_pause_comes_back_as_a_pause() -> None:
    times = [(0, 0.0), (10, 1.0), (20, 61.0), (30, 62.0)]
    back = from_line(to_line(recording([("a" * 40, Settings(), False)], times=times))).tape.times
    assert came(back, 40)[19] == 1.0
    assert came(back, 40)[20] == 61.0


@given(st.lists(st.tuples(st.integers(-3, 20), st.floats()), max_size=10))
def test_times_that_make_no_sense_do_no_harm(times: list[tuple[int, float]]) -> None:
    back = from_line(to_line(recording([("a" * 10, Settings(), False)], times=times)))
    assert back.text == "a" * 10


# What it costs, and what holds for ever.


@pytest.mark.parametrize("temperature", [0.2, 0.5, 1.0])
def test_400_characters_of_the_shipped_model_fit_in_500_letters(
    temperature: float, model_path: Path, tmp_path: Path
) -> None:
    from charlm_tui.batch.generate import Job, run  # loads onnxruntime

    path = tmp_path / "x.tape"
    run(Job(model_path, ("the ",), 400, Settings(temperature, 1), tape=path), BytesIO(), print)
    assert len(to_line(read_recording(path))) < 500


FIRST = (
    "charlm1.eKolvxL0qSXumF-rjJvpgimqybirOjSZJq_6p8aEuBKD6kgEJq-U1BzC6kEUJP8AozsRkuKA0QfOipDIhJ"
    "UBSamgIr_YGpi8IHGtpBNtDAwcIDLVMbbQQQ4tYygN5SGFAMK_5rVAMVNDzFCxBAcEUMYCHBigkLcEBgnQNBMDHWMD"
    "MNPM1CA2FgAObIyFA"
)


def test_a_line_of_the_first_release_is_read_for_ever() -> None:
    read = from_line(FIRST)
    assert (read.model, read.model_sha256, read.seed) == ("a model", SHA256, "the ")
    assert read.text == "the world is a will to power, and nothing besides; so it is"
    assert read.tape.runs() == [(0, Settings(0.5, 7)), (51, Settings(0.9, 7))]
    assert read.tape.forced == [(51, 8)]
    assert read.tape.ids().tolist() == [ord(char) for char in read.text]
