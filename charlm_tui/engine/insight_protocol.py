"""What is asked of the engine, and told, of why a model says what it says.

The neuron lens, what units cause, what if, how far back characters look, two models on one text,
and what a game needs: how a model guesses a text, and passages that it writes. Part of
`charlm_tui.engine.protocol`, and of the same kind: named tuples, with arrays as bytes.
"""

from typing import NamedTuple

from charlm_tui.lm.held import Holds
from charlm_tui.lm.settings import Settings


class LensRequested(NamedTuple):
    """Read a text again for the states of the model, and keep them until it is dismissed."""

    number: int
    """Of the request: the answers carry it."""
    read: bytes
    """uint16: ids that the context reads, from zero."""
    start: int
    """Place of the first of them whose states are wanted; all after it are."""
    settings: Settings
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""
    holds: Holds = ()
    """Which units were held while `read` was read."""


class UnitRequested(NamedTuple):
    """Tell what a unit does in the text of a lens."""

    number: int
    """Of the lens."""
    unit: int
    """Its number, through all state tensors in their order."""


class CauseRequested(NamedTuple):
    """Tell what each unit causes at a character."""

    number: int
    """Of the request, or of the lens whose text the character is in: the answer carries it."""
    place: int
    """Number, in its reply, of the character: the answer carries it."""
    read: bytes
    """uint16, at least one: ids that the context of the character reads, from zero."""
    holds: Holds = ()
    """Which units were held while `read` was read."""
    mean: bool = False
    """Whether a unit is set to its mean over the text of the lens, and not to zero."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""


class WhatIfRequested(NamedTuple):
    """Tell what would have been likely at a character under other settings."""

    number: int
    """Of the request: the answers carry it."""
    read: bytes
    """uint16: all ids before the character, the start symbol first."""
    drawn: int
    """Id of the character."""
    settings: Settings
    """In force for it; they do not move."""
    mirostat_history: bytes
    """float32: surprisals of the characters since Mirostat has had its target."""
    carried_from: int
    """Where in `read` a carried state begins."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""
    holds: Holds = ()
    """Which units were held while `read` was read."""
    before: bytes = b""
    """uint16: ids before character 0 of the reply, which rules look at."""
    written: bytes = b""
    """uint16: ids of the reply before the character, which rules look at."""


class ReachRequested(NamedTuple):
    """Tell what one character is after each number of characters before it."""

    number: int
    """Of the request: the answers carry it."""
    read: bytes
    """uint16, at least one: the ids of its window."""
    drawn: int
    """Id of the character."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""
    holds: Holds = ()
    """Which units were held while `read` was read."""


class InfluenceRequested(NamedTuple):
    """Tell how far the prediction after a window moves if one of its characters is another."""

    number: int
    """Of the request: the answers carry it."""
    read: bytes
    """uint16, at least one: the ids of the window."""
    every: bool = False
    """Whether each is replaced by every other symbol, for the mean; else by a space."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""
    holds: Holds = ()
    """Which units were held while `read` was read."""


class SettlingRequested(NamedTuple):
    """Tell the depth at which each character of a text settles."""

    number: int
    """Of the request: the answers carry it."""
    read: bytes
    """uint16: ids of the text and of what the first character that is looked at looks back at."""
    start: int
    """Place of that character, at least 1; all after it are looked at, too."""
    depth: int
    """Characters of the full window."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""
    holds: Holds = ()
    """Which units were held while `read` was read."""


ReachRequest = ReachRequested | InfluenceRequested | SettlingRequested


class AgainstRequested(NamedTuple):
    """Score a text under two models, each of which reads it as it knows it, from zero."""

    number: int
    """Of the request: the answers carry it."""
    ids: bytes
    """uint16, at least one: of the text."""
    other_ids: bytes
    """uint16, one each: the same in the other model."""
    groups: bytes
    """uint32 [vocabulary]: the number of each symbol's group (`charlm_tui.lm.alignment`)."""
    other_groups: bytes
    """uint32 [vocabulary]: likewise, of the other model."""
    settings: Settings
    """Of the context."""
    model: str
    """sha256 of the model."""
    other: str
    """sha256 of the other one."""


