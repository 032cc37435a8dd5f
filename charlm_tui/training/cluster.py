"""The processes that train together, on JAX' runtime and Keras' own distribution.

Owns how they find each other, what they tell each other, and the sentence when one of them is gone.
All of it goes through JAX' collectives and its coordination service; no socket is ours. It is
imported before anything of the training side that makes a tensor.
"""

import contextlib
import json
import os
import platform
import re
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import keras
import numpy as np

from charlm_tui.runs.requests import Request, from_line, to_line
from charlm_tui.training.company import Company
from charlm_tui.training.errors import HostsError, UnusableHostsError
from charlm_tui.training.hosts import ALL, AUTO, HEARTBEAT_S, JOIN_S, Asked, gone, unmet

BACKEND = "jax"
LEAVE_S = 30  # that the last one has after the first has ended

_OF_OTHERS = re.compile(
    "Gloo|NCCL|[Cc]oordination|[Hh]eartbeat|[Bb]arrier|UNAVAILABLE|ABORTED|"
    "Connection (reset|closed)"
)
"""What JAX says of an exchange that failed: nothing else of ours reaches another process."""
_TASK = re.compile(r"task[:/ ](\d+)")
_BEAT = struct.Struct("<d?I")  # the first one's clock, whether to interrupt, bytes of requests


def join(asked: Asked) -> Company:
    """Join the processes that train together, and let Keras share batches among all devices.

    Raises:
        UnusableHostsError: Keras' backend cannot do it, or there are not so many devices.
        HostsError: they do not find each other.
    """
    if keras.backend.backend() != BACKEND:
        option = "--hosts" if asked.hosts else "--devices"
        raise UnusableHostsError(
            f"{option} needs Keras' backend {BACKEND}, and it is {keras.backend.backend()} here; "
            f"set KERAS_BACKEND={BACKEND} (its library: pip install {BACKEND})"
        )
    import jax

    if asked.hosts:
        _hush()
        _initialize(asked)
    rank, count = jax.process_index(), jax.process_count()
    devices = _devices(asked, jax.devices(), count)
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(
            devices=[f"{it.platform}:{it.id}" for it in devices], auto_shard_dataset=False
        )
    )
    if count == 1:
        company = Company()
        company.devices = len(devices)
        return company
    return Cluster(rank, count, len(devices), asked.hosts)


