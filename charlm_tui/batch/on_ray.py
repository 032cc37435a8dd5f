"""Work in bulk on a cluster of Ray: the same tasks as on one machine, and the same order.

Ray Data reads the files as streams, holds the model in actors, and does again what a worker that is
gone had in hand. Imported when a cluster is asked for.
"""

import logging
import os
import pickle
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from charlm_tui.batch.bulk import BulkError, Work
from charlm_tui.errors import CharlmError

BLOCK_BYTES = 2**18  # of tasks that travel together
READERS = 8  # files that are read at once
HERE = "local"
ANSWER_S = 10.0  # that an address has to answer


def on_ray(address: str, work: Work, paths: Sequence[Path]) -> Iterator[Any]:
    """Do the work on a cluster, and yield what comes of each task in their order.

    Args:
        address: of the cluster: HOST:PORT, auto, or local for one on this machine.
        work: what; every worker reads the files and the model by the same paths.
        paths: of the files.

    Raises:
        CharlmError: Ray is not installed, or the cluster does not answer; what the work raises.
    """
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise BulkError(
            f"{error.name} is not installed, and --ray needs it; install it with: "
            'pip install "charlm-tui[ray]"'
        ) from error
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # what fails is told by the exception, once
    _check_answers(address)
    try:
        own = {"include_dashboard": False} if address == HERE else {}
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _none_at(address, str(error).splitlines()[0][:200]) from error
    try:
        yield from _streamed(ray, work, paths)
    finally:
        ray.shutdown()


def _check_answers(address: str) -> None:
    """Refuse an address where nothing listens: Ray itself would try for minutes."""
    try:
        where = urlsplit(address if "://" in address else f"//{address}")
        if where.hostname and where.port:
            socket.create_connection((where.hostname, where.port), ANSWER_S).close()
    except (OSError, ValueError) as error:
        raise _none_at(address, getattr(error, "strerror", None) or str(error)) from error


def _none_at(address: str, why: str) -> BulkError:
    return BulkError(
        f"no cluster of Ray answers at {address} ({why}); check the address, or start one with: "
        "ray start --head"
    )


def _streamed(ray: Any, work: Work, paths: Sequence[Path]) -> Iterator[Any]:
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    context.target_max_block_size = BLOCK_BYTES
    context.print_on_execution_start = False
    actors = max(1, int(ray.cluster_resources().get("CPU", 1)))
    files = ray.data.from_items(
        [{"path": str(path.absolute())} for path in paths],
        override_num_blocks=max(1, len(paths)),
    )
    done = files.map_batches(
        _read, fn_kwargs={"work": work}, batch_size=1, num_cpus=0, concurrency=READERS
    ).map_batches(
        _Worker, fn_constructor_args=(work,), batch_size=1, num_cpus=1, concurrency=(1, actors)
    )
    try:
        for row in done.iter_rows():
            result = pickle.loads(row["packed"])
            if isinstance(result, CharlmError):
                raise result
            yield result
    except ray.exceptions.RayError as error:
        raise BulkError(
            f"the cluster gave up ({type(error).__name__}); see its logs with: ray logs"
        ) from error


def _read(batch: dict[str, Any], work: Work) -> Iterator[dict[str, list[bytes]]]:
    """Read files as streams, in a process of the cluster."""
    for path in batch["path"]:
        for task in work.tasks(Path(str(path))):
            yield {"packed": [pickle.dumps(task)]}


class _Worker:
    """Has the model, in a process of the cluster."""

    def __init__(self, work: Work) -> None:
        self._do: Any
        try:
            self._do = work.open()
        except CharlmError as error:
            refused = error
            self._do = lambda _: refused

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        results = [self._do(pickle.loads(bytes(it))) for it in batch["packed"]]
        return {"packed": [pickle.dumps(it) for it in results]}
