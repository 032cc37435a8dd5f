"""One line that says what the model is doing, and with which settings."""

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from charlm_tui.session.controls import Controls
from charlm_tui.session.updates import State

_WORDS = {
    State.LOADING: "loading",
    State.DOWN: "no engine",
    State.IDLE: "ready",
    State.STREAMING: "streaming",
    State.PAUSED: "paused",
    State.DREAMING: "dreaming",
}


class Status(Widget):
    """Model, temperature, RNG seed, characters per second, state; as much as has room."""

    model: reactive[str] = reactive("")
    """The model's name."""
    controls: reactive[Controls] = reactive(Controls)
    """In force."""
    state: reactive[State] = reactive(State.LOADING)
    """Of the conversation."""
    shown_per_s: reactive[float | None] = reactive(None)
    """Characters shown per second; None if nothing streams."""

    def render(self) -> Text:
        settings = self.controls.settings
        speed = f"{self.controls.speed:.0f} chars/s" if self.controls.speed else "full speed"
        short = f"{self.controls.speed:.0f}/s" if self.controls.speed else "full"
        if self.shown_per_s is not None:
            shown = f"{self.shown_per_s:.0f}"
            speed = f"{shown} of {speed}" if self.controls.speed else f"{shown} chars/s, full speed"
            short = f"{shown}/s" if self.controls.speed else f"{shown}/s full"
        temperature = f"{settings.temperature:.2f}" + ("" if settings.temperature else " greedy")
        name = self.model or "model"
        word = _WORDS[self.state]
        forms = (
            f" {name}  │  temperature {temperature}  │  RNG seed {settings.rng_seed}  │  "
            f"{speed}  │  {word}",
            f" {name} │ temp {temperature} │ RNG {settings.rng_seed} │ {short} │ {word}",
            f" {name[:9]} T{settings.temperature:.2f} RNG{settings.rng_seed} {short} {word}",
            f" T{settings.temperature:.2f} RNG{settings.rng_seed} {short} {word}",
            f" T{settings.temperature:.2f} {short} {word}",
        )
        width = self.size.width
        text = next((form for form in forms if len(form) <= width), forms[-1])
        return Text(text, no_wrap=True, overflow="ellipsis", end="")
