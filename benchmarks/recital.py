"""`python -m benchmarks.recital --corpus PATH`: what the recital meter costs, against generation.

Where there is no corpus, it says so and measures nothing: `make bench` has measured the rest. Times
of one run, side by side; memory is that of processes of their own.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import ways
from benchmarks.memory import _peak_kib
from benchmarks.timing import Way, median_ratio, side_by_side
from charlm_tui.lm.context import RollingWindow
from charlm_tui.lm.generation import Generation, prefixed
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.recital import Recital, RecitalError, build, corpus_for, open_index
from charlm_tui.recital.corpus import fit_corpus, read_corpus_bytes

MODEL = Path(__file__).resolve().parent.parent / "models" / "nietzsche.onnx"
REPLY = 20_000  # characters
BATCH = 200  # characters that come at once at full speed

READ = """
import sys
from pathlib import Path
from benchmarks.recital import Automaton
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.recital import build, open_index
from charlm_tui.recital.corpus import fit_corpus, read_corpus_bytes
path, folder, case, symbols = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
text = fit_corpus(read_corpus_bytes(path), path, Vocabulary(symbols, case))
"""


class Automaton:
    """A suffix automaton of dictionaries (Blumer et al. 1985), the way that was not taken."""

    def __init__(self, text: str) -> None:
        self._next: list[dict[str, int]] = [{}]
        self._link, self._length = [-1], [0]
        last = 0
        for char in text:
            new = self._state({}, self._length[last] + 1, 0)
            at = last
            while at >= 0 and char not in self._next[at]:
                self._next[at][char] = new
                at = self._link[at]
            if at >= 0:
                found = self._next[at][char]
                if self._length[at] + 1 < self._length[found]:
                    short = self._length[at] + 1
                    twin = self._state(dict(self._next[found]), short, self._link[found])
                    self._link[found] = twin
                    while at >= 0 and self._next[at].get(char) == found:
                        self._next[at][char] = twin
                        at = self._link[at]
                    found = twin
                self._link[new] = found
            last = new

    def _state(self, following: dict[str, int], length: int, link: int) -> int:
        self._next.append(following)
        self._length.append(length)
        self._link.append(link)
        return len(self._next) - 1

    def lengths(self, text: str) -> list[int]:
        """Return the matching statistics of a text."""
        at = length = 0
        lengths = []
        for char in text:
            while at >= 0 and char not in self._next[at]:
                at = self._link[at]
                length = self._length[at] if at >= 0 else -1
            at = self._next[at][char] if at >= 0 else 0
            length += 1
            lengths.append(length)
        return lengths


@click.command()
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    help="A UTF-8 text; default: $CHARLM_CORPUS, else what Keras has downloaded.",
)
@click.option("--model", type=click.Path(path_type=Path), default=MODEL, help="The model file.")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option("--tries", is_flag=True, help="Measure a suffix automaton, too.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures there too.")
def main(corpus: Path | None, model: Path, rounds: int, tries: bool, out: Path | None) -> None:
    """Measure the recital meter; without a corpus, say that it is left out."""
    vocabulary = OnnxModel(model).contract.vocabulary
    try:
        found = corpus_for({}, corpus, os.environ)
        if found is None:
            click.echo(
                "note: there is no corpus at hand, so the recital meter is not measured; "
                "give one with --corpus PATH, or with CHARLM_CORPUS",
                err=True,
            )
            return
        text = fit_corpus(read_corpus_bytes(found.path), found.path, vocabulary)
    except RecitalError as error:
        raise click.ClickException(str(error)) from None
    _measure(found.path, text, model, vocabulary, rounds, tries, out)


def _measure(
    corpus: Path,
    text: str,
    model: Path,
    vocabulary: Vocabulary,
    rounds: int,
    tries: bool,
    out: Path | None,
) -> None:
    """Measure with a corpus, whose text as the model knows it is `text`."""
    console = Console()
    figures: dict[str, Any] = {"characters": len(text), "rounds": rounds}
    with tempfile.TemporaryDirectory() as name, console.status("measuring"):
        folder = Path(name)
        index = open_index(corpus, vocabulary, folder)
        figures["file_mb"] = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        figures["build_s"] = _median_s(lambda: build(text), rounds)
        figures["open_s"] = _median_s(lambda: open_index(corpus, vocabulary, folder), rounds)
        figures |= _memory(corpus, vocabulary, folder, tries)
        reply = _reply(model, vocabulary)
        chosen = [ways.exact(model), _following(lambda: Recital(index).follow, reply, "the meter")]
        if tries:
            start = time.perf_counter()
            automaton = Automaton(text)
            figures["automaton_build_s"] = time.perf_counter() - start
            chosen.append(_following(lambda: automaton.lengths, reply, "an automaton, no words"))
        timed = side_by_side(chosen, rounds)
        # A batch alone finds caches that the model has filled: that is how the app follows.
        figures["between_batches_us"] = _between_batches_us(chosen[0], Recital(index), reply)
    table = Table("what", "figure")
    for key, value in figures.items():
        table.add_row(key, f"{value:,}" if isinstance(value, int) else f"{value:.3g}")
    for each in timed:
        ratio = median_ratio(each, timed[0])
        figures[each.way.name] = {"us": each.median_us, "of_generation": ratio}
        table.add_row(
            f"{each.way.name}, µs / character", f"{each.median_us:.2f} ({ratio:.2%} of generation)"
        )
    console.print(table)
    if out is not None:
        out.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _median_s(run: Callable[[], object], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _memory(corpus: Path, vocabulary: Vocabulary, folder: Path, tries: bool) -> dict[str, float]:
    """Return the largest resident sizes above that of a process that has only read the corpus."""

    def peak_mb(program: str) -> float:
        symbols = "".join(vocabulary.symbols)
        command = [sys.executable, "-c", READ + program]
        peak = _peak_kib([*command, str(corpus), str(folder), vocabulary.case, symbols])
        return peak * 1024 / 1e6

    read_mb = peak_mb("")
    figures = {
        "build_peak_mb": peak_mb("build(text)") - read_mb,
        "open_peak_mb": peak_mb("open_index(path, Vocabulary(symbols, case), folder)") - read_mb,
    }
    if tries:
        figures["automaton_peak_mb"] = peak_mb("Automaton(text)") - read_mb
    return figures


def _reply(path: Path, vocabulary: Vocabulary) -> str:
    model = OnnxModel(path)
    generation = Generation(
        RollingWindow(model, model.contract.window),
        Sampler(len(vocabulary)),
        Settings(ways.TEMPERATURE, 1),
        prefixed(vocabulary, vocabulary.encode(vocabulary.fit(ways.SEED).text)),
    )
    return vocabulary.decode(generation.draw(REPLY).ids.tolist())


def _following(new: Callable[[], Callable[[str], object]], reply: str, name: str) -> Way:
    def run(count: int) -> None:
        follow = new()
        for start in range(0, count, BATCH):
            follow(reply[start : min(start + BATCH, count)])

    return Way(name, run, len(reply))


def _between_batches_us(generation: Way, recital: Recital, reply: str) -> float:
    """Follow each batch after the model has drawn as many characters; give the median."""
    taken = []
    for start in range(0, len(reply), BATCH):
        generation.run(BATCH)
        before = time.perf_counter()
        recital.follow(reply[start : start + BATCH])
        taken.append((time.perf_counter() - before) / BATCH * 1e6)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
