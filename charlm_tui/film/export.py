"""A film as a file for others: a recording for asciinema, or a picture that moves.

The picture is SVG with no script: its frames take turns by styles, and whoever wants no motion sees
the last one. Writes no text that was not made visible.
"""

from collections.abc import Iterator
from html import escape
from itertools import islice
from pathlib import Path

from charlm_tui.film.film import NEVER, Film
from charlm_tui.film.order import FilmError
from charlm_tui.reply.exports.cast import coloured, event, header
from charlm_tui.reply.exports.shown import SEED, Shown
from charlm_tui.reply.exports.svg import BASE, CELL, MARGIN, ROW, STYLE, ground, line
from charlm_tui.reply.tints import DARK, LIGHT
from charlm_tui.text import begun, differences, runs, visible

FRAME_S = 0.5  # that an epoch stands
HOLD_S = 2.0  # that the last one stands longer
COLUMNS, ROWS = 96, 34
SEED_SHOWN = 200  # characters of the seed, at its end
SUFFIXES = (".cast", ".svg")
_FRESH = 9  # level of a reply's characters that changed, of `GLOWS`
_NEW = 254  # the same, as the class of a rectangle; no epoch has such a number
_CURVE = 80  # pixels that it is high
_BLOCKS = "▁▂▃▄▅▆▇█"


