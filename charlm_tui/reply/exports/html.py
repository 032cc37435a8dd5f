"""A reply as a page of its own: no script, nothing that is fetched, dark where the reader's are."""

import math
from collections.abc import Callable, Iterator
from html import escape

from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.reply.exports.facts import again, reply_facts
from charlm_tui.reply.exports.shown import SEED, Shown, shown
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.tints import DARK, LIGHT, Sheet, Tint, legend, unmeasured
from charlm_tui.text import runs, visible

MOST_POINTED = 20_000
"""Characters of a reply that have figures of their own: with more, a page is slow to open."""

FRAGMENT = "charlm-tui-reply"
"""The class of a reply in somebody else's page."""

_STYLE = """\
:root { color-scheme: light dark; }
body { background: var(--paper); color: var(--ink); font: 16px/1.6 Georgia, serif;
  max-width: 46em; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.2em; }
.reply { white-space: pre-wrap; overflow-wrap: anywhere; }
.reply, .legend i, pre { font: 15px/1.6 ui-monospace, Menlo, Consolas, monospace; }
.reply i { font-style: normal; }
.reply i:hover { outline: 1px solid; }
.seed { font-weight: bold; }
.legend, table, .again { color: var(--faint); font-size: 0.85em; margin-top: 2em; }
.legend i { padding: 0 0.5em; }
th { text-align: left; font-weight: normal; white-space: nowrap; padding-right: 1.5em;
  vertical-align: top; }
td, pre { overflow-wrap: anywhere; white-space: pre-wrap; }
"""
_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'"


def html(recording: Recording, tint: Tint, title: str) -> str:
    """Return the page; of neighbours of one level is one element."""
    whole = shown(recording, tint)
    name = escape(visible(title))
    rows = "\n".join(
        f"<tr><th>{escape(visible(what))}</th><td>{escape(visible(value))}</td></tr>"
        for what, value in reply_facts(recording)
    )
    sentence, code = again(recording)
    made = f"<pre>{escape(visible(code))}</pre>\n" if code else ""
    text = "".join(_spans(whole, len(recording.seed), _figures(recording)))
    return (
        '<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{name}</title>\n<style>\n{_STYLE}{_colours(LIGHT)}"
        f"@media (prefers-color-scheme: dark) {{\n{_colours(DARK)}}}\n</style>\n</head>\n<body>\n"
        f'<h1>{name}</h1>\n<div class="reply">{text}</div>\n'
        f"{_legend(recording, tint)}<table>\n{rows}\n</table>\n"
        f'<p class="again">{escape(sentence)}</p>\n{made}</body>\n</html>\n'
    )


def fragment(recording: Recording, tint: Tint) -> str:
    """Return seed and reply as a part of somebody else's page, such as a notebook.

    Nothing of its style acts outside of it. Its paper is light wherever it stands: what the page
    around it looks like is not known.
    """
    whole = shown(recording, tint)
    text = "".join(_spans(whole, len(recording.seed), _figures(recording)))
    rules = [
        f"{{ background: {LIGHT.paper}; color: {LIGHT.ink}; padding: 0.5em; text-align: left; "
        "white-space: pre-wrap; overflow-wrap: anywhere; font-family: monospace; }",
        " i { font-style: normal; }",
        " .seed { font-weight: bold; }",
        *(f" .t{level} {{ background: {shade}; }}" for level, shade in enumerate(LIGHT.shades)),
    ]
    style = "\n".join(f".{FRAGMENT}{rule}" for rule in rules)
    return f'<style>\n{style}\n</style>\n<div class="{FRAGMENT}">{text}</div>\n'


def _colours(sheet: Sheet) -> str:
    names = f"--paper: {sheet.paper}; --ink: {sheet.ink}; --faint: {sheet.faint};"
    shades = "".join(
        f".t{level} {{ background: {shade}; }}\n" for level, shade in enumerate(sheet.shades)
    )
    return f":root {{ {names} }}\n{shades}"


def _spans(whole: Shown, start: int, figures: Callable[[int], str]) -> Iterator[str]:
    """Yield an element for each run of a level; in it, one for each character that has figures.

    Args:
        whole: seed and reply.
        start: the place of the reply's first character.
        figures: of a character of the reply, by its number; empty if there are none.
    """
    for begin, end in runs(whole.levels, 0, len(whole.text)):
        level = whole.levels[begin]
        if level == SEED:
            yield f'<span class="seed">{escape(whole.text[begin:end], quote=False)}</span>'
            continue
        pointed = min(end, start + MOST_POINTED)
        parts = [_pointed(whole.text[at], figures(at - start)) for at in range(begin, pointed)]
        parts.append(escape(whole.text[max(begin, pointed) : end], quote=False))
        text = "".join(parts)
        yield f'<span class="t{level}">{text}</span>' if level else text


def _pointed(char: str, figures: str) -> str:
    """Return an element that says a character's figures when it is pointed at."""
    shown = escape(char, quote=False)
    return (
        f'<i title="{escape(f"{describe_symbol(char)}: {figures}")}">{shown}</i>'
        if figures
        else shown
    )


def _figures(recording: Recording) -> Callable[[int], str]:
    """Return what tells the figures of a character by its number, as far as they were measured."""
    tape = recording.tape
    surprisal, entropy = tape.surprisal_bits(0, MOST_POINTED), tape.entropy_bits(0, MOST_POINTED)
    temperature = tape.temperature(0, MOST_POINTED)
    typed = {
        at for first, count in tape.forced for at in range(first, min(first + count, MOST_POINTED))
    }

    def told(number: int) -> str:
        bits, spread, warmth = surprisal[number], entropy[number], temperature[number]
        parts = []
        if math.isfinite(bits) and bits >= 0:
            parts += [f"probability {_share(bits)}", f"surprisal {bits:.2f} bits"]
        if math.isfinite(spread):
            parts.append(f"entropy {spread:.2f} bits")
        if number in typed:
            parts.append("typed or picked by a person")
        elif math.isfinite(warmth):
            parts.append(f"temperature {warmth:.3g}")
        return ", ".join(parts)

    return told


def _share(bits: float) -> str:
    """Return the probability that so many bits of surprisal are, in words that can be read."""
    percent = 100 * 2.0**-bits
    return f"{percent:.3g} %" if percent >= 0.01 else "below 0.01 %"


def _legend(recording: Recording, tint: Tint) -> str:
    parts = []
    if tint is not Tint.PLAIN and unmeasured(tint, recording.tape):
        parts.append(f"{tint.value} was not measured")
    elif tint is not Tint.PLAIN:
        low, high = legend(tint)
        steps = "".join(f'<i class="t{level}">&nbsp;</i>' for level in range(len(LIGHT.shades)))
        parts.append(f"{low} {steps} {high}")
    if not unmeasured(Tint.SURPRISAL, recording.tape):
        more = f" of the first {MOST_POINTED:,}" if len(recording.text) > MOST_POINTED else ""
        parts.append(
            f"Point at a character{more} for its figures: they are of the model's own "
            "distribution, before temperature and truncation."
        )
    return "".join(f'<p class="legend">{part}</p>\n' for part in parts)
