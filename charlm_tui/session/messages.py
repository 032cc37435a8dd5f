"""What the front end's process and the engine's process say to each other.

Small and frozen. Characters travel as the bytes of arrays (native byte order, one machine), so
that neither side makes an object of each, and the front end needs no numpy.

`generation` numbers the replies, `revision` the changes within one. A batch that was on its way
when the front end changed something carries an old number, and is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charlm_tui.lm.vocabulary import Case
from charlm_tui.session.controls import Controls


@dataclass(frozen=True, slots=True)
class LoadRequested:
    """Open the model file at `path`."""

    path: str


@dataclass(frozen=True, slots=True)
class StartRequested:
    """Read a seed and what there is of its reply, and go on from there."""

    generation: int
    revision: int
    seed_ids: bytes
    """uint16; without the primer."""
    reply_ids: bytes
    """uint16; empty for a new reply."""
    controls: Controls


@dataclass(frozen=True, slots=True)
class ControlsChanged:
    """The reply is `at` characters long, and goes on from there under `controls`."""

    generation: int
    revision: int
    at: int
    controls: Controls


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """All up to number `count` is on the screen."""

    generation: int
    revision: int
    count: int


Request = LoadRequested | StartRequested | ControlsChanged | Acknowledged


@dataclass(frozen=True, slots=True)
class ModelLoaded:
    """The model is ready; what the front end needs to know of it."""

    path: str
    name: str
    sha256: str
    symbols: tuple[str, ...]
    case: Case
    window: int
    card: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CharactersGenerated:
    """Records of consecutive characters, from number `first` of the reply on."""

    generation: int
    revision: int
    first: int
    ids: bytes
    """uint16"""
    surprisal_bits: bytes
    """float32, of the model's own distribution"""
    entropy_bits: bytes
    """float32, likewise"""
    temperature: bytes
    """float32"""


@dataclass(frozen=True, slots=True)
class GenerationEnded:
    """The reply has reached its length."""

    generation: int
    revision: int
    count: int


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The model file cannot be used; one sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class GenerationFailed:
    """The reply cannot go on; one sentence."""

    generation: int
    revision: int
    sentence: str


@dataclass(frozen=True, slots=True)
class EngineDied:
    """The engine's process is gone; said by the front end's side of the pipe."""

    reason: str


Event = (
    ModelLoaded | CharactersGenerated | GenerationEnded | LoadFailed | GenerationFailed | EngineDied
)
