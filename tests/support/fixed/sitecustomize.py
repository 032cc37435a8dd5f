"""What each Python process of the tests begins with: the same RNG seeds in every run.

The folder of this file is in `PYTHONPATH` while tests run: Python imports a module of this name
before anything else.
"""

import random


class Fixed(random.Random):
    """Stands in for the operating system's random numbers; the program draws RNG seeds there."""

    def __init__(self) -> None:
        super().__init__(17)


random.SystemRandom = Fixed  # type: ignore[assignment, misc]
