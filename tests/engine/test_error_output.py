"""What an engine writes to its standard error: quoted when it dies, and logged."""

import queue
import threading
from pathlib import Path

import pytest

from charlm_tui.engine import client
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.engine.error_output import MOST_QUOTED
from charlm_tui.engine.protocol import EngineDied, Event
from charlm_tui.log import LOG_BYTES, LOGS, Log, log_path
from tests.support.engines import BOUND_S, Driver


def death(monkeypatch: pytest.MonkeyPatch, program: str) -> str:
    """Return the reason that is told of an engine whose process runs a program and is gone."""
    monkeypatch.setattr(client, "PROGRAM", program.replace("{", "{{").replace("}", "}}"))
    engine, events = ProcessEngine("no.onnx"), queue.Queue[Event]()
    engine.listen(events.put)
    event = events.get(timeout=BOUND_S)
    engine.close()
    assert isinstance(event, EngineDied)
    return event.reason


def test_an_engine_that_dies_is_told_with_the_last_that_it_wrote_and_all_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reason = death(monkeypatch, "import sys; sys.exit('first\\n\\n  what():\\tno memory')")
    assert reason == "it left with exit code 1; the last that it wrote: first what(): no memory"
    lines = log_path().read_text().splitlines()
    assert [line.partition("engine ")[2].partition(" ")[2] for line in lines] == [
        "first",
        "  what():\tno memory",
    ]


def test_what_is_quoted_is_printable_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    said = r"b'\xff\x1b[2J' + b'x' * 50_000 + b'\x07!'"
    reason = death(monkeypatch, f"import sys; sys.stderr.buffer.write({said})")
    assert reason.isprintable()
    assert reason.endswith("x␇!")
    assert len(reason) < MOST_QUOTED + 60


@pytest.mark.slow
def test_a_flood_does_not_block_the_engine_and_the_log_is_rotated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flood = "print(*range(40_000), sep=' of many\\n', file=sys.stderr)"
    reason = death(monkeypatch, f"import sys; {flood}; sys.exit(3)")
    assert reason.endswith("exit code 3; the last that it wrote: 39998 of many 39999")
    files = list(log_path().parent.iterdir())
    assert len(files) == 1 + LOGS
    assert all(file.stat().st_size <= LOG_BYTES for file in files)


def test_a_flood_is_read_to_its_end_however_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that is busy: the process has ended long before its last line is read."""
    monkeypatch.setattr(client, "END_S", 1.0)
    write = Log.write

    def slowly(log: Log, line: str) -> None:
        threading.Event().wait(0.02)
        write(log, line)

    monkeypatch.setattr(Log, "write", slowly)
    flood = "print(*range(100), sep=' of many\\n', file=sys.stderr)"
    reason = death(monkeypatch, f"import sys; {flood}; sys.exit(3)")
    assert reason.endswith("exit code 3; the last that it wrote: 98 of many 99")


def test_a_log_that_cannot_be_written_costs_nothing_but_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    reason = death(monkeypatch, "import sys; sys.exit('no')")
    assert reason == "it left with exit code 1; the last that it wrote: no"


def test_an_engine_with_nothing_to_say_opens_no_log(model_path: Path) -> None:
    driver = Driver(model_path)
    driver.load()
    driver.engine.close()
    assert not log_path().parent.exists()
