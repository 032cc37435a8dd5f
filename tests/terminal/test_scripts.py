"""`replay`, `score` and `info` as scripts use them."""

import json
import os
import subprocess
from array import array
from pathlib import Path

import pytest

from charlm_tui.engine.model_info import greeting, loaded
from charlm_tui.lm.cause import Causes, causes
from charlm_tui.lm.contract import to_metadata
from charlm_tui.lm.influence import influence, mean_influence
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.tape import Runtime
from charlm_tui.reply.tape_file import Recording, read_recording
from tests.support.models import SYMBOLS, WINDOW, step_model
from tests.support.terminal import COMMAND, run, terminal

pytestmark = pytest.mark.slow  # nearly every test starts a process


@pytest.fixture
def tape(model_path: Path, tmp_path: Path) -> Path:
    path = tmp_path / "reply.tape"
    command = ("generate", "--model", str(model_path), "--seed", "the ", "-n", "120")
    more = ("--temperature", "0.8", "--mirostat", "2", "--top-p", "0.95", "--depth", "20")
    assert run(*command, *more, "--tape", str(path)).returncode == 0
    return path


def test_a_replay_makes_the_text_again_and_says_so(model_path: Path, tape: Path) -> None:
    result = run("replay", str(tape), "--model", str(model_path))
    assert result.returncode == 0
    assert result.stdout.decode() == json.loads(tape.read_text())["text"]
    assert result.stderr.decode().strip() == "identical, 120 characters"


def test_a_replay_that_differs_tells_where_and_shows_what_was_recorded(
    model_path: Path, tape: Path
) -> None:
    recording = Recording.from_json(tape.read_text(), "x")
    document = json.loads(tape.read_text())
    # The same columns under another RNG seed: as if the machine had computed something else.
    for change in document["changes"]:
        change["rng_seed"] += 1
    tape.write_text(json.dumps(document))
    result = run("replay", str(tape), "--model", str(model_path))
    assert result.returncode == 1
    assert result.stdout.decode() == recording.text
    said = result.stderr.decode()
    assert "differs first at character" in said
    assert "the same onnxruntime" in said


def test_a_replay_elsewhere_tells_the_divergence_without_calling_it_damage(
    model_path: Path, tape: Path
) -> None:
    document = json.loads(tape.read_text())
    document["runtime"] = {"onnxruntime": "0.1", "machine": "vax VMS"}
    document["changes"][0]["rng_seed"] += 1
    tape.write_text(json.dumps(document))
    said = run("replay", str(tape), "--model", str(model_path)).stderr.decode()
    assert "onnxruntime 0.1 on vax VMS" in said
    assert "damage" not in said
    assert Runtime.here("1").machine in said


def test_a_tape_of_another_model_names_both(tiny_model_path: Path, tape: Path) -> None:
    result = run("replay", str(tape), "--model", str(tiny_model_path))
    assert result.returncode == 1
    assert "give that model with --model" in result.stderr.decode()


def test_a_file_that_is_no_tape_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("hello")
    result = run("replay", str(path))
    assert result.returncode == 1
    assert "not a tape" in result.stderr.decode()


def test_the_score_of_the_held_out_text_is_the_cards(
    model_path: Path, corpus_path: Path, tmp_path: Path
) -> None:
    text = corpus_path.read_text(encoding="utf-8").lower()
    held_out = tmp_path / "held-out.txt"
    held_out.write_text(text[len(text) - int(len(text) * 0.05) :], encoding="utf-8")
    result = run("score", str(held_out), "--skip", "60", "--json", "--model", str(model_path))
    card = json.loads(run("info", "--json", "--model", str(model_path)).stdout)["card"]
    scored = json.loads(result.stdout)
    assert scored["bits_per_character"] == pytest.approx(
        card["held_out_bits_per_character"], abs=0.001
    )
    assert scored["scored"] == 30_044 - 60


def test_a_score_per_character_is_json_lines(model_path: Path) -> None:
    result = run("score", "-", "--per-character", "--model", str(model_path), stdin=b"The cat\n")
    lines = [json.loads(line) for line in result.stdout.decode().splitlines()]
    assert "".join(line["character"] for line in lines) == "the cat\n"
    assert all(line["surprisal_bits"] > 0 and line["entropy_bits"] > 0 for line in lines)


