"""A reply as a page of its own: no script, nothing that is fetched."""

from html import escape

from charlm_tui.reply.exports.facts import reply_facts
from charlm_tui.reply.exports.shown import SEED, Shown, shown
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.tints import FAINT, INK, PAPER, SHADES, Tint, legend, unmeasured
from charlm_tui.text import runs, visible

_STYLE = f"""\
:root {{ color-scheme: light; }}
body {{ background: {PAPER}; color: {INK}; font: 16px/1.6 Georgia, serif;
  max-width: 46em; margin: 2em auto; padding: 0 1em; }}
h1 {{ font-size: 1.2em; }}
.reply {{ white-space: pre-wrap; overflow-wrap: anywhere; }}
.reply, .legend i {{ font: 15px/1.6 ui-monospace, Menlo, Consolas, monospace; }}
.seed {{ font-weight: bold; }}
.legend, table {{ color: {FAINT}; font-size: 0.85em; margin-top: 2em; }}
.legend i {{ padding: 0 0.5em; }}
th {{ text-align: left; font-weight: normal; white-space: nowrap; padding-right: 1.5em;
  vertical-align: top; }}
td {{ overflow-wrap: anywhere; }}
"""


def html(recording: Recording, tint: Tint, title: str) -> str:
    """Return the page; of neighbours of one level is one element."""
    whole = shown(recording, tint)
    name = escape(visible(title))
    rows = "\n".join(
        f"<tr><th>{escape(visible(what))}</th><td>{escape(visible(value))}</td></tr>"
        for what, value in reply_facts(recording)
    )
    shades = "".join(
        f".t{level} {{ background: {shade}; }}\n" for level, shade in enumerate(SHADES)
    )
    return (
        f'<!doctype html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{name}</title>\n<style>\n{_STYLE}{shades}</style>\n</head>\n<body>\n"
        f'<h1>{name}</h1>\n<div class="reply">{_spans(whole)}</div>\n'
        f"{_legend(recording, tint)}<table>\n{rows}\n</table>\n</body>\n</html>\n"
    )


def _spans(whole: Shown) -> str:
    parts: list[str] = []
    for start, stop in runs(whole.levels, 0, len(whole.text)):
        level, text = whole.levels[start], escape(whole.text[start:stop], quote=False)
        if level == SEED:
            parts.append(f'<span class="seed">{text}</span>')
        else:
            parts.append(f'<span class="t{level}">{text}</span>' if level else text)
    return "".join(parts)


def _legend(recording: Recording, tint: Tint) -> str:
    if tint is Tint.PLAIN:
        return ""
    if unmeasured(tint, recording.tape):
        return f'<p class="legend">{tint.value} was not measured</p>\n'
    low, high = legend(tint)
    steps = "".join(f'<i class="t{level}">&nbsp;</i>' for level in range(len(SHADES)))
    return f'<p class="legend">{low} {steps} {high}</p>\n'
