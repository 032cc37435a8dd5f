"""What a person asks of a run that trains, by the keys of the screen that shows it.

Imported with the first such key: no first paint needs it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App

from charlm_tui.errors import CharlmError, CommandError
from charlm_tui.runs.requests import (
    DOUBLE,
    HALF,
    ChangeRate,
    ChangeSamples,
    CoolDown,
    Request,
    Stop,
    requests_path,
    send,
)
from charlm_tui.text import capitalised, visible
from charlm_tui.tui.run_view import RunView
from charlm_tui.tui.screens.ask import ask


class RunSteering:
    """Writes requests to a run.

    Args:
        app: that asks for what a request needs.
        model: path of the run's model file.
        view: of the run.
        say: says something in the line of keys.
    """

    def __init__(
        self, app: App[Any], model: Path, view: RunView, say: Callable[[str], None]
    ) -> None:
        self._app = app
        self._model = model
        self._view = view
        self._say = say

    def halve(self) -> None:
        """Ask for half the learning rate."""
        self._send(ChangeRate(factor=HALF), "asked for half the rate")

    def double(self) -> None:
        """Ask for twice the learning rate."""
        self._send(ChangeRate(factor=DOUBLE), "asked for twice the rate")

    def stop(self) -> None:
        """Ask the run to end with its best."""
        self._send(Stop(), "asked to stop: it measures, and keeps the best")

    def cool(self) -> None:
        """Ask for the time in which the rate is to fall to zero."""

        def answer(text: str) -> None:
            try:
                seconds = float(text)
            except ValueError:
                seconds = 0.0
            if not 0 < seconds < 1e7:
                raise CommandError(f"{text!r:.30} is no number of seconds; give one, such as 60")
            self._send(CoolDown(seconds=seconds), f"asked to cool down in {seconds:g} s")

        question = "Let the rate fall to zero in how many seconds, and end there?"
        ask(self._app, question, answer, "60")

    def temperatures(self) -> None:
        """Ask for other temperatures of the samples."""
        newest, _ = self._view.samples()

        def answer(text: str) -> None:
            try:
                temperatures = [float(word) for word in text.replace(",", " ").split()]
            except ValueError:
                temperatures = []
            if not temperatures or not all(0 <= it < 1e3 for it in temperatures):
                raise CommandError(f"{text!r:.30} are no temperatures; give some, such as 0.5 1.0")
            seed = newest[0].seed if newest else ""
            self._send(
                ChangeSamples(seed=seed, temperatures=temperatures),
                "asked for other temperatures, from the next epoch on",
            )

        before = " ".join(f"{it.temperature:g}" for it in newest)
        ask(self._app, "The temperatures of what it writes after each epoch.", answer, before)

    def samples(self) -> None:
        """Ask for another seed of the samples."""
        newest, _ = self._view.samples()
        before = visible(newest[0].seed, " ") if newest else ""

        def answer(text: str) -> None:
            self._send(ChangeSamples(seed=text), "asked for another seed, from the next epoch on")

        ask(self._app, "The seed of what it writes after each epoch.", answer, before)

    def _send(self, request: Request, said: str) -> None:
        try:
            send(requests_path(self._model), request)
        except CharlmError as error:
            self._say(capitalised(str(error)))
            return
        self._say(capitalised(said))
