"""Rules of what may be written, as a person sets them while a real model replies."""

import re
import shlex
from pathlib import Path

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.model_info import loaded
from charlm_tui.engine.protocol import GenerationFailed
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.settings import Settings
from charlm_tui.repl.status import closing, confirmed, settings_shown, standing
from charlm_tui.reply.exports.facts import command, reply_facts
from charlm_tui.reply.tape import Tape
from charlm_tui.reply.tape_file import Recording
from charlm_tui.reply.verify import remake
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.typed import run_line
from charlm_tui.session.updates import DistributionKnown, Noticed, Phase, Update
from tests.support.drawing import DrawingEngine
from tests.support.terminal import run


@pytest.fixture(scope="module")
def model(tiny_model_path: Path) -> OnnxModel:
    return OnnxModel(tiny_model_path)


class Writer:
    """A conversation whose engine draws when it is told to."""

    def __init__(self, model: OnnxModel, length: int = 60) -> None:
        self.told: list[Update] = []
        self.model = model
        controls = Controls(Settings(1.0, 7), length=length, speed=0.0, pin=7)
        self.it = Conversation(controls, self.told.append)
        self.engine = DrawingEngine(model)
        self.it.attach(self.engine.send)
        self.it.receive(loaded(model))

    def draw(self, count: int) -> None:
        for event in (*self.engine.draw(count), *self.engine.ended()):
            self.it.receive(event)

    def reply(self, seed: str = "abc") -> str:
        self.it.send(seed)
        while self.it.busy:
            self.draw(7)
        return self.text

    @property
    def text(self) -> str:
        assert self.it.turn is not None
        return self.it.turn.text()

    def replays(self) -> None:
        assert self.it.turn is not None
        for shown in range(len(self.it.turn.replies)):
            self.it.turn.shown = shown
            recording = self.it.turn.recording()
            made = Tape()
            for _ in remake(Recording.from_json(recording.to_json(), "x"), self.model, made):
                pass
            assert made.ids() == recording.tape.ids()


def test_what_is_typed_is_in_force_from_the_next_character_on(model: OnnxModel) -> None:
    writer = Writer(model)
    writer.it.send("abc")
    writer.draw(20)
    before = writer.text
    run_line(writer.it, "/ban ae")
    run_line(writer.it, "/forbid bc | cb")
    while writer.it.busy:
        writer.draw(7)
    assert writer.text.startswith(before)
    assert not set(writer.text[20:]) & set("ae")
    assert not re.search("bc|cb", writer.text[20:])
    run_line(writer.it, "/ban none")
    assert writer.it.controls.settings.ban == ""
    writer.replays()


def test_a_text_ends_a_reply_and_is_left_out_if_that_is_wanted(model: OnnxModel) -> None:
    kept = Writer(model)
    whole = kept.reply()
    until = whole[20:22]
    cut = whole.index(until)
    run_line(kept.it, f"/until {until}")
    assert kept.reply() == whole[: cut + 2]
    assert kept.it.state is Phase.IDLE
    run_line(kept.it, "/until-cut on")
    assert kept.reply() == whole[:cut]
    kept.replays()
    kept.it.resume()  # past the end: the same text ends it again, or the length
    while kept.it.busy:
        kept.draw(5)
    assert until not in kept.text


def test_a_reply_matches_within_its_length_and_a_continued_one_within_the_new_one(
    model: OnnxModel,
) -> None:
    pattern = "(?:[a-d]{3} )*[a-d]{5}"
    writer = Writer(model, 21)
    run_line(writer.it, f"/match {pattern}")
    text = writer.reply()
    assert re.fullmatch(pattern, text)
    assert len(text) <= 21
    settings = writer.it.turn.tape.settings[-1]  # type: ignore[union-attr]
    assert (settings.match_from, settings.match_within) == (0, 21)
    writer.replays()


def test_an_expression_that_comes_later_is_matched_from_there_on(model: OnnxModel) -> None:
    writer = Writer(model, 30)
    writer.it.send("abc")
    writer.draw(10)
    run_line(writer.it, "/match [ab]{3}[cd]+")
    while writer.it.busy:
        writer.draw(4)
    assert re.fullmatch("[ab]{3}[cd]{17}", writer.text[10:])
    writer.replays()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/match (", "cannot be used"),
        ("/match (?=a)b", "it looks ahead or behind"),
        ("/bias q", "is no bias; name each character and its bits"),
        ("/until-cut maybe", "until-cut must be true or false"),
        ("/ban \\x", "is no escape"),
    ],
)
def test_what_is_no_rule_is_refused_and_changes_nothing(
    model: OnnxModel, line: str, words: str
) -> None:
    writer = Writer(model)
    before = writer.it.controls
    with pytest.raises(SettingsError, match=re.escape(words)):
        run_line(writer.it, line)
    assert writer.it.controls == before


