"""`charlm-tui repl`: a chat in a real pseudo-terminal, and a filter through real pipes."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charlm_tui.log import log_path
from charlm_tui.reply.tape_file import read_recording
from tests.support.faults import PLANTED, faulty
from tests.support.models import WINDOW, fond_model
from tests.support.terminal import (
    BOUND_S,
    COMMAND,
    Terminal,
    has_ended,
    is_stopped,
    terminal,
)

F2, F3, F4, F7, F9, UP = "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[18~", "\x1b[20~", "\x1b[A"
CTRL_C, CTRL_D, CTRL_T = "\x03", "\x04", "\x14"
ONCE_MORE = "Ctrl+C again"
CLOSED = r"· [\d,]+ characters?, \d\.\d\d bits per character, RNG seed 5, temperature "

pytestmark = [pytest.mark.pty, pytest.mark.linux]


@contextlib.contextmanager
def chat(model: Path, *arguments: str, **options: Any) -> Iterator[Terminal]:
    """Run the chat in a terminal that answers where its cursor is, as terminals do."""
    command = ("repl", "--model", str(model), "--rng-seed", "5", *arguments)
    with terminal(*command, **options) as it:
        it.screen.write_process_input = it.send
        yield it


def prompts(it: Terminal) -> None:
    """Read until there is an empty prompt, with the status below it."""
    it.until(
        lambda: (
            "RNG seed 5" in it.text.splitlines()[-1] and it.text.split("\n\n")[0].endswith("\n❯")
        ),
        "a prompt was shown",
    )


def streamed(it: Terminal, seed: str) -> str:
    """Give what has come below a seed so far; nothing if the seed is not there."""
    _, found, below = it.text.rpartition(f"❯ {seed}\n")
    return below if found else ""


def streams(it: Terminal, seed: str) -> None:
    """Read until a few characters of the reply to a seed are there."""
    it.until(lambda: len(streamed(it, seed).strip()) > 3, "the reply streamed")


def goes_on(it: Terminal, seed: str) -> None:
    """Read until more of the reply to a seed is there."""
    length = len(streamed(it, seed))
    it.until(lambda: len(streamed(it, seed)) > length + 5, "the reply went on")


def test_a_person_types_watches_changes_the_temperature_stops_and_quits(model_path: Path) -> None:
    with chat(model_path, "--length", "0") as it:
        it.shows("nietzsche: LSTM")
        prompts(it)
        it.send("the world is\r")
        streams(it, "the world is")
        it.send(F3)
        it.shows("‹0.55›")
        goes_on(it, "the world is")
        it.send(CTRL_T)
        it.shows("‹1.00›")
        goes_on(it, "the world is")
        it.send(F4)
        it.shows("‹paused: F4 resumes›")
        it.send(F4)
        goes_on(it, "the world is")
        it.send(CTRL_C)
        it.shows(ONCE_MORE)
        assert re.search(CLOSED + r"0\.5 → 0\.55 →\s+1\n", it.text)
        prompts(it)
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.send("/temp 0.7\r")
        it.shows("temperature 0.70 │")
        it.shows("Temperature: 0.70")  # what was set is said
        it.send("/temp\r")
        it.until(lambda: it.text.count("Temperature: 0.70") == 2, "it is said again")
        it.send("/temp 99\r")
        it.shows("from 0 (greedy) to 5, not 99")
        it.send("/tmep 1\r")
        it.shows("did you mean /temp")
        it.send(UP)
        it.until(lambda: it.text.count("❯ /tmep 1") == 2, "the last line came back")
        it.send(CTRL_C)
        prompts(it)
        asked = it.text.count(ONCE_MORE)
        it.send(CTRL_C)
        it.until(lambda: it.text.count(ONCE_MORE) == asked + 1, "it was asked once more")
        it.send(CTRL_C)
        assert it.end() == 0
        assert it.is_sane
        assert has_ended(handle)


def test_ctrl_c_twice_quits_from_a_reply_and_keeps_what_there_is(model_path: Path) -> None:
    with chat(model_path, "--length", "0", "--seed", "the ") as it:
        streams(it, "the")
        it.send(CTRL_C)
        it.shows(ONCE_MORE)
        it.send(CTRL_C)
        assert it.end() == 0
        assert re.search(CLOSED + r"0\.5", it.text)
        assert it.is_sane


@pytest.mark.parametrize("streaming", [True, False])
def test_ctrl_d_quits(model_path: Path, streaming: bool) -> None:
    seed = ("--length", "0", "--seed", "the ") if streaming else ()
    with chat(model_path, *seed) as it:
        if streaming:
            streams(it, "the")
        else:
            prompts(it)
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.send(CTRL_D)
        assert it.end() == 0
        assert it.is_sane
        assert has_ended(handle)


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda it: it.name
)
def test_a_signal_ends_it_with_a_sane_terminal_and_no_orphan(
    model_path: Path, number: signal.Signals, streaming: bool
) -> None:
    seed = ("--length", "0", "--seed", "the ") if streaming else ()
    with chat(model_path, *seed) as it:
        if streaming:
            streams(it, "the")
        else:
            prompts(it)
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.process.send_signal(number)
        assert it.end() == 128 + number
        assert it.is_sane
        assert has_ended(handle)


@pytest.mark.parametrize("streaming", [True, False])
def test_a_stopped_chat_gives_the_terminal_back_and_goes_on(
    model_path: Path, streaming: bool
) -> None:
    seed = ("--length", "0", "--seed", "the ") if streaming else ()
    with chat(model_path, *seed) as it:
        if streaming:
            streams(it, "the")
        else:
            prompts(it)
        it.process.send_signal(signal.SIGTSTP)
        it.until(lambda: is_stopped(it.process.pid), "the chat was stopped")
        it.read()
        assert it.is_sane, it.modes_left
        it.process.send_signal(signal.SIGCONT)
        it.until(lambda: not it.is_sane, "the chat had the terminal again")
        if streaming:
            goes_on(it, "the")
            it.send(CTRL_C)
            it.shows(ONCE_MORE)
        it.send("abc")
        it.shows("❯ abc")
        it.send(CTRL_C)
        prompts(it)
        it.send(CTRL_D)
        assert it.end() == 0
        assert it.is_sane


@pytest.mark.parametrize(
    "place",
    [
        "charlm_tui.session.conversation:Conversation.receive",
        "charlm_tui.repl.input:Listener.press",
        "charlm_tui.engine.client:ProcessEngine._read",
        "charlm_tui.history.store:Store.append",
    ],
)
def test_an_exception_in_the_chat_is_one_sentence_that_names_the_log(
    model_path: Path, tmp_path: Path, place: str
) -> None:
    command = ("repl", "--model", str(model_path), "--length", "0", "--seed", "the ")
    with faulty(tmp_path / "flag", place, *command) as shown:
        it = shown.terminal
        it.screen.write_process_input = it.send
        if "_read" not in place:
            streams(it, "the")
        shown.show()
        it.send("+")
        assert it.end() == 1
        written = it.output.decode()
        told = [line for line in written.splitlines() if "error: " in line]
        assert len(told) == 1
        assert PLANTED in told[0]
        assert str(log_path()) in told[0]
        assert "Traceback" not in written
        assert it.is_sane, it.modes_left


def test_a_sigint_from_elsewhere_is_a_ctrl_c(model_path: Path) -> None:
    with chat(model_path, "--length", "0", "--seed", "the ") as it:
        streams(it, "the")
        it.process.send_signal(signal.SIGINT)
        it.shows(ONCE_MORE)
        prompts(it)
        it.process.send_signal(signal.SIGINT)
        assert it.end() == 0
        assert it.is_sane


@pytest.mark.parametrize("streaming", [True, False])
def test_a_killed_chat_leaves_no_orphan_and_its_engine_gives_the_terminal_back(
    model_path: Path, streaming: bool
) -> None:
    seed = ("--length", "0", "--seed", "the ") if streaming else ()
    with chat(model_path, *seed) as it:
        if streaming:
            streams(it, "the")
        else:
            prompts(it)
        (engine,) = it.engines()
        handle = os.pidfd_open(engine)
        it.process.kill()
        assert it.end() == -signal.SIGKILL
        it.until(lambda: it.is_sane, "the terminal was given back")
        assert has_ended(handle)


@pytest.mark.parametrize("streaming", [True, False])
def test_a_closed_terminal_leaves_nothing_behind(model_path: Path, streaming: bool) -> None:
    seed = ("--length", "0", "--seed", "the ") if streaming else ()
    with chat(model_path, *seed) as it:
        if streaming:
            streams(it, "the")
        else:
            prompts(it)
        (engine,) = it.engines()
        handles = [os.pidfd_open(engine), os.pidfd_open(it.process.pid)]
        it.hang_up()
        assert all(has_ended(handle) for handle in handles)


def test_a_killed_engine_is_replaced_and_the_reply_goes_on(model_path: Path) -> None:
    with chat(model_path, "--length", "0", "--seed", "the ") as it:
        streams(it, "the")
        (engine,) = it.engines()
        os.kill(engine, signal.SIGKILL)
        it.shows("SIGKILL")
        prompts(it)
        (another,) = it.engines()
        assert another != engine
        it.send("\r")
        it.until(lambda: len(it.text.rpartition("❯\n")[2].strip()) > 3, "the reply went on")
        it.send(CTRL_C)
        it.shows(ONCE_MORE)
        it.send(CTRL_D)
        assert it.end() == 0


def test_an_engine_that_dies_under_the_prompt_is_told_above_it(model_path: Path) -> None:
    with chat(model_path) as it:
        prompts(it)
        it.send("abc")
        it.shows("❯ abc")
        (engine,) = it.engines()
        os.kill(engine, signal.SIGKILL)
        it.shows("SIGKILL")
        it.until(lambda: it.text.split("\n\n")[0].endswith("\n❯ abc"), "the prompt is back")
        it.send("\r")
        it.until(lambda: len(streamed(it, "abc").strip()) > 3, "the seed was answered")


@pytest.mark.parametrize("ahead", ["the 4", "4 of them", "so it", " space", "very", "+1"])
def test_what_is_typed_ahead_is_in_the_next_prompt_whole(model_path: Path, ahead: str) -> None:
    with chat(model_path, "--length", "60", "--seed", "the ", "--speed", "4") as it:
        streams(it, "the")
        it.send(f"{ahead}\rand more\r")
        it.shows("‹typed ahead›")
        it.send(F9 * 9)  # as fast as it goes
        whole = f"\n❯ {ahead}\n  and more"
        it.until(lambda: it.text.split("\n\n")[0].endswith(whole), "it is there")
        assert re.search(CLOSED + r"0\.5\n", it.text)
        assert re.search(r"· 60 characters", it.text)


def test_keys_that_come_with_enter_act_on_the_reply_and_further_lines_are_sent_after_it(
    model_path: Path,
) -> None:
    with chat(model_path, "--length", "30") as it:
        prompts(it)
        it.send(f"one\r{F3}two\r")
        it.until(lambda: it.text.count("· 30 characters") == 2, "both were answered")
        assert "❯ two" in it.text
        prompts(it)
        assert "temperature 0.55 │" in it.text


def test_ctrl_c_with_enter_stops_the_reply(model_path: Path) -> None:
    with chat(model_path, "--length", "0") as it:
        prompts(it)
        it.send(f"one\r{CTRL_C}")
        it.shows(ONCE_MORE)
        prompts(it)


def test_what_is_typed_before_the_model_is_ready_is_not_lost(model_path: Path) -> None:
    with chat(model_path) as it:
        it.send("the world is\r")
        streams(it, "the world is")


def test_a_paste_keeps_its_newlines_and_ctrl_n_makes_one(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "reply.tape"
    with chat(model_path, "--length", "20") as it:
        prompts(it)
        it.send("\x1b[200~one\ntwo\x1b[201~")
        it.shows("  two")
        it.send("\x0e(three\r")  # Ctrl+N
        it.shows("· 20 characters")
        prompts(it)
        it.send(f"/save {path}\r")
        it.shows("saved")
        assert read_recording(path).seed == "one\ntwo\n(three"


def test_two_slashes_are_a_seed_that_begins_with_one(model_path: Path) -> None:
    with chat(model_path, "--length", "20") as it:
        prompts(it)
        it.send("//temp 0.7\r")  # the model knows no slash, and says so
        it.shows("‘/’")
        it.shows("· 20 characters")
        it.shows("temperature 0.50 │")


def dreams(it: Terminal) -> str:
    """Have a seed dreamt; give the prompt with it, as far as it is shown."""
    prompts(it)
    it.send("/dream\r")
    it.until(
        lambda: it.text.count("❯") == 2 and "RNG seed 5" in it.text.splitlines()[-1],
        "there is a prompt with a seed",
    )
    return "❯" + "\n".join(it.text.rpartition("❯")[2].splitlines()[:-1]).rstrip()


def in_a_prompt(seed: str) -> str:
    """Give a seed as a prompt shows it, without the spaces at the end of a line."""
    first, *others = seed.split("\n")
    lines = [f"❯ {first}", *(f"  {other}" for other in others)]
    return "\n".join(line.rstrip() for line in lines).rstrip()


def sends(it: Terminal, path: Path) -> str:
    """Send what is in the prompt; give the seed that was replied to."""
    it.send("\r")
    it.shows("· 20 characters")
    prompts(it)
    it.send(f"/save {path}\r")
    it.shows("saved")
    return read_recording(path).seed


def test_a_dreamt_seed_is_in_the_prompt_and_is_sent_by_enter(
    model_path: Path, tmp_path: Path
) -> None:
    with chat(model_path, "--length", "20", rows=100) as it:  # it may have a newline anywhere
        shown = dreams(it)
        seed = sends(it, tmp_path / "reply.tape")
        assert len(seed) == 60  # as long as the window
        assert shown == in_a_prompt(seed)


@pytest.mark.parametrize("symbol", ["\n", " ", "/", "a"])
def test_a_dreamt_seed_is_sent_as_it_was_dreamt_whatever_it_is(tmp_path: Path, symbol: str) -> None:
    model = tmp_path / "fond.onnx"
    model.write_bytes(fond_model(symbol).SerializeToString())
    with chat(model, "--length", "20", rows=60) as it:
        dreams(it)
        assert sends(it, tmp_path / "reply.tape") == symbol * WINDOW


def test_a_shared_line_that_is_pasted_is_opened(model_path: Path) -> None:
    with chat(model_path, "--length", "20", "--seed", "the ", columns=400) as it:
        it.shows("· 20 characters")
        prompts(it)
        it.send("/share\r")
        it.shows("charlm1.")
        line = re.search(r"charlm1\.\S+", it.text)
        assert line is not None
        it.send("/undo\r")
        it.shows("undone")
        it.send(f"\x1b[200~{line[0]}\x1b[201~\r")
        it.shows("made again: identical, 20 characters")
        assert it.text.count("· 20 characters") == 2


def test_a_recorded_reply_is_replayed(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "reply.tape"
    with chat(model_path, "--length", "30", "--seed", "the ") as it:
        it.shows("· 30 characters")
        prompts(it)
        it.send(f"/save {path}\r")
        it.shows("saved")
        first = streamed(it, "the").partition("·")[0]
        it.send(f"/replay {path}\r")
        it.until(lambda: it.text.count("· 30 characters") == 2, "it was played")
        assert it.text.count(first) == 2
        it.shows("made again: identical")


def test_commands_are_completed(model_path: Path) -> None:
    with chat(model_path) as it:
        prompts(it)
        it.send("/typ")
        it.shows("Share of probability")
        it.send("\t")
        it.shows("❯ /typical-p")
        it.send(" 0.9\r")
        prompts(it)
        it.send("/typical-p\r")
        it.shows("Typical-p: 0.9")


def test_help_names_commands_and_keys(model_path: Path) -> None:
    with chat(model_path, rows=100) as it:
        prompts(it)
        it.send("/help\r")
        it.shows("/branch [N [TEXT]]")
        it.shows("Kept whole for the next prompt")


def test_tints_are_colours_where_they_are_allowed_and_none_with_no_color(
    model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("--length", "60", "--seed", "the ")
    with chat(model_path, *arguments, "--tint") as it:
        it.shows("· 60 characters")
        assert b"\x1b[38;5;" in it.output
    with chat(model_path, *arguments) as it:
        it.shows("· 60 characters")
        assert b"\x1b[38;" not in it.output
    monkeypatch.setenv("NO_COLOR", "1")
    with chat(model_path, *arguments, "--tint") as it:
        it.shows("· 60 characters")
        prompts(it)
        assert not re.search(rb"\x1b\[[0-9;]*\b[34][0-8]\b", it.output)
        assert re.search(rb"\x1b\[1m[a-z]+\x1b\[0m", it.output)
        assert re.search(rb"\x1b\[2m[a-z]+\x1b\[0m", it.output)


def test_f7_tints_what_follows(model_path: Path) -> None:
    with chat(model_path, "--length", "0", "--seed", "the ") as it:
        streams(it, "the")
        assert b"\x1b[38;" not in it.output
        it.send(F7)
        it.until(lambda: b"\x1b[38;5;" in it.output, "the text was tinted")


@pytest.mark.parametrize("streaming", [True, False])
def test_a_resize_breaks_nothing(model_path: Path, streaming: bool) -> None:
    seed = ("--length", "0", "--seed", "the ") if streaming else ()
    with chat(model_path, *seed) as it:
        if streaming:
            streams(it, "the")
        else:
            prompts(it)
        it.screen.resize(12, 40)
        fcntl.ioctl(it._master, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 40, 0, 0))
        if streaming:
            it.send(CTRL_C)
            it.shows(ONCE_MORE)
        it.shows("nietzsche T0.50")
        it.send("/temp\r")
        it.shows("Temperature: 0.50")
        it.send(CTRL_D)
        assert it.end() == 0
        assert it.is_sane


def test_forty_by_twelve_works(model_path: Path) -> None:
    with chat(model_path, "--length", "20", "--seed", "the ", columns=40, rows=12) as it:
        it.shows("nietzsche T0.50")
        it.send("/")
        it.shows("/preset N")
        it.send("temp 0.9\r")
        it.shows("T0.90")
        it.send(CTRL_D)
        assert it.end() == 0


def test_a_file_that_is_no_model_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "not.onnx"
    path.write_text("hello")
    with chat(path, columns=200) as it:
        assert it.end() == 1
        assert "is not an ONNX model" in it.text
        assert "Traceback" not in it.text
        assert it.is_sane


def test_a_filter_s_options_are_refused_in_a_terminal(model_path: Path) -> None:
    for option in ("--json", "-0"):
        with chat(model_path, option, columns=200) as it:
            assert it.end() == 2
            assert "is for a filter" in it.text


# The filter.


def pipe(model: Path, lines: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [COMMAND, "repl", "--model", str(model), "--rng-seed", "5", *arguments]
    return subprocess.run(command, input=lines, capture_output=True, timeout=600)


def generated(model: Path, seed: str, length: int) -> bytes:
    command = [COMMAND, "generate", "--model", str(model), "--rng-seed", "5", "--seed", seed]
    command += ["-n", str(length)]
    return subprocess.run(command, capture_output=True, check=True, timeout=600).stdout


def test_a_seed_a_line_has_the_reply_that_generate_prints(model_path: Path) -> None:
    result = pipe(model_path, b"the world is \r\nwe \nin", "--length", "70")
    assert result.returncode == 0
    assert result.stderr == b""
    replies = [generated(model_path, seed, 70) for seed in ("the world is ", "we ", "in")]
    assert result.stdout == b"".join(reply + b"\n" for reply in replies)


def test_the_filter_is_reproducible_with_every_setting(model_path: Path) -> None:
    lines = b"/temp 1\nwe \n/top-k 5\nwe \n/depth 3\nwe \n/mirostat 2\nwe \n\n"
    first = pipe(model_path, lines, "-0")
    assert first.stdout == pipe(model_path, lines, "-0").stdout
    assert len(set(first.stdout.split(b"\0"))) == 6


def test_null_ends_each_reply(model_path: Path) -> None:
    replies = pipe(model_path, b"we \nin\n", "--length", "300", "--null").stdout.split(b"\0")
    assert [len(reply.decode()) for reply in replies] == [300, 300, 0]


def test_json_is_one_object_a_line_and_makes_the_reply_again(model_path: Path) -> None:
    result = pipe(model_path, b"We \n/temp 0.9\nin\n", "--length", "50", "--json")
    first, second = map(json.loads, result.stdout.splitlines())
    assert first["text"].encode() == generated(model_path, "we ", 50)
    assert first["seed"] == "we "
    assert first["model_sha256"] == hashlib.sha256(model_path.read_bytes()).hexdigest()
    assert (second["temperature"], second["length"], second["rng_seed"]) == (0.9, 50, 5)


def test_commands_work_and_print_no_reply(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "reply.tape"
    lines = f"we \n/again\n/pin\n/save {path}\n/score the world\n/tmep\nwe \n".encode()
    result = pipe(model_path, lines, "--length", "40", "-0")
    said = result.stderr.decode()
    first, second, rest = result.stdout.split(b"\0")
    assert (len(first.decode()), len(second.decode()), rest) == (40, 40, b"")
    assert read_recording(path).text == second.decode()  # the RNG seed of /again is pinned
    assert "bits per character over 9" in said
    assert "did you mean /temp" in said
    assert result.returncode == 1


def test_the_filter_answers_each_line_before_it_reads_on(model_path: Path) -> None:
    command = [COMMAND, "repl", "--model", str(model_path), "--length", "10", "-0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for seed in (b"we \n", b"in\n"):
            process.stdin.write(seed)
            process.stdin.flush()
            assert len(process.stdout.read(11)) == 11
        process.stdin.close()
        assert process.wait(BOUND_S) == 0


def test_a_seed_on_the_command_line_comes_first(model_path: Path) -> None:
    result = pipe(model_path, b"in\n", "--length", "20", "--seed", "we ", "-0")
    expected = generated(model_path, "we ", 20) + b"\0" + generated(model_path, "in", 20) + b"\0"
    assert result.stdout == expected


def test_ten_thousand_characters_come_at_full_speed(model_path: Path) -> None:
    result = pipe(model_path, b"the \n", "--length", "10000")
    assert len(result.stdout.decode()) == 10_001
    assert result.stdout[:-1] == generated(model_path, "the ", 10_000)


def test_a_broken_pipe_is_quiet(model_path: Path) -> None:
    command = [COMMAND, "repl", "--model", str(model_path), "--length", "1000000"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"the \n" * 10)
        process.stdin.flush()
        assert len(process.stdout.read(10)) == 10
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(BOUND_S) == 0


def test_a_full_disk_is_one_sentence(model_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [COMMAND, "repl", "--model", str(model_path), "--length", "10"],
            input=b"the \n",
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=600,
        )
    assert result.returncode == 1
    assert b"No space left" in result.stderr
    assert b"Traceback" not in result.stderr


def test_a_line_of_bytes_that_are_no_text_is_one_sentence_and_the_rest_goes_on(
    model_path: Path,
) -> None:
    result = pipe(model_path, b"we \n\xff\nwe \n", "--length", "10")
    assert result.returncode == 1
    assert len(result.stdout.decode()) == 22
    assert result.stderr == (
        b"error: line 2: this is not UTF-8, from byte 1 on; convert it first\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--length", "0"), 2, "has to end"),
        (("--speed", "fast"), 2, 'speed must be a number or "full", not "fast"'),
        (("--speed", "-1"), 2, "speed must be"),
        (("--speed", "nan"), 2, "speed must be"),
        (("--json", "-0"), 2, "exclude each other"),
        (("--tint", "red"), 2, "red"),
        (("--temperature", "-1"), 2, "positive number, not -1"),
        (("--model", "/nowhere/x.onnx"), 1, "/nowhere/x.onnx does not exist"),
        (("--model", __file__), 1, "is not an ONNX model"),
    ],
)
def test_bad_options_are_one_sentence_and_their_exit_code(
    model_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = pipe(model_path, b"", *arguments)
    assert result.returncode == code
    assert says in result.stderr.decode()
    assert b"Traceback" not in result.stderr
    assert result.stdout == b""


@pytest.mark.parametrize("columns", [1, 3, 4, 5, 80])
def test_bytes_that_are_no_utf_8_are_typed_and_forgotten_at_any_width(
    model_path: Path, columns: int
) -> None:
    with chat(model_path, "--no-history", "--length", "9", columns=columns) as it:
        it.until(lambda: b"\x1b[?2004h" in it.output, "a prompt was shown")
        for line in (
            b"the \xe9\xff ",
            b"/score caf\xe9",
            b"/load ~nobody-of-that-name/x",
            b"/quit",
        ):
            os.write(it._master, line + b"\r")
        assert it.end() == 0
        assert b"Traceback" not in it.output
        assert it.is_sane
