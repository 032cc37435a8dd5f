"""`charlm-tui score`: how well a model predicts a text."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from charlm_tui.errors import CharlmError
from charlm_tui.lm.cause import Causes, causes
from charlm_tui.lm.contract import Contract
from charlm_tui.lm.influence import Influence, influence, mean_influence
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.reach import SETTLED_BITS, Settling, settling
from charlm_tui.lm.scoring import Scores
from charlm_tui.lm.scoring import score as score_text
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Fitted

BEFORE = 20  # characters shown before a surprising one

Found = TypeVar("Found")


class NothingToScoreError(CharlmError):
    """A text has no character that a model could score."""


@dataclass(frozen=True, slots=True)
class Report:
    """A text, as the model read it, and its scores."""

    text: str
    dropped: tuple[tuple[str, int], ...]
    scores: Scores
    skip: int
    model_sha256: str

    def summary(self, worst: int) -> dict[str, Any]:
        """Return the mean and the most surprising places."""
        surprisal = self.scores.surprisal_bits[self.skip :]
        order = np.argsort(-surprisal, kind="stable")[:worst] + self.skip
        return {
            "bits_per_character": float(surprisal.mean(dtype=np.float64)),
            "scored": len(surprisal),
            "skipped": self.skip,
            "dropped": dict(self.dropped),
            "entropy_bits": float(self.scores.entropy_bits[self.skip :].mean(dtype=np.float64)),
            "most_surprising": [
                {
                    "at": at,
                    "character": self.text[at],
                    "before": self.text[max(0, at - BEFORE) : at],
                    "surprisal_bits": float(self.scores.surprisal_bits[at]),
                }
                for at in order.tolist()
            ],
            "model_sha256": self.model_sha256,
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield each character with what the model thought of it."""
        columns = (self.scores.surprisal_bits.tolist(), self.scores.entropy_bits.tolist())
        for char, surprisal, entropy in zip(self.text, *columns, strict=True):
            yield {"character": char, "surprisal_bits": surprisal, "entropy_bits": entropy}


