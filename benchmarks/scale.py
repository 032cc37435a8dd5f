"""How training and bulk scoring grow from one process to two, each on a core of its own.

`python -m benchmarks.scale` prints the figures of docs/scale.md; it needs Linux, two cores and JAX.
On a machine that does other things meanwhile, the processor time tells more than the clock.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "nietzsche.onnx"
BATCHES = 12  # that are timed
SIZES = ((128, 128), (128, 512))  # units, and windows of a batch
CHARACTERS = 30_000  # that a process scores at the least
LINE = 15_000  # characters of a document


def main() -> None:
    """Print the figures."""
    if len(sys.argv) > 1:
        _train(*map(int, sys.argv[1:]))
        return
    for units, batch in SIZES:
        figures = [_trained(count, units, batch) for count in (1, 2)]
        for count, (batch_ms, beat_ms, spent_ms) in enumerate(figures, 1):
            print(
                f"LSTM({units}), {batch} windows of 60, {count} processes: {batch_ms:.0f} ms a "
                f"batch, {beat_ms:.1f} ms of it to agree, {spent_ms:.0f} ms of processors; speed "
                f"{figures[0][0] / batch_ms:.2f}, work {figures[0][2] / spent_ms:.2f}",
                flush=True,
            )
    for more in ((), ("--carry",)):
        speeds = [_scored(count, more) for count in (1, 2)]
        for count, (speed, spent_us) in enumerate(speeds, 1):
            print(
                f"scored {' '.join(more) or 'exactly'}, {count} processes: {speed:,.0f} characters "
                f"a second, {spent_us:.0f} us of processors each; speed "
                f"{speed / speeds[0][0]:.2f}, work {speeds[0][1] / spent_us:.2f}",
                flush=True,
            )


def _trained(count: int, units: int, batch: int) -> tuple[float, float, float]:
    """Return the milliseconds of a batch, those of agreeing before it, and of all processors."""
    port = 20_000 + os.getpid() % 20_000
    processes = [
        subprocess.Popen(
            [
                *("taskset", "-c", str(rank), sys.executable, "-m", "benchmarks.scale"),
                *map(str, (count, rank, port, units, batch)),
            ],
            env={**os.environ, "KERAS_BACKEND": "jax"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
    told = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    return float(told[0][0]), float(told[0][1]), sum(float(it[2]) for it in told)


def _train(count: int, rank: int, port: int, units: int, batch: int) -> None:
    """Train some batches of random characters as one of several processes; print the times."""
    from dataclasses import replace

    import numpy as np

    from charlm_tui.training.batches import Batches
    from charlm_tui.training.cluster import join
    from charlm_tui.training.hosts import Asked
    from charlm_tui.training.network import compiled_network
    from charlm_tui.training.recipes import BEST

    hosts = tuple(f"127.0.0.1:{port + each}" for each in range(count)) if count > 1 else ()
    company = join(Asked(hosts, rank if hosts else None, 1))
    recipe = replace(BEST, units=units, batch=batch)
    ids = np.random.default_rng(0).integers(0, 57, 20 * batch * (BATCHES + 8), dtype=np.uint8)
    network = compiled_network(57, recipe, 0)
    asked = company.requests(tuple)
    beats, whole, spent = [], [], []
    batches = Batches(ids, recipe, 0, company.rank, company.count)
    for number, (inputs, targets) in enumerate(batches.epoch(1)):
        start_s, start_spent_s = time.perf_counter(), time.process_time()
        asked()
        beat_s = time.perf_counter()
        network.optimizer.learning_rate = company.everywhere(0.1 / (1 + number))
        float(network.train_on_batch(inputs, targets))
        beats.append(beat_s - start_s)
        whole.append(time.perf_counter() - start_s)
        spent.append(time.process_time() - start_spent_s)
        if number == BATCHES + 3:
            break
    print(json.dumps([1000 * median(it[4:]) for it in (whole, beats, spent)]), flush=True)


def _scored(count: int, more: tuple[str, ...]) -> tuple[float, float]:
    """Return the characters a second that some processes score, and microseconds for each.

    Both without the start of the processes: of two runs, the difference.
    """
    runs = [_score(count, more, part * count * CHARACTERS // LINE) for part in (1, 3)]
    (few, few_s, few_spent_s), (many, many_s, many_spent_s) = runs
    return (many - few) / (many_s - few_s), 1e6 * (many_spent_s - few_spent_s) / (many - few)


def _score(count: int, more: tuple[str, ...], documents: int) -> tuple[int, float, float]:
    """Score some documents; return their characters, the seconds, and those of all processors."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.jsonl"
        words = "the slow ascent of ranks and classes\n"
        text = (words * (LINE // len(words) + 1))[:LINE]
        path.write_text((json.dumps({"text": text}) + "\n") * documents)
        command = [
            *("taskset", "-c", ",".join(map(str, range(count)))),
            *(sys.executable, "-m", "charlm_tui", "score", "--documents", str(path)),
            *("--model", str(MODEL), "--processes", str(count), *more),
        ]
        before, start_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        passed_s = time.perf_counter() - start_s
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        scored = sum(json.loads(line)["scored"] for line in told.splitlines())
        return scored, passed_s, spent_s


if __name__ == "__main__":
    main()
