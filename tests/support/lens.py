"""The neuron lens, opened and answered on the screen."""

from array import array

from charlm_tui.engine.insight_protocol import LensRequested, Ranking
from charlm_tui.tui.screens.lens import LensScreen
from charlm_tui.tui.widgets.unit_text import UnitText
from tests.support.engines import STATES
from tests.support.studio import Studio

TENSORS = STATES


def ranking(title: str, reads: dict[int, float], predicts: dict[int, float]) -> Ranking:
    columns = [
        (array("I", each).tobytes(), array("f", each.values()).tobytes())
        for each in (reads, predicts)
    ]
    return Ranking(title, *columns[0], *columns[1])


RANKINGS = (
    ranking("variance", {3: 0.9, 8: 0.5, 1: 0.2}, {}),
    ranking("newline", {8: -0.75, 2: 0.5}, {5: 0.25}),
    ranking("space", {}, {0: 0.5}),
)


async def look(it: Studio) -> LensScreen:
    """Open the lens on the reply; nothing is told yet."""
    await it.pilot.press("escape", "a")
    await it.until(lambda: isinstance(it.app.screen, LensScreen), "the lens is there")
    await it.until(lambda: it.app.screen.query(UnitText), "it is made")
    screen = it.app.screen
    assert isinstance(screen, LensScreen)
    return screen


def asked(it: Studio) -> LensRequested:
    return next(each for each in reversed(it.engine.requests) if isinstance(each, LensRequested))


def text_of(it: Studio) -> UnitText:
    return it.app.screen.query_one(UnitText)
