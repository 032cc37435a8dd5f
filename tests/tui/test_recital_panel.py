"""The recital meter on the screen, against small corpora of our own words."""

import hashlib
from pathlib import Path

import pytest
from rich.color import ColorSystem
from rich.segment import Segment

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import DrawRequested, ModelLoaded
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tints import LEVELS, EngineTint, Tint
from charlm_tui.text import fitting, shortened
from charlm_tui.tui import recital_meter
from charlm_tui.tui.document import Block
from charlm_tui.tui.paint import Mark, changed
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.shades import CorpusTint
from charlm_tui.tui.widgets.recital import (
    NO_CORPUS,
    OFF,
    READING,
    STRANGE,
    UNCHECKED,
    RecitalPanel,
)
from charlm_tui.tui.widgets.sidebar import Sidebar
from tests.support.engines import RUNTIME, SYMBOLS
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # nearly every test starts the app

WIDE, NARROW, SMALL = (120, 40), (100, 30), (80, 24)
CORPUS = (
    "a bird on the old wall sang to no one in the rain; we heard it, and went on.\n"
    "slowly evening came - quiet, grey, without wind.\n"
)
CONTROLS = Controls(Settings(0.5, rng_seed=7), speed=0.0, length=0)


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.txt"
    path.write_text(CORPUS, encoding="utf-8")
    return path


def panel(it: Studio) -> RecitalPanel:
    return it.app.screen_stack[0].query_one(RecitalPanel)


def lines(it: Studio) -> list[str]:
    return [panel(it).render_line(y).text.rstrip() for y in range(4)]


def shown(it: Studio) -> list[str]:
    return it.app.screen_stack[0].query_one(Sidebar).shown


def marked(it: Studio) -> list[str]:
    """What is drawn as standing in the corpus, line by line."""
    height = it.transcript.size.height
    found = []
    for y in range(height):
        text = "".join(
            segment.text
            for segment in it.transcript.render_line(y)
            if segment.style is not None and segment.style.underline
        )
        found += [text] if text else []
    return found


def say_model(it: Studio, card: dict[str, object], sha256: str = "0" * 64) -> None:
    it.engine.say(ModelLoaded("fake.onnx", "fake", sha256, SYMBOLS, "lower", 60, card, RUNTIME))


async def opened(it: Studio) -> None:
    await it.load()
    await it.until(lambda: panel(it).note == "", "the corpus was opened")


async def streamed(it: Studio, text: str) -> None:
    """Stream, and wait until it has been followed."""
    await it.stream(text)
    reply = len(it.app.conversation.turn.tape)
    await it.until(
        lambda: panel(it).findings is not None and panel(it).findings.length == reply,
        f"{text!r} was followed",
    )


async def test_the_longest_passage_is_marked_and_counted_as_it_streams(corpus: Path) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        assert shown(it) == ["next", "controls", "surprise", "recital"]
        await it.send("seed")
        assert lines(it)[0] == "nothing drawn yet"
        await streamed(it, "he said the old wall ")
        assert marked(it) == [" the old wall "]
        await streamed(it, "sang to nobody. qua quo ")
        assert marked(it) == [" the old wall sang to no"]
        assert lines(it) == [
            "24 characters, 5 words, 53.3% of it",
            " the old wall sang to no",
            "at character 9 of the corpus, 7.2%",
            "5 of 10 words unknown, 50.0%: quo, qua",
        ]
        assert panel(it).border_subtitle == UNCHECKED


async def test_a_longer_passage_takes_the_mark_over_and_nothing_else_is_drawn(
    corpus: Path,
) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        await it.send("seed")
        await streamed(it, "the old wall x\n" + "zz\n" * 9 + "slowly ")
        assert marked(it) == ["the old wall "]
        drawn: list[int] = []
        draw = it.transcript._strip
        it.transcript._strip = lambda line: drawn.append(line) or draw(line)  # type: ignore[method-assign,func-returns-value]
        await streamed(it, "evening came")
        top = it.transcript._document.top(it.transcript.blocks[-1])
        assert set(drawn) == {top, top + 9, top + 10}  # the passage begins with a newline
        assert marked(it) == ["slowly evening came"]


async def test_a_branch_and_a_walk_take_the_meter_with_them(corpus: Path) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        await it.send("seed")
        await streamed(it, "zz the old wall sang")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        turn = it.app.conversation.turn
        assert it.app.conversation.tree.branch(turn, 7)
        await it.until(lambda: isinstance(it.engine.last, DrawRequested), "it branched")
        await it.until(lambda: marked(it) == [" the "], "the mark is cut")
        assert panel(it).findings.length == 7
        await streamed(it, "y slowly evening")
        assert marked(it) == ["slowly evening"]
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the branch ended")
        await it.pilot.press("escape", "left_square_bracket")
        await it.until(lambda: marked(it) == [" the old wall sang"], "the sibling's is marked")


