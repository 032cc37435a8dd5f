"""The engine as a real process, with a real model."""

import os
import queue
import select
import signal
import subprocess
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from charlm_tui.lm.settings import Settings
from charlm_tui.session.controls import Controls
from charlm_tui.session.engine import ProcessEngine
from charlm_tui.session.messages import (
    Acknowledged,
    CharactersGenerated,
    ControlsChanged,
    EngineDied,
    Event,
    GenerationEnded,
    LoadFailed,
    ModelLoaded,
    StartRequested,
)
from charlm_tui.session.worker import FRAMES_AHEAD

BOUND_S = 30.0


class Driver:
    """An engine and the events that it has sent."""

    def __init__(self, model: Path) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.engine = ProcessEngine(str(model))
        self.engine.listen(self.events.put)

    def next(self) -> Event:
        return self.events.get(timeout=BOUND_S)

    def load(self) -> ModelLoaded:
        event = self.next()
        assert isinstance(event, ModelLoaded)
        return event

    def batch(self) -> CharactersGenerated:
        event = self.next()
        assert isinstance(event, CharactersGenerated)
        return event

    def acknowledge(self, batch: CharactersGenerated) -> None:
        count = batch.first + len(batch.ids) // 2
        self.engine.send(Acknowledged(batch.generation, batch.revision, count))

    def reply(self, count: int = sys.maxsize) -> list[int]:
        """Take in a reply, acknowledging it, until it ends or has `count` characters."""
        ids = array("H")
        while len(ids) < count:
            event = self.next()
            if isinstance(event, GenerationEnded):
                break
            assert isinstance(event, CharactersGenerated)
            assert event.first == len(ids)
            ids.frombytes(event.ids)
            self.acknowledge(event)
        return ids.tolist()


@pytest.fixture
def driver(model_path: Path) -> Iterator[Driver]:
    driver = Driver(model_path)
    yield driver
    driver.engine.close()


def start(length: int, speed: float = 0.0, temperature: float = 1.0, **more: int) -> StartRequested:
    controls = Controls(Settings(temperature, rng_seed=5), speed=speed, length=length)
    return StartRequested(more.get("generation", 1), 0, b"", b"", controls)


def test_a_reply_has_its_length_and_is_the_same_at_any_speed(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(150))
    at_once = driver.reply()
    driver.engine.send(start(150, speed=900.0, generation=2))
    paced = driver.reply()
    assert len(at_once) == 150
    assert paced == at_once


def test_the_reply_is_that_of_the_model_run_in_this_process(
    driver: Driver, model_path: Path
) -> None:
    from charlm_tui.lm.context import RollingWindow
    from charlm_tui.lm.generation import Generation, primed
    from charlm_tui.lm.model import OnnxModel
    from charlm_tui.lm.sampling import Sampler

    driver.load()
    model = OnnxModel(model_path)
    vocabulary = model.contract.vocabulary
    seed = vocabulary.encode("the")
    request = start(100)
    driver.engine.send(StartRequested(1, 0, array("H", seed).tobytes(), b"", request.controls))
    window = RollingWindow(model, model.contract.window)
    generation = Generation(
        window, Sampler(len(vocabulary)), request.controls.settings, primed(vocabulary, seed)
    )
    assert driver.reply() == generation.draw(100).ids.tolist()


def test_a_change_goes_back_to_what_was_shown_and_leaves_it_alone(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(400))
    whole = driver.reply()
    driver.engine.send(start(400, generation=2))
    first = driver.batch()
    shown = min(3, len(first.ids) // 2)
    greedy = Controls(Settings(0.0), speed=0.0, length=40)
    driver.engine.send(ControlsChanged(2, 1, shown, greedy))
    event = driver.next()
    while event.revision == 0:  # type: ignore[union-attr]
        event = driver.next()
    assert isinstance(event, CharactersGenerated)
    assert event.first == shown
    assert array("f", event.temperature).tolist() == [0.0] * (len(event.ids) // 2)
    # The same again, at once: what is before the change is what it was without it.
    driver.engine.send(ControlsChanged(2, 2, shown, start(400).controls))
    event = driver.next()
    while event.revision < 2:  # type: ignore[union-attr]
        event = driver.next()
    assert isinstance(event, CharactersGenerated)
    again = array("H", event.ids).tolist()
    assert again == whole[shown : shown + len(again)]


def test_it_never_runs_far_ahead_of_the_screen(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(0))
    batches = [driver.batch() for _ in range(FRAMES_AHEAD)]
    # It has stopped there: what comes next, after an acknowledgement, is one batch more.
    with pytest.raises(queue.Empty):
        driver.events.get(timeout=0.3)
    driver.acknowledge(batches[0])
    following = driver.batch()
    assert following.first == batches[-1].first + len(batches[-1].ids) // 2


def test_a_paused_reply_rests_until_it_goes_on(driver: Driver) -> None:
    driver.load()
    request = start(0)
    driver.engine.send(request)
    driver.batch()
    paused = Controls(request.controls.settings, speed=0.0, length=20, paused=True)
    driver.engine.send(ControlsChanged(1, 1, 0, paused))
    while True:
        try:
            event = driver.events.get(timeout=0.3)
        except queue.Empty:
            break
        assert event.revision == 0  # type: ignore[union-attr]
    driver.engine.send(
        ControlsChanged(1, 2, 0, Controls(request.controls.settings, speed=0.0, length=20))
    )
    assert len(driver.reply()) == 20


def test_a_started_reply_goes_on_from_one_that_another_engine_began(driver: Driver) -> None:
    driver.load()
    driver.engine.send(start(120))
    whole = driver.reply()
    so_far = array("H", whole[:70]).tobytes()
    driver.engine.send(StartRequested(2, 0, b"", so_far, start(120).controls))
    batch = driver.batch()
    assert batch.first == 70
    ids = array("H", batch.ids).tolist()
    assert ids == whole[70 : 70 + len(ids)]


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


@pytest.mark.parametrize("when", ["loading", "idle", "generating"])
def test_no_orphan_is_left_when_the_front_end_is_killed(model_path: Path, when: str) -> None:
    program = f"""
import sys, threading
from charlm_tui.lm.settings import Settings
from charlm_tui.session.controls import Controls
from charlm_tui.session.engine import ProcessEngine
from charlm_tui.session.messages import *

if __name__ == "__main__":
    engine = ProcessEngine({str(model_path)!r})
    if {when!r} == "loading":
        print(engine.pid, flush=True)
    def receive(event):
        if isinstance(event, ModelLoaded):
            if {when!r} == "idle":
                print(engine.pid, flush=True)
            engine.send(StartRequested(1, 0, b"", b"", Controls(Settings(1.0), 0.0, 0)))
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
