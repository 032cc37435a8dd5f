"""What a conversation is made of, and what it tells a front end when something has changed."""

import time
from array import array
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

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
class Reply:
    """One of the replies to a seed; those of a turn are siblings."""

    tape: Tape = field(default_factory=Tape)
    forked_at: int = 0
    """The first character that is not that of the sibling which it was branched from."""
    given: "array[int]" = field(default_factory=lambda: array("H"))
    """What a person has chosen to stand at `given_at`; not all of it need be on the tape yet."""
    given_at: int = 0
    later: "list[Turn]" = field(default_factory=list)
    """The turns that came after it; they are away for as long as a sibling is shown."""

    @property
    def to_give(self) -> "array[int]":
        """What was chosen and is not on the tape yet."""
        return self.given[max(0, len(self.tape) - self.given_at) :]


@dataclass(eq=False, slots=True)
class Turn:
    """A seed and its replies."""

    seed: str
    """As the model reads it: fitted to its vocabulary."""
    rng_seed: int
    model_sha256: str
    """Of the model that replies."""
    before: "array[int]" = field(default_factory=lambda: array("H"))
    """Ids of the conversation that it goes on with; none if it starts afresh."""
    start_s: float = field(default_factory=time.monotonic)
    """When it was sent, by the monotonic clock."""
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    shown: int = 0
    """Which of the replies is part of the conversation."""

    @property
    def reply(self) -> Reply:
        """The reply that is shown."""
        return self.replies[self.shown]

    @property
    def tape(self) -> Tape:
        """The tape of the reply that is shown."""
        return self.reply.tape


class TurnStarted(NamedTuple):
    """A seed was sent; its reply begins."""

    turn: Turn


class TextAdded(NamedTuple):
    """Characters were added to the reply of the last turn."""

    text: str
    draw_s: float = 0.0
    """Seconds that it took to make them; 0 if they were there."""


class TurnRewound(NamedTuple):
    """Another way was taken: all after character `length` of a turn's reply is no longer shown."""

    turn: Turn
    length: int


class DistributionKnown(NamedTuple):
    """What was possible at a character.

    Attributes:
        turn: of the character.
        number: of the character in its reply.
        model: float32 [vocabulary], the model's own probabilities.
        after: float32 [vocabulary], those after truncation and temperature.
        drawn: its id; None if there is none yet.
        asked: whether somebody wanted to know; if not, it came with the stream.
    """

    turn: Turn
    number: int
    model: "array[float]"
    after: "array[float]"
    drawn: int | None
    asked: bool


class SeedWaiting(NamedTuple):
    """A seed was sent before the model was ready; it starts as soon as it is."""

    text: str


class SeedReturned(NamedTuple):
    """A seed that waited cannot start; whoever typed it should have it back."""

    text: str


class SeedDreamt(NamedTuple):
    """The model has made up a seed."""

    text: str


class Noticed(NamedTuple):
    """Something a person should know; `error` if it keeps them from going on."""

    sentence: str
    error: bool = False


class StateChanged(NamedTuple):
    """The state, the controls or the model is another than before."""


class EngineNeeded(NamedTuple):
    """The engine is gone; a new one is to be started and attached."""


class Unusable(NamedTuple):
    """No model can be used; the sentence says why."""

    sentence: str


Update = (
    TurnStarted
    | TextAdded
    | TurnRewound
    | DistributionKnown
    | SeedWaiting
    | SeedReturned
    | SeedDreamt
    | Noticed
    | StateChanged
    | EngineNeeded
    | Unusable
)
