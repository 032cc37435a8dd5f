"""`charlm-tui score --against`: what it prints, and the text in colours on a terminal."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from charlm_tui.cli.start import begin_script_of
from charlm_tui.cli.streams import output, say
from charlm_tui.lm.settings import Settings
from charlm_tui.text import visible

if TYPE_CHECKING:
    from charlm_tui.batch.against import AgainstReport

MOST_DIFFERENT = 10  # places that are named


def score_against(
    models: tuple[Path | None, Path],
    text: str,
    settings: Settings,
    skip: int,
    as_json: bool,
    per_character: bool,
) -> None:
    """Score a text under two models, in a child process, and print what comes of it.

    Args:
        models: the one that was asked for, and the one that it is compared with.
        text: any.
        settings: of the context.
        skip: characters at the beginning that are left out of the means.
        as_json: print one JSON object.
        per_character: print a JSON line for each character.

    Raises:
        CharlmError: a model cannot be used, or nothing is left to score.
    """
    paths, limits = begin_script_of(models)
    from charlm_tui.batch.against import run

    report = run((paths[0], paths[1]), text, settings, skip, sys.stderr.isatty(), say, limits)
    with output() as out:
        if per_character:
            for line in report.lines():
                out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        elif as_json:
            facts = json.dumps(report.summary(MOST_DIFFERENT), ensure_ascii=False)
            out.write(facts.encode() + b"\n")
        else:
            if sys.stdout.isatty():  # whose control characters are ours, not the text's
                sys.stdout.buffer.write(_tinted(report).encode())
            out.write(_in_words(report).encode())


def _tinted(report: "AgainstReport") -> str:
    """Return the text in the colours of a terminal, and a line that says what they mean."""
    from rich.console import Console

    from charlm_tui.repl.printer import shades, tinted
    from charlm_tui.reply.tints import DIVERGING, FULL_RATIO_BITS, ratio_levels

    every = shades(Console(), diverging=True)
    levels = ratio_levels(report.ratio_bits.tolist())
    text = tinted(report.aligned.text, levels, every)
    one, other = (visible(name, "") for name in report.names)
    sample = tinted("a" * DIVERGING, bytes(range(DIVERGING)), every)
    legend = (
        f"predicted better by {other} {sample} by {one}, {FULL_RATIO_BITS:g} bits or more at the "
        "ends"
    )
    return f"{text}\n\n{legend}\n" if not text.endswith("\n") else f"{text}\n{legend}\n"


def _in_words(report: "AgainstReport") -> str:
    summary = report.summary(MOST_DIFFERENT)
    one, other = (
        f"{model['bits_per_character']:.4f} by {model['model']}" for model in summary["models"]
    )
    skipped = f", the first {report.skip:,} left out" if report.skip else ""
    names = report.names
    lines = [
        f"bits per character over {summary['scored']:,} characters{skipped}: {one}, {other}",
        "the places that differ most, by how many bits which model predicted them better:",
    ]
    for place in summary["most_different"]:
        ratio = place["ratio_bits"]
        better = names[0] if ratio >= 0 else names[1]
        bits = ", ".join(f"{each:.2f}" for each in place["surprisal_bits"])
        lines.append(
            f"  {abs(ratio):6.2f} bits  at {place['at']:,}: {place['before']!r} → "
            f"{place['character']!r}  {better} ({bits})"
        )
    return "\n".join(lines) + "\n"
