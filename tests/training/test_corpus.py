"""Finding, reading and refusing a text to train on."""

import contextlib
import hashlib
import mmap
import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.files import CORPUS_VARIABLE, cached_corpus
from charlm_tui.training import corpus as corpus_room
from charlm_tui.training import encoder
from charlm_tui.training.corpus import (
    NOTEBOOK_SHA256,
    Corpus,
    differs_from_notebook,
    lowered,
    read_corpus,
    windows,
)
from charlm_tui.training.errors import CorpusError
from charlm_tui.training.places import find_corpus
from tests.support.devices import room_for

WINDOW, STRIDE, BATCH = 10, 4, 8


def read(path: Path, case: str = "lower") -> Corpus:
    assert case in ("lower", "preserve")
    return read_corpus(path, case, WINDOW, STRIDE, BATCH)  # type: ignore[arg-type]


def written(folder: Path, content: bytes | str, name: str = "text.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(CorpusError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path} ")
    assert "\n" not in message
    return message


def test_a_corpus_is_the_ids_of_its_lower_cased_text(
    tiny_corpus: str, tiny_corpus_path: Path
) -> None:
    corpus = read(tiny_corpus_path)
    assert corpus.ids.dtype == np.uint8
    assert corpus.vocabulary.case == "lower"
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == tiny_corpus.lower()
    assert list(corpus.vocabulary.symbols) == sorted(set(tiny_corpus.lower()))
    assert corpus.name == "words.txt"
    assert corpus.sha256 == hashlib.sha256(tiny_corpus.encode()).hexdigest()


def test_case_is_preserved_where_that_is_asked(tiny_corpus: str, tiny_corpus_path: Path) -> None:
    corpus = read(tiny_corpus_path, "preserve")
    assert corpus.vocabulary.case == "preserve"
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == tiny_corpus


def test_line_ends_and_a_byte_order_mark_are_no_symbols(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + b"one\r\ntwo\rthree\n" * 40)
    corpus = read(path)
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == "one\ntwo\nthree\n" * 40


def test_the_last_5_percent_are_held_out(tiny_corpus: str, tiny_corpus_path: Path) -> None:
    corpus = read(tiny_corpus_path)
    assert len(corpus.held_out) == len(tiny_corpus) // 20
    np.testing.assert_array_equal(np.append(corpus.training, corpus.held_out), corpus.ids)
    assert np.shares_memory(corpus.training, corpus.ids)
    assert np.shares_memory(corpus.held_out, corpus.ids)


@pytest.mark.parametrize(
    ("share", "trained", "measured"), [(None, 950, 50), (0, 950, 0), (0.1, 855, 95)]
)
def test_a_share_to_choose_on_is_the_end_of_the_training_text_and_not_trained_on(
    share: float | None, trained: int, measured: int, tmp_path: Path
) -> None:
    path = written(tmp_path, "abcdefghij" * 100)
    corpus = read_corpus(path, "lower", WINDOW, STRIDE, BATCH, choose_on=share)
    assert (len(corpus.training), len(corpus.validation)) == (trained, measured)
    assert len(corpus.held_out) == 50
    if share is not None:
        both = np.append(corpus.training, corpus.validation)
        np.testing.assert_array_equal(both, corpus.ids[: corpus.cut])


def test_a_text_with_too_little_to_choose_on_is_told_with_the_length_that_is_needed(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "ab" * 120)
    assert len(read_corpus(path, "lower", WINDOW, STRIDE, BATCH).training) == 228
    sentence = r"a batch of 8, the last 0.05 held out and 0.04 of the rest to choose on"
    with pytest.raises(CorpusError, match=sentence) as caught:
        read_corpus(path, "lower", WINDOW, STRIDE, BATCH, choose_on=0.04)
    least = int(str(caught.value).split("at least ")[1].split(" ")[0].replace(",", ""))
    for length, fits in ((least, True), (least - 1, False)):
        path = written(tmp_path, "a" * (length - 1) + "b")
        with contextlib.nullcontext() if fits else pytest.raises(CorpusError):
            corpus = read_corpus(path, "lower", WINDOW, STRIDE, BATCH, choose_on=0.04)
            assert len(corpus.validation) == WINDOW + 1


CASES = "aAzΣΣσς'.\u00ad\u0345\u02b0İǅ 1\n"


@given(st.lists(st.text(st.sampled_from(CASES), max_size=8)))
def test_a_text_is_lower_cased_in_pieces_as_it_is_in_one(pieces: list[str]) -> None:
    """Sigma has two lower cases, by the letters around it; a dotted capital I becomes two."""
    assert "".join(lowered(pieces)) == "".join(pieces).lower()


