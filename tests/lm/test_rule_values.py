"""What rules are in settings and files, and how a person types them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.lm import rule_values
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.rule_values import escaped, escaped_bias, typed_bias, typed_text
from charlm_tui.lm.settings import RULES, STEERED_VERSION, Settings, version_for
from tests.support.rules import rules

SYMBOLS = "abc,=\\\n\t é"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(rules(SYMBOLS), st.integers(0, 9), st.integers(0, 9))
def test_rules_are_the_same_in_a_file(values: dict[str, Any], begin: int, end: int) -> None:
    settings = Settings(**values, match_from=begin, match_within=end)
    told = json.loads(json.dumps(settings.to_file()))
    assert Settings.of_file(told) == settings
    steered = settings.rules or settings.until_cut
    assert (told.keys() >= set(RULES)) == steered
    assert version_for([Settings(), settings]) == (2 if steered else 1)


def test_a_file_without_rules_is_what_it_was() -> None:
    assert not Settings().to_file().keys() & set(RULES)
    assert version_for([Settings(0.7)]) == 1


def test_rules_have_one_order() -> None:
    one = Settings(
        ban="zaz", bias=(("q", 2), ("b", -1.0), ("c", 0)), until=("b", "a", "b"), forbid=("d", "c")
    )
    other = Settings(
        ban="az", bias=(("b", -1.0), ("q", 2.0)), until=("a", "b"), forbid=("c", "d", "c")
    )
    assert one == other
    assert hash(one) == hash(other)
    assert one.rule_key == other.rule_key


def test_where_a_match_begins_belongs_to_a_match() -> None:
    assert Settings(match_from=5, match_within=9) == Settings()
    assert Settings(match="a", match_from=5) != Settings(match="a")
    assert Settings(match="a", match_from=5).match_from == 5


@pytest.mark.parametrize(
    ("values", "in_force"),
    [
        ({}, False),
        ({"until_cut": True}, False),
        ({"ban": "a"}, True),
        ({"bias": (("a", 1.0),)}, True),
        ({"bias": (("a", 0.0),)}, False),
        ({"until": ("a",)}, True),
        ({"forbid": ("a",)}, True),
        ({"match": "a"}, True),
    ],
)
def test_it_is_known_whether_a_rule_is_in_force(values: dict[str, Any], in_force: bool) -> None:
    assert Settings(**values).rules == in_force


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"ban": "a\ud800"}, "ban has .* which is no text"),
        ({"bias": (("a", 1.0), ("a", 2.0))}, "bias has a twice"),
        ({"bias": (("ab", 1.0),)}, "bias has 'ab', which is no character"),
        ({"bias": (("", 1.0),)}, "which is no character"),
        ({"bias": (("\n", 100.5),)}, r"the bias of \\n must be a number of bits from -100 to 100"),
        ({"bias": (("a", float("nan")),)}, "must be a number of bits"),
        ({"bias": (("a", float("-inf")),)}, "must be a number of bits"),
        ({"until": ("",)}, "a text of until must have from 1 to 200 characters, not 0"),
        ({"until": ("a" * 201,)}, "from 1 to 200 characters, not 201"),
        ({"until": tuple(map(str, range(17)))}, "until has 17 texts where 16"),
        ({"forbid": ("", "a")}, "a text of forbid must have"),
        ({"forbid": tuple(map(str, range(65)))}, "forbid has 65 texts where 64"),
        ({"forbid": ("\udfff",)}, "no text"),
        ({"match": "a" * 1001}, "match must have at most 1,000 characters, not 1,001"),
        ({"match": "a\nb"}, r"which cannot be shown; write it with a backslash"),
        ({"match": "a", "match_from": -1}, "must be 0 or numbers of characters"),
        ({"match": "a", "match_within": -2}, "must be 0 or numbers of characters"),
    ],
)
def test_what_is_no_rule_is_refused_in_one_sentence(values: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        Settings(**values)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "values",
    [
        {"ban": ["a"]},
        {"ban": None},
        {"bias": "a"},
        {"bias": [["a"]]},
        {"bias": [["a", True]]},
        {"bias": [[1, 1.0]]},
        {"bias": {"a": 1.0}},
        {"until": "abc"},
        {"until": [1]},
        {"until_cut": 1},
        {"forbid": ["a", ["b"]]},
        {"match": 1},
        {"match_from": 1.0},
        {"match_within": True},
        {"rules": ""},
    ],
)
def test_a_file_with_another_type_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^(its|a bias)"):
        Settings.of_file(values)


@pytest.mark.parametrize("name", RULES)
def test_a_file_of_version_1_has_no_rules(name: str) -> None:
    told = Settings(ban="a", match="b").to_file()
    assert Settings.of_file({name: told[name]}, STEERED_VERSION)
    with pytest.raises(ValueError, match=f"its {name}"):
        Settings.of_file({name: told[name]}, 1)


# As a person types them.


@given(TEXTS)
def test_a_text_can_be_typed_again(text: str) -> None:
    assert typed_text(escaped(text)) == text
    assert not {"\n", "\t"} & set(escaped(text))


@given(
    st.dictionaries(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from(",=\\\n\t"),
        st.floats(-100, 100),
        max_size=5,
    )
)
def test_a_bias_can_be_typed_again(bits: dict[str, float]) -> None:
    bias = rule_values.canonical_bias(bits.items())
    assert typed_bias(escaped_bias(bias)) == bias


@pytest.mark.parametrize(
    ("typed", "bias"),
    [
        ("", ()),
        (r"q=+2,\n=-1", (("\n", -1.0), ("q", 2.0))),
        (",=2", ((",", 2.0),)),
        ("==1", (("=", 1.0),)),
        (",=1,==-.5,a=1e1", ((",", 1.0), ("=", -0.5), ("a", 10.0))),
        (r"\\=1,\t=2", (("\t", 2.0), ("\\", 1.0))),
        ("a=0", ()),
        (" =1", ((" ", 1.0),)),
    ],
)
def test_a_bias_is_a_character_and_bits(typed: str, bias: rule_values.Bias) -> None:
    assert typed_bias(typed) == bias


@pytest.mark.parametrize(
    "typed", ["a", "a=", "=", "==", "ab=1", "a=1,", "a=1,b", "a=x", "a=nan", ",", "a 1", "a=1;b=2"]
)
def test_what_is_no_bias_is_refused(typed: str) -> None:
    with pytest.raises(SettingsError, match="is no bias; name each character and its bits"):
        typed_bias(typed)


@pytest.mark.parametrize("typed", ["\\", "a\\", r"\x", r"\\\a", r"\ "])
def test_another_escape_is_refused(typed: str) -> None:
    with pytest.raises(SettingsError, match="is no escape"):
        typed_text(typed)
    with pytest.raises(SettingsError, match="is no escape"):
        typed_bias(f"{typed[-2:]}=1" if typed[-1] != "\\" else r"\=1")
