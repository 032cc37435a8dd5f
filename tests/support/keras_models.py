"""Writes models as the notebook's own code does, with Keras 2 and with Keras 3.

Run as a file: `python keras_models.py FOLDER keras3`. Each model that can be converted has a .npz
beside it, with windows and what Keras itself says of them.

The files in `keras2/` were written by `python keras_models.py keras2 keras2` with tf-keras 2.21,
which is Keras 2. They are kept, because tf-keras brings a second TensorFlow with it.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np

SYMBOLS, WINDOW, UNITS = 9, 20, 6
rng = np.random.default_rng(0)


def filled(model: Any) -> Any:
    """Return a model with random weights, large enough to make its gates hard."""
    for layer in model.layers:
        arrays = [rng.normal(0, 0.8, it.shape).astype("f4") for it in layer.get_weights()]
        layer.set_weights(arrays)
    return model


def write(folder: Path, name: str, model: Any, witness: Any = None, logits: bool = False) -> None:
    """Save a model in both formats, and what it says of 50 windows."""
    ids = rng.integers(0, SYMBOLS, (50, WINDOW))
    inputs = ids if len(model.input_shape) == 2 else np.eye(SYMBOLS, dtype="f4")[ids]
    given = np.asarray((witness or model).predict(inputs, verbose=0), float)
    given = given[:, -1] if given.ndim == 3 else given
    if logits:
        given = np.exp(given) / np.exp(given).sum(1, keepdims=True)
    for suffix in ("h5", "keras"):
        model.save(folder / f"{name}.{suffix}")
    np.savez(folder / f"{name}.npz", ids=ids, given=given)


def sequential(keras: Any, *layers: Any) -> Any:
    return filled(keras.Sequential([keras.Input((WINDOW, SYMBOLS)), *layers]))


def main(folder: Path, prefix: str) -> None:
    """Write every model of one version of Keras."""
    each = importlib.import_module({"keras2": "tf_keras", "keras3": "keras"}[prefix])
    write_models(folder, prefix, each)
    if prefix == "keras2":
        write_cudnn(folder, each)


def write_models(folder: Path, prefix: str, each: Any) -> None:
    """Write what can be converted, and what is refused."""
    layers = each.layers

    def dense(layers: Any = layers) -> Any:
        return layers.Dense(SYMBOLS, activation="softmax")

    hard = layers.LSTM(UNITS, recurrent_activation="hard_sigmoid", name="first")
    write(folder, f"{prefix}-hard", sequential(each, hard, dense()))
    stack = (layers.LSTM(UNITS, return_sequences=True), layers.Dropout(0.2), layers.LSTM(5))
    apart = (layers.Dense(SYMBOLS), layers.Activation("softmax"))
    write(folder, f"{prefix}-stack", sequential(each, *stack, *apart))
    ids = each.Input((WINDOW,))
    states = layers.LSTM(UNITS, return_sequences=True)(layers.Embedding(SYMBOLS, 4)(ids))
    logits = layers.TimeDistributed(layers.Dense(SYMBOLS))(states)
    write(folder, f"{prefix}-logits", filled(each.Model(ids, logits)), logits=True)

    bare = layers.LSTM(UNITS, use_bias=False, unit_forget_bias=False)
    no_bias = sequential(each, bare, layers.Dense(SYMBOLS, use_bias=False))
    write(folder, f"{prefix}-bare", no_bias, logits=True)

    refused = {
        "both-ways": (layers.Bidirectional(layers.LSTM(UNITS), name="both"), dense()),
        "backwards": (layers.LSTM(UNITS, go_backwards=True, name="back"), dense()),
        "selu": (layers.LSTM(UNITS, activation="selu", name="odd"), dense()),
        "headless": (layers.LSTM(UNITS, name="alone"),),
        "relu-head": (layers.LSTM(UNITS), layers.Dense(SYMBOLS, "relu", name="head")),
        "other-size": (layers.LSTM(UNITS), layers.Dense(SYMBOLS + 1, name="wide")),
    }
    for name, chain in refused.items():
        model = sequential(each, *chain)
        model.save(folder / f"{prefix}-{name}.h5")
        model.save(folder / f"{prefix}-{name}.keras")
    ids = each.Input((WINDOW, SYMBOLS))
    two = layers.add([layers.LSTM(UNITS)(ids), layers.LSTM(UNITS)(ids)])
    each.Model(ids, dense()(two)).save(folder / f"{prefix}-fork.keras")
    each.Model(ids, dense()(two)).save(folder / f"{prefix}-fork.h5")
    sequential(each, layers.LSTM(UNITS), dense()).save_weights(folder / f"{prefix}-only.weights.h5")
    free = each.Sequential([each.Input((None, SYMBOLS)), layers.LSTM(UNITS), layers.Dense(SYMBOLS)])
    free.save(folder / f"{prefix}-any.keras")


def write_cudnn(folder: Path, tf_keras: Any) -> None:
    """Write a model trained on a GPU by Keras 2, whose weights are laid out otherwise.

    The witness is an LSTM into which Keras 2 itself has loaded them.
    """
    from tf_keras.src.layers.rnn.cudnn_lstm import CuDNNLSTM

    layers = tf_keras.layers
    on_gpu = sequential(
        tf_keras,
        CuDNNLSTM(UNITS, name="cu"),
        layers.Dense(SYMBOLS, activation="softmax", name="out"),
    )
    on_gpu.save(folder / "cudnn.h5")
    on_cpu = sequential(
        tf_keras,
        layers.LSTM(UNITS, name="cu"),
        layers.Dense(SYMBOLS, activation="softmax", name="out"),
    )
    on_cpu.load_weights(folder / "cudnn.h5")
    ids = rng.integers(0, SYMBOLS, (50, WINDOW))
    given = on_cpu.predict(np.eye(SYMBOLS, dtype="f4")[ids], verbose=0)
    np.savez(folder / "cudnn.npz", ids=ids, given=given)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
