"""The command for the plain terminal: a chat where there is one, a filter where there is none."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from charlm_tui.cli.help import HelpfulCommand
from charlm_tui.cli.options import (
    context_options,
    follow_option,
    model_option,
    option_of,
    sampling_options,
    with_options,
)
from charlm_tui.cli.start import Start, history_options, start
from charlm_tui.cli.streams import forget_given_size, output, say
from charlm_tui.controls.config import Source
from charlm_tui.reply.tints import Tint

if TYPE_CHECKING:
    from charlm_tui.repl.filter import Form

LEAVE_SEQUENCE = b"\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[0m\x1b[J"
"""Takes a terminal out of the modes that a prompt puts it into, and the status below it away."""


@click.command(
    cls=HelpfulCommand,
    examples=(
        ("charlm-tui repl --temperature 0.8 --tint", "A chat, tinted by surprisal"),
        (
            "cat seeds.txt | charlm-tui repl --json > replies.jsonl",
            "A filter: a reply for each line",
        ),
    ),
)
@with_options(model_option, follow_option)
@click.option("--seed", metavar="TEXT", help="Start with this seed at once.")
@with_options(
    option_of("length"), option_of("speed", show_default="60 in a terminal, full in a filter")
)
@click.option(
    "--tint",
    type=click.Choice([tint.value for tint in Tint]),
    default=Tint.PLAIN.value,
    is_flag=False,
    flag_value=Tint.SURPRISAL.value,
    help=f"Tint the text by this; alone: {Tint.SURPRISAL.value}.",
)
@with_options(option_of("screen-reader", is_flag=True, type=None, show_default=False))
@with_options(*history_options, *sampling_options, *context_options)
@click.option("-0", "--null", is_flag=True, help="End replies by NUL, not by a newline.")
@click.option("--json", "as_json", is_flag=True, help="Print each reply as a JSON object.")
@click.pass_context
def repl(
    context: click.Context, /, seed: str | None, null: bool, as_json: bool, **values: Any
) -> None:
    """Chat with the model in a plain terminal; with input or output piped, be a filter.

    A filter takes a seed a line and prints a reply, and a newline, for each; a blank line continues
    the reply before. Everything else goes to standard error, and nothing is kept in the history. A
    line that cannot be answered is named there, the others are answered, and the exit code is 1.
    Lines that begin with a slash are commands in both: /help names them.
    """
    if null and as_json:
        raise click.UsageError("--null and --json exclude each other; give one of them")
    it = start(context, values)
    for fault in it.configuration.faults:
        say(f"warning: {fault}")
    if sys.stdin.isatty() and sys.stdout.isatty():
        if null or as_json:
            raise click.UsageError(
                f"{'--null' if null else '--json'} is for a filter, and this is a terminal; "
                "pipe the seeds in or the replies out"
            )
        sys.exit(_chat(it, seed))
    if not it.controls.length:
        raise click.UsageError("a reply of a filter has to end: give a --length of 1 or more")
    from charlm_tui.repl.filter import Form

    sys.exit(_filter(it, seed, Form(b"\0" if null else b"\n", as_json)))


def _chat(it: Start, seed: str | None) -> int:
    from charlm_tui.engine.client import ProcessEngine
    from charlm_tui.engine.rescue import TerminalRescue
    from charlm_tui.repl.chat import run, run_spoken

    forget_given_size()
    if it.configuration.value("screen-reader"):
        return run_spoken(
            str(it.model),
            lambda path: ProcessEngine(path, None, it.limits),
            it.controls,
            seed,
            it.history,
            it.configuration.value("turns") == "continued",
            it.configuration.value("follow"),
        )
    rescue = TerminalRescue.of(sys.stdin.fileno(), LEAVE_SEQUENCE)
    try:
        return run(
            str(it.model),
            lambda path: ProcessEngine(path, rescue, it.limits),
            it.controls,
            seed,
            Tint(it.configuration.value("tint")),
            it.history,
            it.configuration.value("turns") == "continued",
            it.configuration.value("follow"),
        )
    except BaseException:  # of which `main` tells, in a terminal as it was
        if rescue is not None:
            rescue.restore()
        raise


def _filter(it: Start, seed: str | None, form: "Form") -> int:
    from charlm_tui.engine.client import ProcessEngine
    from charlm_tui.repl.filter import run

    controls = it.controls
    if it.configuration.source("speed") is not Source.COMMAND_LINE:
        controls = replace(controls, speed=0.0)  # nobody looks on
    code = 0

    def new_engine(path: str) -> ProcessEngine:
        return ProcessEngine(path, limits=it.limits)

    follows = it.configuration.value("follow")
    source = sys.stdin.buffer
    with output() as out:  # left early where whoever reads has had enough
        code |= run(str(it.model), new_engine, controls, source, out, say, form, seed, follows)
    return code
