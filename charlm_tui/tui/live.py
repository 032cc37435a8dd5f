"""What follows the stream: rates, panels and status, and the acknowledgement of drawn text.

Owns how often each of them follows, and what was possible at the newest character.
"""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textual.screen import Screen

from charlm_tui.controls.controls import Controls
from charlm_tui.reply.tints import EngineTint
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.playing import PLAY_FRAMES_PER_S
from charlm_tui.session.updates import (
    DistributionKnown,
    Noticed,
    Phase,
    StateChanged,
    TextAdded,
    TurnRemoved,
    TurnRewound,
    TurnStarted,
    Update,
)
from charlm_tui.tui.key_names import key_of
from charlm_tui.tui.paint import Levels
from charlm_tui.tui.setup import Setup
from charlm_tui.tui.shades import Tinting
from charlm_tui.tui.view import ConversationView, place_among_siblings
from charlm_tui.tui.widgets.status import Status

if TYPE_CHECKING:  # what the first paint does without is imported after it
    from charlm_tui.tui.reach_tint import ReachTint
    from charlm_tui.tui.recital_meter import Meter
    from charlm_tui.tui.widgets.legend import Legend
    from charlm_tui.tui.widgets.ribbon import Ribbon
    from charlm_tui.tui.widgets.sidebar import Sidebar

RATE_FRAMES_PER_S = 4
PANEL_FRAMES_PER_S = 8  # at which the panels follow the stream: as fast as they can be read
WINDOW_S = 1.0  # that the rates look back


class _Arrival(NamedTuple):
    at_s: float
    characters: int
    draw_s: float


class Rates:
    """The rates of what has come of late."""

    def __init__(self) -> None:
        self._arrivals: deque[_Arrival] = deque()

    def begin(self) -> None:
        """Forget what has come: from here on it comes at another pace."""
        self._arrivals.clear()

    def came(self, now_s: float, count: int, draw_s: float) -> None:
        """Take note of a batch.

        Args:
            now_s: of a monotonic clock.
            count: characters of the batch.
            draw_s: seconds that it took to make them; 0 if they were there.
        """
        self._arrivals.append(_Arrival(now_s, count, draw_s))
        while len(self._arrivals) > 2 and now_s - self._arrivals[1].at_s >= WINDOW_S:
            self._arrivals.popleft()

    def shown_per_s(self, now_s: float) -> float | None:
        """Return the characters a second that were shown; None until two batches have come.

        Those of the first batch are not counted: when the time that they took began is not known.
        A silence counts once it is longer than the batches are apart.
        """
        if len(self._arrivals) < 2:
            return None
        first, last = self._arrivals[0], self._arrivals[-1]
        gap = (last.at_s - first.at_s) / (len(self._arrivals) - 1)
        over = max(last.at_s - first.at_s, now_s - first.at_s - gap)
        count = sum(each.characters for each in self._arrivals) - first.characters
        return count / over if over > 0 else None

    @property
    def made_per_s(self) -> float | None:
        """Characters that were made in a second of work; None if none were."""
        made = [each for each in self._arrivals if each.draw_s > 0]
        worked_s = sum(each.draw_s for each in made)
        return sum(each.characters for each in made) / worked_s if made else None


class Furniture(NamedTuple):
    """What follows the stream beside the text; not there before the screen is furnished."""

    sidebar: "Sidebar"
    ribbon: "Ribbon"
    legend: "Legend"
    meter: "Meter"
    reach: "ReachTint"

    def tint(self, tinting: Tinting) -> Levels:
        """Say by what the text is tinted; return the levels of a tint that no tape knows."""
        self.legend.tint = tinting
        self.reach.want(tinting is EngineTint.REACH)
        return self.reach.levels if tinting is EngineTint.REACH else self.meter.levels

    def toggle(self, panel: str) -> None:
        """Show or hide a panel; the recital's has marks in the text, too."""
        self.sidebar.toggle(panel)
        if panel == "recital":
            self.meter.marking = panel in self.sidebar.shown


