"""The errors of training and exporting, each told in one sentence."""

from charlm_tui.lm.errors import CharlmError


class CorpusError(CharlmError):
    """A corpus cannot be found, read or used."""


class TrainingError(CharlmError):
    """Training gave nothing that can be exported."""


class InterruptedTrainingError(TrainingError):
    """Training was interrupted before there was anything to keep."""

    exit_code = 130


class ExportError(CharlmError):
    """Base of what can be wrong with an exported file; nothing is put in its place."""


class ConversionError(ExportError):
    """The converter refused the network."""


class NodeError(ExportError):
    """The exported graph has a node that a step must not have."""


class DeclarationError(ExportError):
    """The exported names, types or axes are not the contract's."""


class ParityError(ExportError):
    """The exported model does not compute what Keras computes."""


class CheckpointError(CharlmError):
    """A checkpoint cannot be gone on from."""


class KerasFileError(CharlmError):
    """A Keras file cannot be read, or has what a model file cannot express."""
