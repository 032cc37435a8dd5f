"""`python -m docs.pictures`: the README's pictures of the app, made by the app itself.

The real app with the real engine and the model that comes with it, without a terminal: brought to
a state by its keys, and drawn as SVG. Names of pictures as arguments make these alone. The film is
of a run that kept its epochs, whose model file `CHARLM_RUN` names; its passage is a text of ours.
"""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.color import ColorSystem
from textual.pilot import Pilot
from textual.widgets import Label, Static

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.film.export import exported
from charlm_tui.film.film import Film, Passage, Shot
from charlm_tui.film.order import order_of
from charlm_tui.film.shooting import shoot
from charlm_tui.lm.held import Held
from charlm_tui.lm.settings import Settings
from charlm_tui.runs.follower import read_log
from charlm_tui.runs.log_file import log_of
from charlm_tui.session.game import Wanted
from charlm_tui.session.seeds import keras_corpus
from charlm_tui.session.updates import Phase
from charlm_tui.tui.app import CharlmApp
from charlm_tui.tui.screens.against import AgainstScreen
from charlm_tui.tui.screens.game import GameScreen
from charlm_tui.tui.screens.ladder import LadderScreen
from charlm_tui.tui.screens.lens import LensScreen
from charlm_tui.tui.screens.reach import ReachScreen
from charlm_tui.tui.screens.text import TextBox, TextScreen
from charlm_tui.tui.screens.twin import TwinScreen
from charlm_tui.tui.screens.what_if import WhatIfScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.widgets.both_table import BothTable
from charlm_tui.tui.widgets.next_character import NextCharacter
from charlm_tui.tui.widgets.ratio_text import RatioText
from charlm_tui.tui.widgets.reach_strip import ReachStrip
from charlm_tui.tui.widgets.recital import RecitalPanel
from charlm_tui.tui.widgets.unit_text import UnitText
from charlm_tui.tui.widgets.what_if_table import WhatIfTable
from docs.stage import MODEL, PICTURES, until

SIZE = (110, 32)
SEED = "the slowly ascending ranks and classes"  # the notebook's own
LENGTH = 600  # characters of the reply
MOST_BYTES = 160_000
_WORDS = """\
she had been told that the house was empty, and so it was: the rain had come in by the window, and
nobody had thought of closing it. on the table there was a letter. "you will not believe me," it
began, "and you are right; but the light in the garden was there again, and I have seen it." she
read it twice, as one reads what one has always known, and put it back. then she went to the
window and closed it. it was not the letter that she had been afraid of, but the silence after it,
in which every thing of the house seemed to wait for what she would do.
""".lower()
TWO_MANNERS = """\
The origin of what a people calls its virtue is not to be found in its spirit, but in its fear:
every moral feeling is perhaps nothing but the memory of a danger that has been forgotten. And is
not the philosopher, too, a man who has learned to fear in a finer manner?

KING:
What news, my lord? I prithee, speak to me;
For I would know the worst that thou hast heard
Before the night is done. Where is the queen?

SERVANT:
She is not in her chamber, sir, nor here.
"""
PASSAGE = Passage(_WORDS[60:], _WORDS[:60])  # a window before it

_CELL = r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24\.65"/>'
_CELLS = re.compile(f"(?:{_CELL})+")
Stage = Callable[[CharlmApp, Pilot[None]], Awaitable[None]]


async def ended(app: CharlmApp, pilot: Pilot[None]) -> None:
    """Wait for the reply."""

    def reached() -> bool:
        it = app.conversation
        return it.state is Phase.IDLE and it.turn is not None and len(it.turn.tape) > 0

    await until(pilot, reached, "the reply ended")


async def studio(app: CharlmApp, pilot: Pilot[None]) -> None:
    """The studio with a selected character and a tint."""
    await ended(app, pilot)
    await pilot.press("escape", "v", "left", *"bbbb")
    await until(pilot, lambda: not app._notifications, "the notification is gone")


async def ladder(app: CharlmApp, pilot: Pilot[None]) -> None:
    """The ladder on the notebook's temperatures."""
    await ended(app, pilot)
    await pilot.press("escape", "A")
    await until(pilot, lambda: isinstance(app.screen, LadderScreen), "the ladder opened")
    await ended(app, pilot)
    await pilot.press("l", "l")


async def ribbon(app: CharlmApp, pilot: Pilot[None]) -> None:
    """The ribbon under a reply whose temperature goes back and forth."""
    await ended(app, pilot)
    await pilot.press("escape", "v", "v", "v")
    await until(pilot, lambda: not app._notifications, "the notification is gone")


