"""The command line: arguments in, a front end or a script's output out, errors as exit codes.

Imports nothing at its top that takes time: `--help` loads no numpy, no onnxruntime, no Textual.
"""

import io
import os
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click

import charlm_tui
from charlm_tui.cli.app import known, run_app
from charlm_tui.cli.completion import complete_models
from charlm_tui.cli.help import HelpfulCommand
from charlm_tui.cli.options import (
    context_options,
    follow_option,
    model_option,
    option_of,
    path_option,
    sampling_options,
    with_options,
)
from charlm_tui.cli.start import history_options, start
from charlm_tui.cli.streams import (
    drop_output,
    in_a_line,
    in_terminal,
    is_of_output,
    open_closed_streams,
    say,
    settle_size,
)
from charlm_tui.controls.controls import LANES
from charlm_tui.errors import INTERRUPTED, CharlmError
from charlm_tui.files import at_home
from charlm_tui.lm.model_file import model_path

KINDS = {
    "Commands for replies": {
        "generate": ("scripts", "Print what the model makes of a seed."),
        "repl": ("repl", "Chat in a plain terminal, or be a filter."),
        "replay": ("replay", "Regenerate a recorded reply, and compare."),
        "history": ("history", "List, find, show and export replies."),
        "game": ("game", "Guess a hidden passage, beside the model."),
        "web": ("web", "Serve the app to browsers."),
    },
    "Commands for models": {
        "models": ("models", "List the models that have a name."),
        "info": ("scripts", "Show a model's card."),
        "score": ("score", "Tell how well a model predicts a text."),
        "attribute": ("attribute", "Tell which model a text is likest."),
        "train": ("train", "Train a model on a text of yours."),
        "watch": ("watch", "Look at training runs."),
        "film": ("film", "Show a training run as a film."),
    },
    "Commands for the program": {
        "config": ("config", "Show and check the settings."),
        "completion": ("completion", "Print completion for a shell."),
    },
}
"""What the subcommands have to do with, in the order of the help, and of each its module and what
it does: the list of them is shown without importing any."""
COMMANDS = {name: module for kind in KINDS.values() for name, (module, _) in kind.items()}
"""The module of each subcommand."""

EXAMPLES = (
    ('charlm-tui --seed "the " --temperature 0.8', "Open the studio, and begin at once"),
    ("charlm-tui --model shakespeare", "Open it on another model of charlm-tui models"),
    ('charlm-tui generate --seed "the " -n 200 --rng-seed=42', "Print a reply, for a script"),
)


class LazyGroup(HelpfulCommand, click.Group):
    """Loads a subcommand when it is asked for: the app does without all of them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the subcommands, by what they have to do with."""
        for title, commands in KINDS.items():
            with formatter.section(title):
                formatter.write_dl([(name, words) for name, (_, words) in commands.items()])

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's)
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            import_module(f"charlm_tui.cli.{COMMANDS[cmd_name]}"), cmd_name
        )
        return command


@click.group(
    cls=LazyGroup,
    examples=EXAMPLES,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@with_options(model_option, follow_option)
@click.option("--seed", metavar="TEXT", help="Start with this seed at once.")
@click.option(
    "--ladder",
    multiple=True,
    type=click.Path(path_type=Path),
    shell_complete=complete_models,
    metavar="MODEL",
    help="Start with a ladder of models: give it 2 to 8 times, each a model.",
)
@with_options(option_of("length"), option_of("speed"), path_option("corpus"))
@with_options(*history_options, *sampling_options, *context_options)
@click.version_option(charlm_tui.__version__, prog_name="charlm-tui")
@click.pass_context
def cli(
    context: click.Context, /, seed: str | None, ladder: tuple[Path, ...], **values: Any
) -> None:
    """Open a terminal studio on a character-level language model.

    Type a seed, press Enter, and watch the model continue it. Defaults come from the environment
    (CHARLM_TEMPERATURE=0.8) and from a settings file: see charlm-tui config.
    """
    context.obj = known()
    if context.invoked_subcommand is not None:
        _refuse_misplaced_options(context)
        return
    if not in_terminal():
        raise click.UsageError(
            "the app needs a terminal for its input, output and errors, and there is none here; "
            "for scripts there are: charlm-tui generate, and charlm-tui repl; for a browser: "
            "charlm-tui web"
        )
    if ladder and not LANES[0] <= len(ladder) <= LANES[1]:
        least, most = LANES
        raise click.UsageError(
            f"--ladder names {len(ladder)} models where {least} to {most} are expected"
        )
    lanes = tuple(model_path(at_home(each)) for each in ladder)
    sys.exit(run_app(start(context, values), seed, lanes))


def _refuse_misplaced_options(context: click.Context) -> None:
    for name in context.params:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(
                f"{option} before {context.invoked_subcommand} has no effect; "
                f"put it after {context.invoked_subcommand}"
            )


def main(command: click.Command = cli) -> NoReturn:
    """Run the command `charlm-tui`, or another; every error is one sentence and an exit code."""
    open_closed_streams()
    settle_size()
    threading.excepthook = _thread_failed
    try:
        code = command.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        error.message = in_a_line(error.message)  # type: ignore[misc]
        shown = io.StringIO()
        error.show(shown)
        say(shown.getvalue().rstrip("\n"))
        sys.exit(error.exit_code)
    except CharlmError as error:
        say(f"error: {in_a_line(str(error))}")
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except MemoryError:
        say("error: there is not enough memory for this; give a smaller --depth or --length")
        sys.exit(1)
    except Exception as error:
        sentence = _sentence(error)
        drop_output()
        say(f"error: {in_a_line(sentence)}")
        sys.exit(1)


def _thread_failed(fault: threading.ExceptHookArgs) -> NoReturn:
    """End the process for what a thread has raised: whoever waits for it would wait for ever."""
    from charlm_tui.log import unexpected

    say(f"error: {unexpected(fault.exc_value or RuntimeError(fault.exc_type))}")
    os._exit(1)


def _sentence(error: Exception) -> str:
    """Return what to tell of an exception that no command has caught."""
    if is_of_output(error):  # a help text that cannot be printed, say
        return f"the output cannot be written: {error.strerror}; write elsewhere"
    from charlm_tui.log import unexpected

    return unexpected(error)
