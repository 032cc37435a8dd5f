"""The Textual app: it owns the engine's life, and hands what it says to the conversation."""

import asyncio
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from textual.app import App, SystemCommand
from textual.message import Message
from textual.screen import Screen

from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.controls import Controls
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.engine import Engine
from charlm_tui.session.messages import Event
from charlm_tui.session.updates import EngineNeeded, QuitWanted, Unusable, Update
from charlm_tui.tui.keys import ACTS
from charlm_tui.tui.screens.studio import StudioScreen


@dataclass
class EngineSpoke(Message):
    """The engine has said something; posted from the thread that reads its pipe."""

    engine: Engine
    event: Event


class CharlmApp(App[None]):
    """A terminal studio for one model.

    Args:
        model: path of the model file.
        new_engine: starts one, which loads such a file; and another, if that one dies.
        controls: at the start.
        seed: is sent at once, unless it is None.
        corpus: file that seeds can be drawn from; None is what Keras has downloaded, if it has.
    """

    CSS_PATH = "charlm.tcss"
    TITLE = "charlm-tui"

    def __init__(
        self,
        model: str,
        new_engine: Callable[[str], Engine],
        controls: Controls,
        seed: str | None = None,
        corpus: Path | None = None,
    ) -> None:
        super().__init__()
        self.engine: Engine | None = None
        self._model = model
        self._new_engine = new_engine
        self._seed = seed
        self.conversation = Conversation(controls, self._show)
        self._studio = StudioScreen(self.conversation, corpus)
        self.failure = ""
        """Why the app ended by itself: one sentence, or nothing."""

    def get_default_screen(self) -> Screen[None]:
        return self._studio

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            try:
                loop.add_signal_handler(number, self.exit, None, 128 + number)
            except (RuntimeError, ValueError):  # not the main thread: tests of others, say
                break

    def on_studio_screen_painted(self) -> None:
        """Start the engine, now that a screen is there: side by side both would take longer."""
        self._listen_to(self._new_engine(self._model))
        if self._seed is not None:
            self.conversation.send(self._seed)

    def on_unmount(self) -> None:
        self.close_engine()

    def close_engine(self) -> None:
        """End the engine's process, if there is one."""
        if self.engine is not None:
            self.engine.close()

    def on_engine_spoke(self, message: EngineSpoke) -> None:
        if message.engine is self.engine:
            self.conversation.receive(message.event)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer the session's commands in the palette, beside Textual's own."""
        if screen is self._studio:
            for command in COMMANDS.values():
                if command.available(self.conversation):
                    yield SystemCommand(
                        command.title,
                        command.help,
                        lambda command=command: self._studio.run_command(command),
                    )
            for act in ACTS:
                name = act.action.partition("(")[0]
                if self._studio.check_action(name, ()):
                    yield SystemCommand(
                        act.title,
                        act.help,
                        lambda action=act.action: self.call_later(self._studio.run_action, action),
                    )
        yield from super().get_system_commands(screen)

    def _listen_to(self, engine: Engine) -> None:
        self.engine = engine

        def receive(event: Event) -> None:
            self.post_message(EngineSpoke(engine, event))

        engine.listen(receive)
        self.conversation.attach(engine.send)

    def _show(self, update: Update) -> None:
        match update:
            case EngineNeeded(path=path):
                self.close_engine()
                self._model = path or self._model
                self._listen_to(self._new_engine(self._model))
            case QuitWanted():
                self.exit()
            case Unusable(sentence=sentence):
                self.failure = sentence
                self.exit(return_code=1)
            case _:
                self._studio.show(update)
