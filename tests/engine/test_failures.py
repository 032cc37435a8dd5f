"""What an engine cannot do is told as the failure of what was asked, and of nothing else."""

import re
import resource
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from pathlib import Path

import onnx
import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.insight_protocol import (
    LensOpened,
    LensRequested,
    Progressed,
    UnitRequested,
    UnitTold,
    WhatIfRequested,
    WhatIfTold,
)
from charlm_tui.engine.protocol import (
    CharactersGenerated,
    EngineDied,
    Event,
    GenerationEnded,
    GenerationFailed,
    Inspected,
    InspectRequested,
    LanesRequested,
    LoadFailed,
    Remade,
    RemakeRequested,
    Request,
    Scored,
    ScoreRequested,
)
from charlm_tui.lm.limits import LoadLimits
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Tape
from charlm_tui.reply.tape_file import Recording
from tests.support.engines import RUNTIME, START, Driver, start
from tests.support.models import hungry_model, looping_model

TOO_DEEP = Settings(0.5, rng_seed=5, depth=10**13)  # numpy refuses it at once, on any machine
DEEP = "takes more memory than there is"
NUMBER = 77
TEXT = array("H", range(40)).tobytes()
ONE = array("f", [1.0]).tobytes()


@pytest.fixture
def driver(model_path: Path) -> Iterator[Driver]:
    driver = Driver(model_path)
    driver.sha256 = driver.load().sha256
    yield driver
    driver.engine.close()


def recording(sha256: str, settings: Settings) -> Recording:
    tape = Tape()
    tape.append(Columns(array("H", [3]).tobytes(), ONE, ONE, ONE), settings)
    return Recording("nietzsche", sha256, RUNTIME, "the ", "!", tape)


def answer(driver: Driver, kind: type[Event]) -> Event:
    """Take in what comes until there is an answer of a kind."""
    while not isinstance(event := driver.next(), kind):
        assert isinstance(event, CharactersGenerated | Progressed), event
        if isinstance(event, CharactersGenerated):
            driver.acknowledge(event)
    return event


DEPTHS: list[tuple[Callable[[str], Request], type[Event]]] = [
    (lambda _: InspectRequested(NUMBER, START, b"", TOO_DEEP), Inspected),
    (lambda _: ScoreRequested(NUMBER, TEXT, TOO_DEEP), Scored),
    (lambda _: LensRequested(NUMBER, TEXT, 1, TOO_DEEP), LensOpened),
    (lambda sha256: RemakeRequested(NUMBER, recording(sha256, TOO_DEEP)), Remade),
]

BROKEN: list[tuple[Callable[[str], Request], type[Event]]] = [
    (lambda _: InspectRequested(NUMBER, b"", b"", Settings()), Inspected),
    (lambda _: ScoreRequested(NUMBER, b"odd", Settings()), Scored),
    (lambda _: LensRequested(NUMBER, TEXT, 10**6, Settings()), LensOpened),
    (lambda _: WhatIfRequested(NUMBER, b"", 0, Settings(), b"", 0), WhatIfTold),
    (lambda _: RemakeRequested(NUMBER, "no recording"), Remade),  # type: ignore[arg-type]
]
"""What no front end sends: it stands for any fault that nobody has thought of."""


@pytest.mark.parametrize(("ask", "kind"), [*DEPTHS, *BROKEN])
def test_what_cannot_be_done_fails_by_itself_and_the_reply_goes_on(
    driver: Driver, ask: Callable[[str], Request], kind: type[Event]
) -> None:
    driver.engine.send(start(60))
    undisturbed = driver.reply()
    driver.engine.send(start(60, speed=200.0, request_id=2))
    first = driver.batch()
    driver.acknowledge(first)
    driver.engine.send(ask(driver.sha256))
    ids, answers = array("H", first.columns.ids), []
    while not isinstance(event := driver.next(), GenerationEnded) or not answers:
        if isinstance(event, CharactersGenerated):
            ids.frombytes(event.columns.ids)
            driver.acknowledge(event)
        elif not isinstance(event, GenerationEnded):
            answers.append(event)
    if len(ids) < 60:
        ids.extend(driver.rest(len(ids)))
    [failure] = answers
    assert isinstance(failure, kind)
    assert failure.number == NUMBER
    assert failure.sentence
    assert "\n" not in failure.sentence
    assert ids.tolist() == undisturbed


@pytest.mark.parametrize(("ask", "kind"), DEPTHS)
def test_a_depth_that_takes_too_much_memory_is_told_where_no_reply_streams(
    driver: Driver, ask: Callable[[str], Request], kind: type[Event]
) -> None:
    driver.engine.send(ask(driver.sha256))
    failure = answer(driver, kind)
    assert failure.number == NUMBER
    if kind is Remade:  # a tape has a bound of its own
        assert "where 100,000 at the most can be made again" in failure.sentence
    else:
        assert DEEP in failure.sentence
    driver.engine.send(InspectRequested(78, START, b"", Settings()))
    assert answer(driver, Inspected).model


