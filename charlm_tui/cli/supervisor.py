"""Work in a child process, so that whatever befalls it is told.

A graph can crash the runtime, or take all the processor time that it may, and JAX' runtime aborts a
process whose others are gone: then the child ends by a signal, and this process says so. It is the
process that was started, and it does as if it did the work: signals go through it, and the exit
code is the child's.
"""

import gc
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from charlm_tui.cli.streams import say
from charlm_tui.errors import INTERRUPTED
from charlm_tui.lm.limits import LoadLimits

_FROM_THE_KERNEL = 0  # what is above, of `si_code`: the terminal has sent it to both processes


def work_in_a_child(model: str, limits: LoadLimits) -> None:
    """Go on in a child process that loads a model (see `in_a_child`).

    Args:
        model: how a sentence names it.
        limits: that the model is loaded under.
    """

    def sentence(code: int) -> str:
        from charlm_tui.engine.client import how_it_ended
        from charlm_tui.lm.contract import HOW_TO

        return f"{model} cannot be used: {how_it_ended(code, limits)}, or {HOW_TO}"

    in_a_child(sentence)


def in_a_child(sentence: Callable[[int], str]) -> None:
    """Return in a child process; this one waits for it, and ends as it ends.

    To be called before numpy and onnxruntime are imported: a fork is cheap then, and there are no
    threads. Without fork, or where there are no processes left, the work is done in this one.

    Args:
        sentence: returns what to say of a child that has ended by a signal, given minus its number.
    """
    if not (hasattr(os, "fork") and hasattr(signal, "sigwaitinfo")):
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    forwarded = {it for it in _forwarded() if signal.getsignal(it) is not signal.SIG_IGN}
    waited = forwarded | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    starter = os.getpid()
    gc.freeze()  # or the child's collections copy what both have
    try:
        child = os.fork()
    except OSError:
        child = 0
    if child == 0:
        if os.getpid() != starter:
            _end_with(starter)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, _interrupt_once)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return
    _leave(_Child(child, waited).wait(), sentence)


class _Child:
    """The process that does the work.

    Args:
        pid: its id.
        waited: signals that are blocked in this process, SIGCHLD among them.
    """

    def __init__(self, pid: int, waited: set[signal.Signals]) -> None:
        self._pid = pid
        self._waited = waited

    def wait(self) -> int:
        """Pass signals on until the child has ended; return its exit code, or minus its signal."""
        interrupted = False
        while True:
            came = signal.sigwaitinfo(self._waited)
            number = came.si_signo
            if number == signal.SIGCHLD:
                code = self._ended()
                if code is not None:
                    return code
                continue
            typed = came.si_code > _FROM_THE_KERNEL and number != signal.SIGHUP
            if number == signal.SIGINT and interrupted:  # the child does not come to hear it
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                return INTERRUPTED
            interrupted |= number == signal.SIGINT
            if not typed:
                os.kill(self._pid, number)

    def _ended(self) -> int | None:
        """Return how the child ended, None if it has not; stop while it is stopped."""
        while True:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
            if not pid:
                return None
            if not os.WIFSTOPPED(status):
                return os.waitstatus_to_exitcode(status)
            os.kill(os.getpid(), signal.SIGSTOP)
            os.kill(self._pid, signal.SIGCONT)


def _leave(code: int, sentence: Callable[[int], str]) -> NoReturn:
    """End this process as the child has ended."""
    if code < 0 and -code in _forwarded():
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
    if code < 0:
        try:
            say(f"error: {sentence(code)}")
        except OSError:  # nobody is there to be told
            pass
        code = 1
    os._exit(code)


def _forwarded() -> set[signal.Signals]:
    """Return the signals by which a person, a shell or a system ends or stops a program."""
    names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGPIPE", "SIGALRM")
    return {getattr(signal, name) for name in (*names, "SIGUSR1", "SIGUSR2")}


def _interrupt_once(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (a handler's)
    """Interrupt as Python does, and let no second one fall into how it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with(starter: int) -> None:
    """End this process when the one that has started it is killed."""
    if sys.platform != "linux":
        return
    import ctypes  # onnxruntime imports it, too

    death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(death_signal, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != starter:  # it was killed before
        os._exit(1)
