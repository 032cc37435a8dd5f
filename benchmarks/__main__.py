"""`make bench`: every way to get the next character, side by side, as a table and as JSON."""

import os

# Before numpy is imported: the floor is one product on one thread.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import ways
from benchmarks.memory import measure_generate
from benchmarks.timing import Timed, median_ratio, side_by_side
from charlm_tui.lm.model import OnnxModel

MODEL = Path(__file__).resolve().parent.parent / "models" / "nietzsche.onnx"


@click.command()
@click.option("--model", type=click.Path(path_type=Path), default=MODEL, help="The model file.")
@click.option("--rounds", type=click.IntRange(1), default=9, show_default=True)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures there too.")
@click.option("--keras/--no-keras", default=True, help="Time the notebook's own loop, too.")
@click.option("--tries", is_flag=True, help="Time the tries that were not taken, too.")
@click.option(
    "--long", is_flag=True, help="Generate up to 1,000,000 characters, for time and memory."
)
def main(model: Path, rounds: int, out: Path | None, keras: bool, tries: bool, long: bool) -> None:
    """Time the ways to get the next character."""
    console = Console()
    chosen = [
        ways.floor(OnnxModel(model)),
        ways.exact(model),
        ways.step_alone(model),
        ways.held(model),
        ways.naive(model),
        ways.carried(model),
        ways.four_lanes(model),
        ways.step_alone(model, 4),
        ways.scoring(model),
        ways.caused(model),
    ]
    if keras:
        chosen.append(ways.keras_predict(model))
    if tries:
        chosen += [
            ways.exact(model, 1, True, "exact, one thread, spinning"),
            ways.exact(model, 2, False, "exact, two threads"),
            ways.exact(model, 2, True, "exact, two threads, spinning"),
        ]
    with console.status("timing") as status:
        timed = side_by_side(
            chosen, rounds, lambda done: status.update(f"round {done} of {rounds}")
        )
    rows = _rows(timed)
    table = Table("way", "µs / character", "× floor", "× exact", "goal")
    for row in rows:
        table.add_row(
            row["way"],
            f"{row['us']:.1f}",
            f"{row['floor']:.2f}",
            f"{row['exact']:.2f}",
            row["goal"],
        )
    console.print(table)
    figures: dict[str, Any] = {"rounds": rounds, "ways": rows}
    if long:
        figures["generate"] = measure_generate(model, console)
    if out is not None:
        out.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _rows(timed: list[Timed]) -> list[dict[str, Any]]:
    floor, exact = timed[0], timed[1]
    return [
        {
            "way": each.way.name,
            "us": each.median_us,
            "floor": median_ratio(each, floor),
            "exact": median_ratio(each, exact),
            "goal": each.way.goal,
            "rounds_us": each.rounds_us,
        }
        for each in timed
    ]


if __name__ == "__main__":
    main()
