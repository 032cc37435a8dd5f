"""A conversation and an engine that has real models, each in a process of its own."""

import os
import signal
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import (
    InfluenceTold,
    LensOpened,
    ReachTold,
    SettlingTold,
    WhatIfTold,
)
from charlm_tui.engine.protocol import CharactersGenerated, LanesGenerated
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.settings import Settings
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import (
    DistributionKnown,
    EngineNeeded,
    InsightGained,
    Noticed,
    Phase,
    Update,
)
from tests.support.engines import Driver

LENGTH = 30  # of a reply
ANSWERS = (LensOpened, WhatIfTold, ReachTold, InfluenceTold, SettlingTold)


class Talk:
    """A conversation, its engine, and what it told."""

    def __init__(self, path: Path, follows: bool, limits: LoadLimits) -> None:
        self.updates: list[Update] = []
        self.listeners: list[Callable[[Update], None]] = []
        self._path, self._limits = path, limits
        self._drivers: list[Driver] = []
        settings = Settings(0.8, rng_seed=7)
        self.it = Conversation(Controls(settings, speed=0.0, length=LENGTH, pin=7), self._tell)
        self.it.loading.follows = follows
        self._start()
        self.settle()

    def _start(self) -> None:
        self._drivers.append(Driver(self._path, self._limits))
        self.it.attach(self._drivers[-1].engine.send)

    def _tell(self, update: Update) -> None:
        self.updates.append(update)
        for listener in self.listeners:
            listener(update)
        if isinstance(update, EngineNeeded):
            self._start()

    def hear(self) -> None:
        """Take in the next thing that the engine says."""
        event = self._drivers[-1].next()
        self.it.receive(event)
        if isinstance(event, CharactersGenerated | LanesGenerated):
            self.it.shown()

    def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self.hear()

    def settle(self) -> None:
        self.until(
            lambda: self.it.state in (Phase.IDLE, Phase.DOWN) and not self.it.requests.pending
        )

    def reply(self, seed: str = "a seed") -> Turn:
        """Send a seed; return the turn when its reply is there."""
        count = len(self.it.turns)
        assert self.it.send(seed)
        self.settle()
        assert self.it.turn is not None
        assert len(self.it.turns) == count + 1
        assert len(self.it.turn.tape) == LENGTH
        return self.it.turn

    @property
    def notices(self) -> list[str]:
        return [each.sentence for each in self.updates if isinstance(each, Noticed)]

    def told(self, kind: type) -> list[Any]:
        return [each for each in self.updates if isinstance(each, kind)]

    def possible(self, turn: Turn) -> "tuple[array[float], array[float]]":
        """Ask what was possible at a character of a reply."""
        count = len(self.told(DistributionKnown))
        self.it.tree.inspect(turn, 3)
        self.until(lambda: len(self.told(DistributionKnown)) > count)
        known = self.told(DistributionKnown)[-1]
        assert known.turn is turn
        return known.model, known.after

    def insights(self, turn: Turn) -> list[object]:
        """Ask what units do in a reply, and what other settings would do at a character of it."""
        settings = Settings(0.8, rng_seed=7)
        found: list[object] = []
        for ask in (
            lambda: self.it.requests.lens(turn, settings),
            lambda: self.it.requests.what_if(turn, 3, settings),
            lambda: self.it.requests.reach(turn, 3, settings),
            lambda: self.it.requests.influence(turn, 3, settings),
            lambda: self.it.requests.settling(turn, settings),
        ):
            count = len(found)
            ask()
            while len(found) == count:
                self.hear()
                answer = self.told(InsightGained)[-1].answer
                if isinstance(answer, ANSWERS):
                    assert not answer.sentence
                    found.append(answer._replace(number=0))
        return found

    def kill(self) -> None:
        """Kill the engine."""
        os.kill(self._drivers[-1].engine.pid, signal.SIGKILL)

    def close(self) -> None:
        for driver in self._drivers:
            driver.engine.close()


@contextmanager
def talking(
    path: Path,
    follows: bool = True,
    limits: LoadLimits = LoadLimits(),  # noqa: B008  (frozen)
) -> Iterator[Talk]:
    talk = Talk(path, follows, limits)
    try:
        yield talk
    finally:
        talk.close()
