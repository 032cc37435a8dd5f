"""Training runs on the screen: how their losses fall, what they write by now, keys to steer one.

Reads logs and writes requests; it waits for no trainer, and whoever trains knows nothing of it.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from charlm_tui.errors import CharlmError
from charlm_tui.files import at_home
from charlm_tui.runs.follower import Follower
from charlm_tui.runs.log_file import log_of, model_of
from charlm_tui.runs.reader import RunLogError
from charlm_tui.runs.records import Sampled
from charlm_tui.runs.trainer import Trainer
from charlm_tui.text import capitalised, differences, runs, visible
from charlm_tui.tui.hindered import HinderedScreen
from charlm_tui.tui.run_view import RunView, plot_of
from charlm_tui.tui.widgets.curve import Curve
from charlm_tui.tui.widgets.keys_line import KeysLine

if TYPE_CHECKING:  # what the first paint does without is imported when a key wants it
    from charlm_tui.film.film import Order

LOOK_S = 0.25  # from one look at the logs to the next
TWICE_S = 2.0  # within which the key that stops a run is pressed again
SETTLE_S = 1.5  # that what is new in a sample is bright
WIDE, HIGH = 100, 24  # cells from which on the samples stand beside the plot; lines, for a plot


class Samples(Static):
    """What a run writes, at each temperature; what differs from the epoch before is bright."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"samples--new", "samples--title"}
    _settle: Timer | None = None
    _shown: Sequence[Sampled] | None = None

    def show(
        self, newest: Sequence[Sampled], before: Sequence[Sampled], most: int, again: bool
    ) -> None:
        """Show samples, and what is new in them for a while.

        Args:
            newest: of the last epoch.
            before: of the one before it.
            most: samples, at most.
            again: also if they are shown already.
        """
        chosen = _middle(newest, most)
        if chosen == self._shown and not again:
            return
        self._shown = chosen
        if self._settle is not None:
            self._settle.stop()
        texts = {it.temperature: it.text for it in before}
        self.update(self._text(chosen, texts))
        self._settle = self.set_timer(SETTLE_S, lambda: self.update(self._text(chosen, {})))

    def _text(self, samples: Sequence[Sampled], before: dict[float, str]) -> Text:
        new = self.get_component_rich_style("samples--new")
        title = self.get_component_rich_style("samples--title")
        text = Text()
        for sample in samples:
            text.append(f"temperature {sample.temperature:g}\n", Style(color=title.color))
            shown = visible(sample.text)
            old = before.get(sample.temperature)
            if old is None:
                text.append(f"{shown}\n\n")
                continue
            differs = differences(shown, visible(old))
            for begin, end in runs(differs, 0, len(shown)):
                style = Style(color=new.color, bold=True) if differs[begin] else None
                text.append(shown[begin:end], style)
            text.append("\n\n")
        return text


def _middle(samples: Sequence[Sampled], most: int) -> list[Sampled]:
    """Return so many samples, those of the temperatures nearest to 0.5 where not all have room."""
    nearest = sorted(samples, key=lambda it: abs(it.temperature - 0.5))[:most]
    return sorted(nearest, key=lambda it: it.temperature)


