"""What a front end asks the engine beside drawing: distributions, scores, replies made again.

Owns the numbers of the questions, and what each was about. Answers become updates.
"""

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

from charlm_tui.engine.protocol import (
    Inspected,
    InspectRequested,
    Remade,
    RemakeRequested,
    Request,
    Scored,
    ScoreRequested,
)
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary, describe_symbol
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import DistributionKnown, Noticed, ReplyMeasured, Update

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording

BEFORE = 12  # characters that are shown before the most surprising one


class Questions:
    """Questions on their way.

    Args:
        tell: is called with an update for each answer.
        tell_below: likewise, with what belongs below the text that is coming.
    """

    def __init__(
        self, tell: Callable[[Update], None], tell_below: Callable[[Noticed], None]
    ) -> None:
        self._tell = tell
        self._tell_below = tell_below
        self._number = 0  # of the last one
        self._inspected: tuple[int, Turn, int] | None = None  # only the last one is of interest
        self._scored: dict[int, str] = {}
        self._remade: dict[int, tuple[Turn, Recording]] = {}

    @property
    def pending(self) -> bool:
        """Whether the answer to a score or to a reply made again is on its way."""
        return bool(self._scored or self._remade)

    def inspect(self, turn: Turn, number: int, settings: Settings) -> Request:
        """Give the question what was possible at a character of a reply."""
        self._number += 1
        self._inspected = (self._number, turn, number)
        here = turn.moment(number, settings)
        return InspectRequested(
            self._number, here.read.tobytes(), here.since_mirostat.tobytes(), settings, number
        )

    def score(self, text: str, vocabulary: Vocabulary, settings: Settings) -> Request:
        """Give the question how well the model foretells a text.

        Raises:
            SettingsError: there is no text, or the model knows none of it.
        """
        fitted = vocabulary.fit(text)
        if not fitted.text:
            what = f": {fitted.notice}" if fitted.notice else ""
            raise SettingsError(f"there is no text to score{what}; give one")
        if fitted.notice:
            self._tell(Noticed(fitted.notice))
        self._number += 1
        self._scored[self._number] = fitted.text
        ids = array("H", vocabulary.encode(fitted.text)).tobytes()
        return ScoreRequested(self._number, ids, settings)

    def remake(self, turn: Turn, recording: "Recording") -> Request:
        """Give the question whether a recorded reply comes out the same."""
        self._number += 1
        self._remade[self._number] = (turn, recording)
        return RemakeRequested(self._number, recording)

    def answered(self, event: Inspected | Scored | Remade) -> None:
        """Take in an answer; one to a question that nobody has any more is dropped."""
        match event:
            case Inspected():
                self._take_distribution(event)
            case Scored() if event.number in self._scored:
                self._take_scores(event, self._scored.pop(event.number))
            case Remade() if event.number in self._remade:
                self._take_remade(event, *self._remade.pop(event.number))

    def forget(self) -> None:
        """Forget all questions: the engine that was asked is gone."""
        self._inspected = None
        self._scored.clear()
        self._remade.clear()

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
            DistributionKnown(turn, number, model, after, drawn[0] if drawn else None, asked=True)
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
