"""The Textual app: it starts the engine, and hands what it says to the conversation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.command import CommandPalette
from textual.events import Event as Event_
from textual.events import Key, Paste
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.protocol import Event
from charlm_tui.errors import CharlmError
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.updates import (
    EngineNeeded,
    Noticed,
    QuitWanted,
    Unusable,
    Update,
    ViewWanted,
)
from charlm_tui.text import visible
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.screens.studio import StudioScreen
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.terminal_app import TerminalApp
from charlm_tui.tui.typeahead import TypeAhead
from charlm_tui.tui.widgets.saying_line import SAID_S
from charlm_tui.tui.widgets.status import Status

if TYPE_CHECKING:  # neither an engine nor SQLite is needed before the first paint
    from charlm_tui.engine.client import Engine, EngineHost
    from charlm_tui.history.recorder import Keeper
    from charlm_tui.history.store import Store
    from charlm_tui.reply.tape_file import Recording
    from charlm_tui.tui.screens.game_table import GameEnded, PastWanted
    from charlm_tui.tui.screens.history import Chosen

SCREENSHOT = "Screenshot"  # Textual's title of what writes a file


@dataclass
class EngineSpoke(Message):
    """The engine has said something; posted from the thread that reads its pipe."""

    engine: "Engine"
    event: Event


@dataclass
class HistoryAnswered(Message):
    """What was asked of the history has an answer; posted from the thread that looks into it."""

    answer: Callable[[], None]


@dataclass
class HistoryTold(Message):
    """Nothing more can be kept, or the file is another; posted from the thread that writes."""

    sentence: str


class CharlmApp(TerminalApp):
    """A terminal studio for one model.

    Args:
        model: path of the model file.
        new_engine: starts one, which loads such a file; and another, if that one dies.
        controls: at the start.
        seed: is sent at once, unless it is None.
        setup: looks, keys and files.
        ladder: models that reply to the seed side by side, if there are any.
    """

    CSS_PATH = "charlm.tcss"

    def __init__(
        self,
        model: str,
        new_engine: "Callable[[str], Engine]",
        controls: Controls,
        seed: str | None = None,
        setup: Setup | None = None,
        ladder: Sequence[Path] = (),
    ) -> None:
        self.setup = setup or Setup()
        super().__init__(self.setup.theme, self.setup.keymap, self.setup.themes)
        if not self.setup.animated:
            self.animation_level = "none"
        self._model = model
        self._new_engine = new_engine
        self._host: EngineHost | None = None  # once a screen is there
        self._seed = seed
        self._ladder = ladder
        self.conversation = Conversation(controls, self._show)
        self.conversation.continues = self.setup.continues
        self.conversation.loading.follows = self.setup.follows
        self.conversation.visit = self.setup.visit
        self._replay = self.setup.replay  # until there is a model to compare it with
        self._keeper: Keeper | None = None
        self._typed = TypeAhead(self, super().on_event, self._takes_keys)
        self._studio = StudioScreen(self.conversation, self.setup)

    def get_default_screen(self) -> Screen[None]:
        return self._studio

    def _keep_theme(self, name: str) -> None:
        """Keep a theme that was chosen, without waiting for the disk."""

        def keep() -> None:
            try:
                self.setup.keep_theme(name)
            except CharlmError as error:
                sentence = f"{error}"
                self.answer(lambda: self._studio.show(Noticed(sentence, error=True)))

        self.run_worker(keep, thread=True, group="theme", exclusive=True)

    async def on_event(self, event: Event_) -> None:
        """Queue keys, so that each acts on the screen that the one before it has left."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            await self._typed.add(event, self.screen if self._studio.furnished else self._studio)
        elif not isinstance(event, Key) or self._typed.is_for(self.screen):
            await super().on_event(event)

    def _takes_keys(self) -> bool:
        if not self._studio.furnished:
            return False
        return not isinstance(self.screen, Overlay) or self.screen.present

    async def on_studio_screen_furnished(self) -> None:
        """Let what was typed meanwhile act now."""
        await self._typed.go_on()

    async def on_overlay_composed(self) -> None:
        """Let what was typed meanwhile act now."""
        await self._typed.go_on()

    def on_studio_screen_painted(self) -> None:
        """Start the engine, now that a screen is there: side by side both would take longer."""
        for fault in self.setup.faults:
            self._studio.show(Noticed(fault, error=True))
        if self.setup.history is not None:
            self._begin_history(self.setup.history)
        from charlm_tui.engine.client import EngineHost

        def hear(engine: "Engine", event: Event) -> None:
            self.post_message(EngineSpoke(engine, event))

        self._host = EngineHost(self._model, self._new_engine, hear)
        self._start_engine()
        if self.setup.game is not None:
            game = self.setup.game
            self.conversation.loading.wait(None, lambda: self._studio.open_game(game))
        elif self._ladder:
            self.conversation.loading.wait(None, self._begin_ladder)
        elif self._seed is not None:
            self.conversation.send(self._seed)

    def _begin_ladder(self) -> None:
        import shlex

        self._studio.entry.offer(self._seed or "")
        self._studio.show(ViewWanted("ladder", shlex.join(map(str, self._ladder))))

    def on_studio_screen_typed(self, message: StudioScreen.Typed) -> None:
        if self._keeper is not None:
            self._keeper.prompt(message.text)

    def on_studio_screen_history_wanted(self) -> None:
        """Open the history, and bring the chosen reply back into the conversation."""
        if self.setup.history is None:
            return
        from charlm_tui.history.lookup import Lookup
        from charlm_tui.tui.screens.history import Chosen, HistoryScreen

        lookup = Lookup(self.setup.history, self.answer)

        def take(chosen: Chosen | None) -> None:
            if chosen is not None:
                lookup.ask(
                    lambda store: _found(store, chosen),
                    lambda found: self._bring_back(chosen, *found),
                    lambda sentence: self._studio.show(Noticed(sentence, error=True)),
                )
            lookup.close()

        self.push_screen(HistoryScreen(lookup), take)

    def on_game_ended(self, message: "GameEnded") -> None:
        """Keep the result of a game."""
        if self._keeper is not None:
            self._keeper.game(message.line, message.facts)

    def on_past_wanted(self, message: "PastWanted") -> None:
        """Look up the games that were played, and hand their lines on."""
        if self.setup.history is None or not self.setup.history.exists():
            return
        from charlm_tui.history.games import games
        from charlm_tui.history.lookup import Lookup

        lookup = Lookup(self.setup.history, self.answer)
        lookup.ask(
            lambda store: [game.line for game in games(store, message.most)],
            message.then,
            lambda _: None,  # of what is wrong with the file the writer tells
        )
        lookup.close()

    def answer(self, answer: Callable[[], None]) -> None:
        """Call something on the app's own thread; may be called on any."""
        self.post_message(HistoryAnswered(answer))

    def on_history_answered(self, message: HistoryAnswered) -> None:
        message.answer()

    def _bring_back(self, chosen: "Chosen", recording: "Recording", before: int) -> None:
        """Show a reply that was found, as it was chosen.

        Args:
            chosen: which one, and what for.
            recording: of it.
            before: characters of the conversation that were read before its seed.
        """
        it = self.conversation
        try:
            if chosen.way == "play":
                turn = it.playing.play(recording, conversation=before)
            else:
                turn = it.playing.open(recording, before)
        except CharlmError as error:
            self._studio.show(Noticed(f"{error}", error=True))
            return
        if self._keeper is not None:
            self._keeper.adopt(turn.reply, chosen.reply, len(recording.tape))
        if chosen.way == "branch":
            self._studio.select_last()

    def _begin_history(self, path: Path) -> None:
        from charlm_tui.history.recorder import Keeper, past_prompts

        def report(sentence: str) -> None:
            self.post_message(HistoryTold(sentence))

        def load() -> None:
            found = past_prompts(path)
            self.answer(lambda: self._studio.entry.load_prompts(found))

        self._keeper = Keeper(path, self.conversation, report)
        self.run_worker(load, thread=True, group="prompts")

    def on_history_told(self, message: HistoryTold) -> None:
        self._studio.show(Noticed(message.sentence, error=True))
        if self._keeper is not None:
            self._keeper.look()

    def on_unmount(self) -> None:
        self.close()

    def save(self) -> None:
        """Wait until the history has written all that it was handed, off the event loop."""
        keeper = self._keeper
        if keeper is not None:
            keeper.flush()

    def close(self) -> None:
        """Write what is still to be kept, and end the engine."""
        keeper, self._keeper = self._keeper, None
        try:
            if keeper is not None:
                keeper.close()
        finally:
            if self._host is not None:
                self._host.close()

    def on_engine_spoke(self, message: EngineSpoke) -> None:
        if self._host is not None and message.engine is self._host.engine:
            self.conversation.receive(message.event)
            if self._replay is not None and self.conversation.model is not None:
                recording, self._replay = self._replay, None
                try:
                    self.conversation.playing.play(recording, self.setup.at_once)
                except CharlmError as error:
                    self._studio.show(Noticed(f"{error}", error=True))

    # What leaves for the terminal but the screen.

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002  (nobody here writes any; a text may have brackets)
    ) -> None:
        """Show some words for a while; what they quote is text, and moves nothing.

        In the status line, which has nothing below it; on another screen where that says things;
        over the palette as a note of Textual's, one at a time.
        """
        if self.screen is self._studio:
            style = "bold" if severity == "information" else "bold reverse"
            self._studio.query_one(Status).say(message, style, timeout or SAID_S)
            return
        if isinstance(self.screen, Overlay) and not isinstance(self.screen, CommandPalette):
            self.screen.say(message)
            return
        self.clear_notifications()
        super().notify(
            visible(message),
            title=visible(title, ""),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    def action_command_palette(self) -> None:
        """Offer every command by its name."""
        from charlm_tui.tui.screens.palette import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Offer every theme by its name."""
        from charlm_tui.tui.screens.palette import ThemePalette

        self.push_screen(ThemePalette(self._keep_theme))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Offer the session's commands in the palette, beside Textual's own."""
        if screen is self._studio:
            for command in COMMANDS.values():
                if not command.obstacle(self.conversation):
                    yield SystemCommand(
                        command.title,
                        command.help,
                        lambda command=command: self._studio.action_command(command.id),
                    )
            for act in ACTS:
                if not act.obstacle(self._studio.situation):
                    yield SystemCommand(
                        act.title,
                        act.help,
                        lambda action=act.action: self.call_later(self._studio.run_action, action),
                    )
        for each in super().get_system_commands(screen):
            if self.setup.visit is None or each.title != SCREENSHOT:
                yield each

    def _start_engine(self, path: str = "") -> None:
        """Start an engine in place of the current one, with another model if `path` names one."""
        assert self._host is not None
        self.conversation.attach(self._host.start(path).send)

    def _show(self, update: Update) -> None:
        if self._keeper is not None:
            self._keeper.take(update)
        match update:
            case EngineNeeded(path=path):
                self._start_engine(path)
            case QuitWanted():
                self.exit()
            case Unusable(sentence=sentence):
                self.failure = sentence
                self.exit(return_code=1)
            case _:
                self._studio.show(update)


def _found(store: "Store", chosen: "Chosen") -> "tuple[Recording, int]":
    """Return a reply, and how many characters of its conversation were read before its seed."""
    return store.recording(chosen.reply), len(store.origin(chosen.reply).before)
