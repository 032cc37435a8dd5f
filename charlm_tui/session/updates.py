"""What a conversation is made of, and what it tells a front end when something has changed."""

import time
from dataclasses import dataclass, field
from enum import Enum, auto

from charlm_tui.session.tape import Tape


class State(Enum):
    """What the conversation is doing."""

    LOADING = auto()
    DOWN = auto()
    """There is no engine, and a new one could not load its model; sending something tries again."""
    IDLE = auto()
    STREAMING = auto()
    PAUSED = auto()
    DREAMING = auto()
    """A seed is being made up."""


@dataclass(eq=False, slots=True)
class Turn:
    """A seed and its reply."""

    seed: str
    """As the model reads it: fitted to its vocabulary."""
    rng_seed: int
    model_sha256: str
    """Of the model that replies."""
    tape: Tape = field(default_factory=Tape)
    start_s: float = field(default_factory=time.monotonic)
    """When it was sent, by the monotonic clock."""


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A seed was sent; its reply begins."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class TextAdded:
    """Characters were added to the reply of the last turn."""

    text: str


@dataclass(frozen=True, slots=True)
class SeedWaiting:
    """A seed was sent before the model was ready; it starts as soon as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class SeedReturned:
    """A seed that waited cannot start; whoever typed it should have it back."""

    text: str


@dataclass(frozen=True, slots=True)
class SeedDreamt:
    """The model has made up a seed."""

    text: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something a person should know; `error` if it keeps them from going on."""

    sentence: str
    error: bool = False


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The state, the controls or the model is another than before."""


@dataclass(frozen=True, slots=True)
class EngineNeeded:
    """The engine is gone; a new one is to be started and attached."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """No model can be used; the sentence says why."""

    sentence: str


Update = (
    TurnStarted
    | TextAdded
    | SeedWaiting
    | SeedReturned
    | SeedDreamt
    | Noticed
    | StateChanged
    | EngineNeeded
    | Unusable
)
