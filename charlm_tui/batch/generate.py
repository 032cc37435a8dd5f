"""`charlm-tui generate`: a reply for a script, written as it is drawn."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from charlm_tui.files import is_stream, write_document
from charlm_tui.lm.context import open_context
from charlm_tui.lm.generation import Batch, Generation, Lanes, prefixed
from charlm_tui.lm.limits import NO_LIMITS, LoadLimits
from charlm_tui.lm.model import OnnxModel, runtime_version
from charlm_tui.lm.sampling import Sampler
from charlm_tui.lm.settings import Settings
from charlm_tui.reply.tape import Columns, Runtime, Tape
from charlm_tui.reply.tape_file import Recording

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
    temperatures: tuple[float, ...] = ()
    """Of replies that are drawn side by side; none is one reply, at that of the settings."""
    limits: LoadLimits = NO_LIMITS
    """Of what the model may cost."""


def run(job: Job, out: BinaryIO, say: Callable[[str], None]) -> None:
    """Generate and print; only a tape or JSON keeps the text in memory.

    Args:
        job: what.
        out: receives UTF-8: the characters alone, or one JSON object and a newline.
        say: receives sentences for the person.

    Raises:
        CharlmError: the model cannot be used, or the tape cannot be written.
    """
    if job.temperatures:
        _run_side_by_side(job, out, say)
        return
    model = OnnxModel(job.model, limits=job.limits)
    vocabulary = model.contract.vocabulary
    fitted = vocabulary.fit(job.seed)
    if fitted.notice:
        say(f"note: {fitted.notice}")
    generation = Generation(
        open_context(model, job.settings),
        Sampler(len(vocabulary), str(job.model)),
        job.settings,
        prefixed(vocabulary, vocabulary.encode(fitted.text)),
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
    if job.as_json:  # before the tape, whose fault must not cost the reply
        line = _json_line(job, model, fitted.text, "".join(kept), job.settings)
        _print(out, line, job.tape is not None)
    if job.tape is not None:
        runtime = Runtime.here(runtime_version())
        name = model.contract.name
        recording = Recording(name, model.sha256, runtime, fitted.text, "".join(kept), tape)
        write_document(job.tape, recording.to_json())


def _run_side_by_side(job: Job, out: BinaryIO, say: Callable[[str], None]) -> None:
    """Generate replies in one batched call a character, and print one after the other.

    Raises:
        CharlmError: as `run` does.
    """
    lanes = len(job.temperatures)
    model = OnnxModel.for_lanes(job.model, job.limits)
    vocabulary = model.contract.vocabulary
    fitted = vocabulary.fit(job.seed)
    if fitted.notice:
        say(f"note: {fitted.notice}")
    settings = [replace(job.settings, temperature=each) for each in job.temperatures]
    read = prefixed(vocabulary, vocabulary.encode(fitted.text))
    context = open_context(model, job.settings, lanes)
    drawn = Lanes(context, settings, [read] * lanes, str(job.model))
    tapes = [Tape() for _ in settings]
    start_s = time.monotonic()
    while drawn.count < job.length:
        batches = drawn.draw(min(BATCH, job.length - drawn.count))
        for tape, batch, each in zip(tapes, batches, settings, strict=True):
            record(tape, batch, each, time.monotonic() - start_s)
    printed = True
    for tape, each in zip(tapes, settings, strict=True):
        text = vocabulary.decode(tape.ids())
        if job.as_json:
            shown = _json_line(job, model, fitted.text, text, each)
        else:
            seed = fitted.text if job.echo else ""
            shown = f"------ temperature: {each.temperature:g}\n{seed}{text}\n"
        if printed:
            printed = _print(out, shown, job.tape is not None)
        if job.tape is not None:
            recording = Recording(
                model.contract.name,
                model.sha256,
                Runtime.here(runtime_version()),
                fitted.text,
                text,
                tape,
            )
            write_document(lane_path(job.tape, each.temperature), recording.to_json())


def lane_path(tape: Path, temperature: float) -> Path:
    """Return where the tape of one of several replies goes: `reply.tape` as `reply-0.5.tape`.

    All go to a device or a pipe, one after the other; a place without a name is left as it is, to
    be refused.
    """
    if is_stream(tape) or tape.name in ("", ".."):
        return tape
    return tape.with_name(f"{tape.stem}-{temperature:g}{tape.suffix}")


def _json_line(job: Job, model: OnnxModel, seed: str, text: str, settings: Settings) -> str:
    reply = {
        "seed": seed,
        "text": (seed if job.echo else "") + text,
        **settings.to_file(),
        "length": job.length,
        "model": model.contract.name,
        "model_sha256": model.sha256,
    }
    return json.dumps(reply, ensure_ascii=False) + "\n"


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
    tape.append(Columns.of(batch), settings, elapsed_s)


def _batches(generation: Generation, length: int) -> Iterator[Batch]:
    while generation.count < length:
        until = time.monotonic() + FLUSH_S
        yield generation.draw(min(BATCH, length - generation.count), partial(_is_past, until))


def _is_past(moment_s: float) -> bool:
    return time.monotonic() >= moment_s
