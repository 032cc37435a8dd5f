"""What the engine tells of one character, in lines: for front ends that have no screen for it.

Asks for its reach, for what units cause at it, or how another model predicts the reply, when a
command wants to see that, and tells the answer as a notice.
"""

import math
from array import array
from typing import NamedTuple

from charlm_tui.engine.insight_protocol import (
    AgainstTold,
    CauseTold,
    InfluenceTold,
    ReachTold,
)
from charlm_tui.engine.model_info import Units
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.errors import CommandError
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.session.against import Against, text_of, with_other
from charlm_tui.session.arguments import character
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import InsightGained, Noticed, StateChanged, Update, ViewWanted

DEPTHS = (1, 2, 3, 5, 8, 13, 21, 34, 55)  # of which it is said how likely a character is
MOST_MATTER = 5  # characters before it that are named
MOST_UNITS = 10
WORDS = "words"  # what is typed for a tint that is told
MOST_SURPRISES = 5  # characters that it names
MOST_DIFFERENT = 10  # characters that two models predicted differently
BEFORE = 20  # characters that are quoted before each


class _Asked(NamedTuple):
    """What was asked of a character of a reply, and what has been told of it."""

    turn: Turn
    number: int
    requests: tuple[int, ...]
    reach: ReachTold | None = None
    against: Against | None = None


