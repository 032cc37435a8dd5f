"""Documents as a stream of pieces: nothing is lost, and each has what it needs before it."""

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.batch import documents
from charlm_tui.batch.documents import Cutting, Piece, pieces, tasks

REACH = 7
TEXTS = st.text(alphabet="ab \n\r\u0301é", max_size=200)


def cut(path: Path, paragraphs: bool = False) -> list[Piece]:
    return list(pieces(path, Cutting(REACH, paragraphs)))


def text_of(parts: Sequence[Piece]) -> str:
    return "".join(segment.text for part in parts for segment in part.segments)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces and blocks of a few characters, so that a short text has many."""
    monkeypatch.setattr(documents, "PIECE", 20)
    monkeypatch.setattr(documents, "LONGEST_LINE", 11)
    monkeypatch.setattr(documents, "BLOCK", 5)


@given(TEXTS)
def test_the_pieces_of_a_document_are_its_text_each_with_what_is_before_it(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PIECE", 20), ("LONGEST_LINE", 11), ("BLOCK", 5)):
            patch.setattr(documents, name, value)
        path = tmp_path_factory.mktemp("texts") / "a.txt"
        path.write_bytes(text.encode())
        found = cut(path)
    assert text_of(found) == text
    assert [it.ends for it in found] == [False] * (len(found) - 1) + [True]
    read = ""
    for piece in found:
        assert piece.before == read[-REACH:]
        read += text_of([piece])


@given(st.lists(TEXTS, max_size=8))
def test_each_line_of_json_is_a_document_and_tasks_keep_their_order(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    found = [piece for task in tasks(path, Cutting(REACH)) for piece in task]
    by_line = {line: text_of(list(group)) for line, group in groupby(found, lambda it: it.line)}
    assert by_line == dict(enumerate(texts, 1))


@pytest.mark.usefixtures("small")
def test_paragraphs_end_with_an_empty_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n\n \nthree\n\nfour, which has more than a line\n")
    told: dict[int, str] = {}
    for piece in cut(path, paragraphs=True):
        for segment in piece.segments:
            told[segment.paragraph] = told.get(segment.paragraph, "") + segment.text
    assert list(told.values()) == [
        "one\ntwo\n\n \n",
        "three\n\n",
        "four, which has more than a line\n",
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"good\n\xff", "is not UTF-8 (at byte 5)"),
        ("none.txt", None, "cannot be read: No such file or directory"),
        ("none.jsonl", None, "cannot be read: No such file or directory"),
        ("a.jsonl", b"{", "is not JSON"),
        ("a.jsonl", b'{"words": "x"}', "has the fields words where a text 'text' is expected"),
        ("a.jsonl", b"[1]", "has no fields where a text 'text' is expected"),
        ("a.jsonl", b"[" * 100_000, "is not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_in_its_place(
    name: str, content: bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    last = cut(path)[-1]
    assert said in last.fault
    assert last.ends


def test_a_fault_of_one_line_of_json_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    long = json.dumps({"text": "x" * documents.MOST_JSON_BYTES})
    path.write_text('{"text": "one"}\n{\n' + long + '\n\n{"text": "five"}\n')
    found = cut(path)
    assert [(it.line, text_of([it]), bool(it.fault)) for it in found] == [
        (1, "one", False),
        (2, "", True),
        (3, "", True),
        (5, "five", False),
    ]


def test_a_document_that_is_not_cut_has_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("line\n" * 10)
    [whole] = pieces(path, Cutting(None, most=50))
    assert text_of([whole]) == "line\n" * 10
    [refused] = pieces(path, Cutting(None, most=49))
    assert "leave out --carry" in refused.fault
