"""One training run, from a text to a model file: what is kept after each epoch, and at its end."""

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.errors import CharlmError
from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.checkpoint import Snapshot, checkpoint_path, write_checkpoint
from charlm_tui.training.corpus import Corpus
from charlm_tui.training.recipes import Recipe


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


with _hushed():
    import keras

    from charlm_tui.training.card import make_card, write_page
    from charlm_tui.training.device import idle_gpu, training_device
    from charlm_tui.training.network import NetworkInTraining, StepWeights
    from charlm_tui.training.onnx_export import Parity
    from charlm_tui.training.progress import Display, in_words, show_end
    from charlm_tui.training.samples import draw_samples, notebook_seed
    from charlm_tui.training.tf_process import make_model_file
    from charlm_tui.training.train import HELD_OUT_STEP, Run, measure, train


class TrainingRun:
    """A run with its text, its recipe and its place.

    Args:
        console: where to tell of it.
        corpus: the text.
        path: of the text.
        recipe: how to train.
        rng_seed: of the first weights and of the order of the windows.
        budget_s: seconds to train for, or None for the recipe's epochs.
        out: the model file.
        keep_epochs: whether each epoch's model file is kept beside it.
        before: the card of the file that was at `out` before the run began, where it goes on.
    """

    def __init__(
        self,
        console: Console,
        corpus: Corpus,
        path: Path,
        recipe: Recipe,
        rng_seed: int,
        budget_s: float | None,
        out: Path,
        keep_epochs: bool = False,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        self._console = console
        self._corpus = corpus
        self._recipe = recipe
        self._rng_seed = rng_seed
        self._budget_s = budget_s
        self._out = out
        self._keep_epochs = keep_epochs
        self._device = training_device()
        self.settings: dict[str, Any] = {
            **asdict(recipe),
            "case": corpus.vocabulary.case,
            "rng_seed": rng_seed,
            "time": budget_s,
            "corpus": str(path.absolute()),
            "sha256": corpus.sha256,
            "backend": keras.backend.backend(),
            "before": _card_at(out) if before is None else dict(before),
        }
        """All that decides the run, by name, and the card that its model is held against, as its
        checkpoint keeps them."""

    def run(self, resumed: Snapshot | None = None, page: Path | None = None) -> int:
        """Train, or go on, and leave the best model at its place; give the exit code.

        Raises:
            CharlmError: what failed; the best model and the checkpoint so far are kept.
        """
        run = self._train(resumed)
        if run.interrupted:
            assert run.best is not None
            self._say(
                f"interrupted; the best so far, of epoch {run.best.number}, is in {self._out}; "
                f"go on with: {self._way_on()}"
            )
            return 130
        if run.stopped:
            assert run.best is not None
            self._say(f"{run.stopped}; the weights of epoch {run.best.number} are kept")
        try:
            parity = self._finish(run)
            checkpoint_path(self._out).unlink(missing_ok=True)
            show_end(self._console, self._out, run, parity, self.settings["before"])
            if page is not None:
                write_page(self._out, page)
        except KeyboardInterrupt:
            if checkpoint_path(self._out).exists():
                self._say(f"interrupted; go on with: {self._way_on()}")
            else:
                self._say(f"interrupted: {page} was not written")
            return 130
        self._say(f"open it with: charlm-tui --model {shlex.quote(str(self._out))}")
        return 0

    def _train(self, resumed: Snapshot | None) -> Run:
        recipe, corpus = self._recipe, self._corpus
        seed = notebook_seed(corpus, recipe.window)

        def sample(network: keras.Model) -> list[str]:
            return draw_samples(NetworkInTraining(network, corpus.vocabulary, recipe.window), seed)

        epochs = None if self._budget_s is not None else recipe.epochs
        seed_text = corpus.vocabulary.decode(seed)
        with Display(self._console, epochs, seed_text, sample) as display:
            if self._budget_s is not None:
                length = in_words(self._budget_s)
            else:
                length = f"{recipe.epochs} epoch{'s' if recipe.epochs > 1 else ''}"
            display.say(f"training on {self._device}, recipe {recipe.name}, {length}")
            if sentence := idle_gpu(self._device):
                display.say(f"warning: {sentence}", style="yellow")
            if resumed is not None:
                display.say(f"going on after epoch {len(resumed.epochs)}")
            return train(
                corpus,
                recipe,
                self._rng_seed,
                display,
                budget_s=self._budget_s,
                resumed=resumed,
                keep=self._keep,
            )

    def _keep(self, snapshot: Snapshot, network: keras.Model) -> None:
        """Keep the run's state, and the epoch's model where it is the best or is asked for."""
        write_checkpoint(checkpoint_path(self._out), self.settings, snapshot)
        epoch = snapshot.epochs[-1]
        if epoch.best:
            self._export(self._out, snapshot, network, epoch.held_out_loss, HELD_OUT_STEP)
        if self._keep_epochs:
            path = self._out.with_stem(f"{self._out.stem}-epoch-{epoch.number:03}")
            self._export(path, snapshot, network, epoch.held_out_loss, HELD_OUT_STEP)

    def _finish(self, run: Run) -> Parity:
        self._say("measuring and exporting …")
        held_out = measure(run.network, self._corpus.held_out, self._recipe.window)
        snapshot = Snapshot(run.epochs, run.seconds)
        return self._export(self._out, snapshot, run.network, held_out, 1, run.stopped)

    def _export(
        self,
        path: Path,
        snapshot: Snapshot,
        network: keras.Model,
        held_out_nats: float,
        every: int,
        stopped: str = "",
    ) -> Parity:
        weights = StepWeights.of(network)
        card = make_card(
            path.stem,
            self._corpus,
            self._recipe,
            snapshot,
            weights,
            held_out_nats,
            every,
            self._device,
            self._rng_seed,
            stopped,
        )
        if self._budget_s is not None:
            card["time_budget_seconds"] = self._budget_s
        metadata = to_metadata(self._corpus.vocabulary, self._recipe.window, card)
        return make_model_file(weights, metadata, self._corpus.ids, path)

    def _way_on(self) -> str:
        script = os.path.relpath(Path(__file__).parents[2] / "export" / "train_and_export.py")
        return f"python {shlex.quote(script)} --resume --out {shlex.quote(str(self._out))}"

    def _say(self, sentence: str) -> None:
        self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def _card_at(path: Path) -> dict[str, Any]:
    """Give what a file's card says of its figure; empty if there is no such file."""
    keys = ("corpus", "held_out_split", "held_out_bits_per_character")
    try:
        card = OnnxModel(path).contract.card
        return {key: card[key] for key in keys if key in card}
    except CharlmError:
        return {}