class InWords:
    """Answers commands that open a screen elsewhere.

    Args:
        conversation: whose last reply they are about.
    """

    VIEWS = ("reach", "causes", "against")
    """The views that are told in words, and need the engine for that."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._asked: _Asked | None = None
        self._loads = False  # whether a model is loaded to be compared, or was

    @property
    def pending(self) -> bool:
        """Whether an answer is on its way."""
        loads = self._loads and self._conversation.loading.waits
        return self._asked is not None or loads

    def show(self, update: Update) -> None:
        """Take in what the conversation tells.

        Raises:
            CharlmError: what a command wants to see cannot be asked for.
        """
        asked = self._asked
        match update:
            case ViewWanted(view="tint", argument=typed) if typed.lower() == WORDS:
                self._conversation.tell(Noticed(surprises_in_words(self._conversation.turn)))
            case ViewWanted(view=view, argument=typed) if view in self.VIEWS:
                self._ask(view, typed)
            case InsightGained(answer=answer) if asked and answer.number in asked.requests:
                self._take(asked, answer)
            case StateChanged() if asked and not self._conversation.tree.can_look(asked.turn):
                self._asked = None  # the engine that was asked is gone

    def _ask(self, view: str, typed: str) -> None:
        it = self._conversation
        self._drop()
        if view == "against":
            self._load(typed)
            return
        turn, number = character(it, typed)
        if view == "causes":
            of = turn.tape.settings_at(number)
            requests: tuple[int, ...] = (it.requests.causes(None, turn, number, of),)
        else:
            settings = it.controls.settings
            requests = (
                it.requests.reach(turn, number, settings),
                it.requests.influence(turn, number, settings),
            )
        self._asked = _Asked(turn, number, requests)

    def _load(self, typed: str) -> None:
        """Ask for the figures of the last reply under another model, once that is loaded."""
        it = self._conversation
        turn, _ = character(it, "")

        def begin(other: ModelLoaded) -> None:
            self._drop()
            against = Against(it, turn.model, other, text_of(turn))
            if not against.ask():
                raise CommandError(
                    f"{' and '.join(against.names)} have no character of this reply in common; "
                    "give another model"
                )
            assert against.number is not None
            self._asked = _Asked(turn, 0, (against.number,), against=against)

        self._loads = True
        with_other(it, turn.model, typed, begin)

    def _drop(self) -> None:
        """Want no answer any more."""
        for number in self._asked.requests if self._asked is not None else ():
            self._conversation.requests.dismiss(number)
        self._asked = None

    def _take(self, asked: _Asked, answer: object) -> None:
        match answer:
            case ReachTold(sentence=sentence) | InfluenceTold(sentence=sentence) if sentence:
                self._tell(sentence, error=True)
            case ReachTold():
                self._asked = asked._replace(reach=answer)
            case InfluenceTold() if asked.reach is not None:
                self._tell(reach_in_words(asked.turn, asked.number, asked.reach, answer))
            case CauseTold(sentence=sentence) | AgainstTold(sentence=sentence) if sentence:
                self._tell(sentence, error=True)
            case AgainstTold() if asked.against is not None:
                asked.against.take(answer)
                self._tell(against_in_words(asked.against))
            case CauseTold():
                self._tell(causes_in_words(asked.turn, asked.number, answer))

    def _tell(self, words: str, error: bool = False) -> None:
        self._drop()
        self._conversation.tell(Noticed(words, error))


def surprises_in_words(turn: Turn | None) -> str:
    """Say what a tint by surprisal and entropy shows of a reply, the most surprising first.

    Raises:
        CommandError: there is no reply.
    """
    if turn is None or not len(turn.tape):
        raise CommandError("there is no reply yet; send a seed first")
    bits, unsure = turn.tape.surprisal_bits(), turn.tape.entropy_bits()
    known = [number for number, value in enumerate(bits) if not math.isnan(value)]
    if not known:
        return "how surprising this reply is was not measured"
    most = sorted(known, key=lambda number: -bits[number])[:MOST_SURPRISES]
    text = turn.text()
    mean = sum(bits[number] for number in known) / len(known)
    lines = [f"{mean:.2f} bits per character in the mean; the most surprising:"]
    for number in most:
        before = (turn.seed + text[:number])[-BEFORE:]
        lines.append(
            f"{describe_symbol(text[number])}, character {number + 1:,}, after {before!r}: "
            f"{bits[number]:.1f} bits, where {unsure[number]:.1f} were expected"
        )
    return "\n".join(lines)


def reach_in_words(turn: Turn, number: int, reach: ReachTold, influence: InfluenceTold) -> str:
    """Say how far back the model looks for a character, and what matters to it.

    Args:
        turn: of the character.
        number: of the character in its reply.
        reach: what was told of it.
        influence: likewise.
    """
    chances = array("f", reach.probability)
    before = turn.vocabulary.decode(turn.read(number)[-len(chances) :])
    depths = [depth for depth in DEPTHS if depth < len(chances)]
    told = ", ".join(f"{depth}: {chances[depth - 1]:.1%}" for depth in [*depths, len(chances)])
    moved = array("f", influence.bits)
    most = sorted(range(len(moved)), key=lambda back: -moved[back])[:MOST_MATTER]
    matter = ", ".join(
        f"{describe_symbol(before[-back - 1])} {back + 1} before ({moved[back]:.2f} bits)"
        for back in most
        if moved[back] > 0
    )
    return (
        f"{_named(turn, number)}, settles after the last {reach.settled:,}: "
        f"{before[-reach.settled :]!r}\n"
        f"read at all: how likely it is after the last characters: {told}\n"
        f"matters, if a space had stood there: {matter or 'nothing'}"
    )


def causes_in_words(turn: Turn, number: int, causes: CauseTold) -> str:
    """Say which units move the prediction of a character, the most first.

    Args:
        turn: of the character.
        number: of the character in its reply.
        causes: what was told of it.
    """
    model, symbols = turn.model, turn.vocabulary.symbols
    units = Units(model.states)
    rows = zip(
        array("I", causes.units)[:MOST_UNITS],
        array("f", causes.bits),
        array("H", causes.towards),
        array("f", causes.gains),
        strict=False,
    )
    lines = [
        f"{units.name(unit):>8}  {bits:6.3f} bits, most towards {describe_symbol(symbols[to])} "
        f"({gain:+.3f})"
        for unit, bits, to, gain in rows
    ]
    head = f"{_named(turn, number)}: how far the prediction moves if a unit is zero before it"
    return "\n".join([head, *lines])


def against_in_words(against: Against) -> str:
    """Say how two models predict a text, and where they differ most.

    Args:
        against: the text, whose figures are told.
    """
    assert against.bits is not None
    aligned, (own, other) = against.aligned, against.names
    means = against.means
    left = f", {aligned.left_out:,} left out" if aligned.left_out else ""
    lines = [
        f"{own} {means[0]:.2f} bits per character, {other} {means[1]:.2f}, over "
        f"{len(aligned.text):,} characters{left}; they differ most here:"
    ]
    for place in against.differing(MOST_DIFFERENT):
        ratio = against.ratio_bits[place]
        better = own if ratio >= 0 else other
        bits = " and ".join(f"{column[place]:.1f}" for column in against.bits)
        before = aligned.text[max(0, place - BEFORE) : place]
        lines.append(
            f"{abs(ratio):6.2f} bits better by {better}: "
            f"{describe_symbol(aligned.text[place])} after {before!r} ({bits} bits)"
        )
    return "\n".join(lines)


def _named(turn: Turn, number: int) -> str:
    return f"{describe_symbol(turn.text(number, number + 1))}, character {number + 1:,}"
