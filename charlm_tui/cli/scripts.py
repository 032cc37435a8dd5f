"""`charlm-tui generate` and `info`: their options, and where their output goes."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from charlm_tui.cli.engines import Engine, processes_option, ray_option
from charlm_tui.cli.help import HelpfulCommand
from charlm_tui.cli.options import (
    Temperatures,
    context_options,
    model_option,
    sampling_options,
    settings_of,
    with_options,
)
from charlm_tui.cli.start import begin_script
from charlm_tui.cli.streams import output, say
from charlm_tui.controls.controls import REPLY_LENGTH
from charlm_tui.controls.parameters import BY_NAME
from charlm_tui.files import FileReadError, read_file, read_stream
from charlm_tui.lm.held import typed
from charlm_tui.lm.settings import Settings
from charlm_tui.session.seeds import as_seed
from charlm_tui.text import conversion, visible

MOST_TEXT_BYTES = 10_000_000  # of a seed or a text to score: more would take an hour


@click.command(
    cls=HelpfulCommand,
    examples=(
        (
            'charlm-tui generate --seed "the " -n 200 --temperature 0.5 --rng-seed=42',
            "The same 200 characters each time",
        ),
        (
            "cat seeds.txt | charlm-tui generate --seeds - --count 3 --json",
            "Three replies to each line, as JSON",
        ),
        (
            'charlm-tui generate --seed "the " --until "." --ban "q,z"',
            "One sentence, without some characters",
        ),
    ),
)
@with_options(model_option)
@click.option(
    "--seed",
    default="",
    metavar="TEXT",
    help="The text to continue; - is stdin, without its last newline.",
)
@click.option(
    "--seeds",
    "seeds_file",
    metavar="FILE",
    help="Reply to each line of a file instead; - is stdin.",
)
@click.option(
    "--count",
    type=click.IntRange(1),
    default=1,
    help="Replies to each seed, with RNG seeds that follow each other.",
)
@click.option(
    "-n",
    "--length",
    type=click.IntRange(1),
    default=REPLY_LENGTH,
    show_default=True,
    help=BY_NAME["length"].help,
)
@with_options(*sampling_options, *context_options)
@click.option(
    "--temperatures",
    type=Temperatures(),
    default=(),
    help="Generate 2 to 8 replies side by side, such as 0.2,0.5,1.0,1.2, and print them in turn.",
)
@click.option(
    "--hold",
    "held",
    multiple=True,
    metavar="UNIT=VALUE",
    help="Hold a unit of the model at a value, such as c[52]=1.0; may be given several times.",
)
@with_options(processes_option, ray_option)
@click.option("--echo", is_flag=True, help="Print the seed before the text.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the text.")
@click.option(
    "--per-character",
    is_flag=True,
    help="In JSON: of each character its surprisal, the entropy and the five most likely ones.",
)
@click.option(
    "--tape", type=click.Path(path_type=Path), metavar="FILE", help="Record the reply to a file."
)
def generate(
    model: Path | None,
    seed: str,
    seeds_file: str | None,
    processes: int | None,
    ray: str | None,
    **values: Any,
) -> None:
    """Print what the model makes of a seed.

    Standard output is the generated characters alone; everything else goes to standard error.
    Truncations apply in the order top-k, typical-p, top-p, min-p, mirostat; the temperature after
    them.
    """
    settings = replace(settings_of(values), held=tuple(map(typed, values.pop("held"))))
    if seeds_file is not None and seed:
        raise click.UsageError("--seed and --seeds exclude each other; give one of them")
    if processes is not None or ray is not None:
        _generate_many(model, seeds_file, settings, Engine(processes, ray), values)
        return
    if seeds_file is not None:
        lines = read_text(seeds_file, "the seeds").splitlines()
        seeds = tuple(line for line in map(as_seed, lines) if line)
        if not seeds:
            raise click.UsageError("--seeds has no line with a seed; give one a line")
    else:
        seeds = (as_seed(read_text("-", "the seed")) if seed == "-" else seed,)
    several = len(seeds) * values["count"] > 1
    if several and (values["tape"] is not None or values["temperatures"]):
        raise click.UsageError(
            "--tape and --temperatures are for one reply to one seed; leave out --seeds and --count"
        )
    if values["per_character"] and (not values["as_json"] or values["temperatures"]):
        raise click.UsageError(
            "--per-character is for --json and without --temperatures; give it so"
        )
    path, limits = begin_script(model)
    from charlm_tui.batch.generate import Job, lane_path, run
    from charlm_tui.files import check_document

    job = Job(path, seeds, settings=settings, limits=limits, **values)
    if job.tape is not None:
        for place in [lane_path(job.tape, each) for each in job.temperatures] or [job.tape]:
            check_document(place)
    with output() as out:
        run(job, out, say)


def _generate_many(
    model: Path | None,
    seeds_file: str | None,
    settings: Settings,
    engine: Engine,
    values: dict[str, Any],
) -> None:
    """Reply to each line of a file by several processes, or on a cluster."""
    if seeds_file is None or seeds_file == "-":
        raise click.UsageError(
            f"{engine.option} shares the lines of a file among processes; give one with --seeds"
        )
    if values["tape"] is not None or values["temperatures"]:
        raise click.UsageError(
            f"--tape and --temperatures are for one reply to one seed; leave out {engine.option}"
        )
    path, limits = begin_script(model)
    from charlm_tui.batch.generate import Job
    from charlm_tui.batch.generate_many import GenerateWork

    del values["as_json"]
    job = Job(path, ("",), settings=settings, limits=limits, as_json=True, **values)
    with output() as out, engine.told_apart():
        for lines in engine.results(GenerateWork(job), [Path(seeds_file)]):
            out.write(lines)
            out.flush()


@click.command(
    cls=HelpfulCommand,
    examples=(
        ("charlm-tui info --model shakespeare", "What a model is"),
        ("charlm-tui info --install --json", "What to put into the report of a fault"),
    ),
)
@with_options(model_option)
@click.option(
    "--install", is_flag=True, help="Show this installation instead: for the report of a fault."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info(model: Path | None, install: bool, as_json: bool) -> None:
    """Show a model's card: what it is, how it was trained, how good it is."""
    if install:
        _tell_installation(as_json)
        return
    path, limits = begin_script(model)
    from charlm_tui.engine.model_info import loaded, model_facts, rows
    from charlm_tui.lm.model import OnnxModel

    opened = OnnxModel(path, limits=limits)
    with output() as out:
        if as_json:
            out.write(json.dumps(model_facts(opened)).encode() + b"\n")
            return
        pairs = rows(loaded(opened))
        width = max(len(name) for name, _ in pairs)
        for name, value in pairs:
            out.write(f"{name:<{width}}  {value}\n".encode())


def _tell_installation(as_json: bool) -> None:
    """Print what there is of the program, of the machine and of the terminal."""
    from charlm_tui.cli.install_info import facts, lines

    found = facts()
    pairs = lines(found)
    width = max(len(name) for name, _ in pairs)
    with output() as out:
        if as_json:
            out.write(json.dumps(found, ensure_ascii=False).encode() + b"\n")
        for name, value in () if as_json else pairs:
            out.write(f"{name:<{width}}  {visible(value)}\n".encode())


def read_text(file: str, what: str) -> str:
    """Read a UTF-8 file, or standard input for `-`, to the character.

    Raises:
        click.UsageError: it cannot be read, has too much, or is not UTF-8.
    """
    advice = "give the path of a text file, or -"
    try:
        content = (
            read_stream(sys.stdin.buffer, MOST_TEXT_BYTES, what, advice)
            if file == "-"
            else read_file(Path(file), MOST_TEXT_BYTES, advice)
        )
    except FileReadError as error:
        raise click.UsageError(str(error)) from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(
            f"{what} is not UTF-8 (at byte {error.start:,}); {conversion(content)}"
        ) from error
