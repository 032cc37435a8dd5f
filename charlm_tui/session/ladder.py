"""Replies to one seed at several temperatures, drawn side by side in one batched call.

They are the replies of a turn, as branches are: one is continued, the others stay as siblings.
"""

from array import array
from collections.abc import Sequence
from dataclasses import replace

from charlm_tui.controls.controls import LANES, Controls, warmer
from charlm_tui.engine.protocol import CharactersGenerated, LanesGenerated, LanesRequested
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import Settings
from charlm_tui.session.stage import Asked, Mode, Stage
from charlm_tui.session.turns import Reply, Turn
from charlm_tui.session.updates import LanesAdded, Phase, StateChanged, TextAdded, TurnRewound


class Ladder(Mode):
    """The lanes of a conversation's last turn, while they are drawn."""

    alone = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.temperatures: list[float] = []
        """Of the lanes; none if there is no ladder."""

    def climb(self, text: str, temperatures: Sequence[float]) -> bool:
        """Draw replies to a seed side by side, one at each temperature; `pick` takes one.

        Args:
            text: the seed.
            temperatures: of the replies, 2 to 8 of them.

        Returns:
            whether it was started; nothing is if the model knows none of its characters.

        Raises:
            SettingsError: a temperature is none, there are too few or too many, or no model is
                there.
        """
        if not LANES[0] <= len(temperatures) <= LANES[1]:
            raise SettingsError(
                f"{len(temperatures)} temperatures were given where {LANES[0]} to {LANES[1]} are "
                "expected; give as many"
            )
        for temperature in temperatures:
            Settings(temperature=temperature)
        it = self._stage
        if it.model is None:
            raise SettingsError("no model is loaded yet; wait until it is ready")
        it.stop()
        turn = it.new_turn(text)
        if turn is None:
            return False
        turn.replies = [Reply() for _ in temperatures]
        self.temperatures = list(temperatures)
        it.mode = self
        it.draw(turn, it.controls)
        it.enter(Phase.STREAMING)
        return True

    def warm(self, lane: int, steps: int) -> None:
        """Change the temperature of a lane by `steps` of a key."""
        it = self._stage
        if lane < len(self.temperatures) and it.turn is not None:
            self.temperatures[lane] = warmer(self.temperatures[lane], steps)
            if it.state is Phase.STREAMING:
                it.draw(it.turn, it.controls)
            it.tell(StateChanged())

    def pick(self, lane: int) -> None:
        """Continue with one of the lanes, at its temperature; the others are its siblings."""
        if self.temperatures:
            temperature = self.temperatures[lane]
            self.keep(lane)
            self._stage.set_temperature(temperature)

    def keep(self, lane: int) -> None:
        """Leave the ladder with all settings as they are; show a lane, the others are its siblings.

        Nothing changes while there is no ladder.
        """
        it = self._stage
        if not self.temperatures or it.turn is None:
            return
        it.stop()
        it.leave()
        it.turn.shown = lane
        it.tell(TurnRewound(it.turn, 0))
        it.tell(TextAdded(it.turn.text()))
        it.enter(it.state)

    # For the stage.

    def request(self, turn: Turn, number: int, controls: Controls) -> tuple[LanesRequested, Asked]:
        """Return the request to draw what follows all that there is of the lanes."""
        first = len(turn.tape)
        settings = tuple(self._settings(controls, lane) for lane in range(len(self.temperatures)))
        moments = [
            turn.resume_point_of(reply, first, each)
            for reply, each in zip(turn.replies, settings, strict=True)
        ]
        request = LanesRequested(
            number,
            first,
            tuple(here.read.tobytes() for here in moments),
            tuple(here.mirostat_history.tobytes() for here in moments),
            settings,
            controls,
            turn.model.sha256,
        )
        return request, Asked(turn, tuple(turn.replies), settings)

    def added(self, event: CharactersGenerated | LanesGenerated, asked: Asked) -> None:
        """Take in characters of every lane, as they were asked for."""
        assert isinstance(event, LanesGenerated)
        it, turn = self._stage, asked.turn
        elapsed_s = it.clock() - turn.start_s
        texts = []
        for reply, settings, lane in zip(asked.replies, asked.settings, event.lanes, strict=True):
            assert event.first == len(reply.tape)
            reply.tape.append(lane, settings, elapsed_s)
            texts.append(turn.vocabulary.decode(array("H", lane.ids)))
        it.tell(LanesAdded(turn, tuple(texts), event.draw_s))

    def left(self) -> None:
        """Forget the lanes."""
        self.temperatures = []

    def _settings(self, controls: Controls, lane: int) -> Settings:
        return replace(controls.settings, temperature=self.temperatures[lane], moving="")
