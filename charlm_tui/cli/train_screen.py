"""Training with a screen on it: a process that trains, and the screen of `watch` on its log."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from charlm_tui.cli.streams import forget_given_size, say

KEPT_MB = 64  # of the epochs' files, for a film
LAST_LINES = 6  # of what the process wrote, that are shown when it has ended


def train_on_screen(corpus: Sequence[Path], out: Path | None, keeps: bool) -> int:
    """Start the process that trains, and show its run until the person leaves; return a code.

    Args:
        corpus: files and folders of the text.
        out: the model file, if one is given.
        keeps: whether it was said which epochs are kept.
    """
    from charlm_tui.runs.log_file import log_path
    from charlm_tui.training.places import out_path

    model = out_path(corpus, out)
    here = sys.argv.index("train") + 1  # what was asked for, as it was asked for
    from charlm_tui.runs.trainer import Trainer

    kept = [] if keeps else ["--keep-within", str(KEPT_MB)]
    trainer = Trainer([*sys.argv[1:here], "--plain", *kept, *sys.argv[here:]])
    forget_given_size()
    from charlm_tui.cli.app import exit_code, parts_of_a_screen
    from charlm_tui.tui.watch_app import WatchApp

    app = WatchApp([log_path(model)], **parts_of_a_screen(None), trainer=trainer)
    app.run()
    code = exit_code(app)
    if not app.failure and trainer.ended is not None:
        for line in trainer.said()[-LAST_LINES:]:
            say(line)
        return trainer.ended
    say(f"training continues; come back with: charlm-tui watch {shlex.quote(str(model))}")
    return code
