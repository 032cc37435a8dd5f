"""Whatever befalls the app, whatever it is at: a sane terminal, no orphan, the reply is kept."""

import os
import re
import resource
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from charlm_tui.history.store import Store
from charlm_tui.log import log_path
from tests.support.faults import CLOCK, PLANTED, faulty
from tests.support.models import step_model
from tests.support.states import (
    REPLY,
    STATES,
    STREAM,
    State,
    history,
    idle,
    ladder,
    lens,
    loading,
    palette,
    paused,
    reach,
    streaming,
    typing,
    what_if,
)
from tests.support.terminal import Terminal, has_ended, is_stopped

pytestmark = [pytest.mark.pty, pytest.mark.linux]

AT = (loading, idle, streaming, paused, ladder, lens, what_if, reach, history, palette, typing)
LEAVE = "\x11"  # Ctrl+Q
ENTER = b"\x1b[?1049h"  # what an app writes when it takes the screen
NOTICED_S = 5.0  # in which an app that meets a fault has told of it


class Scene(NamedTuple):
    """An app that something befalls."""

    it: Terminal
    show: Callable[[], None]
    """Lets what is planted in it show."""
    model: Path
    """A copy of the model, of its own."""
    history: Path
    replies: bool
    """Whether there is a reply."""

    @property
    def pid(self) -> int:
        return self.it.process.pid

    @property
    def engine(self) -> int:
        """The process id of its engine, once there is one."""
        self.it.until(self.it.engines, "the engine was started")
        return self.it.engines()[0]


class Outcome(NamedTuple):
    """What is to come of it."""

    code: int
    told: str = ""
    """A part of what is written last."""
    kept: bool = True
    """Whether the reply has to be in the history."""
    or_gone: bool = False
    """Whether the app may have left by itself before, with exit code 1 and a sentence."""


Event = Callable[[Scene], Outcome]


def leaves(scene: Scene) -> Outcome:
    """Leave as a person does."""
    scene.it.send(LEAVE)
    return Outcome(0)


def by_a_signal(number: signal.Signals) -> Event:
    def event(scene: Scene) -> Outcome:
        scene.it.process.send_signal(number)
        return Outcome(128 + number)

    event.__name__ = number.name
    return event


def takes_it_again(scene: Scene, entered: int) -> None:
    """Wait until the app has the screen again, and all of it is drawn.

    What it had drawn before counts for nothing: until the app has put the terminal into raw mode,
    a Ctrl+Q that is typed is the terminal's own.
    """
    it = scene.it
    it.until(lambda: it.output.count(ENTER) > entered, "the app has the screen again")
    it.forget_before(ENTER)
    it.until(lambda: it.screen.display[-1].strip(), "the line of keys was drawn again")


def suspended(scene: Scene) -> Outcome:
    """Stop the app as Ctrl+Z does, and let it go on."""
    it = scene.it
    # Not before it can: a program that is not there yet is stopped as it is.
    it.until(it.engines, "the engine was started")
    for _ in range(2):
        entered = it.output.count(ENTER)
        it.process.send_signal(signal.SIGTSTP)
        it.until(lambda: is_stopped(scene.pid), "the app was stopped")
        it.read()
        assert it.is_sane, it.modes_left
        it.screen.reset()
        it.process.send_signal(signal.SIGCONT)
        takes_it_again(scene, entered)
    return leaves(scene)


def continued(scene: Scene) -> Outcome:
    """Let an app go on that was not stopped."""
    it = scene.it
    it.until(it.engines, "the engine was started")
    entered = it.output.count(ENTER)
    it.screen.reset()
    it.process.send_signal(signal.SIGCONT)
    takes_it_again(scene, entered)
    return leaves(scene)


def stopped_hard(scene: Scene) -> Outcome:
    """Stop the app without a word, and let it go on."""
    it = scene.it
    it.until(it.engines, "the engine was started")
    entered = it.output.count(ENTER)
    it.process.send_signal(signal.SIGSTOP)
    it.until(lambda: is_stopped(scene.pid), "the app was stopped")
    it.read()
    it.screen.reset()
    it.process.send_signal(signal.SIGCONT)
    takes_it_again(scene, entered)
    return leaves(scene)


def engine_stopped(scene: Scene) -> Outcome:
    os.kill(scene.engine, signal.SIGSTOP)
    return leaves(scene)


def engine_stopped_and_terminated(scene: Scene) -> Outcome:
    os.kill(scene.engine, signal.SIGSTOP)
    scene.it.process.send_signal(signal.SIGTERM)
    return Outcome(128 + signal.SIGTERM)


