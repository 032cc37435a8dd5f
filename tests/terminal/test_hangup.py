"""A terminal that is closed under the app: the app and its engine end, whatever they are at."""

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from charlm_tui.history.store import Store
from tests.support.states import REPLY, STATES, State, unread
from tests.support.terminal import COMMAND, Terminal, engines_of, has_ended, terminal

pytestmark = [pytest.mark.pty, pytest.mark.linux]

END_S = 2.0  # that the app and the engine may take to end
ROUNDS = 5  # of each state and way, where there is time for it

Closing = tuple[Terminal, int, Callable[[], object]]
"""A terminal, the process id of the app in it, and what closes it."""
Way = Callable[..., AbstractContextManager[Closing]]


@contextmanager
def closed_with_a_signal(*options: str) -> Iterator[Closing]:
    with terminal(*options, columns=120, rows=40) as it:
        yield it, it.process.pid, it.hang_up


@contextmanager
def closed_without_one(*options: str) -> Iterator[Closing]:
    with terminal(*options, columns=120, rows=40, controlling=False) as it:
        yield it, it.process.pid, it.hang_up


@contextmanager
def killed_by_tmux(*options: str) -> Iterator[Closing]:
    path = shutil.which("tmux")
    if path is None:
        pytest.skip("tmux is not installed")
    tmux = [path, "-L", f"charlm-tui-test-{os.getpid()}", "-f", os.devnull]

    def tell(*words: str) -> str:
        done = subprocess.run([*tmux, *words], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    command = ["new-session", COMMAND, *options, ";", "set-option", "status", "off"]
    try:
        with terminal(*tmux[1:], *command, command=path, columns=120, rows=40) as it:
            it.until(lambda: tell("list-panes", "-F", "#{pane_pid}"), "tmux has opened a window")
            pid = int(tell("list-panes", "-F", "#{pane_pid}"))
            yield it, pid, lambda: tell("kill-session")
    finally:
        tell("kill-server")


WAYS = (closed_with_a_signal, closed_without_one, killed_by_tmux)


def left_behind(state: State, way: Way, model: Path, history_path: Path) -> list[str]:
    """Close the terminal of an app that is in a state; return which of the two live on."""
    options = ["--model", str(model), "--history", str(history_path), *STATES[state]]
    with ExitStack() as stack:
        it, pid, close = stack.enter_context(way(*options))
        state(it)
        it.until(lambda: engines_of(pid), "the engine was started")
        (engine,) = engines_of(pid)
        names = {}
        for name, each in (("app", pid), ("engine", engine)):
            handle = os.pidfd_open(each)
            stack.callback(os.close, handle)
            names[handle] = name
        close()
        alive, end_s = set(names), time.monotonic() + END_S
        while alive and (left_s := end_s - time.monotonic()) > 0:
            alive -= set(select.select(list(alive), [], [], left_s)[0])
        for handle in alive:  # for the tests that follow
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        return [names[handle] for handle in alive]


PAIRS = [
    (state, way)
    for way in WAYS
    for state in STATES
    if (state, way) != (unread, killed_by_tmux)  # which reads for its window, whoever looks on
]


@pytest.mark.parametrize(
    ("state", "way"),
    [(state, WAYS[i % len(WAYS)]) for i, state in enumerate(STATES)],
    ids=lambda it: it.__name__,
)
def test_a_closed_terminal_ends_the_app_and_its_engine(
    state: State, way: Way, model_path: Path, tmp_path: Path
) -> None:
    assert left_behind(state, way, model_path, tmp_path / "history.db") == []


def test_a_closed_terminal_loses_nothing_that_was_on_the_screen(
    model_path: Path, tmp_path: Path
) -> None:
    path = tmp_path / "history.db"
    options = ("--model", str(model_path), "--history", str(path), *REPLY)
    with terminal(*options, controlling=False) as it:
        it.shows("ready")
        handle = os.pidfd_open(it.process.pid)
        it.hang_up()
        assert has_ended(handle)
    with closing(Store(path)) as store:
        assert [entry.length for entry in store.entries()] == [30]


@pytest.mark.long
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize(("state", "way"), PAIRS, ids=lambda it: it.__name__)
def test_a_closed_terminal_ends_both_every_time(
    state: State, way: Way, number: int, model_path: Path, tmp_path: Path
) -> None:
    assert left_behind(state, way, model_path, tmp_path / f"{number}.db") == []


def test_a_process_that_does_not_leave_is_ended_and_keeps_what_it_can(tmp_path: Path) -> None:
    ready, saved = tmp_path / "ready", tmp_path / "saved"
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from charlm_tui.tui.hangup import watch_terminal\n"
        "watch_terminal(lambda: None, lambda: Path(sys.argv[2]).write_text('all'), 129)\n"
        "Path(sys.argv[1]).touch()\n"
        "threading.Event().wait()\n"
    )
    words = ("-c", program, str(ready), str(saved))
    with terminal(*words, command=sys.executable, controlling=False) as it:
        it.until(ready.exists, "the terminal was watched")
        handle = os.pidfd_open(it.process.pid)
        it.hang_up()
        assert has_ended(handle)
        assert it.process.wait() == 129
    assert saved.read_text() == "all"
