"""What a front end has of the history: what a conversation says, as pieces, about once a second.

Follows the updates of one conversation on its thread, and knows how much of each reply was handed
over. Owns when that happens and where pieces are cut. Knows no SQL. `Recorder` never waits;
`Keeper` joins it to the thread that writes, and waits for that at the end alone.
"""

import time
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from charlm_tui.history.records import Origin, Piece
from charlm_tui.history.store import HistoryError, Store
from charlm_tui.history.writer import Ticket, Writer
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.tape import Tape
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Reply, Turn
from charlm_tui.session.updates import (
    LanesAdded,
    Phase,
    StateChanged,
    TextAdded,
    TurnRemoved,
    TurnRewound,
    TurnStarted,
    Update,
)

PERIOD_S = 1.0
"""A reply that streams is handed over this often: a kill loses no more of it."""
MOST_CHARACTERS = 65_536  # of a piece

LAST_WRITE_S = 3.0  # that the last words may take
FLUSH_S = 0.4  # the same, where the process ends at once
MOST_PROMPTS = 1000  # of other sessions that can be recalled

_first = itemgetter(0)


@dataclass(eq=False, slots=True)
class _Kept:
    """What the history has of a reply."""

    ticket: Ticket | None = None
    """None before anything was handed over."""
    length: int = 0
    """Characters that were handed over."""
    handed_s: float = 0.0
    """When, by the clock."""
    began_s: float = 0.0
    """Unix time."""


