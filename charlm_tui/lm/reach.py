"""How far back a prediction looks: what it is after the last 1, 2, … characters that were read.

A character's reach is the depth at which it settles: from there on its surprisal stays near that in
the full window, whatever else was read. Says what is read at all; which character of it matters is
`charlm_tui.lm.influence`. Knows nothing of replies.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import EveryDepth
from charlm_tui.lm.held import Holds
from charlm_tui.lm.model import Floats, LanguageModel
from charlm_tui.lm.sampling import probabilities
from charlm_tui.lm.scoring import bits_of

SETTLED_BITS = 0.1  # a difference of surprisal that does not count
ROWS = 1024  # that are computed between two reports: 2 ms of the shipped model, 25 of the large


@dataclass(frozen=True, slots=True)
class Reach:
    """One character after each number of characters before it: [d - 1] is after the last d."""

    probability: NDArray[np.float64]
    """[depth]: of the character that stands there, in the model's own distribution."""
    other: NDArray[np.int64]
    """[depth]: id of the most likely other character; its own if there is no other."""
    other_probability: NDArray[np.float64]
    """[depth]: of that one; 0 if there is no other."""
    settled: int
    """The depth at which it settles, from 1 up."""


@dataclass(frozen=True, slots=True)
class Settling:
    """How far back the characters of a text look, in its order."""

    depths: NDArray[np.uint32]
    """[characters]: the depth at which each settles; at most what there is before it."""
    mean_bits: NDArray[np.float64]
    """[depth]: mean surprisal of the characters after the last 1, 2, … before each, or after all
    there are."""


def every_depth(
    model: LanguageModel, read: Sequence[int], depth: int | None = None, holds: Holds = ()
) -> Iterator[int | Floats]:
    """Read a text once for what follows each of its ends, from a zero state.

    Args:
        model: says what is likely.
        read: all ids before a character, the start symbol first: at least one.
        depth: how many of the last of them are read at the most; by default the model's window.
        holds: which units were held while `read` was read; every depth has them held.

    Yields:
        the percentage that has been read, several times, 100 at last; then logits, float32
        [depth, vocabulary], of which [d - 1] are after the last d characters; no more rows than
        there are ids.
    """
    depth = min(depth or model.contract.window, len(read))
    context = EveryDepth(model, depth)
    context.follow(holds, begin=len(read) - depth)
    steps = max(1, ROWS // depth)
    for start in range(0, depth, steps):
        for index in read[len(read) - depth :][start : start + steps]:
            context.feed(index)
        yield 100 * min(start + steps, depth) // depth
    yield context.logits.copy()


def reach(
    model: LanguageModel,
    read: Sequence[int],
    drawn: int,
    depth: int | None = None,
    name: str = "the model",
    holds: Holds = (),
) -> Iterator[int | Reach]:
    """Tell how far back one character looks.

    Args:
        model: says what is likely.
        read: all ids before the character, the start symbol first: at least one.
        drawn: id of the character.
        depth: of the full window; by default the model's.
        name: how errors name the model.
        holds: which units were held while `read` was read; every depth has them held.

    Yields:
        the percentage that has been read, several times; then `Reach`.

    Raises:
        ModelOutputError: the model's logits are not finite.
        SettingsError: a unit was held that the model has not.
    """
    for piece in every_depth(model, read, depth, holds):
        if isinstance(piece, int):
            yield piece
            continue
        following = np.full((1, len(piece)), drawn, np.int64)
        bits, _ = bits_of(piece[None], following, name)
        every = probabilities(piece)
        own = every[:, drawn].copy()
        every[:, drawn] = 0
        other = every.argmax(axis=1)
        likely = every[np.arange(len(every)), other]
        yield Reach(own, other, likely, int(settling_depth(bits[0])))


def settling(
    model: LanguageModel,
    read: Sequence[int],
    start: int = 1,
    depth: int | None = None,
    name: str = "the model",
    holds: Holds = (),
) -> Iterator[int | Settling]:
    """Tell how far back each character of a text looks.

    Args:
        model: says what is likely.
        read: the ids of the text, the start symbol first.
        start: place of the first character that is looked at, at least 1; all after it are.
        depth: of the full window; by default the model's.
        name: how errors name the model.
        holds: which units were held while `read` was read; every depth has them held.

    Yields:
        how many characters have been looked at, several times; then `Settling`.

    Raises:
        ModelOutputError: the model's logits are not finite.
        SettingsError: a unit was held that the model has not.
    """
    assert start >= 1
    text = np.array(read, np.int64)
    depth = depth or model.contract.window
    count = max(0, len(text) - start)
    context = EveryDepth(model, depth)
    steps = max(1, ROWS // depth)
    logits = np.zeros((steps, depth, len(model.contract.vocabulary)), np.float32)
    depths, total = np.zeros(count, np.uint32), np.zeros(depth)
    begin = max(0, start - depth)
    context.follow(holds, begin=begin)
    for place in range(begin, start - 1, steps):  # what the first one looks back at
        for index in text[place : min(place + steps, start - 1)].tolist():
            context.feed(index)
        yield 0
    for done in range(0, count, steps):
        place = start + done
        size = min(steps, count - done)
        for row, index in enumerate(text[place - 1 : place - 1 + size].tolist()):
            logits[row] = context.feed(index)
        following = np.repeat(text[place : place + size, None], depth, axis=1)
        bits, _ = bits_of(logits[:size], following, name)
        depths[done : done + size] = settling_depth(bits)
        total += bits.sum(axis=0)
        yield done + size
    yield Settling(depths, total / max(1, count))


def settling_depth(
    surprisal_bits: NDArray[np.floating], within_bits: float = SETTLED_BITS
) -> NDArray[np.int64]:
    """Return from which depth on it makes no difference to a character how much more was read.

    Args:
        surprisal_bits: float [..., depth], after the last 1, 2, … characters, or its mean.
        within_bits: of the surprisal in the full window, that do not count as a difference.

    Returns:
        int64 [...], from 1 to the depth.
    """
    far = np.abs(surprisal_bits - surprisal_bits[..., -1:]) > within_bits
    behind = np.argmax(far[..., ::-1], axis=-1)  # depths behind the last one that is far
    return np.where(far.any(axis=-1), far.shape[-1] - behind + 1, 1)