async def test_another_turn_begins_anew_and_the_turn_before_is_not_marked(corpus: Path) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        await it.send("seed")
        await streamed(it, "the old wall")
        await it.send("again")
        await it.until(lambda: marked(it) == [], "nothing is marked")
        assert lines(it)[0] == "nothing drawn yet"
        await streamed(it, "grey,")
        assert marked(it) == ["grey,"]
        it.app.conversation.tree.undo()
        await it.until(lambda: marked(it) == ["the old wall"], "the turn before is the last again")


async def test_a_passage_goes_on_across_what_was_said_in_between(corpus: Path) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        await it.send("seed")
        await streamed(it, "zzthe old ")
        it.transcript.add("notice", "something")
        it.engine.stream("wall")
        await it.until(lambda: panel(it).findings.length == 14, "it was followed")
        assert marked(it) == ["the old ", "wall"]


async def test_marks_go_with_the_panel_and_both_catch_up_when_it_comes_back(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recital_meter, "SLICE_S", 0.0)  # of the least that is read at once
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        await it.send("seed")
        await streamed(it, "the old wall")
        await it.pilot.press("escape", "M")
        assert shown(it) == ["next", "controls", "surprise"]
        assert marked(it) == []
        before = panel(it).findings
        await it.stream("x " * 5000)
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        assert panel(it).findings is before
        assert before.length == 12
        await it.pilot.press("M")
        assert "recital" in shown(it)
        await it.until(lambda: panel(it).findings.length == 10_012, "it has caught up")
        assert marked(it) == [] or it.transcript.scroll_offset.y > 0
        await it.pilot.press("home")
        await it.until(lambda: marked(it) == ["the old wall"], "it is marked again")


async def test_where_there_is_room_for_few_panels_the_key_brings_it_and_marks_are_there(
    corpus: Path,
) -> None:
    for size, others in ((NARROW, ["next"]), (SMALL, [])):
        async with studio(size, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
            await opened(it)
            await it.send("seed")
            await it.stream("the old wall")
            await it.until(lambda: marked(it) == ["the old wall"], "it is marked")
            assert "recital" not in shown(it)
            await it.pilot.press("escape", "M")
            assert shown(it) == [*others, "recital"]
            assert all(len(line) <= panel(it).size.width for line in lines(it))
            assert lines(it)[0].startswith("12 characters, 100.0%")


async def test_every_panel_is_legible_on_a_screen_of_120_by_40(corpus: Path) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        sidebar = it.app.screen_stack[0].query_one(Sidebar)
        heights = [child.size.height for child in sidebar.children]
        assert heights[0] >= 8
        assert heights[3] == 4
        assert sidebar.virtual_size.height <= sidebar.size.height


async def test_without_a_corpus_there_are_three_panels_and_the_fourth_says_what_to_name() -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        await it.load()
        await it.send("seed")
        await it.stream("the old wall")
        assert shown(it) == ["next", "controls", "surprise"]
        await it.pilot.press("escape", "ctrl+o", "ctrl+o")
        assert shown(it) == ["next", "controls", "surprise"]
        await it.pilot.press("M")
        assert shown(it) == ["next", "controls", "surprise", "recital"]
        assert lines(it) == [NO_CORPUS, "", "", ""]
        assert marked(it) == []
        for tint in (*list(Tint)[1:], EngineTint.REACH, Tint.PLAIN):
            await it.pilot.press("v")
            assert it.app.screen.tinted is tint


async def test_until_the_corpus_is_open_the_panel_says_that_it_is_read(corpus: Path) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        assert lines(it)[0] == READING
        await opened(it)


@pytest.mark.parametrize(
    ("sha256", "subtitle"),
    [(hashlib.sha256(CORPUS.encode()).hexdigest(), ""), ("f" * 64, STRANGE)],
)
async def test_a_corpus_that_is_not_the_models_is_told_once_and_used(
    corpus: Path, sha256: str, subtitle: str
) -> None:
    found = hashlib.sha256(CORPUS.encode()).hexdigest()
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        say_model(it, {"corpus": {"sha256": sha256}})
        await it.until(lambda: panel(it).note == "", "the corpus was opened")
        assert (panel(it).border_subtitle or "") == subtitle
        say_model(it, {"corpus": {"sha256": sha256}, "more": 1}, "1" * 64)
        say_model(it, {"corpus": {"sha256": sha256, "name": "it"}}, "2" * 64)
        meter = it.app.screen.furniture.meter
        await it.until(lambda: meter._model.sha256[0] == "2", "another model is there")
        await it.until(lambda: panel(it).note == "", "it was opened for that")
        sentences = [text for kind, text in it.blocks if kind == "notice" and str(corpus) in text]
        assert len(sentences) == bool(subtitle)
        for sentence in sentences:
            assert f"{found[:12]}…" in sentence
            assert "ffffffffffff…" in sentence
            assert found[:13] not in sentence
        await it.send("seed")
        await streamed(it, "the old wall")
        assert marked(it) == ["the old wall"]


async def test_a_corpus_that_cannot_be_read_is_one_sentence_and_the_meter_is_off(
    tmp_path: Path,
) -> None:
    (tmp_path / "no.txt").write_bytes(b"\xff\xfe\xff")
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=tmp_path / "no.txt")) as it:
        await it.load()
        await it.until(lambda: panel(it).note == OFF, "it is off")
        assert [text for kind, text in it.blocks if kind == "error"] == [
            f"The corpus {tmp_path / 'no.txt'} is not UTF-8; it begins as UTF-16: convert it with "
            "iconv -f UTF-16 -t UTF-8, or give another one with --corpus"
        ]
        await it.send("seed")
        await it.stream("the old wall")
        assert marked(it) == []
        assert lines(it)[0] == OFF


