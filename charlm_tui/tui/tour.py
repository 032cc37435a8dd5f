"""The guided tour: the notebook's experiment, performed with the model that is loaded.

Each step is one press of one key, does what another key does at any time, and says which. Owns the
words and the order; what a step does, commands and screens know.
"""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from charlm_tui.controls.controls import PRESETS
from charlm_tui.errors import CommandError
from charlm_tui.lm.errors import SettingsError
from charlm_tui.reply.tints import Tint
from charlm_tui.session.conversation import Conversation
from charlm_tui.session.typed import run_line
from charlm_tui.tui.acts import ACTS
from charlm_tui.tui.key_names import key_of
from charlm_tui.tui.keys import KEYS
from charlm_tui.tui.shades import Tinting
from charlm_tui.tui.view import ConversationView
from charlm_tui.tui.welcome import EXAMPLES

if TYPE_CHECKING:
    from charlm_tui.tui.screens.studio import StudioScreen

LOW, INTERESTING, HIGHER, HIGH = PRESETS  # the notebook's temperatures


class Step(NamedTuple):
    """One step: what it says, and the name of the method of `Tour` that performs it."""

    does: str
    words: str
    """Ids of commands and acts in braces stand for their keys."""


STEPS = (
    Step(
        "low",
        f"The notebook's experiment: one seed, several temperatures. At {LOW:g} ({{preset-1}}) the "
        "model almost always takes the likeliest character, and soon repeats itself.",
    ),
    Step(
        "high",
        f"The same seed at {HIGH:g} ({{preset-4}}, then {{again}}): unlikely characters come as "
        "well, and words fall apart.",
    ),
    Step(
        "interesting",
        f"At {INTERESTING:g} ({{preset-2}}, {{again}}) it is at its most interesting: words hold, "
        "and the next one is still open.",
    ),
    Step(
        "trap",
        f"The notebook's trap: its {HIGHER:g} continues the text that {INTERESTING:g} has written "
        "({go-on}), so what differs is not the temperature alone. Watch the seam.",
    ),
    Step(
        "ladder",
        "The fair way ({ladder}): each temperature began from the same seed, with the same random "
        "numbers. All four are siblings now: {previous-sibling} and {next-sibling} walk them.",
    ),
    Step(
        "surprisal",
        "The tint ({tint}) shows each character's surprisal, in bits: how unexpected it was to the "
        "model itself. Look at where words begin.",
    ),
    Step(
        "branch",
        "The most surprising character was drawn again, and all that followed it "
        "({draw-anew-from-here}). The other way is kept: {previous-sibling} shows it.",
    ),
    Step(
        "reach",
        "The reach ({reach}): how many characters the model had to read before it was sure of this "
        "one, and which of them mattered.",
    ),
    Step(
        "train",
        "Now a text of your own: leave with {quit}, and charlm-tui train --corpus YOURS.txt shows "
        "how a model learns it. Every key is under F1. The next press ends the tour.",
    ),
)
"""The tour."""


def key_labels(keymap: Mapping[str, str]) -> dict[str, str]:
    """Return the key that does each command and act, by its id, as it is written.

    Args:
        keymap: keys by the ids of bindings that have others than at first.
    """
    plain = {key.command: key.plain for key in KEYS} | {act.id: act.plain for act in ACTS}
    anywhere = {f"command.{key.command}": key.anywhere for key in KEYS}
    anywhere |= {f"view.{act.id}": act.anywhere for act in ACTS}
    labels = {
        id_.partition(".")[2]: key_of(keymap, id_, keys) for id_, keys in anywhere.items() if keys
    }
    labels |= {
        name: key_of(keymap, f"transcript.{name}", keys) for name, keys in plain.items() if keys
    }
    return labels | {"quit": key_of(keymap, "app.quit", "ctrl+q")}


def step_typed(typed: str) -> int | None:
    """Return the number of the step that a person has typed, from 1 on; None is `off`.

    Raises:
        SettingsError: it is neither.
    """
    if typed.strip().lower() == "off":
        return None
    if typed.strip().isdecimal() and 1 <= int(typed) <= len(STEPS):
        return int(typed)
    raise SettingsError(
        f'a step of the tour is a number from 1 to {len(STEPS)}, or "off", not {typed!r:.40}'
    )


