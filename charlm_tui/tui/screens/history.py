"""Every reply that was kept: found again, and opened, played, branched, named, starred, deleted.

Says what is to be read and changed in the history; a thread does it, and what is pressed meanwhile
waits for it where it is about a reply. What is opened is the caller's affair.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple, TypeVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from charlm_tui.history.lookup import Lookup
from charlm_tui.history.records import Entry, Listed, in_ladders
from charlm_tui.history.store import Store
from charlm_tui.text import cells, fitting, visible
from charlm_tui.tui.hindered import FIRST, LAST, Hindered
from charlm_tui.tui.screens.ask import ask
from charlm_tui.tui.screens.overlay import ModalOverlay
from charlm_tui.tui.widgets.keys_line import KeysLine

NO_REPLY, NOT_LISTED = "no reply is listed", "the replies are not listed yet"
MOST_REPLIES = 200  # replies that are listed; search finds the others
SHOWN = 400  # characters of a seed and of a text that can be in a line
NAMED = 30  # characters of a reply by which it is named

Way = Literal["open", "play", "branch"]
Result = TypeVar("Result")


class Chosen(NamedTuple):
    """A reply that is wanted, and what for."""

    way: Way
    reply: int


class HistoryList(Hindered, OptionList):
    """Replies, the newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.choose('open')", "Open", id="history.open"),
        Binding("p", "screen.choose('play')", "Play", id="history.play"),
        Binding("b", "screen.choose('branch')", "Branch", id="history.branch"),
        Binding("n", "screen.rename", "Name", id="history.rename"),
        Binding("s", "screen.star", "Star", id="history.star"),
        Binding("d,delete", "screen.delete", "Delete", key_display="d", id="history.delete"),
        Binding("u", "screen.undo", "Undo", id="history.undo"),
        Binding("m", "screen.next_model", "Model", id="history.model"),
        Binding("f", "screen.starred", "Starred", id="history.starred"),
        Binding("slash", "screen.search", "Search", key_display="/", id="history.search"),
        Binding("j", "cursor_down", "Down", show=False, id="history.down"),
        Binding("k", "cursor_up", "Up", show=False, id="history.up"),
        Binding("g", "first", "First", show=False, id="history.first"),
        Binding("G", "last", "Last", show=False, id="history.last"),
    ]

    def obstacle(
        self,
        action: str,
        parameters: tuple[object, ...] = (),  # noqa: ARG002
    ) -> str:
        """Return why an action cannot be done now: where nothing is drawn there is no page."""
        last = self.option_count - 1
        place = self.highlighted or 0
        match action:
            case "page_up" | "page_down" if not self.scrollable_content_region:
                return NOT_LISTED
            case "first" | "page_up" | "last" | "page_down" if last < 0:
                return NO_REPLY
            case "first" | "page_up" if place == 0:
                return FIRST
            case "last" | "page_down" if place == last:
                return LAST
            case "cursor_up" | "cursor_down" if last < 1:
                return NO_REPLY if last < 0 else "there is no other reply"
        return ""


