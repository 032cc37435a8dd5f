"""Commands as they are typed: the same objects as keys and palette entries."""

import contextlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import DrawRequested, Scored, ScoreRequested
from charlm_tui.errors import CharlmError, CommandError
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape_file import read_recording
from charlm_tui.session.commands import COMMANDS, SLASHES
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.typed import run_line
from charlm_tui.session.updates import (
    EngineNeeded,
    HelpWanted,
    Noticed,
    QuitWanted,
    Shared,
    TextAdded,
    TurnRemoved,
    Update,
)
from tests.support.engines import QueuedEngine


class Typist:
    """A conversation, and what it tells whoever types commands."""

    def __init__(self, load: bool = True) -> None:
        self.told: list[Update] = []
        self.it = Conversation(Controls(Settings(0.5, 7)), self.told.append)
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        if load:
            self.engine.load()

    def replied(self, text: str = "abcdef") -> "Typist":
        self.it.send("seed")
        self.engine.stream(text)
        self.engine.end()
        return self

    def type(self, line: str) -> None:
        run_line(self.it, line)

    @property
    def noticed(self) -> str:
        return [update.sentence for update in self.told if isinstance(update, Noticed)][-1]


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("/temp 0.7", "temperature", 0.7),
        ("/temp greedy", "temperature", 0.0),
        ("/preset 3", "temperature", 1.0),
        ("/top-k 5", "top_k", 5),
        ("/top-p 0.9", "top_p", 0.9),
        ("/min-p 0.05", "min_p", 0.05),
        ("/typical-p 0.9", "typical_p", 0.9),
        ("/mirostat 2", "mirostat", 2.0),
        ("/rng-seed 42", "rng_seed", 42),
        ("/depth 12", "depth", 12),
        ("/carry", "carry", True),
        ("  /TEMP   0.7 ".strip(), "temperature", 0.7),
    ],
)
def test_a_setting_is_typed(line: str, field: str, value: float) -> None:
    typist = Typist()
    typist.type(line)
    assert getattr(typist.it.controls.settings, field) == value


def test_speed_and_length_are_typed_and_carry_is_left_again() -> None:
    typist = Typist()
    for line in ("/speed 15", "/length 80", "/carry", "/carry off"):
        typist.type(line)
    controls = typist.it.controls
    assert (controls.speed, controls.length, controls.settings.carry) == (15.0, 80, False)


def test_a_setting_without_a_value_is_told() -> None:
    typist = Typist()
    typist.type("/temp")
    assert typist.noticed == "Temperature: 0.50"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/tempp 1", "/temp"),
        ("/brnch", "/branch"),
        ("/zzzzzzzzz", "/help"),
        ("/", "/help"),
        ("/preset 9", "from 1 to 4"),
        ("/temp warm", 'positive number, not "warm"'),
        ("/temp -1", "positive"),
        ("/save", "needs PATH"),
        ("/dream now", "takes nothing"),
        ("/go", "no reply yet"),
        ("/branch", "no reply"),
        ("/undo", "no reply"),
        ("/carry maybe", "on or off"),
        ("/load /nowhere/at/all.tape", "cannot be read"),
        ("/load charlm1.xyz", "damaged"),
        ("/score §", "no text"),
        ("/load /dev/zero", "it is a device"),
        ("/" + "x" * 1_000_000, "unknown command"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(line: str, says: str) -> None:
    typist = Typist()
    with pytest.raises(CharlmError, match=says) as told:
        typist.type(line)
    assert "\n" not in str(told.value)


def test_a_pipe_that_nobody_writes_stops_no_front_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for command in ("/load", "/replay"):
        with pytest.raises(CharlmError, match="it is a pipe, and its writer was not done in time"):
            Typist().type(f"{command} {pipe}")


def test_nothing_that_needs_a_model_is_done_before_there_is_one() -> None:
    typist = Typist(load=False)
    with pytest.raises(CommandError, match="not loaded"):
        typist.type("/dream")


@given(st.text(max_size=30))
def test_whatever_is_typed_ends_in_a_sentence_or_is_done(line: str) -> None:
    typist = Typist().replied()
    if line.split(" ")[0].removeprefix("/").lower() in ("save", "load", "replay"):
        return  # files are not this test's affair
    sentences = []
    with contextlib.suppress(CharlmError):
        try:
            typist.type("/" + line)
        except CharlmError as error:
            sentences.append(str(error))
            raise
    assert not any("\n" in sentence for sentence in sentences)


def test_a_reply_is_branched_from_a_place_with_a_text() -> None:
    typist = Typist().replied()
    typist.type("/branch -2 xyz")
    request = typist.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, len(request.forced)) == (4, 6)
    typist.type("/branch 1")
    request = typist.engine.last
    assert isinstance(request, DrawRequested)
    assert (request.first, len(request.forced)) == (1, 0)
    with pytest.raises(CommandError, match="give another"):
        typist.type("/branch 99")
    with pytest.raises(CommandError, match="give one"):
        typist.type("/branch here")


