"""Background jobs of the engine, in slices between frames.

Scores of texts, replies that are made again, the neuron lens, what if, reach, two models on one
text, games and films. Each is a generator that yields nothing while it works, progress, and its
answer at the end; what it raises, the worker tells. Owns the states that a lens keeps while it is
open, of one lens at a time: they do not travel, only what is told of a unit does. Imported by the
engine's process alone, once a model is there.
"""

from array import array
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm_tui.controls.controls import PRESETS
from charlm_tui.engine.against_jobs import comparing
from charlm_tui.engine.game_jobs import playing
from charlm_tui.engine.insight_protocol import (
    AgainstAnswer,
    AgainstRequest,
    CauseRequested,
    CauseTold,
    GameAnswer,
    GameRequest,
    LensOpened,
    LensRequested,
    Progressed,
    Ranking,
    ReachAnswer,
    ReachRequest,
    UnitRequested,
    UnitTold,
    WhatIfRequested,
    WhatIfRow,
    WhatIfTold,
)
from charlm_tui.engine.protocol import (
    Event,
    Filmed,
    FilmEnded,
    FilmRequested,
    Remade,
    RemakeRequested,
    Scored,
    ScoreRequested,
)
from charlm_tui.engine.reach_jobs import looking_back
from charlm_tui.film.shooting import shoot
from charlm_tui.lm.cause import Causes, causes
from charlm_tui.lm.features import FEATURES
from charlm_tui.lm.lens import (
    Activations,
    Ranked,
    Scale,
    activations,
    by_variance,
    correlations,
    ranked,
    scale_of,
    unit_levels,
)
from charlm_tui.lm.model import Floats, OnnxModel
from charlm_tui.lm.rules import rule_state
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.lm.whatif import WhatIf, what_if
from charlm_tui.reply.tape import Tape
from charlm_tui.reply.tints import DIVERGING
from charlm_tui.reply.verify import Verdict, replay

BEST_UNITS = 50  # units of a ranking that are told
UNITS = 64  # whose correlations are measured in one slice

Correlations = dict[str, NDArray[np.float64]]
"""By the states' names, float64 [features, units]."""


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


def filming(request: FilmRequested) -> Iterator[Filmed | FilmEnded]:
    """Make a film."""
    sentence = ""
    for piece in shoot(request.order, request.limits):
        if isinstance(piece, str):
            sentence = piece
        else:
            yield Filmed(request.number, piece)
    yield FilmEnded(request.number, sentence)


class _Kept(NamedTuple):
    """What a lens has that is open."""

    number: int
    read: Activations
    scales: dict[str, Scale]
    reads: Correlations
    predicts: Correlations


