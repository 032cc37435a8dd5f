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
from charlm_tui.lm.generation import Generation, Lanes
from charlm_tui.lm.held import Holds
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
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
        self._request = 0  # its number
        self._typed = array("H")  # what is still to be taken of the ids that a person has chosen

    @property
    def count(self) -> int:
        """The number of the next character that is not typed."""
        drawn = self._lanes or self._one
        return 0 if drawn is None else drawn.count + len(self._typed)

    @property
    def typing(self) -> bool:
        """Whether characters that a person has chosen come next."""
        return bool(self._typed)

    def begin(self, request: DrawRequested | LanesRequested) -> None:
        """Read what a request wants read."""
        self._request, self._one, self._lanes = request.request_id, None, None
        self._typed = array("H")
        if isinstance(request, DrawRequested):
            self._one = self._generation("reply", request, request.controls.settings)
            self._typed = array("H", request.forced)
            return
        self._lanes = Lanes(
            self._context("lanes", request.settings[0], len(request.settings)),
            request.settings,
            [array("H", read) for read in request.reads],
            str(self._model.path),
            request.first,
            [array("f", history) for history in request.mirostat_history],
            request.holds,
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
        """
        if self._lanes is not None:
            batches = self._lanes.draw(most, stop)
            lanes = tuple(Columns.of(batch) for batch in batches)
            return LanesGenerated(self._request, batches[0].first, lanes)
        assert self._one is not None
        typed = self.typing
        batch = self._one.give(self._typed, stop) if typed else self._one.draw(most, stop)
        if typed:
            del self._typed[: len(batch.ids)]
        here = self._one.distribution()
        return CharactersGenerated(
            self._request,
            batch.first,
            Columns.of(batch),
            typed,
            model=here.model.tobytes(),
            after=here.after.tobytes(),
        )

    def inspect(self, request: InspectRequested) -> Inspected:
        """Return a distribution; a reply that is drawn keeps the context that it is drawn in."""
        here = self._generation("inspection", request, request.settings).distribution()
        return Inspected(request.number, here.model.tobytes(), here.after.tobytes())

    def forget(self) -> None:
        """Forget the contexts of replies: after a failure, what they have read is not known."""
        self._contexts.pop("reply", None)
        self._contexts.pop("lanes", None)

    def _generation(
        self, use: str, request: DrawRequested | InspectRequested, settings: Settings
    ) -> Generation:
        return self._generate(
            use, settings, request.read, request.first, request.mirostat_history, request.holds
        )

    def lane(self, request: LanesRequested, number: int) -> Generation:
        """Return what draws one of the lanes of a request, the only one here."""
        return self._generate(
            "lanes",
            request.settings[number],
            request.reads[number],
            request.first,
            request.mirostat_history[number],
            request.holds[number] if request.holds else (),
        )

    def _generate(
        self,
        use: str,
        settings: Settings,
        read: bytes,
        first: int,
        mirostat_history: bytes,
        holds: Holds,
    ) -> Generation:
        return Generation(
            self._context(use, settings),
            self._sampler,
            settings,
            array("H", read),
            first,
            array("f", mirostat_history),
            holds,
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
        """The number of the next character of every lane."""
        return self._lanes[0].count

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
        """
        first, parts = self.count, []
        while (drawn := self.count - first) < most:
            count = min(IN_TURN, most - drawn)
            parts.append([Columns.of(lane.draw(count)) for lane in self._lanes])
            if stop is not None and stop():
                break
        lanes = tuple(Columns.joined(lane) for lane in zip(*parts, strict=True))
        return LanesGenerated(self._request, first, lanes)

    def forget(self) -> None:
        """Forget the contexts of the lanes."""
        for drawing in self._drawings:
            drawing.forget()
