"""Between text and ids, and how any text is fitted to what a model knows."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charlm_tui.lm.vocabulary import Case, Vocabulary, describe_symbol

PLAIN = "\n !\"'(),-.0123456789:;?[]abcdefghijklmnopqrstuvwxyzé"
LOWER = Vocabulary(PLAIN, "lower")
ANY_TEXT = st.text(st.characters(), max_size=60)
SYMBOL_SETS = st.lists(st.characters(), min_size=1, max_size=40, unique=True)


@given(ANY_TEXT)
def test_any_text_is_fitted_to_known_symbols_alone(text: str) -> None:
    fitted = LOWER.fit(text)
    assert LOWER.decode(LOWER.encode(fitted.text)) == fitted.text


@given(ANY_TEXT, SYMBOL_SETS, st.sampled_from(["lower", "preserve"]))
def test_any_vocabulary_fits_any_text(text: str, symbols: list[str], case: Case) -> None:
    vocabulary = Vocabulary(symbols, case)
    fitted = vocabulary.fit(text)
    assert set(fitted.text) <= set(symbols)
    assert vocabulary.fit(fitted.text) == vocabulary.fit(vocabulary.fit(fitted.text).text)


@given(st.text(st.sampled_from(PLAIN)))
@example("ends with blanks  \n\n")
@example("  begins with them")
def test_text_of_known_symbols_is_kept_to_the_character(text: str) -> None:
    fitted = LOWER.fit(text)
    assert (fitted.text, fitted.dropped, fitted.notice) == (text, (), "")


@given(st.data(), SYMBOL_SETS)
def test_text_of_known_symbols_is_kept_whatever_the_symbols_are(
    data: st.DataObject, symbols: list[str]
) -> None:
    text = data.draw(st.text(st.sampled_from(symbols)))
    assert Vocabulary(symbols, "preserve").fit(text).text == text


@given(ANY_TEXT)
def test_nothing_is_left_out_in_silence(text: str) -> None:
    """Every character is kept, replaced or counted; what was counted is named."""
    fitted = LOWER.fit(text)
    text = text.removeprefix("\ufeff")  # which is no character of a text that begins with it
    normal = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).lower()
    dropped = dict(fitted.dropped)
    assert all(normal.count(char) == count > 0 for char, count in dropped.items())
    assert len(fitted.text) >= len(normal) - sum(dropped.values())
    for char in list(dropped)[:12]:
        assert describe_symbol(char) in fitted.notice
    assert bool(fitted.notice) == bool(dropped or fitted.rewritten)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("‘so’ it’s", "'so' it's"),
        ("“so” „so“ «so»", '"so" "so" "so"'),
        ("one–two‐three−four", "one-two-three-four"),
        ("one—two", "one--two"),
        ("and so on…", "and so on..."),
        ("a\r\nb\rc\u2028d\u2029e", "a\nb\nc\nd\ne"),
        ("a\tb\u00a0c\u2009d", "a b c d"),
        ("UPPER Case", "upper case"),
        ("e\u0301", "é"),
        ("naïve Über", "naive uber"),
        ("ﬁne №5 ², ①", "fine no5 2, 1"),
        ("full ＡＢＣ", "full abc"),
        ("trailing \n \n", "trailing \n \n"),
        ("", ""),
    ],
)
def test_typed_text_is_read_as_it_is_meant(typed: str, read: str) -> None:
    vocabulary = Vocabulary(PLAIN, "lower")
    assert vocabulary.fit(typed).text == read


def test_a_model_that_knows_the_typed_form_reads_it() -> None:
    vocabulary = Vocabulary("ab’—…\r\n", "preserve")
    assert vocabulary.fit("a’b—a…").text == "a’b—a…"


def test_case_is_kept_where_the_model_knows_it() -> None:
    vocabulary = Vocabulary("ABab ", "preserve")
    assert vocabulary.fit("Ab aB").text == "Ab aB"
    fitted = Vocabulary("ab ", "preserve").fit("Ab")
    assert (fitted.text, fitted.dropped) == ("b", (("A", 1),))


def test_a_model_of_decomposed_text_reads_composed_text() -> None:
    vocabulary = Vocabulary("e\u0301 ", "preserve")
    assert vocabulary.fit("\u00e9").text == "e\u0301"


def test_what_is_left_out_is_named_with_its_count() -> None:
    fitted = LOWER.fit("a€b€\u0007c🙂")
    assert fitted.text == "abc"
    assert fitted.dropped == (("€", 2), ("\u0007", 1), ("🙂", 1))
    assert fitted.notice == "left out, as this model does not know it: ‘€’ ×2, U+0007, ‘🙂’"


def test_a_byte_order_mark_begins_a_text_only_where_training_has_read_one() -> None:
    fitted = LOWER.fit("\ufeffabc")
    assert (fitted.text, fitted.notice) == ("abc", "")
    assert LOWER.fit("a\ufeffbc").dropped == (("\ufeff", 1),)  # elsewhere it is a character
    assert Vocabulary("\ufeffabc").fit("\ufeffabc").text == "\ufeffabc"


def test_a_long_list_of_what_is_left_out_is_cut_and_says_so() -> None:
    text = "".join(chr(0x4E00 + index) for index in range(20))
    notice = LOWER.fit(text).notice
    assert notice.endswith("and 8 more kinds")
    assert "\n" not in notice


@pytest.mark.parametrize(
    ("char", "name"),
    [
        ("x", "‘x’"),
        ("€", "‘€’"),
        ("\n", "newline"),
        (" ", "space"),
        ("\t", "tab"),
        ("\u00a0", "no-break space"),
        ("\u0000", "U+0000"),
        ("\u001b", "U+001B"),
        ("\u0301", "U+0301"),
        ("\u202e", "U+202E"),
        ("\ud800", "U+D800"),
        ("\U000e0001", "U+E0001"),
    ],
)
def test_a_character_has_a_name_that_any_terminal_shows(char: str, name: str) -> None:
    assert describe_symbol(char) == name


@given(st.characters())
def test_no_name_can_move_a_cursor(char: str) -> None:
    assert describe_symbol(char).isprintable()


def test_the_start_symbol_is_the_newline_else_the_first_character() -> None:
    assert Vocabulary("ab\nc").start_symbol == 2
    assert Vocabulary("abc").start_symbol == 0


def test_ids_are_places() -> None:
    vocabulary = Vocabulary("zya", "preserve")
    assert len(vocabulary) == 3
    assert vocabulary.symbols == ("z", "y", "a")
    assert vocabulary.encode("ayz") == [2, 1, 0]
    assert vocabulary.decode([2, 1, 0]) == "ayz"
    assert "y" in vocabulary
    assert "Y" not in vocabulary
    with pytest.raises(KeyError):
        vocabulary.encode("Y")


def test_a_seed_is_fitted_character_by_character() -> None:
    """A character that is unknown changes no other: not its case, its marks or its line ends."""
    symbols = [*" :ROMEAhrs\n", "e", "\u0301", "\r", "É", "σ", "ς"]
    cases: tuple[Case, ...] = ("lower", "preserve")
    for case in cases:
        vocabulary = Vocabulary(symbols, case)
        fitted = vocabulary.fit("ROMEO: 42 Ah e\u0301s\r\n")
        assert fitted.text == "ROMEO:  Ah e\u0301s\r\n"
        assert fitted.dropped == (("4", 1), ("2", 1))
    assert Vocabulary("e\u0301éx", "lower").fit("e\u03014").text == "e\u0301"
    assert Vocabulary("É x", "lower").fit("E\u0301 X").text == "É x"
    assert Vocabulary(["\u03c3", "\u03c2", " ", "a"], "lower").fit("ΣΣ AΣ A").text == "σς aς a"


def test_what_is_rewritten_is_told_once_and_briefly() -> None:
    known = Vocabulary(["\n", " ", '"', "-", *"abcdefghijklmnopqrstuvwxyz"], "lower")
    fitted = known.fit("T\u00fc \u201cT\u201d\t\u2014 \u4e16")
    assert fitted.text == 'tu "t" -- '
    assert fitted.notice == (
        'as the model knows it: ‘T’ → ‘t’, ‘ü’ → ‘u’, ‘“’ → ‘"’, ‘”’ → ‘"’, tab → space, '
        "‘—’ → ‘--’; left out, as this model does not know it: ‘世’"
    )
    assert fitted.but(set(fitted.rewritten)).notice.startswith("left out")
    assert known.fit("abc").rewritten == ()


def test_a_notice_names_a_dozen_at_most() -> None:
    known = Vocabulary([*"abcdefghijklmnopqrstuvwxyz"], "lower")
    assert known.fit("ABCDEFGHIJKLMNOP").notice.endswith("‘L’ → ‘l’, and 4 more kinds")
