"""A reply as one line to paste: into a chat, a mail, an address.

Owns the line: `charlm1.`, or `charlm2.` where units were held or rules in force, then base64url (no
padding) of the model's sha256 (32 bytes) and a raw deflate stream of a JSON list, then six letters
of CRC-32 over all the letters before.
Only letters, digits, `-`, `_` and one full stop occur, and the last letter is never punctuation.

The list has, in this order: sha256 (null: it is the 32 bytes), model, onnxruntime, machine, seed,
text, ids, ids that differ, runs of settings, stretches given, times. Ids are told by the text: one
for each kind of character, in the order of the code points, as the difference from the one before.
A run is [place, {name: value} of what is not as in the run before], and a third entry if the
temperatures on the tape are not those of the settings. Places are differences from the last place.
Deflate begins with a dictionary: a short reply need not spell the words that are common.

Knows nothing of screens or of a clipboard, and loads no numpy.
"""

import base64
import json
import math
import re
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

from charlm_tui.errors import CharlmError
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.rule_values import to_file
from charlm_tui.lm.settings import RULES, STEERED_VERSION, Settings, version_for
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.reply.schedule import temperatures
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.times import LONGEST, filled, thinned

LINE_VERSIONS = range(1, STEERED_VERSION + 1)
"""Those that are read; the lowest that can have a reply is written."""
MOST_LIST_BYTES = 8 << 20  # of the list: about as many characters, of 16 bytes each on a tape
MOST_RUNS = 1024  # of settings: a tape compares each new one with all others

_PREFIX = re.compile(r"charlm([0-9]{1,9})\.")
_SUM_LETTERS = 6
_SHA256 = re.compile(r"[0-9a-f]{64}")

# What version 1 calls no difference; the defaults of a later release may be others.
_BASE = Settings(
    temperature=0.5,
    rng_seed=0,
    top_k=0,
    top_p=1.0,
    min_p=0.0,
    typical_p=1.0,
    mirostat=0.0,
    depth=0,
    carry=False,
    moving="",
    moving_to=1.2,
    moving_over=200,
    moving_from=0,
    held=(),
    ban="",
    bias=(),
    until=(),
    until_cut=False,
    forbid=(),
    match="",
    match_from=0,
    match_within=0,
)

_NOTHING: dict[str, Any] = {"held": []} | {name: to_file(getattr(_BASE, name)) for name in RULES}
"""What a file has of the settings only where there is any of it (`Settings.to_file`)."""

# Part of all versions: another letter of it makes every line unreadable. What is common is last.
_DICTIONARY = (
    b" responsibility appearance considerations interpretation consequences experiences"
    b" confidence development relationship understanding characteristic themselves experience"
    b" intellectual conscience contradiction philosophers individual scientific particular"
    b" existence knowledge religious christianity superior happiness pleasure suffering"
    b" conception condition desires instincts feelings different possible powerful necessary"
    b" profound sentiment principle precisely perhaps because through without against between"
    b" another nothing something everything himself itself always people common nature higher"
    b" reason history german strength power taste moral morality philosophy soul spirit truth"
    b" world problem present order certain general great should would could before after under"
    b" while where there their these those other about which every still never being first only"
    b" most more than then them they what when will with were been have from that this into upon"
    b" such some same must even also very like long good life men man who has had his not but are"
    b" all one its our may for was and it is, and to be of the in the"
    b'","78aa25bf12f4a925","nietzsche","1.30.0","AMD64 Windows","arm64 Darwin","aarch64 Linux"'
    b',"mirostat":1.5,"depth":1,"min_p":0.05,"typical_p":0.9,"top_p":0.9,"top_k":10,"carry":true'
    b",[1,2,1,2,1,1,10,14,3,1,3,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],[],"
    b'[[0,{"temperature":0.5,"rng_seed":1}]],[],[0,0,256,5]][null,"nietzsche","1.32.0",'
    b'"x86_64 Linux","the ","'
)


class ShareLineError(CharlmError):
    """A line holds no reply, is damaged or of a later version; or a reply fits in no line."""


def is_line(text: str) -> bool:
    """Return whether a text begins as a line does; `from_line` tells whether it is a good one.

    White space, line breaks too, counts for nothing.
    """
    return _PREFIX.match("".join(text.lstrip()[:64].split())) is not None


