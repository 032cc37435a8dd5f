"""Broken files of every kind for a while; `make fuzz` does it for longer."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fuzz import MOST_BYTES, MOST_CPU_S, Case, Outcome, classes, fault

GOOD = Outcome(1, b"", b"error: x is no model; give another\n", 0.5, 10**6)


def fuzz(*arguments: str) -> str:
    """Run the fuzzer; return what it printed, which names the faults."""
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.fuzz", *arguments],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.slow
@pytest.mark.linux
def test_a_command_on_a_broken_file_works_or_ends_in_one_sentence() -> None:
    last = fuzz("--seed", "1", "--seconds", "15").splitlines()[-1]
    name, cases, clean, faults, *_ = last.split()
    assert (name, clean, faults) == ("all", cases, "0")
    assert int(cases.replace(",", "")) >= len(classes())


@pytest.mark.slow
@pytest.mark.linux
def test_the_installed_command_on_a_broken_file_does_as_well() -> None:
    assert " 20 " in fuzz("--seed", "2", "--cases", "20", "--real").splitlines()[-1]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (GOOD, ""),
        (GOOD._replace(code=0, stderr=b"note: left out, as this model does not know it: x\n"), ""),
        (GOOD._replace(code=2, stderr=b"Usage: x\nTry -h\n\nError: no such thing; give one\n"), ""),
        (GOOD._replace(code=None), "did not end"),
        (GOOD._replace(code=-11), "SIGSEGV"),
        (GOOD._replace(code=70), "exit code 70"),
        (GOOD._replace(stderr=b"Traceback (most recent call last):\nValueError: x\n"), "traceback"),
        (GOOD._replace(stderr=b"error: \x1b[2J\n"), "in the errors"),
        (GOOD._replace(stderr=b"error: \xff\n"), "not UTF-8"),
        (GOOD._replace(stdout=b"\x07"), "in the output"),
        (GOOD._replace(stderr=b"error: one\nand two\n"), "2 lines of errors"),
        (GOOD._replace(stderr=b""), "0 lines of errors"),
        (GOOD._replace(code=0), "it worked, and said"),
        (GOOD._replace(cpu_s=MOST_CPU_S + 1), "processor time"),
        (GOOD._replace(memory=MOST_BYTES + 200), "MB of memory"),
    ],
)
def test_a_verdict_tells_what_is_wrong(outcome: Outcome, said: str) -> None:
    found = fault(Case(()), outcome, 100)
    assert said in found
    assert bool(found) == bool(said)


def test_a_text_of_a_models_making_may_have_any_character_in_it() -> None:
    told = GOOD._replace(code=0, stdout=b"\x07", stderr=b"")
    assert not fault(Case((), free_output=True), told, 100)


@pytest.mark.parametrize("kind", classes(), ids=lambda it: it.name)
def test_a_case_depends_on_its_number_alone(kind: object, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        case = kind.make(random.Random("7"), folder)  # type: ignore[attr-defined]
        made.append((case, {it.name: it.read_bytes() for it in folder.iterdir() if it.is_file()}))
    assert made[0] == made[1]
