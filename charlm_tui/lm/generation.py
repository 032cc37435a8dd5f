"""The loop: draw a character, record it, feed it back.

Yields batches of records. Holds no text: whoever wants to rewind keeps the ids and starts anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.sampling import Sampler, Uniforms
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of consecutive characters, from number `first` of the reply on."""

    first: int
    ids: NDArray[np.uint16]
    surprisal_bits: NDArray[np.float32]
    """Of the model's own distribution, whatever the temperature."""
    entropy_bits: NDArray[np.float32]
    """Likewise."""
    temperature: NDArray[np.float32]
    """In force at each character."""


def primed(vocabulary: Vocabulary, ids: Sequence[int]) -> list[int]:
    """Give what a model reads before character 0: the primer, then the seed's ids."""
    return [vocabulary.primer, *ids]


class Generation:
    """Characters that follow a text, one after the other.

    Args:
        window: where they are read; it is reset.
        sampler: draws them.
        settings: in force from the first one on.
        read: ids before the first one, at least one (see `primed`).
        first: its number in the reply, by which its random number is found.

    The same arguments give the same characters, however they are split into batches.
    """

    def __init__(
        self,
        window: RollingWindow,
        sampler: Sampler,
        settings: Settings,
        read: Sequence[int],
        first: int = 0,
    ) -> None:
        self._window = window
        self._sampler = sampler
        self._settings = settings
        self._uniforms = Uniforms(settings.rng_seed)
        self._logits = window.read(read)[0]
        self._unread: int | None = None
        self.count = first
        """The number of the next character."""

    def draw(self, most: int, stop: Callable[[], bool] | None = None) -> Batch:
        """Draw up to `most` characters; fewer if `stop`, asked after each, says so.

        Raises:
            ModelOutputError: the model's logits are not finite. Nothing was drawn from them.
        """
        first = self.count
        ids: list[int] = []
        surprisal: list[float] = []
        entropy: list[float] = []
        feed, draw, uniforms = self._window.feed, self._sampler.draw, self._uniforms
        while len(ids) < most:
            # A character is fed when the next one is wanted, so the last of a reply is not.
            if self._unread is not None:
                feed(self._unread)
            drawn = draw(self._logits, self._settings, uniforms[self.count])
            self._unread = drawn.id
            self.count += 1
            ids.append(drawn.id)
            surprisal.append(drawn.surprisal_bits)
            entropy.append(drawn.entropy_bits)
            if stop is not None and stop():
                break
        return Batch(
            first,
            np.array(ids, np.uint16),
            np.array(surprisal, np.float32),
            np.array(entropy, np.float32),
            np.full(len(ids), self._settings.temperature, np.float32),
        )
