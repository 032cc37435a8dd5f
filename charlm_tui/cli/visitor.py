"""A visitor's process: the app, in a browser by way of `charlm-tui web`, which starts it.

No command of its own: whoever is at the machine has the app. Owns what such a process may take.
"""

import contextlib
import os
import sys
from typing import Any

import click

from charlm_tui.cli import main
from charlm_tui.cli.app import run_app
from charlm_tui.cli.options import config_option, model_option, theme_option, with_options
from charlm_tui.cli.start import start
from charlm_tui.session.visiting import Visit

PROGRAM = "import sys; sys.path[:] = {path!r}; from charlm_tui.cli.visitor import run; run()"
NICENESS = 10
MOST_MEMORY = 1_500_000_000
"""Bytes that a visitor's app may have, and as many its engine."""


def command_words(given: dict[str, str]) -> list[str]:
    """Return the command that starts a visitor's process, where this one finds its modules.

    Args:
        given: values of its options by their names, such as `--model`.
    """
    options = [word for pair in given.items() for word in pair]
    return [sys.executable, "-c", PROGRAM.format(path=sys.path), *options]


@click.command()
@with_options(model_option, config_option, theme_option)
@click.pass_context
def visitor(context: click.Context, /, **values: Any) -> None:
    """Open the app for a visitor."""
    it = start(context, values)
    sys.exit(run_app(it, visit=Visit(str(it.model))))


def run() -> None:
    """Run the process of a visitor, which takes what is left by others, and no more than it may."""
    os.nice(NICENESS)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main(visitor)
