"""The errors of training and exporting, each of them one sentence."""

from charlm_tui.errors import CharlmError

LIBRARIES = ("tensorflow", "keras", "tf2onnx", "onnx", "h5py")
"""What the extra `train` installs."""


class MissingLibraryError(CharlmError):
    """A library that training needs is not installed."""

    def __init__(self, name: str) -> None:
        what = '"charlm-tui[train]"' if name in LIBRARIES else name
        super().__init__(
            f"{name} is not installed, and training needs it; install it with: pip install {what}"
        )


class CorpusError(CharlmError):
    """A corpus cannot be found, read or used."""


class TrainingError(CharlmError):
    """Training produced nothing that can be exported."""


class InterruptedTrainingError(TrainingError):
    """Training was interrupted before there was anything to keep."""

    exit_code = 130


class ExportedFileError(CharlmError):
    """Base of what can be wrong with an exported file; what is at its path stays."""


class ConversionError(ExportedFileError):
    """The converter refused the network."""


class NodeError(ExportedFileError):
    """The exported graph has a node that a step must not have."""


class DeclarationError(ExportedFileError):
    """The exported names, types or axes are not the contract's."""


class ParityError(ExportedFileError):
    """The exported model does not compute what Keras computes."""


class CheckpointError(CharlmError):
    """A run cannot be continued from its checkpoint, or has one that is in the way."""


class KerasFileError(CharlmError):
    """A Keras file cannot be read, or has what a model file cannot express."""


class UnusableHostsError(CharlmError):
    """The hosts or devices that are asked for are no possible ones."""

    exit_code = 2


class HostsError(CharlmError):
    """The processes that train together do not find each other, differ, or one of them is gone."""
