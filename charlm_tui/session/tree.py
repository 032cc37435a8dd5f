"""The tree of a conversation's turns: branching a reply, walking its siblings, undo and redo."""

from array import array
from collections.abc import Sequence

from charlm_tui.session.stage import Stage
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import Phase, TextAdded, TurnRemoved, TurnRewound, TurnStarted


class Tree:
    """Other ways than the one that is shown.

    Args:
        stage: of the conversation.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def can_branch(self, turn: Turn) -> bool:
        """Whether a turn's reply can be branched now."""
        it = self._stage
        ready = it.state in (Phase.IDLE, Phase.STREAMING, Phase.PAUSED)
        return ready and it.mode.alone and it.is_at_hand(turn)

    def can_look(self, turn: Turn) -> bool:
        """Whether a turn's reply can be read again by the model that it is of."""
        return self._stage.is_at_hand(turn) and len(turn.tape) > 0

    def inspect(self, turn: Turn, number: int) -> None:
        """Ask for what was possible at a character, under the settings of now."""
        it = self._stage
        if it.model is not None and self.can_branch(turn):
            it.requests.inspect(turn, number, it.controls.settings)

    def inspect_last(self) -> bool:
        """Ask for what was possible at the last character that is shown, as it was drawn.

        While characters are drawn that is told without a question.

        Returns:
            whether it was asked for: there has to be a character of the model that is loaded.
        """
        it = self._stage
        turn = it.turn
        if (
            it.state is Phase.STREAMING
            or turn is None
            or not len(turn.tape)
            or not self.can_branch(turn)
        ):
            return False
        last = len(turn.tape) - 1
        it.requests.inspect(turn, last, turn.tape.settings_at(last))
        return True

    def branch(
        self, turn: Turn, number: int, ids: Sequence[int] = (), rng_seed: int | None = None
    ) -> bool:
        """Take another way from a character of a reply; the old one stays as a sibling.

        Args:
            turn: one of the conversation's; those after it stay with the old reply.
            number: of the character; at the end of the reply nothing is branched: it continues.
            ids: what is to stand there, before the model continues.
            rng_seed: in force from there on, if it is to be another.

        Returns:
            whether it was taken; it is not if the turn is of another model, or is not shown, or if
            its reply has no such character: a sibling that is shown since may be shorter.
        """
        it = self._stage
        there = turn in it.turns and 0 <= number <= len(turn.tape)
        if not there or not self.can_branch(turn):
            return False
        it.halt()
        index = it.turns.index(turn)
        if number < len(turn.tape) or it.turns[index + 1 :]:
            turn.reply.later = it.turns[index + 1 :]
            turn.branch(number)
            del it.turns[index + 1 :]
            it.tell(TurnRewound(turn, number))
        turn.reply.forced = array("H", ids)
        turn.reply.forced_at = number
        if rng_seed is not None:
            it.controls = it.controls.with_settings(rng_seed=rng_seed)
        it.lengthen(turn, again=True)
        it.draw(turn, it.controls)
        it.enter(Phase.STREAMING)
        return True

    def walk(self, turn: Turn, steps: int) -> bool:
        """Show the sibling that is `steps` further, around the end; stop a reply on its way.

        The turns that came after it come back with it.
        """
        it = self._stage
        if turn not in it.turns or len(turn.replies) == 1:
            return False
        it.stop()
        it.leave()
        index = it.turns.index(turn)
        before = turn.reply
        before.later = it.turns[index + 1 :]
        turn.shown = (turn.shown + steps) % len(turn.replies)
        after = turn.reply
        it.turns[index + 1 :] = after.later
        after.later = []
        common = before.tape.common(after.tape)
        it.tell(TurnRewound(turn, common))
        it.tell(TextAdded(turn.text(common)))
        for later in it.turns[index + 1 :]:
            it.tell(TurnStarted(later))
            if len(later.tape):
                it.tell(TextAdded(later.text()))
        it.enter(it.state)
        return True

    def undo(self) -> None:
        """Remove the last turn; `redo` brings it back, until another one begins."""
        it = self._stage
        if it.turns:
            it.stop()
            it.leave()
            turn = it.turns.pop()
            it.undone.append(turn)
            it.tell(TurnRemoved(turn))
            it.enter(it.state)

    @property
    def can_redo(self) -> bool:
        """Whether there is a turn that was undone."""
        return bool(self._stage.undone)

    def redo(self) -> None:
        """Restore the turn that was undone last."""
        it = self._stage
        if it.undone:
            it.stop()
            it.leave()
            it.show_turn(it.undone.pop())
            it.enter(it.state)
