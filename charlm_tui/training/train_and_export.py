"""Train the notebook's network on a text and export it to the app's model file.

python export/train_and_export.py
python export/train_and_export.py --corpus my.txt --out models/mine.onnx --time 10m
python export/train_and_export.py --resume --out models/mine.onnx
python export/train_and_export.py --from-keras my.keras --corpus my.txt
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read once, when TensorFlow is imported

import re
from dataclasses import fields, replace
from typing import Any

import click
from rich.console import Console

from charlm_tui.files import check_document, check_replaceable, make_folder_for
from charlm_tui.lm.errors import CharlmError
from charlm_tui.lm.vocabulary import Case
from charlm_tui.training.checkpoint import (
    Snapshot,
    check_settings,
    checkpoint_path,
    read_checkpoint,
)
from charlm_tui.training.corpus import (
    NOTEBOOK_URL,
    Corpus,
    differs_from_notebook,
    download_corpus,
    find_corpus,
    read_corpus,
)
from charlm_tui.training.errors import CheckpointError
from charlm_tui.training.recipes import BEST, NOTEBOOK, PRESETS, Recipe

ROOT = Path(__file__).resolve().parent.parent.parent
MOST_UNITS, MOST_LAYERS = 4096, 16


class Duration(click.ParamType[float]):
    """A time such as `90s`, `10m` or `1h30m`, given in seconds."""

    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Give seconds of a text."""
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", str(value))
        parts = match.groups() if match else ()
        hours, minutes, seconds = (int(part or 0) for part in parts or (0, 0, 0))
        total = 3600.0 * hours + 60 * minutes + seconds
        if total == 0:
            self.fail(f"{value!r} is no time; give one such as 90s, 10m or 1h30m", param, ctx)
        return total


SHARE = click.FloatRange(0, 1, max_open=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A UTF-8 text. Default: $CHARLM_CORPUS, else the notebook's, downloaded once.",
)
@click.option(
    "--corpus-url",
    default=NOTEBOOK_URL,
    metavar="URL",
    help="Where the notebook's text is downloaded from.",
)
@click.option(
    "--case",
    type=click.Choice(["lower", "preserve"]),
    help="Lower-case the text as the notebook does (the default), or keep its case.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The model file. Default: models/ and the corpus' name, such as models/nietzsche.onnx.",
)
@click.option(
    "--preset",
    type=click.Choice(sorted(PRESETS, reverse=True)),
    help="The size of the network, and a way of training that suits it. Default: small.",
)
@click.option(
    "--recipe",
    type=click.Choice([BEST.name, NOTEBOOK.name]),
    help="Our way of training (the default), or the notebook's hyper-parameters.",
)
@click.option("--time", type=Duration(), help="Train for so long, such as 10m, not for epochs.")
@click.option("--epochs", type=click.IntRange(1), help="Most epochs.")
@click.option("--patience", type=click.IntRange(1), help="Epochs without a gain that end the run.")
@click.option("--units", type=click.IntRange(1, MOST_UNITS), help="Of each LSTM layer.")
@click.option("--layers", type=click.IntRange(1, MOST_LAYERS), help="How many LSTM layers.")
@click.option("--window", type=click.IntRange(1, 10**6 - 1), help="Characters that are read.")
@click.option("--stride", type=click.IntRange(1), help="Characters from window to window.")
@click.option("--batch", type=click.IntRange(1), help="Windows in a batch.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="The learning rate.")
@click.option("--dropout", type=SHARE, help="Of each layer's output.")
@click.option("--recurrent-dropout", type=SHARE, help="Of the state, within a window.")
@click.option(
    "--held-out",
    type=click.FloatRange(0, 0.5, min_open=True),
    help="Share of the text, at its end, that is measured on and not trained on.",
)
@click.option(
    "--rng-seed",
    type=click.IntRange(0, 2**32 - 1),
    help="Of the first weights and of the order of the windows. Default: 0.",
)
@click.option("--resume", is_flag=True, help="Go on with the interrupted run of --out.")
@click.option("--restart", is_flag=True, help="Forget the interrupted run of --out; start anew.")
@click.option("--keep-epochs", is_flag=True, help="Keep a model file of every epoch, too.")
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write the model's card as a Markdown page, too.",
)
@click.option(
    "--from-keras",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Convert a .keras or .h5 file that the notebook's code has trained; needs --corpus (its "
    "text) or --vocabulary.",
)
@click.option(
    "--vocabulary",
    type=click.Path(path_type=Path),
    metavar="JSON",
    help="The symbols of --from-keras: a list in the order of their ids, or an object of ids.",
)
def command(**options: Any) -> None:
    """Train the LSTM of Deep Learning with Python, section 8.1, and export it to ONNX."""
    console = Console(stderr=True)
    try:
        sys.exit(_run(console, **options))
    except CharlmError as error:
        _say_error(console, str(error))
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        _say_error(
            console,
            f"{error.name} is not installed, which training needs; "
            'install it with: pip install -e ".[export]"',
        )
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("interrupted before anything was trained", markup=False)
        sys.exit(130)


def _say_error(console: Console, sentence: str) -> None:
    console.print(f"error: {sentence}", style="red", markup=False, highlight=False, soft_wrap=True)


