"""The keys of what can be done now, in one line: as many as have room, the most wanted first.

One widget that draws a line. Textual's own footer is a widget for each key, which are all rebuilt
when one of them changes: 40 ms in mid-stream; and what has no room in it is cut off at its end.
"""

from collections.abc import Callable, Iterable
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.binding import ActiveBinding
from textual.events import MouseDown
from textual.geometry import Region
from textual.reactive import reactive
from textual.screen import Screen
from textual.strip import Strip

from charlm_tui.tui.widgets.saying_line import SayingLine

GAP = "  "


class Offer(NamedTuple):
    """Keys that stand together, and what they do."""

    keys: tuple[tuple[str, str], ...]
    """(key, as it is shown)."""
    label: str
    ids: tuple[str, ...]
    """Of their bindings."""

    @property
    def width(self) -> int:
        """Cells that it takes."""
        return sum(len(shown) for _, shown in self.keys) + 1 + len(self.label)


class KeysLine(SayingLine):
    """Keys and what they do; a screen without a status line says here why a key does nothing.

    Args:
        least_wanted: ids of bindings that make room for others, the first one first.
        label: returns what a binding does now, by its id, if it is called otherwise; else nothing.

    | component class | what |
    | :- | :- |
    | `keys-line--key` | a key |
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys-line--key"}
    ALLOW_SELECT: ClassVar[bool] = False

    offers: reactive[tuple[Offer, ...]] = reactive(())
    """What can be done."""

    def __init__(
        self, least_wanted: Iterable[str] = (), label: Callable[[str], str] = lambda _: ""
    ) -> None:
        super().__init__()
        self._label = label
        self._least_wanted = tuple(least_wanted)

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._take)
        self._take(self.screen)

    def _take(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen and self.app.app_focus:
            self.offers = self._offers(screen.active_bindings.values())

    def _offers(self, active: Iterable[ActiveBinding]) -> tuple[Offer, ...]:
        offers: dict[object, Offer] = {}
        for _, binding, enabled, _ in active:
            if not (binding.show and enabled):
                continue
            key = ((binding.key, self.app.get_key_display(binding)),)
            together = binding.group or binding.description
            before = offers.get(together)
            if before is not None and binding.id in before.ids:
                continue  # another key of the same binding
            own = self._label(binding.id or "") or binding.description
            label = binding.group.description if binding.group else own
            offers[together] = Offer(
                (before.keys if before else ()) + key,
                label,
                (before.ids if before else ()) + (binding.id or "",),
            )
        return tuple(offers.values())

    @property
    def shown(self) -> list[Offer]:
        """What there is room for."""
        chosen = list(self.offers)
        for least in self._least_wanted:
            if sum(offer.width + len(GAP) for offer in chosen) - len(GAP) <= self.size.width:
                break
            chosen = [offer for offer in chosen if least not in offer.ids]
        return chosen

    def on_mouse_down(self, event: MouseDown) -> None:
        left = 0
        for offer in self.shown:
            for key, shown in offer.keys:
                if left <= event.x < left + len(shown):
                    self.app.simulate_key(key)
                left += len(shown)
            if len(offer.keys) == 1 and left <= event.x <= left + len(offer.label):
                self.app.simulate_key(offer.keys[0][0])
            left += 1 + len(offer.label) + len(GAP)

    def render_line(self, y: int) -> Strip:
        plain = self.rich_style
        key = plain + self.get_component_rich_style("keys-line--key")
        if self.said is not None:
            said = Segment(self.said.plain, plain + Style(bold=True))
            return Strip([said]).adjust_cell_length(self.size.width, plain)
        segments = []
        for offer in self.shown if y == 0 else []:
            segments += [Segment(shown, key) for _, shown in offer.keys]
            segments.append(Segment(f" {offer.label}{GAP}", plain))
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def watch_offers(self) -> None:
        self.fall_silent()
        self.refresh(Region(0, 0, self.size.width, 1))
