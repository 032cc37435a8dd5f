"""Replies that are drawn one at a time, also by single steps; and seeds that the model makes up."""

from array import array
from dataclasses import replace

from charlm_tui.controls.controls import new_rng_seed
from charlm_tui.engine.protocol import Acknowledged, CharactersGenerated, LanesGenerated
from charlm_tui.session.stage import Asked, Mode, Stage
from charlm_tui.session.turns import Author, Reply, Turn
from charlm_tui.session.updates import DistributionKnown, Phase, SeedDreamt, TextAdded

DREAM_TEMPERATURE = 0.8  # of a seed that the model makes up, if the temperature is greedy


class Streaming(Mode):
    """The last reply, as it is drawn."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._stepping = False
        self._step_end = 0  # characters of the reply when all steps on their way are drawn

    def step(self) -> None:
        """Draw one more character of the reply, also beside one that is on its way; pause."""
        it, turn = self._stage, self._stage.turn
        if turn is None:
            return
        number = turn.reply.next_number
        self._step_end = 1 + (max(self._step_end, number) if self._stepping else number)
        self._stepping = True
        it.draw(turn, replace(it.controls, speed=0.0, length=self._step_end))
        it.enter(Phase.PAUSED)

    def added(self, event: CharactersGenerated | LanesGenerated, asked: Asked) -> None:
        """Take in characters, and tell them."""
        assert isinstance(event, CharactersGenerated)
        turn, (reply,), _ = asked
        record(self._stage, event, asked)
        it, ids = self._stage, array("H", event.columns.ids)
        it.tell(TextAdded(turn.vocabulary.decode(ids), event.draw_s, event.forced))
        if event.model:
            last = len(reply.tape) - 1
            it.tell(
                DistributionKnown(
                    turn,
                    last,
                    array("f", event.model),
                    array("f", event.after),
                    ids[-1],
                    asked=False,
                    ruled=array("f", event.ruled),
                    cost_bits=event.cost_bits,
                )
            )

    def ended(self) -> None:
        """Stay paused after a step; idle after a reply."""
        if self._stepping:
            self._stepping = False
        else:
            self._stage.rest()

    def halted(self) -> None:
        """End the steps."""
        self._stepping = False


class Dreaming(Mode):
    """A seed that the model makes up; nothing of it is shown until it ends."""

    def __init__(self, stage: Stage, turn: Turn) -> None:
        super().__init__(stage)
        self._turn = turn
        self._before = stage.mode

    @property
    def turn(self) -> Turn:
        """The turn that the seed is drawn for, which is not part of the conversation."""
        return self._turn

    def added(self, event: CharactersGenerated | LanesGenerated, asked: Asked) -> None:
        """Take in characters, and have more drawn."""
        assert isinstance(event, CharactersGenerated)
        record(self._stage, event, asked)
        self._stage.ask(Acknowledged(self._stage.number, len(self._turn.tape)))

    def ended(self) -> None:
        """Tell the seed."""
        self._stage.rest()
        self._stage.tell(SeedDreamt(self._turn.text()))

    def rested(self) -> Mode:
        """Return the mode from before."""
        return self._before


def dream(stage: Stage) -> bool:
    """Begin a seed that the model makes up, as long as its window; stop a reply on its way.

    Returns:
        whether it was begun; it is not without a model.
    """
    if stage.model is None or stage.vocabulary is None:
        return False
    stage.stop()
    author = Author(stage.model, stage.vocabulary, "", array("H"))
    turn = Turn(new_rng_seed(), [Reply(author)])
    stage.mode = Dreaming(stage, turn)
    temperature = stage.controls.settings.temperature or DREAM_TEMPERATURE
    controls = replace(stage.controls, speed=0.0, length=stage.model.window)
    own = {"rng_seed": turn.rng_seed, "temperature": temperature, "until": (), "match": ""}
    stage.draw(turn, controls.with_settings(**own))
    stage.enter(Phase.DREAMING)
    return True


def record(stage: Stage, event: CharactersGenerated, asked: Asked) -> None:
    """Add characters to the tape that they were asked for."""
    turn, (reply,), (settings,) = asked
    assert event.first == len(reply.tape)
    reply.tape.append(event.columns, settings, stage.clock() - turn.start_s, event.forced)
