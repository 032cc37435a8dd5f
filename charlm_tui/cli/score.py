"""`charlm-tui score`: its options, and what it prints of one text or of many."""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charlm_tui.cli.engines import Engine, processes_option, ray_option
from charlm_tui.cli.help import HelpfulCommand
from charlm_tui.cli.options import context_options, model_option, settings_of, with_options
from charlm_tui.cli.scripts import read_text
from charlm_tui.cli.start import begin_script
from charlm_tui.cli.streams import output, say
from charlm_tui.lm.settings import Settings

if TYPE_CHECKING:
    from charlm_tui.batch.score import CauseReport, InfluenceReport, ReachReport, Report

WORST = 10  # places that a score names
MOST_LINES = 100  # of the curve of a reach
BAR = 40  # cells of its longest bar


@click.command(
    cls=HelpfulCommand,
    examples=(
        ("charlm-tui score my.txt", "How well the model predicts a text"),
        (
            "charlm-tui score my.txt --per-character | jq .surprisal_bits",
            "What it thinks of each character",
        ),
        ("charlm-tui score my.txt --reach", "How far back it looks"),
    ),
)
@click.argument("file", nargs=-1, required=True, metavar="FILE...")
@with_options(model_option, *context_options)
@click.option(
    "--skip", type=click.IntRange(0), default=0, help="Leave the first N out of the mean."
)
@click.option(
    "--reach", is_flag=True, help="Tell how far back the model looks: its bits at each depth."
)
@click.option(
    "--causes", is_flag=True, help="Rank the units by what they cause at the last character."
)
@click.option(
    "--influence",
    type=click.Choice(["space", "mean"]),
    help="Tell which characters matter to the last one, if a space stood there, or in the mean "
    "over every other symbol.",
)
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="MODEL",
    help="Tell which of two models predicts each character better; a terminal shows the text "
    "tinted by that.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--per-character", is_flag=True, help="Print a JSON line for each character.")
@click.option(
    "--documents",
    is_flag=True,
    help="Print a JSON line for each document, as with several FILEs: a file is one, and of a "
    ".jsonl file each line.",
)
@click.option(
    "--paragraphs", is_flag=True, help="Print a JSON line for each paragraph, too, before that."
)
@click.option(
    "--field",
    metavar="NAME",
    help="The field of a JSON line that has the text of its document. Default: text.",
)
@with_options(processes_option, ray_option)
def score(
    file: tuple[str, ...],
    model: Path | None,
    skip: int,
    reach: bool,
    causes: bool,
    influence: str | None,
    against: Path | None,
    as_json: bool,
    per_character: bool,
    documents: bool,
    paragraphs: bool,
    field: str | None,
    processes: int | None,
    ray: str | None,
    **values: Any,
) -> int:
    """Tell how well the model predicts a text, in bits per character; - is standard input.

    Of several files, or with one of the last options, it prints a line of JSON for each document,
    in their order; the files are read as streams.
    """
    files = file
    if len(files) > 1 or documents or paragraphs or field or processes is not None or ray:
        of_one = {
            "--json": as_json,
            "--per-character": per_character,
            "--reach": reach,
            "--causes": causes,
            "--influence": influence,
            "--against": against,
            "--skip": skip,
            "-": "-" in files,
        }
        for option, given in of_one.items():
            if given:
                raise click.UsageError(
                    f"{option} is for one text; leave it out, or give one FILE alone"
                )
        return _score_documents(
            [Path(each) for each in files],
            model,
            settings_of(values),
            Engine(processes, ray),
            paragraphs,
            field,
        )
    if as_json and per_character:
        raise click.UsageError("--json and --per-character exclude each other; give one of them")
    if against is not None and (reach or causes or influence):
        raise click.UsageError(
            "--against compares bits alone: leave out --reach, --causes and --influence, or leave "
            "out --against"
        )
    alone = [name for name, on in (("--causes", causes), ("--influence", influence)) if on]
    if alone and (reach or per_character or skip or len(alone) > 1):
        raise click.UsageError(
            f"{alone[0]} is of the last character alone: leave out --reach, --per-character, "
            f"--skip{' and --influence' if len(alone) > 1 else ''}"
        )
    settings = settings_of(values)
    if (reach or influence) and settings.carry:
        raise click.UsageError(
            f"--{'reach' if reach else 'influence'} looks back at a window, and a carried context "
            "has none; "
            "give --depth N, or leave out --carry"
        )
    text = read_text(files[0], "the text")
    if against is not None:
        from charlm_tui.cli.against import score_against

        score_against((model, against), text, settings, skip, as_json, per_character)
        return 0
    path, limits = begin_script(model)
    from charlm_tui.batch.score import run, run_causes, run_influence, run_reach

    if alone:
        told: CauseReport | InfluenceReport
        if causes:
            told = found = run_causes(path, text, settings, say, limits)
            words = partial(_causes_in_words, found)
        else:
            every = influence == "mean"
            told = moved = run_influence(path, text, settings.depth, every, say, limits)
            words = partial(_influence_in_words, moved)
        with output() as out:
            if as_json:
                facts = json.dumps(told.summary(None), ensure_ascii=False)
                out.write(facts.encode() + b"\n")
            else:
                out.write(words().encode())
        return 0
    shown = sys.stderr.isatty()
    report: Report | ReachReport
    if reach:
        report = looked = run_reach(path, text, settings.depth, skip, shown, say, limits)
        words = partial(_reach_in_words, looked)
    else:
        report = scored = run(path, text, settings, skip, shown, say, limits)
        words = partial(_in_words, scored)
    with output() as out:
        if per_character:
            for line in report.lines():
                out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        elif as_json:
            out.write(json.dumps(report.summary(WORST), ensure_ascii=False).encode() + b"\n")
        else:
            out.write(words().encode())
    return 0


