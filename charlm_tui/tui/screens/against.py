"""A text under two models: which predicted each character better, and what each says is likely.

Shows what the engine tells, and asks again when another character, text or model is looked at. What
both models can read of a text, `charlm_tui.session.against` knows.
"""

from bisect import bisect_right
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.widgets import Label

from charlm_tui.engine.insight_protocol import AgainstTold, BothTold, Progressed
from charlm_tui.engine.protocol import ModelLoaded
from charlm_tui.reply.tints import ratio_levels
from charlm_tui.session.against import Against, text_of, with_other
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import InsightGained, StateChanged, Update
from charlm_tui.text import fitting, visible
from charlm_tui.tui.document import word_from
from charlm_tui.tui.hindered import FIRST, LAST, edge, list_edge
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.screens.reach import GONE
from charlm_tui.tui.widgets.both_table import BothTable, Sides
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.next_character import name
from charlm_tui.tui.widgets.ratio_text import RatioText

READING = "the text is still being read"
NO_TEXT = "there is no text yet: t takes one"
NOTHING = "both models know none of this text: t takes another"
MOST_DIFFERENT = 10  # places that can be jumped to
TITLE_LINES = 2
LOW, TINY = 30, 16  # lines of the screen below which the table has few lines, and hardly any
_CHARACTER = Binding.Group("Character", compact=True)
_WORD = Binding.Group("Word", compact=True)
_FAR = Binding.Group("Differ most", compact=True)
_LEAST_WANTED = ("against.word", "against.far", "against.before", "against.model")


