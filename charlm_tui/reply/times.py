"""When the characters of a reply came: in order, thinned to what is worth telling, and back.

Times are whole hundredths of a second, so that they cost few letters. Reads the times of a tape;
knows nothing of its characters.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

TICKS = 100  # in a second
LONGEST = 10**11  # ticks that a reply may take: thirty years
_PACE = TICKS // 2  # between two times that are given back
_NEAR = TICKS // 4  # that a time may be off


def ordered(times: Iterable[tuple[int, float]], length: int) -> Iterator[tuple[int, float]]:
    """Yield (first character, seconds) of each batch of a tape, in order.

    What lies outside of the reply or leads back, which only a tape made by hand has, is left out.
    """
    last, at = -1, 0.0
    for first, seconds in times:
        if last < first < length and at <= seconds <= LONGEST / TICKS:
            yield first, seconds
            last, at = first, seconds


def thinned(times: Iterable[tuple[int, float]], length: int) -> list[tuple[int, int]]:
    """Return (character, ticks): the points between which a straight line is off somewhere.

    A line that passes within 0.25 s of every point between two of them is good enough. Of a batch
    that nothing follows for half a second, the last character is a point too: a pause stays one.
    """
    points = list(_points(ordered(times, length)))
    kept = points[:1]
    low, high = -math.inf, math.inf  # slopes of the lines that pass near all that was left out
    for before, here in pairwise(points):
        first, at = kept[-1]
        if before[0] > first:
            low = max(low, (before[1] - at - _NEAR) / (before[0] - first))
            high = min(high, (before[1] - at + _NEAR) / (before[0] - first))
        if not low <= (here[1] - at) / (here[0] - first) <= high:
            kept.append(before)
            low, high = -math.inf, math.inf
    return kept + points[-1:] if len(points) > 1 else kept


def _points(times: Iterable[tuple[int, float]]) -> Iterator[tuple[int, int]]:
    last, at = -1, 0
    for first, seconds in times:
        now = round(seconds * TICKS)
        if 0 <= last < first - 1 and now - at > _PACE:
            yield first - 1, at
        yield first, now
        last, at = first, now


def filled(points: Sequence[tuple[int, int]]) -> Iterator[tuple[int, float]]:
    """Yield (first character, seconds) along the lines between points, twice a second at most."""
    for (first, at), (end, then) in pairwise(points):
        parts = max(1, min(end - first, (then - at) // _PACE))
        for part in range(parts):
            place = first + (end - first) * part // parts
            yield place, (at + (then - at) * part // parts) / TICKS
    for first, at in points[-1:]:
        yield first, at / TICKS
