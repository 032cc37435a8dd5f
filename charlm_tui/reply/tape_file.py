"""A reply as a file: all that determines it, and what it said.

JSON, of version 1, or of version 2 where units of the model were held. The columns of the tape are
base64 of little-endian arrays, so that a float32 comes back as the float32 that it was. A later
version, a damaged or a truncated file is refused in one sentence.
"""

import base64
import binascii
import json
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from charlm_tui.errors import CharlmError
from charlm_tui.files import FileReadError, read_file
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import STEERED_VERSION, Settings, version_for
from charlm_tui.lm.vocabulary import Vocabulary, describe_symbol
from charlm_tui.reply.tape import Columns, Runtime, Tape, little_endian

FORMAT = "charlm-tape"
TAPE_VERSIONS = range(1, STEERED_VERSION + 1)
"""Those that are read; the lowest that can have a reply is written."""
MOST_TAPE_BYTES = 64_000_000  # of a file: three million characters; read, it takes several times it
MOST_CHANGES = 50_000  # of the settings: each costs as much as some characters to read and play
CODES = {"ids": "H", "surprisal_bits": "f", "entropy_bits": "f", "temperature": "f"}
"""The columns of a file, and the type of their arrays."""


class TapeFileError(CharlmError):
    """A tape file cannot be read, is damaged, or is of a later version."""


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A reply, and all that it takes to make it again."""

    model: str
    model_sha256: str
    runtime: Runtime
    seed: str
    """What the model had read before character 0, but for the start symbol."""
    text: str
    """The reply, in characters; for people, and for whoever has not the model."""
    tape: Tape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recording) and self.to_json() == other.to_json()

    def check(self, vocabulary: Vocabulary) -> None:
        """Refuse a recording that a model of this vocabulary cannot have made.

        Raises:
            TapeFileError: the seed or the reply has a character that the model does not know. A
                text that is not what the ids say is told by whoever makes the reply again.
        """
        strange = next((char for char in self.seed if char not in vocabulary), None)
        if strange is not None:
            raise TapeFileError(
                f"the tape is damaged: its seed has {describe_symbol(strange)}, which its model "
                "does not know; take another copy of it"
            )
        ids = self.tape.ids()
        if max(ids, default=0) >= len(vocabulary):
            raise TapeFileError(
                f"the tape is damaged: it has a character of number {max(ids)}, and its model "
                f"knows {len(vocabulary)}; take another copy of it"
            )

    def to_json(self) -> str:
        """Return the file's content."""
        tape = self.tape
        columns = {
            name: _pack(CODES[name], column) for name, column in tape.columns()._asdict().items()
        }
        document = {
            "format": FORMAT,
            "version": version_for(settings for _, settings in tape.runs()),
            "model": self.model,
            "model_sha256": self.model_sha256,
            "runtime": asdict(self.runtime),
            "seed": self.seed,
            "length": len(tape),
            "changes": [{"at": first} | settings.to_file() for first, settings in tape.runs()],
            "times": [[first, round(seconds, 3)] for first, seconds in tape.times],
            "given": [list(stretch) for stretch in tape.forced],
            "text": self.text,
            "columns": columns,
            "crc32": zlib.crc32(json.dumps(columns).encode()),
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, content: str, name: str) -> "Recording":
        """Read a file's content.

        Args:
            content: of the file.
            name: how errors name it.

        Raises:
            TapeFileError: it is no tape, is damaged, or is of a later version.
        """
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            raise TapeFileError(
                f"{name} is not a tape, or is cut off: it is not JSON; "
                "write one with: charlm-tui generate --tape FILE"
            ) from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise TapeFileError(
                f"{name} is not a tape: it does not say so; "
                "write one with: charlm-tui generate --tape FILE"
            )
        version = document.get("version")
        if type(version) is not int or version not in TAPE_VERSIONS:
            raise TapeFileError(
                f"{name} is a tape of version {version!r:.20} where {TAPE_VERSIONS[0]} to "
                f"{TAPE_VERSIONS[-1]} are expected; read it with a newer charlm-tui"
            )
        try:
            return cls._from_document(document)
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            OverflowError,
            SettingsError,
        ) as error:
            raise TapeFileError(
                f"{name} is a damaged tape ({type(error).__name__}: {error!s:.80}); "
                "take another copy of it"
            ) from None

    @classmethod
    def _from_document(cls, document: Mapping[str, Any]) -> "Recording":
        columns = document["columns"]
        if zlib.crc32(json.dumps(columns).encode()) != document["crc32"]:
            raise ValueError("its columns do not have their check sum")
        length = document["length"]
        records = Columns(
            **{name: _unpack(code, columns[name], length) for name, code in CODES.items()}
        )
        if len(document["changes"]) > MOST_CHANGES:
            raise ValueError(f"its settings change more than {MOST_CHANGES:,} times")
        changes = [_change(dict(change), document["version"]) for change in document["changes"]]
        starts = [at for at, _ in changes]
        if starts != sorted(set(starts)) or (length and (not starts or starts[0] != 0)):
            raise ValueError("its changes are not in order")
        if starts and not 0 <= starts[-1] < length:
            raise ValueError("a change lies behind its end")
        tape = Tape()
        for (at, settings), end in zip(changes, [*starts[1:], length], strict=False):
            tape.append(records.between(at, end), settings)
        tape.times = [(int(first), float(seconds)) for first, seconds in document["times"]]
        tape.forced = [(int(first), int(count)) for first, count in document["given"]]
        if any(first < 0 or count < 1 or first + count > length for first, count in tape.forced):
            raise ValueError("what was given lies outside of it")
        for name in ("model", "model_sha256", "seed", "text"):
            if not isinstance(document[name], str):
                raise ValueError(f"its {name} is no text")
        if len(document["text"]) != length:
            raise ValueError("its text is not as long as its columns")
        return cls(
            document["model"],
            document["model_sha256"],
            Runtime(**document["runtime"]),
            document["seed"],
            document["text"],
            tape,
        )


def read_recording(path: Path, waits: bool = True) -> Recording:
    """Read a tape file.

    Args:
        path: of the file, or of a pipe.
        waits: wait for who writes into a pipe, as `read_file` does.

    Raises:
        TapeFileError: it cannot be read, or is not a good tape of this version.
    """
    try:
        content = read_file(path, MOST_TAPE_BYTES, "give the path of a tape", waits).decode()
    except UnicodeDecodeError:
        raise TapeFileError(
            f"{path} is not a tape: it is not UTF-8; "
            "write one with: charlm-tui generate --tape FILE"
        ) from None
    except FileReadError as error:
        raise TapeFileError(str(error)) from None
    return Recording.from_json(content, str(path))


def _change(change: dict[str, Any], version: int) -> tuple[int, Settings]:
    """Read a change of the settings; every value has the type that the settings' own have."""
    at = change.pop("at")
    if type(at) is not int:
        raise ValueError(f"a change is at {at!r:.20}")
    return at, Settings.of_file(change, version)


def _pack(code: str, column: bytes) -> str:
    return base64.b64encode(little_endian(code, column)).decode()


def _unpack(code: str, text: str, length: int) -> bytes:
    try:
        column = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    count = len(array(code, column))
    if count != length:
        raise ValueError(f"a column has {count} entries where {length} are expected")
    return little_endian(code, column)
