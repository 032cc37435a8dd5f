"""The record of a reply: what was drawn at each character, and what the model said of it.

16 bytes a character in fixed-size chunks of arrays, so that nothing is copied as it grows. Free of
numpy: a front end can hold a tape before its first paint.
"""

import math
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from charlm_tui.lm.settings import Settings

if TYPE_CHECKING:  # of numpy, which a front end imports late or never
    from charlm_tui.lm.generation import Batch

CHUNK = 4096  # characters


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the reply was computed with; elsewhere a float32 may come out another."""

    onnxruntime: str
    machine: str
    """The processor's architecture and the system."""

    @classmethod
    def here(cls, onnxruntime: str) -> "Runtime":
        import platform

        return cls(onnxruntime, f"{platform.machine()} {platform.system()}")


class Columns(NamedTuple):
    """The records of consecutive characters: the bytes of four arrays, in native byte order."""

    ids: bytes
    """uint16"""
    surprisal_bits: bytes
    """float32, of the model's own distribution; NaN where it was not measured."""
    entropy_bits: bytes
    """float32, likewise."""
    temperature: bytes
    """float32, in force at each character."""

    @classmethod
    def of(cls, batch: "Batch") -> "Columns":
        """Return the records of a batch."""
        return cls(
            batch.ids.tobytes(),
            batch.surprisal_bits.tobytes(),
            batch.entropy_bits.tobytes(),
            batch.temperature.tobytes(),
        )

    @classmethod
    def joined(cls, parts: Sequence["Columns"]) -> "Columns":
        """Return the records of characters that follow each other."""
        return cls(*map(b"".join, zip(*parts, strict=True))) if parts else cls(*[b""] * 4)

    @property
    def characters(self) -> int:
        """How many characters there are."""
        return len(self.ids) // 2

    def between(self, start: int, stop: int) -> "Columns":
        """Return the records of characters `start` to `stop`, counted from the first of these."""
        return Columns(
            self.ids[2 * start : 2 * stop],
            self.surprisal_bits[4 * start : 4 * stop],
            self.entropy_bits[4 * start : 4 * stop],
            self.temperature[4 * start : 4 * stop],
        )


def _zeros(code: str) -> Any:
    return array(code, [0]) * CHUNK  # of just this size: one made from bytes keeps room to grow


@dataclass(slots=True)
class _Chunk:
    ids: "array[int]" = field(default_factory=lambda: _zeros("H"))
    settings: "array[int]" = field(default_factory=lambda: _zeros("H"))
    surprisal_bits: "array[float]" = field(default_factory=lambda: _zeros("f"))
    entropy_bits: "array[float]" = field(default_factory=lambda: _zeros("f"))
    temperature: "array[float]" = field(default_factory=lambda: _zeros("f"))


def little_endian(code: str, column: bytes) -> bytes:
    """Return the bytes of an array as files have them, or those of a file as arrays have them."""
    if sys.byteorder == "little":
        return column
    swapped = array(code, column)
    swapped.byteswap()
    return swapped.tobytes()


