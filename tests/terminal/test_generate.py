"""`charlm-tui generate` as scripts use it."""

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.devices import FULL, NULL, is_device, make_device, make_standard_output
from tests.support.terminal import COMMAND, run

pytestmark = pytest.mark.slow  # nearly every test starts a process


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


def test_a_seed_from_standard_input_is_kept_to_the_character_but_for_its_last_newline(
    model_path: Path,
) -> None:
    command = ("generate", "--model", str(model_path), "--rng-seed", "3")
    for seed in ("the ", "two\nlines \n"):
        expected = run(*command, "--seed", seed).stdout
        for piped in (f"{seed}\n", f"{seed}\r\n", f"\ufeff{seed}\n"):
            result = run(*command, "--seed", "-", stdin=piped.encode())
            assert (result.stdout, result.stderr) == (expected, b"")
        assert expected != run(*command, "--seed", seed.strip()).stdout


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


def test_what_becomes_of_a_seed_is_told_once_on_standard_error(model_path: Path) -> None:
    command = ("generate", "--model", str(model_path), "--seed", "Ü“a” ÜÜ", "-n", "5")
    for more in ((), ("--temperatures", "0.2,0.5")):
        told = run(*command, *more).stderr.decode()
        assert told == 'note: as the model knows it: ‘Ü’ → ‘u’, ‘“’ → ‘"’, ‘”’ → ‘"’\n'


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--temperature", "-1"), 2, "temperature must be 0 (greedy) or a positive number, not -1"),
        (
            ("--temperature", "nan"),
            2,
            "temperature must be 0 (greedy) or a positive number, not nan",
        ),
        (
            ("--temperature", "inf"),
            2,
            "temperature must be 0 (greedy) or a positive number, not inf",
        ),
        (("--temperature", "warm"), 2, 'not "warm"'),
        (("--length", "0"), 2, "--length"),
        (("--rng-seed", "-1"), 2, "--rng-seed"),
        (("--unknown",), 2, "--unknown"),
        (("--model", "/nowhere/x.onnx"), 1, "/nowhere/x.onnx does not exist"),
        (("--model", "/"), 1, "/ is not a file"),
        (("--model", "x" * 5000), 1, "x cannot be read: File name too long; check the path"),
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
        assert process.wait(600) == 0