class BothRequested(NamedTuple):
    """Tell what two models say is likely at one place of a text."""

    number: int
    """Of the request: the answer carries it."""
    read: bytes
    """uint16, at least one: what the model reads before the place, from zero."""
    other_read: bytes
    """uint16: likewise, of the other model."""
    settings: Settings
    """Of the context."""
    model: str
    """sha256 of the model."""
    other: str
    """sha256 of the other one."""


AgainstRequest = AgainstRequested | BothRequested


class GuessesRequested(NamedTuple):
    """Guess a text, character by character, as a person does in a game."""

    number: int
    """Of the request: the answers carry it."""
    before: bytes
    """uint16: ids that are known before the text, without the start symbol."""
    text: bytes
    """uint16, at least one: ids that are guessed."""
    settings: Settings
    """Of the context, the temperature and the RNG seed; the rest has no effect."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""


class PassagesRequested(NamedTuple):
    """Write a passage after each of some seeds."""

    number: int
    """Of the request: the answers carry it."""
    seeds: tuple[bytes, ...]
    """uint16 each: ids, without the start symbol."""
    settings: tuple[Settings, ...]
    """One for each seed."""
    length: int
    """Characters of each passage."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""


GameRequest = GuessesRequested | PassagesRequested


class Dismissed(NamedTuple):
    """Nobody wants the answer to a lens, a cause, a what-if or one of these any more."""

    number: int


InsightRequest = (
    LensRequested
    | UnitRequested
    | CauseRequested
    | WhatIfRequested
    | ReachRequest
    | AgainstRequest
    | GameRequest
    | Dismissed
)


class Progressed(NamedTuple):
    """How much of what a request needs has been read."""

    number: int
    percent: int


class Ranking(NamedTuple):
    """Units by how much they vary, or by how well they tell something of a text; the best first."""

    title: str
    reads: bytes
    """uint32: numbers of the units that tell it of the character just read."""
    reads_by: bytes
    """float32, one each: what they are ranked by."""
    predicts: bytes = b""
    """uint32: likewise, of the next character; nothing if there is no difference."""
    predicts_by: bytes = b""
    """float32, one each."""


class LensOpened(NamedTuple):
    """The states that were wanted are there."""

    number: int
    tensors: tuple[tuple[str, int], ...] = ()
    """Name of each state and how many units it has, in the order of the model."""
    rankings: tuple[Ranking, ...] = ()
    """By variance, then by each feature of a text."""
    sentence: str = ""
    """Why there are none, if there are none."""


class UnitTold(NamedTuple):
    """What a unit does in the text of a lens."""

    number: int
    """Of the lens."""
    unit: int
    levels: bytes = b""
    """A byte a character, below `tints.DIVERGING`: the middle one is about zero."""
    limit: float = 1.0
    """What the outermost levels stand for."""
    bounded: bool = True
    """Whether no activation is beyond that."""
    reads: bytes = b""
    """float32 [features]: correlations with the features, in the order of the rankings."""
    predicts: bytes = b""
    """float32 [features]: likewise, with those of the next character."""
    sentence: str = ""
    """Why nothing can be told of it, if so."""


class CauseTold(NamedTuple):
    """How far each unit moves the prediction of a character, the farthest first."""

    number: int
    """Of the request, or of the lens."""
    place: int
    """Number of the character."""
    mean: bool = False
    """Whether the units were set to their means, and not to zero."""
    units: bytes = b""
    """uint32: numbers of the units."""
    bits: bytes = b""
    """float32, one each: D(as it was ‖ with the unit changed) of the model's own distributions."""
    towards: bytes = b""
    """uint16, one each: id of the character that gains most probability."""
    gains: bytes = b""
    """float32, one each: how much it gains."""
    sentence: str = ""
    """Why there is nothing to tell, if so."""


class WhatIfRow(NamedTuple):
    """A character under one choice of settings; distances are from the row of now to this."""

    title: str
    settings: Settings
    after: bytes
    """float32 [vocabulary]: probabilities after truncation and temperature."""
    entropy_bits: float
    """Of those."""
    probability: float
    """Of the character that stands there, of those."""
    js_bits: float
    kl_bits: float
    model_kl_bits: float
    """Of the model's own distributions."""


class WhatIfTold(NamedTuple):
    """What would have been likely; the settings in force first."""

    number: int
    rows: tuple[WhatIfRow, ...] = ()
    sentence: str = ""
    """Why there are none, if there are none."""


