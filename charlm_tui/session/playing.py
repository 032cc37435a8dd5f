"""Recorded replies in a conversation: shown whole, or played at the pace at which they came."""

from typing import TYPE_CHECKING

from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.errors import CharlmError
from charlm_tui.reply.playback import Playback
from charlm_tui.session.stage import Mode, Stage
from charlm_tui.session.turns import Turn, recorded_turn
from charlm_tui.session.updates import Noticed, Phase, TextAdded, TurnStarted

if TYPE_CHECKING:
    from charlm_tui.reply.tape_file import Recording

PLAY_FRAMES_PER_S = 30  # at which a recorded reply comes
MOST_AT_ONCE = 20_000  # characters that are shown at a time


class Playing(Mode):
    """Recorded replies, which become turns of the conversation."""

    alone = False
    plays = True

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._playback: Playback | None = None
        self._early: list[tuple[Turn, Recording]] = []  # shown before there was a model

    def open(self, recording: "Recording", conversation: int = 0) -> Turn:
        """Show a recorded reply, whole, as the last turn; it can be continued.

        Args:
            recording: of the reply.
            conversation: how many characters of its seed are of the conversation before it.

        Raises:
            TapeFileError: it is damaged; nothing is changed then.
        """
        it = self._stage
        turn = self._turn(recording, conversation)
        turn.reply.tape = recording.tape
        it.show_turn(turn)
        self._verify(turn, recording)
        it.enter(it.state)
        return turn

    def play(self, recording: "Recording", at_once: bool = False, conversation: int = 0) -> Turn:
        """Show a recorded reply at its own pace, or as fast as it goes; see `advance`.

        Where its model is at hand it is verified beside that.

        Raises:
            TapeFileError: it is damaged; nothing is changed then.
        """
        it = self._stage
        turn = self._turn(recording, conversation)
        it.turns.append(turn)
        self._playback = Playback(recording.tape, at_once, it.clock())
        it.mode = self
        it.tell(TurnStarted(turn))
        self._verify(turn, recording)
        it.enter(Phase.PLAYING)
        return turn

    def pause(self) -> None:
        """Pause what plays, or resume it."""
        it, playback = self._stage, self._playback
        if playback is None:
            return
        if it.state is Phase.PLAYING:
            playback.pause(it.clock())
            it.enter(Phase.PAUSED)
        else:
            playback.resume(it.clock())
            it.enter(Phase.PLAYING)

    def advance(self) -> None:
        """Show what is due."""
        it, playback = self._stage, self._playback
        if it.state is not Phase.PLAYING or playback is None or it.turn is None:
            return
        turn = it.turn
        shown = len(turn.tape)
        due = min(playback.due(it.clock()), shown + MOST_AT_ONCE)
        if due > shown:
            turn.tape.extend(playback.tape, due)
            it.tell(TextAdded(turn.text(shown)))
        if due >= len(playback.tape):
            it.rest()

    def rested(self) -> Mode:
        """Play no more; what was shown stays."""
        self.left()
        return self._stage.usual

    def left(self) -> None:
        """Forget the recording."""
        self._playback = None

    def model_loaded(self) -> None:
        """Assign the turns shown before there was a model to the one that is loaded."""
        early, self._early = self._early, []
        for turn, recording in early:
            try:
                known = recorded_turn(recording, self._author(recording))
            except CharlmError as error:
                self._stage.tell_below(Noticed(str(error), error=True))
            else:
                for reply in turn.replies:
                    reply.author = reply.author._replace(
                        model=known.model, vocabulary=known.vocabulary
                    )
                self._verify(turn, recording)

    def _turn(self, recording: "Recording", conversation: int) -> Turn:
        it = self._stage
        turn = recorded_turn(recording, self._author(recording), conversation)
        it.stop()
        it.leave()
        it.undone = []
        return turn

    def _author(self, recording: "Recording") -> ModelLoaded | None:
        """Return the model of a recording, if it is at hand."""
        return self._stage.models.get(recording.model_sha256)

    def _verify(self, turn: Turn, recording: "Recording") -> None:
        """Have the reply verified, if its model is at hand; say so if it is not."""
        it = self._stage
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