def kill_engine(scene: Scene, before: int) -> None:
    """Kill an engine, which may have ended by itself, and wait until it is gone."""
    with suppress(ProcessLookupError):
        os.kill(before, signal.SIGKILL)
    scene.it.until(
        lambda: scene.it.process.poll() is not None or before not in scene.it.engines(),
        "the engine was gone",
    )


def leaves_unless_gone(scene: Scene) -> Outcome:
    """Leave an app that may leave by itself: without a reply it is no use without its model."""
    return leaves(scene)._replace(or_gone=True)


def engine_killed(scene: Scene) -> Outcome:
    loads, before = "loading" in scene.it.text, scene.engine
    kill_engine(scene, before)
    return leaves_unless_gone(scene) if loads else leaves(scene)


def model_changed(scene: Scene, change: Callable[[Path], object]) -> Outcome:
    before = scene.engine
    change(scene.model)
    kill_engine(scene, before)
    return leaves_unless_gone(scene)._replace(or_gone=not scene.replies)


def replace_model(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(step_model().SerializeToString())
    os.replace(other, path)


def model_replaced(scene: Scene) -> Outcome:
    return model_changed(scene, replace_model)


def model_cut(scene: Scene) -> Outcome:
    return model_changed(scene, lambda path: os.truncate(path, path.stat().st_size // 2))


def model_removed(scene: Scene) -> Outcome:
    return model_changed(scene, Path.unlink)


def disk_full(scene: Scene) -> Outcome:
    """Let no file grow any longer."""
    resource.prlimit(scene.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    return leaves(scene)._replace(kept=False)


def history_gone(scene: Scene) -> Outcome:
    """Put a file where the folder of the history is."""
    folder = scene.history.parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.touch()
    return leaves(scene)._replace(kept=False)


def clock_back(scene: Scene) -> Outcome:
    scene.show()
    return leaves(scene)


def memory_short(scene: Scene) -> Outcome:
    """Let the engine have no more memory than it has."""
    pid = scene.engine
    found = re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    most = int(found[1]) * 1024
    resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
    if "loading" in scene.it.text:
        return leaves_unless_gone(scene)
    if "temp 1.20" not in scene.it.text:
        scene.it.send("\x1b\x1bA")  # four replies at once, if there are not four already
    return leaves(scene)


def fault(scene: Scene) -> Outcome:
    """Raise an exception in whatever the app does at this moment.

    Again where nobody was told of it: at some moments there is nobody, as between two ticks of a
    timer, in a task that is not waited for, or in a finalizer.
    """
    log = log_path()

    def is_told() -> bool:
        return log.exists() and PLANTED in log.read_text()

    while scene.it.process.poll() is None and not is_told():
        scene.it.process.send_signal(signal.SIGUSR1)
        scene.it.wait_for(NOTICED_S, is_told)
    return Outcome(1, PLANTED)


def fault_of_a_thread(scene: Scene) -> Outcome:
    scene.show()
    scene.it.send("x")
    return Outcome(1, PLANTED)


EVENTS: dict[Event, str] = {
    by_a_signal(signal.SIGINT): "",
    by_a_signal(signal.SIGTERM): "",
    by_a_signal(signal.SIGHUP): "",
    by_a_signal(signal.SIGQUIT): "",
    suspended: "",
    continued: "",
    stopped_hard: "",
    engine_stopped: "",
    engine_stopped_and_terminated: "",
    engine_killed: "",
    model_replaced: "",
    model_cut: "",
    model_removed: "",
    disk_full: "",
    history_gone: "",
    clock_back: CLOCK,
    memory_short: "",
    fault: "",
    fault_of_a_thread: "charlm_tui.tui.driver:TerminalDriver.process_message",
}
"""What befalls the app, and what is planted in it for that."""


@contextmanager
def scene(place: str, options: tuple[str, ...], model: Path, folder: Path) -> Iterator[Scene]:
    """Open an app with a model and a history of its own."""
    own = folder / "model.onnx"
    shutil.copyfile(model, own)
    kept = folder / "kept" / "history.db"
    words = ("--model", str(own), "--history", str(kept), "--rng-seed", "5", *options)
    with faulty(folder / "flag", place, *words, columns=120, rows=40) as it:
        yield Scene(it.terminal, it.show, own, kept, "--seed" in options)


def befall(event: Event, place: str, state: State, model: Path, folder: Path) -> None:
    """Let something befall an app that is at something; look at what is left of it."""
    with ExitStack() as stack:
        it = stack.enter_context(scene(place, STATES[state], model, folder))
        state(it.it)
        engines = [os.pidfd_open(pid) for pid in it.it.engines()]
        for handle in engines:
            stack.callback(os.close, handle)
        outcome = event(it)
        code = it.it.end()
        last = it.it.output.decode("utf-8", "replace").rpartition("\x1b[?1049l")[2]
        assert code == outcome.code or (outcome.or_gone and code == 1), last[-2000:]
        assert it.it.is_sane, it.it.modes_left
        assert "Traceback" not in it.it.output.decode("utf-8", "replace")
        assert outcome.told in last
        assert ("error: " in last) is (code == 1), last
        if outcome.told == PLANTED:
            assert str(log_path()) in last
            assert PLANTED in log_path().read_text()
        assert all(has_ended(handle) for handle in engines)
        if outcome.kept and STATES[state]:
            with closing(Store(it.history)) as store:
                lengths = [entry.length for entry in store.entries()]
            assert lengths
            assert all(lengths)
            if STATES[state] == REPLY:
                assert lengths == [30]


ALL = [(event, state) for event in EVENTS for state in AT]
SOME = [
    (event, AT[(3 * number + 2) % len(AT)])
    for number, event in enumerate(EVENTS)
    if event in (suspended, engine_stopped, model_removed, disk_full, fault)
]


def name(it: object) -> str:
    return getattr(it, "__name__", str(it))


@pytest.mark.parametrize(("event", "state"), SOME, ids=name)
def test_nothing_that_befalls_the_app_breaks_the_terminal(
    event: Event, state: State, model_path: Path, tmp_path: Path
) -> None:
    befall(event, EVENTS[event], state, model_path, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize(("event", "state"), ALL, ids=name)
def test_nothing_that_befalls_the_app_breaks_the_terminal_in_any_state(
    event: Event, state: State, model_path: Path, tmp_path: Path
) -> None:
    befall(event, EVENTS[event], state, model_path, tmp_path)


PLACES = {
    "compose": "charlm_tui.tui.screens.studio:StudioScreen.compose",
    "mount": "charlm_tui.tui.app:CharlmApp.on_mount",
    "terminal": "charlm_tui.tui.driver:TerminalDriver._enable_bracketed_paste",
    "signals": "charlm_tui.tui.terminal_app:TerminalApp.on_load",
    "message": "charlm_tui.tui.app:CharlmApp.on_engine_spoke",
    "render": "charlm_tui.tui.widgets.transcript:Transcript.render_line",
    "timer": "charlm_tui.tui.live:Live._rate",
    "key": "charlm_tui.tui.screens.studio:StudioScreen.action_back",
    "worker": "charlm_tui.history.recorder:past_prompts",
    "engine": "charlm_tui.engine.client:ProcessEngine._read",
    "history": "charlm_tui.history.store:Store.append",
    "loop": "charlm_tui.session.conversation:Conversation.shown",
    "leaving": "charlm_tui.tui.app:CharlmApp.on_unmount",
    "keeping": "charlm_tui.history.recorder:Recorder.rest",
    "ending": "charlm_tui.engine.client:ProcessEngine.close",
}
"""Where an exception can come from, and a function that is called there."""
AT_START = ("compose", "mount", "terminal", "signals", "worker", "engine")
LOSES = ("history", *AT_START)  # nothing was to be kept, or can be


@pytest.mark.long
@pytest.mark.parametrize("kind", PLACES)
def test_an_exception_anywhere_is_one_sentence_that_names_the_log_and_the_reply_is_kept(
    kind: str, model_path: Path, tmp_path: Path
) -> None:
    with scene(PLACES[kind], STREAM, model_path, tmp_path) as it:
        if kind in AT_START:
            it.show()
        else:
            it.it.until(lambda: "streaming" in it.it.text, "a reply streamed")
            engines = [os.pidfd_open(pid) for pid in it.it.engines()]
            it.show()
            it.it.send("\x1b")
            if kind in ("leaving", "keeping", "ending"):
                it.it.send(LEAVE)
        assert it.it.end() == 1
        last = it.it.output.decode("utf-8", "replace").partition("\x1b[?1049l")[2]
        told = [line for line in last.splitlines() if "error: " in line]
        assert len(told) == 1
        assert PLANTED in told[0]
        assert str(log_path()) in told[0]
        assert "Traceback" not in it.it.output.decode("utf-8", "replace")
        assert "Traceback" in log_path().read_text()
        assert it.it.is_sane, it.it.modes_left
        if kind not in AT_START:
            for handle in engines:
                assert has_ended(handle)
                os.close(handle)
        if kind not in LOSES:
            with closing(Store(it.history)) as store:
                assert [entry.length > 0 for entry in store.entries()] == [True]