class ReachTold(NamedTuple):
    """What a character is after the last 1, 2, … characters before it."""

    number: int
    probability: bytes = b""
    """float32 [depth]: of the character, in the model's own distribution."""
    other: bytes = b""
    """uint16 [depth]: id of the most likely other character."""
    other_probability: bytes = b""
    """float32 [depth]: of that one."""
    settled: int = 0
    """The depth at which it settles."""
    sentence: str = ""
    """Why nothing is told, if so."""


class InfluenceTold(NamedTuple):
    """How far the prediction moves if the character 1, 2, … before it is another."""

    number: int
    bits: bytes = b""
    """float32 [depth]"""
    every: bool = False
    """Whether that is the mean over all other symbols."""
    sentence: str = ""
    """Why nothing is told, if so."""


class SettlingTold(NamedTuple):
    """The depths at which the characters of a text settle."""

    number: int
    depths: bytes = b""
    """uint32, one a character that was looked at."""
    sentence: str = ""
    """Why nothing is told, if so."""


class GuessesTold(NamedTuple):
    """How a model has guessed a text."""

    number: int
    probability: bytes = b""
    """float32 [places, vocabulary]: the model's own distributions."""
    tempered: bytes = b""
    """float32 [places, vocabulary]: at the temperature."""
    ranks: bytes = b""
    """uint32 [places]: the number of the right guess, from the most likely one on."""
    drawn_ranks: bytes = b""
    """uint32 [places]: likewise, where the guesses are drawn at the temperature."""
    surprisal_bits: bytes = b""
    """float32 [places]"""
    sentence: str = ""
    """Why nothing is told, if so."""


class PassagesTold(NamedTuple):
    """Passages that a model has written."""

    number: int
    passages: tuple[bytes, ...] = ()
    """uint16 each: ids."""
    sentence: str = ""
    """Why there are none, if so."""


ReachAnswer = ReachTold | InfluenceTold | SettlingTold


class AgainstTold(NamedTuple):
    """What two models make of each character of a text; bits are those of a symbol's group."""

    number: int
    surprisal_bits: bytes = b""
    """float32, one a character."""
    other_surprisal_bits: bytes = b""
    """float32, one a character: of the other model."""
    entropy_bits: bytes = b""
    """float32, one a character."""
    other_entropy_bits: bytes = b""
    """float32, one a character: of the other model."""
    sentence: str = ""
    """Why nothing is told, if so."""


class BothTold(NamedTuple):
    """What two models say is likely at a place."""

    number: int
    probabilities: bytes = b""
    """float32 [vocabulary], of the model's own distribution."""
    other_probabilities: bytes = b""
    """float32 [vocabulary], of the other model's."""
    sentence: str = ""
    """Why nothing is told, if so."""


AgainstAnswer = AgainstTold | BothTold
GameAnswer = GuessesTold | PassagesTold
InsightAnswer = (
    Progressed
    | LensOpened
    | UnitTold
    | CauseTold
    | WhatIfTold
    | ReachAnswer
    | AgainstAnswer
    | GameAnswer
)


def unanswered(request: InsightRequest, sentence: str) -> InsightAnswer | None:
    """Return what answers a request that failed; None if it is one without an answer.

    Args:
        request: could not be done.
        sentence: why.
    """
    match request:
        case LensRequested(number=number):
            return LensOpened(number, sentence=sentence)
        case UnitRequested(number=number, unit=unit):
            return UnitTold(number, unit, sentence=sentence)
        case CauseRequested(number=number, place=place, mean=mean):
            return CauseTold(number, place, mean, sentence=sentence)
        case WhatIfRequested(number=number):
            return WhatIfTold(number, sentence=sentence)
        case ReachRequested(number=number):
            return ReachTold(number, sentence=sentence)
        case InfluenceRequested(number=number, every=every):
            return InfluenceTold(number, every=every, sentence=sentence)
        case SettlingRequested(number=number):
            return SettlingTold(number, sentence=sentence)
        case AgainstRequested(number=number):
            return AgainstTold(number, sentence=sentence)
        case BothRequested(number=number):
            return BothTold(number, sentence=sentence)
        case GuessesRequested(number=number):
            return GuessesTold(number, sentence=sentence)
        case PassagesRequested(number=number):
            return PassagesTold(number, sentence=sentence)
        case Dismissed():
            return None
