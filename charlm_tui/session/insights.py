"""What a front end asks of a text that is there: the neuron lens, and what if.

Owns what is to be read for them, and the numbers that keep late answers apart; answers become
updates. Under which settings is said by whoever asks: those of now.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from charlm_tui.engine.protocol import (
    Dismissed,
    LensOpened,
    LensRequested,
    Progressed,
    Request,
    UnitRequested,
    UnitTold,
    WhatIfRequested,
    WhatIfTold,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.timeline import carried_from
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import InsightGained, Update

MOST = 20_000  # characters that a lens shows, the last ones: `lens.MOST_CHARACTERS`


class Lens(NamedTuple):
    """A text that a model reads again for its states."""

    number: int
    """By which its units are asked for."""
    text: str
    """The end of the seed and the reply."""
    first: int
    """Number, in the reply, of its first character; negative in the seed."""


class Insights:
    """Lenses and what-ifs that are open.

    Args:
        tell: is called with an update for each answer.
        send: speaks to the engine.
    """

    def __init__(self, tell: Callable[[Update], None], send: Callable[[Request], None]) -> None:
        self._tell = tell
        self._send = send
        self._number = 0  # of the last one
        self._open: set[int] = set()

    def lens(self, turn: Turn, settings: Settings) -> Lens:
        """Let the seed and the reply of a turn be read again, as they are now.

        A window reads what it has read there; a carried state reads all from the beginning on,
        whenever it was that a reply began to carry it: so one context gives all that is shown.
        """
        ids = turn.read(len(turn.tape))
        start = len(ids) - min(len(turn.seed) + len(turn.tape), MOST)
        begin = 0
        if not settings.carry:
            begin = max(0, start - (settings.depth or turn.model.window) + 1)
        lens = Lens(
            self._begin(),
            turn.vocabulary.decode(ids[start:]),
            len(turn.tape) - (len(ids) - start),
        )
        read = ids[begin:].tobytes()
        self._send(LensRequested(lens.number, read, start - begin, settings))
        return lens

    def unit(self, lens: Lens, unit: int) -> None:
        """Ask what a unit does in the text of a lens."""
        self._send(UnitRequested(lens.number, unit))

    def what_if(self, turn: Turn, number: int, settings: Settings) -> int:
        """Ask what would have been likely at a character; give the number of the question.

        A temperature that moves stands at what it has there.
        """
        read = turn.read(number)
        within = turn.vocabulary.in_words[read[-1]]
        still = replace(settings, temperature=settings.temperature_at(number, within), moving="")
        self._send(
            WhatIfRequested(
                self._begin(),
                read.tobytes(),
                turn.tape.ids(number, number + 1)[0],
                still,
                turn.moment(number, settings).since_mirostat.tobytes(),
                carried_from(len(turn.primed), turn.tape, number, settings, turn.model.window),
            )
        )
        return self._number

    def dismiss(self, number: int) -> None:
        """Want no more answers of a lens or of a what-if; the engine forgets it."""
        if number in self._open:
            self._open.remove(number)
            self._send(Dismissed(number))

    def answered(self, event: Progressed | LensOpened | UnitTold | WhatIfTold) -> None:
        """Take in an answer; one that nobody wants any more is dropped."""
        if event.number in self._open:
            self._tell(InsightGained(event))

    def forget(self) -> None:
        """Forget all that is open: the engine that was asked is gone."""
        self._open.clear()

    def _begin(self) -> int:
        self._number += 1
        self._open.add(self._number)
        return self._number
