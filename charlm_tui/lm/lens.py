"""What the units of a model do while it reads a text: their activations, and what they tell apart.

Owns the reading of a stretch for its states, the scales on which these are shown, and the rankings
by features of a text (`charlm_tui.lm.features`). Knows the contract alone: nothing of cells, gates
or layers, of what a state is called, or of screens.

A row of activations belongs to the character just read: it is the state *after* it, the one that
gives the logits of the next. So "reads" is the correlation with a feature of that character, which
is what a tinted text shows and the default; "predicts" is that with the next character's.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import open_context
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.features import FEATURES, Feature
from charlm_tui.lm.held import Holds
from charlm_tui.lm.model import Floats, LanguageModel
from charlm_tui.lm.settings import Settings

MOST_CHARACTERS = 20_000
"""Of a stretch: two states of 512 units are 82 MB then."""
SLICE = 16  # characters between two reports of progress: 2 ms of the shipped model, 21 of the large
UNIT_LEVELS = 13
ONE = 1 + 1e-4  # a product of tanh and sigmoid is never above 1 but for a kernel's rounding
ROBUST = 0.995  # share of a unit's values that its size is to hold
ROBUST_UNITS = 0.9  # share of an unbounded state's units of which the scale holds that much
SAMPLED = 4096  # characters, evenly spaced, that a scale is measured on
BLOCK = 512  # characters of which sums are made at a time, in float64


@dataclass(frozen=True, slots=True)
class Unit:
    """One number of a model's state."""

    tensor: str
    index: int


class Ranked(NamedTuple):
    """A unit, and what it is ranked by."""

    unit: Unit
    value: float


class Scale(NamedTuple):
    """On which the activations of a state tensor are shown: from -limit to limit."""

    limit: float
    """Above 0."""
    bounded: bool
    """Whether nothing is beyond ±1, and that is the limit, the same for every text."""


@dataclass(frozen=True, slots=True)
class Activations:
    """The states of a model after each character of a stretch of text."""

    start: int
    """Place of the first character among the ids that were read."""
    states: Mapping[str, Floats]
    """By name, in the contract's order: float32 [characters, units]."""

    @property
    def units(self) -> list[Unit]:
        """All of them, in the order in which one steps through them."""
        return [
            Unit(name, index) for name, of in self.states.items() for index in range(of.shape[1])
        ]

    def of(self, unit: Unit) -> Floats:
        """Return the activations of one unit: float32 [characters]."""
        return self.states[unit.tensor][:, unit.index]


def activations(
    model: LanguageModel,
    ids: Sequence[int],
    start: int,
    stop: int,
    settings: Settings,
    name: str = "the model",
    holds: Holds = (),
) -> Iterator[int | Activations]:
    """Read a stretch of a text again for its states: how far it is, as it goes, then these.

    Equal to the bit to the states that a `Context` of one lane has, which is fed the same
    characters: it is one. Several lanes, as in `scoring`, gained some 10 % on one thread and
    lost with the large model: a window's rows fill a matrix product by themselves.

    Args:
        model: reads.
        ids: all that the model has read, the start symbol first. Under a carried state, from where
            that began; with a window, what lies more than it before `start` has no effect.
        start: place in `ids` of the first character of the stretch.
        stop: place behind its last; at least one and at most `MOST_CHARACTERS` after `start`.
        settings: of the context; the rest has no effect.
        name: how errors name the model.
        holds: which units were held while the model read; they are shown at their values.

    Yields:
        the percentage that has been read, several times, 100 at last; then `Activations`. A
        carried state reads all that lies before the stretch too.

    Raises:
        ModelOutputError: a state is not finite.
        SettingsError: a unit was held that the model has not.
    """
    assert 0 <= start < stop <= len(ids)
    assert stop - start <= MOST_CHARACTERS
    context = open_context(model, settings)
    depth = settings.depth or model.contract.window
    begin = 0 if settings.carry else max(0, start - depth + 1)
    states: dict[str, Floats] = {
        state.name: np.zeros((stop - start, state.units), np.float32)
        for state in model.contract.states
    }
    context.follow(holds, begin=begin)
    for place in range(begin, stop, SLICE):
        behind = min(place + SLICE, stop)
        for here in range(place, behind):
            context.feed(ids[here])
            if here >= start:
                for state, rows in states.items():
                    rows[here - start] = context.state(state)[0]
        fresh = slice(max(0, place - start), max(0, behind - start))
        if not all(np.isfinite(rows[fresh]).all() for rows in states.values()):
            raise ModelOutputError(
                f"{name} has states that are not finite numbers; "
                "the file is damaged or its training diverged: use another, or train it again"
            )
        yield 100 * (behind - begin) // (stop - begin)
    yield Activations(start, states)