def test_a_byte_order_mark_is_not_scored(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("\ufeffthe world\n", encoding="utf-8")
    marked = run("score", "--model", str(model_path), str(path), "--json")
    plain = run("score", "--model", str(model_path), "-", "--json", stdin=b"the world\n")
    assert marked.stdout == plain.stdout
    assert marked.stderr == b""
    assert json.loads(plain.stdout)["scored"] == 10  # its last newline, too


def test_a_score_for_people_names_what_surprised_and_what_was_dropped(model_path: Path) -> None:
    result = run("score", "-", "--model", str(model_path), stdin="the thqq☃ng".encode())
    assert "bits per character over 10 characters" in result.stdout.decode()
    assert "→ 'q'" in result.stdout.decode()
    assert "‘☃’" in result.stderr.decode()


def test_a_context_changes_the_score(model_path: Path) -> None:
    text = b"what the model makes of this depends on how much of it it has read"
    figures = {
        json.loads(
            run("score", "-", "--json", "--model", str(model_path), *more, stdin=text).stdout
        )["bits_per_character"]
        for more in ((), ("--depth", "1"), ("--depth", "4"), ("--carry",))
    }
    assert len(figures) >= 3


WORDS = (
    b"the old man sat in the rain, and nobody asked him why; he said nothing of it. slowly evening "
    b"came, quiet and grey, and in the morning he sat there still"
)


@pytest.mark.parametrize(("more", "depth"), [((), 60), (("--skip", "70", "--depth", "12"), 12)])
def test_a_reach_has_a_mean_for_each_depth_that_ends_at_the_score(
    model_path: Path, more: tuple[str, ...], depth: int
) -> None:
    asked = ("score", "-", "--json", "--model", str(model_path), *more)
    found = json.loads(run(*asked, "--reach", stdin=WORDS).stdout)
    scored = json.loads(run(*asked, stdin=WORDS).stdout)
    assert len(found["bits_by_depth"]) == len(found["characters_by_depth"]) == depth
    assert found["bits_per_character"] == found["bits_by_depth"][-1]
    assert found["bits_per_character"] == pytest.approx(scored["bits_per_character"], abs=1e-4)
    assert (found["scored"], found["skipped"]) == (scored["scored"], scored["skipped"])
    asked = ("score", "-", "--reach", "--per-character", "--model", str(model_path), *more)
    each = [json.loads(line) for line in run(*asked, stdin=WORDS).stdout.splitlines()]
    assert "".join(line["character"] for line in each) == WORDS.decode()[found["skipped"] :]
    depths = [line["settling_depth"] for line in each]
    assert found["characters_by_depth"] == [depths.count(it) for it in range(1, depth + 1)]
    settled = found["settling_depth"]
    assert settled["mean"] == pytest.approx(sum(depths) / len(depths))
    assert settled["farthest"] == max(depths)
    within = sum(it <= settled["90_percent"] for it in depths)
    assert within >= 0.9 * len(depths) > sum(it < settled["90_percent"] for it in depths)
    farthest = [place["settling_depth"] for place in found["farthest"]]
    assert farthest == sorted(depths, reverse=True)[:10]
    for place in found["farthest"]:
        assert depths[place["at"] - found["skipped"]] == place["settling_depth"]
        assert WORDS.decode()[place["at"]] == place["character"]


def test_a_reach_for_people_is_a_curve_and_the_farthest_places(model_path: Path) -> None:
    result = run("score", "-", "--reach", "--model", str(model_path), "--depth", "7", stdin=WORDS)
    lines = result.stdout.decode().splitlines()
    assert lines[0].startswith("bits per character after the last N characters, over 152:")
    curve = [line.split() for line in lines[1:8]]
    assert [depth for depth, *_ in curve] == list("1234567")
    assert curve[0][2] == "#" * 40
    assert len(curve[6][2]) == round(40 * float(curve[6][1]) / float(curve[0][1]))
    assert "a character settles, within 0.1 bit, after" in lines[8]
    assert "90 % of them within" in lines[8]
    assert len(lines) == 9 + 10


def test_a_curve_of_many_depths_has_lines_for_some_of_them(model_path: Path) -> None:
    result = run("score", "-", "--reach", "--model", str(model_path), "--depth", "250", stdin=WORDS)
    depths = [line.split()[0] for line in result.stdout.decode().splitlines()[1:-11]]
    assert (depths[:3], depths[-1], len(depths)) == (["1", "3", "6"], "250", 85)


@pytest.mark.parametrize("more", [(), ("--depth", "12"), ("--carry",)])
def test_the_causes_of_the_last_character_are_those_of_its_context(
    model_path: Path, more: tuple[str, ...]
) -> None:
    asked = ("score", "-", "--causes", "--model", str(model_path), *more)
    found = json.loads(run(*asked, "--json", stdin=WORDS).stdout)
    model = OnnxModel(model_path)
    vocabulary = model.contract.vocabulary
    read = [vocabulary.start_symbol, *vocabulary.encode(WORDS.decode())][:-1]
    *_, expected = causes(model, read if "--carry" in more else read[-(12 if more else 60) :])
    assert isinstance(expected, Causes)
    assert (found["at"], found["character"]) == (len(WORDS) - 1, "l")
    assert WORDS.decode().endswith(found["before"] + "l")
    bits = [each["bits"] for each in found["units"]]
    assert bits == sorted(expected.bits.tolist(), reverse=True)
    first, at = found["units"][0], int(expected.bits.argmax())
    state = "h" if at < 128 else "c"
    assert first["unit"] == f"{state}[{at % 128}]"
    assert first["towards"] == vocabulary.symbols[expected.towards[at]]
    assert first["gain"] == expected.gains[at]
    lines = run(*asked, stdin=WORDS).stdout.decode().splitlines()
    assert lines[0].startswith(f"'l' at {len(WORDS) - 1}, after")
    assert lines[1].split()[:2] == [first["unit"], f"{first['bits']:.4f}"]
    assert len(lines) == 11


@pytest.mark.parametrize("more", [("space",), ("mean", "--depth", "7")])
def test_the_influence_on_the_last_character_is_that_of_its_window(
    model_path: Path, more: tuple[str, ...]
) -> None:
    asked = ("score", "-", "--model", str(model_path), "--influence", *more)
    found = json.loads(run(*asked, "--json", stdin=WORDS).stdout)
    model = OnnxModel(model_path)
    vocabulary = model.contract.vocabulary
    read = [vocabulary.start_symbol, *vocabulary.encode(WORDS.decode())][:-1]
    how, depth = (mean_influence, 7) if "mean" in more else (influence, 60)
    *_, expected = how(model, read, depth)
    assert not isinstance(expected, int)
    bits = [each["bits"] for each in found["characters"]]
    assert bits == sorted(expected.tolist(), reverse=True)
    assert len(bits) == depth
    for each in found["characters"]:
        assert each["at"] == len(WORDS) - 1 - each["back"]
        assert each["character"] == WORDS.decode()[each["at"]]
        assert each["bits"] == expected[each["back"] - 1]
    lines = run(*asked, stdin=WORDS).stdout.decode().splitlines()
    assert lines[1].split()[0] == f"{bits[0]:.4f}"
    assert len(lines) == 1 + min(10, depth)


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("-", "--influence", "space"), b"", 1),
        (("-", "--influence", "space", "--carry"), b"text", 2),
        (("-", "--influence", "space", "--causes"), b"text", 2),
        (("-", "--influence", "none"), b"text", 2),
        (("-", "--causes"), b"", 1),
        (("-", "--causes", "--reach"), b"text", 2),
        (("-", "--causes", "--per-character"), b"text", 2),
        (("-", "--causes", "--skip", "1"), b"text", 2),
        (("-",), b"", 1),
        (("-", "--skip", "9"), b"short", 1),
        (("-",), b"\xff", 2),
        (("/nowhere/text",), b"", 2),
        (("-", "--json", "--per-character"), b"text", 2),
        (("-", "--depth", "-1"), b"text", 2),
        (("-", "--reach"), b"", 1),
        (("-", "--reach", "--skip", "9"), b"short", 1),
        (("-", "--reach", "--carry"), b"text", 2),
        (("-", "--reach", "--json", "--per-character"), b"text", 2),
        (("/nowhere/text", "--reach"), b"", 2),
    ],
)
def test_bad_input_to_score_is_one_sentence(
    arguments: tuple[str, ...], stdin: bytes, code: int
) -> None:
    result = run("score", *arguments, stdin=stdin)
    assert result.returncode == code
    assert b"Traceback" not in result.stderr
    assert result.stderr


