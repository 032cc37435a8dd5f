"""What the modes of a conversation share: its turns, what is in force, and the way to the engine.

Owns the ids of what is drawn, which keep late characters apart, and the state. Knows no mode: it
asks the one that is on.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from charlm_tui.controls.controls import Controls, new_rng_seed
from charlm_tui.engine.protocol import (
    CharactersGenerated,
    DrawRequested,
    LanesGenerated,
    LanesRequested,
    ModelLoaded,
    Request,
    RestRequested,
    UseRequested,
)
from charlm_tui.lm.settings import Settings
from charlm_tui.lm.vocabulary import Vocabulary
from charlm_tui.reply.schedule import begun
from charlm_tui.reply.timeline import ruled_at
from charlm_tui.session.requests import Requests
from charlm_tui.session.turns import Author, Reply, Turn
from charlm_tui.session.updates import (
    Noticed,
    Phase,
    StateChanged,
    TextAdded,
    TurnStarted,
    Update,
)


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


class Mode:
    """A way in which the text of a conversation comes.

    Args:
        stage: of the conversation.
    """

    alone = True
    """Whether the last reply can be stepped and branched."""
    plays = False
    """Whether the reply comes from a recording, and not from the engine."""

    def __init__(self, stage: "Stage") -> None:
        self._stage = stage

    @property
    def turn(self) -> Turn | None:
        """The turn that characters are drawn for."""
        return self._stage.turn

    def request(self, turn: Turn, number: int, controls: Controls) -> tuple[Request, Asked]:
        """Return the request to draw what follows all that is shown of a turn, and what it asks."""
        first = len(turn.tape)
        settings = ruled_at(controls.settings, turn.tape, first, self._stage.controls.length)
        here = turn.resume_point(first, settings)
        request: DrawRequested | LanesRequested = DrawRequested(
            number,
            first,
            here.read.tobytes(),
            here.mirostat_history.tobytes(),
            replace(controls, settings=settings),
            turn.reply.still_forced.tobytes(),
            turn.model.sha256,
            here.holds,
            here.before.tobytes(),
            here.drawn.tobytes(),
        )
        return request, Asked(turn, (turn.reply,), (settings,))

    def shown(self) -> int:
        """Return how many characters of what is drawn there are."""
        return 0 if self.turn is None else len(self.turn.tape)

    def added(self, event: CharactersGenerated | LanesGenerated, asked: Asked) -> None:
        """Take in characters, as they were asked for."""
        raise NotImplementedError

    def pause(self) -> None:
        """Pause the reply, or resume it."""
        it = self._stage
        if it.state is Phase.STREAMING:
            it.halt()
            it.enter(Phase.PAUSED)
        elif it.state is Phase.PAUSED and it.turn is not None:
            self.halted()
            it.lengthen(it.turn)
            it.draw(it.turn, it.controls)
            it.enter(Phase.STREAMING)

    def ended(self) -> None:
        """Take note that all that was asked for is drawn."""
        self._stage.rest()

    def advance(self) -> None:
        """Show what is due."""

    def halted(self) -> None:
        """Take note that nothing more is drawn for now."""

    def rested(self) -> "Mode":
        """Return the mode that is on once nothing streams, dreams or plays."""
        return self

    def left(self) -> None:
        """Take note that another turn begins, or is shown: this mode is over."""


class Stage:
    """The state that the modes of a conversation share.

    Args:
        controls: at the start.
        tell: is called with every update.
        clock: monotonic, in seconds.
    """

    def __init__(
        self, controls: Controls, tell: Callable[[Update], None], clock: Callable[[], float]
    ) -> None:
        self.controls = controls
        self.tell = tell
        self.clock = clock
        self.state = Phase.LOADING
        self.models: dict[str, ModelLoaded] = {}
        """Those that are loaded, by their sha256: the one in use last, behind it what it was."""
        self.vocabulary: Vocabulary | None = None
        self.turns: list[Turn] = []
        self.undone: list[Turn] = []
        """Turns that were undone, the last one last."""
        self.continues = False
        self.reply_length = controls.length
        self.ask: Callable[[Request], None] = lambda _: None
        self.requests = Requests(lambda request: self.ask(request), tell, self.tell_below)
        self.number = 0
        """The id of the last request to draw."""
        self.asked: Asked | None = None
        self.usual = Mode(self)
        """The mode of replies that are drawn one at a time."""
        self.mode = self.usual
        self.idle = Phase.LOADING
        """The state when nothing streams, dreams or plays."""
        self._rewritten: set[tuple[str, str]] = set()  # characters of seeds, as was told
        self._below: list[Noticed] = []  # what waits until no text comes any more

    @property
    def model(self) -> ModelLoaded | None:
        """The model in use."""
        return next(reversed(self.models.values()), None)

    def use(self, model: ModelLoaded) -> None:
        """Use a model that was loaded; keep those beside it that the engine has kept."""
        known = self.models | {model.sha256: model}
        self.models = {sha256: known[sha256] for sha256 in model.at_hand or (model.sha256,)}
        self.vocabulary = Vocabulary(model.symbols, model.case)

    def add(self, models: Sequence[ModelLoaded], at_hand: Sequence[str]) -> None:
        """Take note of models that were loaded beside the one in use.

        Args:
            models: that were loaded.
            at_hand: sha256 of all that the engine has kept, the one in use last.
        """
        known = self.models | {
            each.sha256: each for each in models if each.sha256 not in self.models
        }
        self.models = {sha256: known[sha256] for sha256 in at_hand}

    def switch(self, model: ModelLoaded) -> None:
        """Use another of the models at hand."""
        self.models[model.sha256] = self.models.pop(model.sha256)
        self.vocabulary = Vocabulary(model.symbols, model.case)
        self.ask(UseRequested(model.sha256))
        self.tell(StateChanged())

    @property
    def turn(self) -> Turn | None:
        """The last turn."""
        return self.turns[-1] if self.turns else None

    @property
    def busy(self) -> bool:
        """Whether a reply is on its way, paused or not."""
        return self.state in (Phase.STREAMING, Phase.PAUSED, Phase.PLAYING)

    @property
    def drawing(self) -> bool:
        """Whether the engine draws the last reply, paused or not."""
        return self.busy and not self.mode.plays

    def is_at_hand(self, turn: Turn) -> bool:
        """Whether the model that replied is loaded; one without a path is known by a text alone."""
        return bool(turn.model.path) and turn.model.sha256 in self.models

    # Turns.

    def new_turn(self, text: str, rng_seed: int | None = None) -> Turn | None:
        """Add a turn for a seed; None if the model knows none of its characters.

        Args:
            text: the seed.
            rng_seed: of the turn; if there is none, the pinned one, or one that nobody chose.
        """
        assert self.model is not None
        assert self.vocabulary is not None
        fitted = self.vocabulary.fit(text)
        if fitted.dropped and not fitted.text:
            self.tell(Noticed(f"nothing was sent: {fitted.notice}", error=True))
            return None
        before = self._read() if self.continues else array("H")
        if rng_seed is None:
            rng_seed = new_rng_seed() if self.controls.pin is None else self.controls.pin
        self.leave()
        self.controls = self.controls.with_settings(rng_seed=rng_seed)
        author = Author(self.model, self.vocabulary, fitted.text, before)
        turn = Turn(rng_seed, [Reply(author)], self.clock())
        self.undone = []
        self.turns.append(turn)
        self.controls = begun(replace(self.controls, length=self.reply_length), 0)
        self.tell(TurnStarted(turn))
        if notice := fitted.but(self._rewritten).notice:  # each rewriting once
            self.tell(Noticed(notice))
        self._rewritten.update(fitted.rewritten)
        return turn

    def show_turn(self, turn: Turn) -> None:
        """Add a turn that has its text."""
        self.turns.append(turn)
        self.tell(TurnStarted(turn))
        if len(turn.tape):
            self.tell(TextAdded(turn.text()))

    def _read(self) -> "array[int]":
        """Return the conversation so far, without the prefix, as the model in use reads it."""
        turn, vocabulary = self.turn, self.vocabulary
        if turn is None or vocabulary is None or not self.is_at_hand(turn):
            return array("H")
        read = turn.prefix[1:]
        read.extend(turn.tape.ids())
        if turn.vocabulary.symbols == vocabulary.symbols:
            return read
        text = vocabulary.fit(turn.vocabulary.decode(read)).text
        return array("H", vocabulary.encode(text))

    # What is in force.

    def change(self, controls: Controls) -> None:
        """Put new controls in force, from the next character that is shown."""
        if controls == self.controls:
            return
        self.controls = controls
        if self.state is Phase.STREAMING and self.turn is not None:
            self.draw(self.turn, controls)
        self.tell(StateChanged())

    def set_temperature(self, temperature: float) -> None:
        """Put a temperature in force; a schedule that is running ends.

        Raises:
            SettingsError: it is none.
        """
        self.change(self.controls.with_settings(temperature=temperature, moving=""))

    def lengthen(self, turn: Turn, again: bool = False) -> None:
        """Extend the target length by one reply once it is reached (always, if `again`)."""
        done = turn.reply.next_number
        if again:
            self.controls = begun(self.controls, done)
        if again or 0 < self.controls.length <= done:
            length = self.reply_length and done + self.reply_length
            self.controls = replace(self.controls, length=length)

    # What is happening.

    def draw(self, turn: Turn, controls: Controls) -> None:
        """Ask the engine for what follows all that is shown of a turn."""
        self.number += 1
        request, self.asked = self.mode.request(turn, self.number, controls)
        self.ask(request)

    def halt(self) -> None:
        """Make the engine idle, and take nothing that is on its way."""
        self.number += 1
        self.mode.halted()
        self.ask(RestRequested())

    def stop(self) -> None:
        """Stop the reply here; what there is of it stays."""
        if self.busy or self.state is Phase.DREAMING:
            self.halt()
            self.rest()

    def rest(self) -> None:
        """Idle: nothing streams, dreams or plays any more."""
        self.mode.halted()
        self.mode = self.mode.rested()
        self.controls = replace(self.controls, length=self.reply_length)
        self.enter(self.idle)

    def leave(self) -> None:
        """Leave the mode that is on; what there is of its replies stays."""
        self.mode.halted()
        mode, self.mode = self.mode, self.usual
        mode.left()

    def enter(self, state: Phase) -> None:
        """Enter a state, and tell it."""
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
