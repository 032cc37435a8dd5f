"""A training run, from a plan to a model file: what it keeps after each epoch, and at its end."""

import contextlib
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from charlm_tui.errors import CharlmError
from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.model import LanguageModel, OnnxModel
from charlm_tui.runs.log_file import LogFile, log_path
from charlm_tui.runs.records import BITS_PER_NAT, FAILED, FINISHED, INTERRUPTED, STOPPED
from charlm_tui.runs.requests import ChangeSamples, Requests, requests_path
from charlm_tui.text import duration, show
from charlm_tui.training.checkpoint import (
    Epoch,
    Snapshot,
    check_settings,
    checkpoint_path,
    write_checkpoint,
)
from charlm_tui.training.company import Company
from charlm_tui.training.plan import Plan


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

    from charlm_tui.training.card import (
        TRAINING_PACKAGES,
        library_versions,
        make_card,
        write_page,
    )
    from charlm_tui.training.device import idle_gpu, training_device
    from charlm_tui.training.errors import ExportedFileError
    from charlm_tui.training.measuring import measure
    from charlm_tui.training.network import NetworkInTraining, StepWeights
    from charlm_tui.training.parity import Parity
    from charlm_tui.training.progress import Display, show_end
    from charlm_tui.training.run_log import Reporters, RunRecorder, baselines
    from charlm_tui.training.samples import Samples, notebook_seed
    from charlm_tui.training.steering import Change, Steering, sentence_of
    from charlm_tui.training.tf_process import make_model_file, prepare
    from charlm_tui.training.thinning import superfluous
    from charlm_tui.training.train import Run, train


