"""Keeping an index on disk: built once for a corpus and a vocabulary, then mapped into memory.

Owns the file. A file that is not whole, of another version or of another machine is built again:
nothing in it is believed before its check sum is right. Layout of version 1:

    16 bytes   `charlm-recital` and the version, with a newline
    16 bytes   BLAKE2b of all that follows
    4 bytes    size of the head, little-endian
    head       JSON: what the index is of, its scalars, and the sizes of the parts in bytes
    parts      raw, order, rank, shorter, blocks, words; each begins at a multiple of 8

Parts are of this machine's byte order, which the head names.
"""

import hashlib
import json
import mmap
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from charlm_tui.files import FileWriteError, make_folder_for, replace_file
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.recital.corpus import fit_corpus, read_corpus_bytes
from charlm_tui.recital.index import Index, build

_MAGIC = b"charlm-recital1\n"
_CHECKED = len(_MAGIC) + 16  # where what is checked begins


@dataclass(frozen=True, slots=True)
class _Identity:
    """What an index is of."""

    corpus: str
    """sha256 of the file."""
    vocabulary: str
    """sha256 of the symbols and the case, which say how the file is fitted."""

    @classmethod
    def of(cls, content: bytes, vocabulary: Vocabulary) -> "_Identity":
        symbols = "".join(vocabulary.symbols).encode("utf-8", "surrogatepass")
        return cls(
            hashlib.sha256(content).hexdigest(),
            hashlib.sha256(f"{vocabulary.case}\n".encode() + symbols).hexdigest(),
        )

    @property
    def name(self) -> str:
        return f"{self.corpus[:16]}-{self.vocabulary[:16]}.recital"

    @property
    def head(self) -> dict[str, str]:
        return {"corpus": self.corpus, "vocabulary": self.vocabulary, "order": sys.byteorder}


def open_index(corpus: Path, vocabulary: Vocabulary, folder: Path) -> Index:
    """Return the index of a corpus: from its file in a folder, else built, and kept there.

    Fitting and building takes a quarter of a second for 600,000 characters, and can be done in a
    thread, or in another process, after which this one finds the file. If the folder cannot be
    written, the index is built, and is so again next time.

    Args:
        corpus: a UTF-8 file.
        vocabulary: of the model, which the text is fitted to.
        folder: of the files; made if it is not there.

    Raises:
        RecitalError: the corpus cannot be read, is no UTF-8, is too large, or has no text.
    """
    content = read_corpus_bytes(corpus)
    identity = _Identity.of(content, vocabulary)
    path = folder / identity.name
    index = _load(path, identity)
    if index is None:
        index = build(fit_corpus(content, corpus, vocabulary))
        try:
            _save(index, path, identity)
        except (
            FileWriteError
        ):  # a full disk, a folder of somebody else: the index is there all the same
            pass
    return index


def _save(index: Index, path: Path, identity: _Identity) -> None:
    """Write an index to a file.

    Raises:
        FileWriteError: it cannot be written.
    """
    arrays = (index.order, index.rank, index.shorter, index.blocks)
    words = "\n".join(sorted(index.words)).encode()
    parts = [index.raw, *(bytes(array) for array in arrays), words]
    head = json.dumps(
        {
            **identity.head,
            "symbols": index.symbols,
            "width": index.width,
            "block_bits": index.block_bits,
            "parts": [len(part) for part in parts],
        }
    ).encode()
    head += b" " * (-(_CHECKED + 4 + len(head)) % 8)
    content = [len(head).to_bytes(4, "little"), head]
    for part in parts:
        content += [part, bytes(-len(part) % 8)]
    checked = b"".join(content)
    make_folder_for(path)
    replace_file(path, b"".join((_MAGIC, _digest(checked), checked)))


def _load(path: Path, identity: _Identity) -> Index | None:
    """Map a file; None if there is none that is whole and of this identity."""
    try:
        with open(path, "rb") as file:
            whole = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError):  # ValueError: it is empty
        return None
    if whole[: len(_MAGIC)] != _MAGIC or whole[len(_MAGIC) : _CHECKED] != _digest(whole[_CHECKED:]):
        return None
    start = _CHECKED + 4
    head_size = int.from_bytes(whole[_CHECKED:start], "little")
    head: dict[str, Any] = json.loads(bytes(whole[start : start + head_size]))
    if not identity.head.items() <= head.items():  # a file of another name
        return None
    place = start + head_size
    parts = []
    for size in head["parts"]:
        parts.append(whole[place : place + size])
        place += size + -size % 8
    raw, order, rank, shorter, blocks, words = parts
    return Index(
        head["symbols"],
        bytes(raw),
        head["width"],
        order.cast("i"),
        rank.cast("i"),
        shorter.cast("i"),
        blocks.cast("i"),
        head["block_bits"],
        frozenset(bytes(words).decode().split("\n")) - {""},
    )


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
