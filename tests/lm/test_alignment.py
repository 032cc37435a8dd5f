"""One text as several models can read it: what is kept, what stands together, what is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm.alignment import Alignment
from charlm_tui.lm.vocabulary import Case, Vocabulary

LOWER = Vocabulary("\n !\"'(),-.:;?abcdefghijklmnopqrstuvwxyzéσς", "lower")
KEEPING = Vocabulary(
    "\n !&'(),-.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz“”—Σσς3", "preserve"
)
CASES: st.SearchStrategy[Case] = st.sampled_from(["lower", "preserve"])
SOME = st.sampled_from('aAbBÉéeE“"—-Σσς ☃\n\r\t3²ß\u0301\ufeffﬁfi')
VOCABULARIES = st.builds(Vocabulary, st.lists(SOME, min_size=1, unique=True), CASES)
TEXTS = st.text(SOME, max_size=40)


def read(vocabularies: list[Vocabulary], text: str) -> list[str]:
    """Return a text as each of some models reads what all of them can read."""
    aligned = Alignment(vocabularies).align(text)
    return [each.decode(ids) for each, ids in zip(vocabularies, aligned.ids, strict=True)]


def test_each_model_reads_the_text_as_it_knows_it() -> None:
    assert read([LOWER, KEEPING], "“The” end?") == ['"the" end?', "“The” end?"]


def test_what_is_two_characters_to_one_is_two_to_the_other() -> None:
    assert read([LOWER, KEEPING], "a—b") == ["a--b", "a--b"]
    assert read([KEEPING], "a—b") == ["a—b"]


def test_what_one_cannot_read_is_left_out_of_both_and_counted() -> None:
    aligned = Alignment([LOWER, KEEPING]).align('a&b ☃c☃"')
    assert (aligned.text, aligned.dropped) == ("ab c", (("&", 1), ("☃", 2), ('"', 1)))
    assert aligned.left_out == 4
    assert aligned.notice == ('left out, as not every model knows it: ‘&’, ‘☃’ ×2, ‘"’')
    assert list(aligned.starts) == [0, 2, 3, 5]


def test_a_letter_and_its_capital_stand_together_where_one_model_folds_case() -> None:
    _, keeping = Alignment([LOWER, KEEPING]).groups
    symbols = KEEPING.symbols
    group = {symbol: keeping[index] for index, symbol in enumerate(symbols)}
    assert group["T"] == group["t"] != group["U"]
    assert group["“"] == group["”"] != group["'"]
    assert group["Σ"] == group["σ"] == group["ς"]  # which one it becomes depends on its place
    [alone] = Alignment([KEEPING]).groups
    assert len(set(alone)) == len(symbols)


def test_marks_and_line_ends_are_read_as_a_single_model_reads_them() -> None:
    assert read([LOWER, KEEPING], "\ufeffa\r\nb\rc") == ["a\nb\nc"] * 2
    assert read([LOWER, KEEPING], "aΣ Σa") == ["aς σa", "aΣ Σa"]


@given(st.lists(VOCABULARIES, min_size=1, max_size=3), TEXTS)
def test_every_model_reads_as_many_characters_of_one_group_each(
    vocabularies: list[Vocabulary], text: str
) -> None:
    alignment = Alignment(vocabularies)
    aligned = alignment.align(text)
    assert {len(ids) for ids in aligned.ids} == {len(aligned.text)} == {len(aligned.starts)}
    asked = [
        [groups[index] for index in ids]
        for groups, ids in zip(alignment.groups, aligned.ids, strict=True)
    ]
    assert all(each == asked[0] for each in asked)
    assert list(aligned.starts) == sorted(aligned.starts)


@given(st.lists(VOCABULARIES, min_size=1, max_size=3), TEXTS)
def test_nothing_that_every_model_knows_is_left_out(
    vocabularies: list[Vocabulary], text: str
) -> None:
    common = set.intersection(*(set(each.symbols) for each in vocabularies))
    text = "".join(char for char in text if char in common)
    if text.startswith("\u0301"):
        text = text.lstrip("\u0301")
    aligned = Alignment(vocabularies).align(text)
    assert aligned.dropped == ()
    assert aligned.text == text


@given(VOCABULARIES, TEXTS)
def test_one_model_alone_reads_what_it_reads_anyway(vocabulary: Vocabulary, text: str) -> None:
    assert read([vocabulary], text) == [vocabulary.fit(text).text]


@given(VOCABULARIES, VOCABULARIES, TEXTS)
def test_the_order_of_the_models_makes_no_difference_to_what_they_read(
    one: Vocabulary, other: Vocabulary, text: str
) -> None:
    assert read([one, other], text) == read([other, one], text)[::-1]


@pytest.mark.parametrize("text", ["", "☃", "\ufeff"])
def test_a_text_of_nothing_that_is_known_has_no_places(text: str) -> None:
    assert Alignment([LOWER, KEEPING]).align(text).text == ""
