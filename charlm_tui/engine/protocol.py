"""What the front end's process and the engine's process say to each other.

Small and frozen: named tuples, since there are many, they are there before the first paint, and a
class of them is made in a quarter of a frozen dataclass' time. Characters travel as the bytes of
arrays (native byte order, one machine), so that neither side makes an object of each, and the front
end needs no numpy.

The front end has the record, the engine only what it takes to continue: each request to draw says
where, and carries what is to be read for it. Requests are numbered; a batch that was on its way
when the front end changed something carries an old number, and is dropped.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import InsightAnswer, InsightRequest, unanswered
from charlm_tui.files import FileVersion
from charlm_tui.film.film import Order, Passage, Shot
from charlm_tui.lm.held import Holds
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Case
from charlm_tui.reply.tape import Columns, Runtime

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording


class LoadRequested(NamedTuple):
    """Open the model file at `path`, within limits."""

    path: str
    limits: LoadLimits


class ReloadRequested(NamedTuple):
    """Open a model file again, for another is at its path; if it is refused, nothing changes."""

    path: str


class LoadBesideRequested(NamedTuple):
    """Open more model files beside the one in use; if one of them is refused, nothing changes."""

    paths: tuple[str, ...]


class UseRequested(NamedTuple):
    """Have another of the models at hand be the one in use, which is kept longest."""

    model: str
    """Its sha256."""


class DrawRequested(NamedTuple):
    """Read a text and draw what follows it, under these controls, until something else is said."""

    request_id: int
    """Its number, larger than any before."""
    first: int
    """Number, in its reply, of the first character to draw."""
    read: bytes
    """uint16, at least one: ids that the context reads, from zero."""
    mirostat_history: bytes
    """float32: surprisals of the characters since Mirostat has had its target."""
    controls: Controls
    forced: bytes = b""
    """uint16: ids that a person has chosen; they come first, before any is drawn."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""
    holds: Holds = ()
    """Which units were held while `read` was read."""
    before: bytes = b""
    """uint16: ids before character 0 of the reply, which rules look at."""
    drawn: bytes = b""
    """uint16: ids of the reply up to `first`, which rules look at."""


class LanesRequested(NamedTuple):
    """Draw what follows several texts, side by side, until something else is said."""

    request_id: int
    """Its number, larger than any before."""
    first: int
    """Number, in every reply, of the first character to draw."""
    reads: tuple[bytes, ...]
    """uint16 of each lane, at least one, all of one length: ids that its context reads."""
    mirostat_history: tuple[bytes, ...]
    """float32 of each lane: surprisals of the characters since Mirostat has had its target."""
    settings: tuple[Settings, ...]
    """Of each lane; all of one context."""
    controls: Controls
    """With the speed and the length."""
    models: tuple[str, ...] = ()
    """sha256 of the model of each lane, or of the one that all have."""
    holds: tuple[Holds, ...] = ()
    """Of each lane, which units were held while it was read; none is none."""
    before: tuple[bytes, ...] = ()
    """uint16 of each lane: ids before character 0 of its reply, which rules look at; none is none.
    """
    drawn: tuple[bytes, ...] = ()
    """uint16 of each lane: ids of its reply up to `first`, which rules look at; none is none."""


class InspectRequested(NamedTuple):
    """Tell the distribution of the character that follows a text."""

    number: int
    """Of the request: the answer carries it."""
    read: bytes
    """uint16, at least one: ids that the context reads, from zero."""
    mirostat_history: bytes
    """float32: surprisals of the characters since Mirostat has had its target."""
    settings: Settings
    first: int = 0
    """Number, in its reply, of the character."""
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""
    holds: Holds = ()
    """Which units were held while `read` was read."""
    before: bytes = b""
    """uint16: ids before character 0 of the reply, which rules look at."""
    drawn: bytes = b""
    """uint16: ids of the reply up to `first`, which rules look at."""


class ScoreRequested(NamedTuple):
    """Tell how well the model predicts a text."""

    number: int
    """Of the request: the answer carries it."""
    ids: bytes
    """uint16, at least one."""
    settings: Settings
    model: str = ""
    """sha256 of the model that is meant; empty is the one that was loaded last."""


class RemakeRequested(NamedTuple):
    """Make a recorded reply of this model again, and tell how it compares."""

    number: int
    """Of the request: the answer carries it."""
    recording: "Recording"


class FilmRequested(NamedTuple):
    """Make a film, with models of its own beside the one that is loaded."""

    number: int
    """Of the request: the answers carry it."""
    order: Order
    limits: LoadLimits
    """Of each model."""


class RestRequested(NamedTuple):
    """Draw nothing until the next request."""


class Acknowledged(NamedTuple):
    """All before character number `before` is on the screen."""

    request_id: int
    before: int


Request = (
    LoadRequested
    | ReloadRequested
    | LoadBesideRequested
    | UseRequested
    | DrawRequested
    | LanesRequested
    | InspectRequested
    | ScoreRequested
    | RemakeRequested
    | InsightRequest
    | FilmRequested
    | RestRequested
    | Acknowledged
)


