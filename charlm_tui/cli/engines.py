"""Who does work in bulk: processes of this machine, or a cluster of Ray; their options."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from charlm_tui.batch.bulk import Work

processes_option = click.option(
    "--processes",
    type=click.IntRange(1),
    metavar="N",
    help="Work with N processes, in JSON lines. Documents are scored by one for each processor if "
    "it is not given.",
)
ray_option = click.option(
    "--ray",
    metavar="ADDRESS",
    help="Work on a cluster of Ray, in JSON lines: HOST:PORT, auto, or local. Needs the extra: pip "
    'install "charlm-tui[ray]", on each of its hosts, which find the files by the same paths.',
)


@dataclass(frozen=True, slots=True)
class Engine:
    """Who works.

    Attributes:
        processes: of this machine; None is one for each processor.
        ray: address of a cluster; None is this machine.
    """

    processes: int | None
    ray: str | None

    def __post_init__(self) -> None:
        if self.processes is not None and self.ray is not None:
            raise click.UsageError("--processes and --ray exclude each other; give one of them")

    @property
    def option(self) -> str:
        """By which it was asked for."""
        return "--processes" if self.ray is None else "--ray"

    def told_apart(self) -> contextlib.AbstractContextManager[Any]:
        """Return what keeps the words of a cluster's own out of standard output."""
        return (
            contextlib.nullcontext() if self.ray is None else contextlib.redirect_stdout(sys.stderr)
        )

    def results(self, work: "Work", files: Sequence[Path]) -> Iterator[Any]:
        """Do the work, and yield what comes of each task, in their order."""
        from charlm_tui.batch.bulk import by_processes, processors

        if self.ray is not None:
            from charlm_tui.batch.on_ray import on_ray

            return on_ray(self.ray, work, files)
        return by_processes(work, files, self.processes or processors())
