"""`charlm-tui generate` for many seeds: a line of JSON for each reply, in their order."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from charlm_tui.batch.documents import FIELD, DocumentError, has_json_lines, json_lines, text_in
from charlm_tui.batch.generate import Job, write_replies
from charlm_tui.lm.model import OnnxModel
from charlm_tui.session.seeds import as_seed

SEEDS = 4  # of a task


class SeedsError(DocumentError):
    """A file of seeds cannot be used."""


@dataclass(frozen=True, slots=True)
class GenerateWork:
    """Replies to the seeds of files.

    Attributes:
        job: how; its seeds are those of the files.
        field: of a JSON line, that has its seed.
    """

    job: Job
    field: str = FIELD

    def tasks(self, path: Path) -> Iterator[tuple[str, ...]]:
        """Yield the seeds of a file, some at a time; a line without one is left out.

        Raises:
            SeedsError: the file cannot be read, or a line of it is no seed.
        """
        waiting: list[str] = []
        for seed in self._seeds(path):
            waiting.append(seed)
            if len(waiting) == SEEDS:
                yield tuple(waiting)
                waiting = []
        if waiting:
            yield tuple(waiting)

    def _seeds(self, path: Path) -> Iterator[str]:
        try:
            if has_json_lines(path):
                for number, row in json_lines(path):
                    try:
                        if isinstance(row, DocumentError):
                            raise row
                        seed = as_seed(text_in(row, self.field))
                    except DocumentError as error:
                        raise SeedsError(f"{path}, line {number}: {error}") from error
                    if seed:
                        yield seed
                return
            with open(path, encoding="utf-8", newline="") as file:
                for line in file:
                    if seed := as_seed(line):
                        yield seed
        except UnicodeDecodeError as error:
            raise SeedsError(f"{path} is not UTF-8; save it as UTF-8") from error
        except OSError as error:
            raise SeedsError(
                f"{path} cannot be read: {error.strerror}; give the path of a text file"
            ) from error

    def open(self) -> Callable[[tuple[str, ...]], bytes]:
        """Return what replies to seeds, in lines of JSON; it has loaded the model."""
        model = OnnxModel(self.job.model, limits=self.job.limits)

        def reply(seeds: tuple[str, ...]) -> bytes:
            out: Any = io.BytesIO()
            write_replies(model, replace(self.job, seeds=seeds), out, lambda _: None)
            return bytes(out.getvalue())

        return reply
