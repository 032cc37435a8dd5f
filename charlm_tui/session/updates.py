"""What a conversation tells a front end when something has changed."""

from array import array
from enum import Enum, auto
from typing import NamedTuple

from charlm_tui.engine.insight_protocol import InsightAnswer
from charlm_tui.session.turns import Turn


class Phase(Enum):
    """What the conversation is doing."""

    LOADING = auto()
    DOWN = auto()
    """There is no engine, and a new one could not load its model; sending something tries again."""
    IDLE = auto()
    STREAMING = auto()
    PAUSED = auto()
    DREAMING = auto()
    """A seed is being made up."""
    PLAYING = auto()
    """A recorded reply is shown at its pace."""


class TurnStarted(NamedTuple):
    """A seed was sent; its reply begins."""

    turn: Turn


class TextAdded(NamedTuple):
    """Characters were added to the reply of the last turn."""

    text: str
    draw_s: float = 0.0
    """Seconds that it took to make them; 0 if they were there."""
    forced: bool = False
    """Whether a person typed or picked them: such text comes at once, whatever the speed."""


class LanesAdded(NamedTuple):
    """Characters were added to every reply of the last turn, which are drawn side by side."""

    turn: Turn
    texts: tuple[str, ...]
    draw_s: float = 0.0
    """Seconds that it took to make them."""


class TurnRewound(NamedTuple):
    """Another way was taken: all after character `length` of a turn's reply is no longer shown."""

    turn: Turn
    length: int


class ReplyMeasured(NamedTuple):
    """The surprisals and entropies of a recorded reply are known now."""

    turn: Turn


class DistributionKnown(NamedTuple):
    """What was possible at a character.

    Attributes:
        turn: of the character.
        number: of the character in its reply.
        model: float32 [vocabulary], the model's own probabilities.
        after: float32 [vocabulary], those after truncation and temperature.
        drawn: its id; None if there is none yet.
        asked: whether somebody wanted to know; if not, it came with the stream.
        ruled: float32 [vocabulary], the model's own under the rules; empty where they change
            nothing.
        cost_bits: Kullback-Leibler divergence of those from the model's own.
    """

    turn: Turn
    number: int
    model: "array[float]"
    after: "array[float]"
    drawn: int | None
    asked: bool
    ruled: "array[float]" = array("f")
    cost_bits: float = 0.0


class InsightGained(NamedTuple):
    """An answer of the lens, of what if or of reach."""

    answer: InsightAnswer


class TurnRemoved(NamedTuple):
    """The last turn was undone."""

    turn: Turn


class Shared(NamedTuple):
    """A reply is in a line, to be handed on."""

    line: str


class HelpWanted(NamedTuple):
    """Somebody wants to know what can be done."""


class ModelsWanted(NamedTuple):
    """Somebody wants to know which models there are, to use another."""


class ViewWanted(NamedTuple):
    """Somebody wants to see something that not every front end has."""

    view: str
    """By the name of its command."""
    argument: str = ""
    """What was typed behind it."""


class QuitWanted(NamedTuple):
    """Somebody wants to leave."""


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
    """Something a person should know; `error` if it blocks them."""

    sentence: str
    error: bool = False


class Said(NamedTuple):
    """Something was done; nothing of the sentence needs to stay."""

    sentence: str


class StateChanged(NamedTuple):
    """The state, the controls or the model is another than before."""


class EngineNeeded(NamedTuple):
    """A new engine is to be started and attached."""

    path: str = ""
    """Of the model file that it is to load; nothing is the one of now."""


class Unusable(NamedTuple):
    """No model can be used; the sentence says why."""

    sentence: str


Update = (
    TurnStarted
    | TextAdded
    | LanesAdded
    | TurnRewound
    | TurnRemoved
    | Shared
    | HelpWanted
    | ModelsWanted
    | ViewWanted
    | QuitWanted
    | ReplyMeasured
    | DistributionKnown
    | InsightGained
    | SeedWaiting
    | SeedReturned
    | SeedDreamt
    | Noticed
    | Said
    | StateChanged
    | EngineNeeded
    | Unusable
)
