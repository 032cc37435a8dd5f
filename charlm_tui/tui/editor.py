"""The person's own editor, for a text that is longer than a line: `$VISUAL`, else `$EDITOR`."""

import os
from pathlib import Path
from typing import Any

from textual.app import App

from charlm_tui.errors import CommandError
from charlm_tui.text import told
from charlm_tui.tui.outside import run_outside


def command() -> str:
    """Return what starts the editor, as a shell reads it; nothing if none is named."""
    return (os.environ.get("VISUAL") or os.environ.get("EDITOR") or "").strip()


def edited(app: App[Any], text: str) -> str:
    """Return a text as it was left in the editor, which has the terminal meanwhile.

    A newline at the end, which editors add, is not the text's, unless it had one.

    Raises:
        CommandError: the editor cannot be started, or has failed; the text is as it was.
        SeedError: what it left is no text.
    """
    import shlex  # what the first paint does without
    import tempfile

    from charlm_tui.session.seeds import read_seed

    with tempfile.TemporaryDirectory(prefix="charlm-tui-") as folder:
        path = Path(folder, "seed.txt")
        path.write_text(text, encoding="utf-8", newline="")
        try:
            failed = run_outside(app, [*shlex.split(command()), str(path)])
        except ValueError as error:  # a quote that is not closed
            failed = str(error)
        if failed:
            raise CommandError(
                f"the editor {told(command(), 80)!r} has failed: {failed}; set VISUAL or EDITOR to "
                "a command that edits a file"
            )
        after = read_seed(path)
    return after if text.endswith("\n") else after.removesuffix("\n")