class Tape:
    """Columns of one entry a character; the settings are kept once and referred to by index."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []
        self._length = 0
        self._runs: list[tuple[int, int]] = []  # (first character, index of its settings)
        self._indices: dict[Settings, int] = {}
        self.settings: list[Settings] = []
        """Every settings object that was in force, in order of first use."""
        self.times: list[tuple[int, float]] = []
        """(first character, seconds since the reply began) of every batch that has a time."""
        self.forced: list[tuple[int, int]] = []
        """(first character, how many) of stretches that a person typed or picked."""

        self.total_bits = 0.0
        """Sum of the surprisals."""

    def __len__(self) -> int:
        return self._length

    def append(
        self,
        columns: Columns,
        settings: Settings,
        elapsed_s: float | None = None,
        forced: bool = False,
    ) -> None:
        """Add the records of consecutive characters.

        Args:
            columns: their records.
            settings: in force for all of them.
            elapsed_s: when they came, in seconds since the reply began; kept once a batch.
            forced: whether a person typed or picked them, and the model did not draw them.
        """
        count = columns.characters
        if count and elapsed_s is not None:
            self.times.append((self._length, elapsed_s))
        if count and forced:
            if self.forced and sum(self.forced[-1]) == self._length:  # a stretch that continues
                first, before = self.forced[-1]
                self.forced[-1] = (first, before + count)
            else:
                self.forced.append((self._length, count))
        index = self._indices.setdefault(settings, len(self.settings))
        if index == len(self.settings):
            self.settings.append(settings)
        if count and (not self._runs or self._runs[-1][1] != index):
            self._runs.append((self._length, index))
        ids, in_force = array("H", columns.ids), array("H", [index]) * count
        surprisal_bits, entropy_bits, temperature = (array("f", each) for each in columns[1:])
        self.total_bits += sum(surprisal_bits)
        done = 0
        while done < count:
            place = self._length % CHUNK
            if place == 0:
                self._chunks.append(_Chunk())
            take = min(count - done, CHUNK - place)
            chunk = self._chunks[-1]
            chunk.ids[place : place + take] = ids[done : done + take]
            chunk.settings[place : place + take] = in_force[done : done + take]
            chunk.surprisal_bits[place : place + take] = surprisal_bits[done : done + take]
            chunk.entropy_bits[place : place + take] = entropy_bits[done : done + take]
            chunk.temperature[place : place + take] = temperature[done : done + take]
            self._length += take
            done += take

    def fork(self, length: int) -> "Tape":
        """Return a tape that begins like this one, with its first `length` characters.

        Chunks that are full never change: the two have them in common.
        """
        assert 0 <= length <= self._length
        whole, part = divmod(length, CHUNK)
        other = Tape()
        other._chunks = self._chunks[:whole]
        if part:
            chunk = self._chunks[whole]
            other._chunks.append(_Chunk(*(getattr(chunk, name)[:] for name in _Chunk.__slots__)))
        other._length = length
        other._runs = [run for run in self._runs if run[0] < length]
        other.settings = list(self.settings)
        other._indices = dict(self._indices)
        other.times = [time for time in self.times if time[0] < length]
        other.forced = [
            (first, min(count, length - first)) for first, count in self.forced if first < length
        ]
        other.total_bits = math.fsum(self.surprisal_bits(0, length))
        return other

    def extend(self, other: "Tape", stop: int) -> None:
        """Add what another tape has from this one's end to its own character `stop`."""
        start = len(self)
        edges = {first for first, _ in other.runs(stop)}
        edges |= {edge for first, count in other.forced for edge in (first, first + count)}
        places = [start, *sorted(edge for edge in edges if start < edge < stop), stop]
        for first, end in pairwise(places):
            if first < end:
                self.append(
                    other.columns(first, end),
                    other.settings_at(first),
                    forced=any(at <= first < at + count for at, count in other.forced),
                )
        self.times += [time for time in other.times if start <= time[0] < stop]

    @property
    def measured(self) -> bool:
        """Whether surprisals and entropies are known; those of a shared line are not."""
        return not math.isnan(self.total_bits)

    @property
    def mean_bits(self) -> float | None:
        """Surprisal per character; None of no character, or if not all of it was measured."""
        return self.total_bits / self._length if self._length and self.measured else None

    def measure(self, surprisal_bits: "array[float]", entropy_bits: "array[float]") -> None:
        """Put surprisals and entropies, one a character from the first on, in place of what is.

        Chunks that other tapes have in common with this one get them, too.
        """
        done = 0
        for chunk, _, take in self._parts(0, len(surprisal_bits)):
            chunk.surprisal_bits[:take] = surprisal_bits[done : done + take]
            chunk.entropy_bits[:take] = entropy_bits[done : done + take]
            done += take
        self.total_bits = math.fsum(self.surprisal_bits())

    def common(self, other: "Tape") -> int:
        """Count the characters at the start that two tapes have in common."""
        done, length = 0, min(len(self), len(other))
        while done < length:
            step = min(CHUNK, length - done)
            mine, theirs = self.ids(done, done + step), other.ids(done, done + step)
            if mine != theirs:
                return done + next(i for i in range(step) if mine[i] != theirs[i])
            done += step
        return length

    def columns(self, start: int = 0, stop: int | None = None) -> Columns:
        """Return the records of characters `start` to `stop`."""
        return Columns(
            self.ids(start, stop).tobytes(),
            self.surprisal_bits(start, stop).tobytes(),
            self.entropy_bits(start, stop).tobytes(),
            self.temperature(start, stop).tobytes(),
        )

    def ids(self, start: int = 0, stop: int | None = None) -> "array[int]":
        """Return the ids of characters `start` to `stop`, as uint16."""
        column = array("H")
        for chunk, place, take in self._parts(start, stop):
            column.extend(chunk.ids[place : place + take])
        return column

    def surprisal_bits(self, start: int = 0, stop: int | None = None) -> "array[float]":
        """Return the surprisals of characters `start` to `stop`, as float32."""
        column = array("f")
        for chunk, place, take in self._parts(start, stop):
            column.extend(chunk.surprisal_bits[place : place + take])
        return column

    def entropy_bits(self, start: int = 0, stop: int | None = None) -> "array[float]":
        """Return the entropies at characters `start` to `stop`, as float32."""
        column = array("f")
        for chunk, place, take in self._parts(start, stop):
            column.extend(chunk.entropy_bits[place : place + take])
        return column

    def temperature(self, start: int = 0, stop: int | None = None) -> "array[float]":
        """Return the temperatures in force at characters `start` to `stop`, as float32."""
        column = array("f")
        for chunk, place, take in self._parts(start, stop):
            column.extend(chunk.temperature[place : place + take])
        return column

    def settings_at(self, index: int) -> Settings:
        """Return the settings that were in force when character `index` was drawn."""
        return self.settings[self._chunks[index // CHUNK].settings[index % CHUNK]]

    def runs(self, stop: int | None = None) -> list[tuple[int, Settings]]:
        """Return (first character, settings) for every stretch under one settings object.

        Args:
            stop: looks no further than this character.
        """
        length = self._length if stop is None else min(stop, self._length)
        return [(first, self.settings[index]) for first, index in self._runs if first < length]

    def _parts(self, start: int, stop: int | None) -> Iterator[tuple[_Chunk, int, int]]:
        """Yield (chunk, place in it, how many) for what lies between two characters."""
        start, stop, _ = slice(start, stop).indices(self._length)
        while start < stop:
            chunk, place = divmod(start, CHUNK)
            take = min(stop - start, CHUNK - place)
            yield self._chunks[chunk], place, take
            start += take
