"""What if: one character under other settings, in one table.

Shows what the engine tells, and asks again when the settings have changed. What is
compared, and how far it is apart, the engine knows.
"""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Label, Static

from charlm_tui.engine.insight_protocol import Progressed, WhatIfTold
from charlm_tui.session.commands import COMMANDS
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import InsightGained, StateChanged, Update
from charlm_tui.text import visible
from charlm_tui.tui.hindered import list_edge
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.next_character import name
from charlm_tui.tui.widgets.what_if_table import Comparison, WhatIfTable

GONE = "the engine stopped"
BEFORE = 24  # characters that are shown before the one that is looked at
WORDS = (
    "p: how likely the character is that stands there.\n"
    "entropy: of what is drawn from, in bits.\n"
    "JS: how far that is from now, in bits: 0 is no difference, 1 is nothing in common.\n"
    "KL: extra bits per character if you used this row's distribution; ∞ where the row leaves out "
    "what can be drawn now.\n"
    "own KL: the same of the model's own distributions, where a row reads another context."
)
_TEMPERATURE = Binding.Group("Temp", compact=True)
_CHARACTER = Binding.Group("Character", compact=True)


class WhatIfScreen(Overlay[None]):
    """A table of settings, and what its columns are.

    Args:
        conversation: has the settings in force.
        turn: of the character.
        number: of the character in its reply.
    """

    CSS_PATH = "../what_if.tcss"
    HELP: ClassVar[str] = "what-if"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("now", "the settings that the character would be drawn with now"),
        ("entropy", "how open the choice is, in bits: 0 is certain"),
        ("KL", "extra bits per character if you used this row's distribution"),
        ("JS", "how far apart the two distributions are: 0 is the same, 1 has nothing in common"),
        ("depth", "characters of context that the model reads; carried is all there were"),
    )
    AUTO_FOCUS: ClassVar[str] = "#what-if"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="what-if.leave"),
        Binding("f1", "help", "Help", show=False, id="what-if.help"),
        Binding(
            "left,h", "go(-1)", "Character", key_display="←", group=_CHARACTER,
            id="what-if.before",
        ),
        Binding(
            "right,l", "go(1)", "Character", key_display="→", group=_CHARACTER, id="what-if.next"
        ),
        Binding(
            "minus,underscore,f2", "command('cooler')", "Cooler", key_display="-",
            group=_TEMPERATURE, id="what-if.cooler",
        ),
        Binding(
            "plus,equals_sign,f3", "command('warmer')", "Warmer", key_display="+",
            group=_TEMPERATURE, id="what-if.warmer",
        ),
        Binding("t,ctrl+t", "command('next-preset')", "Preset", show=False, id="what-if.preset"),
    ]  # fmt: skip

    def __init__(self, conversation: Conversation, turn: Turn, number: int) -> None:
        super().__init__()
        self._conversation = conversation
        self._turn = turn
        self._number = number
        self._asked: int | None = None  # number of the question; None if it cannot be asked
        self._settings = conversation.controls.settings

    def compose(self) -> ComposeResult:
        yield Label("", id="what-if-title", markup=False)
        with VerticalScroll(id="what-if"):
            yield WhatIfTable()
            yield Static(WORDS, id="what-if-words", markup=False)
        yield KeysLine(("what-if.cooler", "what-if.before"))

    def on_mount(self) -> None:
        self._ask()

    def _ask(self) -> None:
        """Ask what is asked, under the settings of now."""
        requests = self._conversation.requests
        if self._asked is not None:
            requests.dismiss(self._asked)
        self._settings = self._conversation.controls.settings
        self._asked = requests.what_if(self._turn, self._number, self._settings)
        self._title("")
        self.query_one(WhatIfTable).add_class("-old")

    def _title(self, words: str) -> None:
        turn, number = self._turn, self._number
        before = (turn.seed + turn.text(max(0, number - BEFORE), number))[-BEFORE:]
        here = f"‘{name(turn.text(number, number + 1))}’ after “…{_in_line(before)}”"
        said = f": {words}" if words else ""
        title = f"What if, at character {number + 1:,}, {here}{said}"
        self.query_one("#what-if-title", Label).update(title)

    # What the conversation tells.

    def told(self, update: Update) -> None:
        """Show what the conversation tells."""
        match update:
            case InsightGained(answer=Progressed(number=self._asked, percent=percent)):
                self._title(f"reading, {percent} %")
            case InsightGained(answer=WhatIfTold() as told) if told.number == self._asked:
                self._take(told)
            case StateChanged() if not self._conversation.tree.can_look(self._turn):
                self._asked = None
                self._title(f"{GONE}; press Esc")
                self.refresh_bindings()
            case StateChanged() if self._asked is not None:
                if self._settings != self._conversation.controls.settings:
                    self._ask()

    def _take(self, told: WhatIfTold) -> None:
        self._title(told.sentence)
        if not told.sentence:
            drawn = self._turn.tape.ids(self._number, self._number + 1)[0]
            symbols = self._turn.vocabulary.symbols
            table = self.query_one(WhatIfTable)
            table.comparison = Comparison(symbols, drawn, told.rows)
            table.remove_class("-old")

    # Keys.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now: nothing is asked of an engine that is gone."""
        match action, parameters:
            case "go" | "command", _ if self._asked is None:
                return GONE
            case "go", (int() as steps,):
                return list_edge(steps, self._number, len(self._turn.tape))
            case "command", (str() as command,):
                return COMMANDS[command].obstacle(self._conversation)
        return ""

    def action_leave(self) -> None:
        """Leave; the engine forgets the question."""
        if self._asked is not None:
            self._conversation.requests.dismiss(self._asked)
        self.dismiss(None)

    def action_command(self, command: str) -> None:
        """Run a command of the session."""
        COMMANDS[command].run(self._conversation, "")

    def action_go(self, by: int) -> None:
        """Look at the character before or after."""
        self._number += by
        self._ask()


def _in_line(text: str) -> str:
    return visible(text, "⏎")
