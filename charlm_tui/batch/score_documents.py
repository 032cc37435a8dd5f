"""`charlm-tui score` of many documents: a line of JSON for each, in their order.

A document's figure is that of `charlm-tui score` of it alone: a piece of a long one is read with
the characters before it. Only sums travel between processes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from charlm_tui.batch.documents import FIELD, Cutting, Piece, tasks
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.lm.settings import Settings

SPARE = 64  # characters more than a window that are sent before a piece, as some are left out


class Sums(NamedTuple):
    """What a stretch of a paragraph adds to its figures."""

    paragraph: int
    characters: int
    """Of the text as it is."""
    scored: int
    """Of these, as the model reads them."""
    dropped: int
    bits: float


class Part(NamedTuple):
    """What is known of a piece."""

    file: str
    line: int
    sums: tuple[Sums, ...]
    ends: bool
    fault: str


@dataclass(frozen=True, slots=True)
class ScoreWork:
    """Scores the documents of files.

    Attributes:
        model: path of the model.
        settings: of the context.
        limits: of what the model may cost.
        window: characters of the model's window, as `settings` have it.
        paragraphs: whether each is told, too.
        field: of a JSON line, that has its text.
        sha256: that the model must have; empty if it need not.
    """

    model: Path
    settings: Settings
    window: int
    limits: LoadLimits = NO_LIMITS
    paragraphs: bool = False
    field: str = FIELD

    def tasks(self, path: Path) -> Iterator[tuple[Piece, ...]]:
        """Yield the pieces of a file, some at a time."""
        reach = None if self.settings.carry else 2 * self.window + SPARE
        return tasks(path, Cutting(reach, self.paragraphs, self.field))

    def open(self) -> Callable[[tuple[Piece, ...]], list[Part]]:
        """Return what scores pieces; it has loaded the model."""
        scorer = _Scorer(OnnxModel(self.model, limits=self.limits), self.settings, self.window)
        return lambda pieces: [scorer.score(it) for it in pieces]


class _Scorer:
    def __init__(self, model: OnnxModel, settings: Settings, window: int) -> None:
        self._model, self._settings, self._window = model, settings, window

    def score(self, piece: Piece) -> Part:
        """Return what a piece adds to its document."""
        vocabulary = self._model.contract.vocabulary
        joined = [
            (number, "".join(it.text for it in group))
            for number, group in groupby(piece.segments, key=lambda it: it.paragraph)
        ]
        if not joined:
            return Part(piece.file, piece.line, (), piece.ends, piece.fault)
        fitted = [vocabulary.fit(text) for _, text in joined]
        before = vocabulary.encode(vocabulary.fit(piece.before).text[-self._window :])
        ids = vocabulary.encode("".join(it.text for it in fitted))
        bits = np.zeros(0, np.float32)
        if ids:
            *_, scores = score(
                self._model, [*before, *ids], self._settings, name=str(self._model.path)
            )
            assert isinstance(scores, Scores)
            bits = scores.surprisal_bits[len(before) :]
        sums, start = [], 0
        for (number, text), it in zip(joined, fitted, strict=True):
            own = bits[start : start + len(it.text)]
            start += len(it.text)
            dropped = sum(count for _, count in it.dropped)
            total = float(own.sum(dtype=np.float64))
            sums.append(Sums(number, len(text), len(own), dropped, total))
        return Part(piece.file, piece.line, tuple(sums), piece.ends, piece.fault)


class _Total:
    """The figures of a document or a paragraph so far."""

    def __init__(self, at: int = 0) -> None:
        self.at, self.characters, self.scored, self.dropped, self.bits = at, 0, 0, 0, 0.0

    def add(self, sums: Sums) -> None:
        self.characters += sums.characters
        self.scored += sums.scored
        self.dropped += sums.dropped
        self.bits += sums.bits

    def facts(self) -> dict[str, Any]:
        return {
            "bits_per_character": self.bits / self.scored if self.scored else None,
            "scored": self.scored,
            "dropped": self.dropped,
        }


def lines_of(parts: Iterable[Iterable[Part]], paragraphs: bool) -> Iterator[dict[str, Any]]:
    """Yield a line for each document, and before it for each of its paragraphs, if that is wanted.

    Args:
        parts: of the documents, in their order.
        paragraphs: whether paragraphs are told.
    """
    whole, paragraph, number = _Total(), _Total(), 0

    def told() -> dict[str, Any]:
        return {**name, "paragraph": number, "at": paragraph.at, **paragraph.facts()}

    for part in (each for several in parts for each in several):
        name: dict[str, Any] = {"file": part.file}
        if part.line:
            name["line"] = part.line
        for sums in part.sums:
            if sums.paragraph != number:
                if paragraphs:
                    yield told()
                number, paragraph = sums.paragraph, _Total(whole.characters)
            whole.add(sums)
            paragraph.add(sums)
        if part.ends:
            if paragraphs and paragraph.characters:
                yield told()
            fault = {"error": part.fault} if part.fault else {}
            yield {**name, **whole.facts(), **fault}
            whole, paragraph, number = _Total(), _Total(), 0
