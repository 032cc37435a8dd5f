"""A conversation with a model: what was typed, what was made of it, and what is happening now.

The front ends' one way to the engine. Headless: it is told what a person wants and what the
engine says, and tells a listener what changed. Single-threaded; owns every number that keeps late
messages apart.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from charlm_tui.controls.controls import Controls, new_rng_seed
from charlm_tui.engine.insight_protocol import InsightAnswer
from charlm_tui.engine.protocol import (
    Acknowledged,
    CharactersGenerated,
    EngineDied,
    Event,
    GenerationEnded,
    GenerationFailed,
    Inspected,
    LanesGenerated,
    LoadedBeside,
    LoadFailed,
    ModelLoaded,
    Remade,
    Request,
    Scored,
)
from charlm_tui.session.ladder import Ladder
from charlm_tui.session.loading import Loading
from charlm_tui.session.modes import Streaming, dream
from charlm_tui.session.playing import Playing
from charlm_tui.session.stage import Stage
from charlm_tui.session.temperature import Temperature
from charlm_tui.session.tree import Tree
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import (
    EngineNeeded,
    Noticed,
    Phase,
    Update,
)
from charlm_tui.session.visiting import Visit


class Conversation:
    """The state of a conversation, and what can be done with it.

    Args:
        controls: at the start.
        tell: is called with every update, on the caller's thread.
        clock: monotonic, in seconds.
    """

    def __init__(
        self,
        controls: Controls,
        tell: Callable[[Update], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tell = tell
        self._stage = stage = Stage(controls, tell, clock)
        self._streaming = stage.usual = stage.mode = Streaming(stage)
        self.requests = stage.requests
        """What is asked of the engine beside drawing."""
        self.tree = Tree(stage)
        """Other ways than the one that is shown."""
        self.ladder = Ladder(stage)
        """Replies that are drawn side by side."""
        self.playing = Playing(stage)
        """Recorded replies that are shown."""
        self.temperature = Temperature(stage)
        """The temperature, and how it moves."""
        self.loading = Loading(stage, self.playing.model_loaded)
        """The models, while they are loaded."""
        self.visit: Visit | None = None
        """What a visitor is given; None where whoever is here has this machine's files."""

    @property
    def controls(self) -> Controls:
        """The controls in force."""
        return self._stage.controls

    @property
    def state(self) -> Phase:
        """What the conversation is doing."""
        return self._stage.state

    @property
    def model(self) -> ModelLoaded | None:
        """The model in use."""
        return self._stage.model

    @property
    def models(self) -> Mapping[str, ModelLoaded]:
        """Those at hand by their sha256: the one in use, and what was in its file before."""
        return self._stage.models

    @property
    def turns(self) -> Sequence[Turn]:
        """Those that are shown, the first one first."""
        return self._stage.turns

    @property
    def continues(self) -> bool:
        """Whether a new seed continues the conversation, or starts afresh."""
        return self._stage.continues

    @continues.setter
    def continues(self, continues: bool) -> None:
        self._stage.continues = continues

    @property
    def reply_length(self) -> int:
        """Characters that a reply is to have; 0 is as many as there come."""
        return self._stage.reply_length

    @reply_length.setter
    def reply_length(self, length: int) -> None:
        self._stage.reply_length = length
        if self.busy and self.turn is not None:
            done = len(self.turn.tape)
            self.change(replace(self.controls, length=length and max(length, done + 1)))
        else:
            self.change(replace(self.controls, length=length))

    # What a person wants.

    @property
    def turn(self) -> Turn | None:
        """The last turn."""
        return self._stage.turn

    @property
    def busy(self) -> bool:
        """Whether a reply is on its way, paused or not."""
        return self._stage.busy

    @property
    def can_start(self) -> bool:
        """Whether a new reply could begin now."""
        return self.model is not None and self.state not in (Phase.LOADING, Phase.DREAMING)

    @property
    def can_resume(self) -> bool:
        """Whether there is a reply that has ended or was stopped."""
        turn = self.turn
        return self.state is Phase.IDLE and turn is not None and self._stage.is_at_hand(turn)

    def send(self, text: str) -> bool:
        """Send a seed; an empty one continues the last reply.

        Before the model is ready one seed is kept, and starts when it is.

        Returns:
            whether it was taken; if not, whoever typed it should have it back.
        """
        if self.state in (Phase.LOADING, Phase.DOWN):
            if self.loading.waits:
                return not text
            self.loading.wait(text, lambda: self.send(text))
            if self.state is Phase.DOWN:
                self.tell(EngineNeeded())
        elif text or self.turn is None:
            return self.loading.begin(lambda: self._start(text), text)
        else:
            self.resume()
        return True

    def change(self, controls: Controls) -> None:
        """Put new controls in force, from the next character that is shown."""
        self._stage.change(controls)

    def pause(self) -> None:
        """Pause the reply, or resume it."""
        self._stage.mode.pause()

    def step(self) -> None:
        """Draw one more character of the reply, also beside one that is on its way; pause."""
        if self.can_step:
            self._streaming.step()

    @property
    def can_step(self) -> bool:
        """Whether one more character of the last reply can be drawn."""
        return (self.busy or self.can_resume) and self._stage.mode.alone

    def stop(self) -> None:
        """Stop the reply here; what there is of it stays."""
        self._stage.stop()

    def resume(self) -> None:
        """Add another reply's length to the last reply; just resume one that is paused."""
        if self.state is Phase.PAUSED:
            self.pause()
        elif self.can_resume and self.turn is not None:
            self._stage.lengthen(self.turn, again=True)
            self._stage.draw(self.turn, self.controls)
            self._stage.enter(Phase.STREAMING)

    def regenerate(self) -> None:
        """Answer the last seed again, with a new RNG seed; the reply of now stays as a sibling."""
        turn = self.turn
        if turn is None or not self.can_start:
            return
        if self.tree.can_branch(turn):
            self.tree.branch(turn, 0, rng_seed=new_rng_seed())
        else:  # it is another model's, or recorded, or a ladder's
            self.repeat()

    def repeat(self) -> None:
        """Send the last seed again, as a new turn with a new RNG seed."""
        if self.turn is not None and self.can_start:
            seed = self.turn.seed
            self.loading.begin(lambda: self._start(seed, new_rng_seed()), seed)

    def dream(self) -> None:
        """Make up a seed with the model, as long as its window; stop a reply on its way."""
        if self.can_start:
            self.loading.begin(lambda: dream(self._stage))

    def advance(self) -> None:
        """Do what is due: called some ten times a second while a reply plays or a key is held."""
        self.temperature.look()
        self._stage.mode.advance()

    def shown(self) -> None:
        """Tell the engine that all that was told is on the screen: it waits for that."""
        it = self._stage
        if it.mode.turn is not None:
            it.ask(Acknowledged(it.number, it.mode.shown()))

    # What the engine says.

    def attach(self, send: Callable[[Request], None]) -> None:
        """Speak to an engine that is loading its model."""
        self._stage.ask = send
        self.requests.forget()
        self._stage.models = {}
        self.loading.rest_as(Phase.LOADING)

    def receive(self, event: Event) -> None:
        """Take in what the engine says."""
        match event:
            case ModelLoaded():
                self.loading.loaded(event)
            case CharactersGenerated() | LanesGenerated() if self._is_current(event):
                assert self._stage.asked is not None
                self._stage.mode.added(event, self._stage.asked)
            case Inspected() | Scored() | Remade():
                self.requests.answered(event)
            case _ if isinstance(event, InsightAnswer):
                self.requests.answered(event)
            case GenerationEnded() if self._is_current(event):
                self._stage.mode.ended()
            case GenerationFailed() if self._is_current(event):
                self._stage.rest()
                self.tell(Noticed(event.sentence, error=True))
            case LoadedBeside():
                self.loading.loaded_beside(event)
            case LoadFailed():
                self.loading.refused(event)
            case EngineDied():
                self.loading.died(event)

    def _is_current(
        self, event: CharactersGenerated | LanesGenerated | GenerationEnded | GenerationFailed
    ) -> bool:
        return event.request_id == self._stage.number

    def _start(self, text: str, rng_seed: int | None = None) -> bool:
        """Start a new reply to a seed, which may be empty; one on its way is stopped and kept.

        Args:
            text: the seed.
            rng_seed: of the reply; if there is none, the pinned one, or one that nobody chose.

        Returns:
            whether it was started; nothing is if the model knows none of its characters.
        """
        if self.model is None or self._stage.vocabulary is None:
            return False
        if self.state is Phase.DREAMING:
            self.stop()
        turn = self._stage.new_turn(text, rng_seed)
        if turn is None:
            return False
        self._stage.draw(turn, self.controls)
        self._stage.enter(Phase.STREAMING)
        return True
