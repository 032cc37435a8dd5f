"""What the engine does beside a reply, in slices: scores of texts, replies that are made again.

Each is a generator that gives nothing while it works, and its answer at the end; what it raises,
the worker tells. Imported by the engine's process alone, once a model is there.
"""

from array import array
from collections.abc import Iterator

from charlm_tui.engine.protocol import Remade, RemakeRequested, Scored, ScoreRequested
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.reply.tape import Tape
from charlm_tui.reply.verify import Verdict, replay


def scoring(request: ScoreRequested, model: OnnxModel) -> Iterator[Scored | None]:
    """Score a text."""
    for piece in score(model, array("H", request.ids), request.settings, name=str(model.path)):
        if isinstance(piece, Scores):
            yield Scored(request.number, piece.surprisal_bits.tobytes())
        else:
            yield None


def remaking(request: RemakeRequested, model: OnnxModel) -> Iterator[Remade | None]:
    """Make a recorded reply again."""
    made = Tape()
    for piece in replay(request.recording, model, made):
        if isinstance(piece, Verdict):
            count = len(made) if piece.differs_at is None else piece.differs_at
            yield Remade(
                request.number,
                piece.sentence,
                piece.differs_at,
                made.surprisal_bits(0, count).tobytes(),
                made.entropy_bits(0, count).tobytes(),
            )
        else:
            yield None
