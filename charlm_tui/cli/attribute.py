"""`charlm-tui attribute`: its options, and the table that it prints."""

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charlm_tui.cli.options import context_options, settings_of, with_options
from charlm_tui.cli.scripts import read_text
from charlm_tui.cli.start import begin_script_of
from charlm_tui.cli.streams import output, say
from charlm_tui.controls.controls import LANES

if TYPE_CHECKING:
    from charlm_tui.batch.attribute import AttributionReport
    from charlm_tui.lm.comparison import Attribution

PLAIN_PERCENT = 0.1  # of a chance, from which on it is told as a percentage
MOST_ODDS = 9  # digits of the odds that are written out


@click.command()
@click.argument("file")
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="MODEL",
    help="A model that may have written it: give it 2 to 8 times, each a file or the name of a "
    "model that comes with the program.",
)
@with_options(*context_options)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def attribute(file: str, models: tuple[Path, ...], as_json: bool, **values: Any) -> None:
    """Tell which of some models each paragraph of a text is likest; - is standard input."""
    least, most = LANES
    if not least <= len(models) <= most:
        raise click.UsageError(
            f"--model names {len(models)} models where {least} to {most} are expected; give it "
            "several times, such as: --model nietzsche --model shakespeare"
        )
    settings = settings_of(values)
    text = read_text(file, "the text")
    paths, limits = begin_script_of(models)
    from charlm_tui.batch.attribute import run
    from charlm_tui.lm.vocabulary import describe_dropped

    report = run(paths, text, settings, sys.stderr.isatty(), limits)
    if report.dropped:
        dropped = describe_dropped(report.dropped)
        say(f"note: left out, as not every model knows it: {dropped}")
    with output() as out:
        if as_json:
            out.write(json.dumps(report.summary(), ensure_ascii=False).encode() + b"\n")
        else:
            out.write(_in_words(report).encode())


def _in_words(report: "AttributionReport") -> str:
    from charlm_tui.batch.attribute import begins

    width = max(len("0.000 (0.000)"), *map(len, report.names))
    names = "  ".join(f"{name:>{width}}" for name in report.names)
    head = f"{'line':>7}  {'characters':>10}  {names}  {'most likely':<{width}}  ahead by"
    rows = [head]
    for each in report.paragraphs:
        if each.found is None:
            rows.append(f"{each.line:7,}  {0:10,}  no character that all models know")
        else:
            row = _row(f"{each.line:,}", each.found, report.names, width)
            rows.append(f"{row}  {begins(each.text)}")
    whole = report.whole
    rows.append(_row("all", whole, report.names, width))
    named = report.names[whole.best]
    rows += [
        "",
        "bits per character by each model; in brackets what it expects of a text of its own there",
        f"if one of these models had written all of it, the chance that it was another one than "
        f"{named}: {odds(whole)}",
        "a real author is none of these models: the README tells how often the likelier was right",
    ]
    return "\n".join(rows) + "\n"


def _row(place: str, found: "Attribution", names: tuple[str, ...], width: int) -> str:
    cells = "  ".join(
        f"{bits / found.characters:.3f} ({expected / found.characters:.3f})".rjust(width)
        for bits, expected in zip(found.bits, found.expected_bits, strict=True)
    )
    sure = f"{found.ahead_bits:,.1f} bits, {odds(found)}"
    return f"{place:>7}  {found.characters:10,}  {cells}  {names[found.best]:<{width}}  {sure:<24}"


def odds(found: "Attribution") -> str:
    """Return the chance that another of the models wrote a text, as a person reads it."""
    chance, log2 = found.error, found.error_log2
    if chance >= PLAIN_PERCENT:
        return f"{chance:.0%}"
    digits = -log2 * math.log10(2)
    if digits < MOST_ODDS:
        return f"1 in {1 / chance:,.0f}"
    return f"1 in 10^{digits:.0f}"
