"""Models that Keras 2 and Keras 3 have written, converted without training."""

import json
import os
import random
import shutil
import subprocess
import sys
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import probabilities
from charlm_tui.training import keras_file, reference
from charlm_tui.training.errors import CorpusError, KerasFileError
from charlm_tui.training.keras_file import read_keras_file
from charlm_tui.training.symbols import read_symbols
from tests.support import keras_models
from tests.support.fuzz_files import spoil, twist
from tests.support.keras_models import WINDOW
from tests.training.conftest import invoke

NAMES = [
    f"{version}-{name}.{suffix}"
    for version in ("keras2", "keras3")
    for name in ("hard", "stack", "logits", "bare")
    for suffix in ("h5", "keras")
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model of `keras_models`: those of Keras 2 as they are kept, those of 3 made anew."""
    path = tmp_path_factory.mktemp("keras")
    shutil.copytree(Path(__file__).with_name("keras2"), path, dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", keras_models.__file__, str(path), "keras3"],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return path


def witness(folder: Path, name: str) -> dict[str, Any]:
    """Give windows, and what Keras itself said of them."""
    with np.load(folder / f"{Path(name).stem}.npz") as kept:
        return dict(kept)


@pytest.fixture(scope="module")
def symbols(folder: Path) -> Path:
    path = folder / "chars.json"
    path.write_text(json.dumps(list("abcdefghi")))
    return path


@pytest.mark.parametrize("name", [*NAMES, "cudnn.h5"])
def test_the_formula_gives_what_keras_itself_gave(name: str, folder: Path) -> None:
    found = read_keras_file(folder / name)
    assert found.window == WINDOW
    kept = witness(folder, name)
    given = reference.predict(found.weights, kept["ids"])
    np.testing.assert_allclose(given, kept["given"], atol=2e-6)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_the_hard_sigmoid_is_that_of_the_version_that_wrote_the_file(
    suffix: str, folder: Path
) -> None:
    kinds = {
        version: read_keras_file(folder / f"{version}-hard.{suffix}").weights.layers[0]
        for version in ("keras2", "keras3")
    }
    assert kinds["keras2"].recurrent_activation == "hard_sigmoid of Keras 2"
    assert kinds["keras3"].recurrent_activation == "hard_sigmoid"


@pytest.mark.parametrize(
    "name", ["keras2-hard.h5", "keras2-stack.keras", "keras3-logits.keras", "cudnn.h5"]
)
def test_the_app_gets_what_keras_itself_gave(
    name: str, folder: Path, symbols: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    result = invoke("--from-keras", folder / name, "--vocabulary", symbols, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "of the formula on 1,000 windows" in result.stderr
    model = OnnxModel(out)
    assert model.contract.window == WINDOW
    assert "".join(model.contract.vocabulary.symbols) == "abcdefghi"
    assert model.contract.card["converted_from"]["name"] == name
    kept = witness(folder, name)
    window = RollingWindow(model, WINDOW)
    ours = [probabilities(window.read(row.tolist()))[0] for row in kept["ids"]]
    np.testing.assert_allclose(ours, kept["given"], atol=1e-5)


def test_a_text_gives_the_symbols_as_the_notebook_takes_them(folder: Path, tmp_path: Path) -> None:
    text = tmp_path / "my.txt"
    text.write_text("ABC def ghhhh\n" * 50)
    wrong = invoke("--from-keras", folder / "keras3-hard.keras", "--corpus", text)
    assert wrong.exit_code == 1
    assert "knows 9 symbols, and my.txt has 10; give the text it was trained on" in wrong.stderr
    text.write_text("ABC def gh" * 50)
    out = tmp_path / "mine.onnx"
    args = ("--from-keras", folder / "keras3-hard.keras", "--corpus", text, "--out", out)
    done = invoke(*args, "--force")  # its weights are random, so it is worse than guessing
    assert done.exit_code == 0, done.stderr
    contract = OnnxModel(out).contract
    assert "".join(contract.vocabulary.symbols) == " abcdefgh"
    assert contract.card["corpus"]["characters"] == 500


@pytest.mark.parametrize("version", ["keras2", "keras3"])
@pytest.mark.parametrize("suffix", ["h5", "keras"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("both-ways", "its layer 'both' (Bidirectional) is not one of them"),
        ("backwards", "its layer 'back' (LSTM) reads backwards"),
        ("selu", "its layer 'odd' (LSTM) has the activation 'selu'"),
        ("relu-head", "its layer 'head' (Dense) has the activation 'relu'"),
        ("headless", "ends without a Dense layer"),
        ("other-size", "reads 9 symbols and predicts 10"),
        ("fork", "does not simply follow the one before"),
    ],
)
def test_what_cannot_be_expressed_is_refused_with_the_layer_that_stops_it(
    version: str, suffix: str, name: str, told: str, folder: Path
) -> None:
    with pytest.raises(KerasFileError) as caught:
        read_keras_file(folder / f"{version}-{name}.{suffix}")
    assert told in str(caught.value)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
def test_a_gru_of_keras_2_has_its_reset_after_the_product(suffix: str, folder: Path) -> None:
    [layer] = read_keras_file(folder / f"keras2-gru.{suffix}").weights.layers
    assert layer.cell == "GRU"
    assert layer.recurrent_bias is not None


@pytest.mark.parametrize("version", ["keras2", "keras3"])
def test_weights_alone_are_refused(version: str, folder: Path) -> None:
    with pytest.raises(KerasFileError, match="holds weights without the network"):
        read_keras_file(folder / f"{version}-only.weights.h5")


def test_a_network_for_any_window_asks_for_one(folder: Path, symbols: Path, tmp_path: Path) -> None:
    args = ("--from-keras", folder / "keras3-any.keras", "--vocabulary", symbols)
    out = ("--out", tmp_path / "mine.onnx")
    assert "give one with --window" in invoke(*args, *out).stderr
    assert invoke(*args, *out, "--window", "12").exit_code == 0
    assert OnnxModel(tmp_path / "mine.onnx").contract.window == 12


@pytest.mark.parametrize("name", ["keras2-hard.h5", "keras3-hard.keras"])
def test_a_file_cut_anywhere_is_one_clear_error(name: str, folder: Path, tmp_path: Path) -> None:
    whole = (folder / name).read_bytes()
    cut = tmp_path / name
    for share in range(0, 100, 7):
        cut.write_bytes(whole[: len(whole) * share // 100])
        with pytest.raises(KerasFileError) as caught:
            read_keras_file(cut)
        assert "\n" not in str(caught.value)


def test_configurations_that_make_no_sense_are_one_clear_error(
    folder: Path, tmp_path: Path
) -> None:
    source = folder / "keras3-hard.keras"
    hostile = tmp_path / "hostile.keras"
    for config in ("null", "[]", "{}", '{"config": 3, "class_name": "Sequential"}', "\x00"):
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(hostile, "w") as new:
            for name in old.namelist():
                new.writestr(name, config if name == "config.json" else old.read(name))
        with pytest.raises(KerasFileError):
            read_keras_file(hostile)
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(KerasFileError):
        read_keras_file(tmp_path / "empty.h5")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('["a", "b"]', "knows 9 symbols, and v.json has 2"),
        ('{"a": 0}', "is not a list of 2 to"),
        ('["a", "a"]', "is not a list of 2 to"),
        ("[1]", "is not a list of 2 to"),
        ("not json", "is not JSON"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_wrong_vocabulary_is_told(
    content: str | None, told: str, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "v.json"
    if content is not None:
        path.write_text(content)
    out = tmp_path / "mine.onnx"
    result = invoke(
        "--from-keras", folder / "keras3-hard.keras", "--vocabulary", path, "--out", out
    )
    assert result.exit_code == 1
    assert told in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not out.exists()


def test_a_broken_vocabulary_is_symbols_or_one_sentence(tmp_path: Path) -> None:
    path, good = tmp_path / "v.json", 0
    for seed in range(1000):
        rng = random.Random(seed)
        symbols = {char: index for index, char in enumerate("abcdef")}
        value = rng.choice((list(symbols), symbols, {str(at): it for it, at in symbols.items()}))
        content = json.dumps(twist(rng, json.loads(json.dumps(value)))).encode()
        path.write_bytes(spoil(rng, content) if rng.random() < 0.4 else content)
        with suppress(CorpusError):  # and nothing else
            good += len(read_symbols(path).all) > 1
    assert good > 10


def test_a_pipe_a_device_and_what_unpacks_to_too_much_are_no_keras_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, kind in ((pipe, "a pipe"), (Path("/dev/zero"), "a device"), (tmp_path, "a folder")):
        with pytest.raises(KerasFileError, match=f"cannot be read: it is {kind}"):
            read_keras_file(path)
    monkeypatch.setattr(keras_file, "MOST_MEMBER_BYTES", 1000)
    with pytest.raises(KerasFileError, match=r"its config\.json would have more than"):
        read_keras_file(folder / "keras3-hard.keras")


@pytest.mark.parametrize("keyed", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_notebooks_dictionaries_are_vocabularies(
    keyed: bool, folder: Path, tmp_path: Path
) -> None:
    path, out = tmp_path / "v.json", tmp_path / "mine.onnx"
    ids = {char: index for index, char in enumerate("ihgfedcba")}
    path.write_text(json.dumps(ids if keyed else {it: char for char, it in ids.items()}))
    args = ("--from-keras", folder / "keras3-hard.keras", "--vocabulary", path, "--out", out)
    assert invoke(*args).exit_code == 0
    assert "".join(OnnxModel(out).contract.vocabulary.symbols) == "ihgfedcba"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--from-keras", "x.keras", "--epochs", "3"), "leave out --epochs"),
        (("--from-keras", "x.keras", "--resume"), "leave out --resume"),
        (("--vocabulary", "x.json"), "is for --from-keras alone"),
    ],
)
def test_options_that_do_not_go_with_a_conversion_are_wrong_usage(
    args: tuple[str, ...], told: str
) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert told in result.stderr
