r"""A reply as a recording of a terminal: asciicast, version 2.

JSON lines: a header, then [seconds, "o", what is written]. The reply comes as fast as it came, by
its tape's own times, and is broken into lines at spaces. Lines end in "\r\n"; of the text's own
control characters none is written, only their pictures.
https://docs.asciinema.org/manual/asciicast/v2/
"""

import json
from collections.abc import Iterator, Sequence

from charlm_tui.reply.exports.shown import SEED, Shown, shown
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.times import ordered
from charlm_tui.reply.tints import GLOWS, Tint
from charlm_tui.text import runs, visible

COLUMNS, LINES = 80, 24
IDLE_S = 3.0  # that a player waits at the most
PACE = 30.0  # characters a second of a reply without times
BATCH = 3  # characters at once, of such a reply

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def cast(recording: Recording, tint: Tint, title: str) -> str:
    """Return the recording; the seed is there at its start, in bold."""
    whole = shown(recording, tint)
    written = _written(whole)
    lines = [header(title)]
    for start, stop, seconds in _batches(recording):
        if start == stop:
            continue
        lines.append(event(seconds, "".join(coloured(whole, written, start, stop))))
    return "\n".join(lines) + "\n"


def header(title: str, columns: int = COLUMNS, rows: int = LINES) -> str:
    """Return the first line of a recording."""
    told = {
        "version": 2,
        "width": columns,
        "height": rows,
        "idle_time_limit": IDLE_S,
        "title": visible(title, " "),
        "env": {"TERM": "xterm-256color"},
    }
    return json.dumps(told, ensure_ascii=False)


def event(seconds: float, data: str) -> str:
    """Return the line of what is written after so many seconds."""
    return json.dumps([round(seconds, 3), "o", data], ensure_ascii=False)


def _batches(recording: Recording) -> Iterator[tuple[int, int, float]]:
    """Yield (start, stop, seconds) of what is written at once, places in seed and reply."""
    before, length = len(recording.seed), len(recording.text)
    times = list(ordered(recording.tape.times, length))
    if not times:
        times = [(first, (first + 1) / PACE) for first in range(0, length, BATCH)]
    yield 0, before, 0.0
    if times and times[0][0] > 0:
        yield before, before + times[0][0], 0.0
    ends = [first for first, _ in times[1:]] + [length]
    for (first, seconds), end in zip(times, ends, strict=False):
        yield before + first, before + end, seconds


def _written(whole: Shown) -> list[str]:
    """Return what is written for each character, with line breaks where lines are full."""
    written = [char if char != "\n" else "\r\n" for char in whole.text]
    before = 0
    for start, stop in whole.rows(COLUMNS):
        if start and start == before:
            written[start] = "\r\n" + written[start]
        if sum(whole.sizes[start:stop]) > COLUMNS:  # a space hangs over the edge
            written[stop - 1] = written[stop - 1].removesuffix(" ")
        before = stop
    return written


def coloured(whole: Shown, written: Sequence[str], start: int, stop: int) -> Iterator[str]:
    """Yield what is written of a stretch, in the colours of its levels; the seed in bold."""
    for begin, end in runs(whole.levels, start, stop):
        level, text = whole.levels[begin], "".join(written[begin:end])
        glow = GLOWS[level] if level != SEED else None
        if level == SEED:
            yield f"{_BOLD}{text}{_PLAIN}"
        elif glow is not None:
            yield f"\x1b[38;2;{glow[0]};{glow[1]};{glow[2]}m{text}{_PLAIN}"
        else:
            yield text
