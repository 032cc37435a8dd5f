"""The jobs of two models on one text, in slices: progress, and an answer at the end."""

from array import array
from collections.abc import Iterator

import numpy as np

from charlm_tui.engine.insight_protocol import (
    AgainstAnswer,
    AgainstRequest,
    AgainstRequested,
    AgainstTold,
    BothRequested,
    BothTold,
    Progressed,
)
from charlm_tui.lm.context import open_context
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import check_finite, probabilities
from charlm_tui.lm.scoring import Groups, Scores, score
from charlm_tui.lm.settings import Settings

READ = 64  # characters between two slices


def comparing(
    request: AgainstRequest, model: OnnxModel, other: OnnxModel
) -> Iterator[Progressed | AgainstAnswer | None]:
    """Do what a request asks; nothing is yielded where there is no progress that can be seen."""
    if isinstance(request, AgainstRequested):
        return _scoring(request, model, other)
    return _telling(request, model, other)


def _scoring(
    request: AgainstRequested, model: OnnxModel, other: OnnxModel
) -> Iterator[Progressed | AgainstTold | None]:
    sides = (
        (model, array("H", request.ids), array("I", request.groups)),
        (other, array("H", request.other_ids), array("I", request.other_groups)),
    )
    told, found = 0, list[Scores]()
    for number, (each, ids, groups) in enumerate(sides):
        pieces = score(each, ids, request.settings, name=str(each.path), groups=Groups(groups))
        for piece in pieces:
            if isinstance(piece, Scores):
                found.append(piece)
                continue
            percent = 100 * (number * len(ids) + piece) // (2 * len(ids))
            yield Progressed(request.number, percent) if percent > told else None
            told = max(told, percent)
    one, two = found
    yield AgainstTold(
        request.number,
        one.surprisal_bits.tobytes(),
        two.surprisal_bits.tobytes(),
        one.entropy_bits.tobytes(),
        two.entropy_bits.tobytes(),
    )


def _telling(
    request: BothRequested, model: OnnxModel, other: OnnxModel
) -> Iterator[BothTold | None]:
    told = []
    for each, read in ((model, request.read), (other, request.other_read)):
        for piece in _likely(each, array("H", read), request.settings):
            if piece is None:
                yield None
            else:
                told.append(piece)
    yield BothTold(request.number, told[0], told[1])


def _likely(model: OnnxModel, read: "array[int]", settings: Settings) -> Iterator[bytes | None]:
    """Read what is before a place; yield the probabilities there, float32, at the end."""
    context = open_context(model, settings)
    read = array("H", context.tail(read))
    for start in range(0, len(read), READ):
        for index in read[start : start + READ]:
            logits = context.feed(index)
        yield None
    check_finite(logits, str(model.path))
    yield probabilities(logits.reshape(-1)).astype(np.float32).tobytes()
