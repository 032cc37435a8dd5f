"""What goes into the history and comes out of it: replies, their pieces, lines of a list."""

from dataclasses import dataclass

from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime


@dataclass(frozen=True, slots=True)
class Origin:
    """All that determines a reply, but for what was changed while it grew."""

    model: str
    model_sha256: str
    model_path: str
    runtime: Runtime
    before: str
    """The conversation that was read before the seed; without the start symbol."""
    seed: str
    rng_seed: int
    started_s: float
    """Unix time."""
    parent: int | None = None
    """The reply that it was branched from."""
    forked_at: int = 0
    """The first character that is not its parent's."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive characters of a reply, and their records."""

    first: int
    text: str
    columns: Columns
    changes: tuple[tuple[int, Settings], ...]
    """(first character, settings) of each stretch; the first one is at `first`."""
    times: tuple[tuple[int, float], ...] = ()
    """(first character, seconds since the reply began) of the batches that begin in it."""
    forced: tuple[tuple[int, int], ...] = ()
    """(first character, how many) of what a person typed or picked."""

    def until(self, stop: int) -> "Piece":
        """Return the part of it that lies before character `stop`."""
        count = max(0, stop - self.first)
        return Piece(
            self.first,
            self.text[:count],
            self.columns.between(0, count),
            tuple(change for change in self.changes if change[0] < stop),
            tuple(time for time in self.times if time[0] < stop),
            tuple((at, min(many, stop - at)) for at, many in self.forced if at < stop),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply as a line of a list."""

    id: int
    name: str
    """Empty if nobody gave it one."""
    seed: str
    beginning: str
    """Up to 200 characters of its text."""
    length: int
    bits_per_character: float | None
    """Mean surprisal; None if there are no characters, or it was not measured of all of them."""
    model: str
    model_sha256: str
    started_s: float
    """Unix time."""
    starred: bool
    ended: bool
    """Whether it is as long as it gets, and search finds it."""
    deleted: bool
    parent: int | None
    forked_at: int
