"""What is known of the settings of Keras' layers: which are read, which must have one value.

Owns the list, and holds a layer's whole configuration against it: whatever is set in a file and is
not listed could change what Keras computes, so it is refused by its name.
"""

from collections.abc import Mapping
from typing import Any

from charlm_tui.training.cells import ACTIVATIONS

Settings = Mapping[str, Any]

EXACT_ENOUGH = frozenset({"float32", "float64"})  # types that a layer may compute in
FUNCTIONS = frozenset({*ACTIVATIONS, "softmax"})
NO_EFFECT = frozenset(
    {
        *("name", "trainable", "seed", "batch_input_shape", "batch_shape", "input_shape"),
        *("input_dtype", "input_length", "input_dim", "units", "build_config", "ragged", "sparse"),
        *("shape", "optional", "batch_size", "output_dim", "dropout", "recurrent_dropout"),
        *("implementation", "unroll", "use_cudnn", "unit_forget_bias", "zero_output_for_mask"),
        *("activity_regularizer", "autocast", "noise_shape", "rate", "stddev", "l1", "l2"),
    }
    | {
        f"{what}_{how}"
        for what in ("kernel", "recurrent", "bias", "embeddings", "beta", "gamma")
        for how in ("initializer", "regularizer", "constraint")
    }
)
"""Settings of any layer that do nothing once it is trained, or are seen in the weights."""
_RECURRENT = {"return_sequences", "stateful", "use_bias", "activation"}
READ: Mapping[str, frozenset[str]] = {
    "InputLayer": frozenset({"dtype"}),
    "Embedding": frozenset({"mask_zero"}),
    "LSTM": frozenset({*_RECURRENT, "recurrent_activation"}),
    "GRU": frozenset({*_RECURRENT, "recurrent_activation", "reset_after"}),
    "SimpleRNN": frozenset(_RECURRENT),
    "CuDNNLSTM": frozenset({"return_sequences", "stateful"}),
    "CuDNNGRU": frozenset({"return_sequences", "stateful"}),
    "Dense": frozenset({"activation", "use_bias"}),
    "Activation": frozenset({"activation"}),
    "Softmax": frozenset({"axis"}),
    "TimeDistributed": frozenset({"layer"}),
    "BatchNormalization": frozenset(
        {
            *("axis", "epsilon", "center", "scale", "momentum", "synchronized", "fused"),
            *("moving_mean_initializer", "moving_variance_initializer"),
            *("renorm_momentum", "renorm_clipping"),  # of `renorm`, which is not known
        }
    ),
    "Dropout": frozenset(),
    "SpatialDropout1D": frozenset({"data_format"}),
    "GaussianNoise": frozenset(),
    "GaussianDropout": frozenset(),
    "ActivityRegularization": frozenset(),
}
"""Settings of each kind of layer that are read, beside those of `NO_EFFECT`."""
_PLAIN_WORDS = {
    "go_backwards": "reads backwards",
    "return_state": "returns its state, too",
    "time_major": "reads the first axis as time",
}


def find_fault(layer: Settings) -> str | None:
    """Return what is set in a layer and not known here, as a clause; None if all is known.

    Args:
        layer: as a file has it, with `class_name` and `config`, of a kind of `READ`.
    """
    kind, settings = layer["class_name"], layer["config"]
    module, registered = layer.get("module"), layer.get("registered_name")
    if (module and str(module).split(".")[0] not in ("keras", "tf_keras")) or (
        registered not in (None, "", kind)
    ):
        return f"is of a class of its own code, {str(registered or module)!r:.60}"
    for key, value in settings.items():
        if key == "dtype" and kind != "InputLayer":
            name = _type_name(value)
            if name not in EXACT_ENOUGH:
                return f"computes in {name!r:.40} where float32 is expected"
        elif key not in NO_EFFECT and key not in READ[kind] and _is_set(value):
            return _PLAIN_WORDS.get(
                key, f"has the setting {key!r:.60} = {value!r:.60}, which is not known"
            )
    return None


def find_foreign(value: Any) -> str | None:
    """Return the class of an object in a configuration that is no part of Keras; None if none is.

    Keras makes an object of whatever a configuration names, so it is asked for its own `predict`
    only where all names are its own.
    """
    level = [value]
    while level:
        inner: list[Any] = []
        for each in level:
            if isinstance(each, Mapping):
                name, module = each.get("class_name"), each.get("module")
                own = module is None or str(module).split(".")[0] == "keras"
                # An activation of Keras 3 may be kept as a function of this module, by its name.
                named = (module, name) == ("builtins", "function")
                named = named and each.get("config") in FUNCTIONS
                if not (own or named) or str(name) in ("Lambda", "__lambda__", "__typespec__"):
                    return f"{module or ''} {name}".strip()
                inner += [part for key, part in each.items() if key != "compile_config"]
            elif isinstance(each, list):
                inner += each
        level = inner
    return None


def _is_set(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [], {}, ())


def _type_name(given: Any) -> str:
    """Return the name of a type, or of what decides it in Keras 3 (a DTypePolicy)."""
    if isinstance(given, Mapping):
        given = given.get("config", {}).get("name")
    return str(given or "float32")
