"""The models of a conversation while they are loaded: what waits for one, what comes back if not.

Owns what begins as soon as a model is ready, which model comes back if another is refused, and what
was at the path of the one in use. Knows no reply.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from charlm_tui.engine.model_info import replaced
from charlm_tui.engine.protocol import (
    EngineDied,
    LoadBesideRequested,
    LoadedBeside,
    LoadFailed,
    ModelLoaded,
    ReloadRequested,
)
from charlm_tui.errors import CharlmError
from charlm_tui.session.following import Following
from charlm_tui.session.stage import Stage
from charlm_tui.session.updates import (
    EngineNeeded,
    Noticed,
    Phase,
    SeedReturned,
    SeedWaiting,
    Unusable,
)

KEPT = "the previous model is kept"  # where another cannot be loaded


class _Waiting(NamedTuple):
    """What begins as soon as a model is ready."""

    seed: str
    begin: Callable[[], object]


class Loading:
    """What happens when a model is wanted, is ready, or is refused.

    Args:
        stage: of the conversation.
        loaded: is called when a model was loaded, before anything begins.
    """

    def __init__(self, stage: Stage, loaded: Callable[[], None]) -> None:
        self._stage = stage
        self._tell_loaded = loaded
        self.follows = False
        """Whether a model file that was replaced is loaded before the next reply begins."""
        self._following = Following()
        self._waiting: _Waiting | None = None
        self._fallback = ""  # path of the model that comes back if another cannot be loaded
        self._beside: tuple[str, ...] = ()  # sha256 of those that were loaded beside it last

    @property
    def waits(self) -> bool:
        """Whether something begins as soon as a model is ready."""
        return self._waiting is not None

    def wait(self, seed: str | None, begin: Callable[[], object]) -> None:
        """Have something begin as soon as a model is ready.

        Args:
            seed: of the reply, to be shown meanwhile, if it is to be.
            begin: begins it.
        """
        self._waiting = _Waiting(seed or "", begin)
        if seed is not None:
            self._stage.tell(SeedWaiting(seed))

    def begin(self, act: Callable[[], bool], seed: str = "") -> bool:
        """Do what begins a reply: if the model file was replaced, once the new one is loaded.

        Args:
            act: begins it, and returns whether it has.
            seed: of the reply, to be shown meanwhile.

        Returns:
            what it returns, or that it waits.
        """
        it = self._stage
        if it.model is None or not self.follows:
            return act()
        look = self._following.look(it.model)
        if look.notice:
            it.tell(Noticed(look.notice))
        if not look.replaced:
            return act()
        self._load_first(seed, act)
        it.ask(ReloadRequested(it.model.path))
        return True

    def beside(self, paths: Sequence[str], act: Callable[[Sequence[str]], object]) -> None:
        """Load other model files beside the one in use; if one is refused, nothing else happens.

        Args:
            paths: of the files.
            act: is called with the sha256 of each.
        """

        def begin() -> None:
            shas, self._beside = self._beside, ()
            if shas:  # it is empty if the engine was replaced meanwhile
                act(shas)

        self._load_first(None, begin)
        self._stage.ask(LoadBesideRequested(tuple(paths)))

    def _load_first(self, seed: str | None, begin: Callable[[], object]) -> None:
        self._stage.stop()
        self.rest_as(Phase.LOADING)
        self._beside = ()
        self.wait(seed, begin)

    def use(self, path: str) -> None:
        """Switch to another model; if it cannot be loaded the current one stays."""
        it = self._stage
        if it.model is not None:
            self._fallback = it.model.path
        it.stop()
        it.tell(EngineNeeded(path))

    def rest_as(self, state: Phase) -> None:
        """Take note of how the engine is; a recorded reply plays on without it."""
        self._stage.idle = state
        self._stage.enter(self._stage.state if self._stage.mode.plays else state)

    # What the engine says.

    def loaded(self, event: ModelLoaded) -> None:
        """Use a model that was loaded, and begin what waits for it."""
        it = self._stage
        self._fallback = ""
        self._following.loaded(event)
        if it.model is not None:
            if event.sha256 != it.model.sha256:
                it.tell(Noticed(replaced(event)))
        elif it.turns and it.turns[-1].model.sha256 != event.sha256:
            it.tell(
                Noticed(
                    f"switched to {event.name}; replies by the previous model cannot be continued"
                )
            )
        it.use(event)
        self._tell_loaded()
        self._go_on()

    def loaded_beside(self, event: LoadedBeside) -> None:
        """Take note of models that were loaded beside the one in use, or why they were not."""
        it = self._stage
        if event.sentence:
            self._waiting = None
            self.rest_as(Phase.IDLE)
            it.tell(Noticed(event.sentence, error=True))
            return
        it.add(event.models, event.at_hand)
        self._beside = tuple(each.sha256 for each in event.models)
        self._go_on()

    def refused(self, event: LoadFailed) -> None:
        """Use the model from before, if there is one; say why it was not another."""
        self._not_loaded(event.sentence)

    def died(self, event: EngineDied) -> None:
        """Have another engine started, unless this one died of its model."""
        it = self._stage
        if it.model is None:  # one that dies while it loads is not started again by itself
            self._not_loaded(f"the engine could not load the model: {event.reason}")
            return
        kept = "your conversation is safe; restarting the engine"
        it.tell(Noticed(f"the engine died ({event.reason}); {kept}", error=True))
        it.rest()
        it.tell(EngineNeeded())

    def _not_loaded(self, sentence: str) -> None:
        it = self._stage
        if it.model is not None:
            it.tell(Noticed(f"{sentence}; {KEPT}"))
            self._go_on()
        elif self._fallback:
            path, self._fallback = self._fallback, ""
            it.tell(Noticed(f"{sentence}; {KEPT}", error=True))
            it.tell(EngineNeeded(path))
        elif it.turns:
            waiting, self._waiting = self._waiting, None
            if waiting is not None and waiting.seed:
                it.tell(SeedReturned(waiting.seed))
            it.tell(Noticed(f"{sentence}; your conversation is safe; Enter tries again", True))
            self.rest_as(Phase.DOWN)
        else:
            it.tell(Unusable(sentence))

    def _go_on(self) -> None:
        """Begin what waits for a model, if there is anything."""
        self.rest_as(Phase.IDLE)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            try:
                waiting.begin()
            except CharlmError as error:
                self._stage.tell(Noticed(str(error), error=True))
