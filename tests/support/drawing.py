"""An engine without a process that draws with a real model when a test says so."""

from array import array
from collections.abc import Iterator

from charlm_tui.engine.protocol import (
    CharactersGenerated,
    DrawRequested,
    Event,
    GenerationEnded,
    LanesGenerated,
    LanesRequested,
    RemakeRequested,
    Request,
    RestRequested,
)
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Batch, Generation, Lanes
from charlm_tui.lm.model import OnnxModel
from charlm_tui.lm.sampling import Sampler
from charlm_tui.reply.tape import Columns


class DrawingEngine:
    """Draws with a real model, in this process, when a test says so."""

    def __init__(self, model: OnnxModel) -> None:
        self.model = model
        self.asked: list[RemakeRequested] = []
        self._wish: DrawRequested | LanesRequested | None = None

    def send(self, request: Request) -> None:
        if isinstance(request, DrawRequested):
            self._wish = request
            self._given = array("H", request.given)
            self._drawing = Generation(
                open_context(self.model, request.controls.settings),
                Sampler(len(self.model.contract.vocabulary)),
                request.controls.settings,
                array("H", request.read),
                request.first,
                array("f", request.since_mirostat),
            )
        elif isinstance(request, LanesRequested):
            self._wish = request
            context = open_context(self.model, request.settings[0], len(request.settings))
            self._lanes = Lanes(
                context,
                request.settings,
                [array("H", read) for read in request.reads],
                first=request.first,
                since_mirostat=[array("f", since) for since in request.since_mirostat],
            )
        elif isinstance(request, RestRequested):
            self._wish = None
        elif isinstance(request, RemakeRequested):
            self.asked.append(request)

    def draw(self, count: int) -> Iterator[Event]:
        """Give what is to be said of the next characters: first those that were chosen."""
        wish = self._wish
        if wish is None:
            return
        if wish.controls.length:
            count = min(count, wish.controls.length - self._count)
        if count < 1:
            return
        if isinstance(wish, LanesRequested):
            first = self._lanes.count
            batches = self._lanes.draw(count)
            yield LanesGenerated(wish.wish, first, tuple(Columns.of(it) for it in batches))
        elif self._given:
            yield self._said(wish, self._drawing.give(self._given), given=True)
            self._given = array("H")
        else:
            yield self._said(wish, self._drawing.draw(count), given=False)

    def ended(self) -> Iterator[Event]:
        """Say that the reply has its length, if it has."""
        wish = self._wish
        if wish is not None and 0 < wish.controls.length <= self._count:
            self._wish = None
            yield GenerationEnded(wish.wish, self._count)

    @property
    def _count(self) -> int:
        """The number of the next character that is drawn."""
        if isinstance(self._wish, LanesRequested):
            return self._lanes.count
        return self._drawing.count + len(self._given)

    def _said(self, wish: DrawRequested, batch: Batch, given: bool) -> Event:
        return CharactersGenerated(wish.wish, batch.first, Columns.of(batch), given)
