"""`charlm-tui attribute`: which of some models a text is likest, paragraph by paragraph."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from charlm_tui.batch.against import told_apart
from charlm_tui.batch.score import NothingToScoreError, last_of
from charlm_tui.errors import CharlmError
from charlm_tui.lm.alignment import Aligned, Alignment
from charlm_tui.lm.comparison import Attribution, Comparison, compare
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import newlines

BEGINNING = 40  # characters of a paragraph that name it
_BLANK = re.compile(r"\n(?:[^\S\n]*\n)+")


class SameModelError(CharlmError):
    """Two of the models are one."""


class Paragraph(NamedTuple):
    """A paragraph, and which model it is likest."""

    line: int
    """Of its beginning, from 1."""
    text: str
    aligned: Aligned
    found: Attribution | None
    """None if the models know none of it."""


@dataclass(frozen=True, slots=True)
class AttributionReport:
    """The paragraphs of a text, each read by itself, and all of them together."""

    names: tuple[str, ...]
    """Of the models, as a person would tell them apart."""
    models_sha256: tuple[str, ...]
    paragraphs: tuple[Paragraph, ...]
    whole: Attribution
    dropped: tuple[tuple[str, int], ...]

    def summary(self) -> dict[str, Any]:
        """Return all of it, as it is written as JSON."""
        return {
            "models": [
                {"model": name, "model_sha256": sha256}
                for name, sha256 in zip(self.names, self.models_sha256, strict=True)
            ],
            "dropped": dict(self.dropped),
            "paragraphs": [
                {
                    "line": each.line,
                    "begins": begins(each.text),
                    "dropped": dict(each.aligned.dropped),
                    **self._facts(each.found),
                }
                for each in self.paragraphs
            ],
            "whole": self._facts(self.whole),
        }

    def _facts(self, found: Attribution | None) -> dict[str, Any]:
        if found is None:
            return {"characters": 0}
        return {
            "characters": found.characters,
            "bits_per_character": dict(
                zip(self.names, (bits / found.characters for bits in found.bits), strict=True)
            ),
            "expected_bits_per_character": dict(
                zip(
                    self.names,
                    (bits / found.characters for bits in found.expected_bits),
                    strict=True,
                )
            ),
            "most_likely": self.names[found.best],
            "ahead_bits": found.ahead_bits,
            "chance_of_another": found.error,
            "chance_of_another_log2": found.error_log2,
        }


def run(
    paths: tuple[Path, ...],
    text: str,
    settings: Settings,
    progress: bool,
    limits: LoadLimits = NO_LIMITS,
) -> AttributionReport:
    """Tell which of some models each paragraph of a text is likest.

    Args:
        paths: of the models, two at least.
        text: any; blank lines end its paragraphs. Each of them is read from the start, so that what
            is said of one does not hang on its neighbours.
        settings: of the context.
        progress: show a bar on standard error.
        limits: of what each model may cost.

    Raises:
        SameModelError: two of the models are one.
        NothingToScoreError: the models know none of the text.
        CharlmError: a model cannot be used.
    """
    models = [OnnxModel.for_lanes(path, limits) for path in paths]
    shas = [model.sha256 for model in models]
    for number, sha256 in enumerate(shas):
        if sha256 in shas[:number]:
            raise SameModelError(
                f"{paths[shas.index(sha256)]} and {paths[number]} are the same model, where "
                "different ones are expected; give each once"
            )
    alignment = Alignment([model.contract.vocabulary for model in models])
    parts = [(line, part, alignment.align(part)) for line, part in paragraphs(text)]
    total = sum(len(aligned.text) for _, _, aligned in parts)
    if not total:
        raise NothingToScoreError(
            "the text has no character that all models know, where at least one is expected; "
            "give another text"
        )
    names = [str(path) for path in paths]

    def pieces() -> Iterator[int | list[Attribution | None]]:
        done, found = 0, list[Attribution | None]()
        for _, _, aligned in parts:
            if not aligned.text:
                found.append(None)
                continue
            for piece in compare(models, alignment, aligned, settings, names):
                if isinstance(piece, Comparison):
                    found.append(Attribution.of(piece))
                else:
                    yield done + piece
            done += len(aligned.text)
        yield found

    found = last_of(pieces(), list, total, progress)
    told = [each for each in found if each is not None]
    whole = sum(told[1:], told[0])
    return AttributionReport(
        told_apart(paths),
        tuple(shas),
        tuple(
            Paragraph(line, part, aligned, each)
            for (line, part, aligned), each in zip(parts, found, strict=True)
        ),
        whole,
        alignment.align(text).dropped,
    )


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the paragraphs of a text, with the number of the line that each begins at, from 1."""
    text = newlines(text)
    start, line = 0, 1
    for end, after in [*(match.span() for match in _BLANK.finditer(text)), (len(text),) * 2]:
        part = text[start:end].lstrip("\n")  # a text may begin with blank lines
        if part.strip():
            yield line + text.count("\n", start, end - len(part)), part.rstrip("\n")
        line += text.count("\n", start, after)
        start = after


def begins(text: str) -> str:
    """Return the beginning of a paragraph, in one line."""
    line = " ".join(text.split())
    return line if len(line) <= BEGINNING else f"{line[: BEGINNING - 1]}…"