async def test_another_model_gets_the_corpus_as_it_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("The Old Wall", encoding="utf-8")
    cased = ("\n", " ", *"TOWhedlaw")
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=path)) as it:
        await opened(it)
        it.engine.say(
            ModelLoaded("other.onnx", "other", "1" * 64, cased, "preserve", 60, {}, RUNTIME)
        )
        await it.until(lambda: "other" in it.status, "the other model is there")
        await it.until(lambda: panel(it).note == "", "the corpus was opened again")
        await it.send("The")
        it.engine.stream("hOld Wall", cased)
        await it.until(lambda: marked(it) == ["Old Wall"], "it is marked")
        assert len(list((tmp_path / "cache" / "charlm-tui").iterdir())) == 2


async def test_with_a_corpus_the_tints_lead_to_what_it_has_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    text = "slowly evening came - quiet, grey, without wind, and nobody asked why it sang so"
    path.write_text(text, encoding="utf-8")
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=path)) as it:
        it.app.console._color_system = ColorSystem.TRUECOLOR
        await opened(it)
        await it.send("seed")
        await streamed(it, "zz" + text)
        await it.pilot.press("escape", "v", "v", "v", "v", "v")
        assert it.app.screen.tinted is CorpusTint.RECITAL
        block = it.transcript.blocks[-1]
        levels = list(it.transcript._levels(block, 0, block.length))
        assert levels == sorted(levels)
        assert levels[:12] == [0] * 12
        assert levels[2 + 60 :] == [LEVELS - 1] * (len(text) - 60)
        shades = {s.style.color for y in range(12) for s in reply_segments(it, y)}
        assert len(shades) > 5
        assert "".join(marked(it)) == text
        await it.pilot.press("v")
        assert it.app.screen.tinted is Tint.PLAIN


def reply_segments(it: Studio, y: int) -> list[Segment]:
    segments = it.transcript.render_line(y)
    return [s for s in segments if s.style is not None and s.style.underline]


async def test_marks_stand_out_without_colours(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        await it.send("seed")
        await streamed(it, "zz the old wall")
        segments = [s for y in range(12) for s in reply_segments(it, y)]
        assert "".join(segment.text for segment in segments) == " the old wall"
        assert all(segment.style.bold for segment in segments)


async def test_marks_are_kept_where_text_is_selected_and_wrapped_anew(corpus: Path) -> None:
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        await opened(it)
        await it.send("seed")
        await streamed(it, "zzz " * 15 + "slowly evening came - quiet, grey, without wind.")
        whole = "slowly evening came - quiet, grey, without wind."
        assert "".join(marked(it)).strip() == whole
        await it.pilot.resize_terminal(60, 20)
        await it.until(lambda: len(marked(it)) > 1, "it is wrapped")
        assert "".join(marked(it)).strip() == whole
        await it.pilot.press("escape", "left", "left")
        assert "".join(marked(it)).strip() == whole[:-1]


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ([], [(0, 3)], [(0, 3)]),
        ([(0, 3)], [], [(0, 3)]),
        ([(2, 5)], [(2, 9)], [(5, 9)]),
        ([(2, 5)], [(1, 4)], [(1, 2), (4, 5)]),
        ([(2, 5)], [(5, 9)], [(2, 5), (5, 9)]),
        ([(2, 5)], [(2, 5)], []),
    ],
)
def test_what_differs_between_marks_is_what_only_one_of_them_has(
    before: list[tuple[int, int]], after: list[tuple[int, int]], differs: list[tuple[int, int]]
) -> None:
    block, other = Block("reply"), Block("reply")

    def marks(edges: list[tuple[int, int]]) -> list[Mark]:
        return [Mark(block, *each) for each in edges]

    assert changed(marks(before), marks(after)) == marks(differs)
    one = [Mark(other, 0, 1)]
    assert changed([*one, *marks(before)], [*one, *marks(after)]) == marks(differs)


def test_words_that_have_no_room_are_left_out_and_passages_lose_their_middle() -> None:
    assert fitting(6, "longer words", "words") == "words"
    assert fitting(2, "longer words", "words") == "words"
    assert shortened("abcdefgh", 8) == "abcdefgh"
    assert shortened("abcdefghi", 8) == "abcd…ghi"
    assert shortened("日本語日本語", 8) == "日本…語"
    assert shortened("a\x1bb", 8) == "a␛b"
