"""The tape as a file: there and back, and every way in which it can be damaged."""

import json
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording, TapeFileError, read_recording

floats = st.floats(0, 50, width=32)
entries = st.tuples(
    st.integers(0, 65_535),
    floats,
    floats,
    floats,
    st.builds(Settings, temperature=st.floats(0, 9), rng_seed=st.integers(0, 2**64 - 1)),
)


def recording(records: list, seed: str = "a seed\n") -> Recording:
    tape = Tape()
    for index, surprisal, entropy, temperature, settings in records:
        columns = [array("f", [value]).tobytes() for value in (surprisal, entropy, temperature)]
        tape.append(Columns(array("H", [index]).tobytes(), *columns), settings)
    if records:
        tape.times.append((0, 1.5))
        tape.forced.append((0, 1))
    text = "".join(chr(97 + record[0] % 26) for record in records)
    return Recording("name", "0" * 64, Runtime("1.2", "x86_64 Linux"), seed, text, tape)


@given(st.lists(entries, max_size=20), st.text(max_size=10))
def test_there_and_back_is_equal(records: list, seed: str) -> None:
    there = recording(records, seed.encode("utf-8", "replace").decode())
    back = Recording.from_json(there.to_json(), "x")
    assert back == there
    assert back.tape.runs() == there.tape.runs()
    assert (back.tape.times, back.tape.forced) == (there.tape.times, there.tape.forced)
    assert back.tape.surprisal_bits().tolist() == there.tape.surprisal_bits().tolist()


EXAMPLE = [(1, 2.5, 3.5, 0.5, Settings(0.5, 1)), (2, 1.5, 0.5, 1.0, Settings(1.0, 1))]


@given(st.data())
def test_a_tape_that_is_cut_off_is_refused_in_one_sentence(data: st.DataObject) -> None:
    content = recording(EXAMPLE).to_json()
    cut = data.draw(st.integers(0, len(content) - 3))
    with pytest.raises(TapeFileError) as told:
        Recording.from_json(content[:cut], "x.tape")
    assert "x.tape" in str(told.value)
    assert "\n" not in str(told.value)


def damaged(**changes: object) -> str:
    document = json.loads(recording(EXAMPLE).to_json())
    for key, value in changes.items():
        document[key] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "not a tape"),
        ("{}", "not a tape"),
        (damaged(version=3), "newer charlm-tui"),
        (damaged(version=None), "newer charlm-tui"),
        (damaged(columns={}), "damaged"),
        (damaged(length=3), "damaged"),
        (damaged(length="x"), "damaged"),
        (damaged(text="abc"), "damaged"),
        (damaged(seed=5), "damaged"),
        (damaged(changes=[]), "damaged"),
        (damaged(changes=[{"at": 1}]), "damaged"),
        (damaged(changes=[{"at": 0}, {"at": 7}]), "damaged"),
        (damaged(changes=[{"at": 0, "temperature": -1}]), "damaged"),
        (damaged(changes=[{"at": 0, "unknown": 1}]), "damaged"),
        (damaged(changes=[{"at": 0, **Settings().to_file(), "temperature": 10**400}]), "damaged"),
        (damaged(changes=[{"at": 0, "temperature": "warm"}]), "damaged"),
        (damaged(changes=[{"at": 0, **Settings().to_file(), "depth": 1.5}]), "damaged"),
        (damaged(changes=[{"at": 0.0, **Settings().to_file()}]), "damaged"),
        (damaged(changes=[{"at": 0}] * 50_001), "settings change more than 50,000 times"),
        (damaged(given=[[1, 2]]), "damaged"),
        (damaged(times=[[1]]), "damaged"),
        (damaged(runtime={}), "damaged"),
        (damaged(runtime=None), "damaged"),
    ],
)
def test_a_damaged_tape_is_refused_in_one_sentence(content: str, says: str) -> None:
    with pytest.raises(TapeFileError, match=says) as told:
        Recording.from_json(content, "x.tape")
    assert "\n" not in str(told.value)


def test_one_changed_letter_of_a_column_is_seen() -> None:
    content = recording(EXAMPLE).to_json()
    document = json.loads(content)
    ids = document["columns"]["ids"]
    with pytest.raises(TapeFileError, match="damaged"):
        Recording.from_json(content.replace(ids, "B" + ids[1:]), "x.tape")


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "none", tmp_path, binary):
        with pytest.raises(TapeFileError, match=str(path)):
            read_recording(path)


def test_a_tape_that_is_too_large_or_no_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "holes"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(TapeFileError, match="it has more than 64 MB; give the path of a tape"):
        read_recording(path)
    with pytest.raises(TapeFileError, match="it is a device"):
        read_recording(Path("/dev/zero"))
