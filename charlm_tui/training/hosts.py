"""Who trains a network together, as the command line says it. Imports no library of training."""

import re
from dataclasses import dataclass
from typing import Literal

from charlm_tui.training.errors import UnusableHostsError

AUTO: Literal["auto"] = "auto"
"""Whoever started the processes (Slurm, Open MPI, Kubernetes) says who they are."""
ALL: Literal["all"] = "all"
MOST_HOSTS = 4096
JOIN_S = 120  # that the processes have to find each other
HEARTBEAT_S = 30  # without a sign of life, after which a process is gone

_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:\[\],/]+):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which processes and devices a run is asked to use.

    Attributes:
        hosts: an address `HOST:PORT` of each process, or "auto"; empty is this process alone.
        rank: of this process among them, from 0; None where `hosts` does not need it.
        devices: of each process; None is one, as Keras chooses it, but all where there are hosts.
    """

    hosts: tuple[str, ...] | Literal["auto"] = ()
    rank: int | None = None
    devices: int | Literal["all"] | None = None

    @property
    def shares(self) -> bool:
        """Whether more than one device may be asked for."""
        return bool(self.hosts) or self.devices is not None


def hosts_of(text: str) -> tuple[str, ...] | Literal["auto"]:
    """Return the hosts that `A:PORT,B:PORT` or `auto` names.

    Raises:
        UnusableHostsError: one of them is no address, or is named twice.
    """
    if text.strip() == AUTO:
        return AUTO
    hosts = tuple(part.strip() for part in text.split(","))
    for each in hosts:
        found = _ADDRESS.fullmatch(each)
        if found is None or not 0 < int(found[1]) < 2**16:
            raise UnusableHostsError(
                f"{each!r} is no address of a host; give one for each process with commas between "
                "them, such as node1:7000,node2:7000, or auto"
            )
    if len(set(hosts)) < len(hosts):
        twice = next(each for each in hosts if hosts.count(each) > 1)
        raise UnusableHostsError(
            f"{twice} is named twice; give each process an address of its own, such as "
            "node1:7000,node1:7001"
        )
    if len(hosts) > MOST_HOSTS:
        raise UnusableHostsError(
            f"{len(hosts):,} hosts are named where at most {MOST_HOSTS:,} are expected"
        )
    return hosts


def check_rank(asked: Asked) -> None:
    """Check that a process knows which one of the hosts it is.

    Raises:
        UnusableHostsError: it does not, or is none of them.
    """
    if not asked.hosts or asked.hosts == AUTO:
        if asked.rank is not None:
            raise UnusableHostsError(
                "--host-rank says which of the --hosts this one is; give --hosts A:PORT,B:PORT, too"
            )
        return
    last = len(asked.hosts) - 1
    if asked.rank is None or asked.rank > last:
        found = "no --host-rank is given" if asked.rank is None else f"--host-rank is {asked.rank}"
        raise UnusableHostsError(
            f"{found} where --hosts names {last + 1}; give the place of this one among them, "
            f"0 to {last}"
        )


def share_of(batch: int, rank: int, count: int) -> slice:
    """Return the windows of a batch that one of some processes takes: its part of equal ones."""
    part = batch // count
    return slice(rank * part, (rank + 1) * part)


def check_batch(batch: int, devices: int) -> None:
    """Check that a batch can be shared equally.

    Raises:
        UnusableHostsError: it cannot.
    """
    if batch % devices:
        nearest = max(devices, batch - batch % devices)
        raise UnusableHostsError(
            f"a batch of {batch:,} windows cannot be shared equally among {devices:,} devices; "
            f"give a multiple of {devices:,}, such as --batch {nearest}"
        )


def unmet(asked: Asked, reason: str = "") -> str:
    """Say why the processes did not find each other.

    Args:
        asked: what was asked for.
        reason: that the runtime gives; empty if it gives none.
    """
    why = f" ({reason})" if reason else ""
    if asked.hosts == AUTO:
        return (
            f"nothing here says which processes train together{why}; start them with srun or "
            "mpirun, or give --hosts A:PORT,B:PORT and --host-rank"
        )
    first = asked.hosts[0]
    if asked.rank == 0:
        return (
            f"not all of the {len(asked.hosts):,} processes met at {first} within {JOIN_S} s{why}; "
            "check that its port is free here, and that each of the others was started with the "
            "same --hosts and a --host-rank of its own"
        )
    return (
        f"the first process did not answer at {first} within {JOIN_S} s{why}; check the address "
        "and the port, and that it was started"
    )


def gone(who: str = "") -> str:
    """Say that another process is gone.

    Args:
        who: it was; empty if that is not known.
    """
    return (
        f"{who or 'one of the processes that train together'} is gone, or gave no sign of life for "
        f"{HEARTBEAT_S} s, and the others cannot train without it; the last checkpoint is whole: "
        "start all of them again with --resume"
    )
