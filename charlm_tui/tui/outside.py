"""Another program has the terminal meanwhile: the person's editor, or the studio from a run."""

import signal
from collections.abc import Sequence
from typing import Any

from textual.app import App, SuspendNotSupported


def run_outside(app: App[Any], words: Sequence[str]) -> str:
    """Hand the terminal to a command until it ends; return what went wrong, or nothing."""
    try:
        with app.suspend():
            return _run(words)
    except SuspendNotSupported:
        return "the terminal cannot be handed over here"


def _run(words: Sequence[str]) -> str:
    """Run a command in the terminal, and say what went wrong; nothing if all is well.

    Ctrl+C is for it alone, and Ctrl+Z stops both: the app's own handlers act later or not at all.
    """
    import subprocess

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTSTP: signal.signal(signal.SIGTSTP, signal.SIG_DFL),
    }
    try:
        code = subprocess.run(words, check=False).returncode
    except OSError as error:
        return error.strerror or "it cannot be started"
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return f"it ended with exit code {code}" if code else ""
