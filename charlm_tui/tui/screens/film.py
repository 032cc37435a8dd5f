"""A run as a film: a slider over its epochs, what each writes, and what it has learned by then.

An engine makes the film, in a process of its own, epoch by epoch; what is there can be looked at
meanwhile. Reads no log and opens no model.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from charlm_tui.controls.controls import LANES
from charlm_tui.engine.client import Engine, EngineHost
from charlm_tui.engine.protocol import EngineDied, Event, Filmed, FilmEnded, FilmRequested
from charlm_tui.files import at_home, write_document
from charlm_tui.film.export import exported, heading, reply
from charlm_tui.film.film import Film, Order, Passage, evenly
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.text import capitalised, fitting, visible
from charlm_tui.tui.hindered import BEGINNING, END, HinderedScreen
from charlm_tui.tui.outside import run_outside
from charlm_tui.tui.screens.ask import ask
from charlm_tui.tui.widgets.curve import Curve, Line, Plot
from charlm_tui.tui.widgets.film_text import NEW, FilmText, PassageText, ReplyText
from charlm_tui.tui.widgets.keys_line import KeysLine
from charlm_tui.tui.widgets.slider import Slider

WIDE, HIGH = 100, 24  # cells from which on the texts stand beside each other; lines, for a plot
FRAME_S = 0.5  # that an epoch stands while it plays
SETTLE_S = 1.5  # that what changed in the reply is bright
SHORT_TITLE = "passage, not trained on"
NUMBER = 1  # of the request; an engine makes one film
_WALK = frozenset({"step", "first", "last", "play"})
_EPOCH = Binding.Group("Epoch", compact=True)
_SCROLL = Binding.Group("Scroll", compact=True)


class FilmScreen(HinderedScreen, Screen[None]):
    """The film of a run.

    Args:
        order: what is filmed.
        new_engine: starts an engine.
        limits: of what each model may cost.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Before", key_display="←", group=_EPOCH, id="film.before"),
        Binding("right,l", "step(1)", "Next", key_display="→", group=_EPOCH, id="film.next"),
        Binding("space", "play", "Play", key_display="space", id="film.play"),
        Binding("home,0", "first", "First", key_display="Home", id="film.first"),
        Binding("end,G", "last", "Last", key_display="End", id="film.last"),
        Binding("up,k", "scroll(-1)", "Up", key_display="↑", group=_SCROLL, id="film.up"),
        Binding("down,j", "scroll(1)", "Down", key_display="↓", group=_SCROLL, id="film.down"),
        Binding("A", "ladder", "Ladder", id="film.ladder"),
        Binding("x", "export", "Export", id="film.export"),
        Binding("q,escape", "leave", "Leave", key_display="q", id="film.leave"),
    ]

    at: reactive[int] = reactive(0)
    """The epoch that is shown, by its number among those of the film."""

    class EngineTold(Message):
        """The engine has said something."""

        def __init__(self, engine: Engine, event: Event) -> None:
            super().__init__()
            self.engine = engine
            self.event = event

    def __init__(
        self, order: Order, new_engine: Callable[[str], Engine], limits: LoadLimits
    ) -> None:
        super().__init__()
        self.film = Film(order)
        self._limits = limits
        self._host = EngineHost(order.epochs[0].file, new_engine, self._hear)
        self._failure = ""  # why it is not whole, if it will not be
        self._follows = True  # the newest epoch, until a key goes elsewhere
        self._playing: Timer | None = None
        self._settle: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="heading", markup=False)
        yield Slider(id="slider")
        with Container(id="texts"):
            yield ReplyText(id="reply")
            yield PassageText(id="passage")
        yield Curve(id="plot")
        yield KeysLine(
            ("film.last", "film.first", "film.up", "film.ladder", "film.export", "film.play"),
            self._label,
        )

    def on_mount(self) -> None:
        self.query_one(Slider).count = len(self.film.order.epochs)
        self._draw()
        self.call_after_refresh(self._begin)

    def on_unmount(self) -> None:
        self._host.close()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width >= WIDE, "-wide")
        self.set_class(event.size.height < HIGH, "-low")
        self.call_after_refresh(self._draw)

    # The engine.

    def _begin(self) -> None:
        self._host.start().send(FilmRequested(NUMBER, self.film.order, self._limits))

    def _hear(self, engine: Engine, event: Event) -> None:
        self.post_message(self.EngineTold(engine, event))

    def on_film_screen_engine_told(self, message: EngineTold) -> None:
        if message.engine is not self._host.engine:
            return
        match message.event:
            case Filmed(piece=Passage() as passage):
                self.film.begin(passage)
                self._draw()
            case Filmed(piece=shot):
                assert not isinstance(shot, Passage)
                self.film.add(shot)
                self._draw()
                if self._follows:
                    self.at = len(self.film.shots) - 1
            case FilmEnded(sentence=sentence):
                self._end(sentence)
            case EngineDied(reason=reason):
                number = min(len(self.film.shots), len(self.film.order.epochs) - 1)
                self._end(f"{self.film.order.epochs[number].file} cannot be used: {reason}")

    def _end(self, sentence: str) -> None:
        """End the engine; there is no more of the film."""
        self._host.close()
        if not self.film.complete:
            self._failure = sentence or "the engine stopped"
        told = self._failure or sentence or self.film.order.notice
        if told:
            self.say(capitalised(told))
        self._draw()

    # What is seen.

    def watch_at(self) -> None:
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        """Draw the epoch, or what there is in its place."""
        film, order, at = self.film, self.film.order, self.at
        width = self.size.width - 2
        self.query_one("#heading", Static).update(self._heading(width))
        slider = self.query_one(Slider)
        slider.ready, slider.at = len(film.shots), at
        known = [(it.place, it.bits) for it in order.epochs if it.bits is not None]
        places, bits = zip(*known, strict=True) if known else ((), ())
        line = Line(visible(order.measured_on, ""), places, bits)
        self.query_one(Curve).plot = Plot((line,) if known else (), mark=order.epochs[at].place)
        if at < len(film.shots):
            self._show_texts(at)
        self.refresh_bindings()

    def _heading(self, width: int) -> str:
        film, at = self.film, self.at
        count = len(film.order.epochs)
        name = visible(film.order.name, "")
        if self._failure:
            state = f"the film ends early: {self._failure}"
        else:
            state = "" if film.complete else f"filming epoch {len(film.shots) + 1} of {count}"
        if not film.shots:
            return fitting(width, f"{name}  {state}", state)
        whole = heading(film, at)
        epoch = f"epoch {film.order.epochs[at].name} of {film.order.epochs[-1].name}"
        behind = f"  {state}" if state else ""
        return fitting(width, f"{whole}{behind}", f"{epoch}{behind}", state or whole, epoch)

    def _show_texts(self, at: int) -> None:
        film, settings = self.film, self.film.order.settings
        text = self.query_one(ReplyText)
        text.shown = reply(film, at, NEW)
        how = f"temperature {settings.temperature:g}"
        text.titles = (
            f"what it writes  {how}, RNG seed {settings.rng_seed}",
            f"what it writes  {how}",
            "reply",
        )
        if self._settle is not None:
            self._settle.stop()
        self._settle = None if self._playing else self.set_timer(SETTLE_S, self._settled)
        passage = self.query_one(PassageText)
        if film.passage.sentence:
            passage.titles = (film.passage.sentence,)
            return
        known, of = film.known(at), len(film.passage.text)
        passage.shown = (film.passage.text, film.levels(at))
        passage.ends = film.order.epochs[0].name, film.order.epochs[-1].name
        passage.titles = (
            f"a passage that it was not trained on  {known:,} of {of:,} characters learned",
            f"{SHORT_TITLE}  {known:,} of {of:,} learned",
            f"{SHORT_TITLE}  {known / of:.0%}",
            f"passage  {known / of:.0%}",
        )

    def _settled(self) -> None:
        """Let what changed look like the rest."""
        self.query_one(ReplyText).shown = reply(self.film, self.at, 0)

    def _label(self, id_: str) -> str:
        return "Pause" if id_ == "film.play" and self._playing else ""

    def say(self, sentence: str) -> None:
        """Say something in the line of keys."""
        self.query_one(KeysLine).say(sentence)

    # What can be done.

    def obstacle(self, action: str, parameters: tuple[object, ...] = ()) -> str:
        """Return why an action cannot be done now, as a clause; nothing if it can."""
        film = self.film
        if action in _WALK and not film.shots:
            return self._failure or "the first epoch is not there yet"
        match action, parameters:
            case ("step", (-1,)) | ("first", _):
                return "this is the first epoch" if self.at == 0 else ""
            case ("step", (1,)) | ("last", _):
                if self.at < len(film.shots) - 1:
                    return ""
                whole = film.complete or self._failure
                return "this is the last epoch" if whole else "the next epoch is not there yet"
            case "play", _:
                return "" if len(film.shots) > 1 else "there is one epoch"
            case "scroll", (int() as lines,):
                return self._no_line(lines)
            case "ladder", _:
                return "" if len(film.shots) > 1 else "a ladder takes two epochs"
            case "export", _:
                if film.complete:
                    return ""
                return self._failure or "the film is not whole yet"
        return ""

    def _no_line(self, lines: int) -> str:
        """Return why the texts cannot be scrolled further; nothing if one of them can."""
        texts = self.query(FilmText)
        if lines < 0:
            return "" if any(it.top > 0 for it in texts) else BEGINNING
        return "" if any(it.top < it.last_top for it in texts) else END

    def action_step(self, steps: int) -> None:
        """Go to the epoch before or the next one."""
        self._go(self.at + steps)

    def action_first(self) -> None:
        """Go to the first epoch."""
        self._go(0)

    def action_last(self) -> None:
        """Go to the last epoch."""
        self._go(len(self.film.shots) - 1)

    def on_slider_clicked(self, message: Slider.Clicked) -> None:
        """Go to the epoch that was clicked."""
        self._go(message.at)

    def _go(self, at: int) -> None:
        self._pause()
        self._follows = at == len(self.film.shots) - 1
        self.at = at

    def action_play(self) -> None:
        """Play the film, from its beginning if it is at its end; or pause."""
        if self._playing is not None:
            self._pause()
            return
        self._follows = False
        if self.at >= len(self.film.shots) - 1:
            self.at = 0
        self._playing = self.set_interval(FRAME_S, self._play_on)
        self.refresh_bindings()

    def _play_on(self) -> None:
        if self.at < len(self.film.shots) - 1:
            self.at += 1
        elif self.film.complete or self._failure:
            self._pause()

    def _pause(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None
            self.refresh_bindings()

    def action_scroll(self, lines: int) -> None:
        """Scroll both texts, as far as each goes."""
        for text in self.query(FilmText):
            text.top += lines
        self.refresh_bindings()

    def action_ladder(self) -> None:
        """Open the studio on a ladder of epochs, which draw side by side with the same numbers."""
        order = self.film.order
        epochs = evenly(order.epochs[: len(self.film.shots)], LANES[1])
        words = ["--model", epochs[-1].file, f"--seed={order.seed}"]
        words += ["--temperature", f"{order.settings.temperature:g}"]
        words += ["--rng-seed", str(order.settings.rng_seed)]
        words += [f"--ladder={epoch.file}" for epoch in epochs]
        failed = run_outside(self.app, [sys.executable, "-m", "charlm_tui", *words])
        if failed:
            self.say(f"The studio has failed: {failed}")

    def action_export(self) -> None:
        """Ask for a name, and write the film as a recording or a picture."""

        def answer(typed: str) -> None:
            path = at_home(Path(typed))
            write_document(path, exported(self.film, path))
            self.say(f"Exported to {path}")

        name = visible(self.film.order.name, "")
        ask(self.app, "Export the film to a file, .svg or .cast", answer, f"{name}.film.svg")

    def action_leave(self) -> None:
        """Leave the film; back to the run that it is of, if one was looked at."""
        if len(self.app.screen_stack) > 1:
            self.dismiss(None)
        else:
            self.app.exit()