def check_name(path: Path) -> None:
    """Refuse a name that asks for no format.

    Raises:
        FilmError: it ends otherwise.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise FilmError(
            f"{path} ends in {path.suffix or 'no suffix'} where {' or '.join(SUFFIXES)} is "
            "expected; give another name"
        )


def exported(film: Film, path: Path) -> str:
    """Return a complete film as the content of a file.

    Args:
        film: all of it.
        path: of the file, whose suffix says which format.

    Raises:
        FilmError: it asks for none.
    """
    check_name(path)
    return film_cast(film) if path.suffix.lower() == ".cast" else film_svg(film)


def heading(film: Film, number: int) -> str:
    """Return what is said of an epoch, to be made visible: which one, and how good it is."""
    order = film.order
    epoch = order.epochs[number]
    on = f" {order.measured_on}" if order.measured_on else ""
    bits = "" if epoch.bits is None else f" · {epoch.bits:.3f} bits{on}"
    return f"{order.name}  epoch {epoch.name} of {order.epochs[-1].name}{bits}"


def settings_line(film: Film) -> str:
    """Return what all replies of a film have in common."""
    settings = film.order.settings
    return (
        f"the reply to one seed at temperature {settings.temperature:g}, RNG seed "
        f"{settings.rng_seed}; what changed is marked"
    )


def passage_line(film: Film, number: int) -> str:
    """Return what is said of the passage, or why there is none."""
    if film.passage.sentence:
        return film.passage.sentence
    return (
        f"a passage that it was not trained on: {film.known(number):,} of "
        f"{len(film.passage.text):,} characters learned, tinted by the epoch"
    )


def reply(film: Film, number: int, fresh: int) -> tuple[str, bytes]:
    """Return seed and reply of an epoch as one text, and a level for each character.

    Args:
        film: has the epoch.
        number: of the epoch.
        fresh: level of the characters that the epoch before had otherwise.
    """
    seed, text = film.order.seed[-SEED_SHOWN:], film.shots[number].text
    before = film.shots[number - 1].text if number else text
    changed = bytes(fresh * each for each in differences(text, before))
    return seed + text, bytes([SEED]) * len(seed) + changed


def film_cast(film: Film) -> str:
    """Return a complete film as a recording of a terminal: asciicast, version 2."""
    lines = [header(f"The film of {visible(film.order.name, '')}", COLUMNS, ROWS)]
    for number in range(len(film.shots)):
        screen = "\r\n".join(islice(_screen(film, number), ROWS))
        lines.append(event(number * FRAME_S, f"\x1b[?25l\x1b[H\x1b[2J{screen}"))
    lines.append(event(len(film.shots) * FRAME_S + HOLD_S, "\x1b[?25h"))
    return "\n".join(lines) + "\n"


def _screen(film: Film, number: int) -> Iterator[str]:
    last = len(film.shots) - 1
    at = number * (COLUMNS - 1) // max(1, last)
    yield f"\x1b[1m{begun(heading(film, number), COLUMNS)}\x1b[0m"
    yield "━" * at + "●" + "─" * (COLUMNS - 1 - at)
    yield _sparkline(film, number)
    yield begun(settings_line(film), COLUMNS)
    yield ""
    yield from _coloured_rows(Shown.of(*reply(film, number, _FRESH)))
    yield ""
    yield begun(passage_line(film, number), COLUMNS)
    yield ""
    yield from _tinted_rows(Shown.of(film.passage.text, film.levels(number)))


def _coloured_rows(whole: Shown) -> Iterator[str]:
    written = [char.replace("\n", "") for char in whole.text]
    for start, stop in whole.rows(COLUMNS):
        hangs = sum(whole.sizes[start:stop]) > COLUMNS  # a space over the edge
        yield "".join(coloured(whole, written, start, stop - hangs))


def _tinted_rows(whole: Shown) -> Iterator[str]:
    """Yield lines with tints behind the characters: a space has one, too."""
    for start, stop in whole.rows(COLUMNS):
        hangs = sum(whole.sizes[start:stop]) > COLUMNS  # a space over the edge
        parts = []
        for begin, end in runs(whole.levels, start, stop - hangs):
            text, level = whole.text[begin:end], whole.levels[begin]
            parts.append(f"{_behind(DARK.shades[level])}{text}\x1b[0m" if level else text)
        yield "".join(parts)


def _behind(shade: str) -> str:
    """Return what puts a colour behind what follows, which has the ink that is legible on it."""
    (red, green, blue), ink = (
        [int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in (shade, DARK.ink)
    )
    return f"\x1b[38;2;{ink[0]};{ink[1]};{ink[2]};48;2;{red};{green};{blue}m"


def _sparkline(film: Film, number: int) -> str:
    """Return the bits of each epoch as blocks, those that are still to come faint."""
    bits = [it.bits for it in film.order.epochs if it.bits is not None]
    if not bits:
        return ""
    low, span = min(bits), max(max(bits) - min(bits), 1e-9)
    places = range(min(COLUMNS, len(film.shots)))
    shown = [film.order.epochs[it * len(film.shots) // len(places)].bits for it in places]
    blocks = [
        " " if it is None else _BLOCKS[round((it - low) / span * (len(_BLOCKS) - 1))]
        for it in shown
    ]
    here = number * len(places) // len(film.shots) + 1
    return f"{''.join(blocks[:here])}\x1b[2m{''.join(blocks[here:])}\x1b[0m"


def film_svg(film: Film) -> str:
    """Return a complete film as a picture that moves."""
    count = len(film.shots)
    replies = [Shown.of(*reply(film, number, _NEW)) for number in range(count)]
    rows = max(sum(1 for _ in each.rows(COLUMNS)) for each in replies)
    passage = Shown.of(
        film.passage.text, bytes(0 if each == NEVER else each + 1 for each in film.learned)
    )
    top_reply = MARGIN + 3 * ROW
    top_passage = top_reply + (rows + 2) * ROW
    lines = list(passage.rows(COLUMNS)) if film.passage.text else []
    top_curve = top_passage + (len(lines) + 1) * ROW
    width, height = round(2 * MARGIN + COLUMNS * CELL), top_curve + _CURVE + 2 * MARGIN
    title = f"The film of {visible(film.order.name, '')}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}{''.join(_styles(film))}</style>",
        f'<rect width="{width}" height="{height}" fill="{LIGHT.paper}"/>',
        _note(settings_line(film), top_reply - ROW),
    ]
    for number, whole in enumerate(replies):
        parts.append(f'<g class="frame f{number}">')
        parts.append(_note(heading(film, number), MARGIN))
        parts.append(_slider(number, count, MARGIN + ROW + ROW // 2))
        for row, (start, stop) in enumerate(whole.rows(COLUMNS)):
            top = top_reply + row * ROW
            parts.extend(element for _, element in ground(whole, start, stop, top))
            parts.extend(line(whole, start, stop, top))
        parts.append(_note(passage_line(film, number), top_passage - ROW))
        parts.append(_dot(film, number, top_curve))
        parts.append("</g>")
    for row, (start, stop) in enumerate(lines):
        top = top_passage + row * ROW
        parts.extend(element for _, element in ground(passage, start, stop, top))
        parts.extend(line(passage, start, stop, top))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in _points(film, top_curve) if y is not None)
    parts.append(f'<polyline points="{points}" fill="none" stroke="{LIGHT.faint}"/>')
    parts.append("</svg>\n")
    return "\n".join(part for part in parts if part)


def _styles(film: Film) -> Iterator[str]:
    """Yield when each frame is seen, and from when on each tint of the passage."""
    count = len(film.shots)
    whole_s = count * FRAME_S + HOLD_S
    levels = film.epoch_levels()
    yield f".t{_NEW} {{ fill: #cfe3ff; }} .frame {{ opacity: 0; }} .f{count - 1} {{ opacity: 1; }} "
    for number in range(count):
        begins, ends = (100 * at * FRAME_S / whole_s for at in (number, number + 1))
        name = f"animation: {whole_s:g}s step-end infinite"
        end = "" if number == count - 1 else f" {ends:.3f}% {{ opacity: 0; }}"
        hidden = int(number == 0)
        starts = "" if number == 0 else f" {begins:.3f}% {{ opacity: 1; }}"
        yield f"@keyframes f{number} {{ 0% {{ opacity: {hidden}; }}{starts}{end} }} "
        yield f"@keyframes t{number + 1} {{ 0% {{ opacity: {hidden}; }}{starts} }} "
        yield f".f{number} {{ {name} f{number}; }} "
        yield f".t{number + 1} {{ fill: {LIGHT.shades[levels[number]]}; {name} t{number + 1}; }} "
    yield "@media (prefers-reduced-motion: reduce) { * { animation: none !important; } } "


def _note(text: str, top: int) -> str:
    return f'<text class="note" x="{MARGIN}" y="{top + BASE}">{escape(begun(text, COLUMNS))}</text>'


def _slider(number: int, count: int, y: int) -> str:
    x = MARGIN + COLUMNS * CELL * number / max(1, count - 1)
    return (
        f'<path d="M{MARGIN} {y}h{COLUMNS * CELL:.0f}" stroke="{LIGHT.shades[3]}" '
        f'stroke-width="2"/><circle cx="{x:.1f}" cy="{y}" r="6" fill="{LIGHT.shades[-1]}"/>'
    )


def _points(film: Film, top: int) -> Iterator[tuple[float, float | None]]:
    """Yield where each epoch is on the curve; the height of one that was not measured is None."""
    bits = [it.bits for it in film.order.epochs]
    known = [it for it in bits if it is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    for number, each in enumerate(bits):
        x = MARGIN + COLUMNS * CELL * number / max(1, len(bits) - 1)
        share = None if each is None else (high - each) / max(high - low, 1e-9)
        yield x, None if share is None else top + _CURVE * share


def _dot(film: Film, number: int, top: int) -> str:
    x, y = list(_points(film, top))[number]
    fill = LIGHT.shades[-1]
    return "" if y is None else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}"/>'
