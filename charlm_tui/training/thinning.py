"""Which of a run's kept epochs make room for the others, so that what stays is spread evenly.

Knows numbers and sizes; neither files nor runs.
"""

from collections.abc import Sequence


def superfluous(numbers: Sequence[int], sizes: Sequence[int], most_bytes: int) -> list[int]:
    """Return which of some epochs' files to remove, by their places in the list, in order.

    First every second one goes, from the beginning on, then every second one of the rest. So what
    is thinned after every epoch stays even: no gap is more than twice as long as another, but for
    the one before the newest. Number 0 stays while there is room for two, the newest in any case.

    Args:
        numbers: of each epoch that is there, rising: how many were written before it in the run,
            those among them that were removed meanwhile.
        sizes: of their files, in bytes.
        most_bytes: that those which stay have together.
    """
    # Number 0 has the last turn: it can be halved for ever.
    turns = sorted(range(len(numbers) - 1), key=lambda it: (_halvings(numbers[it]), numbers[it]))
    total, removed = sum(sizes), []
    for place in turns:
        if total <= most_bytes:
            break
        total -= sizes[place]
        removed.append(place)
    return sorted(removed)


def _halvings(number: int) -> float:
    """Return how often a number can be halved."""
    return (number & -number).bit_length() - 1 if number else float("inf")