class TourPanel(Static, can_focus=True):
    """The words of the step that was performed; its keys work while it has the focus.

    Args:
        go: performs the step so many after this one.
        end: ends the tour.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,right", "go(1)", "Next step", id="tour.next"),
        Binding("left", "go(-1)", "Step before", id="tour.before"),
        Binding("escape", "leave", "End the tour", id="tour.leave"),
    ]
    ALLOW_SELECT: ClassVar[bool] = False

    def __init__(self, go: Callable[[int], None], end: Callable[[], None]) -> None:
        super().__init__()
        self._go = go
        self._end = end

    def action_go(self, steps: int) -> None:
        """Perform the next step, or the one before again."""
        self._go(steps)

    def action_leave(self) -> None:
        """End the tour."""
        self._end()


class Tour:
    """Performs the steps in a studio.

    Args:
        studio: is furnished.
        conversation: of the studio.
        view: of its text.
        keymap: keys by the ids of bindings that have others than at first.
        attempt: does something, and shows the sentence if it cannot be done.
    """

    def __init__(
        self,
        studio: "StudioScreen",
        conversation: Conversation,
        view: ConversationView,
        keymap: Mapping[str, str],
        attempt: Callable[[Callable[[], object]], None],
    ) -> None:
        self._studio = studio
        self._conversation = conversation
        self._view = view
        self._keys = key_labels(keymap)
        self._attempt = attempt
        self._number = 0  # of the step that was performed last, from 1 on
        self._before: tuple[float, Tinting] | None = None  # what comes back at the end
        self._panel = TourPanel(self.go, self.end)

    def go(self, steps: int = 1) -> None:
        """Perform the step so many after the last one; behind the last step the tour ends."""
        self.to(max(self._number + steps, 1))

    def to(self, number: int) -> None:
        """Perform a step.

        Args:
            number: from 1 on; behind the last step the tour ends.
        """
        if number > len(STEPS):
            self.end()
            return
        if self._before is None:
            self._before = self._conversation.controls.settings.temperature, self._studio.tinted
            self._studio.mount(self._panel, before="Status")
            self._panel.focus()
        self._number = number
        step = STEPS[number - 1]
        words = step.words.format_map(self._keys)
        how = f"{self._keys['tour']} goes to the next step, Esc here ends the tour"
        line = Text(f"Tour {number}/{len(STEPS)}  ", style="bold", end="")
        self._panel.update(line.append(words, "not bold").append(f"  {how}", "not bold dim"))
        self._attempt(getattr(self, f"_{step.does}"))

    def end(self) -> None:
        """End the tour; the temperature and the tint of before are back."""
        if self._before is not None:
            temperature, self._studio.tinted = self._before
            self._conversation.temperature.set(temperature)
            self._before, self._number = None, 0
            self._panel.remove()
            self._panel = TourPanel(self.go, self.end)
            self._studio.prompt.focus()

    # The steps.

    def _low(self) -> None:
        self._conversation.temperature.set(LOW)
        self._conversation.send(EXAMPLES[0])

    def _high(self) -> None:
        self._again(HIGH)

    def _interesting(self) -> None:
        self._again(INTERESTING)

    def _again(self, temperature: float) -> None:
        if self._conversation.turn is None:
            self._low()
        self._conversation.temperature.set(temperature)
        run_line(self._conversation, "/again")

    def _trap(self) -> None:
        if self._conversation.busy:
            self._conversation.stop()
        self._conversation.temperature.set(HIGHER)
        run_line(self._conversation, "/go")

    def _ladder(self) -> None:
        self._studio.action_open("ladder")

    def _surprisal(self) -> None:
        self._studio.tinted = Tint.SURPRISAL

    def _branch(self) -> None:
        """Draw again from the most surprising character of the last reply."""
        it = self._conversation
        if it.busy:
            it.stop()
        turn = it.turn
        bits = turn.tape.surprisal_bits() if turn is not None else ()
        measured = [place for place, value in enumerate(bits) if not math.isnan(value)]
        if turn is None or not measured:
            raise CommandError("there is no reply to branch from; go back a step, or send a seed")
        it.temperature.set(INTERESTING)
        self._view.select(turn, max(measured, key=bits.__getitem__))
        if obstacle := self._studio.obstacle("branch", ("redraw",)):
            raise CommandError(f"this reply cannot be branched: {obstacle}")
        self._studio.action_branch("redraw")

    def _reach(self) -> None:
        self._view.transcript.selection = None
        self._studio.action_open("reach")

    def _train(self) -> None:
        """Nothing is performed: it takes longer than a step."""
