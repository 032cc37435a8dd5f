"""What a process knows and agrees on with those that train the same network with it.

This is the process that trains alone, which agrees with itself; `cluster.py` has those of several.
Whoever trains asks for nothing else: each of several computes the same run, and what is not the
same everywhere by itself (the clock, requests, a signal) is the first one's.
"""

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from charlm_tui.runs.requests import Request


class Company:
    """A process that trains alone.

    Attributes:
        rank: of this process, from 0; the first one alone writes files.
        count: of the processes.
        devices: of all of them together.
    """

    rank = 0
    count = 1
    devices = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def clock(self) -> float:
        """Return the seconds since some moment, the same in every process."""
        return time.monotonic()

    def moment(self) -> float:
        """Return the clock as it was agreed on last, which costs nothing."""
        return time.monotonic()

    def agreed(self, value: float) -> float:
        """Return the first one's value of a number that the last digits could differ of."""
        return value

    def everywhere(self, value: float) -> Any:
        """Return a number as what a variable of the network can be given in every process."""
        return value

    def requests(self, new: Callable[[], Sequence[Request]]) -> Callable[[], Sequence[Request]]:
        """Return what tells, before each batch, what was asked of the first process.

        Args:
            new: returns what was asked of this one since its last call.
        """
        return new

    def watched(self) -> contextlib.AbstractContextManager[None]:
        """Return what turns the end of another process into one sentence."""
        return contextlib.nullcontext()

    def of_device(self, name: str) -> str:
        """Return what the card says of where a run was trained.

        Args:
            name: of a device.
        """
        return name if self.devices == 1 else f"{name}, {self.devices} devices"