def scale_of(values: Floats) -> Scale:
    """Return the scale of a state tensor, from what it was seen to hold.

    Bounded is what never leaves ±1, whatever it is called: a hidden state, which is a product of a
    tanh and a gate, cannot; a cell state, which adds up, does within a few characters. If one does
    not, the fixed scale shows it as truly. The other scale is the size, the 99.5th percentile of
    |x|, that nine units of ten do not exceed: the few that count characters reach ten times what
    the rest do on some texts and not on others, and are shown as full there, no other one paler.

    Args:
        values: float32 [characters, units], all of one tensor, finite.
    """
    if not values.size or max(values.max(), -values.min()) <= ONE:
        return Scale(1.0, bounded=True)
    sizes = np.abs(values[:: -(-len(values) // SAMPLED)]).T
    limit = np.quantile(np.quantile(np.ascontiguousarray(sizes), ROBUST, axis=1), ROBUST_UNITS)
    return Scale(max(1.0, float(limit)), bounded=False)


def unit_levels(values: NDArray[np.floating], limit: float, count: int = UNIT_LEVELS) -> bytes:
    """Return a tint's level for each activation: below the middle for negative ones, above it else.

    The range from -limit to limit is cut into equal parts, of which the middle one is about zero;
    what is beyond an end has the level of that end. A sign turned mirrors the level.

    Args:
        values: [n], finite.
        limit: of the scale, above 0.
        count: of the levels: odd, from 3 to 255.

    Returns:
        n levels from 0 to count - 1, a byte each.
    """
    assert count % 2 == 1
    middle = count // 2
    with np.errstate(over="ignore"):
        sizes = np.abs(values.astype(np.float64)) / limit * (count / 2) + 0.5
    steps = np.floor(np.minimum(sizes, middle)).astype(np.int64)
    return (middle + np.where(values < 0, -steps, steps)).astype(np.uint8).tobytes()


def correlations(
    read: Activations, values: Floats, predicts: bool = False
) -> dict[str, NDArray[np.float64]]:
    """Return Pearson's correlation of every unit with every feature of the characters read.

    K. Pearson, "Note on regression and inheritance in the case of two parents", 1895: covariance
    over the product of the standard deviations; the means are taken off before anything is
    squared, in float64.

    Args:
        read: of n characters.
        values: float32 [features, n], of the same characters.
        predicts: whether a state is held against the next character's value, not its own's; the
            last state has none.

    Returns:
        by the states' names, float64 [features, units], from -1 to 1; 0 where the unit or the
        feature is the same everywhere.
    """
    late = int(predicts)
    wanted = list(_centred(values[:, late:].T))
    lengths = np.sqrt(
        sum((np.square(block).sum(axis=0) for block in wanted), np.zeros(len(values)))
    )
    result = {}
    for name, every in read.states.items():
        states = every[: len(every) - late]
        together = np.zeros((len(values), states.shape[1]))
        squares = np.zeros(states.shape[1])
        for features, block in zip(wanted, _centred(states), strict=True):
            # No BLAS: its threads wait busily for a core that the screen has.
            together += np.einsum("nf,nu->fu", features, block)
            squares += np.einsum("nu,nu->u", block, block)
        products = lengths[:, None] * np.sqrt(squares)
        np.divide(together, products, out=together, where=products > 0)
        result[name] = np.clip(together, -1.0, 1.0)
    return result


def ranked(
    found: Mapping[str, NDArray[np.float64]],
    features: Sequence[Feature] = FEATURES,
    most: int = 10,
) -> dict[str, tuple[Ranked, ...]]:
    """Return the units that tell each feature best, by the size of their correlation; sign kept.

    Args:
        found: `correlations` with these features.
        features: that were looked for.
        most: how many units of each.

    Returns:
        by the features' ids; empty for a feature that no unit tells, as one that all characters
        have or none.
    """
    return {
        feature.id: _top(((name, of[row]) for name, of in found.items()), most)
        for row, feature in enumerate(features)
    }


def by_variance(read: Activations, most: int = 10) -> tuple[Ranked, ...]:
    """Return the units that vary most: by standard deviation, as a share of their scale's limit.

    So bounded states and others can stand in one list, each by how much of its tint it uses; above
    1 is a unit that leaves an unbounded scale far behind.
    """
    shares = []
    for name, states in read.states.items():
        squares = np.zeros(states.shape[1])
        for block in _centred(states):
            squares += np.einsum("nu,nu->u", block, block)
        shares.append((name, np.sqrt(squares / len(states)) / scale_of(states).limit))
    return _top(shares, most)


def _top(values: Iterable[tuple[str, NDArray[np.float64]]], most: int) -> tuple[Ranked, ...]:
    """Rank [units] of each tensor by size; of equals the first comes first, zeros not at all."""
    every = [
        Ranked(Unit(name, index), value)
        for name, of in values
        for index, value in enumerate(of.tolist())
        if value
    ]
    return tuple(sorted(every, key=lambda it: -abs(it.value))[:most])


def _centred(values: Floats) -> Iterator[NDArray[np.float64]]:
    """Yield values [characters, columns] less each column's mean, some characters at a time.

    What is the same everywhere is all zeros: equal float32 numbers have an exact sum in float64.
    """
    if not len(values):
        return
    mean = values.mean(axis=0, dtype=np.float64)
    for first in range(0, len(values), BLOCK):
        yield values[first : first + BLOCK] - mean
