"""What the ids of somebody's model stand for: files of symbols, and texts as others read them."""

import codecs
import json
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.errors import CorpusError
from charlm_tui.training.symbols import read_symbols
from tests.training.conftest import invoke, refusal

WINDOW = 6


def cyclic(path: Path, order: str, nexts: str, *, masks: bool = False) -> Path:
    """Write a model that goes round in a text for ever: each character is followed by the next.

    Args:
        path: of an HDF5 file, which says that Keras 2 wrote it: Keras 3 is not asked about it.
        order: the characters in the order of their ids.
        nexts: the text that it knows, each character once.
        masks: begin with an embedding that skips symbol 0.
    """
    size = len(order)
    if masks:
        embedding = layers.Embedding(size, size, mask_zero=True, name="padded")
        first: list[Any] = [keras.Input((WINDOW,)), embedding]
    else:
        first = [keras.Input((WINDOW, size))]
    rnn = layers.SimpleRNN(size, activation="linear")
    model = keras.Sequential([*first, rnn, layers.Dense(size, activation="softmax")])
    follows = np.zeros((size, size))
    for at, symbol in enumerate(nexts):
        follows[order.index(symbol), order.index(nexts[(at + 1) % len(nexts)])] = 9
    rnn.set_weights([np.eye(size), np.zeros((size, size)), np.zeros(size)])
    model.layers[-1].set_weights([follows, np.zeros(size)])
    if masks:
        embedding.set_weights([np.eye(size)])
    model.save(path)
    with h5py.File(path, "a") as file:
        file.attrs["keras_version"] = b"2.15.0"
    return path


def symbols_of(path: Path) -> str:
    return "".join(OnnxModel(path).contract.vocabulary.symbols)


