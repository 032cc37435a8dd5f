"""What a conversation is made of: seeds, their replies, and the ways that replies have branched.

Data alone: says what a model has read where, and what was drawn; knows no engine and no screen.
"""

import time
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.tape import Tape
from charlm_tui.reply.timeline import ResumePoint, resume_point

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording

_UNKNOWN = 0xF0000  # private code points, for ids of which a recording does not tell the symbol


class Author(NamedTuple):
    """A model that replies to a seed, and what it reads before that."""

    model: ModelLoaded
    vocabulary: Vocabulary
    """The model's."""
    seed: str
    """As the model reads it: fitted to its vocabulary."""
    before: "array[int]"
    """Ids of the conversation that is continued; none if it starts afresh."""

    @property
    def prefix(self) -> "array[int]":
        """What is read before character 0: the start symbol, the conversation, the seed."""
        prefix = array("H", [self.vocabulary.start_symbol])
        prefix.extend(self.before)
        prefix.extend(self.vocabulary.encode(self.seed))
        return prefix


@dataclass(eq=False, slots=True, weakref_slot=True)
class Reply:
    """One of the replies to a seed; those of a turn are siblings."""

    author: Author
    tape: Tape = field(default_factory=Tape)
    forked_at: int = 0
    """The first character that is not that of the sibling which it was branched from."""
    origin: "Reply | None" = None
    """The sibling that it was branched from."""
    forced: "array[int]" = field(default_factory=lambda: array("H"))
    """What a person has chosen to stand at `forced_at`; not all of it need be on the tape yet."""
    forced_at: int = 0
    later: "list[Turn]" = field(default_factory=list)
    """The turns that came after it; they are away for as long as a sibling is shown."""

    @property
    def still_forced(self) -> "array[int]":
        """What was chosen and is not on the tape yet."""
        return self.forced[max(0, len(self.tape) - self.forced_at) :]

    @property
    def next_number(self) -> int:
        """The number of the next character that the model draws."""
        return len(self.tape) + len(self.still_forced)

    def text(self, start: int = 0, stop: int | None = None) -> str:
        """Return the text, or a part of it."""
        return self.author.vocabulary.decode(self.tape.ids(start, stop))

    def resume_point(self, number: int, settings: Settings) -> ResumePoint:
        """Return what it takes to draw character `number`."""
        author = self.author
        return resume_point(author.prefix, self.tape, number, settings, author.model.window)


@dataclass(eq=False, slots=True)
class Turn:
    """A seed and its replies."""

    rng_seed: int
    replies: list[Reply]
    """At least one."""
    start_s: float = field(default_factory=time.monotonic)
    """When it was sent, by the monotonic clock."""
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

    @property
    def model(self) -> ModelLoaded:
        """The model of the reply that is shown."""
        return self.reply.author.model

    @property
    def vocabulary(self) -> Vocabulary:
        """Its vocabulary."""
        return self.reply.author.vocabulary

    @property
    def seed(self) -> str:
        """As that model reads it."""
        return self.reply.author.seed

    @property
    def before(self) -> "array[int]":
        """Ids of the conversation that it continues; none if it starts afresh."""
        return self.reply.author.before

    @property
    def prefix(self) -> "array[int]":
        """What was read before character 0: the start symbol, the conversation, the seed."""
        return self.reply.author.prefix

    def text(self, start: int = 0, stop: int | None = None) -> str:
        """Return the reply that is shown, or a part of it."""
        return self.reply.text(start, stop)

    def read(self, number: int) -> "array[int]":
        """Return all that was read before character `number` of the reply that is shown."""
        read = self.prefix
        read.extend(self.tape.ids(0, number))
        return read

    def resume_point(self, number: int, settings: Settings) -> ResumePoint:
        """Return what it takes to draw character `number` of the reply that is shown."""
        return self.reply.resume_point(number, settings)

    def branch(self, number: int) -> None:
        """Add a sibling with the first `number` characters of the reply, and show it."""
        origin = self.reply
        self.replies.append(Reply(origin.author, origin.tape.fork(number), number, origin))
        self.shown = len(self.replies) - 1

    def recording(self) -> "Recording":
        """Return the reply that is shown, with all that it takes to make it again."""
        from charlm_tui.reply.tape_file import Recording

        return Recording(
            self.model.name,
            self.model.sha256,
            self.model.runtime,
            self.vocabulary.decode(self.before) + self.seed,
            self.text(),
            self.tape,
        )


def recorded_turn(recording: "Recording", model: ModelLoaded | None, conversation: int = 0) -> Turn:
    """Return the turn of a recording, with an empty tape: whoever shows it has the recording's.

    Args:
        recording: of the reply.
        model: the recording's, if it is at hand. If it is not, nothing can be drawn after the turn,
            and its vocabulary has the symbols of the text alone.
        conversation: how many characters of the recording's seed are of the conversation before it.

    Raises:
        TapeFileError: the recording is damaged: its model cannot have made it.
    """
    if model is not None:
        author = model._replace(runtime=recording.runtime)
    else:
        author, conversation = _author(recording), 0
    vocabulary = Vocabulary(author.symbols, author.case)
    if model is not None:
        recording.check(vocabulary)
    runs = recording.tape.runs(1)
    before = array("H", vocabulary.encode(recording.seed[:conversation]))
    reply = Reply(Author(author, vocabulary, recording.seed[conversation:], before))
    return Turn(runs[0][1].rng_seed if runs else 0, [reply])


def _author(recording: "Recording") -> ModelLoaded:
    """Return what is known of a model from one reply of it: it has no path.

    Raises:
        TapeFileError: its ids do not tell its text.
    """
    from charlm_tui.reply.tape_file import TapeFileError

    pairs = list(zip(recording.tape.ids(), recording.text, strict=True))
    known = dict(pairs)
    symbols = [
        known.get(index, chr(_UNKNOWN + index)) for index in range(max(known, default=0) + 1)
    ]
    if any(known[index] != char for index, char in pairs) or len(set(symbols)) < len(symbols):
        raise TapeFileError(
            "the tape is damaged: one number stands for two of its characters, or two for one; "
            "take another copy of it"
        )
    return ModelLoaded(
        path="",
        name=recording.model,
        sha256=recording.model_sha256,
        symbols=tuple(symbols),
        case="preserve",
        window=1,
        card={},
        runtime=recording.runtime,
    )
