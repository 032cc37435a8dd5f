"""`python -m benchmarks.screen`: what the screen costs, in a real terminal of 120×40.

The app runs in a pseudo-terminal whose output is read and thrown away, as a terminal that is
never the bottleneck would. Headless generation is timed between its runs.
"""

import contextlib
import fcntl
import itertools
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pyte
from rich.console import Console
from rich.table import Table

from benchmarks.instrumented_app import IDLE_S, LADDER, STREAMED

MODEL = Path(__file__).resolve().parent.parent / "models" / "nietzsche.onnx"
COLUMNS, ROWS = 120, 40
PRESSES = 200
SEED = "the slowly ascending ranks and classes "
EMPTY = "from textual.app import App\nApp().run()"
A_FRAME = COLUMNS * ROWS  # bytes, at the least, of a frame that draws all of the screen
PRESS_EVERY_S = 0.23  # not a multiple of a frame's time


@click.command()
@click.option("--model", type=click.Path(path_type=Path), default=MODEL)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option(
    "--corpus",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Stream with the recital meter on.",
)
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures there too.")
def main(model: Path, rounds: int, corpus: Path | None, out: Path | None) -> None:
    """Time the screen against the same work without one."""
    console = Console()
    table = Table("what", "figure", "goal")
    figures: dict[str, Any] = {}

    def tell(name: str, value: float, shown: str, goal: str) -> None:
        figures[name] = value
        table.add_row(name, shown, goal)

    ratios, frames, headless_s = [], [], []
    followed, refreshed = [], []
    for _ in range(rounds):
        headless_s.append(_headless_s(model))
        log = _run("stream", model, corpus=corpus)
        seconds = log["end_s"] - log["start_s"]
        drawn = [at for at in log["frames_s"] if log["start_s"] <= at <= log["end_s"]]
        assert log["panels"] == (3 if corpus is None else 4)
        assert log["characters"] == STREAMED
        ratios.append(headless_s[-1] / seconds)
        frames.append(len(drawn) / seconds)
        log = _run("reach", model)
        followed_s = log["end_s"] - log["start_s"]
        followed.append(seconds / followed_s)
        refreshed.append(log["refreshed"] / followed_s)
    tell(
        "speed with the reach of the newest, of that without",
        statistics.median(followed),
        " ".join(f"{ratio:.0%}" for ratio in followed)
        + f", told {statistics.median(refreshed):.1f} times a second",
        "≥ 70 %, 5 times",
    )
    tell(
        "share of headless speed",
        statistics.median(ratios),
        " ".join(f"{ratio:.0%}" for ratio in ratios),
        "≥ 80 %",
    )
    tell(
        "frames per second",
        statistics.median(frames),
        " ".join(f"{each:.0f}" for each in frames),
        "≥ 25",
    )
    for threads in (1, 2):
        shares = []
        for _ in range(rounds):
            alone_s = _headless_ladder_s(model, threads)
            log = _run("ladder", model)
            assert (log["characters"], log["lanes"]) == (LADDER, 4)
            shares.append(alone_s / (log["end_s"] - log["start_s"]))
        tell(
            f"four lanes, share of headless on {threads} thread{'s' * (threads > 1)}",
            statistics.median(shares),
            " ".join(f"{share:.0%}" for share in shares),
            "≥ 70 %",
        )
    latencies = sorted(_latencies_ms(model))
    p50, p99 = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99) - 1]
    tell("key to screen, median, ms", p50, f"{p50:.0f}", "≤ 50")
    tell(
        "key to screen, 99th percentile, ms",
        p99,
        f"{p99:.0f} of {len(latencies)} presses, at most {latencies[-1]:.0f}",
        "≤ 80, aim 50",
    )
    for name, ratio in _frame_ratios(rounds * 3).items():
        tell(f"frame at 1,000,000 / 1,000: {name}", ratio, f"{ratio:.2f}", "≤ 1.2")
    log = _run("idle", model)
    tell("frames while idle", log["frames_idle"], f"{log['frames_idle']} in {IDLE_S:.0f} s", "0")
    share = log["cpu_idle_s"] / IDLE_S
    tell("processor while idle", share, f"{share:.2%}", "0")
    paints, firsts, empties = [], [], []
    seeded = ["charlm-tui", "--model", str(model), "--seed", SEED, "--rng-seed", "1"]
    paint_and_character_s(seeded)  # its bytecode is written
    for _ in range(rounds * 3):
        empties.append(paint_and_character_s(["python", "-c", EMPTY])[0])
        paint_s, first_s = paint_and_character_s(seeded)
        paints.append(paint_s / empties[-1])
        firsts.append(first_s - paint_s)
    tell(
        "first paint / empty app's",
        statistics.median(paints),
        f"{statistics.median(paints):.2f} ({statistics.median(empties):.2f} s the empty one)",
        "≤ 1.3",
    )
    tell(
        "first character after it, s",
        statistics.median(firsts),
        f"{statistics.median(firsts):.2f}",
        "≤ 0.5",
    )
    console.print(table)
    if out is not None:
        out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _headless_s(model: Path) -> float:
    """Return the seconds that the reply takes in a process of its own, its start not counted."""
    program = (
        "import sys, time\n"
        "from charlm_tui.lm.context import open_context\n"
        "from charlm_tui.lm.generation import Generation, prefixed\n"
        "from charlm_tui.lm.model import OnnxModel\n"
        "from charlm_tui.lm.sampling import Sampler\n"
        "from charlm_tui.lm.settings import Settings\n"
        "model = OnnxModel(sys.argv[1])\n"
        "settings = Settings(0.5, rng_seed=1)\n"
        "vocabulary = model.contract.vocabulary\n"
        "seed = vocabulary.encode('the slowly ascending ranks and classes ')\n"
        "seed = prefixed(vocabulary, seed)\n"
        "it = Generation(open_context(model, settings), Sampler(len(vocabulary)), settings, seed)\n"
        "start = time.perf_counter()\n"
        f"it.draw({STREAMED})\n"
        "print(time.perf_counter() - start)\n"
    )
    return float(subprocess.check_output([sys.executable, "-c", program, str(model)]))


