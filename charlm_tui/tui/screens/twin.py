"""A reply with held units beside its twin, which is left alone: where they part, and what differs.

A ladder of two lanes with the same random numbers. What a twin is, the conversation knows.
"""

from typing import ClassVar

from textual.widgets import Label

from charlm_tui.lm.features import Counts
from charlm_tui.lm.held import shown
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.reply.tints import Tint
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Reply
from charlm_tui.text import fitting, visible
from charlm_tui.tui.paint import Mark
from charlm_tui.tui.screens.ladder import FRAME, LadderScreen, LaneText


class TwinScreen(LadderScreen):
    """Two columns: the first holds units, the second is left alone.

    Args:
        conversation: has just begun twins.
        tint: of the replies.
    """

    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "held",
            "kept at a value in the state that the model hands on from character to character",
        ),
        ("left alone", "the same seed and the same random numbers, with nothing held"),
        ("they part", "the first character in which the two differ; it is marked in both"),
        ("take it", "continue this lane, with what it holds; the other one stays"),
        ("back", "leave, with all settings as they are; both stay as siblings"),
    )

    def __init__(self, conversation: Conversation, tint: Tint = Tint.PLAIN) -> None:
        super().__init__(conversation, tint)
        self._counts = (Counts(), Counts())
        self._counted = 0  # characters of each
        self._parted: int | None = None  # the first character that differs

    def _title_lanes(self) -> None:
        """Say of each lane what it holds, where the two have parted, and what differs."""
        super()._title_lanes()
        it, turn = self._conversation, self._conversation.turn
        if turn is None or not it.ladder.twins:
            return
        self._follow_twins(turn.replies)
        held = it.controls.settings.held
        names = ((shown(held), f"{len(held)} held"), ("left alone", "alone"))
        for number, (lane, (long, short)) in enumerate(zip(self._lanes, names, strict=True)):
            lane.border_title = fitting(
                lane.outer_size.width - FRAME,
                f"{number + 1} · {long} · temp {it.ladder.temperatures[number]:.2f}",
                f"{number + 1} · {long}",
                f"{number + 1} · {short}",
            )
        notice = self.query_one("#ladder-notice", Label)
        words = fitting(self.size.width - notice.gutter.width, *self._words(turn.replies))
        notice.update(visible(words, ""))

    def _follow_twins(self, replies: list[Reply]) -> None:
        """Count what has come, and mark where the two part once they do."""
        one, other = replies
        length = min(len(one.tape), len(other.tape))
        for reply, counts in zip(replies, self._counts, strict=True):
            counts.add(reply.text(self._counted, length))
        self._counted = length
        if self._parted is None and (common := one.tape.common(other.tape)) < length:
            self._parted = common
        if self._parted is not None:
            for lane in self._lanes:
                self._mark(lane, self._parted)

    @staticmethod
    def _mark(lane: LaneText, place: int) -> None:
        block = lane.blocks[-1]
        if block.length > place:
            lane.recite([Mark(block, place, place + 1)])

    def _words(self, replies: list[Reply]) -> tuple[str, ...]:
        """Say where the two part and what differs, in forms from the longest to the shortest."""
        if self._parted is None:
            return (f"the same so far, {self._counted:,} characters",)
        place = self._parted
        one, other = (describe_symbol(reply.text(place, place + 1)) for reply in replies)
        parted = f"they part at character {place + 1:,}"
        held, alone = self._counts
        features = (
            f"newlines {held.newlines}/{alone.newlines}"
            f" · quotation marks {held.quotes}/{alone.quotes}"
            f" · word length {held.word_length:.1f}/{alone.word_length:.1f}"
        )
        symbols = f"{one} held, {other} left alone"
        return (f"{parted}: {symbols} · {features}", f"{parted} · {features}", parted)
