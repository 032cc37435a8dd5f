"""How well a model predicts a text: the surprisal of each of its characters.

Owns the cutting of a text into lanes that are read side by side, and how far back a character's
surprisal depends on what was read. Knows nothing of files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import CarriedState, EveryDepth, RollingWindow
from charlm_tui.lm.errors import ModelOutputError
from charlm_tui.lm.model import LanguageModel
from charlm_tui.lm.settings import Settings

LANES = 4
STEPS = 64  # of all lanes, between two reports of progress and two rounds of arithmetic
REACH_BITS = 0.1  # a difference of surprisal that does not count


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
        bits, mean = bits_of(logits[:size], read[1:], name)
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
        *_, head = score(model, ids[:depth], settings, lanes=1, name=name)
        assert isinstance(head, Scores)
        flat.surprisal_bits[:depth] = head.surprisal_bits
        flat.entropy_bits[:depth] = head.entropy_bits
    yield flat


def surprisal_by_depth(
    model: LanguageModel, ids: Sequence[int], depth: int | None = None, name: str = "the model"
) -> NDArray[np.float32]:
    """Return the surprisal of characters after each number of characters before them, in bits.

    Args:
        model: scores.
        ids: of the text.
        depth: the largest number; by default the model's window.
        name: how errors name the model.

    Returns:
        float32 [characters, depth], of the characters that have as many before them: [t, d - 1]
        is of character t + depth after the d characters before it.

    Raises:
        ModelOutputError: the model's logits are not finite.
    """
    text = np.array(ids, np.int64)
    depth = depth or model.contract.window
    count = max(0, len(text) - depth)
    context = EveryDepth(model, depth)
    surprisal = np.zeros((count, depth), np.float32)
    logits = np.zeros((STEPS, depth, len(model.contract.vocabulary)), np.float32)
    for index in text[: depth - 1].tolist():
        context.feed(index)
    for start in range(0, count, STEPS):
        read = text[start + depth - 1 : len(text) - 1][:STEPS]
        for row, index in enumerate(read.tolist()):
            logits[row] = context.feed(index)
        following = text[start + depth : start + depth + len(read), None]
        bits, _ = bits_of(logits[: len(read)], np.repeat(following, depth, axis=1), name)
        surprisal[start : start + len(read)] = bits
    return surprisal


def reach(
    surprisal_bits: NDArray[np.floating], within_bits: float = REACH_BITS
) -> NDArray[np.int64]:
    """Return from which depth on it makes no difference to a character how much more was read.

    Args:
        surprisal_bits: float [..., depth], as `surprisal_by_depth` returns it, or its mean.
        within_bits: of the surprisal in the full window, that do not count as a difference.

    Returns:
        int64 [...], from 1 to the depth.
    """
    far = np.abs(surprisal_bits - surprisal_bits[..., -1:]) > within_bits
    behind = np.argmax(far[..., ::-1], axis=-1)  # depths behind the last one that is far
    return np.where(far.any(axis=-1), far.shape[-1] - behind + 1, 1)


def bits_of(
    logits: NDArray[np.float32], following: NDArray[np.int64], name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return surprisal and entropy, float64 [steps, lanes], of logits [steps, lanes, symbols]."""
    shifted = logits.astype(np.float64)
    high = shifted.max(axis=-1, keepdims=True)
    if not (np.isfinite(high).all() and np.isfinite(shifted.min())):
        raise ModelOutputError(
            f"{name} gave logits that are not finite numbers; "
            "the file is damaged or its training diverged: use another, or train it again"
        )
    shifted -= high
    weights = np.exp(shifted)
    total = weights.sum(axis=-1)
    log_total = np.log(total)
    chosen = np.take_along_axis(shifted, following[..., None], axis=-1)[..., 0]
    mean = (weights * shifted).sum(axis=-1) / total
    return (log_total - chosen) / np.log(2), (log_total - mean) / np.log(2)
