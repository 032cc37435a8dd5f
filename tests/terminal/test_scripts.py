"""`replay`, `score` and `info` as scripts use them."""

import json
import os
import subprocess
from array import array
from pathlib import Path

import pytest

from charlm_tui.reply.tape import Runtime
from charlm_tui.reply.tape_file import Recording, read_recording
from tests.support.terminal import COMMAND, run


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


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (("-",), b"", 1),
        (("-", "--skip", "9"), b"short", 1),
        (("-",), b"\xff", 2),
        (("/nowhere/text",), b"", 2),
        (("-", "--json", "--per-character"), b"text", 2),
        (("-", "--depth", "-1"), b"text", 2),
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


def test_what_a_person_typed_into_a_reply_is_read_and_not_drawn_again(
    model_path: Path, tmp_path: Path
) -> None:
    from charlm_tui.batch.generate import record
    from charlm_tui.lm.context import open_context
    from charlm_tui.lm.generation import Generation, prefixed
    from charlm_tui.lm.model import OnnxModel
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
