"""The beginning of what a run has held out of its text, read as training reads it.

A text of any size is read in pieces, for its sha256; of its characters no more than are needed.
"""

import hashlib
from pathlib import Path

from charlm_tui.files import FileReadError, check_readable_file
from charlm_tui.film.film import HeldOut, Passage

PASSAGE = 2000  # characters
MOST_HELD_OUT = 5_000_000  # characters, at the end of the text, in which the passage lies
_SLACK = 64  # characters before them that decide how they are lowered
_BLOCK = 1 << 20
_BYTES = 4  # of a character in UTF-8, at most


def held_out_passage(where: HeldOut, length: int = PASSAGE) -> Passage:
    """Return a passage of a text that was not trained on, or why there is none.

    Args:
        where: the text is, and what of it is held out.
        length: of the passage, at most.
    """
    path = Path(where.corpus)
    count = min(where.characters, MOST_HELD_OUT)
    try:
        check_readable_file(path, "put the text there")
        content = _end_of(path, where.sha256, _BYTES * (count + _SLACK))
    except FileReadError as error:
        return _none(f"its text {path} cannot be read: {error.reason}")
    except OSError as error:
        return _none(f"its text {path} cannot be read: {error.strerror}")
    if not content:
        return _none(f"{path} is not the text that it was trained on any more")
    text = _decoded(content)
    text = (text.lower() if where.lower else text)[-count:]
    before, passage = text[: where.window], text[where.window :][:length]
    if not passage:
        return _none(f"{path} has another length than its log tells")
    return Passage(passage, before)


def _none(why: str) -> Passage:
    return Passage(sentence=f"there is no passage that it was not trained on: {why}")


def _end_of(path: Path, sha256: str, most: int) -> bytes:
    """Return the last bytes of a file; nothing of one that has another sha256."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
        if digest.hexdigest() != sha256.lower():
            return b""
        file.seek(max(0, file.tell() - most))
        return file.read(most)


def _decoded(content: bytes) -> str:
    """Decode the end of a text in UTF-8, which can begin within a character."""
    start = 0
    while start < min(_BYTES, len(content)) and content[start] & 0xC0 == 0x80:
        start += 1
    text = content[start:].decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
