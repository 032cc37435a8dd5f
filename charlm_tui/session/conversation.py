"""A conversation with a model: what was typed, what was made of it, and what goes on now.

The front ends' one way to the engine. Headless: it is told what a person wants and what the
engine says, and tells a listener what changed. Single-threaded; owns every number that keeps late
messages apart.
"""

import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from charlm_tui.controls.controls import Controls, new_rng_seed
from charlm_tui.engine.protocol import (
    Acknowledged,
    CharactersGenerated,
    DrawRequested,
    EngineDied,
    Event,
    GenerationEnded,
    GenerationFailed,
    Inspected,
    LanesGenerated,
    LensOpened,
    LoadFailed,
    ModelLoaded,
    Progressed,
    Remade,
    Request,
    RestRequested,
    Scored,
    UnitTold,
    WhatIfTold,
)
from charlm_tui.lm.errors import SettingsError
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.schedule import begun
from charlm_tui.session.ladder import Ladder
from charlm_tui.session.playing import Recorded
from charlm_tui.session.requests import Requests
from charlm_tui.session.sweep import Sweep
from charlm_tui.session.turns import Reply, Turn
from charlm_tui.session.updates import (
    DistributionKnown,
    EngineNeeded,
    Noticed,
    SeedDreamt,
    SeedReturned,
    SeedWaiting,
    State,
    StateChanged,
    TextAdded,
    TurnRemoved,
    TurnRewound,
    TurnStarted,
    Unusable,
    Update,
)

DREAM_TEMPERATURE = 0.8  # of a seed that the model makes up, if the temperature is greedy


