"""Each way to break the contract is refused with one sentence, from declarations alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.errors import CharlmError
from charlm_tui.lm.contract import (
    HOW_TO,
    MOST_WINDOW,
    Contract,
    State,
    Tensor,
    read_contract,
    to_metadata,
)
from charlm_tui.lm.errors import ContractError, ModelFileError
from charlm_tui.lm.vocabulary import Vocabulary

SYMBOLS = "\n abc"
CARD = {"name": "tiny", "held_out_bits_per_character": 1.9}
METADATA = to_metadata(Vocabulary(SYMBOLS, "lower"), 60, CARD)
IDS = Tensor("ids", "int64", ("lanes",))
LOGITS = Tensor("logits", "float32", ("lanes", 5))
H = Tensor("h", "float32", ("lanes", "depth", 8))
C = replace(H, name="c")
H_NEXT, C_NEXT = replace(H, name="h_next"), replace(H, name="c_next")
INPUTS = (IDS, H, C)
OUTPUTS = (LOGITS, H_NEXT, C_NEXT)


def read(
    inputs: Sequence[Tensor] = INPUTS,
    outputs: Sequence[Tensor] = OUTPUTS,
    metadata: Mapping[str, str] = METADATA,
) -> Contract:
    return read_contract("m.onnx", inputs, outputs, metadata)


def refusal(*args: Any, **kwargs: Any) -> str:
    """Give what stands between the file's name and the advice."""
    with pytest.raises(ContractError) as caught:
        read(*args, **kwargs)
    message = str(caught.value)
    before, after = "m.onnx breaks the model contract: ", f"; {HOW_TO}"
    assert message.startswith(before)
    assert message.endswith(after)
    assert message.isprintable()
    assert len(message) < 400
    return message.removeprefix(before).removesuffix(after)


def changed(**values: str | None) -> dict[str, str]:
    metadata: dict[str, str | None] = {
        **METADATA,
        **{f"charlm.{key}": value for key, value in values.items()},
    }
    return {key: value for key, value in metadata.items() if value is not None}


def with_vocabulary(symbols: object) -> dict[str, str]:
    return changed(vocabulary=json.dumps(symbols))


def test_what_is_written_is_read_back() -> None:
    contract = read()
    assert contract.vocabulary.symbols == tuple(SYMBOLS)
    assert contract.vocabulary.case == "lower"
    assert contract.window == 60
    assert contract.states == (State("h", 8), State("c", 8))
    assert contract.card == CARD
    assert contract.name == "tiny"


@given(
    st.lists(st.characters(exclude_categories=["Cs"]), min_size=5, max_size=5, unique=True),
    st.sampled_from(["lower", "preserve"]),
    st.integers(1, MOST_WINDOW),
)
def test_any_vocabulary_survives_the_metadata(symbols: list[str], case: Any, window: int) -> None:
    contract = read(metadata=to_metadata(Vocabulary(symbols, case), window, {}))
    assert contract.vocabulary.symbols == tuple(symbols)
    assert (contract.vocabulary.case, contract.window) == (case, window)


def test_the_contract_names_no_cell() -> None:
    """A stack of layers, or a cell with one state, is read as well as an LSTM."""
    layers = [replace(H, name=name) for name in ("h0", "c0", "h1", "c1")]
    after = [replace(tensor, name=tensor.name + "_next") for tensor in layers]
    assert [it.name for it in read([IDS, *layers], [LOGITS, *after]).states] == [
        *("h0", "c0", "h1", "c1")
    ]
    wide, wide_next = (replace(it, shape=("a", "b", 9)) for it in (H, H_NEXT))
    assert read([wide, IDS], [wide_next, LOGITS]).states == (State("h", 9),)


@pytest.mark.parametrize("name", [None, "", [], {}])
def test_a_card_without_a_name_is_a_model_without_one(name: object) -> None:
    assert read(metadata=changed(card=json.dumps({"name": name}))).name == "unnamed"
    assert read(metadata=changed(card="{}")).name == "unnamed"


def test_a_contract_error_is_a_model_file_error_with_exit_code_1() -> None:
    assert issubclass(ContractError, ModelFileError)
    assert issubclass(ModelFileError, CharlmError)
    assert ContractError.exit_code == 1


def test_a_file_without_our_metadata_is_refused() -> None:
    assert refusal(metadata={}) == "no charlm metadata where contract '1' is expected"
    assert refusal(metadata={"author": "x"}).startswith("no charlm metadata")


@pytest.mark.parametrize("version", ["2", "1.0", " 1", "one", "x" * 5000, "\n\x1b[31m"])
def test_another_version_is_refused(version: str) -> None:
    assert refusal(metadata=changed(contract=version)).startswith("contract '")


