"""A model that plays Shannon's game: in which order it guesses the characters of a text.

At its best it guesses the most likely character first. At a temperature it draws its guesses, none
of them twice, so it is a weaker player. Owns the ranks; what they tell of the entropy is
`charlm_tui.lm.entropy_bounds`. Knows nothing of a person who guesses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import open_context
from charlm_tui.lm.model import LanguageModel
from charlm_tui.lm.sampling import check_finite, probabilities, unwarned
from charlm_tui.lm.settings import Settings

PLACES = 8  # of a text, between two reports of progress


@dataclass(frozen=True, slots=True)
class Guesses:
    """What a model guesses at each place of a text, in its order."""

    probability: NDArray[np.float32]
    """[places, vocabulary]: the model's own distribution."""
    tempered: NDArray[np.float32]
    """[places, vocabulary]: at the temperature."""
    ranks: NDArray[np.uint32]
    """[places]: the number of the right guess, at its best."""
    drawn_ranks: NDArray[np.uint32]
    """[places]: likewise, at the temperature."""
    surprisal_bits: NDArray[np.float32]
    """[places]: -log2 of the probability of the character that stands there."""


def order(
    logits: NDArray[np.floating], temperature: float, rng_seed: int, place: int
) -> NDArray[np.intp]:
    """Return the ids in the order in which they are guessed.

    A draw without repetition from softmax(logits / temperature) is the order of the logits over the
    temperature plus a Gumbel number each (Yellott 1977, https://doi.org/10.1016/0022-2496(77)90026-8;
    Kool et al., "Stochastic Beams and Where to Find Them", ICML 2019). The numbers are those of
    numpy's `Philox` with the RNG seed as its key and the place in its counter, so they are the same
    whatever was guessed before.

    Args:
        logits: [vocabulary], finite.
        temperature: 0 is from the most likely one on. Equals stand in the order of their ids.
        rng_seed: of the draw; without effect at temperature 0.
        place: number of the character in its text. Likewise.
    """
    keys = np.asarray(logits, np.float64)
    if temperature > 0:
        generator = np.random.Philox(key=rng_seed, counter=[0, place + 1, 0, 0])
        uniform = np.random.Generator(generator).random(len(keys))
        with unwarned():
            keys = (keys - keys.max()) / temperature - np.log(-np.log(uniform))
    return np.argsort(-keys, kind="stable")


def guesses(
    model: LanguageModel,
    before: Sequence[int],
    text: Sequence[int],
    settings: Settings,
    name: str = "the model",
) -> Iterator[int | Guesses]:
    """Let a model guess a text: how many places are done, as it goes, and at the end its guesses.

    Args:
        model: guesses.
        before: ids of what is known before the text; the start symbol is read before them.
        text: ids, at least one.
        settings: of the context, the temperature and the RNG seed; the rest has no effect.
        name: how errors name the model.

    Yields:
        how many places are done, several times; then `Guesses`.

    Raises:
        ModelOutputError: the model's logits are not finite.
    """
    vocabulary = model.contract.vocabulary
    context = open_context(model, settings)
    logits = np.zeros((len(text), len(vocabulary)), np.float32)
    logits[0] = context.read([vocabulary.start_symbol, *before])[0]
    for place, id_ in enumerate(text[:-1], start=1):
        if place % PLACES == 0:
            yield place
        logits[place] = context.feed(id_)[0]
    check_finite(logits, name)
    places, warmth = np.arange(len(text)), settings.temperature
    ranks, drawn = (
        [
            1 + int(np.flatnonzero(order(row, each, settings.rng_seed, place) == id_)[0])
            for place, (row, id_) in enumerate(zip(logits, text, strict=True))
        ]
        for each in (0.0, warmth)
    )
    own = probabilities(logits)
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    yield Guesses(
        own.astype(np.float32),
        probabilities(logits, warmth).astype(np.float32),
        np.array(ranks, np.uint32),
        np.array(drawn, np.uint32),
        ((log_total - shifted[places, np.asarray(text)]) / np.log(2)).astype(np.float32),
    )
