"""`charlm-tui watch`: training runs on the screen."""

from pathlib import Path

import click

from charlm_tui.cli.options import config_option
from charlm_tui.cli.streams import check_system, forget_given_size, in_terminal
from charlm_tui.errors import CharlmError

MOST_RUNS = 4  # that are drawn over each other


class NothingToWatchError(CharlmError):
    """There is no run."""


@click.command()
@config_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
def watch(config_path: Path | None, files: tuple[Path, ...]) -> int:
    """Look at training runs, while they train or when they have ended.

    FILE is a model file that is trained, or its log (<model>.run.jsonl); several are drawn over
    each other. Without one: the runs of this folder and of its models/, the newest first, one by
    one. Leaving ends no run.
    """
    if len(files) > MOST_RUNS:
        raise click.UsageError(f"{len(files)} runs are too many for one plot; give {MOST_RUNS}")
    if not in_terminal():
        raise click.UsageError(
            "watch needs a terminal for its input, output and errors, and there is none here; "
            "a log is lines of JSON: see docs/run-log.md"
        )
    paths = list(files) or _found()
    check_system()
    forget_given_size()
    from charlm_tui.cli.app import exit_code, parts_of_a_screen
    from charlm_tui.tui.watch_app import WatchApp

    app = WatchApp(paths, **parts_of_a_screen(config_path), one_by_one=not files)
    app.run()
    return exit_code(app)


def _found() -> list[Path]:
    """Return the logs of this folder and its models/, the one first that was written last."""
    from charlm_tui.runs.follower import find_logs

    found = find_logs([Path(), Path("models")])
    if not found:
        raise NothingToWatchError(
            "there is no log of a training run here or in models/; give a model file that is "
            "trained, or its log"
        )
    return found
