"""What the model has read when it is asked for the next character.

Owns the state buffers and how they move from step to step. Knows nothing of sampling.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from charlm_tui.lm.model import Floats, LanguageModel


class RollingWindow:
    """The last `depth` characters, exactly: what re-reading them from a zero state would give.

    `depth` windows are kept in flight, each started one character after the one before, so a new
    character advances all of them in one matrix product. Row d of a lane has read the last d
    characters. After a step the deepest row has read the last `depth` characters and gives the
    logits; the rows then move down by one and a zero row enters at the top.

    The move costs nothing: each state has two buffers of `lanes * depth + 1` rows, and a step
    reads rows 0 … of the one and writes rows 1 … of the other. While fewer than `depth`
    characters have been read the deepest row has read all of them, since zero rows above it read
    the same characters: short seeds need no padding.

    Args:
        model: whose step is run.
        depth: characters in the window, at least 1.
        lanes: texts that are read side by side.
    """

    def __init__(self, model: LanguageModel, depth: int, lanes: int = 1) -> None:
        assert depth >= 1
        assert lanes >= 1
        self.depth = depth
        self.lanes = lanes
        self._ids = np.zeros(lanes, np.int64)
        self.logits: Floats = np.zeros((lanes, len(model.contract.vocabulary)), np.float32)
        """float32 [lanes, vocabulary], of the character after the last one read; one array for
        all of the window's life, overwritten by each step."""
        rows = lanes * depth
        first, second = (
            {
                state.name: np.zeros((rows + 1, state.units), np.float32)
                for state in model.contract.states
            }
            for _ in range(2)
        )
        self._buffers = (first, second)
        self._steps = (
            model.bind(self._ids, self._here(first), self.logits, self._below(second)),
            model.bind(self._ids, self._here(second), self.logits, self._below(first)),
        )
        self._turn = 0
        # Rows where one lane's deepest state would enter the next lane's top.
        self._tops = tuple(
            tuple(buffer[depth:rows:depth] for buffer in buffers.values()) if lanes > 1 else ()
            for buffers in (second, first)
        )

    def _here(self, buffers: Mapping[str, Floats]) -> dict[str, Floats]:
        return {
            name: buffer[:-1].reshape(self.lanes, self.depth, -1)
            for name, buffer in buffers.items()
        }

    def _below(self, buffers: Mapping[str, Floats]) -> dict[str, Floats]:
        return {
            name: buffer[1:].reshape(self.lanes, self.depth, -1) for name, buffer in buffers.items()
        }

    def reset(self) -> None:
        """Forget everything that was read."""
        for buffers in self._buffers:
            for buffer in buffers.values():
                buffer.fill(0)
        self._turn = 0

    def feed(self, *ids: int) -> Floats:
        """Read one character a lane; give `logits`."""
        self._ids[:] = ids
        turn = self._turn
        self._steps[turn]()
        for top in self._tops[turn]:
            top.fill(0)
        self._turn = 1 - turn
        return self.logits

    def read(self, ids: Sequence[int]) -> Floats:
        """Start from nothing and read one text in every lane; give `logits`.

        Only the last `depth` characters can matter, so only they are read. At least one.
        """
        assert len(ids) > 0
        self.reset()
        for index in ids[-self.depth :]:
            self.feed(*[index] * self.lanes)
        return self.logits
