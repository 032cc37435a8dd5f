"""The film of a run on the screen, made by an engine that says only what a test lets it say."""

from pathlib import Path

import pytest
from textual.widgets import Input

from charlm_tui.engine.protocol import EngineDied, Filmed, FilmEnded
from charlm_tui.film.film import Passage
from charlm_tui.tui.screens import film as film_screen
from charlm_tui.tui.screens.film import FilmScreen
from charlm_tui.tui.screens.watch import WatchScreen
from charlm_tui.tui.watch_app import WatchApp
from charlm_tui.tui.widgets.curve import Curve
from charlm_tui.tui.widgets.film_text import NEW, PassageText, ReplyText
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.slider import Slider
from tests.support.films import ORDER, PASSAGE, REPLIES, SEED, FilmDriver, filming, kept_run, shot

pytestmark = pytest.mark.slow


def reply_of(it: FilmDriver) -> str:
    text = it.screen.query_one(ReplyText).shown[0]
    return text.removeprefix(ORDER.seed)


def changed(it: FilmDriver) -> str:
    text, levels = it.screen.query_one(ReplyText).shown
    return "".join(char for char, level in zip(text, levels, strict=True) if level == NEW)


@pytest.fixture(autouse=True)
def _bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what changed stay bright: on a busy machine it settles before it is looked at."""
    monkeypatch.setattr(film_screen, "SETTLE_S", 3600.0)


async def test_the_newest_epoch_is_shown_while_the_film_is_made() -> None:
    async with filming() as it:
        assert it.heading == "mine  filming epoch 1 of 4"
        await it.make(2)
        await it.until(lambda: reply_of(it) == REPLIES[1], "it is shown")
        assert "epoch 2 of 4" in it.heading
        assert "filming epoch 3 of 4" in it.heading
        assert not it.engine.closed


async def test_arrows_walk_over_the_epochs_and_what_changed_lights_up() -> None:
    async with filming() as it:
        await it.make()
        await it.press("home")
        assert reply_of(it) == REPLIES[0]
        assert changed(it) == ""
        await it.press("right")
        assert reply_of(it) == REPLIES[1]
        assert changed(it) == "n the wall sang there"
        assert it.screen.query_one(Slider).at == 1
        assert it.screen.query_one(Curve).plot.mark == 2.0
        await it.press("right", "right")
        assert changed(it) == "us, and we heard it"
        assert it.heading.startswith("mine  epoch 4 of 4 · 1.500 bits held-out")


async def test_what_changed_settles_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_screen, "SETTLE_S", 0.01)
    async with filming() as it:
        await it.make()
        await it.press("left")
        await it.until(lambda: not changed(it), "it has settled")
        assert reply_of(it) == REPLIES[2]


async def test_the_passage_fills_with_what_is_learned() -> None:
    async with filming() as it:
        await it.make()
        passage = it.screen.query_one(PassageText)
        assert passage.ends == ("1", "4")
        seen = []
        for key in ("home", "right", "right", "right"):
            await it.press(key)
            levels = passage.shown[1]
            pairs = zip(PASSAGE.text, levels, strict=True)
            seen.append("".join(sorted({char for char, level in pairs if level})))
            assert f"{sum(map(bool, levels))} of" in passage.titles[0]
        assert seen == [" ", " t", " ht", " eht"]


async def test_it_plays_to_its_end_and_again_from_its_beginning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(film_screen, "FRAME_S", 0.01)
    async with filming() as it:
        await it.make()
        seen = []
        it.screen.watch(it.screen, "at", lambda at: seen.append(at), init=False)
        await it.press("space")
        await it.until(lambda: it.screen._playing is None, "it has ended")
        assert seen == [0, 1, 2, 3]


async def test_space_pauses_and_so_does_an_arrow() -> None:
    async with filming() as it:
        await it.make()
        for key in ("space", "right"):
            await it.press("space")
            assert it.screen._playing is not None
            await it.press(key)
            assert it.screen._playing is None


async def test_a_click_on_the_slider_goes_to_the_nearest_epoch() -> None:
    async with filming(size=(80, 24)) as it:
        await it.make()
        await it.pilot.click(Slider, offset=(30, 0))
        await it.until(lambda: it.screen.at == 1, "it went there")


@pytest.mark.parametrize(
    ("shots", "keys", "why"),
    [
        (0, ["right"], "The first epoch is not there yet"),
        (0, ["space"], "The first epoch is not there yet"),
        (0, ["x"], "The film is not whole yet"),
        (1, ["left"], "This is the first epoch"),
        (1, ["right"], "The next epoch is not there yet"),
        (1, ["space"], "There is one epoch"),
        (4, ["right"], "This is the last epoch"),
        (4, ["end"], "This is the last epoch"),
        (4, ["home", "home"], "This is the first epoch"),
        (4, ["up"], "This is the beginning"),
        (4, ["down"] * 40, "This is the end"),
    ],
)
async def test_a_key_that_can_do_nothing_says_why(shots: int, keys: list[str], why: str) -> None:
    async with filming() as it:
        if shots:
            await it.make(shots)
        await it.press(*keys)
        await it.until(lambda: it.said == why, f"it is said: {why}")


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (FilmEnded(1, "a model cannot be read"), "a model cannot be read"),
        (EngineDied("it was ended by SIGSEGV"), "mine-3.onnx cannot be used: it was ended by"),
    ],
)
async def test_a_film_that_ends_early_shows_what_there_is_and_says_why(
    event: FilmEnded | EngineDied, why: str
) -> None:
    async with filming(size=(120, 30)) as it:
        await it.make(2)
        await it.say(event)
        await it.until(lambda: it.engine.closed, "the engine was ended")
        assert f"the film ends early: {why}" in it.heading
        await it.press("left")
        assert reply_of(it) == REPLIES[0]
        await it.press("end", "right")
        assert it.said == "This is the last epoch"


async def test_without_a_passage_a_sentence_says_why() -> None:
    async with filming() as it:
        await it.say(Filmed(1, Passage(sentence="its text is gone")))
        await it.say(Filmed(1, shot(0)._replace(surprisal_bits=b"")))
        await it.until(lambda: reply_of(it) == REPLIES[0], "the reply is shown")
        assert it.screen.query_one(PassageText).titles == ("its text is gone",)


async def test_what_an_engine_that_was_replaced_says_is_dropped() -> None:
    async with filming() as it:
        before = it.engine
        it.screen._host.start()
        before.say(Filmed(1, PASSAGE))
        before.say(Filmed(1, shot(0)))
        await it.pilot.pause()
        assert not it.film.shots


async def test_it_is_exported_under_the_name_that_is_given(tmp_path: Path) -> None:
    async with filming() as it:
        await it.make()
        await it.press("x")
        await it.until(lambda: it.app.screen.query(Input), "it is asked")
        asked = it.app.screen.query_one(Input)
        assert asked.value == "mine.film.svg"
        asked.value = str(tmp_path / "a.gif")
        await it.press("enter")
        await it.until(lambda: it.app.screen.query("#refusal"), "it is asked again")
        it.app.screen.query_one(Input).value = str(tmp_path / "a.svg")
        await it.press("enter")
        await it.until(lambda: it.said.startswith("Exported to"), "it is said")
        assert (tmp_path / "a.svg").read_text(encoding="utf-8").startswith("<svg")


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (40, 12), (60, 20), (80, 24), (200, 60)])
async def test_it_draws_at_any_size(size: tuple[int, int]) -> None:
    async with filming(size=size) as it:
        await it.make()
        await it.press("left")
        lines = ["".join(it.text for it in line) for line in it.screen._compositor.render_strips()]
        if size >= (40, 12):
            drawn = "\n".join(lines)
            assert "epoch 3 of 4" in drawn
            assert "then the wall" in drawn
            assert "the old wall" in drawn
            assert "q Leave" in lines[-1]


async def test_f_opens_the_film_of_a_run_that_is_watched_and_q_returns(tmp_path: Path) -> None:
    out = kept_run(tmp_path, 2)
    app = WatchApp([out])
    async with app.run_test(size=(80, 24)) as pilot:
        it = FilmDriver(app, pilot, [])  # type: ignore[arg-type]
        watch = app.screen
        assert isinstance(watch, WatchScreen)
        await it.until(lambda: watch.view.log.began, "the log is read")
        await pilot.press("f")
        await it.until(lambda: isinstance(app.screen, FilmScreen), "the film is there")
        screen = app.screen
        assert isinstance(screen, FilmScreen)
        await it.until(lambda: screen.film.complete, "an engine has made it")
        assert screen.film.order.seed == SEED
        await pilot.press("q")
        await it.until(lambda: isinstance(app.screen, WatchScreen), "the run is there again")


async def test_a_run_that_kept_no_epoch_has_no_film(tmp_path: Path) -> None:
    out = kept_run(tmp_path, 0)
    app = WatchApp([out])
    async with app.run_test(size=(80, 24)) as pilot:
        it = FilmDriver(app, pilot, [])  # type: ignore[arg-type]
        watch = app.screen
        assert isinstance(watch, WatchScreen)
        await it.until(lambda: watch.view.log.began, "the log is read")
        await pilot.press("f")
        line = app.screen.query_one(KeysLine)
        await it.until(lambda: line.said, "it is said")
        assert line.said is not None
        assert "train with --keep-epochs" in line.said.plain
        assert isinstance(app.screen, WatchScreen)
