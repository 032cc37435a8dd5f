"""What a run tells its log: batches, epochs, samples, its end. Knows no console."""

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import keras

from charlm_tui.runs.log_file import LogFile
from charlm_tui.runs.records import Began, Changed, Ended, Measured, Sampled, Trained
from charlm_tui.training.checkpoint import Epoch
from charlm_tui.training.corpus import NOTEBOOK_SHA256, Corpus
from charlm_tui.training.network import StepWeights, count_parameters
from charlm_tui.training.recipes import NOTEBOOK, NOTEBOOK_BITS, Recipe
from charlm_tui.training.samples import SAMPLE_RNG_SEED, Samples
from charlm_tui.training.steering import Change
from charlm_tui.training.train import Batch, Reporter

MOST_BATCHES_PER_S = 4.0
DIGITS = 5  # of a loss


class RunRecorder:
    """Reports a run to its log.

    Args:
        log: the file.
        per_batch: characters that a batch trains on.
        at: seconds of the run so far, where it continues.
        clock: tells the seconds since some moment.
        facts: fields of `Began`: all but the time, the process, and what the network tells.
    """

    def __init__(
        self,
        log: LogFile,
        per_batch: int,
        at: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        **facts: Any,
    ) -> None:
        self._log = log
        self._facts = facts
        self._ended = False
        self._per_batch = per_batch
        self._clock = clock
        self._start_s = clock() - at
        self._fresh = True  # no batch was trained since the run, or an epoch, began
        self._told_s = 0.0  # when a batch was told
        self._since = 0  # batches that were trained since
        self.file = ""
        """Where the model of the epoch that ends now was written."""

    @property
    def _at(self) -> float:
        return round(self._clock() - self._start_s, 3)

    def began(self, network: keras.Model, batches: int) -> None:
        """Tell what the run is."""
        self._log.write(
            Began(
                at=self._at,
                started=round(time.time(), 3),
                process=os.getpid(),
                parameters=count_parameters(StepWeights.of(network)),
                batches=batches,
                characters_per_epoch=batches * self._per_batch,
                **self._facts,
            )
        )

    def estimated(self, epoch_s: float, parts: int) -> None:
        """Take no note: the log has what follows it."""

    def batch_ended(self, batch: Batch) -> None:
        """Tell of a batch, if none was told of just now."""
        now_s = self._clock()
        if self._fresh:  # what came before it was no training
            self._told_s, self._since, self._fresh = now_s, 0, False
            return
        self._since += 1
        passed_s = now_s - self._told_s
        if passed_s < 1 / MOST_BATCHES_PER_S:
            return
        self._log.write(
            Trained(
                at=self._at,
                epoch=batch.epoch,
                batch=batch.number,
                batches=batch.batches,
                loss_nats=round(batch.loss, DIGITS),
                rate=batch.rate,
                characters_per_s=round(self._since * self._per_batch / passed_s),
                done=round(batch.done, 6),
            )
        )
        self._told_s, self._since = now_s, 0

    def epoch_ended(self, epoch: Epoch, _: keras.Model) -> None:
        """Tell of an epoch, or a part of one."""
        measured = epoch.measured_loss
        self._log.write(
            Measured(
                at=self._at,
                epoch=epoch.number,
                part=epoch.part,
                parts=epoch.parts,
                training_nats=round(epoch.training_loss, DIGITS),
                measured_nats=None if measured is None else round(measured, DIGITS),
                seconds=round(epoch.seconds, 3),
                best=epoch.best,
                file=self.file,
            )
        )
        self.file, self._fresh = "", True

    def sampled(self, epoch: Epoch, drawn: Samples) -> None:
        """Tell what the model writes."""
        for temperature, text in zip(drawn.temperatures, drawn.texts, strict=False):
            self._log.write(
                Sampled(
                    at=self._at,
                    epoch=epoch.number,
                    part=epoch.part,
                    seed=drawn.seed,
                    rng_seed=SAMPLE_RNG_SEED,
                    temperature=temperature,
                    text=text,
                )
            )

    def changed(self, change: Change) -> None:
        """Tell what a person has changed."""
        request = {"kind": change.request.kind, **asdict(change.request)}
        self._log.write(
            Changed(at=self._at, epoch=change.epoch, batch=change.batch, request=request)
        )

    def ended(self, reason: str, sentence: str = "", **facts: Any) -> None:
        """Tell how the run ended, and close the log; what comes after that is left out."""
        if self._ended:
            return
        self._ended = True
        self._log.write(Ended(at=self._at, reason=reason, sentence=sentence, **facts))
        self._log.close()


def baselines(corpus: Corpus, recipe: Recipe, before: Mapping[str, Any]) -> dict[str, float]:
    """Return bits per character to compare a run with, by name.

    Args:
        corpus: of the run.
        recipe: of the run.
        before: the card of the model file that was there; empty if there was none.
    """
    found = {"guessing": round(math.log2(len(corpus.vocabulary)), 4)}
    earlier = before.get("held_out_bits_per_character")
    same = before.get("corpus", {}).get("sha256") == corpus.sha256
    if same and isinstance(earlier, (int, float)):
        found["before"] = earlier
    split = (recipe.window, recipe.held_out) == (NOTEBOOK.window, NOTEBOOK.held_out)
    if split and corpus.sha256 == NOTEBOOK_SHA256:
        found["notebook"] = NOTEBOOK_BITS
    return found


class Reporters:
    """Reports a run to several, one after the other."""

    def __init__(self, *reporters: Reporter) -> None:
        self._reporters = reporters

    def began(self, network: keras.Model, batches: int) -> None:
        """Tell all of them."""
        for each in self._reporters:
            each.began(network, batches)

    def estimated(self, epoch_s: float, parts: int) -> None:
        """Tell all of them."""
        for each in self._reporters:
            each.estimated(epoch_s, parts)

    def batch_ended(self, batch: Batch) -> None:
        """Tell all of them."""
        for each in self._reporters:
            each.batch_ended(batch)

    def epoch_ended(self, epoch: Epoch, network: keras.Model) -> None:
        """Tell all of them."""
        for each in self._reporters:
            each.epoch_ended(epoch, network)
