"""The neuron lens: a text tinted by what units of the model do while they read it.

Shows what the engine tells of units, and turns keys into other units. What they do, how they are
ranked and what is kept of it, the engine knows.
"""

from array import array
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.containers import Horizontal
from textual.events import Resize
from textual.widgets import Label

from charlm_tui.engine.insight_protocol import CauseTold, LensOpened, Progressed, Ranking, UnitTold
from charlm_tui.engine.model_info import Units
from charlm_tui.lm.held import shown
from charlm_tui.lm.vocabulary import describe_symbol
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.holding import hold_at, is_held, let_go
from charlm_tui.session.requests import Lens
from charlm_tui.session.turns import Turn
from charlm_tui.session.updates import InsightGained, StateChanged, Update
from charlm_tui.text import visible
from charlm_tui.tui.hindered import edge, list_edge
from charlm_tui.tui.screens.lens_keys import BINDINGS, LEAST_WANTED, WORDS
from charlm_tui.tui.screens.lens_units import CauseRanking, Pins
from charlm_tui.tui.screens.overlay import Overlay
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.unit_list import UnitList
from charlm_tui.tui.widgets.unit_text import MOST_COLUMNS, Column, UnitText

KEPT = 64  # units that need not be asked for again: 20 kB each at the most
FOLDED = 72  # cells of the screen below which the list is folded away


