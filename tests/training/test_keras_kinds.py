"""Networks of every kind that can be expressed, as files of Keras 3, and what is refused by name.

Each is held against what Keras itself predicts.
"""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from charlm_tui.training import reference
from charlm_tui.training.errors import KerasFileError, ParityError
from charlm_tui.training.keras_file import read_keras_file
from charlm_tui.training.keras_network import KerasFile
from charlm_tui.training.keras_witness import SilentWitnessError, ask_keras
from charlm_tui.training.network import StepWeights

SYMBOLS, WINDOW, UNITS = 9, 12, 6
ONE_HOT = (WINDOW, SYMBOLS)


def dense(**settings: Any) -> Any:
    return layers.Dense(SYMBOLS, activation="softmax", **settings)


def functional(*chain: Any) -> Any:
    entry = values = keras.Input((WINDOW,))
    for layer in chain:
        values = layer(values)
    return keras.Model(entry, values)


def sequential(*chain: Any, batch: int | None = None) -> Any:
    return keras.Sequential([keras.Input(ONE_HOT, batch_size=batch), *chain])


def normalisation() -> Any:
    return layers.BatchNormalization()


KINDS: dict[str, Callable[[], Any]] = {
    "gru": lambda: sequential(layers.GRU(UNITS), dense()),
    "gru-before": lambda: sequential(layers.GRU(UNITS, reset_after=False), dense()),
    "gru-bare": lambda: sequential(layers.GRU(UNITS, use_bias=False), dense(use_bias=False)),
    "gru-hard": lambda: sequential(layers.GRU(UNITS, "relu", "hard_sigmoid"), dense()),
    "simple": lambda: sequential(layers.SimpleRNN(UNITS), dense()),
    "simple-bare": lambda: sequential(layers.SimpleRNN(UNITS, use_bias=False), dense()),
    "mixed": lambda: sequential(
        layers.GRU(UNITS, return_sequences=True),
        layers.SimpleRNN(5, return_sequences=True),
        layers.LSTM(4),
        dense(),
    ),
    "embedded": lambda: functional(
        layers.Embedding(SYMBOLS, 5),
        layers.SpatialDropout1D(0.1),
        layers.GRU(UNITS, return_sequences=True, dropout=0.2, recurrent_dropout=0.1),
        layers.TimeDistributed(layers.Dropout(0.1)),
        layers.TimeDistributed(layers.Dense(SYMBOLS)),
        layers.TimeDistributed(layers.Activation("softmax")),
    ),
    "softmax": lambda: sequential(layers.LSTM(UNITS), layers.Dense(SYMBOLS), layers.Softmax()),
    "normalised": lambda: sequential(
        normalisation(),
        layers.LSTM(UNITS, return_sequences=True),
        normalisation(),
        layers.Dropout(0.3),
        layers.GRU(5),
        normalisation(),
        layers.Dense(SYMBOLS),
        layers.BatchNormalization(scale=False),
        layers.Activation("softmax"),
    ),
    "two-dense": lambda: sequential(layers.LSTM(UNITS), layers.Dense(4), dense()),
    "hidden": lambda: sequential(
        layers.LSTM(UNITS),
        layers.Dense(5, "relu"),
        layers.Dropout(0.1),
        layers.Dense(4),
        layers.Activation("elu"),
        normalisation(),
        dense(),
    ),
    "dense-first": lambda: sequential(
        layers.TimeDistributed(layers.Dense(4, activation="relu")), layers.LSTM(UNITS), dense()
    ),
    "sequence": lambda: sequential(layers.SimpleRNN(UNITS, return_sequences=True), dense()),
    "stateful": lambda: sequential(layers.LSTM(UNITS, stateful=True), dense(), batch=3),
    "stateful-gru": lambda: sequential(
        layers.GRU(UNITS, stateful=True, return_sequences=True), dense(), batch=1
    ),
}


