"""Whether a model file computes its network: the app's rolling window against the formula.

Owns what is compared, on which text, and how far apart the two may be. The formula in float64 is
the measure (reference.py); the same formula in float32 tells what that precision loses on these
very windows, which is much where weights are large.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import probabilities
from charlm_tui.training import reference
from charlm_tui.training.corpus import windows
from charlm_tui.training.encoder import Ids
from charlm_tui.training.errors import ParityError
from charlm_tui.training.network import StepWeights, predictor

PARITY_WINDOWS = 1000
STRETCHES = 10  # places in the text that the windows are taken from
TOLERANCE = 1e-5
"""Of a probability: what is allowed wherever float32 itself loses next to nothing."""
FACTOR = 10
"""How many times as far from float64 as the formula in float32 a file may be.

Both add up in another order, and have another tanh. Of a trained network whose float32 loses up to
4e-3 on 1,000 windows, a file was at 1.0 to 1.1 times that, and Keras' own `predict` at 0.7 to 1.3
times; of a chaotic one with weights at random, whose worst window decides, at 5.6 times.
"""
ADVICE = "export with the pinned versions of keras, tf2onnx and tensorflow"


@dataclass(frozen=True, slots=True)
class Parity:
    """How close a model file comes to the formula in float64, on the same windows."""

    windows: int
    largest_difference: float
    """Of any probability."""
    float32_difference: float = 0.0
    """The largest of the formula in float32."""
    keras_difference: float | None = None
    """The largest of Keras' own `predict`, if it was asked."""

    @property
    def in_words(self) -> str:
        """`within 4e-07 of the formula on 1,000 windows (float32 itself: 3e-07, Keras: 4e-07)`."""
        keras = "" if self.keras_difference is None else f", Keras: {self.keras_difference:.0e}"
        return (
            f"within {self.largest_difference:.0e} of the formula on {self.windows:,} windows "
            f"(float32 itself: {self.float32_difference:.0e}{keras})"
        )


def check_parity(
    model: OnnxModel, weights: StepWeights, ids: Ids, *, ask_keras: bool = False
) -> Parity:
    """Check the app's rolling window against the formula on the same windows.

    1,000 windows, in stretches from all over the text; the rolling window reads each stretch
    character by character.

    Args:
        model: the exported file.
        weights: of the network.
        ids: the text; [characters].
        ask_keras: for its own `predict` of a network with these weights, which takes seconds and
            is told beside; its activations must be those of Keras 3.

    Raises:
        ParityError: see `compare`.
    """
    size = model.contract.window
    every = windows(ids, size)
    chosen = stretches(len(every))
    rolling = RollingWindow(model, size)
    ours = []
    for stretch in chosen:
        rolling.read(every[stretch[0], :-1].tolist())
        ours.append(rolling.logits[0].copy())
        ours += [rolling.feed(int(every[start, -2]))[0].copy() for start in stretch[1:]]
    inputs = checked_windows(ids, size)
    exact = reference.predict(weights, inputs)
    single = reference.predict(weights, inputs, np.float32)
    parity = compare(probabilities(np.array(ours)), exact, single)
    if not ask_keras:
        return parity
    theirs = predictor(weights).predict(inputs, batch_size=250, verbose=0)
    return replace(parity, keras_difference=float(np.abs(theirs - exact).max()))


def checked_windows(ids: Ids, window: int) -> Ids:
    """Return the windows that a file is checked on, int32 [windows, window]."""
    every = windows(ids, window)
    flat = [start for stretch in stretches(len(every)) for start in stretch]
    return every[flat, :-1].astype(np.int32)


def stretches(count: int) -> list[range]:
    """Return the windows, of so many, that a file is checked on."""
    run = -(-min(PARITY_WINDOWS, count) // STRETCHES)
    starts = np.linspace(0, count - run, STRETCHES).astype(int) if count > run else [0]
    return [range(start, start + run) for start in starts]


def parity_text(ids: Ids, window: int) -> Ids:
    """Return a short text on which `check_parity` checks the same windows as on a long one."""
    chosen = stretches(len(ids) - window)
    if len(ids) <= sum(len(stretch) + window for stretch in chosen):
        return ids
    return np.concatenate([ids[it.start : it.stop + window] for it in chosen])


def drawn_text(weights: StepWeights, first: int, window: int) -> Ids:
    """Return a text that the network has written, for `check_parity` where none is at hand.

    On characters at random a network with large weights is far more at the mercy of rounding than
    on what it was trained for.

    Args:
        weights: of the network.
        first: the id that it begins with.
        window: of the network.
    """
    characters = PARITY_WINDOWS // STRETCHES + window
    return reference.draw(weights, first, STRETCHES, characters, window).ravel()


def compare(
    ours: Any,
    exact: Any,
    single: Any = None,
    who: str = "the exported model",
    advice: str = ADVICE,
) -> Parity:
    """Compare the probabilities of a file with those of the formula.

    Args:
        ours: of the file; float64 [windows, vocabulary].
        exact: of the formula in float64.
        single: of the formula in float32; by default as exact as the other.
        who: whose probabilities `ours` are, for the error.
        advice: what to do, for the error.

    Raises:
        ParityError: a probability, or the median over the windows of their largest differences,
            is further off than `FACTOR` times what float32 loses there, and more than
            `TOLERANCE`; or another character is the most likely where the two best are further
            apart.
    """
    lost = np.zeros(len(exact)) if single is None else np.abs(single - exact).max(axis=1)
    off = np.abs(ours - exact).max(axis=1)
    allowed = max(TOLERANCE, FACTOR * float(lost.max()))
    for found, most, what in (
        (float(off.max()), allowed, "in a probability"),
        (
            # One window in which rounding decides can hide what is off in all of them.
            float(np.median(off)),
            max(TOLERANCE, FACTOR * float(np.median(lost))),
            "in the median window",
        ),
    ):
        if not found <= most:  # also where it is not a number
            raise ParityError(
                f"{who} differs from the formula by {found:.2e} {what} where at most "
                f"{most:.0e} is expected (float32 itself loses up to {lost.max():.0e}), over "
                f"{len(ours):,} windows; {advice}"
            )
    best = np.sort(exact, axis=1)
    clear = best[:, -1] - best[:, -2] > allowed
    other = int((clear & (ours.argmax(axis=1) != exact.argmax(axis=1))).sum())
    if other:
        raise ParityError(
            f"{who} prefers another character than the formula after {other} of "
            f"{len(ours):,} windows where none is expected; {advice}"
        )
    return Parity(len(ours), float(off.max()), float(lost.max()))
