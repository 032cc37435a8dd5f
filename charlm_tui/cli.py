"""The command line: arguments in, a front end or a script's output out, errors as exit codes.

Imports nothing at its top that takes time: `--help` loads no numpy, no onnxruntime, no Textual.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click

import charlm_tui
from charlm_tui.lm.errors import CharlmError, ModelFileError, SettingsError
from charlm_tui.lm.settings import RNG_SEEDS, Settings
from charlm_tui.session.controls import REPLY_LENGTH, Controls, new_rng_seed

INTERRUPTED = 130


class OutputError(CharlmError):
    """Standard output cannot be written."""


class Temperature(click.ParamType[float]):
    """A number that `Settings` accepts as temperature."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            return Settings(temperature=float(value)).temperature
        except ValueError:
            self.fail(
                f"{value!r} is not a number; give 0 (greedy) or a positive number, "
                "the notebook's are 0.2, 0.5, 1.0 and 1.2",
                param,
                ctx,
            )
        except SettingsError as error:
            self.fail(str(error), param, ctx)


def _shared_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option(
            "--model", type=click.Path(path_type=Path), metavar="PATH",
            help="A model file; default: the one that comes with the program.",
        ),
        click.option(
            "--temperature", type=Temperature(), default=0.5, show_default=True,
            help="0 is greedy, 1 the model's own distribution.",
        ),
        click.option(
            "--rng-seed", type=click.IntRange(0, RNG_SEEDS - 1),
            help="Key of the random numbers; default: a new one each time.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@_shared_options
@click.option("--seed", metavar="TEXT", help="Start with this seed at once.")
@click.option(
    "--length", type=click.IntRange(0), default=REPLY_LENGTH, show_default=True,
    help="Characters in a reply; 0 is until stopped.",
)  # fmt: skip
@click.version_option(charlm_tui.__version__, prog_name="charlm-tui")
@click.pass_context
def cli(
    context: click.Context,
    model: Path | None,
    temperature: float,
    rng_seed: int | None,
    seed: str | None,
    length: int,
) -> None:
    """Open a terminal studio on a character-level language model.

    Type a seed, press Enter, and watch the model go on from it.
    """
    if context.invoked_subcommand is not None:
        _refuse_misplaced_options(context)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(
            "the app needs a terminal for its input and output, and there is none here; "
            "for scripts there is: charlm-tui generate"
        )
    controls = Controls(
        Settings(temperature, new_rng_seed() if rng_seed is None else rng_seed), length=length
    )
    sys.exit(_run_app(_model_path(model), controls, seed))


def _refuse_misplaced_options(context: click.Context) -> None:
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is click.core.ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(
                f"{option} before {context.invoked_subcommand} has no effect; "
                f"put it after {context.invoked_subcommand}"
            )


def _run_app(path: Path, controls: Controls, seed: str | None) -> int:
    if not path.is_file():
        raise _no_model(path)
    # The engine starts before Textual is imported: the two load beside each other.
    from charlm_tui.session.engine import ProcessEngine
    from charlm_tui.session.rescue import TerminalRescue
    from charlm_tui.tui.escape import LEAVE_SEQUENCE

    rescue = TerminalRescue.of(sys.stdin.fileno(), LEAVE_SEQUENCE)

    def new_engine() -> ProcessEngine:
        return ProcessEngine(str(path), rescue)

    engine = new_engine()
    try:
        from charlm_tui.tui.app import CharlmApp

        app = CharlmApp(engine, new_engine, controls, seed)
        app.run()
    finally:
        engine.close()
    if app.failure:
        _say(f"error: {app.failure}")
    return app.return_code or 0


@cli.command()
@_shared_options
@click.option(
    "--seed", default="", metavar="TEXT", help="What the text goes on from; - reads stdin."
)
@click.option(
    "-n", "--length", type=click.IntRange(1), default=REPLY_LENGTH, show_default=True,
    help="Characters to generate.",
)  # fmt: skip
@click.option("--echo", is_flag=True, help="Print the seed before the text.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the text.")
def generate(
    model: Path | None,
    temperature: float,
    rng_seed: int | None,
    seed: str,
    length: int,
    echo: bool,
    as_json: bool,
) -> None:
    """Print what the model makes of a seed.

    Standard output is the generated characters alone; everything else goes to standard error.
    """
    from charlm_tui.scripts.generate import Job, run

    chosen = new_rng_seed() if rng_seed is None else rng_seed
    if seed == "-":
        seed = _read_stdin()
    job = Job(_model_path(model), seed, length, Settings(temperature, chosen), echo, as_json)
    try:
        run(job, sys.stdout.buffer, _say)
    except BrokenPipeError:  # whoever reads has enough
        _drop_output()
    except OSError as error:
        _drop_output()
        raise OutputError(
            f"the text cannot be written: {error.strerror}; free some space, or write elsewhere"
        ) from error


def _read_stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"the seed on standard input is not UTF-8 (at byte {error.start}); convert it first"
        ) from error


def _model_path(given: Path | None) -> Path:
    """Give the model that was asked for, else the one that comes with the program."""
    if given is not None:
        return given
    package = Path(charlm_tui.__file__).resolve().parent
    inside = package / "models" / "nietzsche.onnx"  # in a wheel
    return inside if inside.is_file() else package.parent / "models" / "nietzsche.onnx"


def _no_model(path: Path) -> ModelFileError:
    from charlm_tui.lm.contract import HOW_TO

    what = "is not a file" if path.exists() else "does not exist"
    return ModelFileError(f"{path} {what}; check the path, or {HOW_TO}")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main() -> NoReturn:
    """Run the command `charlm-tui`; every error is one sentence and an exit code."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as exit_:
        sys.exit(exit_.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CharlmError as error:
        _say(f"error: {error}")
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)


def _drop_output() -> None:
    """Let what is still buffered go nowhere, or the interpreter complains of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