def to_line(recording: Recording) -> str:
    """Return a reply as one line: about 380 letters for 400 characters of English.

    It holds all that a tape holds but for the surprisal and the entropy, and but for the pace of
    every batch: of the times, to 10 ms, those are kept between which a straight line is off by
    0.25 s somewhere. A pause is kept at both of its ends.

    Raises:
        ShareLineError: the reply is too long, or its settings changed too often.
    """
    tape = recording.tape
    plain = _SHA256.fullmatch(recording.model_sha256) is not None
    if len(tape.runs()) > MOST_RUNS:
        raise ShareLineError(
            f"the settings of the reply change {len(tape.runs()):,} times where a line holds "
            f"{MOST_RUNS:,}; save it as a tape"
        )
    ids, others = _told_ids(recording.text, tape.ids())
    document = [
        None if plain else recording.model_sha256,
        recording.model,
        recording.runtime.onnxruntime,
        recording.runtime.machine,
        recording.seed,
        recording.text,
        ids,
        others,
        list(_told_runs(recording)),
        _steps(edge for first, count in tape.forced for edge in (first, first + count)),
        _told_times(thinned(tape.times, len(tape))),
    ]
    dumped = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    content = dumped.encode("utf-8", "surrogatepass")
    if len(content) > MOST_LIST_BYTES:
        raise ShareLineError(
            f"the reply has {len(content) / 1e6:.1f} MB with its seed where a line holds "
            f"{MOST_LIST_BYTES / 1e6:.1f}; save it as a tape"
        )
    sha256 = bytes.fromhex(recording.model_sha256) if plain else bytes(32)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
    version = version_for(settings for _, settings in tape.runs())
    line = f"charlm{version}." + _letters(sha256 + deflate.compress(content) + deflate.flush())
    return line + _sum(line)


def from_line(line: str) -> Recording:
    """Read a line; white space anywhere in it counts for nothing.

    Surprisal and entropy come back as NaN, which is "not measured", so their sum and their mean
    are NaN too; the temperature is that of the settings. Times come back twice a second at most.

    Raises:
        ShareLineError: it is no line, is damaged, or is of a later version.
    """
    line = "".join(line.split())
    start = _PREFIX.match(line)
    if start is None:
        raise ShareLineError(
            f"the text is no shared reply: it begins with {line[:8]!r} where "
            f"'charlm{LINE_VERSIONS[0]}.' is expected; copy the line from its first letter on"
        )
    version = int(start[1])
    if start[1] != str(version) or version not in LINE_VERSIONS:
        raise ShareLineError(
            f"the line is a shared reply of version {start[1]} where {LINE_VERSIONS[0]} to "
            f"{LINE_VERSIONS[-1]} are expected; read it with a newer charlm-tui"
        )
    stray = re.search(r"[^A-Za-z0-9_-]", line[start.end() :])
    if stray is not None:
        raise ShareLineError(
            f"the line has {describe_symbol(stray[0])} after {start.end() + stray.start():,} "
            "letters, which no shared reply has; copy the line alone"
        )
    body = line[:-_SUM_LETTERS]
    if len(body) <= start.end() or line[-_SUM_LETTERS:] != _sum(body):
        raise _damaged("its letters do not have their check sum")
    try:
        return _recording(_inflated(body[start.end() :]), version)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise _damaged(f"{type(error).__name__}: {error!s:.80}") from None
    except SettingsError:
        raise _damaged("its settings are outside of their range") from None


def _damaged(why: str) -> ShareLineError:
    return ShareLineError(
        f"the line is cut off or damaged ({why}); copy it again, from its first letter to its last"
    )


