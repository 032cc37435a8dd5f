"""What is seen of a conversation: the blocks of its text, and which character of them is selected.

Turns what a conversation tells into text; knows no keys, panels nor timers.
"""

from collections.abc import Callable
from functools import partial

from charlm_tui.engine.model_info import greeting
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.reply.tints import Tint, levels
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import (
    Noticed,
    Phase,
    SeedWaiting,
    StateChanged,
    TextAdded,
    TurnRemoved,
    TurnRewound,
    TurnStarted,
    Update,
)
from charlm_tui.tui.document import Block, TextSelection
from charlm_tui.tui.paint import Levels
from charlm_tui.tui.shades import Tinting
from charlm_tui.tui.widgets.transcript import Transcript


class ConversationView:
    """Keeps a transcript showing a conversation.

    Args:
        conversation: that is shown.
        transcript: whose blocks have turns as their sources.
        greet: returns what is shown while there is no turn.
    """

    def __init__(
        self,
        conversation: Conversation,
        transcript: Transcript,
        greet: Callable[[ModelLoaded], str] = greeting,
    ) -> None:
        self.transcript = transcript
        transcript.typed = _typed
        self.turn: Turn | None = None
        """The turn that text is added to."""
        self._conversation = conversation
        self._count = 0  # characters of its reply that are shown
        self._waiting: Block | None = None  # the seed that waits for the model
        self.tinting: Tinting = Tint.PLAIN
        """What the text is tinted by."""
        self._greet = greet
        self._greeting: Block | None = None  # is there until there is a turn

    @property
    def selected(self) -> tuple[Turn, int] | None:
        """The turn and the number of the selected character, if it is one of a reply."""
        selection = self.transcript.selection
        if selection is None or selection.block.kind != "reply":
            return None
        assert isinstance(selection.block.source, Turn)
        return selection.block.source, selection.block.first + selection.cursor

    def select(self, turn: Turn, number: int) -> None:
        """Select a character of a reply, if it is shown."""
        for block in self.transcript.blocks:
            if block.kind == "reply" and block.source is turn:
                place = number - block.first
                if 0 <= place < block.length:
                    self.transcript.selection = TextSelection(block, place, place)

    def text_to_copy(self) -> str:
        """Return the selection, or the whole last reply."""
        turn = self._conversation.turn
        return self.transcript.selected_text() or (turn.text() if turn is not None else "")

    def show(self, update: Update) -> None:
        """Show what the conversation tells."""
        match update:
            case TextAdded(text=text):
                self._add_text(text)
            case TurnStarted(turn=turn):
                if self._greeting is not None:
                    self.transcript.take_away(self._greeting)
                    self._greeting = None
                self.turn, self._count = turn, 0
                self._mark(self.transcript.add("seed", turn.seed, turn), turn)
                self.transcript.to_end()
            case TurnRewound(turn=turn, length=length):
                self._rewind(turn, length)
            case TurnRemoved(turn=turn):
                self._remove(turn)
            case SeedWaiting(text=text):  # the status says that the model is loading
                if text:
                    self._waiting = self.transcript.add("seed", text)
            case Noticed(sentence=sentence, error=error):
                self.transcript.add("error" if error else "notice", sentence)
            case StateChanged():
                self.follow()

    def follow(self) -> None:
        """Take over the state of the conversation."""
        it = self._conversation
        if self._waiting is not None and it.state is not Phase.LOADING:
            # It is shown again, as the model reads it, when its turn starts.
            if self._waiting in self.transcript.blocks:  # what was before it may be undone
                self.transcript.take_away(self._waiting)
            self._waiting = None
        self.transcript.speed = it.controls.speed
        self.transcript.live = it.busy
        if it.model is not None and not self.transcript.blocks:
            self._greeting = self.transcript.add("notice", self._greet(it.model))

    def tint(self, tinting: Tinting, found: Levels | None) -> None:
        """Tint the text.

        Args:
            tinting: by what.
            found: levels of a tint that no tape knows; None where there are none yet.
        """
        self.tinting = tinting
        if isinstance(tinting, Tint):
            self.transcript.tint(None if tinting is Tint.PLAIN else partial(_levels, tinting))
        else:
            self.transcript.tint(found)

    def _add_text(self, text: str) -> None:
        # What was said in between, if anything, stays where it was said.
        last = self.transcript.blocks[-1] if self.transcript.blocks else None
        if last is None or last.kind != "reply" or last.source is not self.turn:
            self.transcript.add("reply", source=self.turn, first=self._count)
        self._count += len(text)
        self.transcript.append(text)

    def _rewind(self, turn: Turn, length: int) -> None:
        """Remove what is no longer shown of a turn's reply, and all after it."""
        blocks = [block for block in self.transcript.blocks if block.source is turn]
        seed, last = blocks[0], blocks[0]
        for block in blocks[1:]:
            if block.first <= length:
                last = block
        self.transcript.cut(last, last.length if last is seed else length - last.first)
        self.turn, self._count = turn, length
        self._mark(seed, turn)
        self.transcript.to_end()

    def _remove(self, turn: Turn) -> None:
        """Remove a turn that was the last one."""
        blocks = self.transcript.blocks
        first = next(i for i, block in enumerate(blocks) if block.source is turn)
        if first:
            self.transcript.cut(blocks[first - 1], blocks[first - 1].length)
        else:
            self.transcript.clear()
        self.turn = self._conversation.turn
        self._count = len(self.turn.tape) if self.turn is not None else 0

    def _mark(self, seed: Block, turn: Turn) -> None:
        self.transcript.mark(seed, place_among_siblings(turn))


def place_among_siblings(turn: Turn) -> str:
    """Return which of its siblings a turn's reply is, if it has any."""
    return f"‹{turn.shown + 1}/{len(turn.replies)}›" if len(turn.replies) > 1 else ""


def _typed(block: Block) -> list[tuple[int, int]]:
    """Return the stretches of a block that a person typed or picked."""
    turn = block.source
    if block.kind != "reply" or not isinstance(turn, Turn) or not turn.tape.forced:
        return []
    stretches = ((first - block.first, count) for first, count in turn.tape.forced)
    return [(start, start + count) for start, count in stretches]


def _levels(tint: Tint, block: Block, start: int, stop: int) -> bytes:
    """Return the tint levels of characters of a block."""
    turn = block.source
    assert isinstance(turn, Turn)
    return levels(tint, turn.tape, block.first + start, block.first + stop)
