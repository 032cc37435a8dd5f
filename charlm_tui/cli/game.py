"""`charlm-tui game`: Shannon's game, and corpus or model."""

import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from charlm_tui.cli.options import model_option, option_of, path_option, with_options
from charlm_tui.cli.start import begin_script, history_options, start
from charlm_tui.cli.streams import in_terminal, output, say
from charlm_tui.files import at_home
from charlm_tui.lm.settings import RNG_SEEDS
from charlm_tui.session.game import LENGTH, MOST_LENGTH, Wanted

MOST_LINE_BYTES = 4096  # of a guess: what is longer is no character


@click.command()
@with_options(model_option, path_option("corpus"))
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Play with this text in place of the corpus.",
)
@click.option(
    "-n",
    "--length",
    "characters",
    type=click.IntRange(1, MOST_LENGTH),
    default=LENGTH,
    show_default=True,
    help="Characters of the hidden passage.",
)
@option_of("temperature", help="At which the model plays, or writes; 0 is its best.")
@click.option(
    "--number",
    type=click.IntRange(0, RNG_SEEDS - 1),
    metavar="N",
    help="Play this game again: the same text, model and length have the same passage.",
)
@click.option(
    "--quiz", is_flag=True, help="Corpus or model: say of five passages which of them wrote it."
)
@click.option("--json", "as_json", is_flag=True, help="Play by lines, and answer in JSON.")
@with_options(*history_options)
@click.pass_context
def game(
    context: click.Context,
    /,
    file: Path | None,
    characters: int,
    number: int | None,
    quiz: bool,
    as_json: bool,
    **values: Any,
) -> None:
    r"""Guess a hidden passage of the corpus, character by character, beside the model.

    C. E. Shannon's game of 1951: from how many guesses each character takes follow bounds on the
    entropy of the text. The passage is of the held-out part of the corpus if the model's card says
    where that is.

    Without a terminal, or with --json, every line of standard input is a guess: a character, an
    empty line for a space, \n for a newline, \t for a tab, \\ for a backslash, \g to give the
    character up. Of the quiz it is c for corpus or m for model. The answers are lines of standard
    output; nothing is kept in the history then. Exit code 1 if the input ends before the game does.
    """
    if file is not None and str(file) == "-":
        raise click.UsageError(
            "the text cannot be standard input, where guesses come from; give the path of a file"
        )
    chosen = None if file is None else at_home(file)
    if not as_json and in_terminal():
        it = start(context, values)
        temperature = it.controls.settings.temperature
        from charlm_tui.session.seeds import keras_corpus

        if chosen is None and it.corpus is None and keras_corpus() is None:
            raise click.UsageError(
                "there is no corpus to play with; give one with --corpus or CHARLM_CORPUS, or a "
                "text with --file"
            )
        from charlm_tui.cli.app import run_app

        sys.exit(run_app(it, game=Wanted(number, characters, temperature, chosen, quiz)))
    model, limits = begin_script(values["model"])
    from charlm_tui.batch.game import Job, run

    wanted = Wanted(number, characters, values["temperature"], chosen, quiz)
    corpus = values["corpus"]
    job = Job(model, wanted, None if corpus is None else at_home(corpus), as_json, limits)
    code = 0
    with output() as out:
        lines = iter(partial(sys.stdin.buffer.readline, MOST_LINE_BYTES), b"")
        code |= run(job, lines, out, say)
    sys.exit(code)