@pytest.mark.parametrize("key", ["vocabulary", "card"])
@pytest.mark.parametrize("value", [None, "", "abc", "[", "'a'", "[" * 100_000, "1" * 5000])
def test_metadata_that_is_not_json_is_refused(key: str, value: str | None) -> None:
    sentence = refusal(metadata=changed(**{key: value}))
    assert sentence == f"its charlm.{key} is missing or is not JSON"


@pytest.mark.parametrize("symbols", [{}, "abc", 5, None, [], list(range(65_537))])
def test_a_vocabulary_that_is_no_list_of_fitting_length_is_refused(symbols: object) -> None:
    sentence = refusal(metadata=with_vocabulary(symbols))
    assert sentence == "its vocabulary is no list of 1 to 65,536 characters"


@pytest.mark.parametrize(
    ("symbols", "said"),
    [
        (["a", "bc"], "has 'bc' where one character is expected"),
        (["a", ""], "has '' where one character is expected"),
        (["a", 7], "has 7 where one character is expected"),
        (["a", None], "has None where one character is expected"),
        (["a", ["b"]], "has ['b'] where one character is expected"),
        (["a", "\n" * 1000], r"has '\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\ where one character"),
        (["a", "b", "a"], "has 'a' twice"),
        (["\n", "\n"], r"has '\n' twice"),
        (["a", "\ud800"], "has the surrogate U+D800"),
        (["\udfff", "a"], "has the surrogate U+DFFF"),
    ],
)
def test_a_vocabulary_of_other_things_than_characters_is_refused(
    symbols: list[object], said: str
) -> None:
    assert refusal(metadata=with_vocabulary(symbols)).startswith(f"its vocabulary {said[:45]}")


@pytest.mark.parametrize("case", [None, "", "upper", "Lower", "x" * 5000, "\n\x1b[31m"])
def test_an_unknown_case_is_refused(case: str | None) -> None:
    assert refusal(metadata=changed(case=case)).startswith("its case is ")


@pytest.mark.parametrize(
    "window",
    [
        None,
        "",
        "0",
        "-60",
        "60.0",
        "6e1",
        " 60",
        "sixty",
        "1000000",
        "10001",
        "060",
        "0000000010",
        "0000000010" * 9,
        "60\n",
        "9" * 5000,
        "٦٠",
        "²",
        "6_0",
    ],
)
def test_a_window_that_is_no_number_of_characters_is_refused(window: str | None) -> None:
    sentence = refusal(metadata=changed(window=window))
    assert sentence.startswith("its window is ")
    assert sentence.endswith("where a number of characters from 1 to 10,000 is expected")


