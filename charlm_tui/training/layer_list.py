"""A network that is given as a list of its layers: `Embedding(57, 32), GRU(128), Dense(57)`.

Owns how the list is written. It is read as data: names, numbers and words, nothing that is run.
"""

import ast
from typing import Any, NoReturn

from charlm_tui.training.errors import KerasFileError

_POSITIONS = {
    "Embedding": ("input_dim", "output_dim"),
    "LSTM": ("units",),
    "GRU": ("units",),
    "SimpleRNN": ("units",),
    "CuDNNLSTM": ("units",),
    "CuDNNGRU": ("units",),
    "Dense": ("units", "activation"),
    "Activation": ("activation",),
    "Dropout": ("rate",),
    "BatchNormalization": (),
    "Softmax": (),
}
"""The layers that can be listed, and what their numbers mean."""
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "CuDNNLSTM", "CuDNNGRU")
EXAMPLE = "'Embedding(57, 32), LSTM(128), LSTM(128), Dense(57)'"


def layers_of(config: Any) -> list[Any]:
    """Return the layers of a network's configuration."""
    inner = config["config"]
    found: list[Any] = inner if isinstance(inner, list) else inner["layers"]
    return found


def read_layer_list(text: str, version: str) -> dict[str, Any]:
    """Return the configuration of a Sequential network of these layers.

    What is not said is as Keras has it by default in that version; each recurrent layer but the
    last one returns sequences.

    Args:
        text: the list, such as `LSTM(128, recurrent_activation='hard_sigmoid'), Dense(57)`.
        version: of the Keras that wrote the weights.

    Raises:
        KerasFileError: it is no such list.
    """
    try:
        parsed = ast.parse(f"[{text}]", mode="eval").body
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        parsed = None
    if not isinstance(parsed, ast.List) or not parsed.elts:
        _refuse(f"is {text!r:.80}")
    layers = [_layer(call) for call in parsed.elts]
    recurrent = [layer for layer in layers if layer["class_name"] in _RECURRENT]
    for layer in recurrent[:-1]:
        layer["config"].setdefault("return_sequences", True)
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdigit())
    before_23 = numbers < (2, 3) and "tf" not in version
    for layer in recurrent:
        if layer["class_name"] in ("LSTM", "GRU"):
            gate = "hard_sigmoid" if before_23 else "sigmoid"
            layer["config"].setdefault("recurrent_activation", gate)
        if layer["class_name"] == "GRU":
            layer["config"].setdefault("reset_after", not before_23)
    return {"class_name": "Sequential", "config": {"layers": layers}}


def _layer(call: ast.expr) -> dict[str, Any]:
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        _refuse(f"has {ast.unparse(call)!r:.60} where a layer is expected")
    kind = call.func.id
    positions = _POSITIONS.get(kind)
    if positions is None or len(call.args) > len(positions):
        _refuse(f"has {ast.unparse(call)!r:.60}")
    given = [*zip(positions, call.args, strict=False)]
    given += [(str(word.arg), word.value) for word in call.keywords]
    settings: dict[str, Any] = {}
    for name, value in given:
        if isinstance(value, ast.Name):  # a word without quotes
            settings[name] = value.id
        elif isinstance(value, ast.Constant):
            settings[name] = value.value
        else:
            _refuse(f"has {ast.unparse(value)!r:.60} where a number or a word is expected")
    return {"class_name": kind, "config": settings}


def _refuse(what: str) -> NoReturn:
    raise KerasFileError(
        f"--network {what}; list its layers, of {', '.join(_POSITIONS)}: {EXAMPLE}"
    )
