"""A conversation with a model: what was typed, what was made of it, and what goes on now.

The front ends' one way to the engine. Headless: it is told what a person wants and what the
engine says, and tells a listener what changed. Single-threaded; owns every number that keeps late
messages apart.
"""

import time
from array import array
from collections.abc import Callable
from dataclasses import replace

from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.session.controls import Controls, new_rng_seed
from charlm_tui.session.messages import (
    Acknowledged,
    CharactersGenerated,
    DrawRequested,
    EngineDied,
    Event,
    GenerationEnded,
    GenerationFailed,
    LoadFailed,
    ModelLoaded,
    Request,
    RestRequested,
)
from charlm_tui.session.timeline import moment
from charlm_tui.session.updates import (
    EngineNeeded,
    Noticed,
    SeedDreamt,
    SeedReturned,
    SeedWaiting,
    State,
    StateChanged,
    TextAdded,
    Turn,
    TurnStarted,
    Unusable,
    Update,
)

DREAM_TEMPERATURE = 0.8  # of a seed that the model makes up, if the temperature is greedy


class Conversation:
    """The state of a conversation, and what can be done with it.

    Args:
        controls: at the start.
        tell: is called with every update, on the caller's thread.
    """

    def __init__(self, controls: Controls, tell: Callable[[Update], None]) -> None:
        self.controls = controls
        self.state = State.LOADING
        self.model: ModelLoaded | None = None
        self.vocabulary: Vocabulary | None = None
        self.turns: list[Turn] = []
        self._tell = tell
        self._send: Callable[[Request], None] = lambda _: None
        self._reply_length = controls.length
        self._waiting: str | None = None
        self._wish = 0  # number of the last one
        self._dream: Turn | None = None

    # What a person wants.

    @property
    def turn(self) -> Turn | None:
        """The last turn."""
        return self.turns[-1] if self.turns else None

    @property
    def busy(self) -> bool:
        """Whether a reply is on its way, paused or not."""
        return self.state in (State.STREAMING, State.PAUSED)

    @property
    def can_start(self) -> bool:
        """Whether a new reply could begin now."""
        return self.model is not None and self.state is not State.DREAMING

    @property
    def can_go_on(self) -> bool:
        """Whether there is a reply that has ended or was stopped."""
        turn, model = self.turn, self.model
        return (
            self.state is State.IDLE
            and turn is not None
            and model is not None
            and turn.model_sha256 == model.sha256
        )

    def send(self, text: str) -> bool:
        """Send a seed; an empty one goes on from where the last reply ended.

        Before the model is ready one seed is kept, and starts when it is.

        Returns:
            whether it was taken; if not, whoever typed it should have it back.
        """
        if self.state in (State.LOADING, State.DOWN):
            if self._waiting is not None:
                return not text
            self._waiting = text
            self._tell(SeedWaiting(text))
            if self.state is State.DOWN:
                self._tell(EngineNeeded())
        elif text or self.turn is None:
            return self.start(text)
        else:
            self.go_on()
        return True

    def start(self, text: str) -> bool:
        """Start a new reply to a seed, which may be empty; one on its way is stopped and kept.

        Returns:
            whether it was started; nothing is if the model knows none of its characters.
        """
        if self.model is None or self.vocabulary is None:
            return False
        if self.state is State.DREAMING:
            self.stop()
        fitted = self.vocabulary.fit(text)
        if text and not fitted.text:
            self._tell(Noticed(f"nothing was sent: {fitted.notice}", error=True))
            return False
        turn = Turn(fitted.text, self.controls.settings.rng_seed, self.model.sha256)
        self.turns.append(turn)
        self.controls = replace(self.controls, length=self._reply_length)
        self._tell(TurnStarted(turn))
        if fitted.notice:
            self._tell(Noticed(fitted.notice))
        self._draw(turn, self.controls)
        self._set_state(State.STREAMING)
        return True

    def change(self, controls: Controls) -> None:
        """Put new controls in force, from the next character that is shown."""
        if controls == self.controls:
            return
        self.controls = controls
        if self.state is State.STREAMING and self.turn is not None:
            self._draw(self.turn, controls)
        self._tell(StateChanged())

    def pause(self) -> None:
        """Pause the reply, or go on with it."""
        if self.state is State.STREAMING:
            self._halt()
            self._set_state(State.PAUSED)
        elif self.state is State.PAUSED and self.turn is not None:
            self._draw(self.turn, self.controls)
            self._set_state(State.STREAMING)

    def stop(self) -> None:
        """Stop the reply here; what there is of it stays."""
        if self.busy or self.state is State.DREAMING:
            self._halt()
            self._rest()

    def go_on(self) -> None:
        """Add another reply's length to the last reply; one that is paused just goes on."""
        if self.state is State.PAUSED:
            self.pause()
        elif self.can_go_on and self.turn is not None:
            length = self._reply_length and len(self.turn.tape) + self._reply_length
            self.controls = replace(self.controls, length=length)
            self._draw(self.turn, self.controls)
            self._set_state(State.STREAMING)

    def again(self) -> None:
        """Answer the last seed once more, with a new RNG seed."""
        turn = self.turn
        if turn is not None and self.can_start:
            self.controls = self.controls.with_settings(rng_seed=new_rng_seed())
            self.start(turn.seed)

    def dream(self) -> None:
        """Let the model make up a seed, as long as its window; a reply on its way is stopped."""
        if self.model is None or not self.can_start:
            return
        self.stop()
        self._dream = Turn("", new_rng_seed(), self.model.sha256)
        temperature = self.controls.settings.temperature or DREAM_TEMPERATURE
        controls = replace(self.controls, speed=0.0, length=self.model.window)
        self._draw(
            self._dream,
            controls.with_settings(rng_seed=self._dream.rng_seed, temperature=temperature),
        )
        self._set_state(State.DREAMING)

    def shown(self) -> None:
        """Tell the engine that all that was told is on the screen: it waits for that."""
        turn = self._dream or self.turn
        if turn is not None:
            self._send(Acknowledged(self._wish, len(turn.tape)))

    # What the engine says.

    def attach(self, send: Callable[[Request], None]) -> None:
        """Speak to an engine that is loading its model."""
        self._send = send
        self.model = None
        self._set_state(State.LOADING)

    def receive(self, event: Event) -> None:
        """Take in what the engine says."""
        match event:
            case ModelLoaded():
                self._loaded(event)
            case CharactersGenerated() if self._is_current(event):
                self._added(event)
            case GenerationEnded() if self._is_current(event):
                self._ended()
            case GenerationFailed() if self._is_current(event):
                self._rest()
                self._tell(Noticed(event.sentence, error=True))
            case LoadFailed():
                self._not_loaded(event.sentence)
            case EngineDied():
                self._died(event)

    def _is_current(self, event: CharactersGenerated | GenerationEnded | GenerationFailed) -> bool:
        return event.wish == self._wish

    def _not_loaded(self, sentence: str) -> None:
        if self.turns:
            waiting, self._waiting = self._waiting, None
            if waiting:
                self._tell(SeedReturned(waiting))
            self._tell(Noticed(f"{sentence}; the conversation is kept, Enter tries again", True))
            self._set_state(State.DOWN)
        else:
            self._tell(Unusable(sentence))

    def _loaded(self, event: ModelLoaded) -> None:
        if self.turns and self.turns[-1].model_sha256 != event.sha256:
            self._tell(Noticed("the model file is another now: earlier replies cannot go on"))
        self.model = event
        self.vocabulary = Vocabulary(event.symbols, event.case)
        self._set_state(State.IDLE)
        if self._waiting is not None:
            text, self._waiting = self._waiting, None
            self.send(text)

    def _added(self, event: CharactersGenerated) -> None:
        turn = self._dream or self.turn
        assert turn is not None
        assert self.vocabulary is not None
        assert event.first == len(turn.tape)
        turn.tape.append(
            event.ids,
            event.surprisal_bits,
            event.entropy_bits,
            event.temperature,
            self.controls.settings,
            time.monotonic() - turn.start_s,
        )
        if self._dream is None:
            self._tell(TextAdded(self.vocabulary.decode(array("H", event.ids))))
        else:
            self.shown()  # nothing of a dream is, until it ends

    def _ended(self) -> None:
        dream = self._dream
        self._rest()
        if dream is not None:
            assert self.vocabulary is not None
            self._tell(SeedDreamt(self.vocabulary.decode(dream.tape.ids())))

    def _died(self, event: EngineDied) -> None:
        if self.model is None:  # one that dies while it loads is not started again by itself
            self._not_loaded(f"the engine could not load the model: {event.reason}")
            return
        kept = "the conversation is kept, and a new engine is starting"
        self._tell(Noticed(f"the engine died ({event.reason}); {kept}", error=True))
        self._rest()
        self._tell(EngineNeeded())

    # What is said to the engine.

    def _draw(self, turn: Turn, controls: Controls) -> None:
        """Let the engine draw what follows all that is shown of a turn."""
        assert self.vocabulary is not None
        assert self.model is not None
        primed = [self.vocabulary.primer, *self.vocabulary.encode(turn.seed)]
        first = len(turn.tape)
        here = moment(primed, turn.tape, first, controls.settings, self.model.window)
        self._wish += 1
        self._send(
            DrawRequested(
                self._wish,
                first,
                here.read.tobytes(),
                here.since_mirostat.tobytes(),
                controls,
            )
        )

    def _halt(self) -> None:
        """Let the engine rest, and take nothing that is on its way."""
        self._wish += 1
        self._send(RestRequested())

    def _rest(self) -> None:
        self._dream = None
        self.controls = replace(self.controls, length=self._reply_length)
        self._set_state(State.IDLE)

    def _set_state(self, state: State) -> None:
        self.state = state
        self._tell(StateChanged())