async def lens(app: CharlmApp, pilot: Pilot[None]) -> None:
    """The lens with three units beside each other: of spaces, of vowels, and a cell's."""
    await ended(app, pilot)
    await pilot.press("escape", "a")

    def told() -> bool:
        screen = app.screen
        if not isinstance(screen, LensScreen):
            return False
        columns = screen.query_one(UnitText).columns
        return bool(columns) and all(column.levels for column in columns)

    await until(pilot, told, "the lens opened")
    await pilot.press("f", "f", "p", "f", "f", "p", "f", "f", "f", "f", "f", "f", "f", "home")
    await until(pilot, lambda: told() and len(app.screen.query_one(UnitText).columns) == 3, "pins")


async def twin(app: CharlmApp, pilot: Pilot[None]) -> None:
    """A reply with a held unit beside its twin."""
    await ended(app, pilot)
    await pilot.press("escape", "B")
    await until(pilot, lambda: isinstance(app.screen, TwinScreen), "the twins are there")
    await ended(app, pilot)
    notice = app.screen.query_one("#ladder-notice", Label)
    await until(pilot, lambda: "they part" in str(notice.content), "they part")


async def what_if(app: CharlmApp, pilot: Pilot[None]) -> None:
    """What if, at the first letter of a word."""
    await ended(app, pilot)
    await pilot.press("escape", "left", *"bbbbbb", "m")

    def told() -> bool:
        screen = app.screen
        return isinstance(screen, WhatIfScreen) and (
            screen.query_one(WhatIfTable).comparison is not None
        )

    await until(pilot, told, "the table was told")


async def reach(app: CharlmApp, pilot: Pilot[None]) -> None:
    """The reach of one of the characters that look back farthest, with what matters to it."""
    await ended(app, pilot)
    await pilot.press("escape", "left", "b", "z")

    def told() -> bool:
        screen = app.screen
        if not isinstance(screen, ReachScreen):
            return False
        strip = screen.query_one(ReachStrip)
        return strip.look is not None and bool(strip.look.influence) and not strip.has_class("-old")

    await until(pilot, told, "the strip was told")
    await pilot.press("f")
    await until(pilot, lambda: app.screen.query_one("#reach-farthest").display, "they were asked")
    listed = app.screen.query_one("#reach-farthest", Static)
    await until(pilot, lambda: "▸1" in str(listed.content) and told(), "the farthest was told")
    await pilot.press("3")
    await until(pilot, lambda: "▸3" in str(listed.content) and told(), "another was told")


async def against(app: CharlmApp, pilot: Pilot[None]) -> None:
    """A text of ours, in two manners, under both models, where they differ most."""
    await ended(app, pilot)
    await pilot.press("escape", "V")

    def told() -> bool:
        screen = app.screen
        if not isinstance(screen, AgainstScreen):
            return False
        table, columns = screen.query_one(BothTable), screen.query_one(RatioText).columns
        shown = bool(columns) and bool(columns[0].levels)
        return shown and table.sides is not None and not table.has_class("-old")

    await until(pilot, told, "both models have told")
    await pilot.press("t")
    await until(pilot, lambda: isinstance(app.screen, TextScreen), "a text is asked for")
    app.screen.query_one(TextBox).insert(TWO_MANNERS)
    await pilot.press("enter")
    await until(pilot, told, "both models have told")
    await pilot.press("f", "f")
    await until(pilot, told, "both models have told")


async def game(app: CharlmApp, pilot: Pilot[None]) -> None:
    """Shannon's game on a text of ours, and what the model thought of the last character."""
    await ended(app, pilot)
    with TemporaryDirectory() as folder:
        text = Path(folder) / "letter.txt"
        text.write_text(_WORDS)
        app.screen._dialogs.play(Wanted(4711, length=40, temperature=0.5, file=text))
        await until(pilot, lambda: isinstance(app.screen, GameScreen), "the game opened")
        screen = app.screen
        assert isinstance(screen, GameScreen)
        await until(pilot, lambda: screen.result, "the model has guessed")
    assert screen.result is not None
    await pilot.press("ctrl+o")
    names = {" ": "space", "\n": "enter"}
    for number, char in enumerate(screen.result.game.hidden.text[:24]):
        wrong = [each for each in "etaoin" if each != char][: (0, 0, 2, 0, 1)[number % 5]]
        for each in (*wrong, char):
            await pilot.press(names.get(each, each))
    await pilot.press("s", "t")


async def rules(app: CharlmApp, pilot: Pilot[None]) -> None:
    """A lipogram: a character that is selected where the rule has taken something away."""
    await ended(app, pilot)
    await pilot.press("escape", "left", "left")
    panel = app.screen.query_one(NextCharacter)
    while panel.view is None or panel.view.cost_bits < 1:
        before = panel.view
        await pilot.press("left")
        await until(pilot, lambda before=before: panel.view is not before, "it is told")


async def recital(app: CharlmApp, pilot: Pilot[None]) -> None:
    """The recital meter, with the text tinted by what the notebook's corpus has of it."""
    await ended(app, pilot)
    panel = app.screen.query_one(RecitalPanel)
    await until(
        pilot,
        lambda: panel.findings is not None and panel.findings.length == LENGTH,
        "the corpus was read: set CHARLM_CORPUS to the path of nietzsche.txt",
    )
    assert panel.findings is not None
    assert panel.findings.passage.length < 40  # the picture is no copy of a book
    await pilot.press("escape", "M", *"vvvvv", "home")
    await until(pilot, lambda: not app._notifications, "the notification is gone")


