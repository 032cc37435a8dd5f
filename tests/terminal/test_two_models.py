"""`score --against` and `attribute` as scripts and people use them."""

import json
from pathlib import Path

import pytest

from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.scoring import Scores, score
from charlm_tui.lm.settings import Settings
from tests.conftest import ROOT
from tests.support.terminal import run, terminal

pytestmark = pytest.mark.slow  # nearly every test starts a process

SHAKESPEARE = ROOT / "models" / "shakespeare.onnx"
NIETZSCHE_SAYS = "the will to power is the essence of life, and of every philosophy hitherto."
SHAKESPEARE_SAYS = "KING:\nSpeak, what art thou, my lord? I know thee not."
TEXT = f"{NIETZSCHE_SAYS}\n\n{SHAKESPEARE_SAYS}\n".encode()
BOTH = ("--model", "nietzsche", "--model", "shakespeare")


@pytest.mark.parametrize("more", [(), ("--depth", "7"), ("--carry",)])
def test_the_bits_of_each_model_are_its_own_score_or_less(more: tuple[str, ...]) -> None:
    """Nothing is left out of this text; the lower-case model knows a few letters with marks."""
    asked = ("score", "-", "--json", *more)
    found = json.loads(run(*asked, "--against", "shakespeare", stdin=TEXT).stdout)
    own, other = found["models"]
    alone = json.loads(run(*asked, stdin=TEXT).stdout)
    gained = alone["bits_per_character"] - own["bits_per_character"]
    assert 0 <= gained < 1e-3
    assert own["model_sha256"] == alone["model_sha256"]
    keeping = json.loads(run(*asked, "--model", "shakespeare", stdin=TEXT).stdout)
    assert other["bits_per_character"] < keeping["bits_per_character"]  # of both forms of a letter
    assert found["scored"] == len(TEXT)
    ratios = [abs(place["ratio_bits"]) for place in found["most_different"]]
    assert ratios == sorted(ratios, reverse=True)


def test_each_character_has_a_line_with_both_models_bits() -> None:
    result = run("score", "-", "--per-character", "--against", "shakespeare", stdin=b"The &cat\n")
    lines = [json.loads(line) for line in result.stdout.decode().splitlines()]
    assert "".join(line["character"] for line in lines) == "The cat\n"
    model = OnnxModel(ROOT / "models" / "nietzsche.onnx")
    *_, own = score(model, model.contract.vocabulary.encode("the cat\n"), Settings())
    assert isinstance(own, Scores)
    for line, bits in zip(lines, own.surprisal_bits.tolist(), strict=True):
        one, other = line["surprisal_bits"]
        assert bits - 1e-3 < one < bits + 1e-6
        assert line["ratio_bits"] == pytest.approx(other - one, abs=1e-5)
    assert result.stderr.decode() == "note: left out, as not every model knows it: ‘&’\n"


def test_to_a_pipe_it_is_words_without_colours() -> None:
    result = run("score", "-", "--against", "shakespeare", "--skip", "5", stdin=TEXT)
    lines = result.stdout.decode().splitlines()
    assert lines[0].startswith(f"bits per character over {len(TEXT) - 5} characters, the first 5")
    assert " by nietzsche, " in lines[0]
    assert lines[0].endswith(" by shakespeare")
    assert len(lines) == 12
    assert b"\x1b" not in result.stdout


