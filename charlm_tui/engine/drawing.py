"""The drawing of characters: requests in, events out.

Owns the contexts that texts are read in, kept from one request to the next, for one reply, for
lanes side by side and for a distribution that is asked for meanwhile. Knows no pipe and no clock.
Imported by the engine's process alone, once it loads a model.
"""

from array import array
from collections.abc import Callable, Sequence

from charlm_tui.engine.protocol import (
    CharactersGenerated,
    DrawRequested,
    Inspected,
    InspectRequested,
    LanesGenerated,
    LanesRequested,
)
from charlm_tui.lm.context import Context, open_context
from charlm_tui.lm.generation import Generation
from charlm_tui.lm.lanes import Lanes
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.certain import Certain
from charlm_tui.reply.tape import Columns

IN_TURN = 4  # characters of a lane, before the next lane has its turn


class Drawing:
    """What draws for requests, one after the other.

    Args:
        model: reads.
    """

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self._sampler = Sampler(len(model.contract.vocabulary), str(model.path))
        # By what they are for: the settings that they were opened for, and the context.
        self._contexts: dict[str, tuple[tuple[int, bool, int], Context]] = {}
        self._one: Generation | None = None
        self._lanes: Lanes | None = None
        self._certain = Certain(0, 0)  # of the one
        self._request = 0  # its number
        self._typed = array("H")  # what is still to be taken of the ids that a person has chosen

    @property
    def count(self) -> int:
        """The number of the next character that is neither typed nor told."""
        if self._lanes is not None:
            return self._lanes.count
        return self._certain.count + len(self._typed)

    @property
    def typing(self) -> bool:
        """Whether characters that a person has chosen come next."""
        return bool(self._typed)

    @property
    def ended(self) -> bool:
        """Whether rules have ended what is drawn: all lanes, if there are several."""
        if self._lanes is not None:
            return all(self._lanes.ended)
        return self._one is not None and not self.typing and self._one.ended

    def begin(self, request: DrawRequested | LanesRequested) -> None:
        """Read what a request wants read."""
        self._request, self._one, self._lanes = request.request_id, None, None
        self._typed = array("H")
        if isinstance(request, DrawRequested):
            self._one = self._generation("reply", request, request.controls.settings)
            self._typed = array("H", request.forced)
            self._certain = Certain(request.first, request.controls.length)
            return
        self._lanes = Lanes(
            self._context("lanes", request.settings[0], len(request.settings)),
            request.settings,
            [array("H", read) for read in request.reads],
            str(self._model.path),
            request.first,
            [array("f", history) for history in request.mirostat_history],
            request.holds,
            [array("H", ids) for ids in request.before],
            [array("H", ids) for ids in request.drawn],
        )

    def advance(
        self, most: int, stop: Callable[[], bool] | None = None
    ) -> CharactersGenerated | LanesGenerated:
        """Take the characters that a person has chosen; draw up to `most` where there are none.

        Args:
            most: at least one.
            stop: asked after each; if it says so, no more are taken or drawn.

        Raises:
            ModelOutputError: the model's logits are not finite.
            RuleError: the rules leave no character.
        """
        if self._lanes is not None:
            first = self._lanes.count
            lanes = tuple(map(Columns.of, self._lanes.draw(most, stop)))
            return LanesGenerated(self._request, first, lanes, ended=tuple(self._lanes.ended))
        one, certain = self._one, self._certain
        assert one is not None
        typed, first = self.typing, certain.count
        if typed:
            batch = one.give(self._typed, stop)
            del self._typed[: len(batch.ids)]
        else:
            batch = one.draw(certain.room(most), stop)
        told = certain.released(Columns.of(batch), one.ended, 0 if typed else one.cut)
        event = CharactersGenerated(self._request, first, told, typed)
        if certain.drawn > certain.count or not told.characters:
            return event  # the distribution would be that of a character that is not told
        here = one.distribution()
        return event._replace(
            model=here.model.tobytes(),
            after=here.after.tobytes(),
            ruled=b"" if here.ruled is None else here.ruled.tobytes(),
            cost_bits=here.cost_bits,
        )

    def inspect(self, request: InspectRequested) -> Inspected:
        """Return a distribution; a reply that is drawn keeps the context that it is drawn in."""
        here = self._generation("inspection", request, request.settings).distribution()
        return Inspected(
            request.number,
            here.model.tobytes(),
            here.after.tobytes(),
            b"" if here.ruled is None else here.ruled.tobytes(),
            here.cost_bits,
        )

    def forget(self) -> None:
        """Forget the contexts of replies: after a failure, what they have read is not known."""
        self._contexts.pop("reply", None)
        self._contexts.pop("lanes", None)

    def _generation(
        self, use: str, request: DrawRequested | InspectRequested, settings: Settings
    ) -> Generation:
        return Generation(
            self._context(use, settings),
            self._sampler,
            settings,
            array("H", request.read),
            request.first,
            array("f", request.mirostat_history),
            request.holds,
            array("H", request.before),
            array("H", request.drawn),
        )

    def lane(self, request: LanesRequested, number: int) -> Generation:
        """Return what draws one of the lanes of a request, the only one here."""
        settings = request.settings[number]
        return Generation(
            self._context("lanes", settings),
            self._sampler,
            settings,
            array("H", request.reads[number]),
            request.first,
            array("f", request.mirostat_history[number]),
            request.holds[number] if request.holds else (),
            array("H", request.before[number] if request.before else b""),
            array("H", request.drawn[number] if request.drawn else b""),
        )

    def _context(self, use: str, settings: Settings, lanes: int = 1) -> Context:
        """Return the context for a use, which is opened again for other settings."""
        key = (settings.depth, settings.carry, lanes)
        if use not in self._contexts or self._contexts[use][0] != key:
            context = open_context(self._model, settings, lanes, rewindable=use != "lanes")
            self._contexts[use] = (key, context)
        return self._contexts[use][1]