@dataclass(frozen=True, slots=True)
class ReachReport:
    """A text, as the model read it, and how far back its characters look."""

    text: str
    dropped: tuple[tuple[str, int], ...]
    found: Settling
    """Of the characters that are not left out."""
    skip: int
    model_sha256: str

    def summary(self, most: int) -> dict[str, Any]:
        """Return the mean surprisal at each depth, the depths, and the farthest places."""
        depths, curve = self.found.depths, self.found.mean_bits
        order = np.argsort(-depths.astype(np.int64), kind="stable")[:most]
        return {
            "bits_per_character": float(curve[-1]),
            "bits_by_depth": curve.tolist(),
            "scored": len(depths),
            "skipped": self.skip,
            "dropped": dict(self.dropped),
            "settled_within_bits": SETTLED_BITS,
            "settling_depth": {
                "mean": float(depths.mean(dtype=np.float64)),
                "90_percent": int(np.percentile(depths, 90, method="inverted_cdf")),
                "farthest": int(depths.max()),
            },
            "characters_by_depth": np.bincount(depths, minlength=len(curve) + 1)[1:].tolist(),
            "farthest": [
                {
                    "at": at,
                    "character": self.text[at],
                    "before": self.text[max(0, at - BEFORE) : at],
                    "settling_depth": int(depths[at - self.skip]),
                }
                for at in (order + self.skip).tolist()
            ],
            "model_sha256": self.model_sha256,
        }

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield each character that is not left out, with the depth at which it settles."""
        for char, depth in zip(self.text[self.skip :], self.found.depths.tolist(), strict=True):
            yield {"character": char, "settling_depth": depth}


@dataclass(frozen=True, slots=True)
class CauseReport:
    """A text, as the model read it, and what units cause at its last character."""

    text: str
    dropped: tuple[tuple[str, int], ...]
    found: Causes
    contract: Contract
    model_sha256: str

    def summary(self, most: int | None) -> dict[str, Any]:
        """Return the units by how far they move the prediction, the farthest first.

        Args:
            most: how many of them; None is all.
        """
        names = [f"{it.name}[{unit}]" for it in self.contract.states for unit in range(it.units)]
        order = np.argsort(-self.found.bits, kind="stable")[:most].tolist()
        symbols = self.contract.vocabulary.symbols
        return {
            "at": len(self.text) - 1,
            "character": self.text[-1],
            "before": self.text[-1 - BEFORE : -1],
            "dropped": dict(self.dropped),
            "units": [
                {
                    "unit": names[unit],
                    "bits": float(self.found.bits[unit]),
                    "towards": symbols[self.found.towards[unit]],
                    "gain": float(self.found.gains[unit]),
                }
                for unit in order
            ],
            "model_sha256": self.model_sha256,
        }


@dataclass(frozen=True, slots=True)
class InfluenceReport:
    """A text, as the model read it, and which of its characters matter to the last one."""

    text: str
    dropped: tuple[tuple[str, int], ...]
    bits: Influence
    """Of the characters 1, 2, … before the last one, up to the beginning or the full window."""
    every: bool
    """Whether each is replaced by every other symbol, for the mean; else by a space."""
    model_sha256: str

    def summary(self, most: int | None) -> dict[str, Any]:
        """Return the characters by how far they move the prediction, the farthest first.

        Args:
            most: how many of them; None is all.
        """
        last = len(self.text) - 1
        order = np.argsort(-self.bits, kind="stable").tolist()
        return {
            "at": last,
            "character": self.text[-1],
            "before": self.text[-1 - BEFORE : -1],
            "dropped": dict(self.dropped),
            "replaced_by": "every other symbol" if self.every else "a space",
            "characters": [
                {
                    "at": last - 1 - back,
                    "character": self.text[last - 1 - back],
                    "back": back + 1,
                    "bits": float(self.bits[back]),
                }
                for back in [each for each in order if each < last][:most]
            ],
            "model_sha256": self.model_sha256,
        }


def run(
    path: Path,
    text: str,
    settings: Settings,
    skip: int,
    progress: bool,
    say: Callable[[str], None],
    limits: LoadLimits = NO_LIMITS,
) -> Report:
    """Score a text.

    Args:
        path: of the model.
        text: any.
        settings: of the context.
        skip: characters at the beginning that are left out of the mean.
        progress: show a bar on standard error.
        say: receives sentences for the person.
        limits: of what the model may cost.

    Raises:
        CharlmError: the model cannot be used, or nothing is left to score.
    """
    model, fitted = _opened(path, text, skip, say, limits)
    ids = model.contract.vocabulary.encode(fitted.text)
    pieces = score_text(model, ids, settings, name=str(path))
    scores = last_of(pieces, Scores, len(ids), progress)
    return Report(fitted.text, fitted.dropped, scores, skip, model.sha256)


def run_reach(
    path: Path,
    text: str,
    depth: int,
    skip: int,
    progress: bool,
    say: Callable[[str], None],
    limits: LoadLimits = NO_LIMITS,
) -> ReachReport:
    """Tell how far back the characters of a text look.

    Args:
        path: of the model.
        text: any.
        depth: characters of the full window; 0 is the model's.
        skip: characters at the beginning that are not looked at.
        progress: show a bar on standard error.
        say: receives sentences for the person.
        limits: of what the model may cost.

    Raises:
        CharlmError: the model cannot be used, or nothing is left to look at.
    """
    model, fitted = _opened(path, text, skip, say, limits)
    vocabulary = model.contract.vocabulary
    read = [vocabulary.start_symbol, *vocabulary.encode(fitted.text)]
    pieces = settling(model, read, 1 + skip, depth or None, name=str(path))
    found = last_of(pieces, Settling, len(fitted.text) - skip, progress)
    return ReachReport(fitted.text, fitted.dropped, found, skip, model.sha256)


def run_causes(
    path: Path,
    text: str,
    settings: Settings,
    say: Callable[[str], None],
    limits: LoadLimits = NO_LIMITS,
) -> CauseReport:
    """Tell what each unit causes at the last character of a text, each set to zero before it.

    Args:
        path: of the model.
        text: any.
        settings: of the context.
        say: receives sentences for the person.
        limits: of what the model may cost.

    Raises:
        CharlmError: the model cannot be used, or it knows no character of the text.
    """
    model, fitted = _opened(path, text, 0, say, limits)
    contract = model.contract
    read = [contract.vocabulary.start_symbol, *contract.vocabulary.encode(fitted.text)][:-1]
    if not settings.carry:
        read = read[-(settings.depth or contract.window) :]
    *_, found = causes(model, read, name=str(path))
    assert isinstance(found, Causes)
    return CauseReport(fitted.text, fitted.dropped, found, contract, model.sha256)


def run_influence(
    path: Path,
    text: str,
    depth: int,
    every: bool,
    say: Callable[[str], None],
    limits: LoadLimits = NO_LIMITS,
) -> InfluenceReport:
    """Tell which characters of a text matter to its last one.

    Args:
        path: of the model.
        text: any.
        depth: characters of the full window; 0 is the model's.
        every: whether each is replaced by every other symbol, for the mean; else by a space.
        say: receives sentences for the person.
        limits: of what the model may cost.

    Raises:
        CharlmError: the model cannot be used, or it knows no character of the text.
    """
    model, fitted = _opened(path, text, 0, say, limits)
    vocabulary = model.contract.vocabulary
    read = [vocabulary.start_symbol, *vocabulary.encode(fitted.text)][:-1]
    told = mean_influence if every else influence
    *_, found = told(model, read, depth or None, str(path))
    assert not isinstance(found, int)
    return InfluenceReport(fitted.text, fitted.dropped, found, every, model.sha256)


def _opened(
    path: Path, text: str, skip: int, say: Callable[[str], None], limits: LoadLimits
) -> tuple[OnnxModel, Fitted]:
    """Load a model, and fit a text to it, of which more than `skip` characters are left."""
    model = OnnxModel.for_lanes(path, limits)
    fitted = model.contract.vocabulary.fit(text)
    if fitted.notice:
        say(f"note: {fitted.notice}")
    if len(fitted.text) <= skip:
        raise NothingToScoreError(
            f"the text has {len(fitted.text):,} characters that the model knows, where more than "
            f"{skip:,} are expected; give a longer text, or a smaller --skip"
        )
    return model, fitted


def last_of(
    pieces: Iterator[int | Found], kind: type[Found], characters: int, progress: bool
) -> Found:
    """Return what comes last, and show how many characters are done until then."""
    bar = Progress(
        TextColumn("scoring"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} characters"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not progress,
        transient=True,
    )
    found = None
    with bar:
        task = bar.add_task("", total=characters)
        for piece in pieces:
            if isinstance(piece, kind):
                found = piece
            else:
                assert isinstance(piece, int)
                bar.update(task, completed=piece)
    assert found is not None
    return found