class HistoryScreen(ModalOverlay[Chosen | None]):
    """A search, which has the focus at first, a list, and the keys of what can be done there.

    Args:
        lookup: into the history; whoever opened it closes it.
    """

    CSS_PATH = "../history.tcss"
    HELP: ClassVar[str] = "history"
    WORDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("search", "beginnings of words, in seeds, texts and names"),
        ("open", "show the reply again, to be continued"),
        ("play", "show it again at its own pace"),
        ("branch", "open it with its last character selected, to take another way"),
        ("star", "mark a reply, so that it can be listed with the other starred ones"),
        ("undo", "restore the reply that was deleted last"),
    )
    AUTO_FOCUS: ClassVar[str] = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="history.leave"),
        Binding("f1", "help", "Help", show=False, id="history.help", priority=True),
        Binding(
            "down", "to_list", "To the list", key_display="↓", priority=True, id="history.to-list"
        ),
    ]

    @dataclass(slots=True)
    class Filter:
        """Which replies are listed."""

        query: str = ""
        model: str | None = None
        starred: bool = False

        @property
        def narrows(self) -> bool:
            """Whether it keeps any reply out of the list."""
            return bool(self.query or self.model or self.starred)

    def __init__(self, lookup: Lookup) -> None:
        super().__init__()
        self._lookup = lookup
        self._asked = 0  # answers on their way; searches are one
        self._listing = False
        self._pressed: deque[Callable[[], object]] = deque()  # waits for what is on its way
        self._filter = self.Filter()
        self._entries: list[Entry] = []
        self._last_deleted: int | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="history"):
            yield Input(placeholder="Search in seeds, texts and names", compact=True)
            yield Label("looking into the history", id="found", markup=False)
            yield HistoryList(markup=False)
            yield KeysLine(("history.leave", "history.undo", "history.starred", "history.model"))

    def on_mount(self) -> None:
        self._list()

    @property
    def _listed(self) -> HistoryList:
        return self.query_one(HistoryList)

    # What is listed.

    def _list(self, keep: int | None = None, done: Callable[[], str] = str) -> None:
        """List what the filter lets through; the cursor stays where it was.

        Args:
            keep: where the cursor is to be, if it is to be elsewhere.
            done: gives words to begin with, once the list is there.
        """
        it = self._filter
        query, model, starred = it.query, it.model, it.starred
        self._listing = True

        def find(store: Store) -> tuple[list[Entry], int | None, list[str]]:
            refused: list[str] = []
            entries = store.entries(
                query, model, starred, limit=MOST_REPLIES, refused=refused.append
            )
            return entries, store.last_deleted(), refused

        def show(found: tuple[list[Entry], int | None, list[str]]) -> None:
            self._listing = False
            if self.present:
                self._entries, self._last_deleted, refused = found
                self._show(keep)
                self._say(done() + self._count() + _left_out(refused))
            self._go_on()

        def failed(sentence: str) -> None:
            self._listing = False
            self._refuse(sentence)

        self._lookup.search(find, show, failed)

    def _show(self, keep: int | None) -> None:
        listed = self._listed
        place = listed.highlighted if keep is None else keep
        listed.clear_options()
        rows = in_ladders(self._entries)
        self._entries = [entry for entry, _ in rows]
        width = listed.scrollable_content_region.width
        listed.add_options([Option(_line(row, width)) for row in rows])
        if self._entries:
            listed.highlighted = min(place or 0, len(self._entries) - 1)
        self.refresh_bindings()

    # What is asked of the history, and what waits for the answer.

    def _ask(
        self,
        job: Callable[[Store], Result],
        then: Callable[[Result], None],
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Have something done in the history, and then what comes of it."""

        def answered(found: Result) -> None:
            self._asked -= 1
            if self.present:
                then(found)
            self._go_on()

        def refused(sentence: str) -> None:
            self._asked -= 1
            self._refuse(sentence)
            if self.is_current:
                failed(sentence)

        self._asked += 1
        self._lookup.ask(job, answered, refused)

    def _refuse(self, sentence: str) -> None:
        """Say why something could not be done; what waited for it is not done either."""
        self._pressed.clear()
        if self.present:
            self._say(sentence)
            self.refresh_bindings()

    @property
    def _busy(self) -> bool:
        """Whether the list is not yet what it will be."""
        return self._listing or self._asked > 0

    def _when_listed(self, act: Callable[[], object]) -> None:
        """Do something about the reply at the cursor once the list is as it was asked for."""
        self._pressed.append(act)
        self._go_on()

    def _go_on(self) -> None:
        while self._pressed and not self._busy:
            if not self.is_current:  # it is left, or asks something
                self._pressed.clear()
                return
            self._pressed.popleft()()

    def _count(self) -> str:
        it, count = self._filter, len(self._entries)
        found = f"{count} replies" if count != 1 else "1 reply"
        parts = ["the newest " + found if count == MOST_REPLIES else found]
        if it.model is not None:
            parts.append(f"of {it.model}")
        if it.starred:
            parts.append("starred")
        if it.query:
            parts.append(f"with “{it.query}”")
        return ", ".join(parts)

    def _say(self, words: str) -> None:
        self.query_one("#found", Label).update(visible(words, ""))

    @on(Input.Changed)
    def _search(self, message: Input.Changed) -> None:
        self._filter.query = message.value
        self._list(keep=0)

    @on(Input.Submitted)
    def _to_the_list(self) -> None:
        self._listed.focus()

    def action_to_list(self) -> None:
        """Go from the search to the list."""
        self._listed.focus()

    def action_search(self) -> None:
        """Go to the search."""
        self.query_one(Input).focus()

    def action_next_model(self) -> None:
        """List the replies of the next model alone, and after the last one those of all."""

        def take(models: list[tuple[str, int]]) -> None:
            names: list[str | None] = [None, *(name for name, _ in models)]
            now = names.index(self._filter.model) if self._filter.model in names else 0
            self._filter.model = names[(now + 1) % len(names)]
            self._list(keep=0)

        self._when_listed(lambda: self._ask(Store.models, take))

    def action_starred(self) -> None:
        """List what is starred alone, or all."""

        def change() -> None:
            self._filter.starred = not self._filter.starred
            self._list(keep=0)

        self._when_listed(change)

    # What is done with one of them.

    def obstacle(
        self,
        action: str,
        parameters: tuple[object, ...] = (),  # noqa: ARG002
    ) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        match action:
            case "choose" | "rename" | "star" | "delete" if self._entry is None and not self._busy:
                return NO_REPLY
            case "undo" if self._last_deleted is None and not self._busy:
                return "nothing was deleted"
            case "next_model" if not (self._entries or self._busy or self._filter.narrows):
                return NO_REPLY
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether an action can be done now; `↓` in the list is the list's."""
        if action == "to_list":
            return self.present and not self._listed.has_focus
        return super().check_action(action, parameters)

    @property
    def _entry(self) -> Entry | None:
        place = self._listed.highlighted if self.present else None
        return self._entries[place] if place is not None and place < len(self._entries) else None

    @on(OptionList.OptionSelected)
    def _open(self) -> None:
        self.action_choose("open")

    def action_choose(self, way: Way) -> None:
        """Leave with the reply at the cursor."""
        self._with_entry(lambda entry: self.dismiss(Chosen(way, entry.id)))

    def action_leave(self) -> None:
        """Leave with nothing; a search is cleared first."""
        if self._filter.query:
            self.query_one(Input).value = ""
        else:
            self.dismiss(None)

    def action_star(self) -> None:
        """Star the reply, or no longer."""
        self._with_entry(
            lambda entry: self._change(lambda store: store.star(entry.id, not entry.starred))
        )

    def action_rename(self) -> None:
        """Ask for a name for the reply."""
        self._with_entry(lambda entry: self._ask_for_name(entry.id, entry.name))

    def _ask_for_name(self, reply: int, name: str, refusal: str = "") -> None:
        def answer(name: str) -> None:
            self._change(
                lambda store: store.rename(reply, name.strip()),
                failed=lambda sentence: self._ask_for_name(reply, name, sentence),
            )

        ask(self.app, "A name for the reply; empty for none.", answer, name, refusal)

    def action_delete(self) -> None:
        """Delete the reply, say which, and name the key that restores it."""

        def delete(entry: Entry) -> None:
            self._change(
                lambda store: store.delete(entry.id),
                lambda _: f"Deleted {_name(entry)}; {self._key_of('history.undo')} restores it. ",
            )

        self._with_entry(delete)

    def action_undo(self) -> None:
        """Restore what was deleted last, in this session or before."""

        def undo() -> None:
            last = self._last_deleted
            if last is None:
                return

            def restore(store: Store) -> Entry:
                store.restore(last)
                return store.entry(last)

            self._change(restore, lambda entry: f"Restored {_name(entry)}. ")

        self._when_listed(undo)

    def _key_of(self, binding: str) -> str:
        """Return the key of a binding that can be used now, as it is shown."""
        bound = [it.binding for it in self.active_bindings.values() if it.binding.id == binding]
        return self.app.get_key_display(bound[0]) if bound else ""

    def _with_entry(self, act: Callable[[Entry], object]) -> None:
        """Do something with the reply at the cursor, once the list is as it was asked for."""
        self._when_listed(lambda: self._entry is not None and act(self._entry))

    def _change(
        self,
        change: Callable[[Store], Result],
        done: Callable[[Result], str] = lambda _: "",
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Change the history, list what is there then, and say what was done."""
        self._ask(change, lambda found: self._list(done=lambda: done(found)), failed)


def _left_out(refused: list[str]) -> str:
    """Return words for the replies that cannot be listed: the first is told, the others counted."""
    if not refused:
        return ""
    more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
    return f"; left out{more}: {refused[0]}"


def _line(row: Listed, width: int) -> Text:
    """Draw a reply in two lines: when, what of, how it was drawn, its name; its seed and beginning.

    Args:
        row: the reply.
        width: that the first line has, in cells; one that has no room for its facts is cut.
    """
    entry, mark = row
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.started_s))
    name = f"  {visible(entry.name, '')}" if entry.name else ""
    room = width - len(f"★{mark} {when}  ") - cells(name) - 2
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{'★' if entry.starred else ' '}{mark} ")
    text.append(when, "bold")
    text.append(f"  {fitting(room, *entry.facts)}", "dim")
    text.append(name, "bold italic")
    text.append("\n   ")
    text.append(_in_line(entry.seed), "italic")
    text.append(" → ", "dim")
    text.append(_in_line(entry.beginning))
    return text


def _name(entry: Entry) -> str:
    """Return a few words by which a person knows a reply: its name, else how it begins."""
    words = entry.name or entry.seed + entry.beginning
    return f"“{_in_line(words[:NAMED])}{'…' * (len(words) > NAMED)}”"


def _in_line(text: str) -> str:
    return visible(text[:SHOWN], "⏎")
