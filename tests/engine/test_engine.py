"""The engine as a real process, with a real model."""

import os
import select
import signal
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from charlm_tui.controls.controls import Controls
from charlm_tui.engine.pace import FRAME_S, FRAMES_AHEAD, Pace
from charlm_tui.engine.protocol import (
    CharactersGenerated,
    DrawRequested,
    EngineDied,
    GenerationEnded,
    Inspected,
    InspectRequested,
    LoadFailed,
    RestRequested,
)
from charlm_tui.lm.settings import Settings
from tests.support.engines import BOUND_S, START, Driver, start


@pytest.fixture
def driver(model_path: Path) -> Iterator[Driver]:
    driver = Driver(model_path)
    yield driver
    driver.engine.close()


def following(request: DrawRequested, request_id: int, text: list[int]) -> DrawRequested:
    """Return the request to continue after some characters of a reply."""
    read = array("H", START)
    read.extend(text)
    return request._replace(request_id=request_id, first=len(text), read=read.tobytes())


def test_a_reply_has_its_length_and_is_the_same_at_any_speed(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(150))
    at_once = driver.reply()
    driver.engine.send(start(150, speed=900.0, request_id=2))
    paced = driver.reply()
    assert len(at_once) == 150
    assert paced == at_once


def test_the_reply_is_that_of_the_model_run_in_this_process(
    driver: Driver, model_path: Path
) -> None:
    from charlm_tui.lm.context import RollingWindow
    from charlm_tui.lm.generation import Generation, prefixed
    from charlm_tui.lm.model import OnnxModel
    from charlm_tui.lm.sampling import Sampler

    driver.load()
    model = OnnxModel(model_path)
    vocabulary = model.contract.vocabulary
    seed = vocabulary.encode("the")
    request = following(start(100), 1, seed)
    driver.engine.send(request._replace(first=0))
    window = RollingWindow(model, model.contract.window)
    generation = Generation(
        window, Sampler(len(vocabulary)), request.controls.settings, prefixed(vocabulary, seed)
    )
    assert driver.reply() == generation.draw(100).ids.tolist()


def test_a_new_wish_is_obeyed_from_where_it_says(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(400))
    whole = driver.reply()
    driver.engine.send(start(0, request_id=2))
    first = driver.batch()
    shown = min(3, first.columns.characters)
    driver.engine.send(following(start(40, temperature=0.0), 3, whole[:shown]))
    event = driver.batch()
    while event.request_id < 3:
        event = driver.batch()
    assert event.first == shown
    assert array("f", event.columns.temperature).tolist() == [0.0] * (event.columns.characters)
    while not isinstance(event, GenerationEnded):  # a busy machine makes more batches, and waits
        assert isinstance(event, CharactersGenerated)
        driver.acknowledge(event)
        event = driver.next()
    # The same again, as it was at first: it goes on as it did.
    driver.engine.send(following(start(400), 4, whole[:shown]))
    event = driver.batch()
    again = array("H", event.columns.ids).tolist()
    assert again == whole[shown : shown + len(again)]


def test_it_never_runs_far_ahead_of_the_screen(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(0))
    batches = [driver.batch() for _ in range(FRAMES_AHEAD)]
    # It has stopped there: what comes next, after an acknowledgement, is one batch more.
    assert driver.before_an_answer() == []
    assert driver.before_an_answer() == []
    driver.acknowledge(batches[0])
    following = driver.batch()
    assert following.first == batches[-1].first + batches[-1].columns.characters


def test_acknowledgements_do_not_cut_batches_to_pieces(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(3000))
    batches = 0
    while not isinstance(event := driver.next(), GenerationEnded):
        assert isinstance(event, CharactersGenerated)
        driver.acknowledge(event)
        batches += 1
    assert batches < 600  # a frame has some 200 characters here; cut at each one it had 1.3


def test_a_change_of_the_controls_takes_no_time_from_the_next_character() -> None:
    slow = Controls(speed=0.01)  # a character in 100 seconds
    now = time.monotonic()
    fresh, overdue = Pace(slow, 5, now), Pace(slow, 5, now - 1000)
    assert 90 < (fresh.wait_s() or 0) <= 100
    assert (overdue.wait_s() or 0) <= FRAME_S