class Recorder:
    """Hands what a conversation says to a writer.

    A reply is kept from the first character that was made for it on: one that was opened or
    played, and a branch, have the characters before that in their row, too. What a model makes up
    as a seed is no text of the conversation, and is not kept.

    Args:
        conversation: whose updates it is given.
        writer: of the history.
        clock: monotonic, in seconds.
        now: gives the Unix time.
    """

    def __init__(
        self,
        conversation: Conversation,
        writer: Writer,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._conversation = conversation
        self._writer = writer
        self._clock = clock
        self._now = now
        self._kept: WeakKeyDictionary[Reply, _Kept] = WeakKeyDictionary()  # it keeps none alive
        self._growing: list[tuple[Turn, Reply]] = []  # have text since they were last finished
        self._grew: list[tuple[Turn, Reply]] = []  # the last that were finished
        self._state = conversation.state

    def take(self, update: Update) -> None:
        """Hand over what there is after an update, if it is time; is to be told of each."""
        match update:
            case TextAdded(text=text):
                self._added(len(text))
            case LanesAdded(turn=turn, texts=texts):
                self._growing = [(turn, reply) for reply in turn.replies]
                now_s = self._now()  # one moment: by it the lanes of a ladder are known
                for reply, text in zip(turn.replies, texts, strict=True):
                    self._take_new(turn, reply, len(text), now_s)
            case TurnStarted() | TurnRewound() | TurnRemoved():
                self._look()
            case StateChanged():
                self._look()
                before, self._state = self._state, self._conversation.state
                # Each step of a paused reply says that it is paused: it has not ended again.
                if self._state not in (Phase.STREAMING, before):
                    self.rest()

    def adopt(self, reply: Reply, row: int, length: int) -> None:
        """Attach a reply to the row that it has: what is drawn from now on is added to that row.

        If it continues from before that row's end, the row stays as it is and gets a branch.

        Args:
            reply: was opened from the history, or plays.
            row: its id there.
            length: how many characters it has there.
        """
        ticket = Ticket(row, self._writer.file)
        self._kept[reply] = _Kept(ticket, length, began_s=self._now())

    def rest(self) -> None:
        """Hand over and finish what grows; the last thing before the writer is closed."""
        for turn, reply in self._growing:
            kept = self._hand_over(turn, reply)
            assert kept.ticket is not None
            self._writer.finish(kept.ticket)
        if self._growing:
            self._grew, self._growing = self._growing, []

    def look(self) -> None:
        """Hand over all of the last reply again if the file that had it is gone."""
        if self._growing:
            for turn, reply in self._growing:
                self._hand_over(turn, reply)
            return
        lost = [(turn, reply) for turn, reply in self._grew if self._is_lost(self._kept[reply])]
        if lost:
            self._growing = lost
            self.rest()

    def _look(self) -> None:
        """Finish the row of a reply that is no longer the last one shown."""
        turn = self._conversation.turn
        if self._growing and not any(turn is it and turn.reply is own for it, own in self._growing):
            self.rest()

    def _added(self, count: int) -> None:
        turn, state = self._conversation.turn, self._conversation.state
        if turn is None or state not in (Phase.STREAMING, Phase.PAUSED):
            return  # it was there, and is shown again
        self._growing = [(turn, turn.reply)]
        self._take_new(turn, turn.reply, count, self._now())

    def _take_new(self, turn: Turn, reply: Reply, count: int, now_s: float) -> None:
        """Hand over what is new of a reply that has got `count` characters, if it is time."""
        kept = self._kept.setdefault(reply, _Kept(began_s=now_s))
        kept.length = min(kept.length, len(reply.tape) - count)  # fewer: it was left in mid-play
        due = kept.ticket is None or self._clock() - kept.handed_s >= PERIOD_S
        # A single step may be the last for an hour.
        if due or self._conversation.state is Phase.PAUSED:
            self._hand_over(turn, reply)

    def _hand_over(self, turn: Turn, reply: Reply) -> _Kept:
        """Hand over all that is new of a reply."""
        kept, tape = self._kept[reply], reply.tape
        if self._is_lost(kept):
            kept.ticket, kept.length = None, 0
        if kept.ticket is None:
            kept.ticket = self._begin(turn, reply, kept.began_s)
        while kept.length < len(tape):
            stop = min(kept.length + MOST_CHARACTERS, len(tape))
            piece = cut(tape, kept.length, stop, reply.author.vocabulary)
            self._writer.append(kept.ticket, piece)
            kept.length = stop
        kept.handed_s = self._clock()
        return kept

    def _begin(self, turn: Turn, reply: Reply, began_s: float) -> Ticket:
        parent, author = self._parent(reply), reply.author
        origin = Origin(
            model=author.model.name,
            model_sha256=author.model.sha256,
            model_path=author.model.path,
            runtime=author.model.runtime,
            before=author.vocabulary.decode(author.before),
            seed=author.seed,
            rng_seed=turn.rng_seed,
            started_s=began_s,
            forked_at=0 if parent is None else reply.forked_at,
        )
        return self._writer.begin(origin, parent)

    def _is_lost(self, kept: _Kept) -> bool:
        """Return whether what the history had of a reply went with its file."""
        return kept.ticket is not None and self._writer.has_lost(kept.ticket)

    def _parent(self, reply: Reply) -> Ticket | None:
        """Return the reply that a branch is of; one without a character of its own is none."""
        sibling = reply.origin
        while sibling is not None:
            kept = self._kept.get(sibling)
            if kept is not None and kept.ticket is not None and not self._is_lost(kept):
                return kept.ticket
            sibling = sibling.origin
        return None


def cut(tape: Tape, start: int, stop: int, vocabulary: Vocabulary) -> Piece:
    """Return characters `start` to `stop` of a tape, of which there is at least one, as a piece.

    What came before `start` costs nothing but a list of the changes of the settings.
    """
    columns = tape.columns(start, stop)
    runs = tape.runs(stop)
    changes: list[tuple[int, Settings]] = [(start, tape.settings_at(start))]
    changes += runs[bisect_right(runs, start, key=_first) :]
    times = tape.times
    times = times[bisect_left(times, start, key=_first) : bisect_left(times, stop, key=_first)]
    forced = []
    # A stretch that begins before `start` may end behind it: one place further to the front.
    place = max(0, bisect_right(tape.forced, start, key=_first) - 1)
    for first, count in tape.forced[place : bisect_left(tape.forced, stop, key=_first)]:
        begin, end = max(first, start), min(first + count, stop)
        if begin < end:
            forced.append((begin, end - begin))
    return Piece(
        start,
        vocabulary.decode(array("H", columns.ids)),
        columns,
        tuple(changes),
        tuple(times),
        tuple(forced),
    )


class Keeper:
    """Keeps a conversation, and what was typed, in a file.

    Args:
        path: of the history.
        conversation: whose updates it is given.
        report: is called on another thread with a sentence: why nothing more is kept, once at
            most, or that the file is another one from here on. `look` is to be called then.
    """

    def __init__(
        self, path: Path, conversation: Conversation, report: Callable[[str], None]
    ) -> None:
        self.path = path
        self._writer = Writer(path, report)
        self._recorder = Recorder(conversation, self._writer)

    def take(self, update: Update) -> None:
        """Keep what there is to keep after an update; is to be told of each."""
        self._recorder.take(update)

    def adopt(self, reply: Reply, row: int, length: int) -> None:
        """Attach a reply that was opened from the history to its row; see `Recorder`."""
        self._recorder.adopt(reply, row, length)

    def prompt(self, text: str) -> None:
        """Keep what was typed, unless it is empty."""
        if text:
            self._writer.prompt(text)

    def game(self, line: str, facts: dict[str, Any]) -> None:
        """Keep the result of a game that has just ended."""
        self._writer.game(time.time(), line, facts)

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Write what was handed over; nothing is kept after this.

        Can be called on any thread, while the conversation continues: what has come since the
        last piece was handed over, a second ago at the most, is lost.

        Returns:
            whether all of it is written.
        """
        return self._writer.close(timeout_s)

    def look(self) -> None:
        """Keep the last reply again if the file that had it is gone."""
        self._recorder.look()

    def close(self) -> None:
        """Keep what is still to be kept; nothing is after this."""
        until_s = time.monotonic() + LAST_WRITE_S
        try:
            self._recorder.rest()
            if self._writer.settle(LAST_WRITE_S):
                self._recorder.look()
        finally:  # what was handed over before a fault is still written
            self._writer.close(max(0.0, until_s - time.monotonic()))


def past_prompts(path: Path) -> list[str]:
    """Return what was typed in other sessions, the newest first; none if it cannot be read.

    Takes as long as the disk takes, and another program that writes: it is for a thread.
    """
    try:
        with closing(Store(path)) as store:
            return store.prompts(limit=MOST_PROMPTS)
    except HistoryError:  # of which the writer tells
        return []
