"""What is told of one character in lines, where no screen can show it."""

from array import array
from pathlib import Path
from typing import TypeVar

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import (
    AgainstRequested,
    AgainstTold,
    CauseRequested,
    CauseTold,
    Dismissed,
    InfluenceRequested,
    InfluenceTold,
    ReachRequested,
    ReachTold,
)
from charlm_tui.engine.protocol import LoadBesideRequested, LoadedBeside
from charlm_tui.errors import CommandError
from charlm_tui.files import file_version
from charlm_tui.lm.held import Held
from charlm_tui.lm.settings import Settings
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.in_words import InWords
from charlm_tui.session.typed import run_line
from charlm_tui.session.updates import EngineNeeded, Noticed, Phase, Update
from tests.support.against import KEEPING, OTHER
from tests.support.engines import SYMBOLS, QueuedEngine

SEED, TEXT = "seed", "one wall"
Asked = TypeVar("Asked")


class Chat:
    """A conversation whose commands are answered in words, with a reply of `TEXT`."""

    def __init__(self, text: str = TEXT) -> None:
        self.told: list[Update] = []
        self.it = Conversation(Controls(Settings(0.5, 7), speed=0.0), self.show)
        self.words = InWords(self.it)
        self.engine = QueuedEngine()
        self.engine.listen(self.it.receive)
        self.it.attach(self.engine.send)
        self.engine.load()
        if text:
            self.it.send(SEED)
            self.engine.stream(text)
            self.engine.end()

    def show(self, update: Update) -> None:
        self.words.show(update)
        self.told.append(update)
        if isinstance(update, EngineNeeded):
            self.it.attach(QueuedEngine().send)

    @property
    def notices(self) -> list[Noticed]:
        return [each for each in self.told if isinstance(each, Noticed)]

    def asked(self, kind: type[Asked]) -> Asked:
        return [each for each in self.engine.requests if isinstance(each, kind)][-1]

    def tell_reach(self) -> None:
        request = self.asked(ReachRequested)
        depth = len(array("H", request.read))
        chances = array("f", [0.5 * (d + 1) / depth for d in range(depth)])
        others = array("H", [0] * depth).tobytes()
        self.engine.say(ReachTold(request.number, chances.tobytes(), others, others * 2, 3))

    def tell_influence(self, bits: list[float]) -> None:
        request = self.asked(InfluenceRequested)
        self.engine.say(InfluenceTold(request.number, array("f", bits).tobytes()))


def test_the_reach_of_the_last_character_is_told_once_all_of_it_is_known() -> None:
    chat = Chat()
    run_line(chat.it, "/reach")
    reach, influence = chat.asked(ReachRequested), chat.asked(InfluenceRequested)
    window = "".join(SYMBOLS[i] for i in array("H", reach.read))
    assert window == "\n" + SEED + TEXT[:-1]
    assert (influence.read, SYMBOLS[reach.drawn]) == (reach.read, TEXT[-1])
    chat.tell_reach()
    assert chat.words.pending
    assert chat.notices == []
    chat.tell_influence([0.25, 2.0, *[0.0] * 10])
    assert not chat.words.pending
    [told] = chat.notices
    assert told.sentence.splitlines() == [
        "‘l’, character 8, settles after the last 3: 'wal'",
        "read at all: how likely it is after the last characters: "
        "1: 4.2%, 2: 8.3%, 3: 12.5%, 5: 20.8%, 8: 33.3%, 12: 50.0%",
        "matters, if a space had stood there: ‘a’ 2 before (2.00 bits), ‘l’ 1 before (0.25 bits)",
    ]
    for number in (reach.number, influence.number):
        assert Dismissed(number) in chat.engine.requests


def test_what_has_no_influence_is_not_named() -> None:
    chat = Chat()
    run_line(chat.it, "/reach 1")
    chat.tell_reach()
    chat.tell_influence([0.0] * 5)
    assert chat.notices[-1].sentence.endswith("had stood there: nothing")


def test_causes_are_ranked_with_the_names_of_units() -> None:
    chat = Chat()
    run_line(chat.it, "/causes -2")
    request = chat.asked(CauseRequested)
    assert "".join(SYMBOLS[i] for i in array("H", request.read)) == "\n" + SEED + TEXT[:-2]
    told = CauseTold(
        request.number,
        request.place,
        units=array("I", [7, 2]).tobytes(),
        bits=array("f", [0.5, 0.125]).tobytes(),
        towards=array("H", map(SYMBOLS.index, "s ")).tobytes(),
        gains=array("f", [0.25, 0.0625]).tobytes(),
    )
    chat.engine.say(told)
    assert chat.notices[-1].sentence.splitlines() == [
        "‘l’, character 7: how far the prediction moves if a unit is zero before it",
        "    c[1]   0.500 bits, most towards ‘s’ (+0.250)",
        "    h[2]   0.125 bits, most towards space (+0.062)",
    ]
    assert not chat.words.pending
    assert Dismissed(request.number) in chat.engine.requests


def test_held_units_are_held_in_what_is_asked() -> None:
    chat = Chat("")
    run_line(chat.it, "/hold c 2 = 1.5")
    chat.it.send(SEED)
    chat.engine.stream(TEXT)
    chat.engine.end()
    run_line(chat.it, "/reach")
    holds = ((1 + len(SEED), (Held("c", 2, 1.5),)),)
    assert chat.asked(ReachRequested).holds == chat.asked(InfluenceRequested).holds == holds
    run_line(chat.it, "/causes")
    assert chat.asked(CauseRequested).holds == holds
    asked = chat.it.requests.settling(chat.it.turn, chat.it.controls.settings)  # type: ignore[arg-type]
    assert asked.first == 0
    assert chat.engine.last.holds == holds  # type: ignore[union-attr]


