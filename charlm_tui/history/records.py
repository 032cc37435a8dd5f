"""What goes into the history and comes out of it: replies, their pieces, lines of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime
from charlm_tui.text import visible


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
    temperatures: tuple[float, ...] = ()
    """Of its first character and of its last one, once if they are the same; none if not known."""
    rng_seeds: tuple[int, ...] = ()
    """Likewise."""
    schedule: str = ""
    """Of the temperature at its end: `ramp 1.2`; empty where it is steady."""
    held: str = ""
    """Which units were held at its end, if any; at its beginning, if none was any more."""

    @property
    def facts(self) -> tuple[str, ...]:
        """What a row tells of it beside its text, in forms from the longest to the shortest."""
        model = visible(self.model, "") + (" ⑂" if self.parent is not None else "")
        bits = self.bits_per_character
        temperature = " → ".join(f"{each:g}" for each in self.temperatures)
        temperature = f"{temperature} {self.schedule}".strip()
        rng_seed = " → ".join(map(str, self.rng_seeds))
        measured = "" if bits is None else f", {bits:.2f} bits"
        warmth = f", temperature {temperature}" if temperature else ""
        numbers = f", RNG seed {rng_seed}" if rng_seed else ""
        held = f", {self.held}" if self.held else ""
        short = f"{self.length:,}" + (f"  T{temperature}  RNG {rng_seed}" if temperature else "")
        return (
            f"{model}, {self.length:,} characters{measured}{warmth}{numbers}{held}",
            f"{model}, {self.length:,}{warmth}{numbers}",
            f"{model}  {short}",
            short,
        )


class Listed(NamedTuple):
    """A reply in a list, and how it stands to its neighbours."""

    entry: Entry
    mark: str = " "
    """`┌`, `├` and `└` for the lanes of a ladder, a space for any other reply."""


def in_ladders(entries: Sequence[Entry]) -> list[Listed]:
    """Return replies in their order, the lanes of a ladder as they stood there, and marked.

    Lanes begin at one moment, from one seed, and not all at one temperature, by one model and with
    the same units held.
    """
    listed: list[Listed] = []
    for _, group in groupby(entries, lambda it: (it.started_s, it.seed.lower())):
        lanes = list(group)
        if len({(it.temperatures, it.model_sha256, it.held) for it in lanes}) < 2:
            listed += map(Listed, lanes)
            continue
        lanes.sort(key=lambda it: it.id)
        marks = ["┌", *"├" * (len(lanes) - 2), "└"]
        listed += map(Listed, lanes, marks)
    return listed
