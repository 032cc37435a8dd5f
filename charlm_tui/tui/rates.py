"""How many characters a second are shown, and how many the model makes in a second of its work.

Owns when the newest characters came. Knows no clock: it is told the time.
"""

from collections import deque
from typing import NamedTuple

WINDOW_S = 1.0  # that the rates look back


class _Arrival(NamedTuple):
    at_s: float
    characters: int
    draw_s: float


class Rates:
    """The rates of what has come of late."""

    def __init__(self) -> None:
        self._arrivals: deque[_Arrival] = deque()

    def begin(self) -> None:
        """Forget what has come: from here on it comes at another pace."""
        self._arrivals.clear()

    def came(self, now_s: float, count: int, draw_s: float) -> None:
        """Take note of a batch.

        Args:
            now_s: of a monotonic clock.
            count: characters of the batch.
            draw_s: seconds that it took to make them; 0 if they were there.
        """
        self._arrivals.append(_Arrival(now_s, count, draw_s))
        while len(self._arrivals) > 2 and now_s - self._arrivals[1].at_s >= WINDOW_S:
            self._arrivals.popleft()

    def shown_per_s(self, now_s: float) -> float | None:
        """Return the characters a second that were shown; None until two batches have come.

        Those of the first batch are not counted: when the time that they took began is not known.
        A silence counts once it is longer than the batches are apart.
        """
        if len(self._arrivals) < 2:
            return None
        first, last = self._arrivals[0], self._arrivals[-1]
        gap = (last.at_s - first.at_s) / (len(self._arrivals) - 1)
        over = max(last.at_s - first.at_s, now_s - first.at_s - gap)
        count = sum(each.characters for each in self._arrivals) - first.characters
        return count / over if over > 0 else None

    @property
    def made_per_s(self) -> float | None:
        """Characters that were made in a second of work; None if none were."""
        made = [each for each in self._arrivals if each.draw_s > 0]
        worked_s = sum(each.draw_s for each in made)
        return sum(each.characters for each in made) / worked_s if made else None
