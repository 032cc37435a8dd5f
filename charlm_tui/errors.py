"""The base of every error that is told to a person as one sentence.

A message says what was found, what was expected and what to do. It never ends in a traceback:
`charlm_tui.cli` prints it and leaves with `exit_code`.
"""

INTERRUPTED = 130
"""Exit code of a process that Ctrl+C has ended, as shells have it: 128 and the signal."""


class CharlmError(Exception):
    """Base of every error that is shown to a person as one sentence."""

    exit_code = 1


class CommandError(CharlmError):
    """That is no command, or not with such an argument, or not now."""
