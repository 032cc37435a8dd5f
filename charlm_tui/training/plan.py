"""What a run will do, decided and checked before Keras is loaded, which takes seconds.

Owns the defaults, the choice of the text and of the model file's place, and what a checkpoint
says of the run that continues. Knows no command line and no Keras.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from charlm_tui.files import check_document, check_replaceable, make_folder_for
from charlm_tui.lm.contract import MOST_STATE_BYTES, state_bytes
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import log_path
from charlm_tui.text import duration, show
from charlm_tui.training.checkpoint import (
    Snapshot,
    check_settings,
    checkpoint_path,
    is_finished,
    read_checkpoint,
)
from charlm_tui.training.claim import Claim
from charlm_tui.training.corpus import (
    NOTEBOOK_URL,
    Corpus,
    differs_from_notebook,
    read_corpus,
)
from charlm_tui.training.download import download_corpus
from charlm_tui.training.errors import (
    LIBRARIES,
    CheckpointError,
    MissingLibraryError,
    TrainingError,
)
from charlm_tui.training.places import find_corpus, out_path
from charlm_tui.training.recipes import Recipe, changed_fields, choose_recipe
from charlm_tui.training.steering import Change, changes_of

MOST_NAMED = 20  # symbols that are left out


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that can begin.

    Attributes:
        paths: of the text.
        corpus: the text.
        recipe: how to train.
        rng_seed: of the first weights and of the order of the windows.
        min_count: characters that are met less often were left out of the text.
        budget_s: seconds to train for, or None for the recipe's epochs.
        out: the model file.
        keep_epochs: keep each epoch's model file beside it, too.
        keep_bytes: that these files have together, at most; None if there is no limit.
        page: where to write the model card as a page, or None.
        snapshot: the run so far, if it continues one.
        saved: the settings in the checkpoint of the run that it continues; else empty.
        claim: on the model file, released when the run has ended.
        changes: of another run, or of this one before it was cut off, to be made again.
    """

    paths: Sequence[Path]
    corpus: Corpus
    recipe: Recipe
    rng_seed: int
    min_count: int
    budget_s: float | None
    out: Path
    keep_epochs: bool = False
    keep_bytes: int | None = None
    page: Path | None = None
    snapshot: Snapshot | None = None
    saved: Mapping[str, Any] = field(default_factory=dict)
    claim: Claim | None = None
    changes: Sequence[Change] = ()

    def show_corpus(self, console: Console) -> None:
        """Print the text's size, and a warning if it only has the name of the notebook's."""
        corpus = self.corpus
        size = (
            f"{corpus.name}: {len(corpus.ids):,} characters, {len(corpus.vocabulary)} symbols, "
            f"the last {len(corpus.held_out):,} held out"
        )
        if corpus.choose_on:
            size += f", {len(corpus.validation):,} before them to choose the best epoch on"
        warning = differs_from_notebook(corpus)
        show(console, size)
        if corpus.left_out:
            show(console, f"left out, {_in_words(corpus.left_out)}")
        if warning:
            show(console, f"warning: {warning}", "yellow")


def _in_words(left_out: Mapping[str, int]) -> str:
    """Say which symbols are too rare, the most frequent first, and how often each was met."""
    rare = sorted(left_out.items(), key=lambda it: (-it[1], it[0]))
    named = [f"{describe_symbol(symbol)} ({count:,})" for symbol, count in rare[:MOST_NAMED]]
    more = f" and {len(rare) - MOST_NAMED:,} more" if len(rare) > MOST_NAMED else ""
    times = sum(left_out.values())
    return f"{times:,} characters of {len(rare):,} symbols: {', '.join(named)}{more}"


def check_installed() -> None:
    """Refuse to begin without what the extra `train` installs.

    Raises:
        MissingLibraryError: a library is missing.
    """
    for name in LIBRARIES:
        if find_spec(name) is None:
            raise MissingLibraryError(name)


def _check_size(recipe: Recipe) -> None:
    """Refuse to train for hours what the app refuses to load."""
    size = state_bytes(recipe.window, [recipe.units] * 2 * recipe.layers)
    if size > MOST_STATE_BYTES:
        raise TrainingError(
            f"{recipe.layers} layers of {recipe.units:,} units with a window of {recipe.window:,} "
            f"have {size / 10**6:,.0f} MB of states where at most "
            f"{MOST_STATE_BYTES / 10**6:,.0f} are expected; give a smaller --window or --units"
        )