def with_corpus() -> Setup:
    """Return a setup with the corpus that is at hand."""
    named = os.environ.get("CHARLM_CORPUS")
    return Setup(corpus=Path(named) if named else keras_corpus())


SETUPS: dict[str, Callable[[], Setup]] = {"recital": with_corpus}
STAGES: dict[str, tuple[Stage, Settings]] = {
    "studio": (studio, Settings(0.5, rng_seed=5)),
    "ladder": (ladder, Settings(0.5, rng_seed=3)),
    "ribbon": (ribbon, Settings(0.2, rng_seed=3, moving="cycle", moving_to=1.4, moving_over=160)),
    "lens": (lens, Settings(0.5, rng_seed=5)),
    "twin": (twin, Settings(0.5, rng_seed=5, held=(Held("c", 77, 3.0),))),
    "what-if": (what_if, Settings(0.5, rng_seed=5, depth=8)),  # so that what is before it tells
    "against": (against, Settings(0.5, rng_seed=5)),
    "reach": (reach, Settings(0.5, rng_seed=5)),
    "game": (game, Settings(0.5, rng_seed=5)),
    "rules": (rules, Settings(0.5, rng_seed=5, ban="e")),
    "recital": (recital, Settings(0.2, rng_seed=4)),
}


async def picture(stage: Stage, settings: Settings, setup: Setup) -> str:
    """Bring the app to a state, and give what it looks like: SVG that downloads no font."""
    controls = Controls(settings, speed=0.0, length=LENGTH, pin=settings.rng_seed)
    app = CharlmApp(str(MODEL), ProcessEngine, controls, SEED, setup)
    async with app.run_test(size=SIZE) as pilot:
        app.console._color_system = ColorSystem.TRUECOLOR  # there is no terminal to tell it
        await stage(app, pilot)
        await pilot.pause()
        return slim(app.export_screenshot(title="charlm-tui"))


def slim(svg: str) -> str:
    """Take out of Rich's SVG what its look does without: fonts to download, words said each time.

    Every piece of text names its line's clip path; none is longer than its line.
    """
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<clipPath id="[^"]*-line-\d+">.*?</clipPath>\s*', "", svg, flags=re.DOTALL)
    svg = re.sub(r' clip-path="url\(#[^"]*-line-\d+\)"', "", svg)
    svg = svg.replace(' textLength="12.2"', "")  # of a single character
    svg = svg.replace(' shape-rendering="crispEdges"', "")
    svg = _CELLS.sub(_joined, svg)
    svg = svg.replace("<style>", "<style>rect { shape-rendering: crispEdges; }", 1)
    return re.sub(r"terminal-\d+-", "", svg)


def _joined(cells: re.Match[str]) -> str:
    """Make one rectangle of neighbours of one colour."""
    joined: list[list[str]] = []
    for fill, x, y, width in re.findall(_CELL, cells[0]):
        if joined and joined[-1][0] == fill and joined[-1][2] == y:
            joined[-1][3] = f"{float(x) + float(width) - float(joined[-1][1]):.1f}"
        else:
            joined.append([fill, x, y, width])
    return "".join(
        f'<rect fill="{fill}" x="{x}" y="{y}" width="{width}" height="24.65"/>'
        for fill, x, y, width in joined
    )


def film(run: Path) -> str:
    """Return the film of a run, which has learned in each epoch what it could not read before."""
    log_file = log_of(run)
    order = order_of(log_file, read_log(log_file), SEED)
    with TemporaryDirectory() as folder:  # what is kept beside the run has its own passage
        order = order._replace(name="the run", passage=PASSAGE, keep=f"{folder}/film.json")
        made = Film(order)
        for piece in shoot(order):
            if isinstance(piece, Passage):
                made.begin(piece)
            elif isinstance(piece, Shot):
                made.add(piece)
    return exported(made, Path("film.svg"))


def main() -> None:
    """Write the pictures."""
    PICTURES.mkdir(exist_ok=True)
    run = os.environ.get("CHARLM_RUN")
    for name in sys.argv[1:] or [*STAGES, *(["film"] if run else [])]:
        if name == "film":
            assert run, "set CHARLM_RUN to the model file of a run that kept its epochs"
            svg = film(Path(run))
        else:
            svg = asyncio.run(picture(*STAGES[name], SETUPS.get(name, Setup)()))
        assert len(svg.encode()) < MOST_BYTES, f"{name} has {len(svg.encode()):,} bytes"
        (PICTURES / f"{name}.svg").write_text(svg, encoding="utf-8")
        print(f"{name}.svg: {len(svg.encode()):,} bytes")


if __name__ == "__main__":
    main()
