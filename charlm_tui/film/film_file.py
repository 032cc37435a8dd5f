"""The file beside a model in which its film is kept: version 1, JSON.

Shots by the sha256 of the epochs' files, so that an epoch that is new is all that is made. What is
damaged, of another version or of another order counts as nothing: it is made again.
"""

import base64
import json
import zlib
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from charlm_tui.files import FileReadError, read_file, replace_file
from charlm_tui.film.film import Order, Passage, Shot
from charlm_tui.reply.tape import little_endian

FORMAT = "charlm-film"
FILM_VERSION = 1
MOST_FILM_BYTES = 64_000_000
_FLOAT = 4  # bytes


@dataclass(slots=True)
class KeptFilm:
    """Shots that are kept.

    Args:
        order: of the film.
        passage: of the film.
    """

    order: Order
    passage: Passage
    symbols: str = ""
    """sha256 of the symbols of the models; empty if there is no shot."""
    shots: dict[str, Shot] = field(default_factory=dict)
    """By the sha256 of the epochs' files."""

    @classmethod
    def read(cls, order: Order, passage: Passage) -> "KeptFilm":
        """Return what is kept of a film; no shots if there is none, or it is of another order."""
        kept = cls(order, passage)
        try:
            content = read_file(Path(order.keep), MOST_FILM_BYTES, "", waits=False)
            document = json.loads(content)
            if {name: document[name] for name in kept._head} == kept._head:
                shots = {sha: kept._shot(it) for sha, it in document["shots"].items()}
                if document["crc32"] == _check_sum(document["shots"]):
                    kept.shots, kept.symbols = shots, str(document["symbols"])
        except (FileReadError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
            kept.shots = {}
        return kept

    def write(self, of: Iterable[str]) -> None:
        """Keep the shots of these epochs' files.

        Args:
            of: their sha256.

        Raises:
            FileWriteError: the file cannot be written.
        """
        shots = {sha: _packed(self.shots[sha]) for sha in of if sha in self.shots}
        document = {
            **self._head, "symbols": self.symbols, "shots": shots, "crc32": _check_sum(shots)
        }  # fmt: skip
        replace_file(Path(self.order.keep), json.dumps(document, indent=1) + "\n")

    @property
    def _head(self) -> Mapping[str, Any]:
        """What another film has otherwise."""
        passage = f"{len(self.passage.before)} {self.passage.before}{self.passage.text}"
        return {
            "format": FORMAT,
            "version": FILM_VERSION,
            "seed": self.order.seed,
            "settings": self.order.settings.to_file(),
            "length": self.order.length,
            "passage": sha256(passage.encode("utf-8", "surrogatepass")).hexdigest(),
        }

    def _shot(self, packed: Any) -> Shot:
        """Read a shot.

        Raises:
            ValueError: it is none of this film.
        """
        text, bits = packed["text"], base64.b64decode(packed["surprisal_bits"], validate=True)
        if not isinstance(text, str) or len(text) != self.order.length:
            raise ValueError("text")
        if len(bits) != _FLOAT * len(self.passage.text):
            raise ValueError("surprisal_bits")
        return Shot(text, little_endian("f", bits))


def _packed(shot: Shot) -> dict[str, str]:
    bits = little_endian("f", array("f", shot.surprisal_bits).tobytes())
    return {"text": shot.text, "surprisal_bits": base64.b64encode(bits).decode()}


def _check_sum(shots: Any) -> int:
    return zlib.crc32(json.dumps(shots).encode())
