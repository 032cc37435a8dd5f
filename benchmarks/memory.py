"""Cost against work: time a character and memory of `generate`, from short to long texts."""

import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

LENGTHS = (1_000, 10_000, 100_000, 1_000_000)


def measure_generate(model: Path, console: Console) -> list[dict[str, float]]:
    """Run `generate` at several lengths, each in a process of its own.

    Memory is the largest resident size, above that of an interpreter that has only started.
    """
    bare_kib = _peak_kib([sys.executable, "-c", "pass"])
    rows: list[dict[str, float]] = []
    for length in LENGTHS:
        start = time.perf_counter()
        peak_kib = _peak_kib([
            sys.executable, "-m", "charlm_tui", "generate",
            "--model", str(model), "--rng-seed", "1", "-n", str(length),
        ])  # fmt: skip
        seconds = time.perf_counter() - start
        above_mb = (peak_kib - bare_kib) * 1024 / 1e6
        rows.append({"length": length, "seconds": seconds, "above_interpreter_mb": above_mb})
        console.print(
            f"generate -n {length:>9,}: {seconds:7.2f} s, {seconds / length * 1e6:7.1f} µs a "
            f"character with the start, {above_mb:.1f} MB above a bare interpreter"
        )
    return rows


def _peak_kib(command: list[str]) -> int:
    """Run a command, its output thrown away; give its own largest resident size."""
    # A child of a fresh interpreter: a child of this large process begins with its size.
    program = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    return int(subprocess.check_output([sys.executable, "-c", program, *command]))
