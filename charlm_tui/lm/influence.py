"""Which of what was read matters: how far a prediction moves if another character had stood there.

The same moment is read again with one character of its window replaced, once for each place; the
distance is D(as it was ‖ changed) in bits, of the model's own distributions. Says what matters; how
far back anything is read at all is `charlm_tui.lm.reach`. Knows nothing of replies.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import CarriedState
from charlm_tui.lm.held import Holds
from charlm_tui.lm.model import Floats, LanguageModel
from charlm_tui.lm.reach import ROWS
from charlm_tui.lm.sampling import check_finite, probabilities
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.lm.whatif import kl_bits

MOST_LANES = 256  # that are read side by side

Influence = NDArray[np.float64]
"""[depth], bits: [d - 1] is how far the prediction moves if the character d before it is another;
0 where there is no other."""


def replacement(vocabulary: Vocabulary, index: int) -> int:
    """Return the id that stands in for a character: a space, or a newline for a space.

    Where the vocabulary lacks that one it is the other of the two, else the first other symbol; of
    a vocabulary of one symbol it is the symbol itself.
    """
    first = [vocabulary.encode(symbol)[0] for symbol in " \n" if symbol in vocabulary]
    every = (*first, *range(min(2, len(vocabulary))))
    return next((each for each in every if each != index), index)


def influence(
    model: LanguageModel,
    read: Sequence[int],
    depth: int | None = None,
    name: str = "the model",
    holds: Holds = (),
) -> Iterator[int | Influence]:
    """Replace each character of a window by a space, and tell how far the prediction moves.

    One batched reading from a zero state: a lane for each place, and one as it was.

    Args:
        model: says what is likely.
        read: all ids before a character, the start symbol first: at least one.
        depth: how many of the last of them are read; by default the model's window.
        name: how errors name the model.
        holds: which units were held while `read` was read; every lane has them held.

    Yields:
        the percentage that has been read, several times, 100 at last; then `Influence`.

    Raises:
        ModelOutputError: the model's logits are not finite.
        SettingsError: a unit was held that the model has not.
    """
    window = np.array(read, np.int64)[-(depth or model.contract.window) :]
    size = len(window)
    found: Influence = np.zeros(size)
    stand_ins = [replacement(model.contract.vocabulary, index) for index in window.tolist()]
    places = [place for place in range(size) if stand_ins[place] != window[place]]
    chunks = [places[i : i + MOST_LANES - 1] for i in range(0, len(places), MOST_LANES - 1)]
    for number, chunk in enumerate(chunks):
        texts = np.tile(window, (len(chunk) + 1, 1))  # the last lane is as it was
        for lane, place in enumerate(chunk):
            texts[lane, place] = stand_ins[place]
        context = CarriedState(model, len(texts))
        context.follow(holds, begin=len(read) - size)
        steps = max(1, ROWS // len(texts))
        for start in range(0, size, steps):
            for column in texts[:, start : start + steps].T.tolist():
                context.feed(*column)
            yield 100 * (number * size + min(start + steps, size)) // (len(chunks) * size)
        check_finite(context.logits, name)
        *changed, own = probabilities(context.logits)
        for place, after in zip(chunk, changed, strict=True):
            found[size - 1 - place] = kl_bits(own, after)
    if not chunks:
        yield 100
    yield found


def mean_influence(
    model: LanguageModel,
    read: Sequence[int],
    depth: int | None = None,
    name: str = "the model",
    holds: Holds = (),
) -> Iterator[int | Influence]:
    """Replace each character of a window by every other symbol: how far it moves in the mean.

    What stands before a place is read once, and its state handed to the lanes of that place, one
    for each other symbol, which read only what stands after it.

    Args:
        model: says what is likely.
        read: all ids before a character, the start symbol first: at least one.
        depth: how many of the last of them are read; by default the model's window.
        name: how errors name the model.
        holds: which units were held while `read` was read; every lane has them held.

    Yields:
        the percentage that has been computed, several times, 100 at last; then `Influence`.

    Raises:
        ModelOutputError: the model's logits are not finite.
        SettingsError: a unit was held that the model has not.
    """
    window = list(read[-(depth or model.contract.window) :])
    size, symbols = len(window), len(model.contract.vocabulary)
    names = [state.name for state in model.contract.states]
    alone = CarriedState(model)
    alone.follow(holds, begin=len(read) - size)
    before: list[dict[str, Floats]] = []  # states after as many characters
    for index in window:
        before.append({each: alone.state(each).copy() for each in names})
        alone.feed(index)
    check_finite(alone.logits, name)
    own = probabilities(alone.logits[0])
    found: Influence = np.zeros(size)
    whole, done = size * (size + 1) // 2, 0  # characters that a lane of each place reads
    lanes = CarriedState(model, max(1, min(MOST_LANES, symbols - 1)))
    steps = max(1, ROWS // lanes.lanes)
    for place, index in enumerate(window):
        others = [each for each in range(symbols) if each != index]
        total = 0.0
        for first in range(0, len(others), lanes.lanes):
            chunk = others[first : first + lanes.lanes]
            spare = [chunk[0]] * (lanes.lanes - len(chunk))
            lanes.start_from(before[place])
            lanes.follow(holds, begin=len(read) - size + place)
            lanes.feed(*chunk, *spare)
            for start in range(place + 1, size, steps):
                for each in window[start : start + steps]:
                    lanes.feed(*[each] * lanes.lanes)
                yield 100 * done // whole
            check_finite(lanes.logits, name)
            every = probabilities(lanes.logits[: len(chunk)])
            total += sum(kl_bits(own, after) for after in every)
        found[size - 1 - place] = total / max(1, len(others))
        done += size - place
        yield 100 * done // whole
    yield found
