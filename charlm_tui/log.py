"""The log: a rotated file in the state folder, for what a terminal has no place for.

Owns where it is, how it is opened, and how a fault of this program is told: its traceback is
logged, and a person gets one sentence. The folder and the file are made when there is a first line
to log.
"""

import logging
import traceback
from pathlib import Path

from charlm_tui.errors import CharlmError
from charlm_tui.text import told

LOG_BYTES = 256 * 1024  # before the file is rotated
LOGS = 2  # older files that are kept
MOST_WORDS = 160  # characters of an exception's own words


def log_path() -> Path:
    """Return where the log is, or would be."""
    from platformdirs import user_log_path

    return user_log_path("charlm-tui") / "charlm-tui.log"


class FaultError(CharlmError):
    """A fault of this program, which is logged already; the sentence is that of `unexpected`."""


class Log:
    """The log, as one process writes it.

    Args:
        name: of the process.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._handler: logging.Handler | None = None

    def write(self, text: str) -> None:
        """Add lines to the log.

        Raises:
            OSError: the disk does not take them.
        """
        if self._handler is None:
            self._handler = _open()
        record = logging.makeLogRecord({"msg": text, "processName": self._name})
        self._handler.handle(record)

    def close(self) -> None:
        """Close the file, if it was opened."""
        if self._handler is not None:
            self._handler.close()


def unexpected(error: BaseException) -> str:
    """Log an exception that nothing has caught, with its traceback; return the sentence to tell.

    An error that is a sentence already stays that sentence.
    """
    log = Log("charlm-tui")
    try:
        log.write("".join(traceback.format_exception(error)).rstrip())
        where = f"its traceback is in {log_path()}; please report it with that file"
    except Exception as fault:  # whatever hinders the log is not to hide what is to be logged
        where = f"please report it; its traceback could not be kept ({_words(fault)})"
    finally:
        log.close()
    if isinstance(error, CharlmError):
        return str(error)
    return f"charlm-tui met a fault of its own, where none is expected ({_words(error)}); {where}"


def _words(error: BaseException) -> str:
    """Return an exception's kind and its words, as part of a line."""
    try:
        words = " ".join(str(error).split())
    except Exception:  # of an error that cannot even be told
        words = ""
    kind = type(error).__name__
    return told(f"{kind}: {words}" if words else kind, MOST_WORDS)


def _open() -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    def fail(_: logging.LogRecord) -> None:
        """Say what went wrong to whoever logs; logging would print it into the terminal."""
        raise

    path = log_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    log = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOGS, encoding="utf-8")
    log.setFormatter(logging.Formatter("%(asctime)s %(processName)s %(message)s"))
    log.handleError = fail  # type: ignore[assignment, method-assign]
    return log