class TrainingRun:
    """A run that does what its plan says.

    Args:
        console: where to report it.
        plan: what to do.
        company: those that train the same with this process, which is the first one.

    Raises:
        CheckpointError: the run that it continues was trained on another backend.
    """

    def __init__(self, console: Console, plan: Plan, company: Company | None = None) -> None:
        self._console = console
        self._plan = plan
        self._company = company or Company()
        self._device = self._company.of_device(training_device())
        self._last = plan.snapshot
        """The run after its last epoch."""
        self._refused: ExportedFileError | None = None
        """What the model file of the best epoch was refused for, if it was."""
        before = plan.saved.get("before")
        self._settings: dict[str, Any] = {
            **asdict(plan.recipe),
            "case": plan.corpus.vocabulary.case,
            "rng_seed": plan.rng_seed,
            "min_count": plan.min_count,
            "time": plan.budget_s,
            "corpus": [str(path.absolute()) for path in plan.paths],
            "sha256": plan.corpus.sha256,
            "backend": keras.backend.backend(),
            "before": _card_at(plan.out) if before is None else before,
        }
        """All that decides the run, by name, the card that its model is compared with, and where
        its epochs were trained, as its checkpoint keeps them."""
        self._settings["devices"] = list(plan.saved.get("devices", ()))
        self._settings["versions"] = dict(plan.saved.get("versions", {}))
        self._recorder = self._new_recorder()
        vocabulary = plan.corpus.vocabulary
        self._samples = Samples(vocabulary.decode(notebook_seed(plan.corpus, plan.recipe.window)))
        if plan.saved:
            check_settings(
                checkpoint_path(plan.out), {"backend": self._settings["backend"]}, plan.saved
            )

    def run(self) -> int:
        """Train, and leave the best model at its place; return the exit code.

        Raises:
            CharlmError: what failed; the best model and the checkpoint so far are kept.
        """
        try:
            with self._company.watched():
                return self._run()
        except CharlmError as error:
            self._recorder.ended(FAILED, str(error))
            raise
        except BaseException as error:
            self._recorder.ended(FAILED, f"a fault of the program: {type(error).__name__}")
            raise

    def _run(self) -> int:
        out, page = self._plan.out, self._plan.page
        run = self._train()
        if run.interrupted:
            assert run.best is not None
            place = out if self._refused is None else checkpoint_path(out)
            self._recorder.ended(INTERRUPTED, file=str(place))
            self._say(
                f"interrupted; the best so far, of epoch {run.best.name}, is in {place}; "
                f"continue with: {self._resume_command()}"
            )
            return 130
        if run.stopped:
            assert run.best is not None
            self._say(f"{run.stopped}; the weights of epoch {run.best.name} are kept")
        try:
            parity = self._finish(run)
            if self._last is not None:  # from which it can go on, should its end be too early
                write_checkpoint(
                    checkpoint_path(out), {**self._settings, "finished": True}, self._last
                )
            show_end(self._console, out, run, parity, self._settings["before"])
            nats = OnnxModel(out).contract.card["held_out_bits_per_character"] / BITS_PER_NAT
            reason = STOPPED if run.stopped else FINISHED
            self._recorder.ended(reason, run.stopped, held_out_nats=nats, file=str(out))
            if page is not None:
                write_page(out, page)
        except KeyboardInterrupt:
            self._recorder.ended(INTERRUPTED)
            if checkpoint_path(out).exists():
                self._say(f"interrupted; continue with: {self._resume_command()}")
            else:
                self._say(f"interrupted: {page} was not written")
            return 130
        self._say(f"open it with: charlm-tui --model {shlex.quote(str(out))}")
        return 0

    def _new_recorder(self) -> RunRecorder:
        """Return what tells the run's log; of a run that continues, the log goes on."""
        plan, recipe, corpus = self._plan, self._plan.recipe, self._plan.corpus
        log = LogFile(log_path(plan.out), plan.snapshot is not None, self._warn)
        symbols = len(corpus.vocabulary)
        return RunRecorder(
            log,
            recipe.batch * recipe.window,
            plan.snapshot.seconds if plan.snapshot is not None else 0.0,
            out=str(plan.out),
            device=self._device,
            measured_on="nothing" if recipe.choose_on == 0 else recipe.measured_on,
            characters=len(corpus.training),
            epochs=recipe.epochs if plan.budget_s is None else None,
            budget_s=plan.budget_s,
            continues_after=plan.snapshot.epochs[-1].name if plan.snapshot is not None else "",
            corpus={**corpus.facts, "symbols": symbols},
            settings=self._settings,
            versions=library_versions(),
            baselines=baselines(corpus, recipe, self._settings["before"]),
        )

    def _warn(self, sentence: str) -> None:
        show(self._console, f"warning: {sentence}", "yellow")

    def _train(self) -> Run:
        plan, recipe, corpus = self._plan, self._plan.recipe, self._plan.corpus

        if plan.budget_s is not None:
            epochs, length = None, duration(plan.budget_s)
        else:
            epochs = recipe.epochs
            length = f"{epochs} epoch{'s' if epochs > 1 else ''}"
        measured_on = recipe.measured_on.replace("-", " ")
        with (
            contextlib.closing(Requests(requests_path(plan.out))) as requests,
            Display(self._console, epochs, self._sample, measured_on) as display,
        ):
            display.say(f"training on {self._device}, recipe {recipe.name}, {length}")
            if sentence := idle_gpu(self._device):
                display.say(f"warning: {sentence}", style="yellow")
            if plan.snapshot is not None:
                display.say(f"continuing after epoch {plan.snapshot.epochs[-1].name}")
            prepare()

            def changed(change: Change) -> None:
                display.say(sentence_of(change))
                self._recorder.changed(change)
                if isinstance(change.request, ChangeSamples):
                    self._samples = self._samples.changed(change.request, corpus.vocabulary)

            asked = self._company.requests(requests.new)
            steering = Steering(asked, plan.changes, changed)
            return train(
                corpus,
                recipe,
                plan.rng_seed,
                Reporters(self._recorder, display),
                budget_s=plan.budget_s,
                resumed=plan.snapshot,
                keep=self._keep,
                steering=steering,
                company=self._company,
            )

    def _sample(self, epoch: Epoch, network: keras.Model) -> Samples:
        """Draw from the file that has just been kept, which is fast, or from the network."""
        plan, vocabulary = self._plan, self._plan.corpus.vocabulary
        model: LanguageModel
        if epoch.best and self._refused is None:
            model = OnnxModel(plan.out)
        elif plan.budget_s is None:
            model = NetworkInTraining(network, vocabulary, plan.recipe.window)
        else:  # in which it would take more time than it is worth
            return self._samples
        drawn = self._samples.drawn(model)
        self._recorder.sampled(epoch, drawn)
        return drawn

    def _keep(self, snapshot: Snapshot, network: keras.Model) -> None:
        """Keep the run's state, and the epoch's model if it is the best or all are to be kept."""
        out, devices = self._plan.out, self._settings["devices"]
        if self._device not in devices:
            devices.append(self._device)
        self._settings["versions"] = library_versions(TRAINING_PACKAGES)
        self._last = snapshot
        write_checkpoint(checkpoint_path(out), self._settings, snapshot)
        epoch = snapshot.epochs[-1]
        # Where the epochs are not measured on the held-out text, it is not read before the end.
        nats = epoch.measured_loss if self._plan.recipe.choose_on is None else None
        if epoch.best:
            self._refused = self._try_export(out, snapshot, network, nats)
            self._recorder.file = str(out) if self._refused is None else ""
        if self._plan.keep_epochs:
            path = self._epoch_path(epoch)
            if self._try_export(path, snapshot, network, nats) is None:
                self._recorder.file = str(path)
            self._make_room(snapshot.epochs)

    def _epoch_path(self, epoch: Epoch) -> Path:
        out = self._plan.out
        part = f"-{epoch.part:03}" if epoch.parts > 1 else ""
        return out.with_stem(f"{out.stem}-epoch-{epoch.number:03}{part}")

    def _make_room(self, epochs: Sequence[Epoch]) -> None:
        """Remove files of epochs where all of them have more bytes than are to be kept, evenly."""
        most_bytes = self._plan.keep_bytes
        if most_bytes is None:
            return
        paths = map(self._epoch_path, epochs)
        there = [(number, path) for number, path in enumerate(paths) if path.is_file()]
        sizes = [path.stat().st_size for _, path in there]
        for place in superfluous([number for number, _ in there], sizes, most_bytes):
            there[place][1].unlink(missing_ok=True)

    def _try_export(
        self, path: Path, snapshot: Snapshot, network: keras.Model, nats: float | None
    ) -> ExportedFileError | None:
        """Export an epoch's model; a file that is refused is told, and the run continues."""
        try:
            self._export(path, snapshot, network, nats, snapshot.costs.step)
        except ExportedFileError as error:
            show(self._console, f"warning: {path} is not written: {error}", "yellow")
            return error
        return None

    def _finish(self, run: Run) -> Parity:
        self._say("measuring and exporting …")
        plan, step = self._plan, run.costs.end_step
        held_out = measure(run.network, plan.corpus.held_out, plan.recipe.window, step)
        snapshot = Snapshot(run.epochs, run.seconds, costs=run.costs)
        return self._export(
            plan.out, snapshot, run.network, held_out, step, run.stopped, ask_keras=True
        )

    def _export(
        self,
        path: Path,
        snapshot: Snapshot,
        network: keras.Model,
        held_out_nats: float | None,
        step: int,
        stopped: str = "",
        *,
        ask_keras: bool = False,
    ) -> Parity:
        plan, weights = self._plan, StepWeights.of(network)
        card = make_card(
            path.stem,
            plan.corpus,
            plan.recipe,
            snapshot,
            weights,
            held_out_nats,
            step,
            ", then ".join(self._settings["devices"]),
            library_versions() | self._settings["versions"],
            plan.rng_seed,
            stopped,
        )
        if plan.budget_s is not None:
            card["time_budget_seconds"] = plan.budget_s
        metadata = to_metadata(plan.corpus.vocabulary, plan.recipe.window, card)
        return make_model_file(weights, metadata, plan.corpus.ids, path, ask_keras=ask_keras)

    def _resume_command(self) -> str:
        return f"charlm-tui train --resume --out {shlex.quote(str(self._plan.out))}"

    def _say(self, sentence: str) -> None:
        show(self._console, sentence)


def _card_at(path: Path) -> dict[str, Any]:
    """Return what the card of a file says of its figure; empty if there is no such file."""
    keys = ("corpus", "held_out_split", "held_out_bits_per_character")
    try:
        card = OnnxModel(path).contract.card
        return {key: card[key] for key in keys if key in card}
    except CharlmError:
        return {}