class AgainstScreen(Overlay[int | None]):
    """A text in one tint, and two columns of what was likely; leaves with a number in the reply.

    Args:
        conversation: has the settings in force.
        own: the model of the text.
        other: the one that it is compared with.
        turn: whose seed and reply are the text; None is a text that is still to be given.
        number: of a character of the reply that is selected at first; None is the last one.
        text: where there is no turn.
    """

    CSS_PATH = ["../lens.tcss", "../against.tcss"]  # noqa: RUF012  (as Textual has it)
    HELP: ClassVar[str] = "against"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "predicted better",
            "gave the character that stands there more probability: by so many bits more than the "
            "other model did (a log-likelihood ratio)",
        ),
        (
            "bits per character",
            "the mean surprisal of the text under a model: the lower it is, the more it is a text "
            "of that model's kind",
        ),
        (
            "t T",
            "symbols that stand together: where one model does not tell capitals from small "
            "letters, what the other says of a letter is of both of its forms",
        ),
        ("left out", "characters that one of the models does not know are asked of neither"),
        ("•", "what stands in the text"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="against.leave"),
        Binding("f1", "help", "Help", show=False, id="against.help"),
        Binding(
            "left,h", "go(-1)", "Character", key_display="←", group=_CHARACTER, id="against.before"
        ),
        Binding(
            "right,l", "go(1)", "Character", key_display="→", group=_CHARACTER, id="against.next"
        ),
        Binding("w", "go_word(1)", "Word", group=_WORD, id="against.word"),
        Binding(
            "b,W", "go_word(-1)", "Word back", key_display="b", group=_WORD, id="against.word-back"
        ),
        Binding("home,g", "go_edge(-1)", "First", show=False, id="against.first"),
        Binding("end,G", "go_edge(1)", "Last", show=False, id="against.last"),
        Binding("f", "far(1)", "Differ most", group=_FAR, id="against.far"),
        Binding("F", "far(-1)", "Differ most", group=_FAR, id="against.near"),
        Binding("t", "text", "Text", id="against.text"),
        Binding("m", "model", "Model", id="against.model"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="against.up"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="against.down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="against.page-up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="against.page-down"),
    ]

    def __init__(
        self,
        conversation: Conversation,
        own: ModelLoaded,
        other: ModelLoaded,
        turn: Turn | None,
        number: int | None = None,
        text: str = "",
    ) -> None:
        super().__init__()
        self._conversation = conversation
        self._turn = turn
        self._text = text if turn is None else text_of(turn)
        self._against = Against(conversation, own, other, self._text)
        self._place = self._place_of(number)
        self._moved = False
        self._both: tuple[int, int] | None = None  # request and place of what is likely
        self._gone = False

    def compose(self) -> ComposeResult:
        yield Label("", id="against-title", markup=False)
        yield RatioText(self._against.aligned.text, self._place)
        yield BothTable()
        yield KeysLine(_LEAST_WANTED)

    def on_mount(self) -> None:
        self._begin()

    def on_resize(self, event: Resize) -> None:
        height = event.size.height
        self.set_class(height < LOW, "-low")
        self.set_class(height < TINY, "-tiny")
        if self._against.bits is not None and not self._gone:
            self._say_means()
        if self._against.aligned.text:
            self._say_place()

    @property
    def _nothing(self) -> str:
        """Why there is no character to look at, where there is none."""
        return NOTHING if self._text else NO_TEXT

    # What is asked.

    def _place_of(self, number: int | None) -> int:
        """Return the place of a character of the reply among those that both models can read."""
        starts, last = self._against.aligned.starts, len(self._against.aligned.text) - 1
        if number is None or self._turn is None:
            return max(0, last)
        at = len(self._turn.seed) + number - self._against.skipped
        return max(0, min(bisect_right(starts, max(0, at)) - 1, last))

    def _begin(self) -> None:
        """Ask for the figures of the text, and look at its selected character."""
        text, table = self.query_one(RatioText), self.query_one(BothTable)
        self._gone = not self._against.at_hand
        text.names = self._against.names
        text.show_levels(b"")
        text.marked = self._place if self._against.aligned.text else None
        table.sides = None
        if self._against.ask():
            self._title("reading the text under both models")
            self._ask_at()
        else:
            self._title(self._nothing)
            text.words = table.words = ""
        self.refresh_bindings()

    def _ask_at(self) -> None:
        """Ask what both models say is likely at the selected character."""
        self._drop(self._both)
        self._both = None
        table = self.query_one(BothTable)
        if self._gone:
            table.sides, table.words = None, GONE
        else:
            self._both = (self._against.ask_at(self._place), self._place)
            table.add_class("-old")
        self._say_place()

    def _drop(self, both: tuple[int, int] | None) -> None:
        if both is not None:
            self._conversation.requests.dismiss(both[0])

    def _drop_all(self) -> None:
        self._drop(self._both)
        if self._against.number is not None:
            self._conversation.requests.dismiss(self._against.number)

    def _look_at(self, place: int) -> None:
        self._place, self._moved = place, True
        self.query_one(RatioText).marked = place
        self._ask_at()
        self.refresh_bindings()

    def _compare(self, against: Against, place: int) -> None:
        """Show another text, or the same under another model."""
        self._drop_all()
        self._against, self._both = against, None
        self._place = max(0, min(place, len(against.aligned.text) - 1))
        self.query_one(RatioText).show_text(against.aligned.text, self._place)
        self._begin()

    # What the conversation tells.

    def told(self, update: Update) -> None:
        """Show what the conversation tells."""
        match update:
            case InsightGained(answer=AgainstTold() as told) if told.number == self._against.number:
                self._take(told)
            case InsightGained(answer=BothTold() as told) if self._both is not None:
                if told.number == self._both[0]:
                    self._take_both(told, self._both[1])
            case InsightGained(answer=Progressed(number=self._against.number, percent=percent)):
                self._title(f"reading the text under both models, {percent} %")
            case StateChanged() if not self._gone and not self._against.at_hand:
                self._gone, self._both = True, None
                self._title(f"{GONE}; press Esc")
                self.refresh_bindings()

    def _take(self, told: AgainstTold) -> None:
        if told.sentence:
            self._title(told.sentence)
            return
        self._against.take(told)
        self.query_one(RatioText).show_levels(ratio_levels(self._against.ratio_bits))
        self._say_means()
        self._say_place()
        self.refresh_bindings()

    def _take_both(self, told: BothTold, place: int) -> None:
        table = self.query_one(BothTable)
        table.remove_class("-old")
        if told.sentence:
            table.sides, table.words = None, visible(told.sentence, "")
            return
        table.sides = Sides(self._against.names, self._against.likely(told, place))

    # What is shown.

    def _title(self, words: str) -> None:
        self.query_one("#against-title", Label).update(visible(f"Against: {words}", ""))

    def _say_means(self) -> None:
        it = self._against
        (own, other), (one, two) = it.names, it.means
        left = f", {it.aligned.left_out:,} left out" if it.aligned.left_out else ""
        last = "the last " if it.skipped else ""
        means = f"{own} {one:.2f}, {other} {two:.2f} bits per character"
        over = f"{last}{len(it.aligned.text):,} characters{left}"
        room = TITLE_LINES * (self.size.width - 2) - len("Against: ")
        self._title(fitting(room, f"{means} over {over}", means))

    def _say_place(self) -> None:
        it, text = self._against, self.query_one(RatioText)
        here = f"‘{name(it.aligned.text[self._place])}’"
        if it.bits is None:
            text.words = here
            return
        ratio, names = it.ratio_bits[self._place], it.names
        better = names[0] if ratio >= 0 else names[1]
        one, two = (column[self._place] for column in it.bits)
        bits = f"{one:.2f} and {two:.2f} bits"
        text.words = fitting(
            self.size.width - 2,
            f"{here}, {self._place + 1:,} of {len(it.aligned.text):,}: {bits} of surprisal; "
            f"{better} predicted it better by {abs(ratio):.2f}",
            f"{here}: {bits}; {better} better by {abs(ratio):.2f}",
            f"{here}: {better} by {abs(ratio):.2f} bits",
        )

    # Keys.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        by = parameters[0] if parameters and isinstance(parameters[0], int) else 0
        shown = self.query_one(RatioText) if self.present else None
        text = self._against.aligned.text
        match action:
            case "text" | "model" if self._gone:
                return GONE
            case "scroll" | "page" if shown is not None:
                return edge(by < 0, shown.scroll_offset.y, shown.max_scroll_y)
            case "go" | "go_word" | "go_edge" | "far" if not text:
                return self._nothing
            case "go" | "go_edge":
                return list_edge(by, self._place, len(text))
            case "go_word":
                there = word_from(text, self._place, by)
                return "" if there != self._place else FIRST if by < 0 else LAST
            case "far" if self._against.bits is None:
                return GONE if self._gone else READING
            case "far":
                alone = self._against.differing(MOST_DIFFERENT) == [self._place]
                return "this is the only one" if alone else ""
        return ""

    def action_leave(self) -> None:
        """Leave; the engine forgets what was asked."""
        self._drop_all()
        number = None
        if self._turn is not None and self._moved and self._against.aligned.text:
            at = self._against.skipped + self._against.aligned.starts[self._place]
            number = at - len(self._turn.seed)
        self.dismiss(number if number is not None and number >= 0 else None)

    def action_go(self, by: int) -> None:
        """Look at the character before or after."""
        self._look_at(self._place + by)

    def action_go_word(self, direction: int) -> None:
        """Look at the start of the next word, or of the one before."""
        self._look_at(word_from(self._against.aligned.text, self._place, direction))

    def action_go_edge(self, direction: int) -> None:
        """Look at the first character, or at the last one."""
        self._look_at(0 if direction < 0 else len(self._against.aligned.text) - 1)

    def action_far(self, steps: int) -> None:
        """Look at the next of the places at which the models differ most, around the end."""
        places = self._against.differing(MOST_DIFFERENT)
        if self._place in places:
            rank = (places.index(self._place) + steps) % len(places)
        else:
            rank = 0 if steps > 0 else len(places) - 1
        self._look_at(places[rank])

    def action_scroll(self, lines: int) -> None:
        """Read up or down."""
        self.query_one(RatioText).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Read a page further, or back."""
        text = self.query_one(RatioText)
        text.scroll_relative(y=pages * text.page, animate=False)

    def action_text(self) -> None:
        """Compare the models on another text, which is typed or pasted."""
        from charlm_tui.tui.screens.text import TextScreen

        def take(text: str | None) -> None:
            if text and self.present and not self._gone:
                own, other = self._against.models
                self._turn, self._text = None, text
                self._compare(Against(self._conversation, own, other, text), 0)

        self.app.push_screen(TextScreen("A text; Enter compares the models on it."), take)

    def action_model(self) -> None:
        """Compare the text's model with another one."""
        from charlm_tui.tui.screens.ask import ask

        own = self._against.models[0]

        def take(other: ModelLoaded) -> None:
            if self.present:
                self._compare(Against(self._conversation, own, other, self._text), self._place)

        question = "A model file to compare with, or the name of one that comes with the program."
        ask(
            self.app,
            question,
            lambda typed: with_other(self._conversation, own, typed, take),
            self._against.models[1].path,
        )
