"""Seeds from files and from a corpus."""

import os
import random
from pathlib import Path

import pytest

from charlm_tui.session.seeds import SeedError, as_seed, keras_corpus, passage, read_seed


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "seed.txt"
    path.write_bytes("\ufeffone\r\ntwo\r\n".encode())
    assert read_seed(path) == "one\ntwo"


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("one", "one"),
        ("one\n", "one"),
        ("one\r\n", "one"),
        ("one\n\n", "one\n"),
        ("one \n", "one "),
        ("one\r", "one\r"),
        ("\n", ""),
        ("", ""),
    ],
)
def test_one_final_newline_is_no_part_of_a_seed(text: str, seed: str) -> None:
    assert as_seed(text) == seed


def test_a_passage_has_no_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("\ufeffword", encoding="utf-8")
    assert passage(path, 40, random.Random(0)) == "word"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_what_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "seed.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SeedError, match=r"give|convert it"):
        read_seed(path)
    with pytest.raises(SeedError, match=r"no path|cannot be read"):
        read_seed(Path("a\0b"))


def test_a_pipe_and_a_device_stop_nobody_who_waits_for_a_seed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero")):
        with pytest.raises(SeedError, match="cannot be read: it is a "):
            read_seed(path)
        with pytest.raises(SeedError, match="is no file; give another with --corpus"):
            passage(path, 40, random.Random(0))
    with pytest.raises(SeedError, match="is no file; give another with --corpus"):
        passage(tmp_path / ("x" * 300), 40, random.Random(0))


def test_passages_are_whole_words_of_the_corpus(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    words = [f"wörd{number}" for number in range(500)]
    path.write_text(" ".join(words), encoding="utf-8")
    for seed in range(50):
        text = passage(path, 40, random.Random(seed))
        assert 0 < len(text) <= 40
        assert set(text.split()) <= set(words)


def test_an_empty_or_missing_corpus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    for _ in range(2):
        with pytest.raises(SeedError, match="--corpus"):
            passage(path, 40, random.Random(0))
        path.write_text("", encoding="utf-8")


def test_what_keras_has_downloaded_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert keras_corpus() is None
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "nietzsche.txt").write_text("x", encoding="utf-8")
    assert keras_corpus() == tmp_path / "datasets" / "nietzsche.txt"
