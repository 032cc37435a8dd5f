"""`charlm-tui web`: the app in a browser, for a class say.

Imports nothing of the extra before it serves: `--help` needs none of it.
"""

import sys
from pathlib import Path
from typing import Any

import click

from charlm_tui.cli.app import known
from charlm_tui.cli.options import (
    Duration,
    config_option,
    model_option,
    theme_option,
    with_options,
)
from charlm_tui.cli.start import start
from charlm_tui.cli.streams import say
from charlm_tui.errors import CharlmError

HOST, PORT = "127.0.0.1", 8000
VISITORS, MOST_VISITORS = 10, 100
OPEN = (
    "warning: {host} can be reached from other machines: whoever opens the page uses this "
    "machine's processor and its memory, up to {visitors} visitors at once, and nothing else of "
    "it; what they type and read is not encrypted on its way, and there is no password"
)


class MissingExtraError(CharlmError):
    """What serving needs is not installed."""


@click.command()
@click.option(
    "--host",
    default=HOST,
    show_default=True,
    metavar="ADDRESS",
    help="Where to serve; the default is for this machine alone. 0.0.0.0 is for all that reach it.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Of that address; 0 is any that is free.",
)
@click.option(
    "--visitors",
    type=click.IntRange(1, MOST_VISITORS),
    default=VISITORS,
    show_default=True,
    help="How many there can be at once: each has two processes, and some 120 MB of memory.",
)
@click.option(
    "--idle",
    type=Duration(),
    default="30m",
    show_default=True,
    help="End a visitor who types nothing for this long, such as 30m.",
)
@with_options(model_option, config_option, theme_option)
@click.pass_context
def web(
    context: click.Context, /, host: str, port: int, visitors: int, idle: float, **values: Any
) -> None:
    """Serve the app to browsers, each visitor a studio of their own.

    Visitors use this machine's processor. They get no file, no program, no history and nothing of
    each other; models are those that come with the program, and the one that is served. Nothing
    that they do is kept. Settings are those of your settings file.

    It needs the extra: pip install "charlm-tui[web]".
    """
    config_path: Path | None = values["config_path"]
    it = start(context, values)
    settings = it.configuration.checked(known())
    for fault in settings.faults:
        say(f"warning: {fault}")
    try:
        from charlm_tui.web.server import Serving, is_loopback, serve
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{error.name} is not installed, and charlm-tui web needs it; install it with: "
            'pip install "charlm-tui[web]"'
        ) from error
    from charlm_tui.cli.visitor import command_words

    given = {"--model": str(it.model.resolve())}
    if config_path is not None:
        given["--config"] = str(config_path.resolve())
    if settings.value("theme") is not None:
        given["--theme"] = settings.value("theme")
    if not is_loopback(host):
        say(OPEN.format(host=host, visitors=visitors))
    sys.exit(serve(Serving(command_words(given), host, port, visitors, idle, say)))