ABC = {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("content", "symbols"),
    [
        (json.dumps(["c", "a", "b"]), ["c", "a", "b"]),
        (codecs.BOM_UTF8.decode() + json.dumps(["c", "a", "b"]), ["c", "a", "b"]),
        (json.dumps("cab"), ["c", "a", "b"]),
        (json.dumps(ABC), ["a", "b", "c"]),
        (json.dumps({"0": "a", "1": "b", "2": "c"}), ["a", "b", "c"]),
        (json.dumps({"a": 1, "b": 2, "c": 3}), [None, "a", "b", "c"]),
        (json.dumps({"1": "a", "2": "b", "3": "c"}), [None, "a", "b", "c"]),
        (json.dumps({"1": 0, "0": 1, "2": 2}), ["1", "0", "2"]),
        (json.dumps({"char_to_idx": ABC, "window": 40}), ["a", "b", "c"]),
        (
            json.dumps({"char_to_idx": ABC, "idx_to_char": {"0": "a", "1": "b", "2": "c"}}),
            ["a", "b", "c"],
        ),
        (
            json.dumps({"class_name": "Tokenizer", "config": {"word_index": '{"e": 1, "t": 2}'}}),
            [None, "e", "t"],
        ),
        (json.dumps(["<pad>", "a", "[UNK]", "b"]), [None, "a", None, "b"]),
        (json.dumps(["", "[UNK]", "\n", "<"]), [None, None, "\n", "<"]),
        (json.dumps([None, "a", "b"]), [None, "a", "b"]),
    ],
)
def test_symbols_are_read_in_every_form_in_which_people_keep_them(
    content: str, symbols: list[str | None], tmp_path: Path
) -> None:
    path = tmp_path / "symbols.json"
    path.write_text(content, encoding="utf-8")
    assert list(read_symbols(path).all) == symbols


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["a", "bc"], "it has 'bc' at the place 1"),
        (["a", "b", "a"], "it has 'a' twice"),
        ({"a": 3, "b": 9}, "it has an object of 2 entries, which are no ids from 0 or 1"),
        ({"one": ABC, "two": {"b": 0, "a": 1}}, "it has 2 of them that differ"),
        (7, "it has '7'"),
        (["a"], "it has 1 of them"),
    ],
)
def test_what_is_no_list_of_symbols_is_refused_with_what_was_found(
    given: Any, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "symbols.json"
    path.write_text(json.dumps(given))
    with pytest.raises(CorpusError) as caught:
        read_symbols(path)
    assert told in str(caught.value)


def test_a_vocabulary_in_the_wrong_order_is_put_in_place_only_by_force(tmp_path: Path) -> None:
    """A model whose characters were numbered in a set's order, with its text alone."""
    nexts, order = "the quick brown.", "qwtnhr uio.kecb"
    nexts = "".join(dict.fromkeys(nexts))
    assert sorted(nexts) == sorted(order)
    path, out, text = tmp_path / "set.h5", tmp_path / "set.onnx", tmp_path / "set.txt"
    cyclic(path, order, nexts)
    text.write_text(nexts * 100)
    args = ("--from-keras", path, "--corpus", text, "--out", out)
    sentence = refusal(*args)
    assert "bits per character, worse than guessing (3.9): its characters are numbered" in sentence
    assert "--force" in sentence
    assert not out.exists()
    forced = invoke(*args, "--force")
    assert forced.exit_code == 0
    assert "warning: set.h5 predicts set.txt at" in " ".join(forced.stderr.split())
    assert symbols_of(out) == "".join(sorted(nexts))
    symbols = tmp_path / "symbols.json"
    symbols.write_text(json.dumps(order))
    right = invoke(*args, "--vocabulary", symbols)
    assert right.exit_code == 0, right.stderr
    assert "it predicts set.txt at 0.00 bits per character" in right.stderr
    assert symbols_of(out) == order
    assert OnnxModel(out).contract.card["corpus"]["name"] == "set.txt"


def test_the_case_of_a_model_follows_its_symbols(tmp_path: Path) -> None:
    for order, case in (("abC", "preserve"), ("ab.", "lower"), ("AB.", "preserve")):
        path, out = cyclic(tmp_path / "m.h5", order, order), tmp_path / "m.onnx"
        symbols = tmp_path / "symbols.json"
        symbols.write_text(json.dumps(order))
        assert invoke("--from-keras", path, "--vocabulary", symbols, "--out", out).exit_code == 0
        assert OnnxModel(out).contract.vocabulary.case == case


@pytest.mark.parametrize(
    ("extra", "content"),
    [
        ("\ufeff", "\ufeff" + "abcd\n" * 40),
        ("\r", "abcd\r\n" * 40),
        ("\r\ufeff", "\ufeff" + "abcd\r\n" * 40),
    ],
)
def test_a_byte_order_mark_and_carriage_returns_are_symbols_where_the_count_says_so(
    extra: str, content: str, tmp_path: Path
) -> None:
    cycle = "abcd\r\n" if "\r" in extra else "abcd\n"
    order = "".join(sorted({*cycle, *extra}))
    path = cyclic(tmp_path / "m.h5", order, cycle)
    text, out = tmp_path / "text.txt", tmp_path / "m.onnx"
    text.write_bytes(content.encode())
    done = invoke("--from-keras", path, "--corpus", text, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert symbols_of(out) == order
    assert "text.txt has as many symbols as the model with U+" in " ".join(done.stderr.split())


def test_the_case_of_a_text_is_kept_where_the_count_says_so(tmp_path: Path) -> None:
    path, text, out = (tmp_path / name for name in ("m.h5", "text.txt", "m.onnx"))
    cyclic(path, "ABab", "aAbB")
    text.write_text("aAbB" * 100)
    done = invoke("--from-keras", path, "--corpus", text, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert OnnxModel(out).contract.vocabulary.case == "preserve"
    assert symbols_of(out) == "ABab"
    lower = refusal("--from-keras", path, "--corpus", text, "--out", out, "--case", "lower")
    assert "knows 4 symbols, and text.txt has 2" in lower


def test_543_characters_are_enough_for_a_conversion(tmp_path: Path) -> None:
    path, text, out = (tmp_path / name for name in ("m.h5", "text.txt", "m.onnx"))
    cyclic(path, "abc", "abc")
    text.write_text("abc" * 181)
    done = invoke("--from-keras", path, "--corpus", text, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert OnnxModel(out).contract.card["corpus"]["characters"] == 543
    text.write_text("abc" * 2)
    assert "has 6 characters where at least 8 are expected" in refusal(
        "--from-keras", path, "--corpus", text, "--out", out
    )


def test_a_padding_is_left_out_and_a_mask_of_it_has_nothing_to_do(tmp_path: Path) -> None:
    """`word_index` numbers from 1: symbol 0 is no character, and is never drawn."""
    path = cyclic(tmp_path / "m.h5", "_cab", "abc", masks=True)
    symbols, out = tmp_path / "symbols.json", tmp_path / "m.onnx"
    symbols.write_text(json.dumps({"c": 1, "a": 2, "b": 3}))
    done = invoke("--from-keras", path, "--vocabulary", symbols, "--out", out)
    assert done.exit_code == 0, done.stderr
    assert symbols_of(out) == "cab"
    symbols.write_text(json.dumps("_cab"))
    sentence = refusal("--from-keras", path, "--vocabulary", symbols, "--out", out)
    assert "its layer 'padded' skips symbol 0 (mask_zero), which is ‘_’ and no" in sentence
