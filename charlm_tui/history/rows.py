"""The rows of the history: how a piece of a reply is one, and what cannot be one.

Owns the order of a piece's columns, and refuses what no row of ours can have: a database may come
from a stranger. Does not know SQLite.
"""

import json
import math
from array import array
from collections.abc import Sequence
from typing import Any

from charlm_tui.history.records import Entry, Origin, Piece
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.held import shown
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime, Tape, little_endian
from charlm_tui.reply.tape_file import Recording

LAST_S = 60_000_000_000.0  # Unix time in the year 3871, and its like before: all can be shown
PIECE = (
    "first, length, bits, changes, times, given, text, "
    "ids, surprisal_bits, entropy_bits, temperature"
)
"""The columns of a piece, in the order of its rows."""
ORIGIN = (
    "model, model_sha256, model_path, onnxruntime, machine, before, seed, rng_seed, "
    "started_s, parent, forked_at"
)
"""The columns of what determines a reply."""
RECORDING = "model, model_sha256, onnxruntime, machine, before, seed"
"""The columns of a reply that is replayed, beside its pieces."""
ENTRY = (
    "id, name, seed, model, model_sha256, started_s, starred, ended, deleted_s IS NOT NULL, "
    "parent, forked_at, length, bits, beginning, "
    + ", ".join(
        "(SELECT CASE WHEN json_valid(changes) THEN json_extract(changes, "
        f"'{place}') END FROM pieces WHERE reply = replies.id ORDER BY first {order} LIMIT 1)"
        for place, order in (("$[0][1]", "ASC"), ("$[#-1][1]", "DESC"))
    )
)
"""The columns of a reply in a list; at the end its first settings and its last ones, as JSON."""
ROW_FAULTS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
    SettingsError,
)
"""What reading a damaged row raises."""


def to_row(piece: Piece) -> tuple[object, ...]:
    """Return the values of `PIECE`."""
    return (
        piece.first,
        len(piece.text),
        sum(array("f", piece.columns.surprisal_bits)),
        json.dumps([(first, settings.to_file()) for first, settings in piece.changes]),
        json.dumps(piece.times),
        json.dumps(piece.forced),
        piece.text,
        *_little_endian(piece.columns),
    )


def from_row(row: Sequence[Any]) -> Piece:
    """Return a piece of the values of `PIECE`.

    Raises:
        one of `ROW_FAULTS`: the row is damaged.
    """
    first, length, _, changes, times, given, text, *columns = row
    if type(first) is not int or not all(type(column) is bytes for column in columns):
        raise ValueError("a column has another type")
    check_text(text)
    widths = [len(column) for column in columns]
    if len(text) != length or widths != [2 * length, 4 * length, 4 * length, 4 * length]:
        raise ValueError(f"the columns at character {first} are not as long as the text")
    return Piece(
        first,
        text,
        _little_endian(Columns(*columns)),
        tuple((_number(at), Settings.of_file(settings)) for at, settings in json.loads(changes)),
        tuple((_number(at), float(seconds)) for at, seconds in json.loads(times)),
        tuple(_stretch(at, count, first, length) for at, count in json.loads(given)),
    )


def to_origin(row: Sequence[Any]) -> Origin:
    """Return what determines a reply, of the values of `ORIGIN`.

    Raises:
        one of `ROW_FAULTS`: the row is damaged.
    """
    model, sha256, path, onnxruntime, machine, before, seed, rng_seed, *rest = row
    check_texts(*row[:8])
    _check_times_and_places(*rest)
    runtime = Runtime(onnxruntime, machine)
    return Origin(model, sha256, path, runtime, before, seed, int(rng_seed), *rest)