def _letters(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _sum(body: str) -> str:
    return _letters(zlib.crc32(body.encode()).to_bytes(4, "big"))


def _inflated(letters: str) -> list[Any]:
    """Return the list that a line holds, with the sha256 in its place."""
    payload = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    inflate = zlib.decompressobj(-15, _DICTIONARY)
    try:
        content = inflate.decompress(payload[32:], MOST_LIST_BYTES + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not inflate.eof or inflate.unused_data:
        raise ValueError("it is not as long as it should be")
    document = json.loads(content.decode("utf-8", "surrogatepass"))
    if not isinstance(document, list):
        raise ValueError("it is no list")
    return [payload[:32].hex() if it is None else it for it in document[:1]] + document[1:]


def _recording(document: list[Any], version: int) -> Recording:
    sha256, model, onnxruntime, machine, seed, text, ids, others, runs, given, times = document
    for name in (sha256, model, onnxruntime, machine, seed, text):
        if not isinstance(name, str):
            raise ValueError("one of its names is no text")
    length = len(text)
    column = _read_ids(text, ids, others)
    tape = Tape()
    starts = list(_read_runs(runs, length, version))
    ends = [first for first, _, _ in starts[1:]] + [length]
    for (first, settings, known), end in zip(starts, ends, strict=bool(length)):
        nothing = (array("f", [math.nan]) * (end - first)).tobytes()
        warmth = temperatures(settings, seed, text, first, end).tobytes() if known else nothing
        tape.append(Columns(column[first:end].tobytes(), nothing, nothing, warmth), settings)
    edges = _places(given)
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        if not 0 <= first < end <= length:
            raise ValueError("what was given lies outside of it")
        tape.forced.append((first, end - first))
    tape.times = list(filled(list(_read_times(times, length))))
    return Recording(model, sha256, Runtime(onnxruntime, machine), seed, text, tape)


# Numbers as differences.


def _steps(numbers: Iterable[int]) -> list[int]:
    return [here - before for before, here in pairwise([0, *numbers])]


def _places(steps: Any) -> list[int]:
    if not isinstance(steps, list) or not all(type(step) is int for step in steps):
        raise ValueError("its numbers are none")
    return list(accumulate(steps))


# Ids.


def _told_ids(text: str, ids: "array[int]") -> tuple[list[int], list[int]]:
    """Return the id of each kind of character, and [place, id, ...] where it is another.

    A vocabulary has one id for a character, so the second is empty but for tapes made by hand.
    """
    table = dict(zip(text, ids, strict=True))
    others: list[int] = []
    before = 0
    for place, (char, index) in enumerate(zip(text, ids, strict=True)):
        if table[char] != index:
            others += (place - before, index)
            before = place
    return _steps(table[char] for char in sorted(table)), others


def _read_ids(text: str, steps: Any, others: Any) -> "array[int]":
    table = dict(zip(sorted(set(text)), _places(steps), strict=True))
    ids = array("H", map(table.__getitem__, text))
    places = _places(others[::2])
    for place, index in zip(places, others[1::2], strict=True):
        if not 0 <= place < len(ids):
            raise ValueError("an id lies outside of it")
        ids[place] = index
    return ids


# Settings.


def _values(settings: Settings) -> dict[str, Any]:
    """Return all that a line has of the settings: what is no longer in force is told, too."""
    return _NOTHING | settings.to_file()


def _told_runs(recording: Recording) -> Iterator[list[Any]]:
    tape, before, start = recording.tape, _values(_BASE), 0
    runs = tape.runs()
    ends = [first for first, _ in runs[1:]] + [len(tape)]
    for (first, settings), end in zip(runs, ends, strict=bool(runs)):
        values = _values(settings)
        told: list[Any] = [
            first - start,
            {name: value for name, value in values.items() if value != before.get(name)},
        ]
        expected = temperatures(settings, recording.seed, recording.text, first, end)
        if tape.temperature(first, end) != expected:
            told.append(1)
        yield told
        before, start = values, first


def _read_runs(runs: Any, length: int, version: int) -> Iterator[tuple[int, Settings, bool]]:
    """Yield (first character, settings, whether the temperatures are those of the settings)."""
    settings, first = _BASE, 0
    known = _BASE.to_file().keys() | (_NOTHING.keys() if version >= STEERED_VERSION else set())
    if not isinstance(runs, list) or len(runs) > MOST_RUNS:
        raise ValueError("its settings are no list, or too long a one")
    for number, (step, changes, *unknown) in enumerate(runs):
        first += step
        if type(step) is not int or (step > 0) != (number > 0) or not 0 <= first < length:
            raise ValueError("its settings are not in order")
        for name in changes:
            if name not in known:
                raise ShareLineError(
                    f"the line has the setting {name!r:.40}, which this charlm-tui does not know; "
                    "read it with a newer one"
                )
        settings = Settings.of_file(settings.to_file() | changes, version)
        yield first, settings, not unknown


# Times.


def _told_times(points: Sequence[tuple[int, int]]) -> list[int]:
    columns = [_steps(column) for column in zip(*points, strict=True)]
    return [number for pair in zip(*columns, strict=True) for number in pair]


def _read_times(times: Any, length: int) -> Iterator[tuple[int, int]]:
    last, at = -1, 0
    for first, when in zip(_places(times[::2]), _places(times[1::2]), strict=True):
        if not (last < first < length and at <= when <= LONGEST):
            raise ValueError("its times are not in order")
        yield first, when
        last, at = first, when
