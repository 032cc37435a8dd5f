"""What can be filmed of a run, from its log: the epochs that were kept, a seed, a passage."""

import os
from pathlib import Path
from typing import Any

from charlm_tui.errors import CharlmError
from charlm_tui.film.film import HeldOut, KeptEpoch, Order, Passage, evenly
from charlm_tui.lm.settings import Settings
from charlm_tui.runs.log_file import model_of
from charlm_tui.runs.reader import RunLog
from charlm_tui.runs.records import BITS_PER_NAT, Began, Measured

SUFFIX = ".film.json"
MOST_EPOCHS = 200  # of a film; of more, as many are taken, evenly
RNG_SEED = 42  # of a run whose log has no samples
MOST_SEED = 1000  # characters
_NONE = "there is no passage that it was not trained on"


class FilmError(CharlmError):
    """A run cannot be filmed."""


def film_path(model: Path) -> Path:
    """Return where the film of a run is kept, by the run's model file."""
    return model.with_name(f"{model.name}{SUFFIX}")


def order_of(
    log_file: Path,
    log: RunLog,
    seed: str | None = None,
    temperature: float | None = None,
    rng_seed: int | None = None,
) -> Order:
    """Return what is to be filmed of a run.

    Args:
        log_file: path of the run's log; the files of its epochs lie beside it.
        log: what it tells.
        seed: of the replies; by default that of the run's own samples.
        temperature: likewise; by default `Settings`' own.
        rng_seed: likewise; by default that of the samples.

    Raises:
        FilmError: no epoch was kept, or none is there any more.
        SettingsError: there is no such temperature, or no such RNG seed.
    """
    began, model = log.began, model_of(log_file)
    if began is None:
        raise FilmError(f"{log_file} tells of no run yet; wait for its first epoch")
    epochs = kept_epochs(log_file, log)
    if not epochs:
        raise FilmError(
            f"the run of {model} kept no epochs, and a film shows each; train it with --keep-epochs"
        )
    there = [it for it in epochs if os.path.isfile(it.file)]
    if not there:
        raise FilmError(
            f"none of the {len(epochs)} epochs that the run of {model} kept is there any more, "
            f"such as {epochs[0].file}; put their files beside its log, or train it again"
        )
    gone = len(epochs) - len(there)
    newest = max(log.samples, default=None)
    sample = log.samples[newest][0] if newest is not None else None
    told_rng_seed = sample.rng_seed if sample is not None else RNG_SEED
    settings = Settings(
        Settings().temperature if temperature is None else temperature,
        told_rng_seed if rng_seed is None else rng_seed,
    )
    told = sample.seed if sample is not None else ""
    return Order(
        model.name.removesuffix(".onnx"),
        str(film_path(model)),
        tuple(evenly(there, MOST_EPOCHS)),
        (told if seed is None else seed)[-MOST_SEED:],
        settings,
        _held_out(began),
        began.measured_on,
        f"{gone} of {len(epochs)} epochs are not there any more" if gone else "",
    )


def kept_epochs(log_file: Path, log: RunLog) -> list[KeptEpoch]:
    """Return the epochs of a run that its log says were kept, whether they are there or not."""
    return [_kept(log_file, it) for it in log.kept(model_of(log_file))]


def _kept(log_file: Path, epoch: Measured) -> KeptEpoch:
    name = str(epoch.epoch) if epoch.parts == 1 else f"{epoch.epoch}.{epoch.part}"
    bits = None if epoch.measured_nats is None else epoch.measured_nats * BITS_PER_NAT
    # By its name alone: a run can be moved, and the log of a stranger names no other folder.
    return KeptEpoch(name, epoch.place, str(log_file.with_name(Path(epoch.file).name)), bits)


def _held_out(began: Began) -> Passage | HeldOut:
    """Return where a passage is that a run was not trained on, or why there is none."""
    settings, corpus = began.settings, began.corpus

    def number(value: Any) -> float:
        return value if isinstance(value, int | float) and 0 <= value < 10**12 else 0

    characters = int(number(corpus.get("characters")) * min(1, number(settings.get("held_out"))))
    named, sha256 = settings.get("corpus"), corpus.get("sha256")
    paths = named if isinstance(named, list) else [named]
    if len(paths) > 1 or corpus.get("files"):
        return Passage(sentence=f"{_NONE}: its text is of several files")
    if number(settings.get("min_count")) > 1:
        return Passage(sentence=f"{_NONE}: rare characters were left out of its text")
    path = paths[0] if paths else None
    if not isinstance(path, str) or not isinstance(sha256, str):
        return Passage(sentence=f"{_NONE}: its log does not name its text")
    window = int(number(settings.get("window")))
    if not window or characters <= window:
        return Passage(sentence=f"{_NONE}: it held out no part of its text")
    return HeldOut(path, sha256, characters, settings.get("case") == "lower", window)
