"""A walk over every key of every screen in every state: each acts, or says why it does not.

By keys alone, and without colours: what a key changes on the screen is seen to change by letters,
weight, underline or reverse as well.
"""

import math
from array import array
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.containers import Vertical
from textual.widgets import Input

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import LensOpened, UnitRequested, UnitTold
from charlm_tui.engine.protocol import Acknowledged, Inspected, InspectRequested
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.session.updates import ModelsWanted, Phase
from charlm_tui.tui.catalog import bindings
from charlm_tui.tui.screens.ask import AskScreen
from charlm_tui.tui.screens.game import GameScreen
from charlm_tui.tui.screens.help import HelpScreen
from charlm_tui.tui.screens.history import HistoryScreen
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.screens.lens import LensScreen
from charlm_tui.tui.screens.models import ModelsScreen
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.screens.quiz import QuizScreen
from charlm_tui.tui.screens.reach import ReachScreen
from charlm_tui.tui.screens.recall import RecallScreen
from charlm_tui.tui.screens.text import TextScreen
from charlm_tui.tui.screens.what_if import WhatIfScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.control_panel import ControlPanel
from charlm_tui.tui.widgets.find_line import FindLine
from charlm_tui.tui.widgets.next_character import NextCharacter
from charlm_tui.tui.widgets.saying_line import SayingLine
from tests.support import against, games, lens, reach, what_if
from tests.support.engines import SYMBOLS
from tests.support.studio import Studio, studio

pytestmark = pytest.mark.slow  # every test starts the app

SIZE = (80, 24)
OVERLAY_STRIDE = 10
STRIDE = 20  # of the keys that are pressed in a state where not all are: drawing takes its time
CONTROLS = Controls(Settings(0.5, rng_seed=7), speed=0.0)
SETUP = Setup(animated=False)
SCROLL_ROUNDS = 5  # after which what is scrolled is drawn, too: not at once on a busy machine
TEXT = "in the rain\non an old wall " * 3
LEFT_OUT = {"app.quit"}  # ends the app: other tests press it

Bring = Callable[[Studio], Awaitable[None]]
"""Brings the app into a state, from whatever the last key has led to."""


# What a key can have changed.


def silence(it: Studio) -> None:
    """Take away what was said: what is said again is to be seen."""
    for line in it.app.screen.query(SayingLine):
        line.fall_silent()
    for box in it.app.screen.query(Vertical):
        box.border_subtitle = ""


def sight(it: Studio) -> tuple[object, ...]:
    """What is on the screen, with its styles, and what a person has set, asked and copied."""
    screen, conversation = it.app.screen, it.app.conversation
    strips = screen._compositor.render_strips()
    asked = [each for each in it.engine.requests if not isinstance(each, Acknowledged)]
    return (
        screen,
        screen.focused,
        tuple(tuple(strip) for strip in strips),
        (conversation.controls, conversation.continues, conversation.state, len(asked)),
        (it.app.clipboard, it.prompt.text, it.prompt.selection, it.app._exit),
    )


def without_colour(sight: tuple[object, ...]) -> list[list[tuple[str, object]]]:
    """What is on a screen, as a terminal without colours draws it."""
    strips: tuple[tuple[Segment, ...], ...] = sight[2]  # type: ignore[assignment]
    return [
        [(char, style and style.without_color) for text, style, _ in strip for char in text]
        for strip in strips
    ]


def keys_here(it: Studio) -> dict[str, str]:
    """Return the first key of every binding that the focus leads to, by its id."""
    known, found = bindings(), dict[str, str]()
    for _, here in it.app.screen._modal_binding_chain:
        for key, those in here.key_to_bindings.items():
            for binding in those:
                if binding.id in known and binding.id not in LEFT_OUT:
                    found.setdefault(binding.id, key)
    return found


