"""What named states of the app look like, as pictures that were looked at.

Written on the pinned versions; after a change that is meant: `make snapshots`, and look at them.
"""

import os
import re
from array import array
from dataclasses import replace
from pathlib import Path

import pytest
from rich.color import ColorSystem
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.app import App

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import (
    CauseRequested,
    CauseTold,
    LensOpened,
    ReachRequested,
    UnitRequested,
    UnitTold,
)
from charlm_tui.engine.protocol import Inspected, InspectRequested, LanesRequested
from charlm_tui.lm.held import Held
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.schedule import temperatures
from charlm_tui.runs.log_file import LogFile, log_path
from charlm_tui.runs.records import Record
from charlm_tui.session.updates import ModelsWanted, Phase
from charlm_tui.tui.screens import film, watch
from charlm_tui.tui.screens.ladder import LadderScreen, LaneText
from charlm_tui.tui.screens.models import ModelsScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.watch_app import WatchApp
from charlm_tui.tui.widgets.recital import RecitalPanel
from charlm_tui.tui.widgets.status import Status
from tests.support import against, games, reach
from tests.support import lens as lens
from tests.support import what_if as whatif
from tests.support.engines import SYMBOLS
from tests.support.films import filming
from tests.support.run_logs import BATCH, BEGAN, END, EPOCH, SAMPLE
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

WIDE, NARROW, SMALL = (120, 40), (80, 24), (60, 20)
SEED = "the slowly ascending ranks and classes"
TEXT = (
    ", in which we sit and hear\nthe rain on an old wall, and nobody asks why it sang. "
    "slowly evening came - quiet, grey, without wind"
)
CONTROLS = Controls(Settings(0.5, rng_seed=7), speed=0.0)


class Picture(SingleFileSnapshotExtension):
    """A file of SVG for each state."""

    file_extension = "svg"
    _write_mode = WriteMode.TEXT


@pytest.fixture
def picture(snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> SnapshotAssertion:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    return snapshot.use_extension(Picture)


def drawn(app: App[None]) -> str:
    """The screen as SVG, without the number that each export has and without fonts to download."""
    svg = app.export_screenshot(title="charlm-tui")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"terminal-\d+-", "terminal-", svg)


def distribution(likely: str, share: float = 0.5) -> "array[float]":
    """One symbol has a share of the probability, and each after it the same share of the rest."""
    left, at = 1.0, SYMBOLS.index(likely)
    column = array("f", [0.0] * len(SYMBOLS))
    for step in range(len(SYMBOLS)):
        column[(at + step) % len(SYMBOLS)] = left * share
        left *= 1 - share
    return column


def say(it: Studio, text: str) -> None:
    """Stream with bits that rise and fall, and a distribution at the last character."""
    batch = it.engine.batch(text)
    bits = array("f", [i * 7 % 17 / 2 for i in range(len(text))]).tobytes()
    entropy = array("f", [i * 5 % 11 / 2.5 for i in range(len(text))]).tobytes()
    model = distribution(text[-1]).tobytes()
    after = distribution(text[-1], 0.8).tobytes()
    columns = batch.columns._replace(surprisal_bits=bits, entropy_bits=entropy)
    it.engine.say(batch._replace(columns=columns, draw_s=0.001, model=model, after=after))


async def streaming(it: Studio) -> None:
    await it.load()
    await it.send(SEED)
    say(it, TEXT)
    await it.until(lambda: it.reply == TEXT, "the text was shown")
    # How fast it comes is not what is looked at.
    it.app.screen._live.rate_timer.stop()
    it.app.screen.query_one(Status).shown_per_s = None
    it.app.screen.query_one(Status).made_per_s = None
    it.app.screen._live.follow_stream()
    await it.pilot.pause()


def coloured(it: Studio, system: ColorSystem = ColorSystem.TRUECOLOR) -> None:
    """As in a terminal with colours: there is none here."""
    it.app.console._color_system = system


async def ended(it: Studio) -> None:
    await streaming(it)
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the reply ended")
    await it.pilot.pause()


async def selected(it: Studio) -> None:
    await ended(it)
    await it.pilot.press("escape", "left", "b", "b")
    request = it.engine.last
    assert isinstance(request, InspectRequested)
    model, after = distribution("w", 0.4), distribution("w", 0.7)
    it.engine.say(Inspected(request.number, model.tobytes(), after.tobytes()))
    await it.pilot.pause()


