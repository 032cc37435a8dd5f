"""Runs commands on files that were made to break them: many, by a seed, each in a child.

    python -m tests.support.fuzz --seed N --cases N --seconds N [class ...]

A class is a name and a function from random numbers and an empty folder to a `Case`: the files are
put into the folder, the case says which command to run there. Each command works or ends in one
sentence, within bounds; `fault` is what that means. The classes are in the modules of `ROOMS`.

A fresh Python for each case would take a third of a second. Here all is imported once, no model is
loaded, so that there is no thread, and each case is a fork of that. `--real` runs a case as the
installed command does, in a new process.
"""

import argparse
import contextlib
import gc
import itertools
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

ROOMS = ("tests.support.fuzz_models", "tests.support.fuzz_files")
"""Modules with `CLASSES`."""
PRELOADED = (
    "charlm_tui.cli",
    "charlm_tui.cli.scripts",
    "charlm_tui.cli.score",
    "charlm_tui.cli.replay",
    "charlm_tui.batch.generate",
    "charlm_tui.batch.score",
    "charlm_tui.engine.model_info",
    "charlm_tui.reply.verify",
    "charlm_tui.session.commands",
)
MOST_CPU_S = 5.0
MOST_WALL_S = 60.0  # a hang without work; nothing here depends on how busy the machine is
MOST_BYTES = 500 * 10**6  # of memory, above the files
BACKSTOP_BYTES = 3 * 10**9  # that keep a fault from taking the whole machine
BACKSTOP_CPU_S = 8
FAULTS_SHOWN = 30
TOLD_BESIDE = ("note: ", "warning: ")  # begin lines that are no error


class Case(NamedTuple):
    """A command on files that may be broken."""

    arguments: Sequence[str]
    """Of `charlm-tui`; it runs in the folder of the files."""
    stdin: bytes = b""
    free_output: bool = False
    """Whether standard output is a text of a model's or a file's, in which any character may be."""
    variables: Mapping[str, str] = MappingProxyType({})
    """Of the environment, beside what is there."""
    verdict: bool = False
    """Whether it may say something of its own on standard error, or with another exit code."""


class FuzzClass(NamedTuple):
    """One way to break files."""

    name: str
    make: Callable[[random.Random, Path], Case]
    share: int = 1
    """Of the cases, beside the shares of the others."""


class Outcome(NamedTuple):
    """What became of a command."""

    code: int | None
    """Exit code, minus a signal, or None if it did not end."""
    stdout: bytes
    stderr: bytes
    cpu_s: float
    memory: int
    """Bytes at the most, above what is there before anything is loaded."""


class Verdict(NamedTuple):
    """A case with what was found to be wrong: nothing, it is to be hoped."""

    name: str
    number: int
    fault: str
    outcome: Outcome
    folder: str


def fault(case: Case, outcome: Outcome, file_bytes: int) -> str:
    """Say what is wrong with what a command did; empty if nothing is."""
    code, errors = outcome.code, outcome.stderr
    if code is None:
        return f"did not end within {MOST_WALL_S:g} s"
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    if b"Traceback" in errors or b"Error ignored" in errors or b"Exception ignored" in errors:
        last = errors.strip().splitlines()[-1]
        return f"a traceback: {last!r:.160}"
    if code not in (0, 1, 2):
        return f"exit code {code}"
    for where, content in (("errors", errors), ("output", outcome.stdout)):
        if where == "output" and case.free_output:
            continue
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return f"the {where} are not UTF-8"
        if strange := sorted({char for char in text if char != "\n" and not char.isprintable()}):
            return f"{strange!r:.60} in the {where}"
    if outcome.cpu_s > MOST_CPU_S:
        return f"{outcome.cpu_s:.1f} s of processor time"
    if outcome.memory > MOST_BYTES + file_bytes:
        return f"{outcome.memory / 10**6:,.0f} MB of memory"
    lines = [
        line
        for line in errors.decode().splitlines()
        if line.strip() and not line.startswith(TOLD_BESIDE)
    ]
    if b"a fault of its own" in errors:
        return f"a fault of its own: {lines[-1]!r:.200}"
    if case.verdict:
        return ""
    if code == 0:
        return f"it worked, and said {lines[0]!r:.100}" if lines else ""
    wanted = "error: " if code == 1 else "Error: "
    told = [line for line in lines if line.startswith(wanted)]
    if len(told) != 1 or (code == 1 and len(lines) != 1):
        return f"exit code {code} with {len(lines)} lines of errors: {' | '.join(lines)!r:.160}"
    return ""


