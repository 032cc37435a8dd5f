"""What a typed line is."""

import pytest

from charlm_tui.errors import CharlmError
from charlm_tui.reply.share_line import to_line
from charlm_tui.session.typed import Meaning, line_of, meaning, take_line
from charlm_tui.session.updates import Phase
from tests.support.engines import SYMBOLS
from tests.support.replies import conversation


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("the world", Meaning.SEED),
        ("", Meaning.SEED),
        ("/temp 0.7", Meaning.COMMAND),
        ("//temp 0.7", Meaning.SEED),
        ("/", Meaning.COMMAND),
        (" /temp", Meaning.SEED),
        ("charlm1.abc", Meaning.SHARED),
    ],
)
def test_a_line_is_a_seed_a_command_or_a_shared_reply(line: str, expected: Meaning) -> None:
    assert meaning(line) is expected


@pytest.mark.parametrize("line", ["/temp 0.7", "//temp", "/"])
def test_where_no_commands_can_be_typed_a_slash_is_part_of_the_seed(line: str) -> None:
    it, engine, _ = conversation()
    engine.load((*SYMBOLS, "/"))
    assert meaning(line, commands=False) is Meaning.SEED
    assert take_line(it, line, commands=False)
    assert it.turns[0].seed == "".join(char for char in line if char in (*SYMBOLS, "/"))


@pytest.mark.parametrize("seed", ["the world", "", "/temp", "//temp", "\n/temp", " /", "/"])
def test_the_line_of_a_seed_sends_that_seed(seed: str) -> None:
    it, engine, _ = conversation()
    engine.load((*SYMBOLS, "/"))
    assert meaning(line_of(seed)) is Meaning.SEED
    assert take_line(it, line_of(seed))
    assert [turn.seed for turn in it.turns] == [seed]


def test_a_seed_that_begins_with_a_slash_is_typed_with_two() -> None:
    it, engine, _ = conversation()
    engine.load((*"\n/ab",))
    assert take_line(it, "//ab")
    assert it.turns[0].seed == "/ab"


def test_a_command_is_run_and_an_unknown_one_names_its_nearest_neighbours() -> None:
    it, _, _ = conversation()
    assert take_line(it, "/temp 0.7")
    assert it.controls.settings.temperature == 0.7
    with pytest.raises(CharlmError, match=r"'tmep'; did you mean /temp\?"):
        take_line(it, "/tmep 0.7")


def test_an_empty_line_goes_on_with_the_reply() -> None:
    it, engine, _ = conversation()
    take_line(it, "abc")
    engine.stream("def")
    engine.end()
    assert it.state is Phase.IDLE
    take_line(it, "")
    assert it.state is Phase.STREAMING
    assert len(it.turns) == 1


def test_an_empty_line_says_why_a_reply_of_another_model_cannot_go_on() -> None:
    it, engine, _ = conversation()
    take_line(it, "abc")
    engine.stream("def")
    engine.end()
    engine.load(sha256="1" * 64)
    with pytest.raises(CharlmError, match="cannot be continued"):
        take_line(it, "")


def test_a_shared_reply_is_opened() -> None:
    it, engine, _ = conversation()
    take_line(it, "abc")
    engine.stream("def")
    engine.end()
    assert take_line(it, to_line(it.turns[0].recording()))
    assert it.turns[1].text() == "def"
    with pytest.raises(CharlmError, match="damaged"):
        take_line(it, "charlm1.abcdefghijkl")


def test_a_shared_reply_that_the_model_cannot_have_made_is_refused() -> None:
    it, engine, _ = conversation()
    take_line(it, "abc")
    engine.stream("def")
    engine.end()
    recording = it.turns[0].recording()
    recording.tape._chunks[0].ids[1] = 999
    line = to_line(recording)
    with pytest.raises(CharlmError, match="a character of number 999, and its model knows"):
        take_line(it, line)
    assert len(it.turns) == 1
