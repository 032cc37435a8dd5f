"""One line that says what the model is doing, and with which settings."""

from rich.text import Text
from textual.reactive import reactive

from charlm_tui.controls.controls import Controls
from charlm_tui.controls.rule_kinds import rules_counted, rules_shown
from charlm_tui.lm.held import shown as shown_held
from charlm_tui.session.updates import Phase
from charlm_tui.tui.widgets.saying_line import SayingLine

WIDEST_SHOWN, WIDEST_MADE = "00000", "00,000"  # characters per second
_WORDS = {
    Phase.LOADING: "loading",
    Phase.DOWN: "no engine",
    Phase.IDLE: "ready",
    Phase.STREAMING: "streaming",
    Phase.PAUSED: "paused",
    Phase.DREAMING: "dreaming",
    Phase.PLAYING: "playing",
}


class Status(SayingLine):
    """Model, temperature, RNG seed, characters per second, turns, state; as much as has room."""

    model: reactive[str] = reactive("")
    """The model's name; nothing before it is loaded."""
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
    reading: reactive[bool] = reactive(False)
    """Whether the text has the focus: its keys act at once."""
    resume_key = "F4"
    """As it is shown."""
    end_key = "End"
    """On the text: goes to its end."""

    def watch_state(self) -> None:
        """Show how things stand once they are otherwise."""
        self.fall_silent()

    watch_controls = watch_state

    def render(self) -> Text:
        if self.said is not None:
            return self.said
        return self._standing()

    def _standing(self) -> Text:
        # The form is one that has room for whatever the rates and the mark come to meanwhile.
        width, moves = self.size.width, self.state in (Phase.STREAMING, Phase.PLAYING)
        shown = "" if self.shown_per_s is None else f"{self.shown_per_s:.0f}"
        made = "" if self.made_per_s is None else f"{self.made_per_s:,.0f}"
        most = f"{self.controls.speed:.0f}0" if self.controls.speed else WIDEST_SHOWN
        widest = self._forms(most, WIDEST_MADE, True) if moves else None
        forms = self._forms(shown, made, self.more)
        sizes = map(len, widest or forms)
        place = next((place for place, size in enumerate(sizes) if size <= width), len(forms) - 1)
        return Text(forms[place], no_wrap=True, overflow="ellipsis", end="")

    def _forms(self, shown: str, made: str, more: bool) -> tuple[str, ...]:
        """Return the line in several lengths, the longest first.

        Args:
            shown: characters shown per second; nothing if that is not known.
            made: characters that the model makes per second of its work; the same.
            more: whether there is more text below what is seen.
        """
        controls, settings = self.controls, self.controls.settings
        speed = f"{controls.speed:.0f} chars/s" if controls.speed else "full speed"
        short = f"{controls.speed:.0f}/s" if controls.speed else "full"
        if self.state is Phase.PLAYING:  # a recorded reply has a pace of its own
            speed, short = (f"{shown} chars/s", f"{shown}/s") if shown else ("own pace", "own")
        elif shown:
            speed = f"{shown} of {speed}" if controls.speed else f"{shown} chars/s, full speed"
            short = f"{shown} of {short}" if controls.speed else f"{shown}/s full"
        temperature = f"{self.temperature:.2f}" + ("" if self.temperature else " greedy")
        # Before there is a model, nobody knows which RNG seed a reply will begin with.
        known = self.state is not Phase.LOADING or controls.pinned
        rng, rng_short = (
            (f"RNG seed {controls.rng_seed_shown}", f"RNG {settings.rng_seed}")
            if known
            else ("", "")
        )
        word = _WORDS[self.state]
        whole = f"{word}: {self.resume_key} resumes" if self.state is Phase.PAUSED else word
        keys = self.end_key if self.reading else f"Esc {self.end_key}"
        below = f"▼ more below: {keys}" if more else f"made {made}/s" if made else ""
        turns = "continued" if self.continues else "fresh"
        units = len(settings.held)
        held = " ".join(filter(None, (f"{units} held" if units else "", rules_counted(settings))))
        told = [shown_held(settings.held), rules_shown(settings)]
        named = [self.model, f"temperature {temperature}", rng, *told]
        middle = [self.model, f"temp {temperature}", rng_short, held, short]
        mark, whole_mark = (
            (f"▼{self.sibling}", f"▼ {keys} {self.sibling}") if more else (self.sibling,) * 2
        )
        rng_tiny = rng_short.replace(" ", "")
        return (
            _joined("  │  ", *named, speed, below, f"{turns} conversation", self.sibling, whole),
            _joined(" │ ", *named, short, below, turns, self.sibling, whole),
            _joined(" │ ", *middle, below, turns, self.sibling, whole),
            _joined(" │ ", *middle, turns, whole_mark, whole),
            *(
                _joined(" ", first, f"T{self.temperature:.2f}", rng, held, short, turns, *rest)
                for first, rng, *rest in (
                    (self.model[:9], rng_tiny, whole, whole_mark),
                    ("", rng_tiny, whole, whole_mark),
                    ("", "", whole, whole_mark),
                    ("", "", word, mark),
                )
            ),
        )


def _joined(between: str, *parts: str) -> str:
    return " " + between.join(part for part in parts if part)