class WatchScreen(HinderedScreen, Screen[None]):
    """One or more runs: numbers, a plot, samples.

    Args:
        paths: of model files, or of their logs.
        trainer: the process whose run it is, if it was started for this screen.
        one_by_one: show one run at a time, and not all of them over each other.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "leave", "Leave", key_display="q", id="watch.leave"),
        Binding("s", "steer('stop')", "Stop, keep the best", id="watch.stop"),
        Binding("h", "steer('halve')", "Half the rate", id="watch.halve"),
        Binding("d", "steer('double')", "Double", id="watch.double"),
        Binding("c", "steer('cool')", "Cool down", id="watch.cool"),
        Binding("b", "studio", "Try the best", id="watch.studio"),
        Binding("e", "steer('samples')", "Seed", id="watch.samples"),
        Binding("m", "steer('temperatures')", "Temperatures", id="watch.temperatures"),
        Binding("t", "axis", "Time", id="watch.axis"),
        Binding("f", "film", "Film", id="watch.film"),
        Binding("tab", "next", "Next run", id="watch.next"),
        Binding("f1,question_mark", "help", "Help", key_display="F1", id="watch.help"),
    ]

    over_time: reactive[bool] = reactive(False)
    """Whether the plot is over seconds, not epochs."""
    chosen: reactive[int] = reactive(0)
    """The run whose numbers and samples are shown, and that keys steer."""

    class FilmWanted(Message):
        """The film of a run is to be shown."""

        def __init__(self, order: "Order") -> None:
            super().__init__()
            self.order = order

    def __init__(
        self, paths: Sequence[Path], trainer: Trainer | None = None, *, one_by_one: bool = False
    ) -> None:
        super().__init__()
        self._trainer = trainer
        self._one_by_one = one_by_one
        self._followers = [Follower(log_of(at_home(path))) for path in paths]
        self._views = self._seen()
        self._missing: dict[int, str] = {}  # by run: why nothing is known of it
        self._begun = False
        self._stop_asked = False

    def compose(self) -> ComposeResult:
        yield Static(id="numbers", markup=False)
        with Horizontal(id="body"):
            yield Curve(id="plot")
            with Vertical(id="beside"):
                yield Samples(id="samples", markup=False)
        yield KeysLine(
            (
                "watch.temperatures",
                "watch.double",
                "watch.axis",
                "watch.samples",
                "watch.cool",
                "watch.halve",
                "watch.studio",
                "watch.film",
            )
        )

    def on_mount(self) -> None:
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """Look at the logs, now that a screen is there: to read and to plot them takes longer."""
        self._begun = True
        self._look()
        self._draw()
        self.set_interval(LOOK_S, self._look)

    def on_unmount(self) -> None:
        for follower in self._followers:
            follower.close()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")
        self.set_class(event.size.height < HIGH, "-low")
        self.call_after_refresh(self._draw, True)

    @property
    def view(self) -> RunView:
        """The run whose numbers and samples are shown."""
        return self._views[self.chosen]

    def _look(self) -> None:
        """Take in what is new of the logs, and draw it; a trainer that is gone is new, too."""
        fresh = False
        for number, follower in enumerate(self._followers):
            if self._one_by_one and number != self.chosen:
                continue
            try:
                fresh |= follower.follow()
                self._missing.pop(number, None)
            except RunLogError as error:
                if self._awaited:  # the log will be there
                    continue
                fresh |= self._missing.get(number) != str(error)
                self._missing[number] = str(error)
        if self._trainer is not None and self._trainer.ended is not None and self._awaited:
            self.app.exit(return_code=self._trainer.ended)  # it has said why
        before, self._views = self._views, self._seen()
        if fresh or before != self._views:
            self._draw()

    def _seen(self) -> list[RunView]:
        process = self._trainer.process if self._trainer is not None else 0
        return [RunView.of(each, process) for each in self._followers]

    @property
    def _awaited(self) -> bool:
        """Whether a process was started that has not told of its run yet."""
        return self._trainer is not None and self.view.log.began is None

    def _draw(self, again: bool = False) -> None:
        """Draw what is new; `again`, the samples as well that are there already."""
        if not self._begun:
            return
        view = self.view
        lines = view.numbers(self.size.width - 2)
        if (sentence := self._missing.get(self.chosen)) is not None:
            lines = [visible(sentence, "")]
        elif view.log.skipped:
            lines[0] += f"  ({view.log.skipped:,} lines of the log are none that is known)"
        if self._one_by_one and len(self._views) > 1:
            lines[0] += f"  (run {self.chosen + 1} of {len(self._views)}; Tab: the next)"
        self.query_one("#numbers", Static).update("\n".join(lines))
        shown = [view] if self._one_by_one else self._views
        self.query_one(Curve).plot = plot_of(shown, self.over_time)
        most = 4 if self.has_class("-wide") else 1
        self.query_one(Samples).show(*view.samples(), most, again)
        self.refresh_bindings()

    def watch_over_time(self) -> None:
        if self.is_mounted:
            self._draw()

    def watch_chosen(self) -> None:
        if self.is_mounted:
            self._look()
            self._draw(True)

    # What can be done.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:  # noqa: ARG002
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        if action == "next":
            return "" if len(self._followers) > 1 else "there is one run"
        if action == "studio":
            there = os.path.isfile(model_of(self._followers[self.chosen].path))
            return "" if there else "there is no model file yet: it is written after an epoch"
        log = self.view.log
        if not self._begun and action in ("film", "steer"):
            return "the log is not read yet"
        if action == "film":
            kept = log.kept(model_of(self._followers[self.chosen].path))
            return "" if any(kept) else "this run has kept no epoch: train with --keep-epochs"
        if action != "steer":
            return ""
        if log.began is None:
            return "there is no run yet"
        if log.ended is not None:
            return "this run has ended"
        return "" if self.view.alive else "this run was cut off: continue it with --resume"

    def say(self, sentence: str) -> None:
        """Say something in the line of keys."""
        self.query_one(KeysLine).say(sentence)

    def action_leave(self) -> None:
        """Leave; what trains goes on."""
        self.app.exit()

    def action_axis(self) -> None:
        """Plot over seconds in place of epochs, and back."""
        self.over_time = not self.over_time

    def action_next(self) -> None:
        """Show another run's numbers and samples."""
        self.chosen = (self.chosen + 1) % len(self._followers)

    def action_film(self) -> None:
        """Show the run as a film."""
        from charlm_tui.film.order import order_of

        follower = self._followers[self.chosen]
        try:
            order = order_of(follower.path, follower.log)
        except CharlmError as error:
            self.say(capitalised(str(error)))
            return
        self.post_message(self.FilmWanted(order))

    def action_steer(self, request: str) -> None:
        """Ask something of the run; to end it takes the key twice."""
        from charlm_tui.tui.steering import RunSteering

        if request == "stop" and not self._stop_asked:
            self._stop_asked = True
            self.say("Press s again to stop the run and keep its best")
            self.set_timer(TWICE_S, self._forget_stop)
            return
        model = model_of(self._followers[self.chosen].path)
        getattr(RunSteering(self.app, model, self.view, self.say), request)()

    def _forget_stop(self) -> None:
        self._stop_asked = False

    def action_studio(self) -> None:
        """Open the studio on the best so far; it follows what is better."""
        from charlm_tui.tui.outside import run_outside

        model = str(model_of(self._followers[self.chosen].path))
        failed = run_outside(
            self.app, [sys.executable, "-m", "charlm_tui", "--follow", "--model", model]
        )
        if failed:
            self.say(f"The studio has failed: {failed}")

    def action_help(self) -> None:
        """Show every key here."""
        from charlm_tui.tui.screens.help import HelpScreen, screen_section

        self.app.push_screen(HelpScreen([screen_section(self, "watch")]))