class Abreast:
    """What draws lanes that have a model each, a few characters of each in turn.

    Args:
        drawings: of the models, one for each lane; none stands there twice.
    """

    typing = False
    """Whether characters that a person has chosen come next: never."""

    def __init__(self, drawings: Sequence[Drawing]) -> None:
        self._drawings = drawings

    @property
    def count(self) -> int:
        """The number of the next character of every lane that has not ended."""
        return max(lane.count for lane in self._lanes)

    @property
    def ended(self) -> bool:
        """Whether rules have ended every lane."""
        return all(lane.ended for lane in self._lanes)

    def begin(self, request: LanesRequested) -> None:
        """Read what a request wants read."""
        self._request = request.request_id
        self._lanes = [it.lane(request, number) for number, it in enumerate(self._drawings)]

    def advance(self, most: int, stop: Callable[[], bool] | None = None) -> LanesGenerated:
        """Draw up to `most` characters of every lane.

        Args:
            most: at least one.
            stop: asked after some of each; if it says so, no more are drawn.

        Raises:
            ModelOutputError: the logits of a model are not finite.
            RuleError: the rules leave no character.
        """
        first, parts = self.count, [[Columns.joined([])] for _ in self._lanes]
        while (drawn := self.count - first) < most and not self.ended:
            end = self.count + min(IN_TURN, most - drawn)
            for lane, told in zip(self._lanes, parts, strict=True):
                while lane.count < end and not lane.ended:
                    told.append(Columns.of(lane.draw(end - lane.count)))
            if stop is not None and stop():
                break
        ended = tuple(lane.ended for lane in self._lanes)
        return LanesGenerated(self._request, first, tuple(map(Columns.joined, parts)), ended=ended)

    def forget(self) -> None:
        """Forget the contexts of the lanes."""
        for drawing in self._drawings:
            drawing.forget()
