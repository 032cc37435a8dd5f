"""Timing ways of doing one thing side by side, so that the machine's mood cancels."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One way of doing a thing."""

    name: str
    run: Callable[[int], None]
    """Does it so many times."""
    count: int
    """How many times in a round."""
    per: int = 1
    """Characters that each time gives."""
    goal: str = ""
    """What the ratio is held against, for people."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What a way took."""

    way: Way
    rounds_us: tuple[float, ...]
    """Microseconds per character, a figure a round."""

    @property
    def median_us(self) -> float:
        return statistics.median(self.rounds_us)


def side_by_side(
    ways: Sequence[Way],
    rounds: int,
    told: Callable[[int], None] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Timed]:
    """Time every way once a round, in an order that turns from round to round.

    Args:
        ways: each is run once before anything is timed.
        rounds: at least 1.
        told: is called with the number of each round that has ended.
        clock: in seconds; the process' own time, where the ways have one thread and no waiting.
    """
    for way in ways:
        way.run(max(1, way.count // 10))
    taken: dict[str, list[float]] = {way.name: [] for way in ways}
    for number in range(rounds):
        turn = number % len(ways)
        for way in (*ways[turn:], *ways[:turn]):
            start = clock()
            way.run(way.count)
            seconds = clock() - start
            taken[way.name].append(seconds / (way.count * way.per) * 1e6)
        told(number + 1)
    return [Timed(way, tuple(taken[way.name])) for way in ways]


def median_ratio(one: Timed, other: Timed) -> float:
    """Return the median, over the rounds, of what `one` took by what `other` took in that round."""
    pairs = zip(one.rounds_us, other.rounds_us, strict=True)
    return statistics.median(a / b for a, b in pairs)