def make_plan(
    chosen: Mapping[str, Any],
    corpus: Sequence[Path] = (),
    corpus_url: str | None = None,
    out: Path | None = None,
    *,
    resume: bool = False,
    restart: bool = False,
    keep_epochs: bool = False,
    keep_within: int | None = None,
    page: Path | None = None,
    replay_changes: Path | None = None,
    writes: bool = True,
    checkpoint_content: bytes | None = None,
) -> Plan:
    """Decide what a run will do, and check what can be checked before it begins.

    Args:
        chosen: what differs from the defaults: fields of a recipe, `preset`, `recipe`, `case`,
            `rng_seed`, `min_count` and `time` in seconds.
        corpus: files and folders of the text; by default the one that `CHARLM_CORPUS` names, or
            the notebook's.
        corpus_url: where to download the notebook's text from.
        out: the model file; by default named after the text.
        resume: continue the interrupted run of `out`.
        restart: discard that run.
        keep_epochs: keep each epoch's model file, too.
        keep_within: megabytes; keep as many of them as these hold, spread evenly.
        page: where to write the model card as a page.
        replay_changes: the log of a run whose changes are made again, at the same batches.
        writes: whether this process writes the run's files, which one of several does.
        checkpoint_content: of the run that continues, where another process has read it.

    Raises:
        CorpusError: the text cannot be found, read or used.
        CheckpointError: the run cannot be continued, or there is one to continue or discard.
        FileWriteError: a file cannot be written.
        TrainingError: the app would refuse a model of this size.
        RunLogError: the log cannot be read.
    """
    out = out_path(corpus, out)
    checkpoint = checkpoint_path(out)
    settings: Mapping[str, Any]
    snapshot: Snapshot | None = None
    if resume:
        settings, snapshot = read_checkpoint(checkpoint, checkpoint_content)
        settings = _continued(checkpoint, chosen, settings, snapshot)
    else:
        defaults = {"case": "lower", "rng_seed": 0, "min_count": 1, "time": None}
        recipe = choose_recipe(chosen)
        settings = asdict(recipe) | {name: chosen.get(name, it) for name, it in defaults.items()}
    try:
        recipe = Recipe(**{each.name: settings[each.name] for each in fields(Recipe)})
        case, rng_seed, budget_s = settings["case"], settings["rng_seed"], settings["time"]
        if resume and not corpus:  # the run's own text, whatever another run would take
            named = settings["corpus"]
            corpus = [Path(path) for path in ([named] if isinstance(named, str) else named)]
    except (KeyError, TypeError) as error:
        raise CheckpointError(
            f"{checkpoint} does not say the run's {error.args[0]}; start over with --restart"
        ) from error
    _check_size(recipe)
    paths = list(corpus) or [_notebook(corpus_url or NOTEBOOK_URL)]
    text = read_corpus(
        paths,
        case,
        recipe.window,
        recipe.stride,
        recipe.batch,
        recipe.held_out,
        recipe.choose_on,
        min_count=settings.get("min_count", 1),
    )
    if resume:
        check_settings(checkpoint, {"sha256": text.sha256}, settings)
    if not writes:
        return Plan(
            paths,
            text,
            recipe,
            rng_seed,
            settings.get("min_count", 1),
            budget_s,
            out,
            snapshot=snapshot,
        )
    make_folder_for(out)
    check_replaceable(out)
    claim = Claim(out)  # before its checkpoint is judged, which may be that of a run that goes on
    try:
        if not (resume or restart or is_finished(checkpoint)) and os.path.exists(checkpoint):
            raise CheckpointError(
                f"{checkpoint} is of an interrupted run; "
                "continue it with --resume, or start over with --restart"
            )
        check_replaceable(checkpoint)
        if page is not None:
            make_folder_for(page)
            check_document(page)
        changes = _changes(replay_changes, out if resume else None)
    except BaseException:
        claim.release()
        raise
    saved = settings if resume else {}
    return Plan(
        paths,
        text,
        recipe,
        rng_seed,
        settings.get("min_count", 1),
        budget_s,
        out,
        keep_epochs or keep_within is not None,
        None if keep_within is None else keep_within * 10**6,
        page,
        snapshot,
        saved,
        claim,
        changes,
    )


def _notebook(url: str) -> Path:
    """Return the notebook's text: from this machine if it is there, else from `url`."""
    found = find_corpus() if url == NOTEBOOK_URL else None
    return found or download_corpus(url)


def _continued(
    checkpoint: Path, chosen: Mapping[str, Any], settings: Mapping[str, Any], snapshot: Snapshot
) -> Mapping[str, Any]:
    """Return the settings of a run that continues: its own, or a later end if it is finished.

    Raises:
        CheckpointError: other ones are asked for, or it is finished and no later end is.
    """
    required = _required(chosen)
    if settings.get("finished"):
        later: dict[str, Any] = {
            name: required.pop(name) for name in ("epochs", "time") if name in required
        }
        epochs, seconds = snapshot.epochs[-1].number, snapshot.seconds
        if later.get("epochs", 0) <= epochs and (later.get("time") or 0) <= seconds:
            raise CheckpointError(
                f"the run of {checkpoint} ended after epoch {epochs} and {duration(seconds)}; "
                "give a later end, such as "
                + (f"--epochs {2 * epochs}" if settings.get("time") is None else "--time 1h")
                + ", or leave out --resume"
            )
        settings = {**settings, "time": None, **later, "finished": False}
    check_settings(checkpoint, required, settings)
    return settings


def _changes(replayed: Path | None, resumed: Path | None) -> list[Change]:
    """Return what is changed again: what another run's log tells, or that of the run so far."""
    if replayed is not None:
        return changes_of(read_log(replayed))
    if resumed is None or not os.path.exists(log_path(resumed)):
        return []
    return changes_of(read_log(log_path(resumed)))


def _required(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a run must have to be continued with these choices."""
    required = changed_fields(chosen)
    required |= {
        name: chosen[name] for name in ("case", "rng_seed", "min_count", "time") if name in chosen
    }
    if "preset" in chosen or "recipe" in chosen:
        required["name"] = choose_recipe(chosen).name
    return required
