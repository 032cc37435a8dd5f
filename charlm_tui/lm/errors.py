"""The errors of the language model that a person can cause; see `charlm_tui.errors`."""

from charlm_tui.errors import CharlmError


class SettingsError(CharlmError):
    """A sampling setting is outside its range: the command was used wrongly."""

    exit_code = 2


class ModelFileError(CharlmError):
    """A model file cannot be read, or is not an ONNX model."""


class ContractError(ModelFileError):
    """An ONNX file breaks the contract between a model file and the app."""


class ModelOutputError(CharlmError):
    """A model gave logits that are no distribution: NaN or infinite."""


class RuleError(CharlmError):
    """The rules of a reply leave no character to draw."""
