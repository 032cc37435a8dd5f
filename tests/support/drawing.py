"""An engine without a process that draws with a real model when a test says so."""

from collections.abc import Iterator

from charlm_tui.engine.drawing import Drawing
from charlm_tui.engine.protocol import (
    DrawRequested,
    Event,
    GenerationEnded,
    GenerationFailed,
    LanesRequested,
    RemakeRequested,
    Request,
    RestRequested,
)
from charlm_tui.lm.errors import RuleError
from charlm_tui.lm.model import OnnxModel


class DrawingEngine:
    """Draws with a real model, in this process, when a test says so."""

    def __init__(self, model: OnnxModel) -> None:
        self.asked: list[RemakeRequested] = []
        self._drawing = Drawing(model)
        self._request: DrawRequested | LanesRequested | None = None

    def send(self, request: Request) -> None:
        if isinstance(request, DrawRequested | LanesRequested):
            self._request = request
            self._drawing.begin(request)
        elif isinstance(request, RestRequested):
            self._request = None
        elif isinstance(request, RemakeRequested):
            self.asked.append(request)

    def draw(self, count: int) -> Iterator[Event]:
        """Yield what is to be said of the next characters: first those that were chosen."""
        if self._request is None:
            return
        length = self._request.controls.length
        if length:
            count = min(count, length - self._drawing.count)
        if count >= 1:
            try:
                yield self._drawing.advance(count)
            except RuleError as error:
                request, self._request = self._request, None
                yield GenerationFailed(request.request_id, str(error))

    def ended(self) -> Iterator[Event]:
        """Say that the reply has its length, if it has."""
        request = self._request
        if request is not None and (
            0 < request.controls.length <= self._drawing.count or self._drawing.ended
        ):
            self._request = None
            yield GenerationEnded(request.request_id, self._drawing.count)