def test_an_engine_that_is_to_rest_says_nothing_until_the_next_request(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(0))
    driver.batch()
    driver.engine.send(RestRequested())
    driver.engine.send(start(0, request_id=2))
    event = driver.batch()
    while event.request_id == 1:
        event = driver.batch()
    driver.engine.send(RestRequested())
    for late in driver.before_an_answer():  # was on its way
        assert isinstance(late, CharactersGenerated)
        driver.acknowledge(late)
    assert driver.before_an_answer() == []
    assert driver.before_an_answer() == []


def test_a_carried_reply_goes_on_where_it_was_after_its_engine_has_read_other_things(
    driver: Driver,
) -> None:
    driver.load()
    request = start(5000, carry=True)
    driver.engine.send(request)
    whole = driver.reply()
    driver.engine.send(following(request, 2, whole[:4500]))
    assert driver.rest(4500) == whole[4500:]
    driver.engine.send(start(30, request_id=3))
    driver.reply()
    driver.engine.send(following(request, 4, whole[:4500]))
    assert driver.rest(4500) == whole[4500:]


def test_a_file_that_is_no_model_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "not.onnx"
    path.write_text("hello")
    driver = Driver(path)
    event = driver.next()
    driver.engine.close()
    assert isinstance(event, LoadFailed)
    assert str(path) in event.sentence


def test_a_killed_engine_is_told_with_its_signal(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(0))
    driver.batch()
    os.kill(driver.engine.pid, signal.SIGKILL)
    event = driver.next()
    while isinstance(event, CharactersGenerated):
        event = driver.next()
    assert event == EngineDied("it was ended by SIGKILL")


def test_close_ends_the_process_in_mid_stream(model_path: Path) -> None:
    driver = Driver(model_path)
    driver.load()
    driver.engine.send(start(0))
    driver.batch()
    pid = driver.engine.pid
    driver.engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.linux
@pytest.mark.parametrize("when", ["loading", "idle", "generating"])
def test_no_orphan_is_left_when_the_front_end_is_killed(model_path: Path, when: str) -> None:
    program = f"""
import sys, threading
from charlm_tui.lm.settings import Settings
from charlm_tui.controls.controls import Controls
from charlm_tui.engine.client import ProcessEngine
from charlm_tui.engine.protocol import *

if __name__ == "__main__":
    engine = ProcessEngine({str(model_path)!r})
    if {when!r} == "loading":
        print(engine.pid, flush=True)
    def receive(event):
        if isinstance(event, ModelLoaded):
            if {when!r} == "idle":
                print(engine.pid, flush=True)
                return
            engine.send(DrawRequested(1, 0, bytes(2), b"", Controls(Settings(1.0), 0.0, 0)))
        elif {when!r} == "generating":
            print(engine.pid, flush=True)
    engine.listen(receive)
    threading.Event().wait()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    ) as front_end:
        assert front_end.stdout is not None
        pid = int(front_end.stdout.readline())
        handle = os.pidfd_open(pid)
        front_end.kill()
    ended, _, _ = select.select([handle], [], [], BOUND_S)
    os.close(handle)
    assert ended, f"the engine {pid} outlived its front end that was killed while {when}"


def test_given_characters_come_first_and_what_follows_is_as_if_they_had_been_drawn(
    driver: Driver,
) -> None:
    driver.load()
    driver.engine.send(start(200))
    whole = driver.reply()
    chosen = array("H", whole[:90])
    driver.engine.send(start(200, request_id=2)._replace(forced=chosen.tobytes()))
    taken, drawn = array("H"), array("H")
    while not isinstance(event := driver.next(), GenerationEnded):
        assert isinstance(event, CharactersGenerated)
        driver.acknowledge(event)
        (taken if event.forced else drawn).extend(array("H", event.columns.ids))
    assert taken == chosen
    assert drawn.tolist() == whole[90:]


def test_a_distribution_is_told_in_mid_stream_and_the_reply_goes_on(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(400))
    whole = driver.reply()
    driver.engine.send(start(0, request_id=2))
    first = driver.batch()
    driver.engine.send(InspectRequested(1, START, b"", Settings(0.0)))
    reply = array("H", first.columns.ids)
    driver.acknowledge(first)
    told = None
    while told is None or len(reply) < len(whole):
        event = driver.next()
        if isinstance(event, Inspected):
            told = event
        else:
            assert isinstance(event, CharactersGenerated)
            driver.acknowledge(event)
            reply.extend(array("H", event.columns.ids))
    assert reply.tolist()[: len(whole)] == whole
    assert sum(array("f", told.model)) == pytest.approx(1, abs=1e-5)
    assert sorted(array("f", told.after))[-2:] == [0.0, 1.0]