def test_info_shows_the_card(model_path: Path) -> None:
    shown = run("info", "--model", str(model_path)).stdout.decode()
    for fact in ("LSTM(128)", "57", "bits per character", "nietzsche.txt", "sha256"):
        assert fact in shown


@pytest.mark.parametrize("strange", ["\x1b[2J\x07", "\x9b31m", "\u202eabc", "\ud800", ["\x1b"]])
def test_no_control_character_of_a_card_is_in_what_is_shown_of_it(
    strange: object, tmp_path: Path
) -> None:
    names = ("name", "architecture", "recipe", "held_out_split", "device", "backend", "stopped")
    card = {**dict.fromkeys(names, strange), "epochs": 3, "versions": {str(strange): strange}}
    path = tmp_path / "model.onnx"
    metadata = to_metadata(Vocabulary(SYMBOLS, "lower"), WINDOW, {})
    metadata["charlm.card"] = json.dumps(card)
    path.write_bytes(step_model(metadata=metadata).SerializeToString())
    result = run("info", "--model", str(path))
    assert result.returncode == 0
    assert all(line.isprintable() for line in result.stdout.decode().splitlines())
    assert greeting(loaded(OnnxModel(path))).isprintable()


def test_what_a_person_typed_into_a_reply_is_read_and_not_drawn_again(
    model_path: Path, tmp_path: Path
) -> None:
    from charlm_tui.batch.generate import record
    from charlm_tui.lm.context import open_context
    from charlm_tui.lm.generation import Generation, prefixed
    from charlm_tui.lm.sampling import Sampler
    from charlm_tui.lm.settings import Settings
    from charlm_tui.reply.tape import Columns, Tape

    model, settings, tape = OnnxModel(model_path), Settings(0.8, 3), Tape()
    vocabulary = model.contract.vocabulary
    sampler = Sampler(len(vocabulary))
    read = prefixed(vocabulary, vocabulary.encode("the "))
    typed = vocabulary.encode("xyzzy ")
    record(
        tape, Generation(open_context(model, settings), sampler, settings, read).draw(30), settings
    )
    zeros = bytes(4 * len(typed))
    tape.append(Columns(array("H", typed).tobytes(), zeros, zeros, zeros), settings, forced=True)
    read += tape.ids().tolist()
    rest = Generation(open_context(model, settings), sampler, settings, read, len(tape))
    record(tape, rest.draw(40), settings)
    text = vocabulary.decode(tape.ids())
    assert "xyzzy " in text
    path = tmp_path / "typed.tape"
    runtime = Runtime.here("1")
    recording = Recording(model.contract.name, model.sha256, runtime, "the ", text, tape)
    path.write_text(recording.to_json())
    result = run("replay", str(path), "--model", str(model_path))
    assert result.stderr.decode().strip() == "identical, 76 characters"
    assert result.stdout.decode() == text


