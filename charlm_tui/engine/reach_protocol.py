"""What is asked of the engine, and told, of how far back characters look and what matters to them.

Part of `charlm_tui.engine.protocol`, and of the same kind: named tuples, with arrays as bytes.
"""

from typing import NamedTuple


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


ReachRequest = ReachRequested | InfluenceRequested | SettlingRequested


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


ReachAnswer = ReachTold | InfluenceTold | SettlingTold


def refused(request: ReachRequest, sentence: str) -> ReachAnswer:
    """Return what answers a request that failed, and why."""
    match request:
        case ReachRequested(number=number):
            return ReachTold(number, sentence=sentence)
        case InfluenceRequested(number=number, every=every):
            return InfluenceTold(number, every=every, sentence=sentence)
        case SettlingRequested(number=number):
            return SettlingTold(number, sentence=sentence)
