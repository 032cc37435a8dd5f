"""The passage is the beginning of what training held out, read as training reads it."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.film import passage as passage_module
from charlm_tui.film.film import HeldOut
from charlm_tui.film.passage import held_out_passage
from charlm_tui.training.corpus import read_corpus

WINDOW = 5
PIECES = st.sampled_from(["a", "B", "é", "Σ", "ς", "İ", "𝒳", "\n", "\r\n", "\r", " ", "word "])


def where(path: Path, characters: int, lower: bool = True, **changes: str) -> HeldOut:
    given = {"corpus": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    return HeldOut(**(given | changes), characters=characters, lower=lower, window=WINDOW)


@given(st.lists(PIECES, min_size=60, max_size=200), st.booleans(), st.booleans())
def test_it_is_what_training_held_out(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str], lower: bool, mark: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "words.txt"
    path.write_bytes(("\ufeff" * mark + "".join(pieces) + "ab").encode())
    corpus = read_corpus(path, "lower" if lower else "preserve", WINDOW, 1, 1, 0.3)
    held_out = corpus.vocabulary.decode(corpus.held_out.tolist())
    found = held_out_passage(where(path, len(held_out), lower), 10)
    assert found.before == held_out[:WINDOW]
    assert found.text == held_out[WINDOW : WINDOW + 10]
    assert found.sentence == ""


def test_of_a_large_text_only_the_end_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage_module, "MOST_HELD_OUT", 20)
    path = tmp_path / "words.txt"
    text = "".join(chr(0x100 + at) for at in range(500))
    path.write_text(text, encoding="utf-8")
    found = held_out_passage(where(path, 400, lower=False))
    assert found.before + found.text == text[-20:]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"corpus": "/nowhere/at/all.txt"}, "cannot be read: No such file"),
        ({"corpus": "/dev/null"}, "cannot be read: it is a device"),
        ({"sha256": "0" * 64}, "is not the text that it was trained on any more"),
    ],
)
def test_a_text_that_is_gone_or_another_one_gives_none_and_says_why(
    changes: dict[str, str], why: str, tmp_path: Path
) -> None:
    path = tmp_path / "words.txt"
    path.write_text("a text that was there once", encoding="utf-8")
    found = held_out_passage(where(path, 20, **changes))
    assert (found.text, found.before) == ("", "")
    assert why in found.sentence


def test_a_log_that_tells_more_characters_than_there_are_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("short", encoding="utf-8")
    assert "another length" in held_out_passage(where(path, 1000)).sentence
