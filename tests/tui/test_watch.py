"""Training runs on the screen, from logs that were recorded or that grow while one looks."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from charlm_tui.runs.log_file import LogFile, log_path
from charlm_tui.runs.records import Measured, Record
from charlm_tui.runs.requests import (
    ChangeRate,
    ChangeSamples,
    CoolDown,
    Request,
    Requests,
    Stop,
    requests_path,
)
from charlm_tui.text import differences
from charlm_tui.tui.run_view import RunView, is_alive, plot_of
from charlm_tui.tui.screens.help import HelpScreen
from charlm_tui.tui.screens.watch import Samples
from charlm_tui.tui.watch_app import WatchApp
from charlm_tui.tui.widgets.curve import Curve, thinned
from charlm_tui.tui.widgets.keys_line import KeysLine
from tests.support.run_logs import BATCH, BEGAN, END, EPOCH, SAMPLE

HERE = replace(BEGAN, process=os.getpid(), baselines={"before": 1.85, "guessing": 4.0})
GONE = 2**22 + 1  # more than Linux has processes


def epochs(count: int) -> list[Measured]:
    return [
        replace(EPOCH, epoch=number, at=10.0 * number, measured_nats=1 + 1 / number)
        for number in range(1, count + 1)
    ]


@contextmanager
def logged(out: Path, *records: Record) -> Iterator[LogFile]:
    log = LogFile(log_path(out), False, pytest.fail)
    for record in records:
        log.write(record)
    yield log
    log.close()


class Watched:
    def __init__(self, app: WatchApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def numbers(self) -> str:
        return str(self.app.screen_stack[0].query_one("#numbers", Static).content)

    @property
    def samples(self) -> str:
        return str(self.app.screen_stack[0].query_one(Samples).content)

    @property
    def curve(self) -> Curve:
        return self.app.screen_stack[0].query_one(Curve)

    @property
    def said(self) -> str:
        said = self.app.screen_stack[0].query_one(KeysLine).said
        return said.plain.strip() if said is not None else ""

    async def until(self, condition: Callable[[], object], what: str) -> None:
        for _ in range(2000):
            if condition():
                return
            await self.pilot.pause(0.01)
        raise AssertionError(f"it never happened: {what}")


@asynccontextmanager
async def watched(*outs: Path, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Watched]:
    app = WatchApp(outs)
    async with app.run_test(size=size) as pilot:
        it = Watched(app, pilot)
        await it.until(lambda: it.numbers, "the numbers are there")
        yield it


@pytest.mark.slow
async def test_what_is_new_of_a_log_is_on_the_screen(tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    with logged(out, HERE, *epochs(3), SAMPLE) as log:
        async with watched(out) as it:
            assert it.numbers.startswith("mine  starting")
            assert "after epoch 3" in it.numbers
            assert [line.name for line in it.curve.plot.lines] == ["held-out", "training"]
            assert it.curve.plot.levels == (("the file before", 1.85),)
            log.write(replace(BATCH, epoch=4, done=0.5, at=40.0))
            log.write(replace(EPOCH, epoch=4, measured_nats=0.9))
            log.write(replace(SAMPLE, epoch=4, text="new\x1b"))
            await it.until(lambda: "after epoch 4" in it.numbers, "the epoch is shown")
            await it.until(lambda: "new␛" in it.samples, "the sample is shown as text")
            assert it.numbers.startswith("mine  training")
            assert "left" in it.numbers
            log.write(END)
            await it.until(lambda: it.numbers.startswith("mine  finished"), "its end is shown")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "asked"),
    [
        (["h"], ChangeRate(factor=0.5)),
        (["d"], ChangeRate(factor=2.0)),
        (["s", "s"], Stop()),
        (["c", "3", "enter"], CoolDown(seconds=3.0)),
        (["e", "z", "enter"], ChangeSamples(seed="z")),
        (["m", "2", "enter"], ChangeSamples(seed=SAMPLE.seed, temperatures=[2.0])),
    ],
)
async def test_a_key_asks_something_of_the_run(
    keys: list[str], asked: Request, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    requests = Requests(requests_path(out))
    with logged(out, HERE, BATCH, SAMPLE):
        async with watched(out) as it:
            for key in keys:
                await it.pilot.press(key)
                if key in ("c", "e", "m"):
                    await it.until(lambda: it.app.screen.query(Input), "it is asked")
                    it.app.screen.query_one(Input).value = ""
            await it.until(lambda: it.said.startswith("Asked"), "it is said")
    assert list(requests.new()) == [asked]


@pytest.mark.slow
async def test_one_press_does_not_stop_a_run(tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    with logged(out, HERE, BATCH):
        async with watched(out) as it:
            await it.pilot.press("s")
            await it.until(lambda: "again" in it.said, "the second press is asked for")
    assert not requests_path(out).exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("records", "why"),
    [
        ((HERE, BATCH, END), "This run has ended"),
        ((replace(HERE, process=GONE), BATCH), "This run was cut off"),
        ((), "There is no run yet"),
    ],
)
async def test_a_key_that_can_do_nothing_says_why(
    records: tuple[Record, ...], why: str, tmp_path: Path
) -> None:
    out = tmp_path / "mine.onnx"
    with logged(out, *records):
        async with watched(out) as it:
            await it.pilot.press("h")
            await it.until(lambda: it.said.startswith(why), "it is said")
            await it.pilot.press("tab")
            await it.until(lambda: it.said == "There is one run", "it is said")
    assert not requests_path(out).exists()


@pytest.mark.slow
async def test_a_trainer_that_is_gone_is_seen_though_its_log_tells_nothing_more(
    tmp_path: Path,
) -> None:
    trainer = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    out = tmp_path / "mine.onnx"
    with logged(out, replace(HERE, process=trainer.pid), BATCH):
        async with watched(out) as it:
            assert it.numbers.startswith("mine  training")
            trainer.kill()
            trainer.communicate()
            await it.until(lambda: it.numbers.startswith("mine  cut off"), "that is told")


@pytest.mark.slow
async def test_runs_are_drawn_over_each_other_and_looked_at_in_turn(tmp_path: Path) -> None:
    outs = [tmp_path / f"{name}.onnx" for name in ("one", "two")]
    with logged(outs[0], HERE, *epochs(3)), logged(outs[1], HERE, *epochs(2), END):
        async with watched(*outs, size=(120, 40)) as it:
            assert [line.name for line in it.curve.plot.lines] == ["one", "two"]
            await it.pilot.press("tab")
            await it.until(lambda: it.numbers.startswith("two  finished"), "the other is shown")
            await it.pilot.press("t")
            await it.until(lambda: it.curve.plot.across == "seconds", "it is over time")


@pytest.mark.slow
async def test_the_runs_of_a_folder_are_looked_at_one_by_one(tmp_path: Path) -> None:
    outs = [tmp_path / f"{name}.onnx" for name in ("one", "two")]
    with logged(outs[0], HERE, *epochs(3)), logged(outs[1], HERE, *epochs(2), END):
        app = WatchApp(outs, one_by_one=True)
        async with app.run_test(size=(100, 24)) as pilot:
            it = Watched(app, pilot)
            await it.until(lambda: "(run 1 of 2; Tab: the next)" in it.numbers, "it is said")
            assert it.numbers.startswith("one  starting")
            assert {line.name for line in it.curve.plot.lines} == {"held-out", "training"}
            await it.pilot.press("tab")
            await it.until(lambda: it.numbers.startswith("two  finished"), "the other is shown")
            assert "after epoch 2" in it.numbers


@pytest.mark.slow
async def test_before_the_first_epoch_has_ended_it_says_what_is_going_to_happen(
    tmp_path: Path,
) -> None:
    out = tmp_path / "mine.onnx"
    large = replace(HERE, parameters=3_000_000, characters_per_epoch=1_000_000, epochs=40)
    with logged(out, large, replace(BATCH, characters_per_s=50_000.0)) as log:
        async with watched(out, size=(120, 24)) as it:
            assert "an epoch takes about 20 s, all 40 about 13 min" in it.numbers
            assert "3,000,000 weights for 11,715 characters: without dropout" in it.numbers
            assert f"come back with:\ncharlm-tui watch {out}" in it.numbers
            log.write(EPOCH)
            await it.until(lambda: "after epoch" in it.numbers, "the epoch is shown")
            assert "come back with" not in it.numbers


@pytest.mark.slow
async def test_every_key_is_in_the_help_and_the_studio_needs_a_model(tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    with logged(out, HERE, BATCH):
        async with watched(out) as it:
            await it.pilot.press("b")
            await it.until(lambda: "There is no model file yet" in it.said, "it is said")
            await it.pilot.press("f1")
            await it.until(lambda: isinstance(it.app.screen, HelpScreen), "help is shown")
            [section] = it.app.screen._sections
            told = {what for _, _, what in section.rows}
            assert {"Half the rate", "Try the best", "Temperatures", "Next run"} <= told
            await it.pilot.press("escape")


@pytest.mark.slow
async def test_a_log_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    async with watched(out) as it:
        assert "No such file" in it.numbers
        with logged(out, HERE, BATCH):
            await it.until(lambda: it.numbers.startswith("mine  training"), "it is there")


@pytest.mark.slow
async def test_no_text_of_a_log_moves_the_cursor(tmp_path: Path) -> None:
    bad = "a\x1b[2Jb\x07\u202e"
    out = tmp_path / f"{bad.replace('/', '')}.onnx"
    hostile = replace(HERE, device=bad, measured_on=bad, corpus={"name": bad}, out=bad)
    with logged(out, hostile, BATCH, *epochs(2), replace(SAMPLE, text=bad, seed=bad)) as log:
        async with watched(out, size=(120, 40)) as it:
            log.write(replace(END, sentence=bad))
            await it.until(lambda: "a␛[2Jb" in it.numbers.split("\n")[0], "its end is shown")
            screen = it.app.screen
            drawn = [
                segment.text for line in screen._compositor.render_strips() for segment in line
            ]
            assert not set("".join(drawn)) & set("\x1b\x07\u202e")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 1), (20, 5), (60, 20), (80, 24), (200, 60)])
async def test_it_draws_at_any_size(size: tuple[int, int], tmp_path: Path) -> None:
    out = tmp_path / "mine.onnx"
    with logged(out, HERE, BATCH, *epochs(4), SAMPLE, replace(SAMPLE, epoch=2, text="c")):
        async with watched(out, size=size) as it:
            await it.pilot.pause()
            if size[1] >= 24:
                drawn = [it.curve.render_line(y).text for y in range(it.curve.size.height)]
                assert "held-out" in "".join(drawn)
                assert len(drawn) >= 8


def test_what_a_run_has_left_is_told_from_what_it_has_done() -> None:
    from charlm_tui.runs.reader import RunLog

    log = RunLog()
    for record in (HERE, replace(BATCH, at=10.0, done=0.25)):
        log.take(record)
    assert RunView("a", log, True).left_s == pytest.approx(30.0)
    log.take(replace(HERE, at=10.0, continues_after="1"))
    log.take(replace(BATCH, at=12.0, done=0.3))
    assert RunView("a", log, True).left_s == pytest.approx(28.0)
    assert RunView("a", log, False).state.startswith("cut off")
    assert plot_of([RunView("a", log, True)], False).lines[0].bits == ()


def test_a_long_line_is_thinned_to_its_ends_and_points_between() -> None:
    places, bits = thinned(range(1000), range(1000), 50)
    assert len(places) == len(bits) == 50
    assert (places[0], places[-1]) == (0, 999)
    assert thinned([1.0], [2.0], 50) == ([1.0], [2.0])


def test_where_texts_differ() -> None:
    assert differences("abcd", "abx") == [False, False, True, True]


def test_whether_a_process_is_there() -> None:
    assert is_alive(os.getpid())
    assert not is_alive(GONE)
    assert not is_alive(0)