class Insight:
    """The jobs that a person can dismiss: of the lens, what if, reach, two models and games."""

    def __init__(self) -> None:
        self._wanted: set[int] = set()
        self._kept: _Kept | None = None
        self._cause: CauseRequested | None = None  # that was asked for last

    def begin(
        self,
        request: LensRequested
        | CauseRequested
        | WhatIfRequested
        | ReachRequest
        | AgainstRequest
        | GameRequest,
        model: OnnxModel,
        other: OnnxModel | None = None,
    ) -> Iterator[Event | None]:
        """Return the slices of an answer of a model, or of two, if two are asked.

        There are no more once it is dismissed.
        """
        self._wanted.add(request.number)
        if isinstance(request, AgainstRequest):
            assert other is not None
            return self._until_told(request.number, comparing(request, model, other))
        if isinstance(request, CauseRequested):
            self._cause = request
            return self._causes(request, model)
        if isinstance(request, WhatIfRequested):
            return self._what_if(request, model)
        if isinstance(request, ReachRequest):
            return self._until_told(request.number, looking_back(request, model))
        if isinstance(request, GameRequest):
            return self._until_told(request.number, playing(request, model))
        return self._lens(request, model)

    def dismiss(self, number: int) -> None:
        """Free what is kept for a question, and let its slices end."""
        self._wanted.discard(number)
        if self._kept is not None and self._kept.number == number:
            self._kept = None

    def unit(self, request: UnitRequested) -> UnitTold | None:
        """Tell what a unit does; nothing if its lens is not open."""
        kept, number = self._kept, request.unit
        if kept is None or kept.number != request.number:
            return None
        unit = kept.read.units[number]
        scale = kept.scales[unit.tensor]
        reads, predicts = (
            found[unit.tensor][:, unit.index].astype(np.float32).tobytes()
            for found in (kept.reads, kept.predicts)
        )
        return UnitTold(
            request.number,
            number,
            unit_levels(kept.read.of(unit), scale.limit, DIVERGING),
            scale.limit,
            scale.bounded,
            reads,
            predicts,
        )

    def _lens(self, request: LensRequested, model: OnnxModel) -> Iterator[Event | None]:
        self._kept = None  # before there are others: they are large
        number, ids = request.number, array("H", request.read)
        name = str(model.path)
        pieces = activations(
            model, ids, request.start, len(ids), request.settings, name, request.holds
        )
        told = 0
        for piece in pieces:
            if number not in self._wanted:
                return
            if isinstance(piece, Activations):
                break
            yield Progressed(number, piece) if piece > told else None
            told = piece
        assert isinstance(piece, Activations)
        text = model.contract.vocabulary.decode(ids[request.start :])
        values = np.array([feature.of(text) for feature in FEATURES])
        yield None
        reads: Correlations = {}
        predicts: Correlations = {}
        for part in _parts(piece):
            if number not in self._wanted:
                return
            _add(reads, correlations(part, values))
            _add(predicts, correlations(part, values, predicts=True))
            yield None
        scales = {name: scale_of(states) for name, states in piece.states.items()}
        yield None
        rankings = _rankings(piece, reads, predicts)
        if number in self._wanted:
            self._kept = _Kept(number, piece, scales, reads, predicts)
            tensors = tuple((name, states.shape[1]) for name, states in piece.states.items())
            yield LensOpened(number, tensors, rankings)

    def _causes(self, request: CauseRequested, model: OnnxModel) -> Iterator[CauseTold | None]:
        """Rank units by what they cause; of what was asked last, until it is dismissed."""
        kept, values = self._kept, None
        if request.mean:
            if kept is None or kept.number != request.number:  # its lens was dismissed
                return
            values = {name: it.mean(axis=0) for name, it in kept.read.states.items()}
        ids, name = array("H", request.read), str(model.path)
        for piece in causes(model, ids, request.holds, values, name):
            if self._cause is not request or request.number not in self._wanted:
                return
            if isinstance(piece, Causes):
                yield _told(request, piece)
            else:
                yield None

    def _what_if(self, request: WhatIfRequested, model: OnnxModel) -> Iterator[Event | None]:
        number, written = request.number, array("H", request.written)
        rules = rule_state(
            request.settings,
            model.contract.vocabulary,
            array("H", request.before),
            written,
            len(written),
        )
        pieces = what_if(
            model,
            array("H", request.read),
            request.drawn,
            request.settings,
            PRESETS,
            array("f", request.mirostat_history),
            request.carried_from,
            str(model.path),
            request.holds,
            None if rules is None else rules.offsets(),
        )
        for piece in pieces:
            if number not in self._wanted:
                return
            if isinstance(piece, WhatIf):
                self._wanted.discard(number)
                yield WhatIfTold(number, _rows(piece))
            else:
                yield Progressed(number, piece)

    def _until_told(
        self,
        number: int,
        events: Iterator[Progressed | ReachAnswer | AgainstAnswer | GameAnswer | None],
    ) -> Iterator[Event | None]:
        """Yield the progress of a request and its answer, until it is dismissed."""
        for event in events:
            if number not in self._wanted:
                return
            if isinstance(event, ReachAnswer | AgainstAnswer | GameAnswer):
                self._wanted.discard(number)
            yield event


def _parts(read: Activations) -> Iterator[Activations]:
    """Yield the states a few units at a time."""
    for name, states in read.states.items():
        for first in range(0, states.shape[1], UNITS):
            yield Activations(read.start, {name: states[:, first : first + UNITS]})


def _add(found: Correlations, part: Correlations) -> None:
    for name, more in part.items():
        found[name] = np.hstack([found[name], more]) if name in found else more


def _rankings(
    read: Activations, reads: Correlations, predicts: Correlations
) -> tuple[Ranking, ...]:
    numbers = {unit: number for number, unit in enumerate(read.units)}

    def columns(units: tuple[Ranked, ...]) -> tuple[bytes, bytes]:
        return (
            np.array([numbers[each.unit] for each in units], np.uint32).tobytes(),
            np.array([each.value for each in units], np.float32).tobytes(),
        )

    now, later = ranked(reads, most=BEST_UNITS), ranked(predicts, most=BEST_UNITS)
    return (
        Ranking("variance", *columns(by_variance(read, BEST_UNITS))),
        *(
            Ranking(feature.title, *columns(now[feature.id]), *columns(later[feature.id]))
            for feature in FEATURES
        ),
    )


def _told(request: CauseRequested, found: Causes) -> CauseTold:
    """Return the units that move a prediction farthest; of equals the first comes first."""
    best = np.argsort(-found.bits, kind="stable")[:BEST_UNITS]
    return CauseTold(
        request.number,
        request.place,
        request.mean,
        best.astype(np.uint32).tobytes(),
        found.bits[best].astype(np.float32).tobytes(),
        found.towards[best].astype(np.uint16).tobytes(),
        found.gains[best].astype(np.float32).tobytes(),
    )


def _rows(found: WhatIf) -> tuple[WhatIfRow, ...]:
    def floats(values: NDArray[np.float64]) -> bytes:
        narrow: Floats = values.astype(np.float32)
        return narrow.tobytes()

    return tuple(
        WhatIfRow(
            row.title,
            row.settings,
            floats(row.after),
            row.after_entropy_bits,
            row.probability,
            row.js_bits,
            row.kl_bits,
            row.model_kl_bits,
        )
        for row in found.rows
    )