def test_ctrl_c_ends_it_with_130_and_what_was_made_is_printed(model_path: Path) -> None:
    command = [COMMAND, "generate", "--model", str(model_path), "-n", "10000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(600) == 130


@pytest.mark.linux
def test_a_full_disk_is_one_sentence(model_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [COMMAND, "generate", "--model", str(model_path), "-n", "10"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=600,
        )
    assert result.returncode == 1
    assert b"No space left" in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.linux
def test_several_replies_on_one_core_are_drawn_by_one_thread(model_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n"
        "from charlm_tui.lm.settings import Settings\n"
        "from charlm_tui.batch.generate import Job, run\n"
        "class Out:\n"
        "    def write(self, text):\n"
        "        print(len(os.listdir('/proc/self/task')))\n"
        "    def flush(self):\n"
        "        pass\n"
        "job = Job(Path(sys.argv[1]), ('the ',), 5, Settings(), temperatures=(0.5, 1.0))\n"
        "run(job, Out(), print)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(model_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n1\n"


def record(model_path: Path, tape: Path | str, *more: str) -> subprocess.CompletedProcess[bytes]:
    return run("generate", "--model", str(model_path), "-n", "20", "--tape", str(tape), *more)


def is_one_error(result: subprocess.CompletedProcess[bytes], says: str) -> bool:
    """Tell whether a command failed with one sentence that says this."""
    lines = result.stderr.decode().splitlines()
    return result.returncode == 1 and len(lines) == 1 and says in lines[0]


def test_a_tape_goes_straight_through_to_a_device_which_stays(
    model_path: Path, tmp_path: Path
) -> None:
    null = make_device(tmp_path / "null", NULL)
    result = record(model_path, null)
    assert (result.returncode, result.stderr) == (0, b"")
    assert is_device(null, NULL)
    assert record(model_path, null, "--temperatures", "0.2,0.5").returncode == 0
    assert [it.name for it in tmp_path.iterdir()] == ["null"]


def test_a_tape_goes_straight_through_to_a_pipe_which_stays(
    model_path: Path, tmp_path: Path
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Open for both, so that neither end waits for the other; a pipe holds more than this tape.
    kept = os.open(pipe, os.O_RDWR)
    try:
        result = record(model_path, pipe)
        assert (result.returncode, result.stderr) == (0, b"")
        assert stat.S_ISFIFO(os.lstat(pipe).st_mode)
        text = json.loads(os.read(kept, 65_536))["text"]
    finally:
        os.close(kept)
    assert text == result.stdout.decode()


def test_a_tape_on_standard_output_leaves_what_is_there(model_path: Path, tmp_path: Path) -> None:
    """The file that the output goes to is neither replaced nor written from its beginning."""
    out, link = tmp_path / "out", make_standard_output(tmp_path / "stdout")
    with out.open("wb") as file:
        file.write(b"before\n")
        file.flush()
        subprocess.run(
            [COMMAND, "generate", "--model", str(model_path), "-n", "20", "--tape", str(link)],
            stdout=file,
            timeout=120,
            check=True,
        )
        file.write(b"after\n")
    assert link.is_symlink()
    content = out.read_text()
    assert content.startswith("before\n")
    assert content.endswith("}\nafter\n")
    assert json.loads(content[27:-6])["text"] == content[7:27]


def test_a_tape_follows_a_link_and_keeps_the_mode_of_a_file(
    model_path: Path, tmp_path: Path
) -> None:
    target, link = tmp_path / "elsewhere" / "reply.tape", tmp_path / "reply.tape"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    assert record(model_path, link).returncode == 0
    assert link.is_symlink()
    assert json.loads(target.read_text())["format"] == "charlm-tape"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_tape_does_not_replace_a_file_that_nobody_may_write(
    model_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "reply.tape"
    path.write_text("precious")
    path.chmod(0o444)
    assert is_one_error(record(model_path, path), f"{path} cannot be written: it is read-only")
    assert path.read_text() == "precious"


@pytest.mark.parametrize("more", [(), ("--temperatures", "0.2,0.5")])
@pytest.mark.parametrize("place", [".", "..", "/", "x" * 300])
def test_a_place_that_no_tape_can_have_is_one_sentence_before_anything_is_drawn(
    place: str, more: tuple[str, ...], model_path: Path
) -> None:
    result = record(model_path, place, *more)
    assert is_one_error(result, "cannot be written: ")
    assert result.stdout == b""


def test_a_tape_that_cannot_be_written_is_one_sentence_and_the_text_is_printed(
    model_path: Path, tmp_path: Path
) -> None:
    full = make_device(tmp_path / "full", FULL)
    for more in ((), ("--json",), ("--temperatures", "0.2,0.5")):
        result = record(model_path, full, *more)
        assert is_one_error(result, f"{full} cannot be written: No space left on device")
        assert len(result.stdout) >= 20
    assert is_device(full, FULL)


@pytest.mark.parametrize("more", [(), ("--json",), ("--temperatures", "0.2,0.5")])
def test_a_tape_that_cannot_be_written_is_one_sentence_where_nobody_reads_the_text(
    more: tuple[str, ...], model_path: Path, tmp_path: Path
) -> None:
    full = make_device(tmp_path / "full", FULL)
    command = [COMMAND, "generate", "--model", str(model_path), "-n", "20", *more]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        result = subprocess.run(
            [*command, "--tape", str(full)], stdout=nobody, stderr=subprocess.PIPE, timeout=120
        )
    assert is_one_error(result, "No space left on device")


def test_every_lane_is_recorded_where_nobody_reads_the_text(
    model_path: Path, tmp_path: Path
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody:
        result = subprocess.run(
            [
                *(COMMAND, "generate", "--model", str(model_path), "-n", "20"),
                *("--temperatures", "0.2,0.5", "--tape", str(tmp_path / "reply.tape")),
            ],
            stdout=nobody,
            stderr=subprocess.PIPE,
            timeout=120,
        )
    assert (result.returncode, result.stderr) == (0, b"")
    assert sorted(it.name for it in tmp_path.iterdir()) == ["reply-0.2.tape", "reply-0.5.tape"]


def test_units_are_held_and_the_tape_replays(model_path: Path, tmp_path: Path) -> None:
    tape = tmp_path / "held.tape"
    command = ("generate", "--model", str(model_path), "--rng-seed", "3", "-n", "80")
    held = run(*command, "--hold", "c[52]=3.0", "--hold", "h 7 = -1", "--tape", str(tape))
    assert held.returncode == 0, held.stderr
    assert held.stdout != run(*command).stdout
    document = json.loads(tape.read_text())
    assert document["version"] == 2
    assert document["changes"][0]["held"] == [["c", 52, 3.0], ["h", 7, -1.0]]
    replayed = run("replay", str(tape), "--model", str(model_path))
    assert (replayed.returncode, replayed.stdout) == (0, held.stdout)
    lanes = run(*command, "--hold", "c[52]=3.0", "--hold", "h[7]=-1", "--temperatures", "0.5,1")
    assert held.stdout in lanes.stdout
    as_json = json.loads(run(*command, "--hold", "c[52]=3.0", "--json").stdout)
    assert as_json["held"] == [["c", 52, 3.0]]


@pytest.mark.parametrize(
    ("unit", "says"),
    [
        ("c[128]=1", "the model has no unit c[128]; its units are h[0] to h[127], c[0] to c[127]"),
        ("c[1]", "is no unit at a value"),
        ("c[1]=nan", "must be held at a number from"),
    ],
)
def test_what_cannot_be_held_is_an_error_of_the_command(
    model_path: Path, unit: str, says: str
) -> None:
    result = run("generate", "--model", str(model_path), "--hold", unit)
    assert (result.returncode, result.stdout) == (2, b"")
    assert says in result.stderr.decode()
    assert result.stderr.count(b"\n") == 1


# Rules of what may be written.


def ruled(model_path: Path, *more: str) -> tuple[int, str, str]:
    result = run("generate", "--model", str(model_path), "--rng-seed", "3", *more)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_rules_hold_to_the_character_and_a_tape_replays_them(
    model_path: Path, tmp_path: Path
) -> None:
    _, plain, _ = ruled(model_path, "-n", "300")
    code, text, _ = ruled(
        model_path, "-n", "300", "--ban", "e", "--forbid", " of", "--forbid", "in"
    )
    assert (code, len(text)) == (0, 300)
    assert "e" in plain
    assert not any(part in text for part in ("e", " of", "in"))
    tape = tmp_path / "ruled.tape"
    command = ("-n", "300", "--bias", r"e=-3,\n=-100", "--until", " the ", "--tape", str(tape))
    code, text, _ = ruled(model_path, *command)
    assert code == 0
    assert text.index(" the ") == len(text) - len(" the ")
    assert "\n" not in text
    document = json.loads(tape.read_text())
    assert document["version"] == 2
    assert document["changes"][0]["until"] == [" the "]
    replayed = run("replay", str(tape), "--model", str(model_path))
    assert (replayed.returncode, replayed.stdout.decode()) == (0, text)
    _, cut, _ = ruled(model_path, *command[:-2], "--until-cut")
    assert cut == text.removesuffix(" the ")


@pytest.mark.parametrize("length", [14, 15, 40])
def test_a_reply_matches_whatever_its_length(model_path: Path, length: int) -> None:
    pattern = r"[a-z]+ (and|or) [a-z]{3,9}\."
    code, text, errors = ruled(model_path, "-n", str(length), "--match", pattern)
    assert (code, errors) == (0, "")
    assert re.fullmatch(pattern, text)
    assert len(text) <= length


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (("-n", "5", "--match", "[a-z]{9}"), 1, "cannot be fulfilled in the 5 characters"),
        (("--match", "[A-Z]+"), 1, "cannot be fulfilled by any text"),
        (("--match", "("), 2, "cannot be used: missing )"),
        (("--match", "(a*)*b\\1"), 2, "it refers to a group"),
        (("--bias", "q"), 2, "is no bias"),
        (("--bias", "q=1000"), 2, "must be a number of bits from -100 to 100"),
        (("--until", ""), 2, "until must be a text"),
        (("--ban", "abcdefghijklmnopqrstuvwxyz", "--match", "[a-z]"), 1, "with --ban"),
    ],
)
def test_what_no_text_can_fulfil_is_one_sentence_before_the_first_character(
    model_path: Path, more: tuple[str, ...], code: int, says: str
) -> None:
    found, text, errors = ruled(model_path, *more)
    assert (found, text) == (code, "")
    assert says in errors
    assert "Traceback" not in errors


def test_many_replies_to_the_seeds_of_a_file(model_path: Path, tmp_path: Path) -> None:
    seeds = tmp_path / "seeds.txt"
    seeds.write_text("in the rain \n\nan old man ", encoding="utf-8")
    _, lines, _ = ruled(model_path, "--seeds", str(seeds), "--count", "2", "-n", "20", "--json")
    replies = [json.loads(line) for line in lines.splitlines()]
    assert [(each["seed"], each["rng_seed"]) for each in replies] == [
        ("in the rain ", 3), ("in the rain ", 4), ("an old man ", 3), ("an old man ", 4)
    ]  # fmt: skip
    command = ("generate", "--model", str(model_path), "-n", "20")
    for each in replies:
        alone = run(*command, "--seed", each["seed"], "--rng-seed", str(each["rng_seed"]))
        assert alone.stdout.decode() == each["text"]
    _, shown, _ = ruled(model_path, "--seed", "in the rain ", "--count", "2", "-n", "20")
    assert shown == (
        f"------ RNG seed: 3\n{replies[0]['text']}\n------ RNG seed: 4\n{replies[1]['text']}"
    )


def test_json_tells_each_character_with_the_five_most_likely_ones(model_path: Path) -> None:
    _, line, _ = ruled(model_path, "-n", "40", "--json", "--per-character", "--ban", "e")
    reply = json.loads(line)
    assert "".join(each["character"] for each in reply["characters"]) == reply["text"]
    for each in reply["characters"]:
        chances = [chance for _, chance in each["best"]]
        assert len(chances) == 5
        assert chances == sorted(chances, reverse=True)
        own = dict(map(tuple, each["best"])).get(each["character"])
        if own is not None:
            assert 2 ** -each["surprisal_bits"] == pytest.approx(own, rel=1e-3)
    assert any("e" in dict(map(tuple, each["best"])) for each in reply["characters"])


@pytest.mark.parametrize(
    "more",
    [
        ("--seed", "a", "--seeds", "-"),
        ("--count", "2", "--tape", "x.tape"),
        ("--count", "2", "--temperatures", "0.2,0.5"),
        ("--per-character",),
        ("--count", "0"),
        ("--seeds", "/nowhere/seeds"),
    ],
)
def test_options_that_do_not_go_together_are_one_sentence(
    model_path: Path, more: tuple[str, ...]
) -> None:
    code, text, errors = ruled(model_path, *more)
    assert (code, text) == (2, "")
    assert "Traceback" not in errors
    assert errors.rstrip().splitlines()[-1].startswith("Error: ")


def test_lanes_follow_rules_each_by_itself(model_path: Path) -> None:
    more = ("-n", "200", "--until", ",", "--ban", "q")
    _, lanes, _ = ruled(model_path, *more, "--temperatures", "0.2,0.5,1")
    for temperature in ("0.2", "0.5", "1"):
        _, alone, _ = ruled(model_path, *more, "--temperature", temperature)
        assert f"------ temperature: {temperature}\n{alone}\n" in lanes
