"""How well a model predicts a text: the surprisal of each of its characters.

Owns the cutting of a text into lanes that are read side by side. Knows nothing of files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import CarriedState, RollingWindow
from charlm_tui.lm.model import LanguageModel
from charlm_tui.lm.sampling import check_finite
from charlm_tui.lm.settings import Settings

LANES = 4
STEPS = 64  # of all lanes, between two reports of progress and two rounds of arithmetic


@dataclass(frozen=True, slots=True)
class Scores:
    """Of the characters of a text, in its order; float32 [characters], in bits."""

    surprisal_bits: NDArray[np.float32]
    """-log2 of the probability that the model gave to the character."""
    entropy_bits: NDArray[np.float32]
    """Of the distribution that it gave it in."""


def score(
    model: LanguageModel,
    ids: Sequence[int],
    settings: Settings,
    lanes: int = LANES,
    name: str = "the model",
    groups: "Groups | None" = None,
) -> Iterator[int | Scores]:
    """Score a text: what has been read of it, as it goes, and at the end the scores.

    The start symbol is read first, so the first character has a score too. With a window the text
    is cut into lanes of equal length, each of which begins by reading the `depth` characters before
    its part: every character has exactly its window. A carried state reads in one run.

    Args:
        model: scores.
        ids: of the text, at least one.
        settings: of the context; the rest has no effect.
        lanes: parts that are read side by side, where there is a window.
        name: how errors name the model.
        groups: symbols that stand together, if any do: bits are those of a character's group then.

    Yields:
        how many characters have been scored, several times; then `Scores`.

    Raises:
        ModelOutputError: the model's logits are not finite.
    """
    text = np.array([model.contract.vocabulary.start_symbol, *ids], np.int64)
    count = len(ids)
    if settings.carry:
        depth, lanes = 0, 1
        context: RollingWindow | CarriedState = CarriedState(model)
    else:
        depth = settings.depth or model.contract.window
        # A lane shorter than its run-up would cost more than it saves.
        lanes = max(1, min(lanes, count // (2 * depth)))
        context = RollingWindow(model, depth, lanes)
    part = -(-count // lanes)
    # Lane l scores characters l * part … of the text; its window begins `depth` before them.
    begins = np.minimum(np.arange(lanes) * part, count)
    run_up = depth - 1 if lanes > 1 else 0
    offsets = begins - run_up
    surprisal = np.zeros((lanes, part), np.float32)
    entropy = np.zeros((lanes, part), np.float32)
    steps = run_up + part
    logits = np.zeros((STEPS, lanes, len(model.contract.vocabulary)), np.float32)
    done = 0
    # What lies before the text or behind it is read as the start symbol; none of that is kept.
    for start in range(0, steps, STEPS):
        size = min(STEPS, steps - start)
        places = offsets[None, :] + np.arange(start, start + size + 1)[:, None]
        inside = (places >= 0) & (places <= count)
        read = np.where(inside, text[np.clip(places, 0, count)], text[0])
        for row in range(size):
            logits[row] = context.feed(*read[row].tolist())
        bits, mean = bits_of(logits[:size], read[1:], name, groups)
        scored = slice(max(0, run_up - start), size)
        columns = slice(start + scored.start - run_up, start + size - run_up)
        if scored.start < size:
            surprisal[:, columns] = bits[scored].T
            entropy[:, columns] = mean[scored].T
            done = min(count, columns.stop * lanes)
        yield done
    flat = Scores(surprisal.reshape(-1)[:count], entropy.reshape(-1)[:count])
    if run_up:
        # The first lane has no text before its part: what lies there was no window of the text's.
        *_, head = score(model, ids[:depth], settings, lanes=1, name=name, groups=groups)
        assert isinstance(head, Scores)
        flat.surprisal_bits[:depth] = head.surprisal_bits
        flat.entropy_bits[:depth] = head.entropy_bits
    yield flat


class Groups:
    """Symbols of a vocabulary that stand together: a probability is that of all in a group.

    Args:
        of_symbols: int [vocabulary], the number of each symbol's group, any numbers.
    """

    def __init__(self, of_symbols: Sequence[int]) -> None:
        numbers, self._of = np.unique(np.asarray(of_symbols), return_inverse=True)
        self._order = np.argsort(self._of, kind="stable")
        self._begins = np.searchsorted(self._of[self._order], np.arange(len(numbers)))

    def __len__(self) -> int:
        return len(self._begins)

    def of(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of the group of each symbol among the groups."""
        return self._of[ids]

    def log_sums(self, logs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the logarithm of each group's weight, float64 [..., groups].

        It is no less than that of any of its symbols, however small they are.

        Args:
            logs: of the weights of the symbols, [..., vocabulary].
        """
        ordered = logs[..., self._order]
        high = np.maximum.reduceat(ordered, self._begins, axis=-1)
        ordered = np.exp(ordered - high[..., self._of[self._order]])
        return high + np.log(np.add.reduceat(ordered, self._begins, axis=-1))


def bits_of(
    logits: NDArray[np.float32],
    following: NDArray[np.int64],
    name: str,
    groups: Groups | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return surprisal and entropy, float64 [steps, lanes], of logits [steps, lanes, symbols].

    Of groups of symbols, if there are any, else of the symbols.
    """
    check_finite(logits, name)
    shifted = logits.astype(np.float64)
    high = shifted.max(axis=-1, keepdims=True)
    shifted -= high
    if groups is not None:
        shifted, following = groups.log_sums(shifted), groups.of(following)
    weights = np.exp(shifted)
    total = weights.sum(axis=-1)
    log_total = np.log(total)
    chosen = np.take_along_axis(shifted, following[..., None], axis=-1)[..., 0]
    mean = (weights * shifted).sum(axis=-1) / total
    return (log_total - chosen) / np.log(2), (log_total - mean) / np.log(2)
