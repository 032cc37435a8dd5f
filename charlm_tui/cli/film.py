"""`charlm-tui film`: a training run, epoch by epoch."""

import sys
from pathlib import Path

import click

from charlm_tui.cli.options import config_option, option_of
from charlm_tui.cli.start import begin_script
from charlm_tui.cli.streams import check_system, forget_given_size, in_terminal, say

_OF_THE_RUN = "By default that of the run's own samples."


@click.command()
@config_option
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--seed", metavar="TEXT", help=f"What every epoch continues. {_OF_THE_RUN}")
@option_of("temperature")
@option_of("rng-seed", help=f"The random numbers, the same in every epoch. {_OF_THE_RUN}")
@click.option(
    "--export",
    "export_path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write the film to a .cast (asciinema) or .svg file, without a screen.",
)
def film(
    config_path: Path | None,
    file: Path,
    seed: str | None,
    temperature: float,
    rng_seed: int | None,
    export_path: Path | None,
) -> None:
    """Show a training run as a film: what each epoch writes, and what it has learned by then.

    FILE is the run's model file, or its log (<model>.run.jsonl). The run must have kept its epochs:
    train with --keep-epochs. All epochs have one seed, one temperature and the same random numbers.
    """
    if export_path is None and not in_terminal():
        raise click.UsageError(
            "film needs a terminal for its input, output and errors, and there is none here; "
            "write it to a file with --export film.svg or --export film.cast"
        )
    from charlm_tui.files import at_home, check_document
    from charlm_tui.film.export import check_name
    from charlm_tui.film.order import order_of
    from charlm_tui.runs.follower import read_log
    from charlm_tui.runs.log_file import log_of, model_of

    if export_path is not None:
        check_name(export_path)
        check_document(export_path)
    log_file = log_of(at_home(file))
    order = order_of(log_file, read_log(log_file), seed, temperature, rng_seed)
    if export_path is not None:
        _, limits = begin_script(Path(order.epochs[0].file), f"an epoch of {model_of(log_file)}")
        from charlm_tui.batch.film import run

        run(order, export_path, sys.stderr.isatty(), say, limits)
        return
    check_system()
    forget_given_size()
    from charlm_tui.cli.app import exit_code, parts_of_a_screen
    from charlm_tui.tui.film_app import FilmApp

    app = FilmApp(order, **parts_of_a_screen(config_path))
    app.run()
    sys.exit(exit_code(app))