def load_beside(chat: Chat, **other: object) -> None:
    """Have another model loaded beside the one in use."""
    model = OTHER._replace(**other)  # type: ignore[arg-type]
    chat.engine.say(LoadedBeside((model,), (model.sha256, "0" * 64)))


def test_a_reply_against_another_model_is_told_with_where_they_differ_most() -> None:
    chat = Chat()
    run_line(chat.it, "/against other.onnx")
    assert chat.asked(LoadBesideRequested).paths == ("other.onnx",)
    assert chat.words.pending
    load_beside(chat)
    request = chat.asked(AgainstRequested)
    assert "".join(KEEPING[i] for i in array("H", request.other_ids)) == SEED + TEXT
    own = array("f", [1.0] * 10 + [4.0, 1.0])
    other = array("f", [2.0] * 10 + [0.5, 5.0])
    columns = [each.tobytes() for each in (own, other)]
    chat.engine.say(AgainstTold(request.number, *columns, *columns))
    assert not chat.words.pending
    lines = chat.notices[-1].sentence.splitlines()
    assert lines[:4] == [
        "fake 1.25 bits per character, other 2.12, over 12 characters; they differ most here:",
        "  4.00 bits better by fake: ‘l’ after 'seedone wal' (1.0 and 5.0 bits)",
        "  3.50 bits better by other: ‘l’ after 'seedone wa' (4.0 and 0.5 bits)",
        "  1.00 bits better by fake: ‘s’ after '' (1.0 and 2.0 bits)",
    ]
    assert len(lines) == 11
    assert Dismissed(request.number) in chat.engine.requests


def test_a_model_that_is_at_hand_is_not_loaded_again(tmp_path: Path) -> None:
    chat, path = Chat(), tmp_path / "other.onnx"
    path.write_bytes(b"it is looked at, and not read")
    for _ in range(2):
        run_line(chat.it, f"/against {path}")
        if chat.it.state is Phase.LOADING:
            load_beside(chat, path=str(path), file=file_version(path))
        assert chat.asked(AgainstRequested).other == OTHER.sha256
    assert len([it for it in chat.engine.requests if isinstance(it, LoadBesideRequested)]) == 1
    path.write_bytes(b"another one")
    run_line(chat.it, f"/against {path}")
    assert chat.it.state is Phase.LOADING


def test_a_model_that_cannot_be_compared_is_said_and_waited_for_no_longer() -> None:
    chat = Chat()
    run_line(chat.it, "/against other.onnx")
    chat.engine.say(LoadedBeside(sentence="other.onnx is no model"))
    assert not chat.words.pending
    run_line(chat.it, "/against fake.onnx")
    load_beside(chat, sha256="0" * 64)
    run_line(chat.it, "/against other.onnx")
    load_beside(chat, symbols=("X", "Y"))
    assert not chat.words.pending
    said = [notice.sentence for notice in chat.notices]
    assert said[0] == "other.onnx is no model"
    assert "is the model of this text itself; give another" in said[1]
    assert "have no character of this reply in common" in said[2]


def test_another_question_drops_the_one_before() -> None:
    chat = Chat()
    run_line(chat.it, "/reach")
    before = chat.asked(ReachRequested)
    run_line(chat.it, "/causes")
    assert Dismissed(before.number) in chat.engine.requests
    chat.engine.say(ReachTold(before.number, sentence="too late"))
    assert chat.notices == []


@pytest.mark.parametrize("line", ["/reach", "/causes"])
def test_what_cannot_be_told_is_an_error(line: str) -> None:
    chat = Chat()
    run_line(chat.it, line)
    number = (chat.asked(CauseRequested) if "cause" in line else chat.asked(ReachRequested)).number
    told = (
        CauseTold(number, 7, sentence="no") if "cause" in line else ReachTold(number, sentence="no")
    )
    chat.engine.say(told)
    assert chat.notices == [Noticed("no", error=True)]
    assert not chat.words.pending


def test_an_engine_that_dies_is_waited_for_no_longer() -> None:
    chat = Chat()
    run_line(chat.it, "/reach")
    assert chat.words.pending
    chat.engine.die()
    assert not chat.words.pending


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", "/reach", "there is no reply yet to look at; send a seed first"),
        (TEXT, "/reach all", "it is 'all' where the number of a character is expected"),
        (TEXT, "/reach 9", "it is character 9 where the reply has 8; give another"),
        (TEXT, "/causes 0", "it is character 0 where the reply has 8; give another"),
        (TEXT, "/causes -9", "it is character -9 where the reply has 8; give another"),
    ],
)
def test_a_character_that_there_is_not_is_one_sentence(text: str, line: str, words: str) -> None:
    chat = Chat(text)
    with pytest.raises(CommandError) as caught:
        run_line(chat.it, line)
    assert str(caught.value).startswith(words)
    assert not chat.words.pending


def test_what_a_tint_would_show_is_told_the_most_surprising_first() -> None:
    chat = Chat(text="")
    with pytest.raises(CommandError, match="no reply yet"):
        run_line(chat.it, "/tint words")
    chat.it.send(SEED)
    batch = chat.engine.batch("abc")
    bits = array("f", [1.0, 7.5, 2.0]).tobytes()
    chat.engine.say(batch._replace(columns=batch.columns._replace(surprisal_bits=bits)))
    run_line(chat.it, "/tint words")
    head, first, second, third = chat.notices[-1].sentence.splitlines()
    assert head == "3.50 bits per character in the mean; the most surprising:"
    assert first.startswith("‘b’, character 2, after 'seeda': 7.5 bits")
    assert ["‘c’" in second, "‘a’" in third] == [True, True]