def _hush() -> None:
    """Keep what C++ code says of itself from both outputs, which are Python's alone from now on."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        stream.flush()
        number = stream.fileno()
        own = os.fdopen(os.dup(number), "w", buffering=1, encoding="utf-8", errors="replace")
        setattr(sys, name, own)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, number)
        os.close(silence)


def _initialize(asked: Asked) -> None:
    """Start JAX' runtime among all processes.

    Raises:
        HostsError: they do not find each other.
    """
    import jax

    # A SIGTERM is ours: every process stops after the same batch, and the best so far is kept.
    jax.config.update("jax_enable_preemption_service", False)
    given: dict[str, Any] = {}
    if asked.hosts != AUTO:
        given = {
            "coordinator_address": asked.hosts[0],
            "num_processes": len(asked.hosts),
            "process_id": asked.rank,
            "cluster_detection_method": "deactivate",
        }
    try:
        jax.distributed.initialize(
            **given,
            initialization_timeout=JOIN_S,
            heartbeat_timeout_seconds=HEARTBEAT_S,
            shutdown_timeout_seconds=LEAVE_S,
        )
        if jax.process_count() > 1:
            _exchange().process_allgather(np.zeros(1, np.uint8))  # tells of itself, once
    except (ValueError, RuntimeError) as error:
        raise HostsError(unmet(asked, _first_line(str(error)))) from error


def _first_line(reason: str) -> str:
    return reason.strip().splitlines()[0][:200].rstrip(". ") if reason.strip() else "no reason"


def _devices(asked: Asked, found: Sequence[Any], count: int) -> list[Any]:
    """Return the devices to train on, those of a process side by side.

    Raises:
        UnusableHostsError: there are not so many, or not as many everywhere.
    """
    own: dict[int, list[Any]] = {}
    for each in found:
        own.setdefault(each.process_index, []).append(each)
    wanted = asked.devices if asked.devices is not None else (ALL if asked.hosts else 1)
    chosen: list[Any] = []
    for rank in range(count):
        there = sorted(own.get(rank, []), key=lambda it: it.id)
        most = len(there) if wanted == ALL else int(wanted)
        if most > len(there):
            kinds = ", ".join(f"{it.platform}:{it.id}" for it in there)
            raise UnusableHostsError(
                f"--devices {most} asks for more than the {len(there)} that {BACKEND} shows "
                f"({kinds}); give --devices all, or install what it needs for the others"
            )
        chosen += there[:most]
    if len(chosen) % count:
        raise UnusableHostsError(
            f"the {count} processes have {len(chosen)} devices, and not the same number each; "
            "give --devices with the fewest that one of them has"
        )
    return chosen


class Cluster(Company):
    """One of several processes that train together.

    Args:
        rank: of this one.
        count: of all.
        devices: of all of them together.
        hosts: their addresses, or "auto".
    """

    def __init__(
        self, rank: int, count: int, devices: int, hosts: tuple[str, ...] | str = AUTO
    ) -> None:
        self.rank, self.count, self.devices = rank, count, devices
        self._hosts = hosts
        self._now = 0.0
        self._interrupted = False
        self._names: list[str] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002  (a handler's)
        """Remember that this process is to end: all of them do so after the same batch.

        It may come twice: whoever stops a job signals all of its processes, and the one that was
        started passes on what it hears. That one also ends this one at a second Ctrl-C.
        """
        self._interrupted = True

    def clock(self) -> float:
        """Return the first one's clock; every process has to ask."""
        [now] = struct.unpack("<d", self._gathered(struct.pack("<d", time.monotonic()))[0])
        self._now = now
        return self._now

    def moment(self) -> float:
        """Return the first one's clock as it was before this batch, or when it was asked for."""
        return self._now

    def agreed(self, value: float) -> float:
        """Return the first one's value; every process has to ask."""
        [told] = struct.unpack("<d", self._gathered(struct.pack("<d", value))[0])
        return float(told)

    def everywhere(self, value: float) -> Any:
        """Return a number as an array on all devices: Keras' way there asks every process first."""
        import jax

        mesh = keras.distribution.distribution().device_mesh.backend_mesh
        sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        return jax.make_array_from_callback((), sharding, lambda _: np.float32(value))

    def requests(self, new: Callable[[], Sequence[Request]]) -> Callable[[], Sequence[Request]]:
        """Return what tells the first one's requests, and raises the interrupt of any of them."""

        def asked() -> Sequence[Request]:
            lines = [to_line(it) for it in new()] if self.is_first else []
            text = "\n".join(lines).encode()
            beats = self._gathered(_BEAT.pack(time.monotonic(), self._interrupted, len(text)))
            told = [_BEAT.unpack(beat) for beat in beats]
            self._now, _, size = told[0]
            if any(interrupted for _, interrupted, _ in told):
                raise KeyboardInterrupt
            if not size:
                return ()
            text = self._gathered(text.ljust(size, b"\n") if self.is_first else bytes(size))[0]
            return [it for it in map(from_line, text.splitlines()) if it is not None]

        return asked

    def of_device(self, name: str) -> str:
        """Return what the card says: the device, how many there are, and in how many processes."""
        return f"{name}, {self.devices} devices in {self.count} processes"

    def name(self, rank: int) -> str:
        """Return what a person calls one of the processes: its address, or its host."""
        where = self._hosts[rank] if self._hosts != AUTO else (self._names or ["?"])[rank]
        return f"host {rank} ({where})"

    def tell(self, content: bytes) -> bytes:
        """Return what the first process has; that of the others is not looked at."""
        [size, *_] = self._sizes(content)
        if not size:
            return b""
        array = np.frombuffer(
            content.ljust(size, b"\0") if self.is_first else bytes(size), np.uint8
        )
        return bytes(np.asarray(_exchange().broadcast_one_to_all(array)).tobytes())

    def tell_all(self, value: Any) -> list[Any]:
        """Return what each process has, in their order; any JSON."""
        content = json.dumps(value).encode()
        size = max(self._sizes(content))
        return [json.loads(it) for it in self._gathered(content.ljust(size))]

    def check_same(self, facts: Mapping[str, Any] | None, fault: str) -> None:
        """Check that every process is about to train the same.

        Args:
            facts: what decides the run, by name; None if this one cannot begin.
            fault: why it cannot, as a sentence; else empty.

        Raises:
            HostsError: one of them cannot begin, or differs; it is named.
        """
        every = self.tell_all([platform.node(), fault, facts])
        self._names = [node for node, _, _ in every]
        for rank, (_, failed, _) in enumerate(every):
            if failed:
                raise HostsError(failed if rank == self.rank else f"{self.name(rank)}: {failed}")
        wanted = every[0][2]
        for rank, (_, _, found) in enumerate(every):
            for what in wanted:
                if found.get(what) != wanted[what]:
                    raise HostsError(
                        f"{self.name(rank)} has the {what} {found.get(what)} where "
                        f"{self.name(0)} has {wanted[what]}; start all of them with the same "
                        "text, options and versions"
                    )

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Turn what JAX raises when another process is gone into one sentence.

        Raises:
            HostsError: a process is gone.
        """
        try:
            yield
        except (RuntimeError, ValueError) as error:  # JAX raises both, and its own of the first
            if not _OF_OTHERS.search(str(error)):
                raise
            found = _TASK.search(str(error))
            who = self.name(int(found[1])) if found else ""
            raise HostsError(gone(who)) from error

    def leave(self) -> None:
        """Wait until all processes are here, and part from them."""
        import jax

        self.tell_all(None)
        jax.distributed.shutdown()

    def _sizes(self, content: bytes) -> list[int]:
        packed = self._gathered(struct.pack("<Q", len(content)))
        return [struct.unpack("<Q", it)[0] for it in packed]

    def _gathered(self, content: bytes) -> list[bytes]:
        """Return the bytes of each process, as many of each; all of them have to ask."""
        gathered = np.asarray(_exchange().process_allgather(np.frombuffer(content, np.uint8)))
        return [row.tobytes() for row in gathered.reshape(self.count, -1)]


def _exchange() -> Any:
    """Return JAX' functions that exchange arrays among processes."""
    from jax.experimental import multihost_utils

    return multihost_utils
