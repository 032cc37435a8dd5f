"""`charlm-tui train`: the options of training, and what they mean together.

Imports no library of the training side before a run begins: `--help` needs none of them. What
a run does is decided in training/plan.py and done in training/run.py; a file of Keras is converted
in training/from_keras.py.
"""

import mmap
import os
import sys
from pathlib import Path
from typing import Any

import click

from charlm_tui.cli.help import HelpfulCommand
from charlm_tui.cli.options import Duration, ValueType
from charlm_tui.cli.streams import has_screen, in_a_line, in_terminal, say
from charlm_tui.cli.supervisor import in_a_child
from charlm_tui.errors import CharlmError
from charlm_tui.lm.contract import MOST_WINDOW
from charlm_tui.training.errors import (
    InterruptedTrainingError,
    MissingLibraryError,
    TrainingError,
)
from charlm_tui.training.recipes import BEST, NOTEBOOK, PRESETS


class Devices(ValueType):
    """A number of devices, or all."""

    name = "N|all"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or "all"."""
        if value == "all" or isinstance(value, int):
            found: int | str = value
            return found
        if not str(value).isdecimal() or not int(value):
            self.fail(f"{value!r} is no number of devices; give one such as 8, or all", param, ctx)
        return int(value)


_PATH = click.Path(path_type=Path)
_SHARE = click.FloatRange(0, 1, max_open=True)


@click.command(
    cls=HelpfulCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    examples=(
        ("charlm-tui train my.txt --time 10m", "Train on a text for ten minutes"),
        ("charlm-tui train my.txt --dry-run", "What it would be, and how long it would take"),
        ("charlm-tui train --resume --out models/my.onnx", "Continue a run"),
    ),
)
@click.argument("texts", nargs=-1, type=_PATH, metavar="[TEXT]...")
@click.option(
    "--corpus",
    type=_PATH,
    multiple=True,
    metavar="PATH",
    help="The same as TEXT. Default: $CHARLM_CORPUS, else the notebook's text, downloaded once.",
)
@click.option("--corpus-url", metavar="URL", help="Where to download the notebook's text from.")
@click.option(
    "--case",
    type=click.Choice(["lower", "preserve"]),
    help="Lower-case the text as the notebook does (the default), or preserve its case.",
)
@click.option(
    "--min-count",
    type=click.IntRange(1),
    metavar="N",
    help="Leave characters out of the text that are met less than N times.",
)
@click.option(
    "--out",
    type=_PATH,
    metavar="PATH",
    help="The model file. Default: models/ and the name of the corpus, such as "
    "models/nietzsche.onnx; in the checkout if run from one, else in the current folder.",
)
@click.option(
    "--preset",
    type=click.Choice(sorted(PRESETS, reverse=True)),
    help="Size of the network, with hyper-parameters that suit it. Default: small.",
)
@click.option(
    "--recipe",
    type=click.Choice([BEST.name, NOTEBOOK.name]),
    help="Our hyper-parameters (the default), or the notebook's.",
)
@click.option("--time", type=Duration(), help="Train for this long, such as 10m, not for epochs.")
@click.option("--epochs", type=click.IntRange(1), help="Maximum number of epochs.")
@click.option(
    "--patience", type=click.IntRange(1), help="Stop after this many epochs without improvement."
)
@click.option("--units", type=click.IntRange(1, 4096), help="Units in each LSTM layer.")
@click.option("--layers", type=click.IntRange(1, 16), help="Number of LSTM layers.")
@click.option("--window", type=click.IntRange(1, MOST_WINDOW), help="Characters in a window.")
@click.option(
    "--stride",
    type=click.IntRange(1),
    help="Characters from the start of one window to the start of the next.",
)
@click.option("--batch", type=click.IntRange(1), help="Windows in a batch.")
@click.option(
    "--rate", "learning_rate", type=click.FloatRange(0, min_open=True), help="Learning rate."
)
@click.option(
    "--optimizer",
    type=click.Choice(["muon", "adam", "rmsprop"]),
    help="What the weights are changed by. Default: muon.",
)
@click.option("--momentum", type=_SHARE, help="Of Muon: how much of the gradients before counts.")
@click.option(
    "--adam-share",
    type=click.FloatRange(0, min_open=True),
    help="Rate of what Muon leaves to Adam, as a share of --rate.",
)
@click.option(
    "--weight-decay",
    type=click.FloatRange(0),
    help="Share of a matrix that a step of Muon takes away, for a rate of 1.",
)
@click.option(
    "--warm-up", type=_SHARE, help="Share of the run over which the rate rises from zero."
)
@click.option(
    "--embedding",
    type=click.IntRange(0, 4096),
    help="Numbers that a character is embedded in, tied to the output; 0 is one-hot characters.",
)
@click.option("--dropout", type=_SHARE, help="Share of each layer's output to drop.")
@click.option(
    "--recurrent-dropout", type=_SHARE, help="Share of the state to drop within a window."
)
@click.option(
    "--held-out",
    type=click.FloatRange(0, 0.5, min_open=True),
    help="Share of the text, at its end, to measure on and never train on.",
)
@click.option(
    "--choose-on",
    type=click.FloatRange(0, 0.5),
    metavar="SHARE",
    help="Measure the epochs, and choose the best, on this share of the training text, at its end, "
    "which is then not trained on; the held-out text is read once, at the end. With 0 no epoch is "
    "measured, and the last one is kept. Default: choose on the held-out text.",
)
@click.option(
    "--rng-seed",
    type=click.IntRange(0, 2**32 - 1),
    help="RNG seed of the first weights and of the order of the windows. Default: 0.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Continue the interrupted run of --out, or one that has ended, with a later end: "
    "--epochs 60 after 40.",
)
@click.option(
    "--devices",
    type=Devices(),
    metavar="N|all",
    help="Share each batch among N devices of this machine, or all, by Keras' backend jax. "
    "Default: 1, and all where there are --hosts.",
)
@click.option(
    "--hosts",
    metavar="A:PORT,B:PORT",
    help="Share each batch among several processes, by Keras' backend jax: start the same command "
    "once for each, with its --host-rank. The first one writes all files. With auto, Slurm, Open "
    "MPI or Kubernetes say which they are.",
)
@click.option(
    "--host-rank",
    type=click.IntRange(0),
    metavar="K",
    help="The place of this process among the --hosts, from 0.",
)
@click.option("--restart", is_flag=True, help="Discard the interrupted run of --out; start over.")
@click.option("--keep-epochs", is_flag=True, help="Keep a model file of every epoch, too.")
@click.option(
    "--keep-within",
    type=click.IntRange(1),
    metavar="MB",
    help="Keep as many of them as this holds, spread evenly; 64 where a screen is opened.",
)
@click.option(
    "--replay-changes",
    type=_PATH,
    metavar="LOG",
    help="Make the changes that were made of another run, at the same batches, as its log "
    "(<model>.run.jsonl) tells them.",
)
@click.option(
    "--plain", is_flag=True, help="Print lines; open no screen, where there is a terminal."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Say what the run would be and how long it would take, by its first batches, and end.",
)
@click.option(
    "--page",
    type=_PATH,
    metavar="PATH",
    help="Write the model card as a Markdown page, too.",
)
@click.option(
    "--from-keras",
    type=_PATH,
    metavar="FILE",
    help="Do not train: convert a .keras or .h5 file of LSTM, GRU or SimpleRNN layers. Needs "
    "--corpus, the text it was trained on, or --vocabulary.",
)
@click.option(
    "--vocabulary",
    type=_PATH,
    metavar="JSON",
    help="The symbols of --from-keras: a list in the order of their ids, or an object of ids, such "
    "as char_to_idx or word_index.",
)
@click.option(
    "--network",
    metavar="LAYERS",
    help="The layers of --from-keras, if the file has weights alone: a list such as "
    "'LSTM(128), Dense(57)', or a JSON file that Keras' to_json has written.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Convert with --from-keras what predicts its text worse than guessing, too.",
)
def train(
    from_keras: Path | None,
    vocabulary: Path | None,
    network: str | None,
    force: bool,
    plain: bool,
    dry_run: bool,
    texts: tuple[Path, ...],
    **options: Any,
) -> int:
    """Train the LSTM of Deep Learning with Python, section 8.1, and export it to ONNX.

    TEXT is a UTF-8 file, or a folder of them; several are joined by newlines.

    In a terminal it opens a screen on the run (see charlm-tui watch); leaving it, or closing the
    terminal, ends no run. --plain prints lines.

    It needs the extra: pip install "charlm-tui[train]", or on a machine with an NVIDIA GPU
    "charlm-tui[train-gpu]", never both.
    """
    options["corpus"] = (*texts, *options["corpus"])
    chosen = {
        name: value
        for name, value in options.items()
        if value is not None and value is not False and value != ()
    }
    conversion = {"vocabulary": vocabulary, "network": network, "force": force}
    _refuse_contradictions(from_keras, conversion, chosen)
    try:
        if _has_screen(plain or dry_run or from_keras is not None or "hosts" in chosen):
            from charlm_tui.cli.train_screen import train_on_screen

            keeps = bool({"keep_epochs", "keep_within"} & chosen.keys())
            return train_on_screen(chosen.get("corpus", ()), chosen.get("out"), keeps)
        return _run(from_keras, conversion, chosen, dry_run)
    except ModuleNotFoundError as error:
        raise MissingLibraryError(str(error.name)) from error
    except MemoryError as error:
        raise TrainingError(
            "there is not enough memory for this; give a smaller --batch, --units or --window"
        ) from error
    except KeyboardInterrupt:
        raise InterruptedTrainingError("interrupted before anything was trained") from None


def _has_screen(plain: bool) -> bool:
    """Return whether the run is shown on a screen: a command in a terminal, and no script."""
    is_subcommand = click.get_current_context().parent is not None
    return is_subcommand and not plain and in_terminal() and has_screen()


def _refuse_contradictions(
    from_keras: Path | None, conversion: dict[str, Any], chosen: dict[str, Any]
) -> None:
    if from_keras is not None:
        allowed = {"corpus", "corpus_url", "out", "case", "window"}
        for param in train.params:
            if param.name in chosen.keys() - allowed:
                raise click.UsageError(f"--from-keras trains nothing: leave out {param.opts[0]}.")
        return
    for name, value in conversion.items():
        if value:
            raise click.UsageError(f"--{name} is for --from-keras alone: leave it out.")
    if "host_rank" in chosen and "hosts" not in chosen:
        raise click.UsageError("--host-rank is the place among --hosts: give --hosts, too.")
    if {"keep_epochs", "keep_within"} <= chosen.keys():
        raise click.UsageError("--keep-epochs keeps every one: leave out --keep-within.")
    if {"resume", "restart"} <= chosen.keys():
        raise click.UsageError("--resume continues, --restart starts over: give one of them.")
    if chosen.get("choose_on") == 0 and "patience" in chosen:
        raise click.UsageError("--choose-on 0 measures no epoch: leave out --patience.")
    if {"time", "epochs"} <= chosen.keys():
        raise click.UsageError("--time and --epochs both say when to end: give one of them.")
    if chosen.get("recipe") == NOTEBOOK.name and chosen.get("preset", "small") != "small":
        raise click.UsageError("--recipe notebook has one size: leave out --preset.")


PLACES = (
    "corpus",
    "corpus_url",
    "out",
    "resume",
    "restart",
    "keep_epochs",
    "keep_within",
    "page",
    "replay_changes",
)
"""The options that are arguments of a plan, and no settings of a run."""


def _run(
    from_keras: Path | None, conversion: dict[str, Any], chosen: dict[str, Any], dry_run: bool
) -> int:
    if {"hosts", "devices"} & chosen.keys() and from_keras is None:
        return _run_together(chosen, dry_run)
    from rich.console import Console

    from charlm_tui.training.plan import check_installed, make_plan

    check_installed()
    console = Console(stderr=True)
    if from_keras is not None:
        from charlm_tui.training.from_keras import convert_keras_file

        chosen.pop("corpus_url", None)
        return convert_keras_file(console, from_keras, **conversion, **chosen)
    plan = make_plan(chosen, **{name: chosen.pop(name) for name in PLACES if name in chosen})
    try:
        plan.show_corpus(console)
        if dry_run:
            from charlm_tui.training.dry_run import show_outlook

            return show_outlook(console, plan)
        from charlm_tui.training.run import TrainingRun  # loads Keras, which takes seconds

        return TrainingRun(console, plan).run()
    finally:
        if plan.claim is not None:
            plan.claim.release()


def _run_together(chosen: dict[str, Any], dry_run: bool) -> int:
    """Train on several devices or hosts; return the exit code.

    With hosts it is done in a child: JAX' runtime aborts a process whose others are gone.
    """
    from charlm_tui.training.hosts import Asked, check_rank, gone, hosts_of, unmet

    hosts = chosen.pop("hosts", None)
    wanted = Asked(
        () if hosts is None else hosts_of(hosts),
        chosen.pop("host_rank", None),
        chosen.pop("devices", None),
    )
    check_rank(wanted)
    if dry_run:
        raise click.UsageError("--dry-run is of one device: leave out --hosts and --devices.")
    if wanted.hosts:
        met = mmap.mmap(-1, 1)  # of both processes
        in_a_child(lambda _: gone() if met[0] else unmet(wanted))
    from rich.console import Console

    from charlm_tui.training.plan import check_installed

    check_installed()
    from charlm_tui.training.together import train_together  # loads Keras, which takes seconds
    from charlm_tui.training.cluster import join  # isort: skip

    places = {name: chosen.pop(name) for name in PLACES if name in chosen}
    try:
        company = join(wanted)
        if wanted.hosts:
            met[0] = 1
        return train_together(Console(stderr=True), company, chosen, places)
    except CharlmError as error:
        if not wanted.hosts:
            raise
        say(f"error: {in_a_line(str(error))}")
        sys.stderr.flush()
        os._exit(error.exit_code)  # JAX would wait for processes that may be gone
