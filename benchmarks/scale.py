"""How training and bulk scoring grow from one process to two, each on a core of its own.

`python -m benchmarks.scale` prints the figures of docs/scale.md; it needs Linux, two cores and JAX.
"""

import json
import os
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
CHARACTERS = 90_000  # that are scored


def main() -> None:
    """Print the figures."""
    if len(sys.argv) > 1:
        _train(*map(int, sys.argv[1:]))
        return
    for units, batch in SIZES:
        figures = [_trained(count, units, batch) for count in (1, 2)]
        for count, (batch_ms, beat_ms) in enumerate(figures, 1):
            print(
                f"LSTM({units}), {batch} windows of 60, {count} processes: {batch_ms:.0f} ms a "
                f"batch, {beat_ms:.1f} ms of it to agree, speed {figures[0][0] / batch_ms:.2f}"
            )
    for more in ((), ("--carry",)):
        speeds = [_scored(count, more) for count in (1, 2)]
        for count, speed in enumerate(speeds, 1):
            print(
                f"scored {' '.join(more) or 'exactly'}, {count} processes: {speed:,.0f} characters "
                f"a second, speed {speed / speeds[0]:.2f}"
            )


def _trained(count: int, units: int, batch: int) -> tuple[float, float]:
    """Return the milliseconds of a batch, and those of agreeing before it."""
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
    told = [process.communicate()[0] for process in processes]
    batch_ms, beat_ms = json.loads(told[0].splitlines()[-1])
    return float(batch_ms), float(beat_ms)


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
    beats, whole = [], []
    batches = Batches(ids, recipe, 0, company.rank, company.count)
    for number, (inputs, targets) in enumerate(batches.epoch(1)):
        start_s = time.perf_counter()
        asked()
        beat_s = time.perf_counter()
        network.optimizer.learning_rate = company.everywhere(0.1 / (1 + number))
        float(network.train_on_batch(inputs, targets))
        beats.append(beat_s - start_s)
        whole.append(time.perf_counter() - start_s)
        if number == BATCHES + 3:
            break
    print(json.dumps([1000 * median(it[4:]) for it in (whole, beats)]), flush=True)


def _scored(count: int, more: tuple[str, ...]) -> float:
    """Return the characters a second that some processes score, their start left out."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.jsonl"
        line = json.dumps({"text": "the slow ascent of ranks and classes\n" * 400}) + "\n"
        path.write_text(line * (count * CHARACTERS // 14_800))
        command = [
            *(sys.executable, "-m", "charlm_tui", "score", "--documents", str(path)),
            *("--model", str(MODEL), "--processes", str(count), *more),
        ]
        pinned = ["taskset", "-c", ",".join(map(str, range(count)))]
        with subprocess.Popen([*pinned, *command], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            characters, start_s = 0, 0.0
            for number, told in enumerate(process.stdout, 1):
                if number == 2 * count:  # all of them have begun
                    start_s, characters = time.perf_counter(), 0
                characters += json.loads(told)["scored"] if number > 2 * count else 0
                last_s = time.perf_counter()
        return characters / (last_s - start_s)


if __name__ == "__main__":
    main()