class Live:
    """Keeps what follows the stream up to date.

    Args:
        screen: whose timers it uses; it is mounted.
        conversation: that streams.
        view: of its text.
        status: shows the rates.
        tell: is told what a person should know of the corpus.
    """

    def __init__(
        self,
        screen: Screen[None],
        conversation: Conversation,
        view: ConversationView,
        status: Status,
        tell: Callable[[Noticed], None],
    ) -> None:
        self._screen = screen
        self._conversation = conversation
        self._view = view
        self._status = status
        self._tell = tell
        status.temperature = conversation.temperature.now
        self._furniture: Furniture | None = None
        self._state = Phase.LOADING  # that was followed last
        self._controls = Controls()
        self._rates = Rates()
        self._acknowledging = False
        self._newest: DistributionKnown | None = None
        self._stale = False  # whether it is none, and is to be asked for
        self.rate_timer = screen.set_interval(1 / RATE_FRAMES_PER_S, self._rate, pause=True)
        self._panel_timer = screen.set_interval(
            1 / PANEL_FRAMES_PER_S, self.follow_stream, pause=True
        )
        self._play_timer = screen.set_interval(
            1 / PLAY_FRAMES_PER_S, conversation.advance, pause=True
        )

    async def furnish(self, setup: Setup, corpus: Path | None) -> Furniture:
        """Mount the panels, which follow from now on; return them.

        Args:
            setup: says which of them are wanted.
            corpus: that replies are held against; None if there is none.
        """
        from charlm_tui.tui.reach_tint import ReachTint
        from charlm_tui.tui.recital_meter import Meter
        from charlm_tui.tui.widgets.legend import Legend
        from charlm_tui.tui.widgets.recital import RecitalPanel
        from charlm_tui.tui.widgets.ribbon import Ribbon
        from charlm_tui.tui.widgets.sidebar import Sidebar

        sidebar = Sidebar(setup.panels, () if corpus is not None else ("recital",))
        ribbon, legend = Ribbon(), Legend(key_of(setup.keymap, "transcript.tint", "v"))
        await self._screen.query_one("#desk").mount(sidebar)
        ribbon.display = False
        await self._screen.mount(ribbon, legend, after="#desk")
        meter = Meter(
            self._screen,
            self._conversation,
            self._view.transcript,
            sidebar.query_one(RecitalPanel),
            corpus,
            "recital" in setup.panels,
            self._tell,
        )
        reach = ReachTint(self._conversation, self._tint_again)
        self._furniture = Furniture(sidebar, ribbon, legend, meter, reach)
        return self._furniture

    def _tint_again(self) -> None:
        """Draw the text again: more of what it is tinted by is known."""
        if self._furniture is not None and self._view.tinting is EngineTint.REACH:
            self._view.tint(EngineTint.REACH, self._furniture.reach.levels)

    def show(self, update: Update) -> None:
        """Take in what the conversation tells."""
        if self._furniture is not None:
            self._furniture.reach.show(update)
        match update:
            case TextAdded(text=text, draw_s=draw_s, forced=forced):
                if self._conversation.state is Phase.STREAMING:
                    self._stale = False  # what is possible comes with it
                if not forced:
                    self._rates.came(time.monotonic(), len(text), draw_s)
                if not self._acknowledging:
                    self._acknowledging = True
                    self._screen.call_after_refresh(self._acknowledge)
            case DistributionKnown():
                self._know(update)
            case TurnStarted() | TurnRemoved():
                self._forget_newest()
            case TurnRewound(turn=turn, length=length):
                self._forget_newest()
                if self._furniture is not None:
                    self._furniture.meter.rewound(turn, length)
            case StateChanged():
                self.follow()

    def follow(self) -> None:
        """Take over the state of the conversation."""
        it, status, room = self._conversation, self._status, self._furniture
        before, self._state = self._state, it.state
        controls, self._controls = self._controls, it.controls
        if it.model is None:
            self._stale = self._newest is None  # the engine that was asked is gone
        else:
            status.model = it.model.name
            if room is not None:
                room.meter.use(it.model)
        status.sibling = place_among_siblings(it.turn) if it.turn is not None else ""
        if it.state is Phase.PLAYING or it.temperature.held:
            self._play_timer.resume()
        else:
            self._play_timer.pause()
        if it.state not in (Phase.STREAMING, Phase.PLAYING):
            self.rate_timer.pause()
            self._panel_timer.pause()
            status.shown_per_s = status.made_per_s = None
        elif before is not it.state or controls.speed != it.controls.speed:
            self._rates.begin()
            status.shown_per_s = status.made_per_s = None
            self.rate_timer.resume()
            self._panel_timer.resume()
        if room is not None:
            room.sidebar.show_controls(it)
        self.follow_stream()
        if controls.settings != it.controls.settings and self._view.selected is not None:
            it.tree.inspect(*self._view.selected)

    def follow_stream(self) -> None:
        """Show the newest figures on the status line and in the panels."""
        it, room = self._conversation, self._furniture
        temperature = self._status.temperature = it.temperature.now
        if room is not None:
            tape = self._view.turn.tape if self._view.turn is not None else None
            room.sidebar.show_surprise(tape)
            if it.controls.settings.moving:
                room.sidebar.show_controls(it)  # the dial moves
            room.ribbon.follow(tape, temperature)
            room.meter.look()
        self._show_newest()

    def follow_selection(self) -> None:
        """Show what was possible at the selected character, else at the newest one."""
        selected = self._view.selected
        if selected is None:
            self._show_newest()
        else:
            self._stale = self._stale or self._newest is None  # only the last question is answered
            self._conversation.tree.inspect(*selected)

    def _acknowledge(self) -> None:
        """Tell the engine that what has come is drawn."""
        self._acknowledging = False
        self._conversation.shown()
        if self._state is Phase.PAUSED:  # no timer follows a step
            self.follow_stream()

    def _rate(self) -> None:
        """Show how many characters a second have come of late, and how fast they were made."""
        self._status.shown_per_s = self._rates.shown_per_s(time.monotonic())
        self._status.made_per_s = self._rates.made_per_s

    def _know(self, known: DistributionKnown) -> None:
        turn = self._conversation.turn
        if not known.asked:
            self._newest, self._stale = known, False
        elif self._view.selected == (known.turn, known.number):
            self._show_distribution(known)
        elif known.turn is turn and known.number == len(turn.tape) - 1 and self._newest is None:
            self._newest = known._replace(asked=False)
            self._show_newest()

    def _forget_newest(self) -> None:
        """Forget what was possible at a character that is no longer the newest one shown."""
        self._newest, self._stale = None, True

    def _show_newest(self) -> None:
        """Show what was possible at the newest character, unless another one is selected."""
        if self._view.selected is not None:
            return
        room = self._furniture
        if self._stale and room is not None and "next" in room.sidebar.shown:
            self._stale = not self._conversation.tree.inspect_last()
        self._show_distribution(self._newest)

    def _show_distribution(self, known: DistributionKnown | None) -> None:
        if self._furniture is not None:
            self._furniture.sidebar.show_distribution(known)