def _score_documents(
    files: Sequence[Path],
    model: Path | None,
    settings: Settings,
    engine: Engine,
    paragraphs: bool,
    field: str | None,
) -> int:
    """Print a line for each document; return the exit code."""
    path, limits = begin_script(model)
    from charlm_tui.batch.documents import FIELD
    from charlm_tui.batch.score_documents import ScoreWork, lines_of
    from charlm_tui.lm.model import OnnxModel

    window = settings.depth or OnnxModel(path, limits=limits).contract.window
    work = ScoreWork(path, settings, window, limits, paragraphs, field or FIELD)
    failed = 0
    with output() as out, engine.told_apart():
        for line in lines_of(engine.results(work, files), paragraphs):
            failed += "error" in line
            out.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            out.flush()
    if failed:
        say(
            f"error: {failed:,} document{'s' if failed > 1 else ''} could not be read to the end; "
            'the "error" of each line says why'
        )
    return 1 if failed else 0


def _in_words(report: "Report") -> str:
    summary = report.summary(WORST)
    skipped = f", the first {report.skip:,} left out" if report.skip else ""
    lines = [
        f"{summary['bits_per_character']:.4f} bits per character over "
        f"{summary['scored']:,} characters{skipped}",
        "the most surprising places:",
    ]
    lines += [
        f"  {place['surprisal_bits']:6.2f} bits  at {place['at']:,}: "
        f"{place['before']!r} → {place['character']!r}"
        for place in summary["most_surprising"]
    ]
    return "\n".join(lines) + "\n"


def _reach_in_words(report: "ReachReport") -> str:
    summary = report.summary(WORST)
    curve, settled = summary["bits_by_depth"], summary["settling_depth"]
    skipped = f", the first {report.skip:,} left out" if report.skip else ""
    scale = BAR / (max(curve) or 1.0)
    lines = [
        f"bits per character after the last N characters, over {summary['scored']:,}{skipped}:",
        *(
            f"{depth:6,}  {curve[depth - 1]:7.4f}  {'#' * round(curve[depth - 1] * scale)}"
            for depth in _some(len(curve))
        ),
        f"a character settles, within {summary['settled_within_bits']} bit, after "
        f"{settled['mean']:.1f} characters in the mean, 90 % of them within "
        f"{settled['90_percent']:,}, the farthest after {settled['farthest']:,}:",
    ]
    lines += [
        f"{place['settling_depth']:6,}  at {place['at']:,}: "
        f"{place['before']!r} → {place['character']!r}"
        for place in summary["farthest"]
    ]
    return "\n".join(lines) + "\n"


def _causes_in_words(report: "CauseReport") -> str:
    summary = report.summary(WORST)
    lines = [
        f"{summary['character']!r} at {summary['at']:,}, after {summary['before']!r}: how far the "
        "prediction moves if a unit is zero before it",
        *(
            f"{each['unit']:>8}  {each['bits']:7.4f} bits, most towards {each['towards']!r} "
            f"({each['gain']:+.4f})"
            for each in summary["units"]
        ),
    ]
    return "\n".join(lines) + "\n"


def _influence_in_words(report: "InfluenceReport") -> str:
    summary = report.summary(WORST)
    lines = [
        f"{summary['character']!r} at {summary['at']:,}, after {summary['before']!r}: how far the "
        f"prediction moves if {summary['replaced_by']} stood there",
        *(
            f"{each['bits']:7.4f} bits  {each['character']!r}, {each['back']:,} before"
            for each in summary["characters"]
        ),
    ]
    return "\n".join(lines) + "\n"


def _some(depth: int) -> list[int]:
    """Return the depths that a curve has lines for: all, or as many as can be read."""
    step = -(-depth // MOST_LINES)
    return sorted({1, *range(step, depth + 1, step), depth})
