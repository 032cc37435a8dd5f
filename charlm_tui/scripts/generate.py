"""`charlm-tui generate`: a reply for a script, written as it is drawn."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Batch, Generation, primed
from charlm_tui.lm.model import OnnxModel, runtime_version
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.session.files import write_whole
from charlm_tui.session.recording import Recording, Runtime
from charlm_tui.session.tape import Tape

BATCH = 256  # characters between two writes, at the most
FLUSH_S = 0.05  # seconds between them, at the most


@dataclass(frozen=True, slots=True)
class Job:
    """What to generate, and how to print it."""

    model: Path
    seed: str
    length: int
    settings: Settings
    echo: bool = False
    as_json: bool = False
    tape: Path | None = None


def run(job: Job, out: BinaryIO, say: Callable[[str], None]) -> None:
    """Generate and print; only a tape or JSON keeps the text in memory.

    Args:
        job: what.
        out: receives UTF-8: the characters alone, or one JSON object and a newline.
        say: receives sentences for the person.

    Raises:
        CharlmError: the model cannot be used, or the tape cannot be written.
    """
    model = OnnxModel(job.model)
    vocabulary = model.contract.vocabulary
    fitted = vocabulary.fit(job.seed)
    if fitted.notice:
        say(f"note: {fitted.notice}")
    generation = Generation(
        open_context(model, job.settings),
        Sampler(len(vocabulary), str(job.model)),
        job.settings,
        primed(vocabulary, vocabulary.encode(fitted.text)),
    )
    tape = Tape()
    kept: list[str] = []
    printed = not job.as_json
    start_s = time.monotonic()
    if job.echo and printed:
        printed = _print(out, fitted.text, job.tape is not None)
    for batch in _batches(generation, job.length):
        text = vocabulary.decode(batch.ids.tolist())
        if printed:
            printed = _print(out, text, job.tape is not None)
        if job.tape is not None:
            record(tape, batch, job.settings, time.monotonic() - start_s)
        if job.tape is not None or job.as_json:
            kept.append(text)
    if job.tape is not None:
        runtime = Runtime.here(runtime_version())
        name = model.contract.name
        recording = Recording(name, model.sha256, runtime, fitted.text, "".join(kept), tape)
        write_whole(job.tape, recording.to_json())
    if job.as_json:
        reply = {
            "seed": fitted.text,
            "text": (fitted.text if job.echo else "") + "".join(kept),
            **asdict(job.settings),
            "length": job.length,
            "model": model.contract.name,
            "model_sha256": model.sha256,
        }
        out.write(json.dumps(reply, ensure_ascii=False).encode() + b"\n")
        out.flush()


def _print(out: BinaryIO, text: str, recorded: bool) -> bool:
    """Print; tell whether anybody still reads, if the reply goes on without a reader.

    Raises:
        BrokenPipeError: nobody reads, and nothing is recorded.
    """
    try:
        out.write(text.encode())
        out.flush()
    except BrokenPipeError:
        if not recorded:
            raise
        return False
    return True


def record(tape: Tape, batch: Batch, settings: Settings, elapsed_s: float | None = None) -> None:
    """Add a batch to a tape, with the time at which it was drawn."""
    tape.append(
        batch.ids.tobytes(),
        batch.surprisal_bits.tobytes(),
        batch.entropy_bits.tobytes(),
        batch.temperature.tobytes(),
        settings,
        elapsed_s,
    )


def _batches(generation: Generation, length: int) -> Iterator[Batch]:
    while generation.count < length:
        until = time.monotonic() + FLUSH_S
        yield generation.draw(min(BATCH, length - generation.count), partial(_is_past, until))


def _is_past(moment_s: float) -> bool:
    return time.monotonic() >= moment_s
