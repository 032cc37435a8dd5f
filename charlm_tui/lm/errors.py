"""The errors that a person can cause, each of which is told in one sentence.

A message says what was found, what was expected and what to do. It never ends in a traceback:
`charlm_tui.cli` prints it and leaves with `exit_code`.
"""


class CharlmError(Exception):
    """Base of every error that is shown to a person as one sentence."""

    exit_code = 1


class SettingsError(CharlmError):
    """A sampling setting is outside its range: the command was used wrongly."""

    exit_code = 2


class ModelFileError(CharlmError):
    """A model file cannot be read, or is not an ONNX model."""


class ContractError(ModelFileError):
    """An ONNX file breaks the contract between a model file and the app."""


class ModelOutputError(CharlmError):
    """A model gave logits that are no distribution: NaN or infinite."""
