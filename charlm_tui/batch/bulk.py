"""Work on files of any length by several processes: cut into tasks, done in any order, told in one.

Owns the bound on what is read ahead, and the sentence when a process is gone. `on_ray.py` does the
same work on a cluster. Knows no model.
"""

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, Protocol

from charlm_tui.errors import CharlmError

AHEAD = 3  # tasks for each process that are read before they are needed


class BulkError(CharlmError):
    """Work in bulk cannot go on."""


class Work(Protocol):
    """What is done with each file; it can be sent to another process."""

    def tasks(self, path: Path) -> Iterator[Any]:
        """Yield what there is to do of a file, in its order."""
        ...

    def open(self) -> Callable[[Any], Any]:
        """Return what does a task; it has the model."""
        ...


def by_processes(work: Work, paths: Iterable[Path], count: int) -> Iterator[Any]:
    """Do the work by several processes on this machine, and yield what comes of each task in order.

    Args:
        work: what.
        paths: of the files.
        count: of the processes; 1 is this one.

    Raises:
        CharlmError: what the work raises; or a process is gone.
    """
    every = (task for path in paths for task in work.tasks(path))
    if count == 1:
        yield from map(work.open(), every)
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _terminated)  # in order, as Ctrl-C is
    waiting: deque[Future[Any]] = deque()
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_begin, initargs=(work,)
    ) as pool:
        try:
            for task in every:
                waiting.append(pool.submit(_do, task))
                if len(waiting) >= AHEAD * count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise BulkError(
                "a process that did a part of the work is gone (it may have been killed, or the "
                "model took too much time or memory); what was printed is right: do the rest "
                "again, with fewer --processes if memory is short"
            ) from error
        finally:
            for each in waiting:
                each.cancel()


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_done: Callable[[Any], Any] | CharlmError | None = None
"""What does a task in a process of the pool, or why it cannot."""


def _begin(work: Work) -> None:
    """Load the model in a process of the pool, and end with the process that started it."""
    global _done
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    starter = parent_process()
    assert starter is not None
    threading.Thread(target=_end_with, args=(starter.sentinel,), daemon=True).start()
    try:
        _done = work.open()
    except CharlmError as error:  # a pool would be told of a broken process, without the reason
        _done = error


def _end_with(sentinel: int) -> None:
    with contextlib.suppress(OSError):
        connection.wait([sentinel])
    os._exit(1)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  (a handler's)
    raise SystemExit(128 + number)


def _do(task: Any) -> Any:
    if isinstance(_done, CharlmError):
        raise _done
    assert _done is not None
    return _done(task)
