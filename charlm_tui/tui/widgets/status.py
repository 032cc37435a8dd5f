"""One line that says what the model is doing, and with which settings."""

from rich.text import Text
from textual.reactive import reactive
from textual.timer import Timer
from textual.widget import Widget

from charlm_tui.controls.controls import Controls
from charlm_tui.session.updates import Phase
from charlm_tui.text import visible

SAID_S = 4.0  # that a sentence stands where the status is
_WORDS = {
    Phase.LOADING: "loading",
    Phase.DOWN: "no engine",
    Phase.IDLE: "ready",
    Phase.STREAMING: "streaming",
    Phase.PAUSED: "paused",
    Phase.DREAMING: "dreaming",
    Phase.PLAYING: "playing",
}


class SayingLine(Widget):
    """A line in which a sentence can stand for a while in place of what it shows."""

    said: reactive[Text | None] = reactive(None)
    """The sentence, if there is one."""
    _silence: Timer | None = None

    def say(self, sentence: str, style: str = "bold", seconds: float = SAID_S) -> None:
        """Say something for a while; it replaces what was said before."""
        if self._silence is not None:
            self._silence.stop()
        self.said = Text(
            f" {visible(sentence, '')}", style, no_wrap=True, overflow="ellipsis", end=""
        )
        self._silence = self.set_timer(seconds, self.fall_silent)

    def fall_silent(self) -> None:
        """Show what is there at other times: what was said may be true no longer."""
        self.said = None


class Status(SayingLine):
    """Model, temperature, RNG seed, characters per second, turns, state; as much as has room."""

    model: reactive[str] = reactive("")
    """The model's name."""
    controls: reactive[Controls] = reactive(Controls)
    """In force."""
    temperature: reactive[float] = reactive(0.5)
    """In force: it is another than the one that is set while a schedule moves it."""
    state: reactive[Phase] = reactive(Phase.LOADING)
    """Of the conversation."""
    shown_per_s: reactive[float | None] = reactive(None)
    """Characters shown per second; None if nothing streams."""
    made_per_s: reactive[float | None] = reactive(None)
    """Characters that the model makes in a second of its work; None if nothing streams."""
    continues: reactive[bool] = reactive(False)
    """Whether a new seed continues the conversation."""
    sibling: reactive[str] = reactive("")
    """Which of its siblings the reply is that is shown last, if it has any."""
    more: reactive[bool] = reactive(False)
    """Whether there is more text below what is seen."""

    def watch_state(self) -> None:
        """Show how things stand once they are otherwise."""
        self.fall_silent()

    watch_controls = watch_state

    def render(self) -> Text:
        if self.said is not None:
            return self.said
        return self._standing()

    def _standing(self) -> Text:
        settings = self.controls.settings
        speed = f"{self.controls.speed:.0f} chars/s" if self.controls.speed else "full speed"
        short = f"{self.controls.speed:.0f}/s" if self.controls.speed else "full"
        if self.state is Phase.PLAYING:  # a recorded reply has a pace of its own
            played = "" if self.shown_per_s is None else f"{self.shown_per_s:.0f}"
            speed, short = (f"{played} chars/s", f"{played}/s") if played else ("own pace", "own")
        elif self.shown_per_s is not None:
            shown = f"{self.shown_per_s:.0f}"
            speed = f"{shown} of {speed}" if self.controls.speed else f"{shown} chars/s, full speed"
            short = f"{shown} of {short}" if self.controls.speed else f"{shown}/s full"
        made = "" if self.made_per_s is None else f"  │  made {self.made_per_s:,.0f}/s"
        made_short = "" if self.made_per_s is None else f" made {self.made_per_s:.0f}/s"
        temperature = f"{self.temperature:.2f}" + ("" if self.temperature else " greedy")
        name = self.model or "model"
        word = _WORDS[self.state]
        more = "▼ more below" if self.more else ""
        turns = "continued" if self.continues else "fresh"
        long = [
            f" {name}",
            f"temperature {temperature}",
            f"RNG seed {self.controls.rng_seed_shown}",
        ]
        long += [f"{speed}{made}", f"{turns} turns", self.sibling, word, more]
        middle = [f" {name}", f"temp {temperature}", f"RNG {settings.rng_seed}"]
        middle += [short + made_short, turns, self.sibling, word, more]
        mark = ("▼" if self.more else "") + self.sibling
        forms = (
            "  │  ".join(part for part in long if part),
            " │ ".join(part for part in middle if part),
            " │ ".join(part for part in [*middle[:3], short, turns, mark, word] if part),
            f" {name[:9]} T{self.temperature:.2f} RNG{settings.rng_seed} {short} {turns} "
            f"{word} {mark}".rstrip(),
            f" T{self.temperature:.2f} RNG{settings.rng_seed} {short} {turns} {word} "
            f"{mark}".rstrip(),
            f" T{self.temperature:.2f} {short} {turns} {word} {mark}".rstrip(),
        )
        width = self.size.width
        text = next((form for form in forms if len(form) <= width), forms[-1])
        return Text(text, no_wrap=True, overflow="ellipsis", end="")