@pytest.mark.parametrize("card", ["[]", "null", "5", '"card"'])
def test_a_card_that_is_no_object_is_refused(card: str) -> None:
    assert refusal(metadata=changed(card=card)) == "its card is no JSON object"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ((H, C), "it has no input ids"),
        ((IDS,), "it has no state tensor beside ids"),
        ((IDS, H, C, replace(H, name="x")), "it has no output x_next"),
        ((IDS, H), "its output c_next is not part of it"),
        (
            (replace(IDS, type="float32"), H, C),
            "its input ids is float32 where int64 is expected",
        ),
        (
            (replace(IDS, type="tensor(int32)"), H, C),
            "its input ids is tensor(int32) where int64 is expected",
        ),
        (
            (IDS, replace(H, type="tensor(double)"), C),
            "its input h is tensor(double) where float32 is expected",
        ),
        (
            (replace(IDS, shape=(1,)), H, C),
            "its input ids is [1] where [lanes] is expected",
        ),
        (
            (replace(IDS, shape=("lanes", "depth")), H, C),
            "its input ids is [lanes, depth] where [lanes] is expected",
        ),
        (
            (replace(IDS, shape=()), H, C),
            "its input ids is [] where [lanes] is expected",
        ),
        (
            (IDS, replace(H, shape=(1, "depth", 8)), C),
            "its input h is [1, depth, 8] where [lanes, depth, 8] is expected",
        ),
        (
            (IDS, replace(H, shape=("lanes", 60, 8)), C),
            "its input h is [lanes, 60, 8] where [lanes, depth, 8] is expected",
        ),
        (
            (IDS, replace(H, shape=(None, 60, 8)), C),
            "its input h is [?, 60, 8] where [lanes, depth, 8] is expected",
        ),
        (
            (IDS, replace(H, shape=("lanes", 8)), C),
            "its input h is [lanes, 8] where [lanes, depth, 8] is expected",
        ),
        (
            (IDS, replace(H, shape=("lanes", "depth", "units")), C),
            "its input h has no fixed number of units as last dimension",
        ),
        (
            (IDS, replace(H, shape=("lanes", "depth", 0)), C),
            "its input h has no fixed number of units as last dimension",
        ),
        (
            (IDS, replace(H, shape=()), C),
            "its input h has no fixed number of units as last dimension",
        ),
        (
            (IDS, replace(H, shape=("lanes", "depth", 9)), C),
            "its output h_next is [lanes, depth, 8] where [lanes, depth, 9] is expected",
        ),
    ],
)
def test_inputs_that_are_not_the_contracts_are_refused(inputs: Sequence[Tensor], said: str) -> None:
    assert refusal(inputs) == said


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ((), "it has no output logits"),
        ((H_NEXT, C_NEXT), "it has no output logits"),
        ((LOGITS, H_NEXT), "it has no output c_next"),
        ((LOGITS, H_NEXT, C_NEXT, replace(H, name="y")), "its output y is not part of it"),
        (
            (replace(LOGITS, shape=("lanes", 6)), H_NEXT, C_NEXT),
            "its output logits is [lanes, 6] where [lanes, 5] is expected",
        ),
        (
            (replace(LOGITS, shape=("lanes", "vocabulary")), H_NEXT, C_NEXT),
            "its output logits is [lanes, vocabulary] where [lanes, 5] is expected",
        ),
        (
            (replace(LOGITS, shape=("lanes", "depth", 5)), H_NEXT, C_NEXT),
            "its output logits is [lanes, depth, 5] where [lanes, 5] is expected",
        ),
        (
            (replace(LOGITS, shape=(1, 5)), H_NEXT, C_NEXT),
            "its output logits is [1, 5] where [lanes, 5] is expected",
        ),
        (
            (replace(LOGITS, type="tensor(float16)"), H_NEXT, C_NEXT),
            "its output logits is tensor(float16) where float32 is expected",
        ),
        (
            (LOGITS, replace(H_NEXT, type="int64"), C_NEXT),
            "its output h_next is int64 where float32 is expected",
        ),
    ],
)
def test_outputs_that_are_not_the_contracts_are_refused(
    outputs: Sequence[Tensor], said: str
) -> None:
    assert refusal(outputs=outputs) == said


def test_names_that_a_file_chose_cannot_move_a_cursor() -> None:
    evil = "\x1b[2J\n" + "x" * 5000
    assert refusal((IDS, H, C, replace(H, name=evil)))
    assert refusal((IDS, replace(H, type=evil), C))
    assert refusal((IDS, replace(H, shape=(1, evil, 8)), C))
    assert refusal(outputs=(*OUTPUTS, replace(H, name=evil)))


def test_unnamed_dynamic_axes_are_as_good_as_named_ones() -> None:
    unnamed = [
        replace(IDS, shape=(None,)),
        *(replace(tensor, shape=(None, None, 8)) for tensor in (H, C)),
    ]
    assert read(unnamed).states == (State("h", 8), State("c", 8))


@pytest.mark.parametrize("deep", [21, 300, 900, 990, 100_000])
def test_a_card_of_lists_in_lists_is_refused(deep: int) -> None:
    """Nobody can print one that is nested as deeply as it can be read."""
    for card in ('{"a":' * deep + "1" + "}" * deep, '{"a":' + "[" * deep + "]" * deep + "}"):
        sentence = refusal(metadata=changed(card=card))
        assert sentence.startswith("its card has more than 20 lists and objects in") or (
            sentence == "its charlm.card is missing or is not JSON"
        )


def test_a_card_of_some_depth_is_read() -> None:
    card = {"a": [{"b": [[{"c": [1, 2, {"d": "e"}]}]]}]}
    assert read(metadata=changed(card=json.dumps(card))).card == card


@pytest.mark.parametrize("key", ["card", "vocabulary"])
def test_metadata_too_large_to_be_any_are_not_parsed(key: str) -> None:
    sentence = refusal(metadata=changed(**{key: "[0," * 10**6}))
    assert sentence.startswith(f"its charlm.{key} has 3,000,000 characters where at most")


@pytest.mark.parametrize("name", ["", "\x1b[2J", "h\n", "x" * 65, "\u202eh"])
def test_a_state_whose_name_cannot_be_shown_is_refused(name: str) -> None:
    state = Tensor(name, "float32", ("lanes", "depth", 8))
    sentence = refusal(inputs=(IDS, state))
    assert "has no name of 1 to 64 printable characters" in sentence