@pytest.mark.pty
@pytest.mark.parametrize(("no_color", "sequence"), [("", "\x1b[38;5;"), ("1", "\x1b[4m")])
def test_a_terminal_shows_the_text_tinted(tmp_path: Path, no_color: str, sequence: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(TEXT)
    with terminal(
        "score", str(path), "--against", "shakespeare", columns=100,
        variables={"TERM": "xterm-256color", "COLORTERM": "", "NO_COLOR": no_color},
    ) as it:  # fmt: skip
        assert it.end() == 0
        text = it.output.decode()
    assert sequence in text
    assert ("\x1b[38" in text) == (not no_color)
    assert "predicted better by shakespeare" in text


def test_paragraphs_are_attributed_to_their_models_with_how_sure_that_is() -> None:
    text = TEXT + "\n☃☃\n".encode()
    result = run("attribute", "-", *BOTH, "--json", stdin=text)
    found = json.loads(result.stdout)
    one, two, none = found["paragraphs"]
    assert [each["line"] for each in (one, two, none)] == [1, 3, 6]
    assert [one["most_likely"], two["most_likely"]] == ["nietzsche", "shakespeare"]
    assert (one["begins"], none["characters"]) == ("the will to power is the essence of lif…", 0)
    assert none["dropped"] == found["dropped"] == {"☃": 2}
    for each in (one, two):
        bits = each["bits_per_character"]
        ahead = abs(bits["nietzsche"] - bits["shakespeare"]) * each["characters"]
        assert each["ahead_bits"] == pytest.approx(ahead)
        assert each["chance_of_another"] == pytest.approx(1 / (1 + 2**ahead))
        assert each["chance_of_another"] == pytest.approx(2 ** each["chance_of_another_log2"])
    whole = found["whole"]
    assert whole["characters"] == one["characters"] + two["characters"] == len(TEXT) - 3
    words = run("attribute", "-", *BOTH, stdin=text).stdout.decode().splitlines()
    assert words[0].split() == [
        "line",
        "characters",
        "nietzsche",
        "shakespeare",
        "most",
        "likely",
        "ahead",
        "by",
    ]
    assert words[1].split()[0] == "1"
    assert "no character that all models know" in words[3]
    assert words[4].split()[0] == "all"
    assert "1 in " in words[-2]


def test_a_paragraph_is_read_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(f"\r\n\r\n{SHAKESPEARE_SAYS}\n \t\n\n{NIETZSCHE_SAYS}\n", encoding="utf-8")
    found = json.loads(run("attribute", str(path), *BOTH, "--json").stdout)
    alone = json.loads(run("attribute", "-", *BOTH, "--json", stdin=NIETZSCHE_SAYS.encode()).stdout)
    assert [each["line"] for each in found["paragraphs"]] == [3, 7]
    second = found["paragraphs"][1]
    assert second["bits_per_character"] == alone["whole"]["bits_per_character"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "words"),
    [
        (("score", "-", "--against", "/nowhere/x"), b"text", 1, "/nowhere/x does not exist"),
        (("score", "-", "--against", "shakespeare", "--reach"), b"text", 2, "leave out --reach"),
        (("score", "-", "--against", "shakespeare", "--causes"), b"text", 2, "--against compares"),
        (("score", "-", "--against", "nietzsche"), b"text", 2, "is given twice"),
        (("score", "-", "--against", "shakespeare"), "☃".encode(), 1, "that both models know"),
        (("score", "-", "--against", "shakespeare", "--skip", "9"), b"text", 1, "smaller --skip"),
        (("attribute", "-", "--model", "nietzsche"), b"text", 2, "names 1 models where 2 to 8"),
        (("attribute", "-", *BOTH, "--model", str(SHAKESPEARE)), b"text", 2, "is given twice"),
        (("attribute", "-", *BOTH), b"\n\n", 1, "no character that all models know"),
        (("attribute", "-", *BOTH), b"\xff", 2, "is not UTF-8"),
        (("attribute", "/nowhere/text", *BOTH), b"", 2, "cannot be read"),
        (("attribute", "-", *BOTH, "--depth", "3", "--carry"), b"text", 2, "exclude each other"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: tuple[str, ...], stdin: bytes, code: int, words: str
) -> None:
    result = run(*arguments, stdin=stdin)
    assert result.returncode == code
    said = result.stderr.decode()
    assert words in said
    assert "Traceback" not in said


def test_one_model_under_two_names_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(SHAKESPEARE.read_bytes())
    result = run("attribute", "-", *BOTH, "--model", str(copy), stdin=b"text")
    assert result.returncode == 1
    assert "are the same model, where different ones are expected" in result.stderr.decode()