def test_a_tape_whose_text_was_changed_is_not_identical(model_path: Path, tape: Path) -> None:
    document = json.loads(tape.read_text())
    document["text"] = "X" + document["text"][1:]
    tape.write_text(json.dumps(document))
    result = run("replay", str(tape), "--model", str(model_path))
    assert result.returncode == 1
    assert "differs first at character 0" in result.stderr.decode()


def test_a_tape_is_whole_though_nobody_reads_the_text(model_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "reply.tape"
    command = [COMMAND, "generate", "--model", str(model_path), "-n", "3000", "--tape", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(600) == 0
    assert len(read_recording(path).tape) == 3000


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a shell, in which $C is the command."""
    return subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=600,
        env=os.environ | {"C": COMMAND} | environment,
    )


def test_a_text_a_seed_and_a_tape_can_come_through_a_pipe(
    model_path: Path, tape: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_text("the world is deep, and deeper than day had been aware.")
    model = f"--model '{model_path}'"
    for one, other in (
        (f'"$C" score {model} <(cat {text})', f'"$C" score {model} {text}'),
        (f'cat {text} | "$C" score {model} /dev/stdin', f'"$C" score {model} {text}'),
        (f'"$C" replay {model} <(cat {tape})', f'"$C" replay {model} {tape}'),
    ):
        piped, plain = shell(one), shell(other)
        assert (piped.returncode, plain.returncode) == (0, 0), piped.stderr
        assert (piped.stdout, piped.stderr) == (plain.stdout, plain.stderr)
    settings = shell('"$C" config show --config <(printf "[controls]\\nlength = 7")')
    assert b"\nlength = 7" in settings.stdout


@pytest.mark.parametrize(
    "command",
    [
        '"$C" score --model "$M" /dev/zero',
        '"$C" score --model "$M" - < /dev/zero',
        '"$C" score --model "$M" <(cat /dev/zero)',
        '"$C" generate --model "$M" --seed - < /dev/zero',
        '"$C" replay --model "$M" /dev/zero',
        '"$C" replay --model "$M" <(cat /dev/zero)',
        '"$C" replay --model "$M" .',
        '"$C" replay --model "$M" "~nobody-of-that-name/x"',
        '"$C" train --out "$T/x.onnx" --corpus /dev/zero',
        '"$C" info --model /dev/zero',
        '"$C" history list --history /dev/zero',
    ],
)
def test_what_has_no_end_or_is_no_file_is_refused_in_one_sentence(
    command: str, model_path: Path, tmp_path: Path
) -> None:
    told = shell(command, M=str(model_path), T=str(tmp_path))
    assert told.returncode in (1, 2)
    assert told.stdout == b""
    *_, last = told.stderr.decode().splitlines()
    assert last.lower().startswith("error: ")
    assert b"Traceback" not in told.stderr
    assert b"fault of its own" not in told.stderr


@pytest.mark.pty
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "command",
    [
        "",
        "--help",
        "generate --model $M --seed - -n 3",
        "score --model $M -",
        "repl --model $M --no-history --length 3",
        "config show",
        "history list --history $T/none.db",
        "train --corpus $T/none --out $T/x.onnx",
    ],
)
def test_a_stream_that_is_closed_is_no_fault_of_ours(
    command: str, closed: str, model_path: Path, tmp_path: Path
) -> None:
    told = shell(f'"$C" {command} {closed}', M=str(model_path), T=str(tmp_path))
    assert told.returncode in (0, 1, 2)
    assert b"Traceback" not in told.stderr
    assert b"fault of its own" not in told.stderr


@pytest.mark.pty
@pytest.mark.parametrize("size", ["3", "0", "-1", "99999", "9" * 30, "\u00b2"])
def test_a_size_that_is_none_is_not_believed(size: str, model_path: Path) -> None:
    for command in (
        '"$C" --help',
        'echo the world | "$C" score --model "$M" -',
        'echo the | "$C" repl --model "$M" --no-history --length 3',
    ):
        told = shell(command, M=str(model_path), COLUMNS=size, LINES=size)
        assert (told.returncode, told.stderr) == (0, b"")
        assert len(max(told.stdout.splitlines(), key=len)) < 1000


def test_a_path_or_a_tape_moves_no_cursor(tape: Path, model_path: Path) -> None:
    told = run("score", "\x1b[2J\na\u202eb\udcff", "--model", str(model_path))
    assert (told.returncode, told.stdout) == (2, b"")
    assert told.stderr.decode().splitlines()[-1].startswith("Error: ␛[2J⏎a")
    assert "\x1b" not in told.stderr.decode()
    told = run("replay", "\x1b[2J\na")
    assert told.stderr.decode().startswith("error: ␛[2J⏎a cannot be read: ")
    document = json.loads(tape.read_text()) | {"model_sha256": "0" * 64}
    hostile = "\x1b]0;title\x07\x9b2J"
    document["text"] = hostile + document["text"][len(hostile) :]
    tape.write_text(json.dumps(document))
    with terminal("replay", str(tape), "--model", str(model_path)) as it:
        assert it.end() == 1
        assert b"\x1b]0;" not in it.output
        assert "␛]0;title␇" in it.text
    piped = run("replay", str(tape), "--model", str(model_path))
    assert piped.stdout.decode() == document["text"]  # to the character, where it is no terminal


CLOSED = {0: "<&-", 1: ">&-", 2: "2>&-"}


@pytest.mark.parametrize(
    ("words", "closed", "code", "told"),
    [
        ("", (0,), 2, "needs a terminal"),
        ("", (1,), 2, "needs a terminal"),
        ("", (2,), 2, ""),
        ("", (0, 1, 2), 2, ""),
        ("--help", (1,), 1, "cannot be written"),
        ("--help", (2,), 0, ""),
        ("nonsense", (2,), 2, ""),
        ("nonsense", (0, 1, 2), 2, ""),
        ("generate -n 5", (0,), 0, ""),
        ("generate -n 5", (1,), 1, "cannot be written"),
        ("generate -n 5", (2,), 0, ""),
        ("generate -n 5", (1, 2), 1, ""),
    ],
)
def test_a_closed_stream_is_one_sentence_and_the_exit_code_is_as_ever(
    words: str, closed: tuple[int, ...], code: int, told: str, model_path: Path
) -> None:
    command = f"exec {COMMAND} {words} {' '.join(CLOSED[number] for number in closed)}"
    result = subprocess.run(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=os.environ | {"CHARLM_MODEL": str(model_path)},
        timeout=600,
    )
    assert result.returncode == code
    assert told in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()
