"""What lies over the studio: questions and screens, and what comes of their answers.

Owns how a command's argument, a value, a file or temperatures are asked for, and what is opened by
name. Each screen is imported when it is opened.
"""

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

from charlm_tui.controls.controls import PRESETS, new_rng_seed
from charlm_tui.errors import CharlmError
from charlm_tui.files import at_home
from charlm_tui.reply.tints import Tint
from charlm_tui.session.arguments import (
    character,
    name_of_model,
    place_of_model,
    turned,
    use_model,
)
from charlm_tui.session.commands import Command
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.handover import ExistsError, new_name, save
from charlm_tui.session.knobs import KNOBS
from charlm_tui.session.ladder import Temperatures, lanes_typed
from charlm_tui.session.turns import Turn
from charlm_tui.session.typed import run_line
from charlm_tui.session.updates import Noticed
from charlm_tui.text import capitalised
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.view import ConversationView

if TYPE_CHECKING:
    from charlm_tui.engine.protocol import ModelLoaded
    from charlm_tui.session.game import Wanted
    from charlm_tui.tui.entry import Entry
    from charlm_tui.tui.tour import Tour

KNOBS_BY_ID = {knob.id: knob for knob in KNOBS}


class Dialogs:
    """Asks, and opens screens.

    Args:
        app: that screens are pushed to.
        conversation: that commands are run on.
        view: of its text: has the selected character.
        setup: has the keys that help shows.
        tell: is told why something could not be done.
    """

    def __init__(
        self,
        app: App[Any],
        conversation: Conversation,
        view: ConversationView,
        setup: Setup,
        tell: Callable[[Noticed], None],
    ) -> None:
        self._app = app
        self._conversation = conversation
        self._view = view
        self._setup = setup
        self._tell = tell
        self.entry: Entry | None = None
        """What is typed into the prompt, once that is there."""
        self.corpus = setup.corpus
        """That seeds and the passages of games can be drawn from, if there is one."""
        self._tour: Tour | None = None

    def open(self, what: str, *arguments: str) -> None:
        """Open a question or a screen by its name; say why if it cannot be done.

        Args:
            what: the name of a method.
            arguments: what was typed behind a command.

        Raises:
            CharlmError: not with such arguments.
        """
        act = getattr(self, what)
        if arguments:
            act(*arguments)
        else:
            self.attempt(act)

    @property
    def _typed(self) -> "Entry":
        assert self.entry is not None
        return self.entry

    def attempt(self, act: Callable[[], object]) -> None:
        """Do something, and show the sentence if it cannot be done."""
        try:
            act()
        except CharlmError as error:
            self._tell(Noticed(capitalised(str(error)), error=True))

    def _ask(self, question: str, answer: Callable[[str], object], value: str = "") -> None:
        from charlm_tui.tui.screens.ask import ask

        ask(self._app, question, answer, value)

    # Commands and values.

    def run(self, command: Command) -> None:
        """Run a command, or ask for what it needs first."""
        if not command.argument:
            self.attempt(partial(command.run, self._conversation, ""))
        elif command.id in KNOBS_BY_ID:
            self.value(command.id)
        elif command.id == "save":
            self._save(command)
        elif command.id == "model":
            self.models()
        else:
            self._ask(f"{command.title}. {command.help}", partial(command.run, self._conversation))

    def _save(self, command: Command) -> None:
        """Ask where to save the reply; the same place a second time replaces what is there."""
        from charlm_tui.tui.screens.ask import ask
        from charlm_tui.tui.widgets.command_menu import SuggestCommand

        refused: list[str] = []

        def answer(place: str) -> None:
            try:
                save(self._conversation, place, replaces=place in refused)
            except ExistsError:
                refused.append(place)
                raise ExistsError(f"{place} exists; Enter again replaces it") from None

        question = f"{command.title}. {command.help}"
        name = new_name(self._conversation)
        ask(self._app, question, answer, name, suggester=SuggestCommand("save "))

    def models(self) -> None:
        """Pick the model that replies from here on, or type its path."""
        from charlm_tui.session.models import listed_models
        from charlm_tui.tui.screens.models import ModelsScreen

        it = self._conversation

        def take(typed: str | None) -> None:
            if typed:
                self.attempt(lambda: use_model(it, typed))

        in_use = "" if it.model is None else it.model.path
        self._app.push_screen(ModelsScreen(list(listed_models()), in_use), take)

    def command_line(self) -> None:
        """Ask for a command, as it is typed in the REPL."""
        from charlm_tui.tui.screens.ask import ask
        from charlm_tui.tui.widgets.command_menu import SuggestCommand

        visit = self._conversation.visit
        suggester = SuggestCommand(models=visit.models if visit is not None else None)
        question = "A command, such as temp 0.7; → takes what is suggested."
        ask(self._app, question, partial(run_line, self._conversation), suggester=suggester)

    def value(self, knob: str) -> None:
        """Ask for the value of a knob."""
        chosen = KNOBS_BY_ID[knob]
        words = f"{chosen.row.title}. {chosen.row.help}"
        value = chosen.offered(self._conversation)
        self._ask(words, partial(chosen.type, self._conversation), value)

    def turn(self, knob: str, steps: int) -> None:
        """Turn a knob, or the row of turns, which is none; say so if it goes no further."""
        chosen, it = KNOBS_BY_ID.get(knob), self._conversation
        if chosen is None:
            turned(it)
            return
        before = chosen.shown(it)
        chosen.turn(it, steps)
        if chosen.shown(it) == before:
            self._app.notify(f"{chosen.row.title}: {before}, as far as it goes.")

    # Seeds.

    def seed_file(self) -> None:
        """Ask for a file, and put its text into the prompt."""
        from charlm_tui.session.seeds import read_seed

        def answer(path: str) -> None:
            self._typed.offer(read_seed(at_home(Path(path.strip()))))

        self._ask("A text file, whose text is to be the seed.", answer)

    def corpus_seed(self) -> None:
        """Put a passage of the corpus into the prompt, as long as the model's window."""
        from charlm_tui.session.seeds import passage

        model = self._conversation.model
        if model is not None and self.corpus is not None:
            rng = random.Random(new_rng_seed())
            self._typed.offer(passage(self.corpus, model.window, rng))

    def editor(self) -> None:
        """Have the prompt's text edited in the person's own editor.

        Raises:
            CommandError: it cannot be.
        """
        from charlm_tui.tui.editor import edited

        self._typed.prompt.offer(edited(self._app, self._typed.prompt.text))
        self._typed.prompt.focus()

    # Screens.

    def ladder(self, typed: str = "") -> None:
        """Begin a ladder of the temperatures or models that were typed, else of the notebook's.

        Raises:
            CharlmError: they are none, too few or too many.
        """
        lanes = lanes_typed(typed) if typed else Temperatures(PRESETS)
        ladder, loading = self._conversation.ladder, self._conversation.loading
        if isinstance(lanes, Temperatures):
            loading.begin(lambda: self._climb(lambda seed: ladder.climb(seed, lanes.of)))
        else:
            loading.beside(
                [place_of_model(self._conversation, each) for each in lanes.names],
                lambda models: self._climb(lambda seed: ladder.climb_models(seed, models)),
            )

    def _climb(self, begin: Callable[[str], bool]) -> bool:
        """Begin a ladder on what stands in the prompt, which is empty then; else on the last seed.

        Args:
            begin: is called with the seed, and returns whether it has begun.

        Raises:
            CharlmError: there are too few or too many lanes, or one is none.
        """
        from charlm_tui.tui.screens.ladder import LadderScreen
        from charlm_tui.tui.screens.twin import TwinScreen

        it, prompt = self._conversation, self._typed.prompt

        if self._app.screen is not prompt.screen:  # one that is there already has the lanes
            return False
        seed = prompt.text or (it.turn.seed if it.turn is not None else "")
        if not begin(seed):
            return False
        prompt.clear()
        # Lanes are tinted by what their tapes know.
        tinted = self._view.tinting
        tint = tinted if isinstance(tinted, Tint) else Tint.PLAIN
        screen = TwinScreen if it.ladder.twins else LadderScreen
        self._app.push_screen(screen(it, tint), self._leave_ladder)
        return True

    def twin(self) -> None:
        """Begin a reply with the units held that are, beside one that is left alone."""
        ladder = self._conversation.ladder
        self._conversation.loading.begin(lambda: self._climb(ladder.twin))

    def _leave_ladder(self, _: None) -> None:
        self._view.transcript.focus()
        turn = self._conversation.turn
        if turn is not None and len(turn.replies) > 1:
            lanes = f"The {len(turn.replies)} lanes are siblings"
            self._app.notify(f"{lanes}: [ and ] walk them, u removes them.")

    def own_ladder(self) -> None:
        """Ask for the temperatures of a ladder, and begin it."""
        self._ask("Two to eight temperatures.", self.ladder, " ".join(map(str, PRESETS)))

    def model_ladder(self) -> None:
        """Ask for the models of a ladder, and begin it."""
        import shlex

        there = shlex.quote(name) if (name := name_of_model(self._conversation)) else ""
        question = "Two to eight models, by their names or their paths."
        self._ask(question, self.ladder, f"{there} ")

    def lens(self) -> None:
        """Look at the selected reply, else the last one, through the units of the model."""
        from charlm_tui.tui.screens.lens import LensScreen

        turn, place = self._view.selected or (self._conversation.turn, None)
        if turn is not None:
            self._app.push_screen(LensScreen(self._conversation, turn, place))

    def what_if(self) -> None:
        """Compare settings at the selected character."""
        from charlm_tui.tui.screens.what_if import WhatIfScreen

        if self._view.selected is not None:
            self._app.push_screen(WhatIfScreen(self._conversation, *self._view.selected))

    def reach(self, typed: str = "") -> None:
        """Show how far back the model looks for a character; without one, for the newest."""
        from charlm_tui.tui.screens.reach import ReachScreen

        chosen = self._character(typed)
        turn, _ = chosen or character(self._conversation, "")

        def back(there: int | None) -> None:
            if there is not None:
                self._view.select(turn, there)

        number = chosen[1] if chosen is not None else None
        self._app.push_screen(ReachScreen(self._conversation, turn, number), back)

    def causes(self, typed: str = "") -> None:
        """Rank the units by what they cause at a character; without one, at the last."""
        from charlm_tui.tui.screens.lens import LensScreen

        turn, number = self._character(typed) or character(self._conversation, "")
        self._app.push_screen(LensScreen(self._conversation, turn, number, causes=True))

    def against(self, typed: str = "") -> None:
        """Compare how two models predict the selected reply, else the last; without one, a text.

        Raises:
            CharlmError: what was typed can be no model, or is that of the reply.
        """
        from charlm_tui.session.against import with_other
        from charlm_tui.tui.screens.against import AgainstScreen

        it, prompt = self._conversation, self._typed.prompt
        turn, number = self._view.selected or (it.turn, None)
        own = it.model if turn is None else turn.model
        assert own is not None

        def back(there: int | None) -> None:
            if there is not None and turn is not None:
                self._view.select(turn, there)

        def begin(other: "ModelLoaded") -> None:
            if self._app.screen is prompt.screen:  # no other screen was opened meanwhile
                screen = AgainstScreen(it, own, other, turn, number)
                self._app.push_screen(screen, back)
                if turn is None:
                    self._app.call_later(screen.action_text)

        with_other(it, own, typed, begin)

    def _character(self, typed: str) -> tuple[Turn, int] | None:
        """Return the character of a reply that was typed, else the selected one; None if neither.

        Raises:
            CommandError: there is none such as was typed.
        """
        if typed:
            return character(self._conversation, typed)
        selected = self._view.selected
        if selected is None or selected[1] >= len(selected[0].tape):
            return None
        return selected

    def game(self, typed: str = "") -> None:
        """Play Shannon's game: that of the number that was typed, else a new one.

        Raises:
            CommandError: it is no number.
        """
        from charlm_tui.session.game import Wanted, number_typed

        temperature = self._conversation.temperature.now
        self.play(Wanted(number_typed(typed), temperature=temperature))

    def quiz(self, typed: str = "") -> None:
        """Ask corpus or model: the quiz of the number that was typed, else a new one.

        Raises:
            CommandError: it is no number.
        """
        from charlm_tui.session.game import Wanted, number_typed

        temperature = self._conversation.temperature.now
        self.play(Wanted(number_typed(typed), temperature=temperature, quiz=True))

    def play(self, wanted: "Wanted") -> None:
        """Open a game."""
        from charlm_tui.tui.screens.game import GameScreen
        from charlm_tui.tui.screens.quiz import QuizScreen

        screen = QuizScreen if wanted.quiz else GameScreen
        self._app.push_screen(screen(self._conversation, wanted, self.corpus))

    def recall(self) -> None:
        """Search in what was typed; offer it as it was typed."""
        from charlm_tui.tui.screens.recall import RecallScreen

        prompt = self._typed.prompt

        def take(text: str | None) -> None:
            if text is not None:
                prompt.offer(text)
                prompt.focus()

        self._app.push_screen(RecallScreen(prompt.prompts), take)

    def find(self, part: str = "") -> None:
        """Find words in the text."""
        from charlm_tui.tui.widgets.find_line import FindLine

        screen = self._view.transcript.screen
        for line in screen.query(FindLine):  # one that is open already
            line.remove()
        screen.mount(FindLine(self._view.transcript, part), before="Status")

    def tour(self, typed: str = "") -> None:
        """Perform the next step of the guided tour, or the one that was typed.

        Raises:
            SettingsError: there is no such step.
        """
        from charlm_tui.tui.screens.studio import StudioScreen
        from charlm_tui.tui.tour import Tour, step_typed

        if self._tour is None:
            studio = self._view.transcript.screen
            assert isinstance(studio, StudioScreen)
            it, keymap = self._conversation, self._setup.keymap
            self._tour = Tour(studio, it, self._view, keymap, self.attempt)
        if not typed:
            self._tour.go()
        elif (number := step_typed(typed)) is None:
            self._tour.end()
        else:
            self._tour.to(number)

    def help(self) -> None:
        """Show every key."""
        from charlm_tui.tui.screens.help import HelpScreen, help_sections

        sections = help_sections({})
        if self._setup.keymap:
            from charlm_tui.tui.catalog import bindings  # all the app: only where it is needed

            sections = help_sections(self._setup.keymap, bindings())
        self._app.push_screen(HelpScreen(sections))