class Asked(NamedTuple):
    """What the engine was asked to draw: what comes back is recorded so, whatever is changed since.

    Attributes:
        turn: that it is drawn for.
        replies: of the turn, that it is added to: one, or those of a ladder.
        settings: of each reply.
    """

    turn: Turn
    replies: tuple[Reply, ...]
    settings: tuple[Settings, ...]


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
        self.controls = controls
        self.state = State.LOADING
        self.model: ModelLoaded | None = None
        self.vocabulary: Vocabulary | None = None
        self.turns: list[Turn] = []
        """Those that are shown, the first one first."""
        self.continues = False
        """Whether a new seed goes on with the conversation, or starts afresh."""
        self.tell = tell
        self.clock = clock
        self.ask: Callable[[Request], None] = lambda _: None
        self.reply_length = controls.length
        """Characters that a reply is to have; 0 is without end."""
        self._waiting: str | None = None
        self._wish = 0  # number of the last one
        self._asked: Asked | None = None
        self._dream: Turn | None = None
        self._stepping = False
        self._step_end = 0  # characters of the reply when all steps on their way are drawn
        self._at_rest = State.LOADING  # when nothing streams, dreams or plays
        self._below: list[Noticed] = []  # what waits until no text comes any more
        self.requests = Requests(lambda request: self.ask(request), tell, self.tell_below)
        """What is asked of the engine beside drawing."""
        self.ladder = Ladder(self)
        """Replies that are drawn side by side."""
        self.recorded = Recorded(self)
        """Recorded replies that are shown."""
        self.sweep = Sweep(self)
        """The temperature, while a key is held."""
        self.undone: list[Turn] = []  # the last one taken back is the last
        self._fallback = ""  # path of the model that comes back if another cannot be loaded

    # What a person wants.

    @property
    def turn(self) -> Turn | None:
        """The last turn."""
        return self.turns[-1] if self.turns else None

    @property
    def busy(self) -> bool:
        """Whether a reply is on its way, paused or not."""
        return self.state in (State.STREAMING, State.PAUSED, State.PLAYING)

    @property
    def streaming(self) -> bool:
        """Whether characters are being drawn."""
        return self.state is State.STREAMING

    @property
    def can_start(self) -> bool:
        """Whether a new reply could begin now."""
        return self.model is not None and self.state is not State.DREAMING

    @property
    def can_go_on(self) -> bool:
        """Whether there is a reply that has ended or was stopped."""
        turn = self.turn
        return self.state is State.IDLE and turn is not None and self.is_at_hand(turn)

    @property
    def asking(self) -> bool:
        """Whether a score, or the verdict on a recorded reply, is on its way."""
        return self.requests.pending

    def can_branch(self, turn: Turn) -> bool:
        """Whether another way can be taken in a turn's reply now."""
        ready = self.state in (State.IDLE, State.STREAMING, State.PAUSED)
        return ready and self._alone and self.is_at_hand(turn)

    @property
    def _alone(self) -> bool:
        """Whether the last reply is no recorded one that plays, and none of a ladder."""
        return not self.recorded.playing and not self.ladder.temperatures

    def can_look(self, turn: Turn) -> bool:
        """Whether a turn's reply can be read again by the model that it is of."""
        return self.is_at_hand(turn) and len(turn.tape) > 0

    def is_at_hand(self, turn: Turn) -> bool:
        """Whether the model that is loaded is the one that replied."""
        if self.model is None or not turn.model.path:  # known from the text of a reply alone
            return False
        return turn.model.sha256 == self.model.sha256

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
            self.tell(SeedWaiting(text))
            if self.state is State.DOWN:
                self.tell(EngineNeeded())
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
        turn = self.new_turn(text)
        if turn is None:
            return False
        self.draw(turn, self.controls)
        self.enter(State.STREAMING)
        return True

    def new_turn(self, text: str) -> Turn | None:
        """Add a turn for a seed; None if the model knows none of its characters."""
        assert self.model is not None
        assert self.vocabulary is not None
        fitted = self.vocabulary.fit(text)
        if text and not fitted.text:
            self.tell(Noticed(f"nothing was sent: {fitted.notice}", error=True))
            return None
        before = self._read() if self.continues else array("H")
        rng_seed = self.controls.settings.rng_seed
        self.leave()
        turn = Turn(
            fitted.text, rng_seed, self.model, self.vocabulary, before, start_s=self.clock()
        )
        self._stepping = False
        self.undone = []
        self.turns.append(turn)
        self.controls = begun(replace(self.controls, length=self.reply_length), 0)
        self.tell(TurnStarted(turn))
        if fitted.notice:
            self.tell(Noticed(fitted.notice))
        return turn

    def change(self, controls: Controls) -> None:
        """Put new controls in force, from the next character that is shown."""
        if controls == self.controls:
            return
        self.controls = controls
        if self.state is State.STREAMING and self.turn is not None:
            self.draw(self.turn, controls)
        self.tell(StateChanged())

    def set_temperature(self, temperature: float) -> None:
        """Put a temperature in force; a schedule that is running ends.

        Raises:
            SettingsError: it is none.
        """
        self.change(self.controls.with_settings(temperature=temperature, moving=""))

    def pause(self) -> None:
        """Pause the reply, or go on with it."""
        if self.recorded.playing:
            self.recorded.pause()
        elif self.state is State.STREAMING:
            self._halt()
            self.enter(State.PAUSED)
        elif self.state is State.PAUSED and self.turn is not None:
            self._stepping = False
            self._lengthen(self.turn)
            self.draw(self.turn, self.controls)
            self.enter(State.STREAMING)

    def step(self) -> None:
        """Draw one more character of the reply, also beside one that is on its way; pause."""
        turn = self.turn
        if turn is not None and self.can_step:
            number = turn.reply.next_number
            self._step_end = 1 + (max(self._step_end, number) if self._stepping else number)
            self._stepping = True
            self.draw(turn, replace(self.controls, speed=0.0, length=self._step_end))
            self.enter(State.PAUSED)

    @property
    def can_step(self) -> bool:
        """Whether one more character of the last reply can be drawn."""
        return (self.busy or self.can_go_on) and self._alone

    def hold(self, direction: int) -> None:
        """Let the temperature move for as long as a key is held: +1 is warmer, -1 cooler."""
        self.sweep.hold(direction, self.clock())

    def stop(self) -> None:
        """Stop the reply here; what there is of it stays."""
        if self.busy or self.state is State.DREAMING:
            self._halt()
            self.rest()

    def go_on(self) -> None:
        """Add another reply's length to the last reply; one that is paused just goes on."""
        if self.state is State.PAUSED:
            self.pause()
        elif self.can_go_on and self.turn is not None:
            self._lengthen(self.turn, anew=True)
            self.draw(self.turn, self.controls)
            self.enter(State.STREAMING)

    def again(self) -> None:
        """Answer the last seed once more, with a new RNG seed."""
        turn = self.turn
        if turn is not None and self.can_start:
            self.controls = self.controls.with_settings(rng_seed=new_rng_seed())
            self.start(turn.seed)

    def dream(self) -> None:
        """Let the model make up a seed, as long as its window; a reply on its way is stopped."""
        if self.model is None or self.vocabulary is None or not self.can_start:
            return
        self.stop()
        self._dream = Turn("", new_rng_seed(), self.model, self.vocabulary)
        temperature = self.controls.settings.temperature or DREAM_TEMPERATURE
        controls = replace(self.controls, speed=0.0, length=self.model.window)
        self.draw(
            self._dream,
            controls.with_settings(rng_seed=self._dream.rng_seed, temperature=temperature),
        )
        self.enter(State.DREAMING)

    def branch(
        self, turn: Turn, number: int, ids: Sequence[int] = (), rng_seed: int | None = None
    ) -> bool:
        """Take another way from a character of a reply; the old one stays as a sibling.

        Args:
            turn: one of `turns`; those after it stay with the old reply.
            number: of the character; at the end of the reply nothing is branched: it goes on.
            ids: what is to stand there, before the model goes on.
            rng_seed: in force from there on, if it is to be another.

        Returns:
            whether it was taken; it is not if the turn is of another model, or is not shown, or if
            its reply has no such character: a sibling that is shown since may be shorter.
        """
        there = turn in self.turns and 0 <= number <= len(turn.tape)
        if not there or not self.can_branch(turn):
            return False
        self._halt()
        index = self.turns.index(turn)
        if number < len(turn.tape) or self.turns[index + 1 :]:
            turn.reply.later = self.turns[index + 1 :]
            turn.branch(number)
            del self.turns[index + 1 :]
            self.tell(TurnRewound(turn, number))
        turn.reply.given = array("H", ids)
        turn.reply.given_at = number
        if rng_seed is not None:
            self.controls = self.controls.with_settings(rng_seed=rng_seed)
        self._stepping = False
        self._lengthen(turn, anew=True)
        self.draw(turn, self.controls)
        self.enter(State.STREAMING)
        return True

    def walk(self, turn: Turn, steps: int) -> bool:
        """Show the sibling that is `steps` further, around the end; a reply on its way is stopped.

        The turns that came after it come back with it.
        """
        if turn not in self.turns or len(turn.replies) == 1:
            return False
        self.stop()
        self.leave()
        index = self.turns.index(turn)
        before = turn.reply
        before.later = self.turns[index + 1 :]
        turn.shown = (turn.shown + steps) % len(turn.replies)
        after = turn.reply
        self.turns[index + 1 :] = after.later
        after.later = []
        common = before.tape.common(after.tape)
        self.tell(TurnRewound(turn, common))
        self.tell(TextAdded(turn.text(common)))
        for later in self.turns[index + 1 :]:
            self.tell(TurnStarted(later))
            if len(later.tape):
                self.tell(TextAdded(later.text()))
        self.enter(self.state)
        return True

    def undo(self) -> None:
        """Take the last turn back; `redo` brings it again, until another one begins."""
        if self.turns:
            self.stop()
            self.leave()
            turn = self.turns.pop()
            self.undone.append(turn)
            self.tell(TurnRemoved(turn))
            self.enter(self.state)

    @property
    def can_redo(self) -> bool:
        """Whether there is a turn that was taken back."""
        return bool(self.undone)

    def redo(self) -> None:
        """Bring back the turn that was taken back last."""
        if self.undone:
            self.stop()
            self.leave()
            turn = self.undone.pop()
            self.show_turn(turn)
            self.enter(self.state)

    def show_turn(self, turn: Turn) -> None:
        """Add a turn that has its text."""
        self.turns.append(turn)
        self.tell(TurnStarted(turn))
        if len(turn.tape):
            self.tell(TextAdded(turn.text()))

    def advance(self) -> None:
        """Do what is due: called some ten times a second while a reply plays or a key is held."""
        self.sweep.look(self.clock())
        self.recorded.advance()

    def leave(self) -> None:
        """Leave a ladder, and a recorded reply that plays; what there is of them stays."""
        self.recorded.end()
        self.ladder.temperatures = []

    # What a text is worth to the model.

    def score(self, text: str) -> None:
        """Ask how well the model foretells a text, under the context of now.

        Raises:
            SettingsError: there is no text, or the model knows none of it.
        """
        if self.model is None or self.vocabulary is None:
            raise SettingsError("no model is loaded yet: wait until it is ready")
        self.requests.score(text, self.vocabulary, self.controls.settings)

    # The engine's model.

    def use_model(self, path: str) -> None:
        """Let another model reply from here on; if it cannot be loaded the one of now stays."""
        if self.model is not None:
            self._fallback = self.model.path
        self.stop()
        self.tell(EngineNeeded(path))

    def inspect(self, turn: Turn, number: int) -> None:
        """Ask for what was possible at a character, under the settings of now."""
        if self.model is None or not self.can_branch(turn):
            return
        self.requests.inspect(turn, number, self.controls.settings)

    def inspect_last(self) -> bool:
        """Ask for what was possible at the last character that is shown, as it was drawn.

        While characters are drawn that is told without a question.

        Returns:
            whether it was asked for: there has to be a character of the model that is loaded.
        """
        turn = self.turn
        if self.streaming or turn is None or not len(turn.tape) or not self.can_branch(turn):
            return False
        last = len(turn.tape) - 1
        self.requests.inspect(turn, last, turn.tape.settings_at(last))
        return True

    def toggle_continue(self) -> None:
        """Let a new seed go on with the conversation, or start afresh."""
        self.continues = not self.continues
        self.tell(StateChanged())

    def set_length(self, length: int) -> None:
        """Let a reply have so many characters; 0 is as many as there come."""
        self.reply_length = length
        if self.busy and self.turn is not None:
            done = len(self.turn.tape)
            self.change(replace(self.controls, length=length and max(length, done + 1)))
        else:
            self.change(replace(self.controls, length=length))

    def shown(self) -> None:
        """Tell the engine that all that was told is on the screen: it waits for that."""
        turn = self._dream or self.turn
        if turn is not None:
            self.ask(Acknowledged(self._wish, len(turn.tape)))

    # What the engine says.

    def attach(self, send: Callable[[Request], None]) -> None:
        """Speak to an engine that is loading its model."""
        self.ask = send
        self.requests.forget()
        self.model = None
        self._rest_as(State.LOADING)

    def receive(self, event: Event) -> None:
        """Take in what the engine says."""
        match event:
            case ModelLoaded():
                self._loaded(event)
            case CharactersGenerated() if self._is_current(event):
                self._added(event)
            case LanesGenerated() if self._is_current(event):
                assert self._asked is not None
                self.ladder.added(event, self._asked)
            case (
                Inspected()
                | Scored()
                | Remade()
                | Progressed()
                | LensOpened()
                | UnitTold()
                | WhatIfTold()
            ):
                self.requests.answered(event)
            case GenerationEnded() if self._is_current(event):
                self._ended()
            case GenerationFailed() if self._is_current(event):
                self.rest()
                self.tell(Noticed(event.sentence, error=True))
            case LoadFailed():
                self._not_loaded(event.sentence)
            case EngineDied():
                self._died(event)

    def _is_current(
        self, event: CharactersGenerated | LanesGenerated | GenerationEnded | GenerationFailed
    ) -> bool:
        return event.wish == self._wish

    def _not_loaded(self, sentence: str) -> None:
        if self._fallback:
            path, self._fallback = self._fallback, ""
            self.tell(Noticed(f"{sentence}; the model of before is kept", error=True))
            self.tell(EngineNeeded(path))
        elif self.turns:
            waiting, self._waiting = self._waiting, None
            if waiting:
                self.tell(SeedReturned(waiting))
            self.tell(Noticed(f"{sentence}; the conversation is kept, Enter tries again", True))
            self._rest_as(State.DOWN)
        else:
            self.tell(Unusable(sentence))

    def _loaded(self, event: ModelLoaded) -> None:
        self._fallback = ""
        if self.turns and self.turns[-1].model.sha256 != event.sha256:
            self.tell(
                Noticed(f"the model is another now, {event.name}: earlier replies cannot go on")
            )
        self.model = event
        self.vocabulary = Vocabulary(event.symbols, event.case)
        self.recorded.model_loaded()
        self._rest_as(State.IDLE)
        if self._waiting is not None:
            text, self._waiting = self._waiting, None
            self.send(text)

    def _added(self, event: CharactersGenerated) -> None:
        assert self._asked is not None
        turn, (reply,), (settings,) = self._asked
        assert event.first == len(reply.tape)
        reply.tape.append(event.columns, settings, self.clock() - turn.start_s, event.given)
        if self._dream is None:
            ids = array("H", event.columns.ids)
            self.tell(TextAdded(turn.vocabulary.decode(ids), event.draw_s, event.given))
            if event.model:
                model, after = array("f", event.model), array("f", event.after)
                last = len(reply.tape) - 1
                self.tell(DistributionKnown(turn, last, model, after, ids[-1], asked=False))
        else:
            self.shown()  # nothing of a dream is, until it ends

    def _ended(self) -> None:
        dream = self._dream
        if self._stepping:
            self._stepping = False
            return
        self.rest()
        if dream is not None:
            self.tell(SeedDreamt(dream.text()))

    def _died(self, event: EngineDied) -> None:
        if self.model is None:  # one that dies while it loads is not started again by itself
            self._not_loaded(f"the engine could not load the model: {event.reason}")
            return
        kept = "the conversation is kept, and a new engine is starting"
        self.tell(Noticed(f"the engine died ({event.reason}); {kept}", error=True))
        self.rest()
        self.tell(EngineNeeded())

    # What is said to the engine.

    def draw(self, turn: Turn, controls: Controls) -> None:
        """Let the engine draw what follows all that is shown of a turn."""
        first = len(turn.tape)
        self._wish += 1
        if self.ladder.temperatures and turn is self.turn:
            lanes = self.ladder.wish(turn, self._wish, controls)
            self._asked = Asked(turn, tuple(turn.replies), lanes.settings)
            self.ask(lanes)
            return
        self._asked = Asked(turn, (turn.reply,), (controls.settings,))
        here = turn.moment(first, controls.settings)
        self.ask(
            DrawRequested(
                self._wish,
                first,
                here.read.tobytes(),
                here.since_mirostat.tobytes(),
                controls,
                turn.reply.to_give.tobytes(),
            )
        )

    def _read(self) -> "array[int]":
        """Give the conversation so far, without the primer."""
        turn = self.turn
        if turn is None or not self.is_at_hand(turn):
            return array("H")
        read = turn.primed[1:]
        read.extend(turn.tape.ids())
        return read

    def _lengthen(self, turn: Turn, anew: bool = False) -> None:
        """Let a reply that has its length, or is to have it `anew`, have as many again."""
        done = turn.reply.next_number
        if anew:
            self.controls = begun(self.controls, done)
        if anew or 0 < self.controls.length <= done:
            length = self.reply_length and done + self.reply_length
            self.controls = replace(self.controls, length=length)

    def _halt(self) -> None:
        """Let the engine rest, and take nothing that is on its way."""
        self._wish += 1
        self._stepping = False
        self.ask(RestRequested())

    def rest(self) -> None:
        self._dream = None
        self._stepping = False
        self.recorded.end()
        self.controls = replace(self.controls, length=self.reply_length)
        self.enter(self._at_rest)

    def _rest_as(self, state: State) -> None:
        """Take note of how the engine is; a recorded reply plays on without it."""
        self._at_rest = state
        self.enter(self.state if self.recorded.playing else state)

    def enter(self, state: State) -> None:
        self.state = state
        self.tell(StateChanged())
        if not self.busy:
            below, self._below = self._below, []
            for notice in below:
                self.tell(notice)

    def tell_below(self, notice: Noticed) -> None:
        """Tell something once no more text comes: it would stand in the middle of it."""
        if self.busy:
            self._below.append(notice)
        else:
            self.tell(notice)
