"""The units of a model's state: one number for each, through all tensors, and a name.

Knows no activations: a front end has this, and no numpy.
"""

import re
from typing import NamedTuple

from charlm_tui.errors import CharlmError

_TYPED = re.compile(r"\s*(.*?)[\s\[]*(\d+)\s*\]?\s*")


class UnitError(CharlmError):
    """That is no unit of the model."""


class Units(NamedTuple):
    """What units there are."""

    tensors: tuple[tuple[str, int], ...]
    """Name of each state and how many units it has, in the order of the model."""

    @property
    def total(self) -> int:
        """How many there are, of all tensors."""
        return sum(size for _, size in self.tensors)

    def name(self, number: int) -> str:
        """Return the name of a unit, such as `h[37]`."""
        for tensor, size in self.tensors:
            if number < size:
                return f"{tensor}[{number}]"
            number -= size
        raise AssertionError("there is no such unit")

    def beside(self, number: int, by: int) -> int:
        """Return the unit that is `by` steps further, around the end and through all tensors."""
        return (number + by) % self.total

    def named(self, text: str) -> int:
        """Return the unit that was typed: `c 52`, `c52`, `c[52]`; just `52` of an only tensor.

        Raises:
            UnitError: there is none of that name.
        """
        typed = _TYPED.fullmatch(text)
        first = 0
        for tensor, size in self.tensors:
            if typed is not None and (
                typed[1] == tensor or (not typed[1] and len(self.tensors) == 1)
            ):
                if int(typed[2]) < size:
                    return first + int(typed[2])
                break
            first += size
        every = ", ".join(f"{tensor} 0 to {tensor} {size - 1}" for tensor, size in self.tensors)
        raise UnitError(f"there is no unit {text.strip()!r:.30}; the model has {every}")
