"""Recorded replies in a conversation: shown whole, or played at the pace at which they came."""

from typing import TYPE_CHECKING

from charlm_tui.lm.errors import CharlmError
from charlm_tui.reply.playback import Playback
from charlm_tui.session.turns import Turn, recorded_turn
from charlm_tui.session.updates import Noticed, State, TextAdded, TurnStarted

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording
    from charlm_tui.session.conversation import Conversation

MOST = 20_000  # characters that are shown at a time


class Recorded:
    """Brings recorded replies into a conversation.

    Args:
        conversation: where they become turns.
    """

    def __init__(self, conversation: "Conversation") -> None:
        self._conversation = conversation
        self._playback: Playback | None = None
        self._early: list[tuple[Turn, Recording]] = []  # shown before there was a model

    @property
    def playing(self) -> bool:
        """Whether one plays, paused or not."""
        return self._playback is not None

    def open(self, recording: "Recording", conversation: int = 0) -> Turn:
        """Show a recorded reply, whole, as the last turn; it can be gone on with.

        Args:
            recording: of the reply.
            conversation: how many characters of its seed are of the conversation before it.

        Raises:
            TapeFileError: it is damaged; nothing is changed then.
        """
        it = self._conversation
        turn = self._turn(recording, conversation)
        turn.reply.tape = recording.tape
        it.show_turn(turn)
        self._verify(turn, recording)
        it.enter(it.state)
        return turn

    def play(self, recording: "Recording", at_once: bool = False, conversation: int = 0) -> Turn:
        """Show a recorded reply at its own pace, or as fast as it goes; see `advance`.

        Where its model is at hand it is made again beside that, and compared.

        Raises:
            TapeFileError: it is damaged; nothing is changed then.
        """
        it = self._conversation
        turn = self._turn(recording, conversation)
        it.turns.append(turn)
        self._playback = Playback(recording.tape, at_once, it.clock())
        it.tell(TurnStarted(turn))
        self._verify(turn, recording)
        it.enter(State.PLAYING)
        return turn

    def pause(self) -> None:
        """Pause what plays, or let it go on."""
        it, playback = self._conversation, self._playback
        if playback is None:
            return
        if it.state is State.PLAYING:
            playback.pause(it.clock())
            it.enter(State.PAUSED)
        else:
            playback.resume(it.clock())
            it.enter(State.PLAYING)

    def advance(self) -> None:
        """Show what is due."""
        it, playback = self._conversation, self._playback
        if it.state is not State.PLAYING or playback is None or it.turn is None:
            return
        turn = it.turn
        shown = len(turn.tape)
        due = min(playback.due(it.clock()), shown + MOST)
        if due > shown:
            turn.tape.extend(playback.tape, due)
            it.tell(TextAdded(turn.text(shown)))
        if due >= len(playback.tape):
            it.rest()

    def end(self) -> None:
        """Play no more; what was shown stays."""
        self._playback = None

    def model_loaded(self) -> None:
        """Let what was shown before there was a model be of the one that is loaded, if it is."""
        early, self._early = self._early, []
        for turn, recording in early:
            try:
                known = recorded_turn(recording, self._conversation.model)
            except CharlmError as error:
                self._conversation.tell_below(Noticed(str(error), error=True))
            else:
                turn.model, turn.vocabulary = known.model, known.vocabulary
                self._verify(turn, recording)

    def _turn(self, recording: "Recording", conversation: int) -> Turn:
        it = self._conversation
        turn = recorded_turn(recording, it.model, conversation)
        it.stop()
        it.leave()
        it.undone = []
        return turn

    def _verify(self, turn: Turn, recording: "Recording") -> None:
        """Let the reply be made again, if its model is at hand; say so if it is not."""
        it = self._conversation
        if it.model is None:
            self._early.append((turn, recording))
        elif it.is_at_hand(turn):
            it.requests.verify(turn, recording)
        else:
            it.tell_below(
                Noticed(
                    f"the model of this reply, {recording.model} "
                    f"({recording.model_sha256[:12]}…), is not at hand: what was recorded is shown"
                )
            )