class Fuzzer:
    """Makes cases and runs them, one after the other.

    Args:
        seed: of all random numbers; a case depends on it, its class and its number alone.
        folder: for the files; what is there is removed.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self._seed = seed
        self._folder = folder
        for name in PRELOADED:
            import_module(name)
        gc.freeze()  # or each child copies what a collection touches
        self._base_bytes = _resident_bytes()

    def run(self, kind: FuzzClass, number: int, real: bool = False) -> Verdict:
        """Make and run one case."""
        place = self._folder / kind.name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        case = kind.make(random.Random(f"{self._seed}/{kind.name}/{number}"), place)
        file_bytes = sum(each.stat().st_size for each in place.iterdir() if each.is_file())
        outcome = self._outcome(case, place, real)
        return Verdict(kind.name, number, fault(case, outcome, file_bytes), outcome, str(place))

    def _outcome(self, case: Case, place: Path, real: bool) -> Outcome:
        alive, held = os.pipe()  # its end is seen when all processes that hold it are gone
        with (
            tempfile.TemporaryFile() as stdin,
            tempfile.TemporaryFile() as stdout,
            tempfile.TemporaryFile() as stderr,
        ):
            stdin.write(case.stdin)
            stdin.seek(0)
            pid = os.fork()
            if pid == 0:
                os.close(alive)
                os.set_inheritable(held, True)
                streams = tuple(each.fileno() for each in (stdin, stdout, stderr))
                _become(case, place, streams, real)
            os.close(held)
            ended, _, _ = select.select([alive], [], [], MOST_WALL_S)
            if not ended:
                os.killpg(pid, signal.SIGKILL)
            os.close(alive)
            _, status, used = os.wait4(pid, 0)
            stdout.seek(0)
            stderr.seek(0)
            return Outcome(
                os.waitstatus_to_exitcode(status) if ended else None,
                stdout.read(),
                stderr.read(),
                used.ru_utime + used.ru_stime,
                used.ru_maxrss * 1024 - (0 if real else self._base_bytes),
            )


def _become(case: Case, place: Path, streams: Sequence[int], real: bool) -> None:
    """Be the command, and never return."""
    code = 70
    try:
        os.setsid()
        os.chdir(place)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        _bound()
        os.environ.update(case.variables)
        os.environ.update(
            {
                f"XDG_{it}_HOME": str(place / it.lower())
                for it in ("DATA", "CONFIG", "CACHE", "STATE")
            }
        )
        if real:
            from tests.support.terminal import COMMAND

            os.execv(COMMAND, [COMMAND, *case.arguments])
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
        sys.argv = ["charlm-tui", *case.arguments]
        code = _command()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _command() -> int:
    from charlm_tui.cli import main

    try:
        main()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)


def _bound() -> None:
    for limit, most in (
        (resource.RLIMIT_AS, _address_bytes() + BACKSTOP_BYTES),
        (resource.RLIMIT_CPU, BACKSTOP_CPU_S),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _address_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def classes(names: Sequence[str] = ()) -> list[FuzzClass]:
    """Return the classes of these names, or all."""
    found = [kind for room in ROOMS for kind in import_module(room).CLASSES]
    if strangers := set(names) - {kind.name for kind in found}:
        raise SystemExit(f"there is no class {min(strangers)}; there are: {_names(found)}")
    return [kind for kind in found if not names or kind.name in names]


def _names(kinds: Sequence[FuzzClass]) -> str:
    return ", ".join(kind.name for kind in kinds)


def _in_turn(kinds: Sequence[FuzzClass], first: int) -> Iterator[tuple[FuzzClass, int]]:
    """Yield classes, as often as their shares say, with the numbers of their cases."""
    numbers = {kind.name: itertools.count(first) for kind in kinds}
    while True:
        for kind in kinds:
            yield from ((kind, next(numbers[kind.name])) for _ in range(kind.share))


def table(kinds: Sequence[FuzzClass], verdicts: Sequence[Verdict]) -> str:
    """Return what came out, a line for each class."""
    lines = [f"{'class':<22} {'cases':>7} {'clean':>7} {'faults':>7} {'most s':>7} {'most MB':>8}"]
    for kind in [*kinds, None]:
        those = [it for it in verdicts if kind is None or it.name == kind.name]
        bad = sum(bool(it.fault) for it in those)
        cpu_s = max((it.outcome.cpu_s for it in those), default=0.0)
        memory = max((it.outcome.memory for it in those), default=0) / 10**6
        name = "all" if kind is None else kind.name
        row = f"{name:<22} {len(those):>7,} {len(those) - bad:>7,} {bad:>7,}"
        lines.append(f"{row} {cpu_s:>7.2f} {memory:>8,.0f}")
    return "\n".join(lines)


def main() -> int:
    """Run the cases that the command line asks for; return 1 if one has a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fuzz")
    parser.add_argument("classes", nargs="*", metavar="class", help="all, unless some are named")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10**9, help="at the most, of all classes")
    parser.add_argument("--seconds", type=float, default=1e9, help="at the most")
    parser.add_argument("--first", type=int, default=0, help="the number to begin with")
    parser.add_argument("--real", action="store_true", help="run the installed command")
    parser.add_argument("--keep", type=Path, help="where to put the files of faults")
    parser.add_argument("--show", action="store_true", help="print what each command said")
    chosen = parser.parse_args()
    kinds = classes(chosen.classes)
    end_s = time.monotonic() + chosen.seconds
    verdicts: list[Verdict] = []
    with (
        tempfile.TemporaryDirectory(prefix="charlm-fuzz-") as folder,
        contextlib.suppress(KeyboardInterrupt),  # then the table is of the cases so far
    ):
        fuzzer = Fuzzer(chosen.seed, Path(folder))
        for kind, number in _in_turn(kinds, chosen.first):
            if len(verdicts) >= chosen.cases or time.monotonic() >= end_s:
                break
            verdict = fuzzer.run(kind, number, chosen.real)
            verdicts.append(verdict)
            if chosen.show:
                said = verdict.outcome.stderr.decode("utf-8", "backslashreplace").strip()
                print(f"{kind.name} {number}: {verdict.outcome.code} {said!r:.300}", flush=True)
            if verdict.fault and sum(bool(it.fault) for it in verdicts) <= FAULTS_SHOWN:
                again = f"--seed {chosen.seed} --first {number} --cases 1 {kind.name}"
                print(f"{kind.name} {number}: {verdict.fault}  ({again})", flush=True)
            if verdict.fault and chosen.keep is not None:
                shutil.copytree(
                    verdict.folder, chosen.keep / f"{kind.name}-{number}", symlinks=True
                )
    print(table(kinds, verdicts))
    return int(any(it.fault for it in verdicts))


if __name__ == "__main__":
    sys.exit(main())
