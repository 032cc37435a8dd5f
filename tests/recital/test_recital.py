"""The recital meter, held against `in` and against itself read anew."""

import hashlib
import re
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.recital import (
    Index,
    Passage,
    Recital,
    RecitalError,
    build,
    corpus,
    corpus_for,
    open_index,
)
from charlm_tui.recital.words import WordCount, words_of
from tests.support.devices import NULL, is_device, make_device
from tests.support.imports import loaded

REPEATING = st.text("ab", max_size=120)
WORDY = st.text("ab '-\n", max_size=120)
ANY = st.text(max_size=60)
WIDE = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))  # more symbols than a byte has values
TEXTS = st.one_of(
    st.tuples(REPEATING, REPEATING),
    st.tuples(WORDY, WORDY),
    st.tuples(ANY, ANY),
    st.tuples(st.just(WIDE) | ANY.map(lambda text: WIDE + text), st.text(WIDE[:9] + "a")),
).flatmap(  # replies that recite: parts of the corpus between other characters
    lambda pair: st.tuples(
        st.just(pair[0]),
        st.lists(
            st.tuples(st.integers(0, 150), st.integers(0, 60)).map(
                lambda part: pair[0][part[0] : part[0] + part[1]]
            )
            | st.just(pair[1]),
            max_size=4,
        ).map("".join),
    )
)
SHARED = "abcdefghij" * 7  # longer than what is compared at once
LONG = st.lists(st.sampled_from([SHARED, SHARED[1:40], "x", "y", "1", "2"]), max_size=8).map(
    "".join
)
CUTS = st.lists(st.integers(0, 300), max_size=6)


def matching_statistics(corpus: str, reply: str) -> list[int]:
    """Give, for each end, the length of the longest passage up to it that is in the corpus."""
    return [
        next(length for length in range(end, -1, -1) if reply[end - length : end] in corpus)
        for end in range(1, len(reply) + 1)
    ]


def followed(index: Index, reply: str, cuts: list[int]) -> Recital:
    recital = Recital(index)
    edges = [0, *sorted(cut % (len(reply) + 1) for cut in cuts), len(reply)]
    for start, stop in pairwise(edges):
        recital.follow(reply[start:stop])
    return recital


def state(recital: Recital) -> tuple[Any, ...]:
    """Give all that can be asked of a recital."""
    lengths = recital.lengths().tolist()
    return len(recital), lengths, recital.longest, recital.words, recital.unknown_share


def assert_same(one: Index, other: Index) -> None:
    for name in Index.__slots__:
        assert getattr(one, name) == getattr(other, name), name


def stands_verbatim(passage: Passage, corpus: str, reply: str) -> bool:
    said = reply[passage.start : passage.start + passage.length]
    there = corpus[passage.corpus_start : passage.corpus_start + passage.length]
    return len(said) == passage.length and said == there


@given(TEXTS | st.tuples(LONG, LONG), CUTS)
@example((f"x{SHARED}1x{SHARED}2", f"{SHARED}1"), [])  # the corpus has more before it in common
@example((f"x{SHARED}1x{SHARED}2", f"{SHARED}2"), [])
def test_every_length_is_that_of_a_search_whatever_the_batches_were(
    texts: tuple[str, str], cuts: list[int]
) -> None:
    corpus, reply = texts
    recital = followed(build(corpus), reply, cuts)
    expected = matching_statistics(corpus, reply)
    assert recital.lengths().tolist() == expected
    assert recital.lengths(3, 9).tolist() == expected[3:9]
    best = max(expected, default=0)
    assert recital.longest.length == best
    assert stands_verbatim(recital.longest, corpus, reply)
    if best:
        assert recital.longest.start == expected.index(best) + 1 - best


@pytest.mark.slow
@given(TEXTS, CUTS, st.lists(st.tuples(st.integers(0, 300), st.text("ab '-", max_size=9))))
def test_a_recital_that_was_rewound_is_one_that_was_never_further(
    texts: tuple[str, str], cuts: list[int], branches: list[tuple[int, str]]
) -> None:
    index = build(texts[0])
    reply = texts[1]
    recital = followed(index, reply, cuts)
    for length, more in branches:
        length %= len(reply) + 1
        recital.rewind(length)
        reply = reply[:length]
        assert state(recital) == state(followed(index, reply, []))
        recital.follow(more)
        reply += more
        assert state(recital) == state(followed(index, reply, []))


def test_of_two_passages_of_one_length_the_first_is_the_longest() -> None:
    recital = followed(build("abc def"), "def abc", [])
    assert recital.longest == Passage(0, 3, 4)


@given(st.one_of(REPEATING, ANY, st.just(WIDE), st.text("a", min_size=50, max_size=300)))
def test_prefixes_are_sorted_from_their_last_character_on(text: str) -> None:
    index = build(text)
    expected = sorted(range(len(text) + 1), key=lambda length: text[:length][::-1])
    assert index.order.tolist() == expected
    assert [index.rank[length] for length in expected] == list(range(len(text) + 1))
    assert index.text(0, len(text)) == text


