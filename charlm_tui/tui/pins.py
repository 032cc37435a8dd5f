"""Which units are beside each other: the one that is looked at, and those that are pinned.

Numbers alone; knows no screen.
"""

from dataclasses import dataclass, field

MOST = 4


@dataclass(slots=True)
class Pins:
    """Up to four units that stay, and one that changes."""

    current: int = 0
    """The unit that is looked at."""
    pinned: list[int] = field(default_factory=list)

    def toggle(self) -> bool:
        """Pin the unit that is looked at, or no longer; tell whether there was room for it."""
        if self.current in self.pinned:
            self.pinned.remove(self.current)
        elif len(self.pinned) < MOST:
            self.pinned.append(self.current)
        else:
            return False
        return True

    def columns(self, room: int) -> list[int]:
        """Give the units that are shown, of which the one that is looked at is always one.

        Args:
            room: for how many there is.
        """
        every = list(self.pinned)
        if self.current not in every:
            every.append(self.current)
        kept = every[: min(room, MOST)]
        if self.current not in kept:
            kept[-1] = self.current
        return kept
