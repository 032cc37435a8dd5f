"""The jobs of a game, in slices: how a model guesses a text, and passages that it writes."""

from array import array
from collections.abc import Iterator

from charlm_tui.engine.insight_protocol import (
    GameAnswer,
    GameRequest,
    GuessesRequested,
    GuessesTold,
    PassagesRequested,
    PassagesTold,
    Progressed,
)
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.guessing import Guesses, guesses
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler

SLICE = 8  # characters of a passage that are drawn at a time


def playing(request: GameRequest, model: OnnxModel) -> Iterator[Progressed | GameAnswer]:
    """Do what a game asks."""
    if isinstance(request, GuessesRequested):
        return _guessing(request, model)
    return _writing(request, model)


def _guessing(request: GuessesRequested, model: OnnxModel) -> Iterator[Progressed | GameAnswer]:
    before, text = array("H", request.before), array("H", request.text)
    for piece in guesses(model, before, text, request.settings, str(model.path)):
        if isinstance(piece, Guesses):
            yield GuessesTold(
                request.number,
                piece.probability.tobytes(),
                piece.tempered.tobytes(),
                piece.ranks.tobytes(),
                piece.drawn_ranks.tobytes(),
                piece.surprisal_bits.tobytes(),
            )
        else:
            yield Progressed(request.number, 100 * piece // len(text))


def _writing(request: PassagesRequested, model: OnnxModel) -> Iterator[Progressed | GameAnswer]:
    vocabulary = model.contract.vocabulary
    sampler = Sampler(len(vocabulary), str(model.path))
    passages: list[bytes] = []
    for seed, settings in zip(request.seeds, request.settings, strict=True):
        context = open_context(model, settings)
        read = prefixed(vocabulary, array("H", seed))
        drawing = Generation(context, sampler, settings, read)
        ids = array("H")
        while len(ids) < request.length:
            ids.extend(drawing.draw(min(SLICE, request.length - len(ids))).ids)
            done = len(passages) * request.length + len(ids)
            yield Progressed(request.number, 100 * done // (len(request.seeds) * request.length))
        passages.append(ids.tobytes())
    yield PassagesTold(request.number, tuple(passages))