def to_entry(row: Sequence[Any]) -> Entry:
    """Return a reply as a list shows it, of the values of `ENTRY`.

    Raises:
        one of `ROW_FAULTS`: the row is damaged.
    """
    (reply, name, seed, model, sha256, started_s, starred, ended, deleted, parent, forked_at,
     length, bits, beginning, *changes) = row  # fmt: skip
    check_texts(name, seed, model, sha256, beginning)
    _check_times_and_places(started_s, parent, forked_at)
    if type(length) is not int or length < 0:
        raise ValueError(f"its length is {length!r:.20}")
    if bits is not None and not (isinstance(bits, int | float) and math.isfinite(bits)):
        raise ValueError(f"its bits are {bits!r:.20}")
    settings = [Settings.of_file(json.loads(each)) for each in changes if each is not None]
    return Entry(
        id=reply,
        name=name,
        seed=seed,
        beginning=beginning,
        length=length,
        bits_per_character=bits / length if length and bits is not None else None,
        model=model,
        model_sha256=sha256,
        started_s=started_s,
        starred=bool(starred),
        ended=bool(ended),
        deleted=bool(deleted),
        parent=parent,
        forked_at=forked_at,
        temperatures=tuple(dict.fromkeys(each.temperature for each in settings)),
        rng_seeds=tuple(dict.fromkeys(each.rng_seed for each in settings)),
        schedule=next((f"{it.moving} {it.moving_to:g}" for it in settings[1:] if it.moving), ""),
        held=next((shown(it.held) for it in reversed(settings) if it.held), ""),
    )


def to_recording(row: Sequence[Any], pieces: Sequence[Sequence[Any]]) -> Recording:
    """Return a reply as it was recorded, of the values of `RECORDING` and of all its `PIECE`s.

    Raises:
        one of `ROW_FAULTS`: a row is damaged, or a piece is missing.
    """
    check_texts(*row)
    model, sha256, onnxruntime, machine, before, seed = row
    tape, texts = Tape(), []
    for piece in map(from_row, pieces):
        _extend(tape, piece)
        texts.append(piece.text)
    runtime = Runtime(onnxruntime, machine)
    return Recording(model, sha256, runtime, before + seed, "".join(texts), tape)


def check_text(text: object) -> None:
    """Refuse what is no text, or was no UTF-8.

    Raises:
        ValueError: it is.
    """
    if type(text) is not str:
        raise ValueError(f"{text!r:.20} is no text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{text!r:.20} is not UTF-8") from None


def check_texts(*values: object) -> None:
    """Refuse values of which one is no text (see `check_text`)."""
    for value in values:
        check_text(value)


def storable(text: str) -> str:
    """Return a text without lone surrogates, which a terminal may send and UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()


def _check_times_and_places(started_s: object, parent: object, forked_at: object) -> None:
    """Refuse what cannot be shown as a time, or be a reply or a character.

    Raises:
        ValueError: one is such.
    """
    if not isinstance(started_s, int | float) or not -LAST_S < started_s < LAST_S:
        raise ValueError(f"it began at {started_s!r:.20}")
    if not (parent is None or type(parent) is int) or type(forked_at) is not int:
        raise ValueError(f"it is a branch of {parent!r:.20} at {forked_at!r:.20}")


def _little_endian(columns: Columns) -> Columns:
    """Return the columns as the file has them, or those of the file as arrays have them."""
    ids, *floats = columns
    return Columns(little_endian("H", ids), *(little_endian("f", column) for column in floats))


def _number(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r:.20} is no number of a character")
    return value


def _stretch(at: object, count: object, first: int, length: int) -> tuple[int, int]:
    begin, many = _number(at), _number(count)
    if begin < first or many < 1 or begin + many > first + length:
        raise ValueError("what was given lies outside of it")
    return begin, many


def _extend(tape: Tape, piece: Piece) -> None:
    """Add a piece to the tape of those before it; a `ValueError` if it does not follow them."""
    edges = [*(first for first, _ in piece.changes), piece.first + len(piece.text)]
    if not piece.first == len(tape) == edges[0] or edges != sorted(set(edges)):
        raise ValueError(f"what follows character {len(tape)} is missing")
    for (start, settings), stop in zip(piece.changes, edges[1:], strict=True):
        begin, end = start - piece.first, stop - piece.first
        tape.append(piece.columns.between(begin, end), settings)
    tape.times.extend(piece.times)
    for first, count in piece.forced:
        if tape.forced and sum(tape.forced[-1]) == first:  # a stretch that a cut went through
            tape.forced[-1] = (tape.forced[-1][0], tape.forced[-1][1] + count)
        else:
            tape.forced.append((first, count))
