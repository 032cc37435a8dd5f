"""The jobs of how far back characters look, in slices: progress, and an answer at the end."""

from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from charlm_tui.engine.insight_protocol import (
    InfluenceRequested,
    InfluenceTold,
    Progressed,
    ReachAnswer,
    ReachRequest,
    ReachRequested,
    ReachTold,
    SettlingRequested,
    SettlingTold,
)
from charlm_tui.lm.influence import influence, mean_influence
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.reach import Reach, Settling, reach, settling


def looking_back(
    request: ReachRequest, model: OnnxModel
) -> Iterator[Progressed | ReachAnswer | None]:
    """Do what a request asks; nothing is yielded where there is no progress that can be seen."""
    told, number, whole = 0, request.number, 100
    read = array("H", request.read)
    if isinstance(request, SettlingRequested):
        whole = max(1, len(read) - request.start)
    for piece in _pieces(request, read, model):
        if isinstance(piece, int):
            percent = 100 * piece // whole
            yield Progressed(number, percent) if percent > told else None
            told = percent
        elif isinstance(piece, Reach):
            yield ReachTold(
                number,
                _floats(piece.probability),
                piece.other.astype(np.uint16).tobytes(),
                _floats(piece.other_probability),
                piece.settled,
            )
        elif isinstance(piece, Settling):
            yield SettlingTold(number, piece.depths.tobytes())
        else:
            assert isinstance(request, InfluenceRequested)
            yield InfluenceTold(number, _floats(piece), request.every)


def _pieces(
    request: ReachRequest, read: "array[int]", model: OnnxModel
) -> Iterator[int | Reach | Settling | NDArray[np.float64]]:
    name = str(model.path)
    match request:
        case ReachRequested(drawn=drawn):
            return reach(model, read, drawn, len(read), name, request.holds)
        case InfluenceRequested(every=every):
            told = mean_influence if every else influence
            return told(model, read, len(read), name, request.holds)
        case SettlingRequested(start=start, depth=depth):
            return settling(model, read, start, depth, name, request.holds)


def _floats(values: NDArray[np.float64]) -> bytes:
    return values.astype(np.float32).tobytes()
