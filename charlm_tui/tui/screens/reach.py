"""The reach of memory: how far back the model looks for one character, and what matters to it.

Shows what the engine tells, and asks again when another character is looked at. What a reach is,
and how far a prediction moves, the engine knows.
"""

from array import array
from dataclasses import dataclass, field
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.events import Resize
from textual.widgets import Label, Static

from charlm_tui.engine.insight_protocol import InfluenceTold, Progressed, ReachTold, SettlingTold
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.requests import SettlingAsked
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import InsightGained, StateChanged, Update
from charlm_tui.text import visible
from charlm_tui.tui.document import word_from
from charlm_tui.tui.hindered import FIRST, LAST, list_edge
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.next_character import name
from charlm_tui.tui.widgets.reach_strip import Look, ReachStrip, settled_words
from charlm_tui.tui.widgets.reach_text import LONGEST, Marked, ReachText

GONE = "the engine stopped"
BEFORE = 24  # characters that the title has before the one that is looked at
FOLLOW_S = 0.1  # between two questions about the newest character, while it is followed
MOST_FARTHEST = 10  # reaches of a reply that can be jumped to
LOW, TINY = 30, 18  # lines of the screen below which the text has few lines, and none
WORDS = (
    "read at all (reach): after how many of the last characters it settles; from there on its "
    "surprisal stays within 0.1 bit, whatever else was read.\n"
    "matters (influence): bits that the whole prediction moves (KL) if another character had stood "
    "there: a space (a newline for a space), or every other symbol in the mean."
)
_ASKING = ("go", "go_word", "newest", "every", "farther", "farthest")
_CHARACTER = Binding.Group("Character", compact=True)
_WORD = Binding.Group("Word", compact=True)
_FAR = Binding.Group("Farthest", compact=True)
_LEAST_WANTED = ("reach.word", "reach.every", "reach.farther", "reach.before")


@dataclass(slots=True)
class Farthest:
    """The farthest reaches of a reply, once they are told."""

    asked: SettlingAsked | None = None
    """Of what they are asked; None before anybody wants them."""
    reaches: list[tuple[int, int]] = field(default_factory=list)
    """(number of a character in the reply, its reach), the farthest first."""
    sentence: str = ""
    """Why there are none, if so."""

    def take(self, told: SettlingTold) -> None:
        """Take in what the engine tells."""
        assert self.asked is not None
        self.sentence = told.sentence
        depths = array("I", told.depths)
        order = sorted(range(len(depths)), key=lambda i: (-depths[i], i))[:MOST_FARTHEST]
        self.reaches = [(self.asked.first + i, depths[i]) for i in order]

    @property
    def told(self) -> bool:
        """Whether there is anything to jump to, or a sentence that says why there is not."""
        return bool(self.reaches or self.sentence)