def _run(
    console: Console,
    corpus: Path | None,
    corpus_url: str,
    out: Path | None,
    resume: bool,
    restart: bool,
    keep_epochs: bool,
    page: Path | None,
    from_keras: Path | None,
    vocabulary: Path | None,
    **settings: Any,
) -> int:
    asked = {name: value for name, value in settings.items() if value is not None}
    if from_keras is not None:
        _refuse_together("--from-keras", asked, {"case", "window"}, resume=resume, page=page)
        from charlm_tui.training.from_keras import convert_keras_file

        path = corpus if corpus or vocabulary else find_corpus()
        return convert_keras_file(
            console,
            from_keras,
            path,
            vocabulary,
            asked.get("case", "lower"),
            asked.get("window"),
            out or ROOT / "models" / f"{from_keras.stem}.onnx",
        )
    if vocabulary is not None:
        raise click.UsageError("--vocabulary goes with --from-keras alone.")
    if resume and restart:
        raise click.UsageError("--resume goes on and --restart starts anew: give one of them.")
    # What can go wrong without Keras goes wrong before the seconds that it takes to load.
    path = corpus or (find_corpus() if corpus_url == NOTEBOOK_URL else None)
    snapshot: Snapshot | None = None
    if resume:
        out = out or _default_out(path)
        kept = checkpoint_path(out)
        found, snapshot = read_checkpoint(kept)
        check_settings(kept, _wanted(asked), found)
        recipe, case, rng_seed, budget_s = _settings_of(kept, found)
        path = path or Path(found["corpus"])
    else:
        recipe, case = _chosen(asked), asked.get("case", "lower")
        rng_seed, budget_s = asked.get("rng_seed", 0), asked.get("time")
        path = path or download_corpus(corpus_url)
        out = out or _default_out(path)
    text = read_corpus(path, case, recipe.window, recipe.stride, recipe.batch, recipe.held_out)
    if resume:
        check_settings(kept, {"sha256": text.sha256}, found)
    make_folder_for(out)
    check_replaceable(out)
    if not resume and not restart and os.path.exists(checkpoint_path(out)):
        raise CheckpointError(
            f"{checkpoint_path(out)} is of an interrupted run; "
            "go on with it with --resume, or start anew with --restart"
        )
    check_replaceable(checkpoint_path(out))
    if page is not None:
        make_folder_for(page)
        check_document(page)
    _say_corpus(console, path, text)

    from charlm_tui.training.run import TrainingRun

    before = found.get("before") if resume else None
    run = TrainingRun(console, text, path, recipe, rng_seed, budget_s, out, keep_epochs, before)
    if resume:
        check_settings(kept, {"backend": run.settings["backend"]}, found)
    return run.run(snapshot, page)


def _refuse_together(
    option: str, asked: dict[str, Any], allowed: set[str], **others: object
) -> None:
    wrong = [name for name in asked if name not in allowed]
    wrong += [name for name, value in others.items() if value]
    if wrong:
        raise click.UsageError(f"{option} trains nothing: leave out --{_dashed(wrong[0])}.")


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _default_out(corpus: Path | None) -> Path:
    stem = corpus.stem if corpus is not None else Path(NOTEBOOK_URL).stem
    return ROOT / "models" / f"{stem}.onnx"


def _chosen(asked: dict[str, Any]) -> Recipe:
    """Give the recipe of a preset, with what was asked for in its place."""
    if asked.get("recipe") == NOTEBOOK.name and asked.get("preset", "small") != "small":
        raise click.UsageError("--recipe notebook has one size: leave out --preset.")
    if "time" in asked and "epochs" in asked:
        raise click.UsageError("--time and --epochs both say when to end: give one of them.")
    base = (
        NOTEBOOK if asked.get("recipe") == NOTEBOOK.name else PRESETS[asked.get("preset", "small")]
    )
    return replace(base, **_knobs(asked))


def _knobs(asked: dict[str, Any]) -> dict[str, Any]:
    """Give the fields of a recipe that options name."""
    renamed = {("learning_rate" if name == "rate" else name): it for name, it in asked.items()}
    names = {field.name for field in fields(Recipe)}
    return {name: value for name, value in renamed.items() if name in names}


def _wanted(asked: dict[str, Any]) -> dict[str, Any]:
    """Give the settings that a run must have to be gone on with by these options."""
    wanted = _knobs(asked)
    wanted |= {name: asked[name] for name in ("case", "rng_seed", "time") if name in asked}
    if "preset" in asked or "recipe" in asked:
        base = NOTEBOOK.name if asked.get("recipe") == NOTEBOOK.name else None
        wanted["name"] = base or PRESETS[asked.get("preset", "small")].name
    return wanted


def _settings_of(path: Path, found: dict[str, Any]) -> tuple[Recipe, Case, int, float | None]:
    names = [field.name for field in fields(Recipe)]
    try:
        recipe = Recipe(**{name: found[name] for name in names})
        return recipe, found["case"], found["rng_seed"], found["time"]
    except KeyError as error:
        raise CheckpointError(
            f"{path} does not tell the run's {error.args[0]}; start anew with --restart"
        ) from error


def _say_corpus(console: Console, path: Path, text: Corpus) -> None:
    console.print(
        f"{path.name}: {len(text.ids):,} characters, {len(text.vocabulary)} symbols, the last "
        f"{len(text.held_out):,} held out",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if warning := differs_from_notebook(text):
        console.print(
            f"warning: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True
        )