def test_what_no_text_can_fulfil_is_one_sentence_and_the_reply_ends(model: OnnxModel) -> None:
    writer = Writer(model, 5)
    run_line(writer.it, "/match [a-d]{9}")
    writer.it.send("abc")
    failed = next(it for it in writer.engine.draw(5) if isinstance(it, GenerationFailed))
    writer.it.receive(failed)
    assert writer.it.state is Phase.IDLE
    assert "--match '[a-d]{9}' cannot be fulfilled" in failed.sentence
    notice = [each for each in writer.told if isinstance(each, Noticed)][-1]
    assert (notice.sentence, notice.error) == (failed.sentence, True)


def test_what_rules_take_away_and_cost_comes_with_the_stream(model: OnnxModel) -> None:
    writer = Writer(model)
    run_line(writer.it, "/ban a")
    writer.it.send("abc")
    writer.draw(4)
    known = [each for each in writer.told if isinstance(each, DistributionKnown)][-1]
    a = model.contract.vocabulary.symbols.index("a")
    left = 1 - known.model[a]
    assert known.ruled[a] == 0
    assert [each / left for each in known.model[:a]] == pytest.approx(known.ruled[:a], rel=1e-4)
    assert known.cost_bits > 0
    run_line(writer.it, "/ban none")
    writer.draw(4)
    known = [each for each in writer.told if isinstance(each, DistributionKnown)][-1]
    assert (len(known.ruled), known.cost_bits) == (0, 0.0)


def test_a_lane_that_its_rules_end_rests_and_the_others_go_on(model: OnnxModel) -> None:
    whole = Writer(model)
    whole.it.ladder.climb("abc", [0.3, 1.0, 2.0])
    while whole.it.busy:
        whole.draw(9)
    turn = whole.it.turn
    assert turn is not None
    texts = [reply.text() for reply in turn.replies]
    until = texts[1][17:19]
    ends = [text.find(until) + 2 if until in text else len(text) for text in texts]
    assert len(set(ends)) > 1
    ruled = Writer(model)
    run_line(ruled.it, f"/until {until}")
    ruled.it.ladder.climb("abc", [0.3, 1.0, 2.0])
    while ruled.it.busy:
        ruled.draw(4)
        ruled.it.pause()  # those that go on are read anew
        ruled.it.pause()
    turn = ruled.it.turn
    assert turn is not None
    assert [reply.text() for reply in turn.replies] == [
        text[:end] for text, end in zip(texts, ends, strict=True)
    ]
    ruled.it.ladder.pick(1)
    ruled.replays()


def test_rules_in_force_are_in_the_status_in_what_is_confirmed_and_in_the_closing_line(
    model: OnnxModel,
) -> None:
    writer = Writer(model)
    before = settings_shown(writer.it)
    run_line(writer.it, "/forbid ab | \\n")
    assert confirmed(writer.it, before, "/forbid ab | \\n") == ["Forbidden: \\n | ab"]
    assert " 1 rule " in standing(writer.it, 50)
    run_line(writer.it, "/ban ba")
    assert " │ ban ab, forbid \\n | ab │ " in standing(writer.it, 120)
    assert " 2 rules " in standing(writer.it, 50)
    writer.it.send("abc")
    writer.draw(10)
    assert writer.it.turn is not None
    assert closing(writer.it.turn).endswith("ban ab, forbid \\n | ab")
    run_line(writer.it, "/ban none")
    run_line(writer.it, "/forbid none")
    while writer.it.busy:
        writer.draw(9)
    assert closing(writer.it.turn).endswith("ban ab, forbid \\n | ab → no rules")


def test_an_export_names_the_rules_and_its_command_makes_the_reply_again(
    model: OnnxModel,
) -> None:
    writer = Writer(model)
    for line in ("/ban a", "/bias b=+2", "/until dd", "/until-cut on", "/forbid cb"):
        run_line(writer.it, line)
    writer.reply()
    assert writer.it.turn is not None
    recording = writer.it.turn.recording()
    [told] = [value for what, value in reply_facts(recording) if what == "Settings"]
    assert told.endswith("ban a, bias b=+2, until dd, forbid cb")
    made = command(recording)
    assert made is not None
    words = shlex.split(made)
    assert words[-5:] == ["--ban=a", "--bias=b=+2", "--until=dd", "--forbid=cb", "--until-cut"]
    made_again = run(*words[1:], "--model", str(model.path))
    assert made_again.stdout.decode() == recording.text
    run_line(writer.it, "/match .*")
    writer.reply()
    assert command(writer.it.turn.recording()) is None  # it depends on the length that it had
