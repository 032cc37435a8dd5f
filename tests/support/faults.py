"""A charlm-tui in which a fault is planted, and shows when a test says so."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.terminal import Terminal, terminal

PLANTED = "planted by a test"
CLOCK = "clock"
"""Instead of a place: the clock is an hour back."""
PROGRAM = f"""
import signal, sys, time
from importlib import import_module
from pathlib import Path

flag, places = Path(sys.argv[1]), sys.argv[2].split()
del sys.argv[1:3]
real_time = time.time

def fail(*_):
    raise RuntimeError({PLANTED!r})

def plant(place):
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    real = getattr(owner, name)

    def planted(*values, **options):
        if flag.exists():
            fail()
        return real(*values, **options)

    setattr(owner, name, planted)

signal.signal(signal.SIGUSR1, fail)
for place in places:
    if place == {CLOCK!r}:
        time.time = lambda: real_time() - 3600 * flag.exists()
    else:
        plant(place)
from charlm_tui.cli import main
main()
"""


class Faulty:
    """A charlm-tui in a terminal, and what makes its fault show."""

    def __init__(self, it: Terminal, flag: Path) -> None:
        self.terminal = it
        self._flag = flag

    def show(self) -> None:
        """Let the fault show from here on."""
        self._flag.touch()


@contextmanager
def faulty(flag: Path, place: str, *arguments: str, **options: Any) -> Iterator[Faulty]:
    """Run the command in a terminal, with a fault in it.

    Args:
        flag: path of a file that is not there yet.
        place: functions that raise once the fault is to show, as module:class.name.
        arguments: of the command.
        options: of the terminal.
    """
    words = ("-c", PROGRAM, str(flag), place, *arguments)
    with terminal(*words, command=sys.executable, **options) as it:
        yield Faulty(it, flag)
