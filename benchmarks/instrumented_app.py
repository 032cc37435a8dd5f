"""The app, in the terminal that it was started in, with a log of when what was on the screen.

`python -m benchmarks.instrumented_app empty|stream|reach|ladder|keys|idle MODEL LOG [CORPUS]`. The
log is JSON, its times by the monotonic clock, which is one for all processes of a machine. With a
corpus the recital meter is on.
"""

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import charlm_tui.tui  # isort: skip  (it says how often Textual draws, which is read but once)
from textual.app import App
from textual.screen import Screen

STREAMED = 20_000  # characters in the timed reply
LADDER = 20_000  # characters in each of its replies
IDLE_S = 3.0


class Log:
    """What is written when the app ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.frames_s: list[float] = []
        self.known: dict[str, Any] = {}

    def write(self) -> None:
        self._path.write_text(json.dumps({"frames_s": self.frames_s, **self.known}))


class EmptyApp(App[None]):
    """The least that Textual can show."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log_of_bench = log

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        super()._display(screen, renderable)
        if renderable is not None:
            self._log_of_bench.frames_s.append(time.monotonic())

    def on_ready(self) -> None:
        self.set_timer(0.5, self.exit)


def _charlm(mode: str, model: str, log: Log, corpus: Path | None) -> App[None]:
    from charlm_tui.controls.controls import Controls
    from charlm_tui.engine.client import ProcessEngine
    from charlm_tui.engine.insight_protocol import InfluenceTold
    from charlm_tui.lm.settings import Settings
    from charlm_tui.session.updates import InsightGained, Phase, StateChanged, TextAdded, Update

    def new_engine(path: str) -> ProcessEngine:
        return ProcessEngine(path)

    from charlm_tui.tui.app import CharlmApp
    from charlm_tui.tui.setup import Setup
    from charlm_tui.tui.widgets.sidebar import Sidebar

    class Instrumented(CharlmApp):
        """Tells the log of every frame, and of the first that has a setting's characters."""

        # Or it would be looked for beside this file.
        CSS_PATH = Path(charlm_tui.__file__).parent / "tui" / "charlm.tcss"  # type: ignore[assignment]
        _temperature = -1.0
        _new: float | None = None
        _started = False
        _looks = False  # whether the reach of the newest character is shown

        def _display(self, screen: Screen[Any], renderable: Any) -> None:
            super()._display(screen, renderable)
            if renderable is None:
                return
            now = time.monotonic()
            log.frames_s.append(now)
            if self._new is not None:
                log.known.setdefault("changes", []).append((self._new, now))
                self._new = None
                if mode == "keys" and len(log.known["changes"]) == 1:
                    log.write()  # the parent presses when it sees this

        def _show(self, update: Update) -> None:
            super()._show(update)
            if mode == "reach" and isinstance(update, TextAdded) and not self._looks:
                self._looks = True
                self._studio.call_later(self._studio.action_open, "reach")
            if isinstance(update, TextAdded) and self.conversation.turn is not None:
                tape = self.conversation.turn.tape
                temperature = tape.temperature(len(tape) - 1)[0]
                if temperature != self._temperature:
                    self._temperature = temperature
                    self._new = round(temperature, 2)
            if isinstance(update, InsightGained) and isinstance(update.answer, InfluenceTold):
                log.known["refreshed"] = log.known.get("refreshed", 0) + 1
            if isinstance(update, StateChanged) and mode in ("stream", "reach", "ladder"):
                self._follow_reply()

        def _follow_reply(self) -> None:
            it = self.conversation
            if mode == "ladder" and it.state is Phase.IDLE and not self._started and it.model:
                if not it.turns and self._studio.furnished:
                    self._studio.call_later(self._studio.action_open, "ladder")
                return
            if it.state is Phase.STREAMING and not self._started:
                self._started = True
                log.known["start_s"] = time.monotonic()
                log.known["start_cpu_s"] = time.process_time()
            elif it.state is Phase.IDLE and self._started:
                assert it.turn is not None
                log.known["end_s"] = time.monotonic()
                log.known["characters"] = len(it.turn.tape)
                log.known["lanes"] = len(it.turn.replies)
                log.known["panels"] = len(self._studio.query_one(Sidebar).shown)
                log.known["cpu_s"] = time.process_time() - log.known["start_cpu_s"]
                log.write()
                self.exit()

    controls = Controls(
        Settings(0.5, rng_seed=1),
        speed=0.0,
        length={"stream": STREAMED, "reach": STREAMED, "ladder": LADDER}.get(mode, 0),
    )
    seed = None if mode in ("idle", "ladder") else "the slowly ascending ranks and classes "
    gc.freeze()  # as the command does
    return Instrumented(model, new_engine, controls, seed, Setup(corpus=corpus))


def main() -> None:
    """Run one mode."""
    mode, model, path, *corpus = sys.argv[1:]
    log = Log(Path(path))
    if mode == "empty":
        EmptyApp(log).run()
    else:
        app = _charlm(mode, model, log, Path(corpus[0]) if corpus else None)
        if mode == "idle":

            def begin() -> None:
                log.known["frames_before"] = len(log.frames_s)
                log.known["cpu_before_s"] = time.process_time()
                app.set_timer(IDLE_S, end)

            def end() -> None:
                log.known["frames_idle"] = len(log.frames_s) - log.known["frames_before"]
                log.known["cpu_idle_s"] = time.process_time() - log.known["cpu_before_s"]
                app.exit()

            app.call_later(lambda: app.set_timer(2.0, begin))
        app.run()
    log.write()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
