"""The tint by reach: at which depth each character of a reply settles, asked of the engine.

Asks only while the text is tinted by it, of one reply at a time, the newest first, and not while
one is on its way. What is not known yet has the lowest level.
"""

from array import array
from collections.abc import Callable
from weakref import WeakKeyDictionary

from charlm_tui.engine.insight_protocol import SettlingTold
from charlm_tui.reply.tints import LEVELS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.requests import SettlingAsked
from charlm_tui.session.turns import Reply, Turn
from charlm_tui.session.updates import InsightGained, Phase, StateChanged, TurnRewound, Update
from charlm_tui.tui.document import Block

FULL_DEPTH = 24
"""The depth from which on a character has the highest level."""


def depth_level(depth: int) -> int:
    """Return the level, below `LEVELS`, of a depth; 0 is one that is not known."""
    return min(max(0, depth - 1) * (LEVELS - 1) // (FULL_DEPTH - 1), LEVELS - 1)


class ReachTint:
    """The depths of replies, as far as they are known.

    Args:
        conversation: whose replies they are.
        known: is called when more is known.
    """

    def __init__(self, conversation: Conversation, known: Callable[[], None]) -> None:
        self._conversation = conversation
        self._known = known
        self._wanted = False
        self._depth = 0  # of the settings that they are known under
        self._depths: WeakKeyDictionary[Reply, array[int]] = WeakKeyDictionary()
        self._asked: tuple[SettlingAsked, Reply] | None = None

    def want(self, wanted: bool) -> None:
        """Take in whether the text is tinted by reach."""
        self._wanted = wanted
        if not wanted:
            self._drop()
        self._look()

    def show(self, update: Update) -> None:
        """Take in what the conversation tells."""
        match update:
            case InsightGained(answer=SettlingTold() as told):
                self._take(told)
            case TurnRewound(turn=turn, length=length):
                self._drop()
                if turn.reply in self._depths:
                    del self._depths[turn.reply][length:]
            case StateChanged():
                if self._conversation.model is None:
                    self._asked = None  # the engine that was asked is gone
                self._look()

    def levels(self, block: Block, start: int, stop: int) -> bytes:
        """Return the levels of characters of a block."""
        turn = block.source
        assert isinstance(turn, Turn)
        depths = self._depths.get(turn.reply, ())[block.first + start : block.first + stop]
        return bytes(map(depth_level, depths)).ljust(stop - start, b"\0")

    def _drop(self) -> None:
        """Want no answer any more."""
        if self._asked is not None:
            self._conversation.requests.dismiss(self._asked[0].number)
        self._asked = None

    def _look(self) -> None:
        """Ask for what is not known of the newest reply of which something is not."""
        it = self._conversation
        settings = it.controls.settings
        if settings.depth != self._depth:
            self._drop()
            self._depth = settings.depth
            self._depths.clear()
        if not self._wanted or self._asked or it.state not in (Phase.IDLE, Phase.PAUSED):
            return
        for turn in reversed(it.turns):
            known = len(self._depths.get(turn.reply, ()))
            if known < len(turn.tape) and it.tree.can_look(turn):
                self._asked = it.requests.settling(turn, settings, known), turn.reply
                return

    def _take(self, told: SettlingTold) -> None:
        if self._asked is None or told.number != self._asked[0].number:
            return
        asked, reply = self._asked
        self._drop()
        depths = self._depths.setdefault(reply, array("I"))
        depths.extend([0] * (asked.first - len(depths)))  # what is too long ago to be asked for
        depths.frombytes(told.depths)
        if told.sentence:  # it is not asked again
            depths.extend([0] * (len(reply.tape) - len(depths)))
        self._known()
        self._look()