def filled(model: Any, seed: int = 5) -> Any:
    """Return a model with random weights; a variance is positive."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        layer.set_weights(
            [
                np.abs(rng.normal(0, 0.8, it.shape)) + 0.1
                if "variance" in variable.path
                else rng.normal(0, 0.8, it.shape)
                for variable, it in zip(layer.weights, layer.get_weights(), strict=True)
            ]
        )
    return model


def predicted(model: Any, ids: Any) -> Any:
    """Return what Keras predicts after each window, with its states at zero."""
    one_hot = len(model.input_shape) == 3
    inputs = np.eye(SYMBOLS, dtype=np.float32)[ids] if one_hot else ids
    size = model.input_shape[0] or len(ids)
    results = []
    for start in range(0, len(ids), size):
        for layer in model.layers:
            if hasattr(layer, "reset_states"):
                layer.reset_states()
        results.append(np.asarray(model.predict_on_batch(inputs[start : start + size])))
    given = np.concatenate(results)
    return given[:, -1] if given.ndim == 3 else given


@pytest.fixture(scope="module")
def ids() -> Any:
    return np.random.default_rng(1).integers(0, SYMBOLS, (12, WINDOW)).astype(np.int32)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_formula_of_a_file_is_what_keras_predicts(
    kind: str, suffix: str, ids: Any, tmp_path: Path
) -> None:
    model, path = filled(KINDS[kind]()), tmp_path / f"model.{suffix}"
    model.save(path)
    found = read_keras_file(path)
    assert found.window == WINDOW
    assert found.stateful == kind.startswith("stateful")
    assert found.reads == ("ids" if kind == "embedded" else "one-hot")
    given = reference.predict(found.weights, ids)
    np.testing.assert_allclose(given, predicted(model, ids), atol=3e-6)
    assert given.std(axis=0).max() > 0.01


def as_cudnn(weights: Any, gates: int) -> Any:
    """Return a layer's arrays as cuDNN keeps them: each gate's matrix transposed, two biases."""
    kernel, recurrent, bias = weights
    entries, units = kernel.shape[0], recurrent.shape[0]
    flat = [part.T.ravel().reshape(entries, units) for part in np.split(kernel, gates, axis=1)]
    turned = [part.T for part in np.split(recurrent, gates, axis=1)]
    return [np.concatenate(flat, axis=1), np.concatenate(turned, axis=1), bias.ravel()]


def test_a_gru_of_cudnn_computes_what_the_plain_one_does(ids: Any, tmp_path: Path) -> None:
    """Keras 3 has no such layer: the file is written anew as Keras 2 wrote it."""
    model, path = filled(sequential(layers.GRU(UNITS, name="it"), dense())), tmp_path / "model.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        [_, layer, _] = config["config"]["layers"]
        layer["class_name"] = "CuDNNGRU"
        layer["config"] = {"name": layer["config"]["name"], "units": UNITS, "trainable": True}
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.2.4"
        [group] = file[f"model_weights/it/{model.name}/it"].values()
        for name, array in zip(
            ("kernel", "recurrent_kernel", "bias"),
            as_cudnn(model.layers[0].get_weights(), 3),
            strict=True,
        ):
            del group[name]
            group[name] = array
    found = read_keras_file(path)
    assert found.weights.layers[0].cell == "GRU"
    given = reference.predict(found.weights, ids)
    np.testing.assert_allclose(given, predicted(model, ids), atol=3e-6)


def lstm(**settings: Any) -> Any:
    return layers.LSTM(UNITS, **settings)


def with_mask() -> Any:
    entry = keras.Input((WINDOW,))
    mask = keras.Input((WINDOW,), dtype="bool")
    values = layers.LSTM(UNITS)(layers.Embedding(SYMBOLS, 4)(entry), mask=mask)
    return keras.Model([entry, mask], dense()(values))


def in_training() -> Any:
    entry = keras.Input((WINDOW,))
    values = layers.LSTM(UNITS)(layers.Embedding(SYMBOLS, 4)(entry))
    return keras.Model(entry, dense()(layers.Dropout(0.5, name="wet")(values, training=True)))


def early_exit() -> Any:
    entry = keras.Input((WINDOW,))
    values = layers.LSTM(UNITS)(layers.Embedding(SYMBOLS, 4)(entry))
    first = layers.Dense(SYMBOLS, name="first")(values)
    return keras.Model(entry, [first, dense()(first)])


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "double": (
        lambda: sequential(lstm(), dense(name="out"), layers.Activation("softmax", name="again")),
        "its layer 'again' (Activation) applies softmax again, to the softmax of 'out'",
    ),
    "double-layer": (
        lambda: sequential(lstm(), dense(name="out"), layers.Softmax(name="again")),
        "its layer 'again' (Softmax) applies softmax again",
    ),
    "after-softmax": (
        lambda: sequential(lstm(), dense(name="out"), dense(name="more")),
        "its layer 'more' (Dense) follows the softmax of 'out'",
    ),
    "axis": (
        lambda: sequential(
            lstm(return_sequences=True), layers.Dense(SYMBOLS), layers.Softmax(1, name="odd")
        ),
        "its layer 'odd' (Softmax) is over the axis 1",
    ),
    "normalised-time": (
        lambda: sequential(layers.BatchNormalization(axis=1, name="time"), lstm(), dense()),
        "its layer 'time' (BatchNormalization) normalises the axis 1, not the last one",
    ),
    "masking": (
        lambda: sequential(layers.Masking(name="mask"), lstm(), dense()),
        "its layer 'mask' (Masking) is not one of them",
    ),
    "half": (
        lambda: sequential(lstm(dtype="mixed_float16", name="low"), dense()),
        "its layer 'low' (LSTM) computes in 'mixed_float16'",
    ),
    "flat": (
        lambda: sequential(lstm(return_sequences=True), layers.Flatten(name="flat"), dense()),
        "its layer 'flat' (Flatten) is not one of them",
    ),
    "training": (in_training, "its layer 'wet' (Dropout) is called with 'training'"),
    "mask-input": (with_mask, "does not simply follow the one before"),
    "early-exit": (early_exit, "its output is first"),
    "number": (
        lambda: keras.Sequential([keras.Input((WINDOW, 1)), lstm(), dense()]),
        "reads a character as one number (such as its id divided by the number of symbols)",
    ),
}


@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("kind", REFUSED)
def test_what_changes_what_keras_computes_is_refused_by_name(
    kind: str, suffix: str, tmp_path: Path
) -> None:
    build, told = REFUSED[kind]
    path = tmp_path / f"model.{suffix}"
    build().save(path)
    with pytest.raises(KerasFileError) as caught:
        read_keras_file(path)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def rewritten(path: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write a `.keras` file again with its configuration changed."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return target


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "plain.keras"
    filled(sequential(layers.LSTM(UNITS, name="cell"), dense())).save(path)
    return path


@pytest.mark.parametrize(
    ("value", "known"),
    [
        *((it, True) for it in (None, False, [], {}, "")),
        *((it, False) for it in (True, 0, 0.5, "x", {"a": 1})),
    ],
)
def test_a_setting_that_is_not_known_is_refused_by_name_if_it_is_set(
    value: Any, known: bool, plain: Path, tmp_path: Path
) -> None:
    def change(config: dict[str, Any]) -> None:
        config["config"]["layers"][1]["config"]["zoneout"] = value

    path = rewritten(plain, tmp_path / "changed.keras", change)
    if known:
        assert read_keras_file(path).window == WINDOW
        return
    with pytest.raises(KerasFileError, match=r"'cell' \(LSTM\) has the setting 'zoneout' = "):
        read_keras_file(path)


@pytest.mark.parametrize("where", [{"module": "mine"}, {"registered_name": "mine>LSTM"}])
def test_a_layer_of_its_own_code_is_refused_though_it_has_the_name_of_one(
    where: dict[str, str], plain: Path, tmp_path: Path
) -> None:
    def change(config: dict[str, Any]) -> None:
        config["config"]["layers"][1] |= where

    path = rewritten(plain, tmp_path / "changed.keras", change)
    with pytest.raises(KerasFileError, match="is of a class of its own code, 'mine"):
        read_keras_file(path)


@pytest.mark.long
def test_keras_itself_is_asked_and_what_it_computes_otherwise_is_refused(
    plain: Path, ids: Any
) -> None:
    found = read_keras_file(plain)
    assert ask_keras(plain, found, ids) < 1e-6
    other = found.weights.out_bias.copy()
    other[2] += 0.01
    weights = StepWeights(found.weights.layers, found.weights.out, other)
    wrong = KerasFile(weights, WINDOW, found.keras_version, found.reads)
    with pytest.raises(ParityError, match=r"Keras' own predict of .* differs from the formula by"):
        ask_keras(plain, wrong, ids)


@pytest.mark.parametrize(
    "kind",
    [
        "stateful",
        pytest.param("stateful-gru", marks=pytest.mark.long),
        pytest.param("embedded", marks=pytest.mark.long),
    ],
)
def test_keras_is_asked_in_the_way_that_the_network_reads(
    kind: str, ids: Any, tmp_path: Path
) -> None:
    path = tmp_path / "model.keras"
    filled(KINDS[kind]()).save(path)
    assert ask_keras(path, read_keras_file(path), ids) < 1e-6


@pytest.mark.parametrize(("module", "name"), [("pathlib", "Path"), ("builtins", "open")])
def test_keras_makes_no_object_of_what_is_not_its_own(
    module: str, name: str, plain: Path, ids: Any, tmp_path: Path
) -> None:
    """An initialiser has no effect, but loading the file would import what it names."""

    def change(config: dict[str, Any]) -> None:
        config["config"]["layers"][1]["config"]["kernel_initializer"] = {
            "module": module,
            "class_name": name,
            "config": {"file": str(tmp_path / "opened"), "mode": "w"},
            "registered_name": None,
        }

    path = rewritten(plain, tmp_path / "changed.keras", change)
    with pytest.raises(SilentWitnessError, match=f"the class {module} {name}, which is not Kera"):
        ask_keras(path, read_keras_file(path), ids)


def weights_alone(model: Any, folder: Path, form: str) -> Path:
    """Write a model's weights as Keras 3 does, or as Keras 2 does."""
    path = folder / ("model.weights.h5" if form == "keras3" else "weights.h5")
    if form == "keras3":
        model.save_weights(path)
        return path
    whole = folder / "whole.h5"
    model.save(whole)
    with h5py.File(whole) as old, h5py.File(path, "w") as new:
        for name, value in old["model_weights"].attrs.items():
            new.attrs[name] = value
        for name in old["model_weights"]:
            old.copy(old["model_weights"][name], new, name)
        new.attrs["keras_version"] = b"2.4.0"
    return path