async def walk(
    it: Studio, bring: Bring, walked: set[str], first: int = 0, stride: int = 1, place: str = ""
) -> list[str]:
    """Press every key in a state, and return those that did nothing and said nothing.

    Args:
        it: the app.
        bring: brings it into the state.
        walked: takes in the ids of the bindings that can be pressed.
        first: number of the first key that is pressed.
        stride: from there on, how far it is to the next.
        place: what the ids of the bindings begin with that are pressed.
    """
    await bring(it)
    await it.pilot.pause()
    keys = keys_here(it)
    assert keys
    pressed = [(id_, key) for id_, key in keys.items() if id_.startswith(place)]
    silent, before = [], sight(it)
    for id_, key in pressed[first % stride :: stride]:
        await it.press(key)
        for _ in range(SCROLL_ROUNDS):
            if sight(it) != before:
                break
            await it.pilot.pause()
        if sight(it) == before:
            silent.append(f"{id_} ({key})")
            continue
        after = sight(it)
        if after[2] != before[2] and without_colour(after) == without_colour(before):
            silent.append(f"{id_} ({key}), by colour alone")
        silence(it)
        await it.settled()
        if sight(it) != before:
            await bring(it)
            await it.pilot.pause()
            silence(it)
            before = sight(it)
    walked |= set(keys)
    return silent


# The studio.


async def afresh(it: Studio) -> None:
    """An empty conversation, under the controls of the beginning."""
    app, conversation = it.app, it.app.conversation
    while len(app.screen_stack) > 1:
        await app.pop_screen()
    for line in app.screen.query(FindLine):
        await line.remove()
    conversation.ladder.keep(0)
    conversation.stop()
    if conversation.state is Phase.LOADING:  # a model to compare with
        conversation.loading._waiting = None
        conversation.loading.rest_as(Phase.IDLE)
    while conversation.turns:
        conversation.tree.undo()
    conversation.continues = False
    conversation.change(CONTROLS)
    it.prompt.clear()
    app.screen.query_one("#sidebar")._forced = None
    app._clipboard = ""
    it.prompt.focus()
    app.screen._live.rate_timer.pause()
    await it.settled()


async def streaming(it: Studio) -> None:
    await afresh(it)
    it.app.conversation.send("seed")
    it.engine.stream(TEXT)
    await it.until(lambda: it.reply == TEXT, "it streams")
    it.app.screen._live.rate_timer.pause()
    await it.settled()


async def paused(it: Studio) -> None:
    await streaming(it)
    it.app.conversation.pause()
    await it.settled()


async def ended(it: Studio) -> None:
    await streaming(it)
    it.engine.end()
    await it.until(lambda: it.app.conversation.state is Phase.IDLE, "it ended")


async def selected(it: Studio) -> None:
    await ended(it)
    it.app.screen.select_last()
    it.transcript.action_go(-4, 0)
    await it.settled()
    answer(it)
    await it.settled()


def answer(it: Studio) -> None:
    """Tell what was likely at the selected character."""
    asked = [each for each in it.engine.requests if isinstance(each, InspectRequested)][-1]
    even = array("f", [1 / len(SYMBOLS)] * len(SYMBOLS)).tobytes()
    it.engine.say(Inspected(asked.number, even, even))


async def recorded(it: Studio) -> None:
    """A reply of another model, of which no figures are known."""
    await ended(it)
    own = it.app.conversation.turn.recording()
    tape, unknown = Tape(), array("f", [math.nan] * len(TEXT)).tobytes()
    ids = array("H", [sorted(set(TEXT)).index(char) for char in TEXT]).tobytes()
    tape.append(Columns(ids, unknown, unknown, unknown), own.tape.settings[0])
    await afresh(it)
    it.app.conversation.playing.open(replace(own, model="other", model_sha256="1" * 64, tape=tape))
    await it.settled()


async def loading(it: Studio) -> None:
    await afresh(it)


def on_the_text(bring: Bring) -> Bring:
    """Bring the app into a state, with the focus on the text."""

    async def there(it: Studio) -> None:
        await bring(it)
        it.transcript.focus()
        await it.settled()

    return there


