"""What each unit of a model causes at one character: the prediction without it beside the one with.

Cause, not correlation. `charlm_tui.lm.lens` tells which units go along with something in a text:
such a unit may do nothing. Here a unit is set to another value in the state from which the last
character is read, all others stay, and the same step is run again. What differs then, the unit
caused. It tells of this character alone, and of one unit at a time: two that stand in for one
another may each cause nothing. Knows the contract alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import CarriedState
from charlm_tui.lm.held import Holds
from charlm_tui.lm.model import Floats, LanguageModel
from charlm_tui.lm.sampling import check_finite, probabilities
from charlm_tui.lm.whatif import kl_bits

SLICE = 16  # characters that are read between two reports of progress
LANES = 64  # units that one step tells of: 3 ms of the shipped model, 6 of the large one


@dataclass(frozen=True, slots=True)
class Causes:
    """How far each unit moves the prediction of a character, and towards what.

    One entry a unit, through all states in the model's order.
    """

    bits: NDArray[np.float64]
    """[units]: D(as it was ‖ with the unit changed) of the model's own distributions, 0 or more."""
    towards: NDArray[np.intp]
    """[units]: id of the character that gains most probability as the unit is changed."""
    gains: NDArray[np.float64]
    """[units]: how much it gains, from 0 to 1."""


def causes(
    model: LanguageModel,
    read: Sequence[int],
    holds: Holds = (),
    values: Mapping[str, Floats] | None = None,
    name: str = "the model",
) -> Iterator[int | Causes]:
    """Set every unit to another value, one in each lane of a batch, and read the last character.

    Args:
        model: predicts.
        read: ids that the context of the character reads, from zero: at least one. So a window's
            are the last ones alone; they are read in one row, up to rounding what a window gives.
        holds: which units were held while they were read.
        values: float32 [units] by the states' names: to which each unit is set, such as its mean
            over a text; without them to zero.
        name: how errors name the model.

    Yields:
        the percentage that is done, several times, 100 at last; then `Causes`.

    Raises:
        ModelOutputError: the model's logits are not finite.
        SettingsError: a unit was held that the model has not.
    """
    assert len(read) > 0
    states = model.contract.states
    total = sum(state.units for state in states)
    whole = len(read) + total
    context = CarriedState(model)
    context.follow(holds)
    for place in range(len(read) - 1):
        context.feed(read[place])
        if place % SLICE == SLICE - 1:
            yield 100 * place // whole
    lanes = _Lanes(model, context, read[-1])
    bits, towards, gains = np.zeros(total), np.zeros(total, np.intp), np.zeros(total)
    units = [(state.name, unit) for state in states for unit in range(state.units)]
    for first in range(0, total, LANES):
        some = units[first : first + LANES]
        logits = lanes.predict(
            [(it, unit, 0.0 if values is None else float(values[it][unit])) for it, unit in some]
        )
        check_finite(logits, name)
        now, *changed = probabilities(logits)
        for number, each in enumerate(changed, start=first):
            moved = each - now
            bits[number] = kl_bits(now, each)
            towards[number] = moved.argmax()
            gains[number] = max(0.0, moved.max())
        yield 100 * (len(read) + first + len(some)) // whole
    yield Causes(bits, towards, gains)


class _Lanes:
    """One state in many lanes, in each of which one unit is another; the first is as it was.

    Args:
        model: whose step is run.
        context: of one lane, with the state.
        last: id of the character that every lane reads.
    """

    def __init__(self, model: LanguageModel, context: CarriedState, last: int) -> None:
        lanes = 1 + min(LANES, sum(state.units for state in model.contract.states))
        self._from = {it.name: context.state(it.name).copy() for it in model.contract.states}
        self._states = {
            name: np.repeat(state[:, None], lanes, axis=0) for name, state in self._from.items()
        }
        after = {name: np.empty_like(state) for name, state in self._states.items()}
        self._logits: Floats = np.zeros((lanes, len(model.contract.vocabulary)), np.float32)
        self._step = model.bind(np.full(lanes, last), self._states, self._logits, after)

    def predict(self, changed: Sequence[tuple[str, int, float]]) -> Floats:
        """Return the logits as it was, and of each unit (state, number) with its other value.

        Returns:
            float32 [1 + units, vocabulary], a view that the next call overwrites.
        """
        for lane, (name, unit, value) in enumerate(changed, start=1):
            self._states[name][lane, 0, unit] = value
        self._step()
        for lane, (name, unit, _) in enumerate(changed, start=1):
            self._states[name][lane, 0, unit] = self._from[name][0, unit]
        return self._logits[: 1 + len(changed)]
