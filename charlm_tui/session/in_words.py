"""What the engine tells of one character, in lines: for front ends that have no screen for it.

Asks for its reach, or for what units cause at it, when a command wants to see that, and tells the
answer as a notice.
"""

import math
from array import array
from typing import NamedTuple

from charlm_tui.engine.insight_protocol import CauseTold, InfluenceTold, ReachTold
from charlm_tui.engine.model_info import Units
from charlm_tui.errors import CommandError
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.session.arguments import character
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import InsightGained, Noticed, StateChanged, Update, ViewWanted

DEPTHS = (1, 2, 3, 5, 8, 13, 21, 34, 55)  # of which it is said how likely a character is
MOST_MATTER = 5  # characters before it that are named
MOST_UNITS = 10
WORDS = "words"  # what is typed for a tint that is told
MOST_SURPRISES = 5  # characters that it names
BEFORE = 20  # characters that are quoted before each


class _Asked(NamedTuple):
    """What was asked of a character of a reply, and what has been told of it."""

    turn: Turn
    number: int
    requests: tuple[int, ...]
    reach: ReachTold | None = None


class InWords:
    """Answers commands that open a screen elsewhere.

    Args:
        conversation: whose last reply they are about.
    """

    VIEWS = ("reach", "causes")
    """The views that are told in words, and need the engine for that."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._asked: _Asked | None = None

    @property
    def pending(self) -> bool:
        """Whether an answer is on its way."""
        return self._asked is not None

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
            case CauseTold(sentence=sentence) if sentence:
                self._tell(sentence, error=True)
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


def _named(turn: Turn, number: int) -> str:
    return f"{describe_symbol(turn.text(number, number + 1))}, character {number + 1:,}"
