"""Processes on this machine that train together by JAX' runtime, against one that trains alone."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from charlm_tui.lm.model import OnnxModel
from charlm_tui.training.checkpoint import checkpoint_path, is_finished
from tests.conftest import ROOT
from tests.support.training import BOUND_S, environment

pytestmark = pytest.mark.long

SIZE = ("--units", "12", "--window", "16", "--batch", "48", "--stride", "4")  # 25 batches
HELD_OUT_BITS = 0.005  # that the figures of the same run may differ by
CODE = """
import sys
from charlm_tui.training import hosts
hosts.JOIN_S, hosts.HEARTBEAT_S = 60, 10
{before}
sys.argv = ["charlm-tui", "train", *sys.argv[1:]]
from charlm_tui.cli import main
main()
"""


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def start(*args: object, before: str = "", **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE.format(before=before), *map(str, args)],
        cwd=ROOT,
        env=environment(KERAS_BACKEND="jax", **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def start_all(
    folder: Path, count: int, *args: object, befores: Sequence[str] = ()
) -> list[subprocess.Popen[str]]:
    hosts = ",".join(f"127.0.0.1:{port}" for port in free_ports(count))
    return [
        start(
            *args,
            *("--out", folder / f"{rank}.onnx", "--hosts", hosts, "--host-rank", rank),
            before=befores[rank] if befores else "",
        )
        for rank in range(count)
    ]


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    out, said = process.communicate(timeout=BOUND_S)
    assert out == ""
    assert "Traceback" not in said
    return process.returncode, said.splitlines()


def together(folder: Path, count: int, *args: object) -> dict[str, Any]:
    """Train with several processes to the end; return the card."""
    processes = start_all(folder, count, *args)
    for process in processes:
        code, said = ended(process)
        assert code == 0, said
    assert not [it for it in folder.iterdir() if it.name[0] in "123456789"]
    return OnnxModel(folder / "0.onnx").contract.card


def alone(folder: Path, *args: object, **env: str) -> dict[str, Any]:
    code, said = ended(start(*args, "--out", folder / "alone.onnx", "--plain", **env))
    assert code == 0, said
    return OnnxModel(folder / "alone.onnx").contract.card


def bits(card: dict[str, Any]) -> float:
    return float(card["held_out_bits_per_character"])


def run_of(corpus: Path, dropout: str) -> tuple[object, ...]:
    """Return the arguments of a run of 225 batches."""
    return (corpus, *SIZE, "--epochs", "9", "--recurrent-dropout", dropout)


@pytest.fixture(scope="module", params=["0", "0.1"])
def one(
    request: pytest.FixtureRequest,
    tiny_corpus_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, float]:
    """A dropout, and the figure of the run that one process trains alone."""
    dropout = str(request.param)
    folder = tmp_path_factory.mktemp("alone")
    return dropout, bits(alone(folder, *run_of(tiny_corpus_path, dropout)))


@pytest.mark.parametrize("how", ["2 processes", "3 processes", "2 devices"])
def test_several_come_to_the_figure_of_one(
    how: str, one: tuple[str, float], tiny_corpus_path: Path, tmp_path: Path
) -> None:
    dropout, figure = one
    args = run_of(tiny_corpus_path, dropout)
    count = int(how[0])
    if how.endswith("processes"):
        card = together(tmp_path, count, *args)
        assert card["device"].endswith(f", {count} devices in {count} processes")
    else:
        flags = f"--xla_force_host_platform_device_count={count}"
        card = alone(tmp_path, *args, "--devices", "all", XLA_FLAGS=flags)
        assert card["device"].endswith(f", {count} devices")
    assert [row["epoch"] for row in card["loss_history"]] == list(range(1, 10))
    print(f"recurrent dropout {dropout}: {figure} bits alone, {bits(card)} by {how}")
    # Each device drops units of its own, so with dropout it is another run of the same kind.
    assert abs(bits(card) - figure) < (HELD_OUT_BITS if dropout == "0" else 0.1)


@pytest.mark.parametrize(
    ("victim", "number"), [(1, signal.SIGKILL), (0, signal.SIGKILL), (1, signal.SIGSTOP)]
)
def test_a_host_that_dies_ends_all_with_one_sentence_and_resume_comes_to_the_same_place(
    victim: int, number: signal.Signals, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    args = (tiny_corpus_path, *SIZE, "--epochs", "9", "--recurrent-dropout", "0")
    processes = start_all(tmp_path, 2, *args)
    first = processes[0]
    assert first.stderr is not None
    for line in first.stderr:
        if line.startswith("epoch 2/9"):
            break
    target = processes[victim].pid
    if number == signal.SIGSTOP:  # the one that was started only waits for the one that trains
        [target] = map(int, Path(f"/proc/{target}/task/{target}/children").read_text().split())
    os.kill(target, number)
    code, said = ended(processes[1 - victim])
    processes[victim].kill()
    processes[victim].communicate()
    assert code == 1
    told = [line for line in said if line.startswith("error: ")]
    assert len(told) == 1
    assert said[-1] == told[0]
    assert "is gone" in told[0]
    assert "--resume" in told[0]
    hosts = ",".join(f"127.0.0.1:{port}" for port in free_ports(2))
    again = [
        start(tiny_corpus_path, "--resume", "--out", tmp_path / "0.onnx", "--hosts", hosts,
              "--host-rank", rank)
        for rank in range(2)
    ]  # fmt: skip
    for process in again:
        code, said = ended(process)
        assert code == 0, said
    one = alone(tmp_path, *args)
    card = OnnxModel(tmp_path / "0.onnx").contract.card
    assert abs(bits(card) - bits(one)) < HELD_OUT_BITS
    assert is_finished(checkpoint_path(tmp_path / "0.onnx"))


@pytest.mark.parametrize("asked", [0, 1])
def test_an_interrupt_of_any_process_stops_all_after_the_same_batch_and_keeps_the_best(
    asked: int, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    processes = start_all(tmp_path, 2, tiny_corpus_path, *SIZE, "--epochs", "900")
    first = processes[0]
    assert first.stderr is not None
    for line in first.stderr:
        if line.startswith("epoch 2/900"):
            break
    processes[asked].send_signal(signal.SIGINT)
    results = [ended(process) for process in processes]
    assert [code for code, _ in results] == [130, 130]
    assert re.match(r"interrupted; the best so far, of epoch \d+, is in ", results[0][1][-1])
    assert OnnxModel(tmp_path / "0.onnx").contract.card["epochs"] >= 2


@pytest.mark.parametrize(
    ("befores", "text", "said"),
    [
        (("", "import charlm_tui; charlm_tui.__version__ = '0.0.1'"), "", "the charlm-tui 0.0.1"),
        (("", ""), "another", "the text of sha256"),
    ],
)
def test_a_host_that_differs_is_refused_by_name_before_training(
    befores: Sequence[str], text: str, said: str, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "text.txt"
    other.write_text(text + tiny_corpus_path.read_text(encoding="utf-8"), encoding="utf-8")
    ports = free_ports(2)
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    processes = [
        start(corpus, *SIZE, "--out", tmp_path / "0.onnx", "--hosts", hosts, "--host-rank", rank,
              before=befores[rank])
        for rank, corpus in enumerate((tiny_corpus_path, other))
    ]  # fmt: skip
    for process in processes:
        code, lines = ended(process)
        assert code == 1
        [line] = lines
        assert f"host 1 (127.0.0.1:{ports[1]}) has {said}" in line
    assert [it.name for it in tmp_path.iterdir()] == ["text.txt"]


def test_a_host_that_cannot_begin_is_named_to_all(tiny_corpus_path: Path, tmp_path: Path) -> None:
    ports = free_ports(2)
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    processes = [
        start(corpus, *SIZE, "--out", tmp_path / "0.onnx", "--hosts", hosts, "--host-rank", rank)
        for rank, corpus in enumerate((tiny_corpus_path, tmp_path / "none.txt"))
    ]
    (_, [first]), (_, [second]) = map(ended, processes)
    assert "none.txt cannot be read" in second
    assert f"host 1 (127.0.0.1:{ports[1]}): " in first
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rank", [0, 1])
def test_an_address_where_nobody_answers_is_refused_by_name(
    rank: int, tiny_corpus_path: Path, tmp_path: Path
) -> None:
    ports = free_ports(2)
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    process = start(
        *(tiny_corpus_path, *SIZE, "--out", tmp_path / "0.onnx"),
        *("--hosts", hosts, "--host-rank", rank),
        before="hosts.JOIN_S = 5",
    )
    code, [line] = ended(process)
    assert code == 1
    assert line.startswith("error: ")
    assert f"127.0.0.1:{ports[0]} within 5 s" in line
    assert not list(tmp_path.iterdir())


def test_a_port_in_use_is_refused_by_name(tiny_corpus_path: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.bind(("::", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        process = start(
            *(tiny_corpus_path, *SIZE, "--out", tmp_path / "0.onnx"),
            *("--hosts", f"{address},127.0.0.1:1", "--host-rank", 0),
            before="hosts.JOIN_S = 5",
        )
        code, [line] = ended(process)
    assert code == 1
    assert address in line
    assert "port" in line


def test_more_devices_than_there_are_are_refused(tiny_corpus_path: Path, tmp_path: Path) -> None:
    code, [line] = ended(
        start(tiny_corpus_path, "--out", tmp_path / "0.onnx", "--devices", "3", "--plain")
    )
    assert code == 2
    assert "--devices 3 asks for more than the 1 that jax shows (cpu:0)" in line


def test_the_environment_of_slurm_says_who_they_are(tiny_corpus_path: Path, tmp_path: Path) -> None:
    [port] = free_ports(1)
    processes = [
        start(
            *(tiny_corpus_path, *SIZE, "--epochs", "1", "--out", tmp_path / f"{rank}.onnx"),
            *("--hosts", "auto"),
            JAX_COORDINATOR_PORT=str(port),
            SLURM_JOB_ID="4711",
            SLURM_STEP_NODELIST="localhost",
            SLURM_NTASKS="2",
            SLURM_PROCID=str(rank),
            SLURM_LOCALID="0",
        )
        for rank in range(2)
    ]
    for process in processes:
        code, said = ended(process)
        assert code == 0, said
    assert OnnxModel(tmp_path / "0.onnx").contract.card["device"].endswith("in 2 processes")


def test_where_nobody_says_who_they_are_auto_is_refused(
    tiny_corpus_path: Path, tmp_path: Path
) -> None:
    code, [line] = ended(start(tiny_corpus_path, "--out", tmp_path / "0.onnx", "--hosts", "auto"))
    assert code == 1
    assert "nothing here says which processes train together" in line
    assert not list(tmp_path.iterdir())