def test_a_reply_that_cannot_be_drawn_fails_and_the_next_one_is_drawn(driver: Driver) -> None:
    for request_id, request in enumerate(
        (
            start(40)._replace(controls=Controls(TOO_DEEP, length=40)),
            start(40)._replace(read=b""),
            LanesRequested(1, 0, (b"", b""), (b"", b""), (Settings(), Settings()), Controls()),
        ),
        start=1,
    ):
        driver.engine.send(request._replace(request_id=request_id))
        failure = driver.next()
        assert isinstance(failure, GenerationFailed)
        assert failure.request_id == request_id
        assert failure.sentence
    driver.engine.send(start(40, request_id=9))
    assert len(driver.reply()) == 40


def test_a_unit_that_cannot_be_told_fails_and_its_lens_stays_open(driver: Driver) -> None:
    driver.engine.send(LensRequested(3, TEXT, 1, Settings()))
    answer(driver, LensOpened)
    driver.engine.send(UnitRequested(3, 10**6))
    told = driver.next()
    assert isinstance(told, UnitTold)
    assert (told.number, told.unit) == (3, 10**6)
    assert told.sentence
    driver.engine.send(UnitRequested(3, 0))
    told = driver.next()
    assert isinstance(told, UnitTold)
    assert told.levels
    assert not told.sentence


@pytest.mark.linux
def test_a_lens_for_which_there_is_no_memory_fails_and_the_engine_stays(
    driver: Driver,
) -> None:
    driver.engine.send(start(10))
    driver.reply()
    driver.engine.send(LensRequested(1, TEXT, 1, Settings()))  # all is imported that it needs
    answer(driver, LensOpened)
    used = re.search(r"VmSize:\s+(\d+) kB", Path(f"/proc/{driver.engine.pid}/status").read_text())
    assert used is not None
    most = int(used[1]) * 1024 + 8_000_000  # the states of 20,000 characters are twice as many
    resource.prlimit(driver.engine.pid, resource.RLIMIT_AS, (most, most))
    long = array("H", [1] * 20_001).tobytes()
    driver.engine.send(LensRequested(NUMBER, long, 1, Settings()))
    failure = answer(driver, LensOpened)
    assert failure.number == NUMBER
    assert "memory" in failure.sentence
    driver.engine.send(start(10, request_id=2))
    assert len(driver.reply()) == 10


def write(folder: Path, model: onnx.ModelProto) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.linux
def test_a_model_that_never_gets_loaded_ends_its_engine_and_the_reason_is_told(
    tmp_path: Path,
) -> None:
    driver = Driver(write(tmp_path, looping_model()), LoadLimits(seconds=0.2))
    event = driver.next()
    driver.engine.close()
    assert isinstance(event, EngineDied)
    assert "more than 0.2 s of processor time" in event.reason
    assert "CHARLM_LOAD_SECONDS" in event.reason


@pytest.mark.linux
def test_a_step_that_never_ends_ends_its_engine_and_the_reason_is_told(tmp_path: Path) -> None:
    driver = Driver(write(tmp_path, looping_model(at=8)), LoadLimits(seconds=0.2))
    driver.load()
    driver.engine.send(start(100))
    while isinstance(event := driver.next(), CharactersGenerated):
        driver.acknowledge(event)
    driver.engine.close()
    assert isinstance(event, EngineDied)
    assert "of processor time" in event.reason


@pytest.mark.linux
def test_a_model_that_takes_gigabytes_is_refused_by_an_engine_that_lives(tmp_path: Path) -> None:
    driver = Driver(write(tmp_path, hungry_model(10**9)))
    event = driver.next()
    assert isinstance(event, LoadFailed)
    assert "takes too much memory to load" in event.sentence
    driver.engine.close()


BROKEN = """\
import sys
from charlm_tui.engine import worker

def run(self):
    print("told", flush=True)
    raise BrokenPipeError

worker.Worker.run = run
sys.argv = ["engine", sys.argv[1]]
worker.main()
"""


def test_an_engine_that_nobody_hears_is_ended_by_the_thread_that_gives_the_terminal_back() -> None:
    """Its main thread sees the broken pipe first, and does not end the process before that."""
    ours, its = Pipe()
    command = [sys.executable, "-c", BROKEN, str(its.fileno())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[its.fileno()])
    its.close()
    ours.send(None)
    assert process.stdout is not None
    assert process.stdout.readline() == b"told\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    ours.close()
    assert process.wait(30) == 0
    process.stdout.close()