def test_a_corpus_of_more_symbols_than_two_bytes_hold_is_followed() -> None:
    corpus = "".join(chr(point) for point in range(0x10000, 0x10000 + 70_000))
    recital = followed(build(corpus), corpus[65_000:66_000] + "a" + corpus[5:9], [])
    assert recital.longest == Passage(0, 1000, 65_000)
    assert recital.lengths(1000).tolist() == [0, 1, 2, 3, 4]


def test_a_long_match_that_breaks_in_a_text_of_one_repeated_line_is_exact() -> None:
    line = "all is one and "
    corpus = line * 300 + "end"
    reply = line * 250 + "all is two and " + line * 30
    recital = followed(build(corpus), reply, list(range(0, len(reply), 77)))
    lengths = recital.lengths()
    assert recital.longest.start == 0
    assert recital.longest.length == 250 * len(line) + len("all is ")
    for end in range(250 * len(line), len(reply), 13):
        length = int(lengths[end - 1])
        assert reply[end - length : end] in corpus
        assert length == end or reply[end - length - 1 : end] not in corpus


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("don't, self-love; will--power", {"don't", "self-love", "will", "power"}),
        ("'quoted' -dash- o' the 1886 x2y _z_", {"quoted", "dash", "o", "the", "x", "y", "z"}),
        ("Über die Größe, ÜBER", {"über", "die", "grösse"}),
        ("", set()),
    ],
)
def test_a_word_is_letters_that_single_apostrophes_and_hyphens_join(
    text: str, words: set[str]
) -> None:
    assert words_of(text) == words


@given(st.text("abB '-.", max_size=60), CUTS)
def test_a_word_counts_when_it_has_ended(text: str, cuts: list[int]) -> None:
    recital = followed(build("a b-a ab'b"), text, cuts)
    word = re.compile(r"[abB]+(?:['-][abB]+)*")
    # One that another letter would change has not ended.
    longer = {match.span() for match in word.finditer(text + "a")}
    ended = [match.group() for match in word.finditer(text) if match.span() in longer]
    unknown = sum(each.lower() not in {"a", "b-a", "ab'b"} for each in ended)
    assert recital.words == (len(ended), unknown)
    assert recital.unknown_share == (unknown / len(ended) if ended else 0.0)


def test_a_word_without_end_is_read_once() -> None:
    count = WordCount(frozenset({"ab" * 1000}))
    for _ in range(2):
        for _ in range(1000):
            count.read("ab")
            assert len(count._tail) == 1
        count.read(" ")
        assert (count.total, count.unknown) == (1, 0)
        count.rewind(1990, "ab" * 995)
        assert (count.total, count.unknown) == (0, 0)
        count.rewind(0, "")


VOCABULARY = Vocabulary("\n abcdefghijklmnopqrstuvwxyz.,'-", "lower")
CORPUS = "The will to power -- “will”, that is.\r\nThe will to truth.\n" * 3
FITTED = VOCABULARY.fit(CORPUS).text


def corpus_file(folder: Path, text: str = CORPUS) -> Path:
    path = folder / "corpus.txt"
    path.write_bytes(text.encode())
    return path


def kept_file(folder: Path) -> Path:
    [path] = folder.iterdir()
    return path


def no_build(text: str) -> Index:
    raise AssertionError(f"{len(text)} characters are sorted again")


@given(TEXTS.filter(lambda texts: len(texts[0]) > 0))
def test_an_index_from_its_file_is_the_one_that_was_built(texts: tuple[str, str]) -> None:
    vocabulary = Vocabulary(sorted(set(texts[0])), "preserve")
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        path = corpus_file(Path(name), texts[0])
        built = open_index(path, vocabulary, Path(name) / "kept")
        patch.setattr("charlm_tui.recital.index_file.build", no_build)
        mapped = open_index(path, vocabulary, Path(name) / "kept")
        assert_same(built, mapped)
        assert state(followed(built, texts[1], [])) == state(followed(mapped, texts[1], []))


def test_a_corpus_is_fitted_to_the_model(tmp_path: Path) -> None:
    index = open_index(corpus_file(tmp_path), VOCABULARY, tmp_path / "kept")
    assert index.text(0, len(index)) == FITTED
    assert followed(index, "the will to truth.\nthe ", []).longest.length == 23
    assert index.words == {"the", "will", "to", "power", "that", "is", "truth"}


@given(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 10**6), st.integers(1, 255)),
        st.tuples(st.just("cut"), st.integers(0, 10**6), st.just(0)),
        st.tuples(st.just("add"), st.integers(1, 100), st.integers(0, 255)),
        st.tuples(st.just("all"), st.integers(0, 300), st.integers(0, 255)),
    )
)
def test_a_damaged_file_is_built_anew(damage: tuple[str, int, int]) -> None:
    how, place, value = damage
    with tempfile.TemporaryDirectory() as name:
        corpus, kept = corpus_file(Path(name)), Path(name) / "kept"
        built = open_index(corpus, VOCABULARY, kept)
        path = kept_file(kept)
        whole = path.read_bytes()
        if how == "flip":
            damaged = bytearray(whole)
            damaged[place % len(whole)] ^= value
        else:
            damaged = bytearray(
                {
                    "cut": whole[: place % len(whole)],
                    "add": whole + bytes([value]) * place,
                    "all": bytes([value]) * place,
                }[how]
            )
        path.write_bytes(damaged)
        assert_same(open_index(corpus, VOCABULARY, kept), built)
        assert path.read_bytes() == whole
        assert kept_file(kept) == path


