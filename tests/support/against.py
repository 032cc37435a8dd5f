"""Two models on one text on the screen: what is asked of a queued engine, and what it tells."""

from array import array

from charlm_tui.engine.insight_protocol import (
    AgainstRequested,
    AgainstTold,
    BothRequested,
    BothTold,
)
from charlm_tui.engine.protocol import LoadBesideRequested, LoadedBeside, ModelLoaded, Request
from charlm_tui.tui.screens.against import AgainstScreen
from charlm_tui.tui.widgets.both_table import BothTable
from charlm_tui.tui.widgets.ratio_text import RatioText
from tests.support.engines import RUNTIME, SYMBOLS
from tests.support.studio import Studio

KEEPING = (*(each for each in SYMBOLS if each != "-"), *map(chr, range(ord("A"), ord("Z") + 1)))
"""Symbols of a model that keeps case, and knows no hyphen."""
OTHER = ModelLoaded("other.onnx", "other", "1" * 64, KEEPING, "preserve", 9, {}, RUNTIME)
OWN_SHA256 = "0" * 64


def asked(it: Studio, kind: type[Request]) -> list[Request]:
    return [each for each in it.engine.requests if isinstance(each, kind)]


def screen(it: Studio) -> AgainstScreen:
    assert isinstance(it.app.screen, AgainstScreen)
    return it.app.screen


async def loaded(it: Studio, other: ModelLoaded = OTHER) -> None:
    """Have the other model loaded, once it is asked for; the screen is there then."""
    await it.until(lambda: asked(it, LoadBesideRequested), "the other model was asked for")
    it.engine.say(LoadedBeside((other,), (other.sha256, OWN_SHA256)))
    await it.until(
        lambda: isinstance(it.app.screen, AgainstScreen) and it.app.screen.present, "it is there"
    )
    await it.settled()


def figures(request: AgainstRequested) -> tuple["array[float]", "array[float]"]:
    """Return surprisals that rise and fall, of both models."""
    count = len(array("H", request.ids))
    own = array("f", [i * 7 % 17 / 2 for i in range(count)])
    other = array("f", [i * 5 % 13 / 2 for i in range(count)])
    return own, other


def say_figures(it: Studio) -> None:
    request = asked(it, AgainstRequested)[-1]
    assert isinstance(request, AgainstRequested)
    columns = [each.tobytes() for each in figures(request)]
    it.engine.say(AgainstTold(request.number, *columns, *columns))


def say_both(it: Studio) -> None:
    """Tell that an e is likeliest to both, to the other as a capital; then the rest evenly."""
    request = asked(it, BothRequested)[-1]
    assert isinstance(request, BothRequested)
    columns = []
    for symbols, likely, share in ((SYMBOLS, "e", 0.5), (KEEPING, "E", 0.25)):
        rest = (1 - share) / (len(symbols) - 1)
        column = [share if each == likely else rest for each in symbols]
        columns.append(array("f", column).tobytes())
    it.engine.say(BothTold(request.number, *columns))


async def told(it: Studio) -> None:
    """Answer all that was asked last."""
    if asked(it, AgainstRequested):
        say_figures(it)
    say_both(it)
    await it.until(
        lambda: table(it).sides is not None and not table(it).has_class("-old"), "it was told"
    )
    await it.pilot.pause()


def text(it: Studio) -> RatioText:
    return it.app.screen.query_one(RatioText)


def table(it: Studio) -> BothTable:
    return it.app.screen.query_one(BothTable)


def lines(it: Studio) -> list[str]:
    widget = table(it)
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]
