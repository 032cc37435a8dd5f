"""Lines that are finished once are what Textual would finish again for each frame."""

import random
from collections.abc import Callable

import pytest
from textual._styles_cache import StylesCache
from textual.app import App, ComposeResult
from textual.strip import Strip
from textual.widget import Widget

from charlm_tui.tui.document import TextSelection
from charlm_tui.tui.legible import Legible
from charlm_tui.tui.paint import Mark
from charlm_tui.tui.widgets.control_panel import ControlPanel
from charlm_tui.tui.widgets.transcript import Transcript
from tests.support.studio import studio

WORDS = ("the ", "slowly ascending ", "ranks\n", "界 ", "and classes ", "\n\n")


class Show(App[None]):
    CSS = "Transcript { padding: 0 1; border: round $primary; overflow-y: scroll; }"

    def __init__(self) -> None:
        super().__init__()
        self._filters.append(Legible())
        self.clock = 0.0

    def compose(self) -> ComposeResult:
        yield Transcript(id="transcript", clock=lambda: self.clock)
        yield Transcript(id="other")


def by_textual(widget: Widget) -> list[Strip]:
    """Return the lines of a widget as Textual finishes them, from nothing that is kept."""
    kept, widget._styles_cache = widget._styles_cache, StylesCache()
    try:
        return Widget.render_lines(widget, widget.outer_size.region)
    finally:
        widget._styles_cache = kept


def differing(it: Transcript) -> list[tuple[int, str, str]]:
    """Return the lines that a transcript or its scroll bar draws otherwise than Textual would."""
    found = []
    for widget in (it, it.vertical_scrollbar):
        drawn = widget.render_lines(widget.outer_size.region)
        for y, (one, other) in enumerate(zip(drawn, by_textual(widget), strict=True)):
            if one != other:
                found.append((y, str(one), str(other)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
async def test_finished_lines_are_those_that_textual_finishes(seed: int) -> None:
    rng = random.Random(seed)
    app = Show()
    async with app.run_test(size=(50, 24)) as pilot:
        it = app.query_one("#transcript", Transcript)

        def append() -> None:
            it.append("".join(rng.choices(WORDS, k=rng.randrange(1, 30))))

        def cut() -> None:
            it.cut(it.blocks[-1], rng.randrange(it.blocks[-1].length + 1))

        def select() -> None:
            block = it.blocks[-1]
            if block.length:
                places = sorted(rng.choices(range(block.length), k=2))
                it.selection = TextSelection(block, places[0], places[1])

        def animate() -> None:
            it.live, it.speed = not it.live, rng.choice((0.0, 60.0))

        def settle() -> None:
            app.clock += 0.1
            it._fade()

        acts: list[Callable[[], object]] = [
            *[append] * 6,
            cut,
            select,
            animate,
            settle,
            settle,
            lambda: it.add(rng.choice(("seed", "reply", "notice")), rng.choice(WORDS)),
            lambda: it.add("reply"),
            lambda: it.mark(it.blocks[-1], rng.choice(("", "‹2/2›"))),
            lambda: it.scroll_to(y=rng.randrange(40), animate=False, immediate=True),
            it.to_end,
            lambda: it.find(rng.choice(("a", "slow", "zzz"))),
            lambda: it.tint(rng.choice((None, lambda _, start, stop: bytes(stop - start)))),
            lambda: it.recite([Mark(it.blocks[-1], 0, it.blocks[-1].length // 2)]),
            lambda: setattr(it, "selection", None),
            lambda: setattr(app, "theme", rng.choice(("nord", "textual-light", "gruvbox"))),
            lambda: rng.choice((it, app.query_one("#other"))).focus(),
            lambda: it.toggle_class("-chosen"),
            lambda: setattr(it, "border_subtitle", rng.choice(("", "2.1 bits"))),
            lambda: setattr(it.styles, "display", "block"),
        ]
        it.add("reply", "the ")
        await pilot.pause()
        for number in range(120):
            act = rng.choice(acts)
            if number % 20 == 19:
                await pilot.resize_terminal(rng.randrange(20, 180), rng.randrange(8, 30))
            act()
            await pilot.pause()
            assert not differing(it), f"after act {number}, {act}"


@pytest.mark.slow
async def test_a_key_that_turns_a_control_draws_two_of_their_lines_and_all_are_right() -> None:
    async with studio((120, 40)) as it:
        await it.load()
        panel = it.app.screen.query_one(ControlPanel)
        await it.until(lambda: panel.size.height, "the panels are there")
        await it.pilot.pause()
        drawn: list[int] = []
        draw = panel.render_line
        panel.render_line = lambda y: drawn.append(y) or draw(y)  # type: ignore[method-assign,func-returns-value]
        await it.pilot.press("f3")
        await it.pilot.pause()
        assert set(drawn) == {0, 1}, "the dial, and the temperature's row"
        for keys in ("f2", "f8", "f9", "escape P", "c p", "left right right down right f3"):
            await it.pilot.press(*keys.split())
            await it.pilot.pause()
            assert panel.render_lines(panel.outer_size.region) == by_textual(panel), keys