def test_the_file_of_another_corpus_or_vocabulary_is_not_taken(tmp_path: Path) -> None:
    corpus, kept = corpus_file(tmp_path), tmp_path / "kept"
    open_index(corpus, VOCABULARY, kept)
    path = kept_file(kept)
    fewer = Vocabulary("\n abcdefghijklmnopqrstuvwxyz", "lower")
    assert "." not in open_index(corpus, fewer, kept).symbols
    [path_of_fewer] = set(kept.iterdir()) - {path}
    path_of_fewer.replace(path)  # whole, but of another name
    assert open_index(corpus, VOCABULARY, kept).text(0, len(FITTED)) == FITTED
    corpus.write_text("something else.")
    assert open_index(corpus, VOCABULARY, kept).text(0, 99) == "something else."


def test_what_is_no_file_is_left_where_an_index_would_be(tmp_path: Path) -> None:
    corpus, kept = corpus_file(tmp_path), tmp_path / "kept"
    open_index(corpus, VOCABULARY, kept)
    path = kept_file(kept)
    path.unlink()
    null = make_device(path, NULL)
    index = open_index(corpus, VOCABULARY, kept)
    assert index.text(0, len(index)) == FITTED
    assert is_device(null, NULL)
    assert kept_file(kept) == null


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    in_the_way = tmp_path / "kept"
    in_the_way.write_text("no folder")
    index = open_index(corpus_file(tmp_path), VOCABULARY, in_the_way)
    assert index.text(0, len(index)) == FITTED
    assert in_the_way.read_text() == "no folder"


@pytest.mark.parametrize(
    ("content", "said"), [(b"\xff\xfe", "UTF-8"), (b"", "no text"), (None, "no file")]
)
def test_a_corpus_that_cannot_be_read_is_told_in_a_sentence(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "corpus.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecitalError, match=rf"{said}.*--corpus"):
        open_index(path, VOCABULARY, tmp_path)


def test_a_corpus_that_is_too_large_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "MOST_CORPUS_BYTES", 100)
    with pytest.raises(RecitalError, match="has more than 100 bytes; give another with --corpus"):
        open_index(corpus_file(tmp_path), VOCABULARY, tmp_path)
    with pytest.raises(RecitalError, match="no file"):
        open_index(Path("a\0b"), VOCABULARY, tmp_path)


def test_the_corpus_given_comes_first_then_the_environments_then_keras(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    given, named = tmp_path / "given.txt", tmp_path / "named.txt"
    environ = {"CHARLM_CORPUS": str(named)}
    assert corpus_for({}, None, {"CHARLM_CORPUS": ""}) is None
    downloaded = tmp_path / "datasets" / "nietzsche.txt"
    downloaded.parent.mkdir()
    for path in (given, named, downloaded):
        path.write_text(path.name)
    at_hand = [corpus_for({}, *both) for both in ((given, environ), (None, environ), (None, {}))]
    assert [each and each.path for each in at_hand] == [given, named, downloaded]
    given.unlink()
    named.unlink()
    with pytest.raises(RecitalError, match="--corpus"):
        corpus_for({}, given, environ)
    with pytest.raises(RecitalError, match="CHARLM_CORPUS, or unset it"):
        corpus_for({}, None, environ)


def test_a_corpus_that_is_not_the_models_is_told_not_refused(tmp_path: Path) -> None:
    path = corpus_file(tmp_path)
    own = hashlib.sha256(path.read_bytes()).hexdigest()
    right = corpus_for({"corpus": {"sha256": own}}, path, {})
    wrong = corpus_for({"corpus": {"sha256": "23cf" * 16}}, path, {})
    assert right is not None
    assert (right.matches, right.notice) == (True, "")
    assert wrong is not None
    assert wrong.matches is False
    assert own[:12] in wrong.notice
    assert "23cf23cf23cf" in wrong.notice


@pytest.mark.parametrize(
    "card", [{}, {"corpus": None}, {"corpus": "x"}, {"corpus": {}}, {"corpus": {"sha256": 7}}]
)
def test_a_card_without_a_hash_says_nothing(tmp_path: Path, card: dict[str, Any]) -> None:
    at_hand = corpus_for(card, corpus_file(tmp_path), {})
    assert at_hand is not None
    assert (at_hand.matches, at_hand.notice) == (None, "")


def test_lengths_are_a_copy_that_the_reply_may_outgrow() -> None:
    recital = followed(build("abc"), "abc", [])
    before = recital.lengths()
    assert before.dtype == np.int32
    recital.follow("abc")
    recital.rewind(1)
    assert before.tolist() == [1, 2, 3]


def test_the_meter_loads_neither_a_model_nor_a_screen() -> None:
    assert not loaded("import charlm_tui.recital") & {"onnxruntime", "textual"}
