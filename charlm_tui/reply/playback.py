"""Which characters of a recorded reply are due: at the pace at which it came, or at once.

Knows times and counts; adds nothing to anything.
"""

from bisect import bisect_right

from charlm_tui.reply.tape import Tape

SPEED = 60.0  # characters a second, of a tape that has no times
LONGEST_WAIT_S = 2.0  # between two batches: a pause was no part of the reply


class Playback:
    """The pace of one recording.

    Args:
        tape: of the recording.
        at_once: whether its own pace does not matter.
        now_s: of a monotonic clock.
    """

    def __init__(self, tape: Tape, at_once: bool, now_s: float) -> None:
        self.tape = tape
        self._at_once = at_once
        self._start_s = now_s
        self._paused_s: float | None = None
        self._firsts: list[int] = []
        self._due_s: list[float] = []
        due_s = before_s = 0.0
        for first, second_s in tape.times:
            due_s += min(max(second_s - before_s, 0.0), LONGEST_WAIT_S)
            before_s = max(second_s, before_s)
            self._firsts.append(first)
            self._due_s.append(due_s)

    def due(self, now_s: float) -> int:
        """Return how many characters are to be shown by now."""
        length = len(self.tape)
        if self._at_once:
            return length
        elapsed_s = (now_s if self._paused_s is None else self._paused_s) - self._start_s
        if not self._firsts:
            return min(length, int(elapsed_s * SPEED))
        batch = bisect_right(self._due_s, elapsed_s)
        return self._firsts[batch] if batch < len(self._firsts) else length

    def pause(self, now_s: float) -> None:
        """Pause: nothing more is due until it is resumed."""
        self._paused_s = now_s

    def resume(self, now_s: float) -> None:
        """Resume from where it was paused."""
        if self._paused_s is not None:
            self._start_s += now_s - self._paused_s
            self._paused_s = None
