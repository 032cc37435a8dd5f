"""When the characters of a reply are due, and how far it may run ahead of the screen.

Reads the monotonic clock, and knows nothing of what is drawn.
"""

import sys
import time
from collections import deque

from charlm_tui.controls.controls import Controls

FRAME_S = 0.02  # between two batches
FIRST_S = 0.005  # that the first batch of a request takes: somebody has pressed a key, and waits
FRAMES_AHEAD = 3  # batches that the screen has not acknowledged, as fast as it goes
LANES_AHEAD = 5  # the same of a ladder: its frames take longer, and nobody waits for one key
CATCH_UP_S = 0.25  # how far behind its pace a reply may fall before the pace starts again


class Pace:
    """When the next characters of a reply are due, and how far it may run ahead of the screen.

    Args:
        controls: with the speed and the length.
        count: the number of the next character.
        last_s: when the character before it was drawn, by the monotonic clock: a change of the
            controls takes no time from the next one.
        ahead: batches that may be ahead of the screen, as fast as it goes.
    """

    def __init__(
        self, controls: Controls, count: int, last_s: float, ahead: int = FRAMES_AHEAD
    ) -> None:
        self._controls = controls
        self._ahead = ahead
        self.count = count
        """The number of the next character."""
        self._unacknowledged: deque[int] = deque()
        now = time.monotonic()
        self._last_s = now  # when characters were last found to be due
        self._start_s = max(last_s, now - 1 / controls.speed) if controls.speed else now
        self._start_count = count  # the character that would have been due at the start

    @property
    def ended(self) -> bool:
        """Whether the reply has its length."""
        return 0 < self._controls.length <= self.count

    def wait_s(self) -> float | None:
        """Seconds until characters are due; None: not before something is heard."""
        speed = self._controls.speed
        if len(self._unacknowledged) >= (1 if speed else self._ahead):
            return None
        if not speed:
            return 0.0
        now = time.monotonic()
        next_due_s = self._start_s + (self.count - self._start_count + 1) / speed
        return max(0.0, next_due_s - now, self._last_s + FRAME_S - now)

    def due(self) -> int:
        """How many characters to draw now, at the most; at least 1."""
        length, speed = self._controls.length, self._controls.speed
        left = length - self.count if length else sys.maxsize
        if not speed:
            return left
        self._last_s = now = time.monotonic()
        due = int((now - self._start_s) * speed + 1e-6) - (self.count - self._start_count)
        if due > speed * CATCH_UP_S + 1:
            self._start_s, self._start_count = now, self.count
            due = 1
        return min(left, max(due, 1))

    def sent(self, count: int) -> None:
        """Take note that all before character `count` is on its way to the screen."""
        self.count = count
        self._unacknowledged.append(count)

    def acknowledged(self, count: int) -> None:
        """Take note that all before character `count` is on the screen."""
        while self._unacknowledged and self._unacknowledged[0] <= count:
            self._unacknowledged.popleft()