async def branched(it: Studio) -> None:
    await selected(it)
    await it.pilot.press("enter", "home", "down", "enter")
    await it.pilot.pause()
    say(it, "xyz and so on")
    it.engine.end()
    await it.until(lambda: "ready" in it.status, "the branch ended")
    await it.pilot.pause()


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_empty(picture: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with studio(size, controls=CONTROLS) as it:
        await it.load()
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_streaming(picture: SnapshotAssertion) -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        await streaming(it)
        assert drawn(it.app) == picture


async def test_a_selected_character(picture: SnapshotAssertion) -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        await selected(it)
        assert drawn(it.app) == picture


async def test_branch(picture: SnapshotAssertion) -> None:
    async with studio(NARROW, controls=CONTROLS) as it:
        await branched(it)
        assert "‹2/2›" in it.drawn()
        assert drawn(it.app) == picture


async def test_error(picture: SnapshotAssertion) -> None:
    async with studio(NARROW, controls=CONTROLS) as it:
        await streaming(it)
        it.engine.die()
        await it.until(lambda: len(it.engines) == 2, "another engine was started")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_help(picture: SnapshotAssertion) -> None:
    async with studio(NARROW, controls=CONTROLS) as it:
        await it.load()
        await it.pilot.press("f1")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_models(
    picture: SnapshotAssertion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "broken.onnx").write_bytes(b"no model")
    async with studio(NARROW, controls=CONTROLS) as it:
        await it.load()
        it.app.conversation.tell(ModelsWanted())
        await it.until(lambda: isinstance(it.app.screen, ModelsScreen), "the list is there")
        await it.settled()
        assert drawn(it.app) == picture


async def test_tinted_in_a_light_theme(picture: SnapshotAssertion) -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        coloured(it)
        it.app.theme = "textual-light"
        await ended(it)
        await it.pilot.press("escape", "v")
        await it.until(lambda: not it.app._notifications, "the notification is gone")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_no_colour(picture: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with studio(WIDE, controls=CONTROLS) as it:
        await selected(it)
        await it.pilot.press("v")
        await it.until(lambda: not it.app._notifications, "the notification is gone")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_sixteen_colours(picture: SnapshotAssertion) -> None:
    async with studio(NARROW, controls=CONTROLS) as it:
        coloured(it, ColorSystem.STANDARD)
        await ended(it)
        await it.pilot.press("escape", "v")
        await it.until(lambda: not it.app._notifications, "the notification is gone")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_a_temperature_that_moves(picture: SnapshotAssertion) -> None:
    cycle = Settings(0.2, rng_seed=7, moving="cycle", moving_to=1.4, moving_over=40)
    async with studio(WIDE, controls=Controls(cycle, speed=0.0)) as it:
        coloured(it)
        await it.load()
        await it.send(SEED)
        batch = it.engine.batch(TEXT)
        column = temperatures(cycle, SEED, TEXT, 0, len(TEXT)).tobytes()
        it.engine.say(batch._replace(columns=batch.columns._replace(temperature=column)))
        await it.until(lambda: it.reply == TEXT, "the text was shown")
        it.engine.end()
        await it.until(lambda: "ready" in it.status, "the reply ended")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_ladder(picture: SnapshotAssertion) -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        coloured(it)
        await climbing(it)
        assert drawn(it.app) == picture


async def climbing(it: Studio) -> None:
    await it.load()
    it.prompt.insert(SEED)
    await it.pilot.press("escape", "A")
    await it.until(lambda: isinstance(it.engine.last, LanesRequested), "a ladder was wanted")
    texts = [TEXT[place:] + TEXT[:place] for place in (0, 20, 45, 70)]
    it.engine.lanes(texts)
    screen = it.app.screen
    assert isinstance(screen, LadderScreen)
    await it.until(lambda: screen.query_one("#lane-3", LaneText).blocks[0].length, "it is shown")
    it.engine.end()
    await it.until(lambda: it.app.conversation.state is Phase.IDLE, "the replies ended")
    await it.pilot.press("l", "plus")
    await it.pilot.pause()


async def test_lens(picture: SnapshotAssertion) -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        coloured(it)
        it.app.theme = "textual-light"
        await ended(it)
        await lens.look(it)
        number = lens.asked(it).number
        it.engine.say(LensOpened(number, lens.TENSORS, lens.RANKINGS))
        for key in ("p", "f", "r"):
            await it.until(lambda: isinstance(it.engine.last, UnitRequested), "a unit is wanted")
            say_unit(it, it.engine.last)
            await it.until(lambda: all(each.levels for each in lens.text_of(it).columns), "shown")
            await it.pilot.press(key)
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_lens_of_causes(picture: SnapshotAssertion) -> None:
    async with studio(WIDE, controls=CONTROLS) as it:
        coloured(it)
        await ended(it)
        await lens.look(it)
        it.engine.say(LensOpened(lens.asked(it).number, lens.TENSORS, lens.RANKINGS))
        await it.until(lambda: isinstance(it.engine.last, UnitRequested), "a unit is wanted")
        await it.pilot.press("left", "left", "c")
        request = it.engine.last
        assert isinstance(request, CauseRequested)
        it.engine.say(
            CauseTold(
                *(request.number, request.place, False),
                array("I", [8, 3, 0]).tobytes(),
                array("f", [0.83, 0.41, 0.02]).tobytes(),
                array("H", map(SYMBOLS.index, "s \n")).tobytes(),
                array("f", [0.31, 0.125, 0.01]).tobytes(),
            )
        )
        await it.until(lambda: it.engine.last != request, "the first of them is wanted")
        asked = it.engine.last
        assert isinstance(asked, UnitRequested)
        say_unit(it, asked)
        await it.until(lambda: lens.text_of(it).columns[0].levels, "it is shown")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_twin(picture: SnapshotAssertion) -> None:
    held = Controls(Settings(0.5, rng_seed=7, held=(Held("c", 2, 1.5),)), speed=0.0, pin=7)
    async with studio(WIDE, controls=held) as it:
        coloured(it)
        await it.load()
        it.prompt.insert(SEED)
        await it.pilot.press("escape", "B")
        await it.until(lambda: isinstance(it.engine.last, LanesRequested), "twins were wanted")
        it.engine.lanes([(TEXT[:90] + TEXT)[: len(TEXT)], TEXT])
        screen = it.app.screen
        assert isinstance(screen, LadderScreen)
        await it.until(lambda: screen.query_one("#lane-1", LaneText).blocks[0].length, "shown")
        it.engine.end()
        await it.until(lambda: it.app.conversation.state is Phase.IDLE, "the replies ended")
        await it.pilot.pause()
        assert drawn(it.app) == picture


def say_unit(it: Studio, request: UnitRequested) -> None:
    """Tell of a unit that rises along each word, or of one that falls."""
    sign = -1 if request.unit > 5 else 1
    levels, length = bytearray(), 0
    for char in SEED + TEXT:
        length = length + 1 if char.isalnum() else -2
        levels.append(6 + sign * min(length, 6))
    tells = array("f", [sign * -0.5, sign * 0.25]).tobytes()
    limit, bounded = (1.0, True) if sign > 0 else (3.5, False)
    it.engine.say(
        UnitTold(request.number, request.unit, bytes(levels), limit, bounded, tells, tells)
    )


async def test_what_if(picture: SnapshotAssertion) -> None:
    async with studio(NARROW, controls=CONTROLS) as it:
        coloured(it)
        await selected(it)
        await it.pilot.press("m")
        await it.until(lambda: whatif.asked(it), "it was asked")
        await whatif.told(it)
        assert drawn(it.app) == picture


@pytest.mark.parametrize("size", [NARROW, (40, 12)])
async def test_game(size: tuple[int, int], picture: SnapshotAssertion, tmp_path: Path) -> None:
    setup = Setup(corpus=games.corpus(tmp_path))
    async with studio(size, controls=CONTROLS, setup=setup) as it:
        coloured(it)
        await it.load()
        it.app.screen._dialogs.open("game", str(games.NUMBER))
        await it.until(lambda: len(it.app.screen_stack) > 1, "the game is there")
        screen = await games.begun(it)
        await it.press("ctrl+o")
        for char in screen.result.game.hidden.text[:12]:
            await it.press("space" if char == " " else char)
        await it.press("ctrl+g")
        await it.press("x")
        await it.press("q")
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_quiz(picture: SnapshotAssertion, tmp_path: Path) -> None:
    setup = Setup(corpus=games.corpus(tmp_path))
    async with studio(NARROW, controls=CONTROLS, setup=setup) as it:
        coloured(it)
        await it.load()
        it.app.screen._dialogs.open("quiz", str(games.NUMBER))
        await it.until(lambda: len(it.app.screen_stack) > 1, "the quiz is there")
        screen = await games.quizzed(it)
        for key in "cmccm":
            await it.press(key)
        await it.until(lambda: screen._longest, "the corpus was looked at")
        await it.pilot.pause()
        assert drawn(it.app) == picture


@pytest.mark.parametrize("size", [WIDE, SMALL, (40, 12)])
async def test_reach(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    async with studio(size, controls=CONTROLS) as it:
        coloured(it)
        await selected(it)
        await it.pilot.press("z")
        await it.until(lambda: reach.asked(it, ReachRequested), "it was asked")
        await reach.told(it)
        await it.press("f")
        reach.say_settling(it)
        await it.until(lambda: reach.screen(it)._farthest.told, "the farthest are known")
        await it.settled()
        await reach.told(it)
        assert drawn(it.app) == picture


@pytest.mark.parametrize("size", [WIDE, SMALL, (40, 12)])
async def test_against(size: tuple[int, int], picture: SnapshotAssertion) -> None:
    async with studio(size, controls=CONTROLS) as it:
        coloured(it)
        await selected(it)
        await it.pilot.press("V")
        await against.loaded(it)
        await against.told(it)
        assert drawn(it.app) == picture


async def test_recital(picture: SnapshotAssertion, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("and hear\nthe rain on an old wall, they said; and nobody asks.\n")
    async with studio(WIDE, controls=CONTROLS, setup=Setup(corpus=corpus)) as it:
        coloured(it)
        panel = it.app.screen.query_one(RecitalPanel)
        await it.load()
        await it.until(lambda: panel.note == "", "the corpus was opened")
        await it.send(SEED)
        await it.stream(TEXT)
        it.engine.end()
        await it.until(
            lambda: panel.findings is not None and panel.findings.length == len(TEXT),
            "it was followed",
        )
        await it.pilot.pause()
        assert drawn(it.app) == picture


async def test_film(picture: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "SETTLE_S", 3600.0)  # what changed stays bright
    async with filming(WIDE) as it:
        it.app.console._color_system = ColorSystem.TRUECOLOR
        it.app.theme = "textual-light"
        await it.make()
        await it.press("left")
        await it.until(lambda: it.screen._settle is not None, "what changed is bright")
        await it.pilot.pause()
        assert drawn(it.app) == picture


def run_of(state: str) -> list[Record]:
    """Return the log of a run in a state: before its first epoch, in training, ended, cut off."""
    began = replace(
        BEGAN,
        process=os.getpid() if state != "cut off" else 2**22 + 1,
        parameters=102_585,
        characters=570_849,
        characters_per_epoch=1_712_640,
        corpus={"name": "words.txt", "symbols": 57},
        epochs=8,
        baselines={"notebook": 2.106, "before": 1.851},
    )
    batch = replace(BATCH, batches=223, batch=80, characters_per_s=150_000.0)
    if state == "before":
        return [began, batch]
    records: list[Record] = [began]
    for epoch in range(1, 6):
        nats = 1.3 + 0.5 / epoch
        records.append(
            replace(
                EPOCH, epoch=epoch, at=12.0 * epoch, training_nats=nats, measured_nats=nats - 0.04
            )
        )
        for temperature in (0.2, 0.5, 1.0, 1.2):
            text = TEXT[:60] + TEXT[60:][:: 1 + (epoch == 5)] + f" {temperature}"
            records.append(replace(SAMPLE, epoch=epoch, temperature=temperature, text=text))
    records.append(replace(batch, epoch=6, done=0.7, at=66.0))
    return [*records, replace(END, held_out_nats=1.31)] if state == "ended" else records


@pytest.mark.parametrize(
    ("state", "size"),
    [
        ("before", NARROW),
        ("training", WIDE),
        ("training", NARROW),
        ("training", SMALL),
        ("ended", NARROW),
        ("cut off", NARROW),
    ],
)
async def test_watch(
    state: str,
    size: tuple[int, int],
    picture: SnapshotAssertion,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(watch, "SETTLE_S", 3600.0)  # what is new stays bright
    out = Path("mine.onnx")
    log = LogFile(log_path(out), False, pytest.fail)
    for record in run_of(state):
        log.write(record)
    log.close()
    app = WatchApp([out])
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.wait_for_scheduled_animations()
        await pilot.pause()
        assert drawn(app) == picture
