"""What is asked of the engine beside drawing, and what comes of the answers.

Distributions, scores, recorded replies that are verified, the neuron lens, what if, reach, two
models on one text, and games. Owns what is to be read for each, and the ids that keep late answers
apart. Answers become updates.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from charlm_tui.engine.insight_protocol import (
    AgainstRequested,
    BothRequested,
    CauseRequested,
    Dismissed,
    GuessesRequested,
    InfluenceRequested,
    InsightAnswer,
    LensRequested,
    PassagesRequested,
    ReachRequested,
    SettlingRequested,
    UnitRequested,
    WhatIfRequested,
)
from charlm_tui.engine.protocol import (
    Inspected,
    InspectRequested,
    ModelLoaded,
    Remade,
    RemakeRequested,
    Request,
    Scored,
    ScoreRequested,
)
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.held import Holds
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary, describe_symbol
from charlm_tui.reply.timeline import carried_from, held_since, ruled_at
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import (
    DistributionKnown,
    InsightGained,
    Noticed,
    ReplyMeasured,
    Update,
)

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording
    from charlm_tui.session.game import Hidden

MOST_SHOWN = 20_000  # characters that a lens shows, the last ones: `lens.MOST_CHARACTERS`
BEFORE = 12  # characters that are shown before the most surprising one

Answer = Inspected | Scored | Remade | InsightAnswer
Each = TypeVar("Each")
Two = tuple[Each, Each]
"""Of a model and of another one."""


class Lens(NamedTuple):
    """A text that a model reads again for its states."""

    number: int
    """By which its units are asked for."""
    text: str
    """The end of the seed and the reply."""
    first: int
    """Number, in the reply, of its first character; negative in the seed."""


class SettlingAsked(NamedTuple):
    """Characters of a reply whose depths are asked for."""

    number: int
    """By which the answer is known."""
    first: int
    """Number, in the reply, of the first of them; all after it that are there are, too."""


class Requests:
    """Requests whose answers are awaited, by their ids.

    Args:
        send: speaks to the engine.
        tell: is called with an update for each answer.
        tell_below: likewise, with what belongs below the text that is coming.
    """

    def __init__(
        self,
        send: Callable[[Request], None],
        tell: Callable[[Update], None],
        tell_below: Callable[[Noticed], None],
    ) -> None:
        self._send = send
        self._tell = tell
        self._tell_below = tell_below
        self._number = 0  # of the last one
        self._inspected: tuple[int, Turn, int] | None = None  # only the last one is of interest
        self._scored: dict[int, str] = {}
        self._remade: dict[int, tuple[Turn, Recording]] = {}
        self._open: set[int] = set()  # lenses, what-ifs, and what is asked of reach and for games

    @property
    def pending(self) -> bool:
        """Whether a score, or the verdict on a recorded reply, is on its way."""
        return bool(self._scored or self._remade)

    def inspect(self, turn: Turn, number: int, settings: Settings) -> None:
        """Ask what was possible at a character of a reply."""
        self._inspected = (self._next(), turn, number)
        settings = ruled_at(settings, turn.tape, number)
        here = turn.resume_point(number, settings)
        self._send(
            InspectRequested(
                self._number,
                here.read.tobytes(),
                here.mirostat_history.tobytes(),
                settings,
                number,
                turn.model.sha256,
                here.holds,
                here.before.tobytes(),
                here.drawn.tobytes(),
            )
        )

    def score(self, text: str, model: ModelLoaded, settings: Settings) -> None:
        """Ask how well a model predicts a text.

        Raises:
            SettingsError: there is no text, or the model knows none of it.
        """
        vocabulary = Vocabulary(model.symbols, model.case)
        fitted = vocabulary.fit(text)
        if not fitted.text:
            what = f": {fitted.notice}" if fitted.notice else ""
            raise SettingsError(f"there is no text to score{what}; give one")
        if fitted.notice:
            self._tell(Noticed(fitted.notice))
        self._scored[self._next()] = fitted.text
        ids = array("H", vocabulary.encode(fitted.text)).tobytes()
        self._send(ScoreRequested(self._number, ids, settings, model.sha256))

    def verify(self, turn: Turn, recording: "Recording") -> None:
        """Ask whether a recorded reply comes out the same."""
        self._remade[self._next()] = (turn, recording)
        self._send(RemakeRequested(self._number, recording))

    def lens(self, turn: Turn, settings: Settings) -> Lens:
        """Open a lens on the seed and the reply of a turn, as they are now.

        A window reads what it has read there; a carried state reads all from the beginning on,
        whenever it was that a reply began to carry it: so one context gives all that is shown.
        """
        ids = turn.read(len(turn.tape))
        start = len(ids) - min(len(turn.seed) + len(turn.tape), MOST_SHOWN)
        begin = 0
        if not settings.carry:
            begin = max(0, start - (settings.depth or turn.model.window) + 1)
        lens = Lens(
            self._begin(),
            turn.vocabulary.decode(ids[start:]),
            len(turn.tape) - (len(ids) - start),
        )
        read = ids[begin:].tobytes()
        holds = held_since(len(turn.prefix) - begin, turn.tape, len(turn.tape))
        self._send(
            LensRequested(lens.number, read, start - begin, settings, turn.model.sha256, holds)
        )
        return lens

    def unit(self, lens: Lens, unit: int) -> None:
        """Ask what a unit does in the text of a lens."""
        self._send(UnitRequested(lens.number, unit))

    def causes(
        self, lens: Lens | None, turn: Turn, number: int, settings: Settings, mean: bool = False
    ) -> int:
        """Ask what each unit causes at a character of a reply; return the id.

        Args:
            lens: that is open on the turn, if one is: its id is this one's, too.
            turn: of the character.
            number: of the character.
            settings: in force for it: with the context that it was predicted in.
            mean: whether a unit is set to its mean over the text of the lens, and not to zero.
        """
        assert lens is not None or not mean
        asked = self._begin() if lens is None else lens.number
        here = turn.resume_point(number, settings)
        read, model = here.read.tobytes(), turn.model.sha256
        self._send(CauseRequested(asked, number, read, here.holds, mean, model))
        return asked

    def what_if(self, turn: Turn, number: int, settings: Settings) -> int:
        """Ask what would have been likely at a character; return the id of the request.

        A temperature that moves stands at what it has there.
        """
        read = turn.read(number)
        within = turn.vocabulary.in_words[read[-1]]
        still = replace(settings, temperature=settings.temperature_at(number, within), moving="")
        still = ruled_at(still, turn.tape, number)
        here = turn.resume_point(number, still)
        self._send(
            WhatIfRequested(
                self._begin(),
                read.tobytes(),
                turn.tape.ids(number, number + 1)[0],
                still,
                here.mirostat_history.tobytes(),
                carried_from(len(turn.prefix), turn.tape, number, settings, turn.model.window),
                turn.model.sha256,
                held_since(len(turn.prefix), turn.tape, number),
                here.before.tobytes(),
                here.drawn.tobytes(),
            )
        )
        return self._number

    def reach(self, turn: Turn, number: int, settings: Settings) -> int:
        """Ask what a character is after each number of characters before it; return the id.

        In every context that is what a window reads: a carried one has no depths.
        """
        drawn = turn.tape.ids(number, number + 1)[0]
        read, holds = _window(turn, number, settings)
        self._send(ReachRequested(self._begin(), read, drawn, turn.model.sha256, holds))
        return self._number

    def influence(self, turn: Turn, number: int, settings: Settings, every: bool = False) -> int:
        """Ask which characters of a window matter to the one after it; return the id.

        Args:
            turn: of the character.
            number: of the character in its reply.
            settings: of the depth.
            every: whether each is replaced by every other symbol, not by a space.
        """
        read, holds = _window(turn, number, settings)
        self._send(InfluenceRequested(self._begin(), read, every, turn.model.sha256, holds))
        return self._number

    def settling(self, turn: Turn, settings: Settings, first: int = 0) -> SettlingAsked:
        """Ask at which depth each character of a reply settles, of those that are there.

        Args:
            turn: of the reply.
            settings: of the depth.
            first: number of the first character that is asked about, if that is not too many.
        """
        length, depth = len(turn.tape), settings.depth or turn.model.window
        first = max(first, length - MOST_SHOWN)
        read = turn.read(length)
        start = len(read) - (length - first)
        begin = max(0, start - depth)
        self._send(
            SettlingRequested(
                self._begin(),
                read[begin:].tobytes(),
                start - begin,
                depth,
                turn.model.sha256,
                held_since(len(turn.prefix) - begin, turn.tape, length),
            )
        )
        return SettlingAsked(self._number, first)

    def against(
        self,
        ids: "Two[array[int]]",
        groups: "Two[array[int]]",
        settings: Settings,
        models: "Two[str]",
    ) -> int:
        """Ask how two models predict a text; return the id.

        Args:
            ids: of the text in each model.
            groups: of the symbols of each.
            settings: of the context.
            models: sha256 of each.
        """
        self._send(
            AgainstRequested(
                self._begin(),
                ids[0].tobytes(),
                ids[1].tobytes(),
                groups[0].tobytes(),
                groups[1].tobytes(),
                settings,
                *models,
            )
        )
        return self._number

    def both(self, read: "Two[array[int]]", settings: Settings, models: "Two[str]") -> int:
        """Ask what two models say is likely at one place; return the id.

        Args:
            read: before the place, by each model.
            settings: of the context.
            models: sha256 of each.
        """
        self._send(
            BothRequested(self._begin(), read[0].tobytes(), read[1].tobytes(), settings, *models)
        )
        return self._number

    def guesses(self, model: ModelLoaded, hidden: "Hidden", settings: Settings) -> int:
        """Ask how a model guesses a hidden passage; return the id.

        Args:
            model: guesses.
            hidden: as the model knows it.
            settings: of the context, the temperature and the RNG seed.
        """
        encode = Vocabulary(model.symbols, model.case).encode
        before, text = (array("H", encode(it)).tobytes() for it in (hidden.before, hidden.text))
        self._send(GuessesRequested(self._begin(), before, text, settings, model.sha256))
        return self._number

    def passages(
        self, model: ModelLoaded, seeds: Sequence[str], settings: Sequence[Settings], length: int
    ) -> int:
        """Ask for a passage after each of some seeds; return the id.

        Args:
            model: writes them.
            seeds: as the model knows them.
            settings: that each is continued by.
            length: characters of each passage.
        """
        encode = Vocabulary(model.symbols, model.case).encode
        ids = tuple(array("H", encode(it)).tobytes() for it in seeds)
        self._send(PassagesRequested(self._begin(), ids, tuple(settings), length, model.sha256))
        return self._number

    def dismiss(self, number: int) -> None:
        """Want no more answers to a request of this kind; the engine forgets it."""
        if number in self._open:
            self._open.remove(number)
            self._send(Dismissed(number))

    def answered(self, event: Answer) -> None:
        """Take in an answer; one that nobody wants any more is dropped."""
        match event:
            case Inspected():
                self._take_distribution(event)
            case Scored() if event.number in self._scored:
                self._take_scores(event, self._scored.pop(event.number))
            case Remade() if event.number in self._remade:
                self._take_remade(event, *self._remade.pop(event.number))
            case _ if isinstance(event, InsightAnswer):
                if event.number in self._open:
                    self._tell(InsightGained(event))

    def forget(self) -> None:
        """Forget all requests: the engine that was asked is gone."""
        self._inspected = None
        self._scored.clear()
        self._remade.clear()
        self._open.clear()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _begin(self) -> int:
        self._open.add(self._next())
        return self._number

    def _take_distribution(self, event: Inspected) -> None:
        if self._inspected is None or self._inspected[0] != event.number:
            return
        _, turn, number = self._inspected
        if event.sentence:
            self._tell(Noticed(event.sentence, error=True))
            return
        drawn = turn.tape.ids(number, number + 1)
        model, after = array("f", event.model), array("f", event.after)
        self._tell(
            DistributionKnown(
                turn,
                number,
                model,
                after,
                drawn[0] if drawn else None,
                asked=True,
                ruled=array("f", event.ruled),
                cost_bits=event.cost_bits,
            )
        )

    def _take_scores(self, event: Scored, text: str) -> None:
        if event.sentence:
            self._tell(Noticed(event.sentence, error=True))
            return
        bits = array("f", event.surprisal_bits)
        most = max(range(len(bits)), key=bits.__getitem__)
        before = text[max(0, most - BEFORE) : most]
        self._tell(
            Noticed(
                f"{sum(bits) / len(bits):.2f} bits per character over {len(bits):,}; most "
                f"surprising: {describe_symbol(text[most])} after {before!r}, {bits[most]:.1f} bits"
            )
        )

    def _take_remade(self, event: Remade, turn: Turn, recording: "Recording") -> None:
        surprisal, entropy = array("f", event.surprisal_bits), array("f", event.entropy_bits)
        if event.differs_at is None and not recording.tape.measured:
            recording.tape.measure(surprisal, entropy)
            for tape in (reply.tape for reply in turn.replies):
                if not tape.measured:
                    count = tape.common(recording.tape)
                    tape.measure(surprisal[:count], entropy[:count])
            self._tell(ReplyMeasured(turn))
        self._tell_below(Noticed(f"made again: {event.sentence}"))


def _window(turn: Turn, number: int, settings: Settings) -> tuple[bytes, Holds]:
    """Return the window before a character of a reply, and what was held while it was read."""
    read = turn.read(number)
    begin = max(0, len(read) - (settings.depth or turn.model.window))
    return read[begin:].tobytes(), held_since(len(turn.prefix) - begin, turn.tape, number)