def test_a_text_is_lower_cased_without_keeping_all_of_it() -> None:
    sizes = [len(piece) for piece in lowered(["ΑΒΓ" * 1000] * 50)]
    assert max(sizes) < 4000


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("block", [3, 4, 7])
def test_a_text_that_is_read_in_blocks_is_the_text(
    in_memory: bool, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that end within a character, a line end and the order mark; ids of two bytes."""
    text = "".join(map(chr, range(0x2A0, 0x3F0))) + "one\r\ntwo\rthree\n𝄞 ΟΔΟΣ\r\r\n"
    path = written(tmp_path, b"\xef\xbb\xbf" + text.encode())
    monkeypatch.setattr(corpus_room, "BLOCK", block)
    monkeypatch.setattr(encoder, "BLOCK", block)
    monkeypatch.setattr(corpus_room, "IN_MEMORY", 10**6 if in_memory else 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    corpus = read(path)
    whole = text.replace("\r\n", "\n").replace("\r", "\n").lower()
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == whole
    assert list(corpus.vocabulary.symbols) == sorted(set(whole))
    assert corpus.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert corpus.ids.dtype == np.uint16
    assert is_mapped(corpus) != in_memory


def is_mapped(corpus: Corpus) -> bool:
    base = corpus.ids.base
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap.mmap)


def test_the_ids_of_a_large_text_lie_in_a_file_without_a_name(
    tiny_corpus_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is gone however the run ends, and no other can come upon it."""
    monkeypatch.setattr(corpus_room, "IN_MEMORY", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    corpus = read(tiny_corpus_path)
    assert is_mapped(corpus)
    assert list(tmp_path.iterdir()) == []
    assert corpus.ids.dtype == np.uint8
    assert not corpus.ids.flags.writeable
    np.testing.assert_array_equal(corpus.ids, in_memory_ids(tiny_corpus_path))


def in_memory_ids(path: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus_room, "IN_MEMORY", 10**9)
        return read(path).ids


@pytest.mark.parametrize("room", [0, 4096])
def test_a_disk_that_is_full_is_told_in_one_sentence(
    room: int, tiny_corpus_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_room, "IN_MEMORY", 0)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with room_for(room), pytest.raises(CorpusError) as caught:
        read(tiny_corpus_path)
    assert str(caught.value) == (
        f"the ids of {tiny_corpus_path} cannot be kept in {tmp_path}: File too large; "
        "name a folder with room for a copy of the text in TMPDIR"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_place_of_a_byte_that_is_not_utf_8_is_told_behind_an_order_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + "é".encode() * 9 + b"\xe9" + b"x" * 9)
    for block in (3, 4, 10**6):
        monkeypatch.setattr(corpus_room, "BLOCK", block)
        assert "is not UTF-8 (byte 0xe9 at offset 21)" in refusal(path)


def test_files_and_folders_are_one_text(tmp_path: Path) -> None:
    """Sorted within a folder, as they are named otherwise; what is hidden is no text."""
    folder = tmp_path / "poems"
    (folder / "a").mkdir(parents=True)
    (folder / ".git").mkdir()
    last = written(tmp_path, "last words " * 30, "last.txt")
    written(folder / "a", b"\xef\xbb\xbfone\r\n" * 9, "2.txt")
    written(folder, "two " * 20, "b.txt")
    written(folder, b"\xff", ".hidden")
    written(folder / ".git", b"\xff", "index")
    corpus = read_corpus([folder, last], "lower", WINDOW, STRIDE, BATCH)
    parts = ["\ufeff".join(["one\n"] * 9), "two " * 20, "last words " * 30]
    text = "\n".join(parts)
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == text
    assert corpus.name == "poems and 1 more"
    assert [name for name, _ in corpus.files] == ["2.txt", "b.txt", "last.txt"]
    assert dict(corpus.files)["last.txt"] == hashlib.sha256(last.read_bytes()).hexdigest()
    assert corpus.facts["files"][2]["name"] == "last.txt"
    joined = b"\n".join([b"\xef\xbb\xbfone\r\n" * 9, b"two " * 20, last.read_bytes()])
    assert corpus.sha256 == hashlib.sha256(joined).hexdigest()
    assert not read(last, "lower").files


def test_of_several_files_the_one_is_named_that_is_no_text(tmp_path: Path) -> None:
    good, bad = written(tmp_path, "good " * 50, "a"), written(tmp_path, b"bad \xff", "b")
    with pytest.raises(CorpusError, match=rf"^{bad} is not UTF-8"):
        read_corpus([good, bad], "lower", WINDOW, STRIDE, BATCH)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert f"{empty} is a folder without files" in refusal(empty)


@given(st.text("abcdeé", min_size=300, max_size=500), st.integers(1, 80), st.integers(5, 60))
def test_rare_characters_are_left_out_and_counted(text: str, least: int, block: int) -> None:
    counts = Counter(text)
    kept = "".join(char for char in text if counts[char] >= least)
    with pytest.MonkeyPatch.context() as patched, TemporaryDirectory() as folder:
        patched.setattr(encoder, "BLOCK", block)
        path = written(Path(folder), text)
        if len(set(kept)) < 2 or len(kept) < 250:
            return
        corpus = read_corpus(path, "lower", WINDOW, STRIDE, BATCH, min_count=least)
    assert corpus.vocabulary.decode(corpus.ids.tolist()) == kept
    assert dict(corpus.left_out) == {it: n for it, n in counts.items() if n < least}


@given(st.integers(1, 30), st.integers(0, 50))
def test_windows_are_every_stretch_and_the_character_after_it(window: int, more: int) -> None:
    ids = np.arange(window + 1 + more, dtype=np.int32)
    every = windows(ids, window)
    assert every.shape == (len(ids) - window, window + 1)
    for start, stretch in enumerate(every):
        assert stretch.tolist() == list(range(start, start + window + 1))
    assert np.shares_memory(every, ids)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory; give the path" in refusal(tmp_path / "none")


def test_a_device_is_told_and_a_pipe_is_read() -> None:
    assert "cannot be read: it is a device" in refusal(Path("/dev/zero"))
    reader, writer = os.pipe()
    os.write(writer, b"a text " * 1000)
    os.close(writer)
    corpus = read_corpus(Path(f"/dev/fd/{reader}"), "lower", 8, 1, 8)
    os.close(reader)
    assert len(corpus.ids) == 7000


def test_a_text_that_is_not_utf_8_is_told_with_the_place(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, b"x" * 1234 + "é".encode("latin-1") + b" more"))
    assert "is not UTF-8 (byte 0xe9 at offset 1,234); convert it from its own encoding" in message
    assert "LATIN1" not in message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_text_in_another_unicode_encoding_is_told(
    encoding: str, tmp_path: Path, tiny_corpus: str
) -> None:
    said = refusal(written(tmp_path, tiny_corpus.encode(encoding)))
    assert f"it begins as {encoding.upper()}: convert it with iconv" in said


@pytest.mark.parametrize("content", ["", "too short\n", "a b c d " * 10])
def test_a_text_that_is_too_short_is_told_with_the_length_that_is_needed(
    content: str, tmp_path: Path
) -> None:
    message = refusal(written(tmp_path, content))
    assert f"has {len(content):,} characters where at least " in message
    assert f"windows of {WINDOW}, a batch of {BATCH}" in message


def test_the_length_that_is_asked_for_is_enough_and_no_more(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, ""))
    least = int(message.split("at least ")[1].split(" ")[0].replace(",", ""))
    text = "ab" * least
    assert len(read(written(tmp_path, text[:least])).ids) == least
    message = refusal(written(tmp_path, text[: least - 1]))
    assert f"has {least - 1:,} characters where at least {least:,} are expected" in message


