"""A process that has nothing of POSIX which Windows has not; run as a program, it is `charlm-tui`.

`python -m tests.support.no_posix generate …`. What is taken away is what Python's documentation
names as Unix alone, but for `os.uname` and `os.getuid`: libraries ask `sys.platform` before they
call them, which says Linux here all the same.
"""

import os
import runpy
import signal
import sys

MODULES = ("fcntl", "grp", "posix_ipc", "pty", "pwd", "resource", "syslog", "termios", "tty")
SIGNALS = (
    *("SIGALRM", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGPROF", "SIGQUIT"),
    *("SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH"),
    *("ITIMER_PROF", "ITIMER_REAL", "SIG_BLOCK", "SIG_SETMASK", "SIG_UNBLOCK"),
    *("alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "sigpending"),
    *("sigtimedwait", "sigwait", "sigwaitinfo"),
)
CALLS = (
    *("chown", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups"),
    *("getpgid", "getpgrp", "getpriority", "initgroups", "killpg", "lchown"),
    *("mkfifo", "mknod", "nice", "openpty", "pread", "preadv", "pwrite", "register_at_fork"),
    *("sched_getaffinity", "sendfile", "setsid", "statvfs", "sysconf", "tcgetpgrp", "ttyname"),
    *("wait", "wait3", "wait4", "WNOHANG", "WUNTRACED"),
    *("O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "O_CLOEXEC", "O_TMPFILE", "O_SYNC"),
)


def take_away() -> None:
    """Take it away from this process."""
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for module, names in ((signal, SIGNALS), (os, CALLS)):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)


if __name__ == "__main__":
    import subprocess  # noqa: F401  (Python's own, which would take the other way on Windows)
    import tempfile  # noqa: F401

    take_away()
    sys.argv = ["charlm-tui", *sys.argv[1:]]
    if sys.argv[1:2] == ["-c"]:
        exec(sys.argv[2])
    else:
        runpy.run_module("charlm_tui", run_name="__main__")
