"""The command for the plain terminal: a chat where there is one, a filter where there is none."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from charlm_tui.cli.options import (
    context_options,
    model_option,
    model_path,
    sampling_options,
    settings_of,
    with_options,
)
from charlm_tui.cli.scripts import output, say
from charlm_tui.repl.filter import Form
from charlm_tui.session.controls import REPLY_LENGTH, Controls
from charlm_tui.session.tints import Tint

FULL = "full"
LEAVE_SEQUENCE = b"\x1b[?2004l\x1b[?25h\x1b[0m\x1b[J"
"""Takes a terminal out of the modes that a prompt puts it into, and the status below it away."""


class Speed(click.ParamType[float]):
    """Characters per second, as a number or as the word for as fast as it goes."""

    name = "chars/s"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        try:
            speed = 0.0 if value == FULL else float(value)
        except ValueError:
            speed = -1.0
        if not 0 <= speed < float("inf"):
            self.fail(
                f"{value!r} is no speed; give characters per second, such as 60, or {FULL}",
                param,
                ctx,
            )
        return speed


@click.command()
@with_options(model_option)
@click.option("--seed", metavar="TEXT", help="Start with this seed at once.")
@click.option(
    "--length",
    type=click.IntRange(0),
    default=REPLY_LENGTH,
    show_default=True,
    help="Characters in a reply; in a terminal, 0 is until stopped.",
)
@click.option(
    "--speed",
    type=Speed(),
    help=f"Characters shown per second, or {FULL}; default: 60 in a terminal, else {FULL}.",
)
@click.option(
    "--tint",
    type=click.Choice([tint.value for tint in Tint]),
    default=Tint.PLAIN.value,
    is_flag=False,
    flag_value=Tint.SURPRISAL.value,
    help=f"Tint the text by this; alone: {Tint.SURPRISAL.value}.",
)
@with_options(*sampling_options, *context_options)
@click.option("-0", "--null", is_flag=True, help="End replies by NUL, not by a newline.")
@click.option("--json", "as_json", is_flag=True, help="Print each reply as a JSON object.")
def repl(
    model: Path | None,
    seed: str | None,
    length: int,
    speed: float | None,
    tint: str,
    null: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Chat with the model in a plain terminal; with input or output piped, be a filter.

    A filter takes a seed a line and prints a reply, and a newline, for each; everything else goes
    to standard error. Lines that begin with a slash are commands in both: /help names them.
    """
    if null and as_json:
        raise click.UsageError("--null and --json exclude each other; give one of them")
    controls = Controls(settings_of(values), length=length)
    path = str(model_path(model))
    if sys.stdin.isatty() and sys.stdout.isatty():
        if null or as_json:
            raise click.UsageError(
                f"{'--null' if null else '--json'} is for a filter, and this is a terminal; "
                "pipe the seeds in or the replies out"
            )
        if speed is not None:
            controls = replace(controls, speed=speed)
        sys.exit(_chat(path, controls, seed, Tint(tint)))
    if not length:
        raise click.UsageError("a reply of a filter has to end: give a --length of 1 or more")
    controls = replace(controls, speed=speed or 0.0)
    sys.exit(_filter(path, controls, seed, Form(b"\0" if null else b"\n", as_json)))


def _chat(path: str, controls: Controls, seed: str | None, tint: Tint) -> int:
    from charlm_tui.repl.loop import run
    from charlm_tui.session.engine import ProcessEngine
    from charlm_tui.session.rescue import TerminalRescue

    rescue = TerminalRescue.of(sys.stdin.fileno(), LEAVE_SEQUENCE)
    return run(path, lambda path: ProcessEngine(path, rescue), controls, seed, tint)


def _filter(path: str, controls: Controls, seed: str | None, form: Form) -> int:
    from charlm_tui.repl.filter import run
    from charlm_tui.session.engine import ProcessEngine

    code = 0  # of a reader who has enough before the end
    with output() as out:
        code = run(path, ProcessEngine, controls, sys.stdin.buffer, out, say, form, seed)
    return code