class LensScreen(Overlay[None]):
    """A text in up to four columns, and a list of units beside it.

    Args:
        conversation: has the model.
        turn: whose seed and reply are read.
        place: number of a character of the reply that is in sight at first.
        causes: whether the units are ranked by what they cause there at first.
    """

    CSS_PATH = "../lens.tcss"
    HELP: ClassVar[str] = "lens"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = WORDS
    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    def __init__(
        self,
        conversation: Conversation,
        turn: Turn,
        place: int | None = None,
        causes: bool = False,
    ) -> None:
        super().__init__()
        self._conversation = conversation
        self._turn = turn
        settings = conversation.controls.settings
        depth = settings.depth or turn.model.window
        self._read_with = "carried" if settings.carry else f"depth {depth}"
        self._lens: Lens = conversation.requests.lens(turn, settings)
        last = len(self._lens.text) - 1
        self._place = last if place is None else min(max(place - self._lens.first, 0), last)
        self._units: Units | None = None  # not before they are told, nor after they are gone
        self._gone = "the text is still being read"  # why there are no units
        self._rankings: tuple[Ranking, ...] = ()
        self._ranking = 0  # which of them is listed
        self._rank = 0  # in it, from which arrows move
        self._predicts = False
        self._causes = CauseRanking(causes)
        self._pins = Pins()
        self._told: LRUCache[int, UnitTold] = LRUCache(KEPT)
        self._shown = 0  # the last unit that was looked at and is told

    def compose(self) -> ComposeResult:
        yield Label("", id="lens-title", markup=False)
        with Horizontal(id="lens"):
            yield UnitText(self._lens.text, self._place)
            yield UnitList()
        yield KeysLine(LEAST_WANTED)

    def on_mount(self) -> None:
        self.query_one(UnitText).marked = self._place
        self._title("reading the text again")

    def on_resize(self, event: Resize) -> None:
        self.query_one(UnitList).display = event.size.width >= FOLDED
        self.call_after_refresh(self._draw)

    # What the conversation tells.

    def told(self, update: Update) -> None:
        """Show what the conversation tells."""
        match update:
            case InsightGained(answer=Progressed(number=self._lens.number, percent=percent)):
                self._title(f"reading the text again, {percent} %")
            case InsightGained(answer=LensOpened() as opened):
                if opened.number == self._lens.number:
                    self._open(opened)
            case InsightGained(answer=UnitTold() as told):
                if told.number == self._lens.number:
                    self._take(told)
            case InsightGained(answer=CauseTold() as told):
                if told.number == self._lens.number and self._causes.take(told):
                    self._look_at_best()
                    self.refresh_bindings()
            case StateChanged() if not self._conversation.tree.can_look(self._turn):
                self._lose()
            case StateChanged():
                self._draw()

    def _open(self, opened: LensOpened) -> None:
        if opened.sentence:
            self._gone = opened.sentence
            self._title(opened.sentence)
            return
        self._units, self._rankings = Units(opened.tensors), opened.rankings
        ranked = self._listed
        self._look_at(ranked[0][0] if ranked else 0)
        if self._causes.on:
            self._ask_causes()
        self.refresh_bindings()

    def _take(self, told: UnitTold) -> None:
        if told.sentence:
            self._title(told.sentence)
            return
        self._told[told.unit] = told
        self._draw()

    def _lose(self) -> None:
        """Say that no more can be asked; what is shown stays."""
        self._units = None
        self._gone = "the engine stopped, so the activations are lost"
        self._title(f"{self._gone}; press Esc")
        self.refresh_bindings()

    # What is shown.

    def _title(self, words: str) -> None:
        self.query_one("#lens-title", Label).update(visible(f"Lens: {words}", ""))

    @property
    def _listed(self) -> list[tuple[int, float]]:
        """(Number of a unit, what it is ranked by) of the ranking that is listed."""
        if self._causes.on:
            return [it[:2] for it in self._causes.units(self._turn.vocabulary.symbols)]
        if not self._rankings:
            return []
        it = self._rankings[self._ranking]
        later = self._predicts and it.predicts
        units = array("I", it.predicts if later else it.reads)
        values = array("f", it.predicts_by if later else it.reads_by)
        return list(zip(units, values, strict=True))

    def _draw(self) -> None:
        """Show the units that are looked at, their place in the ranking, and the ranking."""
        units = self._units
        if units is None or not self.present:
            return
        text, listed = self.query_one(UnitText), self._listed
        if self._pins.current in self._told:
            self._shown = self._pins.current
        text.columns = tuple(
            self._column(units, number) for number in self._pins.columns(text.room)
        )
        rows = self.query_one(UnitList)
        places = {number: rank for rank, (number, _) in enumerate(listed)}
        rows.chosen = places.get(self._pins.current)
        self._rank = self._rank if rows.chosen is None else rows.chosen
        rank = "–" if rows.chosen is None else f"{rows.chosen + 1}"
        if self._causes.on:
            title, place = self._list_causes(rows, f"{rank}/{len(listed)}")
        else:
            form = "+.2f" if self._ranking else ".2f"  # the first one is of sizes
            rows.rows = tuple((units.name(number), it, f"{it:{form}}") for number, it in listed)
            ranking = self._rankings[self._ranking]
            way = "" if not ranking.predicts else "predicts " if self._predicts else "reads "
            title = rows.border_title = f"{way}{ranking.title}"
            place = f" {rank}/{len(listed)}" if listed else ": no unit tells it"
        held = shown(self._conversation.controls.settings.held)
        self._title(
            f"{title}{place}{held and f' · {held}'} · {units.total:,} units · "
            f"{len(self._lens.text):,} characters, {self._read_with}"
        )

    def _list_causes(self, rows: UnitList, rank: str) -> tuple[str, str]:
        """List units by what they cause; return what the title says of it."""
        units, it = self._units, self._causes
        assert units is not None
        every = it.units(self._turn.vocabulary.symbols)
        most = max((each.bits for each in every), default=0.0) or 1.0
        if every or it.told is not None:  # else what was listed stays until it is known
            rows.rows = tuple((units.name(on.unit), on.bits / most, on.written) for on in every)
        title = f"cause of {describe_symbol(self._lens.text[self._marked])}"
        rows.border_title = title
        if not every:
            return title, f": {it.sentence}"
        words = "" if rows.chosen is None else f": {every[rows.chosen].words}"
        return title, f" {rank}, set to {it.value}{words}"

    def _column(self, units: Units, number: int) -> Column:
        """Return what a column shows; the unit of before until the one that is wanted is told."""
        current = number == self._pins.current
        told = self._told.get(number)
        if told is None and current:
            told = self._told.get(self._shown)
            number = told.unit if told is not None else number
        pinned = number in self._pins.pinned
        if told is None:
            return Column(units.name(number), pinned=pinned, current=current)
        values = array("f", told.predicts if self._predicts else told.reads)
        titles = [ranking.title for ranking in self._rankings[1:]]
        tells = sorted(zip(titles, values, strict=True), key=lambda it: -abs(it[1]))
        return Column(
            units.name(number),
            told.levels,
            told.limit,
            told.bounded,
            tuple(tells),
            pinned,
            current,
        )

    # Which unit.

    def _look_at(self, number: int) -> None:
        self._pins.current = number
        for each in self._pins.columns(MOST_COLUMNS):
            if self._told.get(each) is None:
                self._conversation.requests.unit(self._lens, each)
        self._draw()

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done: without the units there is only text to be read."""
        by = parameters[0] if parameters and isinstance(parameters[0], int) else 0
        match action:
            case "scroll" | "page" | "edge":
                text = self.query_one(UnitText)
                return edge(by < 0, text.scroll_offset.y, text.max_scroll_y)
            case (
                "step" | "move" | "ranking" | "predicts" | "pin" | "unpin" | "named" | "pinned"
                | "causes" | "mark" | "mean" | "hold"
            ):  # fmt: skip
                return self._gone if self._units is None else self._no_unit(action, by)
        return ""

    @property
    def _is_in_use(self) -> bool:
        """Whether the model of the reply is the one in use."""
        model = self._conversation.model
        return model is not None and model.sha256 == self._turn.model.sha256

    @property
    def _marked(self) -> int:
        """The place of the marked character in the text."""
        return self.query_one(UnitText).marked or 0

    def _no_unit(self, action: str, by: int) -> str:
        """Return why an action on the units that there are cannot be done."""
        pinned, listed = self._pins.pinned, self._listed
        match action:
            case "move" if not listed:
                return self._causes.sentence if self._causes.on else "no unit tells it"
            case "mark":
                return list_edge(by, self._marked, len(self._lens.text))
            case "causes" if not self._causes.on and self._lens.first + self._marked < 0:
                return "the marked character is of the seed: → goes to the reply"
            case "mean" if not self._causes.on:
                return "c ranks the units by what they cause"
            case "predicts" if self._causes.on:
                return "the units are ranked by what they cause: c leaves that"
            case "hold" if not self._is_in_use:
                return "the model in use is another"
            case "move" if (chosen := self.query_one(UnitList).chosen) is not None:
                return list_edge(by, chosen, len(listed))
            case "pin" if not self._pins.room:
                return f"{MOST_COLUMNS} units are pinned: go to one by its number and unpin it"
            case "unpin" | "pinned" if not pinned:
                return "no unit is pinned: p pins the one that is shown"
            case "pinned" if by > len(pinned):
                return f"{len(pinned)} of {MOST_COLUMNS} units are pinned"
            case "pinned" if pinned[by - 1] == self._pins.current:
                return "that unit is the one that keys change already"
        return ""

    def action_leave(self) -> None:
        """Leave; the engine forgets the states."""
        self._conversation.requests.dismiss(self._lens.number)
        self.dismiss(None)

    def action_step(self, by: int) -> None:
        """Look at the unit before or after, through all tensors."""
        if self._units is not None:
            self._look_at(self._units.beside(self._pins.current, by))

    def action_move(self, by: int) -> None:
        """Look at the unit before or after in the list."""
        listed = self._listed
        if listed:
            chosen = self.query_one(UnitList).chosen
            rank = self._rank if chosen is None else chosen + by
            self._pick(min(max(rank, 0), len(listed) - 1))

    def _pick(self, rank: int) -> None:
        self._rank = rank
        self._look_at(self._listed[rank][0])

    def on_unit_list_picked(self, message: UnitList.Picked) -> None:
        if self._units is not None and message.rank < len(self._listed):
            self._pick(message.rank)

    def action_ranking(self, by: int) -> None:
        """List another ranking, and look at its best."""
        if self._causes.on:
            self._causes.on = False
        else:
            self._ranking = (self._ranking + by) % len(self._rankings)
        self._look_at_best()
        self.refresh_bindings()

    def _look_at_best(self) -> None:
        self._rank = 0
        if self._listed:
            self._pick(0)
        else:
            self._draw()

    # What units cause, and which are held.

    def action_causes(self) -> None:
        """Rank the units by what they cause at the marked character, or no longer."""
        self._causes.on = not self._causes.on
        self._ask_causes()
        self.refresh_bindings()

    def action_mean(self) -> None:
        """Set units to their means, or to zero again."""
        self._causes.mean = not self._causes.mean
        self._ask_causes()

    def action_mark(self, by: int) -> None:
        """Mark the character before, or the next one."""
        self.query_one(UnitText).marked = self._marked + by
        self._ask_causes()
        self.refresh_bindings()

    def _ask_causes(self) -> None:
        """Ask what the units cause at the marked character, if that is what is listed."""
        number = self._lens.first + self._marked
        if self._causes.on and number < 0:
            self._causes.on = False
        if self._causes.on:
            self._causes.ask(number)
            self._conversation.requests.causes(
                self._lens,
                self._turn,
                number,
                self._turn.tape.settings_at(number),
                self._causes.mean,
            )
            self._draw()
        else:
            self._look_at_best()

    def action_hold(self) -> None:
        """Hold the unit that is shown at a value that is asked for, or let it go."""
        from charlm_tui.tui.screens.ask import ask

        it, unit, units = self._conversation, self._pins.current, self._units
        if units is None:
            return
        if is_held(it, unit):
            let_go(it, unit)
        else:
            question = f"A value at which {units.name(unit)} is held from here on."
            ask(self.app, question, lambda typed: hold_at(it, unit, typed))

    def action_predicts(self) -> None:
        """Rank by what units predict of the next character, or by what they read of this one."""
        self._predicts = not self._predicts
        self._draw()

    def action_pin(self) -> None:
        """Pin the unit, or no longer."""
        self._pins.toggle()
        self._draw()

    def action_unpin(self) -> None:
        """Pin none."""
        self._pins.pinned.clear()
        self._draw()

    def action_pinned(self, number: int) -> None:
        """Look at a unit that is pinned, by its place."""
        self._look_at(self._pins.pinned[number - 1])

    def action_named(self) -> None:
        """Ask for a unit by its name."""
        from charlm_tui.tui.screens.ask import ask

        units = self._units
        if units is not None:
            name = units.name(self._pins.current)
            ask(
                self.app,
                f"A unit, such as {name}.",
                lambda typed: self._look_at(units.named(typed)),
            )

    # The text.

    def action_scroll(self, lines: int) -> None:
        """Read up or down."""
        self.query_one(UnitText).scroll_relative(y=lines, animate=False)

    def action_page(self, pages: int) -> None:
        """Read a page further, or back."""
        text = self.query_one(UnitText)
        text.scroll_relative(y=pages * text.page, animate=False)

    def action_edge(self, direction: int) -> None:
        """Go to the beginning or to the end."""
        text = self.query_one(UnitText)
        text.scroll_to(y=0 if direction < 0 else text.max_scroll_y, animate=False)
