"""The engine's life under a front end without a screen: one at a time, started and ended here.

Knows nothing of what engines say: it hands that on, with the engine that said it.
"""

from collections.abc import Callable

from charlm_tui.engine.client import Engine
from charlm_tui.engine.protocol import Event
from charlm_tui.lm.errors import CharlmError


class UnusableError(CharlmError):
    """No engine can load a model; the sentence says why."""


class EngineSeat:
    """The place of the engine.

    Args:
        model: path of the model file.
        new_engine: starts an engine, which loads such a file.
        hear: is called with an engine and what it says, on that engine's thread.
    """

    def __init__(
        self,
        model: str,
        new_engine: Callable[[str], Engine],
        hear: Callable[[Engine, Event], None],
    ) -> None:
        self._model = model
        self._new_engine = new_engine
        self._hear = hear
        self.engine: Engine | None = None
        """The one of now; what others say is of no interest any more."""

    def start(self, path: str = "") -> Engine:
        """Start an engine in place of the one of now, with another model if `path` names one."""
        self.close()
        self._model = path or self._model
        engine = self._new_engine(self._model)
        self.engine = engine
        engine.listen(lambda event: self._hear(engine, event))
        return engine

    def close(self) -> None:
        """End the engine, if there is one."""
        if self.engine is not None:
            self.engine.close()
            self.engine = None
