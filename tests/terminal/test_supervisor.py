"""Scripts on models that hang, crash or eat memory; and a script's two processes seen as one."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import pytest

from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.reply.tape_file import Recording
from tests.support.engines import RUNTIME
from tests.support.models import hungry_model, looping_model
from tests.support.terminal import BOUND_S, COMMAND, has_ended

pytestmark = [pytest.mark.linux, pytest.mark.slow]  # nearly every test starts a process
ENDLESS = ("-n", "100000000")


def written(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def tape(folder: Path, sha256: str) -> Path:
    made = Tape()
    ones = Columns(b"\3\0", *[b"\0\0\x80\x3f"] * 3)
    made.append(ones, Settings())
    path = folder / "reply.tape"
    path.write_text(Recording("tiny", sha256, RUNTIME, "the ", "!", made).to_json())
    return path


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, **{f"CHARLM_{it.upper()}": text for it, text in variables.items()}}
    return subprocess.run([COMMAND, *arguments], capture_output=True, timeout=600, env=environment)


def sentence(result: subprocess.CompletedProcess[bytes]) -> str:
    """Return the one sentence of a command that has failed."""
    assert result.returncode == 1
    [line] = result.stderr.decode().splitlines()
    assert line.startswith("error: ")
    assert line.isprintable()
    return line


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on the mat")
    return path


COMMANDS: dict[str, Callable[[Path, Path], tuple[str, ...]]] = {
    "generate": lambda _, __: ("generate", "-n", "1"),
    "side by side": lambda _, __: ("generate", "-n", "1", "--temperatures", "0.5,1"),
    "info": lambda _, __: ("info",),
    "score": lambda folder, _: ("score", str(folder / "text.txt")),
    "replay": lambda folder, _: ("replay", str(tape(folder, "0" * 64))),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_loop_that_never_ends_is_one_sentence_that_says_how_to_allow_more(
    command: str, tmp_path: Path, corpus: Path
) -> None:
    model = written(tmp_path, looping_model())
    arguments = COMMANDS[command](tmp_path, corpus)
    said = sentence(run(*arguments, "--model", str(model), load_seconds="0.2"))
    assert str(model) in said
    assert "more than 0.2 s of processor time" in said
    assert "CHARLM_LOAD_SECONDS" in said


def test_a_loop_that_begins_at_a_later_character_is_told_as_well(tmp_path: Path) -> None:
    model = written(tmp_path, looping_model(at=7))
    result = run("generate", "--model", str(model), *ENDLESS, load_seconds="0.2")
    assert "of processor time" in sentence(result)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_model_that_takes_gigabytes_is_one_sentence_and_takes_none(
    command: str, tmp_path: Path, corpus: Path
) -> None:
    model = written(tmp_path, hungry_model(10**9))
    arguments = [COMMAND, *COMMANDS[command](tmp_path, corpus), "--model", str(model)]
    # A small process in between: what this one has would count as what its child has taken.
    program = (
        "import resource, subprocess, sys\n"
        "code = subprocess.run(sys.argv[1:]).returncode\n"
        "sys.stdout.write(f'{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}')\n"
        "sys.exit(code)\n"
    )
    result = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True)
    kilobytes = int(result.stdout)
    said = sentence(subprocess.CompletedProcess(arguments, result.returncode, b"", result.stderr))
    assert "too much memory" in said
    assert "load-memory" in said
    assert kilobytes * 1024 < 500 * 10**6


def test_what_a_limit_refuses_a_larger_one_allows(tmp_path: Path) -> None:
    command = ("generate", "-n", "1", "--model", str(written(tmp_path, hungry_model(8 * 10**6))))
    assert "where 50 MB are expected" in sentence(run(*command, load_memory="50"))
    assert run(*command, load_memory="900").returncode == 0
    assert run(*command, load_memory="off", load_seconds="off").returncode == 0


def test_a_limit_can_stand_in_the_settings_file(tmp_path: Path) -> None:
    model = written(tmp_path, looping_model())
    settings = tmp_path / "settings.toml"
    settings.write_text("load-seconds = 0.25\n")
    result = run("generate", "--model", str(model), config=str(settings))
    assert "more than 0.25 s of processor time" in sentence(result)


def test_a_limit_that_is_none_is_wrong_usage(model_path: Path) -> None:
    for wrong in ("0", "-1", "soon", "nan"):
        result = run("generate", "--model", str(model_path), load_seconds=wrong)
        assert result.returncode == 2
        assert b"CHARLM_LOAD_SECONDS: load-seconds must be " in result.stderr


# Two processes as one.


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def generating(model: Path, **options: object) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Run a reply without end, in a group of its own; yield its process and that one's child."""
    process = subprocess.Popen(
        [COMMAND, "generate", "--model", str(model), *ENDLESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,  # in this session: what is alone in its own is not stopped
        **options,  # type: ignore[call-overload]
    )
    assert process.stdout is not None
    try:
        assert process.stdout.read(1)
        yield process, child_of(process.pid)
    finally:
        for signal_ in (signal.SIGCONT, signal.SIGKILL):
            try:
                os.killpg(process.pid, signal_)
            except ProcessLookupError:
                pass
        process.communicate()


def drained(process: subprocess.Popen[bytes]) -> str:
    """Read to the end of both streams, and wait; return what was said."""
    _, stderr = process.communicate(timeout=BOUND_S)
    return stderr.decode()


@pytest.mark.parametrize("to_both", [False, True])
def test_ctrl_c_ends_both_with_130_and_no_word(model_path: Path, to_both: bool) -> None:
    with generating(model_path) as (process, child):
        handle = os.pidfd_open(child)
        (os.killpg if to_both else os.kill)(process.pid, signal.SIGINT)
        assert not drained(process).strip()
        assert process.returncode == 130
        assert has_ended(handle)
        os.close(handle)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_ends_both_and_the_exit_status_is_that_signal(
    model_path: Path, number: signal.Signals
) -> None:
    with generating(model_path) as (process, child):
        handle = os.pidfd_open(child)
        os.kill(process.pid, number)
        assert drained(process) == ""
        assert process.returncode == -number
        assert has_ended(handle)
        os.close(handle)


def test_a_killed_starter_leaves_no_process(model_path: Path) -> None:
    with generating(model_path) as (process, child):
        handle = os.pidfd_open(child)
        process.kill()
        assert has_ended(handle)
        os.close(handle)


def test_a_crash_is_one_sentence_and_exit_code_1(model_path: Path) -> None:
    with generating(model_path) as (process, child):
        os.kill(child, signal.SIGSEGV)
        said = drained(process)
        assert process.returncode == 1
        assert said.count("\n") == 1
        assert "was ended by SIGSEGV" in said
        assert str(model_path) in said


def test_what_is_stopped_stops_and_goes_on_with_both(model_path: Path) -> None:
    with generating(model_path) as (process, child):
        os.kill(process.pid, signal.SIGTSTP)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        until(lambda: state_of(child) == "T")
        os.kill(process.pid, signal.SIGCONT)
        until(lambda: state_of(child) in "RSD")


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, on a clock that only bounds it."""
    for _ in range(int(BOUND_S * 100)):
        if condition():
            return
        select.select([], [], [], 0.01)
    raise AssertionError("it never happened")


def test_an_ignored_interrupt_stays_ignored(model_path: Path) -> None:
    """As of what a shell has put into the background of a script."""

    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    with generating(model_path, preexec_fn=ignore) as (process, _):
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
            assert process.stdout is not None
            assert process.stdout.read(100)
        assert process.stdout is not None
        assert process.stdout.read(2000)
        os.kill(process.pid, signal.SIGTERM)
        drained(process)
        assert process.returncode == -signal.SIGTERM