async def walk_the_studio(
    size: tuple[int, int], stride: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", "")
    silent, walked = dict[str, list[str]](), set[str]()
    async with studio(size, controls=CONTROLS, setup=SETUP) as it:
        silent["loading"] = await walk(it, loading, walked, 0, stride)
        await afresh(it)
        await it.load()
        silent["empty, in the prompt"] = await walk(it, afresh, walked, 1, stride)
        silent["empty"] = await walk(it, on_the_text(afresh), walked, 0, min(stride, 4))
        for number, bring in enumerate((streaming, paused, ended, selected, recorded)):
            keys = await walk(it, on_the_text(bring), walked, number, stride)
            silent[f"{bring.__name__}, on the text"] = keys
    assert {name: keys for name, keys in silent.items() if keys} == {}
    assert not {
        id_
        for id_ in set(bindings()) - walked - LEFT_OUT
        if id_.startswith(("command.", "view.", "transcript.", "app.", "prompt."))
    }


async def test_keys_of_the_studio_act_or_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    await walk_the_studio(SIZE, STRIDE, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("size", [(120, 40), (40, 12)])
async def test_every_key_of_the_studio_in_every_state_acts_or_says_why(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await walk_the_studio(size, 1, monkeypatch)


# What is beside the text, and over it.


async def panel(it: Studio) -> None:
    await selected(it)
    it.app.screen.action_go_to("next")
    await it.settled()


async def panel_of_nothing(it: Studio) -> None:
    await afresh(it)
    it.app.screen.query_one(NextCharacter).focus()
    await it.settled()


async def controls(it: Studio) -> None:
    await ended(it)
    it.app.screen.query_one(ControlPanel).chosen = 0
    it.app.screen.action_go_to("controls")
    await it.settled()


async def controls_at_the_end(it: Studio) -> None:
    await controls(it)
    it.app.screen.query_one(ControlPanel).chosen = 99
    it.app.conversation.change(CONTROLS.with_settings(temperature=0.0))
    await it.settled()


def finding(part: str) -> Bring:
    async def find(it: Studio) -> None:
        await ended(it)
        it.app.screen._dialogs.find(part)
        await it.until(lambda: it.app.screen.query(Input), "it is there")
        await it.settled()

    return find


def over(screen: type[Overlay], *keys: str, before: Bring = ended) -> Bring:
    """Bring a screen over the studio by its keys, pressed on the text."""

    async def there(it: Studio) -> None:
        await before(it)
        it.transcript.focus()
        for key in keys:
            await it.press(key)
        await it.until(
            lambda: isinstance(it.app.screen, screen) and it.app.screen.present, "it is there"
        )
        await it.settled()

    return there


async def lens_told(it: Studio) -> None:
    await over(LensScreen, "a")(it)
    it.engine.say(LensOpened(lens.asked(it).number, lens.TENSORS, lens.RANKINGS))
    await it.until(lambda: isinstance(it.engine.last, UnitRequested), "a unit is wanted")
    tells = [array("f", [sign * 0.5, 0.25]).tobytes() for sign in (-1, 1)]
    levels = bytes(len(it.app.screen._lens.text))
    number, unit = it.engine.last.number, it.engine.last.unit
    it.engine.say(UnitTold(number, unit, levels, 1.0, True, *tells))
    await it.until(lambda: lens.text_of(it).columns, "it is shown")
    await it.settled()


async def what_if_told(it: Studio) -> None:
    await over(WhatIfScreen, "m", before=selected)(it)
    await what_if.told(it)


async def reach_told(it: Studio) -> None:
    await over(ReachScreen, "z", before=selected)(it)
    await reach.told(it)


async def reach_of_a_reply(it: Studio) -> None:
    """The farthest reaches are known, and the farthest is looked at."""
    await reach_told(it)
    await it.press("f")
    reach.say_settling(it)
    await it.until(lambda: reach.screen(it)._farthest.told, "they are known")
    await it.settled()


async def compared(it: Studio) -> None:
    """A reply under two models, of which nothing is told yet."""
    await selected(it)
    it.transcript.focus()
    await it.press("V")
    await against.loaded(it)


async def compared_and_told(it: Studio) -> None:
    await compared(it)
    await against.told(it)


async def text_asked(it: Studio) -> None:
    await compared(it)
    await it.press("t")
    await it.until(
        lambda: isinstance(it.app.screen, TextScreen) and it.app.screen.present, "it is there"
    )


def playing(screen: type[Overlay], act: str) -> Bring:
    """Open a game of a number that is the same each time."""

    async def opened(it: Studio) -> None:
        await ended(it)
        it.app.screen._dialogs.open(act, str(games.NUMBER))
        await it.until(
            lambda: isinstance(it.app.screen, screen) and it.app.screen._asked, "it is dealt"
        )
        await it.settled()

    return opened


async def game_begun(it: Studio) -> None:
    await playing(GameScreen, "game")(it)
    await games.begun(it)
    await it.press("q")
    await it.press("ctrl+g")


async def game_ended(it: Studio) -> None:
    await game_begun(it)
    game = it.app.screen._game
    while not game.ended:
        game.give_up()
    it.app.screen.draw()
    it.app.screen.refresh_bindings()
    await it.settled()


async def quiz_begun(it: Studio) -> None:
    await playing(QuizScreen, "quiz")(it)
    await games.quizzed(it)


async def quiz_ended(it: Studio) -> None:
    await quiz_begun(it)
    for _ in range(5):
        await it.press("c")
    await it.settled()


async def ladder_ended(it: Studio) -> None:
    await over(LadderScreen, "A")(it)
    it.engine.lanes(["abc", "def", "ghi", "jkl"])
    it.engine.end()
    await it.until(lambda: it.app.conversation.state is Phase.IDLE, "it ended")


async def history_of_none(it: Studio) -> None:
    await over(HistoryScreen, "slash", before=afresh)(it)
    await listed(it)


async def history_listed(it: Studio) -> None:
    await over(HistoryScreen, "slash")(it)
    await listed(it)


async def listed(it: Studio) -> None:
    screen = it.app.screen
    assert isinstance(screen, HistoryScreen)
    await it.until(lambda: not screen._busy, "it is listed")
    screen.action_to_list()
    await it.settled()


async def models(it: Studio) -> None:
    it.app.conversation.tell(ModelsWanted())
    await it.until(lambda: isinstance(it.app.screen, ModelsScreen), "it is there")
    await it.settled()


OVERLAYS: dict[str, tuple[Bring, ...]] = {
    "next.": (panel, panel_of_nothing),
    "controls.": (controls, controls_at_the_end),
    "find.": (finding(""), finding("rain"), finding("xyz")),
    "help.": (over(HelpScreen, "question_mark"),),
    "ask.": (over(AskScreen, "colon"),),
    "recall.": (over(RecallScreen, "ctrl+r"),),
    "models.": (models,),
    "ladder.": (over(LadderScreen, "A"), ladder_ended),
    "lens.": (over(LensScreen, "a"), lens_told),
    "what-if.": (over(WhatIfScreen, "m", before=selected), what_if_told),
    "reach.": (
        over(ReachScreen, "z"),
        over(ReachScreen, "z", before=selected),
        reach_told,
        reach_of_a_reply,
    ),
    "against.": (compared, compared_and_told),
    "text.": (text_asked,),
    "game.": (playing(GameScreen, "game"), game_begun, game_ended),
    "quiz.": (playing(QuizScreen, "quiz"), quiz_begun, quiz_ended),
    "history.": (history_of_none, history_listed),
}


def setup_in(place: str, folder: Path) -> Setup:
    """Return a setup with a history; with a corpus, too, where one is needed."""
    setup = replace(SETUP, history=folder / "h.db")
    return replace(setup, corpus=games.corpus(folder)) if place in ("game.", "quiz.") else setup


async def walk_the_screen(place: str, stride: int, setup: Setup) -> None:
    silent, walked = dict[str, list[str]](), set[str]()
    async with studio(SIZE, controls=CONTROLS, setup=setup) as it:
        await it.load()
        for number, bring in enumerate(OVERLAYS[place]):
            silent[f"{place}{number}"] = await walk(it, bring, walked, number, stride, place)
    assert {name: keys for name, keys in silent.items() if keys} == {}
    assert not {id_ for id_ in bindings() if id_.startswith(place)} - walked


@pytest.mark.parametrize("place", OVERLAYS)
async def test_keys_beside_and_over_the_text_act_or_say_why(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("NO_COLOR", "1")
    await walk_the_screen(place, OVERLAY_STRIDE, setup_in(place, tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("place", OVERLAYS)
async def test_every_key_beside_and_over_the_text_acts_or_says_why(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.setenv("NO_COLOR", "1")
    await walk_the_screen(place, 1, setup_in(place, tmp_path))