def test_a_text_of_one_symbol_is_told(tmp_path: Path) -> None:
    assert "has one symbol only, 'a'" in refusal(written(tmp_path, "a" * 5000))
    assert "has one symbol only, 'a'" in refusal(written(tmp_path, "aA" * 5000))


def test_a_text_of_more_symbols_than_ids_is_told(tmp_path: Path) -> None:
    text = "".join(map(chr, [*range(0xE000), *range(0xE000 + 6400, 0x14000)]))
    message = refusal(written(tmp_path, text.encode("utf-8", "ignore")))
    assert "different characters where at most 65,536 are expected" in message


def test_the_variable_goes_before_keras_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv(CORPUS_VARIABLE, raising=False)
    assert cached_corpus() == tmp_path / "datasets" / "nietzsche.txt"
    assert find_corpus() is None
    cached_corpus().parent.mkdir()
    cached_corpus().write_text("cached")
    assert find_corpus() == cached_corpus()
    named = written(tmp_path, "named")
    monkeypatch.setenv(CORPUS_VARIABLE, str(named))
    assert find_corpus() == named


def test_without_keras_home_its_cache_is_in_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cached_corpus() == tmp_path / ".keras" / "datasets" / "nietzsche.txt"


def test_a_variable_that_names_no_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong in (tmp_path, tmp_path / "none.txt"):
        monkeypatch.setenv(CORPUS_VARIABLE, str(wrong))
        with pytest.raises(CorpusError, match=rf"^{CORPUS_VARIABLE} names .*, which is not a file"):
            find_corpus()


def test_a_file_of_the_notebooks_name_and_other_content_is_warned_of_with_both_hashes(
    tiny_corpus: str, tmp_path: Path
) -> None:
    named = read(written(tmp_path, tiny_corpus, "nietzsche.txt"))
    warning = differs_from_notebook(named)
    assert named.sha256 in warning
    assert NOTEBOOK_SHA256 in warning
    assert "\n" not in warning


def test_a_text_of_another_name_is_not_warned_of(tiny_corpus_path: Path) -> None:
    assert differs_from_notebook(read(tiny_corpus_path)) == ""