class ModelLoaded(NamedTuple):
    """The model is ready; what the front end needs to know of it."""

    path: str
    name: str
    sha256: str
    symbols: tuple[str, ...]
    case: Case
    window: int
    card: Mapping[str, Any]
    runtime: Runtime
    """What it computes with."""
    file: FileVersion | None = None
    """What was at the path when it was read."""
    at_hand: tuple[str, ...] = ()
    """sha256 of all models that requests can name; this one is the last."""
    states: tuple[tuple[str, int], ...] = ()
    """Name of each state and how many units it has, in the order of the model."""

    @property
    def file_name(self) -> str:
        """Name of its file without the suffix: epochs of a run have the same name of their own."""
        return Path(self.path).stem


class LoadedBeside(NamedTuple):
    """Models are ready beside the one in use."""

    models: tuple[ModelLoaded, ...] = ()
    """In the order of their paths."""
    at_hand: tuple[str, ...] = ()
    """sha256 of all models that requests can name; the one in use is the last."""
    sentence: str = ""
    """Why they are not, if they are not."""


class CharactersGenerated(NamedTuple):
    """Records of consecutive characters, from number `first` of the reply on."""

    request_id: int
    first: int
    columns: Columns
    forced: bool = False
    """Whether a person chose them, and the model did not draw them."""
    draw_s: float = 0.0
    """Seconds that it took to make them."""
    model: bytes = b""
    """float32 [vocabulary]: the model's own probabilities at the last of them."""
    after: bytes = b""
    """float32 [vocabulary]: those that it was drawn from."""
    ruled: bytes = b""
    """float32 [vocabulary]: the model's own under the rules; nothing where they change nothing."""
    cost_bits: float = 0.0
    """Kullback-Leibler divergence of those from the model's own."""


class LanesGenerated(NamedTuple):
    """Records of characters of every lane, from number `first` of the replies on."""

    request_id: int
    first: int
    lanes: tuple[Columns, ...]
    """Of a lane that its rules have ended, fewer characters than of the others, or none."""
    draw_s: float = 0.0
    """Seconds that it took to make them."""
    ended: tuple[bool, ...] = ()
    """Of each lane, whether its rules have ended it."""


class Inspected(NamedTuple):
    """The distribution that was asked for."""

    number: int
    model: bytes = b""
    """float32 [vocabulary]: the model's own probabilities."""
    after: bytes = b""
    """float32 [vocabulary]: those after rules, truncation and temperature."""
    ruled: bytes = b""
    """float32 [vocabulary]: those after the rules alone; nothing where they change nothing."""
    cost_bits: float = 0.0
    """Kullback-Leibler divergence of those from the model's own."""
    sentence: str = ""
    """Why there is none, if there is none."""


class Scored(NamedTuple):
    """The scores that were asked for."""

    number: int
    surprisal_bits: bytes = b""
    """float32, one a character."""
    sentence: str = ""
    """Why there are none, if there are none."""


class Remade(NamedTuple):
    """How a reply that was made again compares with its recording."""

    number: int
    sentence: str
    differs_at: int | None = None
    """The first character that came out another; None if all are the same."""
    surprisal_bits: bytes = b""
    """float32, one a character up to that one."""
    entropy_bits: bytes = b""
    """float32, likewise."""


class Filmed(NamedTuple):
    """The passage of a film, or the shot of its next epoch."""

    number: int
    piece: Passage | Shot


class FilmEnded(NamedTuple):
    """There is no more of a film."""

    number: int
    sentence: str = ""
    """What is to be told: why it is not whole, or not kept."""


class GenerationEnded(NamedTuple):
    """The reply has reached its length, or its rules have ended it."""

    request_id: int
    length: int


class LoadFailed(NamedTuple):
    """The model file cannot be used; one sentence."""

    sentence: str


class GenerationFailed(NamedTuple):
    """The reply cannot be continued; one sentence."""

    request_id: int
    sentence: str


def failure(request: Request, sentence: str) -> "Event | None":
    """Return what answers a request that failed; None if it is one without an answer.

    Args:
        request: could not be done.
        sentence: why.
    """
    if isinstance(request, InsightRequest):
        return unanswered(request, sentence)
    match request:
        case DrawRequested(request_id=request_id) | LanesRequested(request_id=request_id):
            return GenerationFailed(request_id, sentence)
        case InspectRequested(number=number):
            return Inspected(number, sentence=sentence)
        case ScoreRequested(number=number):
            return Scored(number, sentence=sentence)
        case RemakeRequested(number=number):
            return Remade(number, sentence, differs_at=0)
        case FilmRequested(number=number):
            return FilmEnded(number, sentence)
        case LoadRequested() | ReloadRequested():
            return LoadFailed(sentence)
        case LoadBesideRequested():
            return LoadedBeside(sentence=sentence)
        case UseRequested() | RestRequested() | Acknowledged():
            return None


class EngineDied(NamedTuple):
    """The engine's process is gone; said by the front end's side of the pipe."""

    reason: str


Event = (
    ModelLoaded
    | LoadedBeside
    | CharactersGenerated
    | LanesGenerated
    | Inspected
    | Scored
    | Remade
    | InsightAnswer
    | Filmed
    | FilmEnded
    | GenerationEnded
    | LoadFailed
    | GenerationFailed
    | EngineDied
)
