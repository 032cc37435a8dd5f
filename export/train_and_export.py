"""Train the notebook's network on a text and export it to the app's model file.

python export/train_and_export.py
python export/train_and_export.py --corpus my.txt --out models/mine.onnx
"""

import os
import sys
from pathlib import Path

if not __package__:  # run as a file: the project's root takes the place of this folder
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read once, when TensorFlow is imported

import contextlib
import shlex
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import click
from rich.console import Console

from charlm_tui.lm.errors import CharlmError
from charlm_tui.lm.vocabulary import Case
from export.corpus import (
    NOTEBOOK_URL,
    Corpus,
    differs_from_notebook,
    download_corpus,
    find_corpus,
    read_corpus,
)
from export.errors import ExportError
from export.model_file import check_writable, write_error
from export.recipes import BEST, RECIPES, Recipe

ROOT = Path(__file__).resolve().parent.parent


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
    default="lower",
    show_default=True,
    help="Lower-case the text as the notebook does, or keep its case.",
)
@click.option(
    "--recipe",
    type=click.Choice(sorted(RECIPES)),
    default=BEST.name,
    show_default=True,
    help="Our way of training, or the notebook's hyper-parameters.",
)
@click.option("--epochs", type=click.IntRange(1), help="Instead of the recipe's.")
@click.option(
    "--rng-seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Of the first weights and of the order of the windows.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The model file. Default: models/ and the corpus' name, such as models/nietzsche.onnx.",
)
@click.option(
    "--page",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write the model's card as a Markdown page, too.",
)
@click.option(
    "--export-on-interrupt/--discard-on-interrupt",
    default=None,
    help="What Ctrl-C does with the best epoch so far. Default: ask on a terminal, else discard.",
)
def command(**options: Any) -> None:
    """Train the LSTM of Deep Learning with Python, section 8.1, and export it to ONNX."""
    console = Console(stderr=True)
    try:
        sys.exit(_run(console, **options))
    except CharlmError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        console.print(
            f"error: {error.name} is not installed, which training needs; "
            'install it with: pip install -e ".[export]"',
            style="red",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("interrupted before anything was trained", markup=False)
        sys.exit(130)


def _run(
    console: Console,
    corpus: Path | None,
    corpus_url: str,
    case: Case,
    recipe: str,
    epochs: int | None,
    rng_seed: int,
    out: Path | None,
    page: Path | None,
    export_on_interrupt: bool | None,
) -> int:
    # What can go wrong without Keras goes wrong before the seconds that it takes to load.
    chosen = _with_epochs(RECIPES[recipe], epochs)
    path = corpus or (find_corpus() if corpus_url == NOTEBOOK_URL else None)
    if path is None:
        path = download_corpus(corpus_url)
    text = read_corpus(path, case, chosen.window, chosen.stride, chosen.batch)
    out = out or ROOT / "models" / f"{path.stem}.onnx"
    check_writable(out)
    if page is not None:
        check_writable(page)
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
    return _train_and_export(console, text, chosen, rng_seed, out, page, export_on_interrupt)


def _with_epochs(recipe: Recipe, epochs: int | None) -> Recipe:
    return recipe if epochs is None else replace(recipe, epochs=epochs)


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep what TensorFlow's C++ code says of itself while it loads from standard error."""
    sys.stderr.flush()
    kept, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(silence)


def _train_and_export(
    console: Console,
    corpus: Corpus,
    recipe: Recipe,
    rng_seed: int,
    out: Path,
    page: Path | None,
    export_on_interrupt: bool | None,
) -> int:
    with _hushed():
        from export.card import make_card, write_page
        from export.device import idle_gpu, training_device
        from export.network import NetworkInTraining
        from export.onnx_export import export
        from export.progress import BITS, Display, in_words
        from export.samples import draw_samples, notebook_seed
        from export.training import measure, train

    device = training_device()
    seed = notebook_seed(corpus, recipe.window)

    def sample(network: Any) -> list[str]:
        return draw_samples(NetworkInTraining(network, corpus.vocabulary, recipe.window), seed)

    seed_text = corpus.vocabulary.decode(seed)
    with Display(console, recipe.epochs, seed_text, sample) as display:
        plural = "s" if recipe.epochs > 1 else ""
        display.say(f"training on {device}, recipe {recipe.name}, {recipe.epochs} epoch{plural}")
        if sentence := idle_gpu(device):
            display.say(f"warning: {sentence}", style="yellow")
        run = train(corpus, recipe, rng_seed, display)
    assert run.best is not None
    if run.stopped:
        console.print(
            f"{run.stopped}; the weights of epoch {run.best.number} are kept",
            markup=False,
            soft_wrap=True,
        )
    if run.interrupted and not _wants_export(console, export_on_interrupt, run.best.number):
        _keep_weights(console, run, out)
        return 130
    try:
        console.print("measuring and exporting …", markup=False)
        held_out = measure(run.network, corpus.held_out, recipe.window)
        card = make_card(out.stem, corpus, recipe, run, held_out, device, rng_seed)
        parity = export(run.network, corpus, recipe.window, card, out)
    except (KeyboardInterrupt, ExportError) as end:
        _keep_weights(console, run, out)
        if isinstance(end, ExportError):
            raise
        return 130
    console.print(
        f"{out}: {out.stat().st_size:,} bytes, held out {held_out * BITS:.3f} bits per character, "
        f"trained in {in_words(run.seconds)}; within {parity.largest_difference:.0e} of Keras on "
        f"{parity.windows:,} windows",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    if page is not None:
        try:
            write_page(out, page)
        except KeyboardInterrupt:
            console.print(f"interrupted: {page} was not written", markup=False, soft_wrap=True)
            return 130
    console.print(
        f"open it with: charlm-tui --model {shlex.quote(str(out))}", markup=False, soft_wrap=True
    )
    return 130 if run.interrupted else 0


def _keep_weights(console: Console, run: Any, out: Path) -> None:
    weights = out.with_suffix(".weights.h5")
    try:
        run.network.save_weights(weights)
    except OSError as error:
        raise write_error(weights, error) from error
    console.print(f"not exported; the best weights are in {weights}", markup=False, soft_wrap=True)


def _wants_export(console: Console, asked: bool | None, epoch: int) -> bool:
    if asked is not None:
        return asked
    if not (console.is_terminal and sys.stdin.isatty()):
        return False
    try:
        return click.confirm(f"Export the weights of epoch {epoch}?", default=True, err=True)
    except (click.Abort, KeyboardInterrupt):
        return False


if __name__ == "__main__":
    command()