class ReachScreen(Overlay[int | None]):
    """A strip over the window of a character; leaves with the number of the last one looked at.

    Args:
        conversation: has the settings in force.
        turn: of the character.
        number: of the character in its reply; None is the newest one, which is followed as the
            reply grows, and left without a number.
    """

    CSS_PATH = "../reach.tcss"
    HELP: ClassVar[str] = "reach"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "reach",
            "what is read at all: the number of characters after which it makes no difference "
            "how much more was read",
        ),
        ("settled", "from there on its surprisal stays within 0.1 bit of the full window's"),
        ("best other", "the most likely character that does not stand there"),
        (
            "influence",
            "what matters: how far the prediction moves if another character had stood there",
        ),
        ("window", "the characters that are looked back at; a carried context has no depths"),
        ("farthest", "the characters of this reply that look back farthest"),
    )
    AUTO_FOCUS: ClassVar[str] = "#reach"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="reach.leave"),
        Binding("f1", "help", "Help", show=False, id="reach.help"),
        Binding(
            "left,h", "go(-1)", "Character", key_display="←", group=_CHARACTER, id="reach.before"
        ),
        Binding(
            "right,l", "go(1)", "Character", key_display="→", group=_CHARACTER, id="reach.next"
        ),
        Binding("w", "go_word(1)", "Word", group=_WORD, id="reach.word"),
        Binding(
            "b,W", "go_word(-1)", "Word back", key_display="b", group=_WORD, id="reach.word-back"
        ),
        Binding("n", "newest", "Newest", id="reach.newest"),
        Binding("a", "every", "All symbols", id="reach.every"),
        Binding("f", "farther(1)", "Farthest", group=_FAR, id="reach.farther"),
        Binding("F", "farther(-1)", "Farthest", group=_FAR, id="reach.nearer"),
        *(
            Binding(
                f"{number % 10}",
                f"farthest({number})",
                show=False,
                tooltip=f"Go to number {number} of the farthest reaches.",
                id=f"reach.far-{number}",
            )
            for number in range(1, MOST_FARTHEST + 1)
        ),
    ]

    def __init__(self, conversation: Conversation, turn: Turn, number: int | None = None) -> None:
        super().__init__()
        self._conversation = conversation
        self._turn = turn
        self._follows = number is None  # whether the newest character is looked at, as it comes
        self._number = len(turn.tape) - 1 if number is None else number
        self._awaits = False  # whether something that was asked of the character is not told yet
        self._every = False  # whether influence is the mean over all other symbols
        self._asked: tuple[int, int] | None = None  # reach, influence; None if none can be
        self._look: Look | None = None
        self._farthest = Farthest()
        self._wanted: int | None = None  # of the farthest, once they are told

    def compose(self) -> ComposeResult:
        yield Label("", id="reach-title", markup=False)
        yield ReachText()
        with VerticalScroll(id="reach"):
            yield ReachStrip()
            yield Static("", id="reach-farthest", markup=False)
            yield Static(WORDS, id="reach-words", markup=False)
        yield KeysLine(_LEAST_WANTED)

    def on_mount(self) -> None:
        self.query_one("#reach-farthest").display = False
        self._ask()
        self.set_interval(FOLLOW_S, self._follow)

    def on_resize(self, event: Resize) -> None:
        height = event.size.height
        self.set_class(height < LOW, "-low")
        self.set_class(height < TINY, "-tiny")
        self.query_one(ReachStrip).rows = 1 if height < TINY else 2 if height < LOW else 4

    # What is asked.

    def _ask(self, quietly: bool = False) -> None:
        """Ask of the character that is looked at now.

        Args:
            quietly: whether what is shown of another one stays as it is until this one is told.
        """
        self._drop()
        requests, it = self._conversation.requests, self._conversation
        settings = it.controls.settings
        turn, number = self._turn, self._number
        reach = requests.reach(turn, number, settings)
        influence = requests.influence(turn, number, settings, self._every)
        self._asked, self._awaits = (reach, influence), True
        if not quietly or self._look is None:
            self._title("")
            self.query_one(ReachStrip).add_class("-old")
            self._mark()
        self._show_farthest()
        self.refresh_bindings()

    def _follow(self) -> None:
        """Look at the newest character, if all that was asked of the one before is told."""
        newest = len(self._turn.tape) - 1
        ready = self.present and self._asked is not None and not self._awaits
        if self._follows and ready and newest != self._number:
            self._look_at(newest, follows=True)

    def _drop(self) -> None:
        """Want no more of what was asked of a character."""
        for number in self._asked or ():
            self._conversation.requests.dismiss(number)

    @property
    def _depth(self) -> int:
        """How many characters the window has, of those that there are."""
        depth = self._conversation.controls.settings.depth or self._turn.model.window
        return min(depth, len(self._turn.prefix) + self._number)

    def _title(self, words: str) -> None:
        turn, number = self._turn, self._number
        before = (turn.seed + turn.text(max(0, number - BEFORE), number))[-BEFORE:]
        here = f"‘{name(turn.text(number, number + 1))}’"
        here += f": {words}" if words else f" after “…{visible(before, '⏎')}”"
        carries = self._conversation.controls.settings.carry
        window = f"a window of {self._depth:,}" + (
            ", though the context is carried" if carries else ""
        )
        newest = "the newest " if self._follows else ""
        title = f"Reach, at {newest}character {number + 1:,}, {here}; {window}"
        self.query_one("#reach-title", Label).update(title)

    # What the conversation tells.

    def told(self, update: Update) -> None:
        """Show what the conversation tells."""
        reach, influence = self._asked or (None, None)
        far = self._farthest.asked.number if self._farthest.asked is not None else None
        match update:
            case InsightGained(answer=ReachTold() as told) if told.number == reach:
                self._take_reach(told)
            case InsightGained(answer=InfluenceTold() as told) if told.number == influence:
                self._take_influence(told)
            case InsightGained(answer=SettlingTold() as told) if told.number == far:
                self._take_farthest(told)
            case InsightGained(answer=Progressed(number=number, percent=percent)):
                if number == far:
                    self._say_farthest(f"farthest reaches: reading the reply, {percent} %")
                elif number == influence and self._every:
                    self._title(f"every other symbol, {percent} %")
            case StateChanged() if self._conversation.tree.can_look(self._turn):
                self.refresh_bindings()  # whether there is a newest character to be followed
            case StateChanged():
                self._asked, self._farthest.asked = None, None
                self._title(f"{GONE}; press Esc")
                self.refresh_bindings()

    def _take_reach(self, told: ReachTold) -> None:
        if told.sentence:
            self._look, self._awaits = None, False  # what is shown is of another character
            self._title(visible(told.sentence, ""))
            return
        turn = self._turn
        probability, symbols = array("f", told.probability), turn.vocabulary.symbols
        self._look = Look(
            turn.vocabulary.decode(turn.read(self._number)[-len(probability) :]),
            turn.text(self._number, self._number + 1),
            probability,
            [symbols[index] for index in array("H", told.other)],
            array("f", told.other_probability),
            told.settled,
            array("f"),
        )
        if not self._follows:  # else with what matters, or the half of it would flicker
            self._draw()

    def _take_influence(self, told: InfluenceTold) -> None:
        self._awaits = False
        if told.sentence:
            self._title(visible(told.sentence, ""))
        elif self._look is not None:
            influence = array("f", told.bits)
            self._look = self._look._replace(influence=influence, every=told.every)
            self._draw()

    def _take_farthest(self, told: SettlingTold) -> None:
        self._farthest.take(told)
        wanted, self._wanted = self._wanted, None
        self._show_farthest()
        self.refresh_bindings()
        if wanted is not None and wanted <= len(self._farthest.reaches):
            self.action_farthest(wanted)

    # What is shown.

    def _draw(self) -> None:
        look = self._look
        assert look is not None
        self._title(settled_words(look))
        strip = self.query_one(ReachStrip)
        strip.look = look
        strip.remove_class("-old")
        self._mark(look.settled, look.influence)

    def _mark(self, read: int = 0, influence: "array[float] | tuple[()]" = ()) -> None:
        """Show the text around the character, and what is marked in it."""
        turn, number = self._turn, self._number
        begin = max(0, number - LONGEST)
        before = turn.text(begin, number)
        if not begin:
            before = turn.seed[-LONGEST:] + before
        after = turn.text(number, number + LONGEST)
        marked = Marked(before + after, len(before), read, influence)
        self.query_one(ReachText).marked = marked

    def _show_farthest(self) -> None:
        """List the farthest reaches, if they are known."""
        if self._farthest.sentence:
            self._say_farthest(self._farthest.sentence)
        elif self._farthest.reaches:
            listed = [
                f"{'▸' if number == self._number else ''}{rank % 10} "
                f"‘{name(self._turn.text(number, number + 1))}’ {reach:,} at {number + 1:,}"
                for rank, (number, reach) in enumerate(self._farthest.reaches, 1)
            ]
            self._say_farthest("farthest reaches: " + " · ".join(listed))

    def _say_farthest(self, words: str) -> None:
        line = self.query_one("#reach-farthest", Static)
        line.update(visible(words, ""))
        line.display = True

    # Keys.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now: nothing is asked of an engine that is gone."""
        if action in _ASKING and self._asked is None:
            return GONE
        match action, parameters:
            case "go", (int() as steps,):
                return list_edge(steps, self._number, len(self._turn.tape))
            case "newest", _:
                return self._not_newest()
            case "go_word", (int() as direction,):
                there = word_from(self._turn.text(), self._number, direction)
                return "" if there != self._number else FIRST if direction < 0 else LAST
            case (("farther" | "farthest"), (int() as rank,)):
                return self._not_far(rank if action == "farthest" else None)
        return ""

    def _not_newest(self) -> str:
        """Return why the newest character cannot be followed."""
        if self._follows:
            return "the newest character is followed: an arrow stops at one"
        ended = not self._conversation.busy
        return LAST if ended and self._number == len(self._turn.tape) - 1 else ""

    def _not_far(self, rank: int | None) -> str:
        """Return why the farthest reaches, or one of them, cannot be jumped to."""
        far = self._farthest
        if far.sentence:
            return "the reply could not be read"
        if not far.told:
            return "the reply is being read" if far.asked is not None else ""
        if rank is None:
            alone = len(far.reaches) == 1 and far.reaches[0][0] == self._number
            return "this is the only one" if alone else ""
        if rank > len(far.reaches):
            return f"there are {len(far.reaches)} farthest reaches"
        at = far.reaches[rank - 1][0] == self._number
        return "this is the one that is looked at" if at else ""

    def action_leave(self) -> None:
        """Leave; the engine forgets what was asked."""
        self._drop()
        if self._farthest.asked is not None:
            self._conversation.requests.dismiss(self._farthest.asked.number)
        self.dismiss(None if self._follows else self._number)

    def _look_at(self, number: int, follows: bool = False) -> None:
        quietly = follows and self._follows
        self._number, self._follows = number, follows
        self._ask(quietly)

    def action_newest(self) -> None:
        """Look at the newest character, and follow it as the reply grows."""
        self._look_at(len(self._turn.tape) - 1, follows=True)

    def action_go(self, by: int) -> None:
        """Look at the character before or after."""
        self._look_at(self._number + by)

    def action_go_word(self, direction: int) -> None:
        """Look at the start of the next word, or of the one before."""
        self._look_at(word_from(self._turn.text(), self._number, direction))

    def action_every(self) -> None:
        """Measure what matters by every other symbol, for the mean; or by a space again."""
        assert self._asked is not None
        self._every = not self._every
        self._awaits = True
        reach, influence = self._asked
        requests, settings = self._conversation.requests, self._conversation.controls.settings
        requests.dismiss(influence)
        self._asked = (
            reach,
            requests.influence(self._turn, self._number, settings, self._every),
        )
        self.query_one(ReachStrip).add_class("-old")

    def action_farther(self, steps: int) -> None:
        """Look at the next of the farthest reaches, around the end; first ask for them."""
        reaches = self._farthest.reaches
        if not reaches:
            self._want_farthest(1 if steps > 0 else MOST_FARTHEST)
            return
        numbers = [number for number, _ in reaches]
        if self._number in numbers:
            rank = (numbers.index(self._number) + steps) % len(numbers)
        else:
            rank = 0 if steps > 0 else len(numbers) - 1
        self._look_at(numbers[rank])

    def action_farthest(self, rank: int) -> None:
        """Look at one of the farthest reaches, by its place; first ask for them."""
        if not self._farthest.reaches:
            self._want_farthest(rank)
        elif self._farthest.reaches[rank - 1][0] != self._number:
            self._look_at(self._farthest.reaches[rank - 1][0])

    def _want_farthest(self, rank: int) -> None:
        self._wanted = rank
        settings = self._conversation.controls.settings
        self._farthest.asked = self._conversation.requests.settling(self._turn, settings)
        self._say_farthest("farthest reaches: reading the reply")
        self.refresh_bindings()
