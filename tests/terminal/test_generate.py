"""`charlm-tui generate` as scripts use it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal.terminal import COMMAND


def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([COMMAND, *arguments], input=stdin, capture_output=True, timeout=120)


def test_standard_output_is_the_generated_characters_alone(model_path: Path) -> None:
    result = run("generate", "--model", str(model_path), "--seed", "the", "-n", "50")
    assert result.returncode == 0
    assert len(result.stdout.decode()) == 50
    assert result.stderr == b""


def test_the_same_command_prints_the_same_bytes(model_path: Path) -> None:
    command = ("generate", "--model", str(model_path), "--rng-seed", "3", "-n", "300")
    first = run(*command)
    assert first.returncode == 0
    assert first.stdout == run(*command).stdout
    assert first.stdout != run(*command[:4], "4", *command[5:]).stdout


def test_a_reply_is_400_characters_by_default(model_path: Path) -> None:
    assert len(run("generate", "--model", str(model_path)).stdout.decode()) == 400


def test_echo_puts_the_seed_before_the_text(model_path: Path) -> None:
    command = ("generate", "--model", str(model_path), "--seed", "the ", "--rng-seed", "3")
    assert run(*command, "--echo").stdout == b"the " + run(*command).stdout


def test_a_seed_from_standard_input_is_kept_to_the_character(model_path: Path) -> None:
    command = ("generate", "--model", str(model_path), "--rng-seed", "3")
    seed = "two\nlines \n"
    piped = run(*command, "--seed", "-", stdin=seed.encode())
    assert piped.stdout == run(*command, "--seed", seed).stdout
    assert piped.stdout != run(*command, "--seed", seed.strip()).stdout


def test_json_has_what_makes_the_reply_again(model_path: Path) -> None:
    command = ("generate", "--model", str(model_path), "--seed", "The", "--temperature", "0.7")
    result = run(*command, "--json")
    (line,) = result.stdout.decode().splitlines()
    reply = json.loads(line)
    assert reply["seed"] == "the"
    assert reply["temperature"] == 0.7
    assert reply["model_sha256"] == hashlib.sha256(model_path.read_bytes()).hexdigest()
    again = run(*command, "--rng-seed", str(reply["rng_seed"]))
    assert again.stdout.decode() == reply["text"]


def test_what_the_model_does_not_know_is_named_on_standard_error(model_path: Path) -> None:
    result = run("generate", "--model", str(model_path), "--seed", "a☃b", "-n", "5")
    assert result.returncode == 0
    assert "‘☃’" in result.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--temperature", "-1"), 2, "the temperature is -1"),
        (("--temperature", "nan"), 2, "the temperature is nan"),
        (("--temperature", "inf"), 2, "the temperature is inf"),
        (("--temperature", "warm"), 2, "'warm' is not a number"),
        (("--length", "0"), 2, "--length"),
        (("--rng-seed", "-1"), 2, "--rng-seed"),
        (("--unknown",), 2, "--unknown"),
        (("--model", "/nowhere/x.onnx"), 1, "/nowhere/x.onnx does not exist"),
        (("--model", "/"), 1, "/ is not a file"),
        (("--model", __file__), 1, "is not an ONNX model"),
    ],
)
def test_bad_input_is_one_sentence_and_its_exit_code(
    arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = run("generate", *arguments)
    assert result.returncode == code
    assert says in result.stderr.decode()
    assert b"Traceback" not in result.stderr
    assert result.stdout == b""


def test_a_seed_that_is_not_utf_8_is_refused() -> None:
    result = run("generate", "--seed", "-", stdin=b"\xff\xfe")
    assert result.returncode == 2
    assert b"UTF-8" in result.stderr


def test_an_option_before_the_command_is_not_silently_ignored() -> None:
    result = run("--temperature", "0.2", "generate")
    assert result.returncode == 2
    assert b"put it after generate" in result.stderr


def test_the_app_without_a_terminal_says_what_to_use_instead() -> None:
    result = run()
    assert result.returncode == 2
    assert b"charlm-tui generate" in result.stderr


def test_a_broken_pipe_is_quiet(model_path: Path) -> None:
    command = [COMMAND, "generate", "--model", str(model_path), "-n", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_ctrl_c_ends_it_with_130_and_what_was_made_is_printed(model_path: Path) -> None:
    command = [COMMAND, "generate", "--model", str(model_path), "-n", "10000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(60) == 130


def test_a_full_disk_is_one_sentence(model_path: Path) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full, which stands for a full disk")
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [COMMAND, "generate", "--model", str(model_path), "-n", "10"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    assert result.returncode == 1
    assert b"No space left" in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a core of its own")
def test_several_replies_on_one_core_are_drawn_by_one_thread(model_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "from charlm_tui.lm.settings import Settings\n"
        "from charlm_tui.scripts.generate import Job, run\n"
        "class Out:\n"
        "    def write(self, text):\n"
        "        print(len(os.listdir('/proc/self/task')))\n"
        "    def flush(self):\n"
        "        pass\n"
        "job = Job(Path(sys.argv[1]), 'the ', 5, Settings(), temperatures=(0.5, 1.0))\n"
        "run(job, Out(), print)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(model_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n1\n"