def _headless_ladder_s(model: Path, threads: int) -> float:
    """Return the seconds that the ladder takes in a process of its own, its start not counted."""
    program = (
        "import sys, time\n"
        "from charlm_tui.lm.context import open_context\n"
        "from charlm_tui.lm.generation import prefixed\n"
        "from charlm_tui.lm.lanes import Lanes\n"
        "from charlm_tui.lm.model import OnnxModel\n"
        "from charlm_tui.lm.settings import Settings\n"
        "from charlm_tui.controls.controls import PRESETS\n"
        f"model = OnnxModel(sys.argv[1], {threads}, spinning={threads > 1})\n"
        "settings = [Settings(each, rng_seed=1) for each in PRESETS]\n"
        "it = Lanes(open_context(model, settings[0], len(PRESETS)), settings,\n"
        "    [prefixed(model.contract.vocabulary, [])] * len(PRESETS))\n"
        "start = time.perf_counter()\n"
        f"it.draw({LADDER})\n"
        "print(time.perf_counter() - start)\n"
    )
    return float(subprocess.check_output([sys.executable, "-c", program, str(model)]))


def _run(
    mode: str,
    model: Path,
    press: Callable[[int, Path, Callable[[float], bool]], None] | None = None,
    corpus: Path | None = None,
) -> Any:
    """Run the instrumented app in a terminal; give its log."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.json"
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor")
        if corpus is None:  # nor what Keras has downloaded, which would bring the recital meter
            environment["KERAS_HOME"] = folder
        spawned_s = time.monotonic()
        command = [sys.executable, "-m", "benchmarks.instrumented_app", mode, str(model), str(path)]
        process = subprocess.Popen(
            command if corpus is None else [*command, str(corpus)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)

        def drain(seconds: float) -> bool:
            """Read what the app writes for some time; give whether it still runs."""
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if select.select([master], [], [], left)[0]:
                    try:
                        if not os.read(master, 1 << 16):
                            return False
                    except OSError:
                        return False
            return True

        if press is not None:
            press(master, path, drain)
        while drain(1.0):
            pass
        process.wait()
        os.close(master)
        log = json.loads(path.read_text())
        log["spawned_s"] = spawned_s
        return log


def _latencies_ms(model: Path) -> list[float]:
    """Press two keys in turn while text streams as fast as it goes.

    Gives, of each press, the time until a frame with a character under the new temperature was
    handed to the terminal.
    """
    pressed_s: list[float] = []

    def press(master: int, path: Path, drain: Callable[[float], bool]) -> None:
        while not path.exists():
            drain(0.1)
        drain(1.0)
        for number in range(PRESSES):
            pressed_s.append(time.monotonic())
            os.write(master, b"\x1bOR" if number % 2 == 0 else b"\x1bOQ")
            drain(PRESS_EVERY_S)
        drain(0.5)
        os.write(master, b"\x11")

    log = _run("keys", model, press)
    changes = log["changes"][1:]  # the first is the reply's begin
    assert len(changes) == PRESSES, f"{len(changes)} changes for {PRESSES} presses"
    return [(at - press_s) * 1000 for (_, at), press_s in zip(changes, pressed_s, strict=True)]


def paint_and_character_s(command: list[str]) -> tuple[float, float]:
    """Return the seconds from a command's start to its first frame, and to a first character.

    Seen from outside, as a terminal sees it: from the start of the interpreter on. Without a
    character of a reply within 2 seconds the second figure means nothing.
    """
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor")
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles it anew at every start
    program = Path(sys.executable).parent / command[0]
    start_s = time.monotonic()
    process = subprocess.Popen(
        [str(program), *command[1:]],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    read, paint_s, character_s = 0, 0.0, 0.0
    while not character_s and time.monotonic() - start_s < 2.0:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(master, 1 << 16)
        except OSError:  # it has ended
            break
        now_s = time.monotonic() - start_s
        read += len(data)
        if not paint_s and read >= A_FRAME:
            paint_s = now_s
        stream.feed(data)
        if paint_s and any(
            before.startswith(" ❯ ") and line[3:60].strip()
            for before, line in itertools.pairwise(screen.display)
        ):
            character_s = now_s
    with contextlib.suppress(OSError):
        os.write(master, b"\x11")
        while os.read(master, 1 << 16):
            pass
    process.wait()
    os.close(master)
    return paint_s, character_s


def _frame_ratios(rounds: int) -> dict[str, float]:
    """Yield what a frame costs with a long transcript by what it costs with a short one."""
    import asyncio

    from textual._context import active_app
    from textual.app import App, ComposeResult

    from charlm_tui.tui.widgets.transcript import Transcript

    # Short lines, so that 1,000 characters fill the screen as 1,000,000 do.
    text = "in the end one loves\n" * 50_000
    tints = bytes([0, 3, 9, 1] * 100)

    class Bench(App[None]):
        def compose(self) -> ComposeResult:
            yield Transcript(id="transcript")

    def frame(app: App[None]) -> None:
        app.screen._refresh_layout()
        app.screen._compositor.render_update(full=True)

    async def measure() -> dict[str, float]:
        taken: dict[str, dict[int, list[float]]] = {
            name: {1_000: [], 1_000_000: []} for name in ("streaming", "scrolling", "tinted")
        }
        async with contextlib.AsyncExitStack() as stack:
            apps: dict[int, App[None]] = {}
            for length in (1_000, 1_000_000):
                apps[length] = Bench()
                pilot = await stack.enter_async_context(apps[length].run_test(size=(COLUMNS, ROWS)))
                apps[length].query_one(Transcript).add("reply", text[:length])
                await pilot.pause()
            for _ in range(rounds):
                for name, lengths in taken.items():
                    for length, app in apps.items():
                        transcript = app.query_one(Transcript)
                        token = active_app.set(app)
                        transcript.tint(
                            (lambda _, a, b: tints[: b - a]) if name == "tinted" else None
                        )
                        frame(app)
                        start = time.perf_counter()
                        for step in range(50):
                            if name == "scrolling":
                                transcript.scroll_to(y=step % 7, animate=False, immediate=True)
                            else:
                                transcript.append("and so on\n" if step % 5 == 0 else "and so on ")
                            frame(app)
                        lengths[length].append(time.perf_counter() - start)
                        transcript.to_end()
                        active_app.reset(token)
        return {
            name: statistics.median(
                long / short for long, short in zip(each[1_000_000], each[1_000], strict=True)
            )
            for name, each in taken.items()
        }

    return asyncio.run(measure())


if __name__ == "__main__":
    main()
