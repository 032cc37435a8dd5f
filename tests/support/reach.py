"""The reach of a character, opened and answered on the screen."""

from array import array

from charlm_tui.engine.insight_protocol import (
    InfluenceRequested,
    InfluenceTold,
    ReachRequested,
    ReachTold,
    SettlingRequested,
    SettlingTold,
)
from charlm_tui.engine.protocol import Request
from charlm_tui.tui.screens.reach import ReachScreen
from charlm_tui.tui.widgets.reach_strip import ReachStrip
from tests.support.engines import SYMBOLS
from tests.support.studio import Studio

SETTLED = 4
"""The depth that every character is told to settle at, or all there is before it."""


def asked(it: Studio, kind: type[Request]) -> list[Request]:
    return [each for each in it.engine.requests if isinstance(each, kind)]


def last(it: Studio) -> tuple[ReachRequested, InfluenceRequested]:
    """Return what was asked of the character that is looked at."""
    reach, influence = asked(it, ReachRequested)[-1], asked(it, InfluenceRequested)[-1]
    assert isinstance(reach, ReachRequested)
    assert isinstance(influence, InfluenceRequested)
    return reach, influence


def screen(it: Studio) -> ReachScreen:
    assert isinstance(it.app.screen, ReachScreen)
    return it.app.screen


def strip(it: Studio) -> ReachStrip:
    return it.app.screen.query_one(ReachStrip)


def say_reach(it: Studio) -> None:
    """Tell that a character is ever more likely up to where it settles, and a space ever less."""
    request, _ = last(it)
    depth = len(array("H", request.read))
    own = [0.75 * min(d, SETTLED) / SETTLED for d in range(1, depth + 1)]
    other = [0.5 - each / 2 for each in own]
    symbol = SYMBOLS.index(" " if SYMBOLS[request.drawn] != " " else "e")
    it.engine.say(
        ReachTold(
            request.number,
            array("f", own).tobytes(),
            array("H", [symbol] * depth).tobytes(),
            array("f", other).tobytes(),
            min(SETTLED, depth),
        )
    )


def say_influence(it: Studio) -> None:
    """Tell that what stands just before a character matters most, and each before it half of it."""
    _, request = last(it)
    far = 4.0 if request.every else 2.0
    moved = [far / 2**d for d in range(len(array("H", request.read)))]
    it.engine.say(InfluenceTold(request.number, array("f", moved).tobytes(), request.every))


def say_settling(it: Studio) -> None:
    """Tell that each character of the reply looks back to the last space, or settles after 1."""
    request = asked(it, SettlingRequested)[-1]
    assert isinstance(request, SettlingRequested)
    depths, since = array("I"), 1
    for index in array("H", request.read)[request.start :]:
        depths.append(since)
        since = 1 if SYMBOLS[index] in " \n" else since + 1
    it.engine.say(SettlingTold(request.number, depths.tobytes()))


async def told(it: Studio) -> list[str]:
    """Answer what was asked last; return the lines of the strip."""
    say_reach(it)
    say_influence(it)
    number = screen(it)._number
    await it.until(
        lambda: (
            (look := strip(it).look) is not None
            and bool(look.influence)
            and not strip(it).has_class("-old")
            and screen(it)._number == number
        ),
        "the strip was told",
    )
    await it.pilot.pause()
    return lines(it)


def lines(it: Studio) -> list[str]:
    it_ = strip(it)
    return [it_.render_line(y).text.rstrip() for y in range(it_.size.height)]