def test_a_turn_is_taken_back_and_brought_again() -> None:
    typist = Typist().replied()
    typist.type("/undo")
    assert typist.it.turns == []
    assert isinstance(typist.told[-2], TurnRemoved)
    with pytest.raises(CommandError):
        typist.type("/undo")
    typist.type("/redo")
    assert [turn.text() for turn in typist.it.turns] == ["abcdef"]
    assert TextAdded("abcdef") in typist.told


def test_a_text_is_scored_and_the_most_surprising_character_is_named() -> None:
    from array import array

    typist = Typist()
    typist.type("/score abc")
    request = typist.engine.last
    assert isinstance(request, ScoreRequested)
    typist.engine.say(Scored(request.number, array("f", [1.0, 2.0, 6.0]).tobytes()))
    assert typist.noticed == (
        "3.00 bits per character over 3; most surprising: ‘c’ after 'ab', 6.0 bits"
    )


def test_a_reply_is_saved_in_the_form_that_its_suffix_names_and_nothing_is_overwritten(
    tmp_path: Path,
) -> None:
    typist = Typist().replied()
    for suffix in ("tape", "txt", "md", "html", "svg", "json", "cast"):
        path = tmp_path / f"reply.{suffix}"
        typist.type(f"/save {path}")
        written = re.sub("<[^>]*>", "", path.read_text())
        assert "abcdef" in written or suffix in ("cast", "svg")
    assert read_recording(tmp_path / "reply.tape").text == "abcdef"
    before = (tmp_path / "reply.txt").read_bytes()
    with pytest.raises(CharlmError, match="exists"):
        typist.type(f"/save {tmp_path / 'reply.txt'}")
    assert (tmp_path / "reply.txt").read_bytes() == before
    with pytest.raises(CharlmError, match=r"\.svg"):
        typist.type(f"/save {tmp_path / 'reply.pdf'}")


def test_what_cannot_be_saved_there_is_one_sentence(tmp_path: Path) -> None:
    typist = Typist().replied()
    link, pipe = tmp_path / "link.txt", tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    for place, says in (
        (tmp_path / "none" / "x.txt", "cannot be written: No such file or directory; check it"),
        (tmp_path / ("x" * 300 + ".txt"), "cannot be written: File name too long; check it"),
        (pipe, "exists; give another name"),
        ("~nobody-of-that-name/x.txt", "begins with the home of somebody who has none here"),
    ):
        with pytest.raises(CharlmError, match=says):
            typist.type(f"/save {place}")
    link.symlink_to("target.txt")
    typist.type(f"/save {link}")
    assert link.is_symlink()
    assert "abcdef" in (tmp_path / "target.txt").read_text()
    assert sorted(it.name for it in tmp_path.iterdir()) == ["link.txt", "pipe.txt", "target.txt"]


def test_a_shared_line_brings_the_reply_back() -> None:
    typist = Typist().replied()
    typist.type("/share")
    (line,) = [update.line for update in typist.told if isinstance(update, Shared)]
    other = Typist()
    other.type(f"/load {line}")
    assert [turn.text() for turn in other.it.turns] == ["abcdef"]
    assert [turn.seed for turn in other.it.turns] == ["seed"]


def test_another_model_is_wanted_and_the_old_one_comes_back_if_it_cannot_be_loaded() -> None:
    from charlm_tui.engine.protocol import LoadFailed

    typist = Typist().replied()
    typist.type("/model other.onnx")
    assert typist.told[-1] == EngineNeeded("other.onnx")
    typist.it.attach(typist.engine.send)
    typist.engine.say(LoadFailed("other.onnx is no model"))
    assert typist.told[-1] == EngineNeeded("fake.onnx")
    assert "kept" in typist.noticed
    assert [turn.text() for turn in typist.it.turns] == ["abcdef"]


def test_help_and_quit_are_the_front_ends_affair() -> None:
    typist = Typist()
    typist.type("/help")
    typist.type("/quit")
    assert typist.told[-2:] == [HelpWanted(), QuitWanted()]


def test_every_command_that_can_be_typed_is_one_of_the_palette() -> None:
    views = {name for name, command in SLASHES.items() if command.id not in COMMANDS}
    acts = {
        "ladder", "twin", "lens", "what-if", "reach", "causes", "against", "game", "quiz",
        "history", "find", "panels", "tint", "tour",
    }  # fmt: skip
    assert views == acts
    wanted = (
        "temp preset top-k top-p min-p rng-seed dream again go undo branch depth carry speed "
        "length hold score model info save load share help"
    )
    assert set(wanted.split()) <= set(SLASHES)