@pytest.mark.parametrize("form", ["keras2", "keras3"])
@pytest.mark.parametrize("as_json", [False, True])
def test_weights_alone_convert_with_their_network(
    form: str, as_json: bool, ids: Any, tmp_path: Path
) -> None:
    model = filled(
        sequential(
            layers.LSTM(UNITS, return_sequences=True),
            layers.Dropout(0.2),
            layers.GRU(5),
            layers.Dense(SYMBOLS),
            layers.Activation("softmax"),
        )
    )
    path = weights_alone(model, tmp_path, form)
    network = f"LSTM({UNITS}), Dropout(0.2), GRU(5), Dense({SYMBOLS}, softmax)"
    if as_json:
        network = str(tmp_path / "network.json")
        Path(network).write_text(model.to_json())
    found = read_keras_file(path, network)
    assert found.window == (WINDOW if as_json else None)
    np.testing.assert_allclose(
        reference.predict(found.weights, ids), predicted(model, ids), atol=3e-6
    )


@pytest.mark.parametrize(
    ("network", "told"),
    [
        ("LSTM(6), Dense(9", "--network is 'LSTM(6), Dense(9'"),
        ("open('x'), Dense(9)", "--network has \"open('x')\""),
        ("LSTM(6)(x)", "where a layer is expected"),
        ("LSTM([6]), Dense(9)", "where a number or a word is expected"),
        ("", "--network is ''"),
        ("missing.json", "missing.json cannot be read"),
        ("LSTM(6), LSTM(6), Dense(9)", "has 2 arrays of weights where 3 are expected"),
    ],
)
def test_a_network_that_does_not_fit_its_weights_is_one_clear_error(
    network: str, told: str, tmp_path: Path
) -> None:
    path = weights_alone(filled(sequential(lstm(), dense())), tmp_path, "keras2")
    with pytest.raises(KerasFileError) as caught:
        read_keras_file(path, network)
    assert told in str(caught.value)


def test_a_layer_whose_weights_were_not_saved_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.h5"
    sequential(lstm(), dense(name="out")).save(path)
    with h5py.File(path, "a") as file:
        file["model_weights/out"].attrs["weight_names"] = np.array([], "S1")
    with pytest.raises(KerasFileError, match=r"'out' \(Dense\) has 0 arrays of weights where 2"):
        read_keras_file(path)


def test_a_file_of_keras_1_is_refused_as_such(tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": []})
        file.attrs["keras_version"] = b"1.2.2"
        file.create_group("model_weights")
    with pytest.raises(KerasFileError, match="was written by Keras 1, whose files are kept"):
        read_keras_file(path)
