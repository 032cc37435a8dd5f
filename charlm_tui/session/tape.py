"""The record of a reply: what was drawn at each character, and what the model said of it.

16 bytes a character in fixed-size chunks of arrays, so that nothing is copied as it grows. Free of
numpy: a front end can hold a tape before its first paint.
"""

from array import array
from collections.abc import Iterator

from charlm_tui.lm.settings import Settings

CHUNK = 4096  # characters

_COLUMNS = (("ids", "H"), ("settings", "H"), ("surprisal", "f"), ("entropy", "f"), ("temperature", "f"))


class Tape:
    """Columns of one entry a character; the settings are kept once and referred to by index."""

    def __init__(self) -> None:
        self._chunks: list[dict[str, array[int] | array[float]]] = []
        self._length = 0
        self.settings: list[Settings] = []
        """Every settings object that was in force, in order of first use."""

    def __len__(self) -> int:
        return self._length

    def append(
        self,
        ids: bytes,
        surprisal_bits: bytes,
        entropy_bits: bytes,
        temperature: bytes,
        settings: Settings,
    ) -> None:
        """Add the records of consecutive characters (uint16, then float32 each)."""
        if settings not in self.settings:
            self.settings.append(settings)
        count = len(ids) // 2
        index = array("H", [self.settings.index(settings)]).tobytes() * count
        columns = (ids, index, surprisal_bits, entropy_bits, temperature)
        done = 0
        while done < count:
            place = self._length % CHUNK
            if place == 0:
                self._chunks.append({name: array(code, bytes(CHUNK * array(code).itemsize)) for name, code in _COLUMNS})
            take = min(count - done, CHUNK - place)
            chunk = self._chunks[-1]
            for (name, code), data in zip(_COLUMNS, columns, strict=True):
                size = array(code).itemsize
                chunk[name][place : place + take] = array(code, data[done * size : (done + take) * size])
            self._length += take
            done += take

    def ids(self, start: int = 0, stop: int | None = None) -> "array[int]":
        """Give the ids of characters `start` to `stop`, as uint16."""
        return array("H", self._column("ids", start, stop))

    def surprisal_bits(self, start: int = 0, stop: int | None = None) -> "array[float]":
        """Give the surprisals of characters `start` to `stop`, as float32."""
        return array("f", self._column("surprisal", start, stop))

    def entropy_bits(self, start: int = 0, stop: int | None = None) -> "array[float]":
        """Give the entropies at characters `start` to `stop`, as float32."""
        return array("f", self._column("entropy", start, stop))

    def temperature(self, start: int = 0, stop: int | None = None) -> "array[float]":
        """Give the temperatures in force at characters `start` to `stop`, as float32."""
        return array("f", self._column("temperature", start, stop))

    def settings_at(self, index: int) -> Settings:
        """Give the settings that were in force when character `index` was drawn."""
        return self.settings[int(self._chunks[index // CHUNK]["settings"][index % CHUNK])]

    def _column(self, name: str, start: int, stop: int | None) -> Iterator[float]:
        start, stop, _ = slice(start, stop).indices(self._length)
        while start < stop:
            chunk, place = divmod(start, CHUNK)
            take = min(stop - start, CHUNK - place)
            yield from self._chunks[chunk][name][place : place + take]
            start += take
