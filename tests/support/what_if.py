"""What if, opened and answered on the screen."""

import math
from array import array

from charlm_tui.engine.insight_protocol import WhatIfRequested, WhatIfRow, WhatIfTold
from charlm_tui.lm.settings import Settings
from charlm_tui.tui.widgets.what_if_table import WhatIfTable
from tests.support.engines import SYMBOLS
from tests.support.studio import Studio

NOW = Settings(0.5, rng_seed=7)


def after(**shares: float) -> bytes:
    """A distribution of some symbols, by their names."""
    names = {"newline": "\n", "space": " "}
    column = array("f", [0.0] * len(SYMBOLS))
    for name, share in shares.items():
        column[SYMBOLS.index(names.get(name, name))] = share
    return column.tobytes()


ROWS = (
    WhatIfRow("now", NOW, after(r=0.625, space=0.25, newline=0.125), 1.3, 0.625, 0.0, 0.0, 0.0),
    WhatIfRow(
        "temperature 0.2", Settings(0.2, rng_seed=7), after(r=1.0), 0.0, 1.0, 0.2, math.inf, 0.0
    ),
    WhatIfRow(
        "half the depth, 30", Settings(0.5, rng_seed=7, depth=30), after(r=0.5, e=0.5), 1.0,
        0.5, 0.00001, 0.00002, 0.00003,
    ),
    WhatIfRow(
        "carried", Settings(0.5, rng_seed=7, carry=True), after(e=1.0), 0.0,
        0.0, 1.0, math.inf, 12.5,
    ),
)  # fmt: skip


def asked(it: Studio) -> list[WhatIfRequested]:
    return [each for each in it.engine.requests if isinstance(each, WhatIfRequested)]


async def told(it: Studio) -> list[str]:
    """Answer the last question, and give the lines of the table."""
    it.engine.say(WhatIfTold(asked(it)[-1].number, ROWS))
    await it.until(lambda: not table(it).has_class("-old"), "the table was told")
    await it.pilot.pause()
    return lines(it)


def table(it: Studio) -> WhatIfTable:
    return it.app.screen.query_one(WhatIfTable)


def lines(it: Studio) -> list[str]:
    it_ = table(it)
    return [it_.render_line(y).text.rstrip() for y in range(len(ROWS) + 1)]
